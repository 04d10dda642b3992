/** Objects in a served version that is not the stored one. */
import { cloneJson, deepFreeze } from '../meta/json.ts'
import { groupVersion } from '../registry/definition.ts'
import type { ServedVersion } from '../registry/definition.ts'
import type { KubeObject } from '../types/index.ts'

export function convertOut(object: KubeObject, served: ServedVersion | undefined): KubeObject {
  if (!served) return object
  const draft = cloneJson(object)
  draft.apiVersion = groupVersion(served)
  served.fromStored(draft)
  return deepFreeze(draft)
}
