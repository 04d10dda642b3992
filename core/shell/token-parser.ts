/**
 * Operators, reserved words, newlines, here-documents and redirections: the tokens of the grammar. XCU 2.3, 2.7.
 */
import type { Redirect, RedirectOperator, Word } from './ast.ts'
import { ConditionParser } from './condition-parser.ts'
import { SyntaxFailure } from './word-parser.ts'

export const RESERVED = new Set([
  'if', 'then', 'else', 'elif', 'fi', 'do', 'done', 'case', 'esac', 'while', 'until', 'for', 'in', 'function', '{', '}', '!', '[[', ']]',
  'time', 'select',
])
const OPERATORS = ['&>>', '<<-', '<<<', ';;&', '&&', '||', ';;', ';&', '<<', '>>', '<&', '>&', '<>', '>|', '&>', '|&', '&', '|', ';', '<', '>', '(', ')']
const REDIRECTS = new Set<string>(['<', '>', '>>', '>|', '<>', '<&', '>&', '&>', '&>>', '<<', '<<-', '<<<'])

interface PendingHeredoc {
  redirect: Redirect
  delimiter: string
  quoted: boolean
  strip: boolean
}

export abstract class TokenParser extends ConditionParser {
  protected heredocs: PendingHeredoc[] = []
  /** No more input will come. */
  protected readonly final: boolean

  constructor(text: string, firstLine: number, final: boolean) {
    super(text, firstLine)
    this.final = final
  }

  /** The body of a here-document whose delimiter was not quoted. */
  protected abstract heredocParts(body: string, firstLine: number): Word['parts']

  protected redirects(): Redirect[] {
    const redirects: Redirect[] = []
    for (;;) {
      this.blanks()
      const redirect = this.redirect()
      if (!redirect) return redirects
      redirects.push(redirect)
    }
  }

  protected redirect(): Redirect | null {
    const prefix = /^(?:(\d+)|\{([A-Za-z_]\w*)\})(?=[<>])/.exec(this.text.slice(this.pos, this.pos + 80))
    const at = this.pos + (prefix?.[0].length ?? 0)
    const operator = OPERATORS.find((each) => this.text.startsWith(each, at))
    if (!operator || !REDIRECTS.has(operator)) return null
    // `<(` and `>(` begin a process substitution.
    if ((operator === '<' || operator === '>') && this.text[at + 1] === '(') return null
    if (prefix && operator.startsWith('&')) return null
    this.pos = at + operator.length
    this.blanks()
    const start = this.pos
    const target = this.word() ?? this.unexpected()
    const fd = prefix?.[1] !== undefined ? Number(prefix[1]) : prefix ? -1 : operator.startsWith('<') ? 0 : 1
    const redirect: Redirect = { operator: operator as RedirectOperator, fd, variable: prefix?.[2] ?? '', target }
    if (operator === '<<' || operator === '<<-') {
      const source = this.text.slice(start, this.pos)
      const quoted = /['"\\]/.test(source)
      const delimiter = source.replace(/\\(.)|['"]/g, '$1')
      this.heredocs.push({ redirect, delimiter, quoted, strip: operator === '<<-' })
    }
    return redirect
  }

  // --- Tokens --------------------------------------------------------------------------------------------------------------

  /** Blanks, comments and joined lines. */
  override blanks(): void {
    for (;;) {
      const char = this.text[this.pos]
      if (char === ' ' || char === '\t' || char === '\r') this.pos += 1
      else if (char === '\\' && this.text[this.pos + 1] === '\n') {
        this.pos += 2
        if (this.pos >= this.text.length) this.incomplete('syntax error: unexpected end of file')
      } else if (char === '#') {
        const end = this.text.indexOf('\n', this.pos)
        this.pos = end < 0 ? this.text.length : end
      } else return
    }
  }

  protected blankLines(): void {
    for (;;) {
      this.blanks()
      if (!this.at('\n')) return
      this.pos += 1
    }
  }

  /** The operator here without taking it; '\n' for a newline, '' for a word or the end. */
  protected operatorHere(): string {
    this.blanks()
    if (this.at('\n')) return '\n'
    const operator = OPERATORS.find((each) => this.at(each))
    return operator && !REDIRECTS.has(operator) ? operator : operator ? '<redirect>' : ''
  }

  protected take(operator: string): void {
    this.blanks()
    if (!this.at(operator)) this.unexpected()
    this.pos += operator.length
  }

  /** One newline, with the here-documents that wait for it. */
  protected newline(): void {
    this.blanks()
    if (this.at('\n')) this.pos += 1
    else if (this.pos >= this.text.length && this.heredocs.length > 0 && !this.final) this.incomplete('here-document delimited by end-of-file')
    const pending = this.heredocs
    this.heredocs = []
    for (const each of pending) this.#heredocBody(each)
  }

  protected newlines(): void {
    for (;;) {
      this.blanks()
      if (!this.at('\n')) return
      this.newline()
    }
  }

  #heredocBody(pending: PendingHeredoc): void {
    const start = this.pos
    const firstLine = this.line
    let body = ''
    for (;;) {
      if (this.pos >= this.text.length && this.final) break
      if (this.pos >= this.text.length) throw new SyntaxFailure(`here-document at line ${firstLine} delimited by end-of-file`, firstLine, true)
      const end = this.text.indexOf('\n', this.pos)
      const raw = this.text.slice(this.pos, end < 0 ? undefined : end)
      this.pos = end < 0 ? this.text.length : end + 1
      const line = pending.strip ? raw.replace(/^\t+/, '') : raw
      if (line === pending.delimiter) break
      body += `${line}\n`
    }
    const source = this.text.slice(start, this.pos)
    if (pending.quoted) pending.redirect.target = { parts: [{ kind: 'quoted', text: body }], source }
    else pending.redirect.target = { parts: this.heredocParts(body, firstLine), source }
  }

  /** The reserved word here, or ''. */
  protected peekReserved(): string {
    this.blanks()
    const match = /^[^\s;&|<>()]+/.exec(this.text.slice(this.pos, this.pos + 12))?.[0] ?? ''
    return RESERVED.has(match) ? match : ''
  }

  /** Takes the word if it is here. */
  protected reserved(word: string): boolean {
    this.blanks()
    if (!this.at(word) || !/^(?:[\s;&|<>()]|$)/.test(this.text.slice(this.pos + word.length, this.pos + word.length + 1))) return false
    this.pos += word.length
    return true
  }

  protected expect(word: string): void {
    this.newlines()
    if (this.reserved(word)) return
    if (this.pos >= this.text.length) this.incomplete('syntax error: unexpected end of file')
    this.unexpected()
  }

  protected unexpected(): never {
    this.blanks()
    if (this.pos >= this.text.length) return this.incomplete('syntax error: unexpected end of file')
    const operator = this.at('\n') ? 'newline' : OPERATORS.find((each) => this.at(each))
    const token = operator ?? /^[^\s;&|<>()]+/.exec(this.text.slice(this.pos, this.pos + 200))?.[0] ?? this.text[this.pos]
    return this.fail(`syntax error near unexpected token \`${token}'`, true)
  }
}
