/** kubectl run. Truth: k8s.io/kubectl/pkg/cmd/run/run.go; outputs of --dry-run=client recorded from kubectl 1.33. */
import type { KubeObject, Pod } from '../../../api/types/index.ts'
import { StatusError } from '../../../api/meta/status.ts'
import { type Wait, WaitQueue } from '../../../linux/wait.ts'
import { type CommandSpec, flag } from '../command-line.ts'
import { Deeds, DRY_RUN_FLAG, dryRunOf } from '../deeds.ts'
import { metadataOf, parsePairs } from '../generator.ts'
import type { Invocation } from '../invocation.ts'
import { KubectlError } from '../kubectl-error.ts'
import { PRINT_FLAGS } from '../print/output.ts'
import { waitUntil } from '../waiting.ts'
import { withLastApplied } from './apply.ts'
import { overridden } from './change.ts'
import { deleteTargets } from './delete.ts'
import { attachTo } from './pods.ts'

const IMAGE =
  /^[a-z0-9]+(?:[._-]+[a-z0-9]+)*(?::\d+)?(?:\/[a-z0-9]+(?:[._-]+[a-z0-9]+)*)*(?::[\w][\w.-]{0,127})?(?:@sha256:[0-9a-f]{64})?$/i

export const runCommand: CommandSpec = {
  name: 'run',
  group: 'Basic Commands (Beginner)',
  short: 'Run a particular image on the cluster',
  required: ['image'],
  usage:
    'run NAME --image=image [--env="key=value"] [--port=port] [--dry-run=server|client] [--overrides=inline-json] [--command] -- [COMMAND] [args...] [options]',
  examples: [
    'kubectl run web --image=nginx',
    'kubectl run -it --rm shell --image=busybox --restart=Never -- sh',
    'kubectl run web --image=nginx --port=80 --expose',
  ],
  flags: [
    ...PRINT_FLAGS,
    DRY_RUN_FLAG,
    flag('array', 'annotations', '', 'Annotation, key=value.'),
    flag('bool', 'attach', 'false', 'Wait and attach.'),
    flag('bool', 'command', 'false', 'Words behind -- are the command, not its arguments.'),
    flag('array', 'env', '', 'Variable, key=value.'),
    flag('bool', 'expose', 'false', 'Make a service as well.'),
    flag('string', 'image', '', 'Image of the container.'),
    flag('string', 'image-pull-policy', '', 'Always, IfNotPresent or Never.'),
    flag('string', 'labels', '', 'Labels of the pod.', 'l'),
    flag('bool', 'leave-stdin-open', 'false', 'Accepted and ignored.'),
    flag('string', 'overrides', '', 'JSON laid over the pod.'),
    flag('string', 'override-type', 'merge', 'Accepted and ignored.'),
    flag('duration', 'pod-running-timeout', '1m0s', 'How long to wait until the pod runs.'),
    flag('string', 'port', '', 'Port that the container shows.'),
    flag('bool', 'privileged', 'false', 'Run privileged.'),
    flag('bool', 'quiet', 'false', 'No remarks.', 'q'),
    flag('string', 'restart', 'Always', 'Restart policy: Always, OnFailure, Never.'),
    flag('bool', 'rm', 'false', 'Delete the pod in the end.'),
    flag('bool', 'stdin', 'false', 'Keep standard input open.', 'i'),
    flag('bool', 'tty', 'false', 'Give the container a terminal.', 't'),
    flag('string', 'container', '', 'Accepted and ignored.', 'c'),
    flag('string', 'field-manager', 'kubectl-run', 'Name under which fields are owned.'),
    flag('bool', 'save-config', 'false', 'Keep the object in the annotation of kubectl apply.'),
    flag('int', 'grace-period', '-1', 'For --rm.'),
    flag('bool', 'force', 'false', 'For --rm.'),
    flag('duration', 'timeout', '0s', 'For --rm.'),
    flag('string', 'cascade', 'background', 'For --rm.', undefined, 'background'),
    flag('bool', 'wait', 'false', 'For --rm.'),
  ],
  *run(kube) {
    const [name, ...rest] = kube.args
    if (name === undefined || kube.dashAt === 0) throw kube.usage('NAME is required for run')
    const image = kube.flags.text('image')
    if (image === '') throw new KubectlError('--image is required')
    if (!IMAGE.test(image)) throw new KubectlError(`Invalid image name ${JSON.stringify(image)}: invalid reference format`)
    const restart = kube.flags.text('restart')
    if (!['Always', 'OnFailure', 'Never'].includes(restart)) throw kube.usage(`invalid restart policy: ${restart}`)
    const dryRun = dryRunOf(kube)
    const interactive = kube.flags.on('stdin')
    const tty = kube.flags.on('tty')
    const attach = kube.flags.has('attach') ? kube.flags.on('attach') : interactive || tty
    if (tty && !interactive) throw kube.usage('-i/--stdin is required for containers with -t/--tty=true')
    if (kube.flags.on('rm') && !attach) throw kube.usage('--rm should only be used for attached containers')
    if (attach && dryRun !== 'none')
      throw kube.usage("--dry-run=[server|client] can't be used with attached containers options (--attach, --stdin, or --tty)")
    if (kube.flags.on('expose') && kube.flags.text('port') === '') throw kube.usage('--port must be set when exposing a service')
    const pod = overridden(makePod(kube, name, rest), kube.flags.text('overrides'))
    const made: KubeObject[] = [pod, ...(kube.flags.on('expose') ? [makeService(kube, name, pod)] : [])]
    const deeds = new Deeds(kube, dryRun, dryRun === 'client')
    const created = made.map((object) => {
      const resource = object.kind === 'Pod' ? 'pods' : 'services'
      if (dryRun === 'client') {
        if (kube.namespaceGiven) object.metadata.namespace = kube.namespace
        return object
      }
      const draft = kube.flags.on('save-config') ? withLastApplied(object) : object
      return kube.call((client) =>
        client.create(
          resource,
          kube.namespace,
          { ...draft, metadata: { ...draft.metadata, creationTimestamp: undefined } },
          { fieldManager: kube.flags.text('field-manager'), ...(dryRun === 'server' ? { dryRun: true } : {}) },
        ),
      )
    })
    if (attach) return yield* attachRun(kube, created[0], created, { stdin: interactive, tty, quiet: kube.flags.on('quiet') }, restart)
    // Upstream prints the service first.
    for (const object of [...created].reverse()) deeds.say({ kind: object.kind, group: '' }, object, 'created')
    return 0
  },
}

function makePod(kube: Invocation, name: string, rest: readonly string[]): KubeObject {
  const labels = kube.flags.text('labels') === '' ? { run: name } : parsePairs(kube.flags.text('labels'))
  const annotations = Object.fromEntries(
    kube.flags.list('annotations').map((text) => {
      const equals = text.indexOf('=')
      return [text.slice(0, equals), text.slice(equals + 1)]
    }),
  )
  const env = kube.flags.list('env').map((text) => {
    const equals = text.indexOf('=')
    if (equals <= 0) throw new KubectlError(`invalid env: ${text}`)
    return { name: text.slice(0, equals), value: text.slice(equals + 1) }
  })
  const port = kube.flags.text('port')
  if (port !== '' && !/^\d+$/.test(port)) throw new KubectlError(`strconv.Atoi: parsing ${JSON.stringify(port)}: invalid syntax`)
  const policy = kube.flags.text('image-pull-policy')
  const container = {
    name,
    image: kube.flags.text('image'),
    ...(rest.length > 0 ? (kube.flags.on('command') ? { command: [...rest] } : { args: [...rest] }) : {}),
    ...(port === '' ? {} : { ports: [{ containerPort: Number(port) }] }),
    ...(env.length > 0 ? { env } : {}),
    resources: {},
    ...(policy === '' ? {} : { imagePullPolicy: policy }),
    ...(kube.flags.on('privileged') ? { securityContext: { privileged: true } } : {}),
    ...(kube.flags.on('stdin') ? { stdin: true, stdinOnce: !kube.flags.on('leave-stdin-open') } : {}),
    ...(kube.flags.on('tty') ? { tty: true } : {}),
  }
  return {
    kind: 'Pod',
    apiVersion: 'v1',
    metadata: metadataOf(name, { labels, ...(Object.keys(annotations).length > 0 ? { annotations } : {}) }),
    spec: { containers: [container], restartPolicy: kube.flags.text('restart'), dnsPolicy: 'ClusterFirst' },
    status: {},
  }
}

function makeService(kube: Invocation, name: string, pod: KubeObject): KubeObject {
  const port = Number(kube.flags.text('port'))
  return {
    kind: 'Service',
    apiVersion: 'v1',
    metadata: metadataOf(name),
    spec: { ports: [{ protocol: 'TCP', port, targetPort: port }], selector: pod.metadata.labels },
    status: { loadBalancer: {} },
  }
}

function phaseOf(object: KubeObject | undefined): string {
  return (object?.status as { phase?: string } | undefined)?.phase ?? ''
}

function* attachRun(
  kube: Invocation,
  pod: KubeObject,
  created: readonly KubeObject[],
  options: { stdin: boolean; tty: boolean; quiet: boolean },
  restart: string,
): Generator<Wait, number, unknown> {
  const { name, namespace = '' } = pod.metadata
  const scope = { resource: 'pods', namespace, name }
  const latest: { pod: KubeObject | undefined } = { pod: undefined }
  const follow =
    (done: (object: KubeObject | undefined) => boolean) =>
    (objects: readonly KubeObject[]): boolean => {
      latest.pod = objects[0] ?? latest.pod
      return done(objects[0])
    }
  try {
    const ready = yield* waitUntil(
      kube,
      scope,
      kube.flags.durationMs('pod-running-timeout'),
      follow(
        (object) =>
          object === undefined ||
          ['Succeeded', 'Failed'].includes(phaseOf(object)) ||
          (phaseOf(object) === 'Running' && containersStarted(object)),
      ),
    )
    if (!ready || !latest.pod) throw new KubectlError('timed out waiting for the condition')
    yield* printLogs(kube, latest.pod as unknown as Pod, false)
    if (phaseOf(latest.pod) === 'Running') {
      try {
        yield* attachTo(kube, latest.pod as unknown as Pod, options)
      } catch (error) {
        // Short commands are over before anybody can attach.
        if (!(error instanceof StatusError)) throw error
        if (!options.quiet && !isOver(error))
          kube.error(`warning: couldn't attach to pod/${name}, falling back to streaming logs: ${error.status.message ?? ''}\n`)
      }
    }
    if (restart === 'Always') return 0
    const ended = yield* waitUntil(
      kube,
      scope,
      kube.flags.durationMs('pod-running-timeout'),
      follow((object) => object === undefined || phaseOf(object) === 'Succeeded' || (restart === 'Never' && phaseOf(object) === 'Failed')),
    )
    if (!ended) throw new KubectlError(`timed out waiting for the condition`)
    if (phaseOf(latest.pod) === 'Succeeded') return 0
    const state = (latest.pod as unknown as Pod).status?.containerStatuses?.[0]?.state?.terminated
    if (!state || state.exitCode === 0) throw new KubectlError(`pod ${namespace}/${name} failed with unknown exit code`)
    throw new KubectlError(`pod ${namespace}/${name} terminated (${state.reason ?? ''})\n${state.message ?? ''}`, state.exitCode)
  } finally {
    if (kube.flags.on('rm')) {
      const targets = created.map((object) => ({
        definition: kube.types.require(object.kind === 'Pod' ? 'pods' : 'services'),
        namespace,
        name: object.metadata.name,
        source: '',
      }))
      yield* deleteTargets(kube, targets, { propagationPolicy: 'Background' }, { forced: false, many: true, errors: [] })
    }
  }
}

function containersStarted(object: KubeObject | undefined): boolean {
  return ((object as unknown as Pod | undefined)?.status?.containerStatuses ?? []).every((status) => status.state?.running !== undefined)
}

function* printLogs(kube: Invocation, pod: Pod, follow: boolean): Generator<Wait, void, unknown> {
  const over = new WaitQueue()
  const state = { over: false }
  const container = pod.spec.containers[0]?.name ?? ''
  const stop = kube.client.logs(
    pod.metadata.namespace ?? '',
    pod.metadata.name,
    container,
    { follow, previous: false, timestamps: false },
    (text) => kube.print(text),
    () => {
      state.over = true
      over.wake()
    },
  )
  try {
    while (!state.over) yield over.wait
  } finally {
    stop()
  }
}

/** The container ended between the last look and the attempt to attach; its log has been shown. */
function isOver(error: StatusError): boolean {
  return (error.status.message ?? '').includes('container not found')
}
