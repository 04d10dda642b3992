/**
 * What the control plane does: each controller's reconciliations and each write to the API, newest last, and who is busy.
 *
 * Truth: `control.step`, `api.object` and `world.state` trace events.
 * Omits: reads and watches.
 */
import type { TraceEvent } from '../sim/trace-event.ts'

export interface ControlEntry {
  atUs: number
  seq: number
  actor: string
  /** `reconcile`, or the change written: ADDED, MODIFIED, DELETED. */
  action: string
  /** `Kind/namespace/name` for writes, the key for reconciliations. */
  subject: string
  result: string
}

export interface ControllerState {
  name: string
  steps: number
  writes: number
  failures: number
  lastUs: number
  lastKey: string
  lastResult: string
}

const ENTRIES_MAX = 5_000

export class ControlStepsFold {
  entries: ControlEntry[] = []
  readonly controllers = new Map<string, ControllerState>()
  settled = false
  booted = false

  apply(event: TraceEvent, atUs: number, seq: number): boolean {
    if (event.kind === 'world.state') {
      this.settled = event.settled
      this.booted = event.booted
      return true
    }
    if (event.kind === 'control.step') {
      const state = this.#state(event.controller)
      state.steps += 1
      if (event.result !== 'done' && event.result !== 'requeued') state.failures += 1
      state.lastUs = atUs
      state.lastKey = event.key
      state.lastResult = event.result
      this.#push({ atUs, seq, actor: event.controller, action: 'reconcile', subject: event.key, result: event.result })
      return true
    }
    if (event.kind === 'api.object') {
      const state = this.#state(event.actor)
      state.writes += 1
      state.lastUs = atUs
      this.#push({
        atUs,
        seq,
        actor: event.actor,
        action: event.change,
        subject: `${event.objectKind}/${event.namespace}/${event.name}`,
        result: `${event.revision}`,
      })
      return true
    }
    return false
  }

  /** The controller that worked last. */
  get lastActor(): string {
    return this.entries.at(-1)?.actor ?? ''
  }

  #push(entry: ControlEntry): void {
    this.entries.push(entry)
    if (this.entries.length > ENTRIES_MAX * 2) this.entries = this.entries.slice(-ENTRIES_MAX)
  }

  #state(name: string): ControllerState {
    let state = this.controllers.get(name)
    if (state === undefined) {
      state = { name, steps: 0, writes: 0, failures: 0, lastUs: 0, lastKey: '', lastResult: '' }
      this.controllers.set(name, state)
    }
    return state
  }
}
