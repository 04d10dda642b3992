/**
 * Quantities (`500m`, `1Gi`, `1e3`): k8s.io/apimachinery/pkg/api/resource. Exact, as a whole number of nanos in a bigint.
 */

export interface Quantity {
  /** Value × 10⁹, rounded up as upstream rounds. */
  nanos: bigint
  format: 'BinarySI' | 'DecimalSI' | 'DecimalExponent'
}

const PATTERN = /^([+-]?)(\d+\.?\d*|\.\d+)([eE][+-]?\d+|[KMGTPE]i|[numkMGTPE])?$/
export const QUANTITY_ERROR = "quantities must match the regular expression '^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$'"
const DIGITS_MAX = 64
const EXPONENT_MAX = 64

const DECIMAL: readonly [string, number][] = [
  ['E', 18],
  ['P', 15],
  ['T', 12],
  ['G', 9],
  ['M', 6],
  ['k', 3],
  ['', 0],
  ['m', -3],
  ['u', -6],
  ['n', -9],
]
const BINARY: readonly [string, number][] = [
  ['Ei', 60],
  ['Pi', 50],
  ['Ti', 40],
  ['Gi', 30],
  ['Mi', 20],
  ['Ki', 10],
]
const NANO = 1_000_000_000n

export function parseQuantity(input: unknown): Quantity | undefined {
  const text = typeof input === 'number' ? String(input) : input
  if (typeof text !== 'string' || text.length > DIGITS_MAX) return undefined
  const match = PATTERN.exec(text)
  if (!match) return undefined
  const [, sign, number, suffix = ''] = match
  const dot = number!.indexOf('.')
  const fractionDigits = dot < 0 ? 0 : number!.length - dot - 1
  let value = BigInt(number!.replace('.', '') || '0') * NANO
  let format: Quantity['format'] = 'DecimalSI'
  let power = -fractionDigits
  const binary = BINARY.find(([s]) => s === suffix)
  if (binary) {
    format = 'BinarySI'
    value <<= BigInt(binary[1])
  } else if (/^[eE][+-]?\d+$/.test(suffix)) {
    format = 'DecimalExponent'
    const exponent = Number(suffix.slice(1))
    if (Math.abs(exponent) > EXPONENT_MAX) return undefined
    power += exponent
  } else power += DECIMAL.find(([s]) => s === suffix)![1]
  if (power > 0) value *= 10n ** BigInt(power)
  else if (power < 0) {
    const divisor = 10n ** BigInt(-power)
    value = (value + divisor - 1n) / divisor
  }
  return { nanos: sign === '-' ? -value : value, format }
}

/** In thousandths, rounded up: CPU. */
export function milliValue(input: unknown): number {
  const q = parseQuantity(input)
  return q ? Number(ceilDivide(q.nanos, 1_000_000n)) : 0
}

/** In whole units, rounded up: bytes, pods. */
export function wholeValue(input: unknown): number {
  const q = parseQuantity(input)
  return q ? Number(ceilDivide(q.nanos, NANO)) : 0
}

export function compareQuantity(a: unknown, b: unknown): number {
  const x = parseQuantity(a)?.nanos ?? 0n
  const y = parseQuantity(b)?.nanos ?? 0n
  return x < y ? -1 : x > y ? 1 : 0
}

/** Canonical text: no fraction, the largest suffix that keeps it whole. */
export function formatQuantity(q: Quantity): string {
  if (q.nanos === 0n) return '0'
  const negative = q.nanos < 0n
  const nanos = negative ? -q.nanos : q.nanos
  const sign = negative ? '-' : ''
  if (q.format === 'BinarySI' && nanos % NANO === 0n) {
    const whole = nanos / NANO
    for (const [suffix, bits] of BINARY) if (whole % (1n << BigInt(bits)) === 0n) return `${sign}${whole >> BigInt(bits)}${suffix}`
    return `${sign}${whole}`
  }
  for (const [suffix, power] of DECIMAL) {
    const unit = 10n ** BigInt(power + 9)
    if (nanos % unit !== 0n) continue
    if (q.format === 'DecimalExponent') return `${sign}${nanos / unit}${power === 0 ? '' : `e${power}`}`
    return `${sign}${nanos / unit}${suffix}`
  }
  return `${sign}${nanos}n`
}

/** Canonical text of a quantity's text, or undefined when it is none. */
export function canonicalQuantity(input: unknown): string | undefined {
  const q = parseQuantity(input)
  return q && formatQuantity(q)
}

export function addQuantities(values: readonly unknown[]): string {
  let nanos = 0n
  let format: Quantity['format'] = 'DecimalSI'
  for (const [i, value] of values.entries()) {
    const q = parseQuantity(value)
    if (!q) continue
    if (i === 0 || nanos === 0n) format = q.format
    nanos += q.nanos
  }
  return formatQuantity({ nanos, format })
}

function ceilDivide(value: bigint, by: bigint): bigint {
  return value > 0n ? (value + by - 1n) / by : value / by
}
