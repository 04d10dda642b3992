/**
 * The sending half of a TCP connection: segments in flight, retransmission time-out (RFC 6298), slow start, congestion avoidance,
 * fast retransmit and NewReno recovery (RFC 5681, RFC 6582), zero-window probes (RFC 9293 section 3.8.6.1). Whole-number arithmetic.
 *
 * Omits: CUBIC (Linux's default), SACK, tail loss probes, RACK, Nagle's algorithm (always TCP_NODELAY), pacing, ECN.
 */
import type { Timer } from '../../sim/clock.ts'
import { type Packet, TCP_ACK, TCP_FIN, TCP_PSH, TCP_SYN } from '../packet/packet.ts'
import { ByteQueue } from './byte-queue.ts'
import { seqAdd, seqDistance } from './tcp-state.ts'
import type { TcpSocket } from './tcp-socket.ts'

/** tcp_wmem: what may wait to be acknowledged. */
export const SEND_BUFFER = 262144
/** RFC 6928. */
const INITIAL_WINDOW_SEGMENTS = 10
/** TCP_TIMEOUT_INIT, TCP_RTO_MIN, TCP_RTO_MAX (include/net/tcp.h). */
const RTO_INITIAL_US = 1_000_000
const RTO_MIN_US = 200_000
const RTO_MAX_US = 120_000_000
/** RFC 5681 section 3.2. */
const DUPLICATE_ACKS = 3

interface Segment {
  seq: number
  /** Of the sequence space: SYN and FIN count. */
  length: number
  bytes: number
  flags: number
  sentUs: number
  tries: number
  lost: boolean
  /** The packet that carried it last, and the id of the first one. */
  packet: Packet | null
  packetId: number
}

export class TcpSender {
  readonly #socket: TcpSocket
  readonly #data = new ByteQueue()
  readonly #segments: Segment[] = []
  /** Sequence number of the first byte in `#data`. */
  #dataSeq = 0
  iss = 0
  /** SND.UNA, SND.NXT, SND.WND (scaled). */
  una = 0
  next = 0
  window = 0
  /** The shift of what the peer advertises. */
  scale = 0
  #cwnd = 0
  #ssthresh = 0x7fffffff
  #duplicates = 0
  #recovering = false
  #recover = 0
  #srttUs = 0
  #rttvarUs = 0
  #rtoUs = RTO_INITIAL_US
  #retries = 0
  /** When something was last sent again. */
  #resentUs = -1
  #timer: Timer | null = null
  #probeTimer: Timer | null = null
  #probes = 0
  finQueued = false
  #finSent = false

  constructor(socket: TcpSocket) {
    this.#socket = socket
  }

  start(iss: number): void {
    this.iss = iss
    this.una = iss
    this.next = iss
    this.#dataSeq = seqAdd(iss, 1)
  }

  /** Bytes that the program wrote and the peer has not acknowledged. */
  get unacknowledged(): number {
    return this.#data.length
  }

  get room(): number {
    return Math.max(0, SEND_BUFFER - this.#data.length)
  }

  get finAcknowledged(): boolean {
    return this.#finSent && this.una === this.next
  }

  write(bytes: Uint8Array): void {
    this.#data.push(bytes)
  }

  /** SYN or SYN-ACK. */
  sendSyn(flags: number): void {
    this.#transmitNew(0, flags | TCP_SYN)
  }

  /** Sends what the peer's window and the network's let through. */
  push(): void {
    const mss = this.#socket.mss
    if (this.#cwnd === 0) this.#cwnd = INITIAL_WINDOW_SEGMENTS * mss
    this.#resendLost()
    for (;;) {
      const offset = seqDistance(this.next, this.#dataSeq)
      const waiting = this.#data.length - offset
      if (waiting <= 0 || this.#finSent) break
      const room = Math.min(this.#cwnd - this.#inFlight(), this.window - seqDistance(this.next, this.una))
      const bytes = Math.min(mss, waiting, room)
      if (bytes <= 0) break
      // No crumbs: a window that is nearly full is left to open (RFC 9293 section 3.8.6.2.1).
      if (bytes < mss && bytes < waiting && this.#segments.length > 0) break
      this.#transmitNew(bytes, bytes === waiting ? TCP_PSH | TCP_ACK : TCP_ACK)
    }
    if (this.finQueued && !this.#finSent && seqDistance(this.next, this.#dataSeq) === this.#data.length) {
      this.#finSent = true
      this.#transmitNew(0, TCP_FIN | TCP_ACK)
    }
    this.#watchZeroWindow()
  }

  /** An acceptable acknowledgement. Returns whether it acknowledged anything new. */
  acknowledge(ack: number, window: number, carriesText: boolean): boolean {
    const advanced = seqDistance(ack, this.una)
    const windowChanged = window !== this.window
    this.window = window
    if (window > 0) this.#stopProbing()
    if (advanced <= 0) {
      if (advanced === 0 && !carriesText && !windowChanged && this.#segments.length > 0) this.#duplicateAck()
      return false
    }
    this.una = ack
    this.#dropAcknowledged(ack)
    this.#retries = 0
    this.#duplicates = 0
    const gone = seqDistance(ack, this.#dataSeq)
    if (gone > 0) {
      const bytes = Math.min(gone, this.#data.length)
      this.#data.drop(bytes)
      this.#dataSeq = seqAdd(this.#dataSeq, bytes)
    }
    this.#grow(advanced, ack)
    this.#arm()
    return true
  }

  /** The path takes less than was thought: everything in flight is cut anew and sent again (tcp_v4_mtu_reduced). */
  mtuReduced(): void {
    for (const segment of this.#segments) segment.lost = true
    this.#resendLost()
  }

  stop(): void {
    const clock = this.#socket.clock
    clock.cancel(this.#timer)
    this.#timer = null
    this.#stopProbing()
  }

  #transmitNew(bytes: number, flags: number): void {
    const length = bytes + ((flags & (TCP_SYN | TCP_FIN)) !== 0 ? 1 : 0)
    const segment: Segment = { seq: this.next, length, bytes, flags, sentUs: 0, tries: 0, lost: false, packet: null, packetId: 0 }
    this.#segments.push(segment)
    this.next = seqAdd(this.next, length)
    // Before the neighbour is asked: when both are due at the same moment, the kernel runs this timer first.
    if (!this.#timer) this.#arm()
    this.#transmit(segment)
  }

  #transmit(segment: Segment): void {
    // Still waiting for a neighbour in our own queues: to send it again would only double it (skb_still_in_host_queue).
    if (segment.packet?.queued) {
      segment.lost = false
      return
    }
    const payload = segment.bytes > 0 ? this.#data.slice(seqDistance(segment.seq, this.#dataSeq), segment.bytes) : null
    segment.sentUs = this.#socket.clock.nowUs
    segment.tries += 1
    if (segment.tries > 1) this.#resentUs = segment.sentUs
    segment.lost = false
    segment.packet = this.#socket.transmit(segment.flags, segment.seq, payload, segment.packetId)
    if (segment.packetId === 0) segment.packetId = segment.packet.id
  }

  #resendLost(): void {
    const mss = this.#socket.mss
    for (let i = 0; i < this.#segments.length; i += 1) {
      const segment = this.#segments[i]
      if (!segment.lost) continue
      if (this.#inFlight() + Math.min(segment.bytes, mss) > Math.max(this.#cwnd, mss)) return
      if (segment.bytes > mss) this.#split(i, mss)
      this.#transmit(this.#segments[i])
    }
  }

  #split(at: number, mss: number): void {
    const segment = this.#segments[at]
    const rest: Segment = {
      ...segment,
      seq: seqAdd(segment.seq, mss),
      bytes: segment.bytes - mss,
      length: segment.length - mss,
      lost: true,
      packet: null,
    }
    segment.bytes = mss
    segment.length = mss
    segment.flags &= ~(TCP_PSH | TCP_FIN)
    this.#segments.splice(at + 1, 0, rest)
  }

  #inFlight(): number {
    let bytes = 0
    for (const segment of this.#segments) if (!segment.lost) bytes += segment.bytes
    return bytes
  }

  #dropAcknowledged(ack: number): void {
    while (this.#segments.length > 0) {
      const segment = this.#segments[0]
      const covered = seqDistance(ack, segment.seq)
      if (covered <= 0) return
      if (covered < segment.length) {
        segment.seq = ack
        segment.bytes = Math.max(0, segment.bytes - covered)
        segment.length -= covered
        return
      }
      // Karn: only what was sent once tells the round trip, and only if its acknowledgement did not wait for a hole to be filled.
      if (segment.tries === 1 && segment.sentUs > this.#resentUs) this.#sample(this.#socket.clock.nowUs - segment.sentUs)
      this.#segments.shift()
    }
  }

  /** RFC 6298 section 2, with Linux's lower bound on the variance. */
  #sample(rttUs: number): void {
    if (this.#srttUs === 0) {
      this.#srttUs = Math.max(1, rttUs)
      this.#rttvarUs = rttUs >> 1
    } else {
      this.#rttvarUs += (Math.abs(rttUs - this.#srttUs) - this.#rttvarUs) >> 2
      this.#srttUs = Math.max(1, this.#srttUs + ((rttUs - this.#srttUs) >> 3))
    }
    this.#rtoUs = Math.min(RTO_MAX_US, this.#srttUs + Math.max(RTO_MIN_US, 4 * this.#rttvarUs))
  }

  #grow(acked: number, ack: number): void {
    const mss = this.#socket.mss
    if (this.#cwnd === 0) return
    if (this.#recovering) {
      if (seqDistance(ack, this.#recover) >= 0) {
        this.#recovering = false
        this.#cwnd = this.#ssthresh
      } else {
        // A partial acknowledgement: the next hole is lost too (RFC 6582 section 3.2).
        if (this.#segments.length > 0) this.#segments[0].lost = true
        this.#cwnd = Math.max(mss, this.#cwnd - acked + mss)
      }
      return
    }
    if (this.#cwnd < this.#ssthresh) this.#cwnd += Math.min(acked, mss)
    else this.#cwnd += Math.max(1, Math.floor((mss * mss) / this.#cwnd))
  }

  #duplicateAck(): void {
    this.#duplicates += 1
    const mss = this.#socket.mss
    if (this.#recovering) {
      this.#cwnd += mss
      return
    }
    if (this.#duplicates !== DUPLICATE_ACKS) return
    this.#recovering = true
    this.#recover = this.next
    this.#ssthresh = Math.max(this.#inFlight() >> 1, 2 * mss)
    this.#cwnd = this.#ssthresh + DUPLICATE_ACKS * mss
    this.#segments[0].lost = true
  }

  #arm(): void {
    const clock = this.#socket.clock
    clock.cancel(this.#timer)
    this.#timer = this.#segments.length > 0 ? clock.after(this.#timeoutUs(), () => this.#timeout()) : null
  }

  /** Doubles with each try; the first SYNs may be repeated evenly (tcp_syn_linear_timeouts). */
  #timeoutUs(): number {
    const linear = this.#socket.linearTries
    const doublings = Math.max(0, this.#retries - linear)
    return Math.min(RTO_MAX_US, this.#rtoUs * 2 ** Math.min(doublings, 20))
  }

  #timeout(): void {
    this.#timer = null
    if (this.#segments.length === 0) return
    if (this.#retries >= this.#socket.triesMax) {
      this.#socket.timedOut()
      return
    }
    this.#retries += 1
    const mss = this.#socket.mss
    if (this.#cwnd > 0) {
      if (this.#retries === 1) this.#ssthresh = Math.max(this.#inFlight() >> 1, 2 * mss)
      this.#cwnd = mss
    }
    this.#recovering = false
    this.#duplicates = 0
    for (const segment of this.#segments) segment.lost = true
    this.#socket.retransmitting()
    this.#resendLost()
    this.#arm()
  }

  /** A closed window is asked again and again, ever more seldom; the peer may have all the time in the world. */
  #watchZeroWindow(): void {
    if (this.window > 0 || this.#segments.length > 0 || this.#probeTimer || this.#data.length === 0) return
    const delayUs = Math.min(RTO_MAX_US, this.#rtoUs * 2 ** Math.min(this.#probes, 20))
    this.#probeTimer = this.#socket.clock.afterInBackground(delayUs, () => {
      this.#probeTimer = null
      this.#probes += 1
      this.#socket.transmit(TCP_ACK, seqAdd(this.una, -1), null, 0)
      this.#watchZeroWindow()
    })
  }

  #stopProbing(): void {
    this.#socket.clock.cancel(this.#probeTimer)
    this.#probeTimer = null
    this.#probes = 0
  }
}
