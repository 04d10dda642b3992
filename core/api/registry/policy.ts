/** horizontalpodautoscalers, poddisruptionbudgets, priorityclasses, resourcequotas, limitranges, leases, runtimeclasses. */
import { forbidden, invalid, required } from '../meta/field-error.ts'
import type { FieldError } from '../meta/field-error.ts'
import { byText } from '../../base/text-order.ts'
import type { HorizontalPodAutoscaler, KubeObject, Lease, PodDisruptionBudget } from '../types/index.ts'
import { ageColumn, column } from './columns.ts'
import { defineResource, nameColumn } from './definition.ts'
import type { ServedVersion } from './definition.ts'
import { immutable, nonNegative, validateLabelSelector } from './meta-validation.ts'

/** autoscaling/v1 knows only CPU; it is kept as the one metric of autoscaling/v2. */
const HPA_V1: ServedVersion = {
  group: 'autoscaling',
  version: 'v1',
  toStored(draft) {
    const spec = draft.spec as Record<string, unknown> | undefined
    if (spec?.targetCPUUtilizationPercentage === undefined) return
    spec.metrics = [
      {
        type: 'Resource',
        resource: { name: 'cpu', target: { type: 'Utilization', averageUtilization: spec.targetCPUUtilizationPercentage } },
      },
    ]
    delete spec.targetCPUUtilizationPercentage
  },
  fromStored(draft) {
    const hpa = draft as HorizontalPodAutoscaler
    const cpu = hpa.spec.metrics?.find((m) => m.type === 'Resource' && m.resource?.name === 'cpu')?.resource
    const spec = draft.spec as Record<string, unknown>
    if (cpu?.target.averageUtilization !== undefined) spec.targetCPUUtilizationPercentage = cpu.target.averageUtilization
    delete spec.metrics
    const current = hpa.status?.currentMetrics?.find((m) => m.resource?.name === 'cpu')?.resource?.current.averageUtilization
    const status = draft.status as Record<string, unknown> | undefined
    if (!status) return
    if (current !== undefined) status.currentCPUUtilizationPercentage = current
    delete status.currentMetrics
    delete status.conditions
  },
}

export const horizontalpodautoscalers = defineResource<HorizontalPodAutoscaler>({
  group: 'autoscaling',
  version: 'v2',
  otherVersions: [HPA_V1],
  kind: 'HorizontalPodAutoscaler',
  plural: 'horizontalpodautoscalers',
  shortNames: ['hpa'],
  categories: ['all'],
  subresources: ['status'],
  defaults(hpa) {
    if (!hpa.spec) return
    hpa.spec.minReplicas ??= 1
    if (!hpa.spec.metrics?.length)
      hpa.spec.metrics = [{ type: 'Resource', resource: { name: 'cpu', target: { type: 'Utilization', averageUtilization: 80 } } }]
  },
  validate(hpa) {
    const { spec } = hpa
    if (!spec) return [required('spec.scaleTargetRef.kind')]
    const errors: FieldError[] = []
    if (spec.minReplicas !== undefined && spec.minReplicas < 1)
      errors.push(invalid('spec.minReplicas', spec.minReplicas, 'must be greater than or equal to 1'))
    if (!(spec.maxReplicas >= 1)) errors.push(invalid('spec.maxReplicas', spec.maxReplicas ?? 0, 'must be greater than 0'))
    else if (spec.minReplicas !== undefined && spec.maxReplicas < spec.minReplicas)
      errors.push(invalid('spec.maxReplicas', spec.maxReplicas, 'must be greater than or equal to `minReplicas`'))
    if (!spec.scaleTargetRef?.kind) errors.push(required('spec.scaleTargetRef.kind'))
    if (!spec.scaleTargetRef?.name) errors.push(required('spec.scaleTargetRef.name'))
    return errors
  },
  strategy: {
    statusSubresource: true,
    prepareForCreate(hpa) {
      hpa.status = { desiredReplicas: 0 }
    },
  },
  columns: [
    nameColumn<HorizontalPodAutoscaler>(),
    column<HorizontalPodAutoscaler>('Reference', (h) => `${h.spec.scaleTargetRef.kind}/${h.spec.scaleTargetRef.name}`),
    column<HorizontalPodAutoscaler>('Targets', targetsText),
    column<HorizontalPodAutoscaler>('MinPods', (h) => String(h.spec.minReplicas ?? '<unset>')),
    column<HorizontalPodAutoscaler>('MaxPods', (h) => h.spec.maxReplicas, 'integer'),
    column<HorizontalPodAutoscaler>('Replicas', (h) => h.status?.currentReplicas ?? 0, 'integer'),
    ageColumn<HorizontalPodAutoscaler>(),
  ],
})

function targetsText(hpa: HorizontalPodAutoscaler): string {
  const metrics = hpa.spec.metrics ?? []
  if (metrics.length === 0) return '<none>'
  const parts = metrics.map((m, i) => {
    const current = hpa.status?.currentMetrics?.[i]?.resource?.current
    const target = m.resource?.target
    if (!target) return '<unknown>'
    if (target.averageValue !== undefined) return `${m.resource!.name}: ${current?.averageValue ?? '<unknown>'}/${target.averageValue}`
    const now = current?.averageUtilization
    return `${m.resource!.name}: ${now === undefined ? '<unknown>' : `${now}%`}/${target.averageUtilization ?? 0}%`
  })
  return parts.length > 2 ? `${parts.slice(0, 2).join(', ')} + ${parts.length - 2} more...` : parts.join(', ')
}

export const poddisruptionbudgets = defineResource<PodDisruptionBudget>({
  group: 'policy',
  kind: 'PodDisruptionBudget',
  plural: 'poddisruptionbudgets',
  shortNames: ['pdb'],
  subresources: ['status'],
  validate(pdb) {
    const errors = validateLabelSelector(pdb.spec?.selector, 'spec.selector')
    if (pdb.spec?.minAvailable !== undefined && pdb.spec.maxUnavailable !== undefined)
      errors.push(invalid('spec', pdb.spec, 'minAvailable and maxUnavailable cannot be both set'))
    return errors
  },
  strategy: {
    generation: true,
    statusSubresource: true,
    prepareForCreate(pdb) {
      pdb.status = { disruptionsAllowed: 0, currentHealthy: 0, desiredHealthy: 0, expectedPods: 0 }
    },
  },
  columns: [
    nameColumn<PodDisruptionBudget>(),
    column<PodDisruptionBudget>('Min Available', (p) => String(p.spec.minAvailable ?? 'N/A')),
    column<PodDisruptionBudget>('Max Unavailable', (p) => String(p.spec.maxUnavailable ?? 'N/A')),
    column<PodDisruptionBudget>('Allowed Disruptions', (p) => p.status?.disruptionsAllowed ?? 0, 'integer'),
    ageColumn<PodDisruptionBudget>(),
  ],
})

export interface PriorityClass extends KubeObject {
  value: number
  globalDefault?: boolean
  preemptionPolicy?: string
}

const USER_PRIORITY_MAX = 1_000_000_000

export const priorityclasses = defineResource<PriorityClass>({
  group: 'scheduling.k8s.io',
  kind: 'PriorityClass',
  plural: 'priorityclasses',
  shortNames: ['pc'],
  namespaced: false,
  defaults(pc) {
    pc.preemptionPolicy ??= 'PreemptLowerPriority'
  },
  validate(pc, old) {
    const errors: FieldError[] = []
    if (pc.metadata.name.startsWith('system-')) {
      if (pc.metadata.name !== 'system-cluster-critical' && pc.metadata.name !== 'system-node-critical')
        errors.push(
          forbidden(
            'metadata.name',
            "priority class names with 'system-' prefix are reserved for system use only. error: only system-node-critical and system-cluster-critical are allowed",
          ),
        )
    } else if (pc.value > USER_PRIORITY_MAX)
      errors.push(forbidden('value', `maximum allowed value of a user defined priority is ${USER_PRIORITY_MAX}`))
    if (old && pc.value !== old.value) errors.push(forbidden('value', 'may not be changed in an update.'))
    return errors
  },
  columns: [
    nameColumn<PriorityClass>(),
    column<PriorityClass>('Value', (p) => p.value ?? 0, 'integer'),
    column<PriorityClass>('Global-Default', (p) => String(p.globalDefault ?? false), 'boolean'),
    ageColumn<PriorityClass>(),
    column<PriorityClass>('PreemptionPolicy', (p) => p.preemptionPolicy ?? ''),
  ],
})

export interface ResourceQuota extends KubeObject {
  spec: { hard?: Record<string, string>; scopes?: string[] }
  status: { hard?: Record<string, string>; used?: Record<string, string> }
}

export const resourcequotas = defineResource<ResourceQuota>({
  kind: 'ResourceQuota',
  plural: 'resourcequotas',
  shortNames: ['quota'],
  subresources: ['status'],
  strategy: { statusSubresource: true },
  columns: [
    nameColumn<ResourceQuota>(),
    column<ResourceQuota>('Request', (q) => quotaText(q, (r) => !r.startsWith('limits.'))),
    column<ResourceQuota>('Limit', (q) => quotaText(q, (r) => r.startsWith('limits.'))),
    ageColumn<ResourceQuota>(),
  ],
})

function quotaText(quota: ResourceQuota, wanted: (resource: string) => boolean): string {
  const hard = quota.status?.hard ?? {}
  return Object.keys(hard)
    .filter(wanted)
    .sort(byText)
    .map((r) => `${r}: ${quota.status?.used?.[r] ?? '0'}/${hard[r]}`)
    .join(', ')
}

export const limitranges = defineResource({ kind: 'LimitRange', plural: 'limitranges', shortNames: ['limits'] })

export const leases = defineResource<Lease>({
  group: 'coordination.k8s.io',
  kind: 'Lease',
  plural: 'leases',
  validate: (lease) => [
    ...(lease.spec?.leaseDurationSeconds !== undefined && lease.spec.leaseDurationSeconds <= 0
      ? [invalid('spec.leaseDurationSeconds', lease.spec.leaseDurationSeconds, 'must be greater than 0')]
      : []),
    ...nonNegative(lease.spec?.leaseTransitions, 'spec.leaseTransitions'),
  ],
  columns: [nameColumn<Lease>(), column<Lease>('Holder', (l) => l.spec?.holderIdentity ?? ''), ageColumn<Lease>()],
})

export interface RuntimeClass extends KubeObject {
  handler: string
}

export const runtimeclasses = defineResource<RuntimeClass>({
  group: 'node.k8s.io',
  kind: 'RuntimeClass',
  plural: 'runtimeclasses',
  namespaced: false,
  validate: (r, old) => (!r.handler ? [required('handler')] : old ? immutable(r.handler, old.handler, 'handler') : []),
  columns: [nameColumn<RuntimeClass>(), column<RuntimeClass>('Handler', (r) => r.handler), ageColumn<RuntimeClass>()],
})
