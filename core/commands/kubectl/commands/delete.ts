/**
 * kubectl delete: deletes and waits until the objects are gone. Truth: k8s.io/kubectl/pkg/cmd/delete/delete.go.
 * Omits: --raw, --interactive.
 */
import { StatusError } from '../../../api/meta/status.ts'
import type { DeleteOptions } from '../../../api/server/call.ts'
import type { Wait } from '../../../linux/wait.ts'
import { type CommandSpec, flag } from '../command-line.ts'
import { completeObjects } from '../complete.ts'
import { DRY_RUN_FLAG, dryRunNote, dryRunOf, refusalFrom } from '../deeds.ts'
import type { Invocation } from '../invocation.ts'
import { KubectlError } from '../kubectl-error.ts'
import { FILE_FLAGS, readManifests, reportErrors } from '../manifests.ts'
import { ALL_NAMESPACES_FLAG, listOf, objectName, RESOURCE_REQUIRED, select, SELECTOR_FLAG, type Target } from '../selection.ts'
import { typeName } from '../resource-types.ts'
import { waitUntil } from '../waiting.ts'
import { requestUs } from './apply.ts'

export const deleteCommand: CommandSpec = {
  name: 'delete',
  group: 'Basic Commands (Intermediate)',
  short: 'Delete resources by file names, stdin, resources and names, or by resources and label selector',
  usage: 'delete ([-f FILENAME] | [-k DIRECTORY] | TYPE [(NAME | -l label | --all)]) [options]',
  examples: [
    'kubectl delete -f pod.yaml',
    'kubectl delete pod web',
    'kubectl delete pods,services -l app=web',
    'kubectl delete pod web --grace-period=0 --force',
  ],
  complete: completeObjects,
  flags: [
    ...FILE_FLAGS,
    SELECTOR_FLAG,
    ALL_NAMESPACES_FLAG,
    DRY_RUN_FLAG,
    flag('bool', 'all', 'false', 'All objects of the types in the namespace.'),
    flag('string', 'cascade', 'background', 'What becomes of dependents: background, orphan, foreground.', undefined, 'background'),
    flag('string', 'field-selector', '', 'Field query.'),
    flag('bool', 'force', 'false', 'Remove at once from the API, without waiting for the node.'),
    flag('int', 'grace-period', '-1', 'Seconds that a pod has to end; 0 needs --force.'),
    flag('bool', 'ignore-not-found', 'false', 'An object that does not exist is no error.'),
    flag('bool', 'now', 'false', 'The same as --grace-period=1.'),
    flag('string', 'output', '', 'name prints type/name.', 'o'),
    flag('duration', 'timeout', '0s', 'How long to wait.'),
    flag('bool', 'wait', 'true', 'Wait until the objects are gone.'),
  ],
  *run(kube) {
    const { options, forced } = deleteOptions(kube)
    const { targets, errors, many } = yield* targetsOf(kube)
    const result = yield* deleteTargets(kube, targets, options, { forced, many, errors })
    return result
  },
}

function deleteOptions(kube: Invocation): { options: DeleteOptions; forced: boolean } {
  let grace = kube.flags.number('grace-period')
  const force = kube.flags.on('force')
  if (kube.flags.on('now')) {
    if (grace !== -1) throw new KubectlError('--now and --grace-period cannot be specified together')
    grace = 1
  }
  if (grace === 0 && !force) {
    // Upstream turns it into 1 to preserve its older meaning.
    grace = 1
  }
  if (force && grace < 0) grace = 0
  if (force && grace > 0) throw new KubectlError('--force and --grace-period greater than 0 cannot be specified together')
  if (kube.flags.text('output') !== '' && kube.flags.text('output') !== 'name')
    throw new KubectlError(`unexpected -o output mode: ${kube.flags.text('output')}. We only support '-o name'`)
  const cascade = kube.flags.text('cascade')
  const policy =
    cascade === 'background' || cascade === 'true'
      ? 'Background'
      : cascade === 'orphan' || cascade === 'false'
        ? 'Orphan'
        : cascade === 'foreground'
          ? 'Foreground'
          : null
  if (policy === null) throw new KubectlError(`invalid cascade value (${cascade}). Must be "background", "foreground", or "orphan"`)
  return { options: { propagationPolicy: policy, ...(grace >= 0 ? { gracePeriodSeconds: grace } : {}) }, forced: grace === 0 }
}

function* targetsOf(
  kube: Invocation,
): Generator<Wait, { targets: (Target & { source: string })[]; errors: string[]; many: boolean }, unknown> {
  if (kube.flags.list('filename').length > 0 || kube.flags.text('kustomize') !== '') {
    const manifests = yield* readManifests(kube)
    return {
      targets: manifests.good.map(({ definition, namespace, name, source }) => ({ definition, namespace, name, source })),
      errors: manifests.errors,
      many: false,
    }
  }
  if (kube.args.length === 0) throw new KubectlError(RESOURCE_REQUIRED)
  const all = kube.flags.on('all')
  if (all && kube.flags.text('selector') !== '') throw new KubectlError("setting 'all' parameter but found a non empty selector. ")
  const selection = select(kube, kube.args, { namesOptional: false })
  if (selection.types.length === 0)
    return { targets: selection.targets.map((target) => ({ ...target, source: '' })), errors: [], many: false }
  const targets: (Target & { source: string })[] = []
  for (const definition of selection.types) {
    for (const object of listOf(kube, definition, selection.namespace).items)
      targets.push({ definition, namespace: object.metadata.namespace ?? '', name: object.metadata.name, source: '' })
  }
  return { targets, errors: [], many: true }
}

/** Deletes these and waits for their end; the exit code. */
export function* deleteTargets(
  kube: Invocation,
  targets: readonly (Target & { source: string })[],
  options: DeleteOptions,
  more: { forced: boolean; many: boolean; errors: string[] },
): Generator<Wait, number, unknown> {
  const { errors, forced, many } = more
  const dryRun = kube.flags.has('dry-run') ? dryRunOf(kube) : 'none'
  if (forced && targets.length > 0) {
    kube.error(
      'Warning: Immediate deletion does not wait for confirmation that the running resource has been terminated. The resource may continue to run on the cluster indefinitely.\n',
    )
  }
  const waiting: { target: Target; uid: string }[] = []
  let found = 0
  for (const target of targets) {
    const { definition, namespace, name, source } = target
    try {
      const live = kube.call((client) => client.get(definition.resource, namespace, name))
      found += 1
      if (dryRun !== 'client')
        kube.call((client) =>
          client.delete(definition.resource, namespace, name, { ...options, ...(dryRun === 'server' ? { dryRun: true } : {}) }),
        )
      waiting.push({ target, uid: live.metadata.uid ?? '' })
      if (kube.flags.text('output') === 'name') kube.print(`${objectName(target)}\n`)
      else kube.print(`${typeName(definition)} "${name}" ${forced ? 'force deleted' : 'deleted'}${dryRunNote(dryRun)}\n`)
    } catch (error) {
      if (!(error instanceof StatusError)) throw error
      if (error.reason === 'NotFound' && (many || kube.flags.on('ignore-not-found'))) continue
      errors.push(refusalFrom(error, 'deleting', source))
    }
    yield* kube.proc.work(requestUs)
  }
  if (found === 0 && errors.length === 0) kube.print('No resources found\n')
  // A forced pod is gone from the API at once; orphans are not waited for either.
  if (dryRun === 'none' && (!kube.flags.has('wait') || kube.flags.on('wait'))) {
    const timeoutMs = kube.flags.durationMs('timeout') || -1
    const begin = kube.proc.world.clock.nowUs
    for (const { target, uid } of waiting) {
      const rest = timeoutMs < 0 ? -1 : Math.max(0, timeoutMs - (kube.proc.world.clock.nowUs - begin) / 1000)
      const gone = yield* waitUntil(
        kube,
        { resource: target.definition.resource, namespace: target.namespace, name: target.name },
        rest,
        (objects) => !objects.some((object) => object.metadata.uid === uid),
      )
      if (!gone) errors.push(`timed out waiting for the condition on ${target.definition.plural}/${target.name}`)
    }
  }
  return reportErrors(kube, errors)
}
