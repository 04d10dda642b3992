/**
 * The formats `@text`, `@json`, `@csv`, `@tsv`, `@html`, `@uri`, `@sh`, `@base64` and `@base64d`. Truth: the section on format strings
 * of jq(1), 1.6; errors are the program's words. Omits: `@base32`, which this version does not have.
 */
import { utf8Decode, utf8Encode } from '../../base/utf8.ts'
import { base64 } from '../base64.ts'
import { toJson, typeError } from './json-text.ts'
import { isArray, JqError, type Value } from './value.ts'

const DIGITS = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/'
const HTML = new Map([['&', '&amp;'], ['<', '&lt;'], ['>', '&gt;'], ["'", '&apos;'], ['"', '&quot;']])
const TSV = new Map([['\t', '\\t'], ['\r', '\\r'], ['\n', '\\n'], ['\\', '\\\\']])

export function toText(value: Value): string {
  return typeof value === 'string' ? value : toJson(value)
}

export function format(value: Value, name: Value): Value {
  switch (name) {
    case 'text':
      return toText(value)
    case 'json':
      return toJson(value)
    case 'csv':
      return row(value, ',', 'cannot be csv-formatted, only array', (text) => `"${text.replace(/"/g, '""')}"`)
    case 'tsv':
      return row(value, '\t', 'cannot be tsv-formatted, only array', (text) => text.replace(/[\t\r\n\\]/g, (char) => TSV.get(char) ?? char))
    case 'html':
      return toText(value).replace(/[&<>'"]/g, (char) => HTML.get(char) ?? char)
    case 'uri':
      return [...utf8Encode(toText(value))].map(uriByte).join('')
    case 'sh':
      return (isArray(value) ? value : [value]).map(shellWord).join(' ')
    case 'base64':
      return base64(utf8Encode(toText(value)))
    case 'base64d':
      return decoded(toText(value))
  }
  if (typeof name !== 'string') throw typeError(name, 'is not a valid format')
  throw new JqError(`${name} is not a valid format`)
}

function row(value: Value, separator: string, complaint: string, quoted: (text: string) => string): string {
  if (!isArray(value)) throw typeError(value, complaint)
  const cells = value.map((cell) => {
    if (cell === null || Number.isNaN(cell)) return ''
    if (typeof cell === 'object') throw typeError(cell, 'is not valid in a csv row')
    return typeof cell === 'string' ? quoted(cell) : toJson(cell)
  })
  return cells.join(separator)
}

function uriByte(byte: number): string {
  const char = String.fromCharCode(byte)
  return /[A-Za-z0-9\-_.!~*'()]/.test(char) ? char : `%${byte.toString(16).toUpperCase().padStart(2, '0')}`
}

function shellWord(value: Value): string {
  if (typeof value === 'string') return `'${value.replace(/'/g, "'\\''")}'`
  if (value !== null && typeof value === 'object') throw typeError(value, 'can not be escaped for shell')
  return toJson(value)
}

/** Up to the first `=`; what is no digit is an error, and so is a digit that is left alone. */
function decoded(text: string): string {
  const end = text.indexOf('=')
  const digits = end < 0 ? text : text.slice(0, end)
  const bytes: number[] = []
  let held = 0
  let bits = 0
  for (const digit of digits) {
    const value = DIGITS.indexOf(digit)
    if (value < 0) throw typeError(text, 'is not valid base64 data')
    held = ((held << 6) | value) & 0xffffff
    bits += 6
    if (bits < 8) continue
    bits -= 8
    bytes.push((held >> bits) & 255)
  }
  if (digits.length % 4 === 1) throw typeError(text, 'trailing base64 byte found')
  return utf8Decode(Uint8Array.from(bytes))
}
