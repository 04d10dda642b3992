/**
 * Wall-clock time of the virtual world as text (RFC 3339) and back, and Kubernetes' short durations (`5m20s`, `3d4h`:
 * k8s.io/apimachinery/pkg/util/duration.HumanDuration). Proleptic Gregorian calendar, UTC only.
 */

const DAY_MS = 86_400_000

/** `2026-01-01T00:00:00Z`: metav1.Time has whole seconds. */
export function formatTime(ms: number): string {
  const day = Math.floor(ms / DAY_MS)
  const { year, month, dayOfMonth } = civilFromDays(day)
  const seconds = Math.floor((ms - day * DAY_MS) / 1000)
  return `${pad(year, 4)}-${pad(month, 2)}-${pad(dayOfMonth, 2)}T${clockText(seconds)}Z`
}

/** `2026-01-01T00:00:00.000000Z`: metav1.MicroTime. */
export function formatMicroTime(epochMs: number, us: number): string {
  const whole = formatTime(epochMs + Math.floor(us / 1000))
  return `${whole.slice(0, -1)}.${pad(us % 1_000_000, 6)}Z`
}

const RFC3339 = /^(\d{4})-(\d\d)-(\d\d)[Tt](\d\d):(\d\d):(\d\d)(?:\.(\d{1,9}))?(?:[Zz]|([+-])(\d\d):(\d\d))$/

/** Milliseconds since 1970, or undefined for text that is no RFC 3339 time. */
export function parseTime(text: string | null | undefined): number | undefined {
  const match = text ? RFC3339.exec(text) : null
  if (!match) return undefined
  const [, year, month, day, hour, minute, second, fraction, sign, offsetHours, offsetMinutes] = match
  const days = daysFromCivil(Number(year), Number(month), Number(day))
  const seconds = days * 86_400 + Number(hour) * 3600 + Number(minute) * 60 + Number(second)
  const offset = sign ? (Number(offsetHours) * 60 + Number(offsetMinutes)) * 60 * (sign === '-' ? -1 : 1) : 0
  const milli = fraction ? Number(fraction.padEnd(3, '0').slice(0, 3)) : 0
  return (seconds - offset) * 1000 + milli
}

/** The calendar of a moment, for cron schedules. `weekday` 0 is Sunday. */
export function calendar(ms: number): { year: number; month: number; day: number; hour: number; minute: number; weekday: number } {
  const days = Math.floor(ms / DAY_MS)
  const { year, month, dayOfMonth } = civilFromDays(days)
  const minutes = Math.floor((ms - days * DAY_MS) / 60_000)
  return { year, month, day: dayOfMonth, hour: Math.floor(minutes / 60), minute: minutes % 60, weekday: (((days + 4) % 7) + 7) % 7 }
}

/** duration.HumanDuration: two units where the first is small, one where it is not. */
export function humanDuration(ms: number): string {
  const seconds = Math.trunc(ms / 1000)
  if (seconds < -1) return '<invalid>'
  if (seconds < 0) return '0s'
  if (seconds < 120) return `${seconds}s`
  const minutes = Math.floor(seconds / 60)
  if (minutes < 10) return seconds % 60 === 0 ? `${minutes}m` : `${minutes}m${seconds % 60}s`
  if (minutes < 180) return `${minutes}m`
  const hours = Math.floor(minutes / 60)
  if (hours < 8) return minutes % 60 === 0 ? `${hours}h` : `${hours}h${minutes % 60}m`
  if (hours < 48) return `${hours}h`
  const days = Math.floor(hours / 24)
  if (hours < 192) return hours % 24 === 0 ? `${days}d` : `${days}d${hours % 24}h`
  if (hours < 17_520) return `${days}d`
  const years = Math.floor(hours / 8760)
  if (hours < 70_080) {
    const restDays = Math.floor(hours / 24) % 365
    return restDays === 0 ? `${years}y` : `${years}y${restDays}d`
  }
  return `${years}y`
}

/** Age of something that happened at `timestamp`, or `<unknown>`. */
export function age(timestamp: string | null | undefined, nowMs: number): string {
  const ms = parseTime(timestamp)
  return ms === undefined ? '<unknown>' : humanDuration(nowMs - ms)
}

function clockText(seconds: number): string {
  return `${pad(Math.floor(seconds / 3600), 2)}:${pad(Math.floor(seconds / 60) % 60, 2)}:${pad(seconds % 60, 2)}`
}

function pad(value: number, digits: number): string {
  return String(value).padStart(digits, '0')
}

/** Days since 1970-01-01 to a date, in 400-year eras (Howard Hinnant, "chrono-compatible low-level date algorithms"). */
function civilFromDays(days: number): { year: number; month: number; dayOfMonth: number } {
  const z = days + 719_468
  const era = Math.floor(z / 146_097)
  const dayOfEra = z - era * 146_097
  const yearOfEra = Math.floor(
    (dayOfEra - Math.floor(dayOfEra / 1460) + Math.floor(dayOfEra / 36_524) - Math.floor(dayOfEra / 146_096)) / 365,
  )
  const dayOfYear = dayOfEra - (365 * yearOfEra + Math.floor(yearOfEra / 4) - Math.floor(yearOfEra / 100))
  const shifted = Math.floor((5 * dayOfYear + 2) / 153)
  const month = shifted < 10 ? shifted + 3 : shifted - 9
  return { year: yearOfEra + era * 400 + (month <= 2 ? 1 : 0), month, dayOfMonth: dayOfYear - Math.floor((153 * shifted + 2) / 5) + 1 }
}

function daysFromCivil(year: number, month: number, day: number): number {
  const y = month <= 2 ? year - 1 : year
  const era = Math.floor(y / 400)
  const yearOfEra = y - era * 400
  const dayOfYear = Math.floor((153 * (month > 2 ? month - 3 : month + 9) + 2) / 5) + day - 1
  return era * 146_097 + yearOfEra * 365 + Math.floor(yearOfEra / 4) - Math.floor(yearOfEra / 100) + dayOfYear - 719_468
}
