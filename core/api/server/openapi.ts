/**
 * /openapi/v3: the schema by group version, for `kubectl explain` and for clients that ask whether the server validates fields
 * (k8s.io/kube-openapi/pkg/handler3).
 * Omits: /openapi/v2, responses, all parameters but those that clients look for.
 */
import { byText } from '../../base/text-order.ts'
import { isPlainObject, setMember } from '../meta/json.ts'
import { groupVersion } from '../registry/definition.ts'
import type { ResourceDefinition } from '../registry/definition.ts'

const OLD_REF = '#/definitions/'
const NEW_REF = '#/components/schemas/'
const DEPTH_MAX = 50

/** The index: where each group version's document is. */
export function openApiIndex(registry: readonly ResourceDefinition[]): object {
  const paths: Record<string, object> = {}
  for (const version of versionsOf(registry)) {
    const path = version.includes('/') ? `apis/${version}` : `api/${version}`
    paths[path] = { serverRelativeURL: `/openapi/v3/${path}?hash=vethlab` }
  }
  return { paths }
}

/** The document of one group version, with every definition that it reaches; undefined when nothing is served there. */
export function openApiDocument(
  registry: readonly ResourceDefinition[],
  definitions: Readonly<Record<string, unknown>>,
  version: string,
): object | undefined {
  const here = registry.flatMap((definition) =>
    [definition, ...definition.otherVersions].filter((v) => groupVersion(v) === version).map(() => definition),
  )
  if (here.length === 0) return undefined
  const schemas: Record<string, unknown> = {}
  const paths: Record<string, object> = {}
  const [group, number] = version.includes('/') ? (version.split('/') as [string, string]) : ['', version]
  const byKind = new Map<string, string>()
  for (const [name, schema] of Object.entries(definitions))
    for (const gvk of kindsOf(schema)) if (gvk.group === group && gvk.version === number) byKind.set(gvk.kind, name)
  for (const definition of here) {
    const name = byKind.get(definition.kind)
    if (name) reach(name, definitions, schemas, 0)
    const base = `${version.includes('/') ? '/apis/' : '/api/'}${version}${definition.namespaced ? '/namespaces/{namespace}' : ''}/${definition.plural}`
    const gvk = { group, version: number, kind: definition.kind }
    paths[base] = { get: operation('list', gvk, []), post: operation('post', gvk, ['dryRun', 'fieldManager', 'fieldValidation']) }
    paths[`${base}/{name}`] = {
      get: operation('get', gvk, []),
      put: operation('put', gvk, ['dryRun', 'fieldManager', 'fieldValidation']),
      patch: operation('patch', gvk, ['dryRun', 'fieldManager', 'fieldValidation', 'force']),
      delete: operation('delete', gvk, ['dryRun']),
    }
  }
  return { openapi: '3.0.0', info: { title: 'Kubernetes', version: 'v1.36.0' }, paths, components: { schemas } }
}

function operation(action: string, gvk: object, parameters: readonly string[]): object {
  return {
    'x-kubernetes-action': action,
    'x-kubernetes-group-version-kind': gvk,
    parameters: parameters.map((name) => ({
      name,
      in: 'query',
      schema: { type: name === 'force' ? 'boolean' : 'string', uniqueItems: true },
    })),
    responses: {},
  }
}

function versionsOf(registry: readonly ResourceDefinition[]): string[] {
  const versions = new Set(registry.flatMap((d) => [groupVersion(d), ...d.otherVersions.map(groupVersion)]))
  return [...versions].sort(byText)
}

function kindsOf(schema: unknown): { group: string; version: string; kind: string }[] {
  const kinds = isPlainObject(schema) ? schema['x-kubernetes-group-version-kind'] : undefined
  return Array.isArray(kinds) ? (kinds as { group: string; version: string; kind: string }[]) : []
}

function reach(name: string, definitions: Readonly<Record<string, unknown>>, into: Record<string, unknown>, depth: number): void {
  if (Object.hasOwn(into, name) || !Object.hasOwn(definitions, name) || depth > DEPTH_MAX) return
  into[name] = {}
  into[name] = rewrite(definitions[name], (target) => reach(target, definitions, into, depth + 1))
}

/** OpenAPI 3 does not allow anything beside `$ref`: it goes into an `allOf`. */
function rewrite(value: unknown, onRef: (name: string) => void): unknown {
  if (Array.isArray(value)) return value.map((item) => rewrite(item, onRef))
  if (!isPlainObject(value)) return value
  const ref = value.$ref
  if (typeof ref === 'string' && ref.startsWith(OLD_REF)) {
    const name = ref.slice(OLD_REF.length)
    onRef(name)
    const { $ref: _ref, ...rest } = value
    const moved = { $ref: NEW_REF + name }
    return Object.keys(rest).length === 0 ? moved : { ...rest, allOf: [moved], default: {} }
  }
  const result: Record<string, unknown> = {}
  for (const key of Object.keys(value)) setMember(result, key, rewrite(value[key], onRef))
  return result
}
