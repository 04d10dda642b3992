/** A pair of devices, each the other's cable (drivers/net/veth.c, veth(4)). */
import { assert } from '../../base/assert.ts'
import { type Packet, scrub } from '../packet/packet.ts'
import { traceDrop } from '../packet/packet-trace.ts'
import { VETH_US } from './delays.ts'
import { NetDevice } from './net-device.ts'

export class VethDevice extends NetDevice {
  readonly kind = 'veth'
  #peer: VethDevice | null = null
  /** When the frame before has crossed. */
  #freeUs = 0

  override get peer(): VethDevice | null {
    return this.#peer
  }

  /** Both ends must be up for either to have a carrier (veth_open). */
  get carrier(): boolean {
    return this.up && this.#peer?.up === true
  }

  override operstate(): 'UP' | 'DOWN' | 'LOWERLAYERDOWN' {
    if (!this.up) return 'DOWN'
    return this.carrier ? 'UP' : 'LOWERLAYERDOWN'
  }

  pairWith(peer: VethDevice): void {
    assert(this.#peer === null, 'a veth has one peer')
    this.#peer = peer
  }

  protected xmit(packet: Packet): void {
    const peer = this.#peer
    if (!peer?.up) {
      this.stats.txDropped += 1
      traceDrop(this.netns, packet, 'device', 'LINK_DOWN', this.name)
      return
    }
    if (!peer.accepts(packet)) {
      peer.stats.rxDropped += 1
      traceDrop(this.netns, packet, 'device', 'PKT_TOO_BIG', this.name)
      return
    }
    scrub(packet, peer.netns !== this.netns)
    // The kernel takes the next frame out of the backlog when it is done with the one before: two datagrams sent at one moment do
    // not meet in the connection table, where both would be new.
    const { clock } = this.netns.world
    this.#freeUs = Math.max(clock.nowUs, this.#freeUs) + VETH_US
    clock.after(this.#freeUs - clock.nowUs, () => peer.receive(packet))
  }
}
