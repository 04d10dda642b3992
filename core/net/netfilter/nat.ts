/**
 * Address translation on top of conntrack: net/netfilter/nf_nat_core.c and nf_nat_proto.c. Rules are asked for the first packet
 * of a connection alone; its answer's tuple is changed, and every later packet is rewritten after the two tuples.
 *
 * Omits: find_appropriate_src (one source port keeps one translated port towards every destination), port shifting, SCTP.
 */
import type { HookName } from '../../sim/trace-event.ts'
import type { Random } from '../../sim/random.ts'
import { formatIp, type IpAddr, isV6 } from '../addr/ip.ts'
import type { NetDevice } from '../device/net-device.ts'
import type { NetNamespace } from '../net-namespace.ts'
import { IPPROTO_ICMP, IPPROTO_ICMPV6, IPPROTO_TCP, IPPROTO_UDP, type Packet } from '../packet/packet.ts'
import type { Conntrack } from './conntrack.ts'
import { type ConntrackEntry, hashTuple, invertTuple, ORIGINAL, sameTuple, type Tuple } from './conntrack-entry.ts'

export const NAT_RANDOM = 1
export const NAT_RANDOM_FULLY = 2
export const NAT_PERSISTENT = 4

/** What a rule allows: struct nf_nat_range2. Null addresses keep the packet's; port 0 means any. */
export interface NatRange {
  readonly low: IpAddr | null
  readonly high: IpAddr | null
  readonly minPort: number
  readonly maxPort: number
  readonly flags: number
}

export type NatSide = 'src' | 'dst'

/** NF_NAT_MAX_ATTEMPTS, and where the search gives up. */
const ATTEMPTS_MAX = 128
const ATTEMPTS_MIN = 16

export class Nat {
  readonly #ns: NetNamespace
  readonly #conntrack: Conntrack
  readonly #random: () => Random

  constructor(ns: NetNamespace, conntrack: Conntrack, random: () => Random) {
    this.#ns = ns
    this.#conntrack = conntrack
    this.#random = random
  }

  /** HOOK2MANIP. */
  static sideOf(hook: HookName): NatSide {
    return hook === 'POSTROUTING' || hook === 'INPUT' ? 'src' : 'dst'
  }

  static isDone(entry: ConntrackEntry, side: NatSide): boolean {
    return side === 'src' ? entry.snatDone : entry.dnatDone
  }

  /** nf_nat_setup_info: decides what becomes of one side of a connection. False: the packet must be dropped. */
  setUp(packet: Packet, range: NatRange, side: NatSide): boolean {
    const entry = packet.ct
    if (entry === null) return false
    if (entry.confirmed) return true
    if (Nat.isDone(entry, side)) return false
    const current = invertTuple(entry.reply)
    if (current === null) return false
    const chosen = this.#unique(current, range, side, entry)
    if (!sameTuple(chosen, current)) {
      const reply = invertTuple(chosen)
      if (reply === null) return false
      entry.reply = reply
      if (side === 'src') entry.snat = true
      else entry.dnat = true
    }
    if (side === 'src') entry.snatDone = true
    else entry.dnatDone = true
    return true
  }

  /** nf_nat_alloc_null_binding: no rule wanted anything; the tuple must still be free. */
  setUpNothing(packet: Packet, side: NatSide): boolean {
    const reply = packet.ct?.reply
    if (!reply) return false
    const address = side === 'src' ? reply.dst : reply.src
    return this.setUp(packet, { low: address, high: address, minPort: 0, maxPort: 0, flags: 0 }, side)
  }

  /** A masqueraded connection that leaves through another device than it began with is over (nf_nat_oif_changed). */
  leftThroughOther(packet: Packet, hook: HookName, outDev: NetDevice | null): boolean {
    const entry = packet.ct
    return (
      hook === 'POSTROUTING' &&
      entry !== null &&
      entry.masqueradeIfindex !== 0 &&
      packet.ctDirection === ORIGINAL &&
      packet.ctInfo !== 'RELATED' &&
      outDev !== null &&
      outDev.ifindex !== entry.masqueradeIfindex
    )
  }

  /** nf_nat_packet, and nf_nat_icmp_reply_translation for errors: rewrites what this hook may rewrite. */
  rewrite(packet: Packet, hook: HookName): void {
    const entry = packet.ct
    if (entry === null) return
    const side = Nat.sideOf(hook)
    const original = packet.ctDirection === ORIGINAL
    const half = original === (side === 'src') ? entry.snat : entry.dnat
    if (!half) return
    const opposite = original ? entry.reply : entry.original
    const target = invertTuple(opposite)
    if (target === null) return
    const before = endsText(packet)
    if (packet.ctInfo === 'RELATED' && packet.quoted !== null) {
      rewriteQuoted(packet.quoted, opposite, side === 'src' ? 'dst' : 'src')
      packet[side] = target[side]
    } else rewriteSide(packet, target, side)
    const after = endsText(packet)
    if (after === before) return
    const nat = original ? (side === 'src' ? 'snat' : 'dnat') : side === 'dst' ? 'un-snat' : 'un-dnat'
    this.#ns.world.trace.emit({
      kind: 'packet.nat',
      packet: packet.id,
      netns: this.#ns.id,
      hook,
      nat,
      entry: entry.id,
      from: before,
      to: after,
    })
  }

  /** get_unique_tuple. */
  #unique(original: Tuple, range: NatRange, side: NatSide, entry: ConntrackEntry): Tuple {
    const randomAll = (range.flags & (NAT_RANDOM | NAT_RANDOM_FULLY)) !== 0
    if (side === 'src' && !randomAll && inRange(original, range, side) && !this.#isUsed(original, entry)) return original
    const tuple = { ...original, [side]: bestAddress(original, range, side) }
    if (!randomAll) {
      if (range.minPort !== 0) {
        if (portInRange(tuple, range, side) && (range.minPort === range.maxPort || !this.#isUsed(tuple, entry))) return tuple
      } else if (!this.#isUsed(tuple, entry)) return tuple
    }
    return this.#uniquePort(tuple, range, side, entry, randomAll)
  }

  /** nf_nat_l4proto_unique_tuple. When nothing is free the last try stands, and the confirmation will fail. */
  #uniquePort(tuple: Tuple, range: NatRange, side: NatSide, entry: ConntrackEntry, randomAll: boolean): Tuple {
    const key = portKey(tuple.protocol, side)
    if (key === null) return tuple
    let min = range.minPort
    let size = range.maxPort - range.minPort + 1
    if (range.minPort === 0) {
      const port = tuple[key]
      if (isIcmp(tuple.protocol)) [min, size] = [0, 65536]
      else if (side === 'dst') return tuple
      else if (port < 512) [min, size] = [1, 511]
      else if (port < 1024) [min, size] = [600, 424]
      else [min, size] = [1024, 64512]
    }
    const random = this.#random()
    let offset = randomAll || side === 'src' ? random.below(65536) : 0
    const tried = { ...tuple }
    for (let attempts = Math.min(size, ATTEMPTS_MAX); ; attempts = attempts >> 1) {
      for (let i = 0; i < attempts; i += 1) {
        tried[key] = min + (offset % size)
        offset += 1
        if (!this.#isUsed(tried, entry)) return tried
      }
      if (attempts >= size || attempts < ATTEMPTS_MIN) return tried
      offset = random.below(65536)
    }
  }

  #isUsed(tuple: Tuple, entry: ConntrackEntry): boolean {
    const reply = invertTuple(tuple)
    const holder = reply === null ? undefined : this.#conntrack.find(reply)
    return holder !== undefined && holder.entry !== entry
  }
}

function isIcmp(protocol: number): boolean {
  return protocol === IPPROTO_ICMP || protocol === IPPROTO_ICMPV6
}

/** Which field of a tuple stands for the port of `side`; null for protocols without ports. */
function portKey(protocol: number, side: NatSide): 'sport' | 'dport' | null {
  if (isIcmp(protocol)) return 'sport'
  if (protocol !== IPPROTO_TCP && protocol !== IPPROTO_UDP && protocol !== 132) return null
  return side === 'src' ? 'sport' : 'dport'
}

function inRange(tuple: Tuple, range: NatRange, side: NatSide): boolean {
  if (range.low !== null && range.high !== null && (tuple[side] < range.low || tuple[side] > range.high)) return false
  return range.minPort === 0 || portInRange(tuple, range, side)
}

function portInRange(tuple: Tuple, range: NatRange, side: NatSide): boolean {
  const key = portKey(tuple.protocol, side)
  return key === null || (tuple[key] >= range.minPort && tuple[key] <= range.maxPort)
}

/** find_best_ips_proto: one client always gets the same address of a range. */
function bestAddress(tuple: Tuple, range: NatRange, side: NatSide): IpAddr {
  const { low, high, flags } = range
  if (low === null || high === null) return tuple[side]
  if (low === high) return low
  const seed: Tuple = { src: tuple.src, dst: (flags & NAT_PERSISTENT) !== 0 ? tuple.src : tuple.dst, protocol: 0, sport: 0, dport: 0 }
  const hash = hashTuple(seed) >>> 0
  if (typeof low === 'bigint' || typeof high === 'bigint') return BigInt(low) + (BigInt(hash) % (BigInt(high) - BigInt(low) + 1n))
  return low + (hash % (high - low + 1))
}

function rewriteSide(packet: Packet, target: Tuple, side: NatSide): void {
  packet[side] = target[side]
  if (isIcmp(packet.protocol)) packet.icmpId = target.sport
  else if (side === 'src') packet.sport = target.sport
  else packet.dport = target.dport
}

/** The quoted packet went the other way: what it shows is what its sender must recognise. */
function rewriteQuoted(quoted: Packet, tuple: Tuple, side: NatSide): void {
  rewriteSide(quoted, tuple, side)
}

function endsText({ src, dst, sport, dport, protocol, icmpId }: Packet): string {
  const icmp = isIcmp(protocol)
  return `${endText(src, icmp ? icmpId : sport)}->${endText(dst, icmp ? icmpId : dport)}`
}

function endText(ip: IpAddr, port: number): string {
  return isV6(ip) ? `[${formatIp(ip)}]:${port}` : `${formatIp(ip)}:${port}`
}
