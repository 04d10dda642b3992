/** Services, endpoints, slices, ingresses and policies in `kubectl describe`. Truth: k8s.io/kubectl/pkg/describe/describe.go. */
import { parseTime, formatTime } from '../../../api/meta/timestamp.ts'
import type {
  Endpoints,
  EndpointSlice,
  Ingress,
  IngressBackend,
  IngressClass,
  KubeObject,
  NetworkPolicy,
  NetworkPolicyPeer,
  NetworkPolicyPort,
  Service,
} from '../../../api/types/index.ts'
import type { Invocation } from '../invocation.ts'
import { type Description, pairsText, selectorText } from './description.ts'

type Describer = (out: Description, object: KubeObject, kube: Invocation) => void

const shownMax = 3

function head(out: Description, object: KubeObject): void {
  out.line(0, `Name:\t${object.metadata.name}`)
  out.line(0, `Namespace:\t${object.metadata.namespace ?? ''}`)
  out.labels('Labels', object.metadata.labels)
  out.annotations('Annotations', object.metadata.annotations)
}

function slicesOf(kube: Invocation, namespace: string | undefined, service: string): EndpointSlice[] {
  return kube.client.list('endpointslices.discovery.k8s.io', { namespace, labelSelector: `kubernetes.io/service-name=${service}` })
    .items as unknown as EndpointSlice[]
}

/** The first ready endpoints of the port of that name, and how many more there are. */
function endpointsText(slices: readonly EndpointSlice[], portName: string): string {
  if (slices.length === 0) return '<none>'
  const all: string[] = []
  for (const slice of slices) {
    const ready = (slice.endpoints ?? []).filter((endpoint) => endpoint.conditions?.ready !== false)
    if ((slice.ports ?? []).length === 0) all.push(...ready.map((endpoint) => endpoint.addresses[0]))
    else {
      for (const port of slice.ports ?? []) {
        if ((port.name ?? '') !== portName) continue
        all.push(
          ...ready.map((endpoint) =>
            endpoint.addresses[0].includes(':')
              ? `[${endpoint.addresses[0]}]:${port.port ?? 0}`
              : `${endpoint.addresses[0]}:${port.port ?? 0}`,
          ),
        )
      }
    }
  }
  return all.length > shownMax ? `${all.slice(0, shownMax).join(',')} + ${all.length - shownMax} more...` : all.join(',')
}

const service: Describer = (out, object, kube) => {
  const { spec, status, metadata } = object as unknown as Service
  head(out, object)
  out.line(0, `Selector:\t${pairsText(spec.selector)}`)
  out.line(0, `Type:\t${spec.type ?? ''}`)
  if (spec.ipFamilyPolicy) out.line(0, `IP Family Policy:\t${spec.ipFamilyPolicy}`)
  out.line(0, `IP Families:\t${(spec.ipFamilies ?? []).join(',') || '<none>'}`)
  out.line(0, `IP:\t${spec.clusterIP ?? ''}`)
  out.line(0, `IPs:\t${(spec.clusterIPs ?? []).join(',') || '<none>'}`)
  if ((spec.externalIPs ?? []).length > 0) out.line(0, `External IPs:\t${(spec.externalIPs ?? []).join(',')}`)
  if (spec.loadBalancerIP) out.line(0, `Desired LoadBalancer IP:\t${spec.loadBalancerIP}`)
  if (spec.externalName) out.line(0, `External Name:\t${spec.externalName}`)
  const ingress = status?.loadBalancer?.ingress ?? []
  if (ingress.length > 0)
    out.line(
      0,
      `LoadBalancer Ingress:\t${ingress.map((each) => (each.ip ? `${each.ip}${each.ipMode ? ` (${each.ipMode})` : ''}` : (each.hostname ?? ''))).join(', ')}`,
    )
  const slices = slicesOf(kube, metadata.namespace, metadata.name)
  for (const port of spec.ports ?? []) {
    const name = port.name || '<unset>'
    const protocol = port.protocol ?? 'TCP'
    out.line(0, `Port:\t${name}\t${port.port}/${protocol}`)
    out.line(0, `TargetPort:\t${port.targetPort ?? port.port}/${protocol}`)
    if (port.appProtocol) out.line(0, `AppProtocol:\t${port.appProtocol}`)
    if (port.nodePort) out.line(0, `NodePort:\t${name}\t${port.nodePort}/${protocol}`)
    out.line(0, `Endpoints:\t${endpointsText(slices, port.name ?? '')}`)
  }
  out.line(0, `Session Affinity:\t${spec.sessionAffinity ?? ''}`)
  if (spec.externalTrafficPolicy) out.line(0, `External Traffic Policy:\t${spec.externalTrafficPolicy}`)
  if (spec.internalTrafficPolicy) out.line(0, `Internal Traffic Policy:\t${spec.internalTrafficPolicy}`)
  if (spec.healthCheckNodePort) out.line(0, `HealthCheck NodePort:\t${spec.healthCheckNodePort}`)
  if ((spec.loadBalancerSourceRanges ?? []).length > 0)
    out.line(0, `LoadBalancer Source Ranges:\t${(spec.loadBalancerSourceRanges ?? []).join(',')}`)
  if (spec.trafficDistribution) out.line(0, `Traffic Distribution:\t${spec.trafficDistribution}`)
}

const endpoints: Describer = (out, object) => {
  head(out, object)
  out.line(0, 'Subsets:')
  for (const subset of (object as unknown as Endpoints).subsets ?? []) {
    out.line(1, `Addresses:\t${(subset.addresses ?? []).map((each) => each.ip).join(',') || '<none>'}`)
    out.line(1, `NotReadyAddresses:\t${(subset.notReadyAddresses ?? []).map((each) => each.ip).join(',') || '<none>'}`)
    if ((subset.ports ?? []).length > 0) {
      out.line(1, 'Ports:')
      out.line(2, 'Name\tPort\tProtocol')
      out.line(2, '----\t----\t--------')
      for (const port of subset.ports ?? []) out.line(2, `${port.name || '<unset>'}\t${port.port}\t${port.protocol ?? 'TCP'}`)
    }
    out.line(0, '')
  }
}

const endpointSlice: Describer = (out, object) => {
  const slice = object as unknown as EndpointSlice
  head(out, object)
  out.line(0, `AddressType:\t${slice.addressType}`)
  if ((slice.ports ?? []).length === 0) out.line(0, 'Ports: <unset>')
  else {
    out.line(0, 'Ports:')
    out.line(1, 'Name\tPort\tProtocol')
    out.line(1, '----\t----\t--------')
    for (const port of slice.ports ?? []) out.line(1, `${port.name || '<unset>'}\t${port.port ?? '<unset>'}\t${port.protocol ?? 'TCP'}`)
  }
  if ((slice.endpoints ?? []).length === 0) out.line(0, 'Endpoints: <none>')
  else out.line(0, 'Endpoints:')
  for (const endpoint of slice.endpoints ?? []) {
    out.line(1, `- Addresses:\t${endpoint.addresses.join(', ') || '<none>'}`)
    out.line(2, 'Conditions:')
    out.line(3, `Ready:\t${endpoint.conditions?.ready ?? '<unset>'}`)
    out.line(2, `Hostname:\t${endpoint.hostname ?? '<unset>'}`)
    if (endpoint.targetRef) out.line(2, `TargetRef:\t${endpoint.targetRef.kind ?? ''}/${endpoint.targetRef.name ?? ''}`)
    out.line(2, `NodeName:\t${endpoint.nodeName ?? '<unset>'}`)
    out.line(2, `Zone:\t${endpoint.zone ?? '<unset>'}`)
  }
}

function backendText(kube: Invocation, namespace: string | undefined, backend: IngressBackend): string {
  if (backend.resource)
    return `APIGroup: ${backend.resource.apiGroup ?? '<none>'}, Kind: ${backend.resource.kind}, Name: ${backend.resource.name}`
  const reference = backend.service
  if (!reference) return ''
  const text = `${reference.name}:${reference.port?.number || reference.port?.name || ''}`
  const target = kube.client.find('services', namespace ?? '', reference.name) as unknown as Service | undefined
  if (!target) return `${text} (<error: services "${reference.name}" not found>)`
  const port = target.spec.ports?.find((each) =>
    reference.port?.number ? each.port === reference.port.number : each.name === reference.port?.name,
  )
  return `${text} (${endpointsText(slicesOf(kube, namespace, reference.name), port?.name ?? '')})`
}

const ingress: Describer = (out, object, kube) => {
  const { spec, status, metadata } = object as unknown as Ingress
  out.line(0, `Name:\t${metadata.name}`)
  out.labels('Labels', metadata.labels)
  out.line(0, `Namespace:\t${metadata.namespace ?? ''}`)
  out.line(0, `Address:\t${(status?.loadBalancer?.ingress ?? []).map((each) => each.ip ?? each.hostname ?? '').join(',')}`)
  out.line(0, `Ingress Class:\t${spec.ingressClassName ?? '<none>'}`)
  const fallback = spec.defaultBackend ? backendText(kube, metadata.namespace, spec.defaultBackend) : '<default>'
  out.line(0, `Default backend:\t${fallback}`)
  if ((spec.tls ?? []).length > 0) {
    out.line(0, 'TLS:')
    for (const tls of spec.tls ?? [])
      out.line(
        1,
        tls.secretName ? `${tls.secretName} terminates ${(tls.hosts ?? []).join(',')}` : `SNI routes ${(tls.hosts ?? []).join(',')}`,
      )
  }
  out.line(0, 'Rules:')
  out.line(1, 'Host\tPath\tBackends')
  out.line(1, '----\t----\t--------')
  const rules = (spec.rules ?? []).filter((rule) => rule.http)
  for (const rule of rules) {
    out.line(1, `${rule.host || '*'}\t`)
    for (const path of rule.http?.paths ?? []) out.line(2, `\t${path.path ?? ''} \t${backendText(kube, metadata.namespace, path.backend)}`)
  }
  if (rules.length === 0) out.line(1, `*\t*\t${fallback}`)
  out.annotations('Annotations', metadata.annotations)
}

const ingressClass: Describer = (out, object) => {
  const { spec, metadata } = object as unknown as IngressClass
  out.line(0, `Name:\t${metadata.name}`)
  out.labels('Labels', metadata.labels)
  out.annotations('Annotations', metadata.annotations)
  out.line(0, `Controller:\t${spec.controller ?? ''}`)
}

const networkPolicy: Describer = (out, object) => {
  const { spec, metadata } = object as unknown as NetworkPolicy
  const created = parseTime(metadata.creationTimestamp)
  out.line(0, `Name:\t${metadata.name}`)
  out.line(0, `Namespace:\t${metadata.namespace ?? ''}`)
  out.line(
    0,
    `Created on:\t${created === undefined ? '<unknown>' : `${formatTime(created).slice(0, 10)} ${formatTime(created).slice(11, 19)} +0000 UTC`}`,
  )
  out.labels('Labels', metadata.labels)
  out.annotations('Annotations', metadata.annotations)
  out.line(0, 'Spec:')
  const pods = selectorText(spec.podSelector)
  out.line(1, `PodSelector:     ${pods === '<none>' ? '<none> (Allowing the specific traffic to all pods in this namespace)' : pods}`)
  const types = spec.policyTypes ?? ['Ingress', ...(spec.egress ? ['Egress'] : [])]
  if (types.includes('Ingress')) {
    out.line(1, 'Allowing ingress traffic:')
    rulesText(
      out,
      (spec.ingress ?? []).map((rule) => ({ peers: rule.from ?? [], ports: rule.ports ?? [] })),
      'From',
      'ingress',
      'source',
    )
  } else out.line(1, 'Not affecting ingress traffic')
  if (types.includes('Egress')) {
    out.line(1, 'Allowing egress traffic:')
    rulesText(
      out,
      (spec.egress ?? []).map((rule) => ({ peers: rule.to ?? [], ports: rule.ports ?? [] })),
      'To',
      'egress',
      'destination',
    )
  } else out.line(1, 'Not affecting egress traffic')
  out.line(1, `Policy Types: ${types.join(', ')}`)
}

function rulesText(
  out: Description,
  rules: readonly { peers: readonly NetworkPolicyPeer[]; ports: readonly NetworkPolicyPort[] }[],
  word: string,
  direction: string,
  side: string,
): void {
  if (rules.length === 0) out.line(2, `<none> (Selected pods are isolated for ${direction} connectivity)`)
  rules.forEach((rule, i) => {
    if (rule.ports.length === 0) out.line(2, 'To Port: <any> (traffic allowed to all ports)')
    for (const port of rule.ports)
      out.line(
        2,
        port.endPort === undefined
          ? `To Port: ${port.port ?? '<nil>'}/${port.protocol ?? 'TCP'}`
          : `To Port Range: ${port.port ?? '<nil>'}-${port.endPort}/${port.protocol ?? 'TCP'}`,
      )
    if (rule.peers.length === 0) out.line(2, `${word}: <any> (traffic not restricted by ${side})`)
    for (const peer of rule.peers) {
      out.line(2, `${word}:`)
      if (peer.namespaceSelector) out.line(3, `NamespaceSelector: ${selectorText(peer.namespaceSelector)}`)
      if (peer.podSelector) out.line(3, `PodSelector: ${selectorText(peer.podSelector)}`)
      if (peer.ipBlock && !peer.podSelector && !peer.namespaceSelector) {
        out.line(3, 'IPBlock:')
        out.line(4, `CIDR: ${peer.ipBlock.cidr}`)
        out.line(4, `Except: ${(peer.ipBlock.except ?? []).join(', ')}`)
      }
    }
    if (i < rules.length - 1) out.line(2, '----------')
  })
}

export const NETWORK_DESCRIBERS: ReadonlyMap<string, Describer> = new Map([
  ['services', service],
  ['endpoints', endpoints],
  ['endpointslices.discovery.k8s.io', endpointSlice],
  ['ingresses.networking.k8s.io', ingress],
  ['ingressclasses.networking.k8s.io', ingressClass],
  ['networkpolicies.networking.k8s.io', networkPolicy],
])
