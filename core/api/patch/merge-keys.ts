/**
 * Which lists of the API are maps in disguise, and by which key: the `patchMergeKey` and `listMapKey` tags of k8s.io/api.
 * A list that is not named here is atomic: a patch replaces it whole.
 */

export interface ListRule {
  /** Key of a strategic merge; '' for a set of plain values. */
  mergeKey: string
  /** Keys of server-side apply; empty for a set. */
  mapKeys: readonly string[]
}

const byName: ListRule = { mergeKey: 'name', mapKeys: ['name'] }
const byType: ListRule = { mergeKey: 'type', mapKeys: ['type'] }
const byIp: ListRule = { mergeKey: 'ip', mapKeys: ['ip'] }
const set: ListRule = { mergeKey: '', mapKeys: [] }

/** By field name alone where it means the same everywhere. */
const ANYWHERE = new Map<string, ListRule>([
  ['containers', byName],
  ['initContainers', byName],
  ['ephemeralContainers', byName],
  ['volumes', byName],
  ['env', byName],
  ['imagePullSecrets', byName],
  ['schedulingGates', byName],
  ['resourceClaims', byName],
  ['volumeMounts', { mergeKey: 'mountPath', mapKeys: ['mountPath'] }],
  ['volumeDevices', { mergeKey: 'devicePath', mapKeys: ['devicePath'] }],
  ['hostAliases', byIp],
  ['podIPs', byIp],
  ['hostIPs', byIp],
  ['conditions', byType],
  ['topologySpreadConstraints', { mergeKey: 'topologyKey', mapKeys: ['topologyKey', 'whenUnsatisfiable'] }],
  ['ownerReferences', { mergeKey: 'uid', mapKeys: ['uid'] }],
  ['finalizers', set],
  ['podCIDRs', set],
])

/** By `parent.field` where the name alone is not enough. */
const UNDER_PARENT = new Map<string, ListRule>([
  ['containers.ports', { mergeKey: 'containerPort', mapKeys: ['containerPort', 'protocol'] }],
  ['initContainers.ports', { mergeKey: 'containerPort', mapKeys: ['containerPort', 'protocol'] }],
  ['ephemeralContainers.ports', { mergeKey: 'containerPort', mapKeys: ['containerPort', 'protocol'] }],
  ['resources.claims', byName],
  ['spec.taints', { mergeKey: 'key', mapKeys: [] }],
  ['status.addresses', byType],
])

const SERVICE_PORTS: ListRule = { mergeKey: 'port', mapKeys: ['port', 'protocol'] }

/** The rule of the list at `path` (field names without indices) of an object of that kind; undefined when it is atomic. */
export function listRule(kind: string, path: readonly string[]): ListRule | undefined {
  const field = path.at(-1) ?? ''
  const parent = path.at(-2) ?? ''
  if (parent === 'annotations' || parent === 'labels' || parent === 'data') return undefined
  if (kind === 'Service' && parent === 'spec' && field === 'ports') return SERVICE_PORTS
  if (kind === 'ServiceAccount' && field === 'secrets') return byName
  return UNDER_PARENT.get(`${parent}.${field}`) ?? ANYWHERE.get(field)
}

/** Objects of which a strategic patch with `$retainKeys` keeps only the named members. */
export function retainsKeys(path: readonly string[]): boolean {
  const field = path.at(-1)
  return field === 'strategy' || field === 'volumes'
}
