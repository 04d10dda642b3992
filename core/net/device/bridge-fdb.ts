/** Forwarding database of a bridge: which MAC is behind which port (net/bridge/br_fdb.c; bridge(8)). */
import { formatMac, isGroupMac, type Mac } from '../addr/mac.ts'
import type { Timer } from '../../sim/clock.ts'
import type { NetDevice } from './net-device.ts'

/** Ageing time of a learned address (IEEE 802.1D table 7-5, br_device.c). */
export const AGEING_US = 300_000_000

export interface FdbEntry {
  readonly mac: Mac
  /** The port; the bridge itself for its own address. */
  port: NetDevice
  state: 'permanent' | 'static' | 'learned'
  /** An address of the bridge or of a port: frames for it go up into the stack. */
  local: boolean
  updatedUs: number
}

export class BridgeFdb {
  readonly #bridge: NetDevice
  readonly #entries = new Map<Mac, FdbEntry>()
  #timer: Timer | null = null

  constructor(bridge: NetDevice) {
    this.#bridge = bridge
  }

  find(mac: Mac): FdbEntry | undefined {
    return this.#entries.get(mac)
  }

  /** In the order in which they came. */
  list(): FdbEntry[] {
    return [...this.#entries.values()]
  }

  learn(mac: Mac, port: NetDevice): void {
    const clock = this.#bridge.netns.world.clock
    const entry = this.#entries.get(mac)
    if (entry) {
      if (entry.state !== 'learned') return
      entry.updatedUs = clock.nowUs
      if (entry.port === port) return
      // The station moved.
      entry.port = port
      this.#emit('fdb.set', entry)
      return
    }
    if (isGroupMac(mac)) return
    const created: FdbEntry = { mac, port, state: 'learned', local: false, updatedUs: clock.nowUs }
    this.#entries.set(mac, created)
    this.#emit('fdb.set', created)
    if (!this.#timer) this.#timer = clock.afterInBackground(AGEING_US, () => this.#collect())
  }

  /** `bridge fdb replace … master [static|permanent]`. */
  add(mac: Mac, port: NetDevice, state: 'permanent' | 'static', local: boolean): void {
    const entry: FdbEntry = { mac, port, state, local, updatedUs: this.#bridge.netns.world.clock.nowUs }
    this.#entries.set(mac, entry)
    this.#emit('fdb.set', entry)
  }

  remove(mac: Mac, port: NetDevice): boolean {
    const entry = this.#entries.get(mac)
    if (!entry || entry.port !== port) return false
    this.#entries.delete(mac)
    this.#emit('fdb.del', entry)
    return true
  }

  /** A port leaves (all of its entries go) or goes down (only the learned ones). */
  flushPort(port: NetDevice, all: boolean): void {
    for (const entry of this.list()) if (entry.port === port && (all || entry.state === 'learned')) this.remove(entry.mac, port)
  }

  stop(): void {
    this.#bridge.netns.world.clock.cancel(this.#timer)
    this.#timer = null
  }

  /** br_fdb_cleanup: forgets what nobody has said for the ageing time, and comes back for the next one. */
  #collect(): void {
    const clock = this.#bridge.netns.world.clock
    let nextUs = -1
    this.#timer = null
    for (const entry of this.list()) {
      if (entry.state !== 'learned') continue
      const leftUs = entry.updatedUs + AGEING_US - clock.nowUs
      if (leftUs <= 0) this.remove(entry.mac, entry.port)
      else if (nextUs < 0 || leftUs < nextUs) nextUs = leftUs
    }
    if (nextUs >= 0) this.#timer = clock.afterInBackground(nextUs, () => this.#collect())
  }

  #emit(kind: 'fdb.set' | 'fdb.del', entry: FdbEntry): void {
    this.#bridge.netns.world.trace.emit({
      kind,
      netns: this.#bridge.netns.id,
      bridge: this.#bridge.ifindex,
      port: entry.port.ifindex,
      mac: formatMac(entry.mac),
    })
  }
}
