/**
 * A pod as the picture needs it: one word for its state, readiness, address, ports, owner.
 *
 * Truth: the STATUS column of `kubectl get pods` (pkg/printers/internalversion, printPod).
 * Omits: init containers' progress words (`Init:1/2`), which show as the phase.
 */
import { at, listAt, numberAt, type ObjectEntry, textAt } from './objects.ts'

export interface PodView {
  key: string
  namespace: string
  name: string
  node: string
  ip: string
  /** The word of kubectl's STATUS column. */
  status: string
  tone: 'ready' | 'waiting' | 'failed' | 'done'
  ready: number
  containers: { name: string; image: string }[]
  restarts: number
  hostNetwork: boolean
  ports: { port: number; protocol: string }[]
  /** `app` label or the owner's short name: what a person calls it. */
  title: string
  /** The part of the name after the title. */
  subtitle: string
}

export function podView(entry: ObjectEntry): PodView {
  const { body } = entry
  const statuses = listAt(body, 'status', 'containerStatuses')
  const containers = listAt(body, 'spec', 'containers')
  const ready = statuses.filter((status) => at(status, 'ready') === true).length
  const status = statusWord(body, statuses)
  const name = entry.event.name
  const title = titleOf(name, textAt(body, 'metadata', 'generateName'), textAt(body, 'metadata', 'labels', 'pod-template-hash'))
  return {
    key: entry.key,
    namespace: entry.event.namespace,
    name,
    node: textAt(body, 'spec', 'nodeName'),
    ip: textAt(body, 'status', 'podIP'),
    status,
    tone: toneOf(status, ready === containers.length && ready > 0),
    ready,
    containers: containers.map((container) => ({ name: textAt(container, 'name'), image: textAt(container, 'image') })),
    restarts: statuses.reduce((sum: number, one) => sum + numberAt(one, 'restartCount'), 0),
    hostNetwork: at(body, 'spec', 'hostNetwork') === true,
    ports: containers.flatMap((container) =>
      listAt(container, 'ports').map((port) => ({ port: numberAt(port, 'containerPort'), protocol: textAt(port, 'protocol') || 'TCP' })),
    ),
    title,
    subtitle: title === name ? textAt(containers[0], 'image') : name.slice(title.length + 1),
  }
}

function titleOf(name: string, generateName: string, templateHash: string): string {
  if (generateName === '' || !name.startsWith(generateName)) return name
  const stem = generateName.endsWith('-') ? generateName.slice(0, -1) : generateName
  return templateHash !== '' && stem.endsWith(`-${templateHash}`) ? stem.slice(0, -templateHash.length - 1) : stem
}

function statusWord(body: unknown, statuses: readonly unknown[]): string {
  const phase = textAt(body, 'status', 'phase') || 'Pending'
  let word = textAt(body, 'status', 'reason') || phase
  for (const status of [...statuses].reverse()) {
    const waiting = textAt(status, 'state', 'waiting', 'reason')
    const terminated = at(status, 'state', 'terminated')
    if (waiting !== '') word = waiting
    else if (terminated !== undefined) word = textAt(terminated, 'reason') || `ExitCode:${numberAt(terminated, 'exitCode')}`
  }
  return textAt(body, 'metadata', 'deletionTimestamp') === '' ? word : 'Terminating'
}

function toneOf(status: string, ready: boolean): PodView['tone'] {
  if (status === 'Running') return ready ? 'ready' : 'waiting'
  if (status === 'Completed' || status === 'Succeeded') return 'done'
  if (status === 'Pending' || status === 'ContainerCreating' || status === 'Terminating' || status === 'PodInitializing') return 'waiting'
  return 'failed'
}
