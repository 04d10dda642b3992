/** Sockets that send echo requests and read what comes back: what `ping` and `traceroute -I` hold (icmp(7), raw(7)). */
import type { Errno } from '../../base/errno.ts'
import { isUnspecified, type IpAddr } from '../addr/ip.ts'
import { ICMP_ECHO, ICMPV6_ECHO } from '../ip/icmp-types.ts'
import { routeMtu, routeOutput } from '../ip/output.ts'
import type { NetNamespace } from '../net-namespace.ts'
import { IPPROTO_ICMP, IPPROTO_ICMPV6, ipLength, Packet } from '../packet/packet.ts'
import { traceDeliver, traceDrop } from '../packet/packet-trace.ts'
import type { SocketInfo, SocketOwner } from './socket-owner.ts'

export interface IcmpMessage {
  type: number
  code: number
  from: IpAddr
  /** Of the echo: our own identifier and sequence number, for errors those of the request that they quote. */
  id: number
  seq: number
  /** Of the packet that brought it. */
  ttl: number
  /** Payload of an echo reply. */
  bytes: number
  /** Of a "fragmentation needed", else 0. */
  mtu: number
  /** Destination of the echo request. */
  dst: IpAddr
  atUs: number
}

export interface EchoOptions {
  dst: IpAddr
  id: number
  seq: number
  /** Payload length. */
  bytes: number
  ttl?: number
  df?: boolean
  tos?: number
  src?: IpAddr
  mark?: number
  /** ifindex of the device to send through. */
  oif?: number
}

const QUEUE_MAX = 256

export class IcmpSocket {
  readonly owner: SocketOwner
  onChange: (() => void) | null = null
  readonly #ns: NetNamespace
  readonly #queue: IcmpMessage[] = []
  /** Identifiers that it has sent with: replies to others are not its business. */
  readonly #ids = new Set<number>()

  constructor(ns: NetNamespace, owner: SocketOwner) {
    this.#ns = ns
    this.owner = owner
  }

  sendEcho(options: EchoOptions): Errno | null {
    const ns = this.#ns
    const v6 = typeof options.dst === 'bigint'
    const packet = new Packet()
    packet.protocol = v6 ? IPPROTO_ICMPV6 : IPPROTO_ICMP
    packet.icmpType = v6 ? ICMPV6_ECHO : ICMP_ECHO
    packet.dst = options.dst === 0 ? 0x7f000001 : options.dst
    packet.src = options.src ?? (v6 ? 0n : 0)
    if (!isUnspecified(packet.src) && !ns.fib.isLocal(packet.src)) return 'EADDRNOTAVAIL'
    packet.icmpId = options.id & 0xffff
    packet.icmpSeq = options.seq & 0xffff
    packet.ttl = options.ttl ?? ns.sysctl.defaultTtl
    packet.tos = options.tos ?? 0
    packet.mark = options.mark ?? 0
    packet.payload = pattern(options.bytes)
    packet.process = this.owner.process
    packet.pid = this.owner.pid
    const mtu = this.pathMtu(options.dst, packet.src, options.oif ?? 0)
    packet.df = options.df ?? (typeof mtu === 'number' && ipLength(packet) <= mtu)
    if (!packet.df) packet.ipId = ns.nextIpId()
    this.#ids.add(packet.icmpId)
    return ns.output(packet, options.oif ?? 0)
  }

  recv(): IcmpMessage | 'again' {
    return this.#queue.shift() ?? 'again'
  }

  /** The MTU that `ping -M do` names when it may not send (IP_MTU). */
  pathMtu(dst: IpAddr, src: IpAddr = typeof dst === 'bigint' ? 0n : 0, oif = 0): number | Errno {
    const route = routeOutput(this.#ns, dst, src, oif, 0)
    return typeof route === 'string' ? route : routeMtu(this.#ns, route, dst, false)
  }

  close(): void {
    this.onChange = null
    this.#ns.sockets.icmp.remove(this)
  }

  info(): SocketInfo {
    return {
      protocol: 'icmp',
      state: 'UNCONN',
      local: 0,
      localPort: 0,
      remote: null,
      remotePort: 0,
      recvQ: this.#queue.length,
      sendQ: 0,
      owner: this.owner,
    }
  }

  sentWith(id: number): boolean {
    return this.#ids.has(id)
  }

  push(message: IcmpMessage): void {
    if (this.#queue.length >= QUEUE_MAX) return
    this.#queue.push(message)
    this.onChange?.()
  }
}

export class IcmpTable {
  readonly #ns: NetNamespace
  readonly #sockets: IcmpSocket[] = []

  constructor(ns: NetNamespace) {
    this.#ns = ns
  }

  open(owner: SocketOwner): IcmpSocket {
    const socket = new IcmpSocket(this.#ns, owner)
    this.#sockets.push(socket)
    return socket
  }

  /** An echo reply: for the socket that asked with its identifier. */
  receive(packet: Packet): void {
    const ns = this.#ns
    const socket = this.#sockets.find((candidate) => candidate.sentWith(packet.icmpId))
    if (!socket) {
      traceDrop(ns, packet, 'icmp', 'NO_SOCKET', String(packet.icmpId))
      return
    }
    traceDeliver(ns, packet, 'icmp', packet.icmpId, socket.owner.pid, socket.owner.process)
    socket.push({
      type: packet.icmpType,
      code: packet.icmpCode,
      from: packet.src,
      id: packet.icmpId,
      seq: packet.icmpSeq,
      ttl: packet.ttl,
      bytes: packet.payload.length,
      mtu: 0,
      dst: packet.src,
      atUs: ns.world.clock.nowUs,
    })
  }

  icmpError(error: Packet, quoted: Packet): void {
    const socket = this.#sockets.find((candidate) => candidate.sentWith(quoted.icmpId))
    socket?.push({
      type: error.icmpType,
      code: error.icmpCode,
      from: error.src,
      id: quoted.icmpId,
      seq: quoted.icmpSeq,
      ttl: error.ttl,
      bytes: 0,
      mtu: error.icmpSeq,
      dst: quoted.dst,
      atUs: this.#ns.world.clock.nowUs,
    })
  }

  list(): SocketInfo[] {
    return this.#sockets.map((socket) => socket.info())
  }

  remove(socket: IcmpSocket): void {
    const at = this.#sockets.indexOf(socket)
    if (at >= 0) this.#sockets.splice(at, 1)
  }

  destroy(): void {
    for (const socket of [...this.#sockets]) socket.close()
  }
}

/** The bytes that ping(8) fills its payload with. */
function pattern(length: number): Uint8Array {
  const bytes = new Uint8Array(Math.max(0, Math.min(length, 65507)))
  for (let i = 0; i < bytes.length; i += 1) bytes[i] = i & 0xff
  return bytes
}
