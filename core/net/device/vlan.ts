/** An 802.1Q sub-interface (net/8021q): frames of one VLAN of the device below. */
import type { Packet } from '../packet/packet.ts'
import { traceDrop } from '../packet/packet-trace.ts'
import { VLAN_US } from './delays.ts'
import { NetDevice } from './net-device.ts'

export class VlanDevice extends NetDevice {
  readonly kind = 'vlan'
  vlanId = 0
  lower: NetDevice | null = null

  get carrier(): boolean {
    return this.up && this.lower?.carrier === true
  }

  /** Takes a tagged frame of its VLAN from the device below. */
  untag(packet: Packet): void {
    packet.vlan = 0
    this.netns.world.clock.after(VLAN_US, () => this.receive(packet))
  }

  protected xmit(packet: Packet): void {
    if (!this.lower) {
      traceDrop(this.netns, packet, 'device', 'LINK_DOWN', this.name)
      return
    }
    packet.vlan = this.vlanId
    this.lower.transmit(packet)
  }
}

/** The sub-interface that a tagged frame is for; without one, the frame is nobody's. */
export function receiveTagged(devices: Iterable<NetDevice>, lower: NetDevice, packet: Packet): boolean {
  for (const dev of devices) {
    if (dev instanceof VlanDevice && dev.lower === lower && dev.vlanId === packet.vlan) {
      dev.untag(packet)
      return true
    }
  }
  return false
}
