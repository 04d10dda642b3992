import { expect, test } from 'vitest'
import { cloneJson } from '../../api/meta/json.ts'
import type { Deployment, ReplicaSet } from '../../api/types/index.ts'
import { ControlWorld } from '../../../test/support/control-world.ts'

function deployment(replicas: number, image: string): { apiVersion: string; kind: string; metadata: { name: string }; spec: object } {
  return {
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: { name: 'web' },
    spec: {
      replicas,
      selector: { matchLabels: { app: 'web' } },
      template: { metadata: { labels: { app: 'web' } }, spec: { containers: [{ name: 'nginx', image }] } },
    },
  }
}

function update(world: ControlWorld, change: (d: Deployment) => void): void {
  const draft = cloneJson(world.client.get<Deployment>('deployments.apps', 'default', 'web'))
  change(draft)
  world.client.update('deployments.apps', draft)
}

test('a deployment becomes a replica set, pods, and is available', () => {
  const world = new ControlWorld()
  world.apply(deployment(3, 'nginx:1.27'))
  const [rs] = world.client.list<ReplicaSet>('replicasets.apps', { namespace: 'default' }).items
  expect(world.table('deployments.apps', 'default', true)).toEqual(['web | 3/3 | 3 | 3 | nginx | nginx:1.27 | app=web'])
  expect(rs!.metadata.name).toMatch(/^web-[bcdfghjklmnpqrstvwxz2456789]{6,10}$/)
  expect(rs!.metadata.annotations).toEqual({
    'deployment.kubernetes.io/revision': '1',
    'deployment.kubernetes.io/desired-replicas': '3',
    'deployment.kubernetes.io/max-replicas': '4',
  })
  const d = world.client.get<Deployment>('deployments.apps', 'default', 'web')
  expect(d.status.conditions?.map((c) => `${c.type}=${c.status} ${c.reason}: ${c.message}`)).toEqual([
    'Available=True MinimumReplicasAvailable: Deployment has minimum availability.',
    `Progressing=True NewReplicaSetAvailable: ReplicaSet "${rs!.metadata.name}" has successfully progressed.`,
  ])
  expect(world.events().filter((e) => e.includes('Deployment/'))).toEqual([
    `Normal ScalingReplicaSet Deployment/web: Scaled up replica set ${rs!.metadata.name} from 0 to 3`,
  ])
  expect(new Set(world.pods().map((p) => p.spec.nodeName))).toEqual(new Set(['worker-1', 'worker-2']))
})

test('a rolling update keeps what must be available and never exceeds the surge', () => {
  const world = new ControlWorld()
  world.apply(deployment(4, 'nginx:1.26'))
  let least = 4
  let most = 4
  world.trace.observe((event) => {
    if (event.kind !== 'api.object' || event.resource !== 'pods') return
    const active = world.pods().filter((p) => !p.metadata.deletionTimestamp)
    most = Math.max(most, active.length)
    least = Math.min(least, active.filter((p) => p.status.phase === 'Running').length)
  })
  update(world, (d) => {
    d.spec.template.spec.containers[0]!.image = 'nginx:1.27'
  })
  world.settle()
  expect({ least, most }).toEqual({ least: 3, most: 5 })
  expect(world.table('deployments.apps', 'default')).toEqual(['web | 4/4 | 4 | 4'])
  expect(
    world
      .table('replicasets.apps', 'default')
      .map((l) => l.replace(/^web-\S+/, 'web-x'))
      .sort(),
  ).toEqual(['web-x | 0 | 0 | 0', 'web-x | 4 | 4 | 4'])
  expect(
    world
      .events()
      .filter((e) => e.includes('Scaled'))
      .map((e) => e.replace(/web-\w+ from/, 'web-x from').replace(/^.*: /, '')),
  ).toEqual([
    'Scaled up replica set web-x from 0 to 4',
    'Scaled up replica set web-x from 0 to 1',
    'Scaled down replica set web-x from 4 to 3',
    'Scaled up replica set web-x from 1 to 2',
    'Scaled down replica set web-x from 3 to 2',
    'Scaled up replica set web-x from 2 to 3',
    'Scaled down replica set web-x from 2 to 1',
    'Scaled up replica set web-x from 3 to 4',
    'Scaled down replica set web-x from 1 to 0',
  ])
})

test('an image that does not come stops the roll-out and, after ten minutes, its deadline', () => {
  const world = new ControlWorld()
  world.apply(deployment(4, 'nginx:1.26'))
  world.broken.add('nginx:nope')
  update(world, (d) => {
    d.spec.template.spec.containers[0]!.image = 'nginx:nope'
  })
  world.settle()
  expect(world.table('deployments.apps', 'default')).toEqual(['web | 3/4 | 2 | 3'])
  world.pass(700)
  const d = world.client.get<Deployment>('deployments.apps', 'default', 'web')
  expect(d.status.conditions?.find((c) => c.type === 'Progressing')?.reason).toBe('ProgressDeadlineExceeded')
  update(world, (x) => {
    x.spec.template.spec.containers[0]!.image = 'nginx:1.26'
  })
  world.settle()
  expect(world.table('deployments.apps', 'default')).toEqual(['web | 4/4 | 4 | 4'])
  expect(
    world.client.get<Deployment>('deployments.apps', 'default', 'web').metadata.annotations?.['deployment.kubernetes.io/revision'],
  ).toBe('3')
})

test('Recreate stops everything old before anything new starts', () => {
  const world = new ControlWorld()
  const body = deployment(2, 'nginx:1.26')
  world.apply({ ...body, spec: { ...body.spec, strategy: { type: 'Recreate' } } } as never)
  let least = 2
  let mixed = false
  world.trace.observe(() => {
    const images = new Set(world.pods().map((p) => p.spec.containers[0]!.image))
    least = Math.min(least, world.pods().length)
    if (images.size > 1) mixed = true
  })
  update(world, (d) => {
    d.spec.template.spec.containers[0]!.image = 'nginx:1.27'
  })
  world.settle()
  expect({ least, mixed }).toEqual({ least: 0, mixed: false })
  expect(world.table('deployments.apps', 'default')).toEqual(['web | 2/2 | 2 | 2'])
})

test('the same seed makes the same world', () => {
  const run = (seed: number) => {
    const world = new ControlWorld({ seed })
    world.apply(deployment(5, 'nginx:1.27'))
    return world.trace.digest()
  }
  expect(run(7)).toBe(run(7))
  expect(run(7)).not.toBe(run(8))
})
