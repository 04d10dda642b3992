/**
 * endpoints-controller: the old, single object per service (pkg/controller/endpoint).
 * Omits: the limit of 1000 addresses, the last-change-trigger-time annotation.
 */
import { byText } from '../../base/text-order.ts'
import { objectKey } from '../../api/client/informer.ts'
import { SelectorIndex } from '../../api/client/object-index.ts'
import { runController } from '../../api/client/run-controller.ts'
import type { Controller, ReconcileResult } from '../../api/client/run-controller.ts'
import { canonicalJson, equalJson } from '../../api/meta/json.ts'
import { selectorFromMap } from '../../api/meta/labels.ts'
import { hasReason, isStatusError } from '../../api/meta/status.ts'
import {
  endpointChanged,
  endpointPorts,
  hostnameFor,
  isEndpoint,
  podAddress,
  serviceFamilies,
} from '../../api/semantics/service-endpoints.ts'
import { isPodReady } from '../../api/semantics/pod-state.ts'
import type { EndpointAddress, Endpoints, EndpointSubset, Pod, Service } from '../../api/types/index.ts'
import type { ControllerDeps } from '../controller-deps.ts'
import { isNamespaceTerminating } from '../pod-control.ts'

const MANAGED_BY = 'endpoints.kubernetes.io/managed-by'

export function endpointsController(deps: ControllerDeps): Controller {
  const { client, clock, trace, recorder, informers, pods: indices } = deps
  const services = informers.of<Service>('services')
  const endpoints = informers.of<Endpoints>('endpoints')
  const wanting = new SelectorIndex<Service>(services, (s) => selectorFromMap(s.spec.selector))
  const controller = runController({ clock, trace, name: 'endpoint-controller', reconcile })

  services.onEvent((service, old) => controller.enqueue(objectKey((service ?? old)!)))
  endpoints.onEvent((object, old) => {
    if (old && services.byKey(objectKey(old))?.spec.selector && !equalJson(object?.subsets, old.subsets)) controller.enqueue(objectKey(old))
  })
  informers.of<Pod>('pods').onEvent((pod, old) => {
    if (!endpointChanged(pod, old)) return
    for (const p of [pod, old])
      if (p) for (const service of wanting.wanting(p.metadata.namespace!, p.metadata.labels)) controller.enqueue(objectKey(service))
  })

  function reconcile(key: string): ReconcileResult {
    const service = services.byKey(key)
    if (!service) {
      const left = endpoints.byKey(key)
      if (left?.metadata.labels?.[MANAGED_BY]) remove(left)
      return
    }
    const selector = selectorFromMap(service.spec.selector)
    if (!selector || service.spec.type === 'ExternalName') return
    const pods = indices.byLabel.select(service.metadata.namespace!, selector)
    const subsets = subsetsOf(service, pods)
    const current = client.find<Endpoints>('endpoints', service.metadata.namespace!, service.metadata.name)
    const labels: Record<string, string> = { ...service.metadata.labels, [MANAGED_BY]: 'endpoint-controller' }
    if (service.spec.clusterIP === 'None') labels['service.kubernetes.io/headless'] = ''
    if (current && equalJson(current.subsets ?? [], subsets) && equalJson(current.metadata.labels ?? {}, labels)) return
    const { name, namespace } = service.metadata
    try {
      const body = {
        apiVersion: 'v1',
        kind: 'Endpoints',
        metadata: { ...current?.metadata, name, namespace, labels },
        ...(subsets.length > 0 ? { subsets } : {}),
      }
      if (current) client.update('endpoints', body as Endpoints)
      else client.create('endpoints', namespace!, body)
    } catch (error) {
      if (isNamespaceTerminating(error)) return
      if (isStatusError(error))
        recorder.event(service, 'Warning', 'FailedToUpdateEndpoint', `Failed to update endpoint ${key}: ${error.message}`)
      throw error
    }
  }

  function remove(object: Endpoints): void {
    try {
      client.delete('endpoints', object.metadata.namespace!, object.metadata.name)
    } catch (error) {
      if (!hasReason(error, 'NotFound')) throw error
    }
  }

  return controller
}

/** Pods with the same ports share a subset (endpoints.RepackSubsets). */
export function subsetsOf(service: Service, pods: readonly Pod[]): EndpointSubset[] {
  const family = serviceFamilies(service)[0]!
  const groups = new Map<string, EndpointSubset>()
  for (const pod of pods) {
    const ip = podAddress(pod, family)
    if (ip === undefined || !isEndpoint(pod, service.spec.publishNotReadyAddresses === true)) continue
    const ports = endpointPorts(pod, service).map(
      ({ name, ...rest }) => (name ? { name, ...rest } : rest) as { name?: string; port: number; protocol?: string },
    )
    if (ports.length === 0 && (service.spec.ports?.length ?? 0) > 0) continue
    const { namespace, name, uid } = pod.metadata
    const address: EndpointAddress = { ip }
    const hostname = hostnameFor(pod, service)
    if (hostname) address.hostname = hostname
    if (pod.spec.nodeName) address.nodeName = pod.spec.nodeName
    address.targetRef = { kind: 'Pod', namespace, name, uid }
    ports.sort((a, b) => byText(a.name ?? '', b.name ?? '') || a.port - b.port)
    const key = canonicalJson(ports)
    const group: EndpointSubset = groups.get(key) ?? (ports.length > 0 ? { ports } : {})
    groups.set(key, group)
    const ready = service.spec.publishNotReadyAddresses === true || isPodReady(pod)
    const field = ready ? 'addresses' : 'notReadyAddresses'
    group[field] ??= []
    group[field].push(address)
  }
  const keys = [...groups.keys()].sort(byText)
  return keys.map((key) => {
    const { addresses, notReadyAddresses, ports } = groups.get(key)!
    const byIp = (a: EndpointAddress, b: EndpointAddress) => byText(a.ip, b.ip)
    return {
      ...(addresses ? { addresses: addresses.sort(byIp) } : {}),
      ...(notReadyAddresses ? { notReadyAddresses: notReadyAddresses.sort(byIp) } : {}),
      ...(ports ? { ports } : {}),
    }
  })
}
