/**
 * A packet: one mutable object that moves from queue to queue and is owned by whoever holds it (the kernel's sk_buff,
 * include/linux/skbuff.h). Headers are fields, a tunnel's load is `inner`, and what the kernel keeps beside the bytes
 * (mark, conntrack entry, ingress port) is here too. Link-layer copies (a flooded frame) keep the packet's id.
 *
 * For ARP, `src` and `dst` are the protocol addresses, `icmpType` the operation, `arpSha` and `arpTha` the hardware ones.
 *
 * Omits: VLAN stacking, IPv4 options, IPv6 extension headers other than fragments, checksums (always right).
 */
import type { IpAddr } from '../addr/ip.ts'
import type { Mac } from '../addr/mac.ts'
import type { ConntrackDirection, ConntrackEntry, ConntrackInfo } from '../netfilter/conntrack-entry.ts'
import type { NetDevice } from '../device/net-device.ts'

export const ETHERTYPE_IPV4 = 0x0800
export const ETHERTYPE_ARP = 0x0806
export const ETHERTYPE_IPV6 = 0x86dd

/** IANA protocol numbers. */
export const IPPROTO_ICMP = 1
export const IPPROTO_IPIP = 4
export const IPPROTO_TCP = 6
export const IPPROTO_UDP = 17
export const IPPROTO_IPV6 = 41
export const IPPROTO_ICMPV6 = 58
export const IPPROTO_SCTP = 132

/** TCP flag bits as in the header (RFC 9293 section 3.1). */
export const TCP_FIN = 0x01
export const TCP_SYN = 0x02
export const TCP_RST = 0x04
export const TCP_PSH = 0x08
export const TCP_ACK = 0x10
export const TCP_URG = 0x20

export const NO_PAYLOAD = new Uint8Array(0)

export type { ConntrackInfo } from '../netfilter/conntrack-entry.ts'

export class Packet {
  id = 0
  /** The packet that provoked this one, or 0. */
  cause = 0

  // Ethernet
  etherSrc: Mac = 0
  etherDst: Mac = 0
  etherType = ETHERTYPE_IPV4
  /** 802.1Q VLAN id, or 0. */
  vlan = 0

  // IP
  src: IpAddr = 0
  dst: IpAddr = 0
  ttl = 64
  protocol = 0
  tos = 0
  ipId = 0
  df = false
  moreFragments = false
  /** In bytes. */
  fragmentOffset = 0
  /** Bytes after the IP header that this fragment carries; 0 in a packet that is whole. */
  fragmentBytes = 0
  /** What a fragment is a piece of. */
  whole: Packet | null = null

  // TCP, UDP
  sport = 0
  dport = 0
  seq = 0
  ack = 0
  flags = 0
  /** As in the header: not scaled. */
  window = 0
  mss = 0
  windowScale = 0
  tsVal = 0
  tsEcr = 0
  sackOk = false

  // ICMP (for errors `icmpSeq` holds the MTU), ARP, VXLAN (`icmpId` holds the VNI)
  icmpType = 0
  icmpCode = 0
  icmpId = 0
  icmpSeq = 0
  /** The packet that an ICMP error quotes: a snapshot whose addresses and ports NAT translates too. */
  quoted: Packet | null = null
  arpSha: Mac = 0
  arpTha: Mac = 0
  /** Target address of an IPv6 neighbour message; `arpSha` is then its link-layer address option. */
  ndTarget: IpAddr = 0

  payload: Uint8Array = NO_PAYLOAD
  inner: Packet | null = null
  /** The process that sent it, '' when a kernel did. */
  process = ''
  pid = 0

  // What the kernel knows beside the bytes; cleared where skb_scrub_packet does it
  mark = 0
  ct: ConntrackEntry | null = null
  ctInfo: ConntrackInfo = 'UNTRACKED'
  ctDirection: ConntrackDirection = 0
  /** The device through which the IP stack got it: the bridge, not its port; null when it was sent from here. */
  inDev: NetDevice | null = null
  /** Bridge ports, as br_netfilter remembers them for the physdev match (struct nf_bridge_info). */
  physIn: NetDevice | null = null
  physOut: NetDevice | null = null
  /** br_netfilter ran PREROUTING on this frame: the IP stack must not run it again (ip_sabotage_in). */
  bridgePrerouted = false
  /** Bridged to a rewritten destination: the port it came from and its source MAC, while its neighbour is looked for. */
  bridgedDnatPort: NetDevice | null = null
  bridgedDnatSrc: Mac = 0
  /** The frame's destination MAC is not the receiving interface's (PACKET_OTHERHOST); `group` for broadcast and multicast. */
  frameFor: 'host' | 'other' | 'group' = 'host'
  /** It waits in the queue of a neighbour that is being resolved. */
  queued = false
  /** The sender has proof that the next hop is alive (SKB dst_pending_confirm). */
  confirmNeighbour = false

  get version(): 4 | 6 {
    return typeof this.src === 'bigint' ? 6 : 4
  }

  get isTcp(): boolean {
    return this.protocol === IPPROTO_TCP && this.etherType !== ETHERTYPE_ARP
  }
}

/** IP total length in bytes: 28 for ARP. */
export function ipLength(packet: Packet): number {
  if (packet.etherType === ETHERTYPE_ARP) return 28
  const header = typeof packet.src === 'bigint' ? 40 : 20
  if (packet.fragmentBytes > 0) return header + packet.fragmentBytes + (header === 40 ? 8 : 0)
  return header + transportLength(packet)
}

/** Bytes after the IP header. */
export function transportLength(packet: Packet): number {
  if (packet.fragmentBytes > 0) return packet.fragmentBytes
  switch (packet.protocol) {
    case IPPROTO_TCP:
      return 20 + tcpOptionsLength(packet) + packet.payload.length
    case IPPROTO_UDP:
      // A tunnel: VXLAN header and the inner frame's Ethernet header (RFC 7348 section 5).
      return packet.inner ? 8 + 8 + 14 + ipLength(packet.inner) : 8 + packet.payload.length
    case IPPROTO_ICMP:
      // An error quotes the offender as far as 576 bytes in all (RFC 1812 section 4.3.2.3).
      return 8 + (packet.quoted ? Math.min(ipLength(packet.quoted), 576 - 28) : packet.payload.length)
    case IPPROTO_ICMPV6:
      // As much as fits the minimum MTU (RFC 4443 section 3.1).
      if (packet.quoted) return 8 + Math.min(ipLength(packet.quoted), 1280 - 48)
      return 8 + packet.payload.length
    case IPPROTO_IPIP:
    case IPPROTO_IPV6:
      return packet.inner ? ipLength(packet.inner) : packet.payload.length
    default:
      return packet.payload.length
  }
}

/** TCP options as Linux lays them out, padded to words: MSS 4, SACK-permitted and timestamps share 12, window scale 4. */
export function tcpOptionsLength(packet: Packet): number {
  let length = 0
  if (packet.mss > 0) length += 4
  if (packet.tsVal > 0) length += 12
  else if (packet.sackOk) length += 4
  if (packet.windowScale > 0) length += 4
  return length
}

/** A copy with the same id: for flooding, quoting and fragments. The payload is shared: nobody writes into it. */
export function clone(packet: Packet): Packet {
  const copy = new Packet()
  copy.id = packet.id
  copy.cause = packet.cause
  copy.etherSrc = packet.etherSrc
  copy.etherDst = packet.etherDst
  copy.etherType = packet.etherType
  copy.vlan = packet.vlan
  copy.src = packet.src
  copy.dst = packet.dst
  copy.ttl = packet.ttl
  copy.protocol = packet.protocol
  copy.tos = packet.tos
  copy.ipId = packet.ipId
  copy.df = packet.df
  copy.moreFragments = packet.moreFragments
  copy.fragmentOffset = packet.fragmentOffset
  copy.fragmentBytes = packet.fragmentBytes
  copy.whole = packet.whole
  copy.sport = packet.sport
  copy.dport = packet.dport
  copy.seq = packet.seq
  copy.ack = packet.ack
  copy.flags = packet.flags
  copy.window = packet.window
  copy.mss = packet.mss
  copy.windowScale = packet.windowScale
  copy.tsVal = packet.tsVal
  copy.tsEcr = packet.tsEcr
  copy.sackOk = packet.sackOk
  copy.icmpType = packet.icmpType
  copy.icmpCode = packet.icmpCode
  copy.icmpId = packet.icmpId
  copy.icmpSeq = packet.icmpSeq
  copy.quoted = packet.quoted ? clone(packet.quoted) : null
  copy.arpSha = packet.arpSha
  copy.arpTha = packet.arpTha
  copy.ndTarget = packet.ndTarget
  copy.payload = packet.payload
  copy.inner = packet.inner ? clone(packet.inner) : null
  copy.process = packet.process
  copy.pid = packet.pid
  copy.mark = packet.mark
  copy.ct = packet.ct
  copy.ctInfo = packet.ctInfo
  copy.ctDirection = packet.ctDirection
  copy.inDev = packet.inDev
  copy.physIn = packet.physIn
  copy.physOut = packet.physOut
  copy.bridgePrerouted = packet.bridgePrerouted
  copy.bridgedDnatPort = packet.bridgedDnatPort
  copy.bridgedDnatSrc = packet.bridgedDnatSrc
  copy.frameFor = packet.frameFor
  copy.confirmNeighbour = packet.confirmNeighbour
  return copy
}

/** What a packet loses when it leaves a stack through a device pair or tunnel (skb_scrub_packet, net/core/skbuff.c). */
export function scrub(packet: Packet, leavesNamespace: boolean): void {
  packet.ct = null
  packet.ctInfo = 'UNTRACKED'
  packet.ctDirection = 0
  packet.inDev = null
  packet.physIn = null
  packet.physOut = null
  packet.bridgePrerouted = false
  packet.bridgedDnatPort = null
  packet.confirmNeighbour = false
  if (leavesNamespace) packet.mark = 0
}
