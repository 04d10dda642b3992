/** Defaults of a pod's spec, alone or in a template: pkg/apis/core/v1/defaults.go. */
import type { Container, EnvVar, LifecycleHandler, PodSpec, Probe, Volume } from '../types/index.ts'

const DEFAULT_MODE = 0o644

export function defaultPodSpec(spec: PodSpec | undefined): void {
  if (!spec) return
  spec.dnsPolicy ??= 'ClusterFirst'
  spec.restartPolicy ??= 'Always'
  spec.terminationGracePeriodSeconds ??= 30
  spec.securityContext ??= {}
  spec.schedulerName ??= 'default-scheduler'
  for (const volume of spec.volumes ?? []) defaultVolume(volume)
  for (const container of [...(spec.initContainers ?? []), ...(spec.containers ?? []), ...(spec.ephemeralContainers ?? [])]) {
    defaultContainer(container)
    if (spec.hostNetwork) for (const port of container.ports ?? []) port.hostPort ??= port.containerPort
  }
  for (const constraint of spec.topologySpreadConstraints ?? []) constraint.whenUnsatisfiable ??= 'DoNotSchedule'
  // The old name of the field follows the new one.
  if (spec.serviceAccountName) spec.serviceAccount = spec.serviceAccountName
  else if (spec.serviceAccount) spec.serviceAccountName = spec.serviceAccount
}

function defaultContainer(container: Container): void {
  container.terminationMessagePath ??= '/dev/termination-log'
  container.terminationMessagePolicy ??= 'File'
  container.imagePullPolicy ??= pullPolicy(container.image ?? '')
  container.resources ??= {}
  const { limits } = container.resources
  if (limits)
    for (const name of Object.keys(limits)) {
      container.resources.requests ??= {}
      container.resources.requests[name] ??= limits[name]!
    }
  for (const port of container.ports ?? []) port.protocol ??= 'TCP'
  for (const env of container.env ?? []) defaultEnv(env)
  for (const probe of [container.livenessProbe, container.readinessProbe, container.startupProbe]) if (probe) defaultProbe(probe)
  for (const handler of [container.lifecycle?.postStart, container.lifecycle?.preStop]) if (handler) defaultHandler(handler)
}

function defaultEnv(env: EnvVar): void {
  const from = env.valueFrom
  if (from?.fieldRef) from.fieldRef.apiVersion ??= 'v1'
  if (from?.resourceFieldRef) from.resourceFieldRef.divisor ??= '0'
}

function defaultProbe(probe: Probe): void {
  probe.timeoutSeconds ||= 1
  probe.periodSeconds ||= 10
  probe.successThreshold ||= 1
  probe.failureThreshold ||= 3
  defaultHandler(probe)
  if (probe.grpc) probe.grpc.service ??= ''
}

function defaultHandler(handler: LifecycleHandler): void {
  if (!handler.httpGet) return
  handler.httpGet.path ||= '/'
  handler.httpGet.scheme ??= 'HTTP'
}

function defaultVolume(volume: Volume): void {
  if (Object.keys(volume).length === 1) volume.emptyDir = {}
  if (volume.hostPath) volume.hostPath.type ??= ''
  for (const source of [volume.configMap, volume.secret, volume.downwardAPI, volume.projected])
    if (source) source.defaultMode ??= DEFAULT_MODE
  for (const source of volume.projected?.sources ?? [])
    if (source.serviceAccountToken) source.serviceAccountToken.expirationSeconds ??= 3600
  const downward = [...(volume.downwardAPI?.items ?? []), ...(volume.projected?.sources ?? []).flatMap((s) => s.downwardAPI?.items ?? [])]
  for (const item of downward) {
    if (item.fieldRef) item.fieldRef.apiVersion ??= 'v1'
    if (item.resourceFieldRef) item.resourceFieldRef.divisor ??= '0'
  }
}

/** `:latest`, or no tag at all, is pulled each time. */
function pullPolicy(image: string): 'Always' | 'IfNotPresent' {
  if (image.includes('@')) return 'IfNotPresent'
  const name = image.slice(image.lastIndexOf('/') + 1)
  const colon = name.indexOf(':')
  return colon < 0 || name.slice(colon + 1) === 'latest' ? 'Always' : 'IfNotPresent'
}
