/** k8s.io/api/apps/v1, batch/v1, autoscaling/v2, policy/v1. */
import type { Condition, IntOrString, KubeObject, LabelSelector, ObjectReference } from './meta.ts'
import type { PodTemplateSpec } from './pod.ts'
import type { PersistentVolumeClaim } from './core.ts'

export interface DeploymentCondition extends Condition {
  lastUpdateTime?: string
}

export interface Deployment extends KubeObject {
  spec: {
    replicas?: number
    selector: LabelSelector
    template: PodTemplateSpec
    strategy?: {
      type?: 'RollingUpdate' | 'Recreate'
      rollingUpdate?: { maxSurge?: IntOrString; maxUnavailable?: IntOrString }
    }
    minReadySeconds?: number
    revisionHistoryLimit?: number
    paused?: boolean
    progressDeadlineSeconds?: number
  }
  status: {
    observedGeneration?: number
    replicas?: number
    updatedReplicas?: number
    readyReplicas?: number
    availableReplicas?: number
    unavailableReplicas?: number
    terminatingReplicas?: number
    conditions?: DeploymentCondition[]
    collisionCount?: number
  }
}

export interface ReplicaSet extends KubeObject {
  spec: { replicas?: number; minReadySeconds?: number; selector: LabelSelector; template: PodTemplateSpec }
  status: {
    replicas: number
    fullyLabeledReplicas?: number
    readyReplicas?: number
    availableReplicas?: number
    terminatingReplicas?: number
    observedGeneration?: number
    conditions?: Condition[]
  }
}

export interface DaemonSet extends KubeObject {
  spec: {
    selector: LabelSelector
    template: PodTemplateSpec
    updateStrategy?: {
      type?: 'RollingUpdate' | 'OnDelete'
      rollingUpdate?: { maxSurge?: IntOrString; maxUnavailable?: IntOrString }
    }
    minReadySeconds?: number
    revisionHistoryLimit?: number
  }
  status: {
    currentNumberScheduled: number
    numberMisscheduled: number
    desiredNumberScheduled: number
    numberReady: number
    observedGeneration?: number
    updatedNumberScheduled?: number
    numberAvailable?: number
    numberUnavailable?: number
    collisionCount?: number
    conditions?: Condition[]
  }
}

export interface StatefulSet extends KubeObject {
  spec: {
    replicas?: number
    selector: LabelSelector
    template: PodTemplateSpec
    volumeClaimTemplates?: PersistentVolumeClaim[]
    serviceName?: string
    podManagementPolicy?: 'OrderedReady' | 'Parallel'
    updateStrategy?: { type?: 'RollingUpdate' | 'OnDelete'; rollingUpdate?: { partition?: number; maxUnavailable?: IntOrString } }
    revisionHistoryLimit?: number
    minReadySeconds?: number
    persistentVolumeClaimRetentionPolicy?: { whenDeleted?: string; whenScaled?: string }
    ordinals?: { start?: number }
  }
  status: {
    observedGeneration?: number
    replicas: number
    readyReplicas?: number
    currentReplicas?: number
    updatedReplicas?: number
    availableReplicas?: number
    currentRevision?: string
    updateRevision?: string
    collisionCount?: number
    conditions?: Condition[]
  }
}

export interface ControllerRevision extends KubeObject {
  data?: unknown
  revision: number
}

export interface JobSpec {
  parallelism?: number
  completions?: number
  activeDeadlineSeconds?: number
  backoffLimit?: number
  selector?: LabelSelector
  manualSelector?: boolean
  template: PodTemplateSpec
  ttlSecondsAfterFinished?: number
  completionMode?: 'NonIndexed' | 'Indexed'
  suspend?: boolean
  podReplacementPolicy?: string
  [field: string]: unknown
}

export interface JobCondition extends Condition {
  lastProbeTime?: string
}

export interface Job extends KubeObject {
  spec: JobSpec
  status: {
    conditions?: JobCondition[]
    startTime?: string
    completionTime?: string
    active?: number
    succeeded?: number
    failed?: number
    ready?: number
    terminating?: number
    completedIndexes?: string
    uncountedTerminatedPods?: { succeeded?: string[]; failed?: string[] }
  }
}

export interface CronJob extends KubeObject {
  spec: {
    schedule: string
    timeZone?: string
    startingDeadlineSeconds?: number
    concurrencyPolicy?: 'Allow' | 'Forbid' | 'Replace'
    suspend?: boolean
    jobTemplate: { metadata?: { labels?: Record<string, string>; annotations?: Record<string, string> }; spec: JobSpec }
    successfulJobsHistoryLimit?: number
    failedJobsHistoryLimit?: number
  }
  status: { active?: ObjectReference[]; lastScheduleTime?: string; lastSuccessfulTime?: string }
}

/** autoscaling/v1 Scale: the body of every `scale` subresource. */
export interface Scale extends KubeObject {
  spec: { replicas?: number }
  status: { replicas: number; selector?: string }
}

export interface CrossVersionObjectReference {
  kind: string
  name: string
  apiVersion?: string
}

export interface MetricTarget {
  type: string
  value?: string
  averageValue?: string
  averageUtilization?: number
}

/** autoscaling/v2 */
export interface HorizontalPodAutoscaler extends KubeObject {
  spec: {
    scaleTargetRef: CrossVersionObjectReference
    minReplicas?: number
    maxReplicas: number
    metrics?: { type: string; resource?: { name: string; target: MetricTarget }; [source: string]: unknown }[]
    behavior?: unknown
  }
  status: {
    observedGeneration?: number
    lastScaleTime?: string
    currentReplicas?: number
    desiredReplicas?: number
    currentMetrics?: { type: string; resource?: { name: string; current: { averageUtilization?: number; averageValue?: string } } }[]
    conditions?: Condition[]
  }
}

export interface PodDisruptionBudget extends KubeObject {
  spec: { minAvailable?: IntOrString; maxUnavailable?: IntOrString; selector?: LabelSelector; unhealthyPodEvictionPolicy?: string }
  status: {
    observedGeneration?: number
    disruptedPods?: Record<string, string>
    disruptionsAllowed: number
    currentHealthy: number
    desiredHealthy: number
    expectedPods: number
    conditions?: Condition[]
  }
}
