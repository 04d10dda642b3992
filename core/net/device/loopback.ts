/** `lo` (drivers/net/loopback.c): what goes out comes in again, conntrack entry and mark included. */
import type { Packet } from '../packet/packet.ts'
import { LOOPBACK_US } from './delays.ts'
import { NetDevice } from './net-device.ts'

export const LOOPBACK_MTU = 65536

export class LoopbackDevice extends NetDevice {
  readonly kind = 'loopback'

  get carrier(): boolean {
    return this.up
  }

  override get noArp(): boolean {
    return true
  }

  override get isLoopback(): boolean {
    return true
  }

  override operstate(): 'UNKNOWN' | 'DOWN' {
    return this.up ? 'UNKNOWN' : 'DOWN'
  }

  protected xmit(packet: Packet): void {
    this.netns.world.clock.after(LOOPBACK_US, () => this.receive(packet))
  }
}
