/**
 * Where jq reads: files one after another, or standard input, line by line as they arrive. It knows the file and the line that errors
 * name; both are forgotten as soon as a file is left. Truth: the "Invoking jq" section of jq(1), 1.6, and the program as observed.
 * Omits: `--seq` on input beyond dropping its separators, events of texts that break off with `--stream`.
 */
import { type Errno, isErrno, strerror } from '../../base/errno.ts'
import type { Process } from '../../linux/process.ts'
import type { Wait } from '../../linux/wait.ts'
import { TextInput } from '../command.ts'
import { JsonReader, type Reading } from './json-reader.ts'
import { events } from './natives.ts'
import type { Value } from './value.ts'

/** What the program reads at once when no line ends. */
const PIECE_CHARS = 4095

export interface InputOptions {
  raw: boolean
  slurp: boolean
  stream: boolean
}

export class InputSource {
  /** Files that could not be read. */
  failures = 0
  name: string | null = null
  line = 0
  readonly #proc: Process
  readonly #files: readonly string[]
  readonly #options: InputOptions
  readonly #reader = new JsonReader()
  readonly #pending: Value[] = []
  #slurping: boolean
  #nextFile = 0
  #current: TextInput | null = null
  /** The file that is open is at its end, or could not be read. */
  #atEnd = true
  #broken: Errno | null = null
  #rest = ''
  #piece = ''
  #last = false

  constructor(proc: Process, files: readonly string[], options: InputOptions) {
    this.#proc = proc
    this.#files = files.length === 0 ? ['-'] : files
    this.#options = options
    this.#slurping = options.slurp
  }

  /** As errors name it. */
  get position(): string {
    return this.name === null ? '<unknown>' : `${this.name}:${this.line}`
  }

  *next(): Generator<Wait, Reading, unknown> {
    return this.#options.raw ? yield* this.#nextRaw() : yield* this.#nextJson()
  }

  *#nextJson(): Generator<Wait, Reading, unknown> {
    const waiting = this.#pending.shift()
    if (waiting !== undefined) return { value: waiting }
    const slurped: Value[] = []
    let last = false
    do {
      if (!this.#reader.remaining) {
        last = yield* this.#readMore()
        this.#last = last
        this.#reader.feed(this.#piece.replaceAll('\x1e', ' '))
      }
      const reading = this.#reader.read(this.#last)
      if (reading === null) continue
      if ('error' in reading) return reading
      const values = this.#options.stream ? events(reading.value) : [reading.value]
      if (this.#slurping) slurped.push(...values)
      else {
        this.#pending.push(...values.slice(1))
        return { value: values[0] }
      }
    } while (!last || (this.#slurping && this.#reader.remaining))
    if (!this.#slurping) return null
    this.#slurping = false
    return { value: slurped }
  }

  *#nextRaw(): Generator<Wait, Reading, unknown> {
    const parts: string[] = []
    let last = false
    do {
      last = yield* this.#readMore()
      const piece = this.#piece
      if (!this.#slurping && piece.endsWith('\n')) return { value: parts.join('') + piece.slice(0, -1) }
      if (piece !== '') parts.push(piece)
    } while (!last)
    if (!this.#slurping) return parts.length === 0 ? null : { value: parts.join('') }
    this.#slurping = false
    return { value: parts.join('') }
  }

  /** Takes the next piece; true when nothing comes after it. */
  *#readMore(): Generator<Wait, boolean, unknown> {
    if (this.#atEnd) this.#open()
    this.#piece = ''
    if (!this.#atEnd) yield* this.#take()
    return this.#nextFile === this.#files.length && this.#atEnd
  }

  #open(): void {
    if (this.#broken !== null) this.#proc.error(`Input error: ${strerror(this.#broken)}\n`)
    this.#current?.close()
    this.#current = null
    this.#broken = null
    this.name = null
    this.line = 0
    this.#rest = ''
    const file = this.#files[this.#nextFile]
    if (file === undefined) return
    this.#nextFile += 1
    this.name = file === '-' ? '<stdin>' : file
    const input = TextInput.open(this.#proc, file === '-' ? '-' : this.#proc.path(file))
    if (!isErrno(input)) {
      this.#current = input
      this.#atEnd = false
      return
    }
    this.failures += 1
    // Opening a directory works, reading it does not.
    if (input === 'EISDIR') this.#broken = input
    else this.#proc.error(`jq: error: Could not open file ${file}: ${strerror(input)}\n`)
  }

  *#take(): Generator<Wait, void, unknown> {
    for (;;) {
      const end = this.#rest.indexOf('\n')
      if (end >= 0 && end < PIECE_CHARS) {
        this.#cut(end + 1)
        this.line += 1
        return
      }
      if (this.#rest.length >= PIECE_CHARS) return this.#cut(PIECE_CHARS)
      const chunk = yield* (this.#current as TextInput).read()
      if (chunk === null) {
        this.#atEnd = true
        return this.#cut(this.#rest.length)
      }
      this.#rest += chunk
    }
  }

  #cut(length: number): void {
    this.#piece = this.#rest.slice(0, length)
    this.#rest = this.#rest.slice(length)
  }
}
