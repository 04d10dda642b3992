/** Parser of sed scripts (POSIX sed, with GNU's extensions). Complaints are GNU's: `-e expression #1, char 3: …`. */
import { posixRegex } from '../posix-regex.ts'

export type Address =
  | { t: 'line'; line: number }
  | { t: 'step'; first: number; step: number }
  | { t: 'last' }
  | { t: 'regex'; regex: RegExp | null }
  | { t: 'plus'; count: number }
  | { t: 'multiple'; of: number }
  | { t: 'zero' }

export interface SedCommand {
  from: Address | null
  to: Address | null
  negated: boolean
  name: string
  /** Text of a, i, c; labels; file names; the source of y. */
  text: string
  target: string
  regex: RegExp | null
  replacement: ReplacementPart[]
  global: boolean
  print: boolean
  evaluate: boolean
  occurrence: number
  number: number
  /** `{`: index of the command after its `}`. */
  end: number
  /** State of a range. */
  active: boolean
  untilLine: number
}

export type ReplacementPart = { t: 'text'; text: string } | { t: 'group'; index: number } | { t: 'case'; how: string }

export interface SedScript {
  commands: SedCommand[]
  labels: Map<string, number>
  silent: boolean
}

const COMMANDS_MAX = 10000

/** `pieces` are the -e expressions (or files), joined by newlines. */
export function parseSed(source: string, extended: boolean, label: string): SedScript | string {
  const parser = new SedParser(source, extended)
  const script = parser.run()
  if (parser.complaint === '') return script
  return parser.complaint.startsWith("can't find label") ? parser.complaint : `${label}, char ${parser.at}: ${parser.complaint}`
}

class SedParser {
  readonly #source: string
  readonly #extended: boolean
  at = 0
  complaint = ''

  constructor(source: string, extended: boolean) {
    this.#source = source
    this.#extended = extended
  }

  run(): SedScript {
    const commands: SedCommand[] = []
    const labels = new Map<string, number>()
    const open: number[] = []
    const silent = this.#source.startsWith('#n\n') || this.#source === '#n'
    while (this.complaint === '' && commands.length < COMMANDS_MAX) {
      this.#skip(/[\s;]/)
      if (this.#peek() === '#') {
        while (this.at < this.#source.length && this.#peek() !== '\n') this.at += 1
        continue
      }
      if (this.at >= this.#source.length) break
      const command = this.#command()
      if (this.complaint !== '') break
      if (command.name === '}') {
        const start = open.pop()
        if (start === undefined) this.#fail("unexpected `}'")
        else commands[start].end = commands.length
        continue
      }
      if (command.name === ':') {
        labels.set(command.text, commands.length)
        continue
      }
      if (command.name === '{') open.push(commands.length)
      commands.push(command)
    }
    if (this.complaint === '' && open.length > 0) {
      this.at = 0
      this.complaint = "unmatched `{'"
    }
    for (const command of commands) {
      if (this.complaint === '' && 'bTt'.includes(command.name) && command.text !== '' && !labels.has(command.text)) {
        this.complaint = `can't find label for jump to \`${command.text}'`
      }
    }
    return { commands, labels, silent }
  }

  #command(): SedCommand {
    const command: SedCommand = {
      from: null, to: null, negated: false, name: '', text: '', target: '', regex: null, replacement: [], global: false, print: false, evaluate: false,
      occurrence: 1, number: 0, end: 0, active: false, untilLine: -1,
    }
    command.from = this.#address()
    if (command.from) {
      this.#skip(/[ \t]/)
      if (this.#peek() === ',') {
        this.at += 1
        this.#skip(/[ \t]/)
        command.to = this.#address()
        if (!command.to) this.#fail("unexpected `,'")
      }
    }
    this.#skip(/[ \t]/)
    while (this.#peek() === '!') {
      command.negated = true
      this.at += 1
      this.#skip(/[ \t]/)
    }
    command.name = this.#next()
    switch (command.name) {
      case '':
        this.#fail('missing command')
        break
      case '{':
        break
      case '}':
        if (command.from) this.#fail('} doesn\'t want any addresses')
        break
      case ':':
        this.#skip(/[ \t]/)
        command.text = this.#until(/[\n;]/).trim()
        if (command.text === '') this.#fail('":" lacks a label')
        break
      case 'a':
      case 'i':
      case 'c':
        command.text = this.#literalText()
        break
      case 'b':
      case 't':
      case 'T':
        this.#skip(/[ \t]/)
        command.text = this.#until(/[\n;}]/).trim()
        break
      case 's':
        this.#substitution(command)
        break
      case 'y':
        this.#transliteration(command)
        break
      case 'r':
      case 'R':
      case 'w':
      case 'W':
        this.#skip(/[ \t]/)
        command.text = this.#until(/\n/)
        if (command.text === '') this.#fail('missing filename in r/R/w/W commands')
        break
      case 'q':
      case 'Q':
      case 'l':
      case 'L': {
        this.#skip(/[ \t]/)
        const digits = /^\d+/.exec(this.#source.slice(this.at))?.[0] ?? ''
        this.at += digits.length
        command.number = Number(digits || 0)
        this.#endOfCommand()
        break
      }
      case '=':
      case 'd':
      case 'D':
      case 'g':
      case 'G':
      case 'h':
      case 'H':
      case 'n':
      case 'N':
      case 'p':
      case 'P':
      case 'x':
      case 'z':
      case 'F':
        this.#endOfCommand()
        break
      default:
        this.#fail(`unknown command: \`${command.name}'`)
    }
    return command
  }

  #address(): Address | null {
    const rest = this.#source.slice(this.at)
    const number = /^(\d+)(?:~(\d+))?/.exec(rest)
    if (number) {
      this.at += number[0].length
      if (number[2] !== undefined) return { t: 'step', first: Number(number[1]), step: Number(number[2]) }
      return Number(number[1]) === 0 ? { t: 'zero' } : { t: 'line', line: Number(number[1]) }
    }
    const relative = /^([+~])(\d+)/.exec(rest)
    if (relative) {
      this.at += relative[0].length
      return relative[1] === '+' ? { t: 'plus', count: Number(relative[2]) } : { t: 'multiple', of: Number(relative[2]) }
    }
    if (rest[0] === '$') {
      this.at += 1
      return { t: 'last' }
    }
    if (rest[0] !== '/' && rest[0] !== '\\') return null
    this.at += rest[0] === '\\' ? 1 : 0
    const delimiter = this.#next()
    const source = this.#delimited(delimiter, true)
    if (source === null) {
      this.#fail('unterminated address regex')
      return null
    }
    let ignoreCase = false
    let multiline = false
    for (;;) {
      const flag = this.#peek()
      if (flag === 'I') ignoreCase = true
      else if (flag === 'M') multiline = true
      else break
      this.at += 1
    }
    return { t: 'regex', regex: this.#regex(source, ignoreCase, multiline) }
  }

  #substitution(command: SedCommand): void {
    const delimiter = this.#next()
    if (delimiter === '' || delimiter === '\n' || delimiter === '\\') return this.#fail("unterminated `s' command")
    const source = this.#delimited(delimiter, true)
    const replacement = source === null ? null : this.#delimited(delimiter, false)
    if (source === null || replacement === null) return this.#fail("unterminated `s' command")
    let ignoreCase = false
    let multiline = false
    for (;;) {
      const flag = this.#peek()
      if (flag === 'g') command.global = true
      else if (flag === 'p') command.print = true
      else if (flag === 'i' || flag === 'I') ignoreCase = true
      else if (flag === 'm' || flag === 'M') multiline = true
      else if (flag === 'e') command.evaluate = true
      else if (/[0-9]/.test(flag)) {
        const digits = /^\d+/.exec(this.#source.slice(this.at))?.[0] ?? ''
        command.occurrence = Number(digits)
        if (command.occurrence === 0) return this.#fail("number option to `s' command may not be zero")
        this.at += digits.length
        continue
      } else if (flag === 'w') {
        this.at += 1
        this.#skip(/[ \t]/)
        command.target = this.#until(/\n/)
        break
      } else break
      this.at += 1
    }
    if (command.target === '' && !/^[ \t]*([;\n}#]|$)/.test(this.#source.slice(this.at))) return this.#fail("unknown option to `s'", 1)
    command.regex = this.#regex(source, ignoreCase, multiline)
    command.replacement = readReplacement(replacement)
    const groups = command.regex ? new RegExp(`${command.regex.source}|`, 'u').exec('')?.length ?? 1 : 10
    for (const part of command.replacement) {
      if (part.t === 'group' && part.index >= groups) return this.#fail(`invalid reference \\${part.index} on \`s' command's RHS`)
    }
    this.#endOfCommand()
  }

  #transliteration(command: SedCommand): void {
    const delimiter = this.#next()
    const from = this.#delimited(delimiter, false)
    const to = from === null ? null : this.#delimited(delimiter, false)
    if (from === null || to === null) return this.#fail("unterminated `y' command")
    const plain = (text: string): string => text.replace(/\\(n|\\)/g, (_, char: string) => (char === 'n' ? '\n' : '\\'))
    command.text = plain(from)
    command.target = plain(to)
    if ([...command.text].length !== [...command.target].length) return this.#fail("strings for `y' command are different lengths")
    this.#endOfCommand()
  }

  /** An empty expression means the last one used. */
  #regex(source: string, ignoreCase: boolean, multiline: boolean): RegExp | null {
    if (source === '') return null
    const regex = posixRegex(source, { extended: this.#extended, ignoreCase, multiline, global: true, escapes: 'control' })
    if (regex instanceof RegExp) return regex
    this.#fail(regex.error)
    return null
  }

  /** Text up to the delimiter. In an expression brackets protect it, and `\` before it takes its meaning away. */
  #delimited(delimiter: string, expression: boolean): string | null {
    let text = ''
    while (this.at < this.#source.length) {
      const char = this.#next()
      if (char === delimiter) return text
      if (char === '\\') {
        const next = this.#next()
        if (next === delimiter && delimiter !== '\\') text += expression && /[.*[\]^$+?(){}|]/.test(delimiter) ? `\\${next}` : next === '&' && !expression ? '\\&' : next
        else text += char + next
      } else if (char === '[' && expression) {
        const set = /^\^?\]?(?:\[[:.=][^\]]*[:.=]\]|[^\]\n])*\]/.exec(this.#source.slice(this.at))
        text += char + (set?.[0] ?? '')
        this.at += set?.[0].length ?? 0
      } else if (char === '\n' && expression) return null
      else text += char
    }
    return null
  }

  /** `a text` on one line, or `a\` and lines of which all but the last end with a backslash. */
  #literalText(): string {
    this.#skip(/[ \t]/)
    if (this.#peek() === '\\') {
      this.at += 1
      this.#skip(/[ \t]/)
      if (this.#peek() === '\n') this.at += 1
    }
    if (this.at >= this.#source.length) {
      this.#fail('expected \\ after `a\', `c\' or `i\'')
      return ''
    }
    let text = ''
    while (this.at < this.#source.length) {
      const char = this.#next()
      if (char === '\n') break
      if (char === '\\') {
        const next = this.#next()
        text += next === 't' ? '\t' : next
      } else text += char
    }
    return `${text}\n`
  }

  #until(stop: RegExp): string {
    let text = ''
    while (this.at < this.#source.length && !stop.test(this.#peek())) text += this.#next()
    return text
  }

  #endOfCommand(): void {
    this.#skip(/[ \t]/)
    const char = this.#peek()
    if (char === '' || char === '\n' || char === ';') this.at += char === '' ? 0 : 1
    else if (char !== '}' && char !== '#') this.#fail('extra characters after command', 1)
  }

  #skip(set: RegExp): void {
    while (this.at < this.#source.length && set.test(this.#peek())) this.at += 1
  }

  #peek(): string {
    return this.#source[this.at] ?? ''
  }

  #next(): string {
    const char = this.#source[this.at] ?? ''
    if (char !== '') this.at += 1
    return char
  }

  #fail(text: string, ahead = 0): void {
    if (this.complaint !== '') return
    this.complaint = text
    this.at += ahead
  }
}

function readReplacement(text: string): ReplacementPart[] {
  const parts: ReplacementPart[] = []
  const add = (piece: string): void => {
    const last = parts.at(-1)
    if (last?.t === 'text') last.text += piece
    else parts.push({ t: 'text', text: piece })
  }
  for (let at = 0; at < text.length; at += 1) {
    const char = text[at]
    if (char === '&') parts.push({ t: 'group', index: 0 })
    else if (char !== '\\') add(char)
    else {
      at += 1
      const next = text[at] ?? ''
      if (/[0-9]/.test(next)) parts.push({ t: 'group', index: Number(next) })
      else if (/[ULEul]/.test(next)) parts.push({ t: 'case', how: next })
      else add(next === 'n' ? '\n' : next === 't' ? '\t' : next === 'r' ? '\r' : next)
    }
  }
  return parts
}
