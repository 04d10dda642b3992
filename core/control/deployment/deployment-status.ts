/** A deployment's status and its conditions: sync.go and progress.go of pkg/controller/deployment. */
import { formatTime, parseTime } from '../../api/meta/timestamp.ts'
import type { Deployment, DeploymentCondition, ReplicaSet } from '../../api/types/index.ts'
import { desiredOf, totalReplicas, unavailableOf } from './revisions.ts'

type Status = Deployment['status']

const NO_DEADLINE = 2_147_483_647

export function baseStatus(deployment: Deployment, sets: readonly ReplicaSet[], newSet: ReplicaSet | undefined): Status {
  const replicas = sum(sets, (rs) => rs.status.replicas)
  const available = sum(sets, (rs) => rs.status.availableReplicas ?? 0)
  const status: Status = { observedGeneration: deployment.metadata.generation }
  const updated = newSet?.status.replicas ?? 0
  const ready = sum(sets, (rs) => rs.status.readyReplicas ?? 0)
  const unavailable = Math.max(0, totalReplicas(sets) - available)
  if (replicas > 0) status.replicas = replicas
  if (updated > 0) status.updatedReplicas = updated
  if (ready > 0) status.readyReplicas = ready
  if (available > 0) status.availableReplicas = available
  if (unavailable > 0) status.unavailableReplicas = unavailable
  if (deployment.status.collisionCount) status.collisionCount = deployment.status.collisionCount
  status.conditions = [...(deployment.status.conditions ?? [])]
  return status
}

export function setAvailable(status: Status, deployment: Deployment, nowMs: number): void {
  const enough = (status.availableReplicas ?? 0) >= desiredOf(deployment) - unavailableOf(deployment)
  setCondition(
    status,
    nowMs,
    enough
      ? condition('Available', 'True', 'MinimumReplicasAvailable', 'Deployment has minimum availability.')
      : condition('Available', 'False', 'MinimumReplicasUnavailable', 'Deployment does not have minimum availability.'),
  )
}

export function isComplete(deployment: Deployment, status: Status): boolean {
  const desired = desiredOf(deployment)
  return (
    (status.updatedReplicas ?? 0) === desired &&
    (status.replicas ?? 0) === desired &&
    (status.availableReplicas ?? 0) === desired &&
    (status.observedGeneration ?? 0) >= (deployment.metadata.generation ?? 0)
  )
}

/**
 * Progressing and ReplicaFailure. Answers the milliseconds after which the deadline has to be looked at again, or undefined.
 */
export function setProgress(
  status: Status,
  deployment: Deployment,
  sets: readonly ReplicaSet[],
  newSet: ReplicaSet | undefined,
  nowMs: number,
): number | undefined {
  const deadline = deployment.spec.progressDeadlineSeconds ?? NO_DEADLINE
  let wait: number | undefined
  const current = findCondition(deployment.status, 'Progressing')
  const finished = (status.replicas ?? 0) === (status.updatedReplicas ?? 0) && current?.reason === 'NewReplicaSetAvailable'
  if (deadline < NO_DEADLINE && !finished) {
    if (isComplete(deployment, status)) {
      const message = newSet
        ? `ReplicaSet "${newSet.metadata.name}" has successfully progressed.`
        : `Deployment "${deployment.metadata.name}" has successfully progressed.`
      setCondition(status, nowMs, condition('Progressing', 'True', 'NewReplicaSetAvailable', message))
    } else if (hasProgressed(deployment.status, status)) {
      const message = newSet
        ? `ReplicaSet "${newSet.metadata.name}" is progressing.`
        : `Deployment "${deployment.metadata.name}" is progressing.`
      const fresh = condition('Progressing', 'True', 'ReplicaSetUpdated', message)
      if (current) {
        // Progress resets the deadline: the update time moves, the transition time does not.
        status.conditions = (status.conditions ?? []).filter((c) => c.type !== 'Progressing')
        const now = formatTime(nowMs)
        status.conditions.push({
          ...fresh,
          lastUpdateTime: now,
          lastTransitionTime: current.status === 'True' ? (current.lastTransitionTime ?? now) : now,
        })
      } else setCondition(status, nowMs, fresh)
      wait = deadline * 1000
    } else if (current) {
      const left = (parseTime(current.lastUpdateTime) ?? nowMs) + deadline * 1000 - nowMs
      const stuck = current.reason === 'ProgressDeadlineExceeded' || (left <= 0 && current.reason !== 'DeploymentPaused')
      if (stuck) {
        const message = newSet
          ? `ReplicaSet "${newSet.metadata.name}" has timed out progressing.`
          : `Deployment "${deployment.metadata.name}" has timed out progressing.`
        setCondition(status, nowMs, condition('Progressing', 'False', 'ProgressDeadlineExceeded', message))
      } else if (left > 0) wait = left + 1000
    }
  }
  const failure = [newSet, ...sets].flatMap((rs) => rs?.status.conditions ?? []).find((c) => c.type === 'ReplicaFailure')
  if (failure) setCondition(status, nowMs, condition('ReplicaFailure', failure.status, failure.reason ?? '', failure.message ?? ''))
  else status.conditions = (status.conditions ?? []).filter((c) => c.type !== 'ReplicaFailure')
  return wait
}

function hasProgressed(old: Status, now: Status): boolean {
  const before = old.updatedReplicas ?? 0
  return (
    (now.updatedReplicas ?? 0) > before ||
    (now.replicas ?? 0) - (now.updatedReplicas ?? 0) < (old.replicas ?? 0) - before ||
    (now.readyReplicas ?? 0) > (old.readyReplicas ?? 0) ||
    (now.availableReplicas ?? 0) > (old.availableReplicas ?? 0)
  )
}

export function findCondition(status: Status, type: string): DeploymentCondition | undefined {
  return status.conditions?.find((c) => c.type === type)
}

export function condition(type: string, status: string, reason: string, message: string): DeploymentCondition {
  return { type, status, reason, message }
}

/** Does nothing when status and reason are the same already. */
export function setCondition(status: Status, nowMs: number, fresh: DeploymentCondition): void {
  const now = formatTime(nowMs)
  const old = findCondition(status, fresh.type)
  if (old?.status === fresh.status && old.reason === fresh.reason) return
  const lastTransitionTime = old?.status === fresh.status ? (old.lastTransitionTime ?? now) : now
  const { type, status: value, reason, message } = fresh
  status.conditions = [
    ...(status.conditions ?? []).filter((c) => c.type !== fresh.type),
    { type, status: value, lastUpdateTime: now, lastTransitionTime, reason, message },
  ]
}

function sum(sets: readonly ReplicaSet[], value: (rs: ReplicaSet) => number): number {
  return sets.reduce((total, rs) => total + value(rs), 0)
}
