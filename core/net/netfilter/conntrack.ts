/**
 * Connection tracking of one network namespace: net/netfilter/nf_conntrack_core.c. A connection is made with its first packet,
 * enters the table when that packet leaves the stack (`confirm`), and dies when nothing was seen of it for its time-out.
 * Both directions are found by a numeric hash of their tuple.
 *
 * Omits: zones, expectations and helpers, byte counters (nf_conntrack_acct is off), SCTP and GRE states.
 */
import { byNumber } from '../../base/text-order.ts'
import type { HookName } from '../../sim/trace-event.ts'
import type { IpAddr } from '../addr/ip.ts'
import type { NetNamespace } from '../net-namespace.ts'
import { IPPROTO_ICMP, IPPROTO_ICMPV6, IPPROTO_TCP, IPPROTO_UDP, type Packet, TCP_RST } from '../packet/packet.ts'
import {
  type ConntrackDirection,
  ConntrackEntry,
  type ConntrackInfo,
  hashTuple,
  invertTuple,
  ORIGINAL,
  REPLY,
  sameTuple,
  type TcpConntrackState,
  type Tuple,
  tupleOf,
  tupleText,
} from './conntrack-entry.ts'
import { reopens, TCP_TIMEOUT_UNACKNOWLEDGED_S, TCP_TIMEOUTS, tcpFirstState, tcpStep, validTcpFlags } from './conntrack-tcp.ts'

export type { ConntrackEntry } from './conntrack-entry.ts'

const SECOND_US = 1_000_000
/** Seconds of nf_conntrack_udp_timeout, _udp_timeout_stream, _icmp_timeout, _generic_timeout. */
const UDP_TIMEOUT_S = 30
const UDP_STREAM_TIMEOUT_S = 120
const ICMP_TIMEOUT_S = 30
const GENERIC_TIMEOUT_S = 600
/** A UDP exchange older than this is a stream (nf_conntrack_proto_udp.c). */
const UDP_STREAM_AFTER_US = 2 * SECOND_US
/** nf_conntrack_max of a machine with a few gigabytes. */
const CONNTRACK_MAX = 262144
/** How long a connection lives that clashed with another one. */
const CLASH_TIMEOUT_US = SECOND_US
/** How many entries early_drop looks at before it gives up. */
const EARLY_DROP_LOOK_MAX = 64

/** What `conntrack -D` and kube-proxy select by; fields left out match everything. */
export interface ConntrackFilter {
  version?: 4 | 6
  protocol?: number
  origSrc?: IpAddr
  origDst?: IpAddr
  origSport?: number
  origDport?: number
  replySrc?: IpAddr
  replyDst?: IpAddr
  replySport?: number
  replyDport?: number
  /** For whatever the fields above cannot say. */
  where?: (entry: ConntrackEntry) => boolean
}

/** Counters of `conntrack -S`. */
export interface ConntrackStats {
  found: number
  invalid: number
  insert: number
  insertFailed: number
  drop: number
  earlyDrop: number
  error: number
  searchRestart: number
  clashResolve: number
}

interface Slot {
  readonly entry: ConntrackEntry
  readonly direction: ConntrackDirection
}

/** ICMP types that quote the packet they are about. */
const ICMP_ERRORS: ReadonlySet<number> = new Set([3, 4, 5, 11, 12])
const ICMPV6_ERRORS: ReadonlySet<number> = new Set([1, 2, 3, 4])
/** ICMP types that open a connection. */
const ICMP_REQUESTS: ReadonlySet<number> = new Set([8, 13, 15, 17])
const ICMPV6_REQUESTS: ReadonlySet<number> = new Set([128, 139])
/** Neighbour discovery and multicast listeners are never tracked (icmpv6_error). */
const ICMPV6_UNTRACKED: ReadonlySet<number> = new Set([130, 131, 132, 133, 134, 135, 136, 137, 143])

export type ConntrackEventListener = (kind: 'NEW' | 'UPDATE' | 'DESTROY', entry: ConntrackEntry) => void

export class Conntrack {
  readonly ns: NetNamespace
  readonly stats: ConntrackStats = {
    found: 0,
    invalid: 0,
    insert: 0,
    insertFailed: 0,
    drop: 0,
    earlyDrop: 0,
    error: 0,
    searchRestart: 0,
    clashResolve: 0,
  }
  max = CONNTRACK_MAX
  readonly #buckets = new Map<number, Slot[]>()
  readonly #entries = new Map<number, ConntrackEntry>()
  readonly #listeners = new Set<ConntrackEventListener>()
  readonly #tcpTimeoutUs = new Map<TcpConntrackState, number>()
  #udpUs = UDP_TIMEOUT_S * SECOND_US
  #udpStreamUs = UDP_STREAM_TIMEOUT_S * SECOND_US
  #icmpUs = ICMP_TIMEOUT_S * SECOND_US
  #genericUs = GENERIC_TIMEOUT_S * SECOND_US
  #nextId = 1

  constructor(ns: NetNamespace) {
    this.ns = ns
    this.#defineSysctls()
  }

  get count(): number {
    return this.#entries.size
  }

  /** Every confirmed connection, oldest first; those that only wait for a reply are not listed, as in the kernel. */
  entries(): ConntrackEntry[] {
    return [...this.#entries.values()].filter((entry) => !entry.clashed).sort((a, b) => byNumber(a.id, b.id))
  }

  /** `conntrack -E`: hears of every change until the returned function is called. */
  listen(listener: ConntrackEventListener): () => void {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }

  /** Forgets the connections that `filter` selects; how many there were. */
  delete(filter: ConntrackFilter): number {
    const doomed = this.entries().filter((entry) => selects(filter, entry))
    for (const entry of doomed) this.#destroy(entry)
    return doomed.length
  }

  flush(): number {
    return this.delete({})
  }

  setMark(entry: ConntrackEntry, mark: number): void {
    if (entry.mark === mark) return
    entry.mark = mark
    this.#changed(entry)
  }

  /** The connection whose tuple in some direction is this one. */
  find(tuple: Tuple): Slot | undefined {
    const bucket = this.#buckets.get(hashTuple(tuple))
    if (!bucket) return undefined
    for (let i = 0; i < bucket.length; i += 1) {
      const slot = bucket[i]
      if (!sameTuple(slot.direction === ORIGINAL ? slot.entry.original : slot.entry.reply, tuple)) continue
      if (slot.entry.expiresAtUs > this.ns.world.clock.nowUs) return slot
      this.#destroy(slot.entry)
      return undefined
    }
    return undefined
  }

  /** nf_conntrack_in. False: the packet must be dropped. */
  in(hook: HookName, packet: Packet): boolean {
    // Tracked already: loopback, or a bridge that is a router too.
    if (packet.ct !== null) return true
    const info = this.#track(packet)
    if (info === null) return false
    packet.ctInfo = info
    if (info === 'UNTRACKED') return true
    if (info === 'INVALID') this.stats.invalid += 1
    const { ct } = packet
    const { ns } = this
    ns.world.trace.emit({
      kind: 'packet.conntrack',
      packet: packet.id,
      netns: ns.id,
      hook,
      entry: (ct as ConntrackEntry | null)?.id ?? 0,
      state: info,
      direction: packet.ctDirection === REPLY ? 'reply' : 'original',
    })
    return true
  }

  /** __nf_conntrack_confirm: a new connection enters the table. False: somebody was faster, and the packet is lost. */
  confirm(packet: Packet): boolean {
    const entry = packet.ct
    if (entry === null || entry.confirmed) return true
    // What a rejection answers does not open the connection that it refuses.
    if (packet.ctDirection === REPLY) return true
    if (entry.dying) return false
    const clash = this.find(entry.original) ?? this.find(entry.reply)
    if (clash) return this.#resolveClash(packet, entry, clash.entry)
    entry.confirmed = true
    this.#insert(entry)
    return true
  }

  /** A connection that is not in the table is forgotten together with its packet. */
  #track(packet: Packet): ConntrackInfo | null {
    const { protocol } = packet
    if (protocol === IPPROTO_ICMP && ICMP_ERRORS.has(packet.icmpType)) return this.#relate(packet)
    if (protocol === IPPROTO_ICMPV6) {
      if (ICMPV6_ERRORS.has(packet.icmpType)) return this.#relate(packet)
      if (ICMPV6_UNTRACKED.has(packet.icmpType)) return 'UNTRACKED'
    }
    if (protocol === IPPROTO_TCP && !validTcpFlags(packet.flags)) return 'INVALID'
    const tuple = tupleOf(packet)
    const slot = this.find(tuple)
    if (!slot) return this.#open(packet, tuple)
    const { entry, direction } = slot
    const info: ConntrackInfo = direction === REPLY || entry.seenReply ? 'ESTABLISHED' : 'NEW'
    let changed = false
    if (protocol === IPPROTO_TCP) {
      const step = tcpStep(entry.tcpState, direction, packet.flags)
      if (reopens(entry, direction, step)) {
        this.#destroy(entry)
        return this.#open(packet, tuple)
      }
      packet.ct = entry
      packet.ctDirection = direction
      if (step === 'invalid') {
        packet.ct = null
        packet.ctDirection = ORIGINAL
        return 'INVALID'
      }
      if (this.#tcp(entry, direction, packet, step)) changed = true
    } else {
      packet.ct = entry
      packet.ctDirection = direction
      if (this.#refreshPlain(entry, direction)) changed = true
    }
    if (direction === REPLY && !entry.seenReply) {
      entry.seenReply = true
      changed = true
    }
    if (changed) this.#changed(entry)
    return info
  }

  /** init_conntrack. */
  #open(packet: Packet, original: Tuple): ConntrackInfo | null {
    const { protocol } = packet
    if (protocol === IPPROTO_ICMP && !ICMP_REQUESTS.has(packet.icmpType)) return 'INVALID'
    if (protocol === IPPROTO_ICMPV6 && !ICMPV6_REQUESTS.has(packet.icmpType)) return 'INVALID'
    const reply = invertTuple(original)
    if (reply === null) return 'INVALID'
    const first = protocol === IPPROTO_TCP ? tcpFirstState(packet.flags) : ''
    if (first === 'invalid' || first === 'ignore') return 'INVALID'
    if (this.#entries.size >= this.max && !this.#earlyDrop()) {
      this.stats.drop += 1
      return null
    }
    const entry = new ConntrackEntry(this.#nextId, packet.version, original, reply)
    this.#nextId += 1
    entry.tcpState = first
    entry.streamAtUs = this.ns.world.clock.nowUs + UDP_STREAM_AFTER_US
    // Picked up in the middle (nf_conntrack_tcp_loose): nothing is known of the other side yet.
    const us = first === 'ESTABLISHED' ? TCP_TIMEOUT_UNACKNOWLEDGED_S * SECOND_US : this.#timeoutUs(entry)
    entry.expiresAtUs = this.ns.world.clock.nowUs + us
    packet.ct = entry
    packet.ctDirection = ORIGINAL
    return 'NEW'
  }

  /** icmp_error_message: an error belongs to the connection of the packet that it quotes. */
  #relate(packet: Packet): ConntrackInfo {
    const quoted = packet.quoted
    const answer = quoted ? invertTuple(tupleOf(quoted)) : null
    const slot = answer ? this.find(answer) : undefined
    if (!slot) return 'INVALID'
    packet.ct = slot.entry
    packet.ctDirection = slot.direction
    return 'RELATED'
  }

  /** Whether anybody should hear of it. */
  #tcp(entry: ConntrackEntry, direction: ConntrackDirection, packet: Packet, step: TcpConntrackState | 'ignore'): boolean {
    if (step === 'ignore') return false
    const before = entry.tcpState
    entry.lastDirection = direction
    entry.lastWasReset = (packet.flags & TCP_RST) !== 0
    if (!entry.seenReply && direction === REPLY && entry.lastWasReset && entry.confirmed) {
      // A connection that was only ever refused is forgotten at once.
      entry.tcpState = 'CLOSE'
      this.#destroy(entry)
      return false
    }
    entry.tcpState = step
    if (step === 'FIN_WAIT' || step === 'LAST_ACK' || step === 'TIME_WAIT') entry.closeSeen = true
    if (step === 'ESTABLISHED' && entry.seenReply && (before === 'SYN_RECV' || before === 'ESTABLISHED')) entry.assured = true
    this.#refresh(entry, this.#timeoutUs(entry))
    return before !== step
  }

  #refreshPlain(entry: ConntrackEntry, direction: ConntrackDirection): boolean {
    const { nowUs } = this.ns.world.clock
    if (entry.clashed) return false
    if (entry.original.protocol !== IPPROTO_UDP || !(entry.seenReply || direction === REPLY)) {
      this.#refresh(entry, this.#timeoutUs(entry))
      return false
    }
    const stream = entry.seenReply && nowUs > entry.streamAtUs
    this.#refresh(entry, stream ? this.#udpStreamUs : this.#udpUs)
    if (!stream || entry.assured) return false
    entry.assured = true
    return true
  }

  #timeoutUs(entry: ConntrackEntry): number {
    switch (entry.original.protocol) {
      case IPPROTO_TCP:
        return this.#tcpTimeoutUs.get(entry.tcpState) ?? (this.#tcpTimeoutUs.get('SYN_SENT') as number)
      case IPPROTO_UDP:
        return this.#udpUs
      case IPPROTO_ICMP:
      case IPPROTO_ICMPV6:
        return this.#icmpUs
      default:
        return this.#genericUs
    }
  }

  #refresh(entry: ConntrackEntry, us: number): void {
    const { clock } = this.ns.world
    entry.expiresAtUs = clock.nowUs + us
    // A timer that fires early looks again; one that would fire too late is set anew.
    if (entry.timer && entry.timer.atUs > entry.expiresAtUs) this.#arm(entry)
  }

  #arm(entry: ConntrackEntry): void {
    const { clock } = this.ns.world
    clock.cancel(entry.timer)
    entry.timer = clock.afterInBackground(entry.expiresAtUs - clock.nowUs, () => {
      entry.timer = null
      if (entry.dying) return
      if (entry.expiresAtUs <= clock.nowUs) this.#destroy(entry)
      else this.#arm(entry)
    })
  }

  #insert(entry: ConntrackEntry): void {
    this.#entries.set(entry.id, entry)
    this.#addSlot(entry.original, { entry, direction: ORIGINAL })
    this.#addSlot(entry.reply, { entry, direction: REPLY })
    this.#arm(entry)
    this.#emit('conntrack.new', entry)
    this.#tell('NEW', entry)
  }

  #addSlot(tuple: Tuple, slot: Slot): void {
    const hash = hashTuple(tuple)
    const bucket = this.#buckets.get(hash)
    if (bucket) bucket.push(slot)
    else this.#buckets.set(hash, [slot])
  }

  #dropSlot(tuple: Tuple, entry: ConntrackEntry, direction: ConntrackDirection): void {
    const hash = hashTuple(tuple)
    const rest = this.#buckets.get(hash)?.filter((slot) => slot.entry !== entry || slot.direction !== direction)
    if (!rest) return
    if (rest.length === 0) this.#buckets.delete(hash)
    else this.#buckets.set(hash, rest)
  }

  #destroy(entry: ConntrackEntry): void {
    if (entry.dying) return
    entry.dying = true
    this.ns.world.clock.cancel(entry.timer)
    entry.timer = null
    if (!this.#entries.delete(entry.id)) return
    this.#dropSlot(entry.original, entry, ORIGINAL)
    this.#dropSlot(entry.reply, entry, REPLY)
    this.#emit('conntrack.del', entry)
    this.#tell('DESTROY', entry)
  }

  #changed(entry: ConntrackEntry): void {
    if (!entry.confirmed || entry.dying) return
    this.#emit('conntrack.set', entry)
    this.#tell('UPDATE', entry)
  }

  #tell(kind: 'NEW' | 'UPDATE' | 'DESTROY', entry: ConntrackEntry): void {
    for (const listener of this.#listeners) listener(kind, entry)
  }

  #emit(kind: 'conntrack.new' | 'conntrack.set' | 'conntrack.del', entry: ConntrackEntry): void {
    const { ns } = this
    const { protocol } = entry.original
    const state = protocol === IPPROTO_TCP ? entry.tcpState : entry.seenReply ? (entry.assured ? 'ASSURED' : 'REPLIED') : 'UNREPLIED'
    ns.world.trace.emit({
      kind,
      netns: ns.id,
      entry: entry.id,
      protocol: protocolWord(protocol),
      original: tupleText(entry.original),
      reply: tupleText(entry.reply),
      state,
    })
  }

  /** early_drop: a full table gives up the oldest connection that nobody has proved to be real. */
  #earlyDrop(): boolean {
    let looked = 0
    for (const entry of this.#entries.values()) {
      if (!entry.assured) {
        this.#destroy(entry)
        this.stats.earlyDrop += 1
        return true
      }
      looked += 1
      if (looked >= EARLY_DROP_LOOK_MAX) break
    }
    return false
  }

  /**
   * nf_ct_resolve_clash: two first packets of one UDP flow raced. The later one joins the earlier's connection; when they were sent
   * to different places (A and AAAA to two name servers), it gets one of its own for a second, which only replies find
   * (nf_ct_resolve_clash_harder, since Linux 5.7).
   */
  #resolveClash(packet: Packet, loser: ConntrackEntry, winner: ConntrackEntry): boolean {
    const same = sameTuple(loser.original, winner.original) && sameTuple(loser.reply, winner.reply)
    const { protocol } = loser.original
    if (same && protocol !== IPPROTO_TCP) packet.ct = winner
    else if (protocol === IPPROTO_UDP && !this.find(loser.reply)) this.#insertClashed(loser)
    else {
      this.stats.insertFailed += 1
      this.stats.drop += 1
      return false
    }
    this.stats.clashResolve += 1
    return true
  }

  #insertClashed(entry: ConntrackEntry): void {
    entry.confirmed = true
    entry.clashed = true
    entry.expiresAtUs = this.ns.world.clock.nowUs + CLASH_TIMEOUT_US
    this.#entries.set(entry.id, entry)
    this.#addSlot(entry.reply, { entry, direction: REPLY })
    this.#arm(entry)
    this.#emit('conntrack.new', entry)
  }

  #defineSysctls(): void {
    const { sysctl } = this.ns
    const seconds = (name: string, initial: number, apply: (us: number) => void) => {
      apply(initial * SECOND_US)
      sysctl.define(`net.netfilter.nf_conntrack_${name}`, String(initial), (value) => apply(value * SECOND_US))
    }
    for (const [name, state, initial] of TCP_TIMEOUTS) seconds(`tcp_timeout_${name}`, initial, (us) => this.#tcpTimeoutUs.set(state, us))
    seconds('udp_timeout', UDP_TIMEOUT_S, (us) => (this.#udpUs = us))
    seconds('udp_timeout_stream', UDP_STREAM_TIMEOUT_S, (us) => (this.#udpStreamUs = us))
    seconds('icmp_timeout', ICMP_TIMEOUT_S, (us) => (this.#icmpUs = us))
    seconds('generic_timeout', GENERIC_TIMEOUT_S, (us) => (this.#genericUs = us))
    sysctl.define('net.netfilter.nf_conntrack_max', String(CONNTRACK_MAX), (value) => (this.max = value))
    for (const [name, value] of [
      ['tcp_be_liberal', '0'],
      ['tcp_loose', '1'],
      ['buckets', '262144'],
      ['acct', '0'],
    ]) {
      sysctl.define(`net.netfilter.nf_conntrack_${name}`, value, null)
    }
  }
}

export function protocolWord(protocol: number): string {
  switch (protocol) {
    case IPPROTO_TCP:
      return 'tcp'
    case IPPROTO_UDP:
      return 'udp'
    case IPPROTO_ICMP:
      return 'icmp'
    case IPPROTO_ICMPV6:
      return 'icmpv6'
    default:
      return protocol === 132 ? 'sctp' : 'unknown'
  }
}

function selects(filter: ConntrackFilter, entry: ConntrackEntry): boolean {
  const { original, reply } = entry
  const fits = <T>(wanted: T | undefined, value: T) => wanted === undefined || wanted === value
  return (
    fits(filter.version, entry.version) &&
    fits(filter.protocol, original.protocol) &&
    fits(filter.origSrc, original.src) &&
    fits(filter.origDst, original.dst) &&
    fits(filter.origSport, original.sport) &&
    fits(filter.origDport, original.dport) &&
    fits(filter.replySrc, reply.src) &&
    fits(filter.replyDst, reply.dst) &&
    fits(filter.replySport, reply.sport) &&
    fits(filter.replyDport, reply.dport) &&
    (filter.where === undefined || filter.where(entry))
  )
}
