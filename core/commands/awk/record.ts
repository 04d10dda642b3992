/** The current record: $0 and its fields, each made from the other when asked for. */
import { fromInput, toText, UNSET, type Value } from './value.ts'

const FIELDS_MAX = 100000

export class AwkRecord {
  #text = ''
  #fields: Value[] = []
  #split = true
  #joined = true
  readonly #separator: () => string | RegExp
  readonly #joint: () => string

  constructor(separator: () => string | RegExp, joint: () => string) {
    this.#separator = separator
    this.#joint = joint
  }

  set(text: string): void {
    this.#text = text
    this.#split = false
    this.#joined = true
  }

  get text(): string {
    if (!this.#joined) {
      this.#text = this.#fields.map((field) => toText(field, '%.6g')).join(this.#joint())
      this.#joined = true
    }
    return this.#text
  }

  get count(): number {
    this.#ensureSplit()
    return this.#fields.length
  }

  set count(count: number) {
    this.#ensureSplit()
    const wanted = Math.max(0, Math.min(Math.floor(count), FIELDS_MAX))
    while (this.#fields.length < wanted) this.#fields.push('')
    this.#fields.length = wanted
    this.#joined = false
  }

  get(index: number): Value {
    if (index === 0) return fromInput(this.text)
    this.#ensureSplit()
    return this.#fields[index - 1] ?? UNSET
  }

  put(index: number, value: Value): void {
    if (index === 0) {
      this.set(toText(value, '%.6g'))
      return
    }
    this.#ensureSplit()
    while (this.#fields.length < index && this.#fields.length < FIELDS_MAX) this.#fields.push('')
    this.#fields[index - 1] = value
    this.#joined = false
  }

  #ensureSplit(): void {
    if (this.#split) return
    this.#fields = splitFields(this.#text, this.#separator()).map(fromInput)
    this.#split = true
  }
}

/** FS: one blank means runs of blanks, another single character itself, anything longer an expression. */
export function splitFields(text: string, separator: string | RegExp): string[] {
  if (separator === ' ') {
    const trimmed = text.replace(/^[ \t\n]+|[ \t\n]+$/g, '')
    return trimmed === '' ? [] : trimmed.split(/[ \t\n]+/)
  }
  if (text === '') return []
  if (separator === '') return [...text]
  if (typeof separator === 'string') return text.split(separator)
  const parts: string[] = []
  let at = 0
  for (const match of text.matchAll(separator)) {
    if (match[0] === '') continue
    parts.push(text.slice(at, match.index))
    at = match.index + match[0].length
  }
  parts.push(text.slice(at))
  return parts
}
