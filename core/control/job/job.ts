/**
 * job-controller: pods until enough have succeeded, or too many have failed (pkg/controller/job).
 * Omits: indexed completion's indexes and back-off per index, pod failure and success policies, tracking finalizers (a pod that is
 * deleted by hand is no longer counted).
 */
import { objectKey } from '../../api/client/informer.ts'
import { runController } from '../../api/client/run-controller.ts'
import type { Controller, ReconcileResult } from '../../api/client/run-controller.ts'
import { equalJson } from '../../api/meta/json.ts'
import { selectorFromObject } from '../../api/meta/labels.ts'
import { hasReason } from '../../api/meta/status.ts'
import { formatTime, parseTime } from '../../api/meta/timestamp.ts'
import { isPodActive, isPodReady, podCondition } from '../../api/semantics/pod-state.ts'
import type { Job, JobCondition, Pod } from '../../api/types/index.ts'
import { controllerOf } from '../controller-deps.ts'
import type { ControllerDeps } from '../controller-deps.ts'
import { claimPods, createPod, deletePod, isNamespaceTerminating, podFromTemplate } from '../pod-control.ts'

/** DefaultJobPodFailureBackOff, MaxJobPodFailureBackOff. */
const BACKOFF_FIRST_MS = 10_000
const BACKOFF_MAX_MS = 600_000
const BURST_MAX = 500

export function jobController(deps: ControllerDeps): Controller {
  const { client, clock, trace, recorder, informers, pods: indices } = deps
  const jobs = informers.of<Job>('jobs.batch')
  const controller = runController({ clock, trace, name: 'job-controller', reconcile })

  jobs.onEvent((job, old) => controller.enqueue(objectKey((job ?? old)!)))
  informers.of<Pod>('pods').onEvent((pod, old) => {
    const owner = controllerOf((pod ?? old)!)
    if (owner?.kind === 'Job') controller.enqueue(`${(pod ?? old)!.metadata.namespace}/${owner.name}`)
  })

  function reconcile(key: string): ReconcileResult {
    const job = jobs.byKey(key)
    if (!job || job.metadata.deletionTimestamp) return
    const finished = finishedCondition(job)
    if (finished) return expire(job, finished)
    try {
      return work(job, claimPods(client, indices, job, selectorFromObject(job.spec.selector)))
    } catch (error) {
      if (isNamespaceTerminating(error)) return
      throw error
    }
  }

  function work(job: Job, pods: readonly Pod[]): ReconcileResult {
    const nowMs = client.server.nowMs
    const now = formatTime(nowMs)
    const active = pods.filter(isPodActive)
    const succeeded = pods.filter((p) => p.status.phase === 'Succeeded').length
    const failed = pods.filter((p) => p.status.phase === 'Failed').length
    const conditions = [...(job.status.conditions ?? [])]
    const startTime = job.status.startTime ?? (job.spec.suspend ? undefined : now)
    let again: number | undefined
    let left = active.length
    let terminal: JobCondition | undefined
    const deadline = job.spec.activeDeadlineSeconds
    const ranMs = startTime === undefined ? 0 : nowMs - (parseTime(startTime) ?? nowMs)
    if (failed > (job.spec.backoffLimit ?? 6) || restartsExceed(job, active))
      terminal = condition('Failed', 'BackoffLimitExceeded', 'Job has reached the specified backoff limit', now)
    else if (deadline !== undefined && !job.spec.suspend && ranMs >= deadline * 1000)
      terminal = condition('Failed', 'DeadlineExceeded', 'Job was active longer than specified deadline', now)
    else if (isComplete(job, succeeded, active.length))
      terminal = condition('Complete', 'CompletionsReached', 'Reached expected number of succeeded pods', now)
    if (terminal) {
      for (const pod of active) deletePod(client, recorder, job, pod)
      left = 0
    } else if (job.spec.suspend) {
      for (const pod of active) deletePod(client, recorder, job, pod)
      left = 0
      if (!conditions.some((c) => c.type === 'Suspended' && c.status === 'True')) {
        conditions.push({ ...condition('Suspended', 'JobSuspended', 'Job suspended', now) })
        recorder.event(job, 'Normal', 'Suspended', 'Job suspended')
      }
    } else {
      const wanted = wantedActive(job, succeeded, active.length)
      if (wanted > active.length) {
        const waitMs = backoffMs(pods, nowMs)
        if (waitMs > 0) again = waitMs * 1000
        else
          for (let i = active.length; i < Math.min(wanted, active.length + BURST_MAX); i += 1, left += 1)
            createPod(client, recorder, job, podFromTemplate(job, job.spec.template))
      } else for (const pod of active.slice(wanted)) deletePod(client, recorder, job, pod)
      if (deadline !== undefined) again = Math.min(again ?? Number.MAX_SAFE_INTEGER, deadline * 1_000_000 - ranMs * 1000)
    }
    const status: Job['status'] = {}
    if (terminal) {
      const target = terminal.type === 'Failed' ? 'FailureTarget' : 'SuccessCriteriaMet'
      conditions.push({ ...terminal, type: target }, terminal)
      if (terminal.type === 'Complete') recorder.event(job, 'Normal', 'Completed', 'Job completed')
      else recorder.event(job, 'Warning', terminal.reason!, terminal.message!)
    }
    if (conditions.length > 0) status.conditions = conditions
    if (startTime !== undefined) status.startTime = startTime
    if (terminal?.type === 'Complete') status.completionTime = now
    if (left > 0) status.active = left
    if (succeeded > 0) status.succeeded = succeeded
    if (failed > 0) status.failed = failed
    status.terminating = pods.filter(
      (p) => p.metadata.deletionTimestamp && p.status.phase !== 'Succeeded' && p.status.phase !== 'Failed',
    ).length
    status.ready = active.filter(isPodReady).length
    status.uncountedTerminatedPods = {}
    if (!equalJson(status, job.status)) client.updateStatus('jobs.batch', { ...job, status } as Job)
    return again
  }

  /** ttlSecondsAfterFinished. */
  function expire(job: Job, finished: JobCondition): ReconcileResult {
    const ttl = job.spec.ttlSecondsAfterFinished
    if (ttl === undefined) return
    const leftMs = (parseTime(finished.lastTransitionTime) ?? 0) + ttl * 1000 - client.server.nowMs
    if (leftMs > 0) return leftMs * 1000
    try {
      client.delete('jobs.batch', job.metadata.namespace!, job.metadata.name, { propagationPolicy: 'Foreground' })
    } catch (error) {
      if (!hasReason(error, 'NotFound')) throw error
    }
  }

  return controller
}

function finishedCondition(job: Job): JobCondition | undefined {
  return job.status.conditions?.find((c) => (c.type === 'Complete' || c.type === 'Failed') && c.status === 'True')
}

function isComplete(job: Job, succeeded: number, active: number): boolean {
  return job.spec.completions === undefined ? succeeded > 0 && active === 0 : succeeded >= job.spec.completions
}

function wantedActive(job: Job, succeeded: number, active: number): number {
  const parallelism = job.spec.parallelism ?? 1
  if (job.spec.completions === undefined) return succeeded > 0 ? Math.min(active, parallelism) : parallelism
  return Math.min(parallelism, job.spec.completions - succeeded)
}

/** With restartPolicy OnFailure it is the containers' restarts that count. */
function restartsExceed(job: Job, active: readonly Pod[]): boolean {
  if (job.spec.template.spec.restartPolicy !== 'OnFailure') return false
  const restarts = active.reduce((sum, p) => sum + (p.status.containerStatuses ?? []).reduce((n, s) => n + s.restartCount, 0), 0)
  const limit = job.spec.backoffLimit ?? 6
  return limit === 0 ? restarts > 0 : restarts >= limit
}

/** Milliseconds until the next try after failures: 10 s doubling to 10 minutes since the last one. */
function backoffMs(pods: readonly Pod[], nowMs: number): number {
  const failed = pods.filter((p) => p.status.phase === 'Failed')
  if (failed.length === 0) return 0
  const last = Math.max(...failed.map((p) => finishedMs(p) ?? 0))
  return last + Math.min(BACKOFF_MAX_MS, BACKOFF_FIRST_MS * 2 ** Math.min(failed.length - 1, 10)) - nowMs
}

function finishedMs(pod: Pod): number | undefined {
  const times = (pod.status.containerStatuses ?? []).map((s) => parseTime(s.state?.terminated?.finishedAt)).filter((t) => t !== undefined)
  return times.length > 0 ? Math.max(...times) : parseTime(podCondition(pod, 'Ready')?.lastTransitionTime ?? pod.metadata.creationTimestamp)
}

function condition(type: string, reason: string, message: string, now: string): JobCondition {
  return { type, status: 'True', lastProbeTime: now, lastTransitionTime: now, reason, message }
}
