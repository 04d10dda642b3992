/**
 * Sends probes with a small TTL and hears what comes back. UDP and ICMP use the kernel's error queues. TCP probes are real
 * connection attempts; "time exceeded" for them is no error of the socket, so it is seen where a packet socket would see it: at
 * the interfaces of this namespace.
 */
import { type Errno, isErrno } from '../../base/errno.ts'
import { type IpAddr, isV6, parseIp } from '../../net/addr/ip.ts'
import type { Process } from '../../linux/process.ts'
import { type Wait, WaitQueue } from '../../linux/wait.ts'
import type { TcpSocket } from '../../net/socket/socket-table.ts'

export type ProbeMethod = 'udp' | 'icmp' | 'tcp'

export interface ProbeAnswer {
  index: number
  from: IpAddr
  atUs: number
  /** The destination itself, or an error that ends the trace. */
  final: boolean
  /** `!H`, `!X` … */
  note: string
}

export interface Prober {
  send(index: number, ttl: number): Errno | null
  answers(): ProbeAnswer[]
  readonly wait: Wait
  close(): void
}

export interface ProbeSettings {
  dst: IpAddr
  method: ProbeMethod
  port: number
  src: IpAddr | undefined
  packetBytes: number
}

/** Notes for destination-unreachable codes (traceroute(8), "LIST OF AVAILABLE METHODS"). */
function unreachableNote(code: number, mtu: number, v6: boolean): { note: string; final: boolean } {
  if (v6) return code === 4 ? { note: '', final: true } : { note: code === 0 ? '!N' : code === 1 ? '!X' : '!H', final: true }
  switch (code) {
    case 3:
      return { note: '', final: true }
    case 0:
      return { note: '!N', final: true }
    case 1:
      return { note: '!H', final: true }
    case 2:
      return { note: '!P', final: true }
    case 4:
      return { note: `!F-${mtu}`, final: true }
    case 9:
    case 10:
    case 13:
      return { note: '!X', final: true }
  }
  return { note: `!<${code}>`, final: true }
}

function judge(type: number, code: number, mtu: number, v6: boolean): { note: string; final: boolean } | null {
  if (type === (v6 ? 3 : 11)) return { note: '', final: false }
  return type === (v6 ? 1 : 3) ? unreachableNote(code, mtu, v6) : null
}

export function openProber(proc: Process, settings: ProbeSettings): Prober | Errno {
  return settings.method === 'icmp' ? icmpProber(proc, settings) : settings.method === 'tcp' ? tcpProber(proc, settings) : udpProber(proc, settings)
}

function udpProber(proc: Process, settings: ProbeSettings): Prober | Errno {
  const { dst, port } = settings
  const socket = proc.netns.sockets.udpOpen({ owner: proc.owner })
  if (isErrno(socket)) return socket
  const queue = new WaitQueue()
  socket.onChange = () => queue.wake()
  const forget = proc.atExit(() => socket.close())
  const payload = new Uint8Array(Math.max(settings.packetBytes - (isV6(dst) ? 48 : 28), 0)).fill(0x40)
  // Probes are told apart by their ports, also with -U, where the real program keeps one port.
  return {
    send(index, ttl) {
      const sent = socket.sendTo(payload, dst, port + index, { ttl, src: settings.src, df: false })
      return isErrno(sent) && sent !== 'ECONNREFUSED' ? sent : null
    },
    answers() {
      const heard: ProbeAnswer[] = []
      for (const error of socket.errors()) {
        const verdict = judge(error.type, error.code, error.mtu, isV6(dst))
        if (verdict) heard.push({ index: error.port - port, from: error.from, atUs: error.atUs, ...verdict })
      }
      for (let got = socket.recv(); got !== 'again' && !isErrno(got); got = socket.recv()) {
        heard.push({ index: got.sport - port, from: got.src, atUs: proc.world.clock.nowUs, final: true, note: '' })
      }
      return heard
    },
    wait: queue.wait,
    close() {
      forget()
      socket.close()
    },
  }
}

function icmpProber(proc: Process, settings: ProbeSettings): Prober | Errno {
  const { dst } = settings
  const socket = proc.netns.sockets.icmpOpen({ owner: proc.owner })
  if (isErrno(socket)) return socket
  const queue = new WaitQueue()
  socket.onChange = () => queue.wake()
  const forget = proc.atExit(() => socket.close())
  const bytes = Math.max(settings.packetBytes - (isV6(dst) ? 48 : 28), 0)
  return {
    send: (index, ttl) => socket.sendEcho({ dst, id: proc.pid & 0xffff, seq: index + 1, bytes, ttl, src: settings.src }),
    answers() {
      const heard: ProbeAnswer[] = []
      for (let got = socket.recv(); got !== 'again'; got = socket.recv()) {
        const reply = got.type === (isV6(dst) ? 129 : 0)
        const verdict = reply ? { note: '', final: true } : judge(got.type, got.code, got.mtu, isV6(dst))
        if (verdict) heard.push({ index: got.seq - 1, from: got.from, atUs: got.atUs, ...verdict })
      }
      return heard
    },
    wait: queue.wait,
    close() {
      forget()
      socket.close()
    },
  }
}

function tcpProber(proc: Process, settings: ProbeSettings): Prober {
  const { dst, port } = settings
  const { clock, trace } = proc.world
  const queue = new WaitQueue()
  const sockets = new Map<number, TcpSocket>()
  const bySyn = new Map<number, number>()
  /** ICMP errors about our segments, by their own packet number. */
  const errors = new Map<number, { index: number; type: number; code: number; mtu: number }>()
  const heard: ProbeAnswer[] = []
  const stop = trace.observe((event, atUs) => {
    if (event.kind === 'packet.new') {
      const index = event.protocol === 1 || event.protocol === 58 ? bySyn.get(event.cause) : undefined
      if (index !== undefined) errors.set(event.packet, { index, type: event.icmpType, code: event.icmpCode, mtu: event.icmpSeq })
    } else if (event.kind === 'packet.tap' && event.dir === 'in' && event.netns === proc.netns.id) {
      const error = errors.get(event.packet)
      const verdict = error ? judge(error.type, error.code, error.mtu, isV6(dst)) : null
      if (!error || !verdict) return
      errors.delete(event.packet)
      heard.push({ index: error.index, from: parseIp(event.src) ?? dst, atUs, ...verdict })
      queue.wake()
    }
  })
  const close = (): void => {
    stop()
    for (const socket of sockets.values()) socket.abort()
    sockets.clear()
  }
  const forget = proc.atExit(close)
  return {
    send(index, ttl) {
      const socket = proc.netns.sockets.tcpConnect({ dst, dport: port, owner: proc.owner, ttl, src: settings.src })
      if (isErrno(socket)) return socket
      sockets.set(index, socket)
      bySyn.set(socket.firstPacketId, index)
      socket.onChange = () => {
        if (socket.state === 'SYN_SENT' || !sockets.delete(index)) return
        // Open or refused: either way the destination answered.
        const reached = socket.error === null || socket.error === 'ECONNREFUSED'
        if (reached) heard.push({ index, from: dst, atUs: clock.nowUs, final: true, note: '' })
        queue.wake()
        clock.after(0, () => socket.abort())
      }
      return null
    },
    answers: () => heard.splice(0),
    wait: queue.wait,
    close() {
      forget()
      close()
    },
  }
}
