/** The pieces into which expansion turns a word: text with a mark on what was quoted, split where IFS says. XCU 2.6.5. */
import type { PatternText } from './pattern.ts'

export interface Field {
  text: string
  /** One character per character of `text`: '1' where it was quoted. */
  marks: string
}

/** No word of an honest script is longer; a doubling loop gets there in a moment. */
export const FIELD_CHARS_MAX = 16 * 1024 * 1024

export class FieldBuilder {
  readonly fields: Field[] = []
  /** Something did not fit: the expansion fails. */
  tooLong = false
  #text = ''
  #marks = ''
  #present = false

  /** Text that is not split. */
  add(text: string, quoted: boolean): void {
    if (quoted) this.#present = true
    if (text === '') return
    if (this.#text.length + text.length > FIELD_CHARS_MAX) {
      this.tooLong = true
      return
    }
    this.#text += text
    this.#marks += (quoted ? '1' : '0').repeat(text.length)
    this.#present = true
  }

  /** Even an empty text is a field now. */
  present(): void {
    this.#present = true
  }

  /** Ends the field. An empty one counts only if it was quoted, or with `force`. */
  break(force = false): void {
    if (this.#present || force) this.fields.push({ text: this.#text, marks: this.#marks })
    this.#text = ''
    this.#marks = ''
    this.#present = false
  }

  /** The result of an unquoted expansion. */
  split(text: string, ifs: string): void {
    if (ifs === '') {
      this.add(text, false)
      return
    }
    let at = 0
    while (at < text.length) {
      let end = at
      while (end < text.length && !ifs.includes(text[end])) end += 1
      if (end > at) this.add(text.slice(at, end), false)
      if (end >= text.length) return
      at = end
      const white = (char: string | undefined): boolean => char !== undefined && ' \t\n'.includes(char) && ifs.includes(char)
      while (white(text[at])) at += 1
      const hard = at < text.length && ifs.includes(text[at])
      if (hard) at += 1
      while (hard && white(text[at])) at += 1
      this.break(hard)
    }
  }

  done(): Field[] {
    this.break()
    return this.fields
  }

  /** Everything as one text, whatever it holds. */
  joined(): Field {
    return { text: this.#text, marks: this.#marks }
  }
}

export function patternOf(field: Field): PatternText {
  return { text: field.text, quoted: field.marks.includes('1') ? [...field.marks].map((mark) => mark === '1') : null }
}
