/**
 * kubectl's dialect of JSONPath: templates of text and `{expressions}` with `range … end`, filters, slices, wildcards, recursive
 * descent and quoted text.
 *
 * Truth: k8s.io/client-go/util/jsonpath (parser.go, jsonpath.go), whose error texts are used.
 * Omits: script expressions `[(…)]`, which upstream refuses as well.
 */
import { formatGoValue } from './print/go-value.ts'
import { byText } from '../../base/text-order.ts'

type Node =
  | { kind: 'text'; text: string }
  | { kind: 'field'; name: string }
  | { kind: 'wildcard' }
  | { kind: 'recursive' }
  | { kind: 'slice'; from: number | null; to: number | null; step: number | null }
  | { kind: 'filter'; left: Node[]; operator: string; right: Node[] }
  | { kind: 'union'; parts: Node[][] }
  | { kind: 'literal'; value: unknown }
  | { kind: 'root' }
  | { kind: 'current' }
  | { kind: 'action'; nodes: Node[] }
  | { kind: 'range'; nodes: Node[] }
  | { kind: 'end' }

const nodesMax = 1000
const valuesMax = 1_000_000

export class JsonPath {
  readonly #template: readonly Node[]

  private constructor(template: readonly Node[]) {
    this.#template = template
  }

  /** The parsed template, or upstream's complaint. */
  static parse(template: string): JsonPath | string {
    const parser = new Parser(template)
    const error = parser.run()
    return error ?? new JsonPath(parser.nodes)
  }

  /** The template with values in place of expressions; an `{ error }` when a field is missing and may not be. */
  text(object: unknown, options: { allowMissing: boolean } = { allowMissing: true }): string | { error: string } {
    const results = this.#evaluate(object, options.allowMissing)
    if ('error' in results) return results
    return results.groups.map((group) => (group.text !== null ? group.text : group.values.map(formatGoValue).join(' '))).join('')
  }

  /** All values that the expressions find, text left out. */
  values(object: unknown, options: { allowMissing: boolean } = { allowMissing: true }): unknown[] | { error: string } {
    const results = this.#evaluate(object, options.allowMissing)
    return 'error' in results ? results : results.groups.flatMap((group) => (group.text !== null ? [] : group.values))
  }

  #evaluate(object: unknown, allowMissing: boolean): { groups: Group[] } | { error: string } {
    const run = new Evaluation(object, allowMissing)
    run.template(this.#template, 0, this.#template.length, [object])
    return run.error === null ? { groups: run.groups } : { error: run.error }
  }
}

/** The values at a path such as `.status.podIP`, `{.items[*].metadata.name}` or `spec.replicas`; a complaint is a string. */
export function evaluateJsonPath(path: string, object: unknown): unknown[] | string {
  const parsed = JsonPath.parse(relaxedPath(path))
  if (typeof parsed === 'string') return parsed
  const values = parsed.values(object)
  return 'error' in values ? (values as { error: string }).error : values
}

/** Braces and the leading dot may be left out where kubectl allows it (custom columns, `--sort-by`, `wait --for=jsonpath`). */
export function relaxedPath(path: string): string {
  const trimmed = path.trim()
  if (trimmed.includes('{')) return trimmed
  if (trimmed === '') return '{}'
  return trimmed.startsWith('.') || trimmed.startsWith('$') || trimmed.startsWith('[') ? `{${trimmed}}` : `{.${trimmed}}`
}

interface Group {
  text: string | null
  values: unknown[]
}

class Evaluation {
  readonly groups: Group[] = []
  error: string | null = null
  readonly #root: unknown
  readonly #allowMissing: boolean
  #count = 0

  constructor(root: unknown, allowMissing: boolean) {
    this.#root = root
    this.#allowMissing = allowMissing
  }

  /** Runs template nodes `from` to `to` with `current` as the things that expressions look at. */
  template(nodes: readonly Node[], from: number, to: number, current: unknown[]): void {
    for (let at = from; at < to && this.error === null; at += 1) {
      const node = nodes[at]
      if (node.kind === 'text') this.groups.push({ text: node.text, values: [] })
      else if (node.kind === 'range') {
        const end = endOf(nodes, at, to)
        for (const item of this.path(node.nodes, current)) this.template(nodes, at + 1, end, [item])
        at = end
      } else if (node.kind === 'action') {
        const values = this.path(node.nodes, current)
        this.groups.push({ text: null, values })
      }
    }
  }

  path(nodes: readonly Node[], current: unknown[]): unknown[] {
    let values = current
    for (const node of nodes) {
      values = this.#step(node, values)
      this.#count += values.length
      if (this.#count > valuesMax) this.error = 'too many values'
      if (this.error !== null) return []
    }
    return values
  }

  #step(node: Node, values: unknown[]): unknown[] {
    switch (node.kind) {
      case 'root':
        return [this.#root]
      case 'literal':
        return [node.value]
      case 'field':
        return this.#field(node.name, values)
      case 'wildcard':
        return values.flatMap(children)
      case 'recursive':
        return values.flatMap((value) => descendants(value))
      case 'slice':
        return values.flatMap((value) => this.#slice(node, value))
      case 'union':
        return node.parts.flatMap((part) => this.path(part, values))
      case 'filter':
        return values.flatMap((value) => (Array.isArray(value) ? value.filter((item) => this.#holds(node, item)) : []))
      default:
        return values
    }
  }

  #field(name: string, values: unknown[]): unknown[] {
    const found: unknown[] = []
    for (const value of values) {
      if (value !== null && typeof value === 'object' && !Array.isArray(value) && Object.hasOwn(value, name))
        found.push((value as Record<string, unknown>)[name])
    }
    if (found.length === 0 && values.length > 0 && !this.#allowMissing) this.error = `${name} is not found`
    return found
  }

  #slice(node: { from: number | null; to: number | null; step: number | null }, value: unknown): unknown[] {
    if (value === null || value === undefined) return []
    if (!Array.isArray(value)) {
      this.error = 'is not array or slice'
      return []
    }
    const single = node.to === null && node.step === null && node.from !== null
    const length = value.length
    const begin = node.from === null ? 0 : node.from < 0 ? node.from + length : node.from
    if (single && this.#isSingle(node)) {
      if (begin < 0 || begin >= length) {
        if (!this.#allowMissing) this.error = `array index out of bounds: index ${node.from}, length ${length}`
        return []
      }
      return [value[begin]]
    }
    const end = node.to === null ? length : node.to < 0 ? node.to + length : node.to
    const step = node.step ?? 1
    const found: unknown[] = []
    if (step > 0) for (let i = Math.max(0, begin); i < Math.min(end, length); i += step) found.push(value[i])
    return found
  }

  #isSingle(node: { to: number | null }): boolean {
    return node.to === null
  }

  #holds(node: { left: Node[]; operator: string; right: Node[] }, item: unknown): boolean {
    const quiet = new Evaluation(this.#root, true)
    const left = quiet.path(node.left, [item])
    if (node.operator === 'exists') return left.length > 0
    if (left.length === 0) return false
    const right = quiet.path(node.right, [item])
    if (right.length === 0) return false
    return compare(left[0], right[0], node.operator)
  }
}

function compare(left: unknown, right: unknown, operator: string): boolean {
  if (operator === '==') return sameValue(left, right)
  if (operator === '!=') return !sameValue(left, right)
  const order =
    typeof left === 'number' && typeof right === 'number'
      ? left - right
      : typeof left === 'string' && typeof right === 'string'
        ? byText(left, right)
        : Number.NaN
  if (operator === '<') return order < 0
  if (operator === '<=') return order <= 0
  return operator === '>' ? order > 0 : order >= 0
}

function sameValue(left: unknown, right: unknown): boolean {
  if (left === right) return true
  return (
    typeof left !== typeof right &&
    left !== null &&
    right !== null &&
    typeof left !== 'object' &&
    typeof right !== 'object' &&
    String(left) === String(right)
  )
}

function children(value: unknown): unknown[] {
  if (Array.isArray(value)) return [...value]
  if (value === null || typeof value !== 'object') return []
  return Object.keys(value)
    .sort(byText)
    .map((key) => (value as Record<string, unknown>)[key])
}

function descendants(value: unknown): unknown[] {
  const found: unknown[] = []
  const waiting: unknown[] = [value]
  while (waiting.length > 0 && found.length < valuesMax) {
    const next = waiting.pop()
    found.push(next)
    waiting.push(...children(next).reverse())
  }
  return found
}

function endOf(nodes: readonly Node[], at: number, to: number): number {
  let depth = 0
  for (let i = at; i < to; i += 1) {
    if (nodes[i].kind === 'range') depth += 1
    else if (nodes[i].kind === 'end') depth -= 1
    if (depth === 0) return i
  }
  return to
}

class Parser {
  readonly nodes: Node[] = []
  readonly #text: string
  #at = 0
  #count = 0

  constructor(text: string) {
    this.#text = text
  }

  run(): string | null {
    let depth = 0
    while (this.#at < this.#text.length) {
      const open = this.#text.indexOf('{', this.#at)
      if (open < 0) {
        this.nodes.push({ kind: 'text', text: this.#text.slice(this.#at) })
        break
      }
      if (open > this.#at) this.nodes.push({ kind: 'text', text: this.#text.slice(this.#at, open) })
      const close = closingBrace(this.#text, open)
      if (close < 0) return 'unclosed action'
      const inside = this.#text.slice(open + 1, close).trim()
      this.#at = close + 1
      const node = this.#action(inside)
      if (typeof node === 'string') return node
      if (node.kind === 'range') depth += 1
      if (node.kind === 'end') {
        if (depth === 0) return 'not in range, nothing to end'
        depth -= 1
      }
      this.nodes.push(node)
      this.#count += 1
      if (this.#count > nodesMax) return 'template is too long'
    }
    return depth > 0 ? 'unterminated range' : null
  }

  #action(inside: string): Node | string {
    if (inside === 'end') return { kind: 'end' }
    const range = /^range(?=[\s.@$[])/.exec(inside)
    const nodes = parsePath(range ? inside.slice(5).trim() : inside)
    if (typeof nodes === 'string') return nodes
    const literal = nodes.length === 1 && nodes[0].kind === 'literal' && typeof nodes[0].value === 'string' ? nodes[0].value : null
    if (literal !== null && !range) return { kind: 'text', text: literal }
    return { kind: range ? 'range' : 'action', nodes }
  }
}

function closingBrace(text: string, open: number): number {
  let quote = ''
  for (let i = open + 1; i < text.length; i += 1) {
    if (quote !== '') {
      if (text[i] === '\\') i += 1
      else if (text[i] === quote) quote = ''
    } else if (text[i] === '"' || text[i] === "'") quote = text[i]
    else if (text[i] === '}') return i
  }
  return -1
}

const IDENTIFIER = /^(?:\\.|[^\s.,[\](){}'"|@$*?:=<>!\\])+/

function parsePath(source: string): Node[] | string {
  const nodes: Node[] = []
  let at = 0
  while (at < source.length) {
    const rest = source.slice(at)
    const char = rest[0]
    if (/\s/.test(char)) at += 1
    else if (char === '$') {
      nodes.push({ kind: 'root' })
      at += 1
    } else if (char === '@') {
      nodes.push({ kind: 'current' })
      at += 1
    } else if (char === '*') {
      nodes.push({ kind: 'wildcard' })
      at += 1
    } else if (rest.startsWith('..')) {
      nodes.push({ kind: 'recursive' })
      at += 1
      if (source[at + 1] === '[' || source[at + 1] === '*') at += 1
    } else if (char === '.') {
      const name = IDENTIFIER.exec(rest.slice(1))
      if (name) {
        nodes.push({ kind: 'field', name: name[0].replace(/\\(.)/g, '$1') })
        at += 1 + name[0].length
      } else at += 1
    } else if (char === '[') {
      const close = closingBracket(source, at)
      if (close < 0) return 'unterminated array'
      const node = parseBracket(source.slice(at + 1, close).trim())
      if (typeof node === 'string') return node
      nodes.push(node)
      at = close + 1
    } else if (char === '"' || char === "'") {
      const quoted = readQuoted(source, at)
      if (quoted === null) return 'unterminated quoted string'
      nodes.push({ kind: 'literal', value: quoted.value })
      at = quoted.end
    } else {
      const word = /^[-+]?[\w.]+/.exec(rest)
      const value = word ? literalOf(word[0]) : undefined
      if (!word || value === undefined)
        return `unrecognized ${word ? 'identifier' : 'character in action: U+' + (rest.codePointAt(0) ?? 0).toString(16).toUpperCase().padStart(4, '0')} ${word ? word[0] : `'${char}'`}`
      nodes.push({ kind: 'literal', value })
      at += word[0].length
    }
  }
  return nodes
}

function closingBracket(source: string, open: number): number {
  let depth = 0
  let quote = ''
  for (let i = open; i < source.length; i += 1) {
    const char = source[i]
    if (quote !== '') {
      if (char === '\\') i += 1
      else if (char === quote) quote = ''
    } else if (char === '"' || char === "'") quote = char
    else if (char === '[') depth += 1
    else if (char === ']') {
      depth -= 1
      if (depth === 0) return i
    }
  }
  return -1
}

function parseBracket(inside: string): Node | string {
  if (inside === '*') return { kind: 'wildcard' }
  if (inside.startsWith('?(') && inside.endsWith(')')) return parseFilter(inside.slice(2, -1))
  if (inside.startsWith('?')) return 'unterminated filter'
  const slice = /^(-?\d*)(?::(-?\d*))?(?::(-?\d*))?$/.exec(inside)
  if (slice && inside !== '') {
    const number = (text: string | undefined): number | null => (text === undefined || text === '' ? null : Number(text))
    const isSlice = inside.includes(':')
    return {
      kind: 'slice',
      from: number(slice[1]) ?? (isSlice ? 0 : null),
      to: isSlice ? (number(slice[2]) ?? Number.MAX_SAFE_INTEGER) : null,
      step: number(slice[3]),
    }
  }
  const parts = splitTop(inside, ',')
  const unions: Node[][] = []
  for (const part of parts) {
    const text = part.trim()
    const quoted = text[0] === "'" || text[0] === '"' ? readQuoted(text, 0) : null
    if (quoted && quoted.end === text.length) unions.push([{ kind: 'field', name: quoted.value }])
    else if (/^-?\d+$/.test(text)) unions.push([{ kind: 'slice', from: Number(text), to: null, step: null }])
    else if (parts.length > 1) {
      const nodes = parsePath(text)
      if (typeof nodes === 'string') return nodes
      unions.push(nodes)
    } else return `invalid array index ${text}`
  }
  if (unions.length === 0) return 'invalid array index '
  return unions.length === 1 ? unions[0][0] : { kind: 'union', parts: unions }
}

function parseFilter(inside: string): Node | string {
  const operator = /==|!=|<=|>=|<|>/.exec(withoutQuotes(inside))
  if (!operator) {
    const left = parsePath(inside.trim())
    return typeof left === 'string' ? left : { kind: 'filter', left, operator: 'exists', right: [] }
  }
  const left = parsePath(inside.slice(0, operator.index).trim())
  if (typeof left === 'string') return left
  const right = parsePath(inside.slice(operator.index + operator[0].length).trim())
  if (typeof right === 'string') return right
  return { kind: 'filter', left, operator: operator[0], right }
}

/** The same length, with quoted text blanked out. */
function withoutQuotes(text: string): string {
  return text.replace(/"(?:\\.|[^"\\])*"|'(?:\\.|[^'\\])*'/g, (quoted) => ' '.repeat(quoted.length))
}

function splitTop(text: string, separator: string): string[] {
  const blank = withoutQuotes(text)
  const parts: string[] = []
  let from = 0
  for (let i = blank.indexOf(separator); i >= 0; i = blank.indexOf(separator, i + 1)) {
    parts.push(text.slice(from, i))
    from = i + 1
  }
  parts.push(text.slice(from))
  return parts
}

const ESCAPES: ReadonlyMap<string, string> = new Map([
  ['n', '\n'],
  ['t', '\t'],
  ['r', '\r'],
])

function readQuoted(source: string, at: number): { value: string; end: number } | null {
  const quote = source[at]
  let value = ''
  for (let i = at + 1; i < source.length; i += 1) {
    if (source[i] === '\\' && i + 1 < source.length) {
      i += 1
      value += ESCAPES.get(source[i]) ?? source[i]
    } else if (source[i] === quote) return { value, end: i + 1 }
    else value += source[i]
  }
  return null
}

function literalOf(word: string): unknown {
  if (word === 'true') return true
  if (word === 'false') return false
  if (word === 'null' || word === 'nil') return null
  return /^[-+]?\d+(\.\d+)?$/.test(word) ? Number(word) : undefined
}
