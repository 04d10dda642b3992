/** The stages' trace events about packets, in one place so that every stage spells them alike. */
import { formatIp, formatPrefix, type IpAddr } from '../addr/ip.ts'
import { formatMac, type Mac } from '../addr/mac.ts'
import type { NetDevice } from '../device/net-device.ts'
import type { DropReason } from '../drop-reason.ts'
import type { NetNamespace } from '../net-namespace.ts'
import type { NetWorld } from '../net-world.ts'
import type { Route } from '../route/route.ts'
import { tableName } from '../route/route.ts'
import { ETHERTYPE_ARP, type Packet, ipLength } from './packet.ts'

/** Gives the packet its number and tells the world that it exists. Everything that never changes must be set. */
export function traceNew(ns: NetNamespace, packet: Packet): void {
  const world: NetWorld = ns.world
  packet.id = world.nextPacketId()
  const arp = packet.etherType === ETHERTYPE_ARP
  world.trace.emit({
    kind: 'packet.new',
    packet: packet.id,
    netns: ns.id,
    cause: packet.cause,
    inner: packet.inner?.id ?? 0,
    etherType: packet.etherType,
    protocol: packet.protocol,
    src: formatIp(packet.src),
    dst: formatIp(packet.dst),
    sport: packet.sport,
    dport: packet.dport,
    ttl: packet.ttl,
    ipId: packet.ipId,
    tos: packet.tos,
    df: packet.df,
    fragmentOffset: packet.fragmentOffset,
    moreFragments: packet.moreFragments,
    seq: packet.seq,
    ack: packet.ack,
    flags: packet.flags,
    window: packet.window,
    mss: packet.mss,
    windowScale: packet.windowScale,
    tsVal: packet.tsVal,
    tsEcr: packet.tsEcr,
    sackOk: packet.sackOk,
    icmpType: packet.icmpType,
    icmpCode: packet.icmpCode,
    icmpId: packet.icmpId,
    icmpSeq: packet.icmpSeq,
    arpSha: arp ? formatMac(packet.arpSha) : '',
    arpTha: arp ? formatMac(packet.arpTha) : '',
    payload: latin1(packet.payload),
    process: packet.process,
  })
}

export function traceTap(ns: NetNamespace, packet: Packet, dev: NetDevice, dir: 'in' | 'out'): void {
  ns.world.trace.emit({
    kind: 'packet.tap',
    packet: packet.id,
    netns: ns.id,
    ifindex: dev.ifindex,
    dir,
    smac: formatMac(packet.etherSrc),
    dmac: formatMac(packet.etherDst),
    src: formatIp(packet.src),
    dst: formatIp(packet.dst),
    sport: packet.sport,
    dport: packet.dport,
    ttl: packet.ttl,
    length: ipLength(packet),
  })
}

export function traceDrop(ns: NetNamespace, packet: Packet, at: string, reason: DropReason, detail: string): void {
  ns.world.trace.emit({ kind: 'packet.drop', packet: packet.id, netns: ns.id, at, reason, detail })
}

export function traceDeliver(ns: NetNamespace, packet: Packet, to: string, port: number, pid: number, process: string): void {
  ns.world.trace.emit({ kind: 'packet.deliver', packet: packet.id, netns: ns.id, to, port, pid, process })
}

export function traceRoute(ns: NetNamespace, packet: Packet, route: Route, src: IpAddr | null): void {
  ns.world.trace.emit({
    kind: 'packet.route',
    packet: packet.id,
    netns: ns.id,
    dst: formatIp(packet.dst),
    result: route.type,
    prefix: route.type === 'none' ? '' : formatPrefix(route.prefix),
    via: route.via === null ? '' : formatIp(route.via),
    ifindex: route.dev?.ifindex ?? 0,
    src: src === null ? '' : formatIp(src),
    table: route.type === 'none' ? '' : tableName(route.table),
  })
}

export function traceForward(ns: NetNamespace, packet: Packet, inDev: NetDevice, outDev: NetDevice): void {
  ns.world.trace.emit({
    kind: 'packet.forward',
    packet: packet.id,
    netns: ns.id,
    inIfindex: inDev.ifindex,
    outIfindex: outDev.ifindex,
    ttl: packet.ttl,
  })
}

export function traceNeigh(
  ns: NetNamespace,
  packet: Packet,
  dev: NetDevice,
  ip: IpAddr,
  mac: Mac | null,
  result: 'resolved' | 'queued',
): void {
  ns.world.trace.emit({
    kind: 'packet.neigh',
    packet: packet.id,
    netns: ns.id,
    ifindex: dev.ifindex,
    ip: formatIp(ip),
    mac: mac === null ? '' : formatMac(mac),
    result,
  })
}

export function traceBridge(
  ns: NetNamespace,
  packet: Packet,
  bridge: NetDevice,
  inPort: NetDevice | null,
  outPort: NetDevice | null,
  decision: 'forward' | 'flood' | 'local',
): void {
  ns.world.trace.emit({
    kind: 'packet.bridge',
    packet: packet.id,
    netns: ns.id,
    bridge: bridge.ifindex,
    inPort: inPort?.ifindex ?? 0,
    outPort: outPort?.ifindex ?? 0,
    decision,
    dmac: formatMac(packet.etherDst),
  })
}

export function traceTunnel(ns: NetNamespace, kind: 'packet.encap' | 'packet.decap', inner: Packet, outer: Packet, dev: NetDevice): void {
  ns.world.trace.emit({ kind, packet: inner.id, netns: ns.id, ifindex: dev.ifindex, outer: outer.id })
}

/** Characters per call: an argument list must stay short. */
const CHUNK = 8192

function latin1(bytes: Uint8Array): string {
  if (bytes.length === 0) return ''
  if (bytes.length <= CHUNK) return fromBytes(bytes)
  let text = ''
  for (let at = 0; at < bytes.length; at += CHUNK) text += fromBytes(bytes.subarray(at, at + CHUNK))
  return text
}

/** `apply` takes the array as it is; spreading it would walk an iterator byte by byte. */
function fromBytes(bytes: Uint8Array): string {
  return Reflect.apply(String.fromCharCode, null, bytes)
}
