/**
 * The Linux bridge (net/bridge/br_input.c, br_forward.c, br_device.c): learning, flooding, hairpin, isolation, and the door to
 * br_netfilter. Ports forward at once, as they do without the spanning tree protocol.
 *
 * Omits: STP, VLAN filtering, multicast snooping (multicast is flooded), ARP suppression, frames to 01:80:c2:00:00:0x, storms
 * (a loop of bridges floods until the TTL-less frame is stopped by nothing but the clock's budget).
 */
import { isGroupMac, type Mac } from '../addr/mac.ts'
import { fragment } from '../ip/fragment.ts'
import { bridgeForwardHook, bridgePostRoutingHook, bridgePreRoutingHook } from '../netfilter/br-netfilter.ts'
import { clone, ETHERTYPE_IPV4, ETHERTYPE_IPV6, type Packet } from '../packet/packet.ts'
import { traceBridge, traceDrop, traceTap } from '../packet/packet-trace.ts'
import { BridgeFdb, type FdbEntry } from './bridge-fdb.ts'
import { BRIDGE_US } from './delays.ts'
import { NetDevice } from './net-device.ts'

/** What a bridge is beyond a device. */
export interface BridgeState {
  fdb(): FdbEntry[]
  ports(): NetDevice[]
  addFdb(mac: Mac, port: NetDevice, state: 'permanent' | 'static'): void
  delFdb(mac: Mac, port: NetDevice): boolean
  /** A port went down or lost its carrier: what was learned behind it is forgotten. */
  portDown(port: NetDevice): void
  /** A frame arrived on a port (br_handle_frame). */
  input(port: NetDevice, packet: Packet): void
}

export class BridgeDevice extends NetDevice implements BridgeState {
  readonly kind = 'bridge'
  override readonly bridge: BridgeState = this
  readonly #ports: NetDevice[] = []
  readonly #fdb = new BridgeFdb(this)
  /** Somebody chose them: they no longer follow the ports. */
  macChosen = false
  mtuChosen = false

  get carrier(): boolean {
    return this.up && this.#ports.some((port) => port.carrier)
  }

  fdb(): FdbEntry[] {
    return this.#fdb.list()
  }

  ports(): NetDevice[] {
    return [...this.#ports]
  }

  addFdb(mac: Mac, port: NetDevice, state: 'permanent' | 'static'): void {
    this.#fdb.add(mac, port, state, false)
  }

  delFdb(mac: Mac, port: NetDevice): boolean {
    return this.#fdb.remove(mac, port)
  }

  /** The bridge has its first address, or another one. */
  ownMacChanged(old: Mac | null): void {
    if (old !== null) this.#fdb.remove(old, this)
    this.#fdb.add(this.mac, this, 'permanent', true)
  }

  /** br_add_if. */
  attach(port: NetDevice): void {
    this.#ports.push(port)
    this.#fdb.add(port.mac, port, 'permanent', true)
    this.followPorts()
  }

  /** br_del_if. */
  detach(port: NetDevice): void {
    this.#ports.splice(this.#ports.indexOf(port), 1)
    this.#fdb.flushPort(port, true)
    this.followPorts()
  }

  portDown(port: NetDevice): void {
    this.#fdb.flushPort(port, false)
  }

  portMacChanged(port: NetDevice, old: Mac): void {
    this.#fdb.remove(old, port)
    this.#fdb.add(port.mac, port, 'permanent', true)
    this.followPorts()
  }

  destroy(): void {
    this.#fdb.stop()
  }

  /** Unless chosen, the MAC is the smallest of the ports' and the MTU too (br_stp_recalculate_bridge_id, br_mtu_auto_adjust). */
  followPorts(): void {
    if (this.#ports.length === 0) return
    if (!this.macChosen) {
      let least = this.#ports[0].mac
      for (const port of this.#ports) if (port.mac < least) least = port.mac
      const old = this.mac
      this.mac = least
      if (old !== least) {
        if (this.#fdb.find(old)?.port === this) this.#fdb.remove(old, this)
      }
    }
    if (!this.mtuChosen) {
      let least = this.#ports[0].mtu
      for (const port of this.#ports) if (port.mtu < least) least = port.mtu
      this.mtu = least
    }
  }

  input(port: NetDevice, packet: Packet): void {
    if (!this.up) {
      traceDrop(this.netns, packet, 'bridge', 'LINK_DOWN', this.name)
      return
    }
    if (packet.etherDst === this.mac) packet.frameFor = 'host'
    if (this.#callsNetfilter(packet)) bridgePreRoutingHook(this, port, packet)
    else this.finishInput(port, packet)
  }

  /** br_handle_frame_finish: learn, then decide. */
  finishInput(port: NetDevice, packet: Packet): void {
    this.#fdb.learn(packet.etherSrc, port)
    if (isGroupMac(packet.etherDst)) {
      this.#flood(port, clone(packet))
      this.#passUp(port, packet)
      return
    }
    const entry = this.#fdb.find(packet.etherDst)
    // What goes past the bridge is seen on it only by those who listen to everything, as tcpdump does.
    if (this.promiscuity > 0 && packet.etherDst !== this.mac && !entry?.local) traceTap(this.netns, packet, this, 'in')
    if (packet.etherDst === this.mac || entry?.local) this.#passUp(port, packet)
    else if (entry) this.#forward(port, entry.port, packet)
    else this.#flood(port, packet)
  }

  /** From the stack above: br_dev_xmit. */
  protected xmit(packet: Packet): void {
    const port = packet.bridgedDnatPort
    if (port) {
      // br_nf_dev_xmit: a bridged packet that only came here to have its neighbour resolved goes on as bridged.
      packet.bridgedDnatPort = null
      packet.etherSrc = packet.bridgedDnatSrc
      this.finishInput(port, packet)
      return
    }
    const entry = isGroupMac(packet.etherDst) ? undefined : this.#fdb.find(packet.etherDst)
    if (!entry) this.#flood(null, packet)
    else if (entry.port === this) traceDrop(this.netns, packet, 'bridge', 'BRIDGE_NO_PORT', this.name)
    else this.#forward(null, entry.port, packet)
  }

  /** br_pass_frame_up: the frame goes on as if the bridge itself had received it. */
  #passUp(port: NetDevice, packet: Packet): void {
    traceBridge(this.netns, packet, this, port, null, 'local')
    this.netns.world.clock.after(BRIDGE_US, () => this.receiveFor(packet))
  }

  #forward(inPort: NetDevice | null, outPort: NetDevice, packet: Packet): void {
    if (outPort === inPort && !outPort.hairpin) {
      traceDrop(this.netns, packet, 'bridge', 'BRIDGE_INGRESS_EQUALS_EGRESS', outPort.name)
      return
    }
    // A port without carrier does not forward (br_port_carrier_check).
    if (!outPort.carrier) {
      traceDrop(this.netns, packet, 'bridge', 'BRIDGE_NO_PORT', outPort.name)
      return
    }
    if (inPort?.isolated && outPort.isolated) {
      traceDrop(this.netns, packet, 'bridge', 'BRIDGE_ISOLATED', outPort.name)
      return
    }
    traceBridge(this.netns, packet, this, inPort, outPort, 'forward')
    this.#send(inPort, outPort, packet)
  }

  /** br_flood: a copy to each port, the last one gets the frame itself. */
  #flood(inPort: NetDevice | null, packet: Packet): void {
    const targets = this.#ports.filter((port) => port.carrier && (port !== inPort || port.hairpin) && !(inPort?.isolated && port.isolated))
    if (targets.length === 0) {
      if (!isGroupMac(packet.etherDst)) traceDrop(this.netns, packet, 'bridge', 'BRIDGE_NO_PORT', this.name)
      return
    }
    traceBridge(this.netns, packet, this, inPort, null, 'flood')
    for (let i = 0; i < targets.length; i += 1) {
      this.#send(inPort, targets[i], i === targets.length - 1 ? packet : clone(packet))
    }
  }

  /** __br_forward, br_forward_finish, br_dev_queue_push_xmit. */
  #send(inPort: NetDevice | null, outPort: NetDevice, packet: Packet): void {
    if (inPort && this.#callsNetfilter(packet)) {
      if (!bridgeForwardHook(this, inPort, outPort, packet) || !bridgePostRoutingHook(this, outPort, packet)) return
    }
    if (!outPort.accepts(packet)) {
      if (inPort && !packet.df && this.#callsNetfilter(packet)) {
        // br_nf_dev_queue_xmit: what conntrack put together is taken apart again.
        for (const piece of fragment(this.netns, packet, outPort.mtu)) outPort.transmit(piece)
        return
      }
      outPort.stats.txDropped += 1
      traceDrop(this.netns, packet, 'bridge', 'PKT_TOO_BIG', outPort.name)
      return
    }
    outPort.transmit(packet)
  }

  #callsNetfilter(packet: Packet): boolean {
    const sysctl = this.netns.sysctl
    if (packet.vlan !== 0) return false
    if (packet.etherType === ETHERTYPE_IPV4) return sysctl.bridgeNfCallIptables
    return packet.etherType === ETHERTYPE_IPV6 && sysctl.bridgeNfCallIp6tables
  }
}
