/**
 * Parser of awk (IEEE Std 1003.1, awk, "Grammar"): precedence climbing over the tokens.
 * Omits: `switch`, indirect calls, arrays of arrays.
 */
import type { AwkFunction, AwkProgram, Expr, Lvalue, Output, Rule, Stmt } from './syntax.ts'
import { AwkSyntaxError, type Token, tokenize } from './token.ts'

const DEPTH_MAX = 200
const COMPARISONS = new Set(['<', '<=', '==', '!=', '>', '>='])
const ASSIGNMENTS = new Set(['=', '+=', '-=', '*=', '/=', '%=', '^='])

export function parseAwk(source: string): AwkProgram | AwkSyntaxError {
  const tokens = tokenize(source)
  if (tokens instanceof AwkSyntaxError) return tokens
  const parser = new Parser(tokens)
  const program = parser.program()
  return parser.failure ?? program
}

/** After the first failure the parser stands at the end of the text, so that every loop ends. */
class Parser {
  readonly #tokens: Token[]
  #at = 0
  #depth = 0
  /** Inside print's unparenthesised list `>` redirects; inside a `for (` head `in` belongs to the loop. */
  #noGreater = false
  #noIn = false
  failure: AwkSyntaxError | null = null

  constructor(tokens: Token[]) {
    this.#tokens = tokens
  }

  program(): AwkProgram {
    const rules: Rule[] = []
    const functions = new Map<string, AwkFunction>()
    for (;;) {
      this.#terminators()
      if (this.#peek().kind === 'end') return { rules, functions }
      if (this.#takeWord('function')) {
        const name = this.#next().text
        this.#expect('(')
        const params: string[] = []
        while (!this.#takeMark(')') && !this.failure) {
          params.push(this.#next().text)
          this.#takeMark(',')
          this.#newlines()
        }
        this.#newlines()
        functions.set(name, { name, params, body: this.#block() })
      } else rules.push(this.#rule())
    }
  }

  #rule(): Rule {
    if (this.#takeWord('BEGIN')) return { when: 'BEGIN', pattern: null, until: null, action: this.#block() }
    if (this.#takeWord('END')) return { when: 'END', pattern: null, until: null, action: this.#block() }
    if (this.#isMark('{')) return { when: 'record', pattern: null, until: null, action: this.#block() }
    const pattern = this.#expression()
    let until: Expr | null = null
    if (this.#takeMark(',')) {
      this.#newlines()
      until = this.#expression()
    }
    const action = this.#isMark('{') ? this.#block() : null
    if (!action && !this.#isTerminator()) this.#fail()
    return { when: 'record', pattern, until, action }
  }

  #block(): Stmt {
    this.#expect('{')
    const body: Stmt[] = []
    for (;;) {
      this.#terminators()
      if (this.#takeMark('}')) return { t: 'block', body }
      if (this.failure || this.#peek().kind === 'end') {
        this.#fail()
        return { t: 'block', body }
      }
      body.push(this.#statement())
    }
  }

  #statement(): Stmt {
    if (this.#tooDeep()) return { t: 'block', body: [] }
    this.#depth += 1
    const statement = this.#statementInside()
    this.#depth -= 1
    return statement
  }

  #statementInside(): Stmt {
    if (this.#isMark('{')) return this.#block()
    if (this.#takeMark(';')) return { t: 'block', body: [] }
    const token = this.#peek()
    if (token.kind === 'keyword') {
      switch (token.text) {
        case 'if': {
          this.#next()
          const test = this.#test()
          const yes = this.#body()
          const back = this.#at
          this.#terminators()
          if (this.#takeWord('else')) return { t: 'if', test, yes, no: this.#body() }
          this.#at = this.failure ? this.#at : back
          return { t: 'if', test, yes, no: null }
        }
        case 'while': {
          this.#next()
          const test = this.#test()
          return { t: 'while', test, body: this.#body() }
        }
        case 'do': {
          this.#next()
          const body = this.#body()
          this.#terminators()
          if (!this.#takeWord('while')) this.#fail()
          const test = this.#test()
          this.#endStatement()
          return { t: 'do', test, body }
        }
        case 'for':
          this.#next()
          return this.#forLoop()
      }
    }
    const simple = this.#simple()
    this.#endStatement()
    return simple
  }

  #forLoop(): Stmt {
    this.#expect('(')
    const [variable, word, array, close] = this.#tokens.slice(this.#at, this.#at + 4)
    if (variable.kind === 'name' && word.text === 'in' && array?.kind === 'name' && close?.text === ')') {
      this.#at += 4
      return { t: 'forin', variable: variable.text, array: array.text, body: this.#body() }
    }
    const start = this.#isMark(';') ? null : this.#simple()
    this.#expect(';')
    this.#newlines()
    const test = this.#isMark(';') ? null : this.#expression()
    this.#expect(';')
    this.#newlines()
    const step = this.#isMark(')') ? null : this.#simple()
    this.#expect(')')
    return { t: 'for', start, test, step, body: this.#body() }
  }

  #simple(): Stmt {
    const token = this.#peek()
    if (token.kind === 'keyword') {
      switch (token.text) {
        case 'print':
        case 'printf':
          this.#next()
          return this.#print(token.text)
        case 'next':
        case 'nextfile':
        case 'break':
        case 'continue':
          this.#next()
          return { t: token.text }
        case 'exit':
        case 'return':
          this.#next()
          return { t: token.text, value: this.#isTerminator() || this.#isMark('}') ? null : this.#expression() }
        case 'delete': {
          this.#next()
          const name = this.#next().text
          return { t: 'delete', name, subscripts: this.#takeMark('[') ? this.#list(']') : null }
        }
      }
    }
    return { t: 'expr', of: this.#expression() }
  }

  #print(t: 'print' | 'printf'): Stmt {
    let args: Expr[] = []
    const outer = this.#noGreater
    this.#noGreater = true
    if (!this.#isTerminator() && !this.#isMark('}') && !this.#isMark('>') && !this.#isMark('>>') && !this.#isMark('|')) {
      const back = this.#at
      if (this.#takeMark('(')) {
        this.#noGreater = false
        const inside = this.#list(')')
        this.#noGreater = true
        const ends = this.#isTerminator() || this.#isMark('}') || this.#isMark('>') || this.#isMark('>>') || this.#isMark('|')
        if (ends && !this.failure) args = inside
        else if (!this.failure) {
          this.#at = back
          args = this.#expressions()
        }
      } else args = this.#expressions()
    }
    let output: Output | null = null
    for (const how of ['>', '>>', '|'] as const) {
      if (output === null && this.#takeMark(how)) output = { how, to: this.#concatenation() }
    }
    this.#noGreater = outer
    return { t, args, output }
  }

  #test(): Expr {
    this.#expect('(')
    const test = this.#insideParens(() => this.#expression())
    this.#expect(')')
    return test
  }

  #body(): Stmt {
    this.#newlines()
    return this.#statement()
  }

  #expressions(): Expr[] {
    const all = [this.#expression()]
    while (this.#takeMark(',')) {
      this.#newlines()
      all.push(this.#expression())
    }
    return all
  }

  #list(close: string): Expr[] {
    this.#newlines()
    if (this.#takeMark(close)) return []
    const all = this.#insideParens(() => this.#expressions())
    this.#newlines()
    this.#expect(close)
    return all
  }

  #insideParens<T>(parse: () => T): T {
    const [greater, noIn] = [this.#noGreater, this.#noIn]
    this.#noGreater = false
    this.#noIn = false
    const result = parse()
    this.#noGreater = greater
    this.#noIn = noIn
    return result
  }

  #expression(): Expr {
    if (this.#tooDeep()) return { t: 'number', value: 0 }
    this.#depth += 1
    const result = this.#assignment()
    this.#depth -= 1
    return result
  }

  #assignment(): Expr {
    const left = this.#ternary()
    const token = this.#peek()
    if (token.kind === 'mark' && ASSIGNMENTS.has(token.text) && isLvalue(left)) {
      this.#next()
      this.#newlines()
      return { t: 'assign', op: token.text.slice(0, -1), to: left, value: this.#expression() }
    }
    return left
  }

  #ternary(): Expr {
    const test = this.#or()
    if (!this.#takeMark('?')) return test
    this.#newlines()
    const yes = this.#expression()
    this.#newlines()
    this.#expect(':')
    this.#newlines()
    return { t: 'ternary', test, yes, no: this.#expression() }
  }

  #or(): Expr {
    let a = this.#and()
    while (this.#takeMark('||')) {
      this.#newlines()
      a = { t: 'binary', op: '||', a, b: this.#and() }
    }
    return a
  }

  #and(): Expr {
    let a = this.#membership()
    while (this.#takeMark('&&')) {
      this.#newlines()
      a = { t: 'binary', op: '&&', a, b: this.#membership() }
    }
    return a
  }

  #membership(): Expr {
    let a = this.#matching()
    while (!this.#noIn && this.#takeWord('in')) a = { t: 'in', subscripts: [a], name: this.#next().text }
    return a
  }

  #matching(): Expr {
    let a = this.#comparison()
    for (;;) {
      const negated = this.#isMark('!~')
      if (!negated && !this.#isMark('~')) return a
      this.#next()
      a = { t: 'match', negated, a, b: this.#comparison() }
    }
  }

  #comparison(): Expr {
    const a = this.#concatenation()
    const token = this.#peek()
    if (token.kind !== 'mark' || !COMPARISONS.has(token.text) || (token.text === '>' && this.#noGreater)) return this.#commandGetline(a)
    this.#next()
    return { t: 'binary', op: token.text, a, b: this.#concatenation() }
  }

  /** `command | getline` binds looser than concatenation: `"echo " "date" | getline` runs `echo date`. */
  #commandGetline(a: Expr): Expr {
    while (this.#isMark('|') && this.#tokens[this.#at + 1].text === 'getline' && this.#tokens[this.#at + 1].kind === 'keyword') {
      this.#at += 2
      a = { t: 'getline', from: 'command', source: a, into: this.#optionalLvalue() }
    }
    return a
  }

  #concatenation(): Expr {
    let a = this.#additive()
    while (this.#startsOperand()) a = { t: 'binary', op: '.', a, b: this.#additive() }
    return a
  }

  #startsOperand(): boolean {
    const token = this.#peek()
    if (token.kind === 'keyword') return token.text === 'getline'
    if (token.kind === 'mark') return token.text === '$' || token.text === '!' || token.text === '(' || token.text === '++' || token.text === '--'
      || token.text === '-' || token.text === '+'
    return token.kind !== 'newline' && token.kind !== 'end'
  }

  #additive(): Expr {
    let a = this.#multiplicative()
    for (;;) {
      const op = this.#isMark('+') ? '+' : this.#isMark('-') ? '-' : null
      if (op === null) return a
      this.#next()
      a = { t: 'binary', op, a, b: this.#multiplicative() }
    }
  }

  #multiplicative(): Expr {
    let a = this.#unary()
    for (;;) {
      const op = this.#isMark('*') ? '*' : this.#isMark('/') ? '/' : this.#isMark('%') ? '%' : null
      if (op === null) return a
      this.#next()
      a = { t: 'binary', op, a, b: this.#unary() }
    }
  }

  #unary(): Expr {
    for (const op of ['!', '-', '+'] as const) {
      if (this.#isMark(op)) {
        this.#next()
        if (this.#tooDeep()) break
        this.#depth += 1
        const of = this.#unary()
        this.#depth -= 1
        return { t: 'unary', op, of }
      }
    }
    return this.#power()
  }

  #power(): Expr {
    const base = this.#postfix()
    if (!this.#takeMark('^')) return base
    // Right-associative, and a sign may follow: 2^-1.
    const signs = this.#isMark('-') || this.#isMark('+') || this.#isMark('!')
    return { t: 'binary', op: '^', a: base, b: signs ? this.#unary() : this.#power() }
  }

  #postfix(): Expr {
    const of = this.#primary()
    if (isLvalue(of)) {
      if (this.#takeMark('++')) return { t: 'step', by: 1, prefix: false, of }
      if (this.#takeMark('--')) return { t: 'step', by: -1, prefix: false, of }
    }
    return of
  }

  #primary(): Expr {
    const token = this.#next()
    switch (token.kind) {
      case 'number':
        return { t: 'number', value: Number(token.text) }
      case 'string':
        return { t: 'string', value: token.text }
      case 'regex':
        return { t: 'regex', source: token.text }
      case 'name':
        if (this.#takeMark('[')) return { t: 'index', name: token.text, subscripts: this.#list(']') }
        return { t: 'name', name: token.text }
      case 'call':
        this.#expect('(')
        return { t: 'call', name: token.text, args: this.#list(')'), line: token.line }
      case 'builtin': {
        const bare = !this.#takeMark('(')
        if (bare && token.text !== 'length') this.#fail()
        return { t: 'builtin', name: token.text, args: bare ? [] : this.#list(')'), bare }
      }
      case 'keyword':
        if (token.text === 'getline') {
          const into = this.#optionalLvalue()
          if (this.#takeMark('<')) return { t: 'getline', from: 'file', source: this.#postfix(), into }
          return { t: 'getline', from: 'main', source: null, into }
        }
        break
      case 'mark':
        if (token.text === '(') return this.#parenthesised()
        if (token.text === '$') return { t: 'field', of: this.#fieldNumber() }
        if (token.text === '++' || token.text === '--') {
          const of = this.#primary()
          if (isLvalue(of)) return { t: 'step', by: token.text === '++' ? 1 : -1, prefix: true, of }
        }
        break
    }
    this.#fail(token)
    return { t: 'number', value: 0 }
  }

  #parenthesised(): Expr {
    const all = this.#insideParens(() => this.#expressions())
    this.#newlines()
    this.#expect(')')
    if (all.length === 1) return { t: 'group', of: all[0] }
    if (this.#takeWord('in')) return { t: 'in', subscripts: all, name: this.#next().text }
    this.#fail()
    return all[0]
  }

  #fieldNumber(): Expr {
    if (this.#isMark('-') || this.#isMark('+') || this.#isMark('!')) return this.#unary()
    if (this.#isMark('++') || this.#isMark('--')) return this.#primary()
    return this.#primary()
  }

  #optionalLvalue(): Lvalue | null {
    const token = this.#peek()
    if (token.kind !== 'name' && !(token.kind === 'mark' && token.text === '$')) return null
    const into = this.#primary()
    return isLvalue(into) ? into : null
  }

  #tooDeep(): boolean {
    if (this.#depth < DEPTH_MAX) return false
    this.failure ??= new AwkSyntaxError(this.#peek().line, 'program too deeply nested')
    this.#at = this.#tokens.length - 1
    return true
  }

  #peek(): Token {
    return this.#tokens[this.#at]
  }

  #next(): Token {
    const token = this.#tokens[this.#at]
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

  #takeWord(text: string): boolean {
    const token = this.#peek()
    if (token.kind !== 'keyword' || token.text !== text) return false
    this.#next()
    return true
  }

  #expect(text: string): void {
    if (!this.#takeMark(text)) this.#fail()
  }

  #isTerminator(): boolean {
    const token = this.#peek()
    return token.kind === 'newline' || token.kind === 'end' || this.#isMark(';')
  }

  #endStatement(): void {
    if (this.#isMark('}')) return
    if (!this.#isTerminator()) this.#fail()
    else if (this.#peek().kind !== 'end') this.#next()
  }

  #terminators(): void {
    while (this.#peek().kind === 'newline' || this.#isMark(';')) this.#next()
  }

  #newlines(): void {
    while (this.#peek().kind === 'newline') this.#next()
  }

  #fail(token: Token = this.#peek()): void {
    const near = token.kind === 'newline' || token.kind === 'end' ? 'end of line' : token.text
    this.failure ??= new AwkSyntaxError(token.line, `syntax error at or near ${near}`)
    this.#at = this.#tokens.length - 1
  }
}

function isLvalue(of: Expr): of is Lvalue {
  return of.t === 'name' || of.t === 'index' || of.t === 'field'
}
