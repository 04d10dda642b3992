/**
 * services: pkg/apis/core/v1/defaults.go, ValidateService, printService. Addresses and node ports are given by admission.
 * Omits: session affinity limits, IP family changes of an existing service.
 */
import { duplicate, forbidden, invalid, notSupported, required } from '../meta/field-error.ts'
import type { FieldError } from '../meta/field-error.ts'
import { isDns1123Label, isDns1123Subdomain, isPortNumber } from '../meta/names.ts'
import type { Service, ServicePort } from '../types/index.ts'
import { ageColumn, column, labelsText, wide } from './columns.ts'
import { defineResource, nameColumn } from './definition.ts'
import { oneOf, validateLabels } from './meta-validation.ts'
import { validatePortReference } from './pod-validation.ts'

const TYPES = ['ClusterIP', 'ExternalName', 'LoadBalancer', 'NodePort'] as const
export const services = defineResource<Service>({
  kind: 'Service',
  plural: 'services',
  shortNames: ['svc'],
  categories: ['all'],
  subresources: ['status', 'proxy'],
  nameRule: 'label1035',
  defaults(service) {
    const { spec } = service
    if (!spec) return
    spec.sessionAffinity ??= 'None'
    if (spec.sessionAffinity === 'ClientIP') {
      spec.sessionAffinityConfig ??= {}
      spec.sessionAffinityConfig.clientIP ??= {}
      spec.sessionAffinityConfig.clientIP.timeoutSeconds ??= 10_800
    } else delete spec.sessionAffinityConfig
    spec.type ??= 'ClusterIP'
    for (const port of spec.ports ?? []) {
      port.protocol ??= 'TCP'
      if (port.targetPort === undefined || port.targetPort === '') port.targetPort = port.port
    }
    if (spec.type === 'NodePort' || spec.type === 'LoadBalancer') spec.externalTrafficPolicy ??= 'Cluster'
    if (spec.type !== 'ExternalName') spec.internalTrafficPolicy ??= 'Cluster'
    if (spec.type === 'LoadBalancer') spec.allocateLoadBalancerNodePorts ??= true
  },
  validate: (service, old) => [...validateService(service), ...(old ? validateUpdate(service, old) : [])],
  strategy: {
    generation: false,
    statusSubresource: true,
    prepareForCreate(service) {
      service.status = { loadBalancer: {} }
    },
  },
  columns: [
    nameColumn<Service>(),
    column<Service>('Type', (s) => s.spec.type ?? ''),
    column<Service>('Cluster-IP', (s) => s.spec.clusterIPs?.[0] || s.spec.clusterIP || '<none>'),
    column<Service>('External-IP', externalIp),
    column<Service>('Port(s)', (s) => (s.spec.ports ?? []).map(portText).join(',') || '<none>'),
    ageColumn<Service>(),
    wide<Service>('Selector', (s) => labelsText(s.spec.selector)),
  ],
  selectableFields: new Map([
    ['spec.clusterIP', (s: Service) => s.spec.clusterIP ?? ''],
    ['spec.type', (s: Service) => s.spec.type ?? ''],
  ]),
})

function portText(port: ServicePort): string {
  return port.nodePort ? `${port.port}:${port.nodePort}/${port.protocol}` : `${port.port}/${port.protocol}`
}

function externalIp(service: Service): string {
  const { spec } = service
  const external = spec.externalIPs ?? []
  switch (spec.type) {
    case 'LoadBalancer': {
      const ingress = (service.status?.loadBalancer?.ingress ?? []).map((i) => i.ip || i.hostname || '').filter((t) => t !== '')
      return [...ingress, ...external].join(',') || '<pending>'
    }
    case 'ExternalName':
      return spec.externalName ?? ''
    default:
      return external.join(',') || '<none>'
  }
}

function validateService(service: Service): FieldError[] {
  const { spec } = service
  if (!spec) return [required('spec.ports')]
  const errors: FieldError[] = []
  const headless = spec.clusterIP === 'None'
  if (!spec.ports?.length && !headless && spec.type !== 'ExternalName') errors.push(required('spec.ports'))
  const names = new Set<string>()
  const seen = new Set<string>()
  const nodePorts = new Set<string>()
  const many = (spec.ports?.length ?? 0) > 1
  for (const [i, port] of (spec.ports ?? []).entries()) {
    const at = `spec.ports[${i}]`
    if (many && !port.name) errors.push(required(`${at}.name`))
    else if (port.name) {
      for (const text of isDns1123Label(port.name)) errors.push(invalid(`${at}.name`, port.name, text))
      if (names.has(port.name)) errors.push(duplicate(`${at}.name`, port.name))
      names.add(port.name)
    }
    for (const text of isPortNumber(port.port)) errors.push(invalid(`${at}.port`, port.port ?? 0, text))
    errors.push(...oneOf(port.protocol, `${at}.protocol`, ['SCTP', 'TCP', 'UDP']))
    errors.push(...validatePortReference(port.targetPort ?? port.port, `${at}.targetPort`))
    const key = `${port.protocol}/${port.port}`
    if (seen.has(key)) errors.push(duplicate(at, { protocol: port.protocol, port: port.port }))
    seen.add(key)
    if (port.nodePort) {
      if (spec.type === 'ClusterIP' || spec.type === 'ExternalName')
        errors.push(forbidden(`${at}.nodePort`, `may not be used when \`type\` is '${spec.type}'`))
      const nodeKey = `${port.protocol}/${port.nodePort}`
      if (nodePorts.has(nodeKey)) errors.push(duplicate(`${at}.nodePort`, port.nodePort))
      nodePorts.add(nodeKey)
    }
  }
  errors.push(...validateLabels(spec.selector, 'spec.selector'))
  errors.push(...oneOf(spec.sessionAffinity, 'spec.sessionAffinity', ['ClientIP', 'None']))
  if (!TYPES.includes(spec.type!)) errors.push(notSupported('spec.type', spec.type, TYPES))
  if (spec.type === 'ExternalName') {
    if (spec.clusterIP) errors.push(forbidden('spec.clusterIPs', "may not be set when `type` is 'ExternalName'"))
    const name = (spec.externalName ?? '').replace(/\.$/, '')
    if (name === '') errors.push(required('spec.externalName'))
    else for (const text of isDns1123Subdomain(name)) errors.push(invalid('spec.externalName', name, text))
  }
  if (headless && (spec.type === 'NodePort' || spec.type === 'LoadBalancer'))
    errors.push(invalid('spec.clusterIPs[0]', 'None', `may not be set to 'None' for ${spec.type} services`))
  if (spec.externalTrafficPolicy) {
    if (spec.type !== 'NodePort' && spec.type !== 'LoadBalancer' && !spec.externalIPs?.length)
      errors.push(invalid('spec.externalTrafficPolicy', spec.externalTrafficPolicy, 'may only be set for externally-accessible services'))
    else if (!['Cluster', 'Local'].includes(spec.externalTrafficPolicy))
      errors.push(notSupported('spec.externalTrafficPolicy', spec.externalTrafficPolicy, ['Cluster', 'Local']))
  }
  if (spec.internalTrafficPolicy && !['Cluster', 'Local'].includes(spec.internalTrafficPolicy))
    errors.push(notSupported('spec.internalTrafficPolicy', spec.internalTrafficPolicy, ['Cluster', 'Local']))
  for (const [i, ip] of (spec.externalIPs ?? []).entries())
    if (!isAddress(ip)) errors.push(invalid(`spec.externalIPs[${i}]`, ip, 'must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)'))
  for (const [i, ip] of (spec.clusterIPs ?? []).entries())
    if (ip !== 'None' && !isAddress(ip))
      errors.push(invalid(`spec.clusterIPs[${i}]`, ip, 'must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)'))
  return errors
}

function validateUpdate(service: Service, old: Service): FieldError[] {
  if (service.spec.type === 'ExternalName' || old.spec.type === 'ExternalName') return []
  const before = old.spec.clusterIPs?.[0]
  const now = service.spec.clusterIPs?.[0]
  return before && now !== before ? [invalid('spec.clusterIPs[0]', service.spec.clusterIPs ?? [], 'may not change once set')] : []
}

/** Rough: four numbers, or hexadecimal groups. The network knows addresses better, but the API never meets it. */
export function isAddress(text: string): boolean {
  const parts = text.split('.')
  if (parts.length === 4) return parts.every((p) => /^(0|[1-9]\d{0,2})$/.test(p) && Number(p) <= 255)
  return /^[0-9a-fA-F:.]+$/.test(text) && text.includes(':') && text.length <= 45
}
