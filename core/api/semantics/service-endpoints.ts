/**
 * Which pods answer for a service, at which ports, in which condition: the pure part of the endpoint controllers
 * (staging/src/k8s.io/endpointslice/utils.go, pkg/controller/endpoint).
 */
import { equalJson } from '../meta/json.ts'
import type { Endpoint, EndpointPort, Node, Pod, Service, ServicePort } from '../types/index.ts'
import { isPodReady, isPodTerminal, isPodTerminating } from './pod-state.ts'

export type IpFamily = 'IPv4' | 'IPv6'

/** The container port that a service's port leads to in this pod; undefined when the pod has none of that name. */
export function podPort(pod: Pod, port: ServicePort): number | undefined {
  const target = port.targetPort ?? port.port
  if (typeof target === 'number') return target
  const sidecars = (pod.spec.initContainers ?? []).filter((c) => c.restartPolicy === 'Always')
  for (const container of [...pod.spec.containers, ...sidecars])
    for (const p of container.ports ?? [])
      if (p.name === target && (p.protocol ?? 'TCP') === (port.protocol ?? 'TCP')) return p.containerPort
  return undefined
}

export function podAddress(pod: Pod, family: IpFamily): string | undefined {
  const ips = pod.status.podIPs?.map((p) => p.ip) ?? (pod.status.podIP ? [pod.status.podIP] : [])
  return ips.find((ip) => ip.includes(':') === (family === 'IPv6'))
}

/** Finished pods and pods without an address are no endpoints. */
export function isEndpoint(pod: Pod, includeTerminating: boolean): boolean {
  if (isPodTerminal(pod)) return false
  if (!pod.status.podIP && !pod.status.podIPs?.length) return false
  return includeTerminating || !isPodTerminating(pod)
}

export function endpointOf(pod: Pod, service: Service, node: Node | undefined, family: IpFamily): Endpoint | undefined {
  const address = podAddress(pod, family)
  if (address === undefined || !isEndpoint(pod, true)) return undefined
  const terminating = isPodTerminating(pod)
  const serving = isPodReady(pod)
  const ready = service.spec.publishNotReadyAddresses === true || (serving && !terminating)
  const { namespace, name, uid } = pod.metadata
  const endpoint: Endpoint = { addresses: [address], conditions: { ready, serving, terminating } }
  const hostname = hostnameFor(pod, service)
  if (hostname) endpoint.hostname = hostname
  endpoint.targetRef = { kind: 'Pod', namespace, name, uid }
  if (pod.spec.nodeName) endpoint.nodeName = pod.spec.nodeName
  const zone = node?.metadata.labels?.['topology.kubernetes.io/zone']
  if (zone) endpoint.zone = zone
  return endpoint
}

/** Pods of a headless service with `hostname` and a fitting `subdomain` have a name of their own in DNS. */
export function hostnameFor(pod: Pod, service: Service): string | undefined {
  return pod.spec.hostname && pod.spec.subdomain === service.metadata.name ? pod.spec.hostname : undefined
}

/** The ports of a pod behind the service, in the service's order. */
export function endpointPorts(pod: Pod, service: Service): EndpointPort[] {
  const ports: EndpointPort[] = []
  for (const port of service.spec.ports ?? []) {
    const number = podPort(pod, port)
    if (number === undefined) continue
    const entry: EndpointPort = { name: port.name ?? '', protocol: port.protocol ?? 'TCP', port: number }
    if (port.appProtocol) entry.appProtocol = port.appProtocol
    ports.push(entry)
  }
  return ports
}

/** Whether a pod's change can matter to any service's endpoints. */
export function endpointChanged(pod: Pod | undefined, old: Pod | undefined): boolean {
  if (!pod || !old) return true
  const view = (p: Pod) => [
    p.metadata.labels,
    p.metadata.deletionTimestamp !== undefined,
    p.status.podIPs,
    p.status.podIP,
    isPodReady(p),
    isPodTerminal(p),
    p.spec.nodeName,
    p.spec.hostname,
    p.spec.subdomain,
  ]
  return !equalJson(view(pod), view(old))
}

export function serviceFamilies(service: Service): IpFamily[] {
  return service.spec.ipFamilies?.length ? service.spec.ipFamilies : ['IPv4']
}
