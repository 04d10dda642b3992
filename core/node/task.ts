/**
 * A thread of a node's daemon that is written here as an object instead of a program: a generator that is resumed by the Clock
 * alone, like a process, but without a pid.
 */
import type { Clock, Timer } from '../sim/clock.ts'
import type { Wait } from '../linux/wait.ts'

export class Task {
  readonly #clock: Clock
  readonly #body: Generator<Wait, void, unknown>
  #cancelWait: (() => void) | null = null
  #running = false
  #cancelled = false
  done = false

  constructor(clock: Clock, body: Generator<Wait, void, unknown>) {
    this.#clock = clock
    this.#body = body
    this.#schedule(undefined)
  }

  /** Ends it where it waits; `finally` blocks run. */
  cancel(): void {
    if (this.done) return
    this.#cancelled = true
    if (this.#running) return
    this.#cancelWait?.()
    this.#finish()
  }

  #schedule(value: unknown): void {
    const timer: Timer = this.#clock.after(0, () => this.#resume(value))
    this.#cancelWait = () => this.#clock.cancel(timer)
  }

  #resume(value: unknown): void {
    this.#cancelWait = null
    this.#running = true
    let result: IteratorResult<Wait, void>
    try {
      result = this.#body.next(value)
    } finally {
      this.#running = false
    }
    if (this.#cancelled) this.#finish()
    else if (result.done) this.done = true
    else this.#await(result.value)
  }

  #await(wait: Wait): void {
    let woken = false
    let cancel: (() => void) | null = null
    cancel = wait.start((value) => {
      if (woken) return
      woken = true
      // Null when the wait ended while it began: then it is cancelled below.
      cancel?.()
      this.#schedule(value)
    })
    if (woken) cancel()
    else this.#cancelWait = cancel
  }

  #finish(): void {
    this.done = true
    this.#running = true
    this.#body.return()
    this.#running = false
  }
}
