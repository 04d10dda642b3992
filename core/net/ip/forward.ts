/**
 * A packet for somebody else (ip_forward in net/ipv4/ip_forward.c, ip6_forward): one hop less to live, small enough for the next
 * link, FORWARD.
 *
 * Omits: ICMP redirects, strict source routes, IPsec.
 */
import { isLinkLocal } from '../addr/ip.ts'
import type { NetDevice } from '../device/net-device.ts'
import type { NetNamespace } from '../net-namespace.ts'
import { ipLength, type Packet } from '../packet/packet.ts'
import { traceDrop, traceForward } from '../packet/packet-trace.ts'
import type { Route } from '../route/route.ts'
import { ICMP_DEST_UNREACH, ICMP_EXC_TTL, ICMP_FRAG_NEEDED, ICMP_TIME_EXCEEDED } from './icmp-types.ts'
import { ipOutputFinish, routeMtu } from './output.ts'

export function ipForward(ns: NetNamespace, dev: NetDevice, packet: Packet, route: Route): void {
  const out = route.dev as NetDevice
  if (packet.frameFor !== 'host') {
    traceDrop(ns, packet, 'ip_forward', 'OTHERHOST', dev.name)
    return
  }
  if (packet.ttl <= 1) {
    ns.icmp.report(packet, ICMP_TIME_EXCEEDED, ICMP_EXC_TTL)
    traceDrop(ns, packet, 'ip_forward', 'IP_TTL_EXPIRED', '')
    return
  }
  // RFC 4291 section 2.5.6: link-local packets stay on their link.
  if (typeof packet.src === 'bigint' && (isLinkLocal(packet.src) || isLinkLocal(packet.dst))) {
    traceDrop(ns, packet, 'ip_forward', 'IP_INADDRERRORS', dev.name)
    return
  }
  const mtu = routeMtu(ns, route, packet.dst, true)
  if ((packet.df || typeof packet.src === 'bigint') && ipLength(packet) > mtu) {
    ns.icmp.report(packet, ICMP_DEST_UNREACH, ICMP_FRAG_NEEDED, mtu)
    traceDrop(ns, packet, 'ip_forward', 'PKT_TOO_BIG', out.name)
    return
  }
  packet.ttl -= 1
  traceForward(ns, packet, dev, out)
  if (ns.netfilter.run('FORWARD', packet, dev, out) !== 'ACCEPT') return
  ipOutputFinish(ns, packet, route, out)
}
