/** `ip link` (iplink.c). Omits: properties, statistics by address family, offload and queue settings (accepted without effect). */
import { isErrno } from '../../base/errno.ts'
import { parseMac } from '../../net/addr/mac.ts'
import type { LinkChange, LinkSpec } from '../../net/device/links.ts'
import type { NetDevice } from '../../net/device/net-device.ts'
import type { NetNamespace } from '../../net/net-namespace.ts'
import { wholeNumber } from '../options.ts'
import { answers, type IpCall, IpFailure, invalidArgument, kernelError, keyword, readAddress, unknownCommand } from './ip-call.ts'
import { briefLink, linkJson, linkText } from './link-text.ts'
import { namespaceNamed } from './namespace-name.ts'

const COMMANDS = ['add', 'set', 'change', 'replace', 'delete', 'show', 'list', 'lst', 'help']
const KINDS = new Set<string>(['bridge', 'veth', 'dummy', 'vxlan', 'vlan', 'ipip'])

export function ipLink(call: IpCall): IpFailure | null {
  const word = call.next() ?? 'show'
  switch (keyword(word, COMMANDS)) {
    case 'add':
    case 'replace':
      return add(call)
    case 'set':
    case 'change':
      return set(call)
    case 'delete':
      return remove(call)
    case 'show':
    case 'list':
    case 'lst':
      return show(call)
    case 'help':
      return new IpFailure('Usage: ip link add  [ link DEV ] [ name ] NAME type TYPE [ ARGS ]\n       ip link delete DEVICE\n       ip link set DEVICE [ { up | down } ] [ ... ]\n       ip link show [ DEVICE ]\n', 255)
  }
  return unknownCommand(word, 'link')
}

/** Which links `show` is to show: by name, kind, master, or state. */
export interface LinkFilter {
  device: NetDevice | null
  up: boolean
  master: NetDevice | null
  kind: string
}

export function readLinkFilter(call: IpCall, other: (word: string) => IpFailure | null | undefined): LinkFilter | IpFailure {
  const filter: LinkFilter = { device: null, up: false, master: null, kind: '' }
  for (let word = call.next(); word !== undefined; word = call.next()) {
    if (word === 'up') {
      filter.up = true
      continue
    }
    if (word === 'type') {
      const kind = call.value()
      if (kind instanceof IpFailure) return kind
      filter.kind = kind
      continue
    }
    if (word === 'master' || word === 'vrf') {
      const name = call.value()
      if (name instanceof IpFailure) return name
      const master = call.ns.link(name)
      if (!master) return invalidArgument(name, 'Device does not exist\n')
      filter.master = master
      continue
    }
    const handled = other(word)
    if (handled instanceof IpFailure) return handled
    if (handled === null) continue
    const name = word === 'dev' ? call.value() : word
    if (name instanceof IpFailure) return name
    const device = call.ns.link(name)
    if (!device) return new IpFailure(`Device "${name}" does not exist.\n`, 1)
    filter.device = device
  }
  return filter
}

export function linkPasses(device: NetDevice, filter: LinkFilter): boolean {
  if (filter.device && device !== filter.device) return false
  if (filter.up && !device.up) return false
  if (filter.master && device.master !== filter.master) return false
  if (filter.kind === 'bridge_slave') return device.master?.kind === 'bridge'
  return filter.kind === '' || device.kind === filter.kind
}

function show(call: IpCall): IpFailure | null {
  const filter = readLinkFilter(call, () => undefined)
  if (filter instanceof IpFailure) return filter
  const devices = call.ns.links().filter((device) => linkPasses(device, filter))
  if (call.json) call.printJson(devices.map((device) => linkJson(call, device, true)))
  else for (const device of devices) call.print(call.brief ? briefLink(device) : linkText(call, device, true))
  return null
}

function add(call: IpCall): IpFailure | null {
  const spec: Partial<LinkSpec> & { up?: boolean } = {}
  let below = ''
  let master: NetDevice | null = null
  for (let word = call.next(); word !== undefined; word = call.next()) {
    if (word === 'up') {
      spec.up = true
      continue
    }
    if (word === 'type') break
    const takes = ['name', 'dev', 'link', 'address', 'mtu', 'index', 'txqueuelen', 'qlen', 'numtxqueues', 'numrxqueues', 'group', 'master', 'netns']
    if (!takes.includes(word)) {
      spec.name = word
      continue
    }
    const value = call.value()
    if (value instanceof IpFailure) return value
    if (word === 'name' || word === 'dev') spec.name = value
    else if (word === 'link') below = value
    else if (word === 'address') {
      const mac = parseMac(value)
      if (mac === null) return new IpFailure(`"${value}" is invalid lladdr.\n`, 1)
      spec.mac = mac
    } else if (word === 'mtu') {
      const mtu = wholeNumber(value)
      if (mtu === null) return invalidArgument(value, 'Invalid "mtu" value\n')
      spec.mtu = mtu
    } else if (word === 'index') spec.ifindex = wholeNumber(value) ?? 0
    else if (word === 'master') {
      master = call.ns.link(value) ?? null
      if (!master) return invalidArgument(value, 'Device does not exist\n')
    }
  }
  const kind = call.next()
  if (kind === undefined) return new IpFailure('Not enough information: "type" argument is required\n', 1)
  if (!KINDS.has(kind)) return kernelError('Unknown device type')
  spec.kind = kind as LinkSpec['kind']
  const failure = readKind(call, spec, below)
  if (failure) return failure
  spec.name ??= freeName(call.ns, kind === 'bridge' ? 'bridge' : kind)
  if (spec.name.length > 15) return kernelError('Attribute failed policy validation')
  const device = call.ns.addLink(spec as LinkSpec)
  if (isErrno(device)) return answers(device)
  const error = master ? call.ns.setLink(device, { master }) : null
  return error ? answers(error) : null
}

function freeName(ns: NetNamespace, stem: string): string {
  for (let i = 0; i < 1000; i += 1) if (!ns.link(`${stem}${i}`)) return `${stem}${i}`
  return `${stem}1000`
}

/** What follows `type KIND`. */
function readKind(call: IpCall, spec: Partial<LinkSpec>, below: string): IpFailure | null {
  const peer: { netns: NetNamespace; name: string; mac?: number } = { netns: call.ns, name: '' }
  const vxlan = { vni: -1, local: 0 as number | bigint, port: 8472, learning: true, dev: below || undefined }
  let vlanId = 0
  const ipip: { local?: number | bigint; remote?: number | bigint } = {}
  let inPeer = false
  for (let word = call.next(); word !== undefined; word = call.next()) {
    if (word === 'peer') {
      inPeer = true
      continue
    }
    if (word === 'nolearning' || word === 'learning') {
      vxlan.learning = word === 'learning'
      continue
    }
    if (word === 'noudpcsum' || word === 'udpcsum' || word === 'external') continue
    if (inPeer && !['name', 'netns', 'address', 'mtu'].includes(word)) {
      peer.name = word
      continue
    }
    const value = call.value()
    if (value instanceof IpFailure) return value
    if (inPeer && word === 'name') peer.name = value
    else if (inPeer && word === 'netns') {
      const netns = namespaceNamed(call.proc, value)
      if (!netns) return invalidArgument(value, 'Invalid "netns" value\n')
      peer.netns = netns
    } else if (inPeer && word === 'address') {
      const mac = parseMac(value)
      if (mac === null) return new IpFailure(`"${value}" is invalid lladdr.\n`, 1)
      peer.mac = mac
    } else if (word === 'id' || word === 'vni') {
      const id = wholeNumber(value)
      if (id === null || id < 0 || id > 0xffffff) return invalidArgument(value, 'invalid id\n')
      vxlan.vni = id
      vlanId = id
    } else if (word === 'local' || word === 'remote') {
      const address = readAddress(value, 0)
      if (address instanceof IpFailure) return address
      if (word === 'local') vxlan.local = address
      ipip[word] = address
    } else if (word === 'dstport') vxlan.port = wholeNumber(value) ?? 8472
    else if (word === 'dev') vxlan.dev = value
  }
  if (spec.kind === 'veth') spec.peer = { ...peer, name: peer.name || freeName(peer.netns, 'veth') }
  if (spec.kind === 'vxlan') {
    if (vxlan.vni < 0) return kernelError('Required attributes not provided to perform the operation')
    spec.vxlan = vxlan
  }
  if (spec.kind === 'vlan') {
    if (below === '') return answers('ENODEV')
    spec.vlan = { id: vlanId, dev: below }
  }
  if (spec.kind === 'ipip') spec.ipip = ipip
  return null
}

const SET_VALUES = [
  'name', 'address', 'mtu', 'master', 'netns', 'txqueuelen', 'qlen', 'alias', 'group', 'addrgenmode', 'arp', 'multicast', 'promisc', 'allmulticast', 'type',
]

function set(call: IpCall): IpFailure | null {
  const change: LinkChange = {}
  let device: NetDevice | null = null
  for (let word = call.next(); word !== undefined; word = call.next()) {
    if (word === 'up') change.up = true
    else if (word === 'down') change.up = false
    else if (word === 'nomaster') change.master = null
    else if (word === 'dev' || (!device && !SET_VALUES.includes(word))) {
      const name = word === 'dev' ? call.value() : word
      if (name instanceof IpFailure) return name
      const found = call.device(name)
      if (found instanceof IpFailure) return found
      device = found
    } else if (SET_VALUES.includes(word)) {
      const value = call.value()
      if (value instanceof IpFailure) return value
      const failure = word === 'type' ? setSlave(call, change) : setOne(call, change, word, value)
      if (failure) return failure
    } else return new IpFailure(`Error: either "dev" is duplicate, or "${word}" is a garbage.\n`, 255)
  }
  if (!device) return new IpFailure('Not enough information: "dev" argument is required.\n', 255)
  if (change.mtu !== undefined && change.mtu < 68) return kernelError('mtu less than device minimum')
  if (change.mtu !== undefined && change.mtu > 65535 && device.kind !== 'loopback') return kernelError('mtu greater than device maximum')
  const error = call.ns.setLink(device, change)
  return error ? answers(error) : null
}

function setOne(call: IpCall, change: LinkChange, word: string, value: string): IpFailure | null {
  if (word === 'name') change.name = value
  else if (word === 'address') {
    const mac = parseMac(value)
    if (mac === null) return new IpFailure(`"${value}" is invalid lladdr.\n`, 1)
    change.mac = mac
  } else if (word === 'mtu') {
    const mtu = wholeNumber(value)
    if (mtu === null) return invalidArgument(value, 'Invalid "mtu" value\n')
    change.mtu = mtu
  } else if (word === 'master') {
    const master = call.ns.link(value)
    if (!master) return invalidArgument(value, 'Device does not exist\n')
    change.master = master
  } else if (word === 'netns') {
    const netns = namespaceNamed(call.proc, value)
    if (!netns) return invalidArgument(value, 'Invalid "netns" value\n')
    change.netns = netns
  }
  return null
}

/** `type bridge_slave hairpin on isolated off`. */
function setSlave(call: IpCall, change: LinkChange): IpFailure | null {
  for (let word = call.next(); word !== undefined; word = call.next()) {
    const value = call.value()
    if (value instanceof IpFailure) return value
    if (word === 'hairpin') change.hairpin = value === 'on' || value === '1'
    else if (word === 'isolated') change.isolated = value === 'on' || value === '1'
  }
  return null
}

function remove(call: IpCall): IpFailure | null {
  let name = call.next()
  if (name === 'dev') name = call.next()
  if (name === undefined) return new IpFailure('Not enough information: "dev" argument is required.\n', 255)
  const device = call.device(name)
  if (device instanceof IpFailure) return device
  const error = call.ns.delLink(device)
  return error ? answers(error) : null
}

