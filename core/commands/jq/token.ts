/**
 * The words of a jq program. Brackets are matched while reading, as jq does: a closing one that fits nothing is an invalid character.
 * Truth: jq(1), 1.6; names of tokens are those that the program's complaints use.
 * Omits: nothing known.
 */
import { parseJson } from './json-reader.ts'
import type { Value } from './value.ts'

export interface Token {
  /** As complaints name it: `IDENT`, `LITERAL`, `'|'`, `==`, `$end` … */
  kind: string
  /** Name of IDENT, FIELD, FORMAT and keywords; text of QQSTRING_TEXT. */
  text: string
  /** Value of LITERAL. */
  value: Value
  /** Where it begins in the program; for `$end` where the last thing before it began. */
  at: number
  /** The text of a literal that is none. */
  problem: string | null
}

const KEYWORDS = new Set([
  'as', 'import', 'include', 'module', 'def', 'if', 'then', 'else', 'elif', 'and', 'or', 'end', 'reduce', 'foreach', 'try', 'catch', 'label',
  'break', '__loc__',
])

const OPERATORS = ['?//', '//=', '!=', '==', '//', '|=', '+=', '-=', '*=', '/=', '%=', '<=', '>=', '..']
const CLOSERS = new Map([['(', ')'], ['[', ']'], ['{', '}']])

const SPACE = /[ \n\t]+|#[^\r\n]*/y
const NAME = /(?:[a-zA-Z_][a-zA-Z_0-9]*::)*[a-zA-Z_][a-zA-Z_0-9]*/y
const FIELD = /\.[a-zA-Z_][a-zA-Z_0-9]*/y
const NUMBER = /[0-9.]+(?:[eE][+-]?[0-9]+)?/y
const FORMAT = /@[a-zA-Z0-9_]+/y
const STRING_TEXT = /[^\\"]+/y
const STRING_ESCAPES = /(?:\\[^u(]|\\u[a-zA-Z0-9]{0,4})+/y

export function tokenize(program: string): Token[] {
  const tokens: Token[] = []
  /** Closers that are due; `"` stands for a string that goes on. */
  const open: string[] = []
  let at = 0
  let last = 0
  const match = (pattern: RegExp): string | null => {
    pattern.lastIndex = at
    return pattern.exec(program)?.[0] ?? null
  }
  const push = (kind: string, length: number, text = '', value: Value = null, problem: string | null = null): void => {
    tokens.push({ kind, text, value, at, problem })
    last = at
    at += length
  }
  while (at < program.length) {
    const char = program[at]
    if (open.at(-1) === '"') {
      const text = match(STRING_TEXT)
      const escapes = text === null ? match(STRING_ESCAPES) : null
      if (text !== null) push('QQSTRING_TEXT', text.length, text)
      else if (char === '"') {
        push('QQSTRING_END', 1)
        open.pop()
      } else if (program.startsWith('\\(', at)) {
        push('QQSTRING_INTERP_START', 2)
        open.push('interpolation')
      } else if (escapes !== null) {
        const parsed = parseJson(`"${escapes}"`)
        if ('error' in parsed) push('QQSTRING_TEXT', escapes.length, '', null, parsed.error)
        else push('QQSTRING_TEXT', escapes.length, parsed.value as string)
      } else push('INVALID_CHARACTER', 1)
      continue
    }
    const space = match(SPACE)
    if (space !== null) {
      last = at
      at += space.length
      continue
    }
    const field = match(FIELD)
    const number = match(NUMBER)
    const operator = OPERATORS.find((each) => program.startsWith(each, at))
    // The longest match wins; at a tie numbers beat fields, but `.` and `..` are no numbers.
    if (field !== null && field.length > (number?.length ?? 0)) push('FIELD', field.length, field.slice(1))
    else if (number !== null && number !== '.' && number !== '..') {
      const parsed = parseJson(number)
      if ('error' in parsed) push('LITERAL', number.length, '', null, parsed.error)
      else push('LITERAL', number.length, '', parsed.value)
    } else if (operator !== undefined) push(operator, operator.length)
    else if (char === '"') {
      push('QQSTRING_START', 1)
      open.push('"')
    } else if (CLOSERS.has(char)) {
      push(`'${char}'`, 1)
      open.push(CLOSERS.get(char) as string)
    } else if (')]}'.includes(char)) {
      const due = open.at(-1)
      if (due === char || (due === 'interpolation' && char === ')')) {
        open.pop()
        push(due === char ? `'${char}'` : 'QQSTRING_INTERP_END', 1)
      } else push('INVALID_CHARACTER', 1)
    } else {
      const name = match(NAME)
      const format = match(FORMAT)
      if (name !== null) push(KEYWORDS.has(name) ? name : 'IDENT', name.length, name)
      else if (format !== null) push('FORMAT', format.length, format.slice(1))
      else push('.?=;,:|+-*/%$<>'.includes(char) ? `'${char}'` : 'INVALID_CHARACTER', 1)
    }
  }
  tokens.push({ kind: '$end', text: '', value: null, at: last, problem: null })
  return tokens
}
