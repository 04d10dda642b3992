/**
 * A pod's status out of what its containers do: phase, conditions, container statuses.
 * Truth: kubelet_pods.go getPhase, pkg/kubelet/status/generate.go.
 *
 * Omits: resource statuses (in-place resize), user and volume mount statuses, readiness of disrupted pods.
 */
import { formatTime } from '../../api/meta/timestamp.ts'
import { allContainers, qosClass } from '../../api/semantics/pod-state.ts'
import type { ContainerState, ContainerStatus, Pod, PodCondition, PodPhase, PodStatus } from '../../api/types/index.ts'
import { type ContainerRecord, terminatedState } from './container-record.ts'

export interface StatusInput {
  pod: Pod
  init: readonly ContainerRecord[]
  main: readonly ContainerRecord[]
  ephemeral: readonly ContainerRecord[]
  sandboxReady: boolean
  podIps: readonly string[]
  hostIps: readonly string[]
  startUs: number
  nowUs: number
  epochMs: number
  /** Conditions as they were said last: the API's, then the kubelet's own, which the informer may not show yet. */
  known: readonly PodCondition[]
  /** Set when the kubelet itself has given the pod up. */
  failed: { reason: string; message: string } | null
}

export function podStatus(input: StatusInput): PodStatus {
  const { pod, nowUs, epochMs } = input
  const now = formatTime(epochMs + Math.floor(nowUs / 1000))
  const restarts = pod.spec.restartPolicy ?? 'Always'
  const phase = input.failed ? 'Failed' : phaseOf(input, restarts)
  const finished = phase === 'Succeeded' || phase === 'Failed'
  const initialized = input.init.every((r) => (r.kind === 'sidecar' ? r.started : r.succeeded)) || input.main.some((r) => r.current !== null)
  const unready = [...input.init.filter((r) => r.kind === 'sidecar'), ...input.main].filter((r) => !r.isReady).map((r) => r.spec.name)
  const uninitialized = input.init.filter((r) => (r.kind === 'sidecar' ? !r.started : !r.succeeded)).map((r) => r.spec.name)

  const conditions: PodCondition[] = [
    { type: 'PodReadyToStartContainers', status: input.sandboxReady ? 'True' : 'False' },
    initialized || phase === 'Succeeded'
      ? { type: 'Initialized', status: 'True', ...(phase === 'Succeeded' ? { reason: 'PodCompleted' } : {}) }
      : { type: 'Initialized', status: 'False', reason: 'ContainersNotInitialized', message: `containers with incomplete status: [${uninitialized.join(' ')}]` },
  ]
  const notReady: Partial<PodCondition> | null = phase === 'Succeeded' ? { reason: 'PodCompleted' }
    : phase === 'Failed' ? { reason: 'PodFailed' }
    : unready.length > 0 ? { reason: 'ContainersNotReady', message: `containers with unready status: [${unready.join(' ')}]` } : null
  const gates = (pod.spec.readinessGates ?? []).map((g) => g.conditionType)
  const closed = gates.filter((type) => pod.status?.conditions?.find((c) => c.type === type)?.status !== 'True')
  const readyReason: Partial<PodCondition> | null = notReady ?? (closed.length > 0
    ? { reason: 'ReadinessGatesNotReady', message: `the status of pod readiness gate ${JSON.stringify(closed[0])} is not "True", but False` } : null)
  conditions.push(
    { type: 'Ready', status: readyReason ? 'False' : 'True', ...readyReason },
    { type: 'ContainersReady', status: notReady ? 'False' : 'True', ...notReady },
    { type: 'PodScheduled', status: 'True' },
  )

  const status: PodStatus = {
    ...(pod.metadata.generation === undefined ? {} : { observedGeneration: pod.metadata.generation }),
    phase,
    conditions: mergeConditions(input.known, conditions, now),
    hostIP: input.hostIps[0],
    hostIPs: input.hostIps.map((ip) => ({ ip })),
    startTime: formatTime(epochMs + Math.floor(input.startUs / 1000)),
    qosClass: pod.status?.qosClass ?? qosClass(allContainers(pod)),
    containerStatuses: input.main.map((r) => containerStatus(r, input, initialized, finished)),
  }
  if (input.podIps.length > 0) {
    status.podIP = input.podIps[0]
    status.podIPs = input.podIps.map((ip) => ({ ip }))
  }
  if (input.init.length > 0) status.initContainerStatuses = input.init.map((r) => containerStatus(r, input, initialized, finished))
  if (input.ephemeral.length > 0) status.ephemeralContainerStatuses = input.ephemeral.map((r) => containerStatus(r, input, true, finished))
  if (input.failed) {
    status.reason = input.failed.reason
    status.message = input.failed.message
  }
  return status
}

/** kubelet_pods.go getPhase. */
function phaseOf(input: StatusInput, restarts: string): PodPhase {
  const { init, main } = input
  const regular = init.filter((r) => r.kind === 'init')
  const initFailed = regular.some((r) => r.exited && r.current?.exitCode !== 0 && restarts === 'Never')
  if (initFailed && main.every((r) => r.current === null)) return 'Failed'
  const initPending = init.some((r) => (r.kind === 'sidecar' ? !r.started && !r.exited : !r.succeeded))
  const started = main.some((r) => r.current !== null || r.inherited !== null)
  if (initPending && !started) return 'Pending'
  const unknown = main.some((r) => r.current === null && r.inherited === null)
  const running = main.filter((r) => r.running).length
  const stopped = main.filter((r) => r.exited).length
  if (unknown) return started ? 'Running' : 'Pending'
  if (running > 0) return 'Running'
  // Between two lives a container that will be started again counts as running.
  if (main.some((r) => r.current === null || r.current.state === 'created')) return 'Running'
  if (stopped > 0) {
    if (restarts === 'Always') return 'Running'
    if (main.every((r) => r.succeeded)) return 'Succeeded'
    return restarts === 'Never' ? 'Failed' : 'Running'
  }
  return 'Pending'
}

function containerStatus(record: ContainerRecord, input: StatusInput, initialized: boolean, finished: boolean): ContainerStatus {
  const { current, previous } = record
  const iso = (us: number): string => formatTime(input.epochMs + Math.floor(us / 1000))
  let state: ContainerState
  let last: ContainerState = previous ? terminatedState(previous, input.epochMs) : (record.inherited ?? {})
  if (current?.state === 'running') state = { running: { startedAt: iso(current.startedUs) } }
  else if (current?.state === 'exited' && (finished || record.waiting.reason === '')) state = terminatedState(current, input.epochMs)
  else {
    const reason = !initialized && record.kind === 'main' ? 'PodInitializing' : record.waiting.reason || 'ContainerCreating'
    state = { waiting: { reason, ...(record.waiting.message === '' || reason === 'PodInitializing' ? {} : { message: record.waiting.message }) } }
    if (current?.state === 'exited') last = terminatedState(current, input.epochMs)
  }
  const status: ContainerStatus = {
    name: record.spec.name,
    state,
    lastState: last,
    ready: record.kind === 'init' ? record.succeeded : record.isReady,
    restartCount: record.restarts,
    image: imageText(record),
    imageID: current ? record.imageId : '',
    started: record.kind === 'init' ? record.running : record.running && record.started,
  }
  const id = (current ?? previous)?.id
  if (id) status.containerID = `containerd://${id}`
  return status
}

function imageText(record: ContainerRecord): string {
  return record.current ? record.current.config.image : (record.spec.image ?? '')
}

/** Own conditions replace the old ones of their type; the time changes with the status only. */
export function mergeConditions(old: readonly PodCondition[], own: readonly PodCondition[], now: string): PodCondition[] {
  const before = new Map(old.map((c) => [c.type, c]))
  const mine = new Set(own.map((c) => c.type))
  const merged = own.map((c): PodCondition => {
    const was = before.get(c.type)
    const same = was?.status === c.status
    return { ...c, lastProbeTime: null, lastTransitionTime: same && was?.lastTransitionTime ? was.lastTransitionTime : now }
  })
  return [...merged, ...old.filter((c) => !mine.has(c.type))]
}
