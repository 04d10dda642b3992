/**
 * The one way in for YAML: manifests, world files, lab files. Text becomes plain values with the source position of every
 * node, or one error with line and column.
 *
 * Truth: `sigs.k8s.io/yaml` (go-yaml 2), which kubectl and the API server use: YAML 1.1 scalars (`on`, `yes`, `014`, `0b1`,
 * `1_000`), timestamps stay text, keys become strings, `<<` merges. Errors also carry go-yaml's wording and line number, so
 * that kubectl can print what upstream prints.
 *
 * Limits: 3 MiB of text (the API server's request limit), depth 100, 100 aliases, 200 000 nodes after aliases are expanded.
 * The text is lexed and nested step by step and given up as soon as a limit is passed, so a bomb is answered quickly.
 *
 * Omits: YAML 1.1 sexagesimal numbers, `!!set`, `!!omap` and application tags (the tag is ignored, as kubectl does).
 */
import { Composer, isAlias, isMap, isScalar, isSeq, LineCounter, Lexer, Parser } from 'yaml'
import type { Alias, Document, Node, Scalar, YAMLError } from 'yaml'
import { utf8Length } from './utf8.ts'
import { mergeError, numberError, plainScalar, taggedScalar } from './yaml-scalar.ts'

export const yamlBytesMax = 3 * 1024 * 1024
export const yamlDepthMax = 100
export const yamlAliasesMax = 100
export const yamlNodesMax = 200_000
/** Lexical tokens: indicators, spaces and line ends beside the nodes. */
const tokensMax = 1_000_000

/** A node's place in the text: offsets in UTF-16 units, `end` exclusive. */
export interface YamlNode {
  readonly kind: 'map' | 'seq' | 'scalar'
  readonly start: number
  readonly end: number
  /** Of a map, in the order of the text, duplicates included. */
  readonly entries: readonly YamlEntry[]
  /** Of a sequence. */
  readonly items: readonly YamlNode[]
}

export interface YamlEntry {
  readonly key: string
  readonly keyStart: number
  readonly keyEnd: number
  readonly value: YamlNode
}

export interface YamlDuplicate {
  readonly key: string
  readonly line: number
  readonly column: number
  readonly start: number
  readonly end: number
}

export interface YamlDocument {
  readonly value: unknown
  /** Line of the text (from 1) on which this document's part begins: after its `---`. */
  readonly startLine: number
  readonly root: YamlNode
  /** Keys that stand twice in one map; the last one counts. Only with `duplicateKeys: 'allow'`. */
  readonly duplicates: readonly YamlDuplicate[]
}

export interface YamlFault {
  readonly message: string
  readonly line: number
  readonly column: number
  readonly offset: number
  /** What go-yaml says, e.g. `yaml: line 5: did not find expected key`; its lines count from the document's own start. */
  readonly goText: string
}

export type YamlResult =
  | { readonly documents: YamlDocument[] }
  /** `before` holds the documents in front of the fault. */
  | { readonly error: YamlFault; readonly before: YamlDocument[] }

export interface YamlOptions {
  /** kubectl takes the last of two equal keys without a word; for everything else that is an error. */
  duplicateKeys?: 'error' | 'allow'
}

/** A fault on its way out of the recursive walk; never leaves this file. */
class Fault extends Error {
  readonly offset: number
  readonly goText: string
  constructor(offset: number, message: string, goText: string) {
    super(message)
    this.offset = offset
    this.goText = goText
  }
}

export function readYaml(text: string, options: YamlOptions = {}): YamlResult {
  const lines = new LineCounter()
  const documents: YamlDocument[] = []
  const fail = (offset: number, message: string, goText: string): { error: YamlFault; before: YamlDocument[] } => {
    const { line, col } = lines.linePos(Math.max(0, offset))
    return { error: { message, line: Math.max(1, line), column: Math.max(1, col), offset, goText }, before: documents }
  }
  lines.addNewLine(0)
  if (text.length > yamlBytesMax || utf8Length(text) > yamlBytesMax) {
    return fail(0, `the text is larger than ${yamlBytesMax} bytes`, `yaml: the text is larger than ${yamlBytesMax} bytes`)
  }
  const composer = new Composer({ schema: 'failsafe', version: '1.1', uniqueKeys: false, strict: true, logLevel: 'silent' })
  const parser = new Parser((offset) => {
    if (offset > 0) lines.addNewLine(offset)
  })
  // `parse` would set these up; tokens are fed by hand here, so that nesting can be judged while it grows.
  parser.offset = 0
  let offset = 0
  let tokens = 0
  let aliases = 0
  let before = ''
  const walk: Walk = { text, lines, nodes: 0, anchors: new Map(), duplicates: [], options }
  const finish = (document: Document.Parsed): YamlFault | null => {
    const startLine = documentStartLine(text, lines, document)
    try {
      const broken = document.errors[0]
      if (broken) throw libraryFault(broken, document.errors[1], text, lines, startLine)
      if (document.contents === null || (isScalar(document.contents) && isEmpty(document.contents, text))) return null
      walk.anchors = new Map()
      walk.duplicates = []
      const read = convert(document.contents as Node, walk, 1)
      documents.push({ value: read.value, startLine, root: read.node, duplicates: walk.duplicates })
      return null
    } catch (fault) {
      if (!(fault instanceof Fault)) throw fault
      return fail(fault.offset, fault.message, fault.goText).error
    }
  }
  for (const lexeme of new Lexer().lex(text)) {
    tokens += 1
    // The lexer puts U+001F before the text of a scalar, which may begin with anything.
    if (lexeme.startsWith('*') && before !== '\x1f') aliases += 1
    before = lexeme
    if (tokens > tokensMax) return fail(offset, 'too many tokens', 'yaml: document has too many tokens')
    for (const token of parser.next(lexeme)) {
      for (const document of composer.next(token)) {
        const error = finish(document)
        if (error) return { error, before: documents }
      }
    }
    offset = parser.offset
    // Two more than the depth of the values: the document itself and the scalar under way.
    if (parser.stack.length > yamlDepthMax + 2)
      return fail(offset, `nested deeper than ${yamlDepthMax}`, `yaml: exceeded max depth of ${yamlDepthMax}`)
    if (aliases > yamlAliasesMax) return fail(offset, `more than ${yamlAliasesMax} aliases`, 'yaml: document contains excessive aliasing')
  }
  for (const token of parser.end()) {
    for (const document of composer.next(token)) {
      const error = finish(document)
      if (error) return { error, before: documents }
    }
  }
  for (const document of composer.end()) {
    const error = finish(document)
    if (error) return { error, before: documents }
  }
  return { documents }
}

/** The node at a path of keys and indexes, or null. An empty path is the root. */
export function yamlNodeAt(root: YamlNode, path: readonly (string | number)[]): YamlNode | null {
  let node = root
  for (const step of path) {
    const next = typeof step === 'number' ? node.items[step] : yamlEntryOf(node, step)?.value
    if (!next) return null
    node = next
  }
  return node
}

/** The entry that counts for a key: the last one. */
export function yamlEntryOf(node: YamlNode, key: string): YamlEntry | null {
  for (let i = node.entries.length - 1; i >= 0; i -= 1) {
    if (node.entries[i].key === key) return node.entries[i]
  }
  return null
}

/** Line and column, both from 1, of an offset. */
export function lineColumn(text: string, offset: number): { line: number; column: number } {
  let line = 1
  let lineStart = 0
  for (let at = text.indexOf('\n'); at >= 0 && at < offset; at = text.indexOf('\n', at + 1)) {
    line += 1
    lineStart = at + 1
  }
  return { line, column: offset - lineStart + 1 }
}

interface Walk {
  text: string
  lines: LineCounter
  nodes: number
  anchors: Map<string, { node: Node; open: boolean }>
  duplicates: YamlDuplicate[]
  options: YamlOptions
}

interface Read {
  value: unknown
  node: YamlNode
}

const NONE: readonly never[] = Object.freeze([])

function convert(node: Node | null, walk: Walk, depth: number): Read {
  walk.nodes += 1
  const start = node?.range?.[0] ?? 0
  const end = node?.range?.[1] ?? start
  if (walk.nodes > yamlNodesMax) throw new Fault(start, `more than ${yamlNodesMax} nodes`, 'yaml: document contains excessive aliasing')
  if (depth > yamlDepthMax) throw new Fault(start, `nested deeper than ${yamlDepthMax}`, `yaml: exceeded max depth of ${yamlDepthMax}`)
  if (node === null) return { value: null, node: { kind: 'scalar', start, end, entries: NONE, items: NONE } }
  if (isAlias(node)) return convertAlias(node, walk, depth, start, end)
  const anchor = { node, open: true }
  if ('anchor' in node && node.anchor) walk.anchors.set(node.anchor, anchor)
  const read = isMap(node)
    ? convertMap(node, walk, depth, start, end)
    : isSeq(node)
      ? convertSeq(node, walk, depth, start, end)
      : convertScalar(node as Scalar, start, end)
  anchor.open = false
  return read
}

function convertAlias(alias: Alias, walk: Walk, depth: number, start: number, end: number): Read {
  const name = alias.source
  const target = walk.anchors.get(name)
  if (!target) throw new Fault(start, `unknown anchor '${name}'`, `yaml: unknown anchor '${name}' referenced`)
  if (target.open) throw new Fault(start, `anchor '${name}' contains itself`, `yaml: anchor '${name}' value contains itself`)
  const saved = target.node
  const read = convert(saved, walk, depth + 1)
  return { value: read.value, node: { ...read.node, start, end } }
}

function convertSeq(node: { items: unknown[] }, walk: Walk, depth: number, start: number, end: number): Read {
  const value: unknown[] = []
  const items: YamlNode[] = []
  for (const item of node.items) {
    const read = convert(item as Node | null, walk, depth + 1)
    value.push(read.value)
    items.push(read.node)
  }
  return { value, node: { kind: 'seq', start, end, entries: NONE, items } }
}

function convertMap(map: { items: { key: unknown; value: unknown }[] }, walk: Walk, depth: number, start: number, end: number): Read {
  const value = Object.create(null) as Record<string, unknown>
  const own = new Set<string>()
  const entries: YamlEntry[] = []
  const merges: { value: unknown; start: number }[] = []
  for (const pair of map.items) {
    const key = pair.key as Node | null
    const keyStart = key?.range?.[0] ?? start
    const keyEnd = key?.range?.[1] ?? keyStart
    const read = convert(pair.value as Node | null, walk, depth + 1)
    if (isScalar(key) && key.type === 'PLAIN' && key.value === '<<' && !key.tag) {
      merges.push({ value: read.value, start: keyStart })
      continue
    }
    const name = keyText(key, walk, keyStart)
    // A value left out has no range of its own: it stands behind its key.
    const place = pair.value === null ? { ...read.node, start: keyEnd, end: keyEnd } : read.node
    if (own.has(name)) {
      const { line, col } = walk.lines.linePos(keyStart)
      if (walk.options.duplicateKeys !== 'allow') {
        throw new Fault(
          keyStart,
          `the key "${name}" stands twice in one map`,
          `yaml: unmarshal errors:\n  line ${line}: key "${name}" already set in map`,
        )
      }
      walk.duplicates.push({ key: name, line, column: col, start: keyStart, end: keyEnd })
    }
    own.add(name)
    value[name] = read.value
    entries.push({ key: name, keyStart, keyEnd, value: place })
  }
  for (const merge of merges) mergeInto(value, merge.value, own, merge.start)
  return { value, node: { kind: 'map', start, end, entries, items: NONE } }
}

function mergeInto(value: Record<string, unknown>, source: unknown, own: ReadonlySet<string>, start: number): void {
  const sources = Array.isArray(source) ? source : [source]
  for (let i = sources.length - 1; i >= 0; i -= 1) {
    const from: unknown = sources[i]
    if (from === null || typeof from !== 'object' || Array.isArray(from)) throw new Fault(start, mergeError, `yaml: ${mergeError}`)
    for (const key of Object.keys(from)) {
      if (!own.has(key)) value[key] = (from as Record<string, unknown>)[key]
    }
  }
}

function convertScalar(scalar: Scalar, start: number, end: number): Read {
  const text = String(scalar.value ?? '')
  const plain = scalar.type === 'PLAIN' || scalar.type === undefined
  const value = scalar.tag ? taggedScalar(scalar.tag, text, plain) : plain ? plainScalar(text) : text
  if (typeof value === 'number' && !Number.isFinite(value)) throw new Fault(start, numberError(value), numberError(value))
  return { value, node: { kind: 'scalar', start, end, entries: NONE, items: NONE } }
}

/** Keys of JSON are text: booleans and numbers are spelt out, anything else is refused as upstream does. */
function keyText(key: Node | null, walk: Walk, start: number): string {
  if (isAlias(key) || isScalar(key)) {
    const value = convert(key, walk, 1).value
    if (typeof value === 'string') return value
    if (typeof value === 'boolean' || typeof value === 'number') return String(value)
  }
  if (isMap(key) || isSeq(key)) {
    throw new Fault(start, 'a map or list cannot be a key; was a template placeholder {{ … }} left in the text?', 'yaml: invalid map key')
  }
  throw new Fault(start, 'null cannot be a key', 'unsupported map key of type: %!s(<nil>), key: <nil>')
}

function isEmpty(scalar: Scalar, text: string): boolean {
  const [start, end] = scalar.range ?? [0, 0]
  return scalar.type === 'PLAIN' && (start === end || plainScalar(text.slice(start, end)) === null)
}

/** The line after the `---` that opens the document, else the line where it begins. */
function documentStartLine(text: string, lines: LineCounter, document: Document.Parsed): number {
  const begin = document.range?.[0] ?? 0
  const first = (document.contents as Node | null)?.range?.[0] ?? begin
  const marker = text.lastIndexOf('\n---', first)
  if (marker >= 0) return lines.linePos(marker + 1).line + 1
  return text.startsWith('---') ? 2 : 1
}

/** go-yaml's words for the library's error codes. Its scanner counts lines from 1, its parser from 0. */
function libraryFault(error: YAMLError, next: YAMLError | undefined, text: string, lines: LineCounter, startLine: number): Fault {
  const at = error.pos[0]
  const line = lines.linePos(at).line - startLine + 1
  const message = error.message.split('\n')[0].replace(/ at line \d+, column \d+:?$/, '')
  const scanner = (words: string, number = line): Fault => new Fault(at, message, `yaml: line ${number}: ${words}`)
  const parser = (words: string): Fault => scanner(words, line - 1)
  switch (error.code) {
    case 'BLOCK_AS_IMPLICIT_KEY':
      return scanner('mapping values are not allowed in this context', line + linesToColon(text, at))
    case 'MULTILINE_IMPLICIT_KEY':
      if (next?.code === 'UNEXPECTED_TOKEN') return parser('did not find expected key')
      if (lines.linePos(at).col === 1) return scanner("could not find expected ':'", line + 1)
      return scanner('mapping values are not allowed in this context', line + linesToColon(text, at))
    case 'MISSING_CHAR':
      return message.startsWith('Missing closing')
        ? scanner('found unexpected end of stream')
        : scanner("could not find expected ':'", line + 1)
    case 'BAD_INDENT':
      if (message.startsWith('Flow sequence')) return parser("did not find expected ',' or ']'")
      if (message.startsWith('Flow map')) return parser("did not find expected ',' or '}'")
      return message.startsWith('All sequence') ? parser("did not find expected '-' indicator") : parser('did not find expected key')
    case 'UNEXPECTED_TOKEN':
      if (message.includes('block-seq-ind')) return scanner('block sequence entries are not allowed in this context')
      if (message.includes('quoted-scalar')) return parser("did not find expected ',' or '}'")
      return /:\s*$/.test(text.slice(Math.max(0, at - 8), at))
        ? parser('did not find expected node content')
        : parser('did not find expected key')
    case 'TAB_AS_INDENT':
    case 'BAD_SCALAR_START':
      return scanner('found character that cannot start any token')
    case 'BAD_DQ_ESCAPE':
      return scanner('found unknown escape character')
    default:
      return scanner(message)
  }
}

/** Lines between an offset and the next `:` that ends a key. */
function linesToColon(text: string, at: number): number {
  const part = text.slice(at, at + 2000)
  const colon = part.search(/:(\s|$)/)
  return colon < 0 ? 0 : part.slice(0, colon).split('\n').length - 1
}
