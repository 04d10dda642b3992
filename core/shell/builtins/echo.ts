/** `echo` as bash has it: options -n -e -E, escapes only with -e (in `sh` of BusyBox too). */
import type { Wait } from '../../linux/wait.ts'
import type { Shell } from '../shell.ts'
import { decodeEcho } from './escapes.ts'
import { finishOutput } from './output.ts'

export function echo(shell: Shell, argv: readonly string[]): Generator<Wait, number> {
  let newline = true
  let escapes = false
  let at = 1
  for (; at < argv.length && /^-[neE]+$/.test(argv[at]); at += 1) {
    for (const letter of argv[at].slice(1)) {
      if (letter === 'n') newline = false
      else escapes = letter === 'e'
    }
  }
  let text = argv.slice(at).join(' ')
  if (escapes) {
    const decoded = decodeEcho(text)
    text = decoded.text
    if (decoded.stopped) newline = false
  }
  return finishOutput(shell, 'echo', newline ? `${text}\n` : text)
}
