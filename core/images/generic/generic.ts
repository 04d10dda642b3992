/**
 * Any image that this project does not know: it stands in for the real one, listens on the ports that its container declares
 * and answers with the name of its pod, over HTTP on TCP ports and with a line on UDP ports. It says so in the event and the log.
 * A `command` that only the real image has starts the stand-in too; one that any Linux has (a shell, `sleep`) is run as it is.
 *
 * Omits: everything that the real image does.
 */
import { isErrno, strerror } from '../../base/errno.ts'
import { utf8Encode } from '../../base/utf8.ts'
import type { FileSystem } from '../../linux/file-system.ts'
import { DEFAULT_PATH } from '../../linux/find-executable.ts'
import { serveHttp } from '../../linux/libc/http-server.ts'
import { recvUdp } from '../../linux/libc/sockets.ts'
import { resolvePath } from '../../linux/path.ts'
import type { Program } from '../../linux/program.ts'
import { WaitQueue } from '../../linux/wait.ts'
import { debianBase, installProgram } from '../base-image.ts'
import type { ContainerSpec, Image } from '../image.ts'
import { hostPort, response } from '../web-server.ts'

const SCTP = 'SCTP'

export const genericImage: Image = {
  sizeBytes: 50_000_000,
  standIn: true,
  build: (container) => {
    const ports = container.ports.filter((p) => p.protocol !== SCTP)
    const list = ports.map((p) => `${p.containerPort}/${p.protocol}`).join(', ')
    return {
      entrypoint: ['/stand-in'],
      notice: `"${container.image}" is not simulated: a stand-in ${list === '' ? 'waits' : `answers on ${list}`} in its place`,
      install(fs) {
        debianBase(fs, ['curl', 'wget', 'procps'])
        const program = standIn(ports)
        installProgram(fs, '/stand-in', program)
        const own = ownProgram(container, fs)
        if (own !== '') installProgram(fs, own, program)
      },
    }
  },
}

/** Where the real image has the program of the pod's `command`; '' when any system has it. */
function ownProgram({ command, cwd }: ContainerSpec, fs: FileSystem): string {
  const name = command[0] ?? ''
  if (name === '') return ''
  const places = name.includes('/') ? [resolvePath(cwd || '/', name)] : DEFAULT_PATH.split(':').map((directory) => `${directory}/${name}`)
  if (places.some((path) => fs.exists(path))) return ''
  return name.includes('/') ? places[0] : `/usr/local/bin/${name}`
}

function standIn(ports: readonly { containerPort: number; protocol: string }[]): Program {
  return function* (proc) {
    for (const signal of ['SIGTERM', 'SIGINT'] as const) proc.onSignal(signal, () => proc.exit(0))
    const ended = new WaitQueue()
    let failed = ''
    const fail = (port: number, why: string): void => {
      failed = `cannot listen on port ${port}: ${why}\n`
      ended.wake()
    }
    for (const { containerPort: port, protocol } of ports) {
      if (protocol === 'UDP') {
        proc.thread(function* (thread) {
          const socket = thread.netns.sockets.udpOpen({ port, owner: thread.owner })
          if (isErrno(socket)) return fail(port, strerror(socket))
          thread.atExit(() => socket.close())
          for (;;) {
            const got = yield* recvUdp(thread, socket)
            if (typeof got === 'string') continue
            proc.print(`${hostPort(got.src, got.sport)} udp/${port} ${got.bytes.length} bytes\n`)
            socket.sendTo(utf8Encode(`${proc.context.hostname}\n`), got.src, got.sport)
          }
        })
        continue
      }
      proc.thread(function* (thread) {
        const errno = yield* serveHttp(thread, port, (request) => {
          proc.print(`${hostPort(request.client.address, request.client.port)} "${request.method} ${request.target}" 200\n`)
          return response(200, `${proc.context.hostname}\n`, 'text/plain; charset=utf-8')
        })
        fail(port, strerror(errno))
      })
    }
    while (failed === '') yield ended.wait
    proc.error(failed)
    return 1
  }
}
