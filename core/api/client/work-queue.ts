/**
 * Keys that wait for a reconciler: each at most once, one at a time, with exponential back-off per key
 * (k8s.io/client-go/util/workqueue: 5 ms doubling to 1000 s).
 */
import type { Clock, Timer } from '../../sim/clock.ts'

const BACKOFF_FIRST_US = 5_000
const BACKOFF_MAX_US = 1_000_000_000
/** Retries that keep the world unsettled; later ones wait in the background, or a hopeless key would never let it rest. */
const FOREGROUND_RETRIES_MAX = 6
/** Times of the last work on a key that are remembered at most. */
const RECENT_MAX = 2048

export class WorkQueue {
  readonly #clock: Clock
  readonly #process: (key: string) => void
  readonly #stepUs: number
  readonly #waiting = new Set<string>()
  readonly #failures = new Map<string, number>()
  readonly #delayed = new Map<string, Timer>()
  readonly #recentUs = new Map<string, number>()
  readonly #coalesceUs: number
  #timer: Timer | null = null
  #stopped = false

  /**
   * `process` is called for one key per `stepUs` of virtual time, and for the same key once per `coalesceUs`: what happens to
   * an object in between is one piece of work.
   */
  constructor(clock: Clock, process: (key: string) => void, stepUs = 1_000, coalesceUs = 10_000) {
    this.#clock = clock
    this.#process = process
    this.#stepUs = stepUs
    this.#coalesceUs = coalesceUs
  }

  get length(): number {
    return this.#waiting.size
  }

  add(key: string): void {
    if (this.#stopped) return
    const last = this.#recentUs.get(key)
    const wait = last === undefined ? 0 : last + this.#coalesceUs - this.#clock.nowUs
    if (wait > 0) {
      this.#later(key, wait, false)
      return
    }
    this.#waiting.add(key)
    this.#arm()
  }

  /** Adds the key when `delayUs` have passed; of several, the earliest counts. */
  addAfter(key: string, delayUs: number): void {
    this.#later(key, delayUs, true)
  }

  addRateLimited(key: string): void {
    const failures = this.#failures.get(key) ?? 0
    this.#failures.set(key, failures + 1)
    this.#later(key, Math.min(BACKOFF_MAX_US, BACKOFF_FIRST_US * 2 ** Math.min(failures, 30)), failures >= FOREGROUND_RETRIES_MAX)
  }

  /** The key's work is done: its back-off starts anew. */
  forget(key: string): void {
    this.#failures.delete(key)
  }

  failures(key: string): number {
    return this.#failures.get(key) ?? 0
  }

  stop(): void {
    this.#stopped = true
    this.#clock.cancel(this.#timer)
    this.#timer = null
    for (const timer of this.#delayed.values()) this.#clock.cancel(timer)
    this.#delayed.clear()
    this.#waiting.clear()
  }

  start(): void {
    this.#stopped = false
  }

  #later(key: string, delayUs: number, background: boolean): void {
    if (this.#stopped) return
    const old = this.#delayed.get(key)
    // What must be done soon counts, not what comes sooner by the way: a background wait does not cover foreground work.
    if (old && old.atUs <= this.#clock.nowUs + delayUs && (background || !old.background)) return
    this.#clock.cancel(old)
    const run = () => {
      this.#delayed.delete(key)
      this.add(key)
    }
    this.#delayed.set(key, background ? this.#clock.afterInBackground(delayUs, run) : this.#clock.after(delayUs, run))
  }

  #arm(): void {
    if (this.#timer) return
    this.#timer = this.#clock.after(this.#stepUs, () => {
      this.#timer = null
      const key = this.#waiting.values().next().value
      if (key === undefined) return
      this.#waiting.delete(key)
      this.#recentUs.delete(key)
      this.#recentUs.set(key, this.#clock.nowUs)
      if (this.#recentUs.size > RECENT_MAX) this.#recentUs.delete(this.#recentUs.keys().next().value!)
      this.#process(key)
      if (this.#waiting.size > 0) this.#arm()
    })
  }
}
