/** A network card: one end of a cable. Without a cable it has no carrier and what it sends is lost. */
import { type Packet, scrub } from '../packet/packet.ts'
import { traceDrop } from '../packet/packet-trace.ts'
import { NetDevice } from './net-device.ts'

export class NicDevice extends NetDevice {
  readonly kind = 'nic'

  override get peer(): NetDevice | null {
    return this.wire ? this.wire.otherEnd(this) : null
  }

  get carrier(): boolean {
    return this.up && this.wire?.up === true && this.wire.otherEnd(this).up
  }

  protected xmit(packet: Packet): void {
    if (!this.wire || !this.carrier) {
      this.stats.txDropped += 1
      traceDrop(this.netns, packet, 'device', 'LINK_DOWN', this.name)
      return
    }
    scrub(packet, true)
    this.wire.carry(this, packet)
  }
}
