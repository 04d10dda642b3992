/**
 * One network stack (struct net): devices, addresses, routes, neighbours, netfilter, sockets and sysctls that see nothing of any
 * other. It has never heard of Kubernetes; `pod` is only passed on to the trace.
 *
 * Omits: link-netns ids, unix sockets.
 */
import { assert } from '../base/assert.ts'
import type { Errno } from '../base/errno.ts'
import type { Random } from '../sim/random.ts'
import type { HookName } from '../sim/trace-event.ts'
import type { IpAddr } from './addr/ip.ts'
import { type LinkChange, type LinkSpec, addLink, delLink, setLink } from './device/links.ts'
import { emitLink } from './device/link-trace.ts'
import { LOOPBACK_MTU, LoopbackDevice } from './device/loopback.ts'
import type { NetDevice } from './device/net-device.ts'
import { receiveTagged } from './device/vlan.ts'
import { Reassembly } from './ip/fragment.ts'
import { IcmpSender } from './ip/icmp.ts'
import { ipOutput } from './ip/output.ts'
import { PathMtu } from './ip/path-mtu.ts'
import { ipReceive } from './ip/receive.ts'
import { receiveArp } from './neigh/arp.ts'
import { NeighbourTable } from './neigh/neighbour-table.ts'
import { Netfilter } from './netfilter/netfilter.ts'
import type { NetWorld } from './net-world.ts'
import { ETHERTYPE_ARP, ETHERTYPE_IPV4, ETHERTYPE_IPV6, type Packet } from './packet/packet.ts'
import { traceDrop } from './packet/packet-trace.ts'
import { addAddress, addNetworkRoutes, type AddressOptions, delAddress, selectSource } from './route/addresses.ts'
import { Fib } from './route/fib.ts'
import { PacketSockets } from './socket/packet-socket.ts'
import { SocketTable } from './socket/socket-table.ts'
import { sendTcpReset } from './socket/tcp-reset.ts'
import { Sysctls } from './sysctl/sysctls.ts'

export class NetNamespace {
  readonly world: NetWorld
  readonly id: number
  readonly name: string
  readonly machine: string
  readonly pod: string
  readonly fib: Fib
  readonly neigh: NeighbourTable
  readonly netfilter: Netfilter
  readonly sysctl: Sysctls
  readonly sockets: SocketTable
  readonly packetSockets = new PacketSockets()
  readonly icmp: IcmpSender
  readonly pathMtu: PathMtu
  readonly reassembly: Reassembly
  readonly lo: NetDevice
  readonly #byIndex = new Map<number, NetDevice>()
  readonly #byName = new Map<string, NetDevice>()
  /** How many devices hold an address. */
  readonly #addresses = new Map<IpAddr, number>()
  #ifindex = 1
  #ipId: number | null = null
  #gone = false

  constructor(world: NetWorld, id: number, name: string, machine: string, pod: string) {
    this.world = world
    this.id = id
    this.name = name
    this.machine = machine
    this.pod = pod
    this.sysctl = new Sysctls(
      () => this.links(),
      (field, dev) => this.#confChanged(field, dev),
    )
    this.fib = new Fib(this)
    this.neigh = new NeighbourTable(this)
    this.icmp = new IcmpSender(this)
    this.pathMtu = new PathMtu(world.clock)
    this.reassembly = new Reassembly(this)
    this.sockets = new SocketTable(this)
    this.lo = new LoopbackDevice(this, 'lo', 1, 0, LOOPBACK_MTU, this.sysctl.newDeviceConf())
    this.netfilter = new Netfilter(this)
  }

  /** Brings `lo` up: a namespace without it is of no use to anybody here. */
  boot(): void {
    this.register(this.lo)
    emitLink(this.lo, 'link.add')
    this.setLink(this.lo, { up: true })
  }

  destroy(): void {
    this.sockets.destroy()
    for (const dev of this.links()) if (!dev.isLoopback && this.#byIndex.get(dev.ifindex) === dev) delLink(this, dev)
    this.lo.up = false
    this.unregister(this.lo)
    this.#gone = true
  }

  /** It was destroyed: packets that were on their way to it are lost. */
  get gone(): boolean {
    return this.#gone
  }

  /** By ifindex. */
  links(): NetDevice[] {
    return [...this.#byIndex.values()].sort((a, b) => a.ifindex - b.ifindex)
  }

  /** In order of registration, without a copy. */
  devices(): Iterable<NetDevice> {
    return this.#byIndex.values()
  }

  link(nameOrIndex: string | number): NetDevice | undefined {
    return typeof nameOrIndex === 'number' ? this.#byIndex.get(nameOrIndex) : this.#byName.get(nameOrIndex)
  }

  addLink(spec: LinkSpec): NetDevice | Errno {
    return addLink(this, spec)
  }

  delLink(dev: NetDevice): Errno | null {
    return delLink(this, dev)
  }

  setLink(dev: NetDevice, change: LinkChange): Errno | null {
    return setLink(this, dev, change)
  }

  addAddress(dev: NetDevice, ip: IpAddr, prefixLength: number, options: AddressOptions = {}): Errno | null {
    return addAddress(this, dev, ip, prefixLength, options)
  }

  delAddress(dev: NetDevice, ip: IpAddr, prefixLength: number): Errno | null {
    return delAddress(this, dev, ip, prefixLength)
  }

  /** Whether a device here holds this address. */
  hasAddress(ip: IpAddr): boolean {
    return this.#addresses.has(ip)
  }

  /** The address that a packet to `dst` through `outDev` would get (inet_select_addr); null when there is none. */
  sourceAddressFor(dst: IpAddr, outDev: NetDevice): IpAddr | null {
    return selectSource(this, dst, outDev)
  }

  /** Sends a packet made here: ip_queue_xmit. `oif`: the ifindex of the device that the socket is bound to. */
  output(packet: Packet, oif = 0): Errno | null {
    return ipOutput(this, packet, oif)
  }

  /** Answers a TCP packet that was rejected at `hook` with a reset (nf_send_reset). */
  sendTcpReset(packet: Packet, hook: HookName): void {
    sendTcpReset(this, packet, hook)
  }

  /** A frame for the stack itself: no bridge took it. */
  receive(dev: NetDevice, packet: Packet): void {
    switch (packet.etherType) {
      case ETHERTYPE_IPV4:
      case ETHERTYPE_IPV6:
        ipReceive(this, dev, packet)
        return
      case ETHERTYPE_ARP:
        receiveArp(this, dev, packet)
        return
      default:
        traceDrop(this, packet, 'device', 'UNHANDLED_PROTO', dev.name)
    }
  }

  /** A tagged frame: true when a sub-interface took it, or nobody wants it. */
  receiveVlan(dev: NetDevice, packet: Packet): boolean {
    if (receiveTagged(this.#byIndex.values(), dev, packet)) return true
    if (dev.master) return false
    traceDrop(this, packet, 'device', 'UNHANDLED_PROTO', `${dev.name} vlan ${packet.vlan}`)
    return true
  }

  /** A stream of this namespace's own. */
  random(consumer: string): Random {
    return this.world.random.stream(`net/${this.id}/${consumer}`)
  }

  /** Identification of a packet that may be fragmented (__ip_select_ident). */
  nextIpId(): number {
    this.#ipId = ((this.#ipId ?? this.random('ip-id').below(0x10000)) + 1) & 0xffff
    return this.#ipId
  }

  // --- For the device layer ----------------------------------------------------------------------------------------------

  nextIfindex(): number {
    do this.#ifindex += 1
    while (this.#byIndex.has(this.#ifindex))
    return this.#ifindex
  }

  register(dev: NetDevice): void {
    assert(!this.#byIndex.has(dev.ifindex) && !this.#byName.has(dev.name), `a second device ${dev.name} or index ${dev.ifindex}`)
    this.#byIndex.set(dev.ifindex, dev)
    this.#byName.set(dev.name, dev)
  }

  /** Takes the device out with all that hangs on it (NETDEV_UNREGISTER). */
  unregister(dev: NetDevice): void {
    for (const address of [...dev.addresses]) delAddress(this, dev, address.ip, address.prefixLength)
    this.fib.flush((route) => route.dev === dev)
    this.neigh.flush(dev, false)
    this.#byIndex.delete(dev.ifindex)
    this.#byName.delete(dev.name)
    this.world.trace.emit({ kind: 'link.del', netns: this.id, ifindex: dev.ifindex })
  }

  rename(dev: NetDevice, name: string): void {
    this.#byName.delete(dev.name)
    dev.name = name
    this.#byName.set(name, dev)
  }

  countAddress(ip: IpAddr, change: 1 | -1): void {
    const count = (this.#addresses.get(ip) ?? 0) + change
    if (count > 0) this.#addresses.set(ip, count)
    else this.#addresses.delete(ip)
  }

  deviceUp(dev: NetDevice): void {
    if (dev.isLoopback) {
      addAddress(this, dev, 0x7f000001, 8, { scope: 'host' })
      if (this.sysctl.all.disableIpv6 === 0) addAddress(this, dev, 1n, 128, { scope: 'host' })
    }
    addNetworkRoutes(this, dev)
    this.#linkLocal(dev)
  }

  /** NETDEV_DOWN: addresses stay and so do their local routes; everything that goes through the device is lost. */
  deviceDown(dev: NetDevice): void {
    this.fib.flush((route) => route.dev === dev && route.scope !== 'host')
    this.neigh.flush(dev, false)
    this.netfilter.deviceDown(dev.ifindex)
  }

  /** The other end went up or down: what neighbours said is no longer to be trusted (neigh_carrier_down). Routes stay. */
  carrierChanged(dev: NetDevice): void {
    if (dev.carrier) return
    this.neigh.flush(dev, true)
    dev.master?.bridge?.portDown(dev)
  }

  #confChanged(field: string, dev: NetDevice | null): void {
    if (field !== 'disableIpv6') return
    for (const device of dev ? [dev] : this.links()) {
      if (device.conf.disableIpv6 === 0) {
        if (device.isLoopback && device.up) addAddress(this, device, 1n, 128, { scope: 'host' })
        this.#linkLocal(device)
      } else {
        for (const address of [...device.addresses]) {
          if (typeof address.ip === 'bigint') delAddress(this, device, address.ip, address.prefixLength)
        }
      }
    }
  }

  /** A device that speaks IPv6 has a link-local address made of its MAC (RFC 4291 appendix A). */
  #linkLocal(dev: NetDevice): void {
    if (!dev.up || dev.conf.disableIpv6 !== 0 || dev.noArp || dev.addresses.some((a) => typeof a.ip === 'bigint' && a.scope === 'link'))
      return
    const mac = BigInt(dev.mac)
    const eui = ((mac >> 24n) << 40n) | (0xfffen << 24n) | (mac & 0xffffffn)
    addAddress(this, dev, (0xfe80n << 112n) | (eui ^ (2n << 56n)), 64, { scope: 'link' })
  }
}
