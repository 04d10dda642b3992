/**
 * The frame of a controller: a work queue, a reconciler, and what happens when the API refuses. Emits one `control.step` per
 * reconciled key.
 */
import type { Clock } from '../../sim/clock.ts'
import type { Trace } from '../../sim/trace.ts'
import { isStatusError } from '../meta/status.ts'
import { WorkQueue } from './work-queue.ts'

/** Nothing: done. A number: look again after so many µs. 'requeue': again, with back-off. */
export type ReconcileResult = undefined | number | 'requeue'

export interface ControllerOptions {
  clock: Clock
  trace: Trace
  name: string
  reconcile(key: string): ReconcileResult
  /** Virtual time that one key takes. */
  stepUs?: number
  onStart?(): void
  onStop?(): void
}

export interface Controller {
  readonly name: string
  start(): void
  stop(): void
}

export interface KeyedController extends Controller {
  readonly queue: WorkQueue
  enqueue(key: string): void
}

export function runController(options: ControllerOptions): KeyedController {
  const { clock, trace, name } = options
  const queue = new WorkQueue(clock, step, options.stepUs)

  function step(key: string): void {
    let result = 'done'
    try {
      const again = options.reconcile(key)
      if (again === 'requeue') {
        result = 'requeued'
        queue.addRateLimited(key)
      } else {
        queue.forget(key)
        if (typeof again === 'number') queue.addAfter(key, again)
      }
    } catch (error) {
      if (!isStatusError(error)) throw error
      result = error.reason === '' ? String(error.code) : error.reason
      queue.addRateLimited(key)
    }
    trace.emit({ kind: 'control.step', controller: name, key, result })
  }

  return {
    name,
    queue,
    enqueue: (key) => queue.add(key),
    start() {
      queue.start()
      options.onStart?.()
    },
    stop() {
      options.onStop?.()
      queue.stop()
    },
  }
}
