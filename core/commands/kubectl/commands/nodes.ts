/** kubectl cordon, uncordon, drain. Truth: k8s.io/kubectl/pkg/cmd/drain, pkg/drain (filters, eviction with retry). */
import { hasReason, StatusError } from '../../../api/meta/status.ts'
import { parseTime } from '../../../api/meta/timestamp.ts'
import type { KubeObject, Node, Pod } from '../../../api/types/index.ts'
import type { Wait } from '../../../linux/wait.ts'
import { type CommandSpec, flag } from '../command-line.ts'
import { completeNodes } from '../complete.ts'
import { DRY_RUN_FLAG, dryRunNote, type DryRun, dryRunOf } from '../deeds.ts'
import type { Invocation } from '../invocation.ts'
import { KubectlError, statusText } from '../kubectl-error.ts'
import { SELECTOR_FLAG } from '../selection.ts'
import { waitUntil } from '../waiting.ts'

export const cordonCommand = cordon('cordon', true, 'Mark node as unschedulable')
export const uncordonCommand = cordon('uncordon', false, 'Mark node as schedulable')

function cordon(name: string, unschedulable: boolean, short: string): CommandSpec {
  return {
    name,
    group: 'Cluster Management Commands',
    short,
    usage: `${name} NODE [options]`,
    flags: [SELECTOR_FLAG, DRY_RUN_FLAG],
    complete: completeNodes,
    *run(kube) {
      const dryRun = dryRunOf(kube)
      for (const node of nodesOf(kube, name)) setSchedulable(kube, node, unschedulable, dryRun)
      yield* kube.proc.work(1000)
      return 0
    },
  }
}

function nodesOf(kube: Invocation, command: string): Node[] {
  const selector = kube.flags.text('selector')
  if (kube.args.length === 0 && selector === '') throw kube.usage(`USAGE: ${command} NODE [flags]`)
  if (kube.args.length > 0 && selector !== '') throw kube.usage('error: cannot specify both a node name and a --selector option')
  if (selector !== '') return kube.call((client) => client.list('nodes', { labelSelector: selector })).items as unknown as Node[]
  return kube.args.map((name) => kube.call((client) => client.get('nodes', '', name.replace(/^nodes?\//, ''))) as unknown as Node)
}

function setSchedulable(kube: Invocation, node: Node, unschedulable: boolean, dryRun: DryRun): void {
  const already = (node.spec?.unschedulable ?? false) === unschedulable
  const verb = unschedulable ? 'cordoned' : 'uncordoned'
  if (!already && dryRun !== 'client') {
    kube.call((client) =>
      client.patch('nodes', '', node.metadata.name, {
        type: 'strategic',
        body: { spec: { unschedulable: unschedulable ? true : null } },
        fieldManager: 'kubectl-cordon',
        ...(dryRun === 'server' ? { dryRun: true } : {}),
      }),
    )
  }
  kube.print(`node/${node.metadata.name} ${already ? `already ${verb}` : verb}${dryRunNote(dryRun)}\n`)
}

export const drainCommand: CommandSpec = {
  name: 'drain',
  group: 'Cluster Management Commands',
  short: 'Drain node in preparation for maintenance',
  usage: 'drain NODE [options]',
  complete: completeNodes,
  examples: ['kubectl drain worker-1 --ignore-daemonsets', 'kubectl drain worker-1 --ignore-daemonsets --delete-emptydir-data --force'],
  flags: [
    SELECTOR_FLAG,
    DRY_RUN_FLAG,
    flag('bool', 'delete-emptydir-data', 'false', 'Pods with emptyDir volumes may go.'),
    flag('bool', 'disable-eviction', 'false', 'Delete instead of evict, past disruption budgets.'),
    flag('bool', 'force', 'false', 'Pods without a controller may go.'),
    flag('int', 'grace-period', '-1', 'Seconds that a pod has to end.'),
    flag('bool', 'ignore-daemonsets', 'false', 'Leave pods of daemon sets where they are.'),
    flag('string', 'pod-selector', '', 'Only these pods.'),
    flag('int', 'skip-wait-for-delete-timeout', '0', 'Do not wait for pods that are dying for longer.'),
    flag('duration', 'timeout', '0s', 'How long to wait, 0s for ever.'),
    flag('int', 'chunk-size', '500', 'Accepted and ignored.'),
  ],
  *run(kube) {
    const dryRun = dryRunOf(kube)
    const nodes = nodesOf(kube, 'drain')
    for (const node of nodes) setSchedulable(kube, node, true, dryRun)
    const pending: { node: string; error: string }[] = []
    for (const node of nodes) {
      const error = yield* drainNode(kube, node.metadata.name, dryRun)
      if (error === null) kube.print(`node/${node.metadata.name} drained${dryRunNote(dryRun)}\n`)
      else {
        kube.error(`error: unable to drain node "${node.metadata.name}" due to error: ${error}, continuing command...\n`)
        pending.push({ node: node.metadata.name, error })
      }
    }
    if (pending.length === 0) return 0
    kube.error(`There are pending nodes to be drained:\n${pending.map((each) => ` ${each.node}\n`).join('')}`)
    throw new KubectlError(pending.map((each) => each.error).join('\n'))
  },
}

interface Judged {
  pod: Pod
  goes: boolean
  warning: string
  error: string
}

/** Upstream's filters in their order; the last one that says something counts. */
function judge(kube: Invocation, pod: Pod): Judged {
  const result: Judged = { pod, goes: true, warning: '', error: '' }
  const finished = pod.status?.phase === 'Succeeded' || pod.status?.phase === 'Failed'
  const owner = pod.metadata.ownerReferences?.find((reference) => reference.controller)
  if (pod.metadata.annotations?.['kubernetes.io/config.mirror'] !== undefined) return { ...result, goes: false }
  const dyingFor = kube.flags.number('skip-wait-for-delete-timeout')
  const dying = parseTime(pod.metadata.deletionTimestamp)
  if (dyingFor > 0 && dying !== undefined && kube.nowMs - dying > dyingFor * 1000) return { ...result, goes: false }
  if (finished) return result
  if (owner?.kind === 'DaemonSet') {
    return kube.flags.on('ignore-daemonsets')
      ? { ...result, goes: false, warning: 'ignoring DaemonSet-managed Pods' }
      : { ...result, goes: false, error: 'DaemonSet-managed Pods (use --ignore-daemonsets to ignore)' }
  }
  if ((pod.spec.volumes ?? []).some((volume) => volume.emptyDir)) {
    if (!kube.flags.on('delete-emptydir-data'))
      return { ...result, goes: false, error: 'Pods with local storage (use --delete-emptydir-data to override)' }
    result.warning = 'deleting Pods with local storage'
  }
  if (!owner) {
    if (!kube.flags.on('force')) return { ...result, goes: false, error: 'Pods that declare no controller (use --force to override)' }
    result.warning = 'deleting Pods that declare no controller'
  }
  return result
}

function* drainNode(kube: Invocation, node: string, dryRun: DryRun): Generator<Wait, string | null, unknown> {
  const pods = kube.call((client) =>
    client.list('pods', { fieldSelector: `spec.nodeName=${node}`, labelSelector: kube.flags.text('pod-selector') || undefined }),
  ).items as unknown as Pod[]
  const judged = pods.map((pod) => judge(kube, pod))
  const grouped = (pick: (each: Judged) => string): [string, string][] => {
    const groups = new Map<string, string[]>()
    for (const each of judged)
      if (pick(each) !== '')
        groups.set(pick(each), [...(groups.get(pick(each)) ?? []), `${each.pod.metadata.namespace}/${each.pod.metadata.name}`])
    return [...groups].map(([text, names]) => [text, names.join(', ')])
  }
  const errors = grouped((each) => each.error).map(([text, names]) => `cannot delete ${text}: ${names}`)
  if (errors.length > 0) return errors.length === 1 ? errors[0] : `[${errors.join(', ')}]`
  const warnings = grouped((each) => each.warning)
    .map(([text, names]) => `${text}: ${names}`)
    .join('; ')
  if (warnings !== '') kube.warn(warnings)
  const going = judged.filter((each) => each.goes).map((each) => each.pod)
  if (dryRun === 'client') {
    for (const pod of going) kube.print(`evicting pod ${pod.metadata.namespace}/${pod.metadata.name} (dry run)\n`)
    return null
  }
  const timeoutMs = kube.flags.durationMs('timeout')
  const deadlineUs = timeoutMs > 0 ? kube.proc.world.clock.nowUs + timeoutMs * 1000 : Number.MAX_SAFE_INTEGER
  for (const pod of going) {
    const error = yield* evict(kube, pod, deadlineUs)
    if (error !== null) return error
  }
  for (const pod of going) {
    const rest = deadlineUs === Number.MAX_SAFE_INTEGER ? -1 : Math.max(0, (deadlineUs - kube.proc.world.clock.nowUs) / 1000)
    const { namespace, name, uid } = pod.metadata
    const gone = yield* waitUntil(
      kube,
      { resource: 'pods', namespace, name },
      rest,
      (objects) => !objects.some((object) => object.metadata.uid === uid),
    )
    if (!gone)
      return `error when waiting for pod "${name}" in namespace "${namespace}" to terminate: global timeout reached: ${kube.flags.text('timeout')}`
    kube.print(`pod/${name} evicted\n`)
  }
  return null
}

const retryUs = 5_000_000
const retriesMax = 100_000

/** A disruption budget that refuses is asked again every five seconds. */
function* evict(kube: Invocation, pod: Pod, deadlineUs: number): Generator<Wait, string | null, unknown> {
  const { name, namespace = '' } = pod.metadata
  const grace = kube.flags.number('grace-period')
  const deleteOptions = grace >= 0 ? { gracePeriodSeconds: grace } : {}
  kube.print(`${kube.flags.on('disable-eviction') ? 'deleting' : 'evicting'} pod ${namespace}/${name}\n`)
  for (let i = 0; i < retriesMax; i += 1) {
    try {
      if (kube.flags.on('disable-eviction')) kube.call((client) => client.delete('pods', namespace, name, deleteOptions))
      else
        kube.call((client) =>
          client.subresource('pods', namespace, name, 'eviction', 'create', {
            apiVersion: 'policy/v1',
            kind: 'Eviction',
            metadata: { name, namespace },
            deleteOptions,
          } as unknown as KubeObject),
        )
      return null
    } catch (error) {
      if (!(error instanceof StatusError)) throw error
      if (hasReason(error, 'NotFound')) return null
      if (!hasReason(error, 'TooManyRequests')) return `error when evicting pods/"${name}" -n "${namespace}": ${statusText(error.status)}`
      kube.error(`error when evicting pods/"${name}" -n "${namespace}" (will retry after 5s): ${error.status.message ?? ''}\n`)
      if (kube.proc.world.clock.nowUs + retryUs > deadlineUs) return `global timeout reached: ${kube.flags.text('timeout')}`
      yield* kube.proc.sleepUs(retryUs)
      kube.print(`evicting pod ${namespace}/${name}\n`)
    }
  }
  return 'too many retries'
}
