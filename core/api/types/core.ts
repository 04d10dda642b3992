/** The rest of the core group (k8s.io/api/core/v1) and the coordination Lease. */
import type { Condition, IntOrString, KubeObject, ObjectReference } from './meta.ts'
import type { PodTemplateSpec } from './pod.ts'

export interface Namespace extends KubeObject {
  spec: { finalizers?: string[] }
  status: { phase?: 'Active' | 'Terminating'; conditions?: Condition[] }
}

export interface Node extends KubeObject {
  spec: NodeSpec
  status: NodeStatus
}

export interface NodeSpec {
  podCIDR?: string
  podCIDRs?: string[]
  providerID?: string
  unschedulable?: boolean
  taints?: Taint[]
}

export interface Taint {
  key: string
  value?: string
  effect: 'NoSchedule' | 'PreferNoSchedule' | 'NoExecute'
  timeAdded?: string
}

export interface NodeStatus {
  capacity?: Record<string, string>
  allocatable?: Record<string, string>
  conditions?: NodeCondition[]
  addresses?: { type: 'InternalIP' | 'ExternalIP' | 'Hostname'; address: string }[]
  daemonEndpoints?: { kubeletEndpoint?: { Port: number } }
  nodeInfo?: NodeSystemInfo
  images?: { names?: string[]; sizeBytes?: number }[]
}

export interface NodeCondition extends Condition {
  lastHeartbeatTime?: string
}

export interface NodeSystemInfo {
  machineID: string
  systemUUID: string
  bootID: string
  kernelVersion: string
  osImage: string
  containerRuntimeVersion: string
  kubeletVersion: string
  kubeProxyVersion: string
  operatingSystem: string
  architecture: string
}

export interface Service extends KubeObject {
  spec: ServiceSpec
  status: { loadBalancer?: { ingress?: LoadBalancerIngress[] }; conditions?: Condition[] }
}

export interface LoadBalancerIngress {
  ip?: string
  hostname?: string
  ipMode?: string
  ports?: { port: number; protocol: string; error?: string }[]
}

export type ServiceType = 'ClusterIP' | 'NodePort' | 'LoadBalancer' | 'ExternalName'

export interface ServiceSpec {
  type?: ServiceType
  selector?: Record<string, string>
  ports?: ServicePort[]
  clusterIP?: string
  clusterIPs?: string[]
  externalIPs?: string[]
  externalName?: string
  sessionAffinity?: 'None' | 'ClientIP'
  sessionAffinityConfig?: { clientIP?: { timeoutSeconds?: number } }
  externalTrafficPolicy?: 'Cluster' | 'Local'
  internalTrafficPolicy?: 'Cluster' | 'Local'
  healthCheckNodePort?: number
  publishNotReadyAddresses?: boolean
  ipFamilies?: ('IPv4' | 'IPv6')[]
  ipFamilyPolicy?: 'SingleStack' | 'PreferDualStack' | 'RequireDualStack'
  loadBalancerIP?: string
  loadBalancerClass?: string
  loadBalancerSourceRanges?: string[]
  allocateLoadBalancerNodePorts?: boolean
  trafficDistribution?: string
}

export interface ServicePort {
  name?: string
  protocol?: 'TCP' | 'UDP' | 'SCTP'
  appProtocol?: string
  port: number
  targetPort?: IntOrString
  nodePort?: number
}

export interface Endpoints extends KubeObject {
  subsets?: EndpointSubset[]
}

export interface EndpointSubset {
  addresses?: EndpointAddress[]
  notReadyAddresses?: EndpointAddress[]
  ports?: { name?: string; port: number; protocol?: string; appProtocol?: string }[]
}

export interface EndpointAddress {
  ip: string
  hostname?: string
  nodeName?: string
  targetRef?: ObjectReference
}

export interface ConfigMap extends KubeObject {
  data?: Record<string, string>
  binaryData?: Record<string, string>
  immutable?: boolean
}

export interface Secret extends KubeObject {
  type?: string
  /** Values are base64. */
  data?: Record<string, string>
  immutable?: boolean
}

export interface ServiceAccount extends KubeObject {
  secrets?: ObjectReference[]
  imagePullSecrets?: { name?: string }[]
  automountServiceAccountToken?: boolean
}

/** A core/v1 Event. */
export interface KubeEvent extends KubeObject {
  involvedObject: ObjectReference
  reason?: string
  message?: string
  source?: { component?: string; host?: string }
  firstTimestamp?: string | null
  lastTimestamp?: string | null
  eventTime?: string | null
  count?: number
  type?: 'Normal' | 'Warning'
  action?: string
  reportingComponent?: string
  reportingInstance?: string
  series?: { count?: number; lastObservedTime?: string }
}

export interface ReplicationController extends KubeObject {
  spec: { replicas?: number; minReadySeconds?: number; selector?: Record<string, string>; template?: PodTemplateSpec }
  status: {
    replicas: number
    fullyLabeledReplicas?: number
    readyReplicas?: number
    availableReplicas?: number
    observedGeneration?: number
    conditions?: Condition[]
  }
}

export interface PersistentVolumeClaim extends KubeObject {
  spec: {
    accessModes?: string[]
    resources?: { requests?: Record<string, string> }
    storageClassName?: string
    volumeName?: string
    volumeMode?: string
    [field: string]: unknown
  }
  status: { phase?: string; accessModes?: string[]; capacity?: Record<string, string>; conditions?: Condition[] }
}

export interface PersistentVolume extends KubeObject {
  spec: {
    capacity?: Record<string, string>
    accessModes?: string[]
    claimRef?: ObjectReference
    storageClassName?: string
    persistentVolumeReclaimPolicy?: string
    volumeMode?: string
    hostPath?: { path: string; type?: string }
    [field: string]: unknown
  }
  status: { phase?: string; reason?: string }
}

/** coordination.k8s.io/v1 */
export interface Lease extends KubeObject {
  spec: {
    holderIdentity?: string
    leaseDurationSeconds?: number
    acquireTime?: string
    renewTime?: string
    leaseTransitions?: number
  }
}
