/**
 * The operators `+ - * / %` of jq on all types. Truth: the section on builtin operators of jq(1), 1.6; errors are the program's words.
 * Omits: nothing known.
 */
import { typeError2 } from './json-text.ts'
import { Exhausted } from './machine.ts'
import { equal, isArray, isObject, type JqObject, type Value } from './value.ts'

const TEXT_MAX = 1 << 27
const ITEMS_MAX = 20_000_000

export function add(a: Value, b: Value): Value {
  if (a === null) return b
  if (b === null) return a
  if (typeof a === 'number' && typeof b === 'number') return a + b
  if (typeof a === 'string' && typeof b === 'string') {
    if (a.length + b.length > TEXT_MAX) throw new Exhausted()
    return a + b
  }
  if (isArray(a) && isArray(b)) {
    if (a.length + b.length > ITEMS_MAX) throw new Exhausted()
    return a.concat(b)
  }
  if (isObject(a) && isObject(b)) {
    const merged = new Map(a)
    for (const [key, value] of b) merged.set(key, value)
    return merged
  }
  throw typeError2(a, b, 'cannot be added')
}

export function subtract(a: Value, b: Value): Value {
  if (typeof a === 'number' && typeof b === 'number') return a - b
  if (isArray(a) && isArray(b)) return a.filter((one) => !b.some((other) => equal(one, other)))
  throw typeError2(a, b, 'cannot be subtracted')
}

export function multiply(a: Value, b: Value): Value {
  if (typeof a === 'number' && typeof b === 'number') return a * b
  if (typeof a === 'string' && typeof b === 'number') return repeat(a, b)
  if (typeof a === 'number' && typeof b === 'string') return repeat(b, a)
  if (isObject(a) && isObject(b)) return merge(a, b)
  throw typeError2(a, b, 'cannot be multiplied')
}

function repeat(text: string, times: number): Value {
  const count = Math.trunc(times - 1) + 1
  if (!(count > 0)) return null
  if (text.length * count > TEXT_MAX) throw new Exhausted()
  return text.repeat(count)
}

function merge(a: JqObject, b: JqObject): JqObject {
  const merged = new Map(a)
  for (const [key, value] of b) {
    const own = merged.get(key)
    merged.set(key, own !== undefined && isObject(own) && isObject(value) ? merge(own, value) : value)
  }
  return merged
}

export function divide(a: Value, b: Value): Value {
  if (typeof a === 'number' && typeof b === 'number') {
    if (b === 0) throw typeError2(a, b, 'cannot be divided because the divisor is zero')
    return a / b
  }
  if (typeof a === 'string' && typeof b === 'string') return split(a, b)
  throw typeError2(a, b, 'cannot be divided')
}

/** An empty separator cuts between code points; nothing has no pieces. */
export function split(text: string, separator: string): Value {
  if (text === '') return []
  return separator === '' ? [...text] : text.split(separator)
}

/** Of the whole parts, with the sign of the left side. */
export function remainder(a: Value, b: Value): Value {
  if (typeof a !== 'number' || typeof b !== 'number') throw typeError2(a, b, 'cannot be divided (remainder)')
  if (Number.isNaN(a) || Number.isNaN(b)) return Number.NaN
  const divisor = Math.trunc(b)
  if (divisor === 0) throw typeError2(a, b, 'cannot be divided (remainder) because the divisor is zero')
  // A whole number has no negative zero.
  return (Math.trunc(a) % divisor) + 0
}
