/**
 * Values of jq: JSON's, never changed once made. Objects are Maps in the order of insertion, so that no key of the user is special.
 * Truth: the "Types and Values" and "sort" sections of jq(1), version 1.6, and the program itself where the page is silent.
 * Omits: the identity of equal strings that were made twice; numbers beyond IEEE 754 doubles.
 */
export type Value = null | boolean | number | string | readonly Value[] | ReadonlyMap<string, Value>

export type JqObject = ReadonlyMap<string, Value>

/** What `try` catches; `value` is what `error` was given. */
export class JqError {
  readonly value: Value

  constructor(value: Value) {
    this.value = value
  }
}

/** `halt` and `halt_error`: the program ends at once. */
export class Halt {
  readonly code: number
  /** undefined prints nothing. */
  readonly message: Value | undefined

  constructor(code: number, message: Value | undefined) {
    this.code = code
    this.message = message
  }
}

export function isArray(value: Value): value is readonly Value[] {
  return Array.isArray(value)
}

export function isObject(value: Value): value is JqObject {
  return value instanceof Map
}

export function typeOf(value: Value): 'null' | 'boolean' | 'number' | 'string' | 'array' | 'object' {
  if (value === null) return 'null'
  if (isArray(value)) return 'array'
  return typeof value as 'boolean' | 'number' | 'string' | 'object'
}

export function truthy(value: Value): boolean {
  return value !== null && value !== false
}

function rank(value: Value): number {
  if (value === null) return 0
  if (value === false) return 1
  if (value === true) return 2
  if (typeof value === 'number') return 3
  if (typeof value === 'string') return 4
  return isArray(value) ? 5 : 6
}

/** Order of the code points, which is also that of the UTF-8 bytes; `<` on strings would order UTF-16 units. */
export function compareText(a: string, b: string): number {
  if (a === b) return 0
  const length = Math.min(a.length, b.length)
  for (let i = 0; i < length; i += 1) {
    const [x, y] = [a.charCodeAt(i), b.charCodeAt(i)]
    if (x === y) continue
    const [highX, highY] = [x >= 0xd800 && x <= 0xdfff, y >= 0xd800 && y <= 0xdfff]
    return highX === highY ? x - y : highX ? 1 : -1
  }
  return a.length - b.length
}

export function sortedKeys(object: JqObject): string[] {
  return [...object.keys()].sort(compareText)
}

/** The order of `sort`: null, false, true, numbers (NaN lowest), strings, arrays, objects (by keys first). */
export function compare(a: Value, b: Value): number {
  const order = rank(a) - rank(b)
  if (order !== 0) return order
  if (typeof a === 'number') {
    const other = b as number
    if (Number.isNaN(a)) return -1
    if (Number.isNaN(other)) return 1
    return a < other ? -1 : a > other ? 1 : 0
  }
  if (typeof a === 'string') return compareText(a, b as string)
  if (isArray(a)) return compareArrays(a, b as readonly Value[])
  if (!isObject(a)) return 0
  const other = b as JqObject
  const keys = sortedKeys(a)
  const byKeys = compareArrays(keys, sortedKeys(other))
  if (byKeys !== 0) return byKeys
  for (const key of keys) {
    const result = compare(a.get(key) as Value, other.get(key) as Value)
    if (result !== 0) return result
  }
  return 0
}

function compareArrays(a: readonly Value[], b: readonly Value[]): number {
  for (let i = 0; i < a.length && i < b.length; i += 1) {
    const result = compare(a[i], b[i])
    if (result !== 0) return result
  }
  return a.length - b.length
}

export function equal(a: Value, b: Value): boolean {
  if (a === b) return true
  if (a === null || b === null || typeof a !== 'object' || typeof b !== 'object') return false
  if (isArray(a)) return isArray(b) && a.length === b.length && a.every((one, i) => equal(one, b[i]))
  if (!isObject(a) || !isObject(b) || a.size !== b.size) return false
  for (const [key, value] of a) {
    const other = b.get(key)
    if (other === undefined || !equal(value, other)) return false
  }
  return true
}

/** Stable, by a key of each. */
export function sortBy(values: readonly Value[], keys: readonly Value[]): { value: Value; key: Value }[] {
  const entries = values.map((value, i) => ({ value, key: keys[i], at: i }))
  return entries.sort((a, b) => compare(a.key, b.key) || a.at - b.at)
}

export function contains(a: Value, b: Value): boolean {
  if (typeOf(a) !== typeOf(b)) return false
  if (typeof a === 'string') return a.includes(b as string)
  if (isArray(a)) return (b as readonly Value[]).every((wanted) => a.some((one) => contains(one, wanted)))
  if (!isObject(a)) return a === b
  for (const [key, wanted] of b as JqObject) {
    const found = a.get(key)
    if (found === undefined || !contains(found, wanted)) return false
  }
  return true
}

/** Number of code points. */
export function codePoints(text: string): number {
  let count = text.length
  for (let i = 0; i < text.length - 1; i += 1) {
    if ((text.charCodeAt(i) & 0xfc00) === 0xd800 && (text.charCodeAt(i + 1) & 0xfc00) === 0xdc00) count -= 1
  }
  return count
}

/** `slice` by code points. */
export function sliceText(text: string, start: number, end: number): string {
  return codePoints(text) === text.length ? text.slice(start, end) : [...text].slice(start, end).join('')
}
