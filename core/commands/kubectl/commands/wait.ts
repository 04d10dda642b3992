/** kubectl wait. Truth: k8s.io/kubectl/pkg/cmd/wait. */
import type { KubeObject } from '../../../api/types/index.ts'
import type { Wait } from '../../../linux/wait.ts'
import { type CommandSpec, flag } from '../command-line.ts'
import { completeObjects } from '../complete.ts'
import { Deeds } from '../deeds.ts'
import type { Invocation } from '../invocation.ts'
import { JsonPath, relaxedPath } from '../jsonpath.ts'
import { KubectlError } from '../kubectl-error.ts'
import { FILE_FLAGS } from '../manifests.ts'
import { PRINT_FLAGS } from '../print/output.ts'
import { ALL_NAMESPACES_FLAG, findObjects, type Found, SELECTOR_FLAG } from '../selection.ts'
import { waitUntil } from '../waiting.ts'

export const waitCommand: CommandSpec = {
  name: 'wait',
  group: 'Advanced Commands',
  short: 'Wait for a specific condition on one or many resources',
  complete: completeObjects,
  usage:
    "wait ([-f FILENAME] | resource.group/resource.name | resource.group [(-l label | --all)]) [--for=create|--for=delete|--for condition=available|--for=jsonpath='{}'[=value]] [options]",
  examples: [
    'kubectl wait --for=condition=Ready pod/web',
    'kubectl wait --for=delete pod/web --timeout=60s',
    "kubectl wait --for=jsonpath='{.status.phase}'=Running pod/web",
  ],
  flags: [
    ...FILE_FLAGS,
    ...PRINT_FLAGS,
    SELECTOR_FLAG,
    ALL_NAMESPACES_FLAG,
    flag('bool', 'all', 'false', 'All objects of the type.'),
    flag('string', 'field-selector', '', 'Field query.'),
    flag('array', 'for', '', "create, delete, condition=NAME[=VALUE] or jsonpath='{PATH}'[=VALUE]."),
    flag('duration', 'timeout', '30s', 'How long to wait; 0s checks once, negative waits a week.'),
    flag('bool', 'local', 'false', 'Not modelled.'),
  ],
  *run(kube) {
    const conditions = kube.flags.list('for').map(parseCondition)
    if (conditions.length === 0) throw new KubectlError('unrecognized condition: ""')
    const timeoutMs = kube.flags.durationMs('timeout')
    const deadlineUs = timeoutMs < 0 ? Number.MAX_SAFE_INTEGER : kube.proc.world.clock.nowUs + timeoutMs * 1000
    const rest = (): number =>
      deadlineUs === Number.MAX_SAFE_INTEGER ? -1 : Math.max(0, (deadlineUs - kube.proc.world.clock.nowUs) / 1000)
    const forDelete = conditions.some((condition) => condition.kind === 'delete')
    const found = yield* targets(
      kube,
      conditions.some((condition) => condition.kind === 'create'),
      forDelete,
      rest,
    )
    if (found.length === 0) {
      if (forDelete) return 0
      throw new KubectlError('no matching resources found')
    }
    const deeds = new Deeds(kube)
    let failed = 0
    for (const each of found) {
      for (const condition of conditions) {
        const latest: { object: KubeObject } = { object: each.object }
        let gone = false
        const met = yield* waitUntil(
          kube,
          { resource: each.definition.resource, namespace: each.namespace, name: each.name },
          rest(),
          (objects) => {
            const object = objects.find((one) => one.metadata.uid === each.object.metadata.uid)
            if (condition.kind === 'delete') return object === undefined
            if (object === undefined) {
              gone = true
              return true
            }
            latest.object = object
            return condition.kind === 'create' || condition.holds(object)
          },
        )
        const place = `${each.definition.plural}/${each.name}`
        if (gone) {
          kube.error(
            `Error from server (NotFound): ${each.definition.plural}${each.definition.group === '' ? '' : `.${each.definition.group}`} "${each.name}" not found\n`,
          )
          failed += 1
          break
        }
        if (!met) {
          kube.error(`error: timed out waiting for the condition on ${place}\n`)
          failed += 1
          break
        }
        deeds.say(each.definition, latest.object, 'condition met')
      }
    }
    return failed > 0 ? 1 : 0
  },
}

interface Condition {
  kind: 'create' | 'delete' | 'holds'
  holds(object: KubeObject): boolean
}

function parseCondition(text: string): Condition {
  const lower = text.toLowerCase()
  if (lower === 'create' || lower === 'delete') return { kind: lower, holds: () => true }
  if (text.startsWith('condition=')) {
    const [name, value = 'true'] = text.slice('condition='.length).split('=')
    return { kind: 'holds', holds: (object) => conditionHolds(object, name, value) }
  }
  if (text.startsWith('jsonpath=')) return jsonPathCondition(text.slice('jsonpath='.length))
  throw new KubectlError(`unrecognized condition: ${JSON.stringify(text)}`)
}

function conditionHolds(object: KubeObject, name: string, value: string): boolean {
  const status = object.status as
    | { conditions?: { type: string; status: string; observedGeneration?: number }[]; observedGeneration?: number }
    | undefined
  const generation = object.metadata.generation ?? 0
  const condition = status?.conditions?.find((each) => each.type.toLowerCase() === name.toLowerCase())
  if (!condition) return false
  const observed = condition.observedGeneration ?? status?.observedGeneration
  if (observed !== undefined && observed < generation) return false
  return condition.status.toLowerCase() === value.toLowerCase()
}

function jsonPathCondition(text: string): Condition {
  const parts = text
    .replaceAll('==', '\0')
    .split('=')
    .map((part) => part.replaceAll('\0', '=='))
  if (parts.length > 2)
    throw new KubectlError(
      "jsonpath wait format must be --for=jsonpath='{.status.readyReplicas}'=3 or --for=jsonpath='{.status.readyReplicas}'",
    )
  const path = JsonPath.parse(relaxedPath(parts[0].replace(/^'(.*)'$/, '$1')))
  if (typeof path === 'string') throw new KubectlError(path)
  const wanted = parts.length === 2 ? parts[1].replace(/^['"]|['"]$/g, '') : null
  if (wanted === '')
    throw new KubectlError("jsonpath wait has to have a value after equal sign, like --for=jsonpath='{.status.readyReplicas}'=3")
  return {
    kind: 'holds',
    holds(object) {
      const values = path.values(object)
      if ('error' in values || values.length === 0) return false
      const [value] = values as unknown[]
      if (wanted === null) return value !== null && value !== undefined
      if (typeof value === 'object') throw new KubectlError(`jsonpath leads to a nested object or list which is not supported`)
      return String(value) === wanted
    },
  }
}

/** The objects to wait for; with --for=create they may still have to come. */
function* targets(kube: Invocation, mayCome: boolean, forDelete: boolean, rest: () => number): Generator<Wait, Found[], unknown> {
  for (;;) {
    const { found, errors } = yield* findObjects(kube, kube.args, { ignoreNotFound: forDelete || mayCome })
    if (errors.length > 0) throw new KubectlError(errors.join('\n'))
    if (!mayCome || found.length > 0) return found
    if (rest() === 0) throw new KubectlError('timed out waiting for the condition')
    yield* kube.proc.sleepUs(500_000)
  }
}
