/**
 * POSIX extended regular expressions for `[[ =~ ]]`: regex(7). Own matcher, so that no expression of a learner can hold the
 * world up: after `STEPS_MAX` steps it gives up and says "no match".
 *
 * Omits: leftmost-longest choice between alternatives (the first that matches is taken), collating symbols, back references.
 */
import type { PatternText } from './pattern.ts'

type Node =
  | { readonly kind: 'char'; readonly char: string }
  | { readonly kind: 'any' }
  | { readonly kind: 'set'; readonly negated: boolean; readonly ranges: readonly (readonly [number, number])[] }
  | { readonly kind: 'begin' | 'end' }
  | { readonly kind: 'group'; readonly index: number; readonly alternatives: readonly (readonly Node[])[] }
  | { readonly kind: 'repeat'; readonly node: Node; readonly min: number; readonly max: number }

const STEPS_MAX = 2_000_000
const DEPTH_MAX = 1500
/** RE_DUP_MAX of glibc is 32767; this is what POSIX asks for. */
const REPEAT_MAX = 255

const CLASSES = new Map<string, readonly (readonly [number, number])[]>([
  ['alpha', [[65, 90], [97, 122]]], ['digit', [[48, 57]]], ['alnum', [[48, 57], [65, 90], [97, 122]]], ['upper', [[65, 90]]], ['lower', [[97, 122]]],
  ['space', [[9, 13], [32, 32]]], ['blank', [[9, 9], [32, 32]]], ['punct', [[33, 47], [58, 64], [91, 96], [123, 126]]], ['print', [[32, 126]]],
  ['graph', [[33, 126]]], ['cntrl', [[0, 31], [127, 127]]], ['xdigit', [[48, 57], [65, 70], [97, 102]]],
])

/** A compiled expression; null when the text is none. */
export function compileExtendedRegex(pattern: PatternText, ignoreCase: boolean): ExtendedRegex | null {
  const reader = new RegexReader(pattern, ignoreCase)
  const alternatives = reader.alternatives()
  return alternatives && reader.atEnd ? new ExtendedRegex(alternatives, reader.groups, ignoreCase) : null
}

export class ExtendedRegex {
  readonly #root: Node
  readonly #groups: number
  readonly #ignoreCase: boolean

  constructor(alternatives: readonly (readonly Node[])[], groups: number, ignoreCase: boolean) {
    this.#root = { kind: 'group', index: 0, alternatives }
    this.#groups = groups
    this.#ignoreCase = ignoreCase
  }

  /** The whole match and its groups, as BASH_REMATCH holds them; null without a match. */
  exec(text: string): string[] | null {
    const subject = [...(this.#ignoreCase ? text.toLowerCase() : text)]
    const chars = [...text]
    const matcher = new Matcher(subject)
    for (let start = 0; start <= chars.length; start += 1) {
      const captures = matcher.run(this.#root, start, this.#groups)
      if (captures) return captures.map(([from, to]) => (from < 0 ? '' : chars.slice(from, to).join('')))
      if (matcher.exhausted) return null
    }
    return null
  }
}

class RegexReader {
  readonly #chars: string[] = []
  readonly #quoted: boolean[] = []
  #at = 0
  #depth = 0
  groups = 0

  constructor(pattern: PatternText, ignoreCase: boolean) {
    let unit = 0
    for (const char of pattern.text) {
      this.#chars.push(ignoreCase ? char.toLowerCase() : char)
      this.#quoted.push(pattern.quoted?.[unit] ?? false)
      unit += char.length
    }
  }

  get atEnd(): boolean {
    return this.#at >= this.#chars.length
  }

  #special(char: string): boolean {
    return this.#chars[this.#at] === char && !this.#quoted[this.#at]
  }

  alternatives(): Node[][] | null {
    const alternatives: Node[][] = [[]]
    while (!this.atEnd && !(this.#special(')') && this.#depth > 0)) {
      if (this.#special('|')) {
        this.#at += 1
        alternatives.push([])
        continue
      }
      const node = this.#repeated()
      if (!node) return null
      alternatives[alternatives.length - 1].push(node)
    }
    return alternatives
  }

  #repeated(): Node | null {
    let node = this.#atom()
    while (node && !this.atEnd) {
      const bounds = this.#bounds()
      if (!bounds) break
      if (bounds[0] > bounds[1] || bounds[0] > REPEAT_MAX) return null
      node = { kind: 'repeat', node, min: bounds[0], max: bounds[1] }
    }
    return node
  }

  #bounds(): [number, number] | null {
    for (const [char, min, max] of [['*', 0, Infinity], ['+', 1, Infinity], ['?', 0, 1]] as const) {
      if (!this.#special(char)) continue
      this.#at += 1
      return [min, max]
    }
    if (!this.#special('{')) return null
    const close = this.#chars.indexOf('}', this.#at)
    const match = close < 0 ? null : /^(\d+)(,?)(\d*)$/.exec(this.#chars.slice(this.#at + 1, close).join(''))
    if (!match) return null
    this.#at = close + 1
    const min = Number(match[1])
    return [min, match[2] === '' ? min : match[3] === '' ? Infinity : Number(match[3])]
  }

  #atom(): Node | null {
    const char = this.#chars[this.#at]
    const plain = this.#quoted[this.#at]
    this.#at += 1
    if (plain) return { kind: 'char', char }
    switch (char) {
      case '.':
        return { kind: 'any' }
      case '^':
        return { kind: 'begin' }
      case '$':
        return { kind: 'end' }
      case '[':
        return this.#set()
      case '\\':
        if (this.atEnd) return null
        this.#at += 1
        return { kind: 'char', char: this.#chars[this.#at - 1] }
      case '*':
      case '+':
      case '?':
        return null
      case '(': {
        this.groups += 1
        const index = this.groups
        this.#depth += 1
        const alternatives = this.#depth > 200 ? null : this.alternatives()
        this.#depth -= 1
        if (!alternatives || !this.#special(')')) return null
        this.#at += 1
        return { kind: 'group', index, alternatives }
      }
      default:
        return { kind: 'char', char }
    }
  }

  #set(): Node | null {
    const negated = this.#chars[this.#at] === '^'
    if (negated) this.#at += 1
    const ranges: (readonly [number, number])[] = []
    for (let first = true; !this.atEnd; first = false) {
      const char = this.#chars[this.#at]
      if (char === ']' && !first) {
        this.#at += 1
        return { kind: 'set', negated, ranges }
      }
      const named = char === '[' ? /^\[:(\w+):\]/.exec(this.#chars.slice(this.#at, this.#at + 12).join('')) : null
      const members = named && CLASSES.get(named[1])
      if (named && members) {
        ranges.push(...members)
        this.#at += named[0].length
        continue
      }
      const low = char.codePointAt(0) as number
      this.#at += 1
      const high = this.#chars[this.#at + 1]
      if (this.#chars[this.#at] === '-' && high !== undefined && high !== ']') {
        ranges.push([low, high.codePointAt(0) as number])
        this.#at += 2
      } else ranges.push([low, low])
    }
    return null
  }
}

type Captures = [number, number][]
type Next = (at: number) => boolean

class Matcher {
  readonly #chars: readonly string[]
  #captures: Captures = []
  #steps = 0
  #depth = 0

  constructor(chars: readonly string[]) {
    this.#chars = chars
  }

  get exhausted(): boolean {
    return this.#steps > STEPS_MAX
  }

  run(root: Node, start: number, groups: number): Captures | null {
    this.#captures = Array.from({ length: groups + 1 }, (): [number, number] => [-1, -1])
    return this.#node(root, start, () => true) ? this.#captures : null
  }

  #sequence(nodes: readonly Node[], index: number, at: number, next: Next): boolean {
    if (index === nodes.length) return next(at)
    return this.#node(nodes[index], at, (end) => this.#sequence(nodes, index + 1, end, next))
  }

  #node(node: Node, at: number, next: Next): boolean {
    this.#steps += 1
    if (this.#steps > STEPS_MAX || this.#depth > DEPTH_MAX) return false
    this.#depth += 1
    const matched = this.#match(node, at, next)
    this.#depth -= 1
    return matched
  }

  #match(node: Node, at: number, next: Next): boolean {
    switch (node.kind) {
      case 'begin':
        return at === 0 && next(at)
      case 'end':
        return at === this.#chars.length && next(at)
      case 'group':
        return this.#group(node, at, next)
      case 'repeat':
        return isSingle(node.node) ? this.#run(node.node, node.min, node.max, at, next) : this.#again(node, 0, at, next)
      default:
        return at < this.#chars.length && single(node, this.#chars[at]) && next(at + 1)
    }
  }

  #group(node: Node & { kind: 'group' }, at: number, next: Next): boolean {
    const before = this.#captures[node.index]
    for (const alternative of node.alternatives) {
      const matched = this.#sequence(alternative, 0, at, (end) => {
        const inner = this.#captures[node.index]
        this.#captures[node.index] = [at, end]
        if (next(end)) return true
        this.#captures[node.index] = inner
        return false
      })
      if (matched) return true
    }
    this.#captures[node.index] = before
    return false
  }

  /** A run of single characters: as many as go, then fewer. No recursion, however long. */
  #run(node: Node, min: number, max: number, at: number, next: Next): boolean {
    let end = at
    while (end < this.#chars.length && end - at < max && single(node, this.#chars[end])) end += 1
    for (; end - at >= min; end -= 1) {
      this.#steps += 1
      if (this.#steps > STEPS_MAX) return false
      if (next(end)) return true
    }
    return false
  }

  #again(node: Node & { kind: 'repeat' }, count: number, at: number, next: Next): boolean {
    if (count < node.max && this.#node(node.node, at, (end) => (end > at || count < node.min) && this.#again(node, count + 1, end, next))) return true
    return count >= node.min && next(at)
  }
}

function isSingle(node: Node): boolean {
  return node.kind === 'char' || node.kind === 'any' || node.kind === 'set'
}

function single(node: Node, char: string): boolean {
  if (node.kind === 'char') return node.char === char
  if (node.kind === 'any') return true
  if (node.kind !== 'set') return false
  const code = char.codePointAt(0) as number
  return node.ranges.some(([low, high]) => code >= low && code <= high) !== node.negated
}
