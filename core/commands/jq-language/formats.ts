/** jq's `@format` strings. */
import { utf8Decode, utf8Encode } from '../../base/utf8.ts'
import { base64, fromBase64 } from '../base64.ts'
import { JqError } from './jq-error.ts'
import { type JqValue, jsonText, numberText, typeName } from './json-value.ts'
import { described } from './values.ts'

function plain(value: JqValue): string {
  return typeof value === 'string' ? value : jsonText(value)
}

export function formatted(name: string, value: JqValue): string {
  switch (name) {
    case '@text':
      return plain(value)
    case '@json':
      return jsonText(value)
    case '@csv':
    case '@tsv':
      if (!Array.isArray(value)) throw new JqError(`${described(value)} cannot be ${name.slice(1)}-formatted, only an array can be`)
      return value.map((cell) => (name === '@csv' ? csvCell(cell) : tsvCell(cell))).join(name === '@csv' ? ',' : '\t')
    case '@html':
      return plain(value).replace(/[<>&'"]/g, (char) => ({ '<': '&lt;', '>': '&gt;', '&': '&amp;', "'": '&apos;', '"': '&quot;' })[char] as string)
    case '@uri':
      return [...utf8Encode(plain(value))].map((byte) => (/[A-Za-z0-9\-_.!~*'()]/.test(String.fromCharCode(byte)) ? String.fromCharCode(byte) : `%${byte.toString(16).toUpperCase().padStart(2, '0')}`)).join('').replace(/[!*'()]/g, (char) => `%${char.charCodeAt(0).toString(16).toUpperCase()}`)
    case '@sh':
      return (Array.isArray(value) ? value : [value]).map(shellWord).join(' ')
    case '@base64':
      return base64(utf8Encode(plain(value)))
    case '@base64d': {
      const text = plain(value)
      const { bytes, valid } = fromBase64(text)
      if (!valid && bytes.length === 0 && text !== '') throw new JqError(`${described(value)} is not valid base64 data`)
      return utf8Decode(bytes)
    }
  }
  throw new JqError(`${name.slice(1)} is not a valid format`)
}

function csvCell(cell: JqValue): string {
  if (typeof cell === 'number') return numberText(cell)
  if (typeof cell === 'boolean') return String(cell)
  if (cell === null) return ''
  if (typeof cell === 'string') return `"${cell.replaceAll('"', '""')}"`
  throw new JqError(`${described(cell)} is not valid in a csv row`)
}

function tsvCell(cell: JqValue): string {
  if (typeof cell === 'number') return numberText(cell)
  if (typeof cell === 'boolean') return String(cell)
  if (cell === null) return ''
  if (typeof cell === 'string') return cell.replaceAll('\\', '\\\\').replaceAll('\t', '\\t').replaceAll('\n', '\\n').replaceAll('\r', '\\r')
  throw new JqError(`${described(cell)} is not valid in a tsv row`)
}

function shellWord(value: JqValue): string {
  if (typeof value === 'string') return `'${value.replaceAll("'", "'\\''")}'`
  if (value === null || typeof value !== 'object') return jsonText(value)
  throw new JqError(`${typeName(value)} (${jsonText(value)}) can not be escaped for shell`)
}
