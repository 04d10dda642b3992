/**
 * kubectl rollout: status, history, undo, restart, pause, resume. Truth: k8s.io/kubectl/pkg/cmd/rollout, pkg/polymorphichelpers
 * (rollout_status.go, history.go, rollback.go, objectrestarter.go).
 */
import { selectorFromObject, matchesSelector } from '../../../api/meta/labels.ts'
import { cloneJson, equalJson, isPlainObject } from '../../../api/meta/json.ts'
import { formatTime } from '../../../api/meta/timestamp.ts'
import type { KubeObject } from '../../../api/types/index.ts'
import { type CommandSpec, flag } from '../command-line.ts'
import { completeOf } from '../complete.ts'
import { attempt, Deeds, DRY_RUN_FLAG, dryRunOf } from '../deeds.ts'
import { describePodTemplate } from '../describe/pod.ts'
import { Description } from '../describe/description.ts'
import type { Invocation } from '../invocation.ts'
import { KubectlError } from '../kubectl-error.ts'
import { FILE_FLAGS, reportErrors } from '../manifests.ts'
import { PRINT_FLAGS } from '../print/output.ts'
import { DESCRIBE_STYLE, tabbed } from '../print/tab-writer.ts'
import { findObjects, type Found, SELECTOR_FLAG } from '../selection.ts'
import { waitUntil } from '../waiting.ts'
import { typeName } from '../resource-types.ts'

const FLAGS = [...FILE_FLAGS, SELECTOR_FLAG]
const complete = completeOf('deployments', 'daemonsets', 'statefulsets')

interface Workload extends KubeObject {
  spec: {
    replicas?: number
    paused?: boolean
    selector?: Parameters<typeof selectorFromObject>[0]
    template: { metadata?: KubeObject['metadata']; spec: object }
    updateStrategy?: { type?: string; rollingUpdate?: { partition?: number } }
  }
  status?: Record<string, number | string | undefined> & { conditions?: { type: string; reason?: string }[] }
}

export const rolloutCommand: CommandSpec = {
  name: 'rollout',
  group: 'Deploy Commands',
  short: 'Manage the rollout of a resource',
  usage: 'rollout SUBCOMMAND [options]',
  long: 'Manage the rollout of one or many resources.\n\nValid resource types are deployments, daemonsets and statefulsets.',
  examples: ['kubectl rollout status deployment/web', 'kubectl rollout undo deployment/web', 'kubectl rollout restart deployment/web'],
  commands: [
    {
      name: 'status',
      short: 'Show the status of the rollout',
      usage: 'rollout status (TYPE NAME | TYPE/NAME) [flags] [options]',
      complete,
      flags: [
        ...FLAGS,
        flag('int', 'revision', '0', 'Wait for this revision alone.'),
        flag('duration', 'timeout', '0s', 'How long to wait, 0s for ever.'),
        flag('bool', 'watch', 'true', 'Wait until it is done.', 'w'),
      ],
      *run(kube) {
        const { found, errors } = yield* findRollouts(kube)
        for (const each of found) {
          const timeoutMs = kube.flags.durationMs('timeout') || -1
          let failure: string | null = null
          let last = ''
          const done = yield* waitUntil(
            kube,
            { resource: each.definition.resource, namespace: each.namespace, name: each.name },
            timeoutMs,
            (objects) => {
              const object = objects[0] as Workload | undefined
              if (!object) {
                failure = 'object has been deleted'
                return true
              }
              const status = rolloutStatus(object, kube.flags.number('revision'))
              if (typeof status === 'string') {
                failure = status
                return true
              }
              if (status.text !== last) kube.print(status.text)
              last = status.text
              return status.done || !kube.flags.on('watch')
            },
          )
          if (failure !== null) throw new KubectlError(failure)
          if (!done) throw new KubectlError('timed out waiting for the condition')
        }
        return reportErrors(kube, errors)
      },
    },
    {
      name: 'history',
      short: 'View rollout history',
      usage: 'rollout history (TYPE NAME | TYPE/NAME) [flags] [options]',
      complete,
      flags: [...FLAGS, ...PRINT_FLAGS, flag('int', 'revision', '0', 'Show the template of this revision.')],
      *run(kube) {
        const { found, errors } = yield* findRollouts(kube)
        for (const each of found) kube.print(historyText(kube, each))
        return reportErrors(kube, errors)
      },
    },
    {
      name: 'undo',
      short: 'Undo a previous rollout',
      usage: 'rollout undo (TYPE NAME | TYPE/NAME) [flags] [options]',
      complete,
      flags: [...FLAGS, ...PRINT_FLAGS, DRY_RUN_FLAG, flag('int', 'to-revision', '0', 'Revision to go back to; 0 is the one before.')],
      *run(kube) {
        const { found, errors } = yield* findRollouts(kube)
        const dryRun = dryRunOf(kube)
        const deeds = new Deeds(kube, dryRun)
        for (const each of found)
          attempt(errors, '', '', () => deeds.say(each.definition, each.object, undo(kube, each, dryRun !== 'none')))
        return reportErrors(kube, errors)
      },
    },
    change('restart', 'Restart a resource', 'restarted', (kube, each) => {
      const workload = each.object as Workload
      if (workload.spec.paused)
        throw new KubectlError(`can't restart paused ${each.definition.kind.toLowerCase()} (run rollout resume first)`)
      if (!['Deployment', 'DaemonSet', 'StatefulSet'].includes(each.definition.kind))
        throw new KubectlError(`${each.definition.plural} "${each.name}" restarting is not supported`)
      return { spec: { template: { metadata: { annotations: { 'kubectl.kubernetes.io/restartedAt': formatTime(kube.nowMs) } } } } }
    }),
    change('pause', 'Mark the provided resource as paused', 'paused', (_, each) => pausing(each, true)),
    change('resume', 'Resume a paused resource', 'resumed', (_, each) => pausing(each, false)),
  ],
}

function change(name: string, short: string, deed: string, patchFor: (kube: Invocation, each: Found) => object): CommandSpec {
  return {
    name,
    short,
    usage: `rollout ${name} RESOURCE [options]`,
    complete,
    flags: [...FLAGS, ...PRINT_FLAGS, flag('string', 'field-manager', 'kubectl-rollout', 'Name under which fields are owned.')],
    *run(kube) {
      const { found, errors } = yield* findRollouts(kube)
      const deeds = new Deeds(kube)
      for (const each of found) {
        attempt(errors, '', '', () => {
          const body = patchFor(kube, each)
          deeds.say(
            each.definition,
            kube.call((client) =>
              client.patch(each.definition.resource, each.namespace, each.name, {
                type: 'strategic',
                body,
                fieldManager: kube.flags.text('field-manager'),
              }),
            ),
            deed,
          )
        })
      }
      return reportErrors(kube, errors)
    },
  }
}

function pausing(each: Found, paused: boolean): object {
  if (each.definition.kind !== 'Deployment')
    throw new KubectlError(
      `${each.definition.plural}${each.definition.group === '' ? '' : `.${each.definition.group}`} "${each.name}" ${paused ? 'pausing' : 'resuming'} is not supported`,
    )
  const now = (each.object as Workload).spec.paused === true
  if (now === paused)
    throw new KubectlError(
      `${each.definition.plural}${each.definition.group === '' ? '' : `.${each.definition.group}`} "${each.name}" is ${paused ? 'already' : 'not'} paused`,
    )
  return { spec: { paused: paused ? true : null } }
}

function* findRollouts(kube: Invocation): ReturnType<typeof findObjects> {
  if (kube.args.length === 0 && kube.flags.list('filename').length === 0) throw new KubectlError('required resource not specified')
  return yield* findObjects(kube, kube.args, { namesOptional: true })
}

/** Text and whether it is over; a string is a failure. */
function rolloutStatus(object: Workload, revision: number): { text: string; done: boolean } | string {
  const { name, generation = 0 } = object.metadata
  const status = object.status ?? {}
  const number = (field: string): number => Number(status[field] ?? 0)
  const observed = number('observedGeneration')
  const waiting = (text: string): { text: string; done: boolean } => ({ text: `${text}\n`, done: false })
  if (object.kind === 'Deployment') {
    const running = Number(object.metadata.annotations?.['deployment.kubernetes.io/revision'] ?? 0)
    if (revision > 0 && running !== revision) return `desired revision (${revision}) is different from the running revision (${running})`
    if (generation > observed) return waiting('Waiting for deployment spec update to be observed...')
    if (status.conditions?.some((condition) => condition.type === 'Progressing' && condition.reason === 'ProgressDeadlineExceeded'))
      return `deployment "${name}" exceeded its progress deadline`
    const [wanted, updated, all, available] = [
      object.spec.replicas ?? 1,
      number('updatedReplicas'),
      number('replicas'),
      number('availableReplicas'),
    ]
    if (updated < wanted)
      return waiting(`Waiting for deployment "${name}" rollout to finish: ${updated} out of ${wanted} new replicas have been updated...`)
    if (all > updated)
      return waiting(`Waiting for deployment "${name}" rollout to finish: ${all - updated} old replicas are pending termination...`)
    if (available < updated)
      return waiting(`Waiting for deployment "${name}" rollout to finish: ${available} of ${updated} updated replicas are available...`)
    return { text: `deployment "${name}" successfully rolled out\n`, done: true }
  }
  if (object.kind === 'DaemonSet') {
    if ((object.spec.updateStrategy?.type ?? 'RollingUpdate') !== 'RollingUpdate')
      return 'rollout status is only available for RollingUpdate strategy type'
    if (generation > observed) return waiting('Waiting for daemon set spec update to be observed...')
    const [updated, wanted, available] = [number('updatedNumberScheduled'), number('desiredNumberScheduled'), number('numberAvailable')]
    if (updated < wanted)
      return waiting(`Waiting for daemon set "${name}" rollout to finish: ${updated} out of ${wanted} new pods have been updated...`)
    if (available < wanted)
      return waiting(`Waiting for daemon set "${name}" rollout to finish: ${available} of ${wanted} updated pods are available...`)
    return { text: `daemon set "${name}" successfully rolled out\n`, done: true }
  }
  if (object.kind === 'StatefulSet') {
    if ((object.spec.updateStrategy?.type ?? 'RollingUpdate') !== 'RollingUpdate')
      return 'rollout status is only available for RollingUpdate strategy type'
    if (observed === 0 || generation > observed) return waiting('Waiting for statefulset spec update to be observed...')
    const [wanted, ready, updated] = [object.spec.replicas ?? 1, number('readyReplicas'), number('updatedReplicas')]
    if (ready < wanted) return waiting(`Waiting for ${wanted - ready} pods to be ready...`)
    const partition = object.spec.updateStrategy?.rollingUpdate?.partition
    if (object.spec.updateStrategy?.rollingUpdate) {
      if (partition !== undefined && updated < wanted - partition)
        return waiting(`Waiting for partitioned roll out to finish: ${updated} out of ${wanted - partition} new pods have been updated...`)
      return { text: `partitioned roll out complete: ${updated} new pods have been updated...\n`, done: true }
    }
    if (status.updateRevision !== status.currentRevision)
      return waiting(
        `waiting for statefulset rolling update to complete ${updated} pods at revision ${String(status.updateRevision ?? '')}...`,
      )
    return {
      text: `statefulset rolling update complete ${number('currentReplicas')} pods at revision ${String(status.currentRevision ?? '')}...\n`,
      done: true,
    }
  }
  return `no status viewer has been implemented for ${object.kind}`
}

interface Revision {
  number: number
  cause: string
  template: { metadata?: KubeObject['metadata']; spec: object }
}

const REVISION = 'deployment.kubernetes.io/revision'
const CHANGE_CAUSE = 'kubernetes.io/change-cause'

/** Revisions in ascending order, from replica sets or controller revisions. */
function revisionsOf(kube: Invocation, each: Found): Revision[] {
  const workload = each.object as Workload
  const own = (object: KubeObject): boolean =>
    object.metadata.ownerReferences?.some((owner) => owner.uid === workload.metadata.uid) ?? false
  if (each.definition.kind === 'Deployment') {
    const selector = selectorFromObject(workload.spec.selector)
    const sets = kube.call((client) => client.list('replicasets.apps', { namespace: each.namespace })).items as unknown as Workload[]
    return sets
      .filter((set) => own(set) && matchesSelector(selector, set.metadata.labels))
      .map((set) => ({
        number: Number(set.metadata.annotations?.[REVISION] ?? 0),
        cause: set.metadata.annotations?.[CHANGE_CAUSE] ?? '',
        template: set.spec.template,
      }))
      .filter((revision) => revision.number > 0)
      .sort((a, b) => a.number - b.number)
  }
  if (each.definition.kind === 'DaemonSet' || each.definition.kind === 'StatefulSet') {
    if (!kube.types.find('controllerrevisions.apps')) return []
    const list = kube.call((client) => client.list('controllerrevisions.apps', { namespace: each.namespace })).items as (KubeObject & {
      revision: number
      data?: { spec?: { template?: Revision['template'] } }
    })[]
    return list
      .filter(own)
      .map((object) => ({
        number: object.revision,
        cause: object.metadata.annotations?.[CHANGE_CAUSE] ?? '',
        template: object.data?.spec?.template ?? workload.spec.template,
      }))
      .sort((a, b) => a.number - b.number)
  }
  throw new KubectlError(
    `no history viewer has been implemented for "${each.definition.kind}${each.definition.group === '' ? '' : `.${each.definition.group}`}"`,
  )
}

function historyText(kube: Invocation, each: Found): string {
  const revisions = revisionsOf(kube, each)
  const wanted = kube.flags.number('revision')
  const head = `${typeName(each.definition)}/${each.name} ${wanted > 0 ? `with revision #${wanted}\n` : '\n'}`
  if (wanted > 0) {
    const revision = revisions.find((one) => one.number === wanted)
    if (!revision) throw new KubectlError('unable to find the specified revision')
    const description = new Description()
    const annotations = {
      ...(revision.template.metadata?.annotations ?? {}),
      ...(revision.cause === '' ? {} : { [CHANGE_CAUSE]: revision.cause }),
    }
    describePodTemplate(description, { ...revision.template, metadata: { ...revision.template.metadata, annotations } } as Parameters<
      typeof describePodTemplate
    >[1])
    return `${head}${description.rawText()}\n`
  }
  if (revisions.length === 0) return `${head}No rollout history found.\n`
  return `${head}${tabbed(`REVISION\tCHANGE-CAUSE\n${revisions.map((one) => `${one.number}\t${one.cause || '<none>'}\n`).join('')}`, DESCRIBE_STYLE)}\n`
}

/** Goes back; what there is to say of it. */
function undo(kube: Invocation, each: Found, dryRun: boolean): string {
  const workload = each.object as Workload
  if (workload.spec.paused)
    throw new KubectlError(`you cannot rollback a paused deployment; resume it first with 'kubectl rollout resume' and try again`)
  const revisions = revisionsOf(kube, each)
  const wanted = kube.flags.number('to-revision')
  if (wanted < 0) throw new KubectlError(`unable to find specified revision ${wanted} in history`)
  const target = wanted === 0 ? revisions.at(-2) : revisions.find((one) => one.number === wanted)
  if (!target)
    throw new KubectlError(
      wanted === 0
        ? `no rollout history found for ${each.definition.kind.toLowerCase()} "${each.name}"`
        : `unable to find specified revision ${wanted} in history`,
    )
  const template = cloneJson(target.template)
  const labels = template.metadata?.labels as Record<string, string> | undefined
  if (labels) delete labels['pod-template-hash']
  const current = cloneJson(workload.spec.template)
  if (equalJson(stripEmpty(template), stripEmpty(current)))
    return `skipped rollback (current template already matches revision ${target.number})`
  if (!dryRun) {
    const annotations = target.cause === '' ? undefined : { [CHANGE_CAUSE]: target.cause }
    const draft = cloneJson(each.object) as Workload
    draft.spec.template = template
    draft.metadata = { ...draft.metadata, annotations: { ...draft.metadata.annotations, ...annotations } }
    kube.call((client) => client.update(each.definition.resource, draft, { fieldManager: 'kubectl-rollout' }))
  }
  return 'rolled back'
}

function stripEmpty(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(stripEmpty)
  if (!isPlainObject(value)) return value
  return Object.fromEntries(
    Object.keys(value)
      .filter((key) => value[key] !== null && !(isPlainObject(value[key]) && Object.keys(value[key]).length === 0))
      .map((key) => [key, stripEmpty(value[key])]),
  )
}
