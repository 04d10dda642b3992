/**
 * ICMP of the kernel itself (net/ipv4/icmp.c, net/ipv6/icmp.c; RFC 792, RFC 1812 section 4.3, RFC 4443): echo replies, errors and
 * their rate limit, and what errors from others mean for sockets and routes.
 *
 * Errors are limited per peer: a burst of 6, then one per icmp_ratelimit (inet_peer_xrlim_allow). Path MTU errors are exempt, and
 * so is what goes out through `lo`.
 *
 * Omits: redirects, timestamps, source quench, the limit over all peers (icmp_msgs_per_sec).
 */
import { isMulticast, isUnspecified, LIMITED_BROADCAST, type IpAddr } from '../addr/ip.ts'
import type { NetDevice } from '../device/net-device.ts'
import type { NetNamespace } from '../net-namespace.ts'
import { receiveNeighbourMessage } from '../neigh/ndp.ts'
import { clone, ETHERTYPE_ARP, IPPROTO_ICMP, IPPROTO_ICMPV6, IPPROTO_TCP, IPPROTO_UDP, Packet } from '../packet/packet.ts'
import { traceDeliver, traceDrop } from '../packet/packet-trace.ts'
import {
  ICMP_DEST_UNREACH,
  ICMP_ECHO,
  ICMP_ECHO_REPLY,
  ICMP_FRAG_NEEDED,
  ICMP_HOST_UNREACH,
  ICMPV6_ECHO,
  ICMPV6_ECHO_REPLY,
  ICMPV6_NEIGHBOUR_ADVERTISEMENT,
  ICMPV6_NEIGHBOUR_SOLICITATION,
  ICMPV6_PKT_TOO_BIG,
  isIcmpError,
  isIcmpv6Error,
  toIcmpv6,
} from './icmp-types.ts'
import { outputDevice, routeOutput, sourceFor } from './output.ts'

/** XRLIM_BURST_FACTOR. */
const BURST = 6
const PEERS_MAX = 4096

export class IcmpSender {
  readonly #ns: NetNamespace
  readonly #peers = new Map<IpAddr, { tokensUs: number; lastUs: number }>()

  constructor(ns: NetNamespace) {
    this.#ns = ns
  }

  /** `sendError` in ICMP's words for a packet of either version. */
  report(packet: Packet, type: number, code: number, extra = 0): void {
    if (typeof packet.src === 'number') this.sendError(packet, type, code, extra)
    else {
      const wire = toIcmpv6(type, code)
      this.sendError(packet, wire.type, wire.code, extra)
    }
  }

  /**
   * icmp_send, icmp6_send: tells the sender of `packet` why it died. Type and code are those of its IP version's ICMP; `extra` is
   * the next hop's MTU where a packet was too big. Nothing is sent where RFC 1122 section 3.2.2 forbids it.
   */
  sendError(packet: Packet, type: number, code: number, extra = 0): void {
    const ns = this.#ns
    if (!this.#deservesError(packet)) return
    const v6 = typeof packet.src === 'bigint'
    const error = new Packet()
    error.cause = packet.id
    error.protocol = v6 ? IPPROTO_ICMPV6 : IPPROTO_ICMP
    error.icmpType = type
    error.icmpCode = code
    error.icmpSeq = extra
    error.ttl = ns.sysctl.defaultTtl
    error.tos = (packet.tos & 0x1e) | 0xc0
    error.dst = packet.src
    const route = routeOutput(ns, packet.src, 0, 0, 0)
    if (typeof route === 'string') return
    // Its source is the address that was asked, if it is ours; else the one that routing gives (icmp_send, icmp_route_lookup).
    const asked = ns.fib.isLocal(packet.dst) && packet.inDev !== null ? packet.dst : sourceFor(ns, route, packet.src)
    if (asked === null) return
    error.src = asked
    const exempt =
      outputDevice(ns, route).isLoopback || (v6 ? type === ICMPV6_PKT_TOO_BIG : type === ICMP_DEST_UNREACH && code === ICMP_FRAG_NEEDED)
    if (!exempt && !this.#allow(packet.src, type, v6)) return
    error.ipId = ns.nextIpId()
    error.quoted = quote(packet)
    if (packet.ct !== null) {
      // nf_ct_attach in icmp_glue_bits: the error belongs to the connection although that may not be in the table yet.
      error.ct = packet.ct
      error.ctInfo = 'RELATED'
      error.ctDirection = packet.ctDirection === 0 ? 1 : 0
    }
    ns.output(error)
  }

  /** ipv4_link_failure: the next hop of this packet does not answer. */
  sendHostUnreachable(packet: Packet): void {
    if (packet.etherType !== ETHERTYPE_ARP) this.report(packet, ICMP_DEST_UNREACH, ICMP_HOST_UNREACH)
  }

  /** icmp_rcv, icmpv6_rcv. */
  receive(dev: NetDevice, packet: Packet): void {
    const ns = this.#ns
    const v6 = packet.protocol === IPPROTO_ICMPV6
    const type = packet.icmpType
    if (type === (v6 ? ICMPV6_ECHO : ICMP_ECHO)) {
      this.#echo(packet, v6)
      return
    }
    if (type === (v6 ? ICMPV6_ECHO_REPLY : ICMP_ECHO_REPLY)) {
      ns.sockets.icmp.receive(packet)
      return
    }
    if (v6 && (type === ICMPV6_NEIGHBOUR_SOLICITATION || type === ICMPV6_NEIGHBOUR_ADVERTISEMENT)) {
      receiveNeighbourMessage(ns, dev, packet)
      return
    }
    if (!packet.quoted || !(v6 ? isIcmpv6Error(type) : isIcmpError(type))) {
      traceDrop(ns, packet, 'icmp', 'ICMP_IGNORED', String(type))
      return
    }
    traceDeliver(ns, packet, 'icmp', 0, 0, '')
    this.#error(packet, packet.quoted, v6)
  }

  #echo(packet: Packet, v6: boolean): void {
    const ns = this.#ns
    const group = packet.frameFor === 'group' || isMulticast(packet.dst) || ns.fib.addressType(packet.dst) === 'broadcast'
    if (
      ns.sysctl.number('net.ipv4.icmp_echo_ignore_all') !== 0 ||
      (group && ns.sysctl.number('net.ipv4.icmp_echo_ignore_broadcasts') !== 0)
    ) {
      traceDrop(ns, packet, 'icmp', 'ICMP_IGNORED', 'echo')
      return
    }
    traceDeliver(ns, packet, 'icmp', 0, 0, '')
    const reply = new Packet()
    reply.cause = packet.id
    reply.protocol = packet.protocol
    reply.icmpType = v6 ? ICMPV6_ECHO_REPLY : ICMP_ECHO_REPLY
    reply.icmpId = packet.icmpId
    reply.icmpSeq = packet.icmpSeq
    reply.payload = packet.payload
    reply.ttl = ns.sysctl.defaultTtl
    reply.tos = packet.tos
    reply.dst = packet.src
    reply.src = group ? (v6 ? 0n : 0) : packet.dst
    reply.ipId = ns.nextIpId()
    ns.output(reply)
  }

  /** icmp_unreach and its likes: the route learns a smaller MTU, the socket that sent the quoted packet learns of the error. */
  #error(packet: Packet, quoted: Packet, v6: boolean): void {
    const ns = this.#ns
    const tooBig = v6
      ? packet.icmpType === ICMPV6_PKT_TOO_BIG
      : packet.icmpType === ICMP_DEST_UNREACH && packet.icmpCode === ICMP_FRAG_NEEDED
    if (tooBig && packet.icmpSeq > 0) ns.pathMtu.learn(quoted.dst, packet.icmpSeq)
    if (quoted.protocol === IPPROTO_TCP) ns.sockets.tcp.icmpError(packet, quoted, tooBig)
    else if (quoted.protocol === IPPROTO_UDP) ns.sockets.udp.icmpError(packet, quoted)
    else if (quoted.protocol === IPPROTO_ICMP || quoted.protocol === IPPROTO_ICMPV6) ns.sockets.icmp.icmpError(packet, quoted)
  }

  #deservesError(packet: Packet): boolean {
    if (packet.frameFor !== 'host' || packet.fragmentOffset > 0 || packet.etherType === ETHERTYPE_ARP) return false
    if (isUnspecified(packet.src) || isMulticast(packet.src) || packet.src === LIMITED_BROADCAST) return false
    if (packet.dst === LIMITED_BROADCAST || isMulticast(packet.dst) || this.#ns.fib.addressType(packet.dst) === 'broadcast') return false
    if (packet.protocol === IPPROTO_ICMP) return !isIcmpError(packet.icmpType)
    if (packet.protocol === IPPROTO_ICMPV6) return !isIcmpv6Error(packet.icmpType)
    return true
  }

  /** icmpv4_xrlim_allow, inet_peer_xrlim_allow: a bucket of time per peer. */
  #allow(peer: IpAddr, type: number, v6: boolean): boolean {
    const sysctl = this.#ns.sysctl
    const limitMs = v6 ? sysctl.number('net.ipv6.icmp.ratelimit') : sysctl.number('net.ipv4.icmp_ratelimit')
    if (limitMs <= 0) return true
    if (!v6 && ((sysctl.number('net.ipv4.icmp_ratemask') >>> type) & 1) === 0) return true
    const limitUs = limitMs * 1000
    const nowUs = this.#ns.world.clock.nowUs
    let bucket = this.#peers.get(peer)
    if (!bucket) {
      if (this.#peers.size >= PEERS_MAX) {
        const oldest = this.#peers.keys().next()
        if (!oldest.done) this.#peers.delete(oldest.value)
      }
      bucket = { tokensUs: BURST * limitUs, lastUs: nowUs }
      this.#peers.set(peer, bucket)
    }
    bucket.tokensUs = Math.min(bucket.tokensUs + nowUs - bucket.lastUs, BURST * limitUs)
    bucket.lastUs = nowUs
    if (bucket.tokensUs < limitUs) return false
    bucket.tokensUs -= limitUs
    return true
  }
}

/** A snapshot of the offender: headers as they are now, no kernel state. */
function quote(packet: Packet): Packet {
  const copy = clone(packet)
  copy.ct = null
  copy.ctInfo = 'UNTRACKED'
  copy.inDev = null
  copy.physIn = null
  copy.physOut = null
  copy.whole = null
  copy.inner = null
  copy.quoted = null
  return copy
}
