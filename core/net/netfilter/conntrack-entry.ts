/**
 * One tracked connection: its two tuples, its state and its timeouts. Truth: include/net/netfilter/nf_conntrack.h (struct nf_conn)
 * and nf_conntrack_tuple.h. ICMP has no ports: its identifier stands in `sport`, type and code in `dport` (type × 256 + code).
 *
 * Omits: zones, labels, helpers and expectations, security marks.
 */
import type { IpAddr } from '../addr/ip.ts'

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
  | '' | 'NONE' | 'SYN_SENT' | 'SYN_RECV' | 'ESTABLISHED' | 'FIN_WAIT' | 'CLOSE_WAIT' | 'LAST_ACK' | 'TIME_WAIT' | 'CLOSE' | 'SYN_SENT2'

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
