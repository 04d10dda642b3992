/**
 * A container's environment: services first, then envFrom, then env with `$(NAME)` expanded; later ones win.
 * Truth: kubelet_pods.go makeEnvironmentVariables, pkg/kubelet/envvars, third_party/forked/golang/expansion.
 */
import type { Container, Pod, Service } from '../../api/types/index.ts'
import { fieldValue, resourceValue } from './downward.ts'
import type { PodObjects } from './pod-objects.ts'

/** Why a container cannot be made: the waiting reason is CreateContainerConfigError. */
export class EnvError {
  readonly message: string
  constructor(message: string) {
    this.message = message
  }
}

export interface EnvSources {
  /** Services whose variables the pod gets: its namespace's, and `kubernetes`. */
  services: readonly Service[]
  objects: PodObjects
  allocatable: ReadonlyMap<string, string>
}

const ENV_NAME = /^[-._a-zA-Z][-._a-zA-Z0-9]*$/

export function containerEnv(pod: Pod, container: Container, sources: EnvSources): Map<string, string> | EnvError {
  const env = new Map<string, string>()
  const serviceEnv = serviceVariables(sources.services)
  const namespace = pod.metadata.namespace ?? 'default'
  for (const source of container.envFrom ?? []) {
    const kind = source.configMapRef ? 'configmap' : 'secret'
    const ref = source.configMapRef ?? source.secretRef
    const name = ref?.name ?? ''
    const values = kind === 'configmap' ? sources.objects.configMap(namespace, name) : sources.objects.secret(namespace, name)
    if (!values) {
      if (ref?.optional) continue
      return new EnvError(`${kind} "${name}" not found`)
    }
    for (const [key, value] of values) {
      const full = `${source.prefix ?? ''}${key}`
      if (ENV_NAME.test(full)) env.set(full, value)
    }
  }
  const lookup = (name: string): string | undefined => env.get(name) ?? serviceEnv.get(name)
  for (const variable of container.env ?? []) {
    const from = variable.valueFrom
    if (!from) {
      env.set(variable.name, expandVariables(variable.value ?? '', lookup))
      continue
    }
    if (from.fieldRef) env.set(variable.name, fieldValue(pod, from.fieldRef.fieldPath) ?? '')
    else if (from.resourceFieldRef) env.set(variable.name, resourceValue(pod, container.name, from.resourceFieldRef, sources.allocatable))
    else if (from.configMapKeyRef || from.secretKeyRef) {
      const kind = from.configMapKeyRef ? 'configmap' : 'secret'
      const ref = (from.configMapKeyRef ?? from.secretKeyRef) as { name?: string; key: string; optional?: boolean }
      const name = ref.name ?? ''
      const values = kind === 'configmap' ? sources.objects.configMap(namespace, name) : sources.objects.secret(namespace, name)
      const value = values?.get(ref.key)
      if (value !== undefined) env.set(variable.name, value)
      else if (!ref.optional) {
        if (!values) return new EnvError(`${kind} "${name}" not found`)
        return new EnvError(`couldn't find key ${ref.key} in ${kind === 'configmap' ? 'ConfigMap' : 'Secret'} ${namespace}/${name}`)
      }
    }
  }
  for (const [name, value] of serviceEnv) if (!env.has(name)) env.set(name, value)
  return env
}

/** `$(NAME)` of known names; `$$(NAME)` is a literal; unknown names stay as they are. */
export function expandVariables(text: string, lookup: (name: string) => string | undefined): string {
  return text.replace(/\$\$|\$\(([^)]*)\)/g, (whole, name: string | undefined) => {
    if (name === undefined) return '$'
    return lookup(name) ?? whole
  })
}

/** Docker-links style variables (docs: "Environment variables" of Services). */
export function serviceVariables(services: readonly Service[]): Map<string, string> {
  const env = new Map<string, string>()
  for (const service of services) {
    const ip = service.spec.clusterIP
    const ports = service.spec.ports ?? []
    if (!ip || ip === 'None' || ports.length === 0) continue
    const prefix = envName(service.metadata.name)
    const host = ip.includes(':') ? `[${ip}]` : ip
    env.set(`${prefix}_SERVICE_HOST`, ip)
    env.set(`${prefix}_SERVICE_PORT`, String(ports[0].port))
    for (const port of ports) if (port.name) env.set(`${prefix}_SERVICE_PORT_${envName(port.name)}`, String(port.port))
    const link = (port: (typeof ports)[number]): string => `${(port.protocol ?? 'TCP').toLowerCase()}://${host}:${port.port}`
    env.set(`${prefix}_PORT`, link(ports[0]))
    for (const port of ports) {
      const protocol = port.protocol ?? 'TCP'
      const one = `${prefix}_PORT_${port.port}_${protocol}`
      env.set(one, link(port))
      env.set(`${one}_PROTO`, protocol.toLowerCase())
      env.set(`${one}_PORT`, String(port.port))
      env.set(`${one}_ADDR`, ip)
    }
  }
  return env
}

function envName(name: string): string {
  return name.toUpperCase().replaceAll('-', '_').replaceAll('.', '_')
}
