/**
 * A packet leaves the stack (net/ipv4/ip_output.c, ip_route_output_key in net/ipv4/route.c): route and source for what is sent
 * from here, OUTPUT and the second look at the route, POSTROUTING, the size of the link, the neighbour.
 *
 * Omits: IPsec, source routes, the copy of a broadcast or multicast for the sender itself.
 */
import type { Errno } from '../../base/errno.ts'
import { isLoopback, isMulticast, isUnspecified, LIMITED_BROADCAST, type IpAddr } from '../addr/ip.ts'
import type { NetDevice } from '../device/net-device.ts'
import type { NetNamespace } from '../net-namespace.ts'
import { ETHERTYPE_IPV4, ETHERTYPE_IPV6, ipLength, type Packet } from '../packet/packet.ts'
import { traceDrop, traceNew, traceRoute } from '../packet/packet-trace.ts'
import { makeRoute } from '../route/fib.ts'
import type { Route } from '../route/route.ts'
import { fragment } from './fragment.ts'
import { ICMP_DEST_UNREACH, ICMP_FRAG_NEEDED } from './icmp-types.ts'

/**
 * Sends a packet made here: gives it its source, its number and its life. An error that the sender learns at once is returned;
 * then nothing was sent and no packet came into being, except for EPERM (a rule of OUTPUT dropped it).
 */
export function ipOutput(ns: NetNamespace, packet: Packet, oif: number): Errno | null {
  const route = routeOutput(ns, packet.dst, packet.src, oif, packet.mark)
  if (typeof route === 'string') return route
  if (isUnspecified(packet.src)) {
    const src = sourceFor(ns, route, packet.dst)
    if (src === null) return 'EADDRNOTAVAIL'
    packet.src = src
  }
  packet.etherType = typeof packet.dst === 'bigint' ? ETHERTYPE_IPV6 : ETHERTYPE_IPV4
  if (packet.df && ipLength(packet) > routeMtu(ns, route, packet.dst, false)) return 'EMSGSIZE'
  traceNew(ns, packet)
  return localOut(ns, packet, route)
}

/** Sends a tunnel packet that exists already. */
export function outputTunnel(ns: NetNamespace, packet: Packet): void {
  packet.etherType = typeof packet.dst === 'bigint' ? ETHERTYPE_IPV6 : ETHERTYPE_IPV4
  const route = routeOutput(ns, packet.dst, packet.src, 0, packet.mark)
  if (typeof route === 'string') traceDrop(ns, packet, 'ip_output', 'IP_OUTNOROUTES', route)
  else localOut(ns, packet, route)
}

/** Sends a packet made here whose source need not be ours: the reset of a rejected connection. */
export function outputAnySource(ns: NetNamespace, packet: Packet): void {
  packet.etherType = typeof packet.dst === 'bigint' ? ETHERTYPE_IPV6 : ETHERTYPE_IPV4
  const route = routeOutput(ns, packet.dst, packet.src, 0, packet.mark, true)
  if (typeof route === 'string') return
  traceNew(ns, packet)
  localOut(ns, packet, route)
}

/** __ip_local_out and dst_output. */
function localOut(ns: NetNamespace, packet: Packet, first: Route): Errno | null {
  let route = first
  traceRoute(ns, packet, route, packet.src)
  packet.inDev = null
  const { src, dst, mark, tos } = packet
  const verdict = ns.netfilter.run('OUTPUT', packet, null, outputDevice(ns, route))
  if (verdict !== 'ACCEPT') return verdict === 'DROP' ? 'EPERM' : null
  if (packet.dst !== dst || packet.src !== src || packet.mark !== mark || packet.tos !== tos) {
    // ip_route_me_harder: the source stays what it is, whoever's it is.
    const again = routeOutput(ns, packet.dst, packet.src, 0, packet.mark, true)
    if (typeof again === 'string') {
      traceDrop(ns, packet, 'ip_route_me_harder', 'IP_OUTNOROUTES', again)
      return again
    }
    if (again !== route) traceRoute(ns, packet, again, packet.src)
    route = again
  }
  ipOutputFinish(ns, packet, route, outputDevice(ns, route))
  return null
}

/** ip_output and ip_finish_output: the common end of local and forwarded packets. */
export function ipOutputFinish(ns: NetNamespace, packet: Packet, route: Route, out: NetDevice): void {
  if (ns.netfilter.run('POSTROUTING', packet, packet.inDev, out) !== 'ACCEPT') return
  const mtu = routeMtu(ns, route, packet.dst, packet.inDev !== null)
  const nextHop = out.isLoopback ? packet.dst : (route.via ?? packet.dst)
  if (ipLength(packet) <= mtu) {
    ns.neigh.output(out, nextHop, packet)
    return
  }
  if (packet.df || (typeof packet.src === 'bigint' && packet.inDev !== null)) {
    ns.icmp.report(packet, ICMP_DEST_UNREACH, ICMP_FRAG_NEEDED, mtu)
    traceDrop(ns, packet, 'ip_fragment', 'PKT_TOO_BIG', out.name)
    return
  }
  for (const piece of fragment(ns, packet, mtu)) ns.neigh.output(out, nextHop, piece)
}

/** The device that a route sends through: what is for ourselves goes through `lo`, whichever device holds the address. */
export function outputDevice(ns: NetNamespace, route: Route): NetDevice {
  return route.type === 'local' || !route.dev ? ns.lo : route.dev
}

/**
 * ip_route_output_key. `anySource`: the source need not be ours (FLOWI_FLAG_ANYSRC).
 */
export function routeOutput(ns: NetNamespace, dst: IpAddr, src: IpAddr, oif: number, mark: number, anySource = false): Route | Errno {
  if (!isUnspecified(src)) {
    if (isMulticast(src) || src === LIMITED_BROADCAST) return 'EINVAL'
    if (!anySource && !ns.fib.isLocal(src)) return 'EINVAL'
  }
  if (oif !== 0) {
    const dev = ns.link(oif)
    if (!dev) return 'ENODEV'
    if (!dev.up) return 'ENETUNREACH'
    if (dst === LIMITED_BROADCAST || isMulticast(dst)) return onLink(dst, dev)
  }
  const route = ns.fib.resolve(dst, src, 0, oif, mark)
  switch (route.type) {
    case 'none': {
      const dev = oif === 0 ? undefined : ns.link(oif)
      // A socket bound to a device may send to anybody there: the destination is taken as on-link.
      return dev ? onLink(dst, dev) : 'ENETUNREACH'
    }
    case 'unreachable':
      return 'EHOSTUNREACH'
    case 'prohibit':
      return 'EACCES'
    case 'blackhole':
      return 'EINVAL'
    case 'local':
      return route
    default:
      break
  }
  const dev = route.dev as NetDevice
  // __mkroute_output: 127.0.0.0/8 leaves the host only where route_localnet allows it.
  if (isLoopback(src) && !dev.isLoopback && dev.conf.routeLocalnet === 0 && ns.sysctl.all.routeLocalnet === 0) return 'EINVAL'
  return dst === LIMITED_BROADCAST ? onLink(dst, dev) : route
}

/** The source of a packet along a route: the route's own, the destination itself when it is ours, else the device's best. */
export function sourceFor(ns: NetNamespace, route: Route, dst: IpAddr): IpAddr | null {
  if (route.src !== null) return route.src
  if (route.type === 'local') return dst
  return route.dev ? ns.sourceAddressFor(route.via ?? (typeof dst === 'bigint' ? dst : 0), route.dev) : null
}

/** What fits: the route's own MTU, what path MTU discovery found out, or the device's. Forwarded packets ignore the second. */
export function routeMtu(ns: NetNamespace, route: Route, dst: IpAddr, forwarded: boolean): number {
  const dev = outputDevice(ns, route)
  const mtu = route.mtu > 0 ? Math.min(route.mtu, dev.mtu) : dev.mtu
  return forwarded ? mtu : ns.pathMtu.limit(dst, mtu)
}

function onLink(dst: IpAddr, dev: NetDevice): Route {
  const type = dst === LIMITED_BROADCAST ? 'broadcast' : isMulticast(dst) ? 'multicast' : 'unicast'
  return makeRoute({ prefix: { addr: dst, length: typeof dst === 'bigint' ? 128 : 32 }, dev, type, scope: 'link', protocol: 'kernel' })
}
