/**
 * Wireshark's display filter language over packet records. A field holds every value that the packet had on its way, so
 * `tcp.port == 31002` finds the packet before and after its port was rewritten.
 *
 * Truth: wireshark-filter(4): comparison, membership (`in {…}`), contains, and the words eq ne gt lt ge le and or not.
 * Omits: slices, functions, bit masks, `matches`; `!=` is true when no value equals, as since Wireshark 3.6.
 */
import { filterTokens, type FilterToken } from './filter-tokens.ts'
import { FILTER_FIELDS, fieldValues, type FilterWorld, type FilterValue } from './filter-fields.ts'
import { prefixHolds } from './address-bytes.ts'
import type { PacketRecord } from './packets.ts'

export interface FilterError {
  /** `field`, `operator`, `value`, `end`, `token`: what was expected or not understood. */
  expected: 'field' | 'operator' | 'value' | 'end' | 'close' | 'token'
  text: string
  start: number
  end: number
}

type Test = (record: PacketRecord, world: FilterWorld) => boolean
export type DisplayFilter = { match: Test; error: null } | { match: null; error: FilterError }

const COMPARE = new Map([
  ['==', '=='],
  ['eq', '=='],
  ['!=', '!='],
  ['ne', '!='],
  ['>', '>'],
  ['gt', '>'],
  ['<', '<'],
  ['lt', '<'],
  ['>=', '>='],
  ['ge', '>='],
  ['<=', '<='],
  ['le', '<='],
  ['contains', 'contains'],
  ['in', 'in'],
])
const DEPTH_MAX = 50

class Refusal {
  readonly error: FilterError
  constructor(error: FilterError) {
    this.error = error
  }
}

export function parseDisplayFilter(text: string): DisplayFilter {
  const tokens = filterTokens(text)
  if (tokens.length === 0) return { match: () => true, error: null }
  const bad = tokens.find((token) => token.kind === 'bad')
  if (bad !== undefined) return { match: null, error: { expected: 'token', text: bad.text, start: bad.start, end: bad.end } }
  const parser = new Parser(tokens, text.length)
  const test = parser.either(0)
  if (test instanceof Refusal) return { match: null, error: test.error }
  const rest = parser.peek()
  if (rest !== undefined) return { match: null, error: { expected: 'end', text: rest.text, start: rest.start, end: rest.end } }
  return { match: test, error: null }
}

class Parser {
  readonly #tokens: FilterToken[]
  readonly #length: number
  #at = 0

  constructor(tokens: FilterToken[], length: number) {
    this.#tokens = tokens
    this.#length = length
  }

  peek(): FilterToken | undefined {
    return this.#tokens[this.#at]
  }

  either(depth: number): Test | Refusal {
    return this.#chain(
      depth,
      ['||', 'or'],
      (d) => this.#both(d),
      (a, b) => (record, world) => a(record, world) || b(record, world),
    )
  }

  #both(depth: number): Test | Refusal {
    return this.#chain(
      depth,
      ['&&', 'and'],
      (d) => this.#unary(d),
      (a, b) => (record, world) => a(record, world) && b(record, world),
    )
  }

  #chain(depth: number, words: string[], next: (depth: number) => Test | Refusal, join: (a: Test, b: Test) => Test): Test | Refusal {
    let left = next(depth)
    while (!(left instanceof Refusal) && words.includes(this.peek()?.text ?? '')) {
      this.#at += 1
      const right = next(depth)
      if (right instanceof Refusal) return right
      left = join(left, right)
    }
    return left
  }

  #unary(depth: number): Test | Refusal {
    const token = this.peek()
    if (token === undefined || depth > DEPTH_MAX) return this.#refuse('field')
    if (token.text === '!' || token.text === 'not') {
      this.#at += 1
      const inner = this.#unary(depth + 1)
      return inner instanceof Refusal ? inner : (record, world) => !inner(record, world)
    }
    if (token.text === '(') {
      this.#at += 1
      const inner = this.either(depth + 1)
      if (inner instanceof Refusal) return inner
      if (this.peek()?.text !== ')') return this.#refuse('close')
      this.#at += 1
      return inner
    }
    return this.#comparison()
  }

  #comparison(): Test | Refusal {
    const field = this.peek()
    if (field === undefined || field.kind !== 'word' || !FILTER_FIELDS.has(field.text)) return this.#refuse('field')
    this.#at += 1
    const operator = COMPARE.get(this.peek()?.text ?? '')
    if (operator === undefined) {
      const next = this.peek()
      if (next !== undefined && next.kind !== 'symbol' && next.text !== 'and' && next.text !== 'or') return this.#refuse('operator')
      return (record, world) => fieldValues(field.text, record, world).length > 0
    }
    this.#at += 1
    if (operator === 'in') return this.#membership(field.text)
    const value = this.#value()
    if (value instanceof Refusal) return value
    return (record, world) => compareAll(operator, fieldValues(field.text, record, world), value)
  }

  #membership(field: string): Test | Refusal {
    if (this.peek()?.text !== '{') return this.#refuse('value')
    this.#at += 1
    const values: string[] = []
    while (this.peek() !== undefined && this.peek()?.text !== '}') {
      if (this.peek()?.text === ',') {
        this.#at += 1
        continue
      }
      const value = this.#value()
      if (value instanceof Refusal) return value
      values.push(value)
    }
    if (this.peek() === undefined) return this.#refuse('close')
    this.#at += 1
    return (record, world) => {
      const have = fieldValues(field, record, world)
      return values.some((value) => compareAll('==', have, value))
    }
  }

  #value(): string | Refusal {
    const token = this.peek()
    if (token === undefined || token.kind === 'symbol') return this.#refuse('value')
    this.#at += 1
    return token.text
  }

  #refuse(expected: FilterError['expected']): Refusal {
    const token = this.peek()
    if (token === undefined) return new Refusal({ expected, text: '', start: this.#length, end: this.#length })
    return new Refusal({ expected, text: token.text, start: token.start, end: token.end })
  }
}

function compareAll(operator: string, have: readonly FilterValue[], wanted: string): boolean {
  if (operator === '!=') return have.length > 0 && !have.some((value) => compare('==', value, wanted))
  return have.some((value) => compare(operator, value, wanted))
}

function compare(operator: string, have: FilterValue, wanted: string): boolean {
  if (operator === 'contains') return String(have).toLowerCase().includes(wanted.toLowerCase())
  if (typeof have === 'number') {
    const value = wanted === 'true' ? 1 : wanted === 'false' ? 0 : Number(wanted)
    if (Number.isNaN(value)) return false
    return operator === '=='
      ? have === value
      : operator === '>'
        ? have > value
        : operator === '<'
          ? have < value
          : operator === '>='
            ? have >= value
            : have <= value
  }
  if (operator !== '==')
    return operator === '>' ? have > wanted : operator === '<' ? have < wanted : operator === '>=' ? have >= wanted : have <= wanted
  return have === wanted || have.toLowerCase() === wanted.toLowerCase() || prefixHolds(wanted, have)
}
