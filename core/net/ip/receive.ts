/**
 * A packet from a device enters the IP stack: ip_rcv, PREROUTING, and the decision where it goes (net/ipv4/ip_input.c,
 * ip_route_input_slow in net/ipv4/route.c; net/ipv6/ip6_input.c): to this host, on to another, or nowhere.
 *
 * Omits: IPv4 options, early demux, routes cached on packets, multicast membership (multicast is taken as ours).
 */
import { isLoopback, isMulticast, isUnspecified, LIMITED_BROADCAST, type IpAddr } from '../addr/ip.ts'
import type { NetDevice } from '../device/net-device.ts'
import type { DropReason } from '../drop-reason.ts'
import type { NetNamespace } from '../net-namespace.ts'
import type { Packet } from '../packet/packet.ts'
import { traceDrop, traceRoute } from '../packet/packet-trace.ts'
import type { Route } from '../route/route.ts'
import { ICMP_DEST_UNREACH, ICMP_HOST_UNREACH, ICMP_NET_UNREACH, ICMP_PKT_FILTERED } from './icmp-types.ts'
import { ipDeliver } from './deliver.ts'
import { ipForward } from './forward.ts'

export function ipReceive(ns: NetNamespace, dev: NetDevice, packet: Packet): void {
  if (packet.frameFor === 'other') {
    traceDrop(ns, packet, 'ip_rcv', 'OTHERHOST', dev.name)
    return
  }
  if (typeof packet.src === 'bigint' && dev.conf.disableIpv6 !== 0 && !dev.isLoopback) {
    traceDrop(ns, packet, 'ip_rcv', 'UNHANDLED_PROTO', dev.name)
    return
  }
  packet.inDev = dev
  const dst = packet.dst
  if (packet.bridgePrerouted) packet.bridgePrerouted = false
  else {
    const whole = packet.fragmentBytes > 0 && tracks(ns, packet) ? ns.reassembly.add(packet, dev) : packet
    if (whole === null) return
    packet = whole
    if (ns.netfilter.run('PREROUTING', packet, dev, null) !== 'ACCEPT') return
  }
  // A packet over `lo` brings its route along, unless a rule sent it elsewhere.
  const route =
    dev.isLoopback && packet.dst === dst ? ns.fib.resolve(dst, packet.src, dev.ifindex, 0, packet.mark) : routeInput(ns, dev, packet)
  if (typeof route === 'string') {
    traceDrop(ns, packet, 'ip_route_input', route, dev.name)
    return
  }
  traceRoute(ns, packet, route, null)
  switch (route.type) {
    case 'local':
    case 'broadcast':
    case 'multicast':
      ipDeliver(ns, dev, packet)
      return
    case 'unicast':
      ipForward(ns, dev, packet, route)
      return
    case 'unreachable':
      ns.icmp.report(packet, ICMP_DEST_UNREACH, ICMP_HOST_UNREACH)
      traceDrop(ns, packet, 'ip_route_input', 'IP_ROUTE_UNREACHABLE', dev.name)
      return
    case 'prohibit':
      ns.icmp.report(packet, ICMP_DEST_UNREACH, ICMP_PKT_FILTERED)
      traceDrop(ns, packet, 'ip_route_input', 'IP_ROUTE_PROHIBIT', dev.name)
      return
    case 'blackhole':
      traceDrop(ns, packet, 'ip_route_input', 'IP_ROUTE_BLACKHOLE', dev.name)
      return
    default:
      ns.icmp.report(packet, ICMP_DEST_UNREACH, ICMP_NET_UNREACH)
      traceDrop(ns, packet, 'ip_route_input', 'IP_INNOROUTES', dev.name)
  }
}

/** Where connections are tracked, rules see whole packets only (nf_defrag_ipv4). */
export function tracks(ns: NetNamespace, packet: Packet): boolean {
  const { rules } = ns.netfilter.iptables(typeof packet.src === 'bigint' ? 'ipv6' : 'ipv4')
  return rules.conntrackRules > 0 || rules.table('nat') !== undefined
}

/** Where a packet that came in goes, or why it may not (ip_route_input_slow). */
export function routeInput(ns: NetNamespace, dev: NetDevice, packet: Packet): Route | DropReason {
  const { src, dst } = packet
  const martian = martianAddress(ns, dev, src, dst)
  if (martian) return martian
  if (dst === LIMITED_BROADCAST) return broadcastRoute(dev)
  if (isMulticast(dst)) return multicastRoute(dst, dev)
  const route = ns.fib.resolve(dst, src, dev.ifindex, 0, packet.mark)
  if (route.type === 'broadcast') return (isUnspecified(src) ? null : validateSource(ns, dev, src, packet.mark)) ?? route
  if (route.type === 'local') return validateSource(ns, dev, src, packet.mark) ?? route
  const forwards = typeof dst === 'bigint' ? dev.conf.forwarding6 !== 0 || ns.sysctl.all.forwarding6 !== 0 : dev.conf.forwarding !== 0
  if (!forwards) return 'IP_INADDRERRORS'
  if (route.type !== 'unicast') return route
  if (packet.frameFor === 'group') return 'UNICAST_IN_L2_MULTICAST'
  return validateSource(ns, dev, src, packet.mark) ?? route
}

/** Addresses that must not come from a wire (RFC 1812 section 5.3.7). */
function martianAddress(ns: NetNamespace, dev: NetDevice, src: IpAddr, dst: IpAddr): DropReason | null {
  if (isMulticast(src)) return 'IP_INVALID_SOURCE'
  if (typeof src === 'bigint' || typeof dst === 'bigint') {
    return (isLoopback(src) || isLoopback(dst)) && !dev.isLoopback ? 'IP_INVALID_SOURCE' : null
  }
  if (src === LIMITED_BROADCAST) return 'IP_INVALID_SOURCE'
  if (src >>> 24 === 0 && !(src === 0 && (dst === LIMITED_BROADCAST || ns.fib.addressType(dst) === 'broadcast'))) return 'IP_INVALID_SOURCE'
  if (dst >>> 24 === 0) return 'IP_INVALID_DEST'
  if ((isLoopback(src) || isLoopback(dst)) && dev.conf.routeLocalnet === 0 && ns.sysctl.all.routeLocalnet === 0) return 'IP_LOCALNET'
  return null
}

/** fib_validate_source: would an answer to this source leave where the packet came in? (rp_filter, RFC 3704) */
function validateSource(ns: NetNamespace, dev: NetDevice, src: IpAddr, mark: number): DropReason | null {
  if (typeof src === 'bigint') return null
  const mode = Math.max(dev.conf.rpFilter, ns.sysctl.all.rpFilter)
  const acceptLocal = dev.conf.acceptLocal !== 0 || ns.sysctl.all.acceptLocal !== 0
  if (mode === 0 && (acceptLocal || !ns.fib.hasCustomRules(src))) return !acceptLocal && ns.hasAddress(src) ? 'IP_LOCAL_SOURCE' : null
  const back = ns.fib.resolve(src, 0, dev.ifindex, 0, mark)
  if (back.type === 'local') return acceptLocal ? null : 'IP_LOCAL_SOURCE'
  if (back.type === 'none') return mode === 0 ? null : 'IP_RPFILTER'
  if (back.type !== 'unicast') return 'IP_INVALID_SOURCE'
  if (mode !== 1 || back.dev === dev) return null
  return back.nexthops.some((hop) => hop.dev === dev) ? null : 'IP_RPFILTER'
}

function broadcastRoute(dev: NetDevice): Route {
  return {
    type: 'broadcast',
    prefix: { addr: LIMITED_BROADCAST, length: 32 },
    via: null,
    dev,
    src: null,
    metric: 0,
    table: 255,
    scope: 'link',
    protocol: 'kernel',
    onlink: false,
    mtu: 0,
    nexthops: [],
  }
}

function multicastRoute(dst: IpAddr, dev: NetDevice): Route {
  return {
    type: 'multicast',
    prefix: { addr: dst, length: typeof dst === 'bigint' ? 128 : 32 },
    via: null,
    dev,
    src: null,
    metric: 0,
    table: 255,
    scope: 'link',
    protocol: 'kernel',
    onlink: false,
    mtu: 0,
    nexthops: [],
  }
}
