/**
 * From what a client sent to a draft of ours: is it this kind, do its fields exist, are they of the right type? Wording as the
 * API server's serializers (k8s.io/apimachinery/pkg/runtime/serializer/json with sigs.k8s.io/json).
 */
import { fieldPath, fieldProblems } from '../schema/field-problems.ts'
import type { FieldProblem } from '../schema/field-problems.ts'
import type { Schema, SchemaNode } from '../schema/schema.ts'
import { cloneJson, isPlainObject } from '../meta/json.ts'
import { parseQuantity, QUANTITY_ERROR } from '../meta/quantity.ts'
import { StatusError } from '../meta/status.ts'
import { groupVersion } from '../registry/definition.ts'
import type { ResourceDefinition } from '../registry/definition.ts'
import type { KubeObject } from '../types/index.ts'
import type { Call } from './call.ts'

/** A mutable copy in the stored version. */
export function decode(schema: Schema | undefined, definition: ResourceDefinition, body: unknown, call: Call): KubeObject {
  if (!isPlainObject(body))
    throw StatusError.badRequest(
      `the object provided is unrecognized (must be of type ${definition.kind}): couldn't get version/kind; json parse error`,
    )
  const draft = cloneJson(body) as KubeObject
  const wanted = groupVersion(definition)
  draft.apiVersion ??= wanted
  draft.kind ??= definition.kind
  const other = definition.otherVersions.find((v) => groupVersion(v) === draft.apiVersion)
  if (draft.kind !== definition.kind || (draft.apiVersion !== wanted && !other)) {
    if (draft.kind === definition.kind)
      throw StatusError.badRequest(`the API version in the data (${draft.apiVersion}) does not match the expected API version (${wanted})`)
    throw StatusError.badRequest(
      `${draft.kind} in version "${versionOf(draft.apiVersion)}" cannot be handled as a ${definition.kind}: converting (${goKind(draft)}) to (${definition.kind}): unknown conversion`,
    )
  }
  checkFields(schema, draft, call)
  dropNulls(draft)
  if (!isPlainObject(draft.metadata)) draft.metadata = { name: '' }
  draft.metadata.name ??= ''
  if (other) {
    other.toStored(draft)
    draft.apiVersion = wanted
  }
  return draft
}

export function checkFields(schema: Schema | undefined, draft: KubeObject, call: Call): void {
  if (call.fieldValidation === undefined && call.actor !== 'kubectl') return
  const node = schema?.forKind(draft.apiVersion, draft.kind)
  if (!node) return
  const problems = fieldProblems(draft, node)
  const what = `${draft.kind} in version "${versionOf(draft.apiVersion)}" cannot be handled as a ${draft.kind}`
  const wrong = problems.find((p) => p.code === 'wrong-type')
  if (wrong) throw StatusError.badRequest(`${what}: ${typeError(wrong, node)}`)
  if (hasBadQuantity(draft, node)) throw StatusError.badRequest(`${what}: ${QUANTITY_ERROR}`)
  const unknown = problems.filter((p) => p.code === 'unknown-field').map((p) => `unknown field "${fieldPath(p.path)}"`)
  if (unknown.length === 0) return
  if (call.fieldValidation === 'Strict') throw StatusError.badRequest(`${what}: strict decoding error: ${unknown.join(', ')}`)
  if (call.fieldValidation !== 'Ignore') call.warnings.push(...unknown)
  for (const p of problems) if (p.code === 'unknown-field') removeAt(draft, p.path)
}

function typeError(problem: Extract<FieldProblem, { code: 'wrong-type' }>, root: SchemaNode): string {
  if (problem.expected === 'quantity') return QUANTITY_ERROR
  const path = structPath(problem.path, root)
  const actual = problem.actual === 'boolean' ? 'bool' : problem.actual
  const where = problem.owner ? `Go struct field ${problem.owner.typeName}.${path}` : 'Go value'
  return `json: cannot unmarshal ${actual} into ${where} of type ${goType(problem.node)}`
}

/** Fields of structs only: neither places in lists nor keys of maps. */
function structPath(path: readonly (string | number)[], root: SchemaNode): string {
  const fields: string[] = []
  let node: SchemaNode | null | undefined = root
  for (const step of path) {
    if (typeof step === 'number') node = node?.items
    else if (node?.closed) {
      fields.push(step)
      node = node.field(step)
    } else node = node?.values
  }
  return fields.join('.')
}

function hasBadQuantity(value: unknown, node: SchemaNode | null | undefined): boolean {
  if (!node || value === null || value === undefined) return false
  if (node.type === 'quantity') return parseQuantity(value) === undefined
  if (Array.isArray(value)) return node.items !== null && value.some((item) => hasBadQuantity(item, node.items))
  if (!isPlainObject(value)) return false
  return Object.keys(value).some((key) => hasBadQuantity(value[key], node.closed ? node.field(key) : node.values))
}

function goType(node: SchemaNode): string {
  switch (node.type) {
    case 'string':
      return node.format === 'byte' ? '[]uint8' : 'string'
    case 'boolean':
      return 'bool'
    case 'integer':
      return node.format === 'int64' ? 'int64' : 'int32'
    case 'number':
      return 'float64'
    case 'int-or-string':
      return 'intstr.IntOrString'
    case 'array':
      return `[]${node.items ? goType(node.items) : 'interface {}'}`
    default:
      if (node.name !== '') return node.name.split('.').slice(-2).join('.')
      return node.values ? `map[string]${goType(node.values)}` : 'map[string]interface {}'
  }
}

function removeAt(root: unknown, path: readonly (string | number)[]): void {
  let at = root as Record<string | number, unknown>
  for (const step of path.slice(0, -1)) {
    at = at[step] as Record<string | number, unknown>
    if (typeof at !== 'object' || at === null) return
  }
  delete at[path.at(-1)!]
}

/** `null` is a field that is not set. */
export function dropNulls(value: unknown): void {
  if (Array.isArray(value)) for (const item of value) dropNulls(item)
  else if (isPlainObject(value))
    for (const key of Object.keys(value)) {
      if (value[key] === null) delete value[key]
      else dropNulls(value[key])
    }
}

function versionOf(apiVersion: string): string {
  return apiVersion.slice(apiVersion.indexOf('/') + 1)
}

function goKind(object: KubeObject): string {
  return `${versionOf(object.apiVersion)}.${object.kind}`
}
