/**
 * The cabling: a router whose bridge is the node network's switch and gateway, a machine per node and per host, each with one
 * card (eth0) and one cable to the router. Hosts of other networks hang on bridges of their own there.
 */
import { assert } from '../base/assert.ts'
import { isErrno } from '../base/errno.ts'
import { type LinuxWorld, Machine } from '../linux/machine.ts'
import { type IpAddr, type Prefix, formatPrefix, isV6, networkOf, parseIp, parsePrefix, prefixContains } from '../net/addr/ip.ts'
import type { Mac } from '../net/addr/mac.ts'
import type { NetDevice } from '../net/device/net-device.ts'
import type { NetNamespace } from '../net/net-namespace.ts'
import type { Wire } from '../net/wire.ts'
import { ROUTER_NAME, ROUTER_NUMBER, type WorldSpec, addressAt } from './world-defaults.ts'

/** Docker's prefix for containers' cards, as in kind: the four bytes of the address follow. */
const MAC_PREFIX = 0x0242
const NAME_MAX = 15
/** Networks behind the router that no world file describes are taken as /24. */
const FAR_LENGTH = 24

export interface Topology {
  router: Machine
  machines: Map<string, Machine>
  /** By machine: its one cable. */
  wires: Map<string, Wire>
  /** First address of each machine. */
  addresses: Map<string, IpAddr>
}

export function buildTopology(spec: WorldSpec, world: LinuxWorld): Topology {
  const nodeNetwork = mustPrefix(spec.networks.nodes[0])
  const gateway = addressAt(nodeNetwork, ROUTER_NUMBER)
  const router = new Machine(world, { name: ROUTER_NAME, role: 'router' })
  const topology: Topology = { router, machines: new Map([[ROUTER_NAME, router]]), wires: new Map(), addresses: new Map([[ROUTER_NAME, gateway]]) }
  const bridges = new Map<string, NetDevice>()
  bridges.set(formatPrefix(nodeNetwork), routerBridge(router, 'br0', gateway, nodeNetwork.length))
  for (const name of ['net.ipv4.ip_forward', 'net.ipv6.conf.all.forwarding']) router.netns.sysctl.set(name, '1')
  for (const name of ['net.bridge.bridge-nf-call-iptables', 'net.bridge.bridge-nf-call-ip6tables']) router.netns.sysctl.set(name, '0')
  // What nobody here knows ends silently, as it would in the internet's nowhere.
  router.netns.fib.add({ prefix: { addr: 0, length: 0 }, type: 'blackhole' })

  const attach = (name: string, role: Machine['role'], addresses: readonly string[]): void => {
    const machine = new Machine(world, { name, role })
    topology.machines.set(name, machine)
    const ips = addresses.map(mustIp)
    topology.addresses.set(name, ips[0])
    const network = prefixContains(nodeNetwork, ips[0]) ? nodeNetwork : networkOf(ips[0], FAR_LENGTH)
    const via = network === nodeNetwork ? gateway : farGateway(network, ips[0])
    const key = formatPrefix(network)
    let bridge = bridges.get(key)
    if (!bridge) {
      bridge = routerBridge(router, `br${bridges.size}`, via, network.length)
      bridges.set(key, bridge)
    }
    topology.wires.set(name, plug(machine, router, bridge, spec, ips[0]))
    machine.onStart.push(() => configure(machine, ips, network, via))
  }
  for (const node of spec.nodes) attach(node.name, node.roles.includes('control-plane') ? 'control-plane' : 'worker', node.addresses)
  for (const host of spec.hosts) attach(host.name, 'host', host.addresses)
  router.onStart.push(() => {
    router.netns.setLink(router.netns.lo, { up: true })
    for (const bridge of bridges.values()) router.netns.setLink(bridge, { up: true })
    for (const link of router.netns.links()) if (link.kind === 'nic') router.netns.setLink(link, { up: true })
  })
  return topology
}

function routerBridge(router: Machine, name: string, address: IpAddr, length: number): NetDevice {
  const bridge = router.netns.addLink({ name, kind: 'bridge', mac: macFor(address), up: true })
  assert(!isErrno(bridge), `the router's bridge ${name} cannot be made`)
  router.netns.addAddress(bridge, address, length)
  return bridge
}

function plug(machine: Machine, router: Machine, bridge: NetDevice, spec: WorldSpec, address: IpAddr): Wire {
  const link = spec.links.get(machine.name) ?? spec.links.get('default') ?? { latencyUs: 200, mtu: 1500 }
  const eth0 = machine.netns.addLink({ name: 'eth0', kind: 'nic', mac: macFor(address), mtu: link.mtu })
  const port = router.netns.addLink({ name: portName(router.netns, machine.name), kind: 'nic', mtu: link.mtu })
  assert(!isErrno(eth0) && !isErrno(port), `the cards of ${machine.name} cannot be made`)
  router.netns.setLink(port, { master: bridge })
  return machine.world.net.connect(eth0, port, { latencyUs: link.latencyUs })
}

/** At boot: what a distribution's network scripts do. */
function configure(machine: Machine, addresses: readonly IpAddr[], network: Prefix, via: IpAddr): void {
  const ns = machine.netns
  const eth0 = ns.link('eth0')
  if (!eth0) return
  ns.setLink(ns.lo, { up: true })
  if (machine.role !== 'host') {
    for (const name of ['net.ipv4.ip_forward', 'net.bridge.bridge-nf-call-iptables', 'net.bridge.bridge-nf-call-ip6tables']) ns.sysctl.set(name, '1')
  }
  ns.setLink(eth0, { up: true })
  for (const ip of addresses) ns.addAddress(eth0, ip, isV6(ip) ? 64 : network.length)
  ns.fib.add({ prefix: { addr: 0, length: 0 }, via, dev: eth0 })
}

function macFor(ip: IpAddr): Mac | undefined {
  return isV6(ip) ? undefined : MAC_PREFIX * 0x1_0000_0000 + ip
}

/** The router's card carries the name of the machine at the other end. */
function portName(ns: NetNamespace, machine: string): string {
  const name = machine.slice(0, NAME_MAX)
  return ns.link(name) ? `port${ns.links().length}` : name
}

/** The first address of the network, unless the host has it: then the last but one. */
function farGateway(network: Prefix, host: IpAddr): IpAddr {
  const first = addressAt(network, 1)
  return first === host ? addressAt(network, 254) : first
}

function mustPrefix(text: string): Prefix {
  const prefix = parsePrefix(text)
  assert(prefix, `not a network: ${text}`)
  return prefix
}

function mustIp(text: string): IpAddr {
  const ip = parseIp(text)
  assert(ip !== null, `not an address: ${text}`)
  return ip
}
