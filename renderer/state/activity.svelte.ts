import type { Batch } from '../../core/sim/trace-event.ts'

const GLOW_MS = 420

/** Which interfaces were crossed a moment ago: the picture shows that something moves before anybody chooses a packet. */
class ActivityState {
  /** `netns/ifindex` */
  links = $state.raw<ReadonlySet<string>>(new Set())
  #timer: ReturnType<typeof setTimeout> | undefined

  note(batch: Batch): void {
    let crossed: Set<string> | null = null
    for (const event of batch.events) {
      if (event.kind !== 'packet.tap') continue
      crossed ??= new Set()
      crossed.add(`${event.netns}/${event.ifindex}`)
    }
    if (crossed === null) return
    this.links = crossed
    clearTimeout(this.#timer)
    this.#timer = setTimeout(() => (this.links = new Set()), GLOW_MS)
  }
}

export const activity = new ActivityState()
