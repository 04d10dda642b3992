/**
 * The dates that `date -d` and `touch -d` understand (GNU "Date input formats").
 * Omits: weekday names, time zones other than UTC and numeric offsets, ordinals.
 */
import { civilTime, daysFromCivil, MONTHS } from './calendar.ts'

const UNITS_MS = new Map([
  ['sec', 1000], ['second', 1000], ['min', 60000], ['minute', 60000], ['hour', 3600000], ['day', 86400000], ['week', 604800000],
  ['fortnight', 1209600000],
])

/** Milliseconds since 1970, or null. */
export function parseDate(text: string, nowMs: number): number | null {
  let rest = text.trim().toLowerCase()
  if (rest === '') return midnight(nowMs)
  if (rest.startsWith('@')) return /^@-?\d+(\.\d+)?$/.test(rest) ? Number(rest.slice(1)) * 1000 : null
  let day: number | null = null
  let timeMs: number | null = null
  let shiftMs = 0
  let months = 0
  const take = (pattern: RegExp): RegExpExecArray | null => {
    const match = pattern.exec(rest)
    if (match) rest = rest.slice(match[0].length).trimStart()
    return match
  }
  for (let guard = 0; rest !== '' && guard < 16; guard += 1) {
    let match: RegExpExecArray | null
    if ((match = take(/^(\d{4})-(\d{1,2})-(\d{1,2})(?:t(?=\d)|(?!\d))/))) day = checkedDay(Number(match[1]), Number(match[2]), Number(match[3]))
    else if ((match = take(/^(\d{1,2})\/(\d{1,2})\/(\d{4})(?!\d)/))) day = checkedDay(Number(match[3]), Number(match[1]), Number(match[2]))
    else if ((match = take(/^(\d{1,2}) ([a-z]{3})[a-z]* (\d{4})(?!\d)/))) day = checkedDay(Number(match[3]), monthNumber(match[2]), Number(match[1]))
    else if ((match = take(/^([a-z]{3})[a-z]* (\d{1,2}),? (\d{4})(?!\d)/))) day = checkedDay(Number(match[3]), monthNumber(match[1]), Number(match[2]))
    else if ((match = take(/^(\d{1,2}):(\d{2})(?::(\d{2})(\.\d+)?)?/))) {
      if (Number(match[1]) > 23 || Number(match[2]) > 59 || Number(match[3] ?? 0) > 60) return null
      timeMs = ((Number(match[1]) * 60 + Number(match[2])) * 60 + Number(match[3] ?? 0) + Number(match[4] ?? 0)) * 1000
    } else if (take(/^(z|utc|gmt)\b/)) continue
    else if ((match = take(/^([+-])(\d{2}):?(\d{2})(?!\d)/)) && timeMs !== null) {
      shiftMs += (match[1] === '+' ? -1 : 1) * (Number(match[2]) * 60 + Number(match[3])) * 60000
    } else if (take(/^now\b/)) continue
    else if (take(/^today\b/)) continue
    else if (take(/^yesterday\b/)) shiftMs -= 86400000
    else if (take(/^tomorrow\b/)) shiftMs += 86400000
    else if ((match = take(/^([+-]?\s*\d+|next|last)\s*(sec|second|min|minute|hour|day|week|fortnight|month|year)s?(\s+ago)?\b/))) {
      const count = match[1] === 'next' ? 1 : match[1] === 'last' ? -1 : Number(match[1].replace(/\s/g, ''))
      const signed = match[3] ? -count : count
      if (match[2] === 'month') months += signed
      else if (match[2] === 'year') months += signed * 12
      else shiftMs += signed * (UNITS_MS.get(match[2]) as number)
    } else return null
    if (day !== null && Number.isNaN(day)) return null
  }
  if (rest !== '') return null
  let baseMs = day !== null ? day * 86400000 + (timeMs ?? 0) : timeMs !== null ? midnight(nowMs) + timeMs : nowMs
  if (months !== 0) {
    const time = civilTime(baseMs)
    const month = time.year * 12 + time.month - 1 + months
    baseMs += (daysFromCivil(Math.floor(month / 12), (((month % 12) + 12) % 12) + 1, time.day) - Math.floor(baseMs / 86400000)) * 86400000
  }
  return baseMs + shiftMs
}

function midnight(ms: number): number {
  return Math.floor(ms / 86400000) * 86400000
}

function monthNumber(name: string): number {
  return MONTHS.findIndex((month) => month.toLowerCase().startsWith(name)) + 1
}

function checkedDay(year: number, month: number, day: number): number {
  if (month < 1 || month > 12 || day < 1 || day > 31) return Number.NaN
  const days = daysFromCivil(year, month, day)
  return civilTime(days * 86400000).month === month ? days : Number.NaN
}
