/**
 * The processes of the control plane as static pods have them: kube-apiserver, kube-controller-manager, kube-scheduler, etcd.
 * Their logic lives elsewhere (core/api, core/control); a process here is its switch: while it runs, the component works.
 *
 * Omits: TLS (a plain request gets Go's complaint), etcd's API; flags are taken and not read, except the ports.
 */
import { textResponse } from '../../linux/libc/http-message.ts'
import { serveHttp } from '../../linux/libc/http-server.ts'
import type { Process } from '../../linux/process.ts'
import type { Program } from '../../linux/program.ts'
import { WaitQueue } from '../../linux/wait.ts'
import { parseIp } from '../../net/addr/ip.ts'
import { installProgram } from '../base-image.ts'
import type { Image } from '../image.ts'

/** Key of the handle that the assembly gives to the control-plane node's containers. */
export const CONTROL_PLANE_HANDLE = 'control-plane'

export type Component = 'kube-apiserver' | 'kube-controller-manager' | 'kube-scheduler' | 'etcd'

export interface ControlPlaneSwitch {
  set(component: Component, running: boolean): void
}

const PLAIN_HTTP = 'Client sent an HTTP request to an HTTPS server.\n'

interface Port {
  flag: string
  fallback: number
  local: boolean
}

const PORTS: Record<Component, Port> = {
  'kube-apiserver': { flag: '--secure-port', fallback: 6443, local: false },
  'kube-controller-manager': { flag: '--secure-port', fallback: 10257, local: true },
  'kube-scheduler': { flag: '--secure-port', fallback: 10259, local: true },
  etcd: { flag: '--listen-client-port', fallback: 2379, local: true },
}

const SIZES: Record<Component, number> = {
  'kube-apiserver': 27_061_992, 'kube-controller-manager': 22_819_474, 'kube-scheduler': 17_382_980, etcd: 22_871_747,
}

export function controlPlaneImage(component: Component): Image {
  const path = component === 'etcd' ? '/usr/local/bin/etcd' : `/usr/local/bin/${component}`
  return {
    sizeBytes: SIZES[component],
    build: () => ({ entrypoint: [path], install: (fs) => installProgram(fs, path, program(component)) }),
  }
}

function program(component: Component): Program {
  return function* (proc, argv) {
    for (const signal of ['SIGTERM', 'SIGINT'] as const) proc.onSignal(signal, () => proc.exit(0))
    const { flag, fallback, local } = PORTS[component]
    const port = Number(argv.find((word) => word.startsWith(`${flag}=`))?.slice(flag.length + 1) ?? fallback)
    const failed = new WaitQueue()
    let over = false
    proc.thread(function* (thread) {
      const errno = yield* serveHttp(thread, port, () => textResponse(400, PLAIN_HTTP), { address: local ? parseIp('127.0.0.1') : null })
      proc.error(`failed to listen on port ${port}: ${errno}\n`)
      over = true
      failed.wake()
    })
    log(proc, `Starting ${component} version="v1.36.0"`)
    const handle = proc.context.handles.get(CONTROL_PLANE_HANDLE) as ControlPlaneSwitch | undefined
    handle?.set(component, true)
    proc.atExit(() => handle?.set(component, false))
    while (!over) yield failed.wait
    return 1
  }
}

function log(proc: Process, text: string): void {
  const now = proc.world.nowIso()
  proc.error(`I${now.slice(5, 7)}${now.slice(8, 10)} ${now.slice(11, 19)}.000000       ${proc.localPid} server.go:144] "${text}"\n`)
}
