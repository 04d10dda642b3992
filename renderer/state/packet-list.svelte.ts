import { parseDisplayFilter } from '../../core/view/display-filter.ts'
import type { PacketRecord } from '../../core/view/packets.ts'
import { playback } from './playback.svelte.ts'
import { session } from './session.svelte.ts'
import { shell } from './shell.svelte.ts'
import { world } from './world.svelte.ts'

/** A packet of which nothing was heard for so long changes no more. */
const STILL_AFTER_US = 5_000_000
const SETTLED_AFTER_US = 100_000

/** The list of packets: the display filter, what passes it, the cursor. */
class PacketListState {
  filterText = $state('')
  showBoot = $state(false)
  /** Health probes of the kubelets: many, and seldom what somebody looks for. */
  showProbes = $state(false)
  showBytes = $state(false)
  flow = $state<string | null>(null)

  readonly filter = $derived(parseDisplayFilter(this.filterText))
  /** The last filter that could be read: a half-typed one does not empty the list. */
  #lastGood = parseDisplayFilter('')

  /** What is judged already: rows of packets that change no more. */
  #judged = { key: '', upTo: 0, rows: [] as PacketRecord[] }

  readonly rows = $derived.by<PacketRecord[]>(() => {
    const { packets } = world
    if (this.filter.error === null) this.#lastGood = this.filter
    const match = this.#lastGood.match!
    const fromUs = this.showBoot ? -1 : (session.info?.bootUs ?? 0)
    const filterWorld = world.filterWorld
    const { showProbes } = this
    const passes = (record: PacketRecord) =>
      record.atUs >= fromUs &&
      (showProbes || !isProbe(record)) &&
      (this.flow === null || packets.flowOf(record) === this.flow) &&
      match(record, filterWorld)
    const key = `${session.epoch} ${showProbes} ${fromUs} ${this.flow ?? ''} ${this.filter.error === null ? this.filterText : this.#judged.key}`
    if (key !== this.#judged.key) this.#judged = { key, upTo: 0, rows: [] }
    const judged = this.#judged
    const { list } = packets
    for (; judged.upTo < list.length; judged.upTo += 1) {
      const record = list[judged.upTo]!
      if (record.fate === 'moving' && packets.lastUs - record.lastUs < STILL_AFTER_US) break
      if (packets.lastUs - record.lastUs < SETTLED_AFTER_US) break
      if (passes(record)) judged.rows.push(record)
    }
    return [...judged.rows, ...list.slice(judged.upTo).filter(passes)]
  })

  readonly hidden = $derived(world.packets.list.length - this.rows.length)

  /** Wireshark's way through the list: by rows, keeping to what the filter shows. */
  move(by: number): void {
    const { rows } = this
    if (rows.length === 0) return
    const at = playback.record === null ? -1 : rows.indexOf(playback.record)
    const next = at < 0 ? (by > 0 ? 0 : rows.length - 1) : Math.max(0, Math.min(rows.length - 1, at + by))
    playback.show(rows[next]!.id)
  }

  setFilter(text: string): void {
    this.filterText = text
    this.flow = null
  }

  /** What another panel asks to see: the list comes to the front with that filter. */
  reveal(filter: string): void {
    this.setFilter(filter)
    shell.bottom = 'packets'
  }

  followFlow(record: PacketRecord): void {
    const flow = world.packets.flowOf(record)
    this.flow = this.flow === flow ? null : flow
  }
}

export function isProbe(record: PacketRecord): boolean {
  return record.opener === 'kubelet'
}

export const packetList = new PacketListState()
