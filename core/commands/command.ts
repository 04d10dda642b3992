/** What commands have in common: their usage errors, and reading from files or standard input. */
import { type Errno, isErrno, strerror } from '../base/errno.ts'
import type { OpenFile } from '../linux/open-file.ts'
import type { Process } from '../linux/process.ts'
import type { Executable } from '../linux/program.ts'
import type { Wait } from '../linux/wait.ts'
import { type Options, type OptionSpec, parseOptions } from './options.ts'

const CHUNK_CHARS = 65536

/** A program that never waits. */
export function immediate(run: (proc: Process, argv: readonly string[]) => number): Executable {
  return {
    *program(proc, argv) {
      yield* []
      return run(proc, argv)
    },
  }
}

export interface Manual {
  spec: OptionSpec
  /** What `--help` prints. */
  usage: string
  /** First line of `--version`. */
  version?: string
  /** Exit code of wrong usage. */
  wrongUsage?: number
}

/** The options, or the exit code after wrong usage, `--help` or `--version`. */
export function gnuOptions(proc: Process, argv: readonly string[], manual: Manual): Options | number {
  const spec = { ...manual.spec, long: { ...manual.spec.long, help: '--help', version: '--version' } }
  const options = parseOptions(argv[0], argv.slice(1), spec)
  if (typeof options === 'string') return wrongUsage(proc, argv[0], options, manual.wrongUsage)
  if (options.has('--help')) {
    proc.print(`Usage: ${manual.usage}\n`)
    return 0
  }
  if (options.has('--version')) {
    proc.print(`${manual.version ?? `${argv[0]} (GNU coreutils) 9.1`}\n`)
    return 0
  }
  return options
}

export function wrongUsage(proc: Process, name: string, complaint: string, exitCode = 1): number {
  proc.error(`${complaint}\nTry '${name} --help' for more information.\n`)
  return exitCode
}

export function absolutePath(proc: Process, path: string): string {
  return path === '' ? '/\0' : proc.path(path)
}

/** Text from a file or (`-`) standard input, in chunks. */
export class TextInput {
  readonly #proc: Process
  readonly #file: OpenFile | null

  private constructor(proc: Process, file: OpenFile | null) {
    this.#proc = proc
    this.#file = file
  }

  static open(proc: Process, path: string): TextInput | Errno {
    if (path === '-' || path === '/dev/stdin') return proc.fds.has(0) ? new TextInput(proc, null) : 'EBADF'
    if (path === '') return 'ENOENT'
    if (proc.fs.isDirectory(proc.path(path))) return 'EISDIR'
    const file = proc.open(path, { read: true })
    return isErrno(file) ? file : new TextInput(proc, file)
  }

  /** The next chunk, null at the end. */
  *read(maxChars = CHUNK_CHARS): Generator<Wait, string | null, unknown> {
    if (this.#file === null) return yield* this.#proc.read(0, maxChars)
    for (;;) {
      const text = this.#file.read(maxChars)
      if (text !== undefined) return text
      yield this.#file.readable.wait
    }
  }

  close(): void {
    this.#file?.close()
  }
}

/** The whole text of a file or of standard input. */
export function* readWhole(proc: Process, path: string): Generator<Wait, { text: string } | Errno, unknown> {
  const input = TextInput.open(proc, path)
  if (isErrno(input)) return input
  const parts: string[] = []
  for (;;) {
    const chunk = yield* input.read()
    if (chunk === null) break
    parts.push(chunk)
  }
  input.close()
  return { text: parts.join('') }
}

export interface Line {
  text: string
  /** False for a last line without its newline. */
  ended: boolean
}

/** The lines of several files, one after another, as they arrive. */
export class LineSource {
  /** A file could not be read. */
  failed = false
  /** The file that the last line came from, as named by the caller. */
  file = ''
  /** Its place among the files, from 0. */
  fileIndex = -1
  readonly #proc: Process
  readonly #files: readonly string[]
  readonly #complain: (file: string, errno: Errno) => void
  readonly #separator: string
  #input: TextInput | null = null
  #rest = ''
  #atEnd = false
  #next = 0

  constructor(
    proc: Process,
    files: readonly string[],
    options: { command?: string; separator?: string; complain?: (file: string, errno: Errno) => void } = {},
  ) {
    this.#proc = proc
    this.#files = files.length === 0 ? ['-'] : files
    this.#separator = options.separator ?? '\n'
    this.#complain = options.complain ?? ((file, errno) => proc.error(`${options.command ?? proc.argv[0]}: ${file}: ${strerror(errno)}\n`))
  }

  *next(): Generator<Wait, Line | null, unknown> {
    for (;;) {
      if (this.#input === null && !this.#open()) return null
      const at = this.#rest.indexOf(this.#separator)
      if (at >= 0) {
        const text = this.#rest.slice(0, at)
        this.#rest = this.#rest.slice(at + this.#separator.length)
        return { text, ended: true }
      }
      if (this.#atEnd) {
        const text = this.#rest
        this.skipFile()
        if (text !== '') return { text, ended: false }
        continue
      }
      const chunk = yield* (this.#input as TextInput).read()
      if (chunk === null) this.#atEnd = true
      else this.#rest += chunk
    }
  }

  /** Goes on with the next file. */
  skipFile(): void {
    this.#input?.close()
    this.#input = null
    this.#rest = ''
  }

  /** Opens the next file that can be opened; false when none is left. */
  #open(): boolean {
    while (this.#next < this.#files.length) {
      const file = this.#files[this.#next]
      this.#next += 1
      const input = TextInput.open(this.#proc, file)
      if (!isErrno(input)) {
        this.#input = input
        this.#rest = ''
        this.#atEnd = false
        this.file = file
        this.fileIndex = this.#next - 1
        return true
      }
      this.failed = true
      this.#complain(file, input)
    }
    return false
  }
}

/** The text split at newlines; a last empty piece is no line. */
export function linesOf(text: string): string[] {
  if (text === '') return []
  const lines = text.split('\n')
  if (lines.at(-1) === '') lines.pop()
  return lines
}
