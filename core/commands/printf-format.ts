/**
 * Conversions of printf(3) for programs that take their format from the user: printf(1), awk, seq, find.
 * Omits: `%a`, length modifiers, positional arguments.
 */

/** Wider fields than this are cut, so that a format cannot ask for a gigabyte. */
const WIDTH_MAX = 65536

export interface Conversion {
  flags: string
  /** -1: not given. */
  width: number
  precision: number
  letter: string
}

/** A number as an integer conversion shows it. */
export function formatInteger(value: number | bigint, conversion: Conversion): string {
  const { flags, precision, letter } = conversion
  const whole = typeof value === 'bigint' ? value : Number.isFinite(value) ? BigInt(Math.trunc(value)) : 0n
  const signed = letter === 'd' || letter === 'i'
  let digits: string
  if (signed) digits = (whole < 0n ? -whole : whole).toString()
  else {
    const unsigned = BigInt.asUintN(64, whole)
    digits = unsigned.toString(letter === 'o' ? 8 : letter === 'x' || letter === 'X' ? 16 : 10)
    if (letter === 'X') digits = digits.toUpperCase()
    if (flags.includes('#') && unsigned !== 0n) digits = letter === 'o' ? `0${digits}` : letter === 'u' ? digits : `0${letter}${digits}`
  }
  if (precision >= 0) digits = digits.padStart(Math.min(precision, WIDTH_MAX), '0')
  if (precision === 0 && whole === 0n) digits = ''
  return padNumber(signed && whole < 0n ? '-' : signPrefix(signed ? flags : ''), digits, conversion, precision < 0)
}

export function formatFloat(value: number, conversion: Conversion): string {
  const { flags, letter } = conversion
  const lower = letter.toLowerCase()
  const precision = Math.min(conversion.precision < 0 ? 6 : conversion.precision, 100)
  const negative = value < 0 || Object.is(value, -0)
  const size = Math.abs(value)
  let digits: string
  if (!Number.isFinite(value)) digits = Number.isNaN(value) ? 'nan' : 'inf'
  else if (lower === 'f') digits = fixed(size, precision)
  else if (lower === 'e') digits = exponential(size, precision)
  else digits = general(size, precision, flags.includes('#'))
  if (letter !== lower) digits = digits.toUpperCase()
  return padNumber(negative ? '-' : signPrefix(flags), digits, conversion, Number.isFinite(value))
}

export function formatString(text: string, { flags, width, precision }: Conversion): string {
  const shown = precision >= 0 ? [...text].slice(0, precision).join('') : text
  const wanted = Math.min(width, WIDTH_MAX)
  const missing = wanted - [...shown].length
  if (missing <= 0) return shown
  return flags.includes('-') ? shown + ' '.repeat(missing) : ' '.repeat(missing) + shown
}

/** `%g`, as awk's OFMT and CONVFMT and jq's numbers want it. */
export function general(size: number, precision: number, keepZeros = false): string {
  const digits = Math.max(precision, 1)
  if (size === 0) return keepZeros ? `0.${'0'.repeat(digits - 1)}` : '0'
  const scientific = size.toExponential(Math.min(digits - 1, 100))
  const exponent = Number(scientific.slice(scientific.indexOf('e') + 1))
  if (exponent < -4 || exponent >= digits) {
    const text = exponential(size, digits - 1)
    return keepZeros ? text : text.replace(/\.?0+e/, 'e')
  }
  const text = fixed(size, Math.min(digits - 1 - exponent, 100))
  return keepZeros || !text.includes('.') ? text : text.replace(/\.?0+$/, '')
}

/** `Number.prototype.toFixed` gives up at 1e21; beyond it every number is whole. */
function fixed(size: number, precision: number): string {
  if (size < 1e21) return size.toFixed(precision)
  return BigInt(size).toString() + (precision > 0 ? `.${'0'.repeat(precision)}` : '')
}

function exponential(size: number, precision: number): string {
  return size.toExponential(precision).replace(/e([+-])(\d)$/, 'e$10$2')
}

function signPrefix(flags: string): string {
  return flags.includes('+') ? '+' : flags.includes(' ') ? ' ' : ''
}

function padNumber(sign: string, digits: string, { flags, width }: Conversion, zeros: boolean): string {
  const missing = Math.min(width, WIDTH_MAX) - sign.length - digits.length
  if (missing <= 0) return sign + digits
  if (flags.includes('-')) return sign + digits + ' '.repeat(missing)
  return flags.includes('0') && zeros ? sign + '0'.repeat(missing) + digits : ' '.repeat(missing) + sign + digits
}

/** One directive at `format[at]` (which is `%`), or null where the text is none. `*` stands as -2 in width or precision. */
export function readConversion(format: string, at: number): { conversion: Conversion; length: number } | null {
  const match = /^%([-+ #0']*)(\*|\d+)?(?:\.(\*|\d*))?([hlLqjzt]*)([a-zA-Z%])/.exec(format.slice(at, at + 64))
  if (!match) return null
  const number = (text: string | undefined): number => (text === undefined ? -1 : text === '*' ? -2 : Number(text))
  const precision = match[3] === '' ? 0 : number(match[3])
  return { conversion: { flags: match[1], width: number(match[2]), precision, letter: match[5] }, length: match[0].length }
}
