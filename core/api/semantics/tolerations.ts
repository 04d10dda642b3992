/** Does a pod bear a taint? k8s.io/component-helpers/scheduling/corev1. */
import type { Taint, Toleration } from '../types/index.ts'

export function tolerates(tolerations: readonly Toleration[], taint: Pick<Taint, 'key' | 'value' | 'effect'>): boolean {
  return tolerations.some((t) => toleratesOne(t, taint))
}

export function toleratesOne(toleration: Toleration, taint: Pick<Taint, 'key' | 'value' | 'effect'>): boolean {
  if (toleration.effect && toleration.effect !== taint.effect) return false
  if (toleration.key && toleration.key !== taint.key) return false
  if (toleration.operator === 'Exists') return true
  return Boolean(toleration.key) && (toleration.value ?? '') === (taint.value ?? '')
}

/** Seconds that the pod may stay on a node with these NoExecute taints: 0 at once, undefined for ever. */
export function tolerationSeconds(tolerations: readonly Toleration[], taints: readonly Taint[]): number | undefined {
  let least: number | undefined
  for (const taint of taints) {
    if (taint.effect !== 'NoExecute') continue
    const fitting = tolerations.filter((t) => toleratesOne(t, taint))
    if (fitting.length === 0) return 0
    for (const t of fitting) {
      if (t.tolerationSeconds === undefined) continue
      const seconds = Math.max(0, t.tolerationSeconds)
      least = least === undefined ? seconds : Math.min(least, seconds)
    }
  }
  return least
}
