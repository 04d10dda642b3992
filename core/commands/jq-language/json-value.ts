/**
 * JSON as jq sees it: objects are Maps, so that keys keep the order in which they came. A text may hold several documents.
 * Complaints follow jq 1.6. Omits: NaN and Infinity in input, numbers beyond double precision.
 */
import { byText } from '../../base/text-order.ts'

export type JqObject = Map<string, JqValue>
export type JqValue = null | boolean | number | string | JqValue[] | JqObject

const DEPTH_MAX = 256

export class JsonReader {
  readonly #text: string
  #at = 0
  /** jq's complaint about the text, once it has been met. */
  error = ''

  constructor(text: string) {
    this.#text = text
  }

  /** The next document, or undefined at the end and after a complaint. */
  next(): JqValue | undefined {
    this.#blank()
    if (this.#at >= this.#text.length || this.error !== '') return undefined
    const value = this.#value(0)
    return this.error === '' ? value : undefined
  }

  /** True when nothing but blanks is left. */
  get atEnd(): boolean {
    this.#blank()
    return this.#at >= this.#text.length
  }

  #value(depth: number): JqValue {
    this.#blank()
    if (depth > DEPTH_MAX) return this.#fail('Exceeds depth limit for parsing')
    const char = this.#text[this.#at]
    if (char === '{') return this.#object(depth)
    if (char === '[') return this.#array(depth)
    if (char === '"') return this.#string()
    if (char === undefined) return this.#fail('Unfinished JSON term at EOF')
    if (/[,:\]}]/.test(char)) {
      this.#at += 1
      return this.#fail(char === ',' ? "Expected value before ','" : char === ':' ? "':' not as part of an object" : `Unmatched '${char}'`)
    }
    return this.#bare()
  }

  /** A word without quotes. jq looks at it when the character behind it has come. */
  #bare(): JqValue {
    const word = /^[^\s,:[\]{}"]+/.exec(this.#text.slice(this.#at, this.#at + 512))?.[0] ?? ''
    this.#at += Math.max(word.length, 1)
    if (word === 'null' || word === 'nan') return null
    if (word === 'true' || word === 'false') return word === 'true'
    if (/^-?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?$/.test(word)) return Number(word)
    const complaint = /^[tfn]/.test(word) ? 'Invalid literal' : 'Invalid numeric literal'
    if (this.#at >= this.#text.length) return this.#fail(`${complaint} at EOF`)
    this.#at += 1
    return this.#fail(complaint)
  }

  #object(depth: number): JqValue {
    const object: JqObject = new Map()
    this.#at += 1
    this.#blank()
    if (this.#take('}')) return object
    for (;;) {
      this.#blank()
      if (this.#text[this.#at] === '}') return this.#fail('Expected another key-value pair', 1)
      const quoted = this.#text[this.#at] === '"'
      const key = this.#value(depth + 1)
      if (this.error !== '') return null
      this.#blank()
      const mark = this.#text[this.#at]
      if (mark === undefined) return this.#fail('Unfinished JSON term at EOF')
      if (!quoted) return this.#fail(mark === ':' ? 'Object keys must be strings' : 'Objects must consist of key:value pairs', 1)
      if (mark !== ':') {
        if (mark === '}' || mark === ',') return this.#fail('Objects must consist of key:value pairs', 1)
        return this.#unseparated(depth)
      }
      this.#at += 1
      const value = this.#value(depth + 1)
      if (this.error !== '') return null
      object.set(key as string, value)
      this.#blank()
      if (this.#take('}')) return object
      if (!this.#take(',')) return this.#unseparated(depth)
    }
  }

  #array(depth: number): JqValue {
    const array: JqValue[] = []
    this.#at += 1
    this.#blank()
    if (this.#take(']')) return array
    for (;;) {
      this.#blank()
      if (array.length > 0 && this.#text[this.#at] === ']') return this.#fail('Expected another array element', 1)
      const value = this.#value(depth + 1)
      if (this.error !== '') return null
      array.push(value)
      this.#blank()
      if (this.#take(']')) return array
      if (!this.#take(',')) return this.#unseparated(depth)
    }
  }

  /** A value follows a value: jq notices at the end of the second. */
  #unseparated(depth: number): null {
    const char = this.#text[this.#at]
    if (char === undefined) return this.#fail('Unfinished JSON term at EOF')
    if (char === ']' || char === '}') return this.#fail(`Unmatched '${char}'`, 1)
    if (char === ':') return this.#fail("':' not as part of an object", 1)
    const bare = !/["[{]/.test(char)
    this.#value(depth + 1)
    return this.#fail('Expected separator between values', bare ? 1 : 0)
  }

  #take(char: string): boolean {
    if (this.#text[this.#at] !== char) return false
    this.#at += 1
    return true
  }

  #string(): JqValue {
    const start = this.#at
    let at = start + 1
    while (at < this.#text.length && this.#text[at] !== '"') at += this.#text[at] === '\\' ? 2 : 1
    if (at >= this.#text.length) {
      this.#at = this.#text.length
      return this.#fail('Unfinished string at EOF')
    }
    this.#at = at + 1
    const raw = this.#text.slice(start + 1, at)
    if (!raw.includes('\\')) return raw
    if (/\\(?!["\\/bfnrt]|u[0-9a-fA-F]{4})/.test(raw)) return this.#fail('Invalid escape')
    return raw.replace(/\\(?:u([0-9a-fA-F]{4})|(.))/g, (_, hex: string | undefined, char: string) =>
      hex !== undefined ? String.fromCharCode(Number.parseInt(hex, 16)) : ({ b: '\b', f: '\f', n: '\n', r: '\r', t: '\t' }[char] ?? char),
    )
  }

  #blank(): void {
    while (this.#at < this.#text.length && /\s/.test(this.#text[this.#at])) this.#at += 1
  }

  #fail(message: string, ahead = 0): null {
    if (this.error === '') {
      const before = this.#text.slice(0, Math.min(this.#at + ahead, this.#text.length))
      const line = before.split('\n').length
      const column = before.length - (before.lastIndexOf('\n') + 1)
      this.error = `${message} at line ${line}, column ${column}`
    }
    return null
  }
}

export interface JsonStyle {
  /** '' for compact. */
  indent: string
  sortKeys: boolean
  ascii: boolean
}

export const COMPACT: JsonStyle = { indent: '', sortKeys: false, ascii: false }

export function jsonText(value: JqValue, style: JsonStyle = COMPACT, depth = 0): string {
  if (value === null || typeof value === 'boolean') return String(value)
  if (typeof value === 'number') return numberText(value)
  if (typeof value === 'string') return stringText(value, style.ascii)
  const array = Array.isArray(value)
  const size = array ? value.length : value.size
  if (size === 0) return array ? '[]' : '{}'
  const newline = style.indent === '' ? '' : `\n${style.indent.repeat(depth + 1)}`
  const end = style.indent === '' ? '' : `\n${style.indent.repeat(depth)}`
  if (array) return `[${value.map((one) => newline + jsonText(one, style, depth + 1)).join(',')}${end}]`
  const keys = style.sortKeys ? [...value.keys()].sort(byText) : [...value.keys()]
  const colon = style.indent === '' ? ':' : ': '
  return `{${keys.map((key) => newline + stringText(key, style.ascii) + colon + jsonText(value.get(key) as JqValue, style, depth + 1)).join(',')}${end}}`
}

/** As `%.17g` with the fewest digits that mean the same number. */
export function numberText(value: number): string {
  if (Number.isNaN(value)) return 'null'
  if (value === Infinity) return '1.7976931348623157e+308'
  if (value === -Infinity) return '-1.7976931348623157e+308'
  if (Object.is(value, -0)) return '-0'
  const [mantissa, power] = value.toExponential().split('e')
  const exponent = Number(power)
  if (exponent >= -4 && exponent < 17) return String(value)
  return `${mantissa}e${exponent < 0 ? '-' : '+'}${String(Math.abs(exponent)).padStart(2, '0')}`
}

function stringText(text: string, ascii: boolean): string {
  const quoted = JSON.stringify(text).replaceAll('\x7f', '\\u007f')
  return ascii ? quoted.replace(/[\u0080-\uffff]/g, (char) => `\\u${char.charCodeAt(0).toString(16).padStart(4, '0')}`) : quoted
}

/** The JSON of a value of the host, for tests and callers. */
export function parseJson(text: string): JqValue | undefined {
  return new JsonReader(text).next()
}

const ORDER = ['null', 'false', 'true', 'number', 'string', 'array', 'object']

export function typeName(value: JqValue): 'null' | 'boolean' | 'number' | 'string' | 'array' | 'object' {
  if (value === null) return 'null'
  if (Array.isArray(value)) return 'array'
  return value instanceof Map ? 'object' : (typeof value as 'boolean' | 'number' | 'string')
}

/** jq's total order: null, false, true, numbers, strings, arrays, objects. */
export function compareValues(a: JqValue, b: JqValue): number {
  const rank = (value: JqValue): number => ORDER.indexOf(typeof value === 'boolean' ? String(value) : typeName(value))
  if (rank(a) !== rank(b)) return rank(a) - rank(b)
  if (typeof a === 'number') return a - (b as number) || 0
  if (typeof a === 'string') return byText(a, b as string)
  if (Array.isArray(a)) {
    const other = b as JqValue[]
    for (let i = 0; i < a.length && i < other.length; i += 1) {
      const order = compareValues(a[i], other[i])
      if (order !== 0) return order
    }
    return a.length - other.length
  }
  if (a instanceof Map) {
    const [left, right] = [[...a.keys()].sort(byText), [...(b as JqObject).keys()].sort(byText)]
    const order = compareValues(left, right)
    if (order !== 0) return order
    for (const key of left) {
      const inner = compareValues(a.get(key) as JqValue, (b as JqObject).get(key) as JqValue)
      if (inner !== 0) return inner
    }
  }
  return 0
}
