/**
 * A deployment's replica sets: which is the new one, which revision each has, what their annotations say
 * (pkg/controller/deployment/util/deployment_util.go).
 */
import { canonicalJson, cloneJson, equalJson, fnv32, safeEncode } from '../../api/meta/json.ts'
import { fenceposts } from '../../api/meta/int-or-string.ts'
import { parseTime } from '../../api/meta/timestamp.ts'
import { byText } from '../../base/text-order.ts'
import type { Deployment, PodTemplateSpec, ReplicaSet } from '../../api/types/index.ts'

export const HASH_LABEL = 'pod-template-hash'
export const REVISION = 'deployment.kubernetes.io/revision'
export const REVISION_HISTORY = 'deployment.kubernetes.io/revision-history'
export const DESIRED = 'deployment.kubernetes.io/desired-replicas'
export const MAX = 'deployment.kubernetes.io/max-replicas'
const NOT_COPIED = new Set([
  'kubectl.kubernetes.io/last-applied-configuration',
  REVISION,
  REVISION_HISTORY,
  DESIRED,
  MAX,
  'deprecated.deployment.rollback.to',
])

export function templateHash(template: PodTemplateSpec, collisionCount: number): string {
  return safeEncode(fnv32(canonicalJson(template) + (collisionCount > 0 ? String(collisionCount) : '')))
}

/** Equal but for the hash label. */
export function sameTemplate(a: PodTemplateSpec, b: PodTemplateSpec): boolean {
  return equalJson(withoutHash(a), withoutHash(b))
}

function withoutHash(template: PodTemplateSpec): PodTemplateSpec {
  const labels = template.metadata?.labels
  if (!labels || !Object.hasOwn(labels, HASH_LABEL)) return template
  const { [HASH_LABEL]: _hash, ...rest } = labels
  return { ...template, metadata: { ...template.metadata, labels: rest } }
}

export function byCreation(a: ReplicaSet, b: ReplicaSet): number {
  return (
    (parseTime(a.metadata.creationTimestamp) ?? 0) - (parseTime(b.metadata.creationTimestamp) ?? 0) ||
    byText(a.metadata.name, b.metadata.name)
  )
}

/** The replica set of the deployment's current template: of several, the oldest. */
export function findNew(deployment: Deployment, sets: readonly ReplicaSet[]): ReplicaSet | undefined {
  return [...sets].sort(byCreation).find((rs) => sameTemplate(rs.spec.template, deployment.spec.template))
}

export function revisionOf(object: { metadata: { annotations?: Record<string, string> } }): number {
  const text = object.metadata.annotations?.[REVISION]
  return text && /^\d+$/.test(text) ? Number(text) : 0
}

export function maxRevision(sets: readonly ReplicaSet[]): number {
  return sets.reduce((max, rs) => Math.max(max, revisionOf(rs)), 0)
}

export function surgeOf(deployment: Deployment): number {
  return isRolling(deployment) && desiredOf(deployment) > 0 ? posts(deployment).surge : 0
}

export function unavailableOf(deployment: Deployment): number {
  return isRolling(deployment) && desiredOf(deployment) > 0 ? Math.min(posts(deployment).unavailable, desiredOf(deployment)) : 0
}

function posts(deployment: Deployment): { surge: number; unavailable: number } {
  const { maxSurge = 0, maxUnavailable = 0 } = deployment.spec.strategy?.rollingUpdate ?? {}
  return fenceposts(maxSurge, maxUnavailable, desiredOf(deployment))
}

export function isRolling(deployment: Deployment): boolean {
  return deployment.spec.strategy?.type !== 'Recreate'
}

export function desiredOf(object: { spec: { replicas?: number } }): number {
  return object.spec.replicas ?? 1
}

export function totalReplicas(sets: readonly ReplicaSet[]): number {
  return sets.reduce((sum, rs) => sum + desiredOf(rs), 0)
}

/** The annotations of the new replica set at that revision; the same object when nothing changes. */
export function newSetAnnotations(
  deployment: Deployment,
  current: Record<string, string> | undefined,
  revision: number,
): Record<string, string> {
  const result: Record<string, string> = { ...current }
  let changed = false
  for (const [key, value] of Object.entries(deployment.metadata.annotations ?? {})) {
    if (NOT_COPIED.has(key) || result[key] === value) continue
    result[key] = value
    changed = true
  }
  const old = result[REVISION]
  if (old === undefined || Number(old) < revision) {
    result[REVISION] = String(revision)
    // A rollback gives an old set a new number; the old one is kept for history.
    if (old !== undefined) result[REVISION_HISTORY] = [result[REVISION_HISTORY], old].filter(Boolean).join(',')
    changed = true
  }
  return changed || !current ? result : current
}

export function withScaleAnnotations(annotations: Record<string, string> | undefined, deployment: Deployment): Record<string, string> {
  return { ...annotations, [DESIRED]: String(desiredOf(deployment)), [MAX]: String(desiredOf(deployment) + surgeOf(deployment)) }
}

/** The template of a new set, with its hash as a label. */
export function hashedTemplate(template: PodTemplateSpec, hash: string): PodTemplateSpec {
  const copy = cloneJson(template)
  copy.metadata = { ...copy.metadata, labels: { ...copy.metadata?.labels, [HASH_LABEL]: hash } }
  return copy
}

/** How many replicas the new set may have now (util.NewRSNewReplicas). */
export function newSetReplicas(deployment: Deployment, sets: readonly ReplicaSet[], newSet: ReplicaSet | undefined): number {
  const desired = desiredOf(deployment)
  if (!isRolling(deployment)) return desired
  const current = newSet ? desiredOf(newSet) : 0
  const total = totalReplicas(sets)
  const most = desired + surgeOf(deployment)
  if (total >= most) return current
  return current + Math.min(most - total, desired - current)
}
