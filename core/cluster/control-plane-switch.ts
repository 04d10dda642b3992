/**
 * Connects the processes of the control plane with what they stand for: while kube-apiserver runs, the API answers; while
 * kube-controller-manager and kube-scheduler run, their controllers work.
 *
 * Omits: etcd's part: the store outlives it.
 */
import type { ApiServer } from '../api/server/api-server.ts'
import type { Controller } from '../api/client/run-controller.ts'
import type { Component, ControlPlaneSwitch } from '../images/control-plane/control-plane.ts'

export class ControlPlane implements ControlPlaneSwitch {
  readonly #server: ApiServer
  readonly #make: ReadonlyMap<Component, () => Controller>
  readonly #running = new Map<Component, Controller>()
  /** The API answers before its process runs for the first time: the kubelet that starts it asks it. */
  started = false

  constructor(server: ApiServer, make: ReadonlyMap<Component, () => Controller>) {
    this.#server = server
    this.#make = make
  }

  set(component: Component, running: boolean): void {
    if (component === 'kube-apiserver') {
      this.started ||= running
      this.#server.available = running
      return
    }
    const make = this.#make.get(component)
    if (!make) return
    const old = this.#running.get(component)
    if (running && !old) {
      const controller = make()
      this.#running.set(component, controller)
      controller.start()
    } else if (!running && old) {
      this.#running.delete(component)
      old.stop()
    }
  }
}
