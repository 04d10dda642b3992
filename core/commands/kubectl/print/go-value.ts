/**
 * Values as Go prints them in kubectl's templates: scalars with `%v`, lists and maps as JSON with sorted keys, which is what
 * `-o jsonpath` does since 1.20.
 * Truth: fmt, encoding/json (HTML-safe escapes), client-go/util/jsonpath.evalToText.
 */
import { byText } from '../../../base/text-order.ts'

export function formatGoValue(value: unknown): string {
  if (value === null || value === undefined) return ''
  if (typeof value === 'string') return value
  if (typeof value === 'object') return goJson(value, '')
  return formatNumberOrBool(value)
}

/** `%v` of a whole: `map[a:1 b:[x y]]`, as `-o go-template` prints. */
export function formatGoDefault(value: unknown): string {
  if (value === null || value === undefined) return '<no value>'
  if (Array.isArray(value)) return `[${value.map(formatGoDefault).join(' ')}]`
  if (typeof value === 'object') {
    const map = value as Record<string, unknown>
    return `map[${Object.keys(map)
      .sort(byText)
      .map((key) => `${key}:${formatGoDefault(map[key])}`)
      .join(' ')}]`
  }
  return typeof value === 'string' ? value : formatNumberOrBool(value)
}

function formatNumberOrBool(value: unknown): string {
  return typeof value === 'number' ? goNumber(value) : String(value)
}

/** Whole numbers as such, others as Go's shortest form. */
export function goNumber(value: number): string {
  if (Number.isInteger(value) && Math.abs(value) < 1e21) return String(value)
  return String(value).replace(/e([-+])(\d)$/, 'e$10$2')
}

/** JSON with sorted keys as Go's encoder writes it; `indent` '' writes it on one line. */
export function goJson(value: unknown, indent: string): string {
  return write(value, indent, '', true)
}

/** The same with keys in the order of the value: how Go writes its structs. */
export function goStructJson(value: unknown, indent: string): string {
  return write(value, indent, '', false)
}

function write(value: unknown, indent: string, prefix: string, sorted: boolean): string {
  if (value === null || value === undefined) return 'null'
  if (typeof value === 'string') return goQuote(value)
  if (typeof value !== 'object') return formatNumberOrBool(value)
  const inner = prefix + indent
  const [open, separator, close] = indent === '' ? ['', ',', ''] : [`\n${inner}`, `,\n${inner}`, `\n${prefix}`]
  if (Array.isArray(value)) {
    return value.length === 0 ? '[]' : `[${open}${value.map((item) => write(item, indent, inner, sorted)).join(separator)}${close}]`
  }
  const map = value as Record<string, unknown>
  const keys = Object.keys(map).filter((key) => map[key] !== undefined)
  if (sorted) keys.sort(byText)
  const colon = indent === '' ? ':' : ': '
  return keys.length === 0
    ? '{}'
    : `{${open}${keys.map((key) => `${goQuote(key)}${colon}${write(map[key], indent, inner, sorted)}`).join(separator)}${close}}`
}

/** encoding/json escapes `<`, `>`, `&` and the two line separators. */
export function goQuote(text: string): string {
  return JSON.stringify(text).replace(/[<>&\u2028\u2029]/g, (char) => `\\u${char.charCodeAt(0).toString(16).padStart(4, '0')}`)
}
