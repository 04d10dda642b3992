/**
 * The downward API: a pod's own fields and its containers' resources as text. Truth: pkg/fieldpath, pkg/api/v1/resource
 * (ExtractContainerResourceValue), docs "Downward API".
 */
import { parseQuantity } from '../../api/meta/quantity.ts'
import { byText } from '../../base/text-order.ts'
import type { Pod } from '../../api/types/index.ts'

/** Undefined when the path names nothing that may be asked for. */
export function fieldValue(pod: Pod, path: string): string | undefined {
  const subscript = /^metadata\.(annotations|labels)\['([^']*)'\]$/.exec(path)
  if (subscript) return pod.metadata[subscript[1] as 'annotations' | 'labels']?.[subscript[2]] ?? ''
  switch (path) {
    case 'metadata.name': return pod.metadata.name
    case 'metadata.namespace': return pod.metadata.namespace ?? ''
    case 'metadata.uid': return pod.metadata.uid ?? ''
    case 'metadata.labels': return mapText(pod.metadata.labels)
    case 'metadata.annotations': return mapText(pod.metadata.annotations)
    case 'spec.nodeName': return pod.spec.nodeName ?? ''
    case 'spec.serviceAccountName': return pod.spec.serviceAccountName ?? ''
    case 'spec.restartPolicy': return pod.spec.restartPolicy ?? ''
    case 'status.hostIP': return pod.status?.hostIP ?? ''
    case 'status.hostIPs': return (pod.status?.hostIPs ?? []).map((a) => a.ip).join(',')
    case 'status.podIP': return pod.status?.podIP ?? ''
    case 'status.podIPs': return (pod.status?.podIPs ?? []).map((a) => a.ip).join(',')
    default: return undefined
  }
}

export interface ResourceSelector {
  containerName?: string
  resource: string
  divisor?: string
}

/** `limits.cpu` and the like, divided and rounded up; a missing limit is what the node has. */
export function resourceValue(pod: Pod, container: string, selector: ResourceSelector, allocatable: ReadonlyMap<string, string>): string {
  const name = selector.containerName || container
  const found = [...pod.spec.containers, ...(pod.spec.initContainers ?? [])].find((c) => c.name === name)
  const [kind, ...rest] = selector.resource.split('.')
  const resource = rest.join('.')
  const own = kind === 'limits' ? found?.resources?.limits?.[resource] : found?.resources?.requests?.[resource]
  const text = own ?? (kind === 'limits' ? allocatable.get(resource) : undefined) ?? '0'
  const value = parseQuantity(text)?.nanos ?? 0n
  const divisor = parseQuantity(selector.divisor && selector.divisor !== '0' ? selector.divisor : '1')?.nanos ?? 1_000_000_000n
  return divisor === 0n ? '0' : String((value + divisor - 1n) / divisor)
}

/** `key="value"` per line, keys in order. */
function mapText(map: { [key: string]: string } | undefined): string {
  return Object.entries(map ?? {})
    .sort(([a], [b]) => byText(a, b))
    .map(([key, value]) => `${key}=${JSON.stringify(value)}`)
    .join('\n')
}
