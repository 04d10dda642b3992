/**
 * Strategic merge patch: lists that are maps in disguise are merged by their key
 * (k8s.io/apimachinery/pkg/util/strategicpatch). Directives: `$patch: delete | replace | merge`, `$deleteFromPrimitiveList/…`,
 * `$setElementOrder/…`, `$retainKeys`.
 */
import { cloneJson, equalJson, isPlainObject, setMember } from '../meta/json.ts'
import { StatusError } from '../meta/status.ts'
import { listRule } from './merge-keys.ts'

const DELETE_FROM = '$deleteFromPrimitiveList/'
const ORDER = '$setElementOrder/'
const RETAIN = '$retainKeys'
const DIRECTIVE = '$patch'
const DEPTH_MAX = 100

type Members = Record<string, unknown>

/** A new object; neither argument changes. */
export function strategicMerge(kind: string, target: unknown, patch: unknown): unknown {
  if (!isPlainObject(patch)) throw StatusError.badRequest('json: cannot unmarshal into Go value of type map[string]interface {}')
  return mergeMap(kind, isPlainObject(target) ? cloneJson(target) : {}, patch, [])
}

function mergeMap(kind: string, target: Members, patch: Members, path: readonly string[]): Members {
  if (path.length > DEPTH_MAX) throw StatusError.badRequest('patch is nested too deeply')
  const directive = patch[DIRECTIVE]
  if (directive === 'replace') return stripDirectives(patch)
  if (directive === 'delete') return {}
  if (directive !== undefined && directive !== 'merge') throw StatusError.badRequest(`unknown patch type found: ${String(directive)}`)
  const retain = patch[RETAIN]
  if (Array.isArray(retain)) for (const key of Object.keys(target)) if (!retain.includes(key)) delete target[key]
  for (const key of Object.keys(patch)) {
    if (key === DIRECTIVE || key === RETAIN || key.startsWith(ORDER)) continue
    if (key.startsWith(DELETE_FROM)) {
      const field = key.slice(DELETE_FROM.length)
      const gone = patch[key]
      const list = target[field]
      if (Array.isArray(gone) && Array.isArray(list)) target[field] = list.filter((item) => !gone.some((g) => equalJson(g, item)))
      continue
    }
    const value = patch[key]
    const old = Object.hasOwn(target, key) ? target[key] : undefined
    if (value === null) delete target[key]
    else if (isPlainObject(value)) setMember(target, key, mergeMap(kind, isPlainObject(old) ? old : {}, value, [...path, key]))
    else if (Array.isArray(value)) setMember(target, key, mergeList(kind, Array.isArray(old) ? old : [], value, [...path, key]))
    else setMember(target, key, value)
  }
  for (const key of Object.keys(patch)) if (key.startsWith(ORDER)) reorder(kind, target, key.slice(ORDER.length), patch[key], path)
  return target
}

function mergeList(kind: string, target: unknown[], patch: unknown[], path: readonly string[]): unknown[] {
  const rule = listRule(kind, path)
  if (!rule) return cloneJson(patch)
  const { mergeKey } = rule
  if (mergeKey === '') {
    const result = [...target]
    for (const item of patch) if (!result.some((r) => equalJson(r, item))) result.push(cloneJson(item))
    return result
  }
  if (patch.some((item) => isPlainObject(item) && item[DIRECTIVE] === 'replace'))
    return patch.filter((item) => !isReplace(item)).map((i) => cloneJson(i))
  let result = target.filter(isPlainObject)
  for (const item of patch) {
    if (!isPlainObject(item)) throw StatusError.badRequest(`expected a map in list ${path.join('.')}`)
    const key = item[mergeKey]
    if (key === undefined) throw StatusError.badRequest(`map: ${JSON.stringify(item)} does not contain declared merge key: ${mergeKey}`)
    if (item[DIRECTIVE] === 'delete') {
      result = result.filter((r) => !equalJson(r[mergeKey], key))
      continue
    }
    const at = result.findIndex((r) => equalJson(r[mergeKey], key))
    if (at >= 0) result[at] = mergeMap(kind, result[at]!, item, path)
    else result.push(mergeMap(kind, {}, item, path))
  }
  return result
}

function isReplace(item: unknown): boolean {
  return isPlainObject(item) && item[DIRECTIVE] === 'replace'
}

/** Items named by the client stand in its order; others keep their place after what stood before them. */
function reorder(kind: string, target: Members, field: string, order: unknown, path: readonly string[]): void {
  const list = target[field]
  const rule = listRule(kind, [...path, field])
  if (!Array.isArray(list) || !Array.isArray(order) || !rule) return
  const identify = (item: unknown): unknown => (rule.mergeKey !== '' && isPlainObject(item) ? item[rule.mergeKey] : item)
  const wanted = order.map(identify)
  const place = (item: unknown): number => wanted.findIndex((w) => equalJson(w, identify(item)))
  const named = list.filter((item) => place(item) >= 0).sort((a, b) => place(a) - place(b))
  const result: unknown[] = []
  let next = 0
  for (const item of list) {
    if (place(item) >= 0) {
      result.push(named[next])
      next += 1
    } else result.push(item)
  }
  target[field] = result
}

function stripDirectives(patch: Members): Members {
  const result: Members = {}
  for (const key of Object.keys(patch)) if (!key.startsWith('$')) setMember(result, key, cloneJson(patch[key]))
  return result
}
