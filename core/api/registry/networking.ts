/** ingresses, ingressclasses, networkpolicies (networking.k8s.io/v1): pkg/apis/networking. */
import { forbidden, invalid, notSupported, required } from '../meta/field-error.ts'
import type { FieldError } from '../meta/field-error.ts'
import type { Ingress, IngressBackend, IngressClass, NetworkPolicy, NetworkPolicyPeer } from '../types/index.ts'
import { ageColumn, column, selectorText } from './columns.ts'
import { defineResource, nameColumn } from './definition.ts'
import { oneOf, validateLabelSelector } from './meta-validation.ts'

const GROUP = 'networking.k8s.io'
const PATH_TYPES = ['Exact', 'ImplementationSpecific', 'Prefix']

export const ingresses = defineResource<Ingress>({
  group: GROUP,
  kind: 'Ingress',
  plural: 'ingresses',
  shortNames: ['ing'],
  subresources: ['status'],
  validate(ingress) {
    const { spec } = ingress
    const errors: FieldError[] = []
    if (!spec?.rules?.length && !spec?.defaultBackend)
      return [invalid('spec', spec?.rules ?? [], 'either `defaultBackend` or `rules` must be specified')]
    if (spec.defaultBackend) errors.push(...validateBackend(spec.defaultBackend, 'spec.defaultBackend'))
    for (const [i, rule] of (spec.rules ?? []).entries()) {
      if (rule.http && !rule.http.paths?.length) errors.push(required(`spec.rules[${i}].http.paths`))
      for (const [j, path] of (rule.http?.paths ?? []).entries()) {
        const at = `spec.rules[${i}].http.paths[${j}]`
        if (!path.pathType) errors.push(required(`${at}.pathType`, 'pathType must be specified'))
        else if (!PATH_TYPES.includes(path.pathType)) errors.push(notSupported(`${at}.pathType`, path.pathType, PATH_TYPES))
        else if (path.pathType !== 'ImplementationSpecific' && !path.path?.startsWith('/'))
          errors.push(invalid(`${at}.path`, path.path ?? '', 'must be an absolute path'))
        errors.push(...validateBackend(path.backend, `${at}.backend`))
      }
    }
    return errors
  },
  strategy: {
    generation: true,
    statusSubresource: true,
    prepareForCreate(ingress) {
      ingress.status = { loadBalancer: {} }
    },
  },
  warnings: (ingress) =>
    ingress.metadata.annotations?.['kubernetes.io/ingress.class']
      ? ['annotation "kubernetes.io/ingress.class" is deprecated, please use \'spec.ingressClassName\' instead']
      : [],
  columns: [
    nameColumn<Ingress>(),
    column<Ingress>('Class', (i) => i.spec.ingressClassName ?? '<none>'),
    column<Ingress>('Hosts', (i) => {
      const hosts = (i.spec.rules ?? []).map((r) => r.host ?? '').filter((h) => h !== '')
      if (hosts.length === 0) return '*'
      return hosts.length > 3 ? `${hosts.slice(0, 3).join(',')} + ${hosts.length - 3} more...` : hosts.join(',')
    }),
    column<Ingress>('Address', (i) =>
      (i.status?.loadBalancer?.ingress ?? [])
        .map((x) => x.ip || x.hostname || '')
        .filter((t) => t !== '')
        .join(','),
    ),
    column<Ingress>('Ports', (i) => (i.spec.tls?.length ? '80, 443' : '80')),
    ageColumn<Ingress>(),
  ],
})

function validateBackend(backend: IngressBackend | undefined, path: string): FieldError[] {
  if (!backend?.service && !backend?.resource) return [required(path, 'resource or service backend is required')]
  if (!backend.service) return []
  const errors: FieldError[] = []
  if (!backend.service.name) errors.push(required(`${path}.service.name`))
  const { port } = backend.service
  if (!port?.name && !port?.number) errors.push(required(path, 'port name or number is required'))
  else if (port.name && port.number) errors.push(invalid(path, '', 'cannot set both port name & port number'))
  return errors
}

export const ingressclasses = defineResource<IngressClass>({
  group: GROUP,
  kind: 'IngressClass',
  plural: 'ingressclasses',
  namespaced: false,
  validate: (c) => (c.spec?.controller ? [] : [required('spec.controller')]),
  strategy: { generation: true },
  columns: [
    nameColumn<IngressClass>(),
    column<IngressClass>('Controller', (c) => c.spec.controller ?? ''),
    column<IngressClass>('Parameters', (c) => {
      const p = c.spec.parameters as { apiGroup?: string; kind: string; name: string } | undefined
      if (!p) return '<none>'
      return `${p.kind}${p.apiGroup ? `.${p.apiGroup}` : ''}/${p.name}`
    }),
    ageColumn<IngressClass>(),
  ],
})

export const networkpolicies = defineResource<NetworkPolicy>({
  group: GROUP,
  kind: 'NetworkPolicy',
  plural: 'networkpolicies',
  shortNames: ['netpol'],
  defaults(policy) {
    if (!policy.spec) return
    const { spec } = policy
    spec.podSelector ??= {}
    spec.policyTypes ??= spec.egress?.length ? ['Ingress', 'Egress'] : ['Ingress']
    for (const rule of [...(spec.ingress ?? []), ...(spec.egress ?? [])]) for (const port of rule.ports ?? []) port.protocol ??= 'TCP'
  },
  validate(policy) {
    const { spec } = policy
    const errors: FieldError[] = [...validateLabelSelector(spec?.podSelector, 'spec.podSelector')]
    for (const [i, type] of (spec?.policyTypes ?? []).entries())
      errors.push(...oneOf(type, `spec.policyTypes[${i}]`, ['Egress', 'Ingress']))
    for (const [i, rule] of (spec?.ingress ?? []).entries())
      for (const [j, peer] of (rule.from ?? []).entries()) errors.push(...validatePeer(peer, `spec.ingress[${i}].from[${j}]`))
    for (const [i, rule] of (spec?.egress ?? []).entries())
      for (const [j, peer] of (rule.to ?? []).entries()) errors.push(...validatePeer(peer, `spec.egress[${i}].to[${j}]`))
    return errors
  },
  strategy: { generation: true },
  columns: [
    nameColumn<NetworkPolicy>(),
    column<NetworkPolicy>('Pod-Selector', (p) => selectorText(p.spec.podSelector)),
    ageColumn<NetworkPolicy>(),
  ],
})

function validatePeer(peer: NetworkPolicyPeer, path: string): FieldError[] {
  const errors = [
    ...validateLabelSelector(peer.podSelector, `${path}.podSelector`),
    ...validateLabelSelector(peer.namespaceSelector, `${path}.namespaceSelector`),
  ]
  const count = Object.keys(peer).length
  if (count === 0) errors.push(required(path, 'must specify a peer'))
  else if (peer.ipBlock && count > 1) errors.push(forbidden(path, 'may not specify both ipBlock and another peer'))
  if (peer.ipBlock && !/^[0-9a-fA-F:.]+\/\d{1,3}$/.test(peer.ipBlock.cidr))
    errors.push(invalid(`${path}.ipBlock.cidr`, peer.ipBlock.cidr, 'must be a valid CIDR value, (e.g. 10.9.8.0/24 or 2001:db8::/64)'))
  return errors
}
