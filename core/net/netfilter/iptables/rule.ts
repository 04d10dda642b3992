/**
 * Tables, chains and rules in memory. A `RuleSpec` is what a rule says, parsed and frozen: all machines that hold the same
 * text share one. A `Rule` is its place in one chain, with counters and whatever its matches remember.
 */
import type { HookName } from '../../../sim/trace-event.ts'
import type { NetDevice } from '../../device/net-device.ts'
import type { NetNamespace } from '../../net-namespace.ts'
import type { Packet } from '../../packet/packet.ts'
import type { Netfilter } from '../netfilter.ts'

/** Everything that a match or a target may look at. One per hook that a packet passes. */
export interface RuleContext {
  readonly netfilter: Netfilter
  readonly ns: NetNamespace
  readonly packet: Packet
  readonly hook: HookName
  readonly inDev: NetDevice | null
  readonly outDev: NetDevice | null
  /** The rule that is being judged. */
  rule: Rule
}

/** One `-m` part of a rule. */
export interface Matcher {
  match(context: RuleContext): boolean
  /** As iptables-save prints it, without a space before or after: `-m tcp --dport 80`. */
  readonly text: string
  /** As `iptables -L` prints it; `numeric` is `-n`. */
  list(numeric: boolean): string
}

/** DROP and ACCEPT end the table, CONTINUE goes on with the next rule, REJECT has answered and drops. */
export type TargetResult = 'ACCEPT' | 'DROP' | 'REJECT' | 'CONTINUE'

export interface TargetAction {
  /** Name in `-j`. */
  readonly name: string
  /** Name in listings where it differs: NOTRACK is a CT. */
  readonly listName?: string
  run(context: RuleContext): TargetResult
  /** Options as iptables-save prints them: ` --to-destination 10.0.0.1:80`, each with a space before it, or ''. */
  readonly text: string
  list(numeric: boolean): string
  /** Where it may stand; left out: anywhere. Elsewhere the kernel says EINVAL. */
  readonly tables?: readonly string[]
  readonly hooks?: readonly HookName[]
  /** What the kernel asks of the rest of the rule. */
  readonly fits?: (spec: RuleSpec) => boolean
}

export interface AddressTest {
  readonly invert: boolean
  /** IPv4: signed 32-bit, so that `(address & mask) === value`. */
  readonly value: number
  readonly mask: number
  /** IPv6, else null. */
  readonly value6: bigint
  readonly mask6: bigint
  /** As iptables-save prints it: `10.0.0.1/32`. */
  readonly text: string
  /** As `-L` prints it: without `/32`. */
  readonly listText: string
}

export interface InterfaceTest {
  readonly invert: boolean
  /** Without the `+`. */
  readonly name: string
  readonly wildcard: boolean
}

export type TargetKind = 'none' | 'ACCEPT' | 'DROP' | 'RETURN' | 'jump' | 'goto' | 'action'

export interface RuleSpec {
  readonly src: AddressTest | null
  readonly dst: AddressTest | null
  readonly inInterface: InterfaceTest | null
  readonly outInterface: InterfaceTest | null
  /** 0 is every protocol. */
  readonly protocol: number
  readonly protocolInvert: boolean
  /** `-f`: second and later fragments. */
  readonly fragment: '' | 'yes' | 'no'
  readonly matchers: readonly Matcher[]
  readonly target: TargetKind
  readonly action: TargetAction | null
  /** Chain named by a jump or goto. */
  readonly chainName: string
  /** Everything as iptables-save prints it after `-A CHAIN `, without the target; ends with a space unless empty. */
  readonly matchText: string
  /** Conntrack must run for this rule to mean something. */
  readonly needsConntrack: boolean
}

export class Rule {
  readonly spec: RuleSpec
  readonly chain: Chain
  /** Where a jump or goto leads. */
  jump: Chain | null
  packets = 0
  bytes = 0
  /** What matches remember between packets (statistic nth, limit), by their place in the rule. */
  memory: Map<Matcher, number[]> | null = null
  #line = ''

  constructor(spec: RuleSpec, chain: Chain, jump: Chain | null) {
    this.spec = spec
    this.chain = chain
    this.jump = jump
  }

  /** As iptables-save prints it. */
  get line(): string {
    if (this.#line === '') this.#line = `-A ${this.chain.name} ${specText(this.spec, this.jump)}`.trimEnd()
    return this.#line
  }

  forgetLine(): void {
    this.#line = ''
  }

  remember(matcher: Matcher, initial: () => number[]): number[] {
    this.memory ??= new Map()
    let memory = this.memory.get(matcher)
    if (!memory) {
      memory = initial()
      this.memory.set(matcher, memory)
    }
    return memory
  }
}

/** Everything after `-A CHAIN `. */
export function specText(spec: RuleSpec, jump: Chain | null): string {
  return spec.matchText + targetText(spec, jump)
}

export function targetText(spec: RuleSpec, jump: Chain | null): string {
  switch (spec.target) {
    case 'none':
      return ''
    case 'jump':
      return `-j ${jump?.name ?? spec.chainName}`
    case 'goto':
      return `-g ${jump?.name ?? spec.chainName}`
    case 'action':
      return `-j ${spec.action?.name}${spec.action?.text}`
    default:
      return `-j ${spec.target}`
  }
}

export class Chain {
  name: string
  /** The hook of a built-in chain, '' for a user's. */
  readonly hook: HookName | ''
  /** Built-in chains only. */
  policy: 'ACCEPT' | 'DROP' = 'ACCEPT'
  packets = 0
  bytes = 0
  rules: Rule[] = []
  /** Rules that jump or go here. */
  references = 0
  #index: DestinationIndex | null = null

  constructor(name: string, hook: HookName | '') {
    this.name = name
    this.hook = hook
  }

  /** To be called when `rules` changes. */
  rulesChanged(): void {
    this.#index = null
  }

  /** Destinations of all rules side by side. Made when the first packet asks. */
  get index(): DestinationIndex {
    this.#index ??= destinationIndex(this.rules)
    return this.#index
  }
}

/**
 * `(dst & mask[i]) !== value[i]` tells that rule `i` cannot match an IPv4 packet to `dst`. In a chain of ten thousand services this
 * is all that is looked at of nearly every rule.
 */
export interface DestinationIndex {
  readonly mask: Int32Array
  readonly value: Int32Array
}

function destinationIndex(rules: readonly Rule[]): DestinationIndex {
  const mask = new Int32Array(rules.length)
  const value = new Int32Array(rules.length)
  rules.forEach(({ spec: { dst } }, i) => {
    if (dst === null || dst.invert) return
    mask[i] = dst.mask
    value[i] = dst.value
  })
  return { mask, value }
}

export class Table {
  readonly name: string
  readonly chains = new Map<string, Chain>()
  readonly base = new Map<HookName, Chain>()

  constructor(name: string, hooks: readonly HookName[]) {
    this.name = name
    for (const hook of hooks) {
      const chain = new Chain(hook, hook)
      this.chains.set(hook, chain)
      this.base.set(hook, chain)
    }
  }
}

/** The built-in chains of each table, in the order in which iptables prints them (nft backend: xtables_ipv4 in nft.c). */
export const TABLE_HOOKS: ReadonlyMap<string, readonly HookName[]> = new Map<string, readonly HookName[]>([
  ['mangle', ['PREROUTING', 'INPUT', 'FORWARD', 'OUTPUT', 'POSTROUTING']],
  ['security', ['INPUT', 'FORWARD', 'OUTPUT']],
  ['raw', ['PREROUTING', 'OUTPUT']],
  ['filter', ['INPUT', 'FORWARD', 'OUTPUT']],
  ['nat', ['PREROUTING', 'INPUT', 'OUTPUT', 'POSTROUTING']],
])
