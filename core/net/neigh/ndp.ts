/**
 * Neighbour discovery for IPv6 (RFC 4861; net/ipv6/ndisc.c): solicitations to the solicited-node address, advertisements back.
 *
 * Omits: duplicate address detection, router and prefix discovery, redirects, anycast, proxies.
 */
import { type IpAddr, isMulticast } from '../addr/ip.ts'
import { type Mac, multicastMac } from '../addr/mac.ts'
import type { NetDevice } from '../device/net-device.ts'
import { ICMPV6_NEIGHBOUR_ADVERTISEMENT, ICMPV6_NEIGHBOUR_SOLICITATION } from '../ip/icmp-types.ts'
import type { NetNamespace } from '../net-namespace.ts'
import { ETHERTYPE_IPV6, IPPROTO_ICMPV6, Packet } from '../packet/packet.ts'
import { traceDeliver, traceDrop, traceNew } from '../packet/packet-trace.ts'

/** Neighbour messages come with this hop limit, so that they cannot come from another link (RFC 4861 section 7.1). */
const HOP_LIMIT = 255
const SOURCE_LINK_LAYER = 1
const TARGET_LINK_LAYER = 2
/** ff02::1:ff00:0/104 (RFC 4291 section 2.7.1). */
const SOLICITED_NODE = 0xff0200000000000000000001ff000000n

/** ndisc_solicit: asks the group of the target, or (probing a known neighbour) only `mac`. */
export function sendNeighbourSolicitation(ns: NetNamespace, dev: NetDevice, target: bigint, mac: Mac | null, cause: Packet | null): void {
  const group = SOLICITED_NODE | (target & 0xffffffn)
  const asked = cause && typeof cause.src === 'bigint' && ns.fib.isLocal(cause.src) ? cause.src : ns.sourceAddressFor(target, dev)
  const src = typeof asked === 'bigint' ? asked : 0n
  send(ns, dev, ICMPV6_NEIGHBOUR_SOLICITATION, src, mac === null ? group : target, mac ?? multicastMac(group), target, cause?.id ?? 0)
}

export function receiveNeighbourMessage(ns: NetNamespace, dev: NetDevice, packet: Packet): void {
  const target = packet.ndTarget
  if (packet.ttl !== HOP_LIMIT || typeof target !== 'bigint') {
    traceDrop(ns, packet, 'ndisc', 'IP_INADDRERRORS', dev.name)
    return
  }
  if (packet.icmpType === ICMPV6_NEIGHBOUR_ADVERTISEMENT) {
    traceDeliver(ns, packet, 'icmp', 0, 0, '')
    ns.neigh.update(target, dev, packet.arpSha, isMulticast(packet.dst) ? 'STALE' : 'REACHABLE', true, false)
    return
  }
  if (!dev.addresses.some((address) => address.ip === target)) return
  traceDeliver(ns, packet, 'icmp', 0, 0, '')
  const asker = packet.src
  if (asker !== 0n) ns.neigh.update(asker, dev, packet.arpSha, 'STALE', true, true)
  send(ns, dev, ICMPV6_NEIGHBOUR_ADVERTISEMENT, target, asker, packet.arpSha, target, packet.id)
}

function send(ns: NetNamespace, dev: NetDevice, type: number, src: IpAddr, dst: IpAddr, to: Mac, target: bigint, cause: number): void {
  const packet = new Packet()
  packet.etherType = ETHERTYPE_IPV6
  packet.protocol = IPPROTO_ICMPV6
  packet.cause = cause
  packet.icmpType = type
  packet.ttl = HOP_LIMIT
  packet.src = src
  packet.dst = dst
  packet.arpSha = dev.mac
  packet.ndTarget = target
  packet.payload = message(target, dev.mac, type === ICMPV6_NEIGHBOUR_SOLICITATION ? SOURCE_LINK_LAYER : TARGET_LINK_LAYER)
  packet.etherSrc = dev.mac
  packet.etherDst = to
  traceNew(ns, packet)
  dev.transmit(packet)
}

/** Target address and link-layer address option, as they stand in the message (RFC 4861 sections 4.3, 4.4, 4.6.1). */
function message(target: bigint, mac: Mac, option: number): Uint8Array {
  const bytes = new Uint8Array(24)
  for (let i = 0; i < 16; i += 1) bytes[i] = Number((target >> BigInt(120 - 8 * i)) & 0xffn)
  bytes[16] = option
  // In units of eight bytes.
  bytes[17] = 1
  for (let i = 0, left = mac; i < 6; i += 1, left = Math.floor(left / 256)) bytes[23 - i] = left % 256
  return bytes
}
