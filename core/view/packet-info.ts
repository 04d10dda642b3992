/**
 * Protocol and Info columns of a packet, in Wireshark's manner, in English as Wireshark's are.
 *
 * Truth: Wireshark's dissectors packet-tcp.c, packet-icmp.c, packet-arp.c, packet-dns.c, packet-http.c.
 * Omits: TCP analysis (retransmission, duplicate ACK) and reassembly of segments.
 */
import type { PacketNew } from '../sim/trace-event.ts'
import { dnsSummary } from './dns-info.ts'

export const PROTOCOL = { icmp: 1, ipip: 4, tcp: 6, udp: 17, icmp6: 58, sctp: 132 } as const
export const ETHERTYPE = { ipv4: 0x0800, arp: 0x0806, ipv6: 0x86dd } as const
export const TCP_FLAGS: readonly [number, string][] = [
  [2, 'SYN'],
  [1, 'FIN'],
  [4, 'RST'],
  [8, 'PSH'],
  [16, 'ACK'],
  [32, 'URG'],
]
export const VXLAN_PORT = 8472
const HTTP_REQUEST = /^(GET|POST|PUT|DELETE|HEAD|OPTIONS|PATCH|CONNECT|TRACE) \S+ HTTP\/\d/

export function protocolOf(head: PacketNew): string {
  if (head.etherType === ETHERTYPE.arp) return 'ARP'
  switch (head.protocol) {
    case PROTOCOL.icmp:
      return 'ICMP'
    case PROTOCOL.icmp6:
      return 'ICMPv6'
    case PROTOCOL.ipip:
      return 'IPIP'
    case PROTOCOL.sctp:
      return 'SCTP'
    case PROTOCOL.udp:
      if (head.inner !== 0) return 'VXLAN'
      return head.sport === 53 || head.dport === 53 ? 'DNS' : 'UDP'
    case PROTOCOL.tcp:
      if (head.payload === '') return 'TCP'
      if (HTTP_REQUEST.test(head.payload) || head.payload.startsWith('HTTP/1.')) return 'HTTP'
      if ((head.sport === 53 || head.dport === 53) && head.payload.length > 2) return 'DNS'
      return head.sport === 22 || head.dport === 22 ? 'SSH' : 'TCP'
    default:
      return `IP ${head.protocol}`
  }
}

/** `base`: first sequence numbers of both directions, so that the list shows small ones as Wireshark does. */
export function packetInfo(head: PacketNew, base: { seq: number; ack: number }): string {
  switch (protocolOf(head)) {
    case 'ARP':
      return arpInfo(head)
    case 'ICMP':
    case 'ICMPv6':
      return icmpInfo(head)
    case 'HTTP':
      return head.payload.slice(0, head.payload.indexOf('\r\n') < 0 ? 80 : head.payload.indexOf('\r\n'))
    case 'DNS':
      return dnsSummary(head.protocol === PROTOCOL.tcp ? head.payload.slice(2) : head.payload) ?? udpInfo(head)
    case 'SSH':
      return `${head.sport} → ${head.dport} Encrypted packet (len=${head.payload.length})`
    case 'TCP':
      return tcpInfo(head, base)
    case 'VXLAN':
      return `VNI ${head.icmpId}, ${head.sport} → ${head.dport}`
    case 'UDP':
      return udpInfo(head)
    default:
      return `protocol ${head.protocol}`
  }
}

export function flagNames(flags: number): string {
  return TCP_FLAGS.filter(([bit]) => (flags & bit) !== 0)
    .map(([, name]) => name)
    .join(', ')
}

function tcpInfo(head: PacketNew, base: { seq: number; ack: number }): string {
  const isSyn = (head.flags & 2) !== 0
  const parts = [`${head.sport} → ${head.dport} [${flagNames(head.flags)}] Seq=${relative(head.seq, base.seq)}`]
  if ((head.flags & 16) !== 0) parts.push(`Ack=${base.ack < 0 ? head.ack : relative(head.ack, base.ack)}`)
  parts.push(`Win=${head.window}`, `Len=${head.payload.length}`)
  if (isSyn && head.mss > 0) parts.push(`MSS=${head.mss}`)
  if (isSyn && head.sackOk) parts.push('SACK_PERM')
  if (isSyn && head.windowScale > 0) parts.push(`WS=${2 ** head.windowScale}`)
  return parts.join(' ')
}

function relative(value: number, base: number): number {
  return (value - base + 0x1_0000_0000) % 0x1_0000_0000
}

function udpInfo(head: PacketNew): string {
  return `${head.sport} → ${head.dport} Len=${head.payload.length}`
}

const UNREACHABLE = new Map([
  [0, 'Network unreachable'],
  [1, 'Host unreachable'],
  [2, 'Protocol unreachable'],
  [3, 'Port unreachable'],
  [4, 'Fragmentation needed'],
  [9, 'Network administratively prohibited'],
  [10, 'Host administratively prohibited'],
  [13, 'Communication administratively filtered'],
])

function icmpInfo(head: PacketNew): string {
  const v6 = head.protocol === PROTOCOL.icmp6
  const echo = v6 ? [128, 129] : [8, 0]
  if (head.icmpType === echo[0] || head.icmpType === echo[1]) {
    const what = head.icmpType === echo[0] ? 'request' : 'reply'
    return `Echo (ping) ${what}  id=0x${head.icmpId.toString(16).padStart(4, '0')}, seq=${head.icmpSeq}, ttl=${head.ttl}`
  }
  if (!v6 && head.icmpType === 3) return `Destination unreachable (${UNREACHABLE.get(head.icmpCode) ?? `code ${head.icmpCode}`})`
  if (!v6 && head.icmpType === 5) return 'Redirect'
  if (!v6 && head.icmpType === 11) return 'Time-to-live exceeded (Time to live exceeded in transit)'
  if (v6 && head.icmpType === 1) return `Destination Unreachable (code ${head.icmpCode})`
  if (v6 && head.icmpType === 2) return 'Packet Too Big'
  if (v6 && head.icmpType === 3) return 'Time Exceeded (hop limit exceeded in transit)'
  if (v6 && head.icmpType === 135) return `Neighbor Solicitation for ${head.dst}`
  if (v6 && head.icmpType === 136) return `Neighbor Advertisement ${head.src}`
  return `Type ${head.icmpType} code ${head.icmpCode}`
}

function arpInfo(head: PacketNew): string {
  if (head.icmpType === 2) return `${head.src} is at ${head.arpSha}`
  if (head.src === head.dst) return `ARP Announcement for ${head.src}`
  return `Who has ${head.dst}? Tell ${head.src}`
}
