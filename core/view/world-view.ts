/**
 * All folds of one session together. `apply` takes a batch and says which parts changed, so that only the panels that show them
 * draw again; `at` gives the network and the objects as they stood at an earlier moment, from the nearest checkpoint.
 *
 * Truth: the trace. Omits: packets, terminals and files are not checkpointed: packets carry their own times, the desk is the present's.
 */
import type { Batch, TraceEvent } from '../sim/trace-event.ts'
import { ControlStepsFold } from './control-steps.ts'
import { DeskFold } from './desk.ts'
import { KernelTablesFold } from './kernel-tables.ts'
import { NamesFold } from './names.ts'
import { ObjectsFold } from './objects.ts'
import { PacketsFold } from './packets.ts'
import { TimelineFold } from './timeline.ts'
import { TopologyFold } from './topology.ts'

export type WorldPart =
  | 'topology'
  | 'kernel'
  | 'objects'
  | 'packets'
  | 'timeline'
  | 'control'
  | 'terminals'
  | 'output'
  | 'files'
  | 'execs'
  | 'lab'
  | 'editor'

export interface Moment {
  topology: TopologyFold
  kernel: KernelTablesFold
  objects: ObjectsFold
}

const CHECKPOINT_EVERY = 2_000

export class WorldView {
  readonly names = new NamesFold()
  readonly topology = new TopologyFold()
  readonly kernel = new KernelTablesFold()
  readonly objects = new ObjectsFold()
  readonly packets = new PacketsFold()
  readonly timeline = new TimelineFold()
  readonly control = new ControlStepsFold()
  readonly desk = new DeskFold()
  nowUs = 0
  digest = ''
  nextSeq = 0
  /** Events that change the network or the objects, for scrubbing. */
  readonly #log: { event: TraceEvent; atUs: number }[] = []
  readonly #checkpoints: { length: number; atUs: number; moment: Moment }[] = []

  apply(batch: Batch): Set<WorldPart> {
    const changed = new Set<WorldPart>()
    for (let index = 0; index < batch.events.length; index += 1) {
      this.#one(batch.events[index]!, batch.atUs[index]!, batch.firstSeq + index, changed)
    }
    this.nowUs = batch.nowUs
    this.digest = batch.digest
    this.nextSeq = batch.firstSeq + batch.events.length
    return changed
  }

  /** The network and the objects as they stood at `atUs`. */
  at(atUs: number): Moment {
    let start = 0
    let moment: Moment = { topology: new TopologyFold(), kernel: new KernelTablesFold(), objects: new ObjectsFold() }
    for (let index = this.#checkpoints.length - 1; index >= 0; index -= 1) {
      const checkpoint = this.#checkpoints[index]!
      if (checkpoint.atUs < atUs) {
        start = checkpoint.length
        moment = copyMoment(checkpoint.moment)
        break
      }
    }
    for (let index = start; index < this.#log.length; index += 1) {
      const { event, atUs: eventUs } = this.#log[index]!
      if (eventUs > atUs) break
      if (!moment.topology.apply(event) || event.kind === 'netns.del') moment.kernel.apply(event)
      moment.objects.apply(event, eventUs)
    }
    return moment
  }

  #one(event: TraceEvent, atUs: number, seq: number, changed: Set<WorldPart>): void {
    if (event.kind.startsWith('packet.')) {
      if (this.packets.apply(event, atUs, seq)) changed.add('packets')
    } else {
      this.names.apply(event)
      let logged = false
      if (this.topology.apply(event)) {
        changed.add('topology')
        logged = true
      }
      if (this.kernel.apply(event)) {
        changed.add('kernel')
        logged = true
      }
      if (this.objects.apply(event, atUs)) {
        changed.add('objects')
        logged = true
      }
      if (logged) this.#keep(event, atUs)
      if (this.control.apply(event, atUs, seq)) changed.add('control')
      const part = this.desk.apply(event, seq)
      if (part !== null) changed.add(part)
    }
    if (this.timeline.apply(event, atUs)) changed.add('timeline')
  }

  #keep(event: TraceEvent, atUs: number): void {
    this.#log.push({ event, atUs })
    if (this.#log.length % CHECKPOINT_EVERY === 0) {
      this.#checkpoints.push({ length: this.#log.length, atUs, moment: copyMoment(this) })
    }
  }
}

function copyMoment(moment: Moment): Moment {
  return { topology: moment.topology.checkpoint(), kernel: moment.kernel.checkpoint(), objects: moment.objects.checkpoint() }
}
