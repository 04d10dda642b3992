import { expect, test } from 'vitest'
import { isStatusError } from '../meta/status.ts'
import type { Pod, Scale, Service, WatchEvent } from '../types/index.ts'
import { ControlWorld } from '../../../test/support/control-world.ts'

const labels = { app: 'web' }
const deployment = (spec: object = {}) => ({
  apiVersion: 'apps/v1',
  kind: 'Deployment',
  metadata: { name: 'web' },
  spec: {
    replicas: 1,
    selector: { matchLabels: labels },
    template: { metadata: { labels }, spec: { containers: [{ name: 'c', image: 'nginx' }] } },
    ...spec,
  },
})
const pod = (name: string, spec: object = {}) => ({
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: { name, labels },
  spec: { containers: [{ name: 'c', image: 'nginx:1' }], ...spec },
})

function bare(): ControlWorld {
  return new ControlWorld({ bare: true, nodes: 0 })
}

/** The error's reason, code and message, as one line. */
function refusal(run: () => unknown): string {
  try {
    run()
  } catch (error) {
    if (isStatusError(error)) return `${error.code} ${error.reason}: ${error.message}`
    throw error
  }
  return 'accepted'
}

test('what is wrong with an object is said as upstream says it', () => {
  const world = bare()
  const create = (resource: string, object: object) =>
    refusal(() => world.client.create(resource, 'default', object, { fieldValidation: 'Strict' }))
  expect([
    create('deployments.apps', deployment({ replica: 1 })),
    create('deployments.apps', deployment({ replicas: 'three' })),
    create('deployments.apps', deployment({ selector: undefined })),
    create('deployments.apps', deployment({ selector: { matchLabels: { app: 'other' } } })),
    create('deployments.apps', { ...deployment(), metadata: { name: 'Web_1' } }),
    create('deployments.apps', { ...deployment(), metadata: { name: 'web', labels: { version: 1 } } }),
    create(
      'pods',
      pod('p', {
        containers: [{ name: 'c', image: 'nginx', ports: [{ containerPort: 70000 }], volumeMounts: [{ name: 'v', mountPath: '/v' }] }],
      }),
    ),
    create('pods', pod('p', { containers: [] })),
    create('pods', pod('p', { containers: [{ name: 'c', image: 'nginx', resources: { requests: { cpu: 'lots' } } }] })),
    create('services', { metadata: { name: 'web' }, spec: { selector: labels } }),
    create('services', { metadata: { name: '1web' }, spec: { ports: [{ port: 80 }] } }),
    create('configmaps', { kind: 'ConfigMap', apiVersion: 'v1', metadata: { name: 'c', namespace: 'other' } }),
    refusal(() => world.client.create('configmaps', 'nowhere', { metadata: { name: 'c' } })),
    refusal(() => world.client.get('pods', 'default', 'nope')),
    refusal(() => world.client.get('deployments.apps', 'default', 'nope')),
    refusal(() => world.client.delete('namespaces', '', 'default')),
    refusal(() => world.client.list('pods', { fieldSelector: 'spec.colour=red' })),
    refusal(() => world.client.list('pods', { labelSelector: 'a in b' })),
  ]).toMatchInlineSnapshot(`
    [
      "400 BadRequest: Deployment in version "v1" cannot be handled as a Deployment: strict decoding error: unknown field "spec.replica"",
      "400 BadRequest: Deployment in version "v1" cannot be handled as a Deployment: json: cannot unmarshal string into Go struct field DeploymentSpec.spec.replicas of type int32",
      "422 Invalid: Deployment.apps "web" is invalid: [spec.selector: Required value, spec.template.metadata.labels: Invalid value: {"app":"web"}: \`selector\` does not match template \`labels\`]",
      "422 Invalid: Deployment.apps "web" is invalid: spec.template.metadata.labels: Invalid value: {"app":"web"}: \`selector\` does not match template \`labels\`",
      "422 Invalid: Deployment.apps "Web_1" is invalid: metadata.name: Invalid value: "Web_1": a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and end with an alphanumeric character (e.g. 'example.com', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')",
      "400 BadRequest: Deployment in version "v1" cannot be handled as a Deployment: json: cannot unmarshal number into Go struct field ObjectMeta.metadata.labels of type string",
      "422 Invalid: Pod "p" is invalid: [spec.containers[0].ports[0].containerPort: Invalid value: 70000: must be between 1 and 65535, inclusive, spec.containers[0].volumeMounts[0].name: Not found: "v"]",
      "422 Invalid: Pod "p" is invalid: spec.containers: Required value",
      "400 BadRequest: Pod in version "v1" cannot be handled as a Pod: quantities must match the regular expression '^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$'",
      "422 Invalid: Service "web" is invalid: spec.ports: Required value",
      "422 Invalid: Service "1web" is invalid: metadata.name: Invalid value: "1web": a DNS-1035 label must consist of lower case alphanumeric characters or '-', start with an alphabetic character, and end with an alphanumeric character (e.g. 'my-name',  or 'abc-123', regex used for validation is '[a-z]([-a-z0-9]*[a-z0-9])?')",
      "400 BadRequest: the namespace of the provided object does not match the namespace sent on the request",
      "404 NotFound: namespaces "nowhere" not found",
      "404 NotFound: pods "nope" not found",
      "404 NotFound: deployments.apps "nope" not found",
      "403 Forbidden: namespaces "default" is forbidden: this namespace may not be deleted",
      "400 BadRequest: Unable to find "/v1, Resource=pods" that match label selector "", field selector "spec.colour=red": field label not supported: spec.colour",
      "400 BadRequest: unable to parse requirement: found 'b', expected: '('",
    ]
  `)
})

test('cluster addresses and node ports are given, kept, refused and given back', () => {
  const world = bare()
  const service = (name: string, spec: object) => ({ metadata: { name }, spec: { selector: labels, ports: [{ port: 80 }], ...spec } })
  const create = (name: string, spec: object) => refusal(() => world.client.create('services', 'default', service(name, spec)))
  expect(create('a', { clusterIP: '10.96.0.10' })).toBe('accepted')
  expect(create('b', { type: 'NodePort', ports: [{ port: 80, nodePort: 30080 }] })).toBe('accepted')
  expect([
    create('x', { clusterIP: '10.96.0.10' }),
    create('x', { clusterIP: '10.97.0.10' }),
    create('x', { type: 'NodePort', ports: [{ port: 80, nodePort: 30080 }] }),
    create('x', { type: 'NodePort', ports: [{ port: 80, nodePort: 80 }] }),
    create('x', { ports: [{ port: 80 }, { port: 443 }] }),
    create('x', { type: 'Magic' }),
  ]).toMatchInlineSnapshot(`
    [
      "422 Invalid: Service "x" is invalid: spec.clusterIPs: Invalid value: ["10.96.0.10"]: failed to allocate IP 10.96.0.10: provided IP is already allocated",
      "422 Invalid: Service "x" is invalid: spec.clusterIPs: Invalid value: ["10.97.0.10"]: failed to allocate IP 10.97.0.10: the provided IP (10.97.0.10) is not in the valid range. The range of valid IPs is 10.96.0.0/16",
      "422 Invalid: Service "x" is invalid: spec.ports[0].nodePort: Invalid value: 30080: provided port is already allocated",
      "422 Invalid: Service "x" is invalid: spec.ports[0].nodePort: Invalid value: 80: provided port is not in the valid range. The range of valid ports is 30000-32767",
      "422 Invalid: Service "x" is invalid: [spec.ports[0].name: Required value, spec.ports[1].name: Required value]",
      "422 Invalid: Service "x" is invalid: spec.type: Unsupported value: "Magic": supported values: "ClusterIP", "ExternalName", "LoadBalancer", "NodePort"",
    ]
  `)
  const b = world.client.get<Service>('services', 'default', 'b')
  const patched = world.client.patch<Service>('services', 'default', 'b', {
    type: 'strategic',
    body: {
      spec: {
        ports: [
          { port: 80, name: 'http' },
          { port: 443, name: 'tls', targetPort: 8443 },
        ],
      },
    },
  })
  expect(patched.spec.ports?.map((p) => [p.name, p.port, p.targetPort, (p.nodePort ?? 0) >= 30_000])).toEqual([
    ['http', 80, 80, true],
    ['tls', 443, 8443, true],
  ])
  expect([patched.spec.clusterIP, patched.spec.ports?.find((p) => p.port === 80)?.nodePort]).toEqual([b.spec.clusterIP, 30080])
  expect(b.spec.clusterIP).toMatch(/^10\.96\./)
  world.client.delete('services', 'default', 'b')
  expect(create('c', { type: 'NodePort', ports: [{ port: 80, nodePort: 30080 }] })).toBe('accepted')
})

test('two writers: the slower one loses', () => {
  const world = bare()
  const first = world.client.create('configmaps', 'default', { metadata: { name: 'c' }, data: { a: '1' } })
  world.client.update('configmaps', { ...first, data: { a: '2' } })
  expect(refusal(() => world.client.update('configmaps', { ...first, data: { a: '3' } }))).toBe(
    '409 Conflict: Operation cannot be fulfilled on configmaps "c": the object has been modified; please apply your changes to the latest version and try again',
  )
  const revision = world.server.store.revision
  world.client.update('configmaps', { ...world.client.get('configmaps', 'default', 'c') })
  expect(world.server.store.revision).toBe(revision)
})

test('a watch sees what its selection sees, later; too old a revision is 410', () => {
  const world = bare()
  const seen: string[] = []
  const note = (e: WatchEvent) => seen.push(`${e.type} ${e.object.metadata?.name}`)
  const stop = world.client.watch('pods', { namespace: 'default', labelSelector: 'app=web' }, note)
  world.client.create('pods', 'default', pod('p'))
  expect(seen).toEqual([])
  world.settle()
  world.client.patch('pods', 'default', 'p', { type: 'merge', body: { metadata: { labels: { app: 'other' } } } })
  world.client.patch('pods', 'default', 'p', { type: 'merge', body: { metadata: { labels: { app: 'web' } } } })
  world.client.patch('pods', 'default', 'p', { type: 'merge', body: { metadata: { annotations: { x: 'y' } } } })
  world.client.delete('pods', 'default', 'p')
  world.settle()
  stop()
  expect(seen).toEqual(['ADDED p', 'DELETED p', 'ADDED p', 'MODIFIED p', 'DELETED p'])
  for (let i = 0; i < 9000; i += 1)
    world.client.patch('configmaps', 'default', 'c', {
      type: 'apply',
      fieldManager: 'm',
      body: { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'c' }, data: { n: String(i) } },
    })
  expect(refusal(() => world.client.watch('configmaps', { resourceVersion: '1' }, note))).toMatch(
    /^410 Expired: too old resource version: 1 \(\d+\)$/,
  )
})

test('a pod that runs somewhere dies gracefully; finalizers hold an object', () => {
  const world = bare()
  world.client.create('pods', 'default', pod('p', { nodeName: 'worker-1' }))
  const dying = world.client.delete('pods', 'default', 'p') as Pod
  expect([dying.metadata.deletionTimestamp, dying.metadata.deletionGracePeriodSeconds]).toEqual(['2026-01-01T00:00:30Z', 30])
  expect(world.table('pods', 'default')).toEqual(['p | 0/1 | Terminating | 0'])
  world.client.delete('pods', 'default', 'p', { gracePeriodSeconds: 0 })
  expect(world.pods()).toEqual([])
  world.client.create('configmaps', 'default', { metadata: { name: 'c', finalizers: ['example.com/hold'] } })
  world.client.delete('configmaps', 'default', 'c')
  expect(world.client.get('configmaps', 'default', 'c').metadata.deletionTimestamp).toBe('2026-01-01T00:00:00Z')
  world.client.patch('configmaps', 'default', 'c', { type: 'json', body: [{ op: 'remove', path: '/metadata/finalizers' }] })
  expect(world.client.find('configmaps', 'default', 'c')).toBe(undefined)
})

test('generation counts the spec, status is a world of its own, scale is a view', () => {
  const world = bare()
  world.client.create('deployments.apps', 'default', deployment())
  const scale = world.client.subresource<Scale>('deployments.apps', 'default', 'web', 'scale', 'get')
  expect([scale.spec, scale.status]).toEqual([{ replicas: 1 }, { replicas: 0, selector: 'app=web' }])
  world.client.subresource('deployments.apps', 'default', 'web', 'scale', 'update', { ...scale, spec: { replicas: 5 } })
  const scaled = world.client.get('deployments.apps', 'default', 'web')
  expect([scaled.metadata.generation, (scaled.spec as { replicas: number }).replicas]).toEqual([2, 5])
  const status = world.client.updateStatus('deployments.apps', { ...scaled, spec: deployment().spec, status: { replicas: 5 } })
  expect([status.metadata.generation, (status.spec as { replicas: number }).replicas, status.status]).toEqual([2, 5, { replicas: 5 }])
  expect(
    refusal(() =>
      world.client.update('deployments.apps', { ...status, spec: { ...(status.spec as object), selector: { matchLabels: { app: 'x' } } } }),
    ),
  ).toBe(
    '422 Invalid: Deployment.apps "web" is invalid: [spec.template.metadata.labels: Invalid value: {"app":"web"}: `selector` does not match template `labels`, spec.selector: Invalid value: {"matchLabels":{"app":"x"}}: field is immutable]',
  )
})

test('REST: paths, tables, pages, discovery', () => {
  const world = bare()
  for (const name of ['a', 'b', 'c']) world.client.create('pods', 'default', pod(name))
  const get = (path: string, query: [string, string][] = [], accept = '') =>
    world.server.request({ method: 'GET', path, query: new Map(query), headers: new Map([['accept', accept]]), actor: 'curl' })
  const page = get('/api/v1/namespaces/default/pods', [['limit', '2']]).body as {
    kind: string
    items: Pod[]
    metadata: { continue: string; remainingItemCount: number }
  }
  expect([page.kind, page.items.map((p) => p.metadata.name), page.metadata.remainingItemCount]).toEqual(['PodList', ['a', 'b'], 1])
  const rest = get('/api/v1/namespaces/default/pods', [
    ['limit', '2'],
    ['continue', page.metadata.continue],
  ]).body as { items: Pod[] }
  expect(rest.items.map((p) => p.metadata.name)).toEqual(['c'])
  const table = get('/api/v1/pods', [], 'application/json;as=Table;v=v1;g=meta.k8s.io,application/json').body as {
    rows: { cells: unknown[] }[]
    columnDefinitions: { name: string }[]
  }
  expect(table.columnDefinitions.map((c) => c.name).join(' ')).toBe('Name Ready Status Restarts Age IP Node Nominated Node Readiness Gates')
  expect(table.rows[0]!.cells).toEqual(['a', '0/1', 'Pending', '0', '0s', '<none>', '<none>', '<none>', '<none>'])
  expect(get('/apis/extensions/v1beta1/namespaces/default/deployments')).toMatchObject({
    code: 404,
    body: { message: 'the server could not find the requested resource' },
  })
  expect(get('/api/v1/namespaces/default')).toMatchObject({ code: 200, body: { kind: 'Namespace' } })
  expect((get('/apis/apps/v1').body as { resources: { name: string }[] }).resources.map((r) => r.name)).toEqual([
    'controllerrevisions',
    'daemonsets',
    'daemonsets/status',
    'deployments',
    'deployments/scale',
    'deployments/status',
    'replicasets',
    'replicasets/scale',
    'replicasets/status',
    'statefulsets',
    'statefulsets/scale',
    'statefulsets/status',
  ])
  const made = world.server.request({
    method: 'POST',
    path: '/apis/autoscaling/v1/namespaces/default/horizontalpodautoscalers',
    query: new Map(),
    actor: 'curl',
    body: JSON.stringify({
      apiVersion: 'autoscaling/v1',
      kind: 'HorizontalPodAutoscaler',
      metadata: { name: 'h' },
      spec: {
        scaleTargetRef: { kind: 'Deployment', name: 'web', apiVersion: 'apps/v1' },
        minReplicas: 1,
        maxReplicas: 10,
        targetCPUUtilizationPercentage: 90,
      },
    }),
  })
  expect([made.code, made.body]).toMatchObject([201, { apiVersion: 'autoscaling/v1', spec: { targetCPUUtilizationPercentage: 90 } }])
  expect(Object.keys((get('/openapi/v3').body as { paths: object }).paths).slice(0, 2)).toEqual(['apis/apps/v1', 'apis/autoscaling/v1'])
  const document = get('/openapi/v3/apis/apps/v1').body as { components: { schemas: Record<string, unknown> } }
  expect(Object.hasOwn(document.components.schemas, 'io.k8s.api.core.v1.PodSpec')).toBe(true)
  const odd = {
    method: 'POST',
    path: '/api/v1/namespaces/default/pods',
    query: new Map(),
    headers: new Map([['content-type', 'application/vnd.kubernetes.protobuf']]),
    body: 'k8s',
    actor: 'curl',
  }
  expect(world.server.request(odd).code).toBe(415)
  expect(world.table('horizontalpodautoscalers.autoscaling', 'default')).toEqual(['h | Deployment/web | cpu: <unknown>/90% | 1 | 10 | 0'])
})
