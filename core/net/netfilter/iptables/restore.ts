/**
 * iptables-restore(8): xtables-restore.c. Each table of the input is one transaction, up to its COMMIT.
 *
 * Omits: `--verbose`, `--modprobe`, `--wait`.
 */
import { type KernelRefusal, Refusal } from './extension.ts'
import type { Iptables, RestoreFailure, RestoreOptions } from './iptables.ts'
import { parseCommand } from './parse-command.ts'
import { TABLE_HOOKS } from './rule.ts'
import { MissingChain } from './ruleset.ts'
import { splitWords } from './words.ts'

const COUNTERS = /^\[(\d{1,15}):(\d{1,15})\]\s*/
const APPEND = /^-A (\S+)(?: (.*))?$/

export class Restore {
  readonly #iptables: Iptables
  readonly #options: RestoreOptions
  readonly #program: string
  #line = 0
  #table = ''
  /** A jump to a chain that is not there is found out at the COMMIT only. */
  #missing: Refusal | null = null

  constructor(iptables: Iptables, options: RestoreOptions) {
    this.#iptables = iptables
    this.#options = options
    this.#program = `${iptables.program}-restore`
  }

  run(text: string): RestoreFailure | null {
    let from = 0
    while (from < text.length) {
      const newline = text.indexOf('\n', from)
      const end = newline < 0 ? text.length : newline
      this.#line += 1
      const failure = this.#one(text.slice(from, end))
      if (failure) {
        if (this.#table !== '') this.#iptables.rules.rollback()
        return failure
      }
      from = end + 1
    }
    if (this.#table === '') return null
    this.#iptables.rules.rollback()
    return { line: this.#line + 1, message: `${this.#program}: COMMIT expected at line ${this.#line + 1}`, exitCode: 1 }
  }

  #one(line: string): RestoreFailure | null {
    if (line === '' || line.startsWith('#')) return null
    const skipped = this.#options.table !== undefined && this.#table === '' && !line.startsWith('*')
    if (line === 'COMMIT' && this.#table !== '') return this.#commit()
    if (line.startsWith('*') && this.#table === '') return this.#begin(line.slice(1).trim())
    if (this.#table === '')
      return skipped ? null : { line: this.#line, message: `${this.#program}: line ${this.#line} failed`, exitCode: 1 }
    if (line.startsWith(':')) return this.#chain(line.slice(1))
    return this.#rule(line)
  }

  #begin(name: string): RestoreFailure | null {
    if (!TABLE_HOOKS.has(name)) return this.#refused(new Refusal(`${this.#program}: line ${this.#line} table name '${name}' invalid`))
    if (this.#options.table !== undefined && this.#options.table !== name) return null
    const { rules } = this.#iptables
    rules.begin()
    if (!this.#options.noflush) rules.resetTable(name)
    this.#table = name
    return null
  }

  #chain(text: string): RestoreFailure | null {
    const { rules } = this.#iptables
    const [name, policy, counterText] = text.trim().split(/\s+/)
    if (name === undefined || policy === undefined) return this.#failed(`${this.#program}: line ${this.#line} chain name or policy invalid`)
    if (!rules.isBuiltIn(this.#table, name)) {
      const refusal = rules.declareChain(this.#table, name)
      return refusal ? this.#refused(refusal) : null
    }
    const counters = COUNTERS.exec(`${counterText ?? ''}`)
    const given = this.#options.counters && counters ? ([Number(counters[1]), Number(counters[2])] as const) : ([0, 0] as const)
    const refusal = policy === '-' ? null : rules.setPolicy(this.#table, name, policy, given)
    return refusal ? this.#refused(refusal) : null
  }

  #rule(line: string): RestoreFailure | null {
    let counters: readonly [number, number] | null = null
    let rest = line
    const prefix = COUNTERS.exec(line)
    if (prefix) {
      rest = line.slice(prefix[0].length)
      if (this.#options.counters) counters = [Number(prefix[1]), Number(prefix[2])]
    }
    const { rules, cache, family } = this.#iptables
    const append = APPEND.exec(rest)
    const key = append ? `${family} ${append[2] ?? ''}` : ''
    if (append && !append[1].startsWith('"')) {
      const specs = cache.get(key)
      if (specs) {
        return this.#judge(rules.append(this.#table, append[1], specs, counters, this.#line))
      }
    }
    const parsed = parseCommand(family, splitWords(rest), this.#table)
    if (parsed instanceof Refusal) return this.#refused(parsed)
    parsed.counters = counters ?? parsed.counters
    if (parsed.command === 'list' || parsed.command === 'list-rules') {
      this.#options.print?.(this.#iptables.show(parsed).stdout)
      return null
    }
    // An interface that the chain does not know is refused at each reading: such rules are not kept.
    if (append && parsed.counters === counters) cache.set(key, parsed.specs)
    return this.#judge(rules.apply(parsed, this.#line))
  }

  #judge(refusal: Refusal | null): RestoreFailure | null {
    if (refusal === null) return null
    if (!(refusal instanceof MissingChain)) return this.#refused(refusal)
    this.#missing ??= refusal
    return null
  }

  #commit(): RestoreFailure | null {
    const { rules } = this.#iptables
    const table = this.#table
    const missing = this.#missing
    this.#missing = null
    if (missing && !this.#options.test) return this.#refused(missing)
    if (this.#options.test) {
      this.#table = ''
      rules.rollback()
      return null
    }
    const result = rules.commit()
    this.#table = ''
    const refusals = result.filter((each): each is KernelRefusal => 'reason' in each)
    if (refusals.length === 0) {
      this.#iptables.announce(table)
      return null
    }
    const lines = refusals.map(({ line, operation, reason, subject }) => `line ${line}: ${operation} failed (${reason}): ${subject}`)
    return { line: refusals[0].line, message: `${this.#program} ${this.#iptables.version}: \n${lines.join('\n')}`, exitCode: 4 }
  }

  #failed(message: string): RestoreFailure {
    return { line: this.#line, message, exitCode: 1 }
  }

  #refused({ text, exitCode, style }: Refusal): RestoreFailure {
    if (style === 'errno') return this.#failed(`${this.#program}: line ${this.#line} failed: ${text}`)
    const help = `Error occurred at line: ${this.#line}\nTry \`${this.#program} -h' or '${this.#program} --help' for more information.`
    const prefix = style === 'bare' ? '' : `${this.#program} ${this.#iptables.version}: `
    return { line: this.#line, message: `${prefix}${text}\n${help}`, exitCode }
  }
}
