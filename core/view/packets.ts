/**
 * Every packet with everything that happened to it, in the order of the kernel, and the flows that packets belong to across
 * address translation.
 *
 * Truth: the `packet.*` trace events.
 * Omits: nothing is joined by guess; two tuples are one flow only where a `packet.nat` event says so.
 */
import type { PacketDrop, PacketNew, PacketTap, TraceEvent } from '../sim/trace-event.ts'
import { packetInfo, protocolOf } from './packet-info.ts'

export type PacketEvent = Extract<TraceEvent, { packet: number; netns: number }>

export interface PacketStep {
  atUs: number
  seq: number
  event: PacketEvent
}

export type PacketFate = 'moving' | 'delivered' | 'dropped'

export interface PacketRecord {
  readonly id: number
  /** Place in the list from 1. */
  readonly no: number
  readonly atUs: number
  readonly head: PacketNew
  readonly steps: PacketStep[]
  /** Set by the last `packet.deliver` or `packet.drop`; a flooded copy that died does not hide a delivery. */
  fate: PacketFate
  translated: boolean
  drop: PacketDrop | null
  lastUs: number
  readonly protocol: string
  info: string
  /** Length of the frame on the first wire it crossed. */
  length: number
  /** Key into the union of tuples; ask `flowOf`. */
  readonly tuple: string
  /** Whether the sender opened the flow. */
  forward: boolean
  /** The process that opened the flow, '' when a kernel did. */
  readonly opener: string
}

interface FlowState {
  initiator: string
  seqForward: number
  seqBackward: number
  packets: number
  opener: string
}

const ETHERNET_HEADER_BYTES = 14

export class PacketsFold {
  readonly list: PacketRecord[] = []
  readonly byId = new Map<number, PacketRecord>()
  readonly #parents = new Map<string, string>()
  readonly #flows = new Map<string, FlowState>()
  drops = 0
  /** Time of the last packet event. */
  lastUs = 0

  /** Returns whether the event was about a packet. */
  apply(event: TraceEvent, atUs: number, seq: number): boolean {
    this.lastUs = atUs
    if (event.kind === 'packet.new') {
      this.#add(event, atUs, seq)
      return true
    }
    if (!isPacketEvent(event)) return false
    const record = this.byId.get(event.packet)
    if (record === undefined) return false
    record.steps.push({ atUs, seq, event })
    record.lastUs = atUs
    switch (event.kind) {
      case 'packet.tap':
        if (record.length === 0) record.length = event.length + ETHERNET_HEADER_BYTES
        break
      case 'packet.nat':
        record.translated = true
        this.#join(event.from, event.to, record.head.protocol)
        break
      case 'packet.deliver':
        record.fate = 'delivered'
        break
      case 'packet.drop':
        if (record.fate !== 'delivered') record.fate = 'dropped'
        record.drop = event
        this.drops += 1
    }
    return true
  }

  flowOf(record: PacketRecord): string {
    return this.#root(record.tuple)
  }

  /** First index whose packet was born after `atUs`: the list in the past is the list up to there. */
  countUntil(atUs: number): number {
    let low = 0
    let high = this.list.length
    while (low < high) {
      const middle = (low + high) >> 1
      if (this.list[middle]!.atUs <= atUs) low = middle + 1
      else high = middle
    }
    return low
  }

  #add(head: PacketNew, atUs: number, seq: number): void {
    const tuple = tupleKey(head.protocol, `${head.src}:${head.sport}`, `${head.dst}:${head.dport}`)
    const root = this.#root(tuple)
    const source = `${head.src}:${head.sport}`
    let flow = this.#flows.get(root)
    if (flow === undefined) {
      flow = { initiator: source, seqForward: head.seq, seqBackward: -1, packets: 0, opener: head.process }
      this.#flows.set(root, flow)
    }
    flow.packets += 1
    const forward = flow.initiator === source
    const SYN = 2
    if (head.protocol === 6 && (head.flags & SYN) !== 0) {
      if (forward) flow.seqForward = head.seq
      else flow.seqBackward = head.seq
    }
    if (!forward && flow.seqBackward < 0) flow.seqBackward = head.seq
    const base = forward ? { seq: flow.seqForward, ack: flow.seqBackward } : { seq: flow.seqBackward, ack: flow.seqForward }
    const record: PacketRecord = {
      id: head.packet,
      no: this.list.length + 1,
      atUs,
      head,
      steps: [{ atUs, seq, event: head }],
      fate: 'moving',
      translated: false,
      drop: null,
      lastUs: atUs,
      protocol: protocolOf(head),
      info: packetInfo(head, base),
      length: 0,
      tuple,
      forward,
      opener: flow.opener,
    }
    this.list.push(record)
    this.byId.set(head.packet, record)
  }

  #root(key: string): string {
    let at = key
    for (let parent = this.#parents.get(at); parent !== undefined; parent = this.#parents.get(at)) at = parent
    return at
  }

  #join(from: string, to: string, protocol: number): void {
    const a = this.#root(natKey(protocol, from))
    const b = this.#root(natKey(protocol, to))
    if (a === b) return
    this.#parents.set(b, a)
    const flowA = this.#flows.get(a)
    const flowB = this.#flows.get(b)
    if (flowA === undefined && flowB !== undefined) this.#flows.set(a, flowB)
    this.#flows.delete(b)
  }
}

export function isPacketEvent(event: TraceEvent): event is PacketEvent {
  return event.kind.startsWith('packet.')
}

/** Taps alone: the interfaces that the packet crossed. */
export function tapsOf(record: PacketRecord): (PacketStep & { event: PacketTap })[] {
  return record.steps.filter((step): step is PacketStep & { event: PacketTap } => step.event.kind === 'packet.tap')
}

function tupleKey(protocol: number, a: string, b: string): string {
  return a < b ? `${protocol} ${a} ${b}` : `${protocol} ${b} ${a}`
}

function natKey(protocol: number, text: string): string {
  const arrow = text.indexOf('->')
  return tupleKey(protocol, text.slice(0, arrow), text.slice(arrow + 2))
}
