/** Values of awk: numbers, strings, and text from outside that counts as a number if it looks like one (POSIX "numeric string"). */
import { general } from '../printf-format.ts'

export class StrNum {
  readonly text: string
  readonly value: number

  constructor(text: string, value: number) {
    this.text = text
    this.value = value
  }
}

/** Neither set to a number nor to a string: 0 and "" at once. */
export const UNSET = new StrNum('', 0)

export type Value = number | string | StrNum

const LOOKS_NUMERIC = /^[ \t\n\r\f\v]*[-+]?(?:\d+\.?\d*(?:[eE][-+]?\d+)?|\.\d+(?:[eE][-+]?\d+)?)[ \t\n\r\f\v]*$/
const LEADING_NUMBER = /^[ \t\n\r\f\v]*([-+]?(?:\d+\.?\d*(?:[eE][-+]?\d+)?|\.\d+(?:[eE][-+]?\d+)?))/

/** Text that came from input, the environment, or the command line. */
export function fromInput(text: string): Value {
  return LOOKS_NUMERIC.test(text) ? new StrNum(text, Number(text)) : text
}

export function toNumber(value: Value): number {
  if (typeof value === 'number') return value
  if (value instanceof StrNum) return value.value
  const match = LEADING_NUMBER.exec(value)
  return match ? Number(match[1]) : 0
}

/** Whole numbers print in full, others by CONVFMT or OFMT. */
export function toText(value: Value, format: string): string {
  if (typeof value === 'string') return value
  if (value instanceof StrNum) return value.text
  return numberText(value, format)
}

export function numberText(value: number, format: string): string {
  if (Number.isNaN(value)) return 'nan'
  if (!Number.isFinite(value)) return value > 0 ? 'inf' : '-inf'
  if (Number.isInteger(value) && Math.abs(value) < 1e16) return String(value === 0 ? 0 : value)
  const match = /^%\.?(\d*)g$/.exec(format)
  const precision = match && match[1] !== '' ? Number(match[1]) : 6
  return `${value < 0 ? '-' : ''}${general(Math.abs(value), precision)}`
}

export function isTrue(value: Value): boolean {
  if (typeof value === 'number') return value !== 0
  if (value === UNSET) return false
  return value instanceof StrNum ? value.value !== 0 : value !== ''
}
