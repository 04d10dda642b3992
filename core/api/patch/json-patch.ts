/** JSON Patch: RFC 6902, by the rfc6902 package. Bounded, because one `copy` can double a document. */
import { applyPatch } from 'rfc6902'
import type { Operation } from 'rfc6902'
import { cloneJson, isPlainObject } from '../meta/json.ts'
import { StatusError } from '../meta/status.ts'

const OPERATIONS_MAX = 10_000
/** Patches that copy may make a document this many times larger, no more. */
const COPIES_MAX = 100
const OPS = new Set(['add', 'remove', 'replace', 'move', 'copy', 'test'])

export function jsonPatch(target: unknown, patch: unknown): unknown {
  if (!Array.isArray(patch) || !patch.every((op) => isPlainObject(op) && OPS.has(String(op.op)) && typeof op.path === 'string'))
    throw StatusError.badRequest('error decoding patch: json: cannot unmarshal into Go value of type jsonpatch.Patch')
  if (patch.length > OPERATIONS_MAX)
    throw StatusError.tooLarge(`The allowed maximum operations in a JSON patch is ${OPERATIONS_MAX}, got ${patch.length}`)
  if (patch.filter((op) => op.op === 'copy').length > COPIES_MAX)
    throw StatusError.tooLarge(`The allowed maximum copy operations in a JSON patch is ${COPIES_MAX}`)
  const result = cloneJson(target)
  const operations = cloneJson(patch) as Operation[]
  for (const operation of operations) {
    if (/(^|\/)(__proto__|constructor|prototype)(\/|$)/.test(operation.path)) throw rejected()
    const [error] = applyPatch(result, [operation])
    if (error) throw rejected()
  }
  return result
}

/** What a failed test, a missing path or an impossible operation looks like from outside. */
function rejected(): StatusError {
  return new StatusError({
    kind: 'Status',
    apiVersion: 'v1',
    metadata: {},
    status: 'Failure',
    reason: 'Invalid',
    code: 422,
    message: 'the server rejected our request due to an error in our request',
  })
}
