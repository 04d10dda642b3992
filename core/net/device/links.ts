/**
 * Making, removing and changing links (rtnetlink: RTM_NEWLINK, RTM_DELLINK; ip-link(8)) and what follows from it: addresses'
 * routes, neighbours, carriers of the other ends, ports of bridges.
 *
 * Omits: alternative names, groups, transmit queue lengths, promiscuity, link-netns ids.
 */
import type { Errno } from '../../base/errno.ts'
import type { IpAddr } from '../addr/ip.ts'
import type { Mac } from '../addr/mac.ts'
import type { NetNamespace } from '../net-namespace.ts'
import { BridgeDevice } from './bridge.ts'
import { DummyDevice } from './dummy.ts'
import { IPIP_OVERHEAD, IpipDevice } from './ipip.ts'
import { emitLink } from './link-trace.ts'
import type { LinkKind, NetDevice } from './net-device.ts'
import { NicDevice } from './nic.ts'
import { VethDevice } from './veth.ts'
import { VlanDevice } from './vlan.ts'
import { VXLAN_OVERHEAD_V4, VXLAN_OVERHEAD_V6, VxlanDevice, type VxlanSettings } from './vxlan.ts'

export interface LinkSpec {
  name: string
  kind: Exclude<LinkKind, 'loopback'>
  mac?: Mac
  mtu?: number
  ifindex?: number
  up?: boolean
  peer?: { netns: NetNamespace; name: string; mac?: Mac; up?: boolean; ifindex?: number }
  vxlan?: VxlanSettings
  vlan?: { id: number; dev: string }
  ipip?: { local?: IpAddr; remote?: IpAddr }
}

export interface LinkChange {
  up?: boolean
  mtu?: number
  master?: NetDevice | null
  name?: string
  mac?: Mac
  netns?: NetNamespace
  hairpin?: boolean
  isolated?: boolean
}

/** IFNAMSIZ is 16 with the terminating zero (linux/if.h). */
const NAME_MAX = 15
const MTU_MIN = 68
const MTU_MAX = 65535
const ETH_MTU = 1500

export function addLink(ns: NetNamespace, spec: LinkSpec): NetDevice | Errno {
  if (!validName(spec.name)) return 'EINVAL'
  if (ns.link(spec.name)) return 'EEXIST'
  if (spec.ifindex !== undefined && (spec.ifindex < 1 || ns.link(spec.ifindex))) return 'EBUSY'
  if (spec.mtu !== undefined && (spec.mtu < MTU_MIN || spec.mtu > MTU_MAX)) return 'EINVAL'
  const dev = makeDevice(ns, spec)
  if (typeof dev === 'string') return dev
  let peer: VethDevice | null = null
  if (dev instanceof VethDevice) {
    const other = spec.peer
    if (!other) return 'EINVAL'
    if (!validName(other.name)) return 'EINVAL'
    if (other.netns.link(other.name) || (other.netns === ns && other.name === spec.name)) return 'EEXIST'
    // The kernel registers the peer first, so that it gets the lower index when both ends are in one namespace (veth_newlink).
    peer = new VethDevice(
      other.netns,
      other.name,
      other.ifindex ?? other.netns.nextIfindex(),
      other.mac ?? other.netns.world.randomMac(),
      spec.mtu ?? ETH_MTU,
      other.netns.sysctl.newDeviceConf(),
    )
    other.netns.register(peer)
  }
  dev.ifindex = spec.ifindex ?? ns.nextIfindex()
  ns.register(dev)
  if (dev instanceof VethDevice && peer) {
    dev.pairWith(peer)
    peer.pairWith(dev)
    emitLink(peer, 'link.add')
  }
  emitLink(dev, 'link.add')
  if (dev instanceof BridgeDevice) dev.ownMacChanged(null)
  if (spec.up) setLink(ns, dev, { up: true })
  if (peer && spec.peer?.up) setLink(spec.peer.netns, peer, { up: true })
  return dev
}

export function delLink(ns: NetNamespace, dev: NetDevice): Errno | null {
  if (dev.netns !== ns) return 'ENODEV'
  if (dev.isLoopback) return 'EOPNOTSUPP'
  removeDevice(dev)
  const peer = dev instanceof VethDevice ? dev.peer : null
  if (peer && peer.netns.link(peer.ifindex) === peer) removeDevice(peer)
  for (const child of ns.links()) if (child instanceof VlanDevice && child.lower === dev) removeDevice(child)
  return null
}

export function setLink(ns: NetNamespace, dev: NetDevice, change: LinkChange): Errno | null {
  if (dev.netns !== ns) return 'ENODEV'
  const errno = checkChange(ns, dev, change)
  if (errno) return errno
  if (change.netns && change.netns !== ns) return moveLink(dev, change)
  if (change.name !== undefined) ns.rename(dev, change.name)
  if (change.mac !== undefined) setMac(dev, change.mac)
  if (change.mtu !== undefined) setMtu(dev, change.mtu)
  if (change.hairpin !== undefined) dev.hairpin = change.hairpin
  if (change.isolated !== undefined) dev.isolated = change.isolated
  if (change.master !== undefined && change.master !== dev.master) setMaster(dev, change.master)
  if (change.up !== undefined && change.up !== dev.up) setUp(dev, change.up)
  emitLink(dev, 'link.set')
  return null
}

function checkChange(ns: NetNamespace, dev: NetDevice, change: LinkChange): Errno | null {
  if (change.name !== undefined && change.name !== dev.name) {
    if (!validName(change.name)) return 'EINVAL'
    if ((change.netns ?? ns).link(change.name)) return 'EEXIST'
  }
  if (change.netns && change.netns !== ns) {
    if (dev.isLoopback || dev instanceof BridgeDevice) return 'EINVAL'
    if (change.netns.link(change.name ?? dev.name)) return 'EEXIST'
  }
  if (change.mtu !== undefined && (change.mtu < MTU_MIN || change.mtu > (dev.isLoopback ? 65536 : MTU_MAX))) return 'EINVAL'
  if ((change.hairpin !== undefined || change.isolated !== undefined) && !(change.master ?? dev.master)) return 'EOPNOTSUPP'
  if (change.master) {
    if (!(change.master instanceof BridgeDevice)) return 'EOPNOTSUPP'
    if (dev.isLoopback || change.master === dev) return 'EINVAL'
    // br_add_if: a bridge cannot be the port of a bridge.
    if (dev instanceof BridgeDevice) return 'ELOOP'
    if (change.master.netns !== dev.netns) return 'EINVAL'
  }
  return null
}

function makeDevice(ns: NetNamespace, spec: LinkSpec): NetDevice | Errno {
  const mac = spec.mac ?? (spec.kind === 'ipip' ? 0 : ns.world.randomMac())
  const conf = ns.sysctl.newDeviceConf()
  const mtu = spec.mtu ?? ETH_MTU
  switch (spec.kind) {
    case 'veth':
      return new VethDevice(ns, spec.name, 0, mac, mtu, conf)
    case 'bridge': {
      const bridge = new BridgeDevice(ns, spec.name, 0, mac, mtu, conf)
      bridge.macChosen = spec.mac !== undefined
      bridge.mtuChosen = spec.mtu !== undefined
      return bridge
    }
    case 'dummy':
      return new DummyDevice(ns, spec.name, 0, mac, mtu, conf)
    case 'nic':
      return new NicDevice(ns, spec.name, 0, mac, mtu, conf)
    case 'vxlan': {
      if (!spec.vxlan) return 'EINVAL'
      const below = spec.vxlan.dev === undefined ? undefined : ns.link(spec.vxlan.dev)
      if (spec.vxlan.dev !== undefined && !below) return 'ENODEV'
      for (const other of ns.links()) {
        if (other instanceof VxlanDevice && other.vni === spec.vxlan.vni && other.port === spec.vxlan.port) return 'EEXIST'
      }
      const overhead = typeof spec.vxlan.local === 'bigint' ? VXLAN_OVERHEAD_V6 : VXLAN_OVERHEAD_V4
      const vxlan = new VxlanDevice(ns, spec.name, 0, mac, spec.mtu ?? (below?.mtu ?? ETH_MTU) - (below ? overhead : 0), conf)
      vxlan.configure(spec.vxlan)
      return vxlan
    }
    case 'vlan': {
      const lower = spec.vlan ? ns.link(spec.vlan.dev) : undefined
      if (!spec.vlan || spec.vlan.id < 1 || spec.vlan.id > 4094) return 'EINVAL'
      if (!lower) return 'ENODEV'
      const vlan = new VlanDevice(ns, spec.name, 0, spec.mac ?? lower.mac, spec.mtu ?? lower.mtu, conf)
      vlan.vlanId = spec.vlan.id
      vlan.lower = lower
      return vlan
    }
    case 'ipip': {
      const ipip = new IpipDevice(ns, spec.name, 0, mac, spec.mtu ?? ETH_MTU - IPIP_OVERHEAD, conf)
      ipip.local = spec.ipip?.local ?? 0
      ipip.remote = spec.ipip?.remote ?? 0
      return ipip
    }
  }
}

/** What a link's end leaves behind: a port without device, routes without way, a peer without carrier. */
function removeDevice(dev: NetDevice): void {
  const ns = dev.netns
  if (dev.up) setUp(dev, false)
  if (dev.master) setMaster(dev, null)
  if (dev instanceof BridgeDevice) {
    for (const port of dev.ports()) {
      setMaster(port, null)
      emitLink(port, 'link.set')
    }
    dev.destroy()
  }
  ns.unregister(dev)
}

function setUp(dev: NetDevice, up: boolean): void {
  const ns = dev.netns
  dev.up = up
  if (up) ns.deviceUp(dev)
  else {
    ns.deviceDown(dev)
    if (dev.master instanceof BridgeDevice) dev.master.portDown(dev)
  }
  const peer = dev.peer
  if (peer) {
    peer.netns.carrierChanged(peer)
    emitLink(peer, 'link.set')
    if (peer.master) emitLink(peer.master, 'link.set')
  }
  if (dev.master) emitLink(dev.master, 'link.set')
}

function setMaster(dev: NetDevice, master: NetDevice | null): void {
  if (dev.master instanceof BridgeDevice) {
    const old = dev.master
    dev.master = null
    dev.hairpin = false
    dev.isolated = false
    detachFrom(old, dev)
  }
  if (master instanceof BridgeDevice) {
    dev.master = master
    const oldMac = master.mac
    master.attach(dev)
    if (master.mac !== oldMac) master.ownMacChanged(null)
    emitLink(master, 'link.set')
  }
}

function detachFrom(bridge: BridgeDevice, dev: NetDevice): void {
  const oldMac = bridge.mac
  bridge.detach(dev)
  if (bridge.mac !== oldMac) bridge.ownMacChanged(null)
  emitLink(bridge, 'link.set')
}

function setMac(dev: NetDevice, mac: Mac): void {
  const old = dev.mac
  dev.mac = mac
  if (dev instanceof BridgeDevice) {
    dev.macChosen = true
    dev.ownMacChanged(old)
  }
  if (dev.master instanceof BridgeDevice) dev.master.portMacChanged(dev, old)
}

function setMtu(dev: NetDevice, mtu: number): void {
  dev.mtu = mtu
  if (dev instanceof BridgeDevice) dev.mtuChosen = true
  if (dev.master instanceof BridgeDevice) dev.master.followPorts()
}

/** dev_change_net_namespace: it arrives without addresses, down, in no bridge; the index is kept if it is free there. */
function moveLink(dev: NetDevice, change: LinkChange): Errno | null {
  const target = change.netns as NetNamespace
  const { netns: _, ...rest } = change
  removeDevice(dev)
  dev.netns = target
  dev.addresses.length = 0
  if (target.link(dev.ifindex)) dev.ifindex = target.nextIfindex()
  if (rest.name !== undefined) dev.name = rest.name
  target.register(dev)
  emitLink(dev, 'link.add')
  if (dev.wire) dev.wire.emit()
  if (dev.peer) emitLink(dev.peer, 'link.set')
  return setLink(target, dev, rest)
}

/** dev_valid_name. */
function validName(name: string): boolean {
  return name.length > 0 && name.length <= NAME_MAX && name !== '.' && name !== '..' && !/[/:\s]/.test(name)
}
