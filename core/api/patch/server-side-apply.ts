/**
 * Server-side apply: a manager says which fields it wants, gets them, loses those it no longer names, and meets a conflict
 * where another manager owns a different value. sigs.k8s.io/structured-merge-diff and apiserver's fieldmanager.
 * Omits: version conversion of owned fields, ownership of defaulted fields by nobody, granular maps' own atomics.
 */
import { byText } from '../../base/text-order.ts'
import { cloneJson, equalJson, isPlainObject, setMember } from '../meta/json.ts'
import { StatusError } from '../meta/status.ts'
import type { FieldsV1, KubeObject, ManagedFieldsEntry } from '../types/index.ts'
import { changedFields, fieldsOf, itemKey, leafPaths, subtractFields } from './field-set.ts'
import { listRule } from './merge-keys.ts'

export interface Writer {
  manager: string
  apiVersion: string
  time: string
  subresource: string
}

/** The object after the apply; `live` undefined when it is new. */
export function serverSideApply(live: KubeObject | undefined, applied: KubeObject, writer: Writer, force: boolean): KubeObject {
  const { kind } = applied
  const wanted = fieldsOf(kind, applied)
  if (!live) {
    const created = cloneJson(applied)
    created.metadata.managedFields = [entry(writer, 'Apply', wanted)]
    return created
  }
  const entries = cloneJson(live.metadata.managedFields ?? [])
  const mine = entries.find((e) => isMine(e, writer))
  const taken = conflicts(
    live,
    applied,
    wanted,
    entries.filter((e) => e !== mine),
  )
  if (taken.length > 0 && !force) throw conflictError(taken)
  const merged = cloneJson(live)
  if (mine) {
    const dropped = subtractFields(mine.fieldsV1, wanted)
    // What other managers own too stays.
    let rest = dropped
    for (const other of entries) if (other !== mine && rest) rest = subtractFields(rest, other.fieldsV1)
    if (rest) removeFields(kind, merged as unknown as Record<string, unknown>, rest, [])
  }
  mergeInto(kind, merged as unknown as Record<string, unknown>, applied as unknown as Record<string, unknown>, [])
  const kept: ManagedFieldsEntry[] = []
  for (const other of entries) {
    if (other === mine) continue
    const lost = changedFields(kind, live, merged)
    const fields = lost && force ? subtractFields(other.fieldsV1, lost) : other.fieldsV1
    if (fields) kept.push({ ...other, fieldsV1: fields })
  }
  merged.metadata.managedFields = [entry(writer, 'Apply', wanted), ...kept]
  return merged
}

/** After an ordinary write: the writer owns what it changed, and nobody else does. */
export function trackUpdate(before: KubeObject | undefined, after: KubeObject, writer: Writer): void {
  const changed = before ? changedFields(after.kind, before, after) : fieldsOf(after.kind, withoutStatus(after))
  const entries = cloneJson(before?.metadata.managedFields ?? [])
  if (!changed || Object.keys(changed).length === 0) {
    if (entries.length > 0) after.metadata.managedFields = entries
    return
  }
  const kept: ManagedFieldsEntry[] = []
  let mine: ManagedFieldsEntry | undefined
  for (const e of entries) {
    if (
      e.operation === 'Update' &&
      e.manager === writer.manager &&
      (e.subresource ?? '') === writer.subresource &&
      e.apiVersion === writer.apiVersion
    )
      mine = e
    else {
      const fields = subtractFields(e.fieldsV1, changed)
      if (fields) kept.push({ ...e, fieldsV1: fields })
    }
  }
  const fields = mine ? merge(mine.fieldsV1, changed) : changed
  after.metadata.managedFields = [...kept, entry(writer, 'Update', fields)]
}

function withoutStatus(object: KubeObject): KubeObject {
  const { status: _status, ...rest } = object
  return rest as KubeObject
}

function merge(a: FieldsV1, b: FieldsV1): FieldsV1 {
  const result: FieldsV1 = { ...a }
  for (const key of Object.keys(b)) result[key] = result[key] ? merge(result[key], b[key]!) : b[key]!
  return result
}

function entry(writer: Writer, operation: 'Apply' | 'Update', fieldsV1: FieldsV1): ManagedFieldsEntry {
  const base: ManagedFieldsEntry = {
    manager: writer.manager,
    operation,
    apiVersion: writer.apiVersion,
    time: writer.time,
    fieldsType: 'FieldsV1',
    fieldsV1,
  }
  return writer.subresource === '' ? base : { ...base, subresource: writer.subresource }
}

function isMine(e: ManagedFieldsEntry, writer: Writer): boolean {
  return e.operation === 'Apply' && e.manager === writer.manager && (e.subresource ?? '') === writer.subresource
}

interface Taken {
  manager: string
  operation: string
  apiVersion: string
  path: string
}

function conflicts(live: KubeObject, applied: KubeObject, wanted: FieldsV1, others: readonly ManagedFieldsEntry[]): Taken[] {
  const taken: Taken[] = []
  const differing = changedFields(applied.kind, live, applied)
  if (!differing) return taken
  const changing = new Set(leafPaths(differing))
  const asked = new Set(leafPaths(wanted))
  for (const other of others)
    for (const path of leafPaths(other.fieldsV1))
      if (changing.has(path) && asked.has(path))
        taken.push({ manager: other.manager, operation: other.operation, apiVersion: other.apiVersion, path })
  return taken.sort((a, b) => byText(a.manager, b.manager) || byText(a.path, b.path))
}

function conflictError(taken: readonly Taken[]): StatusError {
  const causes = taken.map((t) => ({
    reason: 'FieldManagerConflict',
    field: t.path,
    message: t.operation === 'Apply' ? `conflict with "${t.manager}"` : `conflict with "${t.manager}" using ${t.apiVersion}`,
  }))
  const byManager = new Map<string, string[]>()
  for (const c of causes) byManager.set(c.message, [...(byManager.get(c.message) ?? []), c.field])
  const plural = taken.length === 1 ? 'conflict' : 'conflicts'
  if (taken.length === 1)
    return StatusError.applyConflict(`Apply failed with 1 ${plural}: ${causes[0]!.message}: ${causes[0]!.field}`, causes)
  const lines: string[] = []
  for (const [message, fields] of byManager)
    lines.push(`${message.replace('conflict with', 'conflicts with')}:`, ...fields.map((f) => `- ${f}`))
  return StatusError.applyConflict(`Apply failed with ${taken.length} ${plural}: ${lines.join('\n')}`, causes)
}

function mergeInto(kind: string, target: Record<string, unknown>, applied: Record<string, unknown>, path: readonly string[]): void {
  for (const key of Object.keys(applied)) {
    const value = applied[key]
    const at = [...path, key]
    const old = Object.hasOwn(target, key) ? target[key] : undefined
    if (isPlainObject(value) && isPlainObject(old)) mergeInto(kind, old, value, at)
    else if (Array.isArray(value) && Array.isArray(old)) target[key] = mergeLists(kind, old, value, at)
    else setMember(target, key, cloneJson(value))
  }
}

function mergeLists(kind: string, old: unknown[], value: unknown[], path: readonly string[]): unknown[] {
  const rule = listRule(kind, path)
  if (!rule || (rule.mergeKey !== '' && rule.mapKeys.length === 0)) return cloneJson(value)
  const result = [...old]
  for (const item of value) {
    if (rule.mergeKey === '') {
      if (!result.some((r) => equalJson(r, item))) result.push(item)
      continue
    }
    if (!isPlainObject(item)) continue
    const key = itemKey(withProtocol(item, rule.mapKeys), rule.mapKeys)
    const at = result.findIndex((r) => isPlainObject(r) && itemKey(withProtocol(r, rule.mapKeys), rule.mapKeys) === key)
    if (at < 0) result.push(cloneJson(item))
    else mergeInto(kind, result[at] as Record<string, unknown>, item, path)
  }
  return result
}

/** `protocol` is a key with a default. */
function withProtocol(item: Record<string, unknown>, keys: readonly string[]): Record<string, unknown> {
  return keys.includes('protocol') && item.protocol === undefined ? { ...item, protocol: 'TCP' } : item
}

function removeFields(kind: string, target: Record<string, unknown>, fields: FieldsV1, path: readonly string[]): void {
  for (const key of Object.keys(fields)) {
    if (!key.startsWith('f:')) continue
    const field = key.slice(2)
    const inner = fields[key]!
    const value = target[field]
    if (Object.keys(inner).length === 0) delete target[field]
    else if (isPlainObject(value)) removeFields(kind, value, inner, [...path, field])
    else if (Array.isArray(value)) target[field] = removeItems(kind, value, inner, [...path, field])
  }
}

function removeItems(kind: string, list: unknown[], fields: FieldsV1, path: readonly string[]): unknown[] {
  const rule = listRule(kind, path)
  if (!rule) return list
  return list.filter((item) => {
    if (rule.mergeKey === '') return !(`v:${JSON.stringify(item)}` in fields)
    if (!isPlainObject(item)) return true
    const inner = fields[itemKey(item, rule.mapKeys)]
    if (!inner) return true
    if ('.' in inner) return false
    removeFields(kind, item, inner, path)
    return true
  })
}
