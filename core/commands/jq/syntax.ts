/**
 * What a jq program is made of, once parsed. Truth: the grammar that jq(1), 1.6, describes in words.
 * Omits: modules (`import` and `include` find nothing).
 */
import type { Value } from './value.ts'

export type BinaryOperator = '+' | '-' | '*' | '/' | '%' | '==' | '!=' | '<' | '>' | '<=' | '>='

export type Ast =
  | { kind: 'identity' }
  | { kind: 'constant'; value: Value }
  | { kind: 'index'; of: Ast; key: Ast; optional: boolean }
  | { kind: 'slice'; of: Ast; from: Ast | null; to: Ast | null; optional: boolean }
  | { kind: 'each'; of: Ast; optional: boolean }
  | { kind: 'pipe'; left: Ast; right: Ast }
  | { kind: 'comma'; left: Ast; right: Ast }
  | { kind: 'alternative'; left: Ast; right: Ast }
  | { kind: 'and'; left: Ast; right: Ast }
  | { kind: 'or'; left: Ast; right: Ast }
  | { kind: 'binary'; operator: BinaryOperator; left: Ast; right: Ast }
  | { kind: 'negate'; of: Ast }
  | { kind: 'call'; name: string; args: readonly Ast[]; at: number }
  | { kind: 'variable'; name: string; at: number }
  | { kind: 'array'; of: Ast | null }
  | { kind: 'object'; pairs: readonly { key: Ast; value: Ast | null }[] }
  | { kind: 'format'; name: string; of: Ast }
  | { kind: 'if'; condition: Ast; then: Ast; otherwise: Ast }
  | { kind: 'try'; body: Ast; handler: Ast | null }
  | { kind: 'as'; source: Ast; patterns: readonly Pattern[]; body: Ast }
  | { kind: 'reduce'; source: Ast; patterns: readonly Pattern[]; start: Ast; update: Ast }
  | { kind: 'foreach'; source: Ast; patterns: readonly Pattern[]; start: Ast; update: Ast; extract: Ast }
  | { kind: 'label'; name: string; body: Ast }
  | { kind: 'break'; name: string; at: number }
  | { kind: 'def'; definition: Definition; body: Ast }
  /** `=`, `|=` and `+=` with its kin, whose right side is read from the whole. */
  | { kind: 'assign'; operator: '=' | '|=' | '//=' | BinaryOperator; path: Ast; value: Ast }

export type Pattern =
  | { kind: 'variable'; name: string }
  | { kind: 'array'; items: readonly Pattern[] }
  | { kind: 'object'; fields: readonly { key: Ast; variable: string | null; pattern: Pattern | null }[] }

export interface Definition {
  name: string
  /** `$name` for those that are values. */
  params: readonly string[]
  body: Ast
}

export const IDENTITY: Ast = { kind: 'identity' }

/** A complaint and the place in the program that it points to. */
export interface Problem {
  message: string
  at: number
}

/** As jq prints it: the line, and blanks up to the place. */
export function problemText(program: string, problem: Problem): string {
  const start = problem.at === 0 ? 0 : program.lastIndexOf('\n', problem.at - 1) + 1
  const end = program.indexOf('\n', start)
  const line = program.slice(start, end < 0 ? undefined : end)
  const number = program.slice(0, start).split('\n').length
  return `jq: error: ${problem.message} at <top-level>, line ${number}:\n${line}${' '.repeat(problem.at - start)}\n`
}
