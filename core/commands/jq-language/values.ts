/** What jq's operators do with values: indexing, slices, arithmetic, paths. Complaints are jq 1.6's. */
import { byText } from '../../base/text-order.ts'
import { JqError } from './jq-error.ts'
import { compareValues, type JqObject, type JqValue, jsonText, typeName } from './json-value.ts'

export type Path = JqValue[]

/** Repetition of a string makes at most this many characters. */
const TEXT_MAX = 10_000_000
const ARRAY_MAX = 10_000_000

export function truthy(value: JqValue): boolean {
  return value !== null && value !== false
}

export function shortened(text: string): string {
  return text.length > 14 ? `${text.slice(0, 11)}...` : text
}

/** `string ("abc")`, as complaints name a value. */
export function described(value: JqValue): string {
  return `${typeName(value)} (${shortened(jsonText(value))})`
}

export function indexValue(of: JqValue, key: JqValue): JqValue {
  if (of instanceof Map && typeof key === 'string') return of.get(key) ?? null
  if (Array.isArray(of) && typeof key === 'number') {
    const at = Math.floor(key)
    return of[at < 0 ? of.length + at : at] ?? null
  }
  if (of === null && (typeof key === 'string' || typeof key === 'number' || key === null)) return null
  if (key instanceof Map && (Array.isArray(of) || of === null || typeof of === 'string')) return sliceValue(of, key.get('start') ?? null, key.get('end') ?? null)
  if (Array.isArray(of) && Array.isArray(key)) return occurrences(of, key)
  if (typeof key === 'string' && of !== null) throw new JqError(`Cannot index ${typeName(of)} with string "${key}"`)
  throw new JqError(`Cannot index ${typeName(of)} with ${typeName(key)}`)
}

function occurrences(of: readonly JqValue[], key: readonly JqValue[]): JqValue[] {
  const found: JqValue[] = []
  if (key.length === 0) return found
  for (let i = 0; i + key.length <= of.length; i += 1) if (key.every((one, n) => compareValues(of[i + n], one) === 0)) found.push(i)
  return found
}

export function sliceValue(of: JqValue, from: JqValue, to: JqValue): JqValue {
  if (of === null) return null
  if ((from !== null && typeof from !== 'number') || (to !== null && typeof to !== 'number')) {
    throw new JqError('Start and end indices of an array slice must be numbers')
  }
  if (typeof of !== 'string' && !Array.isArray(of)) throw new JqError(`Cannot index ${typeName(of)} with object`)
  const chars = typeof of === 'string' ? [...of] : of
  const [start, end] = sliceBounds(chars.length, from, to)
  const part = chars.slice(start, end)
  return typeof of === 'string' ? (part as string[]).join('') : (part as JqValue[])
}

function sliceBounds(length: number, from: JqValue, to: JqValue): [start: number, end: number] {
  const place = (value: JqValue, otherwise: number, up: boolean): number => {
    if (typeof value !== 'number') return otherwise
    const whole = up ? Math.ceil(value) : Math.floor(value)
    return Math.max(0, Math.min(whole < 0 ? length + whole : whole, length))
  }
  const start = place(from, 0, false)
  return [start, Math.max(place(to, length, true), start)]
}

export function* iterateValue(of: JqValue): Generator<JqValue, void, void> {
  if (Array.isArray(of)) yield* of
  else if (of instanceof Map) yield* of.values()
  else throw new JqError(`Cannot iterate over ${of === null ? 'null (null)' : described(of)}`)
}

/** `..`: the value and everything inside it, outermost first. */
export function* recurse(value: JqValue): Generator<JqValue, void, void> {
  yield value
  if (Array.isArray(value)) for (const inner of value) yield* recurse(inner)
  else if (value instanceof Map) for (const inner of value.values()) yield* recurse(inner)
}

export function binaryValue(op: string, a: JqValue, b: JqValue): JqValue {
  switch (op) {
    case '==':
      return compareValues(a, b) === 0
    case '!=':
      return compareValues(a, b) !== 0
    case '<':
      return compareValues(a, b) < 0
    case '<=':
      return compareValues(a, b) <= 0
    case '>':
      return compareValues(a, b) > 0
    case '>=':
      return compareValues(a, b) >= 0
    case '+':
      return add(a, b)
    case '-':
      if (typeof a === 'number' && typeof b === 'number') return a - b
      if (Array.isArray(a) && Array.isArray(b)) return a.filter((one) => !b.some((other) => compareValues(one, other) === 0))
      throw new JqError(`${described(a)} and ${described(b)} cannot be subtracted`)
    case '*':
      return multiply(a, b)
    case '/':
      if (typeof a === 'number' && typeof b === 'number') {
        if (b === 0) throw new JqError(`${described(a)} and ${described(b)} cannot be divided because the divisor is zero`)
        return a / b
      }
      if (typeof a === 'string' && typeof b === 'string') return a === '' ? [] : b === '' ? [...a] : a.split(b)
      throw new JqError(`${described(a)} and ${described(b)} cannot be divided`)
  }
  if (typeof a !== 'number' || typeof b !== 'number') throw new JqError(`${described(a)} and ${described(b)} cannot be divided`)
  const divisor = Math.trunc(b)
  if (divisor === 0) throw new JqError(`${described(a)} and ${described(b)} cannot be divided because the divisor is zero`)
  return Math.trunc(a) % Math.abs(divisor) || 0
}

export function add(a: JqValue, b: JqValue): JqValue {
  if (a === null) return b
  if (b === null) return a
  if (typeof a === 'number' && typeof b === 'number') return a + b
  if (typeof a === 'string' && typeof b === 'string') return a + b
  if (Array.isArray(a) && Array.isArray(b)) return [...a, ...b]
  if (a instanceof Map && b instanceof Map) return new Map([...a, ...b])
  throw new JqError(`${described(a)} and ${described(b)} cannot be added`)
}

function multiply(a: JqValue, b: JqValue): JqValue {
  if (typeof a === 'number' && typeof b === 'number') return a * b
  const [text, times] = typeof a === 'string' ? [a, b] : [b, a]
  if (typeof text === 'string' && typeof times === 'number') {
    if (times <= 0) return null
    const count = times < 1 ? 1 : Math.floor(times)
    if (text.length * count > TEXT_MAX) throw new JqError('Repeat string result too long')
    return text.repeat(count)
  }
  if (a instanceof Map && b instanceof Map) return merge(a, b)
  throw new JqError(`${described(a)} and ${described(b)} cannot be multiplied`)
}

function merge(a: JqObject, b: JqObject): JqObject {
  const result = new Map(a)
  for (const [key, value] of b) {
    const before = result.get(key)
    result.set(key, before instanceof Map && value instanceof Map ? merge(before, value) : value)
  }
  return result
}

export function getPath(value: JqValue, path: Path): JqValue {
  let at = value
  for (const key of path) {
    if (at === null) return null
    at = indexValue(at, key)
  }
  return at
}

export function setPath(value: JqValue, path: Path, next: JqValue): JqValue {
  if (path.length === 0) return next
  const [key, ...rest] = path
  if (typeof key === 'string') {
    if (value !== null && !(value instanceof Map)) throw new JqError(`Cannot index ${typeName(value)} with "${key}"`)
    return new Map(value ?? []).set(key, setPath(value?.get(key) ?? null, rest, next))
  }
  if (typeof key === 'number') {
    if (value !== null && !Array.isArray(value)) throw new JqError(`Cannot index ${typeName(value)} with number`)
    const array = [...(value ?? [])]
    const at = Math.floor(key) < 0 ? array.length + Math.floor(key) : Math.floor(key)
    if (at < 0) throw new JqError('Out of bounds negative array index')
    if (at > ARRAY_MAX) throw new JqError('Array index too large')
    while (array.length < at) array.push(null)
    array[at] = setPath(array[at] ?? null, rest, next)
    return array
  }
  if (key instanceof Map) {
    if (value !== null && !Array.isArray(value)) throw new JqError(`Cannot update field at object index of ${typeName(value)}`)
    const array = value ?? []
    const [start, end] = sliceBounds(array.length, key.get('start') ?? null, key.get('end') ?? null)
    const part = setPath(array.slice(start, end), rest, next)
    if (!Array.isArray(part)) throw new JqError('A slice of an array can only be assigned another array')
    return [...array.slice(0, start), ...part, ...array.slice(end)]
  }
  throw new JqError(`Invalid path component ${described(key)}`)
}

/** Deletes the last places first, so that the others keep theirs. */
export function deletePaths(value: JqValue, paths: readonly Path[]): JqValue {
  let result = value
  for (const path of [...paths].sort((a, b) => compareValues(b, a))) result = deletePath(result, path)
  return result
}

function deletePath(value: JqValue, path: Path): JqValue {
  if (path.length === 0) return null
  if (value === null) return null
  const [key, ...rest] = path
  if (rest.length > 0) {
    const inner = getPath(value, [key])
    return inner === null ? value : setPath(value, [key], deletePath(inner, rest))
  }
  if (value instanceof Map && typeof key === 'string') {
    const copy = new Map(value)
    copy.delete(key)
    return copy
  }
  if (Array.isArray(value) && typeof key === 'number') {
    const at = key < 0 ? value.length + Math.floor(key) : Math.floor(key)
    return value.filter((_, i) => i !== at)
  }
  if (Array.isArray(value) && key instanceof Map) {
    const [start, end] = sliceBounds(value.length, key.get('start') ?? null, key.get('end') ?? null)
    return [...value.slice(0, start), ...value.slice(end)]
  }
  throw new JqError(`Cannot delete field at ${typeof key === 'string' ? 'object' : 'array'} index of ${typeName(value)}`)
}

export function sortedKeys(object: JqObject): string[] {
  return [...object.keys()].sort(byText)
}
