/** jobs.batch and cronjobs.batch: pkg/apis/batch. */
import { invalid, required } from '../meta/field-error.ts'
import type { FieldError } from '../meta/field-error.ts'
import { age, humanDuration, parseTime } from '../meta/timestamp.ts'
import type { CronJob, Job, JobSpec } from '../types/index.ts'
import { ageColumn, column, containerImages, containerNames, selectorText, templateColumns, wide } from './columns.ts'
import { defineResource, nameColumn } from './definition.ts'
import { immutable, nonNegative, oneOf } from './meta-validation.ts'
import { defaultTemplate } from './pod-template.ts'
import { validatePodSpec } from './pod-validation.ts'

/** Labels and selector that tie pods to their job. */
export const JOB_UID_LABEL = 'batch.kubernetes.io/controller-uid'
export const JOB_NAME_LABEL = 'batch.kubernetes.io/job-name'

export const jobs = defineResource<Job>({
  group: 'batch',
  kind: 'Job',
  plural: 'jobs',
  categories: ['all'],
  subresources: ['status'],
  defaults(job) {
    defaultJobSpec(job.spec)
  },
  validate(job, old) {
    const errors = validateJobSpec(job.spec, 'spec')
    if (job.spec && !job.spec.selector) errors.push(required('spec.selector'))
    if (old) {
      errors.push(...immutable(job.spec.completions, old.spec.completions, 'spec.completions'))
      errors.push(...immutable(job.spec.selector, old.spec.selector, 'spec.selector'))
      errors.push(...immutable(job.spec.template, old.spec.template, 'spec.template'))
    }
    return errors
  },
  strategy: {
    generation: true,
    statusSubresource: true,
    defaultPropagation: 'Background',
    prepareForCreate(job) {
      if (!job.spec || job.spec.manualSelector) return
      const uid = job.metadata.uid!
      job.spec.template ??= { spec: { containers: [] } }
      job.spec.template.metadata ??= {}
      const labels = { [JOB_UID_LABEL]: uid, [JOB_NAME_LABEL]: job.metadata.name, 'controller-uid': uid, 'job-name': job.metadata.name }
      job.spec.template.metadata.labels = { ...job.spec.template.metadata.labels, ...labels }
      job.spec.selector = { matchLabels: { ...job.spec.selector?.matchLabels, [JOB_UID_LABEL]: uid } }
    },
  },
  columns: [
    nameColumn<Job>(),
    column<Job>('Status', jobStatus),
    column<Job>('Completions', (job) => {
      const { completions, parallelism } = job.spec
      const succeeded = job.status?.succeeded ?? 0
      if (completions !== undefined) return `${succeeded}/${completions}`
      return (parallelism ?? 0) > 1 ? `${succeeded}/1 of ${parallelism}` : `${succeeded}/1`
    }),
    column<Job>('Duration', (job, now) => {
      const start = parseTime(job.status?.startTime)
      if (start === undefined) return ''
      return humanDuration((parseTime(job.status.completionTime) ?? now) - start)
    }),
    ageColumn<Job>(),
    ...templateColumns<Job>(
      (job) => job.spec.template,
      (job) => selectorText(job.spec.selector),
    ),
  ],
  selectableFields: new Map([['status.successful', (job: Job) => String(job.status?.succeeded ?? 0)]]),
})

function jobStatus(job: Job): string {
  const has = (type: string) => job.status?.conditions?.some((c) => c.type === type && c.status === 'True')
  if (has('Complete')) return 'Complete'
  if (has('Failed')) return 'Failed'
  if (job.metadata.deletionTimestamp) return 'Terminating'
  if (has('Suspended')) return 'Suspended'
  if (has('FailureTarget')) return 'FailureTarget'
  if (has('SuccessCriteriaMet')) return 'SuccessCriteriaMet'
  return 'Running'
}

function defaultJobSpec(spec: JobSpec | undefined): void {
  if (!spec) return
  if (spec.completions === undefined && spec.parallelism === undefined) spec.completions = 1
  spec.parallelism ??= 1
  spec.backoffLimit ??= 6
  spec.completionMode ??= 'NonIndexed'
  spec.suspend ??= false
  spec.podReplacementPolicy ??= 'TerminatingOrFailed'
  spec.manualSelector ??= false
  defaultTemplate(spec.template)
}

function validateJobSpec(spec: JobSpec | undefined, path: string): FieldError[] {
  if (!spec) return [required(`${path}.template.spec.containers`)]
  const errors: FieldError[] = []
  for (const field of ['parallelism', 'completions', 'activeDeadlineSeconds', 'backoffLimit', 'ttlSecondsAfterFinished'] as const)
    errors.push(...nonNegative(spec[field], `${path}.${field}`))
  errors.push(...validatePodSpec(spec.template?.spec, `${path}.template.spec`))
  const policy = spec.template?.spec?.restartPolicy
  if (policy !== 'OnFailure' && policy !== 'Never')
    errors.push(required(`${path}.template.spec.restartPolicy`, 'valid values: "OnFailure", "Never"'))
  return errors
}

export const cronjobs = defineResource<CronJob>({
  group: 'batch',
  kind: 'CronJob',
  plural: 'cronjobs',
  shortNames: ['cj'],
  categories: ['all'],
  subresources: ['status'],
  defaults(cron) {
    if (!cron.spec) return
    cron.spec.concurrencyPolicy ??= 'Allow'
    cron.spec.suspend ??= false
    cron.spec.successfulJobsHistoryLimit ??= 3
    cron.spec.failedJobsHistoryLimit ??= 1
    const spec = cron.spec.jobTemplate?.spec
    if (spec) defaultTemplate(spec.template)
  },
  validate(cron) {
    const { spec } = cron
    if (!spec) return [required('spec.schedule')]
    const errors: FieldError[] = []
    if (!spec.schedule) errors.push(required('spec.schedule'))
    else if (spec.schedule.trim().split(/\s+/).length !== 5 && !spec.schedule.startsWith('@'))
      errors.push(
        invalid(
          'spec.schedule',
          spec.schedule,
          `expected exactly 5 fields, found ${spec.schedule.trim().split(/\s+/).length}: [${spec.schedule.trim().split(/\s+/).join(' ')}]`,
        ),
      )
    errors.push(...oneOf(spec.concurrencyPolicy, 'spec.concurrencyPolicy', ['Allow', 'Forbid', 'Replace']))
    errors.push(...validateJobSpec(spec.jobTemplate?.spec, 'spec.jobTemplate.spec'))
    if (cron.metadata.name.length > 52) errors.push(invalid('metadata.name', cron.metadata.name, 'must be no more than 52 characters'))
    return errors
  },
  strategy: { generation: true, statusSubresource: true },
  columns: [
    nameColumn<CronJob>(),
    column<CronJob>('Schedule', (c) => c.spec.schedule),
    column<CronJob>('Timezone', (c) => c.spec.timeZone ?? '<none>'),
    column<CronJob>('Suspend', (c) => (c.spec.suspend ? 'True' : 'False'), 'boolean'),
    column<CronJob>('Active', (c) => c.status?.active?.length ?? 0, 'integer'),
    column<CronJob>('Last Schedule', (c, now) => (c.status?.lastScheduleTime ? age(c.status.lastScheduleTime, now) : '<none>')),
    ageColumn<CronJob>(),
    wide<CronJob>('Containers', (c) => containerNames(c.spec.jobTemplate.spec.template)),
    wide<CronJob>('Images', (c) => containerImages(c.spec.jobTemplate.spec.template)),
    wide<CronJob>('Selector', (c) => selectorText(c.spec.jobTemplate.spec.selector)),
  ],
})
