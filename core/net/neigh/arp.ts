/**
 * The Address Resolution Protocol (RFC 826, RFC 5227 for announcements) as net/ipv4/arp.c does it: who is asked, who answers,
 * who is learned from.
 *
 * Omits: proxy ARP delays, arp_filter, arp_accept, arp_notify, hardware types other than Ethernet.
 */
import { type IpAddr, isLoopback, isMulticast, networkOf, prefixContains } from '../addr/ip.ts'
import { BROADCAST_MAC, type Mac } from '../addr/mac.ts'
import type { NetDevice } from '../device/net-device.ts'
import type { NetNamespace } from '../net-namespace.ts'
import { ETHERTYPE_ARP, Packet } from '../packet/packet.ts'
import { traceDeliver, traceDrop, traceNew } from '../packet/packet-trace.ts'

export const ARP_REQUEST = 1
export const ARP_REPLY = 2
/** A different MAC for the same address is not believed sooner than this after the last one (NEIGH_VAR LOCKTIME). */
const LOCKTIME_US = 1_000_000

/** arp_solicit: asks everybody, or (probing a known neighbour) only `mac`. */
export function sendArpRequest(ns: NetNamespace, dev: NetDevice, target: number, mac: Mac | null, cause: Packet | null): void {
  sendArp(ns, dev, ARP_REQUEST, announcedSource(ns, dev, target, cause), target, mac ?? BROADCAST_MAC, 0, cause?.id ?? 0)
}

/** A gratuitous request: tells the link that `ip` is here, as `arping -U` and VIP holders do. */
export function announceArp(ns: NetNamespace, dev: NetDevice, ip: number): void {
  sendArp(ns, dev, ARP_REQUEST, ip, ip, BROADCAST_MAC, 0, 0)
}

/** An ARP message as written: for `arping` and layer-2 load balancers. */
export function sendArp(
  ns: NetNamespace,
  dev: NetDevice,
  operation: number,
  src: number,
  target: number,
  to: Mac,
  targetMac: Mac,
  cause: number,
): void {
  const packet = new Packet()
  packet.etherType = ETHERTYPE_ARP
  packet.cause = cause
  packet.icmpType = operation
  packet.ttl = 0
  packet.src = src
  packet.dst = target
  packet.arpSha = dev.mac
  packet.arpTha = targetMac
  packet.etherSrc = dev.mac
  packet.etherDst = to
  traceNew(ns, packet)
  dev.transmit(packet)
}

/** arp_rcv and arp_process. */
export function receiveArp(ns: NetNamespace, dev: NetDevice, packet: Packet): void {
  const sender = packet.src as number
  const target = packet.dst as number
  if (packet.frameFor === 'other') {
    traceDrop(ns, packet, 'arp', 'OTHERHOST', dev.name)
    return
  }
  if (dev.noArp || isMulticast(target) || (isLoopback(target) && dev.conf.routeLocalnet === 0 && ns.sysctl.all.routeLocalnet === 0)) {
    traceDrop(ns, packet, 'arp', 'IP_INVALID_DEST', dev.name)
    return
  }
  ns.packetSockets.deliver(dev, packet)
  if (packet.icmpType === ARP_REQUEST) {
    // Duplicate address detection (RFC 5227 section 2.1.1): nobody is learned from 0.0.0.0.
    if (sender === 0) {
      if (ns.fib.isLocal(target) && answers(ns, dev, sender, target)) reply(ns, dev, packet)
      return
    }
    if (ns.fib.isLocal(target)) {
      if (!answers(ns, dev, sender, target)) return
      ns.neigh.update(sender, dev, packet.arpSha, 'STALE', mayOverride(ns, dev, sender), true)
      traceDeliver(ns, packet, 'arp', 0, 0, '')
      reply(ns, dev, packet)
      return
    }
    if (proxies(ns, dev, target)) {
      ns.neigh.update(sender, dev, packet.arpSha, 'STALE', mayOverride(ns, dev, sender), true)
      traceDeliver(ns, packet, 'arp', 0, 0, '')
      reply(ns, dev, packet)
      return
    }
  }
  // Replies, announcements and requests for others update those who are known already.
  const entry = ns.neigh.get(sender, dev)
  if (!entry) return
  const gratuitous = sender === target
  const isReply = packet.icmpType === ARP_REPLY
  if (isReply) traceDeliver(ns, packet, 'arp', 0, 0, '')
  const state = isReply && packet.frameFor === 'host' ? 'REACHABLE' : 'STALE'
  ns.neigh.update(sender, dev, packet.arpSha, state, gratuitous || mayOverride(ns, dev, sender), false)
}

function reply(ns: NetNamespace, dev: NetDevice, request: Packet): void {
  sendArp(ns, dev, ARP_REPLY, request.dst as number, request.src as number, request.arpSha, request.arpSha, request.id)
}

function mayOverride(ns: NetNamespace, dev: NetDevice, ip: IpAddr): boolean {
  const entry = ns.neigh.get(ip, dev)
  return !entry || ns.world.clock.nowUs > entry.updatedUs + LOCKTIME_US
}

/** arp_ignore: 0 any local address on any interface, 1 only this interface's, 2 also from the same subnet, 8 none. */
function answers(ns: NetNamespace, dev: NetDevice, sender: IpAddr, target: IpAddr): boolean {
  const mode = Math.max(dev.conf.arpIgnore, ns.sysctl.all.arpIgnore)
  if (mode === 0) return true
  if (mode >= 8) return false
  const own = dev.addresses.find((address) => address.ip === target)
  return own !== undefined && (mode === 1 || prefixContains(networkOf(own.ip, own.prefixLength), sender))
}

/** proxy_arp: answer for whatever is routed through another interface (arp_fwd_proxy). */
function proxies(ns: NetNamespace, dev: NetDevice, target: IpAddr): boolean {
  if (dev.conf.forwarding === 0 || (dev.conf.proxyArp === 0 && ns.sysctl.all.proxyArp === 0)) return false
  const route = ns.fib.resolve(target, 0, dev.ifindex, 0, 0)
  return route.type === 'unicast' && route.dev !== null && route.dev !== dev
}

/** arp_announce 0: the packet's own source if it is ours, else the device's best address for this target. */
function announcedSource(ns: NetNamespace, dev: NetDevice, target: number, cause: Packet | null): number {
  const mode = Math.max(dev.conf.arpAnnounce, ns.sysctl.all.arpAnnounce)
  const src = cause?.src
  if (mode < 2 && typeof src === 'number' && ns.fib.isLocal(src)) {
    if (mode === 0) return src
    if (dev.addresses.some((a) => a.ip === src && prefixContains(networkOf(a.ip, a.prefixLength), target))) return src
  }
  const chosen = ns.sourceAddressFor(target, dev)
  return typeof chosen === 'number' ? chosen : 0
}
