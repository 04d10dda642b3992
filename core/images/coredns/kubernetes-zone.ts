/**
 * CoreDNS' `kubernetes` plugin: names of services, endpoints and pods.
 * Truth: github.com/kubernetes/dns docs/specification.md (Kubernetes DNS-Based Service Discovery 1.1.0) and the plugin's README.
 *
 * Omits: zone transfer, federation, `namespaces` and `labels` options, topology.
 */
import type { Informer } from '../../api/client/informer.ts'
import type { Endpoint, EndpointSlice, Namespace, Pod, Service } from '../../api/types/index.ts'
import type { DnsRecord } from '../../linux/libc/dns-message.ts'
import { type IpAddr, isV6, parseIp } from '../../net/addr/ip.ts'

export interface ZoneSources {
  services: Informer<Service>
  slices: Informer<EndpointSlice>
  namespaces: Informer<Namespace>
  /** Only with `pods verified`. */
  pods: Informer<Pod> | null
}

export interface ZoneOptions {
  zone: string
  ttl: number
  pods: 'disabled' | 'insecure' | 'verified'
  serial: number
}

export type ZoneAnswer =
  | { kind: 'records'; records: DnsRecord[]; additionals: DnsRecord[] }
  /** The name exists, the type does not. */
  | { kind: 'nodata' }
  | { kind: 'nxdomain' }
  /** An ExternalName service: the rest is somebody else's. */
  | { kind: 'cname'; record: DnsRecord; target: string }

const SLICE_SERVICE = 'kubernetes.io/service-name'
const NONE: readonly EndpointSlice[] = []

export class KubernetesZone {
  readonly #sources: ZoneSources
  readonly #options: ZoneOptions
  /** By `namespace/service`, so that a query looks at its own slices only. */
  readonly #slices = new Map<string, Map<string, EndpointSlice>>()
  /** Services by cluster address, for PTR. */
  readonly #byIp = new Map<string, Service>()

  constructor(sources: ZoneSources, options: ZoneOptions) {
    this.#sources = sources
    this.#options = options
    sources.slices.onEvent((slice, old) => {
      if (old) this.#slices.get(sliceKey(old))?.delete(old.metadata.name)
      if (!slice) return
      const key = sliceKey(slice)
      const own = this.#slices.get(key) ?? new Map<string, EndpointSlice>()
      own.set(slice.metadata.name, slice)
      this.#slices.set(key, own)
    })
    sources.services.onEvent((service, old) => {
      for (const ip of clusterIps(old)) this.#byIp.delete(ip)
      if (service) for (const ip of clusterIps(service)) this.#byIp.set(ip, service)
    })
  }

  get synced(): boolean {
    const { services, slices, namespaces } = this.#sources
    return services.synced && slices.synced && namespaces.synced
  }

  soa(): DnsRecord {
    const { zone, ttl, serial } = this.#options
    return { type: 'SOA', name: zone, ttl, primary: `ns.dns.${zone}`, mailbox: `hostmaster.${zone}`, serial, refresh: 7200, retry: 1800, expire: 86400, minimum: ttl }
  }

  /** `name` is lower case, inside the zone. */
  lookup(name: string, type: string): ZoneAnswer {
    const { zone, ttl } = this.#options
    if (name === zone) return this.#apex(type)
    const labels = name.slice(0, -zone.length - 1).split('.')
    if (name === `dns-version.${zone}`) return records(type === 'TXT' ? [{ type: 'TXT', name, ttl, texts: ['1.1.0'] }] : [])
    if (name === `ns.dns.${zone}`) return this.#service('kube-dns', 'kube-system', name, type, null)
    const root = labels.pop()
    if (root === 'pod') return this.#pod(labels, name, type)
    if (root !== 'svc') return { kind: 'nxdomain' }
    if (labels.length === 0) return { kind: 'nodata' }
    const namespace = labels.pop() as string
    if (!this.#sources.namespaces.get('', namespace)) return { kind: 'nxdomain' }
    if (labels.length === 0) return { kind: 'nodata' }
    const service = labels.pop() as string
    if (labels.length === 0) return this.#service(service, namespace, name, type, null)
    if (labels.length === 2 && labels[0].startsWith('_') && labels[1].startsWith('_')) {
      return this.#service(service, namespace, name, type, { port: labels[0].slice(1), protocol: labels[1].slice(1) })
    }
    return labels.length === 1 ? this.#endpoint(labels[0], service, namespace, name, type) : { kind: 'nxdomain' }
  }

  /** Null when no service or endpoint of this cluster has the address. */
  reverse(ip: IpAddr, text: string, name: string): DnsRecord[] | null {
    const { zone, ttl } = this.#options
    const service = this.#byIp.get(text)
    if (service) return [{ type: 'PTR', name, ttl, target: `${service.metadata.name}.${service.metadata.namespace}.svc.${zone}` }]
    const found: DnsRecord[] = []
    for (const [key, slices] of this.#slices) {
      const [namespace, owner] = key.split('/')
      if (this.#sources.services.get(namespace, owner)?.spec.clusterIP !== 'None') continue
      for (const slice of slices.values()) {
        for (const endpoint of slice.endpoints ?? []) {
          if (!endpoint.addresses.includes(text)) continue
          found.push({ type: 'PTR', name, ttl, target: `${endpoint.hostname || dashed(text)}.${owner}.${namespace}.svc.${zone}` })
        }
      }
    }
    return found.length > 0 && ip !== 0 ? found : null
  }

  #apex(type: string): ZoneAnswer {
    const { zone, ttl } = this.#options
    if (type === 'SOA') return records([this.soa()])
    if (type !== 'NS') return { kind: 'nodata' }
    const ip = parseIp(this.#sources.services.get('kube-system', 'kube-dns')?.spec.clusterIP ?? '')
    const host = `ns.dns.${zone}`
    return records([{ type: 'NS', name: zone, ttl, target: host }], ip === null ? [] : [address(host, ip, ttl)])
  }

  #service(service: string, namespace: string, name: string, type: string, srv: { port: string; protocol: string } | null): ZoneAnswer {
    const { ttl } = this.#options
    const found = this.#sources.services.get(namespace, service)
    if (!found) return { kind: 'nxdomain' }
    if (found.spec.type === 'ExternalName') {
      const target = (found.spec.externalName ?? '').replace(/\.$/, '')
      return { kind: 'cname', target, record: { type: 'CNAME', name, ttl, target } }
    }
    const headless = found.spec.clusterIP === 'None'
    if (type === 'SRV' || srv) return this.#srv(found, service, namespace, name, type, srv, headless)
    const addresses = headless ? this.#ready(namespace, service).flatMap(({ endpoint }) => endpoint.addresses) : clusterIps(found)
    // A headless service without endpoints has a name and no addresses; CoreDNS says that there is no such domain.
    if (headless && addresses.length === 0) return { kind: 'nxdomain' }
    const wanted = unique(addresses).map(parseIp).filter((ip): ip is IpAddr => ip !== null && (isV6(ip) ? type === 'AAAA' : type === 'A'))
    return records(wanted.map((ip) => address(name, ip, ttl)))
  }

  #srv(
    found: Service, service: string, namespace: string, name: string, type: string, srv: { port: string; protocol: string } | null, headless: boolean,
  ): ZoneAnswer {
    const { ttl, zone } = this.#options
    const base = `${service}.${namespace}.svc.${zone}`
    const fits = (port: string, protocol: string): boolean => srv === null || ((srv.port === port || srv.port === '*') && srv.protocol === protocol.toLowerCase())
    const list: { target: string; port: number; ips: string[] }[] = []
    if (headless) {
      for (const { endpoint, slice } of this.#ready(namespace, service)) {
        for (const port of slice.ports ?? []) {
          if (port.port === undefined || !fits(port.name ?? '', port.protocol ?? 'TCP')) continue
          list.push({ target: `${endpoint.hostname || dashed(endpoint.addresses[0])}.${base}`, port: port.port, ips: endpoint.addresses })
        }
      }
    } else for (const port of found.spec.ports ?? []) if (fits(port.name ?? '', port.protocol ?? 'TCP')) list.push({ target: base, port: port.port, ips: clusterIps(found) })
    if (list.length === 0) return { kind: 'nxdomain' }
    if (type !== 'SRV') return { kind: 'nodata' }
    const weight = Math.floor(100 / list.length) || 1
    const additionals: DnsRecord[] = []
    for (const { target, ips } of list) {
      if (additionals.some((a) => a.name === target)) continue
      for (const ip of ips.map(parseIp)) if (ip !== null) additionals.push(address(target, ip, ttl))
    }
    return records(list.map(({ target, port }) => ({ type: 'SRV', name, ttl, priority: 0, weight, port, target })), additionals)
  }

  #endpoint(label: string, service: string, namespace: string, name: string, type: string): ZoneAnswer {
    const found = this.#ready(namespace, service).filter(({ endpoint }) => (endpoint.hostname ? endpoint.hostname === label : dashed(endpoint.addresses[0]) === label))
    const ips = found.flatMap(({ endpoint }) => endpoint.addresses).map(parseIp).filter((ip): ip is IpAddr => ip !== null)
    if (ips.length === 0 || !this.#sources.services.get(namespace, service)) return { kind: 'nxdomain' }
    const wanted = ips.filter((ip) => (isV6(ip) ? type === 'AAAA' : type === 'A'))
    return records(wanted.map((ip) => address(name, ip, this.#options.ttl)))
  }

  /** `10-244-1-7.default.pod.cluster.local` */
  #pod(labels: string[], name: string, type: string): ZoneAnswer {
    if (this.#options.pods === 'disabled') return { kind: 'nxdomain' }
    if (labels.length === 0) return { kind: 'nodata' }
    const namespace = labels.pop() as string
    if (!this.#sources.namespaces.get('', namespace)) return { kind: 'nxdomain' }
    if (labels.length === 0) return { kind: 'nodata' }
    if (labels.length > 1) return { kind: 'nxdomain' }
    const text = /^\d+-\d+-\d+-\d+$/.test(labels[0]) ? labels[0].replaceAll('-', '.') : labels[0].replaceAll('-', ':')
    const ip = parseIp(text)
    if (ip === null) return { kind: 'nxdomain' }
    if (this.#options.pods === 'verified') {
      let known = false
      for (const pod of this.#sources.pods?.values() ?? []) {
        if (pod.metadata.namespace === namespace && pod.status?.podIPs?.some((p) => p.ip === text)) known = true
      }
      if (!known) return { kind: 'nxdomain' }
    }
    return (isV6(ip) ? type === 'AAAA' : type === 'A') ? records([address(name, ip, this.#options.ttl)]) : { kind: 'nodata' }
  }

  #ready(namespace: string, service: string): { endpoint: Endpoint; slice: EndpointSlice }[] {
    const result: { endpoint: Endpoint; slice: EndpointSlice }[] = []
    for (const slice of this.#slices.get(`${namespace}/${service}`)?.values() ?? NONE) {
      for (const endpoint of slice.endpoints ?? []) if (endpoint.conditions?.ready !== false) result.push({ endpoint, slice })
    }
    return result
  }
}

function sliceKey(slice: EndpointSlice): string {
  return `${slice.metadata.namespace}/${slice.metadata.labels?.[SLICE_SERVICE] ?? ''}`
}

function clusterIps(service: Service | undefined): string[] {
  if (!service) return []
  const ips = service.spec.clusterIPs ?? (service.spec.clusterIP ? [service.spec.clusterIP] : [])
  return ips.filter((ip) => ip !== 'None' && ip !== '')
}

function address(name: string, ip: IpAddr, ttl: number): DnsRecord {
  return { type: isV6(ip) ? 'AAAA' : 'A', name, ttl, address: ip }
}

function records(list: DnsRecord[], additionals: DnsRecord[] = []): ZoneAnswer {
  return list.length > 0 ? { kind: 'records', records: list, additionals } : { kind: 'nodata' }
}

function dashed(ip: string): string {
  return ip.replaceAll(/[.:]/g, '-')
}

function unique(items: string[]): string[] {
  return [...new Set(items)]
}
