import type { Batch, TraceEvent } from '../../core/sim/trace-event.ts'
import type { FilterWorld } from '../../core/view/filter-fields.ts'
import { podView, type PodView } from '../../core/view/pods.ts'
import type { TimelineMark } from '../../core/view/timeline.ts'
import { WorldView, type Moment, type WorldPart } from '../../core/view/world-view.ts'

const PARTS: WorldPart[] = [
  'topology',
  'kernel',
  'objects',
  'packets',
  'timeline',
  'control',
  'terminals',
  'output',
  'files',
  'execs',
  'lab',
  'editor',
]

/**
 * The folds of the current session. They are plain classes; what makes a panel draw again is the version of the part that it
 * reads through one of these getters.
 */
class WorldState {
  #view = new WorldView()
  #versions = $state<Record<WorldPart, number>>(Object.fromEntries(PARTS.map((part) => [part, 0])) as Record<WorldPart, number>)
  nowUs = $state(0)
  digest = $state('')
  /** Set while somebody drags the time line: the network as it stood then. */
  moment = $state.raw<Moment | null>(null)
  readonly #listeners = new Set<(changed: Set<WorldPart>) => void>()

  /** What graders said while it was live, and every mark on the time line: the past is a replica that nobody grades. */
  #grades: { event: TraceEvent; atUs: number }[] = []
  #gradesTold = 0
  #marks: readonly TimelineMark[] = []
  #past = false

  /** `past`: what follows is an earlier moment of the same session. */
  reset(past = false): void {
    if (!past) this.#grades = []
    this.#marks = !past ? [] : this.#past ? this.#marks : this.#view.timeline.marks
    this.#gradesTold = 0
    this.#past = past
    this.#view = new WorldView()
    this.moment = null
    this.nowUs = 0
    for (const part of PARTS) this.#versions[part] += 1
    this.#tell(new Set(PARTS))
  }

  apply(batch: Batch): void {
    const changed = this.#view.apply(batch)
    if (this.#past) this.#tellGrades(batch.nowUs, changed)
    else this.#keepGrades(batch)
    for (const part of changed) this.#versions[part] += 1
    this.nowUs = batch.nowUs
    this.digest = batch.digest
    if (changed.size > 0) this.#tell(changed)
  }

  /** For what is not drawn by Svelte: terminals and editors. */
  listen(listener: (changed: Set<WorldPart>) => void): () => void {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }

  scrub(atUs: number | null): void {
    this.moment = atUs === null ? null : this.#view.at(atUs)
  }

  get topology() {
    void this.#versions.topology
    return this.moment?.topology ?? this.#view.topology
  }

  get kernel() {
    void this.#versions.kernel
    return this.moment?.kernel ?? this.#view.kernel
  }

  get objects() {
    void this.#versions.objects
    return this.moment?.objects ?? this.#view.objects
  }

  get packets() {
    void this.#versions.packets
    return this.#view.packets
  }

  get timeline() {
    void this.#versions.timeline
    return this.#marks.length > 0 ? { marks: this.#marks } : this.#view.timeline
  }

  get control() {
    void this.#versions.control
    return this.#view.control
  }

  get lab() {
    void this.#versions.lab
    return this.#view.desk
  }

  get terminals() {
    void this.#versions.terminals
    return this.#view.desk.terminals
  }

  get files() {
    void this.#versions.files
    return this.#view.desk.files
  }

  get execs() {
    void this.#versions.execs
    return this.#view.desk.execs
  }

  get editorRequests() {
    void this.#versions.editor
    return this.#view.desk.editorRequests
  }

  get names() {
    void this.#versions.topology
    return this.#view.names
  }

  readonly pods = $derived.by<PodView[]>(() => this.objects.list('pods').map(podView))

  get filterWorld(): FilterWorld {
    const { kernel, names } = this.#view
    return { names, originOf: (netns, table, chain) => kernel.originOf(netns, table, chain) }
  }

  #keepGrades(batch: Batch): void {
    for (let index = 0; index < batch.events.length; index += 1) {
      const event = batch.events[index]!
      if (event.kind === 'lab.check' || event.kind === 'lab.step') this.#grades.push({ event, atUs: batch.atUs[index]! })
    }
  }

  #tellGrades(nowUs: number, changed: Set<WorldPart>): void {
    for (; this.#gradesTold < this.#grades.length; this.#gradesTold += 1) {
      const { event, atUs } = this.#grades[this.#gradesTold]!
      if (atUs > nowUs) return
      this.#view.desk.apply(event, 0)
      changed.add('lab')
    }
  }

  #tell(changed: Set<WorldPart>): void {
    for (const listener of this.#listeners) listener(changed)
  }
}

export const world = new WorldState()
