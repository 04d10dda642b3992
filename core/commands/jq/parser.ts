/**
 * From the text of a jq program to its syntax tree, with jq's precedences: `|`, `,`, `//`, assignments, `or`, `and`, comparisons,
 * sums, products, from loosest to tightest. Truth: jq(1), 1.6; corners and complaints recorded from the program.
 * Omits: modules and their metadata, which parse and come to nothing.
 */
import { shortJson } from './json-text.ts'
import type { Ast, BinaryOperator, Definition, Pattern, Problem } from './syntax.ts'
import { fold } from './fold.ts'
import { TermParser } from './term-parser.ts'
import { typeOf } from './value.ts'

const LEVELS = new Map<string, number>([
  ["'|'", 1], ["','", 2], ['//', 3], ["'='", 4], ['|=', 4], ['+=', 4], ['-=', 4], ['*=', 4], ['/=', 4], ['%=', 4], ['//=', 4], ['or', 5], ['and', 6],
  ['==', 7], ['!=', 7], ["'<'", 7], ["'>'", 7], ['<=', 7], ['>=', 7], ["'+'", 8], ["'-'", 8], ["'*'", 9], ["'/'", 9], ["'%'", 9],
])
const PRODUCTS = 9
const RIGHT = new Set([1, 3])
const ALONE = new Set([4, 7])

const BEGINNINGS = [
  'def', 'reduce', 'foreach', 'if', 'try', 'label', "'-'", "'.'", '..', 'break', 'FIELD', 'LITERAL', 'QQSTRING_START', 'FORMAT', "'('", "'['", "'{'",
  "'$'", 'IDENT',
]

export interface Parsed {
  /** null when there are problems. */
  program: Ast | null
  problems: readonly Problem[]
  /** Modules that it wants. */
  imports: readonly string[]
}

export function parseProgram(text: string): Parsed {
  const parser = new Parser(text)
  const program = parser.complete(() => parser.program())
  return { program: parser.problems.length === 0 ? program : null, problems: parser.problems, imports: parser.imports }
}

/** One or more definitions. */
export function parseDefinitions(text: string): Definition[] {
  const parser = new Parser(text)
  return parser.complete(() => parser.definitions()) ?? []
}

class Parser extends TermParser {
  readonly imports: string[] = []

  program(): Ast {
    if (this.accept('module')) {
      this.expression()
      this.expect("';'", '')
    }
    while (this.is('import', 'include')) this.#import()
    const definitions = this.definitions()
    let body: Ast = { kind: 'identity' }
    if (this.is(...BEGINNINGS)) body = this.expression()
    this.expect('$end')
    return definitions.reduceRight<Ast>((inner, definition) => ({ kind: 'def', definition, body: inner }), body)
  }

  #import(): void {
    const include = this.advance().kind === 'include'
    if (!this.is('FORMAT', 'QQSTRING_START')) this.fail('FORMAT or QQSTRING_START')
    const path = this.string()
    if (!include) {
      this.expect('as')
      this.accept("'$'")
      this.expect('IDENT', "IDENT or '$'")
    }
    if (!this.is("';'")) this.expression()
    this.expect("';'", '')
    this.imports.push(path.kind === 'constant' ? String(path.value) : '')
  }

  definitions(): Definition[] {
    const definitions: Definition[] = []
    while (this.is('def')) definitions.push(this.#definition())
    return definitions
  }

  expression(level = 1): Ast {
    const start = this.token.at
    let left = this.#operand(true)
    for (;;) {
      const operator = this.token.kind
      const own = LEVELS.get(operator)
      if (own === undefined || own < level) return left
      this.advance()
      const right = this.expression(RIGHT.has(own) ? own : own + 1)
      if (ALONE.has(own) && LEVELS.get(this.token.kind) === own) this.fail()
      left = this.#join(operator.replace(/^'(.)'$/, '$1'), left, right, start)
    }
  }

  #join(operator: string, left: Ast, right: Ast, start: number): Ast {
    switch (operator) {
      case '|':
        return { kind: 'pipe', left, right }
      case ',':
        return { kind: 'comma', left, right }
      case '//':
        return { kind: 'alternative', left, right }
      case 'or':
      case 'and':
        return { kind: operator, left, right }
      case '=':
      case '|=':
      case '//=':
        return { kind: 'assign', operator, path: left, value: right }
    }
    if (operator.endsWith('=') && !['==', '!=', '<=', '>='].includes(operator)) {
      return { kind: 'assign', operator: operator.slice(0, -1) as BinaryOperator, path: left, value: right }
    }
    const folded = fold(operator as BinaryOperator, left, right)
    const endless = folded.kind === 'constant' && (folded.value === Infinity || folded.value === -Infinity)
    if (endless && operator === '/') this.problem('Division by zero?', start)
    return folded
  }

  /** `suffix`: whether a `?` after it belongs to it. */
  #operand(suffix: boolean): Ast {
    let operand = this.#prefixed()
    while (suffix && this.accept("'?'")) operand = { kind: 'try', body: operand, handler: null }
    return operand
  }

  #prefixed(): Ast {
    const { kind, at } = this.token
    switch (kind) {
      case 'def': {
        const definition = this.#definition()
        return { kind: 'def', definition, body: this.expression() }
      }
      case "'-'":
        this.advance()
        return { kind: 'negate', of: this.expression(PRODUCTS) }
      case 'reduce':
      case 'foreach':
        return this.#loop()
      case 'if':
        return this.#if(at)
      case 'try':
        return this.#try(at)
      case 'label': {
        this.advance()
        this.expect("'$'")
        const name = this.expect('IDENT').text
        this.expect("'|'")
        return { kind: 'label', name, body: this.expression() }
      }
    }
    const term = this.term()
    if (!this.accept('as')) return term
    const patterns = this.#patterns()
    this.expect("'|'")
    return { kind: 'as', source: term, patterns, body: this.expression() }
  }

  #loop(): Ast {
    const reduce = this.advance().kind === 'reduce'
    const source = this.term()
    this.expect('as', "FIELD or as or '.' or '['")
    const patterns = this.#patterns()
    this.expect("'('")
    const start = this.expression()
    this.expect("';'", '')
    const update = this.expression()
    const extract: Ast = !reduce && this.accept("';'") ? this.expression() : { kind: 'identity' }
    this.expect("')'", '')
    return reduce ? { kind: 'reduce', source, patterns, start, update } : { kind: 'foreach', source, patterns, start, update, extract }
  }

  #if(at: number): Ast {
    this.advance()
    const condition = this.expression()
    this.expect('then', '')
    return this.recovering<Ast>(
      () => {
        const then = this.expression()
        return { kind: 'if', condition, then, otherwise: this.#else() }
      },
      [],
      () => this.#unfinished("Possibly unterminated 'if' statement", at),
    )
  }

  #else(): Ast {
    if (this.accept('else')) {
      const otherwise = this.expression()
      this.expect('end', '')
      return otherwise
    }
    this.expect('elif', '')
    const condition = this.expression()
    this.expect('then', '')
    const then = this.expression()
    return { kind: 'if', condition, then, otherwise: this.#else() }
  }

  #try(at: number): Ast {
    this.advance()
    const body = this.#operand(false)
    if (!this.accept('catch')) return { kind: 'try', body, handler: null }
    return this.recovering<Ast>(
      () => ({ kind: 'try', body, handler: this.#operand(false) }),
      [],
      () => this.#unfinished("Possibly unterminated 'try' statement", at),
    )
  }

  #unfinished(message: string, at: number): Ast {
    this.problem(message, at)
    return { kind: 'identity' }
  }

  #definition(): Definition {
    this.expect('def')
    const name = this.expect('IDENT').text
    const params: string[] = []
    if (this.accept("'('")) {
      do {
        const value = this.accept("'$'")
        params.push((value ? '$' : '') + this.expect('IDENT', value ? 'IDENT' : "IDENT or '$'").text)
      } while (this.accept("';'"))
      this.expect("')'", "';' or ')'")
      this.expect("':'")
    } else this.expect("':'", "'(' or ':'")
    const body = this.expression()
    this.expect("';'", '')
    return { name, params, body }
  }

  #patterns(): Pattern[] {
    const patterns = [this.#pattern()]
    while (this.accept('?//')) patterns.push(this.#pattern())
    return patterns
  }

  #pattern(): Pattern {
    if (this.accept("'$'")) return { kind: 'variable', name: this.expect('IDENT').text }
    if (this.accept("'['")) {
      const items: Pattern[] = []
      do items.push(this.#pattern())
      while (this.accept("','"))
      this.expect("']'", "',' or ']'")
      return { kind: 'array', items }
    }
    this.expect("'{'", "'$' or '[' or '{'")
    const start = this.token.at
    const fields: Extract<Pattern, { kind: 'object' }>['fields'][number][] = []
    this.recovering(
      () => {
        do fields.push(this.#patternField())
        while (this.accept("','"))
        this.expect("'}'", "',' or '}'")
      },
      ["':'"],
      () => {
        this.advance()
        this.#pattern()
        this.problem('May need parentheses around object key expression', start)
        while (this.accept("','")) this.#patternField()
        this.expect("'}'", "',' or '}'")
      },
    )
    return { kind: 'object', fields }
  }

  #patternField(): Extract<Pattern, { kind: 'object' }>['fields'][number] {
    const { at } = this.token
    if (this.accept("'$'")) {
      const name = this.expect('IDENT').text
      return { key: { kind: 'constant', value: name }, variable: name, pattern: this.accept("':'") ? this.#pattern() : null }
    }
    const key = this.objectKey()
    if (key === null) this.fail()
    this.expect("':'")
    this.checkKey(key, at)
    return { key, variable: null, pattern: this.#pattern() }
  }

  protected override checkKey(key: Ast, at: number): void {
    if (key.kind !== 'constant' || typeof key.value === 'string') return
    this.problem(`Cannot use ${typeOf(key.value)} (${shortJson(key.value)}) as object key`, at)
  }
}
