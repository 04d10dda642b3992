import { expect, test } from 'vitest'
import { Clock } from './clock.ts'

test('events run by time, equal times in the order in which they were scheduled', () => {
  const clock = new Clock()
  const ran: string[] = []
  clock.after(20, () => ran.push(`c@${clock.nowUs}`))
  clock.after(10, () => {
    ran.push(`a@${clock.nowUs}`)
    clock.after(0, () => ran.push(`a2@${clock.nowUs}`))
  })
  clock.after(10, () => ran.push(`b@${clock.nowUs}`))
  expect(clock.advance(15, 100)).toBe('reached')
  expect(ran).toEqual(['a@10', 'b@10', 'a2@10'])
  expect(clock.nowUs).toBe(15)
  expect(clock.nextAtUs).toBe(20)
})

test('a budget ends an advance inside its time, a stop after its event', () => {
  const clock = new Clock()
  let ran = 0
  for (let i = 0; i < 5; i += 1) {
    clock.after(i, () => {
      ran += 1
      if (ran === 4) clock.stop()
    })
  }
  expect([clock.advance(10, 2), ran, clock.nowUs]).toEqual(['budget', 2, 1])
  expect([clock.advance(10, 100), ran, clock.nowUs]).toEqual(['stopped', 4, 3])
  expect([clock.advance(10, 100), ran, clock.nowUs]).toEqual(['reached', 5, 10])
})

test('only foreground events keep the world from being settled', () => {
  const clock = new Clock()
  clock.afterInBackground(5, () => {})
  const timer = clock.after(7, () => {})
  expect(clock.foregroundPending).toBe(1)
  clock.cancel(timer)
  clock.cancel(timer)
  expect(clock.foregroundPending).toBe(0)
  clock.after(8, () => {})
  expect(clock.step()).toBe(true)
  expect([clock.nowUs, clock.foregroundPending]).toEqual([5, 1])
  expect(clock.step()).toBe(true)
  expect([clock.nowUs, clock.foregroundPending, clock.eventsRun, clock.step()]).toEqual([8, 0, 2, false])
})

test('resting passes time, but never past an event', () => {
  const clock = new Clock()
  clock.after(50, () => {})
  clock.rest(30)
  expect(clock.nowUs).toBe(30)
  clock.rest(90)
  expect(clock.nowUs).toBe(50)
  clock.step()
  clock.rest(90)
  expect(clock.nowUs).toBe(90)
})

test('a thousand random timers come out in order', () => {
  const clock = new Clock()
  const due: number[] = []
  let seed = 7
  for (let i = 0; i < 1000; i += 1) {
    seed = (Math.imul(seed, 1103515245) + 12345) & 0x7fffffff
    clock.after(seed % 500, () => due.push(clock.nowUs))
  }
  clock.advance(500, 10_000)
  expect(due).toHaveLength(1000)
  expect(due).toEqual([...due].sort((a, b) => a - b))
})
