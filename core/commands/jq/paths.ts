/**
 * Reading, setting and deleting at a path: keys, indices (negative ones count from the end), slices and `..[[…]]`.
 * Truth: the sections on basic filters, `getpath`, `setpath` and `delpaths` of jq(1), 1.6; the words of errors are the program's.
 * Omits: arrays beyond 2^29 elements, which it refuses as the program does.
 */
import { utf8Length } from '../../base/utf8.ts'
import { equal, isArray, isObject, type JqObject, JqError, codePoints, compare, sliceText, typeOf, type Value } from './value.ts'

/** Longest key that an error message repeats, in bytes. */
const SHOWN_KEY_BYTES = 30
const ARRAY_LENGTH_MAX = 536870911

/** Start and end as jq cuts: fractional starts round down, ends round up. Null when they are not numbers. */
function bounds(length: number, slice: JqObject): [number, number] | null {
  const from = slice.get('start') === null ? 0 : slice.get('start')
  const to = slice.get('end') === null ? length : slice.get('end')
  if (typeof from !== 'number' || typeof to !== 'number') return null
  const clamp = (at: number): number => Math.max(0, Math.min(length, at < 0 ? at + length : at))
  const start = Math.floor(clamp(from))
  return [start, Math.max(start, Math.ceil(clamp(to)))]
}

export function get(value: Value, key: Value): Value {
  if (isObject(value) && typeof key === 'string') return value.get(key) ?? null
  if (isArray(value)) {
    if (typeof key === 'number') return Number.isInteger(key) ? (value[key < 0 ? key + value.length : key] ?? null) : null
    if (isArray(key)) return indicesOf(value, key)
    if (isObject(key)) {
      const cut = bounds(value.length, key)
      if (!cut) throw new JqError('Start and end indices of an array slice must be numbers')
      return value.slice(cut[0], cut[1])
    }
  }
  if (typeof value === 'string' && isObject(key)) {
    const cut = bounds(codePoints(value), key)
    if (!cut) throw new JqError('Start and end indices of an string slice must be numbers')
    return sliceText(value, cut[0], cut[1])
  }
  if (value === null && (typeof key === 'string' || typeof key === 'number' || isObject(key))) return null
  const shown = typeof key === 'string' && utf8Length(key) < SHOWN_KEY_BYTES ? `string "${key}"` : typeOf(key)
  throw new JqError(`Cannot index ${typeOf(value)} with ${shown}`)
}

/** Where `part` begins inside `whole`. */
export function indicesOf(whole: readonly Value[], part: readonly Value[]): Value[] {
  const found: Value[] = []
  if (part.length === 0) return found
  for (let at = 0; at < whole.length; at += 1) {
    if (part.every((one, i) => at + i < whole.length && equal(whole[at + i], one))) found.push(at)
  }
  return found
}

export function set(value: Value, key: Value, to: Value): Value {
  if (typeof key === 'string' && (value === null || isObject(value))) {
    return new Map(value ?? []).set(key, to)
  }
  if (typeof key === 'number' && (value === null || isArray(value))) {
    const items = value === null ? [] : value.slice()
    const at = Math.trunc(key) < 0 ? items.length + Math.trunc(key) : Math.trunc(key)
    if (at < 0) throw new JqError('Out of bounds negative array index')
    if (!(at <= ARRAY_LENGTH_MAX)) throw new JqError('Array index too large')
    while (items.length < at) items.push(null)
    items[at] = to
    return items
  }
  if (isObject(key) && (value === null || isArray(value))) {
    const items = value ?? []
    const cut = bounds(items.length, key)
    if (!cut) throw new JqError('Start and end indices of an array slice must be numbers')
    if (!isArray(to)) throw new JqError('A slice of an array can only be assigned another array')
    return [...items.slice(0, cut[0]), ...to, ...items.slice(cut[1])]
  }
  throw new JqError(`Cannot update field at ${typeOf(key)} index of ${typeOf(value)}`)
}

export function getPath(value: Value, path: Value): Value {
  if (!isArray(path)) throw new JqError('Path must be specified as an array')
  return path.reduce((at: Value, key) => get(at, key), value)
}

export function setPath(value: Value, path: Value, to: Value): Value {
  if (!isArray(path)) throw new JqError('Path must be specified as an array')
  return setFrom(value, path, 0, to)
}

function setFrom(value: Value, path: readonly Value[], depth: number, to: Value): Value {
  if (depth === path.length) return to
  return set(value, path[depth], setFrom(get(value, path[depth]), path, depth + 1, to))
}

export function has(value: Value, key: Value): boolean {
  if (value === null) return false
  if (isObject(value) && typeof key === 'string') return value.has(key)
  if (isArray(value) && typeof key === 'number') return Math.trunc(key) >= 0 && Math.trunc(key) < value.length
  throw new JqError(`Cannot check whether ${typeOf(value)} has a ${typeOf(key)} key`)
}

export function deletePaths(value: Value, paths: Value): Value {
  if (!isArray(paths)) throw new JqError('Paths must be specified as an array')
  const sorted = [...paths].sort(compare)
  const lists: (readonly Value[])[] = []
  for (const path of sorted) {
    if (!isArray(path)) throw new JqError(`Path must be specified as array, not ${typeOf(path)}`)
    lists.push(path)
  }
  if (lists.length === 0) return value
  return lists[0].length === 0 ? null : deleteSorted(value, lists, 0)
}

/** Sorted paths stand together by their first key, the shortest first: it makes the longer ones needless. */
function deleteSorted(value: Value, paths: readonly (readonly Value[])[], depth: number): Value {
  const doomed: Value[] = []
  let result = value
  for (let i = 0; i < paths.length; ) {
    const key = paths[i][depth]
    let next = i
    while (next < paths.length && equal(paths[next][depth], key)) next += 1
    if (paths[i].length === depth + 1) doomed.push(key)
    else {
      const inner = get(result, key)
      if (inner !== null) result = set(result, key, deleteSorted(inner, paths.slice(i, next), depth + 1))
    }
    i = next
  }
  return deleteKeys(result, doomed)
}

function deleteKeys(value: Value, keys: readonly Value[]): Value {
  if (value === null || keys.length === 0) return value
  if (isObject(value)) {
    const fields = new Map(value)
    for (const key of keys) {
      if (typeof key !== 'string') throw new JqError(`Cannot delete ${typeOf(key)} field of object`)
      fields.delete(key)
    }
    return fields
  }
  if (!isArray(value)) throw new JqError(`Cannot delete fields from ${typeOf(value)}`)
  const doomed = new Set<number>()
  for (const key of keys) {
    if (typeof key === 'number') doomed.add(key < 0 ? value.length + Math.trunc(key) : Math.trunc(key))
    else if (isObject(key)) {
      const cut = bounds(value.length, key)
      if (!cut) throw new JqError('Start and end indices of an array slice must be numbers')
      for (let at = cut[0]; at < cut[1]; at += 1) doomed.add(at)
    } else throw new JqError(`Cannot delete ${typeOf(key)} element of array`)
  }
  return value.filter((_, at) => !doomed.has(at))
}
