/**
 * Dates: seconds since 1970 and "broken down time", an array of year, month from 0, day, hours, minutes, seconds, weekday and day of
 * the year. Truth: the "Dates" section of jq(1), 1.6; strptime(3) and strftime(3) in the C locale; a machine's zone is UTC.
 * Omits: `%E` and `%O`, week numbers and era names when parsing.
 */
import { civilTime, daysFromCivil, MONTHS, strftime, WEEKDAYS } from '../calendar.ts'
import type { Native } from './natives.ts'
import { isArray, JqError, type Value } from './value.ts'

function brokenDown(seconds: Value, name: string): Value {
  if (typeof seconds !== 'number') throw new JqError(`${name}() requires numeric inputs`)
  const time = civilTime(Math.trunc(seconds) * 1000)
  const second = time.second + (seconds - Math.floor(seconds))
  return [time.year, time.month - 1, time.day, time.hour, time.minute, second, time.weekday, time.yearDay]
}

/** Seconds since 1970 of a broken down time; null when it is none. */
function seconds(time: readonly Value[]): number | null {
  const parts = time.slice(0, 8)
  if (parts.length < 8 || !parts.every((part) => typeof part === 'number')) return null
  const [year, month, day, hour, minute, second] = (parts as number[]).map(Math.trunc)
  return (daysFromCivil(year, month + 1, 1) + day - 1) * 86400 + hour * 3600 + minute * 60 + second
}

function makeTime(input: Value): Value {
  if (!isArray(input)) throw new JqError('mktime requires array inputs')
  const result = input.length < 6 ? null : seconds(input)
  if (result === null) throw new JqError('mktime requires parsed datetime inputs')
  return result
}

function formatTime(input: Value, format: Value, name: string, zone: string): Value {
  const time = typeof input === 'number' ? brokenDown(input, zone) : input
  if (!isArray(time)) throw new JqError(`${name}/1 requires parsed datetime inputs`)
  if (typeof format !== 'string') throw new JqError(`${name}/1 requires a string format`)
  const moment = seconds(time)
  if (moment === null) throw new JqError(`${name}/1 requires parsed datetime inputs`)
  const text = strftime(withWeeks(format, moment * 1000), moment * 1000)
  if (text === '') throw new JqError(`${name}/1: unknown system failure`)
  return text
}

/** The week of ISO 8601 and its year, which the calendar does not know. */
function withWeeks(format: string, epochMs: number): string {
  const time = civilTime(epochMs)
  const thursday = civilTime(epochMs + (4 - (time.weekday === 0 ? 7 : time.weekday)) * 86400000)
  return format.replace(/%[%GgV]/g, (code) => {
    if (code === '%V') return String(Math.floor(thursday.yearDay / 7) + 1).padStart(2, '0')
    if (code === '%G') return String(thursday.year)
    return code === '%g' ? String(thursday.year % 100).padStart(2, '0') : code
  })
}

interface Parsing {
  text: string
  at: number
  year: number
  month: number
  day: number
  hour: number
  minute: number
  second: number
  afternoon: boolean | null
}

const NUMBERS: Readonly<Record<string, readonly [width: number, set: (to: Parsing, value: number) => void]>> = {
  Y: [4, (to, value) => { to.year = value }],
  m: [2, (to, value) => { to.month = value }],
  d: [2, (to, value) => { to.day = value }],
  e: [2, (to, value) => { to.day = value }],
  H: [2, (to, value) => { to.hour = value }],
  k: [2, (to, value) => { to.hour = value }],
  I: [2, (to, value) => { to.hour = value }],
  l: [2, (to, value) => { to.hour = value }],
  M: [2, (to, value) => { to.minute = value }],
  S: [2, (to, value) => { to.second = value }],
  y: [2, (to, value) => { to.year = value < 69 ? 2000 + value : 1900 + value }],
  j: [3, (to, value) => { [to.month, to.day] = [1, value] }],
  u: [1, () => {}],
  w: [1, () => {}],
}

const COMPOUND = new Map([
  ['T', '%H:%M:%S'], ['R', '%H:%M'], ['D', '%m/%d/%y'], ['F', '%Y-%m-%d'], ['c', '%a %b %e %H:%M:%S %Y'], ['x', '%m/%d/%y'], ['X', '%H:%M:%S'],
  ['r', '%I:%M:%S %p'],
])

function parseTime(input: Value, format: Value): Value {
  if (typeof input !== 'string' || typeof format !== 'string') throw new JqError('strptime/1 requires string inputs and arguments')
  const parsing: Parsing = { text: input, at: 0, year: 1900, month: 1, day: 0, hour: 0, minute: 0, second: 0, afternoon: null }
  if (!parseBy(parsing, format)) throw new JqError(`date "${input}" does not match format "${format}"`)
  if (parsing.afternoon !== null) parsing.hour = (parsing.hour % 12) + (parsing.afternoon ? 12 : 0)
  const { year, month, day, hour, minute, second } = parsing
  const date = civilTime((daysFromCivil(year, month, 1) + day - 1) * 86400000)
  const result: Value[] = [year, month - 1, day, hour, minute, second, date.weekday, date.yearDay]
  return parsing.at < input.length ? [...result, input.slice(parsing.at)] : result
}

function parseBy(to: Parsing, format: string): boolean {
  for (let i = 0; i < format.length; i += 1) {
    if (/\s/.test(format[i])) {
      skipSpace(to)
      continue
    }
    if (format[i] !== '%') {
      if (to.text[to.at] !== format[i]) return false
      to.at += 1
      continue
    }
    i += 1
    if (!parseField(to, format[i] ?? '')) return false
  }
  return true
}

function skipSpace(to: Parsing): void {
  while (to.at < to.text.length && /\s/.test(to.text[to.at])) to.at += 1
}

function parseField(to: Parsing, letter: string): boolean {
  const compound = COMPOUND.get(letter)
  if (compound !== undefined) return parseBy(to, compound)
  const rest = (): string => to.text.slice(to.at)
  const take = (pattern: RegExp): string | null => {
    const found = pattern.exec(rest())
    if (found) to.at += found[0].length
    return found ? found[0] : null
  }
  if (Object.hasOwn(NUMBERS, letter)) {
    skipSpace(to)
    const [width, set] = NUMBERS[letter]
    const digits = take(new RegExp(`^\\d{1,${width}}`))
    if (digits !== null) set(to, Number(digits))
    return digits !== null
  }
  switch (letter) {
    case '%':
      return take(/^%/) !== null
    case 'n':
    case 't':
      skipSpace(to)
      return true
    case 'a':
    case 'A':
      return nameAt(rest(), WEEKDAYS, (_, length) => { to.at += length })
    case 'b':
    case 'B':
    case 'h':
      return nameAt(rest(), MONTHS, (index, length) => {
        to.month = index + 1
        to.at += length
      })
    case 'p': {
      const half = take(/^[ap]m/i)
      to.afternoon = half === null ? null : half[0].toLowerCase() === 'p'
      return half !== null
    }
    case 'Z':
      return take(/^[A-Za-z]+/) !== null
    case 'z':
      skipSpace(to)
      return take(/^(?:Z|[+-]\d\d(?::?\d\d)?)/) !== null
    case 's': {
      const digits = take(/^\d+/)
      if (digits === null) return false
      const time = civilTime(Number(digits) * 1000)
      Object.assign(to, { year: time.year, month: time.month, day: time.day, hour: time.hour, minute: time.minute, second: time.second })
      return true
    }
  }
  return false
}

function nameAt(text: string, names: readonly string[], found: (index: number, length: number) => void): boolean {
  const lower = text.toLowerCase()
  for (let i = 0; i < names.length; i += 1) {
    for (const name of [names[i].toLowerCase(), names[i].slice(0, 3).toLowerCase()]) {
      if (!lower.startsWith(name)) continue
      found(i, name.length)
      return true
    }
  }
  return false
}

export const DATES: readonly [string, Native][] = [
  ['gmtime/0', (input) => brokenDown(input, 'gmtime')],
  ['localtime/0', (input) => brokenDown(input, 'localtime')],
  ['mktime/0', makeTime],
  ['strftime/1', (input, [format]) => formatTime(input, format, 'strftime', 'gmtime')],
  ['strflocaltime/1', (input, [format]) => formatTime(input, format, 'strflocaltime', 'localtime')],
  ['strptime/1', (input, [format]) => parseTime(input, format)],
]
