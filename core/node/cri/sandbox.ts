/**
 * A pod's sandbox: its network namespace, held open by the `pause` process, and what its containers share. With hostNetwork it
 * is the machine's own namespace.
 */
import { Bug } from '../../base/assert.ts'
import type { Machine } from '../../linux/machine.ts'
import { createContext } from '../../linux/process-context.ts'
import type { Process } from '../../linux/process.ts'
import type { Program } from '../../linux/program.ts'
import { WaitQueue } from '../../linux/wait.ts'
import type { NetNamespace } from '../../net/net-namespace.ts'
import type { PortMapping } from '../cni/cni-types.ts'
import { FileSystem } from '../../linux/file-system.ts'
import { netnsPath } from './netns-path.ts'

export interface SandboxConfig {
  namespace: string
  name: string
  uid: string
  hostname: string
  hostNetwork: boolean
  resolvConf: string
  hosts: string
  /** An address that the pod asks for, or ''. */
  ip: string
  portMappings: PortMapping[]
  sysctls: readonly { name: string; value: string }[]
}

export class Sandbox {
  readonly id: string
  readonly pod: SandboxConfig
  readonly createdUs: number
  readonly netns: NetNamespace
  readonly netnsPath: string
  ips: string[] = []
  hosts: string
  readonly machine: Machine
  #pause: Process | null = null
  /** Network torn down, pause gone. */
  stopped = false

  constructor(machine: Machine, id: string, netnsName: string, pod: SandboxConfig) {
    this.machine = machine
    this.id = id
    this.pod = pod
    this.hosts = pod.hosts
    this.createdUs = machine.world.clock.nowUs
    if (pod.hostNetwork) {
      this.netns = machine.netns
      this.netnsPath = ''
      return
    }
    this.netns = machine.world.net.createNamespace(netnsName, machine.name, `${pod.namespace}/${pod.name}`)
    this.netnsPath = netnsPath(netnsName)
    machine.fs.virtual(this.netnsPath, { read: () => '' })
    for (const { name, value } of pod.sysctls) this.netns.sysctl.set(name, value)
  }

  get hostname(): string {
    return this.pod.hostname
  }

  get resolvConf(): string {
    return this.pod.resolvConf
  }

  /** Starts the process that keeps the namespaces alive. */
  startPause(onExit: () => void): void {
    const fs = new FileSystem(() => this.machine.world.clock.nowUs)
    const context = createContext({ netns: this.netns, fs, hostname: this.hostname, label: `${this.pod.namespace}/${this.pod.name}/POD` })
    this.#pause = this.machine.spawn({ argv: ['/pause'], program: pause, context, tty: null, fds: new Map(), env: new Map(), cwd: '/', pgid: 'own', onExit })
  }

  get ready(): boolean {
    return !this.stopped && this.#pause !== null && this.#pause.exitCode === null
  }

  stopPause(): void {
    this.#pause?.signal('SIGKILL')
  }

  /** The namespace goes; its devices and sockets go with it. */
  remove(): void {
    if (this.stopped) return
    this.stopped = true
    this.stopPause()
    if (this.pod.hostNetwork) return
    const world = this.machine.world.net
    if (world.namespaces.has(this.netns.id)) world.destroyNamespace(this.netns)
    this.machine.fs.remove(this.netnsPath)
  }
}

/** registry.k8s.io/pause: sleeps until it is told to go. */
const pause: Program = function* (proc) {
  const asleep = new WaitQueue()
  for (const name of ['SIGTERM', 'SIGINT'] as const) proc.onSignal(name, () => proc.exit(0))
  for (;;) {
    yield asleep.wait
    if (proc.exitCode !== null) throw new Bug('pause woke up after its end')
  }
}
