/** `history`. */
import type { Shell } from '../shell.ts'

export function history(shell: Shell, argv: readonly string[]): number {
  const [, option] = argv
  if (option === '-c') {
    shell.history.length = 0
    return 0
  }
  if (option?.startsWith('-')) return ['-a', '-r', '-w', '-n'].includes(option) ? 0 : shell.complain(`history: ${option}: invalid option`, 2)
  const count = option === undefined ? shell.history.length : Number(option)
  if (!Number.isInteger(count)) return shell.complain(`history: ${option}: numeric argument required`)
  const from = Math.max(0, shell.history.length - count)
  for (let i = from; i < shell.history.length; i += 1) shell.proc.print(`${String(i + 1).padStart(5)}  ${shell.history[i]}\n`)
  return 0
}
