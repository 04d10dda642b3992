/** Records from files, standard input or a text, cut at RS: a character, a blank line (""), or an expression. */
import type { AwkHost } from './host.ts'

interface Rules {
  separator: () => string
  regex: (source: string) => RegExp
  /** `name=value` among the files. */
  assign: (name: string, value: string) => void
  startFile: (file: string) => void
  /** Names are files, whatever they look like. */
  literal?: boolean
  /** Read this instead of files. */
  text?: string
}

export class InputReader<W> {
  failed = false
  readonly #host: AwkHost<W>
  readonly #files: readonly string[]
  readonly #rules: Rules
  #file: string | null = null
  #next = 0
  #rest = ''
  #ended = false
  #opened = false

  constructor(host: AwkHost<W>, files: readonly string[], rules: Rules) {
    this.#host = host
    this.#files = files
    this.#rules = rules
    if (rules.text !== undefined) {
      this.#rest = rules.text
      this.#ended = true
      this.#opened = true
      this.#file = ''
    }
  }

  *next(): Generator<W, string | null, unknown> {
    for (;;) {
      if (this.#file === null && !this.#openNext()) return null
      const record = this.#cut()
      if (record !== null) return record
      if (this.#ended) {
        this.#file = null
        if (this.#rules.text !== undefined) return null
        continue
      }
      const chunk = yield* this.#host.read(this.#file as string)
      if (chunk === null) this.#ended = true
      else if (typeof chunk === 'string') this.#rest += chunk
      else {
        if (!this.#rules.literal) this.#host.error(`awk: cannot open ${this.#file} (${chunk.error})\n`)
        this.failed = true
        this.#file = null
        this.#rest = ''
      }
    }
  }

  skipFile(): void {
    this.#file = null
    this.#rest = ''
  }

  #openNext(): boolean {
    while (this.#next < this.#files.length) {
      const word = this.#files[this.#next]
      this.#next += 1
      const assignment = this.#rules.literal ? null : /^([A-Za-z_][A-Za-z0-9_]*)=(.*)$/s.exec(word)
      if (assignment) {
        this.#rules.assign(assignment[1], assignment[2])
        continue
      }
      if (word === '') continue
      return this.#open(word)
    }
    if (this.#opened || this.#rules.text !== undefined) return false
    return this.#open('-')
  }

  #open(file: string): boolean {
    this.#opened = true
    this.#file = file
    this.#rest = ''
    this.#ended = false
    this.#rules.startFile(file === '-' ? '' : file)
    return true
  }

  /** The next record of what has been read, or null when more is needed (or nothing is left). */
  #cut(): string | null {
    const separator = this.#rules.separator()
    if (separator === '') return this.#paragraph()
    let at: number
    let length = separator.length
    if (separator.length === 1) at = this.#rest.indexOf(separator)
    else {
      const match = this.#rules.regex(separator).exec(this.#rest)
      at = match && match[0] !== '' ? match.index : -1
      length = match?.[0].length ?? 0
      // The match might go on in the next chunk.
      if (at >= 0 && !this.#ended && at + length === this.#rest.length) return null
    }
    if (at >= 0) {
      const record = this.#rest.slice(0, at)
      this.#rest = this.#rest.slice(at + length)
      return record
    }
    if (!this.#ended || this.#rest === '') return null
    const record = this.#rest
    this.#rest = ''
    return record
  }

  #paragraph(): string | null {
    const start = this.#rest.replace(/^\n+/, '')
    const match = /\n\n+/.exec(start)
    if (match && (this.#ended || match.index + match[0].length < start.length)) {
      this.#rest = start.slice(match.index + match[0].length)
      return start.slice(0, match.index)
    }
    if (!this.#ended) return null
    this.#rest = ''
    return start === '' ? null : start.replace(/\n+$/, '')
  }
}
