/** Collects trace events, digests them, and hands them to whoever drains. Observers read; they never act on the world. */
import { byText } from '../base/text-order.ts'
import type { Clock } from './clock.ts'
import { Digest } from './digest.ts'
import type { Batch, TraceEvent } from './trace-event.ts'

export type TraceObserver = (event: TraceEvent, atUs: number, seq: number) => void

export class Trace {
  readonly #clock: Clock
  readonly #digest = new Digest()
  readonly #observers = new Set<TraceObserver>()
  #events: TraceEvent[] = []
  #atUs: number[] = []
  #firstSeq = 0
  #keep = true
  /** Field names of each kind of event, read once: all events of a kind have the same. */
  readonly #fields = new Map<string, readonly string[]>()

  constructor(clock: Clock) {
    this.#clock = clock
  }

  /** Sequence number of the next event. */
  get nextSeq(): number {
    return this.#firstSeq + this.#events.length
  }

  emit(event: TraceEvent): void {
    this.#mix(event, this.#clock.nowUs)
    this.emitAside(event)
  }

  /**
   * For what is said *about* the world (grades, whether it has settled) and must not be part of its digest, because it depends
   * on who looks and when.
   */
  emitAside(event: TraceEvent): void {
    const atUs = this.#clock.nowUs
    const seq = this.nextSeq
    for (const observer of this.#observers) observer(event, atUs, seq)
    if (this.#keep) {
      this.#events.push(event)
      this.#atUs.push(atUs)
    } else this.#firstSeq += 1
  }

  /** Calls `observer` for each event from now on; the returned function ends it. */
  observe(observer: TraceObserver): () => void {
    this.#observers.add(observer)
    return () => this.#observers.delete(observer)
  }

  /** Stops keeping events for `drain`: a replica that only replays needs the digest alone. */
  keepEvents(keep: boolean): void {
    this.#keep = keep
    if (!keep) this.drain()
  }

  drain(): Batch {
    const batch: Batch = {
      firstSeq: this.#firstSeq,
      atUs: this.#atUs,
      events: this.#events,
      nowUs: this.#clock.nowUs,
      digest: this.digest(),
    }
    this.#firstSeq += this.#events.length
    this.#events = []
    this.#atUs = []
    return batch
  }

  digest(): string {
    return this.#digest.toString()
  }

  #mix(event: TraceEvent, atUs: number): void {
    const digest = this.#digest
    digest.number(atUs)
    const record = event as unknown as Readonly<Record<string, string | number | boolean>>
    for (const name of fieldsOf(event, this.#fields)) {
      const value = record[name]
      if (typeof value === 'string') digest.text(value)
      else digest.number(value === true ? 1 : value === false ? 0 : value)
    }
  }
}

function fieldsOf(event: TraceEvent, known: Map<string, readonly string[]>): readonly string[] {
  const fields = known.get(event.kind)
  if (fields) return fields
  const names = Object.keys(event).sort(byText)
  known.set(event.kind, names)
  return names
}
