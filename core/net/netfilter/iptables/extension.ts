/**
 * What an iptables extension (libxt_*.so) is here: its options, and how it makes a `Matcher` or `TargetAction` of them. Truth:
 * iptables-extensions(8); messages as iptables 1.8.9 prints them.
 */
import type { IpFamily } from './family.ts'
import type { Matcher, TargetAction } from './rule.ts'

/** Why iptables will not take a command. `text` follows `iptables v1.8.9 (nf_tables): `. */
export class Refusal {
  readonly text: string
  readonly exitCode: number
  /** `bare` messages stand without the program's version, `errno` ones follow `iptables: `. */
  readonly style: 'version' | 'bare' | 'errno'

  constructor(text: string, exitCode = 2, style: 'version' | 'bare' | 'errno' = 'version') {
    this.text = text
    this.exitCode = exitCode
    this.style = style
  }
}

/** The kernel said no: `RULE_APPEND failed (Invalid argument): rule in chain INPUT`. */
export class KernelRefusal {
  readonly operation: string
  readonly reason: string
  readonly subject: string
  /** Line of the restore input, or 0. */
  line: number

  constructor(operation: string, reason: string, subject: string, line = 0) {
    this.operation = operation
    this.reason = reason
    this.subject = subject
    this.line = line
  }
}

/** What stands in a rule besides the extension. */
export interface RuleHead {
  readonly family: IpFamily
  readonly protocol: number
  readonly protocolInvert: boolean
}

export interface OptionUse {
  /** Canonical name, without dashes. */
  readonly name: string
  readonly values: readonly string[]
  readonly inverted: boolean
}

export interface OptionShape {
  readonly name: string
  readonly values: number
  readonly invertible: boolean
}

export interface MatchDefinition {
  readonly name: string
  readonly family?: IpFamily
  readonly options: ReadonlyMap<string, OptionShape>
  readonly needsConntrack?: boolean
  build(uses: Uses, head: RuleHead): Matcher | Refusal
}

export interface TargetDefinition {
  readonly name: string
  readonly family?: IpFamily
  readonly options: ReadonlyMap<string, OptionShape>
  readonly needsConntrack?: boolean
  build(uses: Uses, head: RuleHead): TargetAction | Refusal
}

/** The options that a rule gave to one extension. */
export class Uses {
  readonly all: readonly OptionUse[]

  constructor(all: readonly OptionUse[]) {
    this.all = all
  }

  get(name: string): OptionUse | undefined {
    return this.all.find((use) => use.name === name)
  }

  has(name: string): boolean {
    return this.get(name) !== undefined
  }

  value(name: string): string | undefined {
    return this.get(name)?.values[0]
  }

  inverted(name: string): boolean {
    return this.get(name)?.inverted ?? false
  }
}

/** `['dport,destination-port=1!', 'syn=0!']`: names of one option, how many values it takes, `!` when it may be inverted. */
export function optionShapes(texts: readonly string[]): ReadonlyMap<string, OptionShape> {
  const shapes = new Map<string, OptionShape>()
  for (const text of texts) {
    const [names, rest] = text.split('=')
    const [name, ...aliases] = names.split(',')
    const shape = { name, values: Number.parseInt(rest, 10), invertible: rest.endsWith('!') }
    for (const each of [name, ...aliases]) shapes.set(each, shape)
  }
  return shapes
}

/** `! ` or nothing. */
export function bang(inverted: boolean): string {
  return inverted ? '! ' : ''
}
