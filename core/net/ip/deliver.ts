/** A packet for this host: INPUT, and whoever is there for its protocol (ip_local_deliver, net/ipv4/ip_input.c). */
import { IpipDevice } from '../device/ipip.ts'
import type { NetDevice } from '../device/net-device.ts'
import { VxlanDevice } from '../device/vxlan.ts'
import type { NetNamespace } from '../net-namespace.ts'
import { IPPROTO_ICMP, IPPROTO_ICMPV6, IPPROTO_IPIP, IPPROTO_TCP, IPPROTO_UDP, type Packet } from '../packet/packet.ts'
import { traceDeliver, traceDrop } from '../packet/packet-trace.ts'
import { ICMP_DEST_UNREACH, ICMP_PROT_UNREACH } from './icmp-types.ts'

export function ipDeliver(ns: NetNamespace, dev: NetDevice, packet: Packet): void {
  const whole = packet.fragmentBytes > 0 ? ns.reassembly.add(packet, dev) : packet
  if (whole === null) return
  packet = whole
  if (ns.netfilter.run('INPUT', packet, dev, null) !== 'ACCEPT') return
  switch (packet.protocol) {
    case IPPROTO_TCP:
      ns.sockets.tcp.receive(packet)
      return
    case IPPROTO_UDP:
      if (!packet.inner || !deliverVxlan(ns, packet)) ns.sockets.udp.receive(packet)
      return
    case IPPROTO_ICMP:
    case IPPROTO_ICMPV6:
      ns.icmp.receive(dev, packet)
      return
    case IPPROTO_IPIP:
      if (deliverIpip(ns, packet)) return
      break
    default:
      break
  }
  ns.icmp.report(packet, ICMP_DEST_UNREACH, ICMP_PROT_UNREACH)
  traceDrop(ns, packet, 'ip_local_deliver', 'IP_NOPROTO', String(packet.protocol))
}

/** A VXLAN device owns a UDP port; the VNI tells which device. */
function deliverVxlan(ns: NetNamespace, packet: Packet): boolean {
  let portOpen = false
  for (const dev of ns.devices()) {
    if (!(dev instanceof VxlanDevice) || dev.port !== packet.dport || !dev.up) continue
    portOpen = true
    if (dev.vni !== packet.icmpId) continue
    traceDeliver(ns, packet, 'tunnel', packet.dport, 0, dev.name)
    dev.decapsulate(packet)
    return true
  }
  if (portOpen) traceDrop(ns, packet, 'vxlan', 'VXLAN_VNI_NOT_FOUND', String(packet.icmpId))
  return portOpen
}

/** The device of exactly this pair of addresses, else the one without a remote end (ip_tunnel_lookup). */
function deliverIpip(ns: NetNamespace, packet: Packet): boolean {
  let best: IpipDevice | null = null
  for (const dev of ns.devices()) {
    if (!(dev instanceof IpipDevice) || !dev.up || !packet.inner) continue
    if (dev.remote !== 0 && dev.remote !== packet.src) continue
    if (dev.local !== 0 && dev.local !== packet.dst) continue
    if (!best || dev.remote !== 0) best = dev
  }
  if (!best) return false
  traceDeliver(ns, packet, 'tunnel', 0, 0, best.name)
  best.decapsulate(packet)
  return true
}
