/**
 * One TCP connection (RFC 9293; net/ipv4/tcp*.c): its states, its two halves and what a program sees of them.
 *
 * Omits: urgent data, simultaneous open, SYN cookies, fast open, delayed acknowledgements (every text is acknowledged at once),
 * keepalive, PAWS, linger.
 */
import type { Errno } from '../../base/errno.ts'
import type { Clock, Timer } from '../../sim/clock.ts'
import type { IpAddr } from '../addr/ip.ts'
import { outputDevice, routeOutput } from '../ip/output.ts'
import type { NetNamespace } from '../net-namespace.ts'
import { IPPROTO_TCP, NO_PAYLOAD, Packet, TCP_ACK, TCP_FIN, TCP_PSH, TCP_RST, TCP_SYN } from '../packet/packet.ts'
import { traceDeliver, traceDrop } from '../packet/packet-trace.ts'
import type { DropReason } from '../drop-reason.ts'
import { icmpMeaning } from './icmp-errno.ts'
import { NOBODY, type SocketInfo, type SocketOwner } from './socket-owner.ts'
import { replyReset } from './tcp-reset.ts'
import { TcpReceiver, WINDOW_SCALE } from './tcp-receiver.ts'
import { TcpSender } from './tcp-sender.ts'
import { seqAdd, seqDistance, ssState, type TcpState } from './tcp-state.ts'
import type { TcpListener } from './tcp-listener.ts'

/** TCP_TIMEWAIT_LEN. */
const TIME_WAIT_US = 60_000_000
/** tcp_orphan_retries 0 stands for this. */
const ORPHAN_TRIES = 8
/** MSS when the peer names none (RFC 9293 section 3.7.1). */
const DEFAULT_MSS = 536
const TIMESTAMP_BYTES = 12

const ICMP_ERRORS_MAX = 16

export interface TcpIcmpError {
  type: number
  code: number
  from: IpAddr
  mtu: number
  atUs: number
}

export class TcpSocket {
  state: TcpState = 'CLOSED'
  localAddress: IpAddr
  localPort: number
  remoteAddress: IpAddr
  remotePort: number
  error: Errno | null = null
  onChange: (() => void) | null = null
  /** The SYN that began it: sent by us, or received. */
  firstPacketId = 0
  owner: SocketOwner
  mark = 0
  oif = 0
  /** 0: the namespace's default. */
  ttl = 0
  /** The listener that waits for this connection to be made, until it is. */
  listener: TcpListener | null = null
  /** ICMP errors about its segments, oldest first (IP_RECVERR): what a TCP traceroute reads. */
  readonly icmpErrors: TcpIcmpError[] = []
  readonly #ns: NetNamespace
  readonly #sender: TcpSender
  readonly #receiver = new TcpReceiver()
  #peerMss = DEFAULT_MSS
  #timestamps = false
  #tsOffset: number
  #tsRecent = 0
  #ipId: number
  /** Closed by its program: nobody reads any more. */
  #orphan = false
  #softError: Errno | null = null
  #timer: Timer | null = null
  /** The packet that is being answered. */
  #cause = 0
  #progress = false

  constructor(ns: NetNamespace, local: IpAddr, localPort: number, remote: IpAddr, remotePort: number, owner: SocketOwner) {
    this.#ns = ns
    this.localAddress = local
    this.localPort = localPort
    this.remoteAddress = remote
    this.remotePort = remotePort
    this.owner = owner
    const random = ns.random('tcp')
    this.#sender = new TcpSender(this)
    this.#sender.start(random.u32())
    this.#tsOffset = random.u32()
    this.#ipId = random.below(0x10000)
  }

  // --- What a program does -----------------------------------------------------------------------------------------------

  /** Bytes taken; EAGAIN while the buffer is full or the connection is not yet made. */
  send(bytes: Uint8Array): number | Errno {
    if (this.error) return this.error
    if (this.state === 'SYN_SENT' || this.state === 'SYN_RECV') return 'EAGAIN'
    if ((this.state !== 'ESTABLISHED' && this.state !== 'CLOSE_WAIT') || this.#sender.finQueued) return 'EPIPE'
    if (bytes.length === 0) return 0
    const taken = Math.min(bytes.length, this.#sender.room)
    if (taken === 0) return 'EAGAIN'
    this.#sender.write(bytes.slice(0, taken))
    this.#cause = 0
    this.#sender.push()
    return taken
  }

  recv(maxBytes = 65536): Uint8Array | 'again' | 'eof' | Errno {
    if (this.#receiver.readable > 0) {
      const advertised = this.#receiver.advertised
      const bytes = this.#receiver.take(maxBytes)
      // tcp_cleanup_rbuf: tell a peer that waits that there is room again.
      if (this.#synchronized && !this.#receiver.finished && this.#receiver.window >= 2 * advertised && advertised < 2 * this.mss)
        this.#ack()
      return bytes
    }
    if (this.error) return this.error
    if (this.#receiver.finished || this.state === 'CLOSED') return 'eof'
    return this.#orphan ? 'ENOTCONN' : 'again'
  }

  /** No more from us: FIN after what is written. */
  shutdown(): void {
    this.#cause = 0
    if (this.state === 'ESTABLISHED' || this.state === 'SYN_RECV') this.state = 'FIN_WAIT1'
    else if (this.state === 'CLOSE_WAIT') this.state = 'LAST_ACK'
    else {
      if (this.state === 'SYN_SENT') this.destroy()
      return
    }
    this.#sender.finQueued = true
    this.#sender.push()
  }

  /** The program is done with it. What it left unread makes a reset of the close (RFC 2525 section 2.17). */
  close(): void {
    if (this.#orphan) return
    this.onChange = null
    if (this.#receiver.readable > 0) {
      this.abort()
      return
    }
    this.#orphan = true
    this.shutdown()
    if (this.state === 'FIN_WAIT2') this.#waitForFin()
  }

  abort(): void {
    this.onChange = null
    this.#orphan = true
    this.#cause = 0
    const { state } = this
    const told = state === 'ESTABLISHED' || state === 'FIN_WAIT1' || state === 'FIN_WAIT2' || state === 'CLOSE_WAIT' || state === 'SYN_RECV'
    if (told) this.transmit(TCP_RST | TCP_ACK, this.#sender.next, null, 0)
    this.destroy()
  }

  info(): SocketInfo {
    const waiting = this.state === 'TIME_WAIT'
    return {
      protocol: 'tcp',
      state: ssState(this.state),
      local: this.localAddress,
      localPort: this.localPort,
      remote: this.remoteAddress,
      remotePort: this.remotePort,
      recvQ: this.#receiver.readable,
      sendQ: waiting ? 0 : this.#sender.unacknowledged,
      owner: waiting || this.#orphan ? NOBODY : this.owner,
    }
  }

  // --- For its two halves and the table ----------------------------------------------------------------------------------

  get clock(): Clock {
    return this.#ns.world.clock
  }

  /** Bytes of text in a full segment: the smaller of what the peer takes and what the path takes. */
  get mss(): number {
    const ours = this.#advertisedMss(true)
    return Math.max(1, Math.min(this.#peerMss, ours) - (this.#timestamps ? TIMESTAMP_BYTES : 0))
  }

  /** How often a segment is sent again before the connection is given up (tcp_retries2 and its likes). */
  get triesMax(): number {
    const sysctl = this.#ns.sysctl
    if (this.state === 'SYN_SENT') return sysctl.number('net.ipv4.tcp_syn_retries') + this.linearTries
    if (this.state === 'SYN_RECV') return sysctl.number('net.ipv4.tcp_synack_retries')
    if (this.#orphan) return sysctl.number('net.ipv4.tcp_orphan_retries') || ORPHAN_TRIES
    return sysctl.number('net.ipv4.tcp_retries2')
  }

  get linearTries(): number {
    return this.state === 'SYN_SENT' ? this.#ns.sysctl.number('net.ipv4.tcp_syn_linear_timeouts') : 0
  }

  connect(): void {
    this.state = 'SYN_SENT'
    this.#sender.sendSyn(0)
  }

  /** The passive open: answers a SYN. */
  answer(syn: Packet): void {
    this.state = 'SYN_RECV'
    this.firstPacketId = syn.id
    this.#cause = syn.id
    this.#takeOptions(syn)
    this.#receiver.next = seqAdd(syn.seq, 1)
    this.#receiver.edge = this.#receiver.next
    this.#sender.window = syn.window
    this.#sender.sendSyn(TCP_ACK)
  }

  /** Builds a segment and sends it; `original` is the id of the packet that it repeats, or 0. */
  transmit(flags: number, seq: number, payload: Uint8Array | null, original: number): Packet {
    const ns = this.#ns
    const packet = new Packet()
    packet.protocol = IPPROTO_TCP
    packet.cause = original !== 0 ? original : this.#cause
    packet.src = this.localAddress
    packet.dst = this.remoteAddress
    packet.sport = this.localPort
    packet.dport = this.remotePort
    packet.seq = seq
    packet.flags = flags
    packet.df = ns.sysctl.number('net.ipv4.ip_no_pmtu_disc') === 0
    packet.ttl = this.ttl > 0 ? this.ttl : ns.sysctl.defaultTtl
    packet.mark = this.mark
    packet.payload = payload ?? NO_PAYLOAD
    packet.process = this.owner.process
    packet.pid = this.owner.pid
    packet.confirmNeighbour = this.#progress
    this.#progress = false
    if ((flags & TCP_SYN) !== 0) this.#synOptions(packet, (flags & TCP_ACK) === 0)
    else packet.window = (flags & TCP_RST) !== 0 ? 0 : this.#receiver.windowField()
    if ((flags & TCP_ACK) !== 0) packet.ack = this.#receiver.next
    if ((flags & TCP_RST) === 0 && (this.#timestamps || this.state === 'SYN_SENT')) {
      packet.tsVal = this.#timestamp()
      packet.tsEcr = this.#tsRecent
    }
    // The SYN-ACK of a connection that is not yet a socket has identification 0.
    if (this.state !== 'SYN_RECV') {
      this.#ipId = (this.#ipId + 1) & 0xffff
      packet.ipId = this.#ipId
    }
    ns.output(packet, this.oif)
    if (this.firstPacketId === 0) this.firstPacketId = packet.id
    return packet
  }

  retransmitting(): void {
    this.#cause = 0
  }

  /** Nobody answered. */
  timedOut(): void {
    this.#fail(this.#softError ?? 'ETIMEDOUT')
  }

  receive(packet: Packet): void {
    this.#cause = packet.id
    if (this.state === 'SYN_SENT') this.#receiveInSynSent(packet)
    else this.#receiveSynchronized(packet)
  }

  icmpError(error: Packet, quoted: Packet, tooBig: boolean): void {
    if (tooBig) {
      if (this.#synchronized) this.#sender.mtuReduced()
      return
    }
    // Only an error about something in flight counts (RFC 5927 section 4.1).
    if (seqDistance(quoted.seq, this.#sender.una) < 0 || seqDistance(quoted.seq, this.#sender.next) > 0) return
    if (this.icmpErrors.length < ICMP_ERRORS_MAX) {
      this.icmpErrors.push({ type: error.icmpType, code: error.icmpCode, from: error.src, mtu: error.icmpSeq, atUs: this.clock.nowUs })
    }
    const { errno } = icmpMeaning(error)
    if (this.state === 'SYN_SENT') this.#fail(errno)
    else this.#softError = errno
  }

  /** Out of the table, out of the clock. */
  destroy(): void {
    this.state = 'CLOSED'
    this.#sender.stop()
    this.clock.cancel(this.#timer)
    this.#timer = null
    this.#ns.sockets.tcp.remove(this)
    if (this.listener) {
      this.listener.forget(this)
      this.listener = null
    }
  }

  // --- Segments that arrive ----------------------------------------------------------------------------------------------

  get #synchronized(): boolean {
    return this.state !== 'SYN_SENT' && this.state !== 'SYN_RECV' && this.state !== 'CLOSED' && this.state !== 'TIME_WAIT'
  }

  #receiveInSynSent(packet: Packet): void {
    const { flags } = packet
    if ((flags & TCP_ACK) !== 0 && packet.ack !== this.#sender.next) {
      this.#drop(packet, 'TCP_INVALID_SEQUENCE')
      replyReset(this.#ns, packet)
      return
    }
    if ((flags & TCP_RST) !== 0) {
      if ((flags & TCP_ACK) === 0) this.#drop(packet, 'TCP_RESET')
      else {
        this.#deliver(packet)
        this.#fail('ECONNREFUSED')
      }
      return
    }
    if ((flags & (TCP_SYN | TCP_ACK)) !== (TCP_SYN | TCP_ACK)) {
      this.#drop(packet, 'TCP_FLAGS')
      return
    }
    this.#deliver(packet)
    this.#takeOptions(packet)
    this.#receiver.next = seqAdd(packet.seq, 1)
    this.#receiver.edge = this.#receiver.next
    this.#sender.acknowledge(packet.ack, packet.window, false)
    this.state = 'ESTABLISHED'
    this.#progress = true
    this.#ack()
    this.onChange?.()
  }

  /** RFC 9293 section 3.10.7.4, in its order. */
  #receiveSynchronized(packet: Packet): void {
    const { flags } = packet
    const syn = (flags & TCP_SYN) !== 0
    const end = seqAdd(packet.seq, packet.payload.length + (syn ? 1 : 0) + ((flags & TCP_FIN) !== 0 ? 1 : 0))
    const old = seqDistance(end, this.#receiver.next) < 0
    const room = Math.max(this.#receiver.window, this.#receiver.advertised)
    if (old || seqDistance(packet.seq, seqAdd(this.#receiver.next, room)) > 0) {
      this.#drop(packet, old ? 'TCP_OLD_DATA' : 'TCP_INVALID_SEQUENCE')
      if ((flags & TCP_RST) === 0) this.#answerUnacceptable(syn)
      return
    }
    if ((flags & TCP_RST) !== 0) {
      if (packet.seq === this.#receiver.next) {
        this.#deliver(packet)
        this.#reset()
      } else {
        this.#drop(packet, 'TCP_RESET')
        this.#ack()
      }
      return
    }
    if (syn) {
      this.#drop(packet, 'TCP_FLAGS')
      this.#answerUnacceptable(true)
      return
    }
    if ((flags & TCP_ACK) === 0) {
      this.#drop(packet, 'TCP_FLAGS')
      return
    }
    if (seqDistance(packet.ack, this.#sender.next) > 0) {
      this.#drop(packet, 'TCP_INVALID_SEQUENCE')
      if (this.state === 'SYN_RECV') replyReset(this.#ns, packet)
      else this.#ack()
      return
    }
    this.#accept(packet)
  }

  #accept(packet: Packet): void {
    if (this.state === 'SYN_RECV') {
      if (packet.ack !== this.#sender.next) {
        this.#drop(packet, 'TCP_INVALID_SEQUENCE')
        replyReset(this.#ns, packet)
        return
      }
      if (this.listener && !this.listener.established(this)) {
        this.#drop(packet, 'TCP_LISTEN_OVERFLOW')
        return
      }
      this.state = 'ESTABLISHED'
    }
    const text = packet.payload.length
    if (text > 0 && this.#orphan && (this.state === 'FIN_WAIT1' || this.state === 'FIN_WAIT2')) {
      // Nobody will ever read it (RFC 9293 section 3.10.7.4, "if the user has closed").
      this.#drop(packet, 'TCP_ABORT_ON_DATA')
      this.transmit(TCP_RST | TCP_ACK, this.#sender.next, null, 0)
      this.destroy()
      return
    }
    this.#deliver(packet)
    if (this.#timestamps && packet.tsVal > 0 && seqDistance(packet.seq, this.#receiver.next) <= 0) this.#tsRecent = packet.tsVal
    const advanced = this.#sender.acknowledge(packet.ack, packet.window << this.#sender.scale, text > 0)
    if (advanced) {
      this.#progress = true
      this.#softError = null
    }
    this.#afterAcknowledgement()
    if (this.state === 'CLOSED') return
    const fin = (packet.flags & TCP_FIN) !== 0
    const finished = this.#receiver.finished
    let moved = false
    if (text > 0 || fin) moved = this.#receiver.accept(packet.seq, packet.payload, fin)
    if (!finished && this.#receiver.finished) this.#peerFinished()
    else if (this.state === 'TIME_WAIT' && fin) this.#enterTimeWait()
    this.#cause = packet.id
    if (text > 0 || fin) this.#ack()
    if (this.#synchronized) {
      this.#cause = 0
      this.#sender.push()
    }
    if (moved || advanced) this.onChange?.()
  }

  #afterAcknowledgement(): void {
    if (!this.#sender.finAcknowledged) return
    if (this.state === 'FIN_WAIT1') {
      this.state = 'FIN_WAIT2'
      if (this.#orphan) this.#waitForFin()
    } else if (this.state === 'CLOSING') this.#enterTimeWait()
    else if (this.state === 'LAST_ACK') this.destroy()
  }

  #peerFinished(): void {
    if (this.state === 'ESTABLISHED') this.state = 'CLOSE_WAIT'
    else if (this.state === 'FIN_WAIT1') this.state = 'CLOSING'
    else if (this.state === 'FIN_WAIT2') this.#enterTimeWait()
  }

  /** A connection that nobody holds does not wait for the peer's FIN forever (tcp_fin_timeout). */
  #waitForFin(): void {
    this.clock.cancel(this.#timer)
    const waitUs = this.#ns.sysctl.number('net.ipv4.tcp_fin_timeout') * 1_000_000
    this.#timer = this.clock.afterInBackground(waitUs, () => this.destroy())
  }

  #enterTimeWait(): void {
    this.state = 'TIME_WAIT'
    this.#sender.stop()
    this.clock.cancel(this.#timer)
    this.#timer = this.clock.afterInBackground(TIME_WAIT_US, () => this.destroy())
  }

  /** Whether a SYN may begin a new connection over this one in TIME_WAIT (RFC 6191). */
  mayReopen(syn: Packet): boolean {
    return this.state === 'TIME_WAIT' && seqDistance(syn.seq, this.#receiver.next) > 0
  }

  #answerUnacceptable(syn: boolean): void {
    if (this.state === 'SYN_RECV' && syn) this.transmit(TCP_SYN | TCP_ACK, this.#sender.iss, null, 0)
    else this.#ack()
  }

  #reset(): void {
    this.#fail(this.state === 'CLOSE_WAIT' ? 'EPIPE' : 'ECONNRESET')
  }

  #fail(errno: Errno): void {
    this.error = this.state === 'TIME_WAIT' ? null : errno
    this.destroy()
    this.onChange?.()
  }

  #ack(): void {
    this.transmit(TCP_ACK, this.#sender.next, null, 0)
  }

  #takeOptions(packet: Packet): void {
    this.#peerMss = packet.mss > 0 ? packet.mss : DEFAULT_MSS
    this.#timestamps = packet.tsVal > 0
    this.#tsRecent = packet.tsVal
    if (packet.windowScale > 0) {
      this.#sender.scale = packet.windowScale
      this.#receiver.scale = WINDOW_SCALE
    }
  }

  /** The first window is a whole number of full segments (tcp_select_initial_window). */
  #synOptions(packet: Packet, active: boolean): void {
    const mss = this.#advertisedMss(false)
    packet.mss = mss
    packet.sackOk = true
    const unit = active ? mss : mss - (this.#timestamps ? TIMESTAMP_BYTES : 0)
    packet.window = 65535 - (65535 % unit)
    if (active || this.#receiver.scale > 0) packet.windowScale = WINDOW_SCALE
    if (!active) this.#receiver.edge = seqAdd(this.#receiver.next, packet.window)
  }

  /** From the link that the route goes through, less the headers; with `path`, from what the path was found to take. */
  #advertisedMss(path: boolean): number {
    const ns = this.#ns
    const headers = typeof this.remoteAddress === 'bigint' ? 60 : 40
    const route = routeOutput(ns, this.remoteAddress, this.localAddress, this.oif, this.mark, true)
    if (typeof route === 'string') return DEFAULT_MSS
    const device = outputDevice(ns, route).mtu
    const mtu = Math.min(65535, route.mtu > 0 ? Math.min(route.mtu, device) : device)
    return (path ? ns.pathMtu.limit(this.remoteAddress, mtu) : mtu) - headers
  }

  /** Milliseconds, from a random start per connection. */
  #timestamp(): number {
    return (Math.floor(this.clock.nowUs / 1000) + this.#tsOffset) >>> 0 || 1
  }

  #deliver(packet: Packet): void {
    traceDeliver(this.#ns, packet, 'tcp', this.localPort, this.owner.pid, this.owner.process)
  }

  #drop(packet: Packet, reason: DropReason): void {
    traceDrop(this.#ns, packet, 'tcp', reason, this.state)
  }
}

/** Flags as tcpdump writes them. */
export function tcpFlags(flags: number): string {
  let text = ''
  if ((flags & TCP_SYN) !== 0) text += 'S'
  if ((flags & TCP_FIN) !== 0) text += 'F'
  if ((flags & TCP_RST) !== 0) text += 'R'
  if ((flags & TCP_PSH) !== 0) text += 'P'
  if ((flags & TCP_ACK) !== 0) text += '.'
  return text === '' ? 'none' : text
}
