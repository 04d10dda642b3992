/** Parser of the jq language (jq 1.6 manual; precedence as in its src/parser.y). Omits: modules, `?//`, `$__loc__`, comments' escapes. */
import type { Node, Pattern } from './syntax.ts'

interface Token {
  kind: 'number' | 'string' | 'name' | 'field' | 'variable' | 'format' | 'mark' | 'end'
  text: string
  parts?: (string | Node)[]
  at: number
}

const MARKS = ['?//', '//=', '|=', '+=', '-=', '*=', '/=', '%=', '==', '!=', '<=', '>=', '//', '..', '.', '[', ']', '(', ')', '{', '}', '|', ',', ':', ';', '=', '<', '>', '+', '-', '*', '/', '%', '$', '?']
const KEYWORDS = new Set(['def', 'if', 'then', 'elif', 'else', 'end', 'as', 'reduce', 'foreach', 'try', 'catch', 'label', 'import', 'include', 'and', 'or', '__loc__'])
const DEPTH_MAX = 200

export class JqSyntaxError {
  readonly message: string

  constructor(message: string) {
    this.message = message
  }
}

export function parseJq(source: string): Node | JqSyntaxError {
  const parser = new Parser(source, 0)
  const node = parser.program()
  return parser.failure ?? node
}

class Parser {
  readonly #source: string
  readonly #tokens: Token[] = []
  #at = 0
  readonly #nesting: number
  #depth = 0
  failure: JqSyntaxError | null = null

  constructor(source: string, nesting: number) {
    this.#source = source
    this.#nesting = nesting
    this.#tokenize()
  }

  program(): Node {
    const node: Node = this.#peek().kind === 'end' ? { t: 'identity' } : this.#pipe()
    if (!this.failure && this.#peek().kind !== 'end') this.#fail(this.#peek(), ', expecting $end')
    return node
  }

  // --- Tokens ----------------------------------------------------------------------------------------------------------

  #tokenize(): void {
    const source = this.#source
    let at = 0
    while (at < source.length) {
      const rest = source.slice(at, at + 256)
      const blank = /^(\s+|#[^\n]*)/.exec(source.slice(at))
      if (blank) {
        at += blank[0].length
        continue
      }
      const number = /^(\d+\.?\d*|\.\d+)([eE][-+]?\d+)?/.exec(rest)
      const name = /^[a-zA-Z_][a-zA-Z0-9_]*(::[a-zA-Z_][a-zA-Z0-9_]*)*/.exec(rest)
      const field = /^\.[a-zA-Z_][a-zA-Z0-9_]*/.exec(rest)
      const variable = /^\$\s*[a-zA-Z_][a-zA-Z0-9_]*/.exec(rest)
      const format = /^@[a-zA-Z0-9_]+/.exec(rest)
      if (source[at] === '"') {
        const end = this.#string(at)
        if (end < 0) return
        at = end
        continue
      }
      const found: [Token['kind'], string] | null = number
        ? ['number', number[0]]
        : field
          ? ['field', field[0]]
          : name
            ? ['name', name[0]]
            : variable
              ? ['variable', variable[0]]
              : format
                ? ['format', format[0]]
                : null
      const mark = found ? undefined : MARKS.find((one) => source.startsWith(one, at))
      if (!found && mark === undefined) {
        this.#tokens.push({ kind: 'mark', text: source[at], at })
        this.#tokens.push({ kind: 'end', text: '', at: source.length })
        return
      }
      const [kind, text] = found ?? (['mark', mark as string] as const)
      this.#tokens.push({ kind, text: kind === 'variable' ? text.replace(/^\$\s*/, '') : kind === 'field' ? text.slice(1) : text, at })
      at += text.length
    }
    this.#tokens.push({ kind: 'end', text: '', at: source.length })
  }

  /** A string with its interpolations; answers where it ends. */
  #string(start: number): number {
    const parts: (string | Node)[] = []
    const source = this.#source
    let text = ''
    let at = start + 1
    while (at < source.length && source[at] !== '"') {
      if (source[at] !== '\\') {
        text += source[at]
        at += 1
        continue
      }
      const next = source[at + 1]
      if (next === '(') {
        const end = closing(source, at + 2)
        if (end < 0 || this.#nesting > 20) break
        const inner = new Parser(source.slice(at + 2, end), this.#nesting + 1)
        const node = inner.program()
        this.failure ??= inner.failure
        parts.push(text, node)
        text = ''
        at = end + 1
      } else if (next === 'u') {
        text += String.fromCharCode(Number.parseInt(source.slice(at + 2, at + 6), 16) || 0)
        at += 6
      } else {
        text += { n: '\n', t: '\t', r: '\r', b: '\b', f: '\f' }[next] ?? next ?? ''
        at += 2
      }
    }
    if (source[at] !== '"') {
      this.failure ??= new JqSyntaxError('syntax error, unexpected INVALID_CHARACTER (Unix shell quoting issues?)')
      this.#tokens.push({ kind: 'end', text: '', at: source.length })
      return -1
    }
    parts.push(text)
    this.#tokens.push({ kind: 'string', text: '', parts, at: start })
    return at + 1
  }

  // --- Expressions, loosest first --------------------------------------------------------------------------------------

  #pipe(): Node {
    if (this.#tooDeep()) return { t: 'identity' }
    this.#depth += 1
    const node = this.#pipeInside()
    this.#depth -= 1
    return node
  }

  #pipeInside(): Node {
    if (this.#takeName('def')) {
      const definition = this.#definition()
      return { t: 'def', ...definition, rest: this.#peek().kind === 'end' || this.#isMark(')') ? { t: 'identity' } : this.#pipe() }
    }
    const left = this.#comma()
    if (this.#takeName('as')) {
      const patterns = [this.#pattern()]
      while (this.#takeMark('?//')) patterns.push(this.#pattern())
      this.#expect('|')
      return { t: 'bind', source: left, patterns, body: this.#pipe() }
    }
    return this.#takeMark('|') ? { t: 'pipe', a: left, b: this.#pipe() } : left
  }

  #definition(): { name: string; params: string[]; body: Node } {
    const name = this.#next().text
    const params: string[] = []
    if (this.#takeMark('(')) {
      do {
        const token = this.#next()
        params.push(token.kind === 'variable' ? `$${token.text}` : token.text)
      } while (this.#takeMark(';'))
      this.#expect(')')
    }
    this.#expect(':')
    const body = this.#pipe()
    this.#expect(';')
    return { name, params, body }
  }

  #comma(): Node {
    let left = this.#alternative()
    while (this.#takeMark(',')) left = { t: 'comma', a: left, b: this.#alternative() }
    return left
  }

  /** `//` is right-associative and binds tighter than assignment's neighbours: as in jq, looser than `or`. */
  #alternative(): Node {
    const left = this.#assignment()
    return this.#takeMark('//') ? { t: 'alternative', a: left, b: this.#alternative() } : left
  }

  #assignment(): Node {
    const left = this.#or()
    for (const op of ['=', '|=', '+=', '-=', '*=', '/=', '%=', '//=']) {
      if (this.#takeMark(op)) return { t: 'assign', op, a: left, b: this.#alternative() }
    }
    return left
  }

  #or(): Node {
    let left = this.#and()
    while (this.#takeName('or')) left = { t: 'or', a: left, b: this.#and() }
    return left
  }

  #and(): Node {
    let left = this.#comparison()
    while (this.#takeName('and')) left = { t: 'and', a: left, b: this.#comparison() }
    return left
  }

  #comparison(): Node {
    const left = this.#sum()
    for (const op of ['==', '!=', '<=', '>=', '<', '>']) {
      if (this.#takeMark(op)) return { t: 'binary', op, a: left, b: this.#sum() }
    }
    return left
  }

  #sum(): Node {
    let left = this.#product()
    for (;;) {
      const op = this.#isMark('+') ? '+' : this.#isMark('-') ? '-' : null
      if (op === null) return left
      this.#next()
      left = { t: 'binary', op, a: left, b: this.#product() }
    }
  }

  #product(): Node {
    let left = this.#unary()
    for (;;) {
      const op = this.#isMark('*') ? '*' : this.#isMark('/') ? '/' : this.#isMark('%') ? '%' : null
      if (op === null) return left
      this.#next()
      left = { t: 'binary', op, a: left, b: this.#unary() }
    }
  }

  #unary(): Node {
    if (this.#takeMark('-')) return { t: 'negate', of: this.#postfix() }
    if (this.#takeName('reduce')) {
      const source = this.#postfixTerm()
      this.#expectName('as')
      const pattern = this.#pattern()
      this.#expect('(')
      const start = this.#pipe()
      this.#expect(';')
      const update = this.#pipe()
      this.#expect(')')
      return { t: 'reduce', source, pattern, start, update }
    }
    if (this.#takeName('foreach')) {
      const source = this.#postfixTerm()
      this.#expectName('as')
      const pattern = this.#pattern()
      this.#expect('(')
      const start = this.#pipe()
      this.#expect(';')
      const update = this.#pipe()
      const extract = this.#takeMark(';') ? this.#pipe() : null
      this.#expect(')')
      return { t: 'foreach', source, pattern, start, update, extract }
    }
    if (this.#takeName('label')) {
      const name = this.#next().text
      this.#expect('|')
      return { t: 'label', name, body: this.#pipe() }
    }
    return this.#postfix()
  }

  #postfix(): Node {
    let node: Node
    if (this.#takeName('try')) {
      const of = this.#postfixTerm()
      node = { t: 'try', of, handler: this.#takeName('catch') ? this.#postfixTerm() : null }
    } else node = this.#postfixTerm()
    if (this.#isName('as')) {
      this.#next()
      const patterns = [this.#pattern()]
      while (this.#takeMark('?//')) patterns.push(this.#pattern())
      this.#expect('|')
      return { t: 'bind', source: node, patterns, body: this.#pipe() }
    }
    return node
  }

  #postfixTerm(): Node {
    let node = this.#term()
    for (;;) {
      const token = this.#peek()
      if (token.kind === 'field') {
        this.#next()
        node = { t: 'field', of: node, name: { t: 'literal', value: token.text } }
      } else if (this.#isMark('.') && this.#tokens[this.#at + 1]?.kind === 'string') {
        this.#next()
        node = { t: 'field', of: node, name: this.#stringNode('') }
      } else if (this.#isMark('.') && this.#tokens[this.#at + 1]?.text === '[') {
        this.#next()
      } else if (this.#takeMark('[')) node = this.#subscript(node)
      else if (this.#takeMark('?')) node = { t: 'try', of: node, handler: null }
      else return node
    }
  }

  #subscript(of: Node): Node {
    if (this.#takeMark(']')) return { t: 'iterate', of }
    if (this.#takeMark(':')) {
      const to = this.#pipe()
      this.#expect(']')
      return { t: 'slice', of, from: null, to }
    }
    const index = this.#pipe()
    if (this.#takeMark(':')) {
      const to = this.#isMark(']') ? null : this.#pipe()
      this.#expect(']')
      return { t: 'slice', of, from: index, to }
    }
    this.#expect(']')
    return { t: 'field', of, name: index }
  }

  #term(): Node {
    const token = this.#next()
    switch (token.kind) {
      case 'number':
        return { t: 'literal', value: Number(token.text) }
      case 'string':
        this.#at -= 1
        return this.#stringNode('')
      case 'format':
        return this.#peek().kind === 'string' ? this.#stringNode(token.text) : { t: 'format', name: token.text }
      case 'field':
        return { t: 'field', of: { t: 'identity' }, name: { t: 'literal', value: token.text } }
      case 'variable':
        return { t: 'variable', name: token.text, at: token.at }
      case 'name':
        return this.#named(token)
      case 'mark':
        return this.#marked(token)
    }
    this.#fail(token)
    return { t: 'identity' }
  }

  #marked(token: Token): Node {
    switch (token.text) {
      case '.':
        if (this.#peek().kind === 'string') return { t: 'field', of: { t: 'identity' }, name: this.#stringNode('') }
        return { t: 'identity' }
      case '..':
        return { t: 'recurse' }
      case '(': {
        const inner = this.#pipe()
        this.#expect(')')
        return inner
      }
      case '[': {
        if (this.#takeMark(']')) return { t: 'array', of: null }
        const of = this.#pipe()
        this.#expect(']')
        return { t: 'array', of }
      }
      case '{':
        return this.#object()
      case '-':
        return { t: 'negate', of: this.#postfixTerm() }
    }
    this.#fail(token)
    return { t: 'identity' }
  }

  #named(token: Token): Node {
    switch (token.text) {
      case 'if': {
        const branches: { test: Node; then: Node }[] = []
        let otherwise: Node | null = null
        do {
          const test = this.#pipe()
          this.#expectName('then')
          branches.push({ test, then: this.#pipe() })
        } while (this.#takeName('elif'))
        if (this.#takeName('else')) otherwise = this.#pipe()
        this.#expectName('end')
        return { t: 'if', branches, otherwise }
      }
      case 'try': {
        const of = this.#postfixTerm()
        return { t: 'try', of, handler: this.#takeName('catch') ? this.#postfixTerm() : null }
      }
      case 'reduce':
      case 'foreach':
      case 'label':
        this.#at -= 1
        return this.#unary()
      case 'def':
        this.#at -= 1
        return this.#pipe()
      case 'break':
        if (this.#peek().kind === 'variable') return { t: 'break', name: this.#next().text }
    }
    if (KEYWORDS.has(token.text)) {
      this.#fail(token)
      return { t: 'identity' }
    }
    if (token.text === 'null' || token.text === 'true' || token.text === 'false') {
      return { t: 'literal', value: token.text === 'null' ? null : token.text === 'true' }
    }
    const args: Node[] = []
    if (this.#takeMark('(')) {
      do args.push(this.#pipe())
      while (this.#takeMark(';'))
      this.#expect(')')
    }
    return { t: 'call', name: token.text, args, at: token.at }
  }

  #object(): Node {
    const entries: { key: Node; value: Node | null }[] = []
    while (!this.failure && !this.#takeMark('}')) {
      const token = this.#peek()
      let key: Node
      if (token.kind === 'name') {
        this.#next()
        key = { t: 'literal', value: token.text }
      } else if (token.kind === 'variable') {
        this.#next()
        entries.push({ key: { t: 'literal', value: token.text }, value: { t: 'variable', name: token.text } })
        if (!this.#isMark('}')) this.#expect(',')
        continue
      } else if (token.kind === 'string') key = this.#stringNode('')
      else if (token.kind === 'number') {
        this.#next()
        key = { t: 'literal', value: token.text }
      } else if (token.kind === 'format') {
        this.#next()
        key = this.#peek().kind === 'string' ? this.#stringNode(token.text) : { t: 'format', name: token.text }
      } else if (this.#takeMark('(')) {
        key = this.#pipe()
        this.#expect(')')
      } else {
        this.#fail()
        break
      }
      let value: Node | null = null
      if (this.#takeMark(':')) {
        value = this.#objectValue()
        while (this.#takeMark('|')) value = { t: 'pipe', a: value, b: this.#objectValue() }
      }
      entries.push({ key, value })
      if (!this.#isMark('}')) this.#expect(',')
    }
    return { t: 'object', entries }
  }

  /** Without commas: those part the entries. */
  #objectValue(): Node {
    return this.#alternative()
  }

  #pattern(): Pattern {
    const token = this.#next()
    if (token.kind === 'variable') return { t: 'variable', name: token.text }
    if (token.text === '[') {
      const items: Pattern[] = []
      do items.push(this.#pattern())
      while (this.#takeMark(','))
      this.#expect(']')
      return { t: 'array', items }
    }
    if (token.text === '{') {
      const entries: { key: Node | null; variable: string | null; value: Pattern | null }[] = []
      do {
        const key = this.#peek()
        let name: Node | null = null
        let variable: string | null = null
        if (key.kind === 'variable') {
          this.#next()
          variable = key.text
          name = { t: 'literal', value: key.text }
        } else if (key.kind === 'string') name = this.#stringNode('')
        else if (this.#takeMark('(')) {
          name = this.#pipe()
          this.#expect(')')
        } else name = { t: 'literal', value: this.#next().text }
        entries.push({ key: name, variable, value: this.#takeMark(':') ? this.#pattern() : null })
      } while (this.#takeMark(','))
      this.#expect('}')
      return { t: 'object', entries }
    }
    this.#fail(token)
    return { t: 'variable', name: '_' }
  }

  #stringNode(format: string): Node {
    const token = this.#next()
    const parts = token.parts ?? []
    if (parts.length === 1 && format === '') return { t: 'literal', value: parts[0] as string }
    return { t: 'string', format, parts }
  }

  #tooDeep(): boolean {
    if (this.#depth < DEPTH_MAX) return false
    this.failure ??= new JqSyntaxError('program too deeply nested')
    this.#at = this.#tokens.length - 1
    return true
  }

  #peek(): Token {
    return this.#tokens[Math.min(this.#at, this.#tokens.length - 1)]
  }

  #next(): Token {
    const token = this.#peek()
    if (this.#at < this.#tokens.length - 1) this.#at += 1
    return token
  }

  #isMark(text: string): boolean {
    const token = this.#peek()
    return token.kind === 'mark' && token.text === text
  }

  #takeMark(text: string): boolean {
    if (!this.#isMark(text)) return false
    this.#next()
    return true
  }

  #isName(text: string): boolean {
    const token = this.#peek()
    return token.kind === 'name' && token.text === text
  }

  #takeName(text: string): boolean {
    if (!this.#isName(text)) return false
    this.#next()
    return true
  }

  #expect(text: string): void {
    if (!this.#takeMark(text)) this.#fail()
  }

  #expectName(text: string): void {
    if (!this.#takeName(text)) this.#fail()
  }

  #fail(token: Token = this.#peek(), expecting = ''): void {
    const stray = expecting !== '' && /^[)\]}]$/.test(token.text)
    const what = (stray ? 'INVALID_CHARACTER' : describe(token)) + expecting
    // Where the text ends, the place is that of the last token.
    const at = token.kind === 'end' ? (this.#tokens.at(-2)?.at ?? 0) : token.at
    this.failure ??= new JqSyntaxError(`syntax error, unexpected ${what} (Unix shell quoting issues?) ${placeText(this.#source, at)}`)
    this.#at = this.#tokens.length - 1
  }
}

/** Where in the program: its line, and blanks up to the column, as jq prints them. */
export function placeText(source: string, at: number): string {
  const before = source.slice(0, at).split('\n')
  const line = source.split('\n')[before.length - 1]
  return `at <top-level>, line ${before.length}:\n${line}${' '.repeat(before[before.length - 1].length)}`
}

/** The token by the name that bison has for it. */
function describe(token: Token): string {
  if (token.kind === 'end') return '$end'
  if (token.kind === 'name') return KEYWORDS.has(token.text) ? token.text : 'IDENT'
  if (token.kind === 'number') return 'LITERAL'
  if (token.kind === 'string') return 'QQSTRING_START'
  if (token.kind === 'field') return 'FIELD'
  if (token.kind === 'format') return 'FORMAT'
  if (token.kind === 'variable') return "'$'"
  return MARKS.includes(token.text) ? (token.text.length === 1 ? `'${token.text}'` : token.text) : 'INVALID_CHARACTER'
}

/** Where the parenthesis opened before `at` closes, strings skipped. */
function closing(source: string, at: number): number {
  let depth = 1
  for (let i = at; i < source.length; i += 1) {
    if (source[i] === '"') {
      for (i += 1; i < source.length && source[i] !== '"'; i += 1) {
        if (source[i] !== '\\') continue
        if (source[i + 1] === '(') {
          const end = closing(source, i + 2)
          if (end < 0) return -1
          i = end
        } else i += 1
      }
    } else if (source[i] === '(') depth += 1
    else if (source[i] === ')') {
      depth -= 1
      if (depth === 0) return i
    }
  }
  return -1
}
