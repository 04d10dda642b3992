/** tracepath(8) of iputils: follows the path with full-sized packets that may not be fragmented, and finds the path MTU. */
import { type Errno, isErrno, strerror } from '../../base/errno.ts'
import { formatIp, type IpAddr, isV6 } from '../../net/addr/ip.ts'
import { resolveHost } from '../../linux/libc/resolver.ts'
import { socketChange } from '../../linux/libc/sockets.ts'
import type { Process } from '../../linux/process.ts'
import type { Executable } from '../../linux/program.ts'
import { firstOf, sleepWait, type Wait } from '../../linux/wait.ts'
import { nameOf, RESOLVE_ERRORS } from '../name-service.ts'
import { parseOptions } from '../options.ts'

const WAIT_US = 1_000_000
const TRIES_PER_HOP = 3
const BASE_PORT = 44444

interface Heard {
  from: IpAddr
  type: number
  code: number
  mtu: number
  atUs: number
}

export const tracepath: Executable = {
  *program(proc, argv) {
    const options = parseOptions('tracepath', argv.slice(1), { short: '46nbm:l:p:Vh' })
    if (typeof options === 'string' || options.operands.length === 0) {
      proc.error(`${typeof options === 'string' ? `${options}\n` : ''}\nUsage\n  tracepath [options] <destination>\n`)
      return 255
    }
    const target = options.operands[0]
    const resolved = yield* resolveHost(proc, target, { family: options.has('4') ? 'ipv4' : options.has('6') ? 'ipv6' : undefined })
    if (typeof resolved === 'string') {
      proc.error(`tracepath: ${target}: ${RESOLVE_ERRORS[resolved]}\n`)
      return 1
    }
    const dst = resolved.addresses[0]
    const maxHops = Math.min(Math.max(Number(options.value('m') ?? 30) || 30, 1), 255)
    return yield* follow(proc, dst, maxHops, options.has('n'), Number(options.value('l') ?? 0) || 65535, Number(options.value('p') ?? BASE_PORT) || BASE_PORT)
  },
}

function* follow(proc: Process, dst: IpAddr, maxHops: number, numeric: boolean, firstMtu: number, basePort: number): Generator<Wait, number, unknown> {
  const { clock } = proc.world
  const socket = proc.netns.sockets.udpOpen({ owner: proc.owner })
  if (isErrno(socket)) {
    proc.error(`tracepath: socket: ${strerror(socket)}\n`)
    return 1
  }
  const forget = proc.atExit(() => socket.close())
  const header = isV6(dst) ? 48 : 28
  let mtu = firstMtu
  let port = basePort
  /** The first MTU was learned from the own device: the hop is asked once more. */
  let again = false
  try {
    for (let ttl = 1; ttl <= maxHops; ttl += 1) {
      let answered = false
      for (let attempt = 0; attempt < TRIES_PER_HOP && !answered; attempt += 1) {
        port += 1
        const sentUs = clock.nowUs
        const sent = socket.sendTo(new Uint8Array(Math.max(mtu - header, 0)), dst, port, { ttl, df: true })
        if (sent === 'EMSGSIZE') {
          const route = proc.netns.fib.lookup({ dst })
          const known = pathMtu(proc, dst)
          mtu = Math.min(isErrno(known) ? (route.dev?.mtu ?? 1500) : known, mtu - 1)
          proc.print(`${String(ttl).padStart(2)}?: [LOCALHOST]                      pmtu ${mtu}\n`)
          attempt -= 1
          again = true
          continue
        }
        if (isErrno(sent)) {
          proc.print(`${String(ttl).padStart(2)}:  send failed\n     Resume: pmtu ${mtu} \n`)
          return 1
        }
        const heard = yield* hear(proc, socket, port, sentUs + WAIT_US)
        if (!heard) continue
        const ms = `${((heard.atUs - sentUs) / 1000).toFixed(3)}ms`
        const name = numeric ? null : yield* nameOf(proc, heard.from)
        const shown = numeric ? formatIp(heard.from) : (name ?? '???')
        const line = `${String(ttl).padStart(2)}:  ${shown.padEnd(52)}  ${ms} `
        const v6 = isV6(dst)
        if (heard.type === (v6 ? 2 : 3) && (v6 || heard.code === 4)) {
          mtu = heard.mtu > 0 ? heard.mtu : mtu - 1
          proc.print(`${line}pmtu ${mtu}\n`)
          attempt -= 1
          continue
        }
        if (heard.type === (v6 ? 3 : 11)) {
          proc.print(`${line}\n`)
          answered = !again
          if (again) attempt -= 1
          again = false
          continue
        }
        if (heard.type === (v6 ? 1 : 3) && heard.code === (v6 ? 4 : 3)) {
          proc.print(`${line}reached\n     Resume: pmtu ${mtu} hops ${ttl} back ${ttl} \n`)
          return 0
        }
        const note = heard.code === 0 ? '!N' : heard.code === 1 ? '!H' : heard.code === 13 || heard.code === 10 || heard.code === 9 ? '!A' : `!<${heard.code}>`
        proc.print(`${line}${note}\n     Resume: pmtu ${mtu} \n`)
        return 0
      }
      if (!answered) proc.print(`${String(ttl).padStart(2)}:  no reply\n`)
      if (!(yield* proc.flush())) return 141
    }
    proc.print(`     Too many hops: pmtu ${mtu}\n     Resume: pmtu ${mtu} \n`)
    return 0
  } finally {
    forget()
    socket.close()
  }
}

/** IP_MTU of a socket that is connected there. */
function pathMtu(proc: Process, dst: IpAddr): number | Errno {
  const socket = proc.netns.sockets.icmpOpen({ owner: proc.owner })
  if (isErrno(socket)) return socket
  const mtu = socket.pathMtu(dst)
  socket.close()
  return mtu
}

function* hear(proc: Process, socket: { errors(): (Heard & { port: number })[]; onChange: (() => void) | null }, port: number, untilUs: number): Generator<Wait, Heard | null, unknown> {
  const { clock } = proc.world
  for (;;) {
    const found = socket.errors().find((error) => error.port === port)
    if (found) return found
    if (clock.nowUs >= untilUs) return null
    yield firstOf(socketChange(socket), sleepWait(clock, untilUs - clock.nowUs))
  }
}
