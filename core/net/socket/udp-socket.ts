/** A UDP socket as a program holds it (net/ipv4/udp.c, udp(7)). */
import type { Errno } from '../../base/errno.ts'
import { isUnspecified, type IpAddr } from '../addr/ip.ts'
import { routeMtu, routeOutput, sourceFor } from '../ip/output.ts'
import type { NetNamespace } from '../net-namespace.ts'
import { IPPROTO_UDP, Packet } from '../packet/packet.ts'
import { icmpMeaning } from './icmp-errno.ts'
import type { SocketInfo, SocketOwner } from './socket-owner.ts'

export interface Datagram {
  bytes: Uint8Array
  src: IpAddr
  sport: number
  /** The address it was sent to, and its TTL when it came (IP_PKTINFO, IP_RECVTTL). */
  dst: IpAddr
  ttl: number
}

/** An ICMP error about a datagram that was sent (IP_RECVERR). */
export interface UdpError {
  type: number
  code: number
  from: IpAddr
  mtu: number
  /** Source and destination port of what was sent. */
  sport: number
  port: number
  dst: IpAddr
  atUs: number
}

export interface UdpSendOptions {
  ttl?: number
  /** true: never fragment; false: may be fragmented on the way; otherwise only here if it must be (IP_PMTUDISC_WANT). */
  df?: boolean
  tos?: number
  mark?: number
  oif?: number
  src?: IpAddr
}

/** net.core.rmem_default. */
const RECEIVE_BUFFER = 212992
/** Kernel memory that a datagram takes beside its bytes (truesize of a small skb). */
const SKB_OVERHEAD = 768
const ERRORS_MAX = 64
const DATAGRAM_MAX = 65507

export class UdpSocket {
  readonly address: IpAddr | null
  localPort: number
  readonly owner: SocketOwner
  onChange: (() => void) | null = null
  remote: IpAddr | null = null
  remotePort = 0
  /** Source chosen by connect. */
  connectedFrom: IpAddr | null = null
  readonly #ns: NetNamespace
  readonly #queue: Datagram[] = []
  readonly #errors: UdpError[] = []
  #queuedBytes = 0
  #error: Errno | null = null
  #closed = false

  constructor(ns: NetNamespace, address: IpAddr | null, port: number, owner: SocketOwner) {
    this.#ns = ns
    this.address = address
    this.localPort = port
    this.owner = owner
  }

  connect(dst: IpAddr, dport: number): Errno | null {
    if (this.#closed) return 'EBADF'
    const bound = this.address !== null && !isUnspecified(this.address) && typeof this.address === typeof dst ? this.address : null
    const route = routeOutput(this.#ns, dst, bound ?? (typeof dst === 'bigint' ? 0n : 0), 0, 0)
    if (typeof route === 'string') return route
    const src = bound ?? sourceFor(this.#ns, route, dst)
    if (src === null) return 'EADDRNOTAVAIL'
    const errno = this.#ns.sockets.udp.bindEphemeral(this)
    if (errno) return errno
    this.remote = dst
    this.remotePort = dport
    this.connectedFrom = src
    return null
  }

  send(bytes: Uint8Array): number | Errno {
    if (this.remote === null) return this.#closed ? 'EBADF' : 'ENOTCONN'
    return this.sendTo(bytes, this.remote, this.remotePort)
  }

  sendTo(bytes: Uint8Array, dst: IpAddr, dport: number, options: UdpSendOptions = {}): number | Errno {
    if (this.#closed) return 'EBADF'
    const pending = this.#error
    if (pending) {
      this.#error = null
      return pending
    }
    if (bytes.length > DATAGRAM_MAX) return 'EMSGSIZE'
    if (dport < 1 || dport > 65535) return 'EINVAL'
    const ns = this.#ns
    const errno = ns.sockets.udp.bindEphemeral(this)
    if (errno) return errno
    const packet = new Packet()
    packet.protocol = IPPROTO_UDP
    packet.dst = dst === 0 ? 0x7f000001 : dst === 0n ? 1n : dst
    const bound = this.address !== null && !isUnspecified(this.address) && typeof this.address === typeof dst ? this.address : null
    packet.src = options.src ?? bound ?? (dst === this.remote ? this.connectedFrom : null) ?? (typeof dst === 'bigint' ? 0n : 0)
    packet.sport = this.localPort
    packet.dport = dport
    packet.ttl = options.ttl ?? ns.sysctl.defaultTtl
    packet.tos = options.tos ?? 0
    packet.mark = options.mark ?? 0
    packet.payload = bytes.slice()
    packet.process = this.owner.process
    packet.pid = this.owner.pid
    const sent = this.#fragmentation(packet, options)
    if (sent) return sent
    const failed = ns.output(packet, options.oif ?? 0)
    return failed ?? bytes.length
  }

  recv(): Datagram | 'again' | Errno {
    const datagram = this.#queue.shift()
    if (datagram) {
      this.#queuedBytes -= datagram.bytes.length + SKB_OVERHEAD
      return datagram
    }
    const error = this.#error
    this.#error = null
    return error ?? (this.#closed ? 'EBADF' : 'again')
  }

  /** Takes all ICMP errors that came since the last call. */
  errors(): UdpError[] {
    return this.#errors.splice(0)
  }

  close(): void {
    if (this.#closed) return
    this.#closed = true
    this.onChange = null
    this.#ns.sockets.udp.remove(this)
  }

  info(): SocketInfo {
    return {
      protocol: 'udp',
      state: this.remote === null ? 'UNCONN' : 'ESTAB',
      local: this.connectedFrom ?? this.address,
      localPort: this.localPort,
      remote: this.remote,
      remotePort: this.remotePort,
      recvQ: this.#queuedBytes,
      sendQ: 0,
      owner: this.owner,
    }
  }

  // --- For the table -----------------------------------------------------------------------------------------------------

  /** How well it fits a datagram; -1: not at all (compute_score). */
  score(dst: IpAddr, src: IpAddr, sport: number): number {
    let score = 0
    if (this.connectedFrom !== null) {
      if (this.connectedFrom !== dst) return -1
      score += 2
    } else if (this.address !== null && !isUnspecified(this.address)) {
      if (this.address !== dst) return -1
      score += 2
    } else if (this.address === 0 && typeof dst === 'bigint') return -1
    if (this.remote !== null) {
      if (this.remote !== src || this.remotePort !== sport) return -1
      score += 4
    }
    return score
  }

  /** False: its buffer is full. */
  push(packet: Packet): boolean {
    if (this.#queuedBytes > RECEIVE_BUFFER) return false
    this.#queue.push({ bytes: packet.payload, src: packet.src, sport: packet.sport, dst: packet.dst, ttl: packet.ttl })
    this.#queuedBytes += packet.payload.length + SKB_OVERHEAD
    this.onChange?.()
    return true
  }

  icmpError(error: Packet, quoted: Packet): void {
    if (this.#errors.length < ERRORS_MAX) {
      this.#errors.push({
        type: error.icmpType,
        code: error.icmpCode,
        from: error.src,
        mtu: error.icmpSeq,
        sport: quoted.sport,
        port: quoted.dport,
        dst: quoted.dst,
        atUs: this.#ns.world.clock.nowUs,
      })
    }
    const meaning = icmpMeaning(error)
    if (this.remote !== null && meaning.fatal) this.#error = meaning.errno
    this.onChange?.()
  }

  /** Sets DF as IP_PMTUDISC_WANT does: on whatever fits the path. */
  #fragmentation(packet: Packet, options: UdpSendOptions): Errno | null {
    const ns = this.#ns
    if (options.df !== undefined) packet.df = options.df
    else {
      const route = routeOutput(ns, packet.dst, packet.src, options.oif ?? 0, packet.mark)
      if (typeof route === 'string') return route
      packet.df = packet.payload.length + (typeof packet.dst === 'bigint' ? 48 : 28) <= routeMtu(ns, route, packet.dst, false)
    }
    if (!packet.df) packet.ipId = ns.nextIpId()
    return null
  }
}
