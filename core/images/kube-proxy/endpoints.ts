/**
 * Endpoints as kube-proxy sees them, and which of them a node uses for a service port: pkg/proxy/endpointslicecache.go and
 * topology.go (CategorizeEndpoints).
 */
import { byText } from '../../base/text-order.ts'
import type { EndpointSlice } from '../../api/types/index.ts'
import { portKey, type ProxyFamily, type ServicePort, usesClusterEndpoints, usesLocalEndpoints } from './service-port.ts'

export interface ProxyEndpoint {
  readonly ip: string
  readonly port: number
  /** `10.244.1.2:8080`, `[fd00::2]:8080`. */
  readonly text: string
  readonly ready: boolean
  readonly serving: boolean
  readonly terminating: boolean
  readonly local: boolean
  readonly zones: readonly string[]
  readonly nodes: readonly string[]
}

export const SERVICE_NAME_LABEL = 'kubernetes.io/service-name'
/** Slices of headless services are not for proxies. */
const HEADLESS_LABEL = 'service.kubernetes.io/headless'

/** By `portKey`; each list in the order of its text. */
export function endpointsByPort(slices: Iterable<EndpointSlice>, family: ProxyFamily, nodeName: string): Map<string, ProxyEndpoint[]> {
  const found = new Map<string, Map<string, ProxyEndpoint>>()
  for (const slice of slices) {
    const labels = slice.metadata.labels ?? {}
    const name = labels[SERVICE_NAME_LABEL]
    if (name === undefined || labels[HEADLESS_LABEL] !== undefined) continue
    if (slice.addressType !== (family === 'ipv4' ? 'IPv4' : 'IPv6')) continue
    for (const port of slice.ports ?? []) {
      if (port.port === undefined) continue
      const key = portKey(`${slice.metadata.namespace}/${name}`, port.name ?? '', (port.protocol ?? 'TCP').toLowerCase())
      const endpoints = found.get(key) ?? new Map<string, ProxyEndpoint>()
      found.set(key, endpoints)
      for (const endpoint of slice.endpoints ?? []) {
        const ip = endpoint.addresses[0]
        if (ip === undefined) continue
        const text = family === 'ipv6' ? `[${ip}]:${port.port}` : `${ip}:${port.port}`
        const { ready, serving, terminating } = endpoint.conditions ?? {}
        const made: ProxyEndpoint = {
          ip,
          port: port.port,
          text,
          ready: ready !== false,
          serving: serving ?? ready !== false,
          terminating: terminating === true,
          local: endpoint.nodeName === nodeName,
          zones: (endpoint.hints?.forZones ?? []).map((zone) => zone.name),
          nodes: (endpoint.hints?.forNodes ?? []).map((node) => node.name),
        }
        // While an endpoint moves from one slice to another both may hold it: the ready one counts.
        const old = endpoints.get(text)
        if (!old || (!old.ready && made.ready)) endpoints.set(text, made)
      }
    }
  }
  return new Map([...found].map(([key, endpoints]) => [key, [...endpoints.values()].sort((a, b) => byText(a.text, b.text))]))
}

export interface Categorized {
  readonly cluster: readonly ProxyEndpoint[]
  readonly local: readonly ProxyEndpoint[]
  /** Everything that some chain of this node may lead to. */
  readonly reachable: readonly ProxyEndpoint[]
  /** Some node has an endpoint that can be used. */
  readonly any: boolean
}

type Topology = '' | 'node' | 'zone'

/** topologyModeFromHints: hints count only when every ready endpoint has them and one of them is for here. */
function topologyOf(endpoints: readonly ProxyEndpoint[], nodeName: string, zone: string): Topology {
  const ready = endpoints.filter((endpoint) => endpoint.ready)
  if (ready.length === 0) return ''
  if (ready.every(({ nodes }) => nodes.length > 0) && ready.some(({ nodes }) => nodes.includes(nodeName))) return 'node'
  if (zone !== '' && ready.every(({ zones }) => zones.length > 0) && ready.some(({ zones }) => zones.includes(zone))) return 'zone'
  return ''
}

export function categorizeEndpoints(endpoints: readonly ProxyEndpoint[], port: ServicePort, nodeName: string, zone: string): Categorized {
  const useCluster = usesClusterEndpoints(port)
  const topology = useCluster ? topologyOf(endpoints, nodeName, zone) : ''
  const here = (endpoint: ProxyEndpoint) =>
    topology === '' || (topology === 'node' ? endpoint.nodes.includes(nodeName) : endpoint.zones.includes(zone))
  const leaving = (endpoint: ProxyEndpoint) => endpoint.serving && endpoint.terminating
  let cluster: ProxyEndpoint[] = []
  if (useCluster) {
    cluster = endpoints.filter((endpoint) => endpoint.ready && here(endpoint))
    // Better those that are about to go than none.
    if (cluster.length === 0) cluster = endpoints.filter(leaving)
  }
  if (!usesLocalEndpoints(port)) return { cluster, local: [], reachable: cluster, any: cluster.length > 0 }
  const any = endpoints.some((endpoint) => endpoint.ready || leaving(endpoint))
  let local = endpoints.filter((endpoint) => endpoint.local && endpoint.ready)
  if (local.length === 0) local = endpoints.filter((endpoint) => endpoint.local && leaving(endpoint))
  if (!useCluster) return { cluster, local, reachable: local, any }
  const known = new Set(cluster)
  return { cluster, local, reachable: [...cluster, ...local.filter((endpoint) => !known.has(endpoint))], any }
}
