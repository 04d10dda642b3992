/** Pods and pod templates in `kubectl describe`. Truth: k8s.io/kubectl/pkg/describe/describe.go (describePod, DescribePodTemplate). Omits: volume plugins of clouds, resource claims. */
import { canonicalQuantity } from '../../../api/meta/quantity.ts'
import { qosClass } from '../../../api/semantics/pod-state.ts'
import type {
  Container,
  ContainerState,
  ContainerStatus,
  EnvVar,
  Pod,
  PodTemplateSpec,
  Probe,
  TopologySpreadConstraint,
  Volume,
} from '../../../api/types/index.ts'
import { byText } from '../../../base/text-order.ts'
import { evaluateJsonPath } from '../jsonpath.ts'
import { boolText, type Description, longTime, selectorText, since } from './description.ts'

export function describePod(out: Description, pod: Pod, nowMs: number): void {
  const { spec, metadata } = pod
  const status = pod.status ?? {}
  out.line(0, `Name:\t${metadata.name}`)
  out.line(0, `Namespace:\t${metadata.namespace ?? ''}`)
  if (spec.priority !== undefined) out.line(0, `Priority:\t${spec.priority}`)
  if (spec.priorityClassName) out.line(0, `Priority Class Name:\t${spec.priorityClassName}`)
  if (spec.runtimeClassName) out.line(0, `Runtime Class Name:\t${spec.runtimeClassName}`)
  if (spec.serviceAccountName) out.line(0, `Service Account:\t${spec.serviceAccountName}`)
  out.line(0, `Node:\t${spec.nodeName ? `${spec.nodeName}/${status.hostIP ?? ''}` : '<none>'}`)
  if (status.startTime) out.line(0, `Start Time:\t${longTime(status.startTime)}`)
  out.labels('Labels', metadata.labels)
  out.annotations('Annotations', metadata.annotations)
  if (metadata.deletionTimestamp && status.phase !== 'Failed' && status.phase !== 'Succeeded') {
    out.line(0, `Status:\tTerminating (lasts ${since(metadata.deletionTimestamp, nowMs)})`)
    out.line(0, `Termination Grace Period:\t${metadata.deletionGracePeriodSeconds ?? 0}s`)
  } else out.line(0, `Status:\t${status.phase ?? ''}`)
  if (status.reason) out.line(0, `Reason:\t${status.reason}`)
  if (status.message) out.line(0, `Message:\t${status.message}`)
  const seccomp = spec.securityContext?.seccompProfile as { type?: string } | undefined
  if (seccomp) out.line(0, `SeccompProfile:\t${seccomp.type ?? ''}`)
  out.line(0, `IP:\t${status.podIP ?? ''}`)
  if ((status.podIPs ?? []).length === 0) out.line(0, 'IPs:\t<none>')
  else {
    out.line(0, 'IPs:')
    for (const { ip } of status.podIPs ?? []) out.line(1, `IP:\t${ip}`)
  }
  const owner = metadata.ownerReferences?.find((reference) => reference.controller)
  if (owner) out.line(0, `Controlled By:\t${owner.kind}/${owner.name}`)
  if (status.nominatedNodeName) out.line(0, `NominatedNodeName:\t${status.nominatedNodeName}`)
  if ((spec.initContainers ?? []).length > 0)
    describeContainers(out, 'Init Containers', spec.initContainers ?? [], status.initContainerStatuses, pod, '')
  describeContainers(out, 'Containers', spec.containers, status.containerStatuses, pod, '')
  if ((spec.ephemeralContainers ?? []).length > 0)
    describeContainers(out, 'Ephemeral Containers', spec.ephemeralContainers ?? [], status.ephemeralContainerStatuses, pod, '')
  if ((spec.readinessGates ?? []).length > 0) {
    out.line(0, 'Readiness Gates:')
    out.line(1, 'Type\tStatus')
    for (const gate of spec.readinessGates ?? [])
      out.line(1, `${gate.conditionType} \t${status.conditions?.find((each) => each.type === gate.conditionType)?.status ?? '<none>'} `)
  }
  if ((status.conditions ?? []).length > 0) {
    out.line(0, 'Conditions:')
    out.line(1, 'Type\tStatus')
    for (const condition of status.conditions ?? []) out.line(1, `${condition.type} \t${condition.status} `)
  }
  describeVolumes(out, spec.volumes, '')
  out.line(0, `QoS Class:\t${status.qosClass ?? qosClass([...spec.containers, ...(spec.initContainers ?? [])])}`)
  out.labels('Node-Selectors', spec.nodeSelector)
  out.tolerations('Tolerations', spec.tolerations)
  describeSpread(out, spec.topologySpreadConstraints, '')
}

export function describePodTemplate(out: Description, template: PodTemplateSpec | undefined): void {
  out.line(0, 'Pod Template:')
  if (!template) {
    out.line(1, '<unset>')
    return
  }
  out.labels('  Labels', template.metadata?.labels)
  if (Object.keys(template.metadata?.annotations ?? {}).length > 0) out.annotations('  Annotations', template.metadata?.annotations)
  if (template.spec.serviceAccountName) out.line(1, `Service Account:\t${template.spec.serviceAccountName}`)
  if ((template.spec.initContainers ?? []).length > 0)
    describeContainers(out, 'Init Containers', template.spec.initContainers ?? [], undefined, null, '  ')
  describeContainers(out, 'Containers', template.spec.containers, undefined, null, '  ')
  describeVolumes(out, template.spec.volumes, '  ')
  describeSpread(out, template.spec.topologySpreadConstraints, '  ')
  if (template.spec.priorityClassName) out.line(1, `Priority Class Name:\t${template.spec.priorityClassName}`)
  out.labels('  Node-Selectors', template.spec.nodeSelector)
  out.tolerations('  Tolerations', template.spec.tolerations)
}

function describeContainers(
  out: Description,
  label: string,
  containers: readonly Container[],
  statuses: readonly ContainerStatus[] | undefined,
  pod: Pod | null,
  space: string,
): void {
  out.line(0, `${space}${label}:${containers.length === 0 ? ' <none>' : ''}`)
  for (const container of containers) {
    const status = statuses?.find((each) => each.name === container.name)
    out.line(1, `${space === '' ? '' : ' '}${container.name}:`)
    if (status) out.line(2, `Container ID:\t${status.containerID ?? ''}`)
    out.line(2, `Image:\t${container.image ?? ''}`)
    if (status) out.line(2, `Image ID:\t${status.imageID ?? ''}`)
    const ports = (container.ports ?? []).map(
      (port) => `${port.containerPort}/${port.protocol ?? 'TCP'}${port.name ? ` (${port.name})` : ''}`,
    )
    out.line(2, ports.length > 1 ? `Ports:\t${ports.join(', ')}` : `Port:\t${ports[0] ?? '<none>'}`)
    const hostPorts = (container.ports ?? []).map(
      (port) => `${port.hostPort ?? 0}/${port.protocol ?? 'TCP'}${port.name ? ` (${port.name})` : ''}`,
    )
    out.line(2, hostPorts.length > 1 ? `Host Ports:\t${hostPorts.join(', ')}` : `Host Port:\t${hostPorts[0] ?? '<none>'}`)
    for (const [title, words] of [
      ['Command', container.command],
      ['Args', container.args],
    ] as const) {
      if ((words ?? []).length === 0) continue
      out.line(2, `${title}:`)
      for (const word of words ?? []) for (const part of word.split('\n')) out.line(3, part)
    }
    if (status) {
      describeState(out, 'State', status.state)
      if (status.lastState?.terminated) describeState(out, 'Last State', status.lastState)
      out.line(2, `Ready:\t${boolText(status.ready)}`)
      out.line(2, `Restart Count:\t${status.restartCount}`)
    }
    for (const [title, list] of [
      ['Limits', container.resources?.limits],
      ['Requests', container.resources?.requests],
    ] as const) {
      const names = Object.keys(list ?? {}).sort(byText)
      if (names.length > 0) out.line(2, `${title}:`)
      for (const name of names) out.line(3, `${name}:\t${canonicalQuantity((list as Record<string, string>)[name]) ?? ''}`)
    }
    for (const [title, probe] of [
      ['Liveness', container.livenessProbe],
      ['Readiness', container.readinessProbe],
      ['Startup', container.startupProbe],
    ] as const)
      if (probe) out.line(2, `${title}:\t${probeText(probe)}`)
    describeEnvironment(out, container, pod)
    describeMounts(out, container)
  }
}

function describeState(out: Description, name: string, state: ContainerState | undefined): void {
  if (state?.running) {
    out.line(2, `${name}:\tRunning`)
    out.line(3, `Started:\t${longTime(state.running.startedAt)}`)
  } else if (state?.terminated) {
    const { terminated } = state
    out.line(2, `${name}:\tTerminated`)
    if (terminated.reason) out.line(3, `Reason:\t${terminated.reason}`)
    if (terminated.message) out.line(3, `Message:\t${terminated.message}`)
    out.line(3, `Exit Code:\t${terminated.exitCode}`)
    if ((terminated.signal ?? 0) > 0) out.line(3, `Signal:\t${terminated.signal}`)
    out.line(3, `Started:\t${longTime(terminated.startedAt)}`)
    out.line(3, `Finished:\t${longTime(terminated.finishedAt)}`)
  } else {
    out.line(2, `${name}:\tWaiting`)
    if (state?.waiting?.reason) out.line(3, `Reason:\t${state.waiting.reason}`)
  }
}

function probeText(probe: Probe): string {
  const figures = `delay=${probe.initialDelaySeconds ?? 0}s timeout=${probe.timeoutSeconds ?? 1}s period=${probe.periodSeconds ?? 10}s successThreshold=${probe.successThreshold ?? 1} failureThreshold=${probe.failureThreshold ?? 3}`
  if (probe.exec) return `exec [${(probe.exec.command ?? []).join(' ')}] ${figures}`
  if (probe.httpGet)
    return `http-get ${(probe.httpGet.scheme ?? 'HTTP').toLowerCase()}://${probe.httpGet.host ?? ''}:${probe.httpGet.port}${probe.httpGet.path ?? '/'} ${figures}`
  if (probe.tcpSocket) return `tcp-socket ${probe.tcpSocket.host ?? ''}:${probe.tcpSocket.port} ${figures}`
  if (probe.grpc) return `grpc <pod>:${probe.grpc.port} ${probe.grpc.service ?? ''} ${figures}`
  return `unknown ${figures}`
}

function describeEnvironment(out: Description, container: Container, pod: Pod | null): void {
  if ((container.envFrom ?? []).length > 0) {
    out.line(2, 'Environment Variables from:')
    for (const from of container.envFrom ?? []) {
      const reference = from.configMapRef ?? from.secretRef
      out.line(
        3,
        `${reference?.name ?? ''}\t${from.configMapRef ? 'ConfigMap' : 'Secret'}${from.prefix ? ` with prefix '${from.prefix}'` : ''}\tOptional: ${reference?.optional ?? false}`,
      )
    }
  }
  out.line(2, `Environment:${(container.env ?? []).length === 0 ? '\t<none>' : ''}`)
  for (const variable of container.env ?? []) describeVariable(out, variable, pod, container)
}

function describeVariable(out: Description, variable: EnvVar, pod: Pod | null, container: Container): void {
  const from = variable.valueFrom
  if (!from) {
    const [first, ...rest] = (variable.value ?? '').split('\n')
    out.line(3, `${variable.name}:\t${first}`)
    for (const part of rest) out.line(3, `\t${part}`)
  } else if (from.fieldRef) {
    out.line(
      3,
      `${variable.name}:\t${pod ? fieldText(pod, from.fieldRef.fieldPath) : ''} (${from.fieldRef.apiVersion ?? 'v1'}:${from.fieldRef.fieldPath})`,
    )
  } else if (from.resourceFieldRef) {
    const [kind, name] = from.resourceFieldRef.resource.split('.')
    const list = kind === 'limits' ? container.resources?.limits : container.resources?.requests
    const value = list?.[name] ?? '0'
    out.line(3, `${variable.name}:\t${value === '0' && kind === 'limits' ? 'node allocatable' : value} (${from.resourceFieldRef.resource})`)
  } else if (from.secretKeyRef) {
    out.line(
      3,
      `${variable.name}:\t<set to the key '${from.secretKeyRef.key}' in secret '${from.secretKeyRef.name ?? ''}'>\tOptional: ${from.secretKeyRef.optional ?? false}`,
    )
  } else if (from.configMapKeyRef) {
    out.line(
      3,
      `${variable.name}:\t<set to the key '${from.configMapKeyRef.key}' of config map '${from.configMapKeyRef.name ?? ''}'>\tOptional: ${from.configMapKeyRef.optional ?? false}`,
    )
  }
}

function fieldText(pod: Pod, path: string): string {
  const indexed = /^(metadata\.(?:labels|annotations))\['(.*)'\]$/.exec(path)
  if (indexed) return (indexed[1].endsWith('labels') ? pod.metadata.labels : pod.metadata.annotations)?.[indexed[2]] ?? ''
  const values = evaluateJsonPath(path, pod)
  return Array.isArray(values) && values.length > 0 ? String(values[0]) : ''
}

function describeMounts(out: Description, container: Container): void {
  const mounts = [...(container.volumeMounts ?? [])].sort((a, b) => byText(a.mountPath, b.mountPath))
  out.line(2, `Mounts:${mounts.length === 0 ? '\t<none>' : ''}`)
  for (const mount of mounts)
    out.line(
      3,
      `${mount.mountPath} from ${mount.name} (${mount.readOnly ? 'ro' : 'rw'}${mount.subPath ? `,path=${JSON.stringify(mount.subPath)}` : ''})`,
    )
}

function describeVolumes(out: Description, volumes: readonly Volume[] | undefined, space: string): void {
  if (!volumes || volumes.length === 0) {
    out.line(0, `${space}Volumes:\t<none>`)
    return
  }
  out.line(0, `${space}Volumes:`)
  for (const volume of volumes) {
    out.line(1, `${space === '' ? '' : ' '}${volume.name}:`)
    for (const line of volumeLines(volume)) out.line(2, line)
  }
}

function volumeLines(volume: Volume): string[] {
  if (volume.hostPath)
    return [
      'Type:\tHostPath (bare host directory volume)',
      `Path:\t${volume.hostPath.path}`,
      `HostPathType:\t${volume.hostPath.type ?? '<none>'}`,
    ]
  if (volume.emptyDir)
    return [
      "Type:\tEmptyDir (a temporary directory that shares a pod's lifetime)",
      `Medium:\t${volume.emptyDir.medium ?? ''}`,
      `SizeLimit:\t${volume.emptyDir.sizeLimit ?? '<unset>'}`,
    ]
  if (volume.secret)
    return [
      'Type:\tSecret (a volume populated by a Secret)',
      `SecretName:\t${volume.secret.secretName ?? ''}`,
      `Optional:\t${volume.secret.optional ?? false}`,
    ]
  if (volume.configMap)
    return [
      'Type:\tConfigMap (a volume populated by a ConfigMap)',
      `Name:\t${volume.configMap.name ?? ''}`,
      `Optional:\t${volume.configMap.optional ?? false}`,
    ]
  if (volume.persistentVolumeClaim)
    return [
      'Type:\tPersistentVolumeClaim (a reference to a PersistentVolumeClaim in the same namespace)',
      `ClaimName:\t${volume.persistentVolumeClaim.claimName}`,
      `ReadOnly:\t${volume.persistentVolumeClaim.readOnly ?? false}`,
    ]
  if (volume.downwardAPI)
    return [
      'Type:\tDownwardAPI (a volume populated by information about the pod)',
      'Items:',
      ...(volume.downwardAPI.items ?? []).map(
        (item) => `  ${item.fieldRef?.fieldPath ?? item.resourceFieldRef?.resource ?? ''} -> ${item.path}`,
      ),
    ]
  if (volume.projected) {
    return [
      'Type:\tProjected (a volume that contains injected data from multiple sources)',
      ...(volume.projected.sources ?? []).flatMap((source) =>
        source.secret
          ? [`SecretName:\t${source.secret.name ?? ''}`, `Optional:\t${source.secret.optional ?? false}`]
          : source.downwardAPI
            ? ['DownwardAPI:\ttrue']
            : source.configMap
              ? [`ConfigMapName:\t${source.configMap.name ?? ''}`, `Optional:\t${source.configMap.optional ?? false}`]
              : source.serviceAccountToken
                ? [`TokenExpirationSeconds:\t${source.serviceAccountToken.expirationSeconds ?? 3600}`]
                : [],
      ),
    ]
  }
  return ['<unknown>']
}

function describeSpread(out: Description, constraints: readonly TopologySpreadConstraint[] | undefined, space: string): void {
  if (!constraints || constraints.length === 0) return
  const sorted = [...constraints].sort((a, b) => byText(a.topologyKey, b.topologyKey))
  sorted.forEach((each, i) => {
    const text = `${each.topologyKey}:${each.whenUnsatisfiable} when max skew ${each.maxSkew} is exceeded${each.labelSelector ? ` for selector ${selectorText(each.labelSelector)}` : ''}`
    out.line(0, i === 0 ? `${space}Topology Spread Constraints:\t${text}` : `${space}\t${text}`)
  })
}
