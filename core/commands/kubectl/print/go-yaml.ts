/**
 * YAML as kubectl prints it: `sigs.k8s.io/yaml` over go-yaml 2. Sorted keys (numbers inside them in their natural order), lists at
 * the indent of their key, quotes only where a plain scalar would mean something else, lines of text folded at 80 columns.
 *
 * Truth: go-yaml 2: encode.go, sorter.go, emitterc.go (analyze_scalar, select_scalar_style, write_*_scalar).
 * Omits: anchors, comments, binary data.
 */
import { plainScalar } from '../../../base/yaml-scalar.ts'

const bestWidth = 80
const simpleKeyMax = 128

export function goYaml(value: unknown): string {
  const out = new Emitter()
  out.root(value)
  return out.text
}

class Emitter {
  text = ''
  #column = 0

  root(value: unknown): void {
    this.#node(value, 0, false)
    if (!this.text.endsWith('\n')) this.text += '\n'
  }

  #write(text: string): void {
    this.text += text
    const newline = text.lastIndexOf('\n')
    this.#column = newline < 0 ? this.#column + [...text].length : text.length - newline - 1
  }

  /** `indent` is where a block's lines begin; `inline` says that something (`- `, `key:`) already stands on this line. */
  #node(value: unknown, indent: number, inline: boolean): void {
    if (Array.isArray(value)) this.#list(value, indent, inline)
    else if (value !== null && typeof value === 'object') this.#map(value as Record<string, unknown>, indent, inline)
    else this.#scalar(value, indent)
  }

  #list(list: readonly unknown[], indent: number, inline: boolean): void {
    if (list.length === 0) {
      this.#write('[]')
      return
    }
    for (let i = 0; i < list.length; i += 1) {
      if (i > 0 || !inline) this.#startLine(indent)
      this.#write('- ')
      this.#node(list[i], indent + 2, true)
    }
  }

  #map(map: Record<string, unknown>, indent: number, inline: boolean): void {
    const keys = Object.keys(map)
      .filter((key) => map[key] !== undefined)
      .sort(byYamlKey)
    if (keys.length === 0) {
      this.#write('{}')
      return
    }
    for (let i = 0; i < keys.length; i += 1) {
      if (i > 0 || !inline) this.#startLine(indent)
      const value = map[keys[i]]
      if (keys[i].length > simpleKeyMax || keys[i].includes('\n')) {
        this.#write('? ')
        this.#scalar(keys[i], indent + 2)
        this.#startLine(indent)
        this.#write(':')
      } else {
        this.#write(scalarText(keys[i], true).text)
        this.#write(':')
      }
      if (Array.isArray(value) && value.length > 0) this.#list(value, indent, false)
      else if (
        value !== null &&
        typeof value === 'object' &&
        !Array.isArray(value) &&
        Object.keys(value).some((key) => (value as Record<string, unknown>)[key] !== undefined)
      ) {
        this.#map(value as Record<string, unknown>, indent + 2, false)
      } else {
        this.#write(' ')
        this.#node(value, indent + 2, true)
      }
    }
  }

  #startLine(indent: number): void {
    if (this.text !== '' && !this.text.endsWith('\n')) this.#write('\n')
    this.#write(' '.repeat(indent))
  }

  #scalar(value: unknown, indent: number): void {
    if (typeof value === 'string') {
      const scalar = scalarText(value, false)
      if (scalar.style === 'literal') this.#literal(value, indent)
      else this.#folded(scalar.text, scalar.style, indent)
    } else if (value === null || value === undefined) this.#write('null')
    else this.#write(typeof value === 'number' ? yamlNumber(value) : String(value))
  }

  /** Writes a one-line scalar, broken at single spaces beyond the best width. */
  #folded(text: string, style: Style, indent: number): void {
    let spaces = false
    const chars = [...text]
    const last = style === 'plain' ? chars.length : chars.length - 2
    for (let i = 0; i < chars.length; i += 1) {
      if (chars[i] !== ' ') {
        this.#write(chars[i])
        spaces = false
        continue
      }
      const nextIsSpace = chars[i + 1] === ' '
      // Quotes themselves are not part of the text: its first and last characters never break.
      const inside = style === 'plain' || (i > 1 && i < last)
      if (!spaces && this.#column > bestWidth && inside && (style === 'double' || !nextIsSpace)) {
        this.#write(`\n${' '.repeat(indent)}${style === 'double' && nextIsSpace ? '\\' : ''}`)
      } else this.#write(' ')
      spaces = true
    }
  }

  #literal(value: string, indent: number): void {
    const first = value[0]
    const hint = first === ' ' || first === '\n' ? '2' : ''
    const chomp = !value.endsWith('\n') ? '-' : value === '\n' || value.endsWith('\n\n') ? '+' : ''
    const lines = value.split('\n')
    if (value.endsWith('\n')) lines.pop()
    this.#write(`|${hint}${chomp}\n`)
    for (const line of lines) this.#write(line === '' ? '\n' : `${' '.repeat(indent === 0 ? 2 : indent)}${line}\n`)
  }
}

type Style = 'plain' | 'single' | 'double' | 'literal'

function scalarText(value: string, isKey: boolean): { text: string; style: Style } {
  const facts = analyze(value)
  let style: Style = value.includes('\n') ? 'literal' : meansText(value) ? 'plain' : 'double'
  if (style === 'literal' && (isKey || !facts.blockAllowed)) style = 'double'
  if (style === 'plain' && (!facts.plainAllowed || (value === '' && isKey))) style = 'single'
  if (style === 'single' && !facts.singleAllowed) style = 'double'
  const text = style === 'single' ? `'${value.replaceAll("'", "''")}'` : style === 'double' ? doubleQuoted(value) : value
  return { text, style }
}

const TIMESTAMP = /^\d{4}-\d{1,2}-\d{1,2}(?:(?:[Tt]|[ \t]+)\d{1,2}:\d{2}:\d{2}(?:\.\d+)?(?:[ \t]*(?:Z|[-+]\d{1,2}(?::?\d{2})?))?)?$/
const BASE60 = /^[-+]?[0-9][0-9_]*(?::[0-5]?[0-9])+(?:\.[0-9_]*)?$/

function meansText(value: string): boolean {
  return typeof plainScalar(value) === 'string' && !TIMESTAMP.test(value) && !BASE60.test(value)
}

interface Facts {
  plainAllowed: boolean
  singleAllowed: boolean
  blockAllowed: boolean
}

const FIRST_INDICATORS = '#,[]{}&*!|>\'"%@`'

function analyze(value: string): Facts {
  const facts: Facts = { plainAllowed: true, singleAllowed: true, blockAllowed: true }
  if (value === '') return facts
  const chars = [...value]
  const blank = (char: string | undefined): boolean => char === undefined || char === ' ' || char === '\t' || isBreak(char)
  let indicators = value.startsWith('---') || value.startsWith('...')
  let special = false
  let lineBreaks = false
  let breakSpace = false
  let spaceBreak = false
  for (let i = 0; i < chars.length; i += 1) {
    const char = chars[i]
    if (i === 0) {
      if (FIRST_INDICATORS.includes(char)) indicators = true
      else if ((char === '?' || char === ':' || char === '-') && blank(chars[1])) indicators = true
    } else if ((char === ':' && blank(chars[i + 1])) || (char === '#' && blank(chars[i - 1]))) indicators = true
    if (!printable(char)) special = true
    if (isBreak(char)) lineBreaks = true
    if (char === ' ' && i > 0 && isBreak(chars[i - 1])) breakSpace = true
    if (isBreak(char) && chars[i - 1] === ' ') spaceBreak = true
  }
  const last = chars[chars.length - 1]
  const edge = chars[0] === ' ' || isBreak(chars[0]) || last === ' ' || isBreak(last)
  facts.plainAllowed = !edge && !breakSpace && !spaceBreak && !special && !lineBreaks && !indicators
  facts.singleAllowed = !breakSpace && !spaceBreak && !special
  facts.blockAllowed = last !== ' ' && !spaceBreak && !special
  return facts
}

function isBreak(char: string): boolean {
  return char === '\n' || char === '\r' || char === '\x85' || char === '\u2028' || char === '\u2029'
}

/** go-yaml's `is_printable`: no tab, no C1 controls, nothing beyond the basic plane. */
function printable(char: string): boolean {
  const code = char.codePointAt(0) as number
  if (code === 0x0a || (code >= 0x20 && code <= 0x7e)) return true
  return code >= 0xa0 && code <= 0xffff && code !== 0xfeff && code < 0xfffe && !(code >= 0xd800 && code <= 0xdfff)
}

const ESCAPES: ReadonlyMap<number, string> = new Map([
  [0, '0'],
  [7, 'a'],
  [8, 'b'],
  [9, 't'],
  [10, 'n'],
  [11, 'v'],
  [12, 'f'],
  [13, 'r'],
  [27, 'e'],
  [0x22, '"'],
  [0x5c, '\\'],
  [0x85, 'N'],
  [0xa0, '_'],
  [0x2028, 'L'],
  [0x2029, 'P'],
])

function doubleQuoted(value: string): string {
  let text = '"'
  for (const char of value) {
    const code = char.codePointAt(0) as number
    const escape = ESCAPES.get(code)
    if (escape !== undefined) text += `\\${escape}`
    else if (printable(char) && code !== 0x0a) text += char
    else if (code <= 0xff) text += `\\x${hex(code, 2)}`
    else text += code <= 0xffff ? `\\u${hex(code, 4)}` : `\\U${hex(code, 8)}`
  }
  return `${text}"`
}

function hex(code: number, width: number): string {
  return code.toString(16).toUpperCase().padStart(width, '0')
}

/** Go's `%g` with the shortest digits: an exponent below 1e-4 and from 1e21, two digits of it at least. */
function yamlNumber(value: number): string {
  if (Number.isInteger(value) && Math.abs(value) < 1e21) return String(value)
  const [digits, exponent] = value.toExponential().split('e')
  const power = Number(exponent)
  if (power >= -4 && power < 21) return String(value)
  return `${digits}e${power < 0 ? '-' : '+'}${String(Math.abs(power)).padStart(2, '0')}`
}

/** go-yaml's keyList.Less: letters after everything else, runs of digits by their value. */
export function byYamlKey(a: string, b: string): number {
  const left = [...a]
  const right = [...b]
  for (let i = 0; i < left.length && i < right.length; i += 1) {
    if (left[i] === right[i]) continue
    const leftLetter = /\p{L}/u.test(left[i])
    const rightLetter = /\p{L}/u.test(right[i])
    if (leftLetter && rightLetter) return left[i] < right[i] ? -1 : 1
    if (leftLetter !== rightLetter) return rightLetter ? -1 : 1
    return byDigits(left, right, i)
  }
  return left.length - right.length
}

function byDigits(left: readonly string[], right: readonly string[], from: number): number {
  let seed = 0
  if (left[from] === '0' || right[from] === '0') {
    for (let j = from - 1; j >= 0 && isDigit(left[j]); j -= 1) {
      if (left[j] !== '0') {
        seed = 1
        break
      }
    }
  }
  const [leftNumber, leftEnd] = digitsFrom(left, from, seed)
  const [rightNumber, rightEnd] = digitsFrom(right, from, seed)
  if (leftNumber !== rightNumber) return leftNumber < rightNumber ? -1 : 1
  if (leftEnd !== rightEnd) return leftEnd - rightEnd
  return left[from] < right[from] ? -1 : 1
}

function digitsFrom(chars: readonly string[], from: number, seed: number): [number, number] {
  let value = seed
  let at = from
  while (at < chars.length && isDigit(chars[at])) {
    value = value * 10 + Number(chars[at])
    at += 1
  }
  return [value, at]
}

function isDigit(char: string | undefined): boolean {
  return char !== undefined && char >= '0' && char <= '9'
}
