/**
 * The patch of `kubectl apply`: what the manifest adds and changes against the live object, and what it no longer says although it
 * did the last time. Lists that are maps in disguise are compared by their key.
 *
 * Truth: k8s.io/apimachinery/pkg/util/strategicpatch (CreateThreeWayMergePatch), jsonmergepatch for custom resources.
 * Omits: `$retainKeys` except for deployment strategies and volumes.
 */
import { equalJson, isPlainObject, setMember } from '../../api/meta/json.ts'
import { listRule, retainsKeys } from '../../api/patch/merge-keys.ts'

type Members = Record<string, unknown>

/** A strategic merge patch; `{}` when there is nothing to do. */
export function threeWayPatch(kind: string, original: unknown, modified: unknown, current: unknown): Members {
  return diffMaps(kind, asMap(original), asMap(modified), asMap(current), [])
}

/** The same for kinds without merge keys (JSON merge patch): lists are replaced whole. */
export function jsonMergePatch(original: unknown, modified: unknown, current: unknown): Members {
  return diffMaps(null, asMap(original), asMap(modified), asMap(current), [])
}

function asMap(value: unknown): Members {
  return isPlainObject(value) ? value : {}
}

function diffMaps(kind: string | null, original: Members, modified: Members, current: Members, path: readonly string[]): Members {
  const patch: Members = {}
  for (const key of Object.keys(modified)) {
    const wanted = modified[key]
    const live = Object.hasOwn(current, key) ? current[key] : undefined
    const before = Object.hasOwn(original, key) ? original[key] : undefined
    if (wanted === null || wanted === undefined) {
      if (live !== undefined) setMember(patch, key, null)
    } else if (isPlainObject(wanted) && isPlainObject(live)) {
      const inner = diffMaps(kind, asMap(before), wanted, live, [...path, key])
      if (Object.keys(inner).length > 0) {
        setMember(
          patch,
          key,
          kind !== null && retainsKeys([...path, key])
            ? { $retainKeys: Object.keys(wanted).sort((a, b) => (a < b ? -1 : 1)), ...inner }
            : inner,
        )
      }
    } else if (Array.isArray(wanted) && Array.isArray(live) && kind !== null && listRule(kind, [...path, key])) {
      const merged = diffLists(kind, Array.isArray(before) ? before : [], wanted, live, [...path, key])
      if (merged) {
        if (merged.items.length > 0) setMember(patch, key, merged.items)
        if (merged.gone.length > 0) setMember(patch, `$deleteFromPrimitiveList/${key}`, merged.gone)
        setMember(patch, `$setElementOrder/${key}`, merged.order)
      }
    } else if (!equalJson(wanted, live)) setMember(patch, key, wanted)
  }
  for (const key of Object.keys(original)) {
    if (!Object.hasOwn(modified, key) && Object.hasOwn(current, key)) setMember(patch, key, null)
  }
  return patch
}

interface ListPatch {
  items: unknown[]
  gone: unknown[]
  order: unknown[]
}

function diffLists(
  kind: string,
  original: readonly unknown[],
  modified: readonly unknown[],
  current: readonly unknown[],
  path: readonly string[],
): ListPatch | null {
  const mergeKey = listRule(kind, path)?.mergeKey ?? ''
  if (mergeKey === '') {
    const items = modified.filter((item) => !current.some((live) => equalJson(live, item)))
    const gone = original.filter(
      (item) => !modified.some((wanted) => equalJson(wanted, item)) && current.some((live) => equalJson(live, item)),
    )
    return items.length + gone.length === 0 ? null : { items, gone, order: [...modified] }
  }
  const keyOf = (item: unknown): unknown => asMap(item)[mergeKey]
  const find = (list: readonly unknown[], key: unknown): Members | undefined =>
    list.find((item) => keyOf(item) === key) as Members | undefined
  const items: unknown[] = []
  for (const wanted of modified) {
    const live = find(current, keyOf(wanted))
    if (!live) items.push(wanted)
    else {
      const inner = diffMaps(kind, find(original, keyOf(wanted)) ?? {}, asMap(wanted), live, path)
      if (Object.keys(inner).length > 0) items.push({ [mergeKey]: keyOf(wanted), ...inner })
    }
  }
  for (const old of original) {
    if (!find(modified, keyOf(old)) && find(current, keyOf(old))) items.push({ $patch: 'delete', [mergeKey]: keyOf(old) })
  }
  const known = modified.map(keyOf).filter((key) => find(current, key))
  const inOrder = current.map(keyOf).filter((key) => known.includes(key))
  if (items.length === 0 && equalJson(known, inOrder)) return null
  return { items, gone: [], order: modified.map((item) => ({ [mergeKey]: keyOf(item) })) }
}
