/** kubectl set image, env, resources, selector, serviceaccount. Truth: k8s.io/kubectl/pkg/cmd/set. Omits: set subject, `set env --from`. */
import { cloneJson, equalJson } from '../../../api/meta/json.ts'
import type { Container, KubeObject, PodSpec } from '../../../api/types/index.ts'
import { type CommandSpec, flag } from '../command-line.ts'
import { completeOf } from '../complete.ts'
import { attempt, Deeds, DRY_RUN_FLAG, dryRunOf } from '../deeds.ts'
import { parsePairs } from '../generator.ts'
import type { Invocation } from '../invocation.ts'
import { KubectlError } from '../kubectl-error.ts'
import { FILE_FLAGS, reportErrors } from '../manifests.ts'
import { PRINT_FLAGS } from '../print/output.ts'
import { findObjects, objectName, SELECTOR_FLAG } from '../selection.ts'
import { threeWayPatch } from '../three-way.ts'

const FLAGS = [
  ...FILE_FLAGS,
  ...PRINT_FLAGS,
  SELECTOR_FLAG,
  DRY_RUN_FLAG,
  flag('bool', 'all', 'false', 'All objects of the type.'),
  flag('bool', 'local', 'false', 'Not modelled.'),
  flag('string', 'field-manager', 'kubectl-set', 'Name under which fields are owned.'),
]
const CONTAINERS = flag('string', 'containers', '*', 'Names of containers, with wildcards.', 'c')
const complete = completeOf('deployments', 'daemonsets', 'statefulsets', 'replicasets', 'pods', 'cronjobs', 'jobs')

export const setCommand: CommandSpec = {
  name: 'set',
  group: 'Basic Commands (Beginner)',
  short: 'Set specific features on objects',
  usage: 'set SUBCOMMAND [options]',
  commands: [
    setter(
      'image',
      'Update the image of a pod template',
      'set image (-f FILENAME | TYPE NAME) CONTAINER_NAME_1=CONTAINER_IMAGE_1 ... CONTAINER_NAME_N=CONTAINER_IMAGE_N',
      'image updated',
      [],
      (_, spec, pairs) => {
        const errors: string[] = []
        for (const [name, image] of pairs) {
          const matching = [...spec.containers, ...(spec.initContainers ?? [])].filter(
            (container) => name === '*' || container.name === name,
          )
          if (matching.length === 0) errors.push(`unable to find container named "${name}"`)
          for (const container of matching) container.image = image
        }
        if (errors.length > 0) throw new KubectlError(errors.join('\n'))
      },
      { needs: 'at least one image update is required' },
    ),
    setter(
      'env',
      'Update environment variables on a pod template',
      'set env RESOURCE/NAME KEY_1=VAL_1 ... KEY_N=VAL_N',
      'env updated',
      [
        CONTAINERS,
        flag('bool', 'list', 'false', 'Show the variables.'),
        flag('array', 'env', '', 'Variable, key=value.', 'e'),
        flag('bool', 'overwrite', 'true', 'Values that are there may change.'),
      ],
      (kube, spec, pairs, removals) => {
        for (const container of chosen(kube, spec)) {
          for (const [name, value] of pairs) {
            const old = container.env?.find((each) => each.name === name)
            if (old && !kube.flags.on('overwrite'))
              throw new KubectlError(`'${name}' already has a value (${old.value ?? ''}), and --overwrite is false`)
            if (old) {
              old.value = value
              delete old.valueFrom
            } else container.env = [...(container.env ?? []), { name, value }]
          }
          for (const name of removals) container.env = container.env?.filter((each) => each.name !== name)
        }
      },
      { needs: 'at least one environment variable must be provided', removals: true, list: true },
    ),
    setter(
      'resources',
      'Update resource requests/limits on objects with pod templates',
      'set resources (-f FILENAME | TYPE NAME)  ([--limits=LIMITS & --requests=REQUESTS]',
      'resource requirements updated',
      [CONTAINERS, flag('string', 'limits', '', 'cpu=…,memory=…'), flag('string', 'requests', '', 'cpu=…,memory=…')],
      (kube, spec) => {
        const [limits, requests] = ['limits', 'requests'].map((name) => kube.flags.text(name))
        if (limits === '' && requests === '')
          throw new KubectlError('you must specify an update to requests or limits (in the form of --requests/--limits)')
        for (const container of chosen(kube, spec)) {
          container.resources = { ...container.resources }
          if (limits !== '') container.resources.limits = { ...container.resources.limits, ...parsePairs(limits) }
          if (requests !== '') container.resources.requests = { ...container.resources.requests, ...parsePairs(requests) }
        }
      },
      {},
    ),
    setter(
      'serviceaccount',
      'Update the service account of a resource',
      'set serviceaccount (-f FILENAME | TYPE NAME) SERVICE_ACCOUNT',
      'serviceaccount updated',
      [],
      (_, spec, __, ___, words) => {
        spec.serviceAccountName = words[0]
        delete spec.serviceAccount
      },
      { trailing: true, aliases: ['sa'] },
    ),
    {
      name: 'selector',
      short: 'Set the selector on a resource',
      usage: 'set selector (-f FILENAME | TYPE NAME) EXPRESSIONS [--resource-version=version] [options]',
      flags: FLAGS,
      complete: completeOf('services'),
      *run(kube) {
        const words = kube.args.filter((arg) => !arg.includes('='))
        const pairs = kube.args.filter((arg) => arg.includes('=')).join(',')
        const { found, errors } = yield* findObjects(kube, words)
        const deeds = new Deeds(kube, dryRunOf(kube))
        for (const { definition, namespace, name } of found) {
          attempt(errors, '', '', () => {
            if (definition.kind !== 'Service') throw new KubectlError(`setting a selector is only supported for Services`)
            deeds.say(
              definition,
              kube.call((client) =>
                client.patch(definition.resource, namespace, name, {
                  type: 'json',
                  body: [{ op: 'add', path: '/spec/selector', value: parsePairs(pairs) }],
                  ...(dryRunOf(kube) === 'none' ? {} : { dryRun: true }),
                }),
              ),
              'selector updated',
            )
          })
        }
        return reportErrors(kube, errors)
      },
    },
  ],
}

type Setter = (
  kube: Invocation,
  spec: PodSpec,
  pairs: readonly (readonly [string, string])[],
  removals: readonly string[],
  words: readonly string[],
) => void

function setter(
  name: string,
  short: string,
  usage: string,
  deed: string,
  flags: CommandSpec['flags'],
  apply: Setter,
  options: { needs?: string; removals?: boolean; list?: boolean; trailing?: boolean; aliases?: string[] },
): CommandSpec {
  return {
    name,
    aliases: options.aliases,
    short,
    usage: `${usage} [options]`,
    flags: [...FLAGS, ...(flags ?? [])],
    complete,
    *run(kube) {
      const words = [...kube.args, ...(name === 'env' ? kube.flags.list('env') : [])]
      const pairs = words
        .filter((word) => word.indexOf('=') > 0)
        .map((word) => [word.slice(0, word.indexOf('=')), word.slice(word.indexOf('=') + 1)] as const)
      const removals = options.removals
        ? words.filter((word) => !word.includes('=') && word.endsWith('-')).map((word) => word.slice(0, -1))
        : []
      let resources = words.filter((word) => !word.includes('=') && !(options.removals && word.endsWith('-')))
      let trailing: string[] = []
      if (options.trailing) {
        trailing = resources.slice(-1)
        resources = resources.slice(0, -1)
        if (trailing.length === 0 || resources.length === 0) throw new KubectlError('serviceaccount is required')
      }
      const list = options.list === true && kube.flags.on('list')
      const { found, errors } = yield* findObjects(kube, resources)
      if (errors.length > 0) return reportErrors(kube, errors)
      if (options.needs && pairs.length + removals.length === 0 && !list) throw new KubectlError(options.needs)
      const dryRun = dryRunOf(kube)
      const deeds = new Deeds(kube, dryRun)
      for (const each of found) {
        attempt(errors, '', '', () => {
          const draft = cloneJson(each.object)
          const spec = podSpecOf(draft)
          if (!spec) throw new KubectlError(`${objectName(each)} does not have a pod template`)
          if (list) {
            listEnv(kube, each, spec)
            return
          }
          apply(kube, spec, pairs, removals, trailing)
          if (equalJson(draft, each.object)) return
          if (dryRun === 'client') {
            deeds.say(each.definition, draft, deed)
            return
          }
          const patch = threeWayPatch(each.definition.kind, each.object, draft, each.object)
          deeds.say(
            each.definition,
            kube.call((client) =>
              client.patch(each.definition.resource, each.namespace, each.name, {
                type: 'strategic',
                body: patch,
                fieldManager: kube.flags.text('field-manager'),
                ...(dryRun === 'server' ? { dryRun: true } : {}),
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

/** The pod's own spec, or the one in a template. */
export function podSpecOf(object: KubeObject): PodSpec | undefined {
  const spec = object.spec as
    | { template?: { spec?: PodSpec }; jobTemplate?: { spec?: { template?: { spec?: PodSpec } } }; containers?: unknown }
    | undefined
  if (object.kind === 'Pod') return spec as unknown as PodSpec
  return spec?.template?.spec ?? spec?.jobTemplate?.spec?.template?.spec
}

function chosen(kube: Invocation, spec: PodSpec): Container[] {
  const pattern = kube.flags.text('containers')
  const expression = new RegExp(`^${pattern.replace(/[.+?^${}()|[\]\\]/g, '\\$&').replaceAll('*', '.*')}$`)
  const matching = [...spec.containers, ...(spec.initContainers ?? [])].filter((container) => expression.test(container.name))
  if (matching.length === 0) throw new KubectlError(`unable to find container named ${JSON.stringify(pattern)}`)
  return matching
}

function listEnv(kube: Invocation, each: Parameters<typeof objectName>[0], spec: PodSpec): void {
  for (const container of chosen(kube, spec)) {
    kube.print(`# ${each.definition.kind.toLowerCase()}s ${each.name}, container ${container.name}\n`)
    for (const variable of container.env ?? []) {
      const from = variable.valueFrom
      if (!from) kube.print(`${variable.name}=${variable.value ?? ''}\n`)
      else if (from.configMapKeyRef)
        kube.print(`# ${variable.name} from configmap ${from.configMapKeyRef.name ?? ''}, key ${from.configMapKeyRef.key}\n`)
      else if (from.secretKeyRef)
        kube.print(`# ${variable.name} from secret ${from.secretKeyRef.name ?? ''}, key ${from.secretKeyRef.key}\n`)
      else kube.print(`# ${variable.name} from field path ${from.fieldRef?.fieldPath ?? from.resourceFieldRef?.resource ?? ''}\n`)
    }
  }
}
