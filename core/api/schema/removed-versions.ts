/**
 * Versions that the API server once served and no longer does, and what to write instead.
 * Truth: the deprecated API migration guide of Kubernetes.
 */
const REMOVED: readonly (readonly [apiVersion: string, kinds: readonly string[], replacement: string])[] = [
  ['extensions/v1beta1', ['Deployment', 'DaemonSet', 'ReplicaSet'], 'apps/v1'],
  ['extensions/v1beta1', ['Ingress', 'NetworkPolicy'], 'networking.k8s.io/v1'],
  ['apps/v1beta1', ['Deployment', 'StatefulSet', 'ControllerRevision'], 'apps/v1'],
  ['apps/v1beta2', ['Deployment', 'DaemonSet', 'ReplicaSet', 'StatefulSet', 'ControllerRevision'], 'apps/v1'],
  ['networking.k8s.io/v1beta1', ['Ingress', 'IngressClass'], 'networking.k8s.io/v1'],
  ['batch/v1beta1', ['CronJob'], 'batch/v1'],
  ['batch/v2alpha1', ['CronJob'], 'batch/v1'],
  ['policy/v1beta1', ['PodDisruptionBudget'], 'policy/v1'],
  ['autoscaling/v2beta1', ['HorizontalPodAutoscaler'], 'autoscaling/v2'],
  ['autoscaling/v2beta2', ['HorizontalPodAutoscaler'], 'autoscaling/v2'],
  ['extensions/v1beta1', ['HorizontalPodAutoscaler'], 'autoscaling/v1'],
  ['rbac.authorization.k8s.io/v1beta1', ['Role', 'ClusterRole', 'RoleBinding', 'ClusterRoleBinding'], 'rbac.authorization.k8s.io/v1'],
  ['discovery.k8s.io/v1beta1', ['EndpointSlice'], 'discovery.k8s.io/v1'],
  ['events.k8s.io/v1beta1', ['Event'], 'events.k8s.io/v1'],
  ['coordination.k8s.io/v1beta1', ['Lease'], 'coordination.k8s.io/v1'],
  ['scheduling.k8s.io/v1beta1', ['PriorityClass'], 'scheduling.k8s.io/v1'],
  ['storage.k8s.io/v1beta1', ['StorageClass', 'VolumeAttachment', 'CSIDriver', 'CSINode', 'CSIStorageCapacity'], 'storage.k8s.io/v1'],
  ['apiextensions.k8s.io/v1beta1', ['CustomResourceDefinition'], 'apiextensions.k8s.io/v1'],
  [
    'admissionregistration.k8s.io/v1beta1',
    ['MutatingWebhookConfiguration', 'ValidatingWebhookConfiguration'],
    'admissionregistration.k8s.io/v1',
  ],
  ['certificates.k8s.io/v1beta1', ['CertificateSigningRequest'], 'certificates.k8s.io/v1'],
]

/** What to write instead of a version that is gone, or null when it never was or still is. `extension/…` counts as `extensions/…`. */
export function replacementFor(apiVersion: string, kind: string): string | null {
  const version = apiVersion.replace(/^extension\//, 'extensions/')
  return REMOVED.find(([old, kinds]) => old === version && kinds.includes(kind))?.[2] ?? null
}
