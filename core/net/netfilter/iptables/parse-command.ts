/**
 * Reads an iptables command line, or a line of iptables-restore: xshared.c (do_parse) with the options of iptables(8). Rules
 * come out as `RuleSpec`s; whether chains exist is for `ruleset.ts` to say.
 *
 * Omits: `--modprobe`, `-4`/`-6` switching of families in restore input.
 */
import { bang, type MatchDefinition, type OptionShape, type OptionUse, Refusal, type TargetDefinition, Uses } from './extension.ts'
import type { IpFamily } from './family.ts'
import { interfaceTest } from './interface-test.ts'
import { isTargetName, matchDefinition, targetDefinition } from './registry.ts'
import type { AddressTest, InterfaceTest, Matcher, RuleSpec, TargetAction, TargetKind } from './rule.ts'
import { addressTest, protocolName, protocolNumber, unsigned } from './words.ts'

export type CommandName =
  | 'append'
  | 'delete'
  | 'check'
  | 'insert'
  | 'replace'
  | 'list'
  | 'list-rules'
  | 'flush'
  | 'zero'
  | 'new-chain'
  | 'delete-chain'
  | 'rename-chain'
  | 'policy'
  | 'help'
  | 'version'

export interface ParsedCommand {
  command: CommandName
  table: string
  /** '' for all chains. */
  chain: string
  /** Rule number from 1, or 0. */
  number: number
  newName: string
  policy: string
  specs: RuleSpec[]
  numeric: boolean
  verbose: boolean
  exact: boolean
  lineNumbers: boolean
  /** `-c`, or the `[1:2]` of a restored line. */
  counters: readonly [packets: number, bytes: number] | null
  /** `-L -Z`. */
  alsoZero: boolean
}

/** XT_EXTENSION_MAXNAMELEN less its zero. */
export const CHAIN_NAME_MAX = 28

interface MainOption {
  readonly short: string
  readonly values: number
  readonly invertible?: boolean
}

/** Long name → letter; letters without one are their own names. */
const MAIN: ReadonlyMap<string, MainOption> = new Map<string, MainOption>([
  ['append', { short: 'A', values: 1 }],
  ['delete', { short: 'D', values: 1 }],
  ['check', { short: 'C', values: 1 }],
  ['insert', { short: 'I', values: 1 }],
  ['replace', { short: 'R', values: 1 }],
  ['list', { short: 'L', values: 0 }],
  ['list-rules', { short: 'S', values: 0 }],
  ['flush', { short: 'F', values: 0 }],
  ['zero', { short: 'Z', values: 0 }],
  ['new-chain', { short: 'N', values: 1 }],
  ['delete-chain', { short: 'X', values: 0 }],
  ['rename-chain', { short: 'E', values: 1 }],
  ['policy', { short: 'P', values: 1 }],
  ['source', { short: 's', values: 1, invertible: true }],
  ['src', { short: 's', values: 1, invertible: true }],
  ['destination', { short: 'd', values: 1, invertible: true }],
  ['dst', { short: 'd', values: 1, invertible: true }],
  ['protocol', { short: 'p', values: 1, invertible: true }],
  ['proto', { short: 'p', values: 1, invertible: true }],
  ['in-interface', { short: 'i', values: 1, invertible: true }],
  ['out-interface', { short: 'o', values: 1, invertible: true }],
  ['jump', { short: 'j', values: 1 }],
  ['goto', { short: 'g', values: 1 }],
  ['match', { short: 'm', values: 1 }],
  ['fragments', { short: 'f', values: 0, invertible: true }],
  ['fragment', { short: 'f', values: 0, invertible: true }],
  ['numeric', { short: 'n', values: 0 }],
  ['verbose', { short: 'v', values: 0 }],
  ['exact', { short: 'x', values: 0 }],
  ['line-numbers', { short: '0', values: 0 }],
  ['table', { short: 't', values: 1 }],
  ['set-counters', { short: 'c', values: 1 }],
  ['wait', { short: 'w', values: 0 }],
  ['wait-interval', { short: 'W', values: 1 }],
  ['ipv4', { short: '4', values: 0 }],
  ['ipv6', { short: '6', values: 0 }],
  ['version', { short: 'V', values: 0 }],
  ['help', { short: 'h', values: 0 }],
])
const LETTERS: ReadonlyMap<string, MainOption> = new Map([...MAIN.values()].map((option) => [option.short, option]))

const COMMANDS: ReadonlyMap<string, CommandName> = new Map<string, CommandName>([
  ['A', 'append'],
  ['D', 'delete'],
  ['C', 'check'],
  ['I', 'insert'],
  ['R', 'replace'],
  ['L', 'list'],
  ['S', 'list-rules'],
  ['F', 'flush'],
  ['Z', 'zero'],
  ['N', 'new-chain'],
  ['X', 'delete-chain'],
  ['E', 'rename-chain'],
  ['P', 'policy'],
])
const RULE_COMMANDS: ReadonlySet<string> = new Set(['append', 'delete', 'check', 'insert', 'replace'])

interface Extension {
  readonly definition: MatchDefinition | TargetDefinition
  readonly uses: OptionUse[]
}

/** A rule while it is read. */
class Draft {
  sources: (AddressTest | null)[] = [null]
  destinations: (AddressTest | null)[] = [null]
  inInterface: InterfaceTest | null = null
  outInterface: InterfaceTest | null = null
  inGiven = false
  outGiven = false
  protocol = 0
  protocolWord = ''
  protocolInvert = false
  fragment: '' | 'yes' | 'no' = ''
  readonly matches: Extension[] = []
  target: Extension | null = null
  targetName = ''
  isGoto = false
  readonly seen = new Set<string>()
}

export class CommandParser {
  readonly #family: IpFamily
  readonly #words: readonly string[]
  readonly #inRestore: boolean
  readonly #draft = new Draft()
  readonly #parsed: ParsedCommand
  #at = 0
  #commandLetter = ''
  /** Newest first: its options hide those of older extensions. */
  readonly #extensions: Extension[] = []

  constructor(family: IpFamily, words: readonly string[], table: string) {
    this.#family = family
    this.#words = words
    this.#inRestore = table !== ''
    this.#parsed = {
      command: 'help',
      table: table || 'filter',
      chain: '',
      number: 0,
      newName: '',
      policy: '',
      specs: [],
      numeric: false,
      verbose: false,
      exact: false,
      lineNumbers: false,
      counters: null,
      alsoZero: false,
    }
  }

  parse(): ParsedCommand | Refusal {
    let inverted = false
    while (this.#at < this.#words.length) {
      const word = this.#words[this.#at]
      this.#at += 1
      if (word === '!') {
        if (inverted) return new Refusal('multiple consecutive ! not allowed')
        inverted = true
        continue
      }
      const problem = word.startsWith('--')
        ? this.#long(word, inverted)
        : word.startsWith('-') && word !== '-'
          ? this.#short(word, inverted)
          : new Refusal(`Bad argument \`${word}'`, 2, 'bare')
      if (problem) return problem
      inverted = false
    }
    if (this.#commandLetter === '') return this.#parsed.command === 'version' ? this.#parsed : new Refusal('no command specified')
    return this.#finish()
  }

  #long(word: string, inverted: boolean): Refusal | null {
    const equals = word.indexOf('=')
    const name = word.slice(2, equals < 0 ? undefined : equals)
    const attached = equals < 0 ? null : word.slice(equals + 1)
    const main = MAIN.get(name)
    if (main) return this.#main(main, word, attached, inverted)
    for (let loaded = false; ; loaded = true) {
      const found = this.#extensionOption(name)
      if (found) return this.#use(found.extension, found.shape, word, attached, inverted)
      const abbreviated = [...MAIN.keys()].filter((each) => each.startsWith(name))
      if (abbreviated.length > 0) return this.#main(MAIN.get(abbreviated[0]) as MainOption, word, attached, inverted)
      if (loaded || !this.#loadProtocolMatch()) return new Refusal(`unknown option "${word}"`)
    }
  }

  #short(word: string, inverted: boolean): Refusal | null {
    for (let i = 1; i < word.length; i += 1) {
      const option = LETTERS.get(word[i])
      if (!option || word[i] === '0') return new Refusal(`unknown option "${word}"`)
      const rest = word.slice(i + 1)
      const takesRest = option.values > 0 || 'LSFZXw'.includes(option.short)
      if (takesRest) return this.#main(option, word, rest === '' ? null : rest, inverted)
      const problem = this.#main(option, word, null, inverted)
      if (problem) return problem
    }
    return null
  }

  /** An extension's option by its name or an unambiguous beginning of it. */
  #extensionOption(name: string): { extension: Extension; shape: OptionShape } | null {
    for (const extension of this.#extensions) {
      const shape = extension.definition.options.get(name)
      if (shape) return { extension, shape }
    }
    for (const extension of this.#extensions) {
      const fits = new Set([...extension.definition.options].filter(([each]) => each.startsWith(name)).map(([, shape]) => shape))
      if (fits.size === 1) return { extension, shape: [...fits][0] }
    }
    return null
  }

  #loadProtocolMatch(): boolean {
    const draft = this.#draft
    const definition = draft.protocolWord === '' ? undefined : matchDefinition(protocolName(draft.protocol), this.#family)
    if (!definition || draft.matches.some((each) => each.definition === definition)) return false
    this.#load(definition)
    return true
  }

  #load(definition: MatchDefinition): void {
    const extension: Extension = { definition, uses: [] }
    this.#draft.matches.push(extension)
    this.#extensions.unshift(extension)
  }

  #use(extension: Extension, shape: OptionShape, word: string, attached: string | null, inverted: boolean): Refusal | null {
    const values: string[] = attached === null ? [] : [attached]
    while (values.length < shape.values) {
      if (this.#at >= this.#words.length) return new Refusal(`option "${word}" requires an argument`)
      values.push(this.#words[this.#at])
      this.#at += 1
    }
    const { name } = extension.definition
    if (inverted && !shape.invertible) return new Refusal(`${name}: option "--${shape.name}" cannot be inverted.\n`)
    if (extension.uses.some((use) => use.name === shape.name))
      return new Refusal(`${name}: option "--${shape.name}" can only be used once.\n`)
    extension.uses.push({ name: shape.name, values, inverted })
    return null
  }

  /** The next word, when it is no option: for `-L [chain [rulenum]]` and their like. */
  #operand(): string | null {
    const next = this.#words[this.#at]
    if (next === undefined || next.startsWith('-') || next === '!') return null
    this.#at += 1
    return next
  }

  #main(option: MainOption, word: string, attached: string | null, inverted: boolean): Refusal | null {
    let value = attached ?? ''
    if (option.values > 0 && attached === null) {
      if (this.#at >= this.#words.length) return new Refusal(`option "${word}" requires an argument`)
      value = this.#words[this.#at]
      this.#at += 1
    }
    if (inverted && !option.invertible) return new Refusal(`unexpected ! flag before ${word}`)
    const command = COMMANDS.get(option.short)
    if (command) return this.#command(option.short, command, value)
    return this.#ruleOption(option.short, value, inverted)
  }

  #command(letter: string, command: CommandName, value: string): Refusal | null {
    const parsed = this.#parsed
    if (this.#commandLetter !== '') {
      if (this.#commandLetter + letter === 'LZ' || this.#commandLetter + letter === 'ZL') {
        parsed.alsoZero = true
        parsed.command = 'list'
        if (letter === 'L') parsed.chain = this.#operand() ?? parsed.chain
        return null
      }
      return new Refusal(`Cannot use -${letter} with -${this.#commandLetter}`)
    }
    this.#commandLetter = letter
    parsed.command = command
    if ('LSFZX'.includes(letter)) parsed.chain = value !== '' ? value : (this.#operand() ?? '')
    else parsed.chain = value
    if ('DILSZR'.includes(letter) && parsed.chain !== '') {
      const text = this.#operand()
      if (text !== null) {
        const number = unsigned(text, 0x7fffffff)
        if (number === null || number === 0) return new Refusal(`Invalid rule number \`${text}'`)
        parsed.number = number
      } else if (letter === 'R') return new Refusal('-R requires a rule number')
      else if (letter === 'I') parsed.number = 1
    }
    if (letter === 'E' || letter === 'P') {
      const text = this.#operand()
      if (text === null)
        return new Refusal(letter === 'E' ? '-E requires old-chain-name and new-chain-name' : '-P requires a chain and a policy')
      if (letter === 'E') parsed.newName = text
      else parsed.policy = text
    }
    return null
  }

  #once(letter: string): Refusal | null {
    const { seen } = this.#draft
    if (seen.has(letter)) return new Refusal(`multiple -${letter} flags not allowed`)
    seen.add(letter)
    return null
  }

  #ruleOption(letter: string, value: string, inverted: boolean): Refusal | null {
    const draft = this.#draft
    const parsed = this.#parsed
    if ('sdpiojf'.includes(letter)) {
      const twice = this.#once(letter)
      if (twice) return twice
    }
    switch (letter) {
      case 's':
      case 'd': {
        const tests = this.#addresses(value, inverted)
        if (tests instanceof Refusal) return tests
        if (letter === 's') draft.sources = tests
        else draft.destinations = tests
        return null
      }
      case 'p': {
        const number = protocolNumber(value)
        if (number === null) return new Refusal(`unknown protocol "${value.toLowerCase()}" specified`)
        if (number === 0 && inverted) return new Refusal('rule would never match protocol')
        draft.protocol = number
        draft.protocolWord = value.toLowerCase()
        draft.protocolInvert = inverted
        return null
      }
      case 'i':
      case 'o': {
        const test = interfaceTest(value, inverted)
        if (test instanceof Refusal) return test
        if (letter === 'i') [draft.inInterface, draft.inGiven] = [test, true]
        else [draft.outInterface, draft.outGiven] = [test, true]
        return null
      }
      case 'f':
        if (this.#family === 'ipv6') return new Refusal("`-f' is not supported in IPv6, use -m frag instead")
        draft.fragment = inverted ? 'no' : 'yes'
        return null
      case 'j':
      case 'g':
        return this.#jump(letter === 'g', value)
      case 'm': {
        const definition = matchDefinition(value, this.#family)
        if (!definition) return new Refusal(`Couldn't load match \`${value}':No such file or directory\n`)
        this.#load(definition)
        return null
      }
      case 't':
        if (this.#inRestore) return new Refusal('The -t option cannot be used in iptables-restore.\n')
        parsed.table = value
        return null
      case 'c': {
        const bytes = this.#operand()
        if (bytes === null || unsigned(value, Number.MAX_SAFE_INTEGER) === null || unsigned(bytes, Number.MAX_SAFE_INTEGER) === null)
          return new Refusal('-c packet counter not numeric')
        parsed.counters = [Number(value), Number(bytes)]
        return null
      }
      case 'n':
        parsed.numeric = true
        return null
      case 'v':
        parsed.verbose = true
        return null
      case 'x':
        parsed.exact = true
        return null
      case '0':
        parsed.lineNumbers = true
        return null
      case 'w':
        if (value === '') this.#operand()
        return null
      case 'h':
        this.#commandLetter = 'h'
        parsed.command = 'help'
        return null
      case 'V':
        parsed.command = 'version'
        return null
      default:
        return null
    }
  }

  #addresses(text: string, inverted: boolean): (AddressTest | null)[] | Refusal {
    const words = text.split(',')
    if (words.length > 1 && inverted) return new Refusal('! not allowed with multiple source or destination IP addresses')
    const tests: (AddressTest | null)[] = []
    for (const word of words) {
      const test = addressTest(word, this.#family, inverted)
      if (test instanceof Refusal) return test
      tests.push(test)
    }
    return tests
  }

  #jump(isGoto: boolean, name: string): Refusal | null {
    const draft = this.#draft
    if (draft.targetName !== '') return new Refusal(isGoto ? 'multiple -g flags not allowed' : 'multiple -j flags not allowed')
    if (name.length > CHAIN_NAME_MAX) return new Refusal(`Invalid target name \`${name}' (${CHAIN_NAME_MAX} chars max)`)
    draft.isGoto = isGoto
    draft.targetName = name
    const definition = isGoto ? undefined : targetDefinition(name, this.#family)
    if (definition) {
      draft.target = { definition, uses: [] }
      this.#extensions.unshift(draft.target)
    }
    return null
  }

  #finish(): ParsedCommand | Refusal {
    const parsed = this.#parsed
    if (!RULE_COMMANDS.has(parsed.command)) return parsed
    const draft = this.#draft
    if (draft.outGiven && (parsed.chain === 'PREROUTING' || parsed.chain === 'INPUT'))
      return new Refusal(`Can't use -o with ${parsed.chain}\n`)
    if (draft.inGiven && (parsed.chain === 'POSTROUTING' || parsed.chain === 'OUTPUT'))
      return new Refusal(`Can't use -i with ${parsed.chain}\n`)
    if (parsed.command === 'delete' && parsed.number > 0) return parsed
    const specs = this.#specs()
    if (specs instanceof Refusal) return specs
    parsed.specs = specs
    return parsed
  }

  #specs(): RuleSpec[] | Refusal {
    const draft = this.#draft
    const head = { family: this.#family, protocol: draft.protocol, protocolInvert: draft.protocolInvert }
    const matchers: Matcher[] = []
    let needsConntrack = false
    for (const { definition, uses } of draft.matches) {
      const made = (definition as MatchDefinition).build(new Uses(uses), head)
      if (made instanceof Refusal) return made
      needsConntrack ||= definition.needsConntrack === true
      matchers.push(made)
    }
    let action: TargetAction | null = null
    if (draft.target) {
      const made = (draft.target.definition as TargetDefinition).build(new Uses(draft.target.uses), head)
      if (made instanceof Refusal) return made
      needsConntrack ||= draft.target.definition.needsConntrack === true
      action = made
    }
    const specs: RuleSpec[] = []
    for (const src of draft.sources) {
      for (const dst of draft.destinations) specs.push(Object.freeze(this.#spec(src, dst, matchers, action, needsConntrack)))
    }
    return specs
  }

  #spec(
    src: AddressTest | null,
    dst: AddressTest | null,
    matchers: readonly Matcher[],
    action: TargetAction | null,
    needsConntrack: boolean,
  ): RuleSpec {
    const { inInterface, outInterface, protocol, protocolInvert, fragment, targetName, isGoto } = this.#draft
    const verdict = targetName === 'ACCEPT' || targetName === 'DROP' || targetName === 'RETURN'
    const target: TargetKind =
      targetName === '' ? 'none' : action ? 'action' : isGoto ? 'goto' : verdict ? (targetName as TargetKind) : 'jump'
    const words: string[] = []
    if (src) words.push(`${bang(src.invert)}-s ${src.text}`)
    if (dst) words.push(`${bang(dst.invert)}-d ${dst.text}`)
    if (inInterface) words.push(`${bang(inInterface.invert)}-i ${interfaceText(inInterface)}`)
    if (outInterface) words.push(`${bang(outInterface.invert)}-o ${interfaceText(outInterface)}`)
    if (protocol !== 0) words.push(`${bang(protocolInvert)}-p ${protocolName(protocol)}`)
    if (fragment !== '') words.push(`${bang(fragment === 'no')}-f`)
    for (const matcher of matchers) words.push(matcher.text)
    const chainName = target === 'jump' || target === 'goto' ? targetName : ''
    const matchText = words.length === 0 ? '' : `${words.join(' ')} `
    return {
      src,
      dst,
      inInterface,
      outInterface,
      protocol,
      protocolInvert,
      fragment,
      matchers,
      target,
      action,
      chainName,
      matchText,
      needsConntrack,
    }
  }
}

export function interfaceText(test: InterfaceTest): string {
  return `${test.name}${test.wildcard ? '+' : ''}`
}

export function parseCommand(family: IpFamily, words: readonly string[], table = ''): ParsedCommand | Refusal {
  return new CommandParser(family, words, table).parse()
}

/** What iptables says to the name of a new chain, or null. */
export function chainNameProblem(name: string): Refusal | null {
  if (name.length > CHAIN_NAME_MAX) return new Refusal(`chain name \`${name}' too long (must be under ${CHAIN_NAME_MAX + 1} chars)`)
  if (name.startsWith('-') || name.startsWith('!')) return new Refusal(`chain name not allowed to start with \`${name[0]}'`)
  if (isTargetName(name)) return new Refusal('chain name may not clash with target name')
  return /\s/.test(name) ? new Refusal(`Invalid chain name \`${name}'`) : null
}
