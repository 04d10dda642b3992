/** `[[ … ]]`: bash(1) CONDITIONAL EXPRESSIONS. */
import type { Wait } from '../linux/wait.ts'
import type { Condition } from './ast.ts'
import { expandPattern, expandText } from './expansion.ts'
import { compileExtendedRegex } from './extended-regex.ts'
import { tryArithmetic } from './parameters.ts'
import { Pattern } from './pattern.ts'
import type { Shell } from './shell.ts'
import { compareFiles, compareNumbers, unaryTest } from './test-expression.ts'

export function* testCondition(shell: Shell, condition: Condition): Generator<Wait, number> {
  const result = yield* evaluate(shell, condition)
  return result === null ? 2 : result ? 0 : 1
}

/** Null after a mistake, which was complained about. */
function* evaluate(shell: Shell, condition: Condition): Generator<Wait, boolean | null> {
  switch (condition.kind) {
    case 'not': {
      const inner = yield* evaluate(shell, condition.operand)
      return inner === null ? null : !inner
    }
    case 'and':
    case 'or': {
      const left = yield* evaluate(shell, condition.left)
      if (left === null || left === (condition.kind === 'or')) return left
      return yield* evaluate(shell, condition.right)
    }
    case 'unary': {
      const operand = yield* expandText(shell, condition.operand)
      if (shell.flow) return null
      return unaryTest(shell, condition.operator, operand)
    }
    case 'binary':
      return yield* binary(shell, condition)
  }
}

function* binary(shell: Shell, condition: Condition & { kind: 'binary' }): Generator<Wait, boolean | null> {
  const { operator } = condition
  const left = yield* expandText(shell, condition.left)
  if (shell.flow) return null
  if (operator === '==' || operator === '=' || operator === '!=') {
    const pattern = yield* expandPattern(shell, condition.right)
    const fold = shell.shopt.get('nocasematch') === true
    const matches = new Pattern(fold ? { ...pattern, text: pattern.text.toLowerCase() } : pattern).matches(fold ? left.toLowerCase() : left)
    return matches === (operator !== '!=')
  }
  if (operator === '=~') {
    const pattern = yield* expandPattern(shell, condition.right)
    const regex = compileExtendedRegex(pattern, shell.shopt.get('nocasematch') === true)
    if (!regex) return null
    const match = regex.exec(left)
    const rematch = shell.variables.make('BASH_REMATCH')
    rematch.kind = 'indexed'
    rematch.value = new Map((match ?? []).map((text, i) => [i, text ?? '']))
    return match !== null
  }
  const right = yield* expandText(shell, condition.right)
  if (shell.flow) return null
  if (operator === '<') return left < right
  if (operator === '>') return left > right
  if (operator === '-nt' || operator === '-ot' || operator === '-ef') return compareFiles(shell, operator, left, right)
  const [a, b] = [tryArithmetic(shell, left, '[[: '), tryArithmetic(shell, right, '[[: ')]
  return a === null || b === null ? false : compareNumbers(operator, a, b)
}
