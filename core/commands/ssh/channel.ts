/** One end of an ssh connection: frames queued for sending, and a wait that ends when something came or something can go. */
import { type Errno, isErrno } from '../../base/errno.ts'
import { socketChange, type TcpSocket } from '../../linux/libc/sockets.ts'
import { firstOf, type Wait, WaitQueue } from '../../linux/wait.ts'
import { encodeFrame, type Frame, type FrameKind, FrameReader } from './frame.ts'

/** More than this unsent, and a polite writer waits. */
const QUEUE_BYTES_MAX = 65536

export class Channel {
  readonly #socket: TcpSocket
  readonly #reader = new FrameReader()
  readonly #queued = new WaitQueue()
  #outgoing: Uint8Array[] = []
  #unframed: { kind: FrameKind; pieces: string[]; length: number } | null = null
  #outgoingBytes = 0
  /** Something was queued since the last `pump`. */
  #fresh = false
  /** The connection is over: closed by the peer, reset, or timed out. */
  closed = false
  /** Why, when it was no orderly end. */
  error: Errno | null = null

  constructor(socket: TcpSocket, greeting: Uint8Array) {
    this.#socket = socket
    this.#enqueue(greeting)
  }

  get version(): string {
    return this.#reader.version
  }

  get bad(): boolean {
    return this.#reader.bad
  }

  get full(): boolean {
    return this.#outgoingBytes + (this.#unframed?.length ?? 0) > QUEUE_BYTES_MAX
  }

  get idle(): boolean {
    return this.#outgoing.length === 0 && this.#unframed === null
  }

  /** Consecutive pieces of one stream travel in one frame. */
  send(kind: FrameKind, text: string): void {
    const last = this.#unframed
    if (last?.kind === kind && (kind === 'data' || kind === 'error') && last.length < QUEUE_BYTES_MAX) {
      last.pieces.push(text)
      last.length += text.length
    } else {
      this.#frame()
      this.#unframed = { kind, pieces: [text], length: text.length }
    }
    this.#fresh = true
    this.#queued.wake()
  }

  #frame(): void {
    const last = this.#unframed
    this.#unframed = null
    if (last) this.#enqueue(encodeFrame(last.kind, last.pieces.join('')))
  }

  /** Sends what can go and takes what has come. */
  pump(): void {
    this.#fresh = false
    this.#frame()
    while (this.#outgoing.length > 0) {
      const [bytes] = this.#outgoing
      const sent = this.#socket.send(bytes)
      if (sent === 'EAGAIN' || sent === 0) break
      if (isErrno(sent)) {
        this.closed = true
        this.error = sent
        this.#outgoing = []
        break
      }
      this.#outgoingBytes -= sent
      if (sent === bytes.length) this.#outgoing.shift()
      else this.#outgoing[0] = bytes.slice(sent)
    }
    for (;;) {
      const got = this.#socket.recv()
      if (got === 'again') return
      if (!(got instanceof Uint8Array)) {
        this.closed = true
        if (got !== 'eof') this.error = got
        return
      }
      this.#reader.push(got)
    }
  }

  next(): Frame | null {
    return this.#reader.next()
  }

  /** Ends when the socket or the queue changed, or one of `others`. */
  change(...others: readonly Wait[]): Wait {
    const now: Wait = { start: (wake) => { wake(); return () => {} } }
    return firstOf(...(this.#fresh ? [now] : []), socketChange(this.#socket), this.#queued.wait, ...others)
  }

  #enqueue(bytes: Uint8Array): void {
    this.#fresh = true
    this.#outgoing.push(bytes)
    this.#outgoingBytes += bytes.length
  }
}
