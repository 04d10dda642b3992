/** Deployments, replica sets, daemon sets, stateful sets, jobs and their like in `kubectl describe`. Truth: k8s.io/kubectl/pkg/describe/describe.go. */
import { matchesSelector, selectorFromMap, selectorFromObject, type Selector } from '../../../api/meta/labels.ts'
import { humanDuration, parseTime } from '../../../api/meta/timestamp.ts'
import type {
  CronJob,
  DaemonSet,
  Deployment,
  HorizontalPodAutoscaler,
  Job,
  KubeObject,
  Pod,
  PodDisruptionBudget,
  ReplicaSet,
  ReplicationController,
  StatefulSet,
} from '../../../api/types/index.ts'
import type { Invocation } from '../invocation.ts'
import { boolText, type Description, longTime, pairsText, selectorText } from './description.ts'
import { describePodTemplate } from './pod.ts'

type Describer = (out: Description, object: KubeObject, kube: Invocation) => void

function head(out: Description, object: KubeObject): void {
  out.line(0, `Name:\t${object.metadata.name}`)
  out.line(0, `Namespace:\t${object.metadata.namespace ?? ''}`)
}

function tags(out: Description, object: KubeObject): void {
  out.labels('Labels', object.metadata.labels)
  out.annotations('Annotations', object.metadata.annotations)
}

function controller(out: Description, object: KubeObject): void {
  const owner = object.metadata.ownerReferences?.find((reference) => reference.controller)
  if (owner) out.line(0, `Controlled By:\t${owner.kind}/${owner.name}`)
}

/** `1 Running / 0 Waiting / …` of the pods that a controller owns. */
function podsText(kube: Invocation, object: KubeObject, selector: Selector): string {
  const pods = kube.client.list('pods', { namespace: object.metadata.namespace }).items as unknown as Pod[]
  const counts = new Map<string, number>()
  for (const pod of pods) {
    const owned = pod.metadata.ownerReferences?.some((reference) => reference.controller && reference.uid === object.metadata.uid) ?? false
    if (owned && matchesSelector(selector, pod.metadata.labels))
      counts.set(pod.status?.phase ?? 'Pending', (counts.get(pod.status?.phase ?? 'Pending') ?? 0) + 1)
  }
  const of = (phase: string): number => counts.get(phase) ?? 0
  return `${of('Running')} Running / ${of('Pending')} Waiting / ${of('Succeeded')} Succeeded / ${of('Failed')} Failed`
}

const deployment: Describer = (out, object, kube) => {
  const { spec, status, metadata } = object as unknown as Deployment
  head(out, object)
  out.line(0, `CreationTimestamp:\t${longTime(metadata.creationTimestamp)}`)
  tags(out, object)
  out.line(0, `Selector:\t${selectorText(spec.selector)}`)
  out.line(
    0,
    `Replicas:\t${spec.replicas ?? 1} desired | ${status?.updatedReplicas ?? 0} updated | ${status?.replicas ?? 0} total | ${status?.availableReplicas ?? 0} available | ${status?.unavailableReplicas ?? 0} unavailable`,
  )
  out.line(0, `StrategyType:\t${spec.strategy?.type ?? ''}`)
  out.line(0, `MinReadySeconds:\t${spec.minReadySeconds ?? 0}`)
  const rolling = spec.strategy?.rollingUpdate
  if (rolling) out.line(0, `RollingUpdateStrategy:\t${rolling.maxUnavailable ?? 0} max unavailable, ${rolling.maxSurge ?? 0} max surge`)
  describePodTemplate(out, spec.template)
  out.conditions(status?.conditions)
  const sets = (kube.client.list('replicasets.apps', { namespace: metadata.namespace }).items as unknown as ReplicaSet[]).filter((set) =>
    set.metadata.ownerReferences?.some((reference) => reference.uid === metadata.uid),
  )
  const revision = metadata.annotations?.['deployment.kubernetes.io/revision']
  const fresh = sets.filter((set) => set.metadata.annotations?.['deployment.kubernetes.io/revision'] === revision)
  const old = sets.filter((set) => !fresh.includes(set))
  const text = (list: readonly ReplicaSet[]): string =>
    list.map((set) => `${set.metadata.name} (${set.status?.replicas ?? 0}/${set.spec.replicas ?? 1} replicas created)`).join(', ') ||
    '<none>'
  if (sets.length > 0) {
    out.line(0, `OldReplicaSets:\t${text(old)}`)
    out.line(0, `NewReplicaSet:\t${text(fresh)}`)
  }
}

const replicaSet: Describer = (out, object, kube) => {
  const { spec, status } = object as unknown as ReplicaSet
  head(out, object)
  out.line(0, `Selector:\t${selectorText(spec.selector)}`)
  tags(out, object)
  controller(out, object)
  out.line(0, `Replicas:\t${status?.replicas ?? 0} current / ${spec.replicas ?? 1} desired`)
  out.line(0, `Pods Status:\t${podsText(kube, object, selectorFromObject(spec.selector))}`)
  describePodTemplate(out, spec.template)
  out.conditions(status?.conditions)
}

const replicationController: Describer = (out, object, kube) => {
  const { spec, status } = object as unknown as ReplicationController
  head(out, object)
  out.line(0, `Selector:\t${pairsText(spec.selector)}`)
  tags(out, object)
  out.line(0, `Replicas:\t${status?.replicas ?? 0} current / ${spec.replicas ?? 1} desired`)
  out.line(0, `Pods Status:\t${podsText(kube, object, selectorFromMap(spec.selector))}`)
  describePodTemplate(out, spec.template)
  out.conditions(status?.conditions)
}

const daemonSet: Describer = (out, object, kube) => {
  const { spec, status } = object as unknown as DaemonSet
  head(out, object)
  out.line(0, `Selector:\t${selectorText(spec.selector)}`)
  out.line(0, `Node-Selector:\t${pairsText(spec.template.spec.nodeSelector)}`)
  tags(out, object)
  out.line(0, `Desired Number of Nodes Scheduled: ${status?.desiredNumberScheduled ?? 0}`)
  out.line(0, `Current Number of Nodes Scheduled: ${status?.currentNumberScheduled ?? 0}`)
  out.line(0, `Number of Nodes Scheduled with Up-to-date Pods: ${status?.updatedNumberScheduled ?? 0}`)
  out.line(0, `Number of Nodes Scheduled with Available Pods: ${status?.numberAvailable ?? 0}`)
  out.line(0, `Number of Nodes Misscheduled: ${status?.numberMisscheduled ?? 0}`)
  out.line(0, `Pods Status:\t${podsText(kube, object, selectorFromObject(spec.selector))}`)
  describePodTemplate(out, spec.template)
}

const statefulSet: Describer = (out, object, kube) => {
  const { spec, status, metadata } = object as unknown as StatefulSet
  head(out, object)
  out.line(0, `CreationTimestamp:\t${longTime(metadata.creationTimestamp)}`)
  out.line(0, `Selector:\t${selectorText(spec.selector)}`)
  tags(out, object)
  if (spec.serviceName) out.line(0, `Service Name:\t${spec.serviceName}`)
  if (spec.podManagementPolicy) out.line(0, `Pod Management Policy:\t${spec.podManagementPolicy}`)
  out.line(0, `Replicas:\t${spec.replicas ?? 1} desired | ${status?.replicas ?? 0} total`)
  out.line(0, `Update Strategy:\t${spec.updateStrategy?.type ?? ''}`)
  const partition = spec.updateStrategy?.rollingUpdate?.partition
  if (partition !== undefined) out.line(1, `Partition:\t${partition}`)
  const retention = spec.persistentVolumeClaimRetentionPolicy
  if (retention) {
    out.line(0, 'Persistent Volume Claim Retention Policy:')
    out.line(1, `WhenDeleted:\t${retention.whenDeleted ?? ''}`)
    out.line(1, `WhenScaled:\t${retention.whenScaled ?? ''}`)
  }
  out.line(0, `Pods Status:\t${podsText(kube, object, selectorFromObject(spec.selector))}`)
  describePodTemplate(out, spec.template)
  const claims = spec.volumeClaimTemplates ?? []
  out.line(0, claims.length === 0 ? 'Volume Claims:\t<none>' : 'Volume Claims:')
  for (const claim of claims) {
    out.line(1, `Name:\t${claim.metadata.name}`)
    out.line(1, `StorageClass:\t${claim.spec.storageClassName ?? ''}`)
    out.labels('  Labels', claim.metadata.labels)
    out.labels('  Annotations', claim.metadata.annotations)
    out.line(1, `Capacity:\t${claim.spec.resources?.requests?.storage ?? '<default>'}`)
    out.line(1, `Access Modes:\t[${(claim.spec.accessModes ?? []).join(' ')}]`)
  }
}

const job: Describer = (out, object) => {
  const { spec, status } = object as unknown as Job
  head(out, object)
  out.line(0, `Selector:\t${selectorText(spec.selector)}`)
  tags(out, object)
  controller(out, object)
  if (spec.parallelism !== undefined) out.line(0, `Parallelism:\t${spec.parallelism}`)
  out.line(0, `Completions:\t${spec.completions ?? '<unset>'}`)
  if (spec.completionMode) out.line(0, `Completion Mode:\t${spec.completionMode}`)
  if (spec.suspend !== undefined) out.line(0, `Suspend:\t${spec.suspend}`)
  if (spec.backoffLimit !== undefined) out.line(0, `Backoff Limit:\t${spec.backoffLimit}`)
  if (spec.ttlSecondsAfterFinished !== undefined) out.line(0, `TTL Seconds After Finished:\t${spec.ttlSecondsAfterFinished}`)
  if (status?.startTime) out.line(0, `Start Time:\t${longTime(status.startTime)}`)
  if (status?.completionTime) out.line(0, `Completed At:\t${longTime(status.completionTime)}`)
  const [start, end] = [parseTime(status?.startTime), parseTime(status?.completionTime)]
  if (start !== undefined && end !== undefined) out.line(0, `Duration:\t${humanDuration(end - start)}`)
  if (spec.activeDeadlineSeconds !== undefined) out.line(0, `Active Deadline Seconds:\t${spec.activeDeadlineSeconds}s`)
  out.line(
    0,
    `Pods Statuses:\t${status?.active ?? 0} Active${status?.ready === undefined ? '' : ` (${status.ready} Ready)`} / ${status?.succeeded ?? 0} Succeeded / ${status?.failed ?? 0} Failed`,
  )
  describePodTemplate(out, spec.template)
}

const cronJob: Describer = (out, object) => {
  const { spec, status } = object as unknown as CronJob
  head(out, object)
  tags(out, object)
  out.line(0, `Schedule:\t${spec.schedule}`)
  out.line(0, `Concurrency Policy:\t${spec.concurrencyPolicy ?? ''}`)
  out.line(0, `Suspend:\t${boolText(spec.suspend)}`)
  out.line(0, `Time Zone:\t${spec.timeZone ?? '<unset>'}`)
  out.line(0, `Successful Job History Limit:\t${spec.successfulJobsHistoryLimit ?? '<unset>'}`)
  out.line(0, `Failed Job History Limit:\t${spec.failedJobsHistoryLimit ?? '<unset>'}`)
  out.line(0, `Starting Deadline Seconds:\t${spec.startingDeadlineSeconds === undefined ? '<unset>' : `${spec.startingDeadlineSeconds}s`}`)
  const inner = spec.jobTemplate.spec
  out.line(0, `Selector:\t${inner.selector ? selectorText(inner.selector) : '<unset>'}`)
  out.line(0, `Parallelism:\t${inner.parallelism ?? '<unset>'}`)
  out.line(0, `Completions:\t${inner.completions ?? '<unset>'}`)
  if (inner.activeDeadlineSeconds !== undefined) out.line(0, `Active Deadline Seconds:\t${inner.activeDeadlineSeconds}s`)
  describePodTemplate(out, inner.template)
  out.line(0, `Last Schedule Time:\t${status?.lastScheduleTime ? longTime(status.lastScheduleTime) : '<unset>'}`)
  out.line(0, `Active Jobs:\t${(status?.active ?? []).map((each) => each.name).join(', ') || '<none>'}`)
}

const disruptionBudget: Describer = (out, object) => {
  const { spec, status } = object as unknown as PodDisruptionBudget
  head(out, object)
  if (spec.minAvailable !== undefined) out.line(0, `Min available:\t${spec.minAvailable}`)
  else if (spec.maxUnavailable !== undefined) out.line(0, `Max unavailable:\t${spec.maxUnavailable}`)
  out.line(0, `Selector:\t${spec.selector ? selectorText(spec.selector) : '<unset>'}`)
  out.line(0, 'Status:')
  out.line(2, `Allowed disruptions:\t${status?.disruptionsAllowed ?? 0}`)
  out.line(2, `Current:\t${status?.currentHealthy ?? 0}`)
  out.line(2, `Desired:\t${status?.desiredHealthy ?? 0}`)
  out.line(2, `Total:\t${status?.expectedPods ?? 0}`)
}

const autoscaler: Describer = (out, object) => {
  const { spec, status, metadata } = object as unknown as HorizontalPodAutoscaler
  head(out, object)
  tags(out, object)
  out.line(0, `CreationTimestamp:\t${longTime(metadata.creationTimestamp)}`)
  out.line(0, `Reference:\t${spec.scaleTargetRef.kind}/${spec.scaleTargetRef.name}`)
  out.line(0, 'Metrics:\t( current / target )')
  ;(spec.metrics ?? []).forEach((metric, i) => {
    const current = status?.currentMetrics?.[i]?.resource?.current
    const { resource } = metric
    if (!resource) out.line(1, `<unknown metric type "${metric.type}">`)
    else if (resource.target.averageValue !== undefined)
      out.line(1, `resource ${resource.name} on pods:\t${current?.averageValue ?? '<unknown>'} / ${resource.target.averageValue}`)
    else
      out.line(
        1,
        `resource ${resource.name} on pods  (as a percentage of request):\t${current?.averageUtilization === undefined ? '<unknown>' : `${current.averageUtilization}% (${current.averageValue ?? ''})`} / ${resource.target.averageUtilization === undefined ? '<auto>' : `${resource.target.averageUtilization}%`}`,
      )
  })
  out.line(0, `Min replicas:\t${spec.minReplicas ?? '<unset>'}`)
  out.line(0, `Max replicas:\t${spec.maxReplicas}`)
  out.line(0, `${spec.scaleTargetRef.kind} pods:\t${status?.currentReplicas ?? 0} current / ${status?.desiredReplicas ?? 0} desired`)
  if ((status?.conditions ?? []).length > 0) {
    out.line(0, 'Conditions:')
    out.line(1, 'Type\tStatus\tReason\tMessage')
    out.line(1, '----\t------\t------\t-------')
    for (const each of status?.conditions ?? []) out.line(1, `${each.type}\t${each.status}\t${each.reason ?? ''}\t${each.message ?? ''}`)
  }
}

export const WORKLOAD_DESCRIBERS: ReadonlyMap<string, Describer> = new Map([
  ['deployments.apps', deployment],
  ['replicasets.apps', replicaSet],
  ['replicationcontrollers', replicationController],
  ['daemonsets.apps', daemonSet],
  ['statefulsets.apps', statefulSet],
  ['jobs.batch', job],
  ['cronjobs.batch', cronJob],
  ['poddisruptionbudgets.policy', disruptionBudget],
  ['horizontalpodautoscalers.autoscaling', autoscaler],
])
