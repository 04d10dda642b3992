/** disruption-controller: how many of a budget's pods may be missing right now (pkg/controller/disruption). */
import { objectKey } from '../../api/client/informer.ts'
import { SelectorIndex } from '../../api/client/object-index.ts'
import { runController } from '../../api/client/run-controller.ts'
import type { Controller, ReconcileResult } from '../../api/client/run-controller.ts'
import { scaledValue } from '../../api/meta/int-or-string.ts'
import { equalJson } from '../../api/meta/json.ts'
import { selectorFromObject } from '../../api/meta/labels.ts'
import { formatTime, parseTime } from '../../api/meta/timestamp.ts'
import { isPodActive, isPodReady } from '../../api/semantics/pod-state.ts'
import type { Pod, PodDisruptionBudget } from '../../api/types/index.ts'
import { controllerOf } from '../controller-deps.ts'
import type { ControllerDeps } from '../controller-deps.ts'

const RESOURCE = 'poddisruptionbudgets.policy'
/** An eviction that was allowed and not carried out is forgotten after so long (DeletionTimeout). */
const DISRUPTED_MS = 120_000

export function disruptionController(deps: ControllerDeps): Controller {
  const { client, clock, trace, informers, pods: indices } = deps
  const budgets = informers.of<PodDisruptionBudget>(RESOURCE)
  const selecting = new SelectorIndex<PodDisruptionBudget>(budgets, (b) => selectorFromObject(b.spec.selector))
  const controller = runController({ clock, trace, name: 'disruption-controller', reconcile })

  budgets.onEvent((budget, old) => controller.enqueue(objectKey((budget ?? old)!)))
  informers.of<Pod>('pods').onEvent((pod, old) => {
    for (const p of [pod, old])
      if (p) for (const budget of selecting.wanting(p.metadata.namespace!, p.metadata.labels)) controller.enqueue(objectKey(budget))
  })

  function reconcile(key: string): ReconcileResult {
    const budget = budgets.byKey(key)
    if (!budget || budget.metadata.deletionTimestamp) return
    const nowMs = client.server.nowMs
    const pods = indices.byLabel.select(budget.metadata.namespace!, selectorFromObject(budget.spec.selector)).filter(isPodActive)
    const disrupted: Record<string, string> = {}
    for (const [name, since] of Object.entries(budget.status.disruptedPods ?? {}))
      if (pods.some((p) => p.metadata.name === name) && nowMs - (parseTime(since) ?? 0) < DISRUPTED_MS) disrupted[name] = since
    const healthy = pods.filter((p) => isPodReady(p) && !Object.hasOwn(disrupted, p.metadata.name)).length
    const { expected, desired } = wanted(budget, pods)
    const allowed = expected > 0 ? Math.max(0, healthy - desired) : 0
    const status: PodDisruptionBudget['status'] = {
      disruptionsAllowed: allowed,
      currentHealthy: healthy,
      desiredHealthy: desired,
      expectedPods: expected,
      observedGeneration: budget.metadata.generation,
      conditions: condition(budget, allowed > 0, nowMs),
    }
    if (Object.keys(disrupted).length > 0) status.disruptedPods = disrupted
    if (!equalJson(status, budget.status)) client.updateStatus(RESOURCE, { ...budget, status } as PodDisruptionBudget)
    return Object.keys(disrupted).length > 0 ? DISRUPTED_MS * 1000 : undefined
  }

  function wanted(budget: PodDisruptionBudget, pods: readonly Pod[]): { expected: number; desired: number } {
    const { minAvailable, maxUnavailable } = budget.spec
    if (typeof minAvailable === 'number') return { expected: pods.length, desired: minAvailable }
    const expected = expectedPods(pods)
    if (maxUnavailable !== undefined)
      return { expected, desired: Math.max(0, expected - (scaledValue(maxUnavailable, expected, true) ?? 0)) }
    if (minAvailable !== undefined) return { expected, desired: scaledValue(minAvailable, expected, true) ?? 0 }
    return { expected, desired: 0 }
  }

  /** What the pods' controllers want, each counted once. */
  function expectedPods(pods: readonly Pod[]): number {
    const seen = new Map<string, number>()
    for (const pod of pods) {
      const owner = controllerOf(pod)
      if (!owner) {
        seen.set(pod.metadata.uid!, 1)
        continue
      }
      if (seen.has(owner.uid)) continue
      const resource = owner.kind === 'ReplicationController' ? 'replicationcontrollers' : `${owner.kind.toLowerCase()}s.apps`
      const found = client.server.definition(resource)?.scale ? client.find(resource, pod.metadata.namespace!, owner.name) : undefined
      seen.set(owner.uid, Number((found?.spec as { replicas?: number } | undefined)?.replicas ?? 1))
    }
    return [...seen.values()].reduce((a, b) => a + b, 0)
  }

  return controller
}

function condition(budget: PodDisruptionBudget, allowed: boolean, nowMs: number): PodDisruptionBudget['status']['conditions'] {
  const status = allowed ? 'True' : 'False'
  const old = budget.status.conditions?.find((c) => c.type === 'DisruptionAllowed')
  return [
    {
      type: 'DisruptionAllowed',
      status,
      observedGeneration: budget.metadata.generation,
      reason: allowed ? 'SufficientPods' : 'InsufficientPods',
      message: '',
      lastTransitionTime: old?.status === status ? old.lastTransitionTime : formatTime(nowMs),
    },
  ]
}
