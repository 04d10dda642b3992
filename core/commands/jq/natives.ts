/**
 * Built-in functions from values to a value. Arguments come in their order. Truth: jq(1), 1.6; the words of errors are the program's.
 * Omits: Bessel, gamma and error functions, `nextafter`, `lgamma_r`, `modulemeta`, `get_search_list`.
 */
import { add, divide, multiply, remainder, subtract } from './arithmetic.ts'
import { BUILTINS } from './builtins.ts'
import { DATES } from './dates.ts'
import { format } from './formats.ts'
import { elements, shortJson, toJson, typeError, typeError2 } from './json-text.ts'
import type { Surroundings } from './machine.ts'
import { MATH } from './math.ts'
import { deletePaths, get, has, indicesOf, setPath } from './paths.ts'
import { MATCHING } from './regex.ts'
import { SPECIAL_FORMS } from './special-forms.ts'
import { stringIndices, TEXTS } from './texts.ts'
import {
  codePoints, compare, contains, equal, Halt, isArray, isObject, JqError, sortBy, sortedKeys, truthy, typeOf, type Value,
} from './value.ts'

export type Native = (input: Value, args: readonly Value[], surroundings: Surroundings) => Value

function keys(input: Value, sorted: boolean): Value {
  if (isArray(input)) return input.map((_, i) => i)
  if (isObject(input)) return sorted ? sortedKeys(input) : [...input.keys()]
  throw typeError(input, 'has no keys')
}

function length(input: Value): number {
  if (input === null) return 0
  if (isArray(input)) return input.length
  if (isObject(input)) return input.size
  if (typeof input === 'string') return codePoints(input)
  if (typeof input === 'number') return Math.abs(input)
  throw typeError(input, 'has no length')
}

function sort(input: Value): Value {
  if (!isArray(input)) throw typeError(input, 'cannot be sorted, as it is not an array')
  return sortBy(input, input).map((entry) => entry.value)
}

function sorted(input: Value, by: Value): { value: Value; key: Value }[] {
  if (!isArray(input) || !isArray(by)) throw typeError2(input, by, 'cannot be sorted, as they are not both arrays')
  return sortBy(input, by)
}

function groups(input: Value, by: Value): Value {
  const found: { key: Value; values: Value[] }[] = []
  for (const { value, key } of sorted(input, by)) {
    const last = found.at(-1)
    if (last && equal(last.key, key)) last.values.push(value)
    else found.push({ key, values: [value] })
  }
  return found.map((group) => group.values)
}

/** Of equals the first is the least and the last the greatest. */
function extreme(input: Value, by: Value, least: boolean): Value {
  if (!isArray(input) || !isArray(by)) throw typeError2(input, by, 'cannot be iterated over')
  let best = 0
  for (let i = 1; i < input.length; i += 1) if (compare(by[i], by[best]) < 0 === least) best = i
  return input.length === 0 ? null : input[best]
}

function flatten(input: Value, depth: Value): Value[] {
  const flat: Value[] = []
  for (const one of elements(input)) {
    if (isArray(one) && depth !== 0) flat.push(...flatten(one, typeof depth === 'number' ? depth - 1 : depth))
    else flat.push(one)
  }
  return flat
}

function toEntries(input: Value): Value {
  return (keys(input, false) as readonly Value[]).map((key) => new Map([['key', key], ['value', get(input, key)]]))
}

function fromEntries(input: Value): Value {
  const object = new Map<string, Value>()
  for (const entry of elements(input)) {
    let key: Value = null
    for (const name of ['key', 'Key', 'name', 'Name']) {
      key = get(entry, name)
      if (truthy(key)) break
    }
    const value = get(entry, has(entry, 'value') ? 'value' : 'Value')
    if (!truthy(key)) key = null
    if (typeof key !== 'string') throw new JqError(`Cannot use ${typeOf(key)} (${shortJson(key)}) as object key`)
    object.set(key, value)
  }
  return object
}

function reverse(input: Value): Value {
  const size = length(input)
  if (isArray(input)) return [...input].reverse()
  return size === 0 ? [] : get(input, size - 1)
}

function transpose(input: Value): Value {
  const rows = elements(input)
  if (isArray(input) && rows.length === 0) return []
  if (rows.length === 0) throw new JqError('Range bounds must be numeric')
  const width = rows.reduce((most: number, row) => Math.max(most, length(row)), 0)
  return Array.from({ length: Math.ceil(width) }, (_, column) => rows.map((_row, i) => get(get(input, i), column)))
}

function indices(input: Value, part: Value): Value {
  if (isArray(input)) return indicesOf(input, isArray(part) ? part : [part])
  if (typeof input === 'string' && typeof part === 'string') return stringIndices(input, part)
  return get(input, part)
}

/** The events of `tostream`: leaves with their paths, and a path alone where an array or object ends. */
export function events(value: Value, path: readonly Value[] = []): Value[] {
  const inner = isArray(value) || isObject(value) ? (keys(value, false) as readonly Value[]) : []
  if (inner.length === 0) return [[path, value]]
  const found = inner.flatMap((key) => events(get(value, key), [...path, key]))
  found.push([[...path, inner[inner.length - 1]]])
  return found
}

function bsearch(input: Value, target: Value): Value {
  const items = elements(input)
  let [low, high] = [0, items.length - 1]
  while (low <= high) {
    const middle = (low + high) >> 1
    const order = compare(items[middle], target)
    if (order === 0) return middle
    if (order < 0) low = middle + 1
    else high = middle - 1
  }
  return -1 - low
}

function haltError(input: Value, code: Value): never {
  if (typeof code !== 'number') throw typeError(input, 'halt_error/1: number required')
  throw new Halt(Math.trunc(code), input)
}

const OWN: readonly [string, Native][] = [
  ['_+/2', (_, [a, b]) => add(a, b)],
  ['_-/2', (_, [a, b]) => subtract(a, b)],
  ['_*/2', (_, [a, b]) => multiply(a, b)],
  ['_//2', (_, [a, b]) => divide(a, b)],
  ['_%/2', (_, [a, b]) => remainder(a, b)],
  ['_==/2', (_, [a, b]) => equal(a, b)],
  ['_!=/2', (_, [a, b]) => !equal(a, b)],
  ['_</2', (_, [a, b]) => compare(a, b) < 0],
  ['_>/2', (_, [a, b]) => compare(a, b) > 0],
  ['_<=/2', (_, [a, b]) => compare(a, b) <= 0],
  ['_>=/2', (_, [a, b]) => compare(a, b) >= 0],
  ['_negate/0', (input) => {
    if (typeof input !== 'number') throw typeError(input, 'cannot be negated')
    return -input
  }],
  ['format/1', (input, [name]) => format(input, name)],
  ['not/0', (input) => !truthy(input)],
  ['type/0', (input) => typeOf(input)],
  ['length/0', length],
  ['keys/0', (input) => keys(input, true)],
  ['keys_unsorted/0', (input) => keys(input, false)],
  ['has/1', (input, [key]) => has(input, key)],
  ['contains/1', (input, [part]) => {
    if (typeOf(input) !== typeOf(part)) throw typeError2(input, part, 'cannot have their containment checked')
    return contains(input, part)
  }],
  ['add/0', (input) => elements(input).reduce((sum: Value, one) => add(sum, one), null)],
  ['error/1', (_, [value]) => { throw new JqError(value) }],
  ['halt/0', () => { throw new Halt(0, undefined) }],
  ['halt_error/1', (input, [code]) => haltError(input, code)],
  ['setpath/2', (input, [path, value]) => setPath(input, path, value)],
  ['delpaths/1', (input, [paths]) => deletePaths(input, paths)],
  ['to_entries/0', toEntries],
  ['from_entries/0', fromEntries],
  ['sort/0', sort],
  ['_sort_by/1', (input, [by]) => sorted(input, by).map((entry) => entry.value)],
  ['_group_by/1', (input, [by]) => groups(input, by)],
  ['min/0', (input) => extreme(input, input, true)],
  ['max/0', (input) => extreme(input, input, false)],
  ['_min_by/1', (input, [by]) => extreme(input, by, true)],
  ['_max_by/1', (input, [by]) => extreme(input, by, false)],
  ['flatten/0', (input) => flatten(input, -1)],
  ['flatten/1', (input, [depth]) => {
    if (compare(depth, 0) < 0) throw new JqError('flatten depth must not be negative')
    return flatten(input, depth)
  }],
  ['reverse/0', reverse],
  ['transpose/0', transpose],
  ['indices/1', (input, [part]) => indices(input, part)],
  ['_events/0', (input) => events(input)],
  ['bsearch/1', (input, [target]) => bsearch(input, target)],
  ['env/0', (_input, _args, surroundings) => surroundings.environment()],
  ['now/0', (_input, _args, surroundings) => surroundings.nowSeconds()],
  ['input_filename/0', (_input, _args, surroundings) => surroundings.inputName()],
  ['input_line_number/0', (_input, _args, surroundings) => surroundings.inputLine()],
  ['debug/0', (input, _args, surroundings) => {
    surroundings.complain(`${toJson(['DEBUG:', input])}\n`)
    return input
  }],
  ['stderr/0', (input, _args, surroundings) => {
    surroundings.complain(toJson(input))
    return input
  }],
  ['builtins/0', () => [...BUILTINS.keys(), ...NATIVES.keys(), ...SPECIAL_FORMS.keys()].filter((name) => /^[A-Za-z]/.test(name))],
]

export const NATIVES: ReadonlyMap<string, Native> = new Map([...OWN, ...TEXTS, ...MATCHING, ...MATH, ...DATES])
