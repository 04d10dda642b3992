/**
 * UDP connections that lead to endpoints which are no more: pkg/proxy/conntrack/cleanup.go (CleanStaleEntries). A UDP client that
 * keeps its port would otherwise talk to a dead pod as long as it goes on talking.
 */
import { IPPROTO_UDP } from '../../net/packet/packet.ts'
import { type IpAddr, parseIp } from '../../net/addr/ip.ts'
import type { Conntrack } from '../../net/netfilter/conntrack.ts'
import type { ProxyEndpoint } from './endpoints.ts'
import type { ProxyFamily, ServicePort } from './service-port.ts'

/** Deletes stale entries of the family; how many there were. */
export function deleteStaleConntrack(
  conntrack: Conntrack,
  family: ProxyFamily,
  ports: readonly { port: ServicePort; endpoints: readonly ProxyEndpoint[] }[],
): number {
  const byAddress = new Map<number, Map<IpAddr, Set<IpAddr>>>()
  const byNodePort = new Map<number, Set<IpAddr>>()
  for (const { port, endpoints } of ports) {
    if (port.protocol !== 'udp') continue
    const serving = new Set(endpoints.filter((endpoint) => endpoint.serving).map((endpoint) => parseIp(endpoint.ip) as IpAddr))
    const addresses = byAddress.get(port.port) ?? new Map<IpAddr, Set<IpAddr>>()
    byAddress.set(port.port, addresses)
    for (const text of [port.clusterIp, ...port.externalIps, ...port.loadBalancerIps]) addresses.set(parseIp(text) as IpAddr, serving)
    if (port.nodePort !== 0) byNodePort.set(port.nodePort, serving)
  }
  if (byAddress.size === 0) return 0
  return conntrack.delete({
    version: family === 'ipv4' ? 4 : 6,
    protocol: IPPROTO_UDP,
    where({ original, reply }) {
      const serving = byAddress.get(original.dport)?.get(original.dst) ?? byNodePort.get(original.dport)
      return serving !== undefined && !serving.has(reply.src)
    },
  })
}
