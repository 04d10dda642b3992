/** `--help`: kubectl's layout with texts of our own. Truth for the layout: k8s.io/kubectl/pkg/util/templates. */
import type { CommandSpec, FlagSpec } from './command-line.ts'
import { GLOBAL_FLAGS } from './command-line.ts'
import { byText } from '../../base/text-order.ts'

const GROUPS = [
  'Basic Commands (Beginner)',
  'Basic Commands (Intermediate)',
  'Deploy Commands',
  'Cluster Management Commands',
  'Troubleshooting and Debugging Commands',
  'Advanced Commands',
  'Settings Commands',
  'Other Commands',
]

export function helpText(command: CommandSpec, path: string): string {
  const parts = [`${command.long ?? `${command.short}.`}\n`]
  if (command.aliases && command.aliases.length > 0) parts.push(`Aliases:\n${[command.name, ...command.aliases].join(', ')}\n`)
  if (command.examples && command.examples.length > 0)
    parts.push(`Examples:\n${command.examples.map((example) => `  ${example}`).join('\n')}\n`)
  if (command.commands) parts.push(...subcommands(command))
  if (command.flags && command.flags.length > 0) parts.push(`Options:\n${flagsText(command.flags)}`)
  parts.push(`Usage:\n  kubectl ${command.usage}\n`)
  const more = command.commands ? `Use "${path} <command> --help" for more information about a given command.\n` : ''
  parts.push(`${more}Use "kubectl options" for a list of global command-line options (applies to all commands).\n`)
  return parts.join('\n')
}

export function optionsText(): string {
  return `The following options can be passed to any command:\n\n${flagsText(GLOBAL_FLAGS)}`
}

function subcommands(command: CommandSpec): string[] {
  const all = command.commands ?? []
  const width = Math.max(...all.map((each) => each.name.length))
  const line = (each: CommandSpec): string => `  ${each.name.padEnd(width)}   ${each.short}\n`
  if (!all.some((each) => each.group))
    return [
      `Available Commands:\n${[...all]
        .sort((a, b) => byText(a.name, b.name))
        .map(line)
        .join('')}`,
    ]
  return GROUPS.map((group) => {
    const members = all.filter((each) => (each.group ?? 'Other Commands') === group)
    return members.length === 0 ? '' : `${group}:\n${members.map(line).join('')}`
  }).filter((text) => text !== '')
}

function flagsText(flags: readonly FlagSpec[]): string {
  return [...flags]
    .sort((a, b) => byText(a.name, b.name))
    .map((flag) => {
      const initial =
        flag.type === 'string' || flag.type === 'duration'
          ? flag.type === 'string'
            ? `'${flag.initial ?? ''}'`
            : flag.initial
          : flag.type === 'strings' || flag.type === 'array'
            ? `[${flag.initial ?? ''}]`
            : flag.initial
      return `    ${flag.short ? `-${flag.short}, ` : ''}--${flag.name}=${initial}:\n\t${flag.help}\n`
    })
    .join('\n')
}
