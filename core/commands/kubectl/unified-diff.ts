/** A unified diff of two texts with three lines of context: diff(1) `-u -N`. Time stamps of the files are left out. */
const contextLines = 3
const linesMax = 20_000

interface Change {
  kind: ' ' | '-' | '+'
  text: string
}

/** '' when the texts are equal. */
export function unifiedDiff(before: string, after: string, beforeName: string, afterName: string): string {
  if (before === after) return ''
  const changes = compare(linesOf(before), linesOf(after))
  let text = `--- ${beforeName}\n+++ ${afterName}\n`
  for (let at = 0; at < changes.length; ) {
    while (at < changes.length && changes[at].kind === ' ') at += 1
    if (at >= changes.length) break
    const from = Math.max(0, at - contextLines)
    let to = at
    for (let quiet = 0; to < changes.length && quiet <= contextLines * 2; to += 1) quiet = changes[to].kind === ' ' ? quiet + 1 : 0
    while (to > at && to <= changes.length && trailing(changes, to) > contextLines) to -= 1
    text += hunk(changes, from, to)
    at = to
  }
  return text
}

function trailing(changes: readonly Change[], to: number): number {
  let count = 0
  while (count < to && changes[to - 1 - count].kind === ' ') count += 1
  return count
}

function hunk(changes: readonly Change[], from: number, to: number): string {
  const count = (kind: '-' | '+', end: number, start: number): number =>
    changes.slice(start, end).filter((change) => change.kind === ' ' || change.kind === kind).length
  const range = (kind: '-' | '+'): string => {
    const lines = count(kind, to, from)
    const first = count(kind, from, 0) + (lines === 0 ? 0 : 1)
    return lines === 1 ? String(first) : `${first},${lines}`
  }
  return `@@ -${range('-')} +${range('+')} @@\n${changes
    .slice(from, to)
    .map((change) => `${change.kind}${change.text}\n`)
    .join('')}`
}

function linesOf(text: string): string[] {
  const lines = text.split('\n')
  if (lines.at(-1) === '') lines.pop()
  return lines.slice(0, linesMax)
}

/** Longest common subsequence, after equal heads and tails are set aside. */
function compare(before: readonly string[], after: readonly string[]): Change[] {
  let head = 0
  while (head < before.length && head < after.length && before[head] === after[head]) head += 1
  let tail = 0
  while (tail < before.length - head && tail < after.length - head && before[before.length - 1 - tail] === after[after.length - 1 - tail])
    tail += 1
  const a = before.slice(head, before.length - tail)
  const b = after.slice(head, after.length - tail)
  const same = (text: string): Change => ({ kind: ' ', text })
  return [...before.slice(0, head).map(same), ...middle(a, b), ...before.slice(before.length - tail).map(same)]
}

const cellsMax = 4_000_000

function middle(a: readonly string[], b: readonly string[]): Change[] {
  const all = (): Change[] => [...a.map((text): Change => ({ kind: '-', text })), ...b.map((text): Change => ({ kind: '+', text }))]
  if (a.length * b.length > cellsMax) return all()
  const width = b.length + 1
  const table = new Uint32Array((a.length + 1) * width)
  for (let i = a.length - 1; i >= 0; i -= 1) {
    for (let j = b.length - 1; j >= 0; j -= 1) {
      table[i * width + j] =
        a[i] === b[j] ? table[(i + 1) * width + j + 1] + 1 : Math.max(table[(i + 1) * width + j], table[i * width + j + 1])
    }
  }
  const changes: Change[] = []
  let i = 0
  let j = 0
  while (i < a.length || j < b.length) {
    if (i < a.length && j < b.length && a[i] === b[j]) {
      changes.push({ kind: ' ', text: a[i] })
      i += 1
      j += 1
    } else if (j >= b.length || (i < a.length && table[(i + 1) * width + j] >= table[i * width + j + 1])) {
      changes.push({ kind: '-', text: a[i] })
      i += 1
    } else {
      changes.push({ kind: '+', text: b[j] })
      j += 1
    }
  }
  return changes
}
