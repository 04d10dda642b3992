/** Output of a builtin, with the complaint that bash makes when it cannot be written. */
import { strerror } from '../../base/errno.ts'
import type { Wait } from '../../linux/wait.ts'
import type { Shell } from '../shell.ts'

export function* finishOutput(shell: Shell, name: string, text: string): Generator<Wait, number> {
  const error = shell.proc.write(1, text)
  if (error && error !== 'EPIPE') return shell.complain(`${name}: write error: ${strerror(error)}`)
  if (shell.proc.fds.get(1)?.full) yield* shell.proc.flush()
  return error ? 1 : 0
}
