/**
 * Subresources that are verbs or views: scale, binding, eviction, finalize, ephemeralcontainers, token.
 * pkg/registry/core/pod/storage, pkg/registry/apps/<kind>/storage, pkg/registry/autoscaling.
 */
import { invalid } from '../meta/field-error.ts'
import { cloneJson, deepFreeze, isPlainObject } from '../meta/json.ts'
import { matchesSelector, selectorFromObject } from '../meta/labels.ts'
import { StatusError } from '../meta/status.ts'
import type { ResourceDefinition } from '../registry/definition.ts'
import { isPodReady } from '../semantics/pod-state.ts'
import type { KubeObject, Namespace, Pod, PodDisruptionBudget, Scale } from '../types/index.ts'
import type { Call, DeleteOptions } from './call.ts'
import { deleteObject } from './delete.ts'
import { resourceName } from './server-state.ts'
import type { ServerState } from './server-state.ts'
import { updateObject } from './write.ts'

export function subresourceObject(
  state: ServerState,
  call: Call,
  definition: ResourceDefinition,
  namespace: string,
  name: string,
  subresource: string,
  method: string,
  body: object | undefined,
): KubeObject {
  if (!(definition.subresources as readonly string[]).includes(subresource)) throw StatusError.unknownPath()
  const old = state.existing(definition, namespace, name)
  switch (subresource) {
    case 'scale':
      return method === 'get' ? scaleOf(definition, old) : setScale(state, call, definition, old, body as Scale)
    case 'status':
      return method === 'get' ? old : updateObject(state, call, definition, old, cloneJson(body) as KubeObject, 'status')
    case 'binding':
      return bind(state, call, definition, old as Pod, body as { target?: { name?: string } })
    case 'eviction':
      return evict(state, call, definition, old as Pod, body as { deleteOptions?: DeleteOptions })
    case 'finalize':
      return finalize(state, call, definition, old as Namespace, body as Namespace)
    case 'ephemeralcontainers': {
      const draft = cloneJson(old) as Pod
      draft.spec.ephemeralContainers = cloneJson((body as Pod).spec.ephemeralContainers)
      return put(state, call, definition, draft)
    }
    case 'token':
      return deepFreeze({
        apiVersion: 'authentication.k8s.io/v1',
        kind: 'TokenRequest',
        metadata: { name, namespace },
        spec: {},
        status: { token: `vethlab.${namespace}.${name}.${state.names.hex(16)}`, expirationTimestamp: state.nowText },
      })
    default:
      throw StatusError.methodNotSupported(resourceName(definition), method)
  }
}

export function scaleOf(definition: ResourceDefinition, object: KubeObject): Scale {
  const shape = definition.scale
  if (!shape) throw StatusError.unknownPath()
  const { name, namespace, uid, resourceVersion, creationTimestamp } = object.metadata
  return deepFreeze({
    apiVersion: 'autoscaling/v1',
    kind: 'Scale',
    metadata: { name, namespace, uid, resourceVersion, creationTimestamp },
    spec: { replicas: shape.replicas(object) },
    status: { replicas: shape.statusReplicas(object), selector: shape.selector(object) },
  })
}

function setScale(state: ServerState, call: Call, definition: ResourceDefinition, old: KubeObject, scale: Scale): KubeObject {
  const replicas = isPlainObject(scale?.spec) ? (scale.spec.replicas ?? 0) : 0
  if (replicas < 0)
    throw StatusError.invalid({ group: 'autoscaling', name: 'Scale' }, old.metadata.name, [
      invalid('spec.replicas', replicas, 'must be greater than or equal to 0'),
    ])
  const draft = cloneJson(old)
  ;(draft.spec as { replicas?: number }).replicas = replicas
  const { uid, resourceVersion } = scale.metadata ?? {}
  draft.metadata.resourceVersion = resourceVersion
  draft.metadata.uid = uid ?? draft.metadata.uid
  return scaleOf(definition, updateObject(state, call, definition, old, draft, ''))
}

/** The scheduler's decision: pkg/registry/core/pod/storage BindingREST. */
function bind(state: ServerState, call: Call, definition: ResourceDefinition, pod: Pod, body: { target?: { name?: string } }): KubeObject {
  const node = body?.target?.name ?? ''
  const refuse = (why: string) => StatusError.conflict({ group: '', name: 'pods/binding' }, pod.metadata.name, why)
  if (node === '')
    throw StatusError.invalid({ group: '', name: 'Binding' }, pod.metadata.name, [invalid('target.name', '', 'name is required')])
  if (pod.metadata.deletionTimestamp) throw refuse(`pod ${pod.metadata.name} is being deleted, cannot be assigned to a host`)
  if (pod.spec.nodeName) throw refuse(`pod ${pod.metadata.name} is already assigned to node "${pod.spec.nodeName}"`)
  const draft = cloneJson(pod)
  draft.spec.nodeName = node
  const rest = (draft.status.conditions ?? []).filter((c) => c.type !== 'PodScheduled')
  draft.status.conditions = [...rest, { type: 'PodScheduled', status: 'True', lastProbeTime: null, lastTransitionTime: state.nowText }]
  put(state, call, definition, draft)
  return success()
}

/** A delete that asks the disruption budgets first: pkg/registry/core/pod/storage/eviction.go. */
function evict(
  state: ServerState,
  call: Call,
  definition: ResourceDefinition,
  pod: Pod,
  body: { deleteOptions?: DeleteOptions },
): KubeObject {
  const { namespace = '', name } = pod.metadata
  const options = { ...body?.deleteOptions, ...(call.dryRun ? { dryRun: true } : {}) }
  const finished =
    pod.status.phase === 'Succeeded' ||
    pod.status.phase === 'Failed' ||
    pod.status.phase === 'Pending' ||
    pod.metadata.deletionTimestamp !== undefined
  const budgets = state.store.list('poddisruptionbudgets.policy', namespace).filter((b) => {
    const { selector } = (b as PodDisruptionBudget).spec
    return matchesSelector(selectorFromObject(selector), pod.metadata.labels)
  }) as PodDisruptionBudget[]
  if (!finished && budgets.length > 1)
    throw StatusError.internal('This pod has more than one PodDisruptionBudget, which the eviction subresource does not support.')
  const budget = budgets[0]
  if (!finished && budget && isPodReady(pod)) {
    if (budget.status.disruptionsAllowed <= 0)
      throw StatusError.tooManyRequests("Cannot evict pod as it would violate the pod's disruption budget.", 10, [
        {
          reason: 'DisruptionBudget',
          message: `The disruption budget ${budget.metadata.name} needs ${budget.status.desiredHealthy} healthy pods and has ${budget.status.currentHealthy} currently`,
        },
      ])
    if (!options.dryRun) {
      const draft = cloneJson(budget)
      draft.status.disruptionsAllowed -= 1
      draft.status.disruptedPods = { ...draft.status.disruptedPods, [name]: state.nowText }
      state.as(call.actor, () => state.store.put('poddisruptionbudgets.policy', draft))
    }
  }
  deleteObject(state, call, definition, namespace, name, options)
  return success()
}

function finalize(state: ServerState, call: Call, definition: ResourceDefinition, old: Namespace, body: Namespace): KubeObject {
  const draft = cloneJson(old)
  draft.spec = { ...(body.spec?.finalizers?.length ? { finalizers: [...body.spec.finalizers] } : {}) }
  const last = old.metadata.deletionTimestamp && !draft.spec.finalizers?.length && !draft.metadata.finalizers?.length
  if (last) return state.as(call.actor, () => state.store.remove(definition.resource, '', old.metadata.name))
  return put(state, call, definition, draft)
}

function put(state: ServerState, call: Call, definition: ResourceDefinition, draft: KubeObject): KubeObject {
  return call.dryRun ? deepFreeze(draft) : state.as(call.actor, () => state.store.put(definition.resource, draft))
}

function success(): KubeObject {
  return deepFreeze({ kind: 'Status', apiVersion: 'v1', metadata: { name: '' }, status: 'Success', code: 201 })
}
