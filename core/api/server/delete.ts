/**
 * Delete: graceful for pods, deferred by finalizers, with the finalizers that a propagation policy asks for
 * (rest.BeforeDelete, registry/generic/registry/store.go).
 */
import { admitNamespaceDeletion } from '../admission/namespace-lifecycle.ts'
import { cloneJson } from '../meta/json.ts'
import { StatusError } from '../meta/status.ts'
import { formatTime } from '../meta/timestamp.ts'
import type { ResourceDefinition } from '../registry/definition.ts'
import type { KubeObject, Namespace } from '../types/index.ts'
import type { Call, DeleteOptions } from './call.ts'
import { resourceName } from './server-state.ts'
import type { ServerState } from './server-state.ts'
import { isFinalized, removeObject } from './write.ts'

const ORPHAN = 'orphan'
const FOREGROUND = 'foregroundDeletion'

/** `gone` tells whether the object has left the store. */
export function deleteObject(
  state: ServerState,
  call: Call,
  definition: ResourceDefinition,
  namespace: string,
  name: string,
  options: DeleteOptions,
): { object: KubeObject; gone: boolean } {
  const old = state.existing(definition, namespace, name)
  const { metadata } = old
  checkPreconditions(definition, old, options)
  if (definition.resource === 'namespaces') admitNamespaceDeletion(name)
  const requested = options.gracePeriodSeconds
  const grace = definition.strategy.gracePeriodSeconds?.(old, requested) ?? 0
  if (metadata.deletionTimestamp && grace > 0 && grace >= (metadata.deletionGracePeriodSeconds ?? 0)) return { object: old, gone: false }
  const finalizers = withPropagation(metadata.finalizers ?? [], options.propagationPolicy ?? definition.strategy.defaultPropagation)
  const draft = cloneJson(old)
  if (finalizers.length > 0) draft.metadata.finalizers = finalizers
  else delete draft.metadata.finalizers
  if (definition.resource === 'namespaces') (draft as Namespace).status = { ...(draft as Namespace).status, phase: 'Terminating' }
  const now = grace === 0 && finalizers.length === 0 && isFinalized(definition, draft)
  if (options.dryRun) return { object: old, gone: now }
  if (now) return { object: removeObject(state, call, definition, old), gone: true }
  if (!metadata.deletionTimestamp || grace < (metadata.deletionGracePeriodSeconds ?? 0)) {
    draft.metadata.deletionTimestamp = formatTime(state.nowMs + grace * 1000)
    draft.metadata.deletionGracePeriodSeconds = grace
    if (draft.metadata.generation) draft.metadata.generation += metadata.deletionTimestamp ? 0 : 1
  } else if (finalizers.length === (metadata.finalizers ?? []).length) return { object: old, gone: false }
  return { object: state.as(call.actor, () => state.store.put(definition.resource, draft)), gone: false }
}

function withPropagation(finalizers: readonly string[], policy: DeleteOptions['propagationPolicy']): string[] {
  if (policy === undefined) return [...finalizers]
  const rest = finalizers.filter((f) => f !== ORPHAN && f !== FOREGROUND)
  if (policy === 'Orphan') rest.push(ORPHAN)
  if (policy === 'Foreground') rest.push(FOREGROUND)
  return rest
}

function checkPreconditions(definition: ResourceDefinition, old: KubeObject, options: DeleteOptions): void {
  const { uid, resourceVersion } = options.preconditions ?? {}
  const { metadata } = old
  if (uid && uid !== metadata.uid)
    throw StatusError.conflict(
      resourceName(definition),
      metadata.name,
      `Precondition failed: UID in precondition: ${uid}, UID in object meta: ${metadata.uid}`,
    )
  if (resourceVersion && resourceVersion !== metadata.resourceVersion)
    throw StatusError.conflict(
      resourceName(definition),
      metadata.name,
      `Precondition failed: ResourceVersion in precondition: ${resourceVersion}, ResourceVersion in object meta: ${metadata.resourceVersion}`,
    )
}
