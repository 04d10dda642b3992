/**
 * Draws a prompt and a line on a terminal, also when they take several rows, and redraws only from the first difference. Assumes
 * a VT100 with automatic margins (console_codes(4)).
 */
import { charWidth, textWidth } from '../../linux/char-width.ts'

interface Place {
  row: number
  column: number
}

export class Display {
  readonly #write: (text: string) => void
  #columns: number
  /** Width of the last line of the prompt. */
  #promptWidth = 0
  #prompt = ''
  #drawn: readonly string[] = []
  /** Where the cursor is, counted from the beginning of the prompt's last line. */
  #at: Place = { row: 0, column: 0 }

  constructor(columns: number, write: (text: string) => void) {
    this.#columns = Math.max(2, columns)
    this.#write = write
  }

  /** Begins a new line on the screen with this prompt. */
  start(prompt: string): void {
    const lines = prompt.split('\n')
    this.#prompt = lines[lines.length - 1]
    this.#promptWidth = promptColumns(this.#prompt)
    this.#drawn = []
    this.#write(visible(lines.join('\r\n')))
    this.#at = this.#wrapped(this.#promptPlace())
  }

  /** Shows these characters with the cursor before the one at `cursor`. */
  show(chars: readonly string[], cursor: number): void {
    const old = this.#drawn
    let same = 0
    while (same < chars.length && same < old.length && chars[same] === old[same]) same += 1
    let text = ''
    if (same < chars.length || same < old.length) {
      text += this.#move(this.#placeOf(chars, same))
      if (old.length > same) text += '\x1b[J'
      text += chars.slice(same).map((char) => (char === '\n' ? '\r\n' : shown(char))).join('')
      this.#at = this.#placeOf(chars, chars.length)
      // Text up to the margin leaves the cursor hanging there: the next row begins.
      if (same < chars.length && this.#at.column === 0 && chars[chars.length - 1] !== '\n') text += '\r\n'
    }
    text += this.#move(this.#placeOf(chars, cursor))
    this.#drawn = [...chars]
    if (text !== '') this.#write(text)
  }

  /** Below everything that was drawn. */
  finish(): void {
    this.#write(`${this.#move(this.#placeOf(this.#drawn, this.#drawn.length))}\r\n`)
  }

  /** Draws all of it again: after ^L (on a clean screen), after a list of candidates, after a resize. */
  redraw(chars: readonly string[], cursor: number, prompt?: string): void {
    if (prompt !== undefined) {
      this.#prompt = prompt
      this.#promptWidth = promptColumns(prompt)
    }
    this.#write(`${this.#move({ row: 0, column: 0 })}\x1b[J${visible(this.#prompt)}`)
    this.#at = this.#wrapped(this.#promptPlace())
    this.#drawn = []
    this.show(chars, cursor)
  }

  clear(chars: readonly string[], cursor: number): void {
    this.#write('\x1b[H\x1b[2J')
    this.#at = { row: 0, column: 0 }
    this.redraw(chars, cursor)
  }

  /** The terminal has another width now. Like xterm.js, it leaves the rows of the cursor's line to the program. */
  resize(columns: number): void {
    this.#columns = Math.max(2, columns)
    this.#at = { row: this.#at.row, column: Math.min(this.#at.column, this.#columns - 1) }
  }

  /** The prompt starts on a fresh line: something else was printed. */
  restart(): void {
    this.#at = { row: 0, column: 0 }
  }

  #promptPlace(): Place {
    return { row: Math.floor(this.#promptWidth / this.#columns), column: this.#promptWidth % this.#columns }
  }

  /** A prompt that ends at the margin leaves the cursor pending there: forces it to the next row. */
  #wrapped(place: Place): Place {
    if (this.#promptWidth > 0 && place.column === 0) this.#write('\r\n')
    return place
  }

  #placeOf(chars: readonly string[], index: number): Place {
    let { row, column } = this.#promptPlace()
    for (let i = 0; i < index; i += 1) {
      if (chars[i] === '\n') {
        row += 1
        column = 0
        continue
      }
      const width = textWidth(shown(chars[i]))
      // A wide character that does not fit goes to the next row whole.
      if (column + width > this.#columns) {
        row += 1
        column = 0
      }
      column += width
      // A newline right at the margin makes no empty row.
      if (column === this.#columns && chars[i + 1] !== '\n') {
        row += 1
        column = 0
      }
    }
    // The character at the place itself may be a wide one that wraps.
    const next = chars[index]
    if (next === '\n' && column === this.#columns) return { row, column: column - 1 }
    if (next !== undefined && next !== '\n' && column + charWidth(next.codePointAt(0) as number) > this.#columns) return { row: row + 1, column: 0 }
    return { row, column }
  }

  #move(to: Place): string {
    const from = this.#at
    this.#at = to
    let text = ''
    if (to.row < from.row) text += `\x1b[${from.row - to.row}A`
    // A line feed scrolls where moving down would stop at the bottom.
    if (to.row > from.row) text += '\n'.repeat(to.row - from.row)
    if (to.column === from.column) return text
    if (to.column === 0) return `${text}\r`
    if (to.column < from.column && from.column - to.column <= 4) return text + '\b'.repeat(from.column - to.column)
    return to.column > from.column ? `${text}\x1b[${to.column - from.column}C` : `${text}\x1b[${from.column - to.column}D`
  }
}

/** Control characters show as ^X. */
function shown(char: string): string {
  const code = char.charCodeAt(0)
  if (char === '\t') return '    '
  return code < 0x20 || code === 0x7f ? `^${String.fromCharCode(code ^ 0x40)}` : char
}

/** Without the marks around what takes no columns. */
function visible(prompt: string): string {
  return prompt.replace(/[\x01\x02]/g, '')
}

function promptColumns(prompt: string): number {
  return textWidth(prompt.replace(/\x01[^\x02]*\x02/g, '').replace(/\x1b\[[0-9;]*m/g, ''))
}
