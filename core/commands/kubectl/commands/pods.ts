/** kubectl exec, attach, logs, port-forward, cp, debug. Truth: k8s.io/kubectl/pkg/cmd/{exec,attach,logs}. Omits: port-forward, cp, debug (they say so). */
import { parseTime } from '../../../api/meta/timestamp.ts'
import type { LogOptions } from '../../../api/server/kubelet-endpoint.ts'
import { StatusError } from '../../../api/meta/status.ts'
import type { Pod } from '../../../api/types/index.ts'
import type { Wait } from '../../../linux/wait.ts'
import { WaitQueue } from '../../../linux/wait.ts'
import { type CommandSpec, flag } from '../command-line.ts'
import { completePods } from '../complete.ts'
import type { Invocation } from '../invocation.ts'
import { KubectlError } from '../kubectl-error.ts'
import { FILE_FLAGS } from '../manifests.ts'
import { sessionExit, streamSession } from '../pod-stream.ts'
import { containerNamesOf, defaultContainer, describeContainers, podOf, podSelector } from '../pod-target.ts'
import { select, SELECTOR_FLAG } from '../selection.ts'

const POD_TIMEOUT = flag('duration', 'pod-running-timeout', '1m0s', 'How long to wait until a pod runs.')
const CONTAINER = flag('string', 'container', '', 'Container of the pod; the default one without it.', 'c')

export const execCommand: CommandSpec = {
  name: 'exec',
  group: 'Troubleshooting and Debugging Commands',
  short: 'Execute a command in a container',
  usage: 'exec (POD | TYPE/NAME) [-c CONTAINER] [flags] -- COMMAND [args...] [options]',
  examples: ['kubectl exec web -- date', 'kubectl exec -it web -- sh', 'kubectl exec deploy/web -c nginx -- ls /'],
  complete: completePods,
  flags: [
    ...FILE_FLAGS,
    CONTAINER,
    POD_TIMEOUT,
    flag('bool', 'quiet', 'false', 'Only what the remote side prints.', 'q'),
    flag('bool', 'stdin', 'false', 'Pass standard input on.', 'i'),
    flag('bool', 'tty', 'false', 'Standard input is a terminal.', 't'),
  ],
  *run(kube) {
    const { args, dashAt } = kube
    const command = dashAt === 0 || dashAt === 1 ? args.slice(dashAt) : []
    if (dashAt !== 0 && dashAt !== 1 && args.length > 1)
      throw kube.usage('exec [POD] [COMMAND] is not supported anymore. Use exec [POD] -- [COMMAND] instead')
    const word = args.length > 0 && dashAt !== 0 ? args[0] : ''
    if (word === '') throw new KubectlError('pod, type/name or --filename must be specified')
    if (command.length === 0) throw new KubectlError('you must specify at least one command for the container')
    const pod = yield* podOf(kube, word, kube.flags.durationMs('pod-running-timeout'))
    const phase = pod.status?.phase
    if (phase === 'Succeeded' || phase === 'Failed')
      throw new KubectlError(`cannot exec into a container in a completed pod; current phase is ${phase}`)
    const container = containerFor(kube, pod)
    const options = { stdin: kube.flags.on('stdin'), tty: kube.flags.on('tty'), quiet: kube.flags.on('quiet'), hint: false }
    const result = yield* streamSession(kube, options, (execOptions, handlers) =>
      kube.client.exec(pod.metadata.namespace ?? '', pod.metadata.name, container, command, execOptions, handlers),
    )
    return sessionExit(kube, result)
  },
}

function containerFor(kube: Invocation, pod: Pod): string {
  const given = kube.flags.text('container')
  if (given === '') return defaultContainer(kube, pod, kube.flags.on('quiet'))
  if (!containerNamesOf(pod).includes(given))
    throw new KubectlError(`container ${given} is not valid for pod ${pod.metadata.name} out of: ${describeContainers(pod)}`)
  return given
}

export const attachCommand: CommandSpec = {
  name: 'attach',
  group: 'Troubleshooting and Debugging Commands',
  short: 'Attach to a running container',
  usage: 'attach (POD | TYPE/NAME) -c CONTAINER [options]',
  examples: ['kubectl attach web', 'kubectl attach web -c shell -i -t'],
  complete: completePods,
  flags: [
    CONTAINER,
    POD_TIMEOUT,
    flag('bool', 'quiet', 'false', 'Only what the remote side prints.', 'q'),
    flag('bool', 'stdin', 'false', 'Pass standard input on.', 'i'),
    flag('bool', 'tty', 'false', 'Standard input is a terminal.', 't'),
  ],
  *run(kube) {
    if (kube.args.length === 0) throw new KubectlError('at least 1 argument is required for attach')
    if (kube.args.length > 2)
      throw new KubectlError(
        `expected POD, TYPE/NAME, or TYPE NAME, (at most 2 arguments) saw ${kube.args.length}: [${kube.args.join(' ')}]`,
      )
    const pod = yield* podOf(
      kube,
      kube.args.length === 2 ? `${kube.args[0]}/${kube.args[1]}` : kube.args[0],
      kube.flags.durationMs('pod-running-timeout'),
    )
    const phase = pod.status?.phase
    if (phase === 'Succeeded' || phase === 'Failed')
      throw new KubectlError(`cannot attach a container in a completed pod; current phase is ${phase}`)
    return yield* attachTo(kube, pod, { stdin: kube.flags.on('stdin'), tty: kube.flags.on('tty'), quiet: kube.flags.on('quiet') })
  },
}

export function* attachTo(
  kube: Invocation,
  pod: Pod,
  options: { stdin: boolean; tty: boolean; quiet: boolean },
): Generator<Wait, number, unknown> {
  const name = containerFor(kube, pod)
  const container = pod.spec.containers.find((each) => each.name === name)
  let tty = options.tty
  if (tty && !container?.tty) {
    tty = false
    if (!options.quiet) kube.error(`error: Unable to use a TTY - container ${name} did not allocate one\n`)
  } else if (!tty && container?.tty) tty = true
  const result = yield* streamSession(kube, { ...options, tty, hint: true }, (execOptions, handlers) =>
    kube.client.attach(pod.metadata.namespace ?? '', pod.metadata.name, name, execOptions, handlers),
  )
  if (options.stdin && tty && pod.spec.restartPolicy === 'Always' && !kube.flags.on('rm')) {
    kube.error(`Session ended, resume using 'kubectl attach ${pod.metadata.name} -c ${name} -i -t' command when the pod is running\n`)
  }
  if (result.message !== '') throw new KubectlError(result.message)
  return 0
}

const LOGS_USAGE = `expected 'logs [-f] [-p] (POD | TYPE/NAME) [-c CONTAINER]'.\nPOD or TYPE/NAME is a required argument for the logs command`

export const logsCommand: CommandSpec = {
  name: 'logs',
  group: 'Troubleshooting and Debugging Commands',
  short: 'Print the logs for a container in a pod',
  usage: 'logs [-f] [-p] (POD | TYPE/NAME) [-c CONTAINER] [options]',
  examples: ['kubectl logs web', 'kubectl logs -f deploy/web', 'kubectl logs -l app=web --tail=20', 'kubectl logs web -p'],
  complete: completePods,
  flags: [
    SELECTOR_FLAG,
    CONTAINER,
    flag('duration', 'pod-running-timeout', '20s', 'How long to wait until a pod runs.'),
    flag('bool', 'all-containers', 'false', 'All containers.'),
    flag('bool', 'all-pods', 'false', 'All pods of the workload.'),
    flag('bool', 'follow', 'false', 'Go on with what comes.', 'f'),
    flag('bool', 'ignore-errors', 'false', 'Go on after errors.'),
    flag('int', 'limit-bytes', '0', 'At most this many bytes.'),
    flag('int', 'max-log-requests', '5', 'Streams followed at once.'),
    flag('bool', 'prefix', 'false', 'Name pod and container in front of each line.'),
    flag('bool', 'previous', 'false', 'The container before its last restart.', 'p'),
    flag('duration', 'since', '0s', 'Not older than this.'),
    flag('string', 'since-time', '', 'Not older than this time.'),
    flag('int', 'tail', '-1', 'Last lines only.'),
    flag('bool', 'timestamps', 'false', 'The time in front of each line.'),
  ],
  *run(kube) {
    const { args } = kube
    const selector = kube.flags.text('selector')
    if ((args.length === 0 && selector === '') || args.length > 2) throw kube.usage(LOGS_USAGE)
    if (args.length > 0 && selector !== '') throw kube.usage('only a selector (-l) or a POD name is allowed')
    const given = args[1] ?? kube.flags.text('container')
    if (args[1] !== undefined && kube.flags.has('container'))
      throw new KubectlError('only one of -c or an inline [CONTAINER] arg is allowed')
    const all = kube.flags.on('all-containers')
    if (all && given !== '') throw new KubectlError(`--all-containers=true should not be specified with container name ${given}`)
    if (kube.flags.has('since') && kube.flags.has('since-time'))
      throw new KubectlError('at most one of `sinceTime` or `sinceSeconds` may be specified')
    if (kube.flags.number('tail') < -1) throw new KubectlError('--tail must be greater than or equal to -1')
    if (kube.flags.number('limit-bytes') < 0) throw new KubectlError('--limit-bytes must be greater than 0')
    const pods = yield* podsForLogs(kube, args[0] ?? '', selector)
    const sources = pods.flatMap((pod) =>
      (all
        ? [...(pod.spec.initContainers ?? []), ...pod.spec.containers, ...(pod.spec.ephemeralContainers ?? [])].map((each) => each.name)
        : [given === '' ? defaultContainer(kube, pod, false) : checkContainer(pod, given)]
      ).map((container) => ({ pod, container })),
    )
    const follow = kube.flags.on('follow')
    if (follow && sources.length > kube.flags.number('max-log-requests')) {
      throw new KubectlError(
        `you are attempting to follow ${sources.length} log streams, but maximum allowed concurrency is ${kube.flags.number('max-log-requests')}, use --max-log-requests to increase the limit`,
      )
    }
    return yield* stream(kube, sources, follow)
  },
}

function checkContainer(pod: Pod, name: string): string {
  if (!containerNamesOf(pod).includes(name))
    throw new KubectlError(`container ${name} is not valid for pod ${pod.metadata.name} out of: ${describeContainers(pod)}`)
  return name
}

function* podsForLogs(kube: Invocation, word: string, selector: string): Generator<Wait, Pod[], unknown> {
  if (selector !== '') {
    const pods = kube.call((client) => client.list('pods', { namespace: kube.namespace, labelSelector: selector }))
      .items as unknown as Pod[]
    if (pods.length === 0) kube.error(`No resources found in ${kube.namespace} namespace.\n`)
    return [...pods]
  }
  try {
    if (kube.flags.on('all-pods') && word.includes('/')) {
      const [target] = select(kube, [word]).targets
      const labels = podSelector(kube.call((client) => client.get(target.definition.resource, target.namespace, target.name)))
      if (labels !== null)
        return [
          ...(kube.call((client) => client.list('pods', { namespace: target.namespace, labelSelector: labels })).items as unknown as Pod[]),
        ]
    }
    return [yield* podOf(kube, word, kube.flags.durationMs('pod-running-timeout'))]
  } catch (error) {
    if (error instanceof StatusError && error.reason === 'NotFound')
      throw new KubectlError(`error from server (NotFound): ${error.status.message ?? ''} in namespace "${kube.namespace}"`)
    throw error
  }
}

interface LogSource {
  pod: Pod
  container: string
}

function logOptions(kube: Invocation, follow: boolean): LogOptions {
  const tail = kube.flags.has('tail') ? kube.flags.number('tail') : kube.flags.text('selector') !== '' ? 10 : -1
  const sinceMs = kube.flags.durationMs('since')
  const sinceTime = parseTime(kube.flags.text('since-time'))
  const limit = kube.flags.number('limit-bytes')
  return {
    follow,
    previous: kube.flags.on('previous'),
    timestamps: kube.flags.on('timestamps'),
    ...(tail >= 0 ? { tailLines: tail } : {}),
    ...(limit > 0 ? { limitBytes: limit } : {}),
    ...(sinceMs > 0
      ? { sinceSeconds: Math.ceil(sinceMs / 1000) }
      : sinceTime !== undefined
        ? { sinceSeconds: Math.max(1, Math.ceil((kube.nowMs - sinceTime) / 1000)) }
        : {}),
  }
}

/** One after another, or all at once when they are followed. */
function* stream(kube: Invocation, sources: readonly LogSource[], follow: boolean): Generator<Wait, number, unknown> {
  const arrived = new WaitQueue()
  const prefix = kube.flags.on('prefix') || kube.flags.on('all-pods')
  const open = ({ pod, container }: LogSource): { stop: () => void; over: boolean; waiting: string[] } => {
    const state = { stop: (): void => {}, over: false, waiting: [] as string[] }
    const head = prefix ? `[pod/${pod.metadata.name}/${container}] ` : ''
    let atStart = true
    state.stop = kube.client.logs(
      pod.metadata.namespace ?? '',
      pod.metadata.name,
      container,
      logOptions(kube, follow),
      (text) => {
        if (head === '') state.waiting.push(text)
        else {
          for (const line of text.split(/(?<=\n)/)) {
            if (line !== '') state.waiting.push(`${atStart ? head : ''}${line}`)
            atStart = line.endsWith('\n')
          }
        }
        arrived.wake()
      },
      () => {
        state.over = true
        arrived.wake()
      },
    )
    return state
  }
  let code = 0
  const groups = follow ? [sources] : sources.map((source) => [source])
  for (const group of groups) {
    const states: ReturnType<typeof open>[] = []
    try {
      for (const source of group) {
        try {
          states.push(open(source))
        } catch (error) {
          if (!(error instanceof StatusError) || !kube.flags.on('ignore-errors')) throw error
          kube.error(`error: ${error.status.message ?? ''}\n`)
          code = 0
        }
      }
      for (;;) {
        for (const state of states)
          for (let text = state.waiting.shift(); text !== undefined; text = state.waiting.shift()) kube.print(text)
        if (!(yield* kube.proc.flush())) return 1
        if (states.some((state) => state.waiting.length > 0)) continue
        if (states.every((state) => state.over)) break
        yield arrived.wait
      }
    } finally {
      for (const state of states) state.stop()
    }
  }
  return code
}

function refused(name: string, short: string, usage: string, why: string): CommandSpec {
  return {
    name,
    group: 'Troubleshooting and Debugging Commands',
    short,
    usage,
    flags: [
      ...FILE_FLAGS,
      CONTAINER,
      flag('string', 'image', '', 'Not modelled.'),
      flag('string', 'address', 'localhost', 'Not modelled.'),
      flag('bool', 'stdin', 'false', 'Not modelled.', 'i'),
      flag('bool', 'tty', 'false', 'Not modelled.', 't'),
      flag('string', 'target', '', 'Not modelled.'),
      flag('string', 'copy-to', '', 'Not modelled.'),
    ],
    complete: completePods,
    *run(kube) {
      yield* []
      if (name === 'port-forward' && kube.args.length < 2) throw kube.usage('TYPE/NAME and list of ports are required for port-forward')
      throw new KubectlError(why)
    },
  }
}

export const portForwardCommand = refused(
  'port-forward',
  'Forward one or more local ports to a pod',
  'port-forward TYPE/NAME [options] [LOCAL_PORT:]REMOTE_PORT [...[LOCAL_PORT_N:]REMOTE_PORT_N]',
  'port-forward is not modelled: reach the pod by its service (ClusterIP, NodePort), or with kubectl exec',
)
export const cpCommand = refused(
  'cp',
  'Copy files and directories to and from containers',
  'cp <file-spec-src> <file-spec-dest> [options]',
  'cp is not modelled: use kubectl exec POD -- cat FILE > FILE, or a config map',
)
export const debugCommand = refused(
  'debug',
  'Create debugging sessions for troubleshooting workloads and nodes',
  'debug (POD | TYPE[[.VERSION].GROUP]/NAME) [ -- COMMAND [args...] ] [options]',
  'debug is not modelled: use kubectl run -it --rm --image=… for a pod of tools, or ssh to the node',
)
