/**
 * A terminal: the line discipline between a keyboard and the processes that read it. Cooked mode edits lines, echoes, makes
 * signals of ^C ^Z ^\ and "\r\n" of "\n"; raw mode passes everything through both ways. Truth: termios(3), drivers/tty/n_tty.c.
 *
 * Omits: speeds, modem control, ^S/^Q, ^V, ^R, columns of tabs when erasing, partial mixes of flags (raw and echo are all there is).
 */
import type { Errno } from '../base/errno.ts'
import { charWidth } from './char-width.ts'
import { OpenFile } from './open-file.ts'
import type { SignalName } from './signal-name.ts'

/** N_TTY_BUF_SIZE is 4096: longer lines are cut. */
const LINE_MAX = 4095
const QUEUE_CHARS_MAX = 4 * 1024 * 1024

export interface TtyOptions {
  id: string
  columns: number
  rows: number
  /** What the screen shows: everything written and echoed. */
  onOutput: (text: string) => void
  /** Sends a signal to a process group. */
  onSignal: (pgid: number, name: SignalName) => void
  /** TERM of the login on it. */
  term?: string
}

export class Tty {
  readonly id: string
  readonly term: string
  /** N of /dev/pts/N. */
  number = 0
  columns: number
  rows: number
  /** The process group that gets the keyboard's signals and may read. 0: nobody in particular. */
  foreground = 0
  /** The group of the session's leader, which a hang-up tells first. */
  leader = 0
  echo = true
  hungUp = false
  readonly #onOutput: (text: string) => void
  readonly #onSignal: (pgid: number, name: SignalName) => void
  readonly #file: TtyFile
  #raw = false
  #line = ''
  /** What is ready to be read; null is an end of file typed by ^D. */
  #ready: (string | null)[] = []
  #readyChars = 0
  /** Typed while a line editor had the terminal. */
  #ahead = ''

  constructor(options: TtyOptions) {
    this.id = options.id
    this.columns = options.columns
    this.rows = options.rows
    this.term = options.term ?? 'xterm-256color'
    this.#onOutput = options.onOutput
    this.#onSignal = options.onSignal
    this.#file = new TtyFile(this)
  }

  get raw(): boolean {
    return this.#raw
  }

  /** Turning to raw hands over what was typed of an unfinished line. */
  set raw(raw: boolean) {
    if (raw && !this.#raw && this.#line !== '') {
      this.#push(this.#line)
      this.#line = ''
    }
    this.#raw = raw
  }

  /** The keyboard. */
  input(data: string): void {
    if (this.hungUp || this.#readyChars > QUEUE_CHARS_MAX) return
    if (this.#raw) {
      this.#push(data)
      return
    }
    for (const char of data) {
      // Behind what was typed ahead, all but the signals have to wait their turn.
      if (this.#ahead !== '' && !'\x03\x1a\x1c'.includes(char)) this.#ahead += char
      else this.#cook(char)
    }
    if (this.#ahead !== '') this.#file.readable.wake()
  }

  resize(columns: number, rows: number): void {
    if (columns === this.columns && rows === this.rows) return
    this.columns = columns
    this.rows = rows
    if (this.foreground !== 0) this.#onSignal(this.foreground, 'SIGWINCH')
    if (this.leader !== 0 && this.leader !== this.foreground) this.#onSignal(this.leader, 'SIGWINCH')
  }

  /** An open description of it: close it when done. */
  asFile(): OpenFile {
    return this.#file.retain()
  }

  /** The line is cut: readers see the end, the session gets SIGHUP. */
  hangup(): void {
    if (this.hungUp) return
    this.hungUp = true
    this.#file.readable.wake()
    for (const pgid of new Set([this.leader, this.foreground])) {
      if (pgid === 0) continue
      this.#onSignal(pgid, 'SIGHUP')
      this.#onSignal(pgid, 'SIGCONT')
    }
  }

  /** What a line editor took too much: read next, and cooked only if a program in cooked mode asks for it. */
  giveBack(text: string): void {
    this.#ahead = text + this.#ahead
    if (text !== '') this.#file.readable.wake()
  }

  /** For its file: output of a process. */
  output(text: string): Errno | null {
    if (this.hungUp) return 'EIO'
    this.#onOutput(this.#raw ? text : text.replaceAll('\n', '\r\n'))
    return null
  }

  /** For its file: input of a process. In cooked mode one line at a time. */
  take(maxChars: number): string | null | undefined {
    if (!this.#raw) this.#cookAhead()
    if (this.#ready.length === 0 && (this.#ahead === '' || !this.#raw)) return this.hungUp ? null : undefined
    if (this.#raw) {
      const all = this.#ahead + this.#ready.map((chunk) => chunk ?? '\x04').join('')
      this.#ahead = ''
      this.#ready = all.length > maxChars ? [all.slice(maxChars)] : []
      this.#readyChars = Math.max(0, all.length - maxChars)
      return all.slice(0, maxChars)
    }
    const first = this.#ready.shift() as string | null
    if (first === null) return null
    this.#readyChars -= Math.min(first.length, maxChars)
    // What was typed while the terminal was raw may hold several lines, and carriage returns.
    const text = first.replaceAll('\r', '\n')
    const end = Math.min(maxChars, text.indexOf('\n') + 1 || text.length)
    if (end < text.length) this.#ready.unshift(text.slice(end))
    return text.slice(0, end)
  }

  /** Cooks as much of what was typed ahead as makes a line. */
  #cookAhead(): void {
    while (this.#ready.length === 0 && this.#ahead !== '') {
      const char = String.fromCodePoint(this.#ahead.codePointAt(0) as number)
      this.#ahead = this.#ahead.slice(char.length)
      this.#cook(char)
    }
  }

  #push(chunk: string | null): void {
    this.#ready.push(chunk)
    this.#readyChars += chunk?.length ?? 0
    this.#file.readable.wake()
  }

  #cook(char: string): void {
    switch (char) {
      case '\x03':
        this.#interrupt('^C', 'SIGINT')
        return
      case '\x1a':
        this.#interrupt('^Z', 'SIGTSTP')
        return
      case '\x1c':
        this.#interrupt('^\\', 'SIGQUIT')
        return
      case '\x04':
        this.#push(this.#line === '' ? null : this.#line)
        this.#line = ''
        return
      case '\x7f':
      case '\b':
        this.#erase(1)
        return
      case '\x15':
        this.#erase([...this.#line].length)
        return
      case '\x17':
        this.#erase([...(/\S*\s*$/.exec(this.#line)?.[0] ?? '')].length)
        return
      case '\r':
      case '\n':
        if (this.echo) this.#onOutput('\r\n')
        this.#push(`${this.#line}\n`)
        this.#line = ''
        return
    }
    if (this.#line.length >= LINE_MAX) return
    this.#line += char
    if (this.echo) this.#onOutput(echoOf(char))
  }

  #interrupt(shown: string, name: SignalName): void {
    this.#line = ''
    this.#ahead = ''
    this.#ready = []
    this.#readyChars = 0
    if (this.echo) this.#onOutput(shown)
    if (this.foreground !== 0) this.#onSignal(this.foreground, name)
  }

  #erase(chars: number): void {
    for (let i = 0; i < chars && this.#line !== ''; i += 1) {
      const last = [...this.#line].pop() as string
      this.#line = this.#line.slice(0, this.#line.length - last.length)
      const width = last < ' ' && last !== '\t' ? 2 : charWidth(last.codePointAt(0) as number)
      if (this.echo) this.#onOutput('\b \b'.repeat(last === '\t' ? 1 : width))
    }
  }
}

/** ECHOCTL: control characters show as ^X. */
function echoOf(char: string): string {
  const code = char.charCodeAt(0)
  if (code < 0x20 && char !== '\t') return `^${String.fromCharCode(code + 0x40)}`
  return char
}

class TtyFile extends OpenFile {
  readonly #tty: Tty

  constructor(tty: Tty) {
    super()
    this.#tty = tty
    this.tty = tty
    this.path = '/dev/pts/0'
  }

  protected override readNext(maxChars: number): string | null | undefined {
    return this.#tty.take(maxChars)
  }

  override write(text: string): Errno | null {
    return this.#tty.output(text)
  }
}
