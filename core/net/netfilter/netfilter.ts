/**
 * The hooks of netfilter in one network namespace, in the kernel's order of priority (include/uapi/linux/netfilter_ipv4.h): raw,
 * conntrack, mangle, destination NAT, filter, security, source NAT, confirmation of connections.
 *
 * Conntrack runs only where a rule asks for it, and NAT only where there is a nat table, as in the kernel: a pod's namespace
 * without rules tracks nothing.
 *
 * Omits: nftables beside iptables, ipvs, the ARP and bridge families.
 */
import type { Random } from '../../sim/random.ts'
import type { HookName } from '../../sim/trace-event.ts'
import type { NetDevice } from '../device/net-device.ts'
import type { DropReason } from '../drop-reason.ts'
import type { NetNamespace } from '../net-namespace.ts'
import type { Packet } from '../packet/packet.ts'
import { Conntrack } from './conntrack.ts'
import { evaluateChain } from './iptables/evaluate.ts'
import { Iptables } from './iptables/iptables.ts'
import { RecentList } from './iptables/match-rate.ts'
import type { Rule, RuleContext } from './iptables/rule.ts'
import { Nat } from './nat.ts'

export type Verdict = 'ACCEPT' | 'DROP' | 'STOLEN'

export class Netfilter {
  readonly ns: NetNamespace
  readonly conntrack: Conntrack
  readonly nat: Nat
  readonly #ipv4: Iptables
  readonly #ipv6: Iptables
  readonly #recent = new Map<string, RecentList>()
  #random: Random | null = null
  /** The packet that a rule of the raw table has just said not to track. */
  #untracked: Packet | null = null

  constructor(ns: NetNamespace) {
    this.ns = ns
    this.conntrack = new Conntrack(ns)
    this.nat = new Nat(ns, this.conntrack, () => this.random)
    this.#ipv4 = new Iptables(ns, 'ipv4')
    this.#ipv6 = new Iptables(ns, 'ipv6')
  }

  /** Draws of `statistic` and of NAT's ports. */
  get random(): Random {
    this.#random ??= this.ns.world.random.stream(`netfilter/${this.ns.id}`)
    return this.#random
  }

  iptables(family: 'ipv4' | 'ipv6'): Iptables {
    return family === 'ipv4' ? this.#ipv4 : this.#ipv6
  }

  /** The list of that name, for `-m recent`. It outlives rules and connections. */
  recentList(name: string): RecentList {
    let list = this.#recent.get(name)
    if (!list) {
      list = new RecentList()
      this.#recent.set(name, list)
    }
    return list
  }

  untrack(packet: Packet): void {
    this.#untracked = packet
  }

  /** Everything that is hooked in at `hook`. Says itself why a packet died here. */
  run(hook: HookName, packet: Packet, inDev: NetDevice | null, outDev: NetDevice | null): Verdict {
    const iptables = typeof packet.src === 'bigint' ? this.#ipv6 : this.#ipv4
    const { rules } = iptables
    const natTable = rules.table('nat')
    const tracks = natTable !== undefined || rules.conntrackRules > 0
    const context: RuleContext = { netfilter: this, ns: this.ns, packet, hook, inDev, outDev, rule: NO_RULE }
    const entering = hook === 'PREROUTING' || hook === 'OUTPUT'
    const leaving = hook === 'POSTROUTING' || hook === 'INPUT'
    if (entering) {
      if (!this.#table(iptables, 'raw', context)) return 'DROP'
      const untracked = this.#untracked === packet
      this.#untracked = null
      if (untracked) this.#sayUntracked(packet, hook)
      else if (tracks && !this.conntrack.in(hook, packet))
        return this.#drop(context, 'CONNTRACK_FULL', 'nf_conntrack: table full, dropping packet')
    }
    if (!this.#table(iptables, 'mangle', context)) return 'DROP'
    if (entering && natTable && !this.#nat(iptables, context)) return 'DROP'
    if (!entering || hook === 'OUTPUT') {
      if (!this.#table(iptables, 'filter', context) || !this.#table(iptables, 'security', context)) return 'DROP'
    }
    if (!leaving) return 'ACCEPT'
    if (natTable && !this.#nat(iptables, context)) return 'DROP'
    if (tracks && !this.conntrack.confirm(packet)) return this.#drop(context, 'CONNTRACK_INSERT_FAILED', '')
    return 'ACCEPT'
  }

  /** An interface went down or lost its address: connections masqueraded through it are forgotten (masq_device_event). */
  deviceDown(ifindex: number): void {
    this.conntrack.delete({ where: (entry) => entry.masqueradeIfindex === ifindex })
  }

  /** False: dropped. */
  #table(iptables: Iptables, table: string, context: RuleContext): boolean {
    const base = iptables.base(table, context.hook)
    if (!base) return true
    const { verdict, detail } = evaluateChain(table, base, context)
    if (verdict === 'ACCEPT') return true
    this.#drop(context, verdict === 'REJECT' ? 'NETFILTER_REJECT' : 'NETFILTER_DROP', detail)
    return false
  }

  /** nf_nat_inet_fn. */
  #nat(iptables: Iptables, context: RuleContext): boolean {
    const { packet, hook, outDev } = context
    const entry = packet.ct
    if (entry === null) return true
    const { nat } = this
    if (packet.ctInfo === 'NEW') {
      const side = Nat.sideOf(hook)
      if (!Nat.isDone(entry, side)) {
        if (!this.#table(iptables, 'nat', context)) return false
        if (!Nat.isDone(entry, side) && !nat.setUpNothing(packet, side)) {
          this.#drop(context, 'NAT_NO_TUPLE', '')
          return false
        }
      }
    }
    if (nat.leftThroughOther(packet, hook, outDev)) {
      this.conntrack.delete({ where: (each) => each === entry })
      this.#drop(context, 'NETFILTER_DROP', 'masqueraded through another interface')
      return false
    }
    nat.rewrite(packet, hook)
    return true
  }

  #sayUntracked(packet: Packet, hook: HookName): void {
    packet.ctInfo = 'UNTRACKED'
    const { ns } = this
    ns.world.trace.emit({
      kind: 'packet.conntrack',
      packet: packet.id,
      netns: ns.id,
      hook,
      entry: 0,
      state: 'UNTRACKED',
      direction: 'original',
    })
  }

  #drop({ packet, hook, ns }: RuleContext, reason: DropReason, detail: string): 'DROP' {
    ns.world.trace.emit({ kind: 'packet.drop', packet: packet.id, netns: ns.id, at: hook, reason, detail })
    return 'DROP'
  }
}

/** Stands in a context before the first rule is judged. */
const NO_RULE = null as unknown as Rule
