import { expect, test } from 'vitest'
import { ControlWorld } from '../../../test/support/control-world.ts'
import { isStatusError } from '../meta/status.ts'
import type { Deployment, KubeObject } from '../types/index.ts'
import { jsonPatch } from './json-patch.ts'
import { mergePatch } from './merge-patch.ts'
import { strategicMerge } from './strategic-merge.ts'

test('RFC 7386, appendix A', () => {
  const cases: [unknown, unknown, unknown][] = [
    [{ a: 'b' }, { a: 'c' }, { a: 'c' }],
    [{ a: 'b' }, { b: 'c' }, { a: 'b', b: 'c' }],
    [{ a: 'b' }, { a: null }, {}],
    [{ a: 'b', b: 'c' }, { a: null }, { b: 'c' }],
    [{ a: ['b'] }, { a: 'c' }, { a: 'c' }],
    [{ a: 'c' }, { a: ['b'] }, { a: ['b'] }],
    [{ a: { b: 'c' } }, { a: { b: 'd', c: null } }, { a: { b: 'd' } }],
    [{ a: [{ b: 'c' }] }, { a: [1] }, { a: [1] }],
    [
      ['a', 'b'],
      ['c', 'd'],
      ['c', 'd'],
    ],
    [{ a: 'b' }, ['c'], ['c']],
    [{ a: 'foo' }, null, null],
    [{ a: 'foo' }, 'bar', 'bar'],
    [{ e: null }, { a: 1 }, { e: null, a: 1 }],
    [[1, 2], { a: 'b', c: null }, { a: 'b' }],
    [{}, { a: { bb: { ccc: null } } }, { a: { bb: {} } }],
  ]
  expect(cases.map(([target, patch]) => mergePatch(target, patch))).toEqual(cases.map(([, , result]) => result))
})

test('RFC 6902: operations, failures, hostile paths', () => {
  expect(
    jsonPatch({ a: [1, 2] }, [
      { op: 'add', path: '/a/1', value: 9 },
      { op: 'remove', path: '/a/0' },
      { op: 'copy', from: '/a', path: '/b' },
      { op: 'move', from: '/a/0', path: '/c' },
    ]),
  ).toEqual({ a: [2], b: [9, 2], c: 9 })
  for (const patch of [
    [{ op: 'test', path: '/a', value: 2 }],
    [{ op: 'remove', path: '/x' }],
    [{ op: 'add', path: '/__proto__/x', value: 1 }],
  ])
    expect(() => jsonPatch({ a: 1 }, patch)).toThrow('the server rejected our request due to an error in our request')
  expect(() => jsonPatch({}, { op: 'add' })).toThrow('error decoding patch')
  expect(Object.hasOwn(Object.prototype, 'x')).toBe(false)
})

test('strategic merge: by key, by directive, whole where atomic', () => {
  const target = {
    metadata: { finalizers: ['a', 'b'] },
    spec: {
      strategy: { type: 'RollingUpdate', rollingUpdate: { maxSurge: 1 } },
      template: {
        spec: {
          containers: [
            { name: 'a', image: '1', ports: [{ containerPort: 80 }], args: ['x'] },
            { name: 'b', image: '1' },
          ],
          tolerations: [{ key: 'x' }],
        },
      },
    },
  }
  const patch = {
    metadata: { '$deleteFromPrimitiveList/finalizers': ['a'], finalizers: ['c'] },
    spec: {
      strategy: { $retainKeys: ['type'], type: 'Recreate' },
      template: {
        spec: {
          '$setElementOrder/containers': [{ name: 'c' }, { name: 'a' }],
          containers: [
            { name: 'a', image: '2', args: ['y'], ports: [{ containerPort: 443 }] },
            { name: 'b', $patch: 'delete' },
            { name: 'c', image: '3' },
          ],
          tolerations: [{ key: 'y' }],
        },
      },
    },
  }
  expect(strategicMerge('Deployment', target, patch)).toEqual({
    metadata: { finalizers: ['b', 'c'] },
    spec: {
      strategy: { type: 'Recreate' },
      template: {
        spec: {
          containers: [
            { name: 'c', image: '3' },
            { name: 'a', image: '2', ports: [{ containerPort: 80 }, { containerPort: 443 }], args: ['y'] },
          ],
          tolerations: [{ key: 'y' }],
        },
      },
    },
  })
})

test('server-side apply: own, give up, meet a conflict, take by force', () => {
  const world = new ControlWorld({ bare: true, nodes: 0 })
  const apply = (fieldManager: string, data: object, force = false) =>
    world.client.patch<KubeObject>('configmaps', 'default', 'c', {
      type: 'apply',
      fieldManager,
      force,
      body: { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'c' }, data },
    })
  const owners = (o: KubeObject) => o.metadata.managedFields?.map((e) => `${e.manager} ${e.operation} ${JSON.stringify(e.fieldsV1)}`)
  apply('one', { a: '1', b: '1' })
  expect(apply('one', { a: '2' }).data).toEqual({ a: '2' })
  apply('two', { b: '2' })
  let message = ''
  try {
    apply('two', { a: '3', b: '2' })
  } catch (error) {
    if (isStatusError(error)) message = `${error.code} ${error.message}`
  }
  expect(message).toBe('409 Apply failed with 1 conflict: conflict with "one": .data.a')
  const forced = apply('two', { a: '3', b: '2' }, true)
  expect([forced.data, owners(forced)]).toEqual([{ a: '3', b: '2' }, ['two Apply {"f:data":{"f:a":{},"f:b":{}}}']])
})

test('server-side apply meets those who wrote without applying', () => {
  const world = new ControlWorld({ bare: true, nodes: 0 })
  const body = (replicas: number) => ({
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: { name: 'web', namespace: 'default' },
    spec: {
      replicas,
      selector: { matchLabels: { app: 'w' } },
      template: { metadata: { labels: { app: 'w' } }, spec: { containers: [{ name: 'c', image: 'nginx' }] } },
    },
  })
  world.client.create('deployments.apps', 'default', body(1), { fieldManager: 'kubectl-create' })
  const apply = (replicas: number, force = false) =>
    world.client.patch<Deployment>('deployments.apps', 'default', 'web', {
      type: 'apply',
      fieldManager: 'kubectl',
      force,
      body: body(replicas),
    })
  expect(apply(1).spec.replicas).toBe(1)
  expect(() => apply(3)).toThrow('Apply failed with 1 conflict: conflict with "kubectl-create" using apps/v1: .spec.replicas')
  expect(apply(3, true).spec.replicas).toBe(3)
})
