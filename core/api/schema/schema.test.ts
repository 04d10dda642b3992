import { expect, test } from 'vitest'
import { fieldPath, fieldProblems } from './field-problems.ts'
import { kubernetesSchema as schema, kubernetesSchemaJson } from './kubernetes-schema.ts'

const problems = (value: { apiVersion: string; kind: string }): string[] => {
  const node = schema.forKind(value.apiVersion, value.kind)
  if (!node) return ['no such kind']
  return fieldProblems(value, node).map((problem) =>
    problem.code === 'wrong-type'
      ? `${fieldPath(problem.path)}: ${problem.expected}, not ${problem.actual}`
      : problem.code === 'missing-field'
        ? `${fieldPath(problem.path)}: lacks ${problem.field}`
        : `${fieldPath(problem.path)}: unknown in ${problem.owner.typeName}`,
  )
}

test('every reference of the schema has its definition', () => {
  const text = JSON.stringify(kubernetesSchemaJson)
  const missing = [...new Set([...text.matchAll(/#\/definitions\/([^"]+)"/g)].map((match) => match[1]))].filter(
    (name) => !schema.definition(name),
  )
  expect(missing).toEqual([])
  expect(text.length).toBeLessThan(1_100_000)
})

test('kinds and their versions', () => {
  expect(
    ['Deployment', 'HorizontalPodAutoscaler', 'Event', 'Ingress', 'EndpointSlice', 'Foo'].map((kind) => schema.apiVersionsOf(kind)),
  ).toEqual([
    ['apps/v1'],
    ['autoscaling/v1', 'autoscaling/v2'],
    ['v1', 'events.k8s.io/v1'],
    ['networking.k8s.io/v1'],
    ['discovery.k8s.io/v1'],
    [],
  ])
  expect(schema.forKind('extensions/v1beta1', 'Deployment')).toBe(undefined)
  expect(schema.kinds.length).toBeGreaterThan(85)
})

test('a path leads through lists and maps to its field', () => {
  const port = schema.fieldOf('apps/v1', 'Deployment', ['spec', 'template', 'spec', 'containers', 'ports', 'containerPort'])
  expect([port?.type, port?.format]).toEqual(['integer', 'int32'])
  expect(schema.fieldOf('v1', 'Service', ['spec', 'ports', 'targetPort'])?.type).toBe('int-or-string')
  expect(schema.fieldOf('v1', 'Pod', ['spec', 'containers', 'resources', 'limits'])?.values?.type).toBe('quantity')
  expect(schema.fieldOf('v1', 'Pod', ['spec', 'nothing'])).toBe(undefined)
})

test('problems of an object, by path', () => {
  expect(
    problems({
      apiVersion: 'v1',
      kind: 'Pod',
      metadata: { name: 'x', labels: { a: 1 } },
      spec: { containers: [{ image: 'x', ports: [{ containerPort: '80' }, {}] }], extra: 1 },
    } as never),
  ).toEqual([
    'metadata.labels.a: string, not number',
    'spec.containers[0].ports[0].containerPort: integer, not string',
    'spec.containers[0].ports[1]: lacks containerPort',
    'spec.containers[0]: lacks name',
    'spec.extra: unknown in PodSpec',
  ])
})

test('a sound object has none; quantities may be numbers, null is not set, ports may be named', () => {
  expect(
    problems({
      apiVersion: 'v1',
      kind: 'Pod',
      metadata: { name: 'x', creationTimestamp: null },
      spec: {
        containers: [{ name: 'a', resources: { limits: { cpu: 1, memory: '1Gi' } }, livenessProbe: { httpGet: { port: 'http' } } }],
        volumes: [{ name: 'v', emptyDir: { sizeLimit: 5 } }],
      },
    } as never),
  ).toEqual([])
})
