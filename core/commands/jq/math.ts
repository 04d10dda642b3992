/**
 * The C library's mathematics as far as people use it. Truth: the "Math" section of jq(1), 1.6, and libm's manual pages.
 * Omits: Bessel, gamma and error functions, `nextafter`, `nexttoward`, `lgamma_r`; results may differ from libm's in the last digit.
 */
import { typeError } from './json-text.ts'
import type { Native } from './natives.ts'
import type { Value } from './value.ts'

function number(value: Value): number {
  if (typeof value !== 'number') throw typeError(value, 'number required')
  return value
}

/** value = fraction · 2^exponent, with a fraction from ½ to below 1. */
function frexp(value: number): [number, number] {
  if (value === 0 || !Number.isFinite(value)) return [value, 0]
  let exponent = 0
  let fraction = value
  while (Math.abs(fraction) >= 1) {
    fraction /= 2
    exponent += 1
  }
  while (Math.abs(fraction) < 0.5) {
    fraction *= 2
    exponent -= 1
  }
  return [fraction, exponent]
}

function toEven(value: number): number {
  const floor = Math.floor(value)
  if (value - floor !== 0.5) return Math.round(value)
  return floor % 2 === 0 ? floor : floor + 1
}

function ieeeRemainder(a: number, b: number): number {
  return a - b * toEven(a / b)
}

/** Halves go away from zero. */
function round(value: number): number {
  return value < 0 ? -Math.round(-value) : Math.round(value)
}

function logb(value: number): number {
  if (value === 0) return -Infinity
  return Number.isFinite(value) ? frexp(value)[1] - 1 : value * value
}

function significand(value: number): number {
  return value === 0 || !Number.isFinite(value) ? value : frexp(value)[0] * 2
}

function copySign(value: number, sign: number): number {
  return sign < 0 || Object.is(sign, -0) ? -Math.abs(value) : Math.abs(value)
}

const ONE: Readonly<Record<string, (value: number) => number>> = {
  floor: Math.floor, ceil: Math.ceil, trunc: Math.trunc, round, nearbyint: toEven, rint: toEven, fabs: Math.abs, sqrt: Math.sqrt, cbrt: Math.cbrt,
  exp: Math.exp, exp2: (value) => 2 ** value, exp10: (value) => 10 ** value, pow10: (value) => 10 ** value, expm1: Math.expm1, log: Math.log,
  log2: Math.log2, log10: Math.log10, log1p: Math.log1p, sin: Math.sin, cos: Math.cos, tan: Math.tan, asin: Math.asin, acos: Math.acos, atan: Math.atan,
  sinh: Math.sinh, cosh: Math.cosh, tanh: Math.tanh, asinh: Math.asinh, acosh: Math.acosh, atanh: Math.atanh, logb, significand,
}

const TWO: Readonly<Record<string, (a: number, b: number) => number>> = {
  pow: (a, b) => a ** b, atan2: Math.atan2, fmod: (a, b) => a % b, hypot: Math.hypot, copysign: copySign, fdim: (a, b) => (a > b ? a - b : 0),
  fmin: (a, b) => (Number.isNaN(a) ? b : Number.isNaN(b) ? a : Math.min(a, b)), fmax: (a, b) => (Number.isNaN(a) ? b : Number.isNaN(b) ? a : Math.max(a, b)),
  ldexp: (a, b) => a * 2 ** b, scalb: (a, b) => a * 2 ** b, scalbln: (a, b) => a * 2 ** b, drem: ieeeRemainder, remainder: ieeeRemainder,
}

export const MATH: readonly [string, Native][] = [
  ...Object.entries(ONE).map(([name, of]): [string, Native] => [`${name}/0`, (input) => of(number(input))]),
  ...Object.entries(TWO).map(([name, of]): [string, Native] => [`${name}/2`, (_, [a, b]) => of(number(a), number(b))]),
  ['fma/3', (_, [a, b, c]) => number(a) * number(b) + number(c)],
  ['frexp/0', (input) => frexp(number(input))],
  ['modf/0', (input) => {
    const value = number(input)
    return Number.isFinite(value) ? [value - Math.trunc(value), Math.trunc(value)] : [0, value]
  }],
  ['infinite/0', () => Infinity],
  ['nan/0', () => Number.NaN],
  ['isinfinite/0', (input) => input === Infinity || input === -Infinity],
  ['isnan/0', (input) => Number.isNaN(input)],
  ['isnormal/0', (input) => typeof input === 'number' && Number.isFinite(input) && Math.abs(input) >= 2 ** -1022],
  ['isfinite/0', (input) => typeof input === 'number' && input !== Infinity && input !== -Infinity],
]
