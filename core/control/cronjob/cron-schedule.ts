/** Cron expressions of five fields (and `@hourly` …): github.com/robfig/cron standard parser. Omits: `L`, `W`, `#`. */
import { calendar } from '../../api/meta/timestamp.ts'

const MINUTE_MS = 60_000
/** Four years of minutes: a schedule that has not come by then (31 February) never will. */
const SEARCH_MAX = 2_105_280

const SHORTHANDS = new Map([
  ['@yearly', '0 0 1 1 *'],
  ['@annually', '0 0 1 1 *'],
  ['@monthly', '0 0 1 * *'],
  ['@weekly', '0 0 * * 0'],
  ['@daily', '0 0 * * *'],
  ['@midnight', '0 0 * * *'],
  ['@hourly', '0 * * * *'],
])
const MONTHS = ['jan', 'feb', 'mar', 'apr', 'may', 'jun', 'jul', 'aug', 'sep', 'oct', 'nov', 'dec']
const DAYS = ['sun', 'mon', 'tue', 'wed', 'thu', 'fri', 'sat']

export interface CronSchedule {
  minutes: ReadonlySet<number>
  hours: ReadonlySet<number>
  days: ReadonlySet<number>
  months: ReadonlySet<number>
  weekdays: ReadonlySet<number>
  anyDay: boolean
  anyWeekday: boolean
}

export function parseSchedule(text: string): CronSchedule | undefined {
  const fields = (SHORTHANDS.get(text.trim()) ?? text).trim().split(/\s+/)
  if (fields.length !== 5) return undefined
  const minutes = parseField(fields[0]!, 0, 59)
  const hours = parseField(fields[1]!, 0, 23)
  const days = parseField(fields[2]!, 1, 31)
  const months = parseField(fields[3]!, 1, 12, MONTHS, 1)
  const weekdays = parseField(fields[4]!, 0, 7, DAYS, 0)
  if (!minutes || !hours || !days || !months || !weekdays) return undefined
  if (weekdays.has(7)) weekdays.add(0)
  return { minutes, hours, days, months, weekdays, anyDay: isAny(fields[2]!), anyWeekday: isAny(fields[4]!) }
}

/** The first moment after `afterMs`, or undefined when there is none. */
export function nextTime(schedule: CronSchedule, afterMs: number): number | undefined {
  let at = (Math.floor(afterMs / MINUTE_MS) + 1) * MINUTE_MS
  for (let i = 0; i < SEARCH_MAX; i += 1) {
    const c = calendar(at)
    const dayOk = schedule.days.has(c.day)
    const weekdayOk = schedule.weekdays.has(c.weekday)
    // Either of two restricted day fields is enough (cron(5)).
    const date = schedule.anyDay || schedule.anyWeekday ? dayOk && weekdayOk : dayOk || weekdayOk
    if (!schedule.months.has(c.month) || !date) at += (24 * 60 - c.hour * 60 - c.minute) * MINUTE_MS
    else if (!schedule.hours.has(c.hour)) at += (60 - c.minute) * MINUTE_MS
    else if (!schedule.minutes.has(c.minute)) at += MINUTE_MS
    else return at
  }
  return undefined
}

function isAny(field: string): boolean {
  return field === '*' || field === '?'
}

function parseField(field: string, low: number, high: number, names: readonly string[] = [], base = 0): Set<number> | undefined {
  const result = new Set<number>()
  for (const part of field.split(',')) {
    const match = /^(\*|\?|[0-9a-z]+)(?:-([0-9a-z]+))?(?:\/(\d+))?$/i.exec(part)
    if (!match) return undefined
    const [, from, to, every] = match
    const any = from === '*' || from === '?'
    const start = any ? low : fieldValue(from!, names, base)
    const end = to !== undefined ? fieldValue(to, names, base) : any || every !== undefined ? high : start
    const step = every === undefined ? 1 : Number(every)
    if (start === undefined || end === undefined || start < low || end > high || start > end || step < 1) return undefined
    for (let value = start; value <= end; value += step) result.add(value)
  }
  return result
}

function fieldValue(text: string, names: readonly string[], base: number): number | undefined {
  if (/^\d+$/.test(text)) return Number(text)
  const at = names.indexOf(text.toLowerCase())
  return at < 0 ? undefined : at + base
}
