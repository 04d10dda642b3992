/** kubectl edit, replace, patch, scale, autoscale, expose. Truth: k8s.io/kubectl/pkg/cmd/{edit,replace,patch,scale,autoscale,expose}. */
import { cloneJson, equalJson, isPlainObject } from '../../../api/meta/json.ts'
import type { Service } from '../../../api/types/index.ts'
import type { KubeObject } from '../../../api/types/index.ts'
import { readYaml } from '../../../base/yaml-gate.ts'
import { type CommandSpec, flag } from '../command-line.ts'
import { completeObjects, completeOf } from '../complete.ts'
import { attempt, Deeds, DRY_RUN_FLAG, dryRunOf } from '../deeds.ts'
import { parsePairs } from '../generator.ts'
import type { Invocation } from '../invocation.ts'
import { KubectlError } from '../kubectl-error.ts'
import { FILE_FLAGS, filesOf, readManifests, reportErrors, VALIDATE_FLAG } from '../manifests.ts'
import { PRINT_FLAGS } from '../print/output.ts'
import { ALL_NAMESPACES_FLAG, findObjects, RESOURCE_REQUIRED, SELECTOR_FLAG } from '../selection.ts'
import { typeName } from '../resource-types.ts'
import { waitUntil } from '../waiting.ts'
import { editObject } from './edit-object.ts'
import { hintsFor, requestUs, validationOf } from './apply.ts'
import { deleteTargets } from './delete.ts'

export const replaceCommand: CommandSpec = {
  name: 'replace',
  group: 'Advanced Commands',
  short: 'Replace a resource by file name or stdin',
  usage: 'replace -f FILENAME [options]',
  examples: ['kubectl replace -f pod.yaml', 'kubectl replace --force -f pod.yaml'],
  flags: [
    ...FILE_FLAGS,
    ...PRINT_FLAGS,
    DRY_RUN_FLAG,
    VALIDATE_FLAG,
    flag('bool', 'force', 'false', 'Delete and create anew.'),
    flag('int', 'grace-period', '-1', 'Seconds that a pod has to end.'),
    flag('duration', 'timeout', '0s', 'How long to wait for the deletion.'),
    flag('bool', 'save-config', 'false', 'Accepted and ignored.'),
    flag('string', 'subresource', '', 'Not modelled.'),
    flag('bool', 'wait', 'true', 'Wait for the deletion.'),
    flag('string', 'field-manager', 'kubectl-replace', 'Name under which fields are owned.'),
  ],
  *run(kube) {
    if (kube.flags.list('filename').length === 0 && kube.flags.text('kustomize') === '')
      throw new KubectlError('must specify one of -f and -k')
    const dryRun = dryRunOf(kube)
    const { good, errors, hints } = yield* readManifests(kube)
    if (good.length === 0 && errors.length === 0) throw new KubectlError('no objects passed to replace')
    if (kube.flags.on('force')) {
      const grace = kube.flags.number('grace-period')
      const live = good.filter((each) => kube.call((client) => client.find(each.definition.resource, each.namespace, each.name)))
      yield* deleteTargets(
        kube,
        live,
        { propagationPolicy: 'Background', ...(grace >= 0 ? { gracePeriodSeconds: grace } : {}) },
        { forced: false, many: false, errors: [] },
      )
    }
    const deeds = new Deeds(kube, dryRun)
    const refused: typeof good = []
    for (const manifest of good) {
      const { definition, namespace, name, object, source } = manifest
      const options = {
        fieldValidation: validationOf(kube),
        fieldManager: kube.flags.text('field-manager'),
        ...(dryRun === 'server' ? { dryRun: true } : {}),
      }
      const done = attempt(errors, 'replacing', source, () => {
        if (dryRun === 'client') deeds.say(definition, object, 'replaced')
        else if (kube.flags.on('force'))
          deeds.say(
            definition,
            kube.call((client) => client.create(definition.resource, namespace, object, options)),
            'replaced',
          )
        else {
          const live = kube.call((client) => client.get(definition.resource, namespace, name))
          const resourceVersion = object.metadata.resourceVersion ?? live.metadata.resourceVersion
          deeds.say(
            definition,
            kube.call((client) =>
              client.update(definition.resource, { ...object, metadata: { ...object.metadata, resourceVersion } }, options),
            ),
            'replaced',
          )
        }
      })
      if (!done) refused.push(manifest)
      yield* kube.proc.work(requestUs)
    }
    hints.push(...(yield* hintsFor(kube, refused)))
    return reportErrors(kube, errors, hints)
  },
}

export const patchCommand: CommandSpec = {
  name: 'patch',
  group: 'Advanced Commands',
  short: 'Update fields of a resource',
  usage: 'patch (-f FILENAME | TYPE NAME) [-p PATCH|--patch-file FILE] [options]',
  examples: [
    `kubectl patch svc web -p '{"spec":{"type":"NodePort"}}'`,
    `kubectl patch deployment web --type=json -p '[{"op":"replace","path":"/spec/replicas","value":3}]'`,
  ],
  complete: completeObjects,
  flags: [
    ...FILE_FLAGS,
    ...PRINT_FLAGS,
    DRY_RUN_FLAG,
    flag('string', 'patch', '', 'The patch, as JSON or YAML.', 'p'),
    flag('string', 'patch-file', '', 'File with the patch.'),
    flag('string', 'type', 'strategic', 'Kind of patch: json, merge, strategic.'),
    flag('string', 'subresource', '', 'Patch this subresource.'),
    flag('bool', 'local', 'false', 'Not modelled.'),
    flag('string', 'field-manager', 'kubectl-patch', 'Name under which fields are owned.'),
  ],
  *run(kube) {
    const given = kube.flags.text('patch')
    const file = kube.flags.text('patch-file')
    if (given === '' && file === '') throw new KubectlError('must specify --patch or --patch-file containing the contents of the patch')
    if (given !== '' && file !== '') throw new KubectlError('cannot specify --patch and --patch-file together')
    const type = kube.flags.text('type')
    if (type !== 'json' && type !== 'merge' && type !== 'strategic')
      throw new KubectlError(`--type must be one of [json merge strategic], not ${JSON.stringify(type)}`)
    const text = given !== '' ? given : ((yield* filesOf(kube, file))[0]?.[1] ?? '')
    const read = readYaml(text)
    if ('error' in read) throw new KubectlError(`unable to parse ${JSON.stringify(text)}: ${read.error.goText}`)
    const body = read.documents[0]?.value
    const { found, errors } = yield* findObjects(kube, kube.args, { namesOptional: true })
    const dryRun = dryRunOf(kube)
    const deeds = new Deeds(kube, dryRun)
    for (const { definition, namespace, name, object } of found) {
      attempt(errors, 'patching', '', () => {
        const subresource = kube.flags.text('subresource')
        const result = kube.call((client) =>
          client.patch(definition.resource, namespace, name, {
            type,
            body,
            fieldManager: kube.flags.text('field-manager'),
            fieldValidation: 'Warn',
            ...(dryRun !== 'none' ? { dryRun: true } : {}),
            ...(subresource === 'status' || subresource === 'scale' ? { subresource } : {}),
          }),
        )
        deeds.say(
          definition,
          result,
          equalJson(
            { ...result, metadata: { ...result.metadata, managedFields: [] } },
            { ...object, metadata: { ...object.metadata, managedFields: [] } },
          )
            ? 'patched (no change)'
            : 'patched',
        )
      })
    }
    return reportErrors(kube, errors)
  },
}

export const scaleCommand: CommandSpec = {
  name: 'scale',
  group: 'Deploy Commands',
  short: 'Set a new size for a deployment, replica set, or replication controller',
  usage: 'scale [--resource-version=version] [--current-replicas=count] --replicas=COUNT (-f FILENAME | TYPE NAME) [options]',
  required: ['replicas'],
  examples: ['kubectl scale --replicas=3 deployment/web', 'kubectl scale --current-replicas=2 --replicas=3 rs/web'],
  complete: completeOf('deployments', 'replicasets', 'replicationcontrollers', 'statefulsets'),
  flags: [
    ...FILE_FLAGS,
    ...PRINT_FLAGS,
    SELECTOR_FLAG,
    DRY_RUN_FLAG,
    flag('bool', 'all', 'false', 'All objects of the type.'),
    flag('int', 'current-replicas', '-1', 'Scale only from this size.'),
    flag('int', 'replicas', '0', 'The new size.'),
    flag('string', 'resource-version', '', 'Scale only this version.'),
    flag('duration', 'timeout', '0s', 'Wait for the new size, at most this long.'),
  ],
  *run(kube) {
    const replicas = kube.flags.number('replicas')
    if (replicas < 0) throw new KubectlError('The --replicas=COUNT flag is required, and COUNT must be greater than or equal to 0')
    const { found, errors } = yield* findObjects(kube, kube.args)
    const dryRun = dryRunOf(kube)
    const deeds = new Deeds(kube, dryRun)
    if (found.length === 0 && errors.length === 0) throw new KubectlError('no objects passed to scale')
    for (const { definition, namespace, name, object } of found) {
      attempt(errors, '', '', () => {
        if (!definition.subresources.includes('scale'))
          throw new KubectlError(`cannot scale the ${typeName(definition)} "${name}": resources of this type have no size`)
        const scale = kube.call((client) => client.subresource(definition.resource, namespace, name, 'scale', 'get')) as KubeObject & {
          spec: { replicas?: number }
        }
        const current = kube.flags.number('current-replicas')
        const version = kube.flags.text('resource-version')
        if (current >= 0 && (scale.spec.replicas ?? 0) !== current)
          throw new KubectlError(`Expected replicas to be ${current}, was ${scale.spec.replicas ?? 0}`)
        if (version !== '' && scale.metadata.resourceVersion !== version)
          throw new KubectlError(`Expected resource version to be ${version}, was ${scale.metadata.resourceVersion ?? ''}`)
        if (dryRun !== 'client')
          kube.call((client) =>
            client.subresource(
              definition.resource,
              namespace,
              name,
              'scale',
              'update',
              { ...scale, spec: { ...scale.spec, replicas } },
              dryRun === 'server' ? { dryRun: true } : {},
            ),
          )
        deeds.say(definition, object, 'scaled')
      })
      const timeoutMs = kube.flags.durationMs('timeout')
      if (timeoutMs > 0) {
        const done = yield* waitUntil(kube, { resource: definition.resource, namespace, name }, timeoutMs, (objects) =>
          objects.every((each) => ((each.status as { replicas?: number } | undefined)?.replicas ?? 0) === replicas),
        )
        if (!done) errors.push('timed out waiting for the condition')
      }
    }
    return reportErrors(kube, errors)
  },
}

export const autoscaleCommand: CommandSpec = {
  name: 'autoscale',
  group: 'Deploy Commands',
  short: 'Auto-scale a deployment, replica set, stateful set, or replication controller',
  usage: 'autoscale (-f FILENAME | TYPE NAME | TYPE/NAME) [--min=MINPODS] --max=MAXPODS [--cpu-percent=CPU] [options]',
  required: ['max'],
  complete: completeOf('deployments', 'replicasets', 'replicationcontrollers', 'statefulsets'),
  flags: [
    ...FILE_FLAGS,
    ...PRINT_FLAGS,
    DRY_RUN_FLAG,
    flag('int', 'cpu-percent', '-1', 'CPU that the pods shall use, in percent of what they asked for.'),
    flag('int', 'max', '-1', 'Most pods.'),
    flag('int', 'min', '-1', 'Fewest pods.'),
    flag('string', 'name', '', 'Name of the autoscaler.'),
  ],
  *run(kube) {
    const [min, max, cpu] = ['min', 'max', 'cpu-percent'].map((name) => kube.flags.number(name))
    if (max < 1) throw new KubectlError(`--max=MAXPODS is required and must be at least 1, max: ${max}`)
    if (max < min) throw new KubectlError(`--max=MAXPODS must be larger or equal to --min=MINPODS, max: ${max}, min: ${min}`)
    const { found, errors } = yield* findObjects(kube, kube.args)
    const dryRun = dryRunOf(kube)
    const deeds = new Deeds(kube, dryRun, dryRun === 'client')
    for (const { definition, namespace, name, object } of found) {
      attempt(errors, '', '', () => {
        const autoscaler = {
          kind: 'HorizontalPodAutoscaler',
          apiVersion: 'autoscaling/v1',
          metadata: {
            name: kube.flags.text('name') || name,
            ...(dryRun === 'client' ? { creationTimestamp: null } : { namespace }),
          } as unknown as KubeObject['metadata'],
          spec: {
            scaleTargetRef: { kind: definition.kind, name, apiVersion: object.apiVersion },
            ...(min > 0 ? { minReplicas: min } : {}),
            maxReplicas: max,
            ...(cpu >= 0 ? { targetCPUUtilizationPercentage: cpu } : {}),
          },
          ...(dryRun === 'client' ? { status: { currentReplicas: 0, desiredReplicas: 0 } } : {}),
        }
        const type =
          kube.client.server.definitionForKind('autoscaling/v1', 'HorizontalPodAutoscaler') ??
          kube.types.require('horizontalpodautoscalers')
        const made =
          dryRun === 'client'
            ? autoscaler
            : kube.call((client) =>
                client.create(type.resource, namespace, autoscaler, {
                  fieldManager: 'kubectl-autoscale',
                  ...(dryRun === 'server' ? { dryRun: true } : {}),
                }),
              )
        deeds.say(type, made, 'autoscaled')
      })
    }
    return reportErrors(kube, errors)
  },
}

export const exposeCommand: CommandSpec = {
  name: 'expose',
  group: 'Basic Commands (Beginner)',
  short: 'Take a replication controller, service, deployment or pod and expose it as a new Kubernetes service',
  usage:
    'expose (-f FILENAME | TYPE NAME) [--port=port] [--protocol=TCP|UDP|SCTP] [--target-port=number-or-name] [--name=name] [--external-ip=external-ip-of-service] [--type=type] [options]',
  examples: [
    'kubectl expose deployment web --port=80 --target-port=8080',
    'kubectl expose pod web --port=80 --type=NodePort --name=web-nodeport',
  ],
  complete: completeOf('deployments', 'pods', 'replicasets', 'replicationcontrollers', 'services'),
  flags: [
    ...FILE_FLAGS,
    ...PRINT_FLAGS,
    DRY_RUN_FLAG,
    flag('string', 'cluster-ip', '', 'Address of the service, or None.'),
    flag('string', 'external-ip', '', 'Further address.'),
    flag('string', 'labels', '', 'Labels of the service.', 'l'),
    flag('string', 'load-balancer-ip', '', 'Address asked of the load balancer.'),
    flag('string', 'name', '', 'Name of the service.'),
    flag('string', 'overrides', '', 'JSON laid over the service.'),
    flag('string', 'port', '', 'Port of the service.'),
    flag('string', 'protocol', '', 'TCP, UDP or SCTP.'),
    flag('string', 'selector', '', 'Labels of the pods.'),
    flag('string', 'session-affinity', '', 'None or ClientIP.'),
    flag('string', 'target-port', '', 'Port of the pods, number or name.'),
    flag('string', 'type', '', 'ClusterIP, NodePort, LoadBalancer or ExternalName.'),
    flag('string', 'field-manager', 'kubectl-expose', 'Name under which fields are owned.'),
    flag('bool', 'save-config', 'false', 'Accepted and ignored.'),
  ],
  *run(kube) {
    const { found, errors } = yield* findObjects(kube, kube.args)
    const dryRun = dryRunOf(kube)
    const deeds = new Deeds(kube, dryRun, dryRun === 'client')
    for (const each of found) {
      attempt(errors, '', '', () => {
        const service = serviceFor(kube, each)
        const definition = kube.types.require('services')
        if (dryRun === 'client') {
          if (kube.namespaceGiven) service.metadata.namespace = kube.namespace
          deeds.say(definition, service, 'exposed')
          return
        }
        const draft = { ...service, metadata: { ...service.metadata, creationTimestamp: undefined } }
        deeds.say(
          definition,
          kube.call((client) =>
            client.create('services', each.namespace || kube.namespace, draft, {
              fieldManager: kube.flags.text('field-manager'),
              ...(dryRun === 'server' ? { dryRun: true } : {}),
            }),
          ),
          'exposed',
        )
      })
    }
    return reportErrors(kube, errors)
  },
}

function serviceFor(
  kube: Invocation,
  { definition, name, object }: { definition: { kind: string; group: string }; name: string; object: KubeObject },
): KubeObject {
  if (!['Pod', 'Service', 'ReplicationController', 'Deployment', 'ReplicaSet'].includes(definition.kind))
    throw new KubectlError(`cannot expose a ${definition.kind}${definition.group === '' ? '' : `.${definition.group}`}`)
  const given = kube.flags.text('selector')
  const selector = given !== '' ? parsePairs(given) : selectorOf(object)
  if (typeof selector === 'string') throw new KubectlError(`couldn't retrieve selectors via --selector flag or introspection: ${selector}`)
  const ports = exposedPorts(object)
  const wanted = kube.flags.text('port') !== '' ? kube.flags.text('port').split(',') : ports.map((port) => String(port.port))
  const headless = kube.flags.text('cluster-ip') === 'None'
  if (wanted.length === 0 && !headless) throw new KubectlError("couldn't find port via --port flag or introspection")
  const target = kube.flags.text('target-port')
  const servicePorts = wanted.map((text, i) => {
    if (!/^\d+$/.test(text)) throw new KubectlError(`strconv.Atoi: parsing ${JSON.stringify(text)}: invalid syntax`)
    const port = Number(text)
    const protocol = kube.flags.text('protocol') || ports.find((each) => each.port === port)?.protocol || 'TCP'
    return {
      ...(wanted.length > 1 ? { name: `port-${i + 1}` } : {}),
      protocol,
      port,
      targetPort: target === '' ? port : /^\d+$/.test(target) ? Number(target) : target,
    }
  })
  const labels = kube.flags.text('labels') !== '' ? parsePairs(kube.flags.text('labels')) : object.metadata.labels
  const text = (flagName: string): string => kube.flags.text(flagName)
  const type = text('type')
  return overridden(
    {
      kind: 'Service',
      apiVersion: 'v1',
      metadata: {
        name: text('name') || name.slice(0, 63),
        creationTimestamp: null,
        ...(labels && Object.keys(labels).length > 0 ? { labels } : {}),
      } as unknown as KubeObject['metadata'],
      spec: {
        ...(servicePorts.length > 0 ? { ports: servicePorts } : {}),
        selector,
        ...(text('cluster-ip') === '' ? {} : { clusterIP: text('cluster-ip') }),
        ...(type === '' ? {} : { type }),
        ...(text('external-ip') === '' ? {} : { externalIPs: [text('external-ip')] }),
        ...(text('session-affinity') === '' ? {} : { sessionAffinity: text('session-affinity') }),
        ...(type === 'LoadBalancer' && text('load-balancer-ip') !== '' ? { loadBalancerIP: text('load-balancer-ip') } : {}),
      },
      status: { loadBalancer: {} },
    },
    text('overrides'),
  )
}

/** Lays JSON over an object, as `--overrides` does (a merge patch). */
export function overridden(object: KubeObject, overrides: string): KubeObject {
  if (overrides === '') return object
  const read = readYaml(overrides)
  if ('error' in read) throw new KubectlError(`invalid overrides: ${read.error.goText}`)
  const merge = (base: unknown, over: unknown): unknown => {
    if (!isPlainObject(over)) return cloneJson(over)
    const result: Record<string, unknown> = isPlainObject(base) ? { ...base } : {}
    for (const key of Object.keys(over)) {
      if (over[key] === null) delete result[key]
      else result[key] = merge(result[key], over[key])
    }
    return result
  }
  return merge(object, read.documents[0]?.value ?? {}) as KubeObject
}

interface Workload {
  spec?: {
    selector?: { matchLabels?: Record<string, string>; matchExpressions?: unknown[] } | Record<string, string>
    template?: { spec?: PodLike }
    ports?: { port: number; protocol?: string }[]
    containers?: PodLike['containers']
  }
}

interface PodLike {
  containers?: { ports?: { containerPort: number; protocol?: string }[] }[]
}

function selectorOf(object: KubeObject): Record<string, string> | string {
  const spec = (object as Workload).spec ?? {}
  switch (object.kind) {
    case 'Pod':
      return Object.keys(object.metadata.labels ?? {}).length === 0
        ? 'the pod has no labels and cannot be exposed'
        : { ...object.metadata.labels }
    case 'Service':
    case 'ReplicationController':
      return spec.selector && Object.keys(spec.selector).length > 0
        ? { ...(spec.selector as Record<string, string>) }
        : 'the service has no pod selector set'
    default: {
      const selector = spec.selector as { matchLabels?: Record<string, string>; matchExpressions?: unknown[] } | undefined
      if ((selector?.matchExpressions?.length ?? 0) > 0) return 'couldn\'t convert expressions - "[]" to map-based selector format'
      return { ...(selector?.matchLabels ?? {}) }
    }
  }
}

function exposedPorts(object: KubeObject): { port: number; protocol: string }[] {
  if (object.kind === 'Service')
    return ((object as unknown as Service).spec.ports ?? []).map((each) => ({ port: each.port, protocol: each.protocol ?? 'TCP' }))
  const spec = (object as Workload).spec ?? {}
  const pod: PodLike = object.kind === 'Pod' ? spec : (spec.template?.spec ?? {})
  return (pod.containers ?? [])
    .flatMap((container) => container.ports ?? [])
    .map((each) => ({ port: each.containerPort, protocol: each.protocol ?? 'TCP' }))
}

export const editCommand: CommandSpec = {
  name: 'edit',
  group: 'Basic Commands (Intermediate)',
  short: 'Edit a resource on the server',
  usage: 'edit (RESOURCE/NAME | -f FILENAME) [options]',
  long: 'Edit a resource on the server.\n\nThe object opens in the editor as a file; saving the file sends it to the server, which says here what it thinks of it.',
  examples: ['kubectl edit svc/web', 'kubectl edit deployment web'],
  complete: completeObjects,
  flags: [
    ...FILE_FLAGS,
    ...PRINT_FLAGS,
    ALL_NAMESPACES_FLAG,
    VALIDATE_FLAG,
    flag('string', 'field-manager', 'kubectl-edit', 'Name under which fields are owned.'),
    flag('bool', 'save-config', 'false', 'Accepted and ignored.'),
  ],
  *run(kube) {
    if (kube.args.length === 0 && kube.flags.list('filename').length === 0) throw new KubectlError(RESOURCE_REQUIRED)
    const { found, errors } = yield* findObjects(kube, kube.args, { namesOptional: true })
    for (const each of found) {
      const code = yield* editObject(kube, each)
      if (code !== 0) return code
    }
    return reportErrors(kube, errors)
  },
}
