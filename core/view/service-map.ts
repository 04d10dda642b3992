/**
 * A Service with what it leads to: ports, endpoints with their pods, and the chains that kube-proxy made for it on each machine.
 *
 * Truth: Service and EndpointSlice objects, `rules.origin` trace events.
 * Omits: endpoints that only DNS knows (ExternalName).
 */
import type { KernelTablesFold } from './kernel-tables.ts'
import { at, listAt, numberAt, type ObjectsFold, textAt } from './objects.ts'

export interface ServiceView {
  reference: string
  namespace: string
  name: string
  type: string
  clusterIp: string
  ports: { name: string; port: number; nodePort: number; target: string; protocol: string }[]
  endpoints: { address: string; ports: number[]; ready: boolean; node: string; pod: string }[]
  chains: { netns: number; table: string; chain: string; by: string }[]
}

const SLICES = ['endpointslices.discovery.k8s.io', 'endpointslices']

export function serviceMap(objects: ObjectsFold, kernel: KernelTablesFold): ServiceView[] {
  const slices = SLICES.flatMap((resource) => objects.list(resource))
  const services = objects.list('services').map((entry): ServiceView => {
    const { body } = entry
    const { namespace, name } = entry.event
    const mine = slices.filter(
      (slice) => slice.event.namespace === namespace && textAt(slice.body, 'metadata', 'labels', 'kubernetes.io/service-name') === name,
    )
    return {
      reference: entry.reference,
      namespace,
      name,
      type: textAt(body, 'spec', 'type') || 'ClusterIP',
      clusterIp: textAt(body, 'spec', 'clusterIP'),
      ports: listAt(body, 'spec', 'ports').map((port) => ({
        name: textAt(port, 'name'),
        port: numberAt(port, 'port'),
        nodePort: numberAt(port, 'nodePort'),
        target: textAt(port, 'targetPort'),
        protocol: textAt(port, 'protocol') || 'TCP',
      })),
      endpoints: mine.flatMap((slice) => {
        const ports = listAt(slice.body, 'ports').map((port) => numberAt(port, 'port'))
        return listAt(slice.body, 'endpoints').map((one) => ({
          address: String(listAt(one, 'addresses')[0] ?? ''),
          ports,
          ready: at(one, 'conditions', 'ready') !== false,
          node: textAt(one, 'nodeName'),
          pod: at(one, 'targetRef') === undefined ? '' : `${textAt(one, 'targetRef', 'namespace')}/${textAt(one, 'targetRef', 'name')}`,
        }))
      }),
      chains: [...kernel.origins.keys()].flatMap((netns) =>
        kernel.chainsOf(entry.reference, netns).map((origin) => ({ netns, table: origin.table, chain: origin.chain, by: origin.by })),
      ),
    }
  })
  return services.sort((a, b) => (a.reference < b.reference ? -1 : a.reference > b.reference ? 1 : 0))
}

/** Chains in the order in which a packet to a Service meets them. */
const WAY = ['KUBE-SERVICES', 'KUBE-NODEPORTS', 'KUBE-EXT-', 'KUBE-FW-', 'KUBE-SVL-', 'KUBE-SVC-', 'KUBE-SEP-']

/** Sorts rules as a packet walks them: entry chains, the Service's, its endpoints'. */
function byPacketWay(a: { chain: string; number: number }, b: { chain: string; number: number }): number {
  const rank = (chain: string) => WAY.findIndex((start) => chain.startsWith(start))
  return rank(a.chain) - rank(b.chain) || (a.chain < b.chain ? -1 : a.chain > b.chain ? 1 : a.number - b.number)
}

interface Rule {
  netns: number
  table: string
  chain: string
  number: number
  rule: string
  object: string
}

const JUMP = / -[jg] (\S+)/

/** The rules that were made for a Service: those of its own chains, and those of shared chains that lead into them. */
export function rulesFor<R extends Rule>(rules: readonly R[], reference: string): R[] {
  const place = (rule: Rule, chain: string) => `${rule.netns} ${rule.table} ${chain}`
  const own = rules.filter((rule) => rule.object === reference)
  const chains = new Set(own.map((rule) => place(rule, rule.chain)))
  const entries = rules.filter((rule) => rule.object !== reference && chains.has(place(rule, JUMP.exec(rule.rule)?.[1] ?? '')))
  return [...entries, ...own].sort(byPacketWay)
}
