/**
 * The rules of one service port, as pkg/proxy/iptables/proxier.go (syncProxyRules) writes them: what other chains need to know
 * of it, and the chains that are its own.
 *
 * Omits: nfacct counters (a kernel without nfnetlink_acct; upstream leaves them out there too).
 */
import type { Categorized, ProxyEndpoint } from './endpoints.ts'
import { endpointChain } from './chain-names.ts'
import { externallyAccessible, type ServicePort, usesClusterEndpoints, usesLocalEndpoints } from './service-port.ts'
import { isV6, parseIp, parsePrefix, prefixContains } from '../../net/addr/ip.ts'

export interface RuleOptions {
  readonly masqueradeAll: boolean
  /** Pods' addresses, or '' when nobody said: then pods cannot be told from others. */
  readonly clusterCidr: string
  readonly nodeIp: string
  /** Without comments: a cluster with very many endpoints. */
  readonly large: boolean
}

/** A chain that belongs to one service port. */
export interface OwnChain {
  readonly name: string
  readonly rules: readonly string[]
}

export interface ServiceRules {
  /** For KUBE-SERVICES, KUBE-EXTERNAL-SERVICES, KUBE-NODEPORTS, KUBE-PROXY-FIREWALL of table filter. */
  readonly filter: readonly string[]
  /** For KUBE-SERVICES and KUBE-NODEPORTS of table nat. */
  readonly nat: readonly string[]
  readonly chains: readonly OwnChain[]
}

const MARK_MASQ = 'KUBE-MARK-MASQ'

export function serviceRules(port: ServicePort, endpoints: Categorized, options: RuleOptions): ServiceRules {
  const { name, protocol, chains } = port
  const filter: string[] = []
  const nat: string[] = []
  const { any } = endpoints
  const noLocal = endpoints.local.length === 0
  const hasInternal = any && !(port.internalLocal && noLocal)
  const hasExternal = any && !(port.externalLocal && noLocal)
  const useFirewall = any && port.loadBalancerIps.length > 0 && port.sourceRanges.length > 0
  const internalChain = port.internalLocal ? chains.local : chains.cluster
  const why = any ? `"${name} has no local endpoints"` : `"${name} has no endpoints"`
  const target = any ? 'DROP' : 'REJECT'
  const to = (ip: string, number: number) => `-m ${protocol} -p ${protocol} -d ${ip} --dport ${number}`

  const clusterIp = `-m comment --comment "${name} cluster IP" ${to(port.clusterIp, port.port)}`
  if (hasInternal) nat.push(`-A KUBE-SERVICES ${clusterIp} -j ${internalChain}`)
  else filter.push(`-A KUBE-SERVICES -m comment --comment ${why} ${to(port.clusterIp, port.port)} -j ${target}`)

  for (const ip of port.externalIps) {
    if (any) nat.push(`-A KUBE-SERVICES -m comment --comment "${name} external IP" ${to(ip, port.port)} -j ${chains.external}`)
    if (!hasExternal) filter.push(`-A KUBE-EXTERNAL-SERVICES -m comment --comment ${why} ${to(ip, port.port)} -j ${target}`)
  }
  for (const ip of port.loadBalancerIps) {
    const entry = useFirewall ? chains.firewall : chains.external
    if (any) nat.push(`-A KUBE-SERVICES -m comment --comment "${name} loadbalancer IP" ${to(ip, port.port)} -j ${entry}`)
    if (useFirewall)
      filter.push(
        `-A KUBE-PROXY-FIREWALL -m comment --comment "${name} traffic not accepted by ${chains.firewall}" ${to(ip, port.port)} -j DROP`,
      )
  }
  if (!hasExternal) {
    for (const ip of port.loadBalancerIps)
      filter.push(`-A KUBE-EXTERNAL-SERVICES -m comment --comment ${why} ${to(ip, port.port)} -j ${target}`)
  }
  if (port.nodePort !== 0) {
    const nodePort = `-m ${protocol} -p ${protocol} --dport ${port.nodePort}`
    if (any) nat.push(`-A KUBE-NODEPORTS -m comment --comment ${name} ${nodePort} -j ${chains.external}`)
    if (!hasExternal)
      filter.push(`-A KUBE-EXTERNAL-SERVICES -m comment --comment ${why} -m addrtype --dst-type LOCAL ${nodePort} -j ${target}`)
  }
  if (port.healthCheckNodePort !== 0) {
    filter.push(
      `-A KUBE-NODEPORTS -m comment --comment "${name} health check node port" -m tcp -p tcp --dport ${port.healthCheckNodePort} -j ACCEPT`,
    )
  }
  const own = ownChains(port, endpoints, options, { clusterIp, internalChain, hasInternal, hasExternal, useFirewall })
  return { filter, nat, chains: own }
}

interface Decided {
  readonly clusterIp: string
  readonly internalChain: string
  readonly hasInternal: boolean
  readonly hasExternal: boolean
  readonly useFirewall: boolean
}

function ownChains(port: ServicePort, endpoints: Categorized, options: RuleOptions, decided: Decided): OwnChain[] {
  const { chains } = port
  const own: OwnChain[] = []
  const policies = new Map<string, string[]>()
  if (endpoints.cluster.length > 0 && usesClusterEndpoints(port))
    policies.set(chains.cluster, balance(port, chains.cluster, endpoints.cluster, options))
  if (endpoints.local.length > 0 && usesLocalEndpoints(port))
    policies.set(chains.local, balance(port, chains.local, endpoints.local, options))
  const strangers = options.masqueradeAll ? '' : options.clusterCidr === '' ? null : `! -s ${options.clusterCidr} `
  if (decided.hasInternal && strangers !== null) {
    policies.get(decided.internalChain)?.unshift(`-A ${decided.internalChain} ${decided.clusterIp} ${strangers}-j ${MARK_MASQ}`)
  }
  if (endpoints.any && externallyAccessible(port)) own.push(externalChain(port, options, decided.hasExternal))
  if (decided.useFirewall) own.push(firewallChain(port, options))
  for (const [name, rules] of policies) own.push({ name, rules })
  for (const endpoint of endpoints.reachable) own.push(endpointRules(port, endpoint, options))
  return own
}

function externalChain(port: ServicePort, options: RuleOptions, hasExternal: boolean): OwnChain {
  const { name, chains } = port
  const head = `-A ${chains.external} -m comment --comment`
  const rules: string[] = []
  if (!port.externalLocal) rules.push(`${head} "masquerade traffic for ${name} external destinations" -j ${MARK_MASQ}`)
  else {
    if (options.clusterCidr !== '')
      rules.push(`${head} "pod traffic for ${name} external destinations" -s ${options.clusterCidr} -j ${chains.cluster}`)
    rules.push(
      `${head} "masquerade LOCAL traffic for ${name} external destinations" -m addrtype --src-type LOCAL -j ${MARK_MASQ}`,
      `${head} "route LOCAL traffic for ${name} external destinations" -m addrtype --src-type LOCAL -j ${chains.cluster}`,
    )
  }
  if (hasExternal) rules.push(`-A ${chains.external} -j ${port.externalLocal ? chains.local : chains.cluster}`)
  return { name: chains.external, rules }
}

function firewallChain(port: ServicePort, options: RuleOptions): OwnChain {
  const { name, chains } = port
  const head = `-A ${chains.firewall} -m comment --comment`
  const rules = port.sourceRanges.map((range) => `${head} "${name} loadbalancer IP" -s ${range} -j ${chains.external}`)
  // A node that may connect comes to an address of its own with that address as its source.
  const nodeIp = parseIp(options.nodeIp)
  const allowed =
    nodeIp !== null &&
    port.sourceRanges.some((range) => {
      const prefix = parsePrefix(range)
      return prefix !== null && isV6(prefix.addr) === isV6(nodeIp) && prefixContains(prefix, nodeIp)
    })
  if (allowed) rules.push(...port.loadBalancerIps.map((ip) => `${head} "${name} loadbalancer IP" -s ${ip} -j ${chains.external}`))
  rules.push(`${head} "other traffic to ${name} will be dropped by KUBE-PROXY-FIREWALL"`)
  return { name: chains.firewall, rules }
}

/** writeServiceToEndpointRules: clients that were here before, then a throw of dice per endpoint. */
function balance(port: ServicePort, chain: string, endpoints: readonly ProxyEndpoint[], options: RuleOptions): string[] {
  const head = (endpoint: ProxyEndpoint) => `-A ${chain}${options.large ? '' : ` -m comment --comment "${port.name} -> ${endpoint.text}"`}`
  const sep = (endpoint: ProxyEndpoint) => endpointChain(port.name, port.protocol, endpoint.text)
  const rules: string[] = []
  if (port.affinitySeconds > 0) {
    for (const endpoint of endpoints) {
      rules.push(
        `${head(endpoint)} -m recent --name ${sep(endpoint)} --rcheck --seconds ${port.affinitySeconds} --reap -j ${sep(endpoint)}`,
      )
    }
  }
  endpoints.forEach((endpoint, i) => {
    const left = endpoints.length - i
    const chance = left > 1 ? ` -m statistic --mode random --probability ${(1 / left).toFixed(10)}` : ''
    rules.push(`${head(endpoint)}${chance} -j ${sep(endpoint)}`)
  })
  return rules
}

function endpointRules(port: ServicePort, endpoint: ProxyEndpoint, options: RuleOptions): OwnChain {
  const name = endpointChain(port.name, port.protocol, endpoint.text)
  const head = `-A ${name}${options.large ? '' : ` -m comment --comment ${port.name}`}`
  const recent = port.affinitySeconds > 0 ? ` -m recent --name ${name} --set` : ''
  return {
    name,
    rules: [
      `${head} -s ${endpoint.ip} -j ${MARK_MASQ}`,
      `${head}${recent} -m ${port.protocol} -p ${port.protocol} -j DNAT --to-destination ${endpoint.text}`,
    ],
  }
}
