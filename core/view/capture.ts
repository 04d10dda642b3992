/**
 * Collects every frame that crossed an interface into a capture file: one interface block per device, the reason for a drop or a
 * translation as the frame's comment, in English.
 *
 * Truth: the trace itself; `packet.new` and `packet.tap` together are the frame.
 */
import type { PacketNew, PacketTap, TraceEvent } from '../sim/trace-event.ts'
import { buildFrame } from './frame-bytes.ts'
import { type CaptureFrame, type CaptureInterface, writePcapng } from './pcapng.ts'

/** Virtual time 0 as the machines' clocks have it: 2026-01-01T00:00:00Z, in microseconds since 1970. */
const EPOCH_US = 1_767_225_600_000_000
const FRAMES_MAX = 2_000_000

export class CaptureFold {
  readonly #interfaces: CaptureInterface[] = []
  readonly #indexes = new Map<string, number>()
  readonly #spaces = new Map<number, string>()
  readonly #links = new Map<string, string>()
  readonly #heads = new Map<number, PacketNew>()
  readonly #lastTap = new Map<number, PacketTap>()
  readonly #lastFrame = new Map<number, CaptureFrame>()
  readonly #frames: CaptureFrame[] = []

  add(event: TraceEvent, atUs: number): void {
    switch (event.kind) {
      case 'netns.add':
        this.#spaces.set(event.netns, event.pod === '' ? event.machine : `pod/${event.pod}`)
        return
      case 'link.add':
      case 'link.set':
        this.#links.set(`${event.netns}/${event.ifindex}`, event.name)
        return
      case 'packet.new':
        this.#heads.set(event.packet, event)
        return
      case 'packet.tap':
        return this.#tap(event, atUs)
      case 'packet.nat':
        return this.#comment(event.packet, `${event.nat} at ${this.#spaces.get(event.netns) ?? event.netns}: ${event.from} becomes ${event.to}`)
      case 'packet.drop':
        return this.#comment(event.packet, `dropped at ${this.#spaces.get(event.netns) ?? event.netns} (${event.at}): ${event.reason} ${event.detail}`.trim())
      default:
        return
    }
  }

  /** The file, in pcapng. */
  bytes(): Uint8Array {
    return writePcapng(this.#interfaces, this.#frames)
  }

  #tap(tap: PacketTap, atUs: number): void {
    const head = this.#heads.get(tap.packet)
    if (!head || this.#frames.length >= FRAMES_MAX) return
    this.#lastTap.set(tap.packet, tap)
    const { bytes } = buildFrame(head, tap, (packet) => {
      const inner = this.#heads.get(packet)
      const at = this.#lastTap.get(packet)
      return inner && at ? { head: inner, tap: at } : null
    })
    const frame: CaptureFrame = { interface: this.#interface(tap), atUs: EPOCH_US + atUs, bytes: Uint8Array.from(bytes), comment: tap.dir }
    this.#frames.push(frame)
    this.#lastFrame.set(tap.packet, frame)
  }

  #comment(packet: number, comment: string): void {
    const frame = this.#lastFrame.get(packet)
    if (frame) frame.comment = `${frame.comment}; ${comment}`
  }

  #interface(tap: PacketTap): number {
    const key = `${tap.netns}/${tap.ifindex}`
    const known = this.#indexes.get(key)
    if (known !== undefined) return known
    const index = this.#interfaces.length
    const name = `${this.#spaces.get(tap.netns) ?? tap.netns}:${this.#links.get(key) ?? tap.ifindex}`
    this.#interfaces.push({ name, description: 'simulated by Vethlab' })
    this.#indexes.set(key, index)
    return index
  }
}
