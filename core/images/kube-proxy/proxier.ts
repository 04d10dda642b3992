/**
 * Keeps the rules of one IP family on one machine in step with Services and EndpointSlices: pkg/proxy/iptables/proxier.go. A full
 * sync writes everything; a partial one only the chains of services that changed, because the rest is there already.
 *
 * Omits: metrics, the health check server of services.
 */
import type { EndpointSlice, Service } from '../../api/types/index.ts'
import { formatIp, isLoopback, isV6, parsePrefix, prefixContains } from '../../net/addr/ip.ts'
import type { NetNamespace } from '../../net/net-namespace.ts'
import { isServiceChain } from './chain-names.ts'
import { categorizeEndpoints, endpointsByPort, type ProxyEndpoint, SERVICE_NAME_LABEL } from './endpoints.ts'
import { portKey, type ProxyFamily, type ServicePort, servicePorts } from './service-port.ts'
import { type ServiceRules, serviceRules } from './service-rules.ts'
import { deleteStaleConntrack } from './stale-conntrack.ts'

export interface ProxierOptions {
  readonly family: ProxyFamily
  readonly nodeName: string
  readonly nodeIp: string
  readonly clusterCidr: string
  readonly masqueradeAll: boolean
  readonly masqueradeBit: number
  readonly localhostNodePorts: boolean
  /** Prefixes, or `primary`; empty: all of the node's addresses. */
  readonly nodePortAddresses?: readonly string[]
}

export interface ProxierInput {
  readonly services: Iterable<Service>
  readonly slices: Iterable<EndpointSlice>
  readonly zone: string
}

/** More endpoints than this: comments are left out (largeClusterEndpointsThreshold). */
const LARGE_CLUSTER_ENDPOINTS = 1000
const ACTOR = 'kube-proxy'
const CANARY = 'KUBE-PROXY-CANARY'

/** iptablesJumpChains: table, chain, from, comment, whether only for new connections. Each is put first, so the last ends up on top. */
const JUMPS: readonly (readonly [table: string, chain: string, from: string, comment: string, onlyNew: boolean])[] = [
  ['filter', 'KUBE-EXTERNAL-SERVICES', 'INPUT', 'kubernetes externally-visible service portals', true],
  ['filter', 'KUBE-EXTERNAL-SERVICES', 'FORWARD', 'kubernetes externally-visible service portals', true],
  ['filter', 'KUBE-NODEPORTS', 'INPUT', 'kubernetes health check service ports', false],
  ['filter', 'KUBE-SERVICES', 'FORWARD', 'kubernetes service portals', true],
  ['filter', 'KUBE-SERVICES', 'OUTPUT', 'kubernetes service portals', true],
  ['filter', 'KUBE-FORWARD', 'FORWARD', 'kubernetes forwarding rules', false],
  ['filter', 'KUBE-PROXY-FIREWALL', 'INPUT', 'kubernetes load balancer firewall', true],
  ['filter', 'KUBE-PROXY-FIREWALL', 'OUTPUT', 'kubernetes load balancer firewall', true],
  ['filter', 'KUBE-PROXY-FIREWALL', 'FORWARD', 'kubernetes load balancer firewall', true],
  ['nat', 'KUBE-SERVICES', 'OUTPUT', 'kubernetes service portals', false],
  ['nat', 'KUBE-SERVICES', 'PREROUTING', 'kubernetes service portals', false],
  ['nat', 'KUBE-POSTROUTING', 'POSTROUTING', 'kubernetes postrouting rules', false],
  ['filter', 'KUBE-FIREWALL', 'INPUT', '', false],
  ['filter', 'KUBE-FIREWALL', 'OUTPUT', '', false],
]

export interface SyncReport {
  readonly full: boolean
  readonly error: string
  readonly services: number
  readonly endpoints: number
  readonly staleConntrack: number
}

interface Known {
  readonly port: ServicePort
  readonly endpoints: readonly ProxyEndpoint[]
  readonly rules: ServiceRules
  /** Rules of all its own chains, to see whether they changed. */
  readonly own: string
}

/** What was made of a service's objects; as long as they are the same, so is the rest. */
interface Remembered {
  readonly service: Service
  readonly slices: readonly EndpointSlice[]
  readonly endpoints: ReadonlyMap<string, readonly ProxyEndpoint[]>
  readonly ports: readonly ServicePort[]
  /** Of `zone` and the size of the cluster. */
  madeFor: string
  known: readonly Known[]
}

export class Proxier {
  readonly #ns: NetNamespace
  readonly #options: ProxierOptions
  /** Text of each service's own chains, as last written. */
  #written = new Map<string, string>()
  #origins = new Map<string, string>()
  #remembered = new Map<string, Remembered>()
  #needFull = true

  constructor(ns: NetNamespace, options: ProxierOptions) {
    this.#ns = ns
    this.#options = options
  }

  /** The canary died: somebody flushed the tables (utiliptables.Monitor). */
  get rulesWereFlushed(): boolean {
    return !this.#needFull && !this.#iptables.chains('mangle').includes(CANARY)
  }

  forceFullSync(): void {
    this.#needFull = true
  }

  sync(input: ProxierInput): SyncReport {
    const full = this.#needFull
    if (full) {
      this.#ensureCanaries()
      this.#ensureJumps()
    }
    const known = this.#known(input)
    const { text, written } = this.#restoreInput(known, full)
    const endpoints = known.reduce((sum, each) => sum + each.endpoints.length, 0)
    const failure = this.#iptables.restore(text, { noflush: true, counters: true })
    if (failure) {
      this.#needFull = true
      return { full, error: failure.message, services: known.length, endpoints, staleConntrack: 0 }
    }
    this.#needFull = false
    this.#written = written
    this.#sayOrigins(known)
    const staleConntrack = deleteStaleConntrack(this.#ns.netfilter.conntrack, this.#options.family, known)
    return { full, error: '', services: known.length, endpoints, staleConntrack }
  }

  get #iptables() {
    return this.#ns.netfilter.iptables(this.#options.family)
  }

  #ensureCanaries(): void {
    for (const table of ['mangle', 'nat', 'filter']) this.#iptables.command(['-t', table, '-N', CANARY])
  }

  /** EnsureChain and EnsureRule(Prepend): what is there already stays where it is. */
  #ensureJumps(): void {
    for (const [table, chain, from, comment, onlyNew] of JUMPS) {
      this.#iptables.command(['-w', '5', '-N', chain, '-t', table])
      const rule = [
        ...(onlyNew ? ['-m', 'conntrack', '--ctstate', 'NEW'] : []),
        ...(comment ? ['-m', 'comment', '--comment', comment] : []),
        '-j',
        chain,
      ]
      if (this.#iptables.command(['-t', table, '-C', from, ...rule]).exitCode !== 0)
        this.#iptables.command(['-t', table, '-I', from, ...rule])
    }
  }

  #known({ services, slices, zone }: ProxierInput): Known[] {
    const { nodeName, clusterCidr, masqueradeAll, nodeIp } = this.#options
    const slicesOf = slicesByService(slices)
    const remembered = new Map<string, Remembered>()
    let total = 0
    for (const service of services) {
      const key = `${service.metadata.namespace}/${service.metadata.name}`
      const each = this.#remember(key, service, slicesOf.get(key) ?? [])
      remembered.set(key, each)
      for (const port of each.ports) total += each.endpoints.get(keyOf(port))?.length ?? 0
    }
    this.#remembered = remembered
    const large = total > LARGE_CLUSTER_ENDPOINTS
    const madeFor = `${large} ${zone}`
    const options = { clusterCidr, masqueradeAll, nodeIp, large }
    const all: Known[] = []
    for (const each of remembered.values()) {
      if (each.madeFor !== madeFor) {
        each.madeFor = madeFor
        each.known = each.ports.map((port) => {
          const endpoints = each.endpoints.get(keyOf(port)) ?? []
          const rules = serviceRules(port, categorizeEndpoints(endpoints, port, nodeName, zone), options)
          return { port, endpoints, rules, own: rules.chains.map((chain) => chain.rules.join('\n')).join('\n') }
        })
      }
      all.push(...each.known)
    }
    return all
  }

  #remember(key: string, service: Service, slices: readonly EndpointSlice[]): Remembered {
    const old = this.#remembered.get(key)
    const sameSlices = old !== undefined && old.slices.length === slices.length && old.slices.every((slice, i) => slice === slices[i])
    if (sameSlices && old.service === service) return old
    const { family, nodeName } = this.#options
    const endpoints = sameSlices ? old.endpoints : endpointsByPort(slices, family, nodeName)
    return { service, slices, endpoints, ports: servicePorts(service, family), madeFor: '', known: [] }
  }

  #restoreInput(known: readonly Known[], full: boolean): { text: string; written: Map<string, string> } {
    const { masqueradeBit, localhostNodePorts, family } = this.#options
    const mark = `0x${(2 ** masqueradeBit).toString(16).padStart(6, '0')}`
    const filterChains = ['KUBE-SERVICES', 'KUBE-EXTERNAL-SERVICES', 'KUBE-FORWARD', 'KUBE-NODEPORTS', 'KUBE-PROXY-FIREWALL']
    const natChains = ['KUBE-SERVICES', 'KUBE-NODEPORTS', 'KUBE-POSTROUTING', 'KUBE-MARK-MASQ']
    const filterRules: string[] = []
    const natRules = [
      `-A KUBE-POSTROUTING -m mark ! --mark ${mark}/${mark} -j RETURN`,
      `-A KUBE-POSTROUTING -j MARK --xor-mark ${mark}`,
      '-A KUBE-POSTROUTING -m comment --comment "kubernetes service traffic requiring SNAT" -j MASQUERADE --random-fully',
      `-A KUBE-MARK-MASQ -j MARK --or-mark ${mark}`,
    ]
    if (family === 'ipv4' && localhostNodePorts) {
      filterChains.push('KUBE-FIREWALL')
      const what = '-m comment --comment "block incoming localnet connections" -d 127.0.0.0/8 ! -s 127.0.0.0/8'
      filterRules.push(`-A KUBE-FIREWALL ${what} -m conntrack ! --ctstate RELATED,ESTABLISHED,DNAT -j DROP`)
    }
    const active = new Set<string>()
    const written = new Map<string, string>()
    for (const { port, rules, own } of known) {
      filterRules.push(...rules.filter)
      natRules.push(...rules.nat)
      const key = keyOf(port)
      const changed = full || this.#written.get(key) !== own
      written.set(key, own)
      for (const chain of rules.chains) {
        active.add(chain.name)
        if (!changed) continue
        natChains.push(chain.name)
        natRules.push(...chain.rules)
      }
    }
    for (const chain of this.#iptables.chains('nat')) {
      if (!isServiceChain(chain) || active.has(chain)) continue
      natChains.push(chain)
      natRules.push(`-X ${chain}`)
    }
    const note = '"kubernetes service nodeports; NOTE: this must be the last rule in this chain"'
    for (const ip of this.#nodePortIps()) natRules.push(`-A KUBE-SERVICES -m comment --comment ${note} -d ${ip} -j KUBE-NODEPORTS`)
    const elsewhere = family === 'ipv6' ? ' ! -d ::1/128' : localhostNodePorts ? '' : ' ! -d 127.0.0.0/8'
    if (this.#matchesAll)
      natRules.push(`-A KUBE-SERVICES -m comment --comment ${note} -m addrtype --dst-type LOCAL${elsewhere} -j KUBE-NODEPORTS`)
    if (this.#ns.sysctl.get('net.netfilter.nf_conntrack_tcp_be_liberal') !== '1')
      filterRules.push('-A KUBE-FORWARD -m conntrack --ctstate INVALID -j DROP')
    filterRules.push(
      `-A KUBE-FORWARD -m comment --comment "kubernetes forwarding rules" -m mark --mark ${mark}/${mark} -j ACCEPT`,
      '-A KUBE-FORWARD -m comment --comment "kubernetes forwarding conntrack rule" -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT',
    )
    const text = [...tableText('filter', filterChains, filterRules), ...tableText('nat', natChains, natRules), ''].join('\n')
    return { text, written }
  }

  get #matchesAll(): boolean {
    const wanted = this.#options.nodePortAddresses ?? []
    return wanted.length === 0 || wanted.some((prefix) => prefix.endsWith('/0'))
  }

  /** Addresses of this machine that `nodePortAddresses` names. */
  #nodePortIps(): string[] {
    if (this.#matchesAll) return []
    const { nodePortAddresses = [], nodeIp, family, localhostNodePorts } = this.#options
    const prefixes = nodePortAddresses.map((text) => parsePrefix(text === 'primary' ? nodeIp : text)).filter((prefix) => prefix !== null)
    const found: string[] = []
    for (const { addresses } of this.#ns.links()) {
      for (const { ip } of addresses) {
        if (isV6(ip) !== (family === 'ipv6') || !prefixes.some((prefix) => prefixContains(prefix, ip))) continue
        if (!isLoopback(ip) || (family === 'ipv4' && localhostNodePorts)) found.push(formatIp(ip))
      }
    }
    return found
  }

  #sayOrigins(known: readonly Known[]): void {
    const origins = new Map<string, string>()
    for (const { port, rules } of known) {
      for (const { name } of rules.chains) {
        const object = `Service/${port.service}`
        origins.set(name, object)
        if (this.#origins.get(name) !== object) this.#iptables.origin('nat', name, object, ACTOR)
      }
    }
    this.#origins = origins
  }
}

function keyOf(port: ServicePort): string {
  return portKey(port.service, port.portName, port.protocol)
}

function slicesByService(slices: Iterable<EndpointSlice>): Map<string, EndpointSlice[]> {
  const found = new Map<string, EndpointSlice[]>()
  for (const slice of slices) {
    const name = slice.metadata.labels?.[SERVICE_NAME_LABEL]
    if (name === undefined) continue
    const key = `${slice.metadata.namespace}/${name}`
    const same = found.get(key)
    if (same) same.push(slice)
    else found.set(key, [slice])
  }
  return found
}

function tableText(table: string, chains: readonly string[], rules: readonly string[]): string[] {
  return [`*${table}`, ...chains.map((chain) => `:${chain} - [0:0]`), ...rules, 'COMMIT']
}
