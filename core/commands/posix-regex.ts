/**
 * POSIX regular expressions (IEEE Std 1003.1 chapter 9) with GNU's extensions (`\w \b \< \+ \?`), translated to the host's.
 * Complaints are those of glibc's regcomp(3).
 * Omits: the leftmost-longest rule for alternations (the first alternative that fits wins), collating elements.
 */

export interface RegexOptions {
  extended: boolean
  ignoreCase?: boolean
  /** `^` and `$` also match at newlines inside the text. */
  multiline?: boolean
  global?: boolean
  /** Backslashes quote inside brackets too, as in awk; with 'control' only `\\n` and `\\t` do, as in sed. */
  escapes?: boolean | 'control'
}

const CLASSES: ReadonlyMap<string, string> = new Map([
  ['alpha', 'A-Za-z'],
  ['digit', '0-9'],
  ['alnum', 'A-Za-z0-9'],
  ['upper', 'A-Z'],
  ['lower', 'a-z'],
  ['space', ' \\t\\n\\r\\f\\v'],
  ['blank', ' \\t'],
  ['punct', '!-\\/:-@\\[-`\\{-~'],
  ['xdigit', '0-9A-Fa-f'],
  ['cntrl', '\\x00-\\x1f\\x7f'],
  ['print', '\\x20-\\x7e\\u00a0-\\u{10ffff}'],
  ['graph', '\\x21-\\x7e\\u00a1-\\u{10ffff}'],
])

const CONTROLS = new Map([['n', '\n'], ['t', '\t'], ['r', '\r'], ['f', '\f'], ['v', '\v']])

/** The compiled expression, or why it is none. */
export function posixRegex(pattern: string, options: RegexOptions): RegExp | { error: string } {
  const translated = new Translator(pattern, options.extended, options.escapes ?? false).run()
  if (typeof translated !== 'string') return translated
  const flags = `u${options.ignoreCase ? 'i' : ''}${options.multiline ? 'm' : ''}${options.global ? 'g' : ''}`
  try {
    return new RegExp(translated, flags)
  } catch {
    return { error: 'Invalid preceding regular expression' }
  }
}

/** `text` as an expression that matches just itself. */
export function literalPattern(text: string): string {
  return text.replace(/[\\^$.*+?()[\]{}|/]/g, '\\$&')
}

class Translator {
  readonly #pattern: string
  readonly #extended: boolean
  readonly #escapes: boolean | 'control'
  #at = 0
  #out = ''
  #groups = 0
  readonly #open: number[] = []
  readonly #openAt: number[] = []
  /** Whether an atom stands before the current place, so that a repetition has something to repeat. */
  #atom = false
  #atomStart = 0
  #repeated = false

  constructor(pattern: string, extended: boolean, escapes: boolean | 'control') {
    this.#pattern = pattern
    this.#extended = extended
    this.#escapes = escapes
  }

  run(): string | { error: string } {
    while (this.#at < this.#pattern.length) {
      const error = this.#step()
      if (error !== null) return { error }
    }
    if (this.#open.length > 0) return { error: 'Unmatched ( or \\(' }
    return this.#out
  }

  #step(): string | null {
    const pattern = this.#pattern
    const char = String.fromCodePoint(pattern.codePointAt(this.#at) as number)
    this.#at += char.length
    if (char === '\\') return this.#escape()
    if (char === '[') return this.#bracket()
    if (char === '.') return this.#put('[^\\0]')
    if (char === '*') {
      if (this.#atom) return this.#repeat('*')
      return this.#extended ? null : this.#put('\\*')
    }
    if (char === '^') {
      if (this.#extended || this.#atStart()) return this.#anchor('^')
      return this.#put('\\^')
    }
    if (char === '$') {
      if (this.#extended || this.#atEnd()) return this.#anchor('$')
      return this.#put('\\$')
    }
    if (this.#extended) {
      if (char === '(') return this.#openGroup()
      if (char === ')') return this.#open.length > 0 ? this.#closeGroup() : 'Unmatched ) or \\)'
      if (char === '|') return this.#alternative()
      if (char === '+' || char === '?') return this.#atom ? this.#repeat(char) : null
      if (char === '{') {
        const interval = /^(\d*)(,?)(\d*)\}/.exec(pattern.slice(this.#at))
        if (interval && (interval[1] !== '' || interval[2] !== '') && this.#atom) return this.#interval(interval)
      }
    }
    return this.#put(quote(char))
  }

  #escape(): string | null {
    if (this.#at >= this.#pattern.length) return 'Trailing backslash'
    const char = String.fromCodePoint(this.#pattern.codePointAt(this.#at) as number)
    this.#at += char.length
    switch (char) {
      case '(':
        return this.#extended ? this.#put('\\(') : this.#openGroup()
      case ')':
        if (this.#extended) return this.#put('\\)')
        return this.#open.length > 0 ? this.#closeGroup() : 'Unmatched ) or \\)'
      case '{': {
        if (this.#extended) return this.#put('\\{')
        const interval = /^(\d*)(,?)(\d*)\\\}/.exec(this.#pattern.slice(this.#at))
        if (!interval) return this.#pattern.indexOf('\\}', this.#at) < 0 ? 'Unmatched \\{' : 'Invalid content of \\{\\}'
        return this.#atom ? this.#interval(interval) : 'Invalid preceding regular expression'
      }
      case '|':
        return this.#extended ? this.#put('\\|') : this.#alternative()
      case '+':
      case '?':
        if (this.#extended) return this.#put(`\\${char}`)
        return this.#atom ? this.#repeat(char) : this.#put(`\\${char}`)
      case 'w':
        return this.#put('[A-Za-z0-9_]')
      case 'W':
        return this.#put('[^A-Za-z0-9_]')
      case 's':
        return this.#put('[ \\t\\n\\r\\f\\v]')
      case 'S':
        return this.#put('[^ \\t\\n\\r\\f\\v]')
      case 'b':
        return this.#anchor('\\b')
      case 'B':
        return this.#anchor('\\B')
      case '<':
        return this.#anchor('\\b(?=[A-Za-z0-9_])')
      case '>':
        return this.#anchor('\\b(?<=[A-Za-z0-9_])')
      case '`':
        return this.#anchor('(?<![^])')
      case "'":
        return this.#anchor('(?![^])')
      case 'n':
        return this.#put('\\n')
      case 't':
        return this.#put('\\t')
      case 'r':
        return this.#put('\\r')
      case 'f':
        return this.#put('\\f')
      case 'v':
        return this.#put('\\v')
    }
    if (char >= '1' && char <= '9') {
      const group = Number(char)
      if (group > this.#groups || this.#open.includes(group)) return 'Invalid back reference'
      return this.#put(`(?:\\${char})`)
    }
    return this.#put(quote(char))
  }

  #bracket(): string | null {
    const pattern = this.#pattern
    const unmatched = 'Unmatched [, [^, [:, [., or [='
    let set = ''
    let at = this.#at
    const negated = pattern[at] === '^'
    if (negated) at += 1
    for (let first = true; ; first = false) {
      if (at >= pattern.length) return unmatched
      if (pattern[at] === ']' && !first) break
      if (pattern[at] === '[' && (pattern[at + 1] === ':' || pattern[at + 1] === '.' || pattern[at + 1] === '=')) {
        const mark = pattern[at + 1]
        const end = pattern.indexOf(`${mark}]`, at + 2)
        if (end < 0) return unmatched
        const name = pattern.slice(at + 2, end)
        at = end + 2
        if (mark === ':') {
          const members = CLASSES.get(name)
          if (members === undefined) return 'Invalid character class name'
          set += members
        } else set += quoteInSet(name)
        continue
      }
      let low = String.fromCodePoint(pattern.codePointAt(at) as number)
      at += low.length
      if (low === '\\' && this.#escapes !== false && at < pattern.length) {
        const control = CONTROLS.get(pattern[at])
        if (control !== undefined || this.#escapes === true) {
          low = control ?? pattern[at]
          at += 1
        }
      }
      if (pattern[at] === '-' && at + 1 < pattern.length && pattern[at + 1] !== ']') {
        const high = String.fromCodePoint(pattern.codePointAt(at + 1) as number)
        if ((high.codePointAt(0) as number) < (low.codePointAt(0) as number)) return 'Invalid range end'
        set += `${quoteInSet(low)}-${quoteInSet(high)}`
        at += 1 + high.length
      } else set += quoteInSet(low)
    }
    this.#at = at + 1
    return this.#put(`[${negated ? '^' : ''}${set}]`)
  }

  #put(text: string, start = this.#out.length): null {
    this.#atomStart = start
    this.#repeated = false
    this.#out += text
    this.#atom = true
    return null
  }

  #anchor(text: string): null {
    this.#out += text
    this.#atom = false
    return null
  }

  /** A second repetition (`a**`) repeats the repeated, for which the host's syntax needs a group. */
  #repeat(mark: string): null {
    if (this.#repeated) this.#out = `${this.#out.slice(0, this.#atomStart)}(?:${this.#out.slice(this.#atomStart)})`
    this.#out += mark
    this.#repeated = true
    return null
  }

  #interval(match: RegExpExecArray): string | null {
    const low = match[1] === '' ? 0 : Number(match[1])
    const high = match[2] === '' ? low : match[3] === '' ? Infinity : Number(match[3])
    if (high < low || low > 32767 || (high > 32767 && high !== Infinity)) return 'Invalid content of \\{\\}'
    this.#at += match[0].length
    return this.#repeat(`{${low}${match[2] === '' ? '' : `,${high === Infinity ? '' : high}`}}`)
  }

  #openGroup(): null {
    this.#groups += 1
    this.#open.push(this.#groups)
    this.#openAt.push(this.#out.length)
    this.#out += '('
    this.#atom = false
    return null
  }

  #closeGroup(): null {
    this.#open.pop()
    return this.#put(')', this.#openAt.pop())
  }

  #alternative(): null {
    this.#out += '|'
    this.#atom = false
    return null
  }

  /** In a basic expression `^` is an anchor only at the start of the whole, of a group, or of an alternative. */
  #atStart(): boolean {
    const before = this.#pattern.slice(0, this.#at - 1)
    return before === '' || before.endsWith('\\(') || before.endsWith('\\|')
  }

  #atEnd(): boolean {
    const after = this.#pattern.slice(this.#at)
    return after === '' || after.startsWith('\\)') || after.startsWith('\\|')
  }
}

function quote(char: string): string {
  return /[\\^$.*+?()[\]{}|/]/.test(char) ? `\\${char}` : char
}

function quoteInSet(text: string): string {
  return text.replace(/[\\\]^[-]/g, '\\$&')
}
