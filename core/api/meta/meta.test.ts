import { expect, test } from 'vitest'
import { canonicalQuantity, compareQuantity, milliValue, wholeValue } from './quantity.ts'
import { formatSelector, matchesSelector, parseSelector } from './labels.ts'
import { calendar, formatMicroTime, formatTime, humanDuration, parseTime } from './timestamp.ts'
import { nextTime, parseSchedule } from '../../control/cronjob/cron-schedule.ts'

test('quantities: canonical text', () => {
  const cases = {
    '1': '1',
    '1000m': '1',
    '100m': '100m',
    '0.1': '100m',
    '1.5Gi': '1536Mi',
    '1024Ki': '1Mi',
    '1e3': '1e3',
    '1000': '1k',
    '1.5': '1500m',
    '0': '0',
    '-2Ki': '-2Ki',
    '100n': '100n',
    '.5': '500m',
    '12M': '12M',
  }
  expect(Object.fromEntries(Object.keys(cases).map((k) => [k, canonicalQuantity(k)]))).toEqual(cases)
  expect(['', 'x', '1 Gi', '1gi', '--1', '1e999999'].map(canonicalQuantity)).toEqual([
    undefined,
    undefined,
    undefined,
    undefined,
    undefined,
    undefined,
  ])
  expect([milliValue('2'), milliValue('1m'), wholeValue('1Gi'), wholeValue('1500m'), compareQuantity('1Gi', '1G')]).toEqual([
    2000, 1, 1073741824, 2, 1,
  ])
})

test('label selectors as text', () => {
  const labels = { app: 'web', tier: 'front', n: '5' }
  const cases: [string, boolean][] = [
    ['app=web', true],
    ['app==web,tier=front', true],
    ['app!=web', false],
    ['missing!=x', true],
    ['app in (web, db)', true],
    ['app notin (db)', true],
    ['tier', true],
    ['!tier', false],
    ['!other', true],
    ['n>4', true],
    ['n<4', false],
    ['', true],
    ['app in (),tier', false],
  ]
  expect(cases.map(([text]) => [text, matchesSelector(parseSelector(text) as never, labels)])).toEqual(cases)
  expect(formatSelector(parseSelector('z,b notin (y,x),a=1,!c') as never)).toBe('a=1,b notin (x,y),!c,z')
  expect(typeof parseSelector('a in b')).toBe('string')
  expect(typeof parseSelector('a=b,')).toBe('string')
})

test('times and durations', () => {
  expect([formatTime(0), formatTime(951_827_696_000), formatMicroTime(1_767_225_600_000, 1_234_567)]).toEqual([
    '1970-01-01T00:00:00Z',
    '2000-02-29T12:34:56Z',
    '2026-01-01T00:00:01.234567Z',
  ])
  expect([parseTime('2026-01-01T00:00:00Z'), parseTime('2026-01-01T02:00:00.5+02:00'), parseTime('soon')]).toEqual([
    1_767_225_600_000,
    1_767_225_600_500,
    undefined,
  ])
  const seconds = [0, 119, 120, 599, 605, 3600, 10_800, 28_799, 30_000, 172_800, 180_000, 700_000, 40_000_000, 400_000_000]
  expect(seconds.map((s) => humanDuration(s * 1000))).toEqual([
    '0s',
    '119s',
    '2m',
    '9m59s',
    '10m',
    '60m',
    '3h',
    '7h59m',
    '8h',
    '2d',
    '2d2h',
    '8d',
    '462d',
    '12y',
  ])
  expect(calendar(1_767_225_600_000)).toEqual({ year: 2026, month: 1, day: 1, hour: 0, minute: 0, weekday: 4 })
})

test('cron: the next moment', () => {
  const from = parseTime('2026-01-01T00:00:00Z')!
  const next = (text: string) => {
    const schedule = parseSchedule(text)
    const at = schedule && nextTime(schedule, from)
    return at === undefined ? 'never' : formatTime(at)
  }
  expect(
    ['* * * * *', '*/15 * * * *', '30 4 * * *', '0 0 * * sun', '0 0 29 2 *', '0 0 31 2 *', '@hourly', '5-10/5 3 1,15 * *', 'x * * * *'].map(
      next,
    ),
  ).toEqual([
    '2026-01-01T00:01:00Z',
    '2026-01-01T00:15:00Z',
    '2026-01-01T04:30:00Z',
    '2026-01-04T00:00:00Z',
    '2028-02-29T00:00:00Z',
    'never',
    '2026-01-01T01:00:00Z',
    '2026-01-01T03:05:00Z',
    'never',
  ])
})
