/** The line that is being typed: characters (a base with its combining marks is one), a cursor, a kill ring and undo. readline(3). */
import { charWidth } from '../../linux/char-width.ts'

const KILLS_MAX = 10
const UNDO_MAX = 200
const LINE_CHARS_MAX = 100_000

export class LineBuffer {
  #chars: string[] = []
  #cursor = 0
  readonly #kills: string[] = []
  #yank: { start: number; index: number } | null = null
  #undo: { chars: string[]; cursor: number }[] = []
  /** The last change was a kill (the next joins it), or plain typing (undone together). */
  #last: 'kill' | 'insert' | '' = ''

  get text(): string {
    return this.#chars.join('')
  }

  get chars(): readonly string[] {
    return this.#chars
  }

  get cursor(): number {
    return this.#cursor
  }

  set cursor(cursor: number) {
    this.#cursor = Math.min(Math.max(0, cursor), this.#chars.length)
    this.#last = ''
    this.#yank = null
  }

  get beforeCursor(): string {
    return this.#chars.slice(0, this.#cursor).join('')
  }

  get atEnd(): boolean {
    return this.#cursor === this.#chars.length
  }

  set(text: string, cursor?: number): void {
    this.#chars = graphemes(text)
    this.#cursor = Math.min(cursor ?? this.#chars.length, this.#chars.length)
    this.#undo = []
    this.#last = ''
    this.#yank = null
  }

  insert(text: string): void {
    if (this.#last !== 'insert') this.#remember()
    this.#put(text)
    this.#last = 'insert'
  }

  /** Replaces what stands between two places. */
  replace(from: number, to: number, text: string): void {
    this.#remember()
    this.#chars.splice(from, to - from)
    this.#cursor = from
    this.#put(text)
    this.#last = ''
  }

  remove(from: number, to: number): void {
    if (from >= to) return
    this.#remember()
    this.#chars.splice(from, to - from)
    this.#cursor = from
    this.#last = ''
  }

  /** Cuts; consecutive cuts are one piece. `back` puts it in front of that piece. */
  kill(from: number, to: number, back: boolean): void {
    if (from >= to) return
    this.#remember()
    const piece = this.#chars.splice(from, to - from).join('')
    if (this.#last === 'kill') this.#kills[0] = back ? piece + this.#kills[0] : this.#kills[0] + piece
    else this.#kills.unshift(piece)
    this.#kills.length = Math.min(this.#kills.length, KILLS_MAX)
    this.#cursor = from
    this.#last = 'kill'
  }

  yank(): void {
    const [piece] = this.#kills
    if (piece === undefined) return
    this.#remember()
    const start = this.#cursor
    this.#put(piece)
    this.#last = ''
    this.#yank = { start, index: 0 }
  }

  /** Meta-Y: an older piece instead of the one just pasted. */
  yankPop(): void {
    const yank = this.#yank
    if (!yank) return
    const index = (yank.index + 1) % this.#kills.length
    this.#chars.splice(yank.start, this.#cursor - yank.start)
    this.#cursor = yank.start
    this.#put(this.#kills[index])
    this.#yank = { start: yank.start, index }
  }

  undo(): void {
    const before = this.#undo.pop()
    if (!before) return
    this.#chars = before.chars
    this.#cursor = before.cursor
    this.#last = ''
  }

  transpose(): void {
    if (this.#cursor === 0 || this.#chars.length < 2) return
    this.#remember()
    const at = this.atEnd ? this.#cursor - 1 : this.#cursor
    ;[this.#chars[at - 1], this.#chars[at]] = [this.#chars[at], this.#chars[at - 1]]
    this.#cursor = at + 1
    this.#last = ''
  }

  /** Where the word before the cursor begins: letters and digits, or (for ^W) anything but blanks. */
  wordStart(blanks = false): number {
    const inside = (char: string | undefined): boolean => char !== undefined && (blanks ? !/\s/.test(char) : isWord(char))
    let at = this.#cursor
    while (at > 0 && !inside(this.#chars[at - 1])) at -= 1
    while (at > 0 && inside(this.#chars[at - 1])) at -= 1
    return at
  }

  wordEnd(): number {
    let at = this.#cursor
    while (at < this.#chars.length && !isWord(this.#chars[at])) at += 1
    while (at < this.#chars.length && isWord(this.#chars[at])) at += 1
    return at
  }

  /** Meta-U, Meta-L, Meta-C on the word at the cursor. */
  changeWord(change: (word: string) => string): void {
    const end = this.wordEnd()
    const start = this.#cursor
    this.replace(start, end, change(this.#chars.slice(start, end).join('')))
  }

  #put(text: string): void {
    const merged = graphemes(this.#chars.slice(0, this.#cursor).join('') + text)
    const rest = this.#chars.slice(this.#cursor)
    this.#chars = [...merged, ...rest].slice(0, LINE_CHARS_MAX)
    this.#cursor = Math.min(merged.length, this.#chars.length)
  }

  #remember(): void {
    this.#undo.push({ chars: [...this.#chars], cursor: this.#cursor })
    if (this.#undo.length > UNDO_MAX) this.#undo.shift()
  }
}

/** Splits into characters that the cursor treats as one: a base with everything of no width that follows. */
export function graphemes(text: string): string[] {
  const chars: string[] = []
  for (const char of text) {
    const code = char.codePointAt(0) as number
    if (chars.length > 0 && code >= 0x300 && charWidth(code) === 0) chars[chars.length - 1] += char
    else chars.push(char)
  }
  return chars
}

function isWord(char: string): boolean {
  return /^[\p{L}\p{N}]/u.test(char)
}
