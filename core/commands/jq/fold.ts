/**
 * What jq works out while it compiles: sums and comparisons of constants, constant arrays and objects. It shows, because a division
 * by a constant zero is a compile error and a constant key that is no string too. Truth: jq 1.6 as observed.
 * Omits: nothing known.
 */
import type { Ast, BinaryOperator } from './syntax.ts'
import { typeOf, type Value } from './value.ts'

export function fold(operator: BinaryOperator, left: Ast, right: Ast): Ast {
  const unfolded: Ast = { kind: 'binary', operator, left, right }
  if (left.kind !== 'constant' || right.kind !== 'constant') return unfolded
  const [a, b] = [left.value, right.value]
  if (operator === '+' && a === null) return right
  if (operator === '+' && b === null) return left
  if (typeof a === 'string' && typeof b === 'string' && operator === '+') return { kind: 'constant', value: a + b }
  if (typeof a !== 'number' || typeof b !== 'number') return unfolded
  const value = ofNumbers(operator, a, b)
  return value === null ? unfolded : { kind: 'constant', value }
}

function ofNumbers(operator: BinaryOperator, a: number, b: number): Value {
  switch (operator) {
    case '+':
      return a + b
    case '-':
      return a - b
    case '*':
      return a * b
    case '/':
      return a / b
    case '==':
      return a === b
    case '!=':
      return a !== b
    case '<':
      return a < b
    case '>':
      return a > b
    case '<=':
      return a <= b
    case '>=':
      return a >= b
    default:
      return null
  }
}

export function join(left: Ast, right: Ast): Ast {
  return fold('+', left, right)
}

export function foldArray(inside: Ast | null): Ast {
  if (inside === null) return { kind: 'constant', value: [] }
  const values: Value[] = []
  return collect(inside, values) ? { kind: 'constant', value: values } : { kind: 'array', of: inside }
}

function collect(ast: Ast, values: Value[]): boolean {
  if (ast.kind === 'constant') values.push(ast.value)
  return ast.kind === 'constant' || (ast.kind === 'comma' && collect(ast.left, values) && collect(ast.right, values))
}

export function foldObject(pairs: readonly { key: Ast; value: Ast | null }[]): Ast {
  const fields = new Map<string, Value>()
  for (const { key, value } of pairs) {
    if (key.kind !== 'constant' || typeOf(key.value) !== 'string' || value?.kind !== 'constant') return { kind: 'object', pairs }
    fields.set(key.value as string, value.value)
  }
  return { kind: 'constant', value: fields }
}
