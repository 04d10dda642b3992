/** The name that a misspelt one was probably meant to be: restricted Damerau-Levenshtein distance over a short list. */
const nameLengthMax = 64

/** The candidate nearest to `name`, or null when none is near: at most a third of its letters may differ. */
export function nearestName(name: string, candidates: Iterable<string>): string | null {
  const limit = Math.max(1, Math.min(3, (name.length - (name.length % 3)) / 3))
  let best: string | null = null
  let bestDistance = limit + 1
  for (const candidate of candidates) {
    if (candidate === name || Math.abs(candidate.length - name.length) > limit) continue
    const distance = candidate.toLowerCase() === name.toLowerCase() ? 0 : editDistance(name, candidate)
    if (distance < bestDistance || (distance === bestDistance && best !== null && candidate < best)) {
      best = candidate
      bestDistance = distance
    }
  }
  return best
}

/** Insertions, deletions, changes and swaps of neighbours that make one name into the other. */
export function editDistance(from: string, to: string): number {
  if (from.length > nameLengthMax || to.length > nameLengthMax) return nameLengthMax
  let beforeLast: number[] = []
  let last = Array.from({ length: to.length + 1 }, (_, i) => i)
  for (let i = 1; i <= from.length; i += 1) {
    const row = [i]
    for (let j = 1; j <= to.length; j += 1) {
      const change = from[i - 1] === to[j - 1] ? 0 : 1
      let cost = Math.min(last[j] + 1, row[j - 1] + 1, last[j - 1] + change)
      if (i > 1 && j > 1 && from[i - 1] === to[j - 2] && from[i - 2] === to[j - 1]) cost = Math.min(cost, beforeLast[j - 2] + 1)
      row.push(cost)
    }
    beforeLast = last
    last = row
  }
  return last[to.length]
}
