/**
 * endpointslice-controller: up to a hundred endpoints a slice, one set of ports a slice, and as few writes as possible
 * (staging/src/k8s.io/endpointslice/reconciler.go).
 * Omits: topology hints, the last-change-trigger-time annotation, merging of half-full slices.
 */
import { byText } from '../../base/text-order.ts'
import { objectKey } from '../../api/client/informer.ts'
import { ObjectIndex, SelectorIndex } from '../../api/client/object-index.ts'
import { runController } from '../../api/client/run-controller.ts'
import type { Controller, ReconcileResult } from '../../api/client/run-controller.ts'
import { canonicalJson, equalJson } from '../../api/meta/json.ts'
import { selectorFromMap } from '../../api/meta/labels.ts'
import { hasReason, isStatusError } from '../../api/meta/status.ts'
import { endpointChanged, endpointOf, endpointPorts, serviceFamilies } from '../../api/semantics/service-endpoints.ts'
import type { IpFamily } from '../../api/semantics/service-endpoints.ts'
import type { Endpoint, EndpointPort, EndpointSlice, Node, Pod, Service } from '../../api/types/index.ts'
import type { ControllerDeps } from '../controller-deps.ts'
import { isNamespaceTerminating, ownerReference } from '../pod-control.ts'

/** maxEndpointsPerSlice. */
const ENDPOINTS_MAX = 100
const SERVICE_NAME = 'kubernetes.io/service-name'
const MANAGED_BY = 'endpointslice.kubernetes.io/managed-by'
const CONTROLLER = 'endpointslice-controller.k8s.io'
const RESOURCE = 'endpointslices.discovery.k8s.io'

interface Group {
  ports: EndpointPort[]
  /** By uid of the pod. */
  wanted: Map<string, Endpoint>
}

export function endpointSliceController(deps: ControllerDeps): Controller {
  const { client, clock, trace, recorder, informers, pods: indices } = deps
  const services = informers.of<Service>('services')
  const nodes = informers.of<Node>('nodes')
  const slices = informers.of<EndpointSlice>(RESOURCE)
  const byService = new ObjectIndex<EndpointSlice>(slices, (slice) => {
    const name = slice.metadata.labels?.[SERVICE_NAME]
    return name && slice.metadata.labels?.[MANAGED_BY] === CONTROLLER ? [`${slice.metadata.namespace}/${name}`] : []
  })
  const wanting = new SelectorIndex<Service>(services, (s) => selectorFromMap(s.spec.selector))
  const controller = runController({ clock, trace, name: 'endpointslice-controller', reconcile })

  services.onEvent((service, old) => controller.enqueue(objectKey((service ?? old)!)))
  slices.onEvent((slice, old) => {
    const owner = (slice ?? old)!.metadata.labels?.[SERVICE_NAME]
    if (owner && old && !equalJson(slice?.endpoints, old.endpoints)) controller.enqueue(`${old.metadata.namespace}/${owner}`)
  })
  informers.of<Pod>('pods').onEvent((pod, old) => {
    if (!endpointChanged(pod, old)) return
    for (const p of [pod, old])
      if (p) for (const service of wanting.wanting(p.metadata.namespace!, p.metadata.labels)) controller.enqueue(objectKey(service))
  })

  function reconcile(key: string): ReconcileResult {
    const service = services.byKey(key)
    if (!service || service.spec.type === 'ExternalName') return
    const selector = selectorFromMap(service.spec.selector)
    if (!selector) return
    const pods = indices.byLabel.select(service.metadata.namespace!, selector)
    const existing = byService.get(key)
    try {
      for (const family of serviceFamilies(service))
        reconcileFamily(
          service,
          pods,
          existing.filter((s) => s.addressType === family),
          family,
        )
      const stale = existing.filter((s) => !serviceFamilies(service).includes(s.addressType as IpFamily))
      for (const slice of stale) remove(slice)
    } catch (error) {
      if (isNamespaceTerminating(error)) return
      if (isStatusError(error))
        recorder.event(
          service,
          'Warning',
          'FailedToUpdateEndpointSlices',
          `Error updating Endpoint Slices for Service ${key}: ${error.message}`,
        )
      throw error
    }
  }

  function reconcileFamily(service: Service, pods: readonly Pod[], existing: readonly EndpointSlice[], family: IpFamily): void {
    const groups = new Map<string, Group>()
    for (const pod of [...pods].sort((a, b) => byText(a.metadata.name, b.metadata.name))) {
      const endpoint = endpointOf(pod, service, pod.spec.nodeName ? nodes.byKey(pod.spec.nodeName) : undefined, family)
      if (!endpoint) continue
      const ports = endpointPorts(pod, service)
      const key = canonicalJson(ports)
      const group = groups.get(key) ?? { ports, wanted: new Map<string, Endpoint>() }
      group.wanted.set(pod.metadata.uid!, endpoint)
      groups.set(key, group)
    }
    const byPorts = new Map<string, EndpointSlice[]>()
    for (const slice of [...existing].sort((a, b) => byText(a.metadata.name, b.metadata.name))) {
      const key = canonicalJson(slice.ports ?? [])
      byPorts.set(key, [...(byPorts.get(key) ?? []), slice])
    }
    // A service without endpoints keeps one empty slice, so that everybody sees that it has none.
    if (groups.size === 0) {
      const [first, ...rest] = existing
      for (const slice of rest) remove(slice)
      if (first) write(service, first, [], [])
      else create(service, family, [], [])
      return
    }
    for (const [key, list] of byPorts) if (!groups.has(key)) for (const slice of list) remove(slice)
    for (const key of [...groups.keys()].sort(byText)) fill(service, family, groups.get(key)!, byPorts.get(key) ?? [])
  }

  function fill(service: Service, family: IpFamily, group: Group, existing: readonly EndpointSlice[]): void {
    const kept: [EndpointSlice, Endpoint[]][] = []
    for (const slice of existing) {
      const endpoints: Endpoint[] = []
      for (const endpoint of slice.endpoints ?? []) {
        const wanted = group.wanted.get(endpoint.targetRef?.uid ?? '')
        if (!wanted) continue
        endpoints.push(wanted)
        group.wanted.delete(endpoint.targetRef!.uid!)
      }
      kept.push([slice, endpoints])
    }
    const added = [...group.wanted.values()]
    for (const [slice, endpoints] of kept) {
      while (endpoints.length < ENDPOINTS_MAX && added.length > 0 && (endpoints.length > 0 || kept.length === 1))
        endpoints.push(added.shift()!)
      if (endpoints.length === 0 && kept.length > 1) remove(slice)
      else write(service, slice, endpoints, group.ports)
    }
    while (added.length > 0) create(service, family, added.splice(0, ENDPOINTS_MAX), group.ports)
  }

  function labelsOf(service: Service): Record<string, string> {
    const labels: Record<string, string> = { ...service.metadata.labels, [SERVICE_NAME]: service.metadata.name, [MANAGED_BY]: CONTROLLER }
    if (service.spec.clusterIP === 'None') labels['service.kubernetes.io/headless'] = ''
    return labels
  }

  function write(service: Service, slice: EndpointSlice, endpoints: Endpoint[], ports: EndpointPort[]): void {
    const labels = labelsOf(service)
    if (equalJson(slice.endpoints ?? [], endpoints) && equalJson(slice.ports ?? [], ports) && equalJson(slice.metadata.labels, labels))
      return
    client.update(RESOURCE, { ...slice, metadata: { ...slice.metadata, labels }, endpoints, ports } as EndpointSlice)
  }

  function create(service: Service, addressType: IpFamily, endpoints: Endpoint[], ports: EndpointPort[]): void {
    const { name, namespace } = service.metadata
    client.create(RESOURCE, namespace!, {
      metadata: { generateName: `${name}-`, namespace, labels: labelsOf(service), ownerReferences: [ownerReference(service)] },
      addressType,
      endpoints,
      ports,
    })
  }

  function remove(slice: EndpointSlice): void {
    try {
      client.delete(RESOURCE, slice.metadata.namespace!, slice.metadata.name)
    } catch (error) {
      if (!hasReason(error, 'NotFound')) throw error
    }
  }

  return controller
}
