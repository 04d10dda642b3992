/**
 * Marks on the line of time: what people do, what controllers write, translations, drops.
 *
 * Truth: trace events of those kinds.
 * Omits: kernel housekeeping; marks closer than a millisecond and of one kind are one mark with a count.
 */
import type { TraceEvent } from '../sim/trace-event.ts'

export interface TimelineMark {
  kind: 'packet' | 'nat' | 'drop' | 'object' | 'command' | 'check'
  atUs: number
  count: number
}

const MERGE_US = 1_000

export class TimelineFold {
  readonly marks: TimelineMark[] = []
  readonly #last = new Map<TimelineMark['kind'], TimelineMark>()

  apply(event: TraceEvent, atUs: number): boolean {
    const kind = markKind(event)
    if (kind === null) return false
    const last = this.#last.get(kind)
    if (last !== undefined && atUs - last.atUs < MERGE_US) last.count += 1
    else {
      const mark = { kind, atUs, count: 1 }
      this.marks.push(mark)
      this.#last.set(kind, mark)
    }
    return true
  }
}

function markKind(event: TraceEvent): TimelineMark['kind'] | null {
  switch (event.kind) {
    case 'packet.new':
      return event.etherType === 0x0806 ? null : 'packet'
    case 'packet.nat':
      return event.nat === 'dnat' || event.nat === 'snat' ? 'nat' : null
    case 'packet.drop':
      return 'drop'
    case 'api.object':
      return event.resource === 'leases.coordination.k8s.io' || event.objectKind === 'Lease' ? null : 'object'
    case 'file.set':
    case 'tty.open':
    case 'exec.exit':
      return 'command'
    case 'lab.check':
      return event.state === 'pass' ? 'check' : null
    default:
      return null
  }
}
