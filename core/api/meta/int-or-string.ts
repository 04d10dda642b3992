/** `25%` or `1`: k8s.io/apimachinery/pkg/util/intstr. */
import type { IntOrString } from '../types/index.ts'

/** A percentage is of `total`; undefined for text that is neither. */
export function scaledValue(value: IntOrString, total: number, roundUp: boolean): number | undefined {
  if (typeof value === 'number') return value
  const percent = /^(\d+)%$/.exec(value)
  if (!percent) return undefined
  const product = Number(percent[1]) * total
  return roundUp ? Math.floor((product + 99) / 100) : Math.floor(product / 100)
}

/** Of a rolling update: surge rounds up, unavailable rounds down, and not both may be 0 (deployment util.ResolveFenceposts). */
export function fenceposts(maxSurge: IntOrString, maxUnavailable: IntOrString, desired: number): { surge: number; unavailable: number } {
  const surge = scaledValue(maxSurge, desired, true) ?? 0
  const unavailable = scaledValue(maxUnavailable, desired, false) ?? 0
  return { surge, unavailable: surge === 0 && unavailable === 0 ? 1 : unavailable }
}
