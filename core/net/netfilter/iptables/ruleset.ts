/**
 * The tables of one family in one network namespace, and what may be done to them: iptables/nft.c for what iptables checks
 * itself, net/netfilter/nf_tables_api.c for what the kernel refuses. Changes are made in a transaction: all of them or none.
 *
 * Omits: the check that a NAT target in a user's chain is reachable only from hooks that allow it.
 */
import { assert } from '../../../base/assert.ts'
import { byText } from '../../../base/text-order.ts'
import { JUMP_DEPTH_MAX } from './evaluate.ts'
import { KernelRefusal, Refusal } from './extension.ts'
import { chainNameProblem, type ParsedCommand } from './parse-command.ts'
import { Chain, Rule, type RuleSpec, specText, Table, TABLE_HOOKS, type TargetAction } from './rule.ts'

const NO_CHAIN = 'No chain/target/match by that name.'
const NAT_NO_FILTER = '\nThe "nat" table is not intended for filtering, the use of DROP is therefore inhibited.\n\n'
const BAD_RULE = 'Bad rule (does a matching rule exist in that chain?).'

interface ChainBefore {
  readonly rules: Rule[]
  readonly policy: Chain['policy']
  readonly packets: number
  readonly bytes: number
  readonly name: string
}

/** What a table was before the transaction. */
interface TableBefore {
  readonly table: Table
  readonly chains: ReadonlyMap<string, Chain>
}

/** The chain that a rule jumps to is not there. */
export class MissingChain extends Refusal {
  constructor(chain: string) {
    super(`Chain '${chain}' does not exist`)
  }
}

function errnoRefusal(text: string): Refusal {
  return new Refusal(text, 1, 'errno')
}

/** What checkentry of the target and the family's validation ask. */
function belongs(action: TargetAction, spec: RuleSpec, table: Table, chain: Chain): boolean {
  if (action.tables && !action.tables.includes(table.name)) return false
  if (action.hooks && chain.hook !== '' && !action.hooks.includes(chain.hook)) return false
  return action.fits === undefined || action.fits(spec)
}

/** Built-in chains in their order, then the user's by name. */
export function sortedChains(table: Table): Chain[] {
  const builtIn: Chain[] = []
  const names: string[] = []
  for (const chain of table.chains.values()) {
    if (chain.hook !== '') builtIn.push(chain)
    else names.push(chain.name)
  }
  return [...builtIn, ...names.sort(byText).map((name) => table.chains.get(name) as Chain)]
}

export class Ruleset {
  readonly #tables = new Map<string, Table>()
  #beforeTables: Map<string, TableBefore | null> | null = null
  readonly #beforeChains = new Map<Chain, ChainBefore>()
  #refusals: KernelRefusal[] = []
  #lastJump: KernelRefusal | null = null
  /** Rules that look at connections: while there are any, conntrack runs. */
  conntrackRules = 0

  table(name: string): Table | undefined {
    return this.#tables.get(name)
  }

  /** For listings: a table that nobody made yet looks empty. */
  view(name: string): Table | null {
    const hooks = TABLE_HOOKS.get(name)
    return hooks ? (this.#tables.get(name) ?? new Table(name, hooks)) : null
  }

  /** Existing tables in the order of iptables-save. */
  tables(): Table[] {
    return [...TABLE_HOOKS.keys()].map((name) => this.#tables.get(name)).filter((table) => table !== undefined)
  }

  // --- Transactions ------------------------------------------------------------------------------------------------------

  begin(): void {
    assert(this.#beforeTables === null, 'one transaction at a time')
    this.#beforeTables = new Map()
  }

  /** Tables that changed, or what the kernel refused; then nothing has changed. */
  commit(): Table[] | KernelRefusal[] {
    const before = this.#beforeTables
    assert(before, 'a transaction was begun')
    if (this.#lastJump && this.#refusals.length === 0) {
      for (const name of before.keys()) if (!this.#boundedJumps(name)) this.#refusals.push(this.#lastJump)
    }
    const refusals = this.#refusals
    if (refusals.length > 0) {
      this.rollback()
      return refusals
    }
    const changed = [...before.keys()].map((name) => this.#tables.get(name)).filter((table) => table !== undefined)
    this.#end()
    return changed
  }

  rollback(): void {
    for (const [chain, before] of this.#beforeChains) {
      chain.rules = before.rules
      chain.rulesChanged()
      chain.policy = before.policy
      chain.packets = before.packets
      chain.bytes = before.bytes
      chain.name = before.name
    }
    for (const [name, before] of this.#beforeTables ?? []) {
      if (before === null) {
        this.#tables.delete(name)
        continue
      }
      this.#tables.set(name, before.table)
      before.table.chains.clear()
      for (const [chainName, chain] of before.chains) before.table.chains.set(chainName, chain)
    }
    this.#recount()
    this.#end()
  }

  #end(): void {
    this.#beforeTables = null
    this.#beforeChains.clear()
    this.#refusals = []
    this.#lastJump = null
  }

  #recount(): void {
    this.conntrackRules = 0
    for (const table of this.#tables.values()) {
      for (const chain of table.chains.values()) chain.references = 0
      for (const chain of table.chains.values()) {
        for (const rule of chain.rules) {
          rule.forgetLine()
          if (rule.spec.needsConntrack) this.conntrackRules += 1
          if (rule.jump) rule.jump.references += 1
        }
      }
    }
  }

  /** The table, made when it is not there yet; remembers what it was. */
  #open(name: string): Table {
    const before = this.#beforeTables
    assert(before, 'changes are made in a transaction')
    let table = this.#tables.get(name)
    if (!before.has(name)) before.set(name, table ? { table, chains: new Map(table.chains) } : null)
    if (!table) {
      table = new Table(name, TABLE_HOOKS.get(name) ?? [])
      this.#tables.set(name, table)
    }
    return table
  }

  #touch(chain: Chain): void {
    if (this.#beforeChains.has(chain)) return
    const { rules, policy, packets, bytes, name } = chain
    this.#beforeChains.set(chain, { rules, policy, packets, bytes, name })
    chain.rules = [...rules]
    chain.rulesChanged()
  }

  #refuse(operation: string, reason: string, subject: string, line: number): void {
    this.#refusals.push(new KernelRefusal(operation, reason, subject, line))
  }

  // --- Chains and rules ---------------------------------------------------------------------------------------------------

  /** `*table` of iptables-restore without --noflush: the table goes, and comes again with the first chain or rule. */
  resetTable(name: string): void {
    const before = this.#beforeTables
    assert(before, 'changes are made in a transaction')
    const table = this.#tables.get(name)
    if (!table) return
    if (!before.has(name)) before.set(name, { table, chains: new Map(table.chains) })
    for (const chain of table.chains.values()) for (const rule of chain.rules) if (rule.spec.needsConntrack) this.conntrackRules -= 1
    this.#tables.delete(name)
  }

  /** `:CHAIN - [0:0]` of iptables-restore: a new chain, or an old one emptied. */
  declareChain(tableName: string, name: string): Refusal | null {
    const problem = chainNameProblem(name)
    if (problem) return problem
    const table = this.#open(tableName)
    const chain = table.chains.get(name)
    if (chain) this.#empty(chain)
    else table.chains.set(name, new Chain(name, ''))
    return null
  }

  setPolicy(tableName: string, name: string, policy: string, counters: readonly [number, number] | null): Refusal | null {
    const table = this.#open(tableName)
    const chain = table.chains.get(name)
    if (!chain || chain.hook === '') return errnoRefusal('Bad built-in chain name.')
    if (policy !== 'ACCEPT' && policy !== 'DROP') return errnoRefusal('Bad policy name.')
    if (tableName === 'nat' && policy === 'DROP') return new Refusal(NAT_NO_FILTER)
    this.#touch(chain)
    chain.policy = policy
    if (counters) [chain.packets, chain.bytes] = counters
    return null
  }

  isBuiltIn(tableName: string, name: string): boolean {
    return TABLE_HOOKS.get(tableName)?.some((hook) => hook === name) ?? false
  }

  /** A command that changes something. `line` is that of the restore input. */
  apply(parsed: ParsedCommand, line: number): Refusal | null {
    switch (parsed.command) {
      case 'append':
      case 'insert':
      case 'replace':
        return this.#put(parsed, line)
      case 'delete':
      case 'check':
        return this.#remove(parsed)
      case 'flush':
        return this.#each(parsed, (chain) => this.#empty(chain))
      case 'zero':
        return this.#zero(parsed)
      case 'new-chain':
        return this.#newChain(parsed)
      case 'delete-chain':
        return this.#deleteChains(parsed, line)
      case 'rename-chain':
        return this.#rename(parsed)
      case 'policy':
        return this.setPolicy(parsed.table, parsed.chain, parsed.policy, parsed.counters)
      default:
        return null
    }
  }

  /** `-A`: its own door, because iptables-restore comes through it a hundred thousand times. */
  append(
    tableName: string,
    chainName: string,
    specs: readonly RuleSpec[],
    counters: readonly [number, number] | null,
    line: number,
  ): Refusal | null {
    const table = this.#open(tableName)
    const chain = table.chains.get(chainName)
    if (!chain) return errnoRefusal(NO_CHAIN)
    this.#touch(chain)
    for (const spec of specs) {
      const rule = this.#rule(table, chain, spec, 'APPEND', counters, line)
      if (rule instanceof Refusal) return rule
      chain.rules.push(rule)
    }
    return null
  }

  #rule(
    table: Table,
    chain: Chain,
    spec: RuleSpec,
    verb: string,
    counters: readonly [number, number] | null,
    line: number,
  ): Rule | Refusal {
    let jump: Chain | null = null
    if (spec.chainName !== '') {
      const to = table.chains.get(spec.chainName)
      if (to?.hook !== '') return new MissingChain(spec.chainName)
      jump = to
      to.references += 1
      this.#lastJump = new KernelRefusal(`RULE_${verb}`, 'Too many links', `rule in chain ${chain.name}`, line)
    }
    const { action } = spec
    if (action && !belongs(action, spec, table, chain))
      this.#refuse(`RULE_${verb}`, 'Invalid argument', `rule in chain ${chain.name}`, line)
    if (spec.needsConntrack) this.conntrackRules += 1
    const rule = new Rule(spec, chain, jump)
    if (counters) [rule.packets, rule.bytes] = counters
    return rule
  }

  #put(parsed: ParsedCommand, line: number): Refusal | null {
    if (parsed.command === 'append') return this.append(parsed.table, parsed.chain, parsed.specs, parsed.counters, line)
    const table = this.#open(parsed.table)
    const chain = table.chains.get(parsed.chain)
    if (!chain) return errnoRefusal(NO_CHAIN)
    this.#touch(chain)
    const replace = parsed.command === 'replace'
    if (replace && parsed.number > chain.rules.length) return errnoRefusal('Index of replacement too big.')
    if (parsed.number > chain.rules.length + 1) return errnoRefusal('Index of insertion too big.')
    let at = parsed.number - 1
    for (const spec of parsed.specs) {
      const rule = this.#rule(table, chain, spec, replace ? 'REPLACE' : 'INSERT', parsed.counters, line)
      if (rule instanceof Refusal) return rule
      for (const old of chain.rules.splice(at, replace ? 1 : 0, rule)) this.#release(old)
      at += 1
    }
    return null
  }

  #remove(parsed: ParsedCommand): Refusal | null {
    const chain = this.#open(parsed.table).chains.get(parsed.chain)
    if (!chain) return errnoRefusal(parsed.number > 0 ? NO_CHAIN : BAD_RULE)
    const jumpless = parsed.specs.find(({ chainName }) => chainName !== '' && !this.#open(parsed.table).chains.has(chainName))
    if (jumpless) return new MissingChain(jumpless.chainName)
    this.#touch(chain)
    if (parsed.number > 0) {
      if (parsed.number > chain.rules.length) return errnoRefusal('Index of deletion too big.')
      for (const rule of chain.rules.splice(parsed.number - 1, 1)) this.#release(rule)
      return null
    }
    for (const spec of parsed.specs) {
      const text = specText(spec, null)
      const at = chain.rules.findIndex((rule) => rule.spec === spec || specText(rule.spec, rule.jump) === text)
      if (at < 0) return errnoRefusal(BAD_RULE)
      if (parsed.command === 'delete') for (const rule of chain.rules.splice(at, 1)) this.#release(rule)
    }
    return null
  }

  #release(rule: Rule): void {
    if (rule.spec.needsConntrack) this.conntrackRules -= 1
    if (rule.jump) rule.jump.references -= 1
  }

  #empty(chain: Chain): void {
    this.#touch(chain)
    for (const rule of chain.rules) this.#release(rule)
    chain.rules = []
  }

  #each(parsed: ParsedCommand, act: (chain: Chain) => void): Refusal | null {
    const table = this.#open(parsed.table)
    if (parsed.chain === '') {
      for (const chain of table.chains.values()) act(chain)
      return null
    }
    const chain = table.chains.get(parsed.chain)
    if (!chain) return errnoRefusal(NO_CHAIN)
    act(chain)
    return null
  }

  #zero(parsed: ParsedCommand): Refusal | null {
    if (parsed.number > 0) {
      const chain = this.#open(parsed.table).chains.get(parsed.chain)
      const rule = chain?.rules[parsed.number - 1]
      if (!rule) return errnoRefusal(chain ? 'Index of counter too big.' : NO_CHAIN)
      rule.packets = 0
      rule.bytes = 0
      return null
    }
    return this.#each(parsed, (chain) => {
      this.#touch(chain)
      chain.packets = 0
      chain.bytes = 0
      for (const rule of chain.rules) {
        rule.packets = 0
        rule.bytes = 0
      }
    })
  }

  #newChain(parsed: ParsedCommand): Refusal | null {
    const problem = chainNameProblem(parsed.chain)
    if (problem) return problem
    const table = this.#open(parsed.table)
    if (table.chains.has(parsed.chain)) return errnoRefusal('Chain already exists.')
    table.chains.set(parsed.chain, new Chain(parsed.chain, ''))
    return null
  }

  #deleteChains(parsed: ParsedCommand, line: number): Refusal | null {
    const table = this.#open(parsed.table)
    if (parsed.chain !== '' && !table.chains.has(parsed.chain)) return errnoRefusal(NO_CHAIN)
    const doomed = sortedChains(table).filter((chain) => chain.hook === '' && (parsed.chain === '' || chain.name === parsed.chain))
    for (const chain of doomed) {
      if (chain.references > 0 || chain.rules.length > 0) this.#refuse('CHAIN_DEL', 'Device or resource busy', `chain ${chain.name}`, line)
      else table.chains.delete(chain.name)
      // Without a name, iptables stops at the first that will not go.
      if (this.#refusals.length > 0 && parsed.chain === '') break
    }
    return null
  }

  #rename(parsed: ParsedCommand): Refusal | null {
    const problem = chainNameProblem(parsed.newName)
    if (problem) return problem
    const table = this.#open(parsed.table)
    const chain = table.chains.get(parsed.chain)
    if (chain?.hook !== '') return errnoRefusal(NO_CHAIN)
    if (table.chains.has(parsed.newName)) return errnoRefusal('File exists.')
    this.#touch(chain)
    table.chains.delete(chain.name)
    chain.name = parsed.newName
    table.chains.set(chain.name, chain)
    for (const each of table.chains.values()) for (const rule of each.rules) rule.forgetLine()
    return null
  }

  /** nft_table_validate: no loops, and no more nested jumps than the stack holds. */
  #boundedJumps(tableName: string): boolean {
    const table = this.#tables.get(tableName)
    if (!table) return true
    const depths = new Map<Chain, number>()
    const depthBelow = (chain: Chain, above: number): number => {
      if (above > JUMP_DEPTH_MAX) return above
      const known = depths.get(chain)
      if (known !== undefined) return above + known
      let deepest = above
      for (const rule of chain.rules) {
        if (!rule.jump) continue
        deepest = Math.max(deepest, depthBelow(rule.jump, above + 1))
        if (deepest > JUMP_DEPTH_MAX) return deepest
      }
      depths.set(chain, deepest - above)
      return deepest
    }
    for (const chain of table.base.values()) if (depthBelow(chain, 0) > JUMP_DEPTH_MAX) return false
    return true
  }
}
