/** endpoints and endpointslices.discovery.k8s.io: printEndpoints, printEndpointSlice. */
import { invalid, notSupported, required } from '../meta/field-error.ts'
import type { FieldError } from '../meta/field-error.ts'
import { immutable } from './meta-validation.ts'
import { isPortNumber } from '../meta/names.ts'
import type { EndpointSlice, EndpointSubset, Endpoints } from '../types/index.ts'
import { ageColumn, column } from './columns.ts'
import { defineResource, nameColumn } from './definition.ts'
import { isAddress } from './services.ts'

/** formatEndpoints shows so many and says how many more there are. */
const SHOWN_MAX = 3

export const endpoints = defineResource<Endpoints>({
  kind: 'Endpoints',
  plural: 'endpoints',
  singular: 'endpoints',
  shortNames: ['ep'],
  defaults(e) {
    for (const subset of e.subsets ?? []) for (const port of subset.ports ?? []) port.protocol ??= 'TCP'
  },
  validate(e) {
    const errors: FieldError[] = []
    for (const [i, subset] of (e.subsets ?? []).entries()) {
      if (!subset.addresses?.length && !subset.notReadyAddresses?.length)
        errors.push(required(`subsets[${i}]`, 'must specify `addresses` or `notReadyAddresses`'))
      for (const [j, a] of (subset.addresses ?? []).entries())
        if (!isAddress(a.ip))
          errors.push(invalid(`subsets[${i}].addresses[${j}].ip`, a.ip, 'must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)'))
      for (const [j, p] of (subset.ports ?? []).entries()) {
        if ((subset.ports?.length ?? 0) > 1 && !p.name) errors.push(required(`subsets[${i}].ports[${j}].name`))
        for (const text of isPortNumber(p.port)) errors.push(invalid(`subsets[${i}].ports[${j}].port`, p.port, text))
      }
    }
    return errors
  },
  warnings: (e) =>
    e.metadata.labels?.['endpoints.kubernetes.io/managed-by']
      ? []
      : ['v1 Endpoints is deprecated in v1.33+; use discovery.k8s.io/v1 EndpointSlice'],
  columns: [nameColumn<Endpoints>(), column<Endpoints>('Endpoints', (e) => endpointsText(e.subsets)), ageColumn<Endpoints>()],
})

function endpointsText(subsets: EndpointSubset[] | undefined): string {
  if (!subsets?.length) return '<none>'
  const shown: string[] = []
  let count = 0
  for (const subset of subsets) {
    const ports = subset.ports?.length ? subset.ports : [undefined]
    for (const port of ports)
      for (const address of subset.addresses ?? []) {
        count += 1
        if (shown.length < SHOWN_MAX) shown.push(port ? hostPort(address.ip, port.port) : address.ip)
      }
  }
  const text = shown.join(',')
  return count > SHOWN_MAX ? `${text} + ${count - SHOWN_MAX} more...` : text
}

function hostPort(ip: string, port: number): string {
  return ip.includes(':') ? `[${ip}]:${port}` : `${ip}:${port}`
}

export const endpointslices = defineResource<EndpointSlice>({
  group: 'discovery.k8s.io',
  kind: 'EndpointSlice',
  plural: 'endpointslices',
  defaults(slice) {
    slice.endpoints ??= []
    for (const port of slice.ports ?? []) {
      port.name ??= ''
      port.protocol ??= 'TCP'
    }
  },
  validate(slice, old) {
    const errors: FieldError[] = []
    if (!slice.addressType) errors.push(required('addressType'))
    else if (!['FQDN', 'IPv4', 'IPv6'].includes(slice.addressType))
      errors.push(notSupported('addressType', slice.addressType, ['FQDN', 'IPv4', 'IPv6']))
    for (const [i, e] of (slice.endpoints ?? []).entries()) {
      if (!e.addresses?.length) errors.push(required(`endpoints[${i}].addresses`, 'must contain at least 1 address'))
      for (const [j, a] of (e.addresses ?? []).entries())
        if (slice.addressType !== 'FQDN' && !isAddress(a))
          errors.push(invalid(`endpoints[${i}].addresses[${j}]`, a, 'must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)'))
    }
    if (old) errors.push(...immutable(slice.addressType, old.addressType, 'addressType'))
    return errors
  },
  strategy: { generation: true },
  columns: [
    nameColumn<EndpointSlice>(),
    column<EndpointSlice>('AddressType', (s) => s.addressType),
    column<EndpointSlice>('Ports', slicePorts),
    column<EndpointSlice>('Endpoints', sliceEndpoints),
    ageColumn<EndpointSlice>(),
  ],
})

function slicePorts(slice: EndpointSlice): string {
  if (!slice.ports?.length) return '<unset>'
  const ports = slice.ports.map((p) => (p.port === undefined ? '*' : String(p.port)))
  return limited(ports)
}

function sliceEndpoints(slice: EndpointSlice): string {
  const all = (slice.endpoints ?? []).flatMap((e) => e.addresses)
  return all.length === 0 ? '<unset>' : limited(all)
}

function limited(items: string[]): string {
  const text = items.slice(0, SHOWN_MAX).join(',')
  return items.length > SHOWN_MAX ? `${text} + ${items.length - SHOWN_MAX} more...` : text
}
