/**
 * The grammar of the shell: lists, pipelines, commands, redirections. XCU 2.10 and bash(1) SHELL GRAMMAR. Parses one complete
 * line at a time, as a shell reads its input: what comes after a mistake is found when the shell gets there.
 *
 * Omits: coprocesses.
 */
import { assert } from '../base/assert.ts'
import type {
  AndOr, ArrayElement, Assignment, CaseItem, Command, CompoundBody, FunctionCommand, List, Pipeline, Redirect, RedirectOperator,
  SimpleCommand, Word,
} from './ast.ts'
import { ConditionParser } from './condition-parser.ts'
import { SyntaxFailure } from './word-parser.ts'

export interface ParseOptions {
  firstLine?: number
  /** Asked at each command, so that a script may turn them on. */
  aliases?: () => ReadonlyMap<string, string> | null
  /** No more input will come: a here-document may end with the text. */
  final?: boolean
}

const RESERVED = new Set([
  'if', 'then', 'else', 'elif', 'fi', 'do', 'done', 'case', 'esac', 'while', 'until', 'for', 'in', 'function', '{', '}', '!', '[[', ']]',
  'time', 'select',
])
const OPERATORS = ['&>>', '<<-', '<<<', ';;&', '&&', '||', ';;', ';&', '<<', '>>', '<&', '>&', '<>', '>|', '&>', '|&', '&', '|', ';', '<', '>', '(', ')']
const REDIRECTS = new Set<string>(['<', '>', '>>', '>|', '<>', '<&', '>&', '&>', '&>>', '<<', '<<-', '<<<'])
const ALIAS_EXPANSIONS_MAX = 200

interface PendingHeredoc {
  redirect: Redirect
  delimiter: string
  quoted: boolean
  strip: boolean
}

/** The next complete line as a list, null at the end of the text, or what is wrong with it. */
export class Parser extends ConditionParser {
  readonly #aliases: () => ReadonlyMap<string, string> | null
  /** Where the text of an alias that ends in a blank ends: the next word may be an alias, too. */
  #aliasAgainAt = -1
  #heredocs: PendingHeredoc[] = []
  #aliasExpansions = 0
  readonly #final: boolean

  constructor(text: string, options: ParseOptions = {}) {
    super(text, options.firstLine ?? 1)
    this.#aliases = options.aliases ?? (() => null)
    this.#final = options.final === true
  }

  next(): List | null | SyntaxFailure {
    try {
      this.#aliasExpansions = 0
      this.#blankLines()
      if (this.pos >= this.text.length) return null
      const list = this.#list((operator) => operator === '\n' || operator === '')
      this.blanks()
      if (this.pos < this.text.length && !this.at('\n')) this.#unexpected()
      this.#newline()
      return list
    } catch (failure) {
      if (!(failure instanceof SyntaxFailure)) throw failure
      // The end of the text counts as a line of its own.
      const atEnd = failure.message.endsWith('unexpected end of file') && !this.text.endsWith('\n')
      return atEnd ? new SyntaxFailure(failure.message, failure.line + 1, failure.incomplete) : failure
    }
  }

  // --- Lists -------------------------------------------------------------------------------------------------------------

  /** Commands up to (not including) an operator for which `ends` is true. On the top level a newline is such. */
  #list(ends: (operator: string) => boolean): List {
    const list: AndOr[] = []
    for (;;) {
      this.blanks()
      if (this.#listEnds(ends)) return list
      const start = this.pos
      const first = this.#pipeline()
      const rest: { operator: '&&' | '||'; pipeline: Pipeline }[] = []
      for (let operator = this.#operator(); operator === '&&' || operator === '||'; operator = this.#operator()) {
        this.#take(operator)
        this.#newlines()
        rest.push({ operator, pipeline: this.#pipeline() })
      }
      const end = this.pos
      const operator = this.#operator()
      const source = this.text.slice(start, end).trim()
      list.push({ first, rest, background: operator === '&', source })
      if (operator === '&' || operator === ';') this.#take(operator)
      else if (operator === '\n' && !ends('\n')) this.#newline()
      else return list
      if (!ends('\n')) this.#newlines()
    }
  }

  #listEnds(ends: (operator: string) => boolean): boolean {
    const operator = this.#operator()
    if (operator === '' && this.pos < this.text.length) {
      const word = this.#peekReserved()
      return word !== '' && ends(word)
    }
    return ends(operator)
  }

  /** A list that a reserved word or `)` must follow; at least one command. */
  #body(...terminators: string[]): List {
    this.#newlines()
    const list = this.deeper(() => this.#list((operator) => terminators.includes(operator)))
    this.#newlines()
    const next = this.#operator() || this.#peekReserved()
    if (this.pos >= this.text.length) this.incomplete('syntax error: unexpected end of file')
    if (!terminators.includes(next) || list.length === 0) this.#unexpected()
    return list
  }

  protected override substitution(): List {
    // Here-documents outside wait for their own newline.
    const pending = this.#heredocs
    this.#heredocs = []
    this.#newlines()
    const list = this.deeper(() => this.#list((operator) => operator === ')'))
    this.#newlines()
    if (this.pos >= this.text.length) this.unmatched(')')
    if (!this.at(')')) this.#unexpected()
    this.pos += 1
    this.#heredocs = pending
    return list
  }

  protected override nestedScript(text: string): List {
    const inner = new Parser(text, { firstLine: this.line, aliases: this.#aliases, final: true })
    inner.nesting = this.nesting
    const list: AndOr[] = []
    for (;;) {
      const line = inner.next()
      if (line instanceof SyntaxFailure) throw line
      if (line === null) return list
      list.push(...line)
    }
  }

  // --- Pipelines -----------------------------------------------------------------------------------------------------------

  #pipeline(): Pipeline {
    this.blanks()
    const start = this.pos
    let negate = false
    let timed: Pipeline['timed'] = ''
    for (;;) {
      if (this.#reserved('!')) negate = !negate
      else if (this.#reserved('time')) timed = this.#reserved('-p') ? 'time -p' : 'time'
      else break
    }
    const commands: Command[] = []
    const errorsToo: boolean[] = []
    // `time` and `!` may stand alone.
    const bare = (timed !== '' || negate) && ['\n', '', ';', '&&', '||', ')'].includes(this.#operator()) && this.#nothingFollows()
    while (!bare) {
      commands.push(this.#command())
      const operator = this.#operator()
      errorsToo.push(operator === '|&')
      if (operator !== '|' && operator !== '|&') break
      this.#take(operator)
      this.#newlines()
    }
    return { commands, errorsToo, negate, timed, source: this.text.slice(start, this.pos).trim() }
  }

  #nothingFollows(): boolean {
    this.blanks()
    return this.pos >= this.text.length || '\n;&|)'.includes(this.text[this.pos])
  }

  // --- Commands ------------------------------------------------------------------------------------------------------------

  #command(): Command {
    this.#expandAliases()
    this.blanks()
    const { line } = this
    const start = this.pos
    const compound = this.deeper(() => this.#compound())
    if (compound) {
      if (compound.kind === 'function') return compound
      return { ...compound, redirects: this.#redirects(), line }
    }
    const definition = this.#functionDefinition(start, line)
    return definition ?? this.#simple(line)
  }

  #compound(): CompoundBody | FunctionCommand | null {
    const { line } = this
    if (this.at('((')) {
      this.pos += 2
      const expression = this.arithmeticCommand()
      if (expression) return { kind: 'arithmetic', expression }
      this.pos -= 2
    }
    if (this.at('(')) {
      this.pos += 1
      const body = this.#body(')')
      this.#take(')')
      return { kind: 'subshell', body }
    }
    switch (this.#peekReserved()) {
      case '{': {
        this.#expect('{')
        const body = this.#body('}')
        this.#expect('}')
        return { kind: 'group', body }
      }
      case 'if':
        return this.#if()
      case 'while':
      case 'until': {
        const until = this.#peekReserved() === 'until'
        this.#expect(until ? 'until' : 'while')
        const condition = this.#body('do')
        return { kind: 'loop', until, condition, body: this.#doGroup() }
      }
      case 'for':
        return this.#for()
      case 'select':
        this.#expect('select')
        return { kind: 'select', ...this.#forWords(), body: this.#doGroup() }
      case 'case':
        return this.#case()
      case '[[': {
        this.#expect('[[')
        return { kind: 'conditional', expression: this.condition() }
      }
      case 'function': {
        const start = this.pos
        this.#expect('function')
        this.blanks()
        const name = this.word() ?? this.#unexpected()
        this.blanks()
        if (this.at('(')) {
          this.#take('(')
          this.blanks()
          this.#take(')')
        }
        return this.#functionBody(name.source, start, line)
      }
      case 'then':
      case 'else':
      case 'elif':
      case 'fi':
      case 'do':
      case 'done':
      case 'esac':
      case '}':
        return this.#unexpected()
      default:
        return null
    }
  }

  #if(): CompoundBody {
    const clauses: { condition: List; body: List }[] = []
    this.#expect('if')
    for (;;) {
      const condition = this.#body('then')
      this.#expect('then')
      clauses.push({ condition, body: this.#body('elif', 'else', 'fi') })
      if (!this.#reserved('elif')) break
    }
    const otherwise = this.#reserved('else') ? this.#body('fi') : null
    this.#expect('fi')
    return { kind: 'if', clauses, otherwise }
  }

  #doGroup(): List {
    this.#newlines()
    // `for x in a; { …; }` is an old synonym.
    if (this.#peekReserved() === '{') {
      this.#expect('{')
      const body = this.#body('}')
      this.#expect('}')
      return body
    }
    this.#expect('do')
    const body = this.#body('done')
    this.#expect('done')
    return body
  }

  #for(): CompoundBody {
    this.#expect('for')
    this.blanks()
    if (!this.at('((')) return { kind: 'for', ...this.#forWords(), body: this.#doGroup() }
    this.pos += 2
    const start = this.pos
    const whole = this.arithmeticCommand()
    if (!whole) return this.fail("syntax error: arithmetic expression required")
    const pieces = this.text.slice(start, this.pos - 2).split(';')
    if (pieces.length !== 3) this.fail('syntax error: arithmetic expression required')
    const [begin, test, step] = pieces.map((piece) => this.#arithmeticWord(piece))
    if (this.#operator() === ';') this.#take(';')
    return { kind: 'counting', begin, test, step, body: this.#doGroup() }
  }

  #arithmeticWord(source: string): Word {
    const inner = new Parser(`${source}))`, { firstLine: this.line })
    return inner.arithmeticCommand() ?? this.fail('syntax error: arithmetic expression required')
  }

  #forWords(): { name: string; words: Word[] | null } {
    this.blanks()
    const name = this.word() ?? this.#unexpected()
    let words: Word[] | null = null
    this.#newlines()
    if (this.#reserved('in')) {
      words = []
      for (;;) {
        this.blanks()
        const word = this.word()
        if (!word) break
        words.push(word)
      }
    }
    const operator = this.#operator()
    if (operator === ';') this.#take(';')
    else if (words && operator !== '\n') this.#unexpected()
    return { name: name.source, words }
  }

  #case(): CompoundBody {
    this.#expect('case')
    this.blanks()
    const word = this.word() ?? this.#unexpected()
    this.#newlines()
    this.#expect('in')
    const items: CaseItem[] = []
    for (;;) {
      this.#newlines()
      if (this.pos >= this.text.length) this.incomplete('syntax error: unexpected end of file')
      if (this.#reserved('esac')) break
      this.blanks()
      if (this.at('(')) this.pos += 1
      const patterns: Word[] = []
      for (;;) {
        this.blanks()
        patterns.push(this.word() ?? this.#unexpected())
        this.blanks()
        if (!this.at('|')) break
        this.pos += 1
      }
      if (!this.at(')')) this.#unexpected()
      this.pos += 1
      this.#newlines()
      const body = this.deeper(() => this.#list((operator) => [';;', ';&', ';;&', 'esac'].includes(operator)))
      this.#newlines()
      const operator = this.#operator()
      if (operator === ';;' || operator === ';&' || operator === ';;&') {
        this.#take(operator)
        items.push({ patterns, body, end: operator })
      } else {
        items.push({ patterns, body, end: ';;' })
        this.#newlines()
        if (this.pos >= this.text.length) this.incomplete('syntax error: unexpected end of file')
        if (this.#peekReserved() !== 'esac') this.#unexpected()
      }
    }
    return { kind: 'case', word, items }
  }

  #functionDefinition(start: number, line: number): FunctionCommand | null {
    const match = /^([^\s;&|<>()$`"'\\=]+)[ \t]*\([ \t]*\)/.exec(this.text.slice(this.pos, this.pos + 300))
    if (!match) return null
    this.pos += match[0].length
    return this.#functionBody(match[1], start, line)
  }

  #functionBody(name: string, start: number, line: number): FunctionCommand {
    this.#newlines()
    if (this.pos >= this.text.length) this.incomplete('syntax error: unexpected end of file')
    const body = this.#command()
    if (body.kind === 'simple') this.#unexpected()
    return { kind: 'function', name, body, source: this.text.slice(start, this.pos), line }
  }

  // --- Simple commands -------------------------------------------------------------------------------------------------------

  #simple(line: number): SimpleCommand {
    const assignments: Assignment[] = []
    const words: Word[] = []
    const redirects: Redirect[] = []
    for (;;) {
      this.blanks()
      const redirect = this.#redirect()
      if (redirect) {
        redirects.push(redirect)
        continue
      }
      if (this.#aliasAgainAt >= 0 && this.pos >= this.#aliasAgainAt) {
        this.#aliasAgainAt = -1
        this.#expandAliases()
      }
      // `declare -a x=(1 2)` takes array values as arguments, too.
      const declares = words.length > 0 && ['declare', 'local', 'export', 'readonly', 'typeset'].includes(words[0].source)
      const assignment = words.length === 0 || declares ? this.#assignment(declares) : null
      if (assignment && words.length === 0) assignments.push(assignment)
      else if (assignment) words.push({ parts: [], source: assignment.name, assignment })
      else {
        const word = this.word()
        if (!word) break
        words.push(word)
      }
    }
    if (words.length + assignments.length + redirects.length === 0) this.#unexpected()
    // A parenthesis behind the first word begins a function, of which only `()` is legal.
    if (words.length === 1 && this.at('(')) {
      this.pos += 1
      this.blanks()
      if (this.pos >= this.text.length) this.fail("syntax error near unexpected token `newline'", true)
      this.#unexpected()
    }
    return { kind: 'simple', assignments, words, redirects, line }
  }

  /** `name=value`, `name+=value`, `name[i]=value`, `name=(…)`. With `arraysOnly` just the last. */
  #assignment(arraysOnly: boolean): Assignment | null {
    const start = this.pos
    const name = /^[A-Za-z_]\w*/.exec(this.text.slice(start, start + 256))?.[0]
    if (!name) return null
    this.pos += name.length
    let index: Word | null = null
    if (this.at('[')) {
      const end = this.text.indexOf('\n', this.pos)
      const line = this.text.slice(this.pos, end < 0 ? undefined : end)
      if (!/^\[.*\]\+?=/.test(line)) {
        this.pos = start
        return null
      }
      index = this.index()
    }
    const append = this.at('+=')
    if ((!append && !this.at('=')) || (arraysOnly && !this.at(append ? '+=(' : '=('))) {
      this.pos = start
      return null
    }
    this.pos += append ? 2 : 1
    if (this.at('(') && !index) return { name, index, append, value: this.#array() }
    return { name, index, append, value: this.word() ?? { parts: [], source: '' } }
  }

  #array(): ArrayElement[] {
    this.#take('(')
    const elements: ArrayElement[] = []
    for (;;) {
      this.#newlines()
      this.blanks()
      if (this.at(')')) break
      if (this.pos >= this.text.length) this.unmatched(')')
      let index: Word | null = null
      if (this.at('[')) {
        const start = this.pos
        index = this.index()
        if (this.at('=')) this.pos += 1
        else {
          this.pos = start
          index = null
        }
      }
      elements.push({ index, value: this.word() ?? (index ? { parts: [], source: '' } : this.#unexpected()) })
    }
    this.pos += 1
    return elements
  }

  #redirects(): Redirect[] {
    const redirects: Redirect[] = []
    for (;;) {
      this.blanks()
      const redirect = this.#redirect()
      if (!redirect) return redirects
      redirects.push(redirect)
    }
  }

  #redirect(): Redirect | null {
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
    const target = this.word() ?? this.#unexpected()
    const fd = prefix?.[1] !== undefined ? Number(prefix[1]) : prefix ? -1 : operator.startsWith('<') ? 0 : 1
    const redirect: Redirect = { operator: operator as RedirectOperator, fd, variable: prefix?.[2] ?? '', target }
    if (operator === '<<' || operator === '<<-') {
      const source = this.text.slice(start, this.pos)
      const quoted = /['"\\]/.test(source)
      const delimiter = source.replace(/\\(.)|['"]/g, '$1')
      this.#heredocs.push({ redirect, delimiter, quoted, strip: operator === '<<-' })
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

  #blankLines(): void {
    for (;;) {
      this.blanks()
      if (!this.at('\n')) return
      this.pos += 1
    }
  }

  /** The operator here without taking it; '\n' for a newline, '' for a word or the end. */
  #operator(): string {
    this.blanks()
    if (this.at('\n')) return '\n'
    const operator = OPERATORS.find((each) => this.at(each))
    return operator && !REDIRECTS.has(operator) ? operator : operator ? '<redirect>' : ''
  }

  #take(operator: string): void {
    this.blanks()
    if (!this.at(operator)) this.#unexpected()
    this.pos += operator.length
  }

  /** One newline, with the here-documents that wait for it. */
  #newline(): void {
    this.blanks()
    if (this.at('\n')) this.pos += 1
    else if (this.pos >= this.text.length && this.#heredocs.length > 0 && !this.#final) this.incomplete('here-document delimited by end-of-file')
    const pending = this.#heredocs
    this.#heredocs = []
    for (const each of pending) this.#heredocBody(each)
  }

  #newlines(): void {
    for (;;) {
      this.blanks()
      if (!this.at('\n')) return
      this.#newline()
    }
  }

  #heredocBody(pending: PendingHeredoc): void {
    const start = this.pos
    const firstLine = this.line
    let body = ''
    for (;;) {
      if (this.pos >= this.text.length && this.#final) break
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
    else pending.redirect.target = { parts: new Parser(body, { firstLine }).parts('heredoc'), source }
  }

  /** The reserved word here, or ''. */
  #peekReserved(): string {
    this.blanks()
    const match = /^[^\s;&|<>()]+/.exec(this.text.slice(this.pos, this.pos + 12))?.[0] ?? ''
    return RESERVED.has(match) ? match : ''
  }

  /** Takes the word if it is here. */
  #reserved(word: string): boolean {
    this.blanks()
    if (!this.at(word) || !/^(?:[\s;&|<>()]|$)/.test(this.text.slice(this.pos + word.length, this.pos + word.length + 1))) return false
    this.pos += word.length
    return true
  }

  #expect(word: string): void {
    this.#newlines()
    if (this.#reserved(word)) return
    if (this.pos >= this.text.length) this.incomplete('syntax error: unexpected end of file')
    this.#unexpected()
  }

  #unexpected(): never {
    this.blanks()
    if (this.pos >= this.text.length) return this.incomplete('syntax error: unexpected end of file')
    const operator = this.at('\n') ? 'newline' : OPERATORS.find((each) => this.at(each))
    const token = operator ?? /^[^\s;&|<>()]+/.exec(this.text.slice(this.pos, this.pos + 200))?.[0] ?? this.text[this.pos]
    return this.fail(`syntax error near unexpected token \`${token}'`, true)
  }

  /** Replaces an alias at the place of a command's name by its text. */
  #expandAliases(): void {
    const aliases = this.#aliases()
    if (!aliases || aliases.size === 0) return
    const seen = new Set<string>()
    for (;;) {
      this.blanks()
      const name = /^[^\s;&|<>()$`"'\\=/]+/.exec(this.text.slice(this.pos, this.pos + 200))?.[0]
      if (!name || seen.has(name) || (RESERVED.has(name) && name !== 'time')) return
      const value = aliases.get(name)
      if (value === undefined) return
      seen.add(name)
      this.#aliasExpansions += 1
      assert(this.#aliasExpansions < ALIAS_EXPANSIONS_MAX, 'aliases expand without end')
      this.text = this.text.slice(0, this.pos) + value + this.text.slice(this.pos + name.length)
      if (/\s$/.test(value)) this.#aliasAgainAt = this.pos + value.length
    }
  }
}

/** Parses all of `text`. */
export function parseScript(text: string, options: ParseOptions = {}): List | SyntaxFailure {
  const parser = new Parser(text, options)
  const list: AndOr[] = []
  for (;;) {
    const line = parser.next()
    if (line instanceof SyntaxFailure) return line
    if (line === null) return list
    list.push(...line)
  }
}

/** A text in which only expansions are alive: a prompt, the body of a here-document. */
export function parseExpansions(text: string): Word | SyntaxFailure {
  try {
    return { parts: new ExpansionText(text).whole(), source: text }
  } catch (failure) {
    if (failure instanceof SyntaxFailure) return failure
    throw failure
  }
}

class ExpansionText extends Parser {
  whole(): Word['parts'] {
    return this.parts('heredoc')
  }
}
