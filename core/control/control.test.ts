import { expect, test } from 'vitest'
import { cloneJson } from '../api/meta/json.ts'
import type { CronJob, DaemonSet, Endpoints, EndpointSlice, Job, Node, Pod, Service, StatefulSet } from '../api/types/index.ts'
import { ControlWorld } from '../../test/support/control-world.ts'

const template = (labels: Record<string, string>, container: object = {}) => ({
  metadata: { labels },
  spec: { containers: [{ name: 'c', image: 'nginx', ports: [{ name: 'http', containerPort: 8080 }], ...container }] },
})

function replicaSet(name: string, replicas: number, labels = { app: name }, container: object = {}) {
  return {
    apiVersion: 'apps/v1',
    kind: 'ReplicaSet',
    metadata: { name },
    spec: { replicas, selector: { matchLabels: labels }, template: template(labels, container) },
  }
}

function change<T extends { metadata: { name: string } }>(
  world: ControlWorld,
  resource: string,
  name: string,
  edit: (draft: T) => void,
): void {
  const draft = cloneJson(world.client.get(resource, 'default', name))
  edit(draft as unknown as T)
  world.client.update(resource, draft)
  world.settle()
}

test('a service follows its pods: endpoints and slices, by named port', () => {
  const world = new ControlWorld()
  world.apply(replicaSet('web', 2))
  world.apply({
    apiVersion: 'v1',
    kind: 'Service',
    metadata: { name: 'web' },
    spec: { selector: { app: 'web' }, ports: [{ port: 80, targetPort: 'http' }] },
  } as never)
  const service = world.client.get<Service>('services', 'default', 'web')
  expect(service.spec.clusterIP).toMatch(/^10\.96\.\d+\.\d+$/)
  const ips = world
    .pods()
    .map((p) => p.status.podIP!)
    .sort()
  const endpoints = world.client.get<Endpoints>('endpoints', 'default', 'web')
  expect(endpoints.subsets?.map((s) => [s.addresses?.map((a) => a.ip).sort(), s.ports])).toEqual([[ips, [{ port: 8080, protocol: 'TCP' }]]])
  const slices = () => world.client.list<EndpointSlice>('endpointslices.discovery.k8s.io', { namespace: 'default' }).items
  expect(slices().map((s) => [s.endpoints?.map((e) => e.addresses[0]).sort(), s.ports, s.metadata.ownerReferences?.[0]?.kind])).toEqual([
    [ips, [{ name: '', protocol: 'TCP', port: 8080 }], 'Service'],
  ])
  change(world, 'replicasets.apps', 'web', (rs: { metadata: { name: string }; spec: { replicas: number } }) => {
    rs.spec.replicas = 0
  })
  expect(slices().map((s) => [s.endpoints, s.ports])).toEqual([[[], []]])
  expect(world.table('endpoints', 'default')).toEqual(['web | <none>'])
  world.client.delete('services', 'default', 'web')
  world.settle()
  expect([slices(), world.client.find('endpoints', 'default', 'web')]).toEqual([[], undefined])
})

test('deleting an owner deletes what it owns; orphaning does not; foreground waits', () => {
  for (const policy of ['Background', 'Foreground', 'Orphan'] as const) {
    const world = new ControlWorld()
    world.apply({
      apiVersion: 'apps/v1',
      kind: 'Deployment',
      metadata: { name: 'web' },
      spec: { replicas: 2, selector: { matchLabels: { app: 'web' } }, template: template({ app: 'web' }) },
    } as never)
    const order: string[] = []
    world.trace.observe((e) => {
      if (e.kind === 'api.object' && e.change === 'DELETED' && e.resource !== 'events') order.push(e.objectKind)
    })
    world.client.delete('deployments.apps', 'default', 'web', { propagationPolicy: policy })
    world.settle()
    const expected = { Background: 'Deployment ReplicaSet Pod Pod', Foreground: 'Pod Pod ReplicaSet Deployment', Orphan: 'Deployment' }
    expect(order.join(' ')).toBe(expected[policy])
    expect(world.pods().length).toBe(policy === 'Orphan' ? 2 : 0)
  }
})

test('a silent node becomes NotReady after 40 s and its pods move after five minutes more', () => {
  const world = new ControlWorld()
  world.apply(replicaSet('web', 2))
  expect(world.table('nodes', '')).toEqual(['worker-1 | Ready | <none> | ', 'worker-2 | Ready | <none> | '])
  world.stopped.add('worker-1')
  world.pass(36)
  expect(world.table('nodes', '')[0]).toBe('worker-1 | Ready | <none> | ')
  world.pass(20)
  expect(world.table('nodes', '')[0]).toBe('worker-1 | NotReady | <none> | ')
  const taints = world.client.get<Node>('nodes', '', 'worker-1').spec.taints?.map((t) => `${t.key}:${t.effect}`)
  expect(taints).toEqual(['node.kubernetes.io/unreachable:NoSchedule', 'node.kubernetes.io/unreachable:NoExecute'])
  world.pass(250)
  expect(world.pods().filter((p) => p.metadata.deletionTimestamp).length).toBe(0)
  world.pass(60)
  const phases = world
    .pods()
    .map((p) => `${p.spec.nodeName} ${p.metadata.deletionTimestamp ? 'Terminating' : p.status.phase}`)
    .sort()
  expect(phases).toEqual(['worker-1 Terminating', 'worker-2 Running', 'worker-2 Running'])
  world.stopped.delete('worker-1')
})

test('an idle cluster is settled: nothing but background work for an hour', () => {
  const world = new ControlWorld()
  world.apply(replicaSet('web', 3))
  world.pass(60)
  const before = world.clock.eventsRun
  let foreground = 0
  for (let i = 0; i < 3600; i += 1) {
    world.pass(1)
    foreground += world.clock.foregroundPending
  }
  expect(foreground).toBe(0)
  // Two kubelets renew their leases every 10 s: each costs the renewal, the delivery and one look of the node controller at most.
  expect(world.clock.eventsRun - before).toBeLessThan(6000)
})

test('the scheduler says why', () => {
  const world = new ControlWorld({ nodes: 2, cpu: '2' })
  world.addNode('control-plane', '2', '4Gi', { spec: { taints: [{ key: 'node-role.kubernetes.io/control-plane', effect: 'NoSchedule' }] } })
  world.apply({
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name: 'big' },
    spec: { containers: [{ name: 'c', image: 'x', resources: { requests: { cpu: '3', memory: '1Gi' } } }] },
  } as never)
  const [condition] = world.pods()[0]!.status.conditions!
  expect(`${condition!.type} ${condition!.status} ${condition!.reason}`).toBe('PodScheduled False Unschedulable')
  expect(condition!.message).toBe(
    '0/3 nodes are available: 1 node(s) had untolerated taint(s), 2 Insufficient cpu. no new claims to deallocate, preemption: 0/3 nodes are available: 3 Preemption is not helpful for scheduling.',
  )
  expect(world.events().filter((e) => e.includes('Pod/'))).toEqual([`Warning FailedScheduling Pod/big: ${condition!.message}`])
  world.addNode('worker-3', '8')
  world.settle()
  world.pass(10)
  expect(world.table('pods', 'default', true)).toEqual(['big | 1/1 | Running | 0 | 10.244.0.2 | worker-3 | <none> | <none>'])
})

test('pods that must not meet spread, and the one too many waits', () => {
  const world = new ControlWorld({ nodes: 2 })
  const set = replicaSet('web', 3)
  const spec = set.spec.template.spec as { affinity?: object }
  spec.affinity = {
    podAntiAffinity: {
      requiredDuringSchedulingIgnoredDuringExecution: [
        { labelSelector: { matchLabels: { app: 'web' } }, topologyKey: 'kubernetes.io/hostname' },
      ],
    },
  }
  world.apply(set)
  expect(
    world
      .pods()
      .map((p) => p.spec.nodeName ?? 'none')
      .sort(),
  ).toEqual(['none', 'worker-1', 'worker-2'])
  expect(world.events().find((e) => e.includes('FailedScheduling'))).toContain(
    "0/2 nodes are available: 2 node(s) didn't match pod anti-affinity rules.",
  )
})

test('a daemon set runs once per node that fits and follows new nodes', () => {
  const world = new ControlWorld()
  world.addNode('control-plane', '2', '4Gi', { spec: { taints: [{ key: 'node-role.kubernetes.io/control-plane', effect: 'NoSchedule' }] } })
  world.apply({
    apiVersion: 'apps/v1',
    kind: 'DaemonSet',
    metadata: { name: 'agent' },
    spec: { selector: { matchLabels: { app: 'agent' } }, template: template({ app: 'agent' }) },
  } as never)
  expect(world.table('daemonsets.apps', 'default')).toEqual(['agent | 2 | 2 | 2 | 2 | 2 | <none>'])
  world.addNode('worker-3')
  world.settle()
  expect(
    world
      .pods()
      .map((p) => p.spec.nodeName)
      .sort(),
  ).toEqual(['worker-1', 'worker-2', 'worker-3'])
  let least = 3
  world.trace.observe(() => {
    least = Math.min(least, world.pods().filter((p) => p.status.phase === 'Running' && !p.metadata.deletionTimestamp).length)
  })
  change(world, 'daemonsets.apps', 'agent', (ds: DaemonSet) => {
    ds.spec.template.spec.containers[0]!.image = 'nginx:2'
  })
  expect([least, world.pods().map((p) => p.spec.containers[0]!.image)]).toEqual([2, ['nginx:2', 'nginx:2', 'nginx:2']])
})

test('a stateful set goes step by step, up, over and down', () => {
  const world = new ControlWorld()
  world.apply({
    apiVersion: 'storage.k8s.io/v1',
    kind: 'StorageClass',
    metadata: { name: 'standard' },
    provisioner: 'vethlab.dev/local',
  } as never)
  const log: string[] = []
  world.trace.observe((e) => {
    if (e.kind === 'api.object' && e.resource === 'pods' && e.change !== 'MODIFIED')
      log.push(`${e.change === 'ADDED' ? '+' : '-'}${e.name}`)
  })
  world.apply({
    apiVersion: 'apps/v1',
    kind: 'StatefulSet',
    metadata: { name: 'db' },
    spec: {
      replicas: 3,
      serviceName: 'db',
      selector: { matchLabels: { app: 'db' } },
      template: template({ app: 'db' }),
      volumeClaimTemplates: [
        {
          metadata: { name: 'data' },
          spec: { accessModes: ['ReadWriteOnce'], storageClassName: 'standard', resources: { requests: { storage: '1Gi' } } },
        },
      ],
    },
  } as never)
  world.pass(30)
  expect(log.join(' ')).toBe('+db-0 +db-1 +db-2')
  expect(world.table('statefulsets.apps', 'default')).toEqual(['db | 3/3'])
  expect(world.table('persistentvolumeclaims', 'default').map((l) => l.replace(/pvc-[0-9a-f-]+/, 'pvc'))).toEqual(
    [0, 1, 2].map((i) => `data-db-${i} | Bound | pvc | 1Gi | RWO | standard | <unset>`),
  )
  const pod = world.client.get<Pod>('pods', 'default', 'db-1')
  expect([pod.spec.hostname, pod.spec.subdomain, pod.metadata.labels?.['apps.kubernetes.io/pod-index']]).toEqual(['db-1', 'db', '1'])
  log.length = 0
  change(world, 'statefulsets.apps', 'db', (s: StatefulSet) => {
    s.spec.template.spec.containers[0]!.image = 'nginx:2'
  })
  expect(log.join(' ')).toBe('-db-2 +db-2 -db-1 +db-1 -db-0 +db-0')
  log.length = 0
  change(world, 'statefulsets.apps', 'db', (s: StatefulSet) => {
    s.spec.replicas = 1
  })
  expect(log.join(' ')).toBe('-db-2 -db-1')
})

test('a job completes, a cron job makes them at its minutes', () => {
  const world = new ControlWorld()
  const pod = { spec: { restartPolicy: 'Never', containers: [{ name: 'c', image: 'busybox', command: ['true'] }] } }
  world.apply({
    apiVersion: 'batch/v1',
    kind: 'Job',
    metadata: { name: 'once' },
    spec: { completions: 3, parallelism: 2, template: pod },
  } as never)
  const job = world.client.get<Job>('jobs.batch', 'default', 'once')
  expect([job.status.succeeded, job.status.conditions?.map((c) => `${c.type} ${c.reason}`)]).toEqual([
    3,
    ['SuccessCriteriaMet CompletionsReached', 'Complete CompletionsReached'],
  ])
  expect(world.table('jobs.batch', 'default')[0]).toMatch(/^once \| Complete \| 3\/3 \| \d+s$/)
  world.apply({
    apiVersion: 'batch/v1',
    kind: 'CronJob',
    metadata: { name: 'tick' },
    spec: { schedule: '*/5 * * * *', jobTemplate: { spec: { template: pod } } },
  } as never)
  world.pass(1300)
  const jobs = world.client.list<Job>('jobs.batch', { namespace: 'default' }).items.filter((j) => j.metadata.name.startsWith('tick'))
  expect(jobs.length).toBe(3)
  expect(world.client.get<CronJob>('cronjobs.batch', 'default', 'tick').status.lastScheduleTime).toBe('2026-01-01T00:20:00Z')
})

test('a namespace takes everything in it along, and refuses what comes late', () => {
  const world = new ControlWorld()
  world.apply({ apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'shop' } } as never)
  const set = replicaSet('web', 2)
  world.apply({ ...set, metadata: { name: 'web', namespace: 'shop' } } as never)
  expect(world.pods('shop').length).toBe(2)
  world.client.delete('namespaces', '', 'shop')
  expect(world.table('namespaces', '')).toContain('shop | Terminating')
  expect(() => world.client.create('configmaps', 'shop', { metadata: { name: 'late' } })).toThrow(
    'configmaps "late" is forbidden: unable to create new content in namespace shop because it is being terminated',
  )
  world.pass(30)
  expect([world.table('namespaces', '').some((l) => l.startsWith('shop')), world.pods('shop')]).toEqual([false, []])
})
