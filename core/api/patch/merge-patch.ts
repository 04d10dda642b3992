/** JSON Merge Patch: RFC 7386 section 2. */
import { cloneJson, isPlainObject, setMember } from '../meta/json.ts'

/** A new value; neither argument changes. */
export function mergePatch(target: unknown, patch: unknown): unknown {
  if (!isPlainObject(patch)) return cloneJson(patch)
  const result: Record<string, unknown> = isPlainObject(target) ? cloneJson(target) : {}
  for (const key of Object.keys(patch)) {
    if (patch[key] === null) delete result[key]
    else setMember(result, key, mergePatch(Object.hasOwn(result, key) ? result[key] : undefined, patch[key]))
  }
  return result
}
