/**
 * Create and update: k8s.io/apiserver/pkg/registry/generic/registry/store.go with rest.BeforeCreate and rest.BeforeUpdate.
 * Omits: admission webhooks, ResourceQuota.
 */
import { admitIntoNamespace } from '../admission/namespace-lifecycle.ts'
import { admitPod } from '../admission/pod-admission.ts'
import type { Allocation } from '../admission/service-allocation.ts'
import { cloneJson, deepFreeze, equalJson } from '../meta/json.ts'
import { StatusError } from '../meta/status.ts'
import { trackUpdate } from '../patch/server-side-apply.ts'
import { groupVersion } from '../registry/definition.ts'
import type { ResourceDefinition } from '../registry/definition.ts'
import { validateMeta, validateMetaUpdate } from '../registry/meta-validation.ts'
import type { KubeObject, Namespace, Pod, Service } from '../types/index.ts'
import type { Call } from './call.ts'
import { kindName, resourceName } from './server-state.ts'
import type { ServerState } from './server-state.ts'

const GENERATED_NAME_MAX = 63
const SUFFIX_LENGTH = 5
export const MODIFIED = 'the object has been modified; please apply your changes to the latest version and try again'

/** `draft` is decoded and belongs to us. `tracked`: managed fields are set already (server-side apply). */
export function createObject(
  state: ServerState,
  call: Call,
  definition: ResourceDefinition,
  namespace: string,
  draft: KubeObject,
  tracked = false,
): KubeObject {
  const { metadata } = draft
  placeInNamespace(definition, draft, namespace)
  if (metadata.resourceVersion) throw StatusError.badRequest('resourceVersion should not be set on objects to be created')
  definition.defaults(draft)
  if (definition.namespaced)
    admitIntoNamespace(
      definition,
      metadata.namespace!,
      metadata.name || (metadata.generateName ?? ''),
      state.store.get('namespaces', '', metadata.namespace!) as Namespace | undefined,
    )
  if (definition.resource === 'pods')
    admitPod(draft as Pod, {
      find: (resource, ns, name) => state.store.get(resource, ns, name),
      list: (resource, ns) => state.store.list(resource, ns),
    })
  // Plug-ins that refuse know only the name's beginning, as their messages show.
  if (!metadata.name && metadata.generateName)
    metadata.name = metadata.generateName.slice(0, GENERATED_NAME_MAX - SUFFIX_LENGTH) + state.names.nameSuffix(SUFFIX_LENGTH)
  const { strategy } = definition
  metadata.uid = state.uids.uuid()
  metadata.creationTimestamp = state.nowText
  delete metadata.deletionTimestamp
  delete metadata.deletionGracePeriodSeconds
  if (!tracked) delete metadata.managedFields
  if (strategy.generation) metadata.generation = 1
  else delete metadata.generation
  if (strategy.statusSubresource && definition.kind !== 'Node') draft.status = {}
  strategy.prepareForCreate?.(draft)
  const errors = [...validateMeta(draft, definition), ...definition.validate(draft)]
  if (errors.length > 0) throw StatusError.invalid(kindName(definition), metadata.name, errors)
  if (state.store.get(definition.resource, metadata.namespace ?? '', metadata.name))
    throw StatusError.alreadyExists(resourceName(definition), metadata.name)
  warn(call, definition, draft)
  const allocation = allocate(state, definition, draft, undefined)
  if (!tracked && call.fieldManager) trackUpdate(undefined, draft, writer(state, call, definition, ''))
  return store(state, call, definition, tidy(draft), allocation)
}

/** Replaces `old` by `draft`. With 'status', only the status of the draft counts, and the other way round without. */
export function updateObject(
  state: ServerState,
  call: Call,
  definition: ResourceDefinition,
  old: KubeObject,
  draft: KubeObject,
  subresource: string,
  tracked = false,
): KubeObject {
  const before = old.metadata
  placeInNamespace(definition, draft, before.namespace ?? '')
  checkVersion(definition, old, draft)
  let next: KubeObject
  if (subresource === 'status') {
    next = { ...cloneJson({ ...old, status: undefined }), status: draft.status ?? {} }
  } else {
    next = draft
    next.apiVersion = old.apiVersion
    next.kind = old.kind
    if (definition.strategy.statusSubresource) next.status = cloneJson(old.status)
    definition.defaults(next)
    definition.strategy.prepareForUpdate?.(next, old)
    const { metadata } = next
    metadata.uid = before.uid
    metadata.creationTimestamp = before.creationTimestamp
    metadata.generateName = before.generateName
    metadata.deletionTimestamp = before.deletionTimestamp
    metadata.deletionGracePeriodSeconds = before.deletionGracePeriodSeconds
    metadata.generation = before.generation
    if (!tracked) metadata.managedFields = cloneJson(before.managedFields)
  }
  next.metadata.resourceVersion = before.resourceVersion
  const allocation = subresource === '' ? allocate(state, definition, next, old) : none()
  try {
    if (definition.strategy.generation && subresource !== 'status' && !equalJson(desired(next), desired(old)))
      next.metadata.generation = (before.generation ?? 0) + 1
    if (subresource !== 'status') {
      const errors = [...validateMeta(next, definition), ...validateMetaUpdate(next, old), ...definition.validate(next, old)]
      if (errors.length > 0) throw StatusError.invalid(kindName(definition), before.name, errors)
      warn(call, definition, next, old)
    }
  } catch (error) {
    allocation.rollback()
    throw error
  }
  tidy(next)
  if (
    equalJson(
      { ...next, metadata: { ...next.metadata, managedFields: undefined } },
      { ...old, metadata: { ...before, managedFields: undefined } },
    )
  ) {
    if (!tracked || equalJson(next.metadata.managedFields, before.managedFields)) {
      allocation.rollback()
      return old
    }
  } else if (!tracked && subresource === '' && (call.fieldManager || before.managedFields))
    trackUpdate(old, next, writer(state, call, definition, ''))
  // The last finalizer of an object that is being deleted has gone: so has the object.
  if (
    before.deletionTimestamp &&
    !next.metadata.finalizers?.length &&
    (before.deletionGracePeriodSeconds ?? 0) === 0 &&
    isFinalized(definition, next) &&
    !call.dryRun
  )
    return removeObject(state, call, definition, old)
  return store(state, call, definition, next, allocation)
}

export function removeObject(state: ServerState, call: Call, definition: ResourceDefinition, old: KubeObject): KubeObject {
  if (definition.resource === 'services') state.services.release(old as Service)
  return state.as(call.actor, () => state.store.remove(definition.resource, old.metadata.namespace ?? '', old.metadata.name))
}

/** Namespaces have finalizers of their own in the spec. */
export function isFinalized(definition: ResourceDefinition, object: KubeObject): boolean {
  return definition.resource !== 'namespaces' || !(object as Namespace).spec.finalizers?.length
}

export function writer(
  state: ServerState,
  call: Call,
  definition: ResourceDefinition,
  subresource: string,
): { manager: string; apiVersion: string; time: string; subresource: string } {
  return { manager: call.fieldManager || call.actor, apiVersion: groupVersion(definition), time: state.nowText, subresource }
}

function store(state: ServerState, call: Call, definition: ResourceDefinition, draft: KubeObject, allocation: Allocation): KubeObject {
  if (allocation.errors.length > 0) {
    allocation.rollback()
    throw StatusError.invalid(kindName(definition), draft.metadata.name, allocation.errors)
  }
  if (call.dryRun) {
    allocation.rollback()
    return deepFreeze(draft)
  }
  allocation.commit()
  return state.as(call.actor, () => state.store.put(definition.resource, draft))
}

function allocate(state: ServerState, definition: ResourceDefinition, draft: KubeObject, old: KubeObject | undefined): Allocation {
  return definition.resource === 'services' ? state.services.allocate(draft as Service, old as Service | undefined) : none()
}

function none(): Allocation {
  return { errors: [], commit() {}, rollback() {} }
}

function placeInNamespace(definition: ResourceDefinition, draft: KubeObject, namespace: string): void {
  const { metadata } = draft
  if (!definition.namespaced) {
    delete metadata.namespace
    return
  }
  if (!metadata.namespace) metadata.namespace = namespace || 'default'
  else if (namespace !== '' && metadata.namespace !== namespace)
    throw StatusError.badRequest('the namespace of the provided object does not match the namespace sent on the request')
}

function checkVersion(definition: ResourceDefinition, old: KubeObject, draft: KubeObject): void {
  const { uid, resourceVersion } = draft.metadata
  if (uid && uid !== old.metadata.uid)
    throw StatusError.conflict(
      resourceName(definition),
      old.metadata.name,
      `Precondition failed: UID in precondition: ${uid}, UID in object meta: ${old.metadata.uid}`,
    )
  if (resourceVersion && resourceVersion !== '0' && resourceVersion !== old.metadata.resourceVersion)
    throw StatusError.conflict(resourceName(definition), old.metadata.name, MODIFIED)
}

function warn(call: Call, definition: ResourceDefinition, draft: KubeObject, old?: KubeObject): void {
  for (const text of definition.warnings?.(draft, old) ?? []) call.warnings.push(text)
}

/** Everything whose change counts as a new generation: all but metadata and status. */
function desired(object: KubeObject): object {
  return { ...object, metadata: undefined, status: undefined }
}

/** Empty maps and lists of the metadata are not stored, as Go's omitempty leaves them out; status comes last. */
function tidy(draft: KubeObject): KubeObject {
  const { metadata } = draft
  for (const field of ['labels', 'annotations'] as const)
    if (metadata[field] && Object.keys(metadata[field]).length === 0) delete metadata[field]
  for (const field of ['finalizers', 'ownerReferences', 'managedFields'] as const) if (metadata[field]?.length === 0) delete metadata[field]
  for (const key of Object.keys(metadata))
    if ((metadata as unknown as Record<string, unknown>)[key] === undefined) delete (metadata as unknown as Record<string, unknown>)[key]
  const { status } = draft
  delete draft.status
  if (status !== undefined) draft.status = status
  return draft
}
