/**
 * A captured packet: what never changes (`packet.new`) with what it looked like at one interface (`packet.tap`). The capture
 * watches the trace, as a packet socket watches the device; it changes nothing.
 */
import type { PacketNew, PacketTap } from '../../sim/trace-event.ts'
import type { Trace } from '../../sim/trace.ts'

/** Packets remembered between their birth and their last crossing. */
const REMEMBERED_MAX = 8192

export interface Captured {
  born: PacketNew
  tap: PacketTap
  atUs: number
  /** What an ICMP error quotes, as it looked when it was last seen before. */
  quoted: { born: PacketNew; tap: PacketTap | null } | null
  /** What a tunnel packet carries. */
  inner: PacketNew | null
}

/** Calls `onPacket` for each crossing of an interface of `netns`; the returned function ends it. */
export function watchPackets(trace: Trace, netns: number, onPacket: (packet: Captured) => void): () => void {
  const born = new Map<number, PacketNew>()
  const lastTap = new Map<number, PacketTap>()
  return trace.observe((event, atUs) => {
    if (event.kind === 'packet.new') {
      born.set(event.packet, event)
      if (born.size > REMEMBERED_MAX) {
        const oldest = born.keys().next().value as number
        born.delete(oldest)
        lastTap.delete(oldest)
      }
      return
    }
    if (event.kind !== 'packet.tap') return
    const known = born.get(event.packet)
    if (known) {
      if (event.netns === netns) {
        const error = (known.protocol === 1 && [3, 4, 5, 11, 12].includes(known.icmpType)) || (known.protocol === 58 && known.icmpType < 128)
        const cause = error ? born.get(known.cause) : undefined
        onPacket({
          born: known, tap: event, atUs,
          quoted: cause ? { born: cause, tap: lastTap.get(cause.packet) ?? null } : null,
          inner: known.inner === 0 ? null : (born.get(known.inner) ?? null),
        })
      }
      lastTap.set(event.packet, event)
    }
  })
}
