import { expect, test } from 'vitest'
import { objectTable } from './object-table.ts'
import { podView } from './pods.ts'
import { sampleConversation, sampleNetwork, SampleRecorder, sampleObjects, sampleWorld } from './sample-trace.ts'
import { serviceMap } from './service-map.ts'
import { REASONS_EN } from './words/reasons-en.ts'
import { REASONS_ZH } from './words/reasons-zh.ts'
import { say } from './words/say.ts'
import { WorldView, type Moment } from './world-view.ts'

/** Everything of a moment that a screen can show, as text. */
function picture(moment: Moment): string {
  const lines: string[] = []
  for (const namespace of moment.topology.namespaces.values()) {
    lines.push(`${namespace.machine} ${namespace.name} ${namespace.pod}`)
    for (const link of moment.topology.linksOf(namespace.netns))
      lines.push(`  ${link.ifindex} ${link.name} ${link.linkKind} ${link.up ? 'up' : 'down'} ${link.addresses.join(' ')}`)
    for (const route of moment.kernel.routes.get(namespace.netns)?.values() ?? []) lines.push(`  route ${route.prefix} ${route.via}`)
  }
  for (const [resource, entries] of moment.objects.byResource) lines.push(`${resource}: ${[...entries.keys()].join(' ')}`)
  return lines.join('\n')
}

test('a table per kind, in the columns of kubectl', () => {
  const view = new WorldView()
  view.apply(sampleWorld().drain())
  const table = objectTable(view.objects, 'pods')
  expect([table.columns.join(' '), ...table.rows.map((row) => `${row.key} ${row.cells.join(' ')} ${row.tone}`)]).toEqual([
    'READY STATUS RESTARTS IP NODE',
    'default/frontend-6d4cf-bq9tz 1/1 Running 0 10.244.1.3 worker-1 ready',
    'default/frontend-6d4cf-mn5vd 1/1 Running 0 10.244.2.4 worker-2 ready',
    'default/frontend-6d4cf-w8r6j 0/1 ContainerCreating 0  worker-2 waiting',
    'default/frontend-6d4cf-x7k2p 1/1 Running 0 10.244.1.2 worker-1 ready',
    'default/shell 1/1 Running 0 10.244.2.2 worker-2 ready',
    'kube-system/coredns-7db6d-hw4cl 1/1 Running 0 10.244.1.4 worker-1 ready',
    'kube-system/kube-proxy-n7m4d 1/1 Running 0 172.18.0.3 worker-2 ready',
    'kube-system/kube-proxy-p2x8k 1/1 Running 0 172.18.0.3 worker-1 ready',
  ])
  expect(objectTable(view.objects, 'services').rows.map((row) => row.cells.join(' '))).toEqual([
    'NodePort 10.96.41.7 <none> 8080:31002/TCP',
  ])
})

test('a pod is called by its owner, the rest of its name below', () => {
  const view = new WorldView()
  view.apply(sampleWorld().drain())
  const names = view.objects
    .list('pods')
    .map(podView)
    .map((pod) => `${pod.title} / ${pod.subtitle}`)
  expect(names.slice(3, 6)).toEqual(['frontend / 6d4cf-mn5vd', 'shell / busybox', 'frontend / 6d4cf-w8r6j'])
})

test('a Service leads to its endpoints and to the chains that were made for it', () => {
  const view = new WorldView()
  view.apply(sampleWorld().drain())
  const [service] = serviceMap(view.objects, view.kernel)
  expect(service?.endpoints.map((one) => `${one.address}:${one.ports} ${one.node} ${one.pod}`)).toEqual([
    '10.244.1.2:8080 worker-1 default/frontend-6d4cf-x7k2p',
    '10.244.1.3:8080 worker-1 default/frontend-6d4cf-bq9tz',
    '10.244.2.4:8080 worker-2 default/frontend-6d4cf-mn5vd',
  ])
  expect(service?.chains.map((one) => `${one.netns} ${one.chain}`)).toHaveLength(6)
})

test('scrubbing to any moment shows what a fold up to there shows, checkpoints or not', () => {
  const recorder = new SampleRecorder()
  sampleNetwork(recorder)
  // Enough to cross several checkpoints, with things that go again.
  for (let round = 0; round < 3000; round += 1) {
    recorder.wait(1000)
    recorder.emit({ kind: 'addr.add', netns: 5, ifindex: 3, cidr: `10.9.${round >> 8}.${round & 255}/32` })
    recorder.emit({
      kind: 'route.add',
      netns: 5,
      table: 'main',
      type: 'unicast',
      prefix: `10.9.${round >> 8}.${round & 255}/32`,
      via: '',
      ifindex: 3,
      src: '',
      protocol: 'boot',
      metric: 0,
    })
    if (round > 2) recorder.emit({ kind: 'addr.del', netns: 5, ifindex: 3, cidr: `10.9.${(round - 3) >> 8}.${(round - 3) & 255}/32` })
  }
  sampleObjects(recorder)
  recorder.emit({ kind: 'netns.del', netns: 11 })
  const batch = recorder.drain()
  const whole = new WorldView()
  whole.apply(batch)
  for (const atUs of [0, 1, 999_000, 1_000_000, 2_500_500, 2_999_000, batch.nowUs - 1, batch.nowUs]) {
    const count = batch.atUs.filter((time) => time <= atUs).length
    const partial = new WorldView()
    partial.apply({ ...batch, events: batch.events.slice(0, count), atUs: batch.atUs.slice(0, count) })
    expect(picture(whole.at(atUs))).toBe(picture(partial))
  }
  expect(picture(whole.at(batch.nowUs))).not.toContain('cni-11')
  // Looking back changes nothing of the present.
  expect(picture(whole)).toBe(picture(whole.at(batch.nowUs)))
})

test('a batch names the parts that it changed, and no others', () => {
  const view = new WorldView()
  const recorder = sampleWorld()
  view.apply(recorder.drain())
  sampleConversation(recorder)
  expect([...view.apply(recorder.drain())].sort()).toEqual(['packets', 'timeline'])
  recorder.emit(
    { kind: 'tty.open', tty: '3:default/shell/sh', machine: 'worker-2' },
    { kind: 'tty.out', tty: '3:default/shell/sh', text: '/ # ' },
  )
  expect([...view.apply(recorder.drain())].sort()).toEqual(['output', 'terminals', 'timeline'])
  expect(view.desk.terminals.get('3:default/shell/sh')).toMatchObject({
    machine: 'worker-2',
    pod: 'default/shell/sh',
    text: '/ # ',
    printed: 4,
  })
})

test('sentences in every language have the same gaps', () => {
  const gaps = (text: string) => [...text.matchAll(/\{(\w+)/g)].map((match) => match[1]).sort((a, b) => (a! < b! ? -1 : 1))
  for (const [key, english] of Object.entries(REASONS_EN))
    expect({ key, gaps: gaps(REASONS_ZH[key as keyof typeof REASONS_EN]) }).toEqual({ key, gaps: gaps(english) })
})

test('counting follows the language', () => {
  const russian = '{n} {n#пакет|пакета|пакетов}'
  expect([1, 2, 5, 11, 21, 22, 112].map((n) => say('ru', russian, { n }))).toEqual([
    '1 пакет',
    '2 пакета',
    '5 пакетов',
    '11 пакетов',
    '21 пакет',
    '22 пакета',
    '112 пакетов',
  ])
  expect([1, 2].map((n) => say('en', '{n} {n#packet|packets}', { n }))).toEqual(['1 packet', '2 packets'])
  expect(say('zh', '{n} {n#个|个们}', { n: 2 })).toBe('2 个')
})
