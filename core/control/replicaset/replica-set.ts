/**
 * replicaset-controller and replication-controller: as many pods as asked for (pkg/controller/replicaset).
 * Expectations are not needed: a write is seen by the own informer before the same key is worked on again.
 */
import type { ApiClient } from '../../api/client/api-client.ts'
import type { EventRecorder } from '../../api/client/event-recorder.ts'
import { objectKey } from '../../api/client/informer.ts'
import { SelectorIndex } from '../../api/client/object-index.ts'
import { runController } from '../../api/client/run-controller.ts'
import type { Controller, ReconcileResult } from '../../api/client/run-controller.ts'
import { equalJson } from '../../api/meta/json.ts'
import { matchesSelector, selectorFromMap, selectorFromObject } from '../../api/meta/labels.ts'
import type { Selector } from '../../api/meta/labels.ts'
import { hasReason, isStatusError } from '../../api/meta/status.ts'
import { formatTime } from '../../api/meta/timestamp.ts'
import { byDeletionOrder, isPodActive, isPodAvailable, isPodReady } from '../../api/semantics/pod-state.ts'
import type { Condition, Pod, ReplicaSet, ReplicationController } from '../../api/types/index.ts'
import { controllerOf } from '../controller-deps.ts'
import type { ControllerDeps } from '../controller-deps.ts'
import { claimPods, createPod, deletePod, isNamespaceTerminating, podFromTemplate } from '../pod-control.ts'

/** Pods made or deleted in one go (burstReplicas). */
const BURST_MAX = 500
/** More pods than this the simulator does not hold; a set that asks for them says so in an event. */
const PODS_MAX = 50_000

type Set = ReplicaSet | ReplicationController

export function replicaSetController(deps: ControllerDeps): Controller {
  return controllerFor(deps, 'replicaset-controller', 'replicasets.apps', 'ReplicaSet', (rs) =>
    selectorFromObject((rs as ReplicaSet).spec.selector),
  )
}

export function replicationController(deps: ControllerDeps): Controller {
  return controllerFor(deps, 'replication-controller', 'replicationcontrollers', 'ReplicationController', (rc) =>
    selectorFromMap((rc as ReplicationController).spec.selector),
  )
}

function controllerFor(deps: ControllerDeps, name: string, resource: string, kind: string, selectorOf: (set: Set) => Selector): Controller {
  const { client, clock, trace, recorder, informers, pods } = deps
  const sets = informers.of<Set>(resource)
  const selecting = new SelectorIndex<Set>(sets, selectorOf)
  const controller = runController({ clock, trace, name, reconcile })

  sets.onEvent((set, old) => controller.enqueue(objectKey((set ?? old)!)))
  informers.of<Pod>('pods').onEvent((pod, old) => {
    for (const p of [pod, old]) {
      const owner = p && controllerOf(p)
      if (owner?.kind === kind) controller.enqueue(`${p!.metadata.namespace}/${owner.name}`)
    }
    if (pod && !controllerOf(pod))
      for (const set of selecting.wanting(pod.metadata.namespace!, pod.metadata.labels)) controller.enqueue(objectKey(set))
  })

  function reconcile(key: string): ReconcileResult {
    const set = sets.byKey(key)
    if (!set) return
    const selector = selectorOf(set)
    const active = claimPods(client, pods, set, selector).filter(isPodActive)
    let failure: unknown
    if (!set.metadata.deletionTimestamp) failure = manage(client, recorder, set, active)
    const again = updateStatus(set, active, failure)
    if (failure !== undefined && !isNamespaceTerminating(failure)) throw failure
    return again
  }

  /** Returns what the server refused, if it did. */
  function manage(api: ApiClient, events: EventRecorder, set: Set, active: readonly Pod[]): unknown {
    const missing = (set.spec.replicas ?? 1) - active.length
    try {
      for (let i = 0; i < Math.min(missing, BURST_MAX); i += 1) {
        if (informers.of<Pod>('pods').size + i >= PODS_MAX) {
          events.event(set, 'Warning', 'FailedCreate', `Error creating: this simulator holds at most ${PODS_MAX} pods`)
          break
        }
        createPod(api, events, set, podFromTemplate(set, set.spec.template!))
      }
      if (missing < 0) for (const pod of victims(active, -missing).slice(0, BURST_MAX)) deletePod(api, events, set, pod)
    } catch (error) {
      if (!isStatusError(error)) throw error
      return error
    }
    return undefined
  }

  function victims(active: readonly Pod[], count: number): Pod[] {
    const perNode = new Map<string, number>()
    for (const pod of active) perNode.set(pod.spec.nodeName ?? '', (perNode.get(pod.spec.nodeName ?? '') ?? 0) + 1)
    return [...active].sort(byDeletionOrder((pod) => perNode.get(pod.spec.nodeName ?? '') ?? 0)).slice(0, count)
  }

  function updateStatus(set: Set, active: readonly Pod[], failure: unknown): number | undefined {
    const nowMs = client.server.nowMs
    const minReady = set.spec.minReadySeconds ?? 0
    const labels = set.spec.template?.metadata?.labels
    const exact = selectorFromMap(labels)
    const ready = active.filter(isPodReady)
    const available = ready.filter((pod) => isPodAvailable(pod, minReady, nowMs)).length
    const status: Set['status'] = { replicas: active.length }
    const labelled = exact ? active.filter((pod) => matchesSelector(exact, pod.metadata.labels)).length : active.length
    if (labelled > 0) status.fullyLabeledReplicas = labelled
    if (ready.length > 0) status.readyReplicas = ready.length
    if (available > 0) status.availableReplicas = available
    status.observedGeneration = set.metadata.generation
    const conditions = failureCondition(set.status.conditions ?? [], failure, active.length < (set.spec.replicas ?? 1), formatTime(nowMs))
    if (conditions.length > 0) status.conditions = conditions
    if (!equalJson(status, set.status)) {
      try {
        client.updateStatus(resource, { ...set, status } as Set)
      } catch (error) {
        if (!hasReason(error, 'NotFound')) throw error
      }
    }
    if (minReady > 0 && ready.length > available) return minReady * 1_000_000
  }

  return controller
}

function failureCondition(conditions: readonly Condition[], failure: unknown, creating: boolean, now: string): Condition[] {
  const rest = conditions.filter((c) => c.type !== 'ReplicaFailure')
  if (!isStatusError(failure)) return rest
  const old = conditions.find((c) => c.type === 'ReplicaFailure')
  const reason = creating ? 'FailedCreate' : 'FailedDelete'
  if (old?.reason === reason) return [...conditions]
  return [...rest, { type: 'ReplicaFailure', status: 'True', lastTransitionTime: now, reason, message: failure.message }]
}
