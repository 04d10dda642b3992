/** pods: pkg/registry/core/pod. */
import { forbidden } from '../meta/field-error.ts'
import type { FieldError } from '../meta/field-error.ts'
import { cloneJson, equalJson } from '../meta/json.ts'
import { podDisplay } from '../semantics/pod-display.ts'
import { qosClass } from '../semantics/pod-state.ts'
import type { Pod } from '../types/index.ts'
import { ageColumn, column, wide } from './columns.ts'
import { defineResource, nameColumn } from './definition.ts'
import { defaultPodSpec } from './pod-defaults.ts'
import { validatePodSpec } from './pod-validation.ts'

export const pods = defineResource<Pod>({
  kind: 'Pod',
  plural: 'pods',
  shortNames: ['po'],
  categories: ['all'],
  subresources: ['status', 'binding', 'eviction', 'log', 'exec', 'attach', 'portforward', 'ephemeralcontainers', 'resize', 'proxy'],
  defaults(pod) {
    defaultPodSpec(pod.spec)
    if (pod.spec) pod.spec.enableServiceLinks ??= true
  },
  validate: (pod, old) => [...validatePodSpec(pod.spec, 'spec'), ...(old ? validatePodUpdate(pod, old) : [])],
  strategy: {
    statusSubresource: true,
    generation: true,
    prepareForCreate(pod) {
      pod.status = { phase: 'Pending', qosClass: qosClass([...(pod.spec?.initContainers ?? []), ...(pod.spec?.containers ?? [])]) }
      if (pod.spec?.schedulingGates?.length)
        pod.status.conditions = [
          {
            type: 'PodScheduled',
            status: 'False',
            lastProbeTime: null,
            reason: 'SchedulingGated',
            message: 'Scheduling is blocked due to non-empty scheduling gates',
          },
        ]
    },
    gracePeriodSeconds(pod, requested) {
      // A pod that no kubelet holds, or that has finished, has nothing to wait for.
      if (!pod.spec.nodeName || pod.status.phase === 'Succeeded' || pod.status.phase === 'Failed') return 0
      return Math.max(0, requested ?? pod.spec.terminationGracePeriodSeconds ?? 30)
    },
  },
  columns: [
    nameColumn<Pod>(),
    column<Pod>('Ready', (p, now) => podDisplay(p, now).ready),
    column<Pod>('Status', (p, now) => podDisplay(p, now).status),
    column<Pod>('Restarts', (p, now) => podDisplay(p, now).restarts),
    ageColumn<Pod>(),
    wide<Pod>('IP', (p) => p.status.podIPs?.[0]?.ip ?? p.status.podIP ?? '<none>'),
    wide<Pod>('Node', (p) => p.spec.nodeName || '<none>'),
    wide<Pod>('Nominated Node', (p) => p.status.nominatedNodeName || '<none>'),
    wide<Pod>('Readiness Gates', (p) => {
      const gates = p.spec.readinessGates ?? []
      if (gates.length === 0) return '<none>'
      const passed = gates.filter((g) => p.status.conditions?.some((c) => c.type === g.conditionType && c.status === 'True')).length
      return `${passed}/${gates.length}`
    }),
  ],
  selectableFields: new Map([
    ['spec.nodeName', (p: Pod) => p.spec.nodeName ?? ''],
    ['spec.restartPolicy', (p: Pod) => p.spec.restartPolicy ?? ''],
    ['spec.schedulerName', (p: Pod) => p.spec.schedulerName ?? ''],
    ['spec.serviceAccountName', (p: Pod) => p.spec.serviceAccountName ?? ''],
    ['spec.hostNetwork', (p: Pod) => String(p.spec.hostNetwork ?? false)],
    ['status.phase', (p: Pod) => p.status.phase ?? ''],
    ['status.podIP', (p: Pod) => p.status.podIP ?? ''],
    ['status.nominatedNodeName', (p: Pod) => p.status.nominatedNodeName ?? ''],
  ]),
})

const UPDATE_FORBIDDEN =
  'pod updates may not change fields other than `spec.containers[*].image`,`spec.initContainers[*].image`,`spec.activeDeadlineSeconds`,`spec.tolerations` (only additions to existing tolerations),`spec.terminationGracePeriodSeconds` (allow it to be set to 1 if it was previously negative)'

function validatePodUpdate(pod: Pod, old: Pod): FieldError[] {
  if (equalJson(pod.spec, old.spec)) return []
  if ((pod.spec.containers ?? []).length !== old.spec.containers.length)
    return [forbidden('spec.containers', 'pod updates may not add or remove containers')]
  const errors: FieldError[] = []
  // Whatever may change is taken over from the new object; the rest must be as it was.
  const allowed = cloneJson(old.spec)
  for (const [i, c] of pod.spec.containers.entries()) allowed.containers[i]!.image = c.image
  for (const [i, c] of (pod.spec.initContainers ?? []).entries()) if (allowed.initContainers?.[i]) allowed.initContainers[i].image = c.image
  if (pod.spec.activeDeadlineSeconds !== undefined) allowed.activeDeadlineSeconds = pod.spec.activeDeadlineSeconds
  const kept = (old.spec.tolerations ?? []).every((t) =>
    (pod.spec.tolerations ?? []).some((n) => n.key === t.key && n.effect === t.effect && n.operator === t.operator && n.value === t.value),
  )
  if (!kept) errors.push(forbidden('spec.tolerations', 'existing toleration can not be modified except its tolerationSeconds'))
  if (pod.spec.tolerations) allowed.tolerations = cloneJson(pod.spec.tolerations)
  else delete allowed.tolerations
  const oldGates = new Set((old.spec.schedulingGates ?? []).map((g) => g.name))
  if ((pod.spec.schedulingGates ?? []).every((g) => oldGates.has(g.name))) {
    if (pod.spec.schedulingGates) allowed.schedulingGates = cloneJson(pod.spec.schedulingGates)
    else delete allowed.schedulingGates
  }
  if (!equalJson(pod.spec, allowed)) errors.push(forbidden('spec', UPDATE_FORBIDDEN))
  return errors
}
