/**
 * Walks a value along its schema and names every field that does not fit: unknown, of the wrong type, or required and missing.
 * Strict field validation of the API server and the editor's diagnostics are two wordings of this list.
 *
 * Truth: the OpenAPI document; `null` stands for a field that is not set, as in Go.
 * Omits: values (ranges, names, enumerations); the registry's validation judges them.
 */
import type { SchemaNode, SchemaType } from './schema.ts'

export type FieldStep = string | number

export type FieldProblem =
  | { readonly code: 'unknown-field'; readonly path: readonly FieldStep[]; readonly field: string; readonly owner: SchemaNode }
  | {
      readonly code: 'wrong-type'
      readonly path: readonly FieldStep[]
      readonly expected: SchemaType
      readonly actual: JsonType
      readonly owner: SchemaNode | null
      readonly node: SchemaNode
    }
  | { readonly code: 'missing-field'; readonly path: readonly FieldStep[]; readonly field: string; readonly owner: SchemaNode }

export type JsonType = 'null' | 'string' | 'number' | 'boolean' | 'array' | 'object'

const depthMax = 100
const problemsMax = 200

/** All problems of an object, in the order of its own keys; missing fields come after the map that lacks them. */
export function fieldProblems(value: unknown, node: SchemaNode): FieldProblem[] {
  const problems: FieldProblem[] = []
  walk(value, node, null, [], problems)
  return problems
}

export function jsonType(value: unknown): JsonType {
  if (value === null || value === undefined) return 'null'
  if (Array.isArray(value)) return 'array'
  switch (typeof value) {
    case 'string':
      return 'string'
    case 'boolean':
      return 'boolean'
    case 'number':
    case 'bigint':
      return 'number'
    default:
      return 'object'
  }
}

/** `spec.containers[0].image`, as the API server writes it. */
export function fieldPath(path: readonly FieldStep[]): string {
  let text = ''
  for (const step of path) text += typeof step === 'number' ? `[${step}]` : text === '' ? step : `.${step}`
  return text
}

function walk(value: unknown, node: SchemaNode, owner: SchemaNode | null, path: FieldStep[], problems: FieldProblem[]): void {
  if (value === null || value === undefined || path.length > depthMax || problems.length >= problemsMax) return
  const expected = node.type
  if (!fits(value, expected)) {
    problems.push({ code: 'wrong-type', path: [...path], expected, actual: jsonType(value), owner, node })
    return
  }
  if (expected === 'array' && node.items) {
    const list = value as unknown[]
    for (let i = 0; i < list.length; i += 1) walk(list[i], node.items, owner, [...path, i], problems)
    return
  }
  if (expected !== 'object') return
  const map = value as Record<string, unknown>
  for (const key of Object.keys(map)) {
    const next = node.closed ? node.field(key) : node.values
    if (next) walk(map[key], next, node.closed ? node : owner, [...path, key], problems)
    else if (node.closed) problems.push({ code: 'unknown-field', path: [...path, key], field: key, owner: node })
  }
  for (const field of node.required) {
    if (map[field] === undefined || map[field] === null) problems.push({ code: 'missing-field', path: [...path], field, owner: node })
  }
}

function fits(value: unknown, type: SchemaType): boolean {
  switch (type) {
    case 'any':
      return true
    case 'object':
      return jsonType(value) === 'object'
    case 'array':
      return Array.isArray(value)
    case 'string':
      return typeof value === 'string'
    case 'boolean':
      return typeof value === 'boolean'
    case 'number':
      return typeof value === 'number'
    case 'integer':
      return Number.isInteger(value)
    case 'quantity':
      return typeof value === 'string' || typeof value === 'number'
    case 'int-or-string':
      return typeof value === 'string' || Number.isInteger(value)
  }
}
