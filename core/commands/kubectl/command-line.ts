/**
 * The command line of kubectl: a tree of commands with flags, parsed as cobra and pflag do, with their complaints.
 *
 * Truth: github.com/spf13/pflag (parseArgs), github.com/spf13/cobra (Find, stripFlags), kubectl's flag error function.
 * Omits: deprecated flags, plugins.
 */
import type { Wait } from '../../linux/wait.ts'
import { editDistance } from '../../base/nearest-name.ts'
import { byText } from '../../base/text-order.ts'
import type { Invocation } from './invocation.ts'
import { KubectlError } from './kubectl-error.ts'

export type FlagType = 'bool' | 'string' | 'int' | 'strings' | 'array' | 'duration'

export interface FlagSpec {
  readonly name: string
  readonly short?: string
  readonly type: FlagType
  /** What it is when it is not given, as its text. */
  readonly initial?: string
  /** What it is when it is given without `=value`; flags without this need a value (booleans mean `true`). */
  readonly bare?: string
  readonly help: string
}

export interface CommandSpec {
  readonly name: string
  readonly aliases?: readonly string[]
  readonly short: string
  readonly long?: string
  /** Behind `kubectl `. */
  readonly usage: string
  readonly examples?: readonly string[]
  readonly group?: string
  readonly flags?: readonly FlagSpec[]
  readonly required?: readonly string[]
  readonly commands?: readonly CommandSpec[]
  readonly run?: (kube: Invocation) => Generator<Wait, number, unknown>
  /** Candidates for a word that is no flag: `args` are the words before it. */
  readonly complete?: (kube: Invocation, args: readonly string[], word: string) => string[]
}

export function flag(type: FlagType, name: string, initial: string, help: string, short?: string, bare?: string): FlagSpec {
  return { name, short, type, initial, help, bare: bare ?? (type === 'bool' ? 'true' : undefined) }
}

/** Flags that every command takes. */
export const GLOBAL_FLAGS: readonly FlagSpec[] = [
  flag('string', 'as', '', 'User to act as. Not modelled: everybody may do everything.'),
  flag('array', 'as-group', '', 'Group to act as. Not modelled.'),
  flag('string', 'cache-dir', '', 'Accepted and ignored.'),
  flag('string', 'cluster', '', 'Cluster of the kubeconfig to use.'),
  flag('string', 'context', '', 'Context of the kubeconfig to use.'),
  flag('bool', 'insecure-skip-tls-verify', 'false', 'Accepted and ignored.'),
  flag('string', 'kubeconfig', '', 'Kubeconfig file to use.'),
  flag('bool', 'match-server-version', 'false', 'Accepted and ignored.'),
  flag('string', 'namespace', '', 'Namespace of this request.', 'n'),
  flag('string', 'request-timeout', '0', 'Accepted and ignored.'),
  flag('string', 'server', '', 'Address of the API server. Accepted and ignored.', 's'),
  flag('string', 'token', '', 'Accepted and ignored.'),
  flag('string', 'user', '', 'User of the kubeconfig to use.'),
  flag('int', 'v', '0', 'Verbosity of the log. Accepted and ignored.', 'v'),
  flag('bool', 'warnings-as-errors', 'false', 'Treat warnings of the server as errors.'),
]

export class Flags {
  readonly #specs: readonly FlagSpec[]
  readonly #values = new Map<string, string[]>()

  constructor(specs: readonly FlagSpec[]) {
    this.#specs = specs
  }

  set(spec: FlagSpec, value: string): void {
    const parts = spec.type === 'strings' ? splitCommas(value) : [value]
    const old = this.#values.get(spec.name) ?? []
    this.#values.set(spec.name, spec.type === 'strings' || spec.type === 'array' ? [...old, ...parts] : parts)
  }

  /** Given on the command line. */
  has(name: string): boolean {
    return this.#values.has(name)
  }

  text(name: string): string {
    return this.#values.get(name)?.at(-1) ?? this.#specs.find((spec) => spec.name === name)?.initial ?? ''
  }

  on(name: string): boolean {
    return TRUE.has(this.text(name))
  }

  number(name: string): number {
    return Number(this.text(name) || '0')
  }

  list(name: string): string[] {
    const given = this.#values.get(name)
    if (given) return given
    const initial = this.text(name)
    return initial === '' ? [] : splitCommas(initial)
  }

  /** A Go duration in milliseconds. */
  durationMs(name: string): number {
    return parseDuration(this.text(name)) ?? 0
  }
}

export interface ParsedLine {
  readonly command: CommandSpec
  /** `kubectl create deployment` */
  readonly path: string
  readonly flags: Flags
  readonly args: string[]
  /** Number of arguments in front of `--`, or -1. */
  readonly dashAt: number
  readonly help: boolean
}

/** Finds the command and parses its words. Throws `KubectlError` with upstream's complaint. */
export function parseLine(root: CommandSpec, words: readonly string[]): ParsedLine {
  let command = root
  let path = root.name
  let rest = [...words]
  for (let level = 0; level < 4 && command.commands; level += 1) {
    const at = firstArgument(rest, [...GLOBAL_FLAGS, ...(command.flags ?? [])])
    const name = at < 0 ? undefined : rest[at]
    const next = name === undefined ? undefined : command.commands.find((each) => each.name === name || each.aliases?.includes(name))
    if (!next) {
      if (name !== undefined && command === root) throw unknownCommand(root, name)
      if (name !== undefined && !command.run) throw new KubectlError(`unknown command "${name}"\nSee '${path} -h' for help and examples`)
      break
    }
    rest = [...rest.slice(0, at), ...rest.slice(at + 1)]
    command = next
    path += ` ${next.name}`
  }
  const specs = [...(command.flags ?? []), ...GLOBAL_FLAGS]
  const flags = new Flags(specs)
  const args: string[] = []
  let dashAt = -1
  let help = false
  for (let at = 0; at < rest.length; at += 1) {
    const word = rest[at]
    if (word === '--') {
      dashAt = args.length
      args.push(...rest.slice(at + 1))
      break
    }
    if (!word.startsWith('-') || word === '-') {
      args.push(word)
      continue
    }
    const taken = word.startsWith('--')
      ? longFlag(word, rest[at + 1], specs, flags, path)
      : shortFlags(word, rest[at + 1], specs, flags, path)
    if (taken === 'help') help = true
    else at += taken
  }
  if (!help && command.required) {
    const missing = command.required.filter((name) => !flags.has(name))
    if (missing.length > 0) throw new KubectlError(`required flag(s) ${missing.map((name) => `"${name}"`).join(', ')} not set`)
  }
  return { command, path, flags, args, dashAt, help }
}

function firstArgument(words: readonly string[], specs: readonly FlagSpec[]): number {
  for (let at = 0; at < words.length; at += 1) {
    const word = words[at]
    if (word === '--') return -1
    if (!word.startsWith('-') || word === '-') return at
    if (word.includes('=')) continue
    const spec = word.startsWith('--')
      ? specs.find((each) => each.name === word.slice(2))
      : word.length === 2
        ? specs.find((each) => each.short === word[1])
        : undefined
    if (spec && spec.bare === undefined) at += 1
  }
  return -1
}

function unknownCommand(root: CommandSpec, name: string): KubectlError {
  const near = (root.commands ?? [])
    .map((command) => command.name)
    .filter((each) => editDistance(name.toLowerCase(), each) <= 2 || each.startsWith(name.toLowerCase()))
    .sort(byText)
  return new KubectlError(
    `unknown command "${name}" for "${root.name}"${near.length > 0 ? `\n\nDid you mean this?\n${near.map((each) => `\t${each}\n`).join('')}` : ''}`,
  )
}

/** Returns how many further words it took. */
function longFlag(word: string, next: string | undefined, specs: readonly FlagSpec[], flags: Flags, path: string): number | 'help' {
  const equals = word.indexOf('=')
  const name = equals < 0 ? word.slice(2) : word.slice(2, equals)
  if (name === 'help') return 'help'
  const spec = specs.find((each) => each.name === name)
  if (!spec) throw flagError(path, name === '' || name.startsWith('-') ? `bad flag syntax: ${word}` : `unknown flag: --${name}`)
  if (equals >= 0) {
    setFlag(spec, word.slice(equals + 1), flags, path)
    return 0
  }
  if (spec.bare !== undefined) {
    flags.set(spec, spec.bare)
    return 0
  }
  if (next === undefined) throw flagError(path, `flag needs an argument: --${name}`)
  setFlag(spec, next, flags, path)
  return 1
}

function shortFlags(word: string, next: string | undefined, specs: readonly FlagSpec[], flags: Flags, path: string): number | 'help' {
  for (let i = 1; i < word.length; i += 1) {
    const spec = specs.find((each) => each.short === word[i])
    if (!spec && word[i] === 'h') return 'help'
    if (!spec) throw flagError(path, `unknown shorthand flag: '${word[i]}' in -${word.slice(i)}`)
    const rest = word.slice(i + 1)
    if (rest.startsWith('=')) {
      setFlag(spec, rest.slice(1), flags, path)
      return 0
    }
    if (spec.bare !== undefined) {
      flags.set(spec, spec.bare)
      continue
    }
    if (rest !== '') {
      setFlag(spec, rest, flags, path)
      return 0
    }
    if (next === undefined) throw flagError(path, `flag needs an argument: '${word[i]}' in -${word.slice(i)}`)
    setFlag(spec, next, flags, path)
    return 1
  }
  return 0
}

function flagError(path: string, message: string): KubectlError {
  return new KubectlError(`${message}\nSee '${path} --help' for usage.`)
}

const TRUE: ReadonlySet<string> = new Set(['1', 't', 'T', 'true', 'TRUE', 'True'])
const FALSE: ReadonlySet<string> = new Set(['0', 'f', 'F', 'false', 'FALSE', 'False'])

function setFlag(spec: FlagSpec, value: string, flags: Flags, path: string): void {
  const problem =
    spec.type === 'bool' && !TRUE.has(value) && !FALSE.has(value)
      ? `strconv.ParseBool: parsing ${JSON.stringify(value)}: invalid syntax`
      : spec.type === 'int' && !/^[-+]?\d+$/.test(value)
        ? `strconv.ParseInt: parsing ${JSON.stringify(value)}: invalid syntax`
        : spec.type === 'duration' && parseDuration(value) === null
          ? durationProblem(value)
          : ''
  if (problem !== '') {
    const names = spec.short ? `-${spec.short}, --${spec.name}` : `--${spec.name}`
    throw flagError(path, `invalid argument ${JSON.stringify(value)} for "${names}" flag: ${problem}`)
  }
  flags.set(spec, value)
}

function durationProblem(value: string): string {
  return /^[-+]?\d+(\.\d*)?$/.test(value)
    ? `time: missing unit in duration ${JSON.stringify(value)}`
    : `time: invalid duration ${JSON.stringify(value)}`
}

const UNIT_MS: ReadonlyMap<string, number> = new Map([
  ['ns', 1e-6],
  ['us', 1e-3],
  ['µs', 1e-3],
  ['ms', 1],
  ['s', 1000],
  ['m', 60_000],
  ['h', 3_600_000],
])

/** Go's time.ParseDuration, in whole milliseconds; null when it is none. */
export function parseDuration(text: string): number | null {
  if (text === '0' || text === '') return 0
  const match = /^([-+]?)((?:\d+(?:\.\d*)?(?:ns|us|µs|ms|s|m|h))+)$/.exec(text)
  if (!match) return null
  let total = 0
  for (const part of match[2].matchAll(/(\d+(?:\.\d*)?)(ns|us|µs|ms|s|m|h)/g)) total += Number(part[1]) * (UNIT_MS.get(part[2]) as number)
  const whole = total - (total % 1)
  return match[1] === '-' ? -whole : whole
}

function splitCommas(text: string): string[] {
  return text === '' ? [] : text.split(',')
}
