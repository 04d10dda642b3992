/**
 * Writes kubernetes-v1.36.json, the schema of every object of Kubernetes 1.36, from the models of @kubernetes/client-node,
 * which are generated from the official OpenAPI document and carry all that it says of properties, types and required fields.
 *
 *   node core/api/schema/generate.mjs
 *
 * The package also ships models and API classes of earlier versions; only files whose header names the version of `V1Pod` and
 * API classes that `ObservableAPI.js` names belong to this one. Names of definitions follow the official document.
 *
 * Omits: defaults, enumerations, merge keys (the package does not carry them), and definitions without properties.
 */
import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

const here = dirname(fileURLToPath(import.meta.url))
const gen = join(here, '../../../node_modules/@kubernetes/client-node/dist/gen')
const read = name => readFileSync(join(gen, name), 'utf8')
const versionOf = text => /OpenAPI spec version: (\S+)/.exec(text)?.[1]
const release = versionOf(read('models/V1Pod.d.ts'))
if (release !== 'release-1.36') throw new Error(`expected the models of release-1.36, found ${release}`)

const META = 'io.k8s.apimachinery.pkg.apis.meta.v1'
const QUANTITY = 'io.k8s.apimachinery.pkg.api.resource.Quantity'
const INT_OR_STRING = 'io.k8s.apimachinery.pkg.util.intstr.IntOrString'
const TIME = `${META}.Time`
const MICRO_TIME = `${META}.MicroTime`

/** Types of apimachinery, whatever group refers to them. */
const META_TYPES = /^V1(APIGroup|APIGroupList|APIResource|APIResourceList|APIVersions|Condition|DeleteOptions|FieldSelectorRequirement|GroupVersionForDiscovery|LabelSelector|LabelSelectorRequirement|ListMeta|ManagedFieldsEntry|MicroTime|ObjectMeta|OwnerReference|Patch|Preconditions|ServerAddressByClientCIDR|ShardInfo|Status|StatusCause|StatusDetails)$/
/** Types of core/v1 that only other groups refer to. */
const CORE_TYPES = /^V1(TopologySelectorTerm|TopologySelectorLabelRequirement|NodeSelector|NodeSelectorTerm|NodeSelectorRequirement|Toleration|TypedLocalObjectReference|ObjectReference)$/
/** Types of subresources, which no object of their group refers to. */
const OWN_GROUP = new Map([
  ['V1Eviction', 'policy'], ['V1Scale', 'autoscaling'], ['V1ScaleSpec', 'autoscaling'], ['V1ScaleStatus', 'autoscaling'],
  ['V1ComponentCondition', ''], ['V1ComponentStatus', ''], ['V1ComponentStatusList', ''],
])
/** Several groups have a type of this name; the package then puts the group in front. */
const GROUP_PREFIX = /^(Core|Events|Authentication|Storage|Discovery|Flowcontrol|Rbac|Admissionregistration|Apiextensions|Apiregistration|Resource|Batch|Apps)(V\d.*)$/
const PACKAGES = new Map([
  ['', 'io.k8s.api.core'],
  ['apiextensions.k8s.io', 'io.k8s.apiextensions-apiserver.pkg.apis.apiextensions'],
  ['apiregistration.k8s.io', 'io.k8s.kube-aggregator.pkg.apis.apiregistration'],
  ['apiextensions', 'io.k8s.apiextensions-apiserver.pkg.apis.apiextensions'],
  ['apiregistration', 'io.k8s.kube-aggregator.pkg.apis.apiregistration'],
])
/** Quantities are plain strings in the package. Maps of them by the name of the field, single ones by type and field. */
const QUANTITY_MAPS = new Set([
  'allocatable', 'allocatedResources', 'capacity', 'consumedCapacity', 'default', 'defaultRequest', 'hard', 'limits', 'max', 'maxLimitRequestRatio', 'min',
  'overhead', 'podFixed', 'requests', 'used',
])
const QUANTITY_FIELDS = new Set([
  'EmptyDirVolumeSource.sizeLimit', 'ResourceFieldSelector.divisor', 'MetricTarget.value', 'MetricTarget.averageValue', 'MetricValueStatus.value',
  'MetricValueStatus.averageValue', 'CSIStorageCapacity.capacity', 'CSIStorageCapacity.maximumVolumeSize', 'DeviceCapacity.value', 'Counter.value',
  'CapacityRequestPolicy.default', 'CapacityRequestPolicyRange.min', 'CapacityRequestPolicyRange.max', 'CapacityRequestPolicyRange.step', 'HPAScalingRules.tolerance',
])

const plainText = text => text.replace(/\\(['"])/g, '$1').replace(/\s*\n\s*\*?\s*/g, ' ').trim()

/** name → { description, properties: [{ name, type, format, required, description }] } */
const models = new Map()
for (const file of readdirSync(join(gen, 'models')).filter(name => name.endsWith('.d.ts')).sort()) {
  const declaration = read(`models/${file}`)
  if (versionOf(declaration) !== release) continue
  const model = file.slice(0, -'.d.ts'.length)
  const source = read(`models/${model}.js`)
  const map = /attributeTypeMap = (\[[\s\S]*?\n\]);/.exec(source)
  const attributes = map ? JSON.parse(map[1]) : []
  const body = declaration.slice(declaration.indexOf(`export declare class ${model}`))
  const description = /\/\*\*\s*\n\* ([\s\S]*?)\n\*\/\s*\nexport declare class/.exec(declaration)?.[1] ?? ''
  const properties = attributes.map(({ name, baseName, type, format }) => {
    const field = new RegExp(`(?:/\\*\\*\\s*\\n\\s*\\* ((?:(?!\\*/)[\\s\\S])*?)\\s*\\*/\\s*)?'${name.replace('$', '\\$')}'(\\??):`).exec(body)
    if (!field) throw new Error(`${model}.${name} is not declared`)
    return { name: baseName, type, format, required: field[2] === '', description: plainText(field[1] ?? '') }
  })
  models.set(model, { description: plainText(description), properties })
}

/** Which objects can be written, from the API classes: model → [{ group, version, kind }]. */
const kinds = new Map()
const classes = [...read('types/ObservableAPI.js').matchAll(/import \{ (\w+)RequestFactory,/g)].map(match => match[1])
for (const name of classes) {
  const text = read(`apis/${name}.js`)
  for (const part of text.split(/\n {4}async /)) {
    const path = /const localVarPath = '([^']+)'/.exec(part)?.[1]
    const method = /HttpMethod\.(\w+)\)/.exec(part)?.[1]
    const model = /ObjectSerializer\.serialize\(body, "(\w+)"/.exec(part)?.[1]
    if (!path || method !== 'POST' || !model || !models.has(model)) continue
    const match = /^\/(?:api|apis\/([^/]+))\/([^/]+)\/(?:namespaces\/\{namespace\}\/)?([^/{]+)$/.exec(path)
    if (!match) continue
    add(model, { group: match[1] ?? '', version: match[2] })
  }
}

function add(model, { group, version }) {
  const kind = model.replace(/^([A-Z][a-z]+)?V\d+((alpha|beta)\d+)?/, '')
  for (const [name, kindName] of [[model, kind], [`${model}List`, `${kind}List`]]) {
    if (!models.has(name)) continue
    const list = kinds.get(name) ?? []
    if (!list.some(known => known.group === group && known.version === version)) list.push({ group, kind: kindName, version })
    kinds.set(name, list)
  }
}

add('V1Eviction', { group: 'policy', version: 'v1' })
add('V1Scale', { group: 'autoscaling', version: 'v1' })

const referenced = type => [...type.matchAll(/\b((?:[A-Z][a-z]+)?V\d\w*)\b/g)].map(match => match[1]).filter(name => models.has(name))

/** A type belongs to the group of the first object that refers to it; core comes first. */
const names = new Map()
const roots = [...kinds].filter(([, list]) => list.length > 0).sort((a, b) => (a[1][0].group < b[1][0].group ? -1 : a[1][0].group > b[1][0].group ? 1 : a[0] < b[0] ? -1 : 1))
for (const [root, list] of roots) visit(root, list[0].group)
for (const model of models.keys()) visit(model, META_TYPES.test(model) ? 'meta' : guessGroup(model))

function guessGroup(model) {
  if (OWN_GROUP.has(model)) return OWN_GROUP.get(model)
  const prefix = GROUP_PREFIX.exec(model)?.[1]
  return prefix === undefined ? 'meta' : prefix === 'Core' ? '' : prefix.toLowerCase()
}

function visit(model, group) {
  if (names.has(model)) return
  const prefixed = GROUP_PREFIX.exec(model)
  const bare = prefixed ? prefixed[2] : model
  const [, version, name] = /^(V\d+(?:(?:alpha|beta)\d+)?)(.*)$/.exec(bare) ?? [null, 'V1', bare]
  const isMeta = META_TYPES.test(model) || group === 'meta'
  const own = CORE_TYPES.test(model) ? '' : prefixed ? guessGroup(model) : group
  const packageName = isMeta ? META.slice(0, -3) : (PACKAGES.get(own) ?? `io.k8s.api.${own.split('.')[0]}`)
  names.set(model, `${packageName}.${version[0].toLowerCase()}${version.slice(1)}.${name}`)
  for (const property of models.get(model).properties) for (const next of referenced(property.type)) visit(next, isMeta ? 'meta' : own)
}

const ref = name => ({ $ref: `#/definitions/${name}` })

function schemaOf(type, format, owner, name) {
  const bare = owner.replace(/^([A-Z][a-z]+)?V\d+((alpha|beta)\d+)?/, '')
  const array = /^(?:Array|Set)<(.*)>$/.exec(type)
  if (array) return { type: 'array', items: schemaOf(array[1], '', owner, '') }
  const map = /^\{ \[key: string\]: (.*); \}$/.exec(type)
  if (map) {
    const values = map[1] === 'string' && (QUANTITY_MAPS.has(name) || (bare === 'NodeAllocatableResourceClaimStatus' && name === 'resources')) ? ref(QUANTITY) : schemaOf(map[1], '', owner, '')
    return { type: 'object', additionalProperties: values }
  }
  if (type === 'string') return QUANTITY_FIELDS.has(`${bare}.${name}`) ? ref(QUANTITY) : format ? { type: 'string', format } : { type: 'string' }
  if (type === 'number') return format === 'double' || format === 'float' ? { type: 'number', format } : format ? { type: 'integer', format } : { type: 'integer' }
  if (type === 'boolean') return { type: 'boolean' }
  if (type === 'Date') return ref(TIME)
  if (type === 'V1MicroTime') return ref(MICRO_TIME)
  if (type === 'IntOrString') return ref(INT_OR_STRING)
  if (type === 'any' || type === 'object') return {}
  const target = names.get(type)
  if (!target) throw new Error(`${owner}.${name}: unknown type ${type}`)
  return ref(target)
}

const definitions = new Map([
  [QUANTITY, { description: 'Quantity is a fixed-point number with an optional suffix, such as 100m, 1, 1.5 or 64Mi.', type: ['string', 'number'] }],
  [INT_OR_STRING, { description: 'IntOrString holds an integer or a string.', type: ['integer', 'string'], format: 'int-or-string' }],
  [TIME, { description: 'Time in RFC 3339.', type: 'string', format: 'date-time' }],
  [MICRO_TIME, { description: 'Time in RFC 3339 with microseconds.', type: 'string', format: 'date-time' }],
])
for (const [model, { description, properties }] of models) {
  const name = names.get(model)
  if (name === MICRO_TIME) continue
  if (definitions.has(name)) throw new Error(`two models are named ${name}: ${model}`)
  const fields = {}
  const required = []
  for (const property of [...properties].sort((a, b) => (a.name < b.name ? -1 : 1))) {
    const schema = schemaOf(property.type, property.format, model, property.name)
    fields[property.name] = property.description && !schema.$ref ? { description: property.description, ...schema } : schema
    if (property.required) required.push(property.name)
  }
  const definition = { description, type: 'object', properties: fields }
  if (required.length > 0) definition.required = required
  const list = kinds.get(model)
  if (list) definition['x-kubernetes-group-version-kind'] = list
  definitions.set(name, definition)
}

const sorted = Object.fromEntries([...definitions].sort(([a], [b]) => (a < b ? -1 : 1)))
const lines = Object.entries(sorted).map(([name, definition]) => `${JSON.stringify(name)}:${JSON.stringify(definition)}`)
const text = `{"version":"v1.36","definitions":{\n${lines.join(',\n')}\n}}\n`
writeFileSync(join(here, 'kubernetes-v1.36.json'), text)
console.log(`${lines.length} definitions, ${kinds.size} kinds and lists, ${text.length} characters`)
