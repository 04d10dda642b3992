/**
 * cronjob-controller: jobs at times (pkg/controller/cronjob).
 * Omits: time zones other than UTC.
 */
import { objectKey } from '../../api/client/informer.ts'
import { ObjectIndex } from '../../api/client/object-index.ts'
import { runController } from '../../api/client/run-controller.ts'
import type { Controller, ReconcileResult } from '../../api/client/run-controller.ts'
import { cloneJson, equalJson } from '../../api/meta/json.ts'
import { hasReason } from '../../api/meta/status.ts'
import { formatTime, parseTime } from '../../api/meta/timestamp.ts'
import type { CronJob, Job } from '../../api/types/index.ts'
import { controllerOf } from '../controller-deps.ts'
import type { ControllerDeps } from '../controller-deps.ts'
import { isNamespaceTerminating, ownerReference } from '../pod-control.ts'
import { nextTime, parseSchedule } from './cron-schedule.ts'

/** More missed starts than this, and only the last one counts. */
const MISSED_MAX = 100

export function cronJobController(deps: ControllerDeps): Controller {
  const { client, clock, trace, recorder, informers } = deps
  const crons = informers.of<CronJob>('cronjobs.batch')
  const jobs = informers.of<Job>('jobs.batch')
  const byOwner = new ObjectIndex<Job>(jobs, (job) => [controllerOf(job)?.uid ?? ''])
  const controller = runController({ clock, trace, name: 'cronjob-controller', reconcile })

  crons.onEvent((cron, old) => controller.enqueue(objectKey((cron ?? old)!)))
  jobs.onEvent((job, old) => {
    const owner = controllerOf((job ?? old)!)
    if (owner?.kind === 'CronJob') controller.enqueue(`${(job ?? old)!.metadata.namespace}/${owner.name}`)
  })

  function reconcile(key: string): ReconcileResult {
    const cron = crons.byKey(key)
    if (!cron || cron.metadata.deletionTimestamp) return
    const schedule = parseSchedule(cron.spec.schedule)
    if (!schedule) {
      recorder.event(cron, 'Warning', 'UnparseableSchedule', `unparseable schedule: ${JSON.stringify(cron.spec.schedule)}`)
      return
    }
    const nowMs = client.server.nowMs
    const children = byOwner.get(cron.metadata.uid!)
    let current = syncActive(cron, children)
    cleanup(current, children)
    if (!current.spec.suspend) {
      let due: number | undefined
      let next = nextTime(schedule, parseTime(current.status.lastScheduleTime ?? current.metadata.creationTimestamp) ?? nowMs)
      for (let missed = 0; next !== undefined && next <= nowMs && missed < MISSED_MAX; missed += 1) {
        due = next
        next = nextTime(schedule, next)
      }
      const late =
        due !== undefined && current.spec.startingDeadlineSeconds !== undefined && nowMs - due > current.spec.startingDeadlineSeconds * 1000
      if (late) recorder.event(current, 'Warning', 'MissSchedule', `Missed scheduled time to start a job: ${formatTime(due!)}`)
      else if (due !== undefined) current = start(current, due) ?? current
      if (next !== undefined) return Math.max(0, next - nowMs) * 1000
    }
  }

  function start(cron: CronJob, dueMs: number): CronJob | undefined {
    const { name, namespace = '' } = cron.metadata
    const active = cron.status.active ?? []
    if (cron.spec.concurrencyPolicy === 'Forbid' && active.length > 0) {
      recorder.event(
        cron,
        'Normal',
        'JobAlreadyActive',
        'Not starting job because prior execution is running and concurrency policy is Forbid',
      )
      return undefined
    }
    if (cron.spec.concurrencyPolicy === 'Replace') for (const reference of active) remove(cron, reference.name!)
    // The name tells the minute, so that one start makes one job.
    const jobName = `${name}-${Math.floor(dueMs / 60_000)}`
    let job: Job
    try {
      const { labels, annotations } = cron.spec.jobTemplate.metadata ?? {}
      job = client.create<Job>('jobs.batch', namespace, {
        metadata: {
          name: jobName,
          namespace,
          ...(labels ? { labels } : {}),
          annotations: { ...annotations, 'batch.kubernetes.io/cronjob-scheduled-timestamp': formatTime(dueMs) },
          ownerReferences: [ownerReference(cron)],
        },
        spec: cloneJson(cron.spec.jobTemplate.spec),
      })
    } catch (error) {
      if (hasReason(error, 'AlreadyExists') || isNamespaceTerminating(error)) return undefined
      throw error
    }
    recorder.event(cron, 'Normal', 'SuccessfulCreate', `Created job ${jobName}`)
    const kept = cron.spec.concurrencyPolicy === 'Replace' ? [] : active
    const status = {
      ...cron.status,
      lastScheduleTime: formatTime(dueMs),
      active: [
        ...kept,
        {
          kind: 'Job',
          namespace,
          name: jobName,
          uid: job.metadata.uid,
          apiVersion: 'batch/v1',
          resourceVersion: job.metadata.resourceVersion,
        },
      ],
    }
    return client.updateStatus<CronJob>('cronjobs.batch', { ...cron, status } as CronJob)
  }

  /** Jobs that have ended leave the list. */
  function syncActive(cron: CronJob, children: readonly Job[]): CronJob {
    const running = new Set(children.filter((j) => !outcome(j)).map((j) => j.metadata.uid))
    const status = cloneJson(cron.status)
    const active = (status.active ?? []).filter((reference) => {
      if (running.has(reference.uid)) return true
      const ended = children.find((j) => j.metadata.uid === reference.uid)
      if (!ended) return client.find('jobs.batch', cron.metadata.namespace!, reference.name!) !== undefined
      const how = outcome(ended)
      recorder.event(cron, 'Normal', 'SawCompletedJob', `Saw completed job: ${ended.metadata.name}, condition: ${how}`)
      if (how === 'Complete') status.lastSuccessfulTime = ended.status.completionTime
      return false
    })
    if (active.length > 0) status.active = active
    else delete status.active
    return equalJson(status, cron.status) ? cron : client.updateStatus<CronJob>('cronjobs.batch', { ...cron, status } as CronJob)
  }

  function cleanup(cron: CronJob, children: readonly Job[]): void {
    for (const [how, limit] of [
      ['Complete', cron.spec.successfulJobsHistoryLimit ?? 3],
      ['Failed', cron.spec.failedJobsHistoryLimit ?? 1],
    ] as const) {
      const ended = children
        .filter((j) => outcome(j) === how)
        .sort((a, b) => (parseTime(a.status.startTime) ?? 0) - (parseTime(b.status.startTime) ?? 0))
      for (const job of ended.slice(0, Math.max(0, ended.length - limit))) remove(cron, job.metadata.name)
    }
  }

  function remove(cron: CronJob, name: string): void {
    try {
      client.delete('jobs.batch', cron.metadata.namespace!, name, { propagationPolicy: 'Background' })
      recorder.event(cron, 'Normal', 'SuccessfulDelete', `Deleted job ${name}`)
    } catch (error) {
      if (!hasReason(error, 'NotFound')) throw error
    }
  }

  return controller
}

function outcome(job: Job): 'Complete' | 'Failed' | undefined {
  const found = job.status.conditions?.find((c) => (c.type === 'Complete' || c.type === 'Failed') && c.status === 'True')
  return found?.type as 'Complete' | 'Failed' | undefined
}
