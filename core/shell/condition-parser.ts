/** The grammar between `[[` and `]]`: bash(1) CONDITIONAL EXPRESSIONS. Words there are neither split nor globbed. */
import type { Condition, Word } from './ast.ts'
import { WordParser } from './word-parser.ts'

const UNARY = new Set([...'abcdefghknoprstuvwxzGLNOSR'].map((letter) => `-${letter}`))
const BINARY = new Set(['==', '=', '!=', '=~', '-eq', '-ne', '-lt', '-le', '-gt', '-ge', '-nt', '-ot', '-ef'])

export abstract class ConditionParser extends WordParser {
  abstract blanks(): void

  /** After `[[`, up to and with `]]`. */
  protected condition(): Condition {
    const condition = this.#or()
    this.#space()
    if (!this.at(']]')) this.#bad()
    this.pos += 2
    return condition
  }

  #or(): Condition {
    let left = this.#and()
    while (this.#operator('||')) left = { kind: 'or', left, right: this.#and() }
    return left
  }

  #and(): Condition {
    let left = this.#not()
    while (this.#operator('&&')) left = { kind: 'and', left, right: this.#not() }
    return left
  }

  #not(): Condition {
    return this.deeper(() => {
      this.#space()
      if (/^!\s/.test(this.text.slice(this.pos, this.pos + 2))) {
        this.pos += 1
        return { kind: 'not', operand: this.#not() }
      }
      if (this.at('(')) {
        this.pos += 1
        const inner = this.#or()
        if (!this.#operator(')')) this.#bad()
        return inner
      }
      return this.#primary()
    })
  }

  #primary(): Condition {
    const first = this.#operand()
    if (UNARY.has(first.source) && !this.#closes()) {
      const saved = this.pos
      this.#space()
      const next = /^\S+/.exec(this.text.slice(this.pos, this.pos + 8))?.[0] ?? ''
      if (!BINARY.has(next)) return { kind: 'unary', operator: first.source, operand: this.#operand() }
      this.pos = saved
    }
    if (this.#closes()) return { kind: 'unary', operator: '-n', operand: first }
    this.#space()
    const comparison = /^[<>](?=\s)/.exec(this.text.slice(this.pos, this.pos + 2))?.[0]
    const operator = comparison ?? /^\S+/.exec(this.text.slice(this.pos, this.pos + 8))?.[0] ?? ''
    if (!comparison && !BINARY.has(operator)) this.#bad()
    this.pos += operator.length
    this.#space()
    const right = operator === '=~' ? this.word('regex') : this.#operand()
    return { kind: 'binary', operator, left: first, right: right ?? this.#bad() }
  }

  #operand(): Word {
    this.#space()
    if (this.at(']]') || this.pos >= this.text.length) this.#bad()
    return this.word() ?? this.#bad()
  }

  #closes(): boolean {
    const saved = this.pos
    this.#space()
    const closes = this.at(']]') || this.at('&&') || this.at('||') || this.at(')')
    this.pos = saved
    return closes
  }

  #operator(operator: string): boolean {
    this.#space()
    if (!this.at(operator)) return false
    this.pos += operator.length
    return true
  }

  /** Newlines are blanks here. */
  #space(): void {
    for (;;) {
      this.blanks()
      if (!this.at('\n')) return
      this.pos += 1
    }
  }

  #bad(): never {
    this.#space()
    if (this.pos >= this.text.length) return this.incomplete('syntax error: unexpected end of file')
    const token = /^[^\s;]+/.exec(this.text.slice(this.pos, this.pos + 80))?.[0] ?? this.text[this.pos]
    return this.fail(`syntax error in conditional expression: unexpected token \`${token}'`)
  }
}
