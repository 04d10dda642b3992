/**
 * Tables of API objects, one per kind, with kubectl's columns.
 *
 * Truth: pkg/printers/internalversion/printers.go (column names and their values).
 * Omits: wide columns other than IP and NODE; kinds without a table of their own show name, namespace and age.
 */
import { at, listAt, numberAt, type ObjectEntry, type ObjectsFold, textAt } from './objects.ts'
import { podView } from './pods.ts'

export interface ObjectRow {
  key: string
  reference: string
  namespace: string
  name: string
  cells: string[]
  tone: 'ready' | 'waiting' | 'failed' | 'done' | ''
}

export interface ObjectTable {
  resource: string
  columns: string[]
  rows: ObjectRow[]
}

type Cells = (entry: ObjectEntry) => { cells: string[]; tone?: ObjectRow['tone'] }

interface Shape {
  columns: string[]
  cells: Cells
}

const fraction = (a: number, b: number): { text: string; tone: ObjectRow['tone'] } => ({
  text: `${a}/${b}`,
  tone: a >= b ? 'ready' : 'waiting',
})

const SHAPES: ReadonlyMap<string, Shape> = new Map<string, Shape>([
  [
    'pods',
    {
      columns: ['READY', 'STATUS', 'RESTARTS', 'IP', 'NODE'],
      cells: (entry) => {
        const pod = podView(entry)
        return { cells: [`${pod.ready}/${pod.containers.length}`, pod.status, `${pod.restarts}`, pod.ip, pod.node], tone: pod.tone }
      },
    },
  ],
  [
    'services',
    {
      columns: ['TYPE', 'CLUSTER-IP', 'EXTERNAL-IP', 'PORT(S)'],
      cells: ({ body }) => ({
        cells: [textAt(body, 'spec', 'type'), textAt(body, 'spec', 'clusterIP'), externalIp(body), servicePorts(body)],
      }),
    },
  ],
  [
    'deployments',
    {
      columns: ['READY', 'UP-TO-DATE', 'AVAILABLE'],
      cells: ({ body }) => {
        const ready = fraction(numberAt(body, 'status', 'readyReplicas'), numberAt(body, 'spec', 'replicas'))
        return {
          cells: [ready.text, `${numberAt(body, 'status', 'updatedReplicas')}`, `${numberAt(body, 'status', 'availableReplicas')}`],
          tone: ready.tone,
        }
      },
    },
  ],
  [
    'replicasets',
    {
      columns: ['DESIRED', 'CURRENT', 'READY'],
      cells: ({ body }) => {
        const desired = numberAt(body, 'spec', 'replicas')
        const ready = numberAt(body, 'status', 'readyReplicas')
        return {
          cells: [`${desired}`, `${numberAt(body, 'status', 'replicas')}`, `${ready}`],
          tone: desired === 0 ? 'done' : ready >= desired ? 'ready' : 'waiting',
        }
      },
    },
  ],
  [
    'daemonsets',
    {
      columns: ['DESIRED', 'CURRENT', 'READY'],
      cells: ({ body }) => {
        const ready = fraction(numberAt(body, 'status', 'numberReady'), numberAt(body, 'status', 'desiredNumberScheduled'))
        return {
          cells: [
            `${numberAt(body, 'status', 'desiredNumberScheduled')}`,
            `${numberAt(body, 'status', 'currentNumberScheduled')}`,
            `${numberAt(body, 'status', 'numberReady')}`,
          ],
          tone: ready.tone,
        }
      },
    },
  ],
  [
    'nodes',
    {
      columns: ['STATUS', 'INTERNAL-IP', 'VERSION'],
      cells: ({ body }) => {
        const ready = nodeReady(body)
        const address = listAt(body, 'status', 'addresses').find((one) => textAt(one, 'type') === 'InternalIP')
        return {
          cells: [ready ? 'Ready' : 'NotReady', textAt(address, 'address'), textAt(body, 'status', 'nodeInfo', 'kubeletVersion')],
          tone: ready ? 'ready' : 'failed',
        }
      },
    },
  ],
  [
    'endpointslices',
    {
      columns: ['ADDRESSTYPE', 'PORTS', 'ENDPOINTS'],
      cells: ({ body }) => ({
        cells: [
          textAt(body, 'addressType'),
          listAt(body, 'ports')
            .map((port) => textAt(port, 'port'))
            .join(','),
          listAt(body, 'endpoints')
            .flatMap((one) => listAt(one, 'addresses').map(String))
            .join(','),
        ],
      }),
    },
  ],
  [
    'events',
    {
      columns: ['TYPE', 'REASON', 'OBJECT', 'MESSAGE'],
      cells: ({ body }) => {
        const type = textAt(body, 'type')
        const object = at(body, 'involvedObject') ?? at(body, 'regarding')
        return {
          cells: [
            type,
            textAt(body, 'reason'),
            `${textAt(object, 'kind').toLowerCase()}/${textAt(object, 'name')}`,
            textAt(body, 'message') || textAt(body, 'note'),
          ],
          tone: type === 'Warning' ? 'failed' : '',
        }
      },
    },
  ],
  [
    'configmaps',
    { columns: ['DATA'], cells: ({ body }) => ({ cells: [`${Object.keys((at(body, 'data') as object | undefined) ?? {}).length}`] }) },
  ],
  [
    'namespaces',
    {
      columns: ['STATUS'],
      cells: ({ body }) => ({
        cells: [textAt(body, 'status', 'phase')],
        tone: textAt(body, 'status', 'phase') === 'Active' ? 'ready' : 'waiting',
      }),
    },
  ],
])

export function objectTable(objects: ObjectsFold, resource: string): ObjectTable {
  const shape = SHAPES.get(resource.split('.')[0]!)
  const rows = objects.list(resource).map((entry) => {
    const { cells, tone } = shape?.cells(entry) ?? { cells: [entry.event.apiVersion] }
    return { key: entry.key, reference: entry.reference, namespace: entry.event.namespace, name: entry.event.name, cells, tone: tone ?? '' }
  })
  rows.sort((a, b) => (a.key < b.key ? -1 : a.key > b.key ? 1 : 0))
  return { resource, columns: shape?.columns ?? ['APIVERSION'], rows }
}

export function nodeReady(body: unknown): boolean {
  return listAt(body, 'status', 'conditions').some((one) => textAt(one, 'type') === 'Ready' && textAt(one, 'status') === 'True')
}

function externalIp(body: unknown): string {
  const given = [
    ...listAt(body, 'status', 'loadBalancer', 'ingress').map((one) => textAt(one, 'ip') || textAt(one, 'hostname')),
    ...listAt(body, 'spec', 'externalIPs').map(String),
  ]
  if (given.length > 0) return given.join(',')
  return textAt(body, 'spec', 'type') === 'LoadBalancer' ? '<pending>' : '<none>'
}

function servicePorts(body: unknown): string {
  const text = listAt(body, 'spec', 'ports').map((port) => {
    const nodePort = numberAt(port, 'nodePort')
    return `${numberAt(port, 'port')}${nodePort === 0 ? '' : `:${nodePort}`}/${textAt(port, 'protocol') || 'TCP'}`
  })
  return text.join(',') || '<none>'
}
