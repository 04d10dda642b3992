/**
 * Validation of a pod's spec, alone or in a template: ValidatePodSpec of pkg/apis/core/validation.
 * Omits: security contexts, most volume sources, ephemeral containers' limits, resource claims, downward API paths.
 */
import { duplicate, forbidden, invalid, notFoundField, notSupported, required } from '../meta/field-error.ts'
import type { FieldError } from '../meta/field-error.ts'
import { isDns1123Label, isDns1123Subdomain, isPortName, isPortNumber, isQualifiedName } from '../meta/names.ts'
import { compareQuantity, parseQuantity, QUANTITY_ERROR } from '../meta/quantity.ts'
import type { Container, ContainerPort, IntOrString, LifecycleHandler, PodSpec, Probe, Toleration } from '../types/index.ts'
import { nonNegative, oneOf, validateLabelSelector, validateLabels } from './meta-validation.ts'

export function validatePodSpec(spec: PodSpec | undefined, path: string): FieldError[] {
  if (!spec) return [required(`${path}.containers`)]
  const errors: FieldError[] = []
  const volumes = new Set<string>()
  for (const [i, volume] of (spec.volumes ?? []).entries()) {
    const at = `${path}.volumes[${i}]`
    if (!volume.name) errors.push(required(`${at}.name`))
    else if (isDns1123Label(volume.name).length > 0)
      errors.push(...isDns1123Label(volume.name).map((t) => invalid(`${at}.name`, volume.name, t)))
    else if (volumes.has(volume.name)) errors.push(duplicate(`${at}.name`, volume.name))
    volumes.add(volume.name)
    const sources = Object.keys(volume).filter((k) => k !== 'name')
    for (const extra of sources.slice(1)) errors.push(forbidden(`${at}.${extra}`, 'may not specify more than 1 volume type'))
    if (volume.hostPath && !volume.hostPath.path) errors.push(required(`${at}.hostPath.path`))
    if (volume.configMap && !volume.configMap.name) errors.push(required(`${at}.configMap.name`))
    if (volume.secret && !volume.secret.secretName) errors.push(required(`${at}.secret.secretName`))
    if (volume.persistentVolumeClaim && !volume.persistentVolumeClaim.claimName)
      errors.push(required(`${at}.persistentVolumeClaim.claimName`))
  }
  const names = new Set<string>()
  if (!spec.containers?.length) errors.push(required(`${path}.containers`))
  for (const [i, c] of (spec.containers ?? []).entries())
    errors.push(...validateContainer(c, `${path}.containers[${i}]`, names, volumes, false))
  for (const [i, c] of (spec.initContainers ?? []).entries())
    errors.push(...validateContainer(c, `${path}.initContainers[${i}]`, names, volumes, true))
  errors.push(...hostPortConflicts(spec, path))
  errors.push(...oneOf(spec.restartPolicy, `${path}.restartPolicy`, ['Always', 'OnFailure', 'Never']))
  errors.push(...oneOf(spec.dnsPolicy, `${path}.dnsPolicy`, ['ClusterFirstWithHostNet', 'ClusterFirst', 'Default', 'None']))
  if (spec.dnsPolicy === 'None' && !spec.dnsConfig?.nameservers?.length)
    errors.push(required(`${path}.dnsConfig.nameservers`, 'must provide at least one DNS nameserver when `dnsPolicy` is None'))
  errors.push(...validateLabels(spec.nodeSelector, `${path}.nodeSelector`))
  for (const [i, term] of (spec.affinity?.nodeAffinity?.requiredDuringSchedulingIgnoredDuringExecution?.nodeSelectorTerms ?? []).entries())
    for (const [j, e] of (term.matchExpressions ?? []).entries()) {
      const at = `${path}.affinity.nodeAffinity.requiredDuringSchedulingIgnoredDuringExecution.nodeSelectorTerms[${i}].matchExpressions[${j}]`
      if (!['In', 'NotIn', 'Exists', 'DoesNotExist', 'Gt', 'Lt'].includes(e.operator))
        errors.push(invalid(`${at}.operator`, e.operator, 'not a valid selector operator'))
      else if ((e.operator === 'In' || e.operator === 'NotIn') && !e.values?.length)
        errors.push(required(`${at}.values`, "must be specified when `operator` is 'In' or 'NotIn'"))
    }
  for (const field of ['podAffinity', 'podAntiAffinity'] as const)
    for (const [i, term] of (spec.affinity?.[field]?.requiredDuringSchedulingIgnoredDuringExecution ?? []).entries()) {
      const at = `${path}.affinity.${field}.requiredDuringSchedulingIgnoredDuringExecution[${i}]`
      if (!term.topologyKey) errors.push(required(`${at}.topologyKey`, 'can not be empty'))
      errors.push(...validateLabelSelector(term.labelSelector, `${at}.labelSelector`))
    }
  for (const [i, toleration] of (spec.tolerations ?? []).entries())
    errors.push(...validateToleration(toleration, `${path}.tolerations[${i}]`))
  if (spec.terminationGracePeriodSeconds !== undefined)
    errors.push(...nonNegative(spec.terminationGracePeriodSeconds, `${path}.terminationGracePeriodSeconds`))
  if (spec.nodeName) errors.push(...isDns1123Subdomain(spec.nodeName).map((t) => invalid(`${path}.nodeName`, spec.nodeName, t)))
  if (spec.hostname) errors.push(...isDns1123Label(spec.hostname).map((t) => invalid(`${path}.hostname`, spec.hostname, t)))
  if (spec.subdomain) errors.push(...isDns1123Label(spec.subdomain).map((t) => invalid(`${path}.subdomain`, spec.subdomain, t)))
  return errors
}

function validateContainer(c: Container, path: string, names: Set<string>, volumes: Set<string>, init: boolean): FieldError[] {
  const errors: FieldError[] = []
  if (!c.name) errors.push(required(`${path}.name`))
  else {
    for (const text of isDns1123Label(c.name)) errors.push(invalid(`${path}.name`, c.name, text))
    if (names.has(c.name)) errors.push(duplicate(`${path}.name`, c.name))
    names.add(c.name)
  }
  if (!c.image) errors.push(required(`${path}.image`))
  else if (c.image !== c.image.trim()) errors.push(invalid(`${path}.image`, c.image, 'must not have leading or trailing whitespace'))
  errors.push(...validatePorts(c.ports ?? [], `${path}.ports`))
  for (const [i, env] of (c.env ?? []).entries()) {
    const at = `${path}.env[${i}]`
    if (!env.name) errors.push(required(`${at}.name`))
    else if (env.name.includes('='))
      errors.push(
        invalid(`${at}.name`, env.name, "a valid environment variable name must consist only of printable ASCII characters other than '='"),
      )
    if (env.valueFrom) {
      if (env.value) errors.push(invalid(`${at}.valueFrom`, '', 'may not be specified when `value` is not empty'))
      const sources = Object.keys(env.valueFrom).length
      if (sources === 0)
        errors.push(
          invalid(
            `${at}.valueFrom`,
            '',
            'must specify one of: `fieldRef`, `resourceFieldRef`, `configMapKeyRef`, `secretKeyRef` or `fileKeyRef`',
          ),
        )
      else if (sources > 1) errors.push(invalid(`${at}.valueFrom`, '', 'may not have more than one field specified at a time'))
    }
  }
  const mounts = new Set<string>()
  for (const [i, mount] of (c.volumeMounts ?? []).entries()) {
    const at = `${path}.volumeMounts[${i}]`
    if (!mount.name) errors.push(required(`${at}.name`))
    else if (!volumes.has(mount.name)) errors.push(notFoundField(`${at}.name`, mount.name))
    if (!mount.mountPath) errors.push(required(`${at}.mountPath`))
    else if (mounts.has(mount.mountPath)) errors.push(invalid(`${at}.mountPath`, mount.mountPath, 'must be unique'))
    mounts.add(mount.mountPath)
  }
  const pull = ['Always', 'IfNotPresent', 'Never']
  if (c.imagePullPolicy && !pull.includes(c.imagePullPolicy)) errors.push(notSupported(`${path}.imagePullPolicy`, c.imagePullPolicy, pull))
  for (const field of ['livenessProbe', 'readinessProbe', 'startupProbe'] as const) {
    const probe = c[field]
    if (!probe) continue
    if (init && c.restartPolicy !== 'Always')
      errors.push(forbidden(`${path}.${field}`, 'may not be set for init containers without restartPolicy=Always'))
    else errors.push(...validateProbe(probe, `${path}.${field}`))
    if (field !== 'readinessProbe' && probe.successThreshold !== undefined && probe.successThreshold !== 1)
      errors.push(invalid(`${path}.${field}.successThreshold`, probe.successThreshold, 'must be 1'))
  }
  for (const hook of ['postStart', 'preStop'] as const) {
    const handler = c.lifecycle?.[hook]
    if (handler) errors.push(...validateHandler(handler, `${path}.lifecycle.${hook}`))
  }
  errors.push(...validateResources(c, `${path}.resources`))
  return errors
}

function validatePorts(ports: readonly ContainerPort[], path: string): FieldError[] {
  const errors: FieldError[] = []
  const names = new Set<string>()
  for (const [i, port] of ports.entries()) {
    const at = `${path}[${i}]`
    if (port.name) {
      for (const text of isPortName(port.name)) errors.push(invalid(`${at}.name`, port.name, text))
      if (names.has(port.name)) errors.push(duplicate(`${at}.name`, port.name))
      names.add(port.name)
    }
    if (!port.containerPort) errors.push(required(`${at}.containerPort`))
    else for (const text of isPortNumber(port.containerPort)) errors.push(invalid(`${at}.containerPort`, port.containerPort, text))
    if (port.hostPort) for (const text of isPortNumber(port.hostPort)) errors.push(invalid(`${at}.hostPort`, port.hostPort, text))
    errors.push(...oneOf(port.protocol, `${at}.protocol`, ['SCTP', 'TCP', 'UDP']))
  }
  return errors
}

function hostPortConflicts(spec: PodSpec, path: string): FieldError[] {
  const errors: FieldError[] = []
  const used = new Set<string>()
  for (const [i, c] of (spec.containers ?? []).entries())
    for (const [j, port] of (c.ports ?? []).entries()) {
      if (!port.hostPort) continue
      const at = `${path}.containers[${i}].ports[${j}]`
      if (spec.hostNetwork && port.hostPort !== port.containerPort)
        errors.push(invalid(`${at}.containerPort`, port.containerPort, 'must match `hostPort` when `hostNetwork` is true'))
      const key = `${port.protocol}/${port.hostIP ?? ''}/${port.hostPort}`
      if (used.has(key)) errors.push(duplicate(`${at}.hostPort`, key))
      used.add(key)
    }
  return errors
}

function validateProbe(probe: Probe, path: string): FieldError[] {
  const errors = validateHandler(probe, path)
  for (const field of ['initialDelaySeconds', 'timeoutSeconds', 'periodSeconds', 'successThreshold', 'failureThreshold'] as const)
    errors.push(...nonNegative(probe[field], `${path}.${field}`))
  return errors
}

function validateHandler(handler: LifecycleHandler & { grpc?: { port: number } }, path: string): FieldError[] {
  const errors: FieldError[] = []
  let count = 0
  if (handler.exec) {
    count += 1
    if (!handler.exec.command?.length) errors.push(required(`${path}.exec.command`))
  }
  if (handler.httpGet) {
    if (count > 0) errors.push(forbidden(`${path}.httpGet`, 'may not specify more than 1 handler type'))
    count += 1
    errors.push(...validatePortReference(handler.httpGet.port, `${path}.httpGet.port`))
    if (handler.httpGet.scheme && !['HTTP', 'HTTPS'].includes(handler.httpGet.scheme))
      errors.push(notSupported(`${path}.httpGet.scheme`, handler.httpGet.scheme, ['HTTP', 'HTTPS']))
  }
  if (handler.tcpSocket) {
    if (count > 0) errors.push(forbidden(`${path}.tcpSocket`, 'may not specify more than 1 handler type'))
    count += 1
    errors.push(...validatePortReference(handler.tcpSocket.port, `${path}.tcpSocket.port`))
  }
  if (handler.grpc) count += 1
  if (handler.sleep) count += 1
  if (count === 0) errors.push(required(path, 'must specify a handler type'))
  return errors
}

export function validatePortReference(port: IntOrString | undefined, path: string): FieldError[] {
  if (typeof port === 'string') return isPortName(port).map((text) => invalid(path, port, text))
  return isPortNumber(port).map((text) => invalid(path, port ?? 0, text))
}

function validateToleration(t: Toleration, path: string): FieldError[] {
  const errors: FieldError[] = []
  if (t.key) for (const text of isQualifiedName(t.key)) errors.push(invalid(`${path}.key`, t.key, text))
  const operator = t.operator || 'Equal'
  if (!t.key && operator !== 'Exists')
    errors.push(
      invalid(
        `${path}.operator`,
        t.operator ?? '',
        'operator must be Exists when `key` is empty, which means "match all values and all keys"',
      ),
    )
  if (operator === 'Exists' && t.value) errors.push(invalid(`${path}.operator`, t.value, "value must be empty when `operator` is 'Exists'"))
  else if (operator !== 'Exists' && operator !== 'Equal') errors.push(notSupported(`${path}.operator`, operator, ['Equal', 'Exists']))
  if (t.tolerationSeconds !== undefined && t.effect !== 'NoExecute')
    errors.push(invalid(`${path}.effect`, t.effect ?? '', "effect must be 'NoExecute' when `tolerationSeconds` is set"))
  if (t.effect && !['NoSchedule', 'PreferNoSchedule', 'NoExecute'].includes(t.effect))
    errors.push(notSupported(`${path}.effect`, t.effect, ['NoSchedule', 'PreferNoSchedule', 'NoExecute']))
  return errors
}

function validateResources(c: Container, path: string): FieldError[] {
  const errors: FieldError[] = []
  for (const field of ['limits', 'requests'] as const)
    for (const [name, quantity] of Object.entries(c.resources?.[field] ?? {})) {
      const at = `${path}.${field}[${name}]`
      if (!parseQuantity(quantity)) errors.push(invalid(at, quantity, QUANTITY_ERROR))
      else if (compareQuantity(quantity, '0') < 0) errors.push(invalid(at, String(quantity), 'must be greater than or equal to 0'))
      if (!name.includes('/') && !['cpu', 'memory', 'ephemeral-storage'].includes(name) && !name.startsWith('hugepages-'))
        errors.push(invalid(at, name, 'must be a standard resource type or fully qualified'))
    }
  for (const [name, request] of Object.entries(c.resources?.requests ?? {})) {
    const limit = c.resources?.limits?.[name]
    if (limit !== undefined && compareQuantity(request, limit) > 0)
      errors.push(invalid(`${path}.requests`, String(request), `must be less than or equal to ${name} limit of ${limit}`))
  }
  return errors
}
