/**
 * The admission plug-ins that change or refuse a pod when it is created: ServiceAccount, DefaultTolerationSeconds, Priority,
 * LimitRanger (defaults, minima, maxima). plugin/pkg/admission.
 * Omits: token volumes (no process of the simulator authenticates), PodSecurity, RuntimeClass overhead, DefaultStorageClass.
 */
import { StatusError } from '../meta/status.ts'
import { compareQuantity } from '../meta/quantity.ts'
import type { KubeObject, Pod, Toleration } from '../types/index.ts'
import type { PriorityClass } from '../registry/policy.ts'

export interface PodAdmissionReader {
  find(resource: string, namespace: string, name: string): KubeObject | undefined
  list(resource: string, namespace: string): KubeObject[]
}

const NOT_READY = 'node.kubernetes.io/not-ready'
const UNREACHABLE = 'node.kubernetes.io/unreachable'
const TOLERATION_SECONDS = 300
const PODS = { group: '', name: 'pods' }

const SYSTEM_PRIORITIES = new Map([
  ['system-cluster-critical', 2_000_000_000],
  ['system-node-critical', 2_000_001_000],
])

export function admitPod(pod: Pod, reader: PodAdmissionReader): void {
  const { spec } = pod
  if (!spec) return
  const mirror = pod.metadata.annotations?.['kubernetes.io/config.mirror'] !== undefined
  if (!mirror) serviceAccount(pod, reader)
  priority(pod, reader)
  spec.tolerations = withDefaultTolerations(spec.tolerations ?? [])
  limits(pod, reader)
}

function serviceAccount(pod: Pod, reader: PodAdmissionReader): void {
  const { spec, metadata } = pod
  spec.serviceAccountName ||= 'default'
  spec.serviceAccount = spec.serviceAccountName
  if (!reader.find('serviceaccounts', metadata.namespace!, spec.serviceAccountName))
    throw StatusError.forbidden(
      PODS,
      metadata.name || (metadata.generateName ?? ''),
      `error looking up service account ${metadata.namespace}/${spec.serviceAccountName}: serviceaccount "${spec.serviceAccountName}" not found`,
    )
}

function priority(pod: Pod, reader: PodAdmissionReader): void {
  const { spec } = pod
  let value = 0
  let policy = 'PreemptLowerPriority'
  if (spec.priorityClassName) {
    const found = reader.find('priorityclasses.scheduling.k8s.io', '', spec.priorityClassName) as PriorityClass | undefined
    const system = SYSTEM_PRIORITIES.get(spec.priorityClassName)
    if (!found && system === undefined)
      throw StatusError.forbidden(
        PODS,
        pod.metadata.name || (pod.metadata.generateName ?? ''),
        `no PriorityClass with name ${spec.priorityClassName} was found`,
      )
    value = found?.value ?? system!
    policy = found?.preemptionPolicy ?? policy
  } else {
    const standard = reader.list('priorityclasses.scheduling.k8s.io', '').find((p) => (p as PriorityClass).globalDefault) as
      | PriorityClass
      | undefined
    if (standard) {
      spec.priorityClassName = standard.metadata.name
      value = standard.value
      policy = standard.preemptionPolicy ?? policy
    }
  }
  if (spec.priority !== undefined && spec.priority !== value)
    throw StatusError.forbidden(
      PODS,
      pod.metadata.name || (pod.metadata.generateName ?? ''),
      `the integer value of priority (${spec.priority}) must not be provided in pod spec; priority admission controller computed ${value} from the given PriorityClass name`,
    )
  spec.priority = value
  spec.preemptionPolicy ??= policy
}

/** A pod outlives the failure of its node by five minutes, unless it says otherwise. */
function withDefaultTolerations(tolerations: readonly Toleration[]): Toleration[] {
  const result = [...tolerations]
  for (const key of [NOT_READY, UNREACHABLE]) {
    const tolerated = result.some((t) => (t.key === key || !t.key) && (t.effect === 'NoExecute' || !t.effect))
    if (!tolerated) result.push({ key, operator: 'Exists', effect: 'NoExecute', tolerationSeconds: TOLERATION_SECONDS })
  }
  return result
}

interface LimitRangeItem {
  type: string
  max?: Record<string, string>
  min?: Record<string, string>
  default?: Record<string, string>
  defaultRequest?: Record<string, string>
}

function limits(pod: Pod, reader: PodAdmissionReader): void {
  const ranges = reader.list('limitranges', pod.metadata.namespace!)
  for (const range of ranges) {
    const items = ((range.spec as { limits?: LimitRangeItem[] } | undefined)?.limits ?? []).filter((i) => i.type === 'Container')
    for (const item of items)
      for (const container of [...pod.spec.containers, ...(pod.spec.initContainers ?? [])]) {
        container.resources ??= {}
        const { resources } = container
        if (item.default) resources.limits = { ...item.default, ...resources.limits }
        const requests = item.defaultRequest ?? item.default
        if (requests) resources.requests = { ...requests, ...resources.requests }
        for (const [name, max] of Object.entries(item.max ?? {})) {
          const limit = resources.limits?.[name]
          if (limit === undefined)
            throw StatusError.forbidden(
              PODS,
              pod.metadata.name || (pod.metadata.generateName ?? ''),
              `maximum ${name} usage per Container is ${max}.  No limit is specified`,
            )
          if (compareQuantity(limit, max) > 0)
            throw StatusError.forbidden(
              PODS,
              pod.metadata.name || (pod.metadata.generateName ?? ''),
              `maximum ${name} usage per Container is ${max}, but limit is ${limit}`,
            )
        }
        for (const [name, min] of Object.entries(item.min ?? {})) {
          const request = resources.requests?.[name]
          if (request === undefined)
            throw StatusError.forbidden(
              PODS,
              pod.metadata.name || (pod.metadata.generateName ?? ''),
              `minimum ${name} usage per Container is ${min}.  No request is specified`,
            )
          if (compareQuantity(request, min) < 0)
            throw StatusError.forbidden(
              PODS,
              pod.metadata.name || (pod.metadata.generateName ?? ''),
              `minimum ${name} usage per Container is ${min}, but request is ${request}`,
            )
        }
      }
  }
}
