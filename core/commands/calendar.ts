/**
 * The proleptic Gregorian calendar and strftime(3) in the C locale, in UTC: a simulated machine knows no other time zone.
 * The day arithmetic counts from 1 March, so that the leap day is the last of its year.
 * Omits: `%E` and `%O` modifiers, GNU's padding flags other than `-`, `_` and `0`.
 */
export interface CivilTime {
  year: number
  month: number
  day: number
  hour: number
  minute: number
  second: number
  /** Milliseconds may be fractional: virtual time has microseconds. */
  millisecond: number
  /** 0 is Sunday. */
  weekday: number
  /** 0 is 1 January. */
  yearDay: number
}

export const MONTHS = ['January', 'February', 'March', 'April', 'May', 'June', 'July', 'August', 'September', 'October', 'November', 'December']
export const WEEKDAYS = ['Sunday', 'Monday', 'Tuesday', 'Wednesday', 'Thursday', 'Friday', 'Saturday']

/** Days from 1970-01-01 to a date. */
export function daysFromCivil(year: number, month: number, day: number): number {
  const shifted = month <= 2 ? year - 1 : year
  const era = Math.floor(shifted / 400)
  const yearOfEra = shifted - era * 400
  const dayOfYear = Math.floor((153 * (month + (month > 2 ? -3 : 9)) + 2) / 5) + day - 1
  return era * 146097 + yearOfEra * 365 + Math.floor(yearOfEra / 4) - Math.floor(yearOfEra / 100) + dayOfYear - 719468
}

export function civilTime(epochMs: number): CivilTime {
  const days = Math.floor(epochMs / 86400000)
  const rest = epochMs - days * 86400000
  const shifted = days + 719468
  const era = Math.floor(shifted / 146097)
  const dayOfEra = shifted - era * 146097
  const yearOfEra = Math.floor(
    (dayOfEra - Math.floor(dayOfEra / 1460) + Math.floor(dayOfEra / 36524) - Math.floor(dayOfEra / 146096)) / 365,
  )
  const dayOfYear = dayOfEra - (365 * yearOfEra + Math.floor(yearOfEra / 4) - Math.floor(yearOfEra / 100))
  const monthFromMarch = Math.floor((5 * dayOfYear + 2) / 153)
  const month = monthFromMarch < 10 ? monthFromMarch + 3 : monthFromMarch - 9
  const year = yearOfEra + era * 400 + (month <= 2 ? 1 : 0)
  return {
    year,
    month,
    day: dayOfYear - Math.floor((153 * monthFromMarch + 2) / 5) + 1,
    hour: Math.floor(rest / 3600000),
    minute: Math.floor(rest / 60000) % 60,
    second: Math.floor(rest / 1000) % 60,
    millisecond: rest % 1000,
    weekday: (((days + 4) % 7) + 7) % 7,
    yearDay: days - daysFromCivil(year, 1, 1),
  }
}

const two = (value: number, pad = '0'): string => String(value).padStart(2, pad)

/** `format` filled in for a moment of UTC. */
export function strftime(format: string, epochMs: number): string {
  const time = civilTime(epochMs)
  return format.replace(/%([-_0^]?)(\d{0,3})(:{0,3}[a-zA-Z%])/g, (all, flag: string, width: string, letter: string) => {
    const text = field(letter, time, epochMs)
    if (text === null) return all
    if (width !== '') return text.padStart(Number(width), flag === '_' || /[^\d]/.test(text) ? ' ' : '0')
    if (flag === '^') return text.toUpperCase()
    if (flag === '-') return text.replace(/^[0 ]+(?=.)/, '')
    if (flag === '_') return text.replace(/^0+(?=.)/, (zeros: string) => ' '.repeat(zeros.length))
    return flag === '0' ? text.replace(/^ +/, (blanks: string) => '0'.repeat(blanks.length)) : text
  })
}

function field(letter: string, time: CivilTime, epochMs: number): string | null {
  const hour12 = time.hour % 12 === 0 ? 12 : time.hour % 12
  switch (letter) {
    case '%':
      return '%'
    case 'n':
      return '\n'
    case 't':
      return '\t'
    case 'Y':
      return String(time.year)
    case 'C':
      return two(Math.floor(time.year / 100))
    case 'y':
      return two(time.year % 100)
    case 'm':
      return two(time.month)
    case 'd':
      return two(time.day)
    case 'e':
      return two(time.day, ' ')
    case 'H':
      return two(time.hour)
    case 'k':
      return two(time.hour, ' ')
    case 'I':
      return two(hour12)
    case 'l':
      return two(hour12, ' ')
    case 'M':
      return two(time.minute)
    case 'S':
      return two(time.second)
    case 'N':
      return String(Math.floor(time.millisecond * 1000) * 1000).padStart(9, '0')
    case 's':
      return String(Math.floor(epochMs / 1000))
    case 'j':
      return String(time.yearDay + 1).padStart(3, '0')
    case 'u':
      return String(time.weekday === 0 ? 7 : time.weekday)
    case 'w':
      return String(time.weekday)
    case 'a':
      return WEEKDAYS[time.weekday].slice(0, 3)
    case 'A':
      return WEEKDAYS[time.weekday]
    case 'b':
    case 'h':
      return MONTHS[time.month - 1].slice(0, 3)
    case 'B':
      return MONTHS[time.month - 1]
    case 'p':
      return time.hour < 12 ? 'AM' : 'PM'
    case 'P':
      return time.hour < 12 ? 'am' : 'pm'
    case 'q':
      return String(Math.floor((time.month + 2) / 3))
    case 'U':
      return two(Math.floor((time.yearDay + 7 - time.weekday) / 7))
    case 'W':
      return two(Math.floor((time.yearDay + 7 - ((time.weekday + 6) % 7)) / 7))
    case 'z':
      return '+0000'
    case ':z':
      return '+00:00'
    case 'Z':
      return 'UTC'
    case 'F':
      return `${time.year}-${two(time.month)}-${two(time.day)}`
    case 'T':
    case 'X':
      return `${two(time.hour)}:${two(time.minute)}:${two(time.second)}`
    case 'R':
      return `${two(time.hour)}:${two(time.minute)}`
    case 'r':
      return `${two(hour12)}:${two(time.minute)}:${two(time.second)} ${time.hour < 12 ? 'AM' : 'PM'}`
    case 'D':
    case 'x':
      return `${two(time.month)}/${two(time.day)}/${two(time.year % 100)}`
    case 'c':
      return `${field('a', time, epochMs)} ${field('b', time, epochMs)} ${two(time.day, ' ')} ${field('T', time, epochMs)} ${time.year}`
  }
  return null
}
