/**
 * One tracked connection: its two tuples, its state and its timeouts. Truth: include/net/netfilter/nf_conntrack.h (struct nf_conn)
 * and nf_conntrack_tuple.h. ICMP has no ports: its identifier stands in `sport`, type and code in `dport` (type × 256 + code).
 *
 * Omits: zones, labels, helpers and expectations, security marks.
 */
import type { Timer } from '../../sim/clock.ts'
import { formatIp, type IpAddr, isV6 } from '../addr/ip.ts'
import { IPPROTO_ICMP, IPPROTO_ICMPV6, type Packet } from '../packet/packet.ts'

/** One direction of a connection. */
export interface Tuple {
  src: IpAddr
  dst: IpAddr
  /** IP protocol number. */
  protocol: number
  sport: number
  dport: number
}

export const ORIGINAL = 0
export const REPLY = 1
export type ConntrackDirection = 0 | 1

/** How a packet stands to its connection, as `--ctstate` words it. */
export type ConntrackInfo = 'NEW' | 'ESTABLISHED' | 'RELATED' | 'INVALID' | 'UNTRACKED'

/** States of nf_conntrack_tcp.h; '' for protocols without one. */
export type TcpConntrackState =
  | ''
  | 'NONE'
  | 'SYN_SENT'
  | 'SYN_RECV'
  | 'ESTABLISHED'
  | 'FIN_WAIT'
  | 'CLOSE_WAIT'
  | 'LAST_ACK'
  | 'TIME_WAIT'
  | 'CLOSE'
  | 'SYN_SENT2'

export class ConntrackEntry {
  readonly id: number
  readonly version: 4 | 6
  original: Tuple
  reply: Tuple
  /** IPS_SEEN_REPLY, IPS_ASSURED, IPS_CONFIRMED, IPS_DYING. */
  seenReply = false
  assured = false
  confirmed = false
  dying = false
  /** IPS_NAT_CLASH: found by its replies alone, and gone after a second. */
  clashed = false
  /** IPS_SRC_NAT, IPS_DST_NAT: this half of the connection is rewritten; …Done: the decision was taken, whatever it was. */
  snat = false
  dnat = false
  snatDone = false
  dnatDone = false
  /** ifindex of the device whose address a MASQUERADE took, or 0. */
  masqueradeIfindex = 0
  mark = 0
  tcpState: TcpConntrackState = ''
  /** Direction of the last packet, and whether it was a RST: decides whether a closed connection may be opened again. */
  lastDirection: ConntrackDirection = 0
  lastWasReset = false
  closeSeen = false
  /** UDP: a stream that is older than this counts as assured. */
  streamAtUs = 0
  expiresAtUs = 0
  /** Looks after `expiresAtUs`; it may fire early, never late. */
  timer: Timer | null = null
  /** The connection whose ICMP error this one answers, or 0. */
  masterId = 0

  constructor(id: number, version: 4 | 6, original: Tuple, reply: Tuple) {
    this.id = id
    this.version = version
    this.original = original
    this.reply = reply
  }

  tuple(direction: ConntrackDirection): Tuple {
    return direction === ORIGINAL ? this.original : this.reply
  }
}

/** nf_ct_get_tuple: the tuple that a packet shows. */
export function tupleOf(packet: Packet): Tuple {
  const { src, dst, protocol } = packet
  if (protocol === IPPROTO_ICMP || protocol === IPPROTO_ICMPV6) {
    return { src, dst, protocol, sport: packet.icmpId, dport: packet.icmpType * 256 + packet.icmpCode }
  }
  return { src, dst, protocol, sport: packet.sport, dport: packet.dport }
}

/** ICMP types whose answer has another type (invmap of nf_conntrack_proto_icmp.c and _icmpv6.c). */
const ICMP_ANSWERS: ReadonlyMap<number, number> = new Map([
  [8, 0],
  [0, 8],
  [13, 14],
  [14, 13],
  [15, 16],
  [16, 15],
  [17, 18],
  [18, 17],
])
const ICMPV6_ANSWERS: ReadonlyMap<number, number> = new Map([
  [128, 129],
  [129, 128],
  [139, 140],
  [140, 139],
])

/** nf_ct_invert_tuple: the tuple of an answer. Null for an ICMP type that has none. */
export function invertTuple({ src, dst, protocol, sport, dport }: Tuple): Tuple | null {
  if (protocol !== IPPROTO_ICMP && protocol !== IPPROTO_ICMPV6) return { src: dst, dst: src, protocol, sport: dport, dport: sport }
  const answers = protocol === IPPROTO_ICMP ? ICMP_ANSWERS : ICMPV6_ANSWERS
  const type = answers.get(dport >> 8)
  if (type === undefined) return null
  return { src: dst, dst: src, protocol, sport, dport: type * 256 + (dport & 255) }
}

export function sameTuple(a: Tuple, b: Tuple): boolean {
  return a.dst === b.dst && a.src === b.src && a.dport === b.dport && a.sport === b.sport && a.protocol === b.protocol
}

/** A 32-bit key for hash tables: the mixing step of MurmurHash3 over the five parts. */
export function hashTuple({ src, dst, protocol, sport, dport }: Tuple): number {
  let hash = protocol
  hash = mixAddress(hash, src)
  hash = mixAddress(hash, dst)
  return mix(hash, (sport << 16) ^ dport)
}

function mixAddress(hash: number, address: IpAddr): number {
  if (typeof address === 'number') return mix(hash, address | 0)
  const low = Number(address & 0xffffffffn)
  const high = Number((address >> 64n) & 0xffffffffn)
  return mix(mix(mix(mix(hash, low), Number((address >> 32n) & 0xffffffffn)), high), Number(address >> 96n))
}

function mix(hash: number, value: number): number {
  let k = Math.imul(value, 0xcc9e2d51)
  k = Math.imul((k << 15) | (k >>> 17), 0x1b873593)
  const h = hash ^ k
  return (Math.imul((h << 13) | (h >>> 19), 5) + 0xe6546b64) | 0
}

/** `src:sport->dst:dport` for trace events; ICMP shows its identifier as both ports. */
export function tupleText({ src, dst, protocol, sport, dport }: Tuple): string {
  const icmp = protocol === IPPROTO_ICMP || protocol === IPPROTO_ICMPV6
  return `${endText(src, sport)}->${endText(dst, icmp ? sport : dport)}`
}

function endText(ip: IpAddr, port: number): string {
  return isV6(ip) ? `[${formatIp(ip)}]:${port}` : `${formatIp(ip)}:${port}`
}
