/** The commands that a shell carries inside: bash(1) SHELL BUILTIN COMMANDS. */
import type { Wait } from '../../linux/wait.ts'
import type { Shell } from '../shell.ts'
import { cd, dirs, popd, pushd, pwd, umask } from './directories.ts'
import { echo } from './echo.ts'
import { breakOrContinue, exitShell, returnFromFunction } from './flow.ts'
import { getopts } from './getopts.ts'
import { history } from './history.ts'
import { bg, disown, fg, jobsBuiltin, kill, waitForJobs } from './job-control.ts'
import { alias, builtin, command, hash, type, unalias } from './names.ts'
import { printf } from './printf.ts'
import { mapfile, read } from './read.ts'
import { evaluate, exec, source } from './scripts.ts'
import { set, shift, shopt } from './settings.ts'
import { test } from './test.ts'
import { trap } from './trap.ts'
import { declare, exportBuiltin, letBuiltin, local, readonly, unset } from './variables.ts'

export type Builtin = (shell: Shell, argv: readonly string[]) => number | Generator<Wait, number>

const constant = (status: number) => (): number => status

export const BUILTINS: ReadonlyMap<string, Builtin> = new Map<string, Builtin>([
  [':', constant(0)],
  ['true', constant(0)],
  ['false', constant(1)],
  ['.', source],
  ['[', test],
  ['alias', alias],
  ['bg', bg],
  ['break', breakOrContinue],
  ['builtin', builtin],
  ['cd', cd],
  ['command', command],
  ['continue', breakOrContinue],
  ['declare', declare],
  ['dirs', dirs],
  ['disown', disown],
  ['echo', echo],
  ['eval', evaluate],
  ['exec', exec],
  ['exit', exitShell],
  ['export', exportBuiltin],
  ['fg', fg],
  ['getopts', getopts],
  ['hash', hash],
  ['history', history],
  ['jobs', jobsBuiltin],
  ['kill', kill],
  ['let', letBuiltin],
  ['local', local],
  ['logout', exitShell],
  ['mapfile', mapfile],
  ['popd', popd],
  ['printf', printf],
  ['pushd', pushd],
  ['pwd', pwd],
  ['read', read],
  ['readarray', mapfile],
  ['readonly', readonly],
  ['return', returnFromFunction],
  ['set', set],
  ['shift', shift],
  ['shopt', shopt],
  ['source', source],
  ['test', test],
  ['times', (shell) => { shell.proc.print('0m0.000s 0m0.000s\n0m0.000s 0m0.000s\n'); return 0 }],
  ['trap', trap],
  ['type', type],
  ['typeset', declare],
  ['ulimit', (shell) => { shell.proc.print('unlimited\n'); return 0 }],
  ['umask', umask],
  ['unalias', unalias],
  ['unset', unset],
  ['wait', waitForJobs],
])
