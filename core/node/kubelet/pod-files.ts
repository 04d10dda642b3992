/**
 * The two files that the kubelet writes for every pod, and its host name.
 * Truth: pkg/kubelet/network/dns (dnsPolicy), kubelet_pods.go (managed hosts file, GeneratePodHostNameAndDomain).
 *
 * Omits: setHostnameAsFQDN beyond the name itself, the limits of 3 name servers' warning events.
 */
import type { Pod } from '../../api/types/index.ts'

export interface DnsSettings {
  clusterDns: readonly string[]
  clusterDomain: string
  /** The node's own /etc/resolv.conf. */
  hostResolvConf: string
}

/** resolv.conf(5) as glibc reads it: 3 servers; Kubernetes allows 32 search domains of 2048 characters. */
const NAMESERVERS_MAX = 3
const SEARCHES_MAX = 32

interface Resolver {
  servers: string[]
  searches: string[]
  options: Map<string, string | undefined>
}

export function resolvConf(pod: Pod, settings: DnsSettings): string {
  const host = parseResolvConf(settings.hostResolvConf)
  const namespace = pod.metadata.namespace ?? 'default'
  let resolver: Resolver
  let policy = pod.spec.dnsPolicy ?? 'ClusterFirst'
  if (policy === 'ClusterFirst' && pod.spec.hostNetwork) policy = 'Default'
  if (policy === 'ClusterFirst' || policy === 'ClusterFirstWithHostNet') {
    const domain = settings.clusterDomain
    resolver = {
      servers: [...settings.clusterDns],
      searches: [`${namespace}.svc.${domain}`, `svc.${domain}`, domain, ...host.searches],
      options: new Map([['ndots', '5']]),
    }
  } else if (policy === 'None') resolver = { servers: [], searches: [], options: new Map() }
  else resolver = host
  const own = pod.spec.dnsConfig
  if (own) {
    resolver.servers = unique([...resolver.servers, ...(own.nameservers ?? [])])
    resolver.searches = unique([...resolver.searches, ...(own.searches ?? [])])
    for (const { name, value } of own.options ?? []) resolver.options.set(name, value)
  }
  const lines: string[] = []
  if (resolver.searches.length > 0) lines.push(`search ${resolver.searches.slice(0, SEARCHES_MAX).join(' ')}`)
  for (const server of resolver.servers.slice(0, NAMESERVERS_MAX)) lines.push(`nameserver ${server}`)
  const options = [...resolver.options].map(([name, value]) => (value === undefined || value === '' ? name : `${name}:${value}`))
  if (options.length > 0) lines.push(`options ${options.join(' ')}`)
  return lines.map((line) => `${line}\n`).join('')
}

function parseResolvConf(text: string): Resolver {
  const resolver: Resolver = { servers: [], searches: [], options: new Map() }
  for (const line of text.split('\n')) {
    const [word, ...rest] = line.trim().split(/\s+/)
    if (word === 'nameserver' && rest[0]) resolver.servers.push(rest[0])
    else if (word === 'search') resolver.searches = rest.filter((name) => name !== '.')
    else if (word === 'options') {
      for (const option of rest) {
        const [name, value] = option.split(':')
        resolver.options.set(name, value)
      }
    }
  }
  return resolver
}

/** At most 63 characters; `hostname` of the spec goes before the pod's name. */
export function podHostname(pod: Pod): string {
  return (pod.spec.hostname || pod.metadata.name).slice(0, 63).replace(/[-.]+$/, '')
}

export function podDomain(pod: Pod, clusterDomain: string): string {
  return pod.spec.subdomain ? `${pod.spec.subdomain}.${pod.metadata.namespace ?? 'default'}.svc.${clusterDomain}` : ''
}

export function hostsFile(pod: Pod, ips: readonly string[], clusterDomain: string, hostFile: string): string {
  let text: string
  if (pod.spec.hostNetwork) text = `# Kubernetes-managed hosts file (host network).\n${hostFile}`
  else {
    text = '# Kubernetes-managed hosts file.\n127.0.0.1\tlocalhost\n::1\tlocalhost ip6-localhost ip6-loopback\n'
      + 'fe00::0\tip6-localnet\nfe00::0\tip6-mcastprefix\nfe00::1\tip6-allnodes\nfe00::2\tip6-allrouters\n'
    const name = podHostname(pod)
    const domain = podDomain(pod, clusterDomain)
    for (const ip of ips) text += domain === '' ? `${ip}\t${name}\n` : `${ip}\t${name}.${domain}\t${name}\n`
  }
  const aliases = pod.spec.hostAliases ?? []
  if (aliases.length > 0) text += `\n# Entries added by HostAliases.\n${aliases.map((a) => `${a.ip}\t${(a.hostnames ?? []).join('\t')}\n`).join('')}`
  return text
}

function unique(items: string[]): string[] {
  return [...new Set(items)]
}
