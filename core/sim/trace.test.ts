import { expect, test } from 'vitest'
import { Clock } from './clock.ts'
import { Digest } from './digest.ts'
import { RandomStreams } from './random.ts'
import { Trace } from './trace.ts'
import type { TraceEvent } from './trace-event.ts'

const out = (text: string): TraceEvent => ({ kind: 'tty.out', tty: 't', text })

test('a batch has the sequence numbers and times of its events', () => {
  const clock = new Clock()
  const trace = new Trace(clock)
  trace.emit(out('a'))
  clock.rest(5)
  trace.emit(out('b'))
  const first = trace.drain()
  trace.emit(out('c'))
  const second = trace.drain()
  expect([first.firstSeq, first.atUs, second.firstSeq, second.atUs, second.nowUs]).toEqual([0, [0, 5], 2, [5], 5])
})

test('the digest says what was said, and when, and not how it was drained', () => {
  const digest = (events: [number, string][], drain: boolean): string => {
    const clock = new Clock()
    const trace = new Trace(clock)
    for (const [atUs, text] of events) {
      clock.rest(atUs)
      trace.emit(out(text))
      if (drain) trace.drain()
    }
    return trace.digest()
  }
  const base = digest([[1, 'a'], [2, 'b']], false)
  expect(digest([[1, 'a'], [2, 'b']], true)).toBe(base)
  for (const other of [[[1, 'a'], [3, 'b']], [[1, 'b'], [2, 'a']], [[1, 'a']], [[1, 'ab'], [2, '']]] as [number, string][][]) expect(digest(other, false)).not.toBe(base)
})

test('what is said aside is seen and not digested', () => {
  const trace = new Trace(new Clock())
  const before = trace.digest()
  const seen: string[] = []
  const stop = trace.observe((event, _atUs, seq) => seen.push(`${seq} ${event.kind}`))
  trace.emitAside({ kind: 'world.state', settled: true, booted: true })
  expect(trace.digest()).toBe(before)
  trace.emit(out('x'))
  stop()
  trace.emit(out('y'))
  expect(seen).toEqual(['0 world.state', '1 tty.out'])
  expect(trace.drain().events).toHaveLength(3)
})

test('events that are not kept still have their numbers', () => {
  const trace = new Trace(new Clock())
  trace.keepEvents(false)
  trace.emit(out('x'))
  trace.emit(out('y'))
  expect([trace.nextSeq, trace.drain().events]).toEqual([2, []])
})

test('numbers and long texts leave their mark on a digest', () => {
  const of = (...values: (number | string)[]): string => {
    const digest = new Digest()
    for (const value of values) typeof value === 'number' ? digest.number(value) : digest.text(value)
    return digest.toString()
  }
  const long = 'x'.repeat(1000)
  const all = [of(0), of(1), of(-1), of(4294967296), of(4294967297), of(0.5), of(''), of('0'), of(long), of(`${long}y`), of('a', 'b'), of('ab')]
  expect(new Set(all).size).toBe(all.length)
  expect(of(long, 'same', 'same')).toBe(of(long, 'same', 'same'))
})

test('streams of one seed are independent and repeat', () => {
  const draw = (seed: number, name: string): number[] => Array.from({ length: 4 }, () => new RandomStreams(seed).stream(name).u32())
  const streams = new RandomStreams(9)
  const a = [streams.stream('a').u32(), streams.stream('b').u32(), streams.stream('a').u32()]
  const alone = new RandomStreams(9).stream('a')
  expect([a[0], a[2]]).toEqual([alone.u32(), alone.u32()])
  expect(draw(1, 'x')).not.toEqual(draw(2, 'x'))
  const bounded = new RandomStreams(3).stream('n')
  for (let i = 0; i < 200; i += 1) expect(bounded.below(7)).toBeLessThan(7)
  expect(bounded.uuid()).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/)
})
