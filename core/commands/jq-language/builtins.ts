/** jq's functions that are not written in jq. */
import { utf8Length } from '../../base/utf8.ts'
import { civilTime, daysFromCivil, strftime } from '../calendar.ts'
import { formatted } from './formats.ts'
import type { JqInterpreter, Scope } from './interpreter.ts'
import { JqError } from './jq-error.ts'
import { compareValues, type JqObject, type JqValue, JsonReader, jsonText, typeName } from './json-value.ts'
import { matches } from './regex.ts'
import type { Node } from './syntax.ts'
import { deletePaths, described, getPath, type Path, setPath, sortedKeys } from './values.ts'

const RANGE_MAX = 10_000_000

type Values = Generator<JqValue, void, void>

/** Functions of the input and of values: each argument's stream multiplies the results. */
const PLAIN = new Map<string, (input: JqValue, ...args: JqValue[]) => JqValue>([
  ['not/0', (input) => input === null || input === false],
  ['length/0', lengthOf],
  ['utf8bytelength/0', (input) => utf8Length(text(input, 'only strings have UTF-8 byte length'))],
  ['type/0', typeName],
  ['keys/0', (input) => keysOf(input, true)],
  ['keys_unsorted/0', (input) => keysOf(input, false)],
  ['has/1', hasKey],
  ['contains/1', contains],
  ['tostring/0', (input) => (typeof input === 'string' ? input : jsonText(input))],
  ['tojson/0', (input) => jsonText(input)],
  ['tonumber/0', toNumber],
  ['fromjson/0', fromJson],
  ['explode/0', (input) => [...text(input, 'cannot be exploded')].map((char) => char.codePointAt(0) as number)],
  ['implode/0', implode],
  ['startswith/1', (input, prefix) => bothText(input, prefix, 'startswith() requires string inputs', (a, b) => a.startsWith(b))],
  ['endswith/1', (input, suffix) => bothText(input, suffix, 'endswith() requires string inputs', (a, b) => a.endsWith(b))],
  ['ltrimstr/1', (input, prefix) => (typeof input === 'string' && typeof prefix === 'string' && input.startsWith(prefix) ? input.slice(prefix.length) : input)],
  ['rtrimstr/1', (input, suffix) => (typeof input === 'string' && typeof suffix === 'string' && suffix !== '' && input.endsWith(suffix) ? input.slice(0, -suffix.length) : input)],
  ['trim/0', (input) => text(input, 'cannot be trimmed').trim()],
  ['ltrim/0', (input) => text(input, 'cannot be trimmed').trimStart()],
  ['rtrim/0', (input) => text(input, 'cannot be trimmed').trimEnd()],
  ['split/1', (input, by) => bothText(input, by, 'split input and separator must be strings', (a, b) => (a === '' ? [] : b === '' ? [...a] : a.split(b)))],
  ['indices/1', indices],
  ['_indices/1', indices],
  ['sort/0', (input) => [...array(input, 'cannot be sorted, as it is not an array')].sort(compareValues)],
  ['_sort_by/1', (input, keys) => sortedBy(input, keys).map((one) => one.value)],
  ['_group_by/1', groupBy],
  ['_min_by/1', (input, keys) => extreme(input, keys, -1)],
  ['_max_by/1', (input, keys) => extreme(input, keys, 1)],
  ['min/0', (input) => extreme(input, array(input, 'cannot be iterated over').map((one) => [one]), -1)],
  ['max/0', (input) => extreme(input, array(input, 'cannot be iterated over').map((one) => [one]), 1)],
  ['reverse/0', (input) => (typeof input === 'string' ? [...input].reverse().join('') : input === null ? [] : [...array(input, 'cannot be reversed, as it is not an array')].reverse())],
  ['flatten/0', (input) => flatten(array(input, 'cannot be flattened'), Infinity)],
  ['flatten/1', (input, depth) => flatten(array(input, 'cannot be flattened'), flattenDepth(depth))],
  ['transpose/0', transpose],
  ['floor/0', (input) => Math.floor(number(input))],
  ['ceil/0', (input) => Math.ceil(number(input))],
  ['round/0', (input) => Math.sign(number(input)) * Math.round(Math.abs(number(input)))],
  ['fabs/0', (input) => Math.abs(number(input))],
  ['sqrt/0', (input) => Math.sqrt(number(input))],
  ['trunc/0', (input) => Math.trunc(number(input))],
  ['pow/2', (_, base, exponent) => number(base) ** number(exponent)],
  ['log2/0', (input) => (number(input) > 0 ? number(input).toString(2).split('.')[0].length - 1 : null)],
  ['infinite/0', () => Infinity],
  ['nan/0', () => Number.NaN],
  ['null/0', () => null],
  ['isinfinite/0', (input) => Math.abs(number(input)) === Infinity],
  ['isnan/0', (input) => Number.isNaN(number(input))],
  ['isnormal/0', (input) => Number.isFinite(number(input)) && number(input) !== 0],
  ['isvalid/0', () => true],
  ['getpath/1', (input, path) => getPath(input, array(path, 'Path must be specified as an array'))],
  ['setpath/2', (input, path, value) => setPath(input, array(path, 'Path must be specified as an array'), value)],
  ['delpaths/1', (input, paths) => deletePaths(input, array(paths, 'Paths must be specified as an array') as Path[])],
  ['strftime/1', (input, format) => strftime(text(format, 'strftime/1 requires a string format'), seconds(input) * 1000)],
  ['gmtime/0', gmtime],
  ['mktime/0', (input) => Math.floor(seconds(input))],
  ['fromdateiso8601/0', fromIsoDate],
  ['strptime/1', (input) => gmtime(fromIsoDate(input))],
  ['input_filename/0', () => null],
  ['significand/0', (input) => number(input)],
  ['format/1', (input, name) => formatted(`@${text(name, 'is not a valid format')}`, input)],
  ['bsearch/1', (input, wanted) => search(array(input, 'cannot be searched from'), wanted)],
  ['test/2', (input, pattern, flags) => matches(input, pattern, flags, true).length > 0],
])

/** Functions that look at their arguments as filters. */
const STREAMS = new Map<string, (jq: JqInterpreter, args: readonly Node[], input: JqValue, scope: Scope) => Values>([
  ['empty/0', function* () {}],
  [
    'error/0',
    function* (_jq, _args, input) {
      yield* []
      throw new JqError(input)
    },
  ],
  [
    'error/1',
    function* (jq, args, input, scope) {
      yield* []
      for (const value of jq.evaluate(args[0], input, scope)) throw new JqError(value)
    },
  ],
  [
    'path/1',
    function* (jq, args, input, scope) {
      for (const found of jq.paths(args[0], { path: [], value: input }, scope)) yield found.path
    },
  ],
  [
    'range/3',
    function* (jq, args, input, scope) {
      for (const from of jq.evaluate(args[0], input, scope)) {
        for (const to of jq.evaluate(args[1], input, scope)) {
          for (const by of jq.evaluate(args[2], input, scope)) {
            const [start, end, step] = [from, to, by]
            if (typeof start !== 'number' || typeof end !== 'number' || typeof step !== 'number') throw new JqError('Range bounds must be numeric')
            if (step === 0) continue
            for (let value = start, count = 0; (step > 0 ? value < end : value > end) && count < RANGE_MAX; value += step, count += 1) yield value
          }
        }
      }
    },
  ],
  [
    'match/2',
    function* (jq, args, input, scope) {
      for (const pattern of jq.evaluate(args[0], input, scope)) for (const flags of jq.evaluate(args[1], input, scope)) yield* matches(input, pattern, flags, false)
    },
  ],
  [
    'input/0',
    function* (jq) {
      const next = jq.surroundings.nextInput()
      if (next === undefined) throw new JqError('No more inputs')
      yield next
    },
  ],
  [
    'debug/0',
    function* (jq, _args, input) {
      jq.surroundings.debug(`["DEBUG:",${jsonText(input)}]\n`)
      yield input
    },
  ],
  [
    'debug/1',
    function* (jq, args, input, scope) {
      for (const value of jq.evaluate(args[0], input, scope)) jq.surroundings.debug(`["DEBUG:",${jsonText(value)}]\n`)
      yield input
    },
  ],
  [
    'stderr/0',
    function* (jq, _args, input) {
      jq.surroundings.debug(jsonText(input))
      yield input
    },
  ],
  ['now/0', function* (jq) { yield jq.surroundings.now() }],
  ['halt/0', function* () { yield* []; throw new JqError(HALT) }],
  ['halt_error/1', function* (jq, args, input, scope) { yield* []; for (const code of jq.evaluate(args[0], input, scope)) throw new JqError(new Map<string, JqValue>([['__halt', code], ['value', input]])) }],
  ['env/0', function* (jq) { yield jq.surroundings.environment }],
  ['input_line_number/0', function* () { yield 0 }],
])

/** What `halt` raises. */
export const HALT: JqObject = new Map([['__halt', 0]])

export function isNative(name: string, arity: number): boolean {
  return PLAIN.has(`${name}/${arity}`) || STREAMS.has(`${name}/${arity}`)
}

export function* callNative(jq: JqInterpreter, name: string, args: readonly Node[], input: JqValue, scope: Scope): Values {
  const key = `${name}/${args.length}`
  const stream = STREAMS.get(key)
  if (stream) {
    yield* stream(jq, args, input, scope)
    return
  }
  const plain = PLAIN.get(key)
  if (!plain) throw new JqError(`${key} is not defined`)
  yield* product(jq, plain, args, [], input, scope)
}

function* product(
  jq: JqInterpreter, plain: (input: JqValue, ...args: JqValue[]) => JqValue, args: readonly Node[], values: JqValue[], input: JqValue, scope: Scope,
): Values {
  if (values.length === args.length) {
    yield plain(input, ...values)
    return
  }
  for (const value of jq.evaluate(args[values.length], input, scope)) yield* product(jq, plain, args, [...values, value], input, scope)
}

/** A complaint that is a whole sentence stands alone; others follow the value. */
function text(value: JqValue, complaint: string): string {
  if (typeof value !== 'string') throw new JqError(complaint.startsWith('strftime') ? complaint : `${described(value)} ${complaint}`)
  return value
}

function number(value: JqValue): number {
  if (typeof value !== 'number') throw new JqError(`${described(value)} number required`)
  return value
}

function array(value: JqValue, complaint: string): JqValue[] {
  if (!Array.isArray(value)) throw new JqError(/^Paths? must/.test(complaint) ? complaint : `${described(value)} ${complaint}`)
  return value
}

function bothText<T extends JqValue>(a: JqValue, b: JqValue, complaint: string, use: (a: string, b: string) => T): T {
  if (typeof a !== 'string' || typeof b !== 'string') throw new JqError(complaint)
  return use(a, b)
}

function lengthOf(input: JqValue): JqValue {
  if (input === null) return 0
  if (typeof input === 'number') return Math.abs(input)
  if (typeof input === 'string') return [...input].length
  if (Array.isArray(input)) return input.length
  if (input instanceof Map) return input.size
  throw new JqError(`${described(input)} has no length`)
}

function keysOf(input: JqValue, sorted: boolean): JqValue {
  if (Array.isArray(input)) return input.map((_, i) => i)
  if (input instanceof Map) return sorted ? sortedKeys(input) : [...input.keys()]
  throw new JqError(`${described(input)} has no keys`)
}

function hasKey(input: JqValue, key: JqValue): JqValue {
  if (input instanceof Map && typeof key === 'string') return input.has(key)
  if (Array.isArray(input) && typeof key === 'number') return key >= 0 && key < input.length
  throw new JqError(`Cannot check whether ${typeName(input)} has a ${typeof key === 'string' ? 'string' : typeName(key)} key`)
}

function contains(a: JqValue, b: JqValue): boolean {
  if (a instanceof Map && b instanceof Map) return [...b].every(([key, value]) => a.has(key) && contains(a.get(key) as JqValue, value))
  if (Array.isArray(a) && Array.isArray(b)) return b.every((wanted) => a.some((one) => typeName(one) === typeName(wanted) && contains(one, wanted)))
  if (typeof a === 'string' && typeof b === 'string') return a.includes(b)
  if (typeName(a) === typeName(b)) return compareValues(a, b) === 0
  throw new JqError(`${described(a)} and ${described(b)} cannot have their containment checked`)
}

function toNumber(input: JqValue): JqValue {
  if (typeof input === 'number') return input
  if (typeof input !== 'string') throw new JqError(`${described(input)} cannot be parsed as a number`)
  if (!/^\s*-?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?\s*$/.test(input)) throw new JqError(`Invalid numeric literal at EOF at line 1, column ${input.length} (while parsing '${input}')`)
  return Number(input)
}

function fromJson(input: JqValue): JqValue {
  const reader = new JsonReader(text(input, 'cannot be parsed as JSON'))
  const value = reader.next()
  if (value === undefined && reader.error !== '') throw new JqError(`${reader.error} (while parsing '${input}')`)
  return value ?? null
}

function implode(input: JqValue): JqValue {
  return array(input, 'cannot be imploded').map((code) => {
    if (typeof code !== 'number') throw new JqError('Unicode codepoint must be numeric')
    return String.fromCodePoint(Math.max(0, Math.min(Math.trunc(code), 0x10ffff)))
  }).join('')
}

function indices(input: JqValue, wanted: JqValue): JqValue {
  if (input === null) return null
  if (typeof input === 'string' && typeof wanted === 'string') {
    const found: JqValue[] = []
    if (wanted === '') return null
    for (let at = input.indexOf(wanted); at >= 0; at = input.indexOf(wanted, at + 1)) found.push([...input.slice(0, at)].length)
    return found
  }
  const whole = array(input, 'cannot be searched')
  const list = Array.isArray(wanted) ? wanted : [wanted]
  const found: JqValue[] = []
  for (let i = 0; list.length > 0 && i + list.length <= whole.length; i += 1) if (list.every((one, n) => compareValues(whole[i + n], one) === 0)) found.push(i)
  return found
}

function sortedBy(input: JqValue, keys: JqValue): { key: JqValue; value: JqValue }[] {
  const values = array(input, 'cannot be sorted, as it is not an array')
  return values.map((value, i) => ({ key: (keys as JqValue[])[i], value })).sort((a, b) => compareValues(a.key, b.key))
}

function groupBy(input: JqValue, keys: JqValue): JqValue {
  const groups: { key: JqValue; values: JqValue[] }[] = []
  for (const { key, value } of sortedBy(input, keys)) {
    const last = groups.at(-1)
    if (last && compareValues(last.key, key) === 0) last.values.push(value)
    else groups.push({ key, values: [value] })
  }
  return groups.map((group) => group.values)
}

/** The first of the smallest, or the last of the largest, as jq has it. */
function extreme(input: JqValue, keys: JqValue, sign: 1 | -1): JqValue {
  const values = array(input, 'cannot be iterated over')
  let best = -1
  for (let i = 0; i < values.length; i += 1) {
    const order = best < 0 ? 1 : compareValues((keys as JqValue[])[i], (keys as JqValue[])[best]) * sign
    if (order > 0 || (order === 0 && sign > 0)) best = i
  }
  return best < 0 ? null : values[best]
}

function flattenDepth(depth: JqValue): number {
  if (typeof depth !== 'number') throw new JqError('flatten depth must not be negative')
  if (depth < 0) throw new JqError('flatten depth must not be negative')
  return depth
}

function flatten(values: readonly JqValue[], depth: number): JqValue[] {
  return values.flatMap((value) => (Array.isArray(value) && depth > 0 ? flatten(value, depth - 1) : [value]))
}

function transpose(input: JqValue): JqValue {
  const rows = array(input, 'cannot be transposed') as JqValue[][]
  const width = Math.max(0, ...rows.map((row) => row.length))
  return Array.from({ length: width }, (_, i) => rows.map((row) => row[i] ?? null))
}

function search(values: readonly JqValue[], wanted: JqValue): JqValue {
  const at = values.findIndex((value) => compareValues(value, wanted) >= 0)
  if (at >= 0 && compareValues(values[at], wanted) === 0) return at
  return -1 - (at < 0 ? values.length : at)
}

/** Seconds of a number or of a broken-down time. */
function seconds(input: JqValue): number {
  if (typeof input === 'number') return input
  if (!Array.isArray(input) || input.some((part) => typeof part !== 'number')) throw new JqError('strftime/1 requires parsed datetime inputs')
  const [year, month, day, hour, minute, second] = input as number[]
  return ((daysFromCivil(year, month + 1, day) * 24 + hour) * 60 + minute) * 60 + second
}

function gmtime(input: JqValue): JqValue {
  const atMs = number(input) * 1000
  const time = civilTime(atMs)
  return [time.year, time.month - 1, time.day, time.hour, time.minute, time.second + time.millisecond / 1000, time.weekday, time.yearDay]
}

function fromIsoDate(input: JqValue): JqValue {
  const match = typeof input === 'string' ? /^(\d{4})-(\d{2})-(\d{2})T(\d{2}):(\d{2}):(\d{2})Z$/.exec(input) : null
  if (!match) throw new JqError(`date "${String(input)}" does not match format "%Y-%m-%dT%H:%M:%SZ"`)
  const [year, month, day, hour, minute, second] = match.slice(1).map(Number)
  return ((daysFromCivil(year, month, day) * 24 + hour) * 60 + minute) * 60 + second
}
