/**
 * What a program yields when it has to wait, and the queue on which the sleepers of one thing stand.
 * Modelled on the kernel's wait queues (include/linux/wait.h): a waker never runs the sleeper, it marks it runnable; the
 * process schedules itself through the Clock. Every wait may end without its reason (a spurious wake), so programs wait in loops.
 */
import type { Clock } from '../sim/clock.ts'

export interface Wait {
  /** Begins to wait. `wake` may be called from anywhere, even at once; the returned function cancels. */
  start(wake: (value?: unknown) => void): () => void
}

export class WaitQueue {
  readonly #listeners = new Set<() => void>()

  /** Wakes everybody who waits now. */
  wake(): void {
    if (this.#listeners.size === 0) return
    for (const listener of [...this.#listeners]) listener()
  }

  /** Calls `listener` at each wake until the returned function is called. */
  listen(listener: () => void): () => void {
    // A fresh function, so that the same listener can stand here twice.
    const own = (): void => listener()
    this.#listeners.add(own)
    return () => this.#listeners.delete(own)
  }

  readonly wait: Wait = { start: (wake) => this.listen(() => wake()) }
}

/** Ends when the first of `waits` ends; the program receives the index of that one. */
export function firstOf(...waits: readonly Wait[]): Wait {
  return {
    start(wake) {
      const cancels: (() => void)[] = []
      const cancel = (): void => {
        for (const each of cancels) each()
      }
      let over = false
      for (let i = 0; i < waits.length && !over; i += 1) {
        cancels.push(
          waits[i].start(() => {
            if (over) return
            over = true
            cancel()
            wake(i)
          }),
        )
      }
      if (over) cancel()
      return cancel
    },
  }
}

/** Ends after `delayUs`, without keeping the world busy: a sleep or a time-out. */
export function sleepWait(clock: Clock, delayUs: number): Wait {
  return {
    start(wake) {
      const timer = clock.afterInBackground(delayUs, () => wake())
      return () => clock.cancel(timer)
    },
  }
}

/** Ends after `delayUs` of work: the world is busy until then. */
export function workWait(clock: Clock, delayUs: number): Wait {
  return {
    start(wake) {
      const timer = clock.after(delayUs, () => wake())
      return () => clock.cancel(timer)
    },
  }
}
