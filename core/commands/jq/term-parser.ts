/**
 * The terms of a jq program: paths, literals, strings with interpolation, brackets, objects and calls.
 * Truth: jq(1), 1.6; corners and complaints recorded from the program. Omits: nothing known.
 */
import { foldArray, foldObject, join } from './fold.ts'
import { type Ast, IDENTITY } from './syntax.ts'
import { TokenStream } from './token-stream.ts'

const KEYWORDS = [
  'as', 'def', 'module', 'import', 'include', 'if', 'then', 'else', 'elif', 'reduce', 'foreach', 'end', 'and', 'or', 'try', 'catch', 'label',
  'break', '__loc__',
]
/** What no expression goes on with: after a lone `.` jq takes them for a field that it cannot read. */
const NEVER_AFTER_DOT = [
  'INVALID_CHARACTER', 'LITERAL', 'def', 'if', 'reduce', 'foreach', 'try', 'label', 'break', 'module', 'import', 'include', '..', "'$'", "'('",
  "'{'",
]
const STRING_PARTS = 'QQSTRING_TEXT or QQSTRING_INTERP_START or QQSTRING_END'

export abstract class TermParser extends TokenStream {
  abstract expression(level?: number): Ast

  protected abstract checkKey(key: Ast, at: number): void

  term(): Ast {
    let term = this.#base()
    for (;;) {
      if (this.is('FIELD')) term = this.#index(term, { kind: 'constant', value: this.advance().text })
      else if (this.accept("'.'")) {
        if (!this.is('FORMAT', 'QQSTRING_START')) this.fail('FORMAT or QQSTRING_START')
        term = this.#index(term, this.string())
      } else if (this.accept("'['")) term = this.#brackets(term)
      else return term
    }
  }

  #index(of: Ast, key: Ast): Ast {
    return { kind: 'index', of, key, optional: this.accept("'?'") }
  }

  #brackets(of: Ast): Ast {
    return this.recovering<Ast>(
      () => {
        if (this.accept("']'")) return { kind: 'each', of, optional: this.accept("'?'") }
        const from = this.is("':'") ? null : this.expression()
        if (from !== null && this.accept("']'")) return this.#index(of, from)
        this.expect("':'", '')
        const to = from !== null && this.is("']'") ? null : this.expression()
        this.expect("']'", '')
        return { kind: 'slice', of, from, to, optional: this.accept("'?'") }
      },
      ["']'"],
      () => {
        this.advance()
        return of
      },
    )
  }

  #base(): Ast {
    const { token } = this
    switch (token.kind) {
      case "'.'":
        return this.#dot()
      case '..':
        this.advance()
        return { kind: 'call', name: 'recurse', args: [], at: token.at }
      case 'FIELD':
        this.advance()
        return this.#index(IDENTITY, { kind: 'constant', value: token.text })
      case 'LITERAL':
        this.advance()
        return { kind: 'constant', value: token.value }
      case 'QQSTRING_START':
        return this.string()
      case 'FORMAT':
        return this.#format()
      case "'('":
        return this.#enclosed("')'", () => this.expression())
      case "'['":
        return this.#enclosed("']'", () => foldArray(this.is("']'") ? null : this.expression()))
      case "'{'":
        return this.#object()
      case "'$'":
        return this.#variable()
      case 'break':
        return this.#break()
      case 'IDENT':
        return this.#call()
    }
    return this.fail()
  }

  #dot(): Ast {
    const { at } = this.advance()
    const unusual = (): Ast => {
      this.problem('try .["field"] instead of .field for unusually named fields', at)
      return IDENTITY
    }
    if (this.is('FORMAT', 'QQSTRING_START')) return this.recovering<Ast>(() => this.#index(IDENTITY, this.string()), [], unusual)
    const named = this.accept('IDENT')
    return named || this.is(...NEVER_AFTER_DOT) ? this.recovering<Ast>(() => this.fail(), [], unusual) : IDENTITY
  }

  #enclosed(closer: string, inside: () => Ast): Ast {
    this.advance()
    return this.recovering<Ast>(
      () => {
        const body = inside()
        this.expect(closer, '')
        return body
      },
      [closer],
      () => {
        this.advance()
        return IDENTITY
      },
    )
  }

  #variable(): Ast {
    const { at } = this.advance()
    if (this.accept('__loc__')) return { kind: 'constant', value: new Map<string, string | number>([['file', '<top-level>'], ['line', this.lineOf(at)]]) }
    return { kind: 'variable', name: this.expect('IDENT', 'IDENT or __loc__').text, at }
  }

  #break(): Ast {
    const { at } = this.advance()
    return this.recovering<Ast>(
      () => {
        this.expect("'$'")
        return { kind: 'break', name: this.expect('IDENT').text, at }
      },
      [],
      () => {
        this.problem('break requires a label to break to', at)
        return IDENTITY
      },
    )
  }

  #call(): Ast {
    const { text, at } = this.advance()
    const args: Ast[] = []
    if (this.accept("'('")) {
      do args.push(this.expression())
      while (this.accept("';'"))
      this.expect("')'", "';' or ')'")
    } else if (text === 'true' || text === 'false') return { kind: 'constant', value: text === 'true' }
    else if (text === 'null') return { kind: 'constant', value: null }
    return { kind: 'call', name: text, args, at }
  }

  #format(): Ast {
    const name = this.advance().text
    return this.is('QQSTRING_START') ? this.#text(name) : { kind: 'format', name, of: IDENTITY }
  }

  /** A string, perhaps with a format before it. */
  string(): Ast {
    if (!this.is('FORMAT')) return this.#text('text')
    const name = this.advance().text
    if (!this.is('QQSTRING_START')) this.fail('QQSTRING_START')
    return this.#text(name)
  }

  #text(format: string): Ast {
    this.expect('QQSTRING_START')
    let text: Ast = { kind: 'constant', value: '' }
    while (!this.accept('QQSTRING_END')) {
      if (this.is('QQSTRING_TEXT')) text = join(text, { kind: 'constant', value: this.advance().text })
      else {
        this.expect('QQSTRING_INTERP_START', STRING_PARTS)
        text = join(text, { kind: 'format', name: format, of: this.expression() })
        this.expect('QQSTRING_INTERP_END', '')
      }
    }
    return text
  }

  #object(): Ast {
    this.advance()
    const pairs: { key: Ast; value: Ast | null }[] = []
    this.#pairs(pairs)
    return foldObject(pairs)
  }

  /** Up to and with the closing brace. An error inside of a pair goes back to its beginning, one after a pair to the first. */
  #pairs(pairs: { key: Ast; value: Ast | null }[]): void {
    const first = this.token.at
    let start = first
    this.recovering(
      () => {
        while (!this.is("'}'")) {
          start = this.token.at
          this.#pair(pairs)
          if (!this.is("','")) start = first
          if (!this.accept("','")) break
          start = this.token.at
        }
        this.expect("'}'")
      },
      ["','", "':'", "'}'"],
      () => {
        if (this.accept("':'")) {
          this.#value()
          this.problem('May need parentheses around object key expression', start)
        }
        if (this.accept("','")) this.#pairs(pairs)
        else this.expect("'}'")
      },
    )
  }

  #pair(pairs: { key: Ast; value: Ast | null }[]): void {
    const { kind, at } = this.token
    if (kind === "'$'") {
      this.advance()
      const name = this.expect('IDENT').text
      pairs.push({ key: { kind: 'constant', value: name }, value: { kind: 'variable', name, at } })
      return
    }
    const key = this.objectKey()
    if (key === null) this.fail()
    if ((kind === 'IDENT' || kind === 'QQSTRING_START' || kind === 'FORMAT') && !this.is("':'")) {
      pairs.push({ key, value: null })
      return
    }
    this.expect("':'")
    const value = this.#value()
    if (kind === "'('") this.checkKey(key, at)
    pairs.push({ key, value })
  }

  #value(): Ast {
    const value: Ast = this.accept("'-'") ? { kind: 'negate', of: this.#valueTerm() } : this.term()
    return this.accept("'|'") ? { kind: 'pipe', left: value, right: this.#value() } : value
  }

  #valueTerm(): Ast {
    return this.accept("'-'") ? { kind: 'negate', of: this.#valueTerm() } : this.term()
  }

  /** The key of a field, null when there is none. */
  objectKey(): Ast | null {
    const { kind, text } = this.token
    if (kind === 'IDENT' || KEYWORDS.includes(kind)) {
      this.advance()
      return { kind: 'constant', value: text }
    }
    if (kind === 'QQSTRING_START' || kind === 'FORMAT') return this.string()
    return kind === "'('" ? this.#enclosed("')'", () => this.expression()) : null
  }
}
