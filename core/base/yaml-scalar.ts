/**
 * What a scalar of YAML means: YAML 1.1 as go-yaml 2 reads it (its `resolve.go`), which is what kubectl and the API server use.
 * Numbers follow Go's `ParseInt(text, 0, 64)`: `014` and `0o14` are octal, `0b1` binary, `_` may stand between digits.
 *
 * Omits: integers beyond 2^53 keep only a double's precision.
 */
const WORDS: ReadonlyMap<string, boolean | null> = new Map<string, boolean | null>([
  ...['y', 'Y', 'yes', 'Yes', 'YES', 'true', 'True', 'TRUE', 'on', 'On', 'ON'].map((word) => [word, true] as const),
  ...['n', 'N', 'no', 'No', 'NO', 'false', 'False', 'FALSE', 'off', 'Off', 'OFF'].map((word) => [word, false] as const),
  ...['', '~', 'null', 'Null', 'NULL'].map((word) => [word, null] as const),
])

const INTEGER = /^[-+]?(?:0[xX][0-9a-fA-F]+|0[oO]?[0-7]+|0[bB][01]+|0|[1-9][0-9]*)$/
const FLOAT = /^[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?$/
const SPECIAL = /^(?:([-+]?)\.(?:inf|Inf|INF)|\.(?:nan|NaN|NAN))$/

export const mergeError = 'map merge requires map or sequence of maps as the value'

/** JSON has no such numbers; worded as Go's encoder does. */
export function numberError(value: number): string {
  return `json: unsupported value: ${Number.isNaN(value) ? 'NaN' : value > 0 ? '+Inf' : '-Inf'}`
}

/** The value of a plain (unquoted) scalar. */
export function plainScalar(text: string): unknown {
  const word = WORDS.get(text)
  if (word !== undefined) return word
  const first = text.charCodeAt(0)
  const numeric = (first >= 0x30 && first <= 0x39) || text[0] === '+' || text[0] === '-' || text[0] === '.'
  if (!numeric) return text
  const special = SPECIAL.exec(text)
  if (special) return special[1] === undefined ? Number.NaN : special[1] === '-' ? -Infinity : Infinity
  return numberOf(text) ?? text
}

/** A scalar with a tag of its own; tags that are not known leave the scalar as it would be without. */
export function taggedScalar(tag: string, text: string, plain: boolean): unknown {
  switch (tag) {
    case '!':
    case 'tag:yaml.org,2002:str':
      return text
    case 'tag:yaml.org,2002:int':
    case 'tag:yaml.org,2002:float':
      return numberOf(text) ?? text
    case 'tag:yaml.org,2002:bool':
      return WORDS.get(text) ?? text
    case 'tag:yaml.org,2002:null':
      return null
    case 'tag:yaml.org,2002:binary':
      return base64Text(text)
    default:
      return plain ? plainScalar(text) : text
  }
}

function numberOf(text: string): number | null {
  const digits = text.replaceAll('_', '')
  if (INTEGER.test(digits)) {
    const negative = digits[0] === '-'
    const magnitude = negative || digits[0] === '+' ? digits.slice(1) : digits
    const octal = /^0[0-7]+$/.test(magnitude)
    const value = Number(octal ? `0o${magnitude.slice(1)}` : magnitude)
    return negative && value !== 0 ? -value : value
  }
  if (!FLOAT.test(text.replaceAll('_', ''))) return null
  const value = Number(digits)
  // Go's ParseFloat refuses what overflows, and the scalar stays text.
  return Number.isFinite(value) ? value : null
}

const BASE64 = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/'

/** `!!binary`: the bytes as text, one character each. */
function base64Text(text: string): string {
  let bits = 0
  let width = 0
  let out = ''
  for (const char of text) {
    const digit = BASE64.indexOf(char)
    if (digit < 0) continue
    bits = ((bits << 6) | digit) & 0xffffff
    width += 6
    if (width >= 8) {
      width -= 8
      out += String.fromCharCode((bits >> width) & 0xff)
    }
  }
  return out
}
