/**
 * The receiving half of a TCP connection: what may be read, what came too early, and the window (RFC 9293 section 3.8.6).
 *
 * Omits: SACK blocks, buffers that grow by themselves (tcp_rcv_space_adjust).
 */
import { ByteQueue } from './byte-queue.ts'
import { seqAdd, seqDistance } from './tcp-state.ts'

/** Half of tcp_rmem's default of 131072, which Linux offers at first. */
export const RECEIVE_BUFFER = 65536
/** The shift that goes with tcp_rmem's maximum of 32 MiB (tcp_select_initial_window). */
export const WINDOW_SCALE = 10
/** Segments that may wait for a missing one. */
const EARLY_MAX = 256

interface Early {
  readonly seq: number
  readonly bytes: Uint8Array
  readonly fin: boolean
}

export class TcpReceiver {
  /** RCV.NXT. */
  next = 0
  /** The shift of what we advertise; 0 when the peer does not scale. */
  scale = 0
  /** Right edge of the window as last advertised. */
  edge = 0
  /** The peer has no more to say. */
  finished = false
  readonly #readable = new ByteQueue()
  readonly #early: Early[] = []

  get readable(): number {
    return this.#readable.length
  }

  /** Bytes that we take beyond RCV.NXT. */
  get window(): number {
    return Math.max(0, RECEIVE_BUFFER - this.#readable.length)
  }

  /** What the peer may still send, as far as it knows. */
  get advertised(): number {
    return Math.max(0, seqDistance(this.edge, this.next))
  }

  /** The window field of a segment that is sent now; what was advertised is never taken back. */
  windowField(): number {
    const window = Math.max(this.window, this.advertised)
    const field = Math.min(65535, window >>> this.scale)
    this.edge = seqAdd(this.next, field << this.scale)
    return field
  }

  take(max: number): Uint8Array {
    return this.#readable.take(max)
  }

  /** Text of a segment: true when RCV.NXT moved. */
  accept(seq: number, bytes: Uint8Array, fin: boolean): boolean {
    const ahead = seqDistance(seq, this.next)
    if (ahead > 0) {
      this.#keep(seq, bytes, fin)
      return false
    }
    const before = this.next
    this.#append(seq, bytes, fin)
    while (this.#early.length > 0 && seqDistance(this.#early[0].seq, this.next) <= 0) {
      const early = this.#early.shift() as Early
      this.#append(early.seq, early.bytes, early.fin)
    }
    return this.next !== before
  }

  #append(seq: number, bytes: Uint8Array, fin: boolean): void {
    if (this.finished) return
    const old = seqDistance(this.next, seq)
    const fresh = old < bytes.length ? bytes.subarray(old, old + Math.max(this.window, this.advertised)) : null
    if (fresh) {
      this.#readable.push(fresh)
      this.next = seqAdd(this.next, fresh.length)
    }
    if (fin && seqDistance(seqAdd(seq, bytes.length), this.next) === 0) {
      this.next = seqAdd(this.next, 1)
      this.finished = true
    }
  }

  #keep(seq: number, bytes: Uint8Array, fin: boolean): void {
    if (this.#early.length >= EARLY_MAX) return
    let at = 0
    while (at < this.#early.length && seqDistance(this.#early[at].seq, seq) < 0) at += 1
    if (this.#early[at]?.seq === seq && this.#early[at].bytes.length >= bytes.length) return
    this.#early.splice(at, 0, { seq, bytes, fin })
  }
}
