/** Pure questions about one pod: pkg/api/v1/pod and pkg/controller/controller_utils.go. */
import { parseTime } from '../meta/timestamp.ts'
import { compareQuantity } from '../meta/quantity.ts'
import { byText } from '../../base/text-order.ts'
import type { Container, Pod, PodCondition } from '../types/index.ts'

export function podCondition(pod: Pod, type: string): PodCondition | undefined {
  return pod.status?.conditions?.find((c) => c.type === type)
}

export function isPodReady(pod: Pod): boolean {
  return podCondition(pod, 'Ready')?.status === 'True'
}

/** Ready for at least so many seconds. */
export function isPodAvailable(pod: Pod, minReadySeconds: number, nowMs: number): boolean {
  const ready = podCondition(pod, 'Ready')
  if (ready?.status !== 'True') return false
  return minReadySeconds === 0 || availableInMs(pod, minReadySeconds, nowMs) <= 0
}

/** Milliseconds until a ready pod counts as available; 0 or less when it does. */
export function availableInMs(pod: Pod, minReadySeconds: number, nowMs: number): number {
  const since = parseTime(podCondition(pod, 'Ready')?.lastTransitionTime)
  return since === undefined ? 0 : since + minReadySeconds * 1000 - nowMs
}

export function isPodTerminal(pod: Pod): boolean {
  return pod.status?.phase === 'Succeeded' || pod.status?.phase === 'Failed'
}

export function isPodTerminating(pod: Pod): boolean {
  return pod.metadata.deletionTimestamp !== undefined
}

/** Neither finished nor being deleted (controller.IsPodActive). */
export function isPodActive(pod: Pod): boolean {
  return !isPodTerminal(pod) && !isPodTerminating(pod)
}

export type QosClass = 'Guaranteed' | 'Burstable' | 'BestEffort'

/** pkg/apis/core/v1/helper/qos: from CPU and memory of all containers, init containers included. */
export function qosClass(containers: readonly Container[]): QosClass {
  const requests = new Map<string, string[]>()
  let guaranteed = true
  let any = false
  for (const container of containers) {
    for (const resource of ['cpu', 'memory']) {
      const request = container.resources?.requests?.[resource]
      const limit = container.resources?.limits?.[resource]
      if (request && compareQuantity(request, '0') > 0) {
        any = true
        requests.set(resource, [...(requests.get(resource) ?? []), request])
      }
      if (limit && compareQuantity(limit, '0') > 0) any = true
      if (!limit || compareQuantity(limit, '0') === 0 || (request !== undefined && compareQuantity(request, limit) !== 0))
        guaranteed = false
    }
  }
  if (!any) return 'BestEffort'
  return guaranteed ? 'Guaranteed' : 'Burstable'
}

export function allContainers(pod: Pod): Container[] {
  return [...(pod.spec.initContainers ?? []), ...pod.spec.containers]
}

/**
 * Which of a set's pods dies first when it shrinks (controller.ActivePodsWithRanks): unscheduled, pending, not ready, lower
 * deletion cost, more of its siblings on the node, ready for a shorter time, more restarts, younger.
 */
export function byDeletionOrder(rank: (pod: Pod) => number): (a: Pod, b: Pod) => number {
  return (a, b) =>
    Number(a.spec.nodeName !== undefined) - Number(b.spec.nodeName !== undefined) ||
    phaseRank(a) - phaseRank(b) ||
    Number(isPodReady(a)) - Number(isPodReady(b)) ||
    deletionCost(a) - deletionCost(b) ||
    rank(b) - rank(a) ||
    readySince(b) - readySince(a) ||
    restarts(b) - restarts(a) ||
    created(b) - created(a) ||
    byText(a.metadata.name, b.metadata.name)
}

function phaseRank(pod: Pod): number {
  return pod.status.phase === 'Pending' ? 0 : pod.status.phase === 'Unknown' ? 1 : 2
}

function deletionCost(pod: Pod): number {
  const text = pod.metadata.annotations?.['controller.kubernetes.io/pod-deletion-cost']
  return text && /^[+-]?\d+$/.test(text) ? Number(text) : 0
}

function readySince(pod: Pod): number {
  return isPodReady(pod) ? (parseTime(podCondition(pod, 'Ready')?.lastTransitionTime) ?? 0) : 0
}

function restarts(pod: Pod): number {
  return Math.max(0, ...(pod.status.containerStatuses ?? []).map((s) => s.restartCount))
}

function created(pod: Pod): number {
  return parseTime(pod.metadata.creationTimestamp) ?? 0
}
