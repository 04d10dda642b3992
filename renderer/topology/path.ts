import type { Hop } from '../../core/view/journey.ts'
import type { CardBox, Layout } from './layout.ts'

export interface Point {
  x: number
  y: number
}

export interface Segment {
  points: Point[]
  /** The hop whose event drew it. */
  hop: number
  /** From tunnel to tunnel: no cable is there, the packet travels inside another one. */
  tunnel: boolean
}

export interface PacketPath {
  segments: Segment[]
  /** Where each hop stands. */
  places: (Place | null)[]
}

export interface Place extends Point {
  kind: 'nic' | 'stack' | 'device' | 'veth' | 'pod' | 'bus'
  /** A machine that is drawn as a box above the line. */
  outside?: boolean
  /** In a card of a rack, where there is less room for a label. */
  rack?: boolean
}

interface Anchor extends Place {
  row: number
  card: CardBox | null
}

const LANE = 9
/** Where a pod's cable meets it, from its left edge: the name of the cable stands at its right. */
export const VETH_X = 18

/** Namespaces that the packet enters and leaves by the same device: there it gets two lanes. */
function throughNamespaces(hops: readonly Hop[]): Set<number> {
  const entered = new Set<string>()
  const through = new Set<number>()
  for (const hop of hops) {
    if (hop.dir === 'in') entered.add(`${hop.netns}/${hop.ifindex}`)
    else if (hop.dir === 'out' && entered.has(`${hop.netns}/${hop.ifindex}`)) through.add(hop.netns)
  }
  return through
}

/** Turns hops into lines between the things that are drawn. Each piece starts where the packet really came from. */
export function packetPath(hops: readonly Hop[], layout: Layout): PacketPath {
  const segments: Segment[] = []
  const places: (Place | null)[] = []
  const last = new Map<number, Anchor>()
  const through = throughNamespaces(hops)
  let lastOut: Anchor | null = null
  let previous: Anchor | null = null
  for (const hop of hops) {
    const anchor = anchorOf(hop, layout, last.get(hop.netns) ?? null, through.has(hop.netns) ? LANE : 0)
    places.push(anchor === null || anchor.card?.rack !== true ? anchor : { ...anchor, rack: true })
    if (anchor === null) continue
    const from = origin(hop, anchor, last, lastOut, previous)
    if (from !== null && (from.x !== anchor.x || from.y !== anchor.y))
      segments.push({ hop: hop.index, points: connect(from, anchor, layout), tunnel: isTunnel(from, anchor) })
    last.set(hop.netns, anchor)
    if (anchor.kind === 'nic' && hop.dir === 'out') lastOut = anchor
    previous = anchor
  }
  return { segments, places }
}

function origin(
  hop: Hop,
  anchor: Anchor,
  last: ReadonlyMap<number, Anchor>,
  lastOut: Anchor | null,
  previous: Anchor | null,
): Anchor | null {
  if (anchor.kind === 'nic' && hop.dir === 'in') return lastOut ?? previous
  if ((anchor.kind === 'pod' || anchor.kind === 'veth') && hop.dir === 'in') return previous
  return last.get(hop.netns) ?? previous
}

function anchorOf(hop: Hop, layout: Layout, before: Anchor | null, lane: number): Anchor | null {
  if (layout.switches.has(hop.netns)) return null
  for (const host of layout.hosts) {
    if (host.machine.netns !== hop.netns) continue
    return {
      x: host.x + host.w / 2 + (hop.dir === 'in' ? -lane : lane),
      y: host.y + host.h - 4,
      kind: 'nic',
      row: 0,
      card: null,
      outside: true,
    }
  }
  for (const card of layout.cards) {
    if (card.machine.netns === hop.netns) return onMachine(hop, card, before, lane)
    const pod = card.pods.find((one) => one.netns === hop.netns)
    if (pod !== undefined) return { x: pod.x + vethX(pod), y: pod.y + Math.min(10, pod.h / 2), kind: 'pod', row: card.row, card }
  }
  return null
}

export function vethX(pod: { w: number; folded: boolean }): number {
  return pod.folded ? pod.w / 2 : VETH_X
}

function onMachine(hop: Hop, card: CardBox, before: Anchor | null, lane: number): Anchor {
  const nicX = card.nic === null ? card.x + card.w / 2 : card.nic.x + card.nic.w / 2
  if (hop.ifindex !== 0) {
    if (card.nic !== null && card.nic.link.ifindex === hop.ifindex) {
      return { x: nicX + (hop.dir === 'in' ? -lane : lane), y: card.nic.y + card.nic.h / 2, kind: 'nic', row: card.row, card }
    }
    for (const device of [...(card.bridge === null ? [] : [card.bridge]), ...card.devices]) {
      if (device.link.ifindex !== hop.ifindex) continue
      const x = before !== null && before.x > device.x && before.x < device.x + device.w ? before.x : device.x + device.w / 2
      return { x, y: device.y + device.h / 2, kind: 'device', row: card.row, card }
    }
    const pod = card.pods.find((one) => one.host?.ifindex === hop.ifindex)
    if (pod !== undefined) return { x: pod.x + vethX(pod), y: pod.y - (pod.folded ? 5 : 12), kind: 'veth', row: card.row, card }
  }
  const x = before === null ? nicX + lane : before.kind === 'nic' || before.kind === 'stack' ? before.x : nicX + lane
  return { x, y: card.stack.y + card.stack.h / 2, kind: 'stack', row: card.row, card }
}

function isTunnel(from: Anchor, to: Anchor): boolean {
  return from.kind === 'device' && to.kind === 'device' && from.card !== to.card
}

function connect(from: Anchor, to: Anchor, layout: Layout): Point[] {
  const start = { x: from.x, y: from.y }
  const end = { x: to.x, y: to.y }
  if (from.kind === 'nic' && to.kind === 'nic' && from.card !== to.card) return [start, ...overBus(from, to, layout), end]
  if (isTunnel(from, to) && from.card !== null) {
    // Over the other devices of its row, not through them.
    const y = from.card.stack.y + from.card.stack.h + Math.round((from.y - from.card.stack.y - from.card.stack.h) / 4)
    return [start, { x: from.x, y }, { x: to.x, y }, end]
  }
  if (from.x === to.x || from.y === to.y) return [start, end]
  if (to.kind === 'veth' && from.kind !== 'pod' && to.card !== null) {
    // Down the gutter beside the cards above, then over to the pod: lines never cross cards.
    const turn = from.kind === 'device' ? from.y : to.card.stack.y + to.card.stack.h + 11
    return [start, { x: from.x, y: turn }, { x: to.x, y: turn }, end]
  }
  const bridge = from.kind === 'veth' && to.kind === 'stack' ? (to.card?.bridge ?? null) : null
  if (bridge !== null) {
    const y = bridge.y + bridge.h / 2
    return [start, { x: from.x, y }, { x: to.x, y }, end]
  }
  if (from.kind === 'veth' || from.kind === 'pod') return [start, { x: from.x, y: to.y }, end]
  return [start, { x: to.x, y: from.y }, end]
}

function overBus(from: Anchor, to: Anchor, layout: Layout): Point[] {
  const yFrom = layout.buses.find((bus) => bus.row === from.row)?.y ?? 0
  const yTo = layout.buses.find((bus) => bus.row === to.row)?.y ?? 0
  if (yFrom === yTo)
    return [
      { x: from.x, y: yFrom },
      { x: to.x, y: yFrom },
    ]
  return [
    { x: from.x, y: yFrom },
    { x: layout.trunkX, y: yFrom },
    { x: layout.trunkX, y: yTo },
    { x: to.x, y: yTo },
  ]
}

export function svgPath(points: readonly Point[], radius = 5): string {
  let path = `M${points[0]!.x} ${points[0]!.y}`
  for (let index = 1; index < points.length; index += 1) {
    const point = points[index]!
    const next = points[index + 1]
    const before = points[index - 1]!
    if (next === undefined) {
      path += `L${point.x} ${point.y}`
      continue
    }
    const inLength = Math.hypot(point.x - before.x, point.y - before.y)
    const outLength = Math.hypot(next.x - point.x, next.y - point.y)
    const r = Math.min(radius, inLength / 2, outLength / 2)
    const a = r === 0 ? point : { x: point.x + ((before.x - point.x) / inLength) * r, y: point.y + ((before.y - point.y) / inLength) * r }
    const b = r === 0 ? point : { x: point.x + ((next.x - point.x) / outLength) * r, y: point.y + ((next.y - point.y) / outLength) * r }
    path += `L${a.x} ${a.y}Q${point.x} ${point.y} ${b.x} ${b.y}`
  }
  return path
}
