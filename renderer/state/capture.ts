import { buildFrame, type FrameSource } from '../../core/view/frame-bytes.ts'
import { writePcapng, type CaptureFrame, type CaptureInterface } from '../../core/view/pcapng.ts'
import { tapsOf } from '../../core/view/packets.ts'
import { sayDrop } from '../../core/view/words/reasons.ts'
import { saveFile } from '../ui/save-file.ts'
import { packetList } from './packet-list.svelte.ts'
import { world } from './world.svelte.ts'

/** Virtual time 0 in Unix time: 2026-01-01T00:00:00Z. */
const EPOCH_US = Date.UTC(2026, 0, 1) * 1000

/** Finds a packet as it stood at its last interface up to `seq`. */
export function frameSource(seq: number): FrameSource {
  return (packet) => {
    const record = world.packets.byId.get(packet)
    if (record === undefined) return null
    const taps = tapsOf(record)
    const tap = taps.filter((step) => step.seq <= seq).at(-1) ?? taps[0]
    return tap === undefined ? null : { head: record.head, tap: tap.event }
  }
}

/** The packets of the list, at every interface that they crossed, as a file for Wireshark. */
export function exportPackets(): void {
  const interfaces: CaptureInterface[] = []
  const numbers = new Map<string, number>()
  const frames: (CaptureFrame & { seq: number })[] = []
  for (const record of packetList.rows) {
    for (const { event, atUs, seq } of tapsOf(record)) {
      const key = `${event.netns}/${event.ifindex}`
      let number = numbers.get(key)
      if (number === undefined) {
        number = interfaces.length
        numbers.set(key, number)
        interfaces.push({
          name: `${world.names.label(event.netns)}:${world.names.link(event.netns, event.ifindex)}`,
          description: world.names.machine(event.netns),
        })
      }
      const dropped = record.drop !== null && record.drop.netns === event.netns ? sayDrop('en', record.drop.reason, record.drop.detail) : ''
      frames.push({
        seq,
        interface: number,
        atUs: EPOCH_US + atUs,
        bytes: buildFrame(record.head, event, frameSource(seq)).bytes,
        comment: dropped,
      })
    }
  }
  frames.sort((a, b) => a.seq - b.seq)
  saveFile('vethlab.pcapng', 'application/x-pcapng', writePcapng(interfaces, frames))
}
