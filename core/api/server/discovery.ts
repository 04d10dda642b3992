/** What the server has: /api, /apis, /apis/<group>, /apis/<group>/<version>, plain and aggregated. */
import { byText } from '../../base/text-order.ts'
import type { ResourceDefinition } from '../registry/definition.ts'

/** Groups in upstream's order of priority; others follow by name. */
const GROUP_ORDER = [
  'apiregistration.k8s.io',
  'apps',
  'events.k8s.io',
  'authentication.k8s.io',
  'authorization.k8s.io',
  'autoscaling',
  'batch',
  'certificates.k8s.io',
  'networking.k8s.io',
  'policy',
  'rbac.authorization.k8s.io',
  'storage.k8s.io',
  'admissionregistration.k8s.io',
  'apiextensions.k8s.io',
  'scheduling.k8s.io',
  'coordination.k8s.io',
  'node.k8s.io',
  'discovery.k8s.io',
  'flowcontrol.apiserver.k8s.io',
]

export const VERSION = {
  major: '1',
  minor: '36',
  gitVersion: 'v1.36.0',
  gitCommit: '',
  gitTreeState: 'clean',
  buildDate: '2026-04-22T00:00:00Z',
  goVersion: 'go1.26.0',
  compiler: 'gc',
  platform: 'linux/amd64',
  emulationMajor: '1',
  emulationMinor: '36',
  minCompatibilityMajor: '1',
  minCompatibilityMinor: '35',
}

interface Served {
  group: string
  version: string
  definition: ResourceDefinition
}

/** Every resource in every version in which it is served. */
function served(registry: readonly ResourceDefinition[]): Served[] {
  return registry.flatMap((definition) => [
    { group: definition.group, version: definition.version, definition },
    ...definition.otherVersions.map((v) => ({ group: v.group, version: v.version, definition })),
  ])
}

function rank(group: string): number {
  const at = GROUP_ORDER.indexOf(group)
  return at < 0 ? GROUP_ORDER.length : at
}

/** Groups with their versions, the preferred first. */
function groups(registry: readonly ResourceDefinition[]): { name: string; versions: string[] }[] {
  const found = new Map<string, string[]>()
  for (const s of served(registry)) {
    if (s.group === '') continue
    const versions = found.get(s.group) ?? []
    if (!versions.includes(s.version)) versions.push(s.version)
    found.set(s.group, versions)
  }
  return [...found].map(([name, versions]) => ({ name, versions })).sort((a, b) => rank(a.name) - rank(b.name) || byText(a.name, b.name))
}

function apiGroup(group: { name: string; versions: string[] }): object {
  const versions = group.versions.map((version) => ({ groupVersion: `${group.name}/${version}`, version }))
  return { name: group.name, versions, preferredVersion: versions[0] }
}

export function coreVersions(): object {
  return {
    kind: 'APIVersions',
    versions: ['v1'],
    serverAddressByClientCIDRs: [{ clientCIDR: '0.0.0.0/0', serverAddress: '172.18.0.2:6443' }],
  }
}

export function groupList(registry: readonly ResourceDefinition[]): object {
  return { kind: 'APIGroupList', apiVersion: 'v1', groups: groups(registry).map(apiGroup) }
}

export function oneGroup(registry: readonly ResourceDefinition[], name: string): object | undefined {
  const found = groups(registry).find((g) => g.name === name)
  return found && { kind: 'APIGroup', apiVersion: 'v1', ...apiGroup(found) }
}

/** APIResourceList of a group version, or undefined when nothing is served there. */
export function resourceList(registry: readonly ResourceDefinition[], group: string, version: string): object | undefined {
  const here = served(registry).filter((s) => s.group === group && s.version === version)
  if (here.length === 0) return undefined
  const resources = here.flatMap(({ definition }) => {
    const { plural, singular, namespaced, kind, verbs, shortNames, categories, subresources } = definition
    const main = {
      name: plural,
      singularName: singular,
      namespaced,
      kind,
      verbs: [...verbs].sort(byText),
      ...(shortNames.length > 0 ? { shortNames } : {}),
      ...(categories.length > 0 ? { categories } : {}),
      storageVersionHash: '',
    }
    return [
      main,
      ...subresources.map((sub) => ({
        name: `${plural}/${sub}`,
        singularName: '',
        namespaced,
        ...subKind(definition, sub),
        verbs: subVerbs(sub),
      })),
    ]
  })
  resources.sort((a, b) => byText(a.name, b.name))
  return { kind: 'APIResourceList', apiVersion: 'v1', groupVersion: group === '' ? version : `${group}/${version}`, resources }
}

/** apidiscovery.k8s.io/v2 APIGroupDiscoveryList of /api or /apis. */
export function aggregated(registry: readonly ResourceDefinition[], core: boolean): object {
  const list = core ? [{ name: '', versions: ['v1'] }] : groups(registry)
  return {
    kind: 'APIGroupDiscoveryList',
    apiVersion: 'apidiscovery.k8s.io/v2',
    metadata: {},
    items: list.map((group) => ({
      metadata: group.name === '' ? { creationTimestamp: null } : { name: group.name, creationTimestamp: null },
      versions: group.versions.map((version) => ({
        version,
        freshness: 'Current',
        resources: served(registry)
          .filter((s) => s.group === group.name && s.version === version)
          .map(({ definition }) => ({
            resource: definition.plural,
            responseKind: { group: group.name, version, kind: definition.kind },
            scope: definition.namespaced ? 'Namespaced' : 'Cluster',
            singularResource: definition.singular,
            verbs: [...definition.verbs].sort(byText),
            ...(definition.shortNames.length > 0 ? { shortNames: definition.shortNames } : {}),
            ...(definition.categories.length > 0 ? { categories: definition.categories } : {}),
            ...(definition.subresources.length > 0
              ? {
                  subresources: definition.subresources.map((sub) => ({
                    subresource: sub,
                    responseKind: { group: '', version: '', ...subKind(definition, sub) },
                    verbs: subVerbs(sub),
                  })),
                }
              : {}),
          }))
          .sort((a, b) => byText(a.resource, b.resource)),
      })),
    })),
  }
}

function subKind(definition: ResourceDefinition, sub: string): { group?: string; version?: string; kind: string } {
  switch (sub) {
    case 'scale':
      return { group: 'autoscaling', version: 'v1', kind: 'Scale' }
    case 'eviction':
      return { group: 'policy', version: 'v1', kind: 'Eviction' }
    case 'token':
      return { group: 'authentication.k8s.io', version: 'v1', kind: 'TokenRequest' }
    case 'binding':
      return { kind: 'Binding' }
    case 'exec':
      return { kind: 'PodExecOptions' }
    case 'attach':
      return { kind: 'PodAttachOptions' }
    case 'portforward':
      return { kind: 'PodPortForwardOptions' }
    case 'proxy':
      return { kind: `${definition.kind}ProxyOptions` }
    default:
      return { kind: definition.kind }
  }
}

function subVerbs(sub: string): string[] {
  switch (sub) {
    case 'binding':
    case 'eviction':
    case 'token':
      return ['create']
    case 'exec':
    case 'attach':
    case 'portforward':
      return ['create', 'get']
    case 'log':
      return ['get']
    case 'finalize':
      return ['update']
    case 'proxy':
      return ['create', 'delete', 'get', 'patch', 'update']
    default:
      return ['get', 'patch', 'update']
  }
}
