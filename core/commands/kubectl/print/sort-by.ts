/**
 * `--sort-by`: lists in the order of a field. Truth: k8s.io/kubectl/pkg/cmd/get/sorter.go (RuntimeSort, natural order of texts,
 * quantities by value).
 */
import { parseQuantity, compareQuantity } from '../../../api/meta/quantity.ts'
import { byText } from '../../../base/text-order.ts'
import { JsonPath, relaxedPath } from '../jsonpath.ts'

/** The objects in order, or a complaint. */
export function sortBy<T>(objects: readonly T[], expression: string): T[] | string {
  const path = JsonPath.parse(relaxedPath(expression))
  if (typeof path === 'string') return path
  const keyed = objects.map((object, index) => {
    const values = path.values(object)
    return { object, index, value: 'error' in values ? undefined : (values as unknown[])[0] }
  })
  if (keyed.length > 0 && keyed.every((each) => each.value === undefined))
    return `couldn't find any field with path "${relaxedPath(expression)}" in the list of objects`
  keyed.sort((a, b) => compare(a.value, b.value) || a.index - b.index)
  return keyed.map((each) => each.object)
}

function compare(a: unknown, b: unknown): number {
  if (a === undefined || b === undefined) return a === b ? 0 : a === undefined ? -1 : 1
  if (typeof a === 'number' && typeof b === 'number') return a - b
  if (typeof a === 'string' && typeof b === 'string') {
    if (a === b) return 0
    return /^[-+]?[0-9.]/.test(a) && parseQuantity(a) && parseQuantity(b) ? compareQuantity(a, b) : naturalOrder(a, b)
  }
  return byText(String(a), String(b))
}

/** Runs of digits count as numbers: `web-2` before `web-10`. */
function naturalOrder(a: string, b: string): number {
  const left = a.match(/\d+|\D+/g) ?? []
  const right = b.match(/\d+|\D+/g) ?? []
  for (let i = 0; i < left.length && i < right.length; i += 1) {
    if (left[i] === right[i]) continue
    const numbers = /^\d/.test(left[i]) && /^\d/.test(right[i])
    const difference = numbers ? Number(left[i]) - Number(right[i]) : byText(left[i], right[i])
    if (difference !== 0) return difference
  }
  return left.length - right.length || byText(a, b)
}
