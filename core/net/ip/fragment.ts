/**
 * Fragmentation and reassembly (RFC 791 section 3.2, RFC 8200 section 4.5; ip_do_fragment, net/ipv4/ip_fragment.c). A piece is a
 * packet of its own that remembers the whole; only the first one shows ports.
 *
 * Omits: overlapping fragments (they cannot come into being here), limits by memory (a limit by number stands in).
 */
import type { Timer } from '../../sim/clock.ts'
import type { IpAddr } from '../addr/ip.ts'
import type { NetDevice } from '../device/net-device.ts'
import type { NetNamespace } from '../net-namespace.ts'
import { clone, NO_PAYLOAD, type Packet, transportLength } from '../packet/packet.ts'
import { traceDrop, traceNew } from '../packet/packet-trace.ts'
import { ICMP_EXC_FRAG_TIME, ICMP_TIME_EXCEEDED } from './icmp-types.ts'

/** Datagrams that may be in pieces at the same time in one namespace. */
const QUEUES_MAX = 256

export function fragment(ns: NetNamespace, packet: Packet, mtu: number): Packet[] {
  const v6 = typeof packet.src === 'bigint'
  // Every piece but the last is a multiple of eight bytes long; IPv6 needs a fragment header.
  const room = (v6 ? mtu - 48 : mtu - 20) & ~7
  const total = transportLength(packet)
  const headerBytes = total - packet.payload.length
  const pieces: Packet[] = []
  for (let offset = 0; offset < total; offset += room) {
    const bytes = Math.min(room, total - offset)
    const piece = clone(packet)
    piece.cause = packet.id
    piece.whole = packet
    piece.inner = null
    piece.fragmentOffset = offset
    piece.fragmentBytes = bytes
    piece.moreFragments = offset + bytes < total
    const from = Math.max(0, offset - headerBytes)
    const to = Math.max(0, offset + bytes - headerBytes)
    piece.payload = packet.inner ? NO_PAYLOAD : packet.payload.subarray(from, to)
    if (offset > 0) hideTransport(piece)
    traceNew(ns, piece)
    pieces.push(piece)
  }
  return pieces
}

function hideTransport(piece: Packet): void {
  piece.sport = 0
  piece.dport = 0
  piece.icmpType = 0
  piece.icmpCode = 0
  piece.icmpId = 0
  piece.icmpSeq = 0
  piece.quoted = null
}

interface Queue {
  readonly src: IpAddr
  readonly dst: IpAddr
  readonly protocol: number
  readonly ipId: number
  readonly pieces: Packet[]
  timer: Timer
}

/** Pieces that wait for the others. */
export class Reassembly {
  readonly #ns: NetNamespace
  readonly #queues: Queue[] = []

  constructor(ns: NetNamespace) {
    this.#ns = ns
  }

  /** Takes a piece; the whole packet when it was the last one that was missing. */
  add(piece: Packet, dev: NetDevice): Packet | null {
    const queue = this.#queue(piece)
    if (queue.pieces.some((other) => other.fragmentOffset === piece.fragmentOffset)) {
      traceDrop(this.#ns, piece, 'ip_defrag', 'DUP_FRAG', dev.name)
      return null
    }
    queue.pieces.push(piece)
    queue.pieces.sort((a, b) => a.fragmentOffset - b.fragmentOffset)
    if (!isComplete(queue.pieces)) return null
    this.#forget(queue)
    const first = queue.pieces[0]
    const whole = clone(first.whole as Packet)
    // Headers as the first piece brought them; what it carries was never touched on the way.
    whole.etherSrc = first.etherSrc
    whole.etherDst = first.etherDst
    whole.ttl = first.ttl
    whole.src = first.src
    whole.dst = first.dst
    whole.mark = first.mark
    whole.ct = first.ct
    whole.ctInfo = first.ctInfo
    whole.inDev = first.inDev
    whole.physIn = first.physIn
    whole.frameFor = first.frameFor
    return whole
  }

  #queue(piece: Packet): Queue {
    for (const queue of this.#queues) {
      if (queue.ipId === piece.ipId && queue.src === piece.src && queue.dst === piece.dst && queue.protocol === piece.protocol) return queue
    }
    if (this.#queues.length >= QUEUES_MAX) this.#expire(this.#queues[0])
    const clock = this.#ns.world.clock
    const timeUs = this.#ns.sysctl.number('net.ipv4.ipfrag_time') * 1_000_000
    const queue: Queue = {
      src: piece.src,
      dst: piece.dst,
      protocol: piece.protocol,
      ipId: piece.ipId,
      pieces: [],
      timer: clock.afterInBackground(timeUs, () => this.#expire(queue)),
    }
    this.#queues.push(queue)
    return queue
  }

  #forget(queue: Queue): void {
    this.#ns.world.clock.cancel(queue.timer)
    this.#queues.splice(this.#queues.indexOf(queue), 1)
  }

  /** ip_expire: the sender is told only if the first piece is there to be quoted. */
  #expire(queue: Queue): void {
    this.#forget(queue)
    const first = queue.pieces[0]
    if (first?.fragmentOffset === 0) this.#ns.icmp.report(first, ICMP_TIME_EXCEEDED, ICMP_EXC_FRAG_TIME)
    for (const piece of queue.pieces) traceDrop(this.#ns, piece, 'ip_defrag', 'FRAG_REASM_TIMEOUT', '')
  }
}

function isComplete(pieces: readonly Packet[]): boolean {
  let next = 0
  for (const piece of pieces) {
    if (piece.fragmentOffset !== next) return false
    next += piece.fragmentBytes
  }
  return !pieces[pieces.length - 1].moreFragments
}
