/**
 * Words: quotes, expansions and where a word ends. The half of the parser that works on characters. XCU 2.2, 2.3, 2.6;
 * bash(1) QUOTING, EXPANSION.
 *
 * Omits: locale translation (`$"…"` is a plain double-quoted string).
 */
import type { List, ParameterOperator, ParameterPart, Word, WordPart } from './ast.ts'

/** How the parser gives up. It is thrown and caught inside of this folder's parser alone; `parse` returns it as a value. */
export class SyntaxFailure {
  readonly message: string
  readonly line: number
  /** More input might make it right: the prompt asks for another line. */
  readonly incomplete: boolean
  /** The offending line, which bash shows after the message; '' where it does not. */
  readonly context: string

  constructor(message: string, line: number, incomplete: boolean, context = '') {
    this.message = message
    this.line = line
    this.incomplete = incomplete
    this.context = context
  }
}

/** Where a word is: what ends it and which characters are special. */
type Place = 'command' | 'double' | 'brace' | 'brace-double' | 'heredoc' | 'arithmetic' | 'index' | 'regex'

const METACHARACTERS = ' \t\n;&|<>()'
const NESTING_MAX = 500

export abstract class WordParser {
  text: string
  pos = 0
  protected nesting = 0
  readonly #firstLine: number

  constructor(text: string, firstLine: number) {
    this.text = text
    this.#firstLine = firstLine
  }

  /** Line number of the next character. */
  get line(): number {
    return this.lineAt(this.pos)
  }

  #lineCache = { pos: 0, line: 0 }

  protected lineAt(pos: number): number {
    const cache = this.#lineCache
    let { line } = cache
    if (pos >= cache.pos) for (let i = cache.pos; i < pos; i += 1) line += this.text.charCodeAt(i) === 10 ? 1 : 0
    else for (let i = pos; i < cache.pos; i += 1) line -= this.text.charCodeAt(i) === 10 ? 1 : 0
    this.#lineCache = { pos, line }
    return this.#firstLine + line
  }

  protected fail(message: string, showLine = false): never {
    const start = this.text.lastIndexOf('\n', this.pos - 1) + 1
    const end = this.text.indexOf('\n', this.pos)
    throw new SyntaxFailure(message, this.line, false, showLine ? this.text.slice(start, end < 0 ? undefined : end) : '')
  }

  protected incomplete(message: string): never {
    throw new SyntaxFailure(message, this.line, true)
  }

  protected unmatched(char: string): never {
    return this.incomplete(`unexpected EOF while looking for matching \`${char}'`)
  }

  /** Runs `body` one level deeper. */
  protected deeper<T>(body: () => T): T {
    this.nesting += 1
    if (this.nesting > NESTING_MAX) this.fail('expression nested too deeply')
    try {
      return body()
    } finally {
      this.nesting -= 1
    }
  }

  /** The list after `$(` up to its `)`, which is consumed. */
  protected abstract substitution(): List
  /** A script on its own: the text between backquotes. */
  protected abstract nestedScript(text: string): List

  protected at(text: string): boolean {
    return this.text.startsWith(text, this.pos)
  }

  /** A word of a command; null where none begins. */
  protected word(place: 'command' | 'regex' = 'command'): Word | null {
    const start = this.pos
    const parts = this.parts(place)
    if (this.pos === start) return null
    return { parts, source: this.text.slice(start, this.pos) }
  }

  protected parts(place: Place): WordPart[] {
    return this.deeper(() => this.#parts(place))
  }

  #parts(place: Place): WordPart[] {
    const parts: WordPart[] = []
    let literal = ''
    let parentheses = 0
    const push = (part: WordPart): void => {
      if (literal !== '') parts.push({ kind: 'literal', text: literal })
      literal = ''
      parts.push(part)
    }
    const quotes = place !== 'double' && place !== 'heredoc' && place !== 'brace-double'
    while (this.pos < this.text.length) {
      const char = this.text[this.pos]
      if (this.#ends(place, char, parentheses)) break
      if (char === '\\') {
        if (this.text[this.pos + 1] === '\n') {
          this.pos += 2
          if (this.pos >= this.text.length && place !== 'heredoc') this.incomplete('syntax error: unexpected end of file')
        } else push(this.#escape(place))
      } else if (char === "'" && quotes && place !== 'arithmetic') push(this.#single())
      else if (char === '"' && place !== 'heredoc' && place !== 'double') push(this.#double())
      else if (char === '$') {
        const part = this.#dollar(place)
        if (part) push(part)
        else {
          literal += '$'
          this.pos += 1
        }
      } else if (char === '`') push(this.#backquote(place))
      else if ((char === '<' || char === '>') && place === 'command' && this.text[this.pos + 1] === '(') {
        this.pos += 2
        push({ kind: 'process', direction: char, body: this.substitution() })
      } else {
        if (char === '(') parentheses += 1
        if (char === ')') parentheses -= 1
        literal += char
        this.pos += 1
        // An extended pattern: its parentheses belong to the word.
        if (place === 'command' && '?*+@!'.includes(char) && this.text[this.pos] === '(') {
          literal += '('
          this.pos += 1
          parentheses += 1
        }
      }
    }
    if (literal !== '') parts.push({ kind: 'literal', text: literal })
    return parts
  }

  #ends(place: Place, char: string, parentheses: number): boolean {
    switch (place) {
      case 'command':
        if (parentheses > 0) return char === '\n'
        if ((char === '<' || char === '>') && this.text[this.pos + 1] === '(') return false
        return METACHARACTERS.includes(char)
      case 'regex':
        return ' \t\n'.includes(char) && (parentheses <= 0 || char === '\n')
      case 'double':
        return char === '"'
      case 'brace':
      case 'brace-double':
        return char === '}'
      case 'index':
        return char === ']'
      case 'arithmetic':
        return char === ')' && parentheses <= 0
      case 'heredoc':
        return false
    }
  }

  #escape(place: Place): WordPart {
    const next = this.text[this.pos + 1]
    if (next === undefined) {
      this.pos += 1
      return { kind: 'quoted', text: '\\' }
    }
    this.pos += 2
    // Inside double quotes a backslash is an ordinary character unless something special follows.
    const literal =
      (place === 'double' && !'$`"\\'.includes(next)) ||
      (place === 'brace-double' && !'$`"\\}'.includes(next)) ||
      ((place === 'heredoc' || place === 'arithmetic') && !'$`\\'.includes(next))
    return { kind: 'quoted', text: literal ? `\\${next}` : next }
  }

  #single(): WordPart {
    const end = this.text.indexOf("'", this.pos + 1)
    if (end < 0) this.unmatched("'")
    const text = this.text.slice(this.pos + 1, end)
    this.pos = end + 1
    return { kind: 'quoted', text }
  }

  #double(): WordPart {
    const start = this.pos
    this.pos += 1
    const parts = this.parts('double')
    if (this.text[this.pos] !== '"') {
      this.pos = start
      this.unmatched('"')
    }
    this.pos += 1
    return { kind: 'double', parts }
  }

  #backquote(place: Place): WordPart {
    let text = ''
    let at = this.pos + 1
    for (; ; at += 1) {
      if (at >= this.text.length) this.unmatched('`')
      const char = this.text[at]
      if (char === '`') break
      const next = this.text[at + 1] ?? ''
      if (char === '\\' && (next === '`' || next === '\\' || next === '$' || (next === '"' && place === 'double'))) {
        text += next
        at += 1
      } else text += char
    }
    this.pos = at + 1
    return { kind: 'command', body: this.nestedScript(text) }
  }

  /** An expansion, or null for a dollar sign that stands for itself. */
  #dollar(place: Place): WordPart | null {
    const next = this.text[this.pos + 1] ?? ''
    if (next === '(') return this.#parenthesis()
    if (next === '{') return this.#brace(place)
    if (next === "'" && (place === 'command' || place === 'brace' || place === 'regex')) return this.#ansi()
    if (next === '"' && place === 'command') {
      this.pos += 1
      return this.#double()
    }
    const name = /^(?:[A-Za-z_][A-Za-z0-9_]*|[0-9@*#?$!-])/.exec(this.text.slice(this.pos + 1, this.pos + 200))?.[0]
    if (name === undefined) return null
    const long = name.length >= 199 ? (/^\w+/.exec(this.text.slice(this.pos + 1))?.[0] ?? name) : name
    this.pos += 1 + long.length
    return parameter(long, `$${long}`)
  }

  #parenthesis(): WordPart {
    const start = this.pos
    if (this.text[start + 2] === '(') {
      this.pos = start + 3
      const begin = this.pos
      const parts = this.#tryArithmetic()
      if (parts) return { kind: 'arithmetic', expression: { parts, source: this.text.slice(begin, this.pos - 2) } }
      this.pos = start
    }
    this.pos += 2
    return { kind: 'command', body: this.substitution() }
  }

  /** After `((`: the expression up to `))`, or null when this is two nested parentheses instead. */
  #tryArithmetic(): WordPart[] | null {
    try {
      const parts = this.parts('arithmetic')
      if (!this.at('))')) return null
      this.pos += 2
      return parts
    } catch (failure) {
      if (failure instanceof SyntaxFailure && !failure.incomplete) return null
      throw failure
    }
  }

  /** After `((` of a command: its expression, with `))` consumed, or null with the position where it was. */
  protected arithmeticCommand(): Word | null {
    const start = this.pos
    const parts = this.#tryArithmetic()
    if (parts) return { parts, source: this.text.slice(start, this.pos - 2) }
    this.pos = start
    return null
  }

  /** `[…]` of an array element, with the brackets. */
  protected index(): Word {
    const start = this.pos + 1
    this.pos = start
    const parts = this.parts('index')
    if (this.text[this.pos] !== ']') this.unmatched(']')
    this.pos += 1
    return { parts, source: this.text.slice(start, this.pos - 1) }
  }

  #brace(outer: Place): ParameterPart {
    const start = this.pos
    this.pos += 2
    // A mistake that shows only when it is expanded.
    const bad = (): ParameterPart => {
      this.pos = this.#findStop('}') + 1
      return { ...parameter('', this.text.slice(start, this.pos)), operator: 'bad' }
    }
    const nameAt = (): string => /^(?:[A-Za-z_]\w*|\d+|[@*#?$!-])/.exec(this.text.slice(this.pos, this.pos + 400))?.[0] ?? ''
    let length = false
    let indirect = false
    if (this.at('#') && !/^#[}:=?+%#/,^-]/.test(this.text.slice(this.pos, this.pos + 2))) {
      length = true
      this.pos += 1
    } else if (this.at('!') && /^![A-Za-z_@*\d]/.test(this.text.slice(this.pos, this.pos + 2))) {
      indirect = true
      this.pos += 1
    }
    const name = nameAt()
    if (this.pos >= this.text.length) this.unmatched('}')
    if (name === '') return bad()
    this.pos += name.length
    let index: ParameterPart['index'] = null
    if (this.at('[') && /^\w/.test(name)) {
      const word = this.index()
      index = word.source === '@' || word.source === '*' ? word.source : word
    }
    const place: Place = outer === 'double' || outer === 'heredoc' || outer === 'brace-double' ? 'brace-double' : 'brace'
    let operator: ParameterOperator = ''
    let colon = false
    let word: Word | null = null
    let second: Word | null = null
    if (indirect && (this.at('@}') || this.at('*}')) && !index) {
      // `${!prefix*}`: names that begin so.
      this.pos += 1
      operator = '@'
      word = { parts: [], source: '' }
    } else if (!this.at('}')) {
      const found = this.#operator()
      if (!found) return bad()
      ;[operator, colon] = found
      // Patterns keep their own quoting even inside double quotes.
      const pattern = operator.startsWith('#') || operator.startsWith('%') || operator.startsWith('/') ? 'brace' : place
      word = operator.startsWith('/') || operator === ':' ? this.#operand(pattern, operator === ':' ? ':' : '/') : this.#operand(pattern, '')
      if ((operator.startsWith('/') && this.at('/')) || (operator === ':' && this.at(':'))) {
        this.pos += 1
        second = this.#operand(place, '')
      }
    }
    if (!this.at('}')) {
      if (this.pos >= this.text.length) this.unmatched('}')
      return bad()
    }
    this.pos += 1
    return { kind: 'parameter', name, index, length, indirect, operator, colon, word, second, source: this.text.slice(start, this.pos) }
  }

  #operator(): [ParameterOperator, boolean] | null {
    const two = this.text.slice(this.pos, this.pos + 2)
    if (/^:[-=?+]/.test(two)) {
      this.pos += 2
      return [two[1] as ParameterOperator, true]
    }
    for (const operator of ['##', '%%', '//', '/#', '/%', '^^', ',,'] as const) {
      if (two !== operator) continue
      // `${x/#/y}` anchors; `${x/}` does not.
      this.pos += 2
      return [operator, false]
    }
    const one = two[0]
    if (!'-=?+#%/^,:@'.includes(one)) return null
    this.pos += 1
    return [one as ParameterOperator, false]
  }

  /** The word after an operator, up to `}` or `stop` outside of quotes. */
  #operand(place: Place, stop: string): Word {
    const start = this.pos
    const parts: WordPart[] = []
    if (stop === '') parts.push(...this.parts(place))
    else {
      const end = this.#findStop(stop)
      const inner = this.text
      // Everything up to the stop character, parsed as if the brace ended there.
      this.text = `${inner.slice(0, end)}}`
      try {
        parts.push(...this.parts(place))
      } finally {
        this.text = inner
      }
    }
    return { parts, source: this.text.slice(start, this.pos) }
  }

  /** Position of `stop` or the closing brace, whichever comes first outside of quotes and nested expansions. */
  #findStop(stop: string): number {
    let depth = 0
    let parentheses = 0
    for (let at = this.pos; at < this.text.length; at += 1) {
      const char = this.text[at]
      if (char === '\\') at += 1
      else if (char === "'") {
        const end = this.text.indexOf("'", at + 1)
        if (end < 0) return this.unmatched("'")
        at = end
      } else if (char === '"') {
        const saved = this.pos
        this.pos = at
        this.#double()
        at = this.pos - 1
        this.pos = saved
      } else if (char === '$' && this.text[at + 1] === '{') depth += 1
      else if (char === '(') parentheses += 1
      else if (char === ')') parentheses -= 1
      else if (char === '}') {
        if (depth === 0) return at
        depth -= 1
      } else if (char === stop && depth === 0 && parentheses <= 0 && (stop !== '/' || at > this.pos)) return at
    }
    return this.unmatched('}')
  }

  /** $'…': bash(1) QUOTING. */
  #ansi(): WordPart {
    let text = ''
    let at = this.pos + 2
    for (; ; at += 1) {
      if (at >= this.text.length) this.unmatched("'")
      const char = this.text[at]
      if (char === "'") break
      if (char !== '\\') {
        text += char
        continue
      }
      const [decoded, used] = ansiEscape(this.text, at + 1)
      text += decoded
      at += used
    }
    this.pos = at + 1
    return { kind: 'quoted', text }
  }
}

export function parameter(name: string, source: string): ParameterPart {
  return { kind: 'parameter', name, index: null, length: false, indirect: false, operator: '', colon: false, word: null, second: null, source }
}

const ESCAPES = new Map([
  ['a', '\x07'], ['b', '\b'], ['e', '\x1b'], ['E', '\x1b'], ['f', '\f'], ['n', '\n'], ['r', '\r'], ['t', '\t'], ['v', '\v'], ['\\', '\\'],
  ["'", "'"], ['"', '"'], ['?', '?'],
])

/** What the escape at `at` (after its backslash) stands for, and how many characters it takes. */
export function ansiEscape(text: string, at: number): [string, number] {
  const char = text[at] ?? ''
  const simple = ESCAPES.get(char)
  if (simple !== undefined) return [simple, 1]
  const rest = text.slice(at, at + 10)
  const hex = /^(?:x([0-9a-fA-F]{1,2})|u([0-9a-fA-F]{1,4})|U([0-9a-fA-F]{1,8}))/.exec(rest)
  if (hex) {
    const code = Number.parseInt(hex[1] ?? hex[2] ?? hex[3], 16)
    return [code <= 0x10ffff ? String.fromCodePoint(code) : '\ufffd', hex[0].length]
  }
  const octal = /^[0-7]{1,3}/.exec(rest)
  if (octal) return [String.fromCharCode(Number.parseInt(octal[0], 8) & 0xff), octal[0].length]
  if (char === 'c' && rest.length > 1) return [String.fromCharCode(rest.charCodeAt(1) & 0x1f), 2]
  return [`\\${char}`, char === '' ? 0 : 1]
}
