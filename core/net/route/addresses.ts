/**
 * Addresses of devices and the routes that the kernel makes of them (net/ipv4/devinet.c, fib_add_ifaddr and fib_del_ifaddr in
 * net/ipv4/fib_frontend.c; addrconf.c for IPv6): the address itself in table local, its network and its broadcast address.
 *
 * Omits: lifetimes, peer addresses, noprefixroute, promotion of secondary addresses, anycast and multicast routes of IPv6.
 */
import type { Errno } from '../../base/errno.ts'
import { addressBits, formatIp, type IpAddr, isLoopback, isMulticast, isUnspecified, lastAddress, maskAddress } from '../addr/ip.ts'
import type { InterfaceAddress, NetDevice } from '../device/net-device.ts'
import type { NetNamespace } from '../net-namespace.ts'
import { makeRoute } from './fib.ts'
import { TABLE_LOCAL, type RouteSpec } from './route.ts'

export interface AddressOptions {
  scope?: 'global' | 'link' | 'host'
  label?: string
  /** Without it, the last address of the network, as CNI plugins and `ip addr add … brd +` set it; null for none. */
  broadcast?: IpAddr | null
}

export function addAddress(ns: NetNamespace, dev: NetDevice, ip: IpAddr, prefixLength: number, options: AddressOptions): Errno | null {
  if (dev.netns !== ns) return 'ENODEV'
  if (prefixLength < 0 || prefixLength > addressBits(ip) || isMulticast(ip) || isUnspecified(ip)) return 'EINVAL'
  const v6 = typeof ip === 'bigint'
  if (v6 && dev.conf.disableIpv6 !== 0 && !dev.isLoopback) return 'EACCES'
  if (dev.addresses.some((other) => other.ip === ip && (v6 || other.prefixLength === prefixLength))) return 'EEXIST'
  const broadcast = v6 || prefixLength > 30 || dev.noArp ? null : lastAddress(ip, prefixLength)
  const address: InterfaceAddress = {
    ip,
    prefixLength,
    scope: options.scope ?? (isLoopback(ip) ? 'host' : 'global'),
    label: options.label ?? (v6 ? '' : dev.name),
    broadcast: options.broadcast === undefined ? broadcast : options.broadcast,
    secondary: !v6 && dev.addresses.some((other) => sameSubnet(other, ip, prefixLength)),
  }
  dev.addresses.push(address)
  ns.countAddress(ip, 1)
  emit(ns, 'addr.add', dev, address)
  insert(ns, { prefix: { addr: ip, length: addressBits(ip) }, type: 'local', dev, src: v6 ? null : ip, table: TABLE_LOCAL, scope: 'host' })
  if (dev.up) for (const route of networkRoutes(dev, address)) insert(ns, route)
  return null
}

export function delAddress(ns: NetNamespace, dev: NetDevice, ip: IpAddr, prefixLength: number): Errno | null {
  const at = dev.addresses.findIndex((address) => address.ip === ip && address.prefixLength === prefixLength)
  if (dev.netns !== ns || at < 0) return 'EADDRNOTAVAIL'
  const [address] = dev.addresses.splice(at, 1)
  ns.countAddress(ip, -1)
  // Without promote_secondaries, the other addresses of the subnet go with their primary (inet_del_ifa).
  if (!address.secondary && typeof ip === 'number') {
    for (const other of [...dev.addresses]) {
      if (other.secondary && sameSubnet(other, ip, prefixLength)) delAddress(ns, dev, other.ip, other.prefixLength)
    }
  }
  for (const route of networkRoutes(dev, address)) remove(ns, route)
  if (!ns.hasAddress(ip)) {
    ns.fib.flush((route) => route.type === 'local' && route.prefix.addr === ip && route.prefix.length === addressBits(ip))
    // fib_sync_down_addr: routes that prefer this source go too.
    ns.fib.flush((route) => route.src === ip)
  }
  // fib_disable_ip: with its last address a device loses every route through it, gateways' too.
  const last = !dev.addresses.some((other) => typeof other.ip === 'number')
  if (last && typeof ip === 'number') ns.fib.flush((route) => route.dev === dev && typeof route.prefix.addr === 'number')
  ns.netfilter.deviceDown(dev.ifindex)
  emit(ns, 'addr.del', dev, address)
  return null
}

/** NETDEV_UP: the networks behind the device can be reached again. */
export function addNetworkRoutes(ns: NetNamespace, dev: NetDevice): void {
  for (const address of dev.addresses) for (const route of networkRoutes(dev, address)) insert(ns, route)
}

/** inet_select_addr: the device's first address, one of the destination's subnet if there is one, else any device's. */
export function selectSource(ns: NetNamespace, dst: IpAddr, dev: NetDevice): IpAddr | null {
  if (typeof dst === 'bigint') return selectSource6(ns, dst, dev)
  let first: IpAddr | null = null
  for (const address of dev.addresses) {
    if (typeof address.ip === 'bigint' || address.secondary || address.scope === 'host') continue
    if (dst === 0 || sameSubnet(address, dst, address.prefixLength)) return address.ip
    first ??= address.ip
  }
  if (first !== null) return first
  for (const other of ns.devices()) {
    for (const address of other.addresses) {
      if (typeof address.ip === 'number' && !address.secondary && address.scope === 'global') return address.ip
    }
  }
  return dev.isLoopback && isLoopback(dst) ? dst : null
}

/** RFC 6724 section 5, as far as rules 2 (scope) and 8 (longest prefix) go. */
function selectSource6(ns: NetNamespace, dst: bigint, dev: NetDevice): IpAddr | null {
  const linkLocal = dst >> 118n === 0x3fan || (isMulticast(dst) && ((dst >> 112n) & 0xfn) === 2n)
  let best: bigint | null = null
  for (const device of [dev, ...ns.devices()]) {
    for (const { ip, scope } of device.addresses) {
      if (typeof ip !== 'bigint' || (scope === 'link') !== linkLocal || isLoopback(ip)) continue
      if (best === null || (ip ^ dst) < (best ^ dst)) best = ip
    }
    if (best !== null) return best
  }
  return linkLocal ? null : (dev.addresses.find(({ ip }) => typeof ip === 'bigint')?.ip ?? null)
}

function networkRoutes(dev: NetDevice, address: InterfaceAddress): RouteSpec[] {
  const { ip, prefixLength, secondary, broadcast } = address
  const v6 = typeof ip === 'bigint'
  const network = maskAddress(ip, prefixLength)
  const routes: RouteSpec[] = []
  const src = v6 ? null : ip
  if (broadcast !== null && broadcast !== 0xffffffff) routes.push(broadcastRoute(dev, broadcast, ip))
  if (secondary || network === 0 || (v6 && dev.isLoopback)) return routes
  if (prefixLength < addressBits(ip)) {
    const type = dev.isLoopback ? 'local' : 'unicast'
    routes.push({
      prefix: { addr: network, length: prefixLength },
      type,
      dev,
      src,
      scope: dev.isLoopback ? 'host' : 'link',
      ...(dev.isLoopback ? { table: TABLE_LOCAL } : {}),
      ...(v6 ? { metric: 256 } : {}),
    })
  }
  const last = lastAddress(ip, prefixLength)
  if (!v6 && prefixLength < 31 && last !== broadcast) routes.push(broadcastRoute(dev, last, ip))
  return routes
}

function broadcastRoute(dev: NetDevice, addr: IpAddr, src: IpAddr): RouteSpec {
  return { prefix: { addr, length: 32 }, type: 'broadcast', dev, src, table: TABLE_LOCAL, scope: 'link' }
}

function insert(ns: NetNamespace, spec: RouteSpec): void {
  const route = makeRoute({ ...spec, protocol: 'kernel' })
  const same = ns.fib.at(route.prefix, route.table).some((other) => other.dev === route.dev && other.type === route.type)
  if (!same) ns.fib.insert(route)
}

function remove(ns: NetNamespace, spec: RouteSpec): void {
  ns.fib.del({
    prefix: spec.prefix,
    table: spec.table ?? 254,
    type: spec.type,
    dev: spec.dev,
    protocol: 'kernel',
    ...(spec.src ? { src: spec.src } : {}),
  })
}

function sameSubnet(address: InterfaceAddress, ip: IpAddr, prefixLength: number): boolean {
  return (
    typeof address.ip === typeof ip &&
    address.prefixLength === prefixLength &&
    maskAddress(address.ip, prefixLength) === maskAddress(ip, prefixLength)
  )
}

function emit(ns: NetNamespace, kind: 'addr.add' | 'addr.del', dev: NetDevice, address: InterfaceAddress): void {
  ns.world.trace.emit({ kind, netns: ns.id, ifindex: dev.ifindex, cidr: `${formatIp(address.ip)}/${address.prefixLength}` })
}
