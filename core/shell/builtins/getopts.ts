/** `getopts`: XCU getopts. */
import { assign, setPlain } from '../parameters.ts'
import type { Shell } from '../shell.ts'

export function getopts(shell: Shell, argv: readonly string[]): number {
  const [, spec, name, ...given] = argv
  if (name === undefined) return shell.complain('getopts: usage: getopts optstring name [arg ...]', 2)
  const words = argv.length > 3 ? given : shell.positional
  const silent = spec.startsWith(':')
  const reports = !silent && shell.variables.get('OPTERR') !== '0'
  let index = Number(shell.variables.get('OPTIND') ?? '1') || 1
  const word = words[index - 1]
  const finish = (letter: string, argument: string | null, status: number): number => {
    const at = shell.getoptsAt
    setPlain(shell, 'OPTIND', String(index))
    shell.getoptsAt = at
    if (argument === null) shell.variables.unset('OPTARG')
    else setPlain(shell, 'OPTARG', argument)
    return assign(shell, name, null, letter) ? status : 1
  }
  if (word === undefined || word === '-' || !word.startsWith('-')) return finish('?', null, 1)
  if (word === '--') {
    index += 1
    return finish('?', null, 1)
  }
  const letter = word[shell.getoptsAt] ?? ''
  const at = spec.indexOf(letter)
  const known = letter !== ':' && at >= 0
  const rest = word.slice(shell.getoptsAt + 1)
  const next = (): void => {
    index += 1
    shell.getoptsAt = 1
  }
  if (!known || spec[at + 1] !== ':') {
    if (rest === '') next()
    else shell.getoptsAt += 1
    if (known) return finish(letter, null, 0)
    if (reports) shell.proc.error(`${shell.name}: illegal option -- ${letter}\n`)
    return finish('?', silent ? letter : null, 0)
  }
  next()
  if (rest !== '') return finish(letter, rest, 0)
  const argument = words[index - 1]
  if (argument !== undefined) {
    index += 1
    return finish(letter, argument, 0)
  }
  if (reports) shell.proc.error(`${shell.name}: option requires an argument -- ${letter}\n`)
  return finish(silent ? ':' : '?', silent ? letter : null, 0)
}
