/**
 * A cable between two network cards: it takes time, can be pulled, and can lose frames.
 *
 * Omits: bandwidth, queues and reordering (a wire carries any number of frames at once), duplicates, corruption.
 */
import type { Random } from '../sim/random.ts'
import { VETH_US } from './device/delays.ts'
import type { NetDevice } from './device/net-device.ts'
import { emitLink } from './device/link-trace.ts'
import type { NetWorld } from './net-world.ts'
import type { Packet } from './packet/packet.ts'
import { traceDrop } from './packet/packet-trace.ts'

export class Wire {
  readonly id: number
  readonly a: NetDevice
  readonly b: NetDevice
  latencyUs: number
  /** Of a thousand frames, how many are lost. */
  lossPerMille = 0
  #up = true
  #random: Random | null = null
  readonly #world: NetWorld

  constructor(world: NetWorld, id: number, a: NetDevice, b: NetDevice, latencyUs: number) {
    this.#world = world
    this.id = id
    this.a = a
    this.b = b
    this.latencyUs = latencyUs
  }

  get up(): boolean {
    return this.#up
  }

  otherEnd(dev: NetDevice): NetDevice {
    return dev === this.a ? this.b : this.a
  }

  /** Pulls the cable, or plugs it in again. */
  setUp(up: boolean): void {
    if (up === this.#up) return
    this.#up = up
    this.emit()
    for (const end of [this.a, this.b]) {
      end.netns.carrierChanged(end)
      emitLink(end, 'link.set')
      if (end.master) emitLink(end.master, 'link.set')
    }
  }

  carry(from: NetDevice, packet: Packet): void {
    const to = this.otherEnd(from)
    if (this.lossPerMille > 0) {
      this.#random ??= this.#world.random.stream(`net/wire/${this.id}`)
      if (this.#random.below(1000) < this.lossPerMille) {
        traceDrop(from.netns, packet, 'wire', 'WIRE_LOSS', from.name)
        return
      }
    }
    if (!to.accepts(packet)) {
      to.stats.rxDropped += 1
      traceDrop(to.netns, packet, 'wire', 'PKT_TOO_BIG', to.name)
      return
    }
    this.#world.clock.after(this.latencyUs + VETH_US, () => {
      // Pulled while the frame was on its way.
      if (this.#up) to.receive(packet)
      else traceDrop(to.netns, packet, 'wire', 'LINK_DOWN', to.name)
    })
  }

  emit(): void {
    this.#world.trace.emit({
      kind: 'wire.set',
      wire: this.id,
      aNetns: this.a.netns.id,
      aIfindex: this.a.ifindex,
      bNetns: this.b.netns.id,
      bIfindex: this.b.ifindex,
      latencyUs: this.latencyUs,
      up: this.#up,
    })
  }
}
