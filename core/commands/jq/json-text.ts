/**
 * JSON as jq 1.6 prints it: 17 significant digits with a two-digit exponent, insertion or sorted order, its own indentation.
 * Truth: the "Invoking jq" section of jq(1) for the options; numbers and escapes as the program prints them.
 * Omits: colours.
 */
import { utf8Decode, utf8Encode } from '../../base/utf8.ts'
import { isArray, isObject, JqError, sortedKeys, typeOf, type Value } from './value.ts'

export interface Layout {
  /** One step of indentation; '' prints everything on one line. */
  indent: string
  sortKeys: boolean
  ascii: boolean
}

const COMPACT: Layout = { indent: '', sortKeys: false, ascii: false }

/** Deeper values print as a remark. */
const PRINT_DEPTH_MAX = 256

/** How many bytes of a value an error message shows, its last three being dots. */
const SHOWN_BYTES = 14

export function toJson(value: Value, layout: Layout = COMPACT): string {
  const parts: string[] = []
  write(value, layout, 0, parts)
  return parts.join('')
}

function write(value: Value, layout: Layout, depth: number, parts: string[]): void {
  if (depth > PRINT_DEPTH_MAX) parts.push('<skipped: too deep>')
  else if (value === null || typeof value === 'boolean') parts.push(String(value))
  else if (typeof value === 'number') parts.push(numberText(value))
  else if (typeof value === 'string') parts.push(quote(value, layout.ascii))
  else if (isArray(value)) {
    if (value.length === 0) parts.push('[]')
    for (let i = 0; i < value.length; i += 1) {
      parts.push(i === 0 ? '[' : ',')
      newLine(layout, depth + 1, parts)
      write(value[i], layout, depth + 1, parts)
    }
    if (value.length > 0) {
      newLine(layout, depth, parts)
      parts.push(']')
    }
  } else {
    if (value.size === 0) {
      parts.push('{}')
      return
    }
    const keys = layout.sortKeys ? sortedKeys(value) : value.keys()
    let opening = '{'
    for (const key of keys) {
      parts.push(opening)
      opening = ','
      newLine(layout, depth + 1, parts)
      parts.push(quote(key, layout.ascii), layout.indent === '' ? ':' : ': ')
      write(value.get(key) as Value, layout, depth + 1, parts)
    }
    newLine(layout, depth, parts)
    parts.push('}')
  }
}

function newLine(layout: Layout, depth: number, parts: string[]): void {
  if (layout.indent !== '') parts.push('\n', layout.indent.repeat(depth))
}

/** NaN has no JSON and prints as null; infinities as the largest double. */
export function numberText(value: number): string {
  if (Number.isNaN(value)) return 'null'
  if (Object.is(value, -0)) return '-0'
  if (value === 0) return '0'
  const finite = Number.isFinite(value) ? value : value > 0 ? Number.MAX_VALUE : -Number.MAX_VALUE
  const [, sign, first, more = '', exponentText] = /^(-?)(\d)(?:\.(\d+))?e([+-]\d+)$/.exec(finite.toExponential()) as RegExpExecArray
  const digits = first + more
  const point = Number(exponentText) + 1
  if (point <= -4 || point > digits.length + 15) {
    const exponent = String(Math.abs(point - 1)).padStart(2, '0')
    return `${sign}${first}${more === '' ? '' : `.${more}`}e${point - 1 < 0 ? '-' : '+'}${exponent}`
  }
  if (point <= 0) return `${sign}0.${'0'.repeat(-point)}${digits}`
  if (point >= digits.length) return `${sign}${digits}${'0'.repeat(point - digits.length)}`
  return `${sign}${digits.slice(0, point)}.${digits.slice(point)}`
}

const SHORT_ESCAPES = new Map([['"', '\\"'], ['\\', '\\\\'], ['\b', '\\b'], ['\t', '\\t'], ['\r', '\\r'], ['\n', '\\n'], ['\f', '\\f']])

export function quote(text: string, ascii = false): string {
  const special = ascii ? /["\\\x00-\x1f\x7f-\uffff]/g : /["\\\x00-\x1f\x7f]/g
  return `"${text.replace(special, (unit) => SHORT_ESCAPES.get(unit) ?? `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`)}"`
}

/** A value as an error message quotes it: cut to `bytes`, with dots. */
export function shortJson(value: Value, bytes = SHOWN_BYTES): string {
  const text = toJson(value)
  const encoded = utf8Encode(text)
  return encoded.length <= bytes ? text : `${utf8Decode(encoded.slice(0, bytes - 3))}...`
}

export function typeError(value: Value, complaint: string): JqError {
  return new JqError(`${typeOf(value)} (${shortJson(value)}) ${complaint}`)
}

export function typeError2(a: Value, b: Value, complaint: string): JqError {
  return new JqError(`${typeOf(a)} (${shortJson(a)}) and ${typeOf(b)} (${shortJson(b)}) ${complaint}`)
}

/** Elements of an array or values of an object. */
export function elements(value: Value): readonly Value[] {
  if (isArray(value)) return value
  if (isObject(value)) return [...value.values()]
  throw new JqError(`Cannot iterate over ${typeOf(value)} (${shortJson(value)})`)
}
