import { journeyOf, type Hop } from '../../core/view/journey.ts'
import type { PacketFate, PacketRecord } from '../../core/view/packets.ts'
import { selection } from './selection.svelte.ts'
import { world } from './world.svelte.ts'

/** A short way is walked slowly enough to be read, a long one ends before patience does. */
const HOP_MS_MAX = 420
const HOP_MS_MIN = 130
const WALK_MS = 7_000

/** Where the selected packet stands on its way, and the show of its movement. Time of the world does not pass by it. */
class PlaybackState {
  /** The last packet selected stays on the picture while other things are looked at. */
  #packet = $state<number | null>(null)
  /** Index of the hop shown; -1 means the last one, whatever it is. */
  #hop = $state(-1)
  playing = $state(false)
  #timer: ReturnType<typeof setInterval> | undefined

  readonly record = $derived.by<PacketRecord | null>(() => (this.#packet === null ? null : (world.packets.byId.get(this.#packet) ?? null)))
  readonly hops = $derived.by<Hop[]>(() => {
    void world.packets
    return this.record === null ? [] : journeyOf(this.record, world.names)
  })
  /** Records change in place, so what of them is drawn is read here, with the version of the packets. */
  readonly fate = $derived.by<PacketFate>(() => {
    void world.packets
    return this.record?.fate ?? 'moving'
  })
  readonly hop = $derived(this.#hop < 0 ? this.hops.length - 1 : Math.min(this.#hop, this.hops.length - 1))

  show(packet: number, options: { play?: boolean; hop?: number } = {}): void {
    this.stop()
    this.#packet = packet
    this.#hop = options.hop ?? -1
    selection.select({ kind: 'packet', packet })
    if (options.play === true) this.play()
  }

  /** Follows history: the selection changed elsewhere. */
  follow(packet: number): void {
    if (packet === this.#packet) return
    this.stop()
    this.#packet = packet
    this.#hop = -1
  }

  /** Keeps up with a packet while it moves: always at its last hop. */
  track(packet: number): void {
    if (this.playing) return
    this.#packet = packet
    this.#hop = -1
  }

  hide(): void {
    this.stop()
    this.#packet = null
  }

  goTo(hop: number): void {
    this.stop()
    this.#hop = Math.max(0, Math.min(hop, this.hops.length - 1))
  }

  play(): void {
    if (this.hops.length < 2) return
    if (matchMedia('(prefers-reduced-motion: reduce)').matches) {
      this.#hop = -1
      return
    }
    if (this.hop >= this.hops.length - 1 || this.#hop < 0) this.#hop = 0
    this.playing = true
    clearInterval(this.#timer)
    this.#timer = setInterval(
      () => {
        if (this.hop >= this.hops.length - 1) this.stop()
        else this.#hop = this.hop + 1
      },
      Math.max(HOP_MS_MIN, Math.min(HOP_MS_MAX, WALK_MS / this.hops.length)),
    )
  }

  stop(): void {
    this.playing = false
    clearInterval(this.#timer)
  }

  toggle(): void {
    if (this.playing) this.stop()
    else this.play()
  }
}

export const playback = new PlaybackState()
