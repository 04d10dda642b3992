/**
 * A network device as the stack sees it (struct net_device): a name and an index in a namespace, a frame going out
 * (dev_queue_xmit) and a frame coming in (__netif_receive_skb_core). Kinds differ in `xmit` and `carrier`.
 *
 * Taps stand where AF_PACKET stands: outgoing just before the driver, incoming before the bridge takes the frame.
 *
 * Omits: queueing disciplines (all devices are `noqueue`), offloads, multicast filters.
 */
import type { IpAddr } from '../addr/ip.ts'
import { isGroupMac, type Mac } from '../addr/mac.ts'
import type { NetNamespace } from '../net-namespace.ts'
import { type Packet, ipLength } from '../packet/packet.ts'
import { traceDrop, traceTap } from '../packet/packet-trace.ts'
import type { DeviceConf } from '../sysctl/device-conf.ts'
import type { BridgeState } from './bridge.ts'
import type { VxlanState } from './vxlan.ts'
import type { Wire } from '../wire.ts'

export type LinkKind = 'loopback' | 'veth' | 'bridge' | 'vxlan' | 'vlan' | 'ipip' | 'dummy' | 'nic'

export interface InterfaceAddress {
  readonly ip: IpAddr
  readonly prefixLength: number
  readonly scope: 'global' | 'link' | 'host'
  readonly label: string
  readonly broadcast: IpAddr | null
  /** Not the first address of its subnet on this device (IFA_F_SECONDARY). */
  secondary: boolean
}

export interface DeviceStats {
  rxPackets: number
  rxBytes: number
  txPackets: number
  txBytes: number
  rxDropped: number
  txDropped: number
}

/** Bytes of an Ethernet header, which interface counters include. */
const ETH_HLEN = 14
/** A frame may be one VLAN tag longer than the MTU says (is_skb_forwardable, net/core/dev.c). */
const VLAN_SLACK = 4

export abstract class NetDevice {
  abstract readonly kind: LinkKind
  netns: NetNamespace
  ifindex: number
  name: string
  mac: Mac
  mtu: number
  up = false
  master: NetDevice | null = null
  readonly addresses: InterfaceAddress[] = []
  readonly stats: DeviceStats = { rxPackets: 0, rxBytes: 0, txPackets: 0, txBytes: 0, rxDropped: 0, txDropped: 0 }
  /** Bridge port flags: send a frame back through the port it came from; no frames between isolated ports. */
  hairpin = false
  isolated = false
  /** Listeners that want all frames (IFF_PROMISC): a bridge then shows them what it forwards. */
  promiscuity = 0
  /** net.ipv4.conf.<name>.* */
  readonly conf: DeviceConf
  bridge?: BridgeState
  vxlan?: VxlanState
  /** Name, index and namespace that the kernel says of a link below or beside it (`eth0@if5`). */
  wire: Wire | null = null

  constructor(netns: NetNamespace, name: string, ifindex: number, mac: Mac, mtu: number, conf: DeviceConf) {
    this.netns = netns
    this.name = name
    this.ifindex = ifindex
    this.mac = mac
    this.mtu = mtu
    this.conf = conf
  }

  /** Whether the other end is there and up. */
  abstract get carrier(): boolean

  /** The driver's transmit function (ndo_start_xmit). The device is up. */
  protected abstract xmit(packet: Packet): void

  /** The other end of a veth pair, of the cable in a nic; null when there is none. */
  get peer(): NetDevice | null {
    return null
  }

  /** Frames carry no Ethernet addresses that anybody resolves: loopback, ipip. */
  get noArp(): boolean {
    return false
  }

  get isLoopback(): boolean {
    return false
  }

  /** RFC 2863 operational state as `ip link` words it. */
  operstate(): 'UP' | 'DOWN' | 'LOWERLAYERDOWN' | 'UNKNOWN' {
    if (!this.up) return 'DOWN'
    return this.carrier ? 'UP' : 'DOWN'
  }

  /** dev_queue_xmit. */
  transmit(packet: Packet): void {
    if (!this.up) {
      this.stats.txDropped += 1
      traceDrop(this.netns, packet, 'device', 'LINK_DOWN', this.name)
      return
    }
    const stats = this.stats
    stats.txPackets += 1
    stats.txBytes += ipLength(packet) + ETH_HLEN
    traceTap(this.netns, packet, this, 'out')
    this.xmit(packet)
  }

  /** A frame has arrived: __netif_receive_skb_core. */
  receive(packet: Packet): void {
    const to = packet.etherDst
    packet.frameFor = this.noArp || to === this.mac ? 'host' : isGroupMac(to) ? 'group' : 'other'
    this.receiveFor(packet)
  }

  /** `receive` for a frame of which it is known whether it is for this host. */
  protected receiveFor(packet: Packet): void {
    if (!this.up) {
      this.stats.rxDropped += 1
      traceDrop(this.netns, packet, 'device', 'DEV_READY', this.name)
      return
    }
    const stats = this.stats
    stats.rxPackets += 1
    stats.rxBytes += ipLength(packet) + ETH_HLEN
    traceTap(this.netns, packet, this, 'in')
    if (packet.vlan !== 0 && this.netns.receiveVlan(this, packet)) return
    const master = this.master
    if (master?.bridge) master.bridge.input(this, packet)
    else this.netns.receive(this, packet)
  }

  /** Whether a frame of this length fits through the device that is to receive it. */
  accepts(packet: Packet): boolean {
    return ipLength(packet) <= this.mtu + VLAN_SLACK
  }
}
