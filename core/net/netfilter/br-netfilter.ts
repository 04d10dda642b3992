/**
 * br_netfilter (net/bridge/br_netfilter_hooks.c): bridged IP packets pass the IP hooks PREROUTING, FORWARD and POSTROUTING as if
 * the bridge were a router, with the bridge as their device and the ports beside it (physdev). A packet whose destination was
 * rewritten to somebody behind the same bridge stays bridged; to anywhere else it is handed to the stack and routed.
 *
 * Omits: ARP (`bridge-nf-call-arptables`), VLAN and PPPoE tagged frames.
 */
import type { BridgeDevice } from '../device/bridge.ts'
import type { NetDevice } from '../device/net-device.ts'
import type { Packet } from '../packet/packet.ts'
import { traceDrop, traceRoute } from '../packet/packet-trace.ts'
import { routeInput, tracks } from '../ip/receive.ts'
import { routeOutput } from '../ip/output.ts'
import { NO_ROUTE } from '../route/route.ts'

/** br_nf_pre_routing and br_nf_pre_routing_finish. */
export function bridgePreRoutingHook(bridge: BridgeDevice, port: NetDevice, packet: Packet): void {
  const ns = bridge.netns
  packet.inDev = bridge
  packet.physIn = port
  packet.physOut = null
  if (packet.fragmentBytes > 0 && tracks(ns, packet)) {
    const whole = ns.reassembly.add(packet, bridge)
    if (whole === null) return
    packet = whole
  }
  const dst = packet.dst
  // Rules must see the packet as the bridge's own (setup_pre_routing sets PACKET_HOST).
  const frameFor = packet.frameFor
  if (frameFor === 'other') packet.frameFor = 'host'
  if (ns.netfilter.run('PREROUTING', packet, bridge, null) !== 'ACCEPT') return
  packet.frameFor = frameFor
  packet.bridgePrerouted = true
  if (packet.dst === dst) {
    bridge.finishInput(port, packet)
    return
  }
  let route = routeInput(ns, bridge, packet)
  if (typeof route === 'string') {
    // Bridged and rewritten traffic does not need forwarding switched on, as long as it stays on this bridge.
    const out = bridge.conf.forwarding === 0 ? routeOutput(ns, packet.dst, 0, 0, packet.mark) : NO_ROUTE
    if (typeof out === 'string' || out.dev !== bridge || out.type !== 'unicast') {
      traceDrop(ns, packet, 'br_netfilter', route, port.name)
      return
    }
    route = out
  }
  traceRoute(ns, packet, route, null)
  if (route.type === 'unicast' && route.dev === bridge) {
    bridgeToNeighbour(bridge, port, packet, route.via ?? packet.dst)
    return
  }
  // To be routed: the frame is made the bridge's own, and so goes up into the stack.
  packet.etherDst = bridge.mac
  packet.frameFor = 'host'
  bridge.finishInput(port, packet)
}

/** br_nf_pre_routing_finish_bridge: finds the MAC of the new destination; the source's MAC stays. */
function bridgeToNeighbour(bridge: BridgeDevice, port: NetDevice, packet: Packet, nextHop: Packet['dst']): void {
  const entry = bridge.netns.neigh.get(nextHop, bridge)
  if (entry?.connected) {
    packet.etherDst = entry.mac as number
    bridge.finishInput(port, packet)
    return
  }
  // Through the neighbour's queue and back: this is why a tap on the bridge may see such a packet go out.
  packet.bridgedDnatPort = port
  packet.bridgedDnatSrc = packet.etherSrc
  bridge.netns.neigh.output(bridge, nextHop, packet)
}

/** br_nf_forward_ip. False: the packet is gone. */
export function bridgeForwardHook(bridge: BridgeDevice, inPort: NetDevice, outPort: NetDevice, packet: Packet): boolean {
  packet.physIn = inPort
  packet.physOut = outPort
  const frameFor = packet.frameFor
  if (frameFor === 'other') packet.frameFor = 'host'
  if (bridge.netns.netfilter.run('FORWARD', packet, bridge, bridge) !== 'ACCEPT') return false
  packet.frameFor = frameFor
  return true
}

/** br_nf_post_routing: only for what was forwarded by the bridge, not for what the stack sends. */
export function bridgePostRoutingHook(bridge: BridgeDevice, outPort: NetDevice, packet: Packet): boolean {
  packet.physOut = outPort
  return bridge.netns.netfilter.run('POSTROUTING', packet, null, bridge) === 'ACCEPT'
}
