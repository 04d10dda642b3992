/**
 * What kube-proxy knows of one port of a Service in one IP family (pkg/proxy/serviceport.go, servicechangetracker.go).
 *
 * Omits: topology annotations of old versions, SCTP's special cases.
 */
import { isV6, parseIp, parsePrefix } from '../../net/addr/ip.ts'
import type { Service } from '../../api/types/index.ts'
import { portChains, type PortChains } from './chain-names.ts'

export type ProxyFamily = 'ipv4' | 'ipv6'

export interface ServicePort {
  /** `namespace/service:port`, without `:port` when the port has no name. */
  readonly name: string
  /** `namespace/service`. */
  readonly service: string
  readonly portName: string
  /** Lower case. */
  readonly protocol: string
  readonly clusterIp: string
  readonly port: number
  readonly nodePort: number
  readonly externalIps: readonly string[]
  readonly loadBalancerIps: readonly string[]
  readonly sourceRanges: readonly string[]
  readonly internalLocal: boolean
  readonly externalLocal: boolean
  readonly healthCheckNodePort: number
  /** Seconds of ClientIP affinity, or 0. */
  readonly affinitySeconds: number
  readonly chains: PortChains
}

/** v1.DefaultClientIPServiceAffinitySeconds */
const AFFINITY_SECONDS = 10800
/** Services with this label are another proxy's. */
const PROXY_NAME_LABEL = 'service.kubernetes.io/service-proxy-name'

/** Key under which endpoints are found: two protocols may share a port's name. */
export function portKey(service: string, portName: string, protocol: string): string {
  return `${service}:${portName}/${protocol}`
}

function inFamily(family: ProxyFamily, text: string): boolean {
  const ip = parseIp(text)
  return ip !== null && isV6(ip) === (family === 'ipv6')
}

/** Empty for services that need no proxy: headless, ExternalName, other families, other proxies. */
export function servicePorts(service: Service, family: ProxyFamily): ServicePort[] {
  const { spec, metadata, status } = service
  if (spec.type === 'ExternalName' || metadata.labels?.[PROXY_NAME_LABEL] !== undefined) return []
  const clusterIp = (spec.clusterIPs ?? [spec.clusterIP ?? '']).find((ip) => inFamily(family, ip))
  if (clusterIp === undefined) return []
  const namespaced = `${metadata.namespace}/${metadata.name}`
  const loadBalancerIps = (status?.loadBalancer?.ingress ?? [])
    .filter(({ ip, ipMode }) => ip !== undefined && ipMode !== 'Proxy' && inFamily(family, ip))
    .map(({ ip }) => ip as string)
  const sourceRanges = (spec.loadBalancerSourceRanges ?? [])
    .map((range) => range.trim())
    .filter((range) => {
      const prefix = parsePrefix(range)
      return prefix !== null && isV6(prefix.addr) === (family === 'ipv6')
    })
  const externallyKnown = spec.type === 'NodePort' || spec.type === 'LoadBalancer' || (spec.externalIPs ?? []).length > 0
  const affinity = spec.sessionAffinity === 'ClientIP'
  return (spec.ports ?? []).map((port) => {
    const portName = port.name ?? ''
    const name = portName === '' ? namespaced : `${namespaced}:${portName}`
    const protocol = (port.protocol ?? 'TCP').toLowerCase()
    return {
      name,
      service: namespaced,
      portName,
      protocol,
      clusterIp,
      port: port.port,
      nodePort: port.nodePort ?? 0,
      externalIps: (spec.externalIPs ?? []).filter((ip) => inFamily(family, ip)),
      loadBalancerIps,
      sourceRanges,
      internalLocal: spec.internalTrafficPolicy === 'Local',
      externalLocal: externallyKnown && spec.externalTrafficPolicy === 'Local',
      healthCheckNodePort: spec.type === 'LoadBalancer' && spec.externalTrafficPolicy === 'Local' ? (spec.healthCheckNodePort ?? 0) : 0,
      affinitySeconds: affinity ? (spec.sessionAffinityConfig?.clientIP?.timeoutSeconds ?? AFFINITY_SECONDS) : 0,
      chains: portChains(name, protocol),
    }
  })
}

export function externallyAccessible(port: ServicePort): boolean {
  return port.nodePort !== 0 || port.loadBalancerIps.length > 0 || port.externalIps.length > 0
}

/** Even with external policy Local, pods and the node itself take the short cut to any endpoint. */
export function usesClusterEndpoints(port: ServicePort): boolean {
  return !port.internalLocal || externallyAccessible(port)
}

export function usesLocalEndpoints(port: ServicePort): boolean {
  return port.internalLocal || (port.externalLocal && externallyAccessible(port))
}
