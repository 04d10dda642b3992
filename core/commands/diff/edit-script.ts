/**
 * The shortest edit script between two lists of lines (E. Myers, "An O(ND) Difference Algorithm", 1986). Beyond a bound of
 * differences the middle is replaced as a whole, so that unlike files end in time.
 */
const DIFFERENCES_MAX = 2000

/** At line `a` of the one, `deleted` lines give way to `inserted` lines that start at line `b` of the other. */
export interface Edit {
  a: number
  deleted: number
  b: number
  inserted: number
}

export function editScript(left: readonly string[], right: readonly string[]): Edit[] {
  let head = 0
  while (head < left.length && head < right.length && left[head] === right[head]) head += 1
  let tail = 0
  while (tail < left.length - head && tail < right.length - head && left[left.length - 1 - tail] === right[right.length - 1 - tail]) tail += 1
  const a = left.slice(head, left.length - tail)
  const b = right.slice(head, right.length - tail)
  const steps = trace(a, b)
  if (steps === null) return [{ a: head, deleted: a.length, b: head, inserted: b.length }]
  const edits: Edit[] = []
  for (const step of steps) {
    const last = edits.at(-1)
    if (last && last.a + last.deleted === head + step.x && last.b + last.inserted === head + step.y) {
      if (step.insert) last.inserted += 1
      else last.deleted += 1
    } else edits.push({ a: head + step.x, deleted: step.insert ? 0 : 1, b: head + step.y, inserted: step.insert ? 1 : 0 })
  }
  return edits
}

interface Step {
  x: number
  y: number
  insert: boolean
}

function trace(a: readonly string[], b: readonly string[]): Step[] | null {
  const max = a.length + b.length
  if (max === 0) return []
  const limit = Math.min(max, DIFFERENCES_MAX)
  const offset = limit + 1
  const reach = new Int32Array(2 * limit + 3)
  const history: Int32Array[] = []
  for (let d = 0; d <= limit; d += 1) {
    history.push(reach.slice())
    for (let k = -d; k <= d; k += 2) {
      let x = k === -d || (k !== d && reach[offset + k - 1] < reach[offset + k + 1]) ? reach[offset + k + 1] : reach[offset + k - 1] + 1
      while (x < a.length && x - k < b.length && a[x] === b[x - k]) x += 1
      reach[offset + k] = x
      if (x >= a.length && x - k >= b.length) return walkBack(a.length, b.length, history, offset)
    }
  }
  return null
}

function walkBack(endX: number, endY: number, history: readonly Int32Array[], offset: number): Step[] {
  const steps: Step[] = []
  let [x, y] = [endX, endY]
  for (let d = history.length - 1; d > 0; d -= 1) {
    const reach = history[d]
    const k = x - y
    const down = k === -d || (k !== d && reach[offset + k - 1] < reach[offset + k + 1])
    const fromX = down ? reach[offset + k + 1] : reach[offset + k - 1]
    const fromY = fromX - (down ? k + 1 : k - 1)
    steps.push({ x: fromX, y: fromY, insert: down })
    ;[x, y] = [fromX, fromY]
  }
  return steps.reverse()
}
