/**
 * Names of places: which machine or pod a network namespace belongs to and what its devices are called. Nothing is ever
 * forgotten here, because a packet's story may be read after its namespace is gone.
 *
 * Truth: `machine.add`, `netns.add` and `link.*` trace events.
 * Omits: renames in the past; the latest name of a device wins.
 */
import type { TraceEvent } from '../sim/trace-event.ts'

export interface Place {
  netns: number
  machine: string
  /** `namespace/name`, or '' for a machine's own namespace. */
  pod: string
  name: string
}

export class NamesFold {
  readonly places = new Map<number, Place>()
  readonly #links = new Map<number, Map<number, string>>()

  apply(event: TraceEvent): void {
    switch (event.kind) {
      case 'netns.add':
        this.places.set(event.netns, { netns: event.netns, machine: event.machine, pod: event.pod, name: event.name })
        return
      case 'machine.add':
        if (!this.places.has(event.netns)) {
          this.places.set(event.netns, { netns: event.netns, machine: event.machine, pod: '', name: event.machine })
        }
        return
      case 'link.add':
      case 'link.set': {
        let links = this.#links.get(event.netns)
        if (links === undefined) {
          links = new Map()
          this.#links.set(event.netns, links)
        }
        links.set(event.ifindex, event.name)
      }
    }
  }

  /** What a person calls the namespace: the pod's name or the machine's. */
  label(netns: number): string {
    const place = this.places.get(netns)
    if (place === undefined) return `netns ${netns}`
    return place.pod === '' ? place.machine : place.pod.slice(place.pod.indexOf('/') + 1)
  }

  machine(netns: number): string {
    return this.places.get(netns)?.machine ?? ''
  }

  pod(netns: number): string {
    return this.places.get(netns)?.pod ?? ''
  }

  link(netns: number, ifindex: number): string {
    return this.#links.get(netns)?.get(ifindex) ?? (ifindex === 0 ? '' : `if${ifindex}`)
  }
}
