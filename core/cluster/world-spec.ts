/** What a world is made of. Surface; filled below. */
import { Bug } from '../base/assert.ts'

export const CNI_NAMES = ['bridge', 'host-gw', 'vxlan'] as const
export const PROXY_MODES = ['userspace', 'iptables', 'ipvs', 'nftables'] as const
export const IP_FAMILIES = ['ipv4', 'ipv6', 'dual'] as const
export type CniName = (typeof CNI_NAMES)[number]
export type ProxyMode = (typeof PROXY_MODES)[number]
export type IpFamily = (typeof IP_FAMILIES)[number]

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

export interface WorldOptions {
  nodes?: number
  cni?: CniName
  proxyMode?: ProxyMode
  ipFamily?: IpFamily
  seed?: number
}

export interface WorldError {
  message: string
  line: number
  column: number
}

export function defaultWorld(options: WorldOptions = {}): WorldSpec {
  throw new Bug(`not yet ${options.seed}`)
}

/** Reads a world file; options given on the command line override what it says. */
export function parseWorld(text: string, overrides: WorldOptions = {}): WorldSpec | { error: WorldError } {
  throw new Bug(`not yet ${text} ${overrides.seed}`)
}
