import { expect, test } from 'vitest'
import { journeyOf } from '../../core/view/journey.ts'
import { podView } from '../../core/view/pods.ts'
import { sampleConversation, sampleWorld } from '../../core/view/sample-trace.ts'
import { WorldView } from '../../core/view/world-view.ts'
import { layoutTopology } from './layout.ts'
import { packetPath, svgPath } from './path.ts'

function world() {
  const view = new WorldView()
  const recorder = sampleWorld()
  sampleConversation(recorder)
  view.apply(recorder.drain())
  const layout = layoutTopology(view.topology, view.objects.list('pods').map(podView))
  return { view, layout, of: (no: number) => journeyOf(view.packets.list[no]!, view.names) }
}

test('a packet from outside is drawn from its machine to its pod without a gap', () => {
  const { layout, of } = world()
  const hops = of(0)
  const { segments, places } = packetPath(hops, layout)
  expect(places).toHaveLength(hops.length)
  const client = layout.hosts.find((host) => host.machine.machine === 'client')!
  const pod = layout.cards.flatMap((card) => card.pods).find((one) => one.key.includes('mn5vd'))!
  const start = segments[0]!.points[0]!
  const end = segments.at(-1)!.points.at(-1)!
  expect(start.x).toBeCloseTo(client.x + client.w / 2, -1.5)
  expect([end.x > pod.x && end.x < pod.x + pod.w, end.y > pod.y && end.y < pod.y + pod.h]).toEqual([true, true])
  for (const [index, segment] of segments.entries()) {
    const before = segments[index - 1]
    if (before !== undefined) expect(segment.hop).toBeGreaterThanOrEqual(before.hop)
    for (const [at, point] of segment.points.entries()) {
      const last = segment.points[at - 1]
      if (last !== undefined) expect(point.x === last.x || point.y === last.y).toBe(true)
    }
  }
})

test('where the packet turns round in a machine, its way in and its way out are two lines', () => {
  const { layout, of } = world()
  const worker = layout.cards.find((card) => card.machine.machine === 'worker-1')!
  const hops = of(0)
  const { places } = packetPath(hops, layout)
  const xs = hops.flatMap((hop, index) => (hop.netns === worker.machine.netns && hop.dir !== '' ? [places[index]!.x] : []))
  expect(new Set(xs).size).toBeGreaterThan(1)
})

test('the same hop stands at the same thing in a rack', () => {
  const { view, of } = world()
  const hops = of(0)
  const kinds = (rack: boolean) =>
    packetPath(hops, layoutTopology(view.topology, view.objects.list('pods').map(podView), { rack })).places.map(
      (place) => place?.kind ?? '',
    )
  expect(kinds(true)).toEqual(kinds(false))
})

test('corners are round, ends are exact', () => {
  expect(
    svgPath([
      { x: 0, y: 0 },
      { x: 0, y: 20 },
      { x: 30, y: 20 },
    ]),
  ).toBe('M0 0L0 15Q0 20 5 20L30 20')
  expect(
    svgPath([
      { x: 0, y: 0 },
      { x: 0, y: 4 },
      { x: 30, y: 4 },
    ]),
  ).toBe('M0 0L0 2Q0 4 2 4L30 4')
})
