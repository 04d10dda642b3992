/** PATCH in its four forms: k8s.io/apiserver/pkg/endpoints/handlers/patch.go. */
import { jsonPatch } from '../patch/json-patch.ts'
import { mergePatch } from '../patch/merge-patch.ts'
import { serverSideApply } from '../patch/server-side-apply.ts'
import { strategicMerge } from '../patch/strategic-merge.ts'
import { cloneJson, isPlainObject } from '../meta/json.ts'
import { StatusError } from '../meta/status.ts'
import { groupVersion } from '../registry/definition.ts'
import type { KubeObject } from '../types/index.ts'
import type { Call, PatchRequest } from './call.ts'
import { decode } from './decode.ts'
import { resourceName } from './server-state.ts'
import type { Resolved, ServerState } from './server-state.ts'
import { convertOut } from './versions.ts'
import { createObject, updateObject, writer } from './write.ts'

export function patchObject(
  state: ServerState,
  call: Call,
  resolved: Resolved,
  namespace: string,
  name: string,
  patch: PatchRequest,
): KubeObject {
  const { definition } = resolved
  const subresource = patch.subresource === 'status' ? 'status' : ''
  const old = state.store.get(definition.resource, definition.namespaced ? namespace : '', name)
  if (patch.type === 'apply') {
    if (!patch.fieldManager && !call.fieldManager)
      throw StatusError.badRequest('PatchOptions.meta.k8s.io "" is invalid: fieldManager: Required value: is required for apply patch')
    const applied = decode(state.schema, definition, patch.body, call)
    applied.metadata.name ||= name
    if (definition.namespaced) applied.metadata.namespace ||= namespace
    if (applied.metadata.managedFields?.length) throw StatusError.badRequest('metadata.managedFields must be nil')
    if (applied.metadata.name !== name)
      throw StatusError.badRequest(`the name of the object (${applied.metadata.name}) does not match the name on the URL (${name})`)
    const draft = serverSideApply(
      old,
      applied,
      { ...writer(state, call, definition, subresource), manager: patch.fieldManager ?? call.fieldManager! },
      patch.force ?? call.force ?? false,
    )
    return old
      ? updateObject(state, call, definition, old, draft, subresource, true)
      : createObject(state, call, definition, namespace, draft, true)
  }
  if (!old) throw StatusError.notFound(resourceName(definition), name)
  const body = patch.body
  const asked = isPlainObject(body) && typeof body.apiVersion === 'string' ? body.apiVersion : undefined
  const served = definition.otherVersions.find((v) => groupVersion(v) === asked) ?? resolved.served
  const base = cloneJson(convertOut(old, served))
  const result = applied(patch, definition.kind, base, body)
  if (!isPlainObject(result)) throw StatusError.badRequest('the patch does not leave an object')
  const metadata = result.metadata as Record<string, unknown> | undefined
  if (metadata && metadata.name !== name)
    throw StatusError.badRequest(`the name of the object (${String(metadata.name)}) does not match the name on the URL (${name})`)
  const draft = decode(state.schema, definition, result, call)
  return updateObject(state, call, definition, old, draft, subresource)
}

function applied(patch: PatchRequest, kind: string, base: KubeObject, body: unknown): unknown {
  switch (patch.type) {
    case 'json':
      return jsonPatch(base, body)
    case 'merge':
      return mergePatch(base, body)
    default:
      return strategicMerge(kind, base, body)
  }
}
