/**
 * Shell patterns: `*`, `?`, `[…]`, classes, and the extended forms `?(…) *(…) +(…) @(…) !(…)`. XCU 2.14, bash(1) Pattern
 * Matching. Patterns without extended forms are matched without backtracking beyond the last star, so no input is slow.
 *
 * Omits: collating symbols and equivalence classes; ranges are in code-point order.
 */

/** A pattern as characters with a mark on those that were quoted and stand for themselves. */
export interface PatternText {
  readonly text: string
  /** `quoted[i]` belongs to `text[i]`; null when nothing is quoted. */
  readonly quoted: readonly boolean[] | null
}

type Element =
  | { readonly kind: 'char'; readonly char: string }
  | { readonly kind: 'any' }
  | { readonly kind: 'star' }
  | { readonly kind: 'set'; readonly negated: boolean; readonly items: readonly SetItem[] }
  | { readonly kind: 'group'; readonly operator: string; readonly alternatives: readonly (readonly Element[])[] }

type SetItem = readonly [number, number] | string

const CLASSES = new Map<string, RegExp>([
  ['alpha', /[A-Za-z]/], ['digit', /[0-9]/], ['alnum', /[A-Za-z0-9]/], ['upper', /[A-Z]/], ['lower', /[a-z]/], ['space', /[ \t\n\r\f\v]/],
  ['blank', /[ \t]/], ['punct', /[!-/:-@[-`{-~]/], ['print', /[ -~]/], ['graph', /[!-~]/], ['cntrl', /[\0-\x1f\x7f]/], ['xdigit', /[0-9A-Fa-f]/],
  ['word', /\w/],
])
const STEPS_MAX = 1_000_000
const DEPTH_MAX = 1500

export class Pattern {
  readonly #elements: readonly Element[]
  readonly #extended: boolean
  /** The text when nothing in it is special. */
  readonly literal: string | null
  /** True when it begins with a plain dot: such a pattern may match hidden files. */
  readonly leadingDot: boolean

  constructor(pattern: PatternText | string) {
    const source = typeof pattern === 'string' ? { text: pattern, quoted: null } : pattern
    this.#elements = new PatternReader(source).all()
    this.#extended = this.#elements.some((element) => element.kind === 'group')
    const plain = this.#elements.every((element) => element.kind === 'char')
    this.literal = plain ? this.#elements.map((element) => (element.kind === 'char' ? element.char : '')).join('') : null
    const first = this.#elements[0]
    this.leadingDot = first?.kind === 'char' && first.char === '.'
  }

  matches(text: string): boolean {
    if (this.literal !== null) return this.literal === text
    const chars = [...text]
    if (!this.#extended) return matchSimple(this.#elements, chars)
    const matcher = new Backtracker(chars)
    return matcher.match(this.#elements, 0, 0, (end) => end === chars.length)
  }

  /** Length of the shortest or longest prefix (or suffix) that matches, or -1. */
  affix(text: string, side: 'prefix' | 'suffix', longest: boolean): number {
    for (let i = 0; i <= text.length; i += 1) {
      const length = longest ? text.length - i : i
      if (this.matches(side === 'prefix' ? text.slice(0, length) : text.slice(text.length - length))) return length
    }
    return -1
  }

  /** Length of the longest match that begins at `start`, or -1. */
  longestAt(text: string, start: number): number {
    if (this.literal !== null) return text.startsWith(this.literal, start) ? this.literal.length : -1
    for (let end = text.length; end >= start; end -= 1) if (this.matches(text.slice(start, end))) return end - start
    return -1
  }
}

/** True when unquoted characters of `pattern` make it more than a plain text. */
export function isPattern(pattern: PatternText): boolean {
  for (let i = 0; i < pattern.text.length; i += 1) {
    if (pattern.quoted?.[i]) continue
    const char = pattern.text[i]
    if (char === '*' || char === '?') return true
    if (char === '[' && pattern.text.indexOf(']', i + 1) > 0) return true
    if ('+@!'.includes(char) && pattern.text[i + 1] === '(') return true
  }
  return false
}

class PatternReader {
  readonly #chars: string[] = []
  readonly #quoted: boolean[] = []
  #at = 0

  constructor(source: PatternText) {
    let unit = 0
    for (const char of source.text) {
      this.#chars.push(char)
      this.#quoted.push(source.quoted?.[unit] ?? false)
      unit += char.length
    }
  }

  all(): Element[] {
    const elements: Element[] = []
    while (this.#at < this.#chars.length) elements.push(this.#element())
    return elements
  }

  #special(char: string, at = this.#at): boolean {
    return this.#chars[at] === char && !this.#quoted[at]
  }

  #element(): Element {
    const char = this.#chars[this.#at]
    if (this.#quoted[this.#at]) {
      this.#at += 1
      return { kind: 'char', char }
    }
    if ('?*+@!'.includes(char) && this.#special('(', this.#at + 1)) {
      const group = this.#group(char)
      if (group) return group
    }
    this.#at += 1
    if (char === '*') return { kind: 'star' }
    if (char === '?') return { kind: 'any' }
    if (char === '[') return this.#set() ?? { kind: 'char', char }
    if (char === '\\' && this.#at < this.#chars.length) {
      this.#at += 1
      return { kind: 'char', char: this.#chars[this.#at - 1] }
    }
    return { kind: 'char', char }
  }

  #group(operator: string): Element | null {
    const saved = this.#at
    this.#at += 2
    const alternatives: Element[][] = [[]]
    while (this.#at < this.#chars.length) {
      if (this.#special(')')) {
        this.#at += 1
        return { kind: 'group', operator, alternatives }
      }
      if (this.#special('|')) {
        this.#at += 1
        alternatives.push([])
      } else alternatives[alternatives.length - 1].push(this.#element())
    }
    this.#at = saved
    return null
  }

  #set(): Element | null {
    const saved = this.#at
    const negated = this.#special('!') || this.#special('^')
    if (negated) this.#at += 1
    const items: SetItem[] = []
    for (let first = true; this.#at < this.#chars.length; first = false) {
      if (this.#special(']') && !first) {
        this.#at += 1
        return { kind: 'set', negated, items }
      }
      if (this.#special('[') && this.#chars[this.#at + 1] === ':') {
        const end = this.#chars.indexOf(']', this.#at)
        const name = this.#chars.slice(this.#at + 2, end - 1).join('')
        if (end > 0 && CLASSES.has(name)) {
          items.push(name)
          this.#at = end + 1
          continue
        }
      }
      if (this.#special('\\') && this.#at + 1 < this.#chars.length) this.#at += 1
      const low = this.#code()
      if (this.#special('-') && this.#at + 1 < this.#chars.length && !this.#special(']', this.#at + 1)) {
        this.#at += 1
        items.push([low, this.#code()])
      } else items.push([low, low])
    }
    this.#at = saved
    return null
  }

  #code(): number {
    this.#at += 1
    return this.#chars[this.#at - 1].codePointAt(0) as number
  }
}

function matchOne(element: Element, char: string): boolean {
  if (element.kind === 'char') return element.char === char
  if (element.kind === 'any') return true
  if (element.kind !== 'set') return false
  const code = char.codePointAt(0) as number
  const inside = element.items.some((item) => (typeof item === 'string' ? CLASSES.get(item)?.test(char) : code >= item[0] && code <= item[1]))
  return inside !== element.negated
}

/** Greedy with one place to come back to: enough when stars are the only choice. */
function matchSimple(elements: readonly Element[], chars: readonly string[]): boolean {
  let element = 0
  let at = 0
  let star = -1
  let starAt = 0
  while (at < chars.length) {
    const next = elements[element]
    if (next?.kind === 'star') {
      star = element
      starAt = at
      element += 1
    } else if (next && matchOne(next, chars[at])) {
      element += 1
      at += 1
    } else if (star >= 0) {
      element = star + 1
      starAt += 1
      at = starAt
    } else return false
  }
  while (elements[element]?.kind === 'star') element += 1
  return element === elements.length
}

class Backtracker {
  readonly #chars: readonly string[]
  #steps = 0
  #depth = 0

  constructor(chars: readonly string[]) {
    this.#chars = chars
  }

  match(elements: readonly Element[], index: number, at: number, done: (end: number) => boolean): boolean {
    this.#steps += 1
    if (this.#steps > STEPS_MAX || this.#depth > DEPTH_MAX) return false
    this.#depth += 1
    const matched = this.#match(elements, index, at, done)
    this.#depth -= 1
    return matched
  }

  #match(elements: readonly Element[], index: number, at: number, done: (end: number) => boolean): boolean {
    if (index === elements.length) return done(at)
    const element = elements[index]
    const rest = (end: number): boolean => this.match(elements, index + 1, end, done)
    if (element.kind === 'star') {
      for (let end = at; end <= this.#chars.length; end += 1) if (rest(end)) return true
      return false
    }
    if (element.kind !== 'group') return at < this.#chars.length && matchOne(element, this.#chars[at]) && rest(at + 1)
    return this.#group(element.operator, element.alternatives, at, rest)
  }

  #group(operator: string, alternatives: readonly (readonly Element[])[], at: number, rest: (end: number) => boolean): boolean {
    const once = (start: number, done: (end: number) => boolean): boolean => alternatives.some((each) => this.match(each, 0, start, done))
    const many = (start: number): boolean => rest(start) || once(start, (end) => end > start && many(end))
    switch (operator) {
      case '@':
        return once(at, rest)
      case '?':
        return rest(at) || once(at, rest)
      case '*':
        return many(at)
      case '+':
        return once(at, (end) => (end > at ? many(end) : rest(end)))
      default: {
        for (let end = at; end <= this.#chars.length; end += 1) {
          if (!once(at, (other) => other === end) && rest(end)) return true
        }
        return false
      }
    }
  }
}
