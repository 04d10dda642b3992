/**
 * The grammar of the shell: lists, pipelines, commands, redirections. XCU 2.10 and bash(1) SHELL GRAMMAR. Parses one complete
 * line at a time, as a shell reads its input: what comes after a mistake is found when the shell gets there.
 *
 * Omits: coprocesses.
 */
import type {
  AndOr, ArrayElement, Assignment, CaseItem, Command, CompoundBody, FunctionCommand, List, Pipeline, Redirect, SimpleCommand, Word,
} from './ast.ts'
import { RESERVED, TokenParser } from './token-parser.ts'
import { SyntaxFailure } from './word-parser.ts'

export interface ParseOptions {
  firstLine?: number
  /** Asked at each command, so that a script may turn them on. */
  aliases?: () => ReadonlyMap<string, string> | null
  /** No more input will come: a here-document may end with the text. */
  final?: boolean
}

const ALIAS_EXPANSIONS_MAX = 200

/** The next complete line as a list, null at the end of the text, or what is wrong with it. */
export class Parser extends TokenParser {
  readonly #aliases: () => ReadonlyMap<string, string> | null
  /** Where the text of an alias that ends in a blank ends: the next word may be an alias, too. */
  #aliasAgainAt = -1
  #aliasExpansions = 0

  constructor(text: string, options: ParseOptions = {}) {
    super(text, options.firstLine ?? 1, options.final === true)
    this.#aliases = options.aliases ?? (() => null)
  }

  next(): List | null | SyntaxFailure {
    try {
      this.#aliasExpansions = 0
      this.blankLines()
      if (this.pos >= this.text.length) return null
      const list = this.#list((operator) => operator === '\n' || operator === '')
      this.blanks()
      if (this.pos < this.text.length && !this.at('\n')) this.unexpected()
      this.newline()
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
      for (let operator = this.operatorHere(); operator === '&&' || operator === '||'; operator = this.operatorHere()) {
        this.take(operator)
        this.newlines()
        rest.push({ operator, pipeline: this.#pipeline() })
      }
      const end = this.pos
      const operator = this.operatorHere()
      const source = this.text.slice(start, end).trim()
      list.push({ first, rest, background: operator === '&', source })
      if (operator === '&' || operator === ';') this.take(operator)
      else if (operator === '\n' && !ends('\n')) this.newline()
      else return list
      if (!ends('\n')) this.newlines()
    }
  }

  #listEnds(ends: (operator: string) => boolean): boolean {
    const operator = this.operatorHere()
    if (operator === '' && this.pos < this.text.length) {
      const word = this.peekReserved()
      return word !== '' && ends(word)
    }
    return ends(operator)
  }

  /** A list that a reserved word or `)` must follow; at least one command. */
  #body(...terminators: string[]): List {
    this.newlines()
    const list = this.deeper(() => this.#list((operator) => terminators.includes(operator)))
    this.newlines()
    const next = this.operatorHere() || this.peekReserved()
    if (this.pos >= this.text.length) this.incomplete('syntax error: unexpected end of file')
    if (!terminators.includes(next) || list.length === 0) this.unexpected()
    return list
  }

  protected override substitution(): List {
    // Here-documents outside wait for their own newline.
    const pending = this.heredocs
    this.heredocs = []
    this.newlines()
    const list = this.deeper(() => this.#list((operator) => operator === ')'))
    this.newlines()
    if (this.pos >= this.text.length) this.unmatched(')')
    if (!this.at(')')) this.unexpected()
    this.pos += 1
    this.heredocs = pending
    return list
  }

  protected override heredocParts(body: string, firstLine: number): Word['parts'] {
    return new Parser(body, { firstLine }).parts('heredoc')
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
      if (this.reserved('!')) negate = !negate
      else if (this.reserved('time')) timed = this.reserved('-p') ? 'time -p' : 'time'
      else break
    }
    const commands: Command[] = []
    const errorsToo: boolean[] = []
    // `time` and `!` may stand alone.
    const bare = (timed !== '' || negate) && ['\n', '', ';', '&&', '||', ')'].includes(this.operatorHere()) && this.#nothingFollows()
    while (!bare) {
      commands.push(this.#command())
      const operator = this.operatorHere()
      errorsToo.push(operator === '|&')
      if (operator !== '|' && operator !== '|&') break
      this.take(operator)
      this.newlines()
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
      return { ...compound, redirects: this.redirects(), line }
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
      this.take(')')
      return { kind: 'subshell', body }
    }
    switch (this.peekReserved()) {
      case '{': {
        this.expect('{')
        const body = this.#body('}')
        this.expect('}')
        return { kind: 'group', body }
      }
      case 'if':
        return this.#if()
      case 'while':
      case 'until': {
        const until = this.peekReserved() === 'until'
        this.expect(until ? 'until' : 'while')
        const condition = this.#body('do')
        return { kind: 'loop', until, condition, body: this.#doGroup() }
      }
      case 'for':
        return this.#for()
      case 'select':
        this.expect('select')
        return { kind: 'select', ...this.#forWords(), body: this.#doGroup() }
      case 'case':
        return this.#case()
      case '[[': {
        this.expect('[[')
        return { kind: 'conditional', expression: this.condition() }
      }
      case 'function': {
        const start = this.pos
        this.expect('function')
        this.blanks()
        const name = this.word() ?? this.unexpected()
        this.blanks()
        if (this.at('(')) {
          this.take('(')
          this.blanks()
          this.take(')')
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
        return this.unexpected()
      default:
        return null
    }
  }

  #if(): CompoundBody {
    const clauses: { condition: List; body: List }[] = []
    this.expect('if')
    for (;;) {
      const condition = this.#body('then')
      this.expect('then')
      clauses.push({ condition, body: this.#body('elif', 'else', 'fi') })
      if (!this.reserved('elif')) break
    }
    const otherwise = this.reserved('else') ? this.#body('fi') : null
    this.expect('fi')
    return { kind: 'if', clauses, otherwise }
  }

  #doGroup(): List {
    this.newlines()
    // `for x in a; { …; }` is an old synonym.
    if (this.peekReserved() === '{') {
      this.expect('{')
      const body = this.#body('}')
      this.expect('}')
      return body
    }
    this.expect('do')
    const body = this.#body('done')
    this.expect('done')
    return body
  }

  #for(): CompoundBody {
    this.expect('for')
    this.blanks()
    if (!this.at('((')) return { kind: 'for', ...this.#forWords(), body: this.#doGroup() }
    this.pos += 2
    const start = this.pos
    const whole = this.arithmeticCommand()
    if (!whole) return this.fail("syntax error: arithmetic expression required")
    const pieces = this.text.slice(start, this.pos - 2).split(';')
    if (pieces.length !== 3) this.fail('syntax error: arithmetic expression required')
    const [begin, test, step] = pieces.map((piece) => this.#arithmeticWord(piece))
    if (this.operatorHere() === ';') this.take(';')
    return { kind: 'counting', begin, test, step, body: this.#doGroup() }
  }

  #arithmeticWord(source: string): Word {
    const inner = new Parser(`${source}))`, { firstLine: this.line })
    return inner.arithmeticCommand() ?? this.fail('syntax error: arithmetic expression required')
  }

  #forWords(): { name: string; words: Word[] | null } {
    this.blanks()
    const name = this.word() ?? this.unexpected()
    let words: Word[] | null = null
    this.newlines()
    if (this.reserved('in')) {
      words = []
      for (;;) {
        this.blanks()
        const word = this.word()
        if (!word) break
        words.push(word)
      }
    }
    const operator = this.operatorHere()
    if (operator === ';') this.take(';')
    else if (words && operator !== '\n') this.unexpected()
    return { name: name.source, words }
  }

  #case(): CompoundBody {
    this.expect('case')
    this.blanks()
    const word = this.word() ?? this.unexpected()
    this.newlines()
    this.expect('in')
    const items: CaseItem[] = []
    for (;;) {
      this.newlines()
      if (this.pos >= this.text.length) this.incomplete('syntax error: unexpected end of file')
      if (this.reserved('esac')) break
      this.blanks()
      if (this.at('(')) this.pos += 1
      const patterns: Word[] = []
      for (;;) {
        this.blanks()
        patterns.push(this.word() ?? this.unexpected())
        this.blanks()
        if (!this.at('|')) break
        this.pos += 1
      }
      if (!this.at(')')) this.unexpected()
      this.pos += 1
      this.newlines()
      const body = this.deeper(() => this.#list((operator) => [';;', ';&', ';;&', 'esac'].includes(operator)))
      this.newlines()
      const operator = this.operatorHere()
      if (operator === ';;' || operator === ';&' || operator === ';;&') {
        this.take(operator)
        items.push({ patterns, body, end: operator })
      } else {
        items.push({ patterns, body, end: ';;' })
        this.newlines()
        if (this.pos >= this.text.length) this.incomplete('syntax error: unexpected end of file')
        if (this.peekReserved() !== 'esac') this.unexpected()
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
    this.newlines()
    if (this.pos >= this.text.length) this.incomplete('syntax error: unexpected end of file')
    const body = this.#command()
    if (body.kind === 'simple') this.unexpected()
    return { kind: 'function', name, body, source: this.text.slice(start, this.pos), line }
  }

  // --- Simple commands -------------------------------------------------------------------------------------------------------

  #simple(line: number): SimpleCommand {
    const assignments: Assignment[] = []
    const words: Word[] = []
    const redirects: Redirect[] = []
    for (;;) {
      this.blanks()
      const redirect = this.redirect()
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
    if (words.length + assignments.length + redirects.length === 0) this.unexpected()
    // A parenthesis behind the first word begins a function, of which only `()` is legal.
    if (words.length === 1 && this.at('(')) {
      this.pos += 1
      this.blanks()
      if (this.pos >= this.text.length) this.fail("syntax error near unexpected token `newline'", true)
      this.unexpected()
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
    this.take('(')
    const elements: ArrayElement[] = []
    for (;;) {
      this.newlines()
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
      elements.push({ index, value: this.word() ?? (index ? { parts: [], source: '' } : this.unexpected()) })
    }
    this.pos += 1
    return elements
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
      if (this.#aliasExpansions > ALIAS_EXPANSIONS_MAX) this.fail('aliases expand without end')
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
