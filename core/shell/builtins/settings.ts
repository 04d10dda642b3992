/** `set`, `shift`, `shopt`. */
import { byText } from '../../base/text-order.ts'
import { setOption } from '../options.ts'
import { quotedIfNeeded } from '../quoting.ts'
import type { OptionName, Shell } from '../shell.ts'
import { scalarOf } from '../variables.ts'
import { declarationValue } from './variables.ts'

export function set(shell: Shell, argv: readonly string[]): number {
  if (argv.length === 1) {
    printVariables(shell)
    return 0
  }
  let at = 1
  for (; at < argv.length; at += 1) {
    const word = argv[at]
    if (word === '--' || word === '-') {
      shell.positional = argv.slice(at + 1)
      return 0
    }
    if (!/^[-+]./.test(word)) break
    const on = word[0] === '-'
    for (const letter of word.slice(1)) {
      if (letter !== 'o') {
        if (!setOption(shell, letter, on)) return shell.complain(`set: ${word[0]}${letter}: invalid option`, 2)
        continue
      }
      at += 1
      const name = argv[at]
      if (name === undefined) {
        printOptions(shell, on)
        return 0
      }
      if (!setOption(shell, name, on)) return shell.complain(`set: ${name}: invalid option name`, 2)
    }
  }
  if (at < argv.length) shell.positional = argv.slice(at)
  return 0
}

function printVariables(shell: Shell): void {
  for (const name of shell.variables.names()) {
    const variable = shell.variables.find(name)
    if (!variable || variable.value === null) continue
    const text = variable.kind === 'scalar' ? quotedIfNeeded(scalarOf(variable) ?? '') : declarationValue(variable)
    shell.proc.print(`${name}=${text}\n`)
  }
}

function printOptions(shell: Shell, readable: boolean): void {
  const names = (Object.keys(shell.options) as OptionName[]).sort(byText)
  for (const name of names) {
    const on = shell.options[name]
    shell.proc.print(readable ? `${name.padEnd(15)}\t${on ? 'on' : 'off'}\n` : `set ${on ? '-' : '+'}o ${name}\n`)
  }
}

export function shift(shell: Shell, argv: readonly string[]): number {
  const count = argv[1] ?? '1'
  if (!/^[+-]?\d+$/.test(count)) return shell.complain(`shift: ${count}: numeric argument required`)
  const number = Number(count)
  if (number < 0) return shell.complain(`shift: ${count}: shift count out of range`)
  if (number > shell.positional.length) return 1
  shell.positional = shell.positional.slice(number)
  return 0
}

export function shopt(shell: Shell, argv: readonly string[]): number {
  const options = argv.slice(1).filter((word) => /^-[sqpuo]+$/.test(word)).join('')
  const names = argv.slice(1).filter((word) => !/^-[sqpuo]+$/.test(word))
  if (options.includes('o')) {
    const good = names.every((name) => setOption(shell, name, options.includes('s')))
    return good ? 0 : 1
  }
  if (names.length === 0) names.push(...[...shell.shopt.keys()].sort(byText))
  let status = 0
  for (const name of names) {
    const on = shell.shopt.get(name)
    if (on === undefined) status = shell.complain(`shopt: ${name}: invalid shell option name`)
    else if (/[su]/.test(options)) shell.shopt.set(name, options.includes('s'))
    else {
      if (!on) status = 1
      if (!options.includes('q')) shell.proc.print(options.includes('p') ? `shopt ${on ? '-s' : '-u'} ${name}\n` : `${name.padEnd(15)}\t${on ? 'on' : 'off'}\n`)
    }
  }
  return status
}
