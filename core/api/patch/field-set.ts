/**
 * Sets of fields as `managedFields` writes them (`f:spec`, `k:{"name":"web"}`, `v:"x"`): sigs.k8s.io/structured-merge-diff.
 */
import { canonicalJson, equalJson, isPlainObject } from '../meta/json.ts'
import type { FieldsV1 } from '../types/index.ts'
import { listRule } from './merge-keys.ts'

/** Fields that nobody owns. */
const SYSTEM_METADATA = new Set([
  'name',
  'namespace',
  'uid',
  'resourceVersion',
  'generation',
  'creationTimestamp',
  'deletionTimestamp',
  'deletionGracePeriodSeconds',
  'managedFields',
  'generateName',
  'selfLink',
])

export function fieldsOf(kind: string, object: object): FieldsV1 {
  const set: FieldsV1 = Object.create(null) as FieldsV1
  for (const [key, value] of Object.entries(object)) {
    if (key === 'apiVersion' || key === 'kind') continue
    if (key === 'metadata') {
      const meta: FieldsV1 = Object.create(null) as FieldsV1
      for (const [k, v] of Object.entries(value as object)) if (!SYSTEM_METADATA.has(k)) meta[`f:${k}`] = collect(kind, v, ['metadata', k])
      if (Object.keys(meta).length > 0) set['f:metadata'] = meta
    } else set[`f:${key}`] = collect(kind, value, [key])
  }
  return set
}

function collect(kind: string, value: unknown, path: readonly string[]): FieldsV1 {
  const set: FieldsV1 = Object.create(null) as FieldsV1
  if (isPlainObject(value)) {
    if (isAtomicMap(path)) return set
    for (const [key, member] of Object.entries(value)) set[`f:${key}`] = collect(kind, member, [...path, key])
  } else if (Array.isArray(value)) {
    const rule = listRule(kind, path)
    if (!rule) return set
    for (const item of value) {
      if (rule.mergeKey === '') set[`v:${JSON.stringify(item)}`] = {}
      else if (isPlainObject(item) && rule.mapKeys.length > 0) {
        const inner = collect(kind, item, path)
        inner['.'] = {}
        set[itemKey(item, rule.mapKeys)] = inner
      }
    }
  }
  return set
}

function isAtomicMap(path: readonly string[]): boolean {
  const field = path.at(-1)
  return field === 'selector' || (field === 'nodeSelector' && path.length > 1) || field === 'labelSelector'
}

export function itemKey(item: Record<string, unknown>, keys: readonly string[]): string {
  const named: Record<string, unknown> = {}
  for (const key of keys) if (item[key] !== undefined) named[key] = item[key]
  return `k:${canonicalJson(named)}`
}

export function unionFields(a: FieldsV1, b: FieldsV1): FieldsV1 {
  const result: FieldsV1 = Object.assign(Object.create(null) as FieldsV1, a)
  for (const key of Object.keys(b)) result[key] = result[key] ? unionFields(result[key], b[key]!) : b[key]!
  return result
}

/** Leaves of `a` that are not in `b`; undefined when none is left. */
export function subtractFields(a: FieldsV1, b: FieldsV1): FieldsV1 | undefined {
  const result: FieldsV1 = Object.create(null) as FieldsV1
  for (const key of Object.keys(a)) {
    const mine = a[key]!
    const other = b[key]
    if (other === undefined) result[key] = mine
    else if (Object.keys(mine).length > 0) {
      const rest = subtractFields(mine, other)
      if (rest) result[key] = rest
    }
  }
  const left = Object.keys(result)
  return left.length === 0 || (left.length === 1 && left[0] === '.') ? undefined : result
}

/** Leaves as paths, for texts: `.spec.template.spec.containers[name="web"].image`. */
export function leafPaths(set: FieldsV1, prefix = ''): string[] {
  const paths: string[] = []
  for (const key of Object.keys(set)) {
    if (key === '.') continue
    const at = prefix + stepText(key)
    const inner = Object.keys(set[key]!)
    if (inner.length === 0) paths.push(at)
    else paths.push(...leafPaths(set[key]!, at))
  }
  return paths
}

function stepText(key: string): string {
  if (key.startsWith('f:')) return `.${key.slice(2)}`
  if (key.startsWith('v:')) return `[=${key.slice(2)}]`
  const named = JSON.parse(key.slice(2)) as Record<string, unknown>
  return `[${Object.keys(named)
    .map((k) => `${k}=${JSON.stringify(named[k])}`)
    .join(',')}]`
}

/** What differs between two objects: fields added or changed in `now`. */
export function changedFields(kind: string, before: unknown, now: unknown, path: readonly string[] = []): FieldsV1 | undefined {
  if (equalJson(before, now)) return undefined
  const set: FieldsV1 = Object.create(null) as FieldsV1
  if (isPlainObject(now) && !isAtomicMap(path)) {
    for (const key of Object.keys(now)) {
      if (path.length === 0 && (key === 'apiVersion' || key === 'kind')) continue
      if (path.length === 1 && path[0] === 'metadata' && SYSTEM_METADATA.has(key)) continue
      const changed = changedFields(kind, isPlainObject(before) ? before[key] : undefined, now[key], [...path, key])
      if (changed) set[`f:${key}`] = changed
    }
    return Object.keys(set).length > 0 || (path.length > 0 && Object.keys(now).length === 0) ? set : undefined
  }
  if (Array.isArray(now)) {
    const rule = listRule(kind, path)
    if (!rule) return set
    for (const item of now) {
      if (rule.mergeKey === '') {
        if (!(Array.isArray(before) && before.some((b) => equalJson(b, item)))) set[`v:${JSON.stringify(item)}`] = {}
      } else if (isPlainObject(item) && rule.mapKeys.length > 0) {
        const key = itemKey(item, rule.mapKeys)
        const old = Array.isArray(before) ? before.find((b) => isPlainObject(b) && itemKey(b, rule.mapKeys) === key) : undefined
        const changed = changedFields(kind, old, item, path)
        if (changed) set[key] = old === undefined ? { ...changed, '.': {} } : changed
      }
    }
  }
  return set
}
