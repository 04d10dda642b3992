import { expect, test } from 'vitest'
import { podView } from '../../core/view/pods.ts'
import { sampleWorld } from '../../core/view/sample-trace.ts'
import { WorldView } from '../../core/view/world-view.ts'
import { type Box, layoutTopology } from './layout.ts'

function sample() {
  const view = new WorldView()
  view.apply(sampleWorld().drain())
  return { topology: view.topology, pods: view.objects.list('pods').map(podView) }
}

/** Many workers with as many pods, as the kernels would tell. */
function crowd(workers: number, podsEach: number) {
  const view = new WorldView()
  const recorder = sampleWorld()
  let netns = 1000
  for (let number = 3; number < workers + 3; number += 1) {
    const own = netns++
    recorder.emit(
      { kind: 'machine.add', machine: `worker-${number}`, role: 'worker', netns: own },
      { kind: 'netns.add', netns: own, name: `worker-${number}`, machine: `worker-${number}`, pod: '' },
    )
    for (let pod = 0; pod < podsEach; pod += 1) {
      recorder.emit({
        kind: 'netns.add',
        netns: netns++,
        name: `p${number}-${pod}`,
        machine: `worker-${number}`,
        pod: `default/p${number}-${pod}`,
      })
    }
  }
  view.apply(recorder.drain())
  return { topology: view.topology, pods: view.objects.list('pods').map(podView) }
}

const inside = (inner: Box, outer: Box) =>
  inner.x >= outer.x && inner.y >= outer.y && inner.x + inner.w <= outer.x + outer.w && inner.y + inner.h <= outer.y + outer.h
const overlap = (a: Box, b: Box) => a.x < b.x + b.w && b.x < a.x + a.w && a.y < b.y + b.h && b.y < a.y + a.h

/** What lies over something else or outside of what holds it. */
function faults(layout: ReturnType<typeof layoutTopology>): string[] {
  const found: string[] = []
  const page = { x: 0, y: 0, w: layout.width, h: layout.height }
  const tops = [...layout.hosts, ...layout.cards]
  for (const [index, one] of tops.entries()) {
    if (!inside(one, page)) found.push(`${one.machine.machine} leaves the picture`)
    for (const other of tops.slice(index + 1)) if (overlap(one, other)) found.push(`${one.machine.machine} over ${other.machine.machine}`)
  }
  for (const card of layout.cards) {
    const parts: [string, Box][] = [
      ['stack', card.stack],
      ...(card.nic === null ? [] : ([['nic', card.nic]] as [string, Box][])),
      ...(card.bridge === null ? [] : ([['bridge', card.bridge]] as [string, Box][])),
      ...card.pods.map((pod): [string, Box] => [pod.key, pod]),
    ]
    for (const [index, [name, part]] of parts.entries()) {
      if (!inside(part, card)) found.push(`${name} leaves ${card.machine.machine}`)
      for (const [otherName, other] of parts.slice(index + 1)) if (overlap(part, other)) found.push(`${name} over ${otherName}`)
    }
  }
  return found
}

test('machines, devices and pods each have a place of their own', () => {
  const { topology, pods } = sample()
  const layout = layoutTopology(topology, pods)
  expect(faults(layout)).toEqual([])
  expect(layout.hosts.map((host) => host.machine.machine)).toEqual(['client', 'workstation', 'control-plane'])
  expect(
    layout.cards.map((card) => `${card.machine.machine}: ${card.pods.map((pod) => `${pod.key} ${pod.host?.name ?? '-'}`).join(', ')}`),
  ).toEqual([
    'worker-1: default/frontend-6d4cf-x7k2p veth1f2e77a0, default/frontend-6d4cf-bq9tz veth9c0d11e4, kube-system/coredns-7db6d-hw4cl vethb71a30c5',
    'worker-2: default/frontend-6d4cf-mn5vd veth4c55f190, default/shell veth0aa8b7d2, default/frontend-6d4cf-w8r6j -',
  ])
})

test('the switch of the node network is the line, not a machine', () => {
  const { topology, pods } = sample()
  const layout = layoutTopology(topology, pods)
  expect([...layout.switches].map((netns) => topology.namespaces.get(netns)?.machine)).toEqual(['switch'])
  expect(layout.network).toBe('172.18.0.0/16')
})

test('a rack holds the same things in a fraction of the room', () => {
  const { topology, pods } = crowd(4, 9)
  const full = layoutTopology(topology, pods)
  const rack = layoutTopology(topology, pods, { rack: true })
  expect(faults(full)).toEqual([])
  expect(faults(rack)).toEqual([])
  expect(rack.width * rack.height).toBeLessThan((full.width * full.height) / 3)
  expect(rack.cards.map((card) => card.pods.length)).toEqual(full.cards.map((card) => card.pods.length))
  expect(rack.cards.every((card) => card.pods.every((pod) => pod.folded))).toBe(true)
})

test('a node with more than a dozen pods folds them into squares', () => {
  const { topology, pods } = crowd(1, 60)
  const layout = layoutTopology(topology, pods)
  expect(faults(layout)).toEqual([])
  const crowded = layout.cards.find((card) => card.machine.machine === 'worker-3')!
  expect(crowded.pods).toHaveLength(60)
  expect(crowded.pods[0]!.folded).toBe(true)
  expect(layout.cards[0]!.pods[0]!.folded).toBe(false)
})

test('cards stand in as many columns as the place is wide', () => {
  const { topology, pods } = crowd(6, 3)
  const rows = (aspect: number) => layoutTopology(topology, pods, { rack: true, aspect }).buses.length
  expect([0.3, 1, 2, 12].map(rows)).toEqual([8, 3, 2, 1])
})
