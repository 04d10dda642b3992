/**
 * pipe(7): a queue of text between processes. Writing never blocks here (a process that prints a lot calls `flush`), so a pipe
 * may hold more than its capacity for a moment; `hardMax` is where we stop believing in the writer and break the pipe.
 */
import type { Errno } from '../base/errno.ts'
import { OpenFile } from './open-file.ts'

/** The default capacity of a pipe since Linux 2.6.11, pipe(7). */
export const PIPE_CAPACITY = 65536
const PIPE_HARD_MAX = 32 * 1024 * 1024

export class Pipe {
  readonly readEnd: OpenFile
  readonly writeEnd: OpenFile

  constructor(id = 0) {
    const queue = new Queue()
    this.readEnd = new ReadEnd(queue)
    this.writeEnd = new WriteEnd(queue)
    queue.reader = this.readEnd
    queue.writer = this.writeEnd
    this.readEnd.path = this.writeEnd.path = `pipe:[${id}]`
  }
}

class Queue {
  chunks: string[] = []
  length = 0
  writerGone = false
  readerGone = false
  reader: OpenFile | null = null
  writer: OpenFile | null = null
}

class ReadEnd extends OpenFile {
  readonly #queue: Queue

  constructor(queue: Queue) {
    super()
    this.#queue = queue
  }

  protected override readNext(maxChars: number): string | null | undefined {
    const queue = this.#queue
    if (queue.length === 0) return queue.writerGone ? null : undefined
    let text = queue.chunks.length === 1 ? queue.chunks[0] : queue.chunks.join('')
    queue.chunks = []
    if (text.length > maxChars) {
      queue.chunks.push(text.slice(maxChars))
      text = text.slice(0, maxChars)
    }
    queue.length -= text.length
    if (queue.length < PIPE_CAPACITY) queue.writer?.writable.wake()
    return text
  }

  override write(): Errno {
    return 'EBADF'
  }

  protected override release(): void {
    this.#queue.readerGone = true
    this.#queue.chunks = []
    this.#queue.length = 0
    this.#queue.writer?.writable.wake()
  }
}

class WriteEnd extends OpenFile {
  readonly #queue: Queue

  constructor(queue: Queue) {
    super()
    this.#queue = queue
  }

  override get full(): boolean {
    return this.#queue.length >= PIPE_CAPACITY
  }

  protected override readNext(): null {
    return null
  }

  override write(text: string): Errno | null {
    const queue = this.#queue
    if (queue.readerGone || queue.length > PIPE_HARD_MAX) return 'EPIPE'
    if (text === '') return null
    queue.chunks.push(text)
    queue.length += text.length
    queue.reader?.readable.wake()
    return null
  }

  protected override release(): void {
    this.#queue.writerGone = true
    this.#queue.reader?.readable.wake()
  }
}
