/** TAB on a line of kubectl. Truth: what `kubectl __complete` offers. */
import { StatusError } from '../../api/meta/status.ts'
import type { Process } from '../../linux/process.ts'
import { type CommandSpec, Flags, type FlagSpec, GLOBAL_FLAGS } from './command-line.ts'
import { containerNames, namespaceNames } from './complete.ts'
import { Invocation } from './invocation.ts'
import type { Connect } from './kubectl.ts'
import { KubectlError } from './kubectl-error.ts'
import { rootCommand } from './root-command.ts'

const OUTPUTS = ['custom-columns=', 'go-template=', 'json', 'jsonpath=', 'name', 'wide', 'yaml']

/** Candidates for `words[index]`; empty when the line makes no sense or the server does not answer. */
export function completeWord(proc: Process, connect: Connect, words: readonly string[], index: number): string[] {
  const word = words[index] ?? ''
  let command: CommandSpec = rootCommand
  const args: string[] = []
  const flags = new Flags(GLOBAL_FLAGS)
  let expecting: FlagSpec | null = null
  for (const each of words.slice(1, index)) {
    const specs = specsOf(command)
    if (expecting) {
      flags.set(expecting, each)
      expecting = null
    } else if (each === '--') return []
    else if (each.startsWith('-') && each !== '-') expecting = takeFlag(each, specs, flags)
    else {
      const next = command.commands?.find((sub) => sub.name === each || sub.aliases?.includes(each))
      if (next && args.length === 0) command = next
      else args.push(each)
    }
  }
  try {
    const kube = new Invocation(proc, connect, { path: '', flags, args, dashAt: -1 })
    if (expecting) return flagValues(kube, expecting, args)
    if (word.startsWith('-')) return flagWords(kube, command, word, args)
    const commands = args.length === 0 ? (command.commands ?? []).map((each) => each.name) : []
    return [...commands, ...(command.complete?.(kube, args, word) ?? [])]
  } catch (error) {
    if (error instanceof KubectlError || error instanceof StatusError) return []
    throw error
  }
}

function specsOf(command: CommandSpec): FlagSpec[] {
  return [...(command.flags ?? []), ...GLOBAL_FLAGS]
}

/** The flag whose value the next word is, or null. */
function takeFlag(word: string, specs: readonly FlagSpec[], flags: Flags): FlagSpec | null {
  const equals = word.indexOf('=')
  const long = word.startsWith('--')
  const name = word.slice(long ? 2 : 1, equals < 0 ? undefined : equals)
  const spec = specs.find((each) => (long ? each.name === name : each.short === name.at(-1)))
  if (!spec) return null
  if (equals >= 0) flags.set(spec, word.slice(equals + 1))
  else if (spec.bare !== undefined) flags.set(spec, spec.bare)
  else return spec
  return null
}

function flagWords(kube: Invocation, command: CommandSpec, word: string, args: readonly string[]): string[] {
  const equals = word.indexOf('=')
  if (equals > 0) {
    const spec = specsOf(command).find((each) => `--${each.name}` === word.slice(0, equals))
    return spec ? flagValues(kube, spec, args).map((value) => `${word.slice(0, equals + 1)}${value}`) : []
  }
  return specsOf(command).map((each) => (each.bare === undefined ? `--${each.name}=` : `--${each.name}`))
}

function flagValues(kube: Invocation, spec: FlagSpec, args: readonly string[]): string[] {
  switch (spec.name) {
    case 'namespace':
      return namespaceNames(kube)
    case 'output':
      return OUTPUTS
    case 'container':
      return containerNames(kube, args)
    case 'dry-run':
      return ['client', 'none', 'server']
    case 'restart':
      return ['Always', 'Never', 'OnFailure']
    case 'context':
      return kube.config.file.contexts.map((each) => each.name)
    default:
      return []
  }
}
