/**
 * What a world is made of, and the world that nobody had to describe: one control-plane node, two workers, a workstation with
 * kubectl and an outside client, all on 172.18.0.0/16 behind one router.
 *
 * Omits: proxy modes other than iptables and address families other than IPv4: naming them is an error that says so.
 */
import { assert } from '../base/assert.ts'
import { type IpAddr, type Prefix, formatIp, formatPrefix, parseIp, parsePrefix, prefixContains } from '../net/addr/ip.ts'

export const CNI_NAMES = ['bridge', 'host-gw', 'vxlan'] as const
export const PROXY_MODES = ['userspace', 'iptables', 'ipvs', 'nftables'] as const
export const IP_FAMILIES = ['ipv4', 'ipv6', 'dual'] as const
export const ADDONS = ['kube-proxy', 'coredns'] as const
export type CniName = (typeof CNI_NAMES)[number]
export type ProxyMode = (typeof PROXY_MODES)[number]
export type IpFamily = (typeof IP_FAMILIES)[number]

/** What this version really simulates. */
export const SIMULATED_PROXY_MODES: readonly ProxyMode[] = ['iptables']
export const SIMULATED_IP_FAMILIES: readonly IpFamily[] = ['ipv4']

export const WORKERS_MAX = 500

export interface Taint {
  key: string
  value: string
  effect: 'NoSchedule' | 'PreferNoSchedule' | 'NoExecute'
}

export interface NodeSpec {
  name: string
  roles: string[]
  addresses: string[]
  podCIDRs: string[]
  labels: Map<string, string>
  taints: Taint[]
  capacity: Map<string, string>
}

export interface HostSpec {
  name: string
  addresses: string[]
  /** The machine through which it is reached when it is not on the node network, or ''. */
  via: string
}

export interface LinkSettings {
  latencyUs: number
  mtu: number
}

export interface WorldSpec {
  name: string
  seed: number
  cni: CniName
  ipFamily: IpFamily
  networks: { nodes: string[]; pods: string[]; podsPerNode: number; services: string[]; domain: string }
  proxy: { mode: ProxyMode; masqueradeAll: boolean; nodePortAddresses: string[]; localhostNodePorts: boolean; ipvsScheduler: string }
  nodes: NodeSpec[]
  hosts: HostSpec[]
  /** `default`, and a machine's name for its own cable. */
  links: Map<string, LinkSettings>
  addons: string[]
}

/** The options that every command which makes a world has. */
export interface WorldOptions {
  nodes?: number
  cni?: CniName
  proxyMode?: ProxyMode
  ipFamily?: IpFamily
  seed?: number
}

/** A node as its author wrote it: what is undefined is filled in by `completeWorld`. */
export interface NodeDraft {
  name: string
  roles?: string[]
  addresses?: string[]
  podCIDRs?: string[]
  labels?: Map<string, string>
  taints?: Taint[]
  capacity?: Map<string, string>
}

export interface HostDraft {
  name: string
  addresses?: string[]
  via?: string
}

export interface WorldDraft extends Omit<WorldSpec, 'nodes' | 'hosts'> {
  nodes: NodeDraft[] | null
  hosts: HostDraft[]
}

const CONTROL_PLANE = 'node-role.kubernetes.io/control-plane'
/** Last numbers of the addresses that hosts have when nobody says otherwise. */
const HOST_NUMBERS = new Map([['workstation', 50], ['client', 100]])
const FIRST_HOST_NUMBER = 101
export const ROUTER_NAME = 'router'
export const ROUTER_NUMBER = 1
const FIRST_NODE_NUMBER = 2

export function draftWorld(): WorldDraft {
  return {
    name: 'default',
    seed: 1,
    cni: 'host-gw',
    ipFamily: 'ipv4',
    networks: { nodes: ['172.18.0.0/16'], pods: ['10.244.0.0/16'], podsPerNode: 24, services: ['10.96.0.0/16'], domain: 'cluster.local' },
    proxy: { mode: 'iptables', masqueradeAll: false, nodePortAddresses: [], localhostNodePorts: true, ipvsScheduler: 'rr' },
    nodes: null,
    hosts: [],
    links: new Map([['default', { latencyUs: 200, mtu: 1500 }]]),
    addons: [...ADDONS],
  }
}

export function defaultWorld(options: WorldOptions = {}): WorldSpec {
  return completeWorld(draftWorld(), options)
}

/** Applies the command line's options over a draft and fills in every name, address and label that is missing. */
export function completeWorld(draft: WorldDraft, options: WorldOptions = {}): WorldSpec {
  const networks = draft.networks
  const nodeNetwork = mustPrefix(networks.nodes[0])
  const podNetwork = mustPrefix(networks.pods[0])
  const drafts = nodeDrafts(draft.nodes, options.nodes)
  const hostDrafts: HostDraft[] = [...draft.hosts]
  for (const name of HOST_NUMBERS.keys()) if (!hostDrafts.some((h) => h.name === name)) hostDrafts.push({ name })

  const taken = new Set<IpAddr>([addressAt(nodeNetwork, ROUTER_NUMBER)])
  for (const one of [...drafts, ...hostDrafts]) for (const text of one.addresses ?? []) taken.add(mustIp(text))
  // The well-known hosts keep their numbers even when nodes are many.
  for (const host of hostDrafts) {
    const number = HOST_NUMBERS.get(host.name)
    if (!host.addresses && number !== undefined) taken.add(addressAt(nodeNetwork, number))
  }
  const nextFree = (from: number): string => {
    for (let n = from; n < from + 65_536; n += 1) {
      const ip = addressAt(nodeNetwork, n)
      if (taken.has(ip)) continue
      taken.add(ip)
      return formatIp(ip)
    }
    throw new RangeError('the node network is full')
  }

  const takenBlocks = new Set(drafts.flatMap((d) => d.podCIDRs ?? []))
  let block = 0
  const nextBlock = (): string => {
    for (;;) {
      const text = formatPrefix(blockOf(podNetwork, networks.podsPerNode, block))
      block += 1
      if (!takenBlocks.has(text)) return text
    }
  }

  const alone = drafts.length === 1
  const nodes = drafts.map((d): NodeSpec => {
    const roles = d.roles ?? []
    const control = roles.includes('control-plane')
    const labels = new Map<string, string>()
    for (const role of roles) if (role !== 'worker') labels.set(`node-role.kubernetes.io/${role}`, '')
    if (control) labels.set('node.kubernetes.io/exclude-from-external-load-balancers', '')
    for (const [key, value] of d.labels ?? []) labels.set(key, value)
    const taints = d.taints ?? (control && !alone ? [{ key: CONTROL_PLANE, value: '', effect: 'NoSchedule' as const }] : [])
    const capacity = new Map([['cpu', '4'], ['memory', '8Gi'], ['ephemeral-storage', '64Gi'], ['pods', '110']])
    for (const [key, value] of d.capacity ?? []) capacity.set(key, value)
    return { name: d.name, roles, labels, taints, capacity, addresses: d.addresses ?? [nextFree(FIRST_NODE_NUMBER)], podCIDRs: d.podCIDRs ?? [nextBlock()] }
  })
  const hosts = hostDrafts.map((h): HostSpec => {
    const number = HOST_NUMBERS.get(h.name)
    const own = number === undefined ? nextFree.bind(null, FIRST_HOST_NUMBER) : () => formatIp(addressAt(nodeNetwork, number))
    return { name: h.name, addresses: h.addresses ?? [own()], via: h.via ?? '' }
  })
  return {
    ...draft,
    seed: options.seed ?? draft.seed,
    cni: options.cni ?? draft.cni,
    ipFamily: options.ipFamily ?? draft.ipFamily,
    proxy: { ...draft.proxy, mode: options.proxyMode ?? draft.proxy.mode },
    nodes,
    hosts,
  }
}

function nodeDrafts(written: NodeDraft[] | null, workers: number | undefined): NodeDraft[] {
  if (written && workers === undefined) return written
  const control = written?.filter((n) => n.roles?.includes('control-plane')) ?? [{ name: 'control-plane', roles: ['control-plane'] }]
  const others = written?.filter((n) => !n.roles?.includes('control-plane')) ?? []
  const wanted = workers ?? 2
  assert(wanted >= 0 && wanted <= WORKERS_MAX, `${wanted} workers`)
  const result = [...control, ...others.slice(0, wanted)]
  const names = new Set(result.map((n) => n.name))
  for (let i = 1, made = others.length; made < wanted; i += 1) {
    const name = `worker-${i}`
    if (names.has(name)) continue
    result.push({ name })
    made += 1
  }
  return result
}

export function addressAt(network: Prefix, number: number): IpAddr {
  return typeof network.addr === 'bigint' ? network.addr + BigInt(number) : (network.addr + number) >>> 0
}

/** The `index`th block of `length` bits inside a network. */
export function blockOf(network: Prefix, length: number, index: number): Prefix {
  if (typeof network.addr === 'bigint') return { addr: network.addr + (BigInt(index) << BigInt(128 - length)), length }
  return { addr: (network.addr + index * 2 ** (32 - length)) >>> 0, length }
}

/** Whether two networks share an address. */
export function overlaps(a: Prefix, b: Prefix): boolean {
  return prefixContains(a, b.addr) || prefixContains(b, a.addr)
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
