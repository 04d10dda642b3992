/** What `kubectl get pods` says of a pod: READY, STATUS, RESTARTS. Truth: printPod of pkg/printers/internalversion/printers.go. */
import { humanDuration, parseTime } from '../meta/timestamp.ts'
import type { Container, ContainerStatus, Pod } from '../types/index.ts'
import { podCondition } from './pod-state.ts'

export interface PodDisplay {
  ready: string
  status: string
  restarts: string
}

export function podDisplay(pod: Pod, nowMs: number): PodDisplay {
  const { spec, status } = pod
  const initContainers = spec.initContainers ?? []
  const sidecars = new Set(initContainers.filter(isSidecar).map((c) => c.name))
  const total = (spec.containers?.length ?? 0) + sidecars.size
  let reason: string = status.reason || status.phase || ''
  if (status.conditions?.some((c) => c.type === 'PodScheduled' && c.reason === 'SchedulingGated')) reason = 'SchedulingGated'
  let ready = 0
  let restarts = 0
  let sidecarRestarts = 0
  let lastRestart = 0
  let lastSidecarRestart = 0
  let initializing = false
  for (const [i, s] of (status.initContainerStatuses ?? []).entries()) {
    restarts += s.restartCount
    lastRestart = Math.max(lastRestart, finishedMs(s))
    const sidecar = sidecars.has(s.name)
    if (sidecar) {
      sidecarRestarts += s.restartCount
      lastSidecarRestart = Math.max(lastSidecarRestart, finishedMs(s))
    }
    if (s.state?.terminated?.exitCode === 0 && s.state.terminated) continue
    if (sidecar && s.started) {
      if (s.ready) ready += 1
      continue
    }
    if (s.state?.terminated) reason = `Init:${terminatedText(s.state.terminated)}`
    else if (s.state?.waiting?.reason && s.state.waiting.reason !== 'PodInitializing') reason = `Init:${s.state.waiting.reason}`
    else reason = `Init:${i}/${initContainers.length}`
    initializing = true
    break
  }
  if (!initializing || podCondition(pod, 'Initialized')?.status === 'True') {
    restarts = sidecarRestarts
    lastRestart = lastSidecarRestart
    let running = false
    for (const s of [...(status.containerStatuses ?? [])].reverse()) {
      restarts += s.restartCount
      lastRestart = Math.max(lastRestart, finishedMs(s))
      if (s.state?.waiting?.reason) reason = s.state.waiting.reason
      else if (s.state?.terminated) reason = terminatedText(s.state.terminated)
      else if (s.ready && s.state?.running) {
        running = true
        ready += 1
      }
    }
    if (reason === 'Completed' && running) reason = podCondition(pod, 'Ready')?.status === 'True' ? 'Running' : 'NotReady'
  }
  if (pod.metadata.deletionTimestamp) {
    if (status.reason === 'NodeLost') reason = 'Unknown'
    else if (status.phase !== 'Succeeded' && status.phase !== 'Failed') reason = 'Terminating'
  }
  const since = restarts > 0 && lastRestart > 0 ? ` (${humanDuration(nowMs - lastRestart)} ago)` : ''
  return { ready: `${ready}/${total}`, status: reason, restarts: `${restarts}${since}` }
}

function isSidecar(container: Container): boolean {
  return container.restartPolicy === 'Always'
}

function finishedMs(status: ContainerStatus): number {
  return parseTime(status.lastState?.terminated?.finishedAt) ?? 0
}

function terminatedText(state: { reason?: string; signal?: number; exitCode: number }): string {
  if (state.reason) return state.reason
  return state.signal ? `Signal:${state.signal}` : `ExitCode:${state.exitCode}`
}
