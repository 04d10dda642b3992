/**
 * A deployment that is scaled in the middle of a roll-out: its replica sets grow or shrink in proportion
 * (pkg/controller/deployment/sync.go scale, util.GetReplicaSetProportion).
 */
import type { Deployment, ReplicaSet } from '../../api/types/index.ts'
import { byCreation, desiredOf, MAX, surgeOf, totalReplicas } from './revisions.ts'

export function proportions(deployment: Deployment, active: readonly ReplicaSet[]): [ReplicaSet, number][] {
  const total = totalReplicas(active)
  const allowed = desiredOf(deployment) > 0 ? desiredOf(deployment) + surgeOf(deployment) : 0
  const toAdd = allowed - total
  // Growing starts with the newest of the largest, shrinking with the oldest.
  const sorted = [...active].sort((a, b) => desiredOf(b) - desiredOf(a) || (toAdd > 0 ? byCreation(b, a) : byCreation(a, b)))
  const sizes = new Map<ReplicaSet, number>()
  let added = 0
  for (const rs of sorted) {
    let share = 0
    if (toAdd !== 0) {
      share = fraction(deployment, rs, allowed)
      const left = toAdd - added
      share = toAdd > 0 ? Math.min(share, left) : Math.max(share, left)
    }
    sizes.set(rs, desiredOf(rs) + share)
    added += share
  }
  const first = sorted[0]
  if (first) sizes.set(first, Math.max(0, sizes.get(first)! + toAdd - added))
  return [...sizes]
}

function fraction(deployment: Deployment, rs: ReplicaSet, allowed: number): number {
  if (desiredOf(deployment) === 0) return -desiredOf(rs)
  const said = Number(rs.metadata.annotations?.[MAX])
  const before = said > 0 ? said : (deployment.status.replicas ?? 0)
  if (before === 0) return 0
  // Rounded to the nearest whole number in integer arithmetic.
  const ideal = (desiredOf(rs) * allowed * 2 + before) / (before * 2)
  return Math.floor(ideal) - desiredOf(rs)
}
