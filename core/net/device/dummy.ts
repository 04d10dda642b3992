/** A device that swallows what is sent to it (drivers/net/dummy.c): a place for addresses. */
import type { Packet } from '../packet/packet.ts'
import { traceDrop } from '../packet/packet-trace.ts'
import { NetDevice } from './net-device.ts'

export class DummyDevice extends NetDevice {
  readonly kind = 'dummy'

  get carrier(): boolean {
    return this.up
  }

  override get noArp(): boolean {
    return true
  }

  override operstate(): 'UNKNOWN' | 'DOWN' {
    return this.up ? 'UNKNOWN' : 'DOWN'
  }

  protected xmit(packet: Packet): void {
    traceDrop(this.netns, packet, 'device', 'NO_TX_TARGET', this.name)
  }
}
