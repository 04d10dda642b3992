/**
 * An open file description (open(2)): what a file descriptor points to, shared by every descriptor that was duplicated from it
 * or inherited. Non-blocking; waiting is the process's business. Counted: the last `close` ends it, as in the kernel's `fput`.
 *
 * Omits: bytes. Pipes, files and terminals carry text; what is not UTF-8 arrives as U+FFFD.
 */
import type { Errno } from '../base/errno.ts'
import type { Tty } from './tty.ts'
import { WaitQueue } from './wait.ts'

export abstract class OpenFile {
  /** Woken when a read might succeed, or a write, respectively. */
  readonly readable = new WaitQueue()
  readonly writable = new WaitQueue()
  /** The terminal behind this file, if it is one: isatty(3). */
  tty: Tty | null = null
  /** What /proc/<pid>/fd shows: a path, `pipe:[…]`, `socket:[…]`. */
  path = ''
  #references = 1
  #pushedBack = ''

  /** The next chunk of at most `maxChars`; null at the end, undefined when there is nothing now. */
  read(maxChars: number): string | null | undefined {
    if (this.#pushedBack === '') return this.readNext(maxChars)
    const text = this.#pushedBack.slice(0, maxChars)
    this.#pushedBack = this.#pushedBack.slice(text.length)
    return text
  }

  /** Gives back what was read too much, for whoever reads next: how `read` of a shell leaves the rest to its children. */
  unread(text: string): void {
    this.#pushedBack = text + this.#pushedBack
    if (text !== '') this.readable.wake()
  }

  /** Takes all of `text`, or nothing and says why. */
  abstract write(text: string): Errno | null

  /** True when a polite writer waits before it writes more. */
  get full(): boolean {
    return false
  }

  retain(): this {
    this.#references += 1
    return this
  }

  close(): void {
    this.#references -= 1
    if (this.#references === 0) this.release()
  }

  get closed(): boolean {
    return this.#references <= 0
  }

  protected abstract readNext(maxChars: number): string | null | undefined

  /** The last reference is gone. */
  protected release(): void {}
}

/** /dev/null. */
export class NullFile extends OpenFile {
  override path = '/dev/null'
  protected override readNext(): null {
    return null
  }
  override write(): null {
    return null
  }
}

/** Hands everything written to a callback: the far end is not a process. Reads are at their end. */
export class SinkFile extends OpenFile {
  readonly #onText: (text: string) => void
  readonly #onClose: () => void

  constructor(onText: (text: string) => void, onClose: () => void = () => {}) {
    super()
    this.#onText = onText
    this.#onClose = onClose
  }

  protected override readNext(): null {
    return null
  }

  override write(text: string): null {
    this.#onText(text)
    return null
  }

  protected override release(): void {
    this.#onClose()
  }
}

/** A fixed text to read: a here-document, or the standard input of a recorded script. */
export class TextFile extends OpenFile {
  #rest: string

  constructor(text: string) {
    super()
    this.#rest = text
  }

  protected override readNext(maxChars: number): string | null {
    if (this.#rest === '') return null
    const text = this.#rest.slice(0, maxChars)
    this.#rest = this.#rest.slice(text.length)
    return text
  }

  override write(): Errno {
    return 'EBADF'
  }
}
