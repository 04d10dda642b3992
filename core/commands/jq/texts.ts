/**
 * Built-in functions on strings. Truth: jq(1), 1.6; errors are the program's words, and `indices` of a string counts bytes as it does.
 * Omits: nothing known.
 */
import { utf8Length } from '../../base/utf8.ts'
import { add, split } from './arithmetic.ts'
import { toText } from './formats.ts'
import { parseJson } from './json-reader.ts'
import { elements, toJson, typeError } from './json-text.ts'
import type { Native } from './natives.ts'
import { isArray, JqError, type Value } from './value.ts'

export function stringIndices(text: string, part: string): Value {
  const found: number[] = []
  if (part === '') return found
  for (let at = text.indexOf(part); at >= 0; at = text.indexOf(part, at + part.length)) found.push(utf8Length(text.slice(0, at)))
  return found
}

function startsWith(text: Value, part: Value): boolean {
  if (typeof text !== 'string' || typeof part !== 'string') throw new JqError('startswith() requires string inputs')
  return text.startsWith(part)
}

function endsWith(text: Value, part: Value): boolean {
  if (typeof text !== 'string' || typeof part !== 'string') throw new JqError('endswith() requires string inputs')
  return text.endsWith(part)
}

function toNumber(input: Value): Value {
  if (typeof input === 'number') return input
  if (typeof input === 'string') {
    const parsed = parseJson(input)
    if ('error' in parsed) throw new JqError(parsed.error)
    if (typeof parsed.value === 'number') return parsed.value
  }
  throw typeError(input, 'cannot be parsed as a number')
}

function fromJson(input: Value): Value {
  if (typeof input !== 'string') throw typeError(input, 'only strings can be parsed')
  const parsed = parseJson(input)
  if ('error' in parsed) throw new JqError(parsed.error)
  return parsed.value
}

function explode(input: Value): string[] {
  if (typeof input !== 'string') throw new JqError('explode input must be a string')
  return [...input]
}

function implode(input: Value): Value {
  if (!isArray(input)) throw new JqError('implode input must be an array')
  return input
    .map((code) => {
      // The program dies of these: say so instead.
      if (typeof code !== 'number') throw new JqError('Unicode codepoint must be numeric')
      const whole = Math.trunc(code)
      return String.fromCodePoint(whole >= 0 && whole <= 0x10ffff && !(whole >= 0xd800 && whole <= 0xdfff) ? whole : 0xfffd)
    })
    .join('')
}

function join(input: Value, separator: Value): Value {
  let text: Value = null
  for (const one of elements(input)) {
    const piece = typeof one === 'boolean' || typeof one === 'number' ? toJson(one) : (one ?? '')
    text = add(text === null ? '' : add(text, separator), piece)
  }
  return text === null || text === false ? '' : text
}

export const TEXTS: readonly [string, Native][] = [
  ['tostring/0', (input) => toText(input)],
  ['tojson/0', (input) => toJson(input)],
  ['fromjson/0', fromJson],
  ['tonumber/0', toNumber],
  ['startswith/1', (input, [part]) => startsWith(input, part)],
  ['endswith/1', (input, [part]) => endsWith(input, part)],
  ['ltrimstr/1', (input, [part]) => (typeof input === 'string' && typeof part === 'string' && input.startsWith(part) ? input.slice(part.length) : input)],
  ['rtrimstr/1', (input, [part]) => (
    typeof input === 'string' && typeof part === 'string' && input.endsWith(part) ? input.slice(0, input.length - part.length) : input
  )],
  ['split/1', (input, [separator]) => {
    if (typeof input !== 'string' || typeof separator !== 'string') throw new JqError('split input and separator must be strings')
    return split(input, separator)
  }],
  ['explode/0', (input) => explode(input).map((char) => char.codePointAt(0) as number)],
  ['implode/0', implode],
  ['ascii_downcase/0', (input) => explode(input).join('').replace(/[A-Z]/g, (char) => char.toLowerCase())],
  ['ascii_upcase/0', (input) => explode(input).join('').replace(/[a-z]/g, (char) => char.toUpperCase())],
  ['utf8bytelength/0', (input) => {
    if (typeof input !== 'string') throw typeError(input, 'only strings have UTF-8 byte length')
    return utf8Length(input)
  }],
  ['join/1', (input, [separator]) => join(input, separator)],
]
