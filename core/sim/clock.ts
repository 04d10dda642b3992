/**
 * Virtual time: whole microseconds since the world began, in an ordered queue of events.
 *
 * Events of equal time run in the order in which they were scheduled. A *background* event (a lease renewal, a cache that
 * expires, a program that sleeps) does not keep the world from being settled; everything else does.
 *
 * Omits: wall-clock time. The host decides how fast virtual time follows it.
 */
import { assert } from '../base/assert.ts'
import { Heap } from '../base/heap.ts'

export interface Timer {
  readonly atUs: number
  readonly order: number
  readonly background: boolean
  run: (() => void) | null
}

export type AdvanceResult = 'reached' | 'budget' | 'stopped'

export class Clock {
  #nowUs = 0
  #order = 0
  #foreground = 0
  #stop = false
  readonly #queue = new Heap<Timer>((a, b) => a.atUs < b.atUs || (a.atUs === b.atUs && a.order < b.order))
  /** Events run since the world began. */
  eventsRun = 0

  get nowUs(): number {
    return this.#nowUs
  }

  /** Foreground events that wait. Zero means that the world has settled: only time-outs and periodic work remain. */
  get foregroundPending(): number {
    return this.#foreground
  }

  /** Time of the next event, or undefined when nothing is scheduled. */
  get nextAtUs(): number | undefined {
    this.#dropCancelled()
    return this.#queue.peek()?.atUs
  }

  after(delayUs: number, run: () => void): Timer {
    return this.#schedule(this.#nowUs + Math.max(0, Math.floor(delayUs)), run, false)
  }

  /** Like `after`, for work that a settled world may still have before it. */
  afterInBackground(delayUs: number, run: () => void): Timer {
    return this.#schedule(this.#nowUs + Math.max(0, Math.floor(delayUs)), run, true)
  }

  /** Schedules at an absolute time; a time that has passed runs now. */
  at(atUs: number, run: () => void): Timer {
    return this.#schedule(Math.max(this.#nowUs, Math.floor(atUs)), run, false)
  }

  cancel(timer: Timer | null | undefined): void {
    if (!timer || timer.run === null) return
    timer.run = null
    if (!timer.background) this.#foreground -= 1
  }

  /** Ends the current `advance` after the event that runs now. */
  stop(): void {
    this.#stop = true
  }

  /** Runs the next event, whenever it is due. False when nothing is scheduled. */
  step(): boolean {
    this.#dropCancelled()
    const timer = this.#queue.pop()
    if (!timer) return false
    this.#nowUs = timer.atUs
    this.#runTimer(timer)
    return true
  }

  /**
   * Runs all events up to and including `untilUs`, at most `eventsMax`, and leaves the clock at `untilUs` when it got there.
   */
  advance(untilUs: number, eventsMax: number): AdvanceResult {
    this.#stop = false
    for (let count = 0; ; count += 1) {
      this.#dropCancelled()
      const next = this.#queue.peek()
      if (!next || next.atUs > untilUs) break
      if (count >= eventsMax) return 'budget'
      this.#queue.pop()
      this.#nowUs = next.atUs
      this.#runTimer(next)
      if (this.#stop) return 'stopped'
    }
    if (untilUs > this.#nowUs) this.#nowUs = untilUs
    return 'reached'
  }

  /** Lets time pass up to `atUs` without running anything; an event that is due before holds it there. */
  rest(atUs: number): void {
    const next = this.nextAtUs
    const limit = next === undefined ? atUs : Math.min(atUs, next)
    if (limit > this.#nowUs) this.#nowUs = limit
  }

  #schedule(atUs: number, run: () => void, background: boolean): Timer {
    assert(Number.isSafeInteger(atUs), `an event at ${atUs} µs is beyond the clock`)
    const timer: Timer = { atUs, order: this.#order, background, run }
    this.#order += 1
    if (!background) this.#foreground += 1
    this.#queue.push(timer)
    return timer
  }

  #runTimer(timer: Timer): void {
    const run = timer.run
    if (run === null) return
    timer.run = null
    if (!timer.background) this.#foreground -= 1
    this.eventsRun += 1
    run()
  }

  #dropCancelled(): void {
    for (let next = this.#queue.peek(); next && next.run === null; next = this.#queue.peek()) this.#queue.pop()
  }
}
