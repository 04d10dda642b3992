/** `test` and `[`. */
import type { Shell } from '../shell.ts'
import { testExpression } from '../test-expression.ts'

export function test(shell: Shell, argv: readonly string[]): number {
  const [name] = argv
  let words = argv.slice(1)
  if (name === '[') {
    if (words[words.length - 1] !== ']') return shell.complain("[: missing `]'", 2)
    words = words.slice(0, -1)
  }
  const result = testExpression(shell, words)
  if (typeof result === 'string') return shell.complain(`${name}: ${result}`, 2)
  return result ? 0 : 1
}
