/** kubectl describe. Truth: k8s.io/kubectl/pkg/cmd/describe, pkg/describe. */
import { StatusError } from '../../../api/meta/status.ts'
import type { ResourceDefinition } from '../../../api/registry/definition.ts'
import type { KubeObject, Pod } from '../../../api/types/index.ts'
import { type CommandSpec, flag } from '../command-line.ts'
import { completeObjects } from '../complete.ts'
import { CLUSTER_DESCRIBERS, WITHOUT_EVENTS } from '../describe/cluster.ts'
import { Description } from '../describe/description.ts'
import { describeGeneric } from '../describe/generic.ts'
import { NETWORK_DESCRIBERS } from '../describe/network.ts'
import { describePod } from '../describe/pod.ts'
import { WORKLOAD_DESCRIBERS } from '../describe/workload.ts'
import type { Invocation } from '../invocation.ts'
import { KubectlError, statusText } from '../kubectl-error.ts'
import { FILE_FLAGS, reportErrors } from '../manifests.ts'
import { ALL_NAMESPACES_FLAG, findObjects, select, SELECTOR_FLAG } from '../selection.ts'
import type { EventObject } from './events.ts'

export const describeCommand: CommandSpec = {
  name: 'describe',
  group: 'Troubleshooting and Debugging Commands',
  short: 'Show details of a specific resource or group of resources',
  usage: 'describe (-f FILENAME | TYPE [NAME_PREFIX | -l label] | TYPE/NAME) [options]',
  examples: ['kubectl describe pod web', 'kubectl describe nodes', 'kubectl describe svc -l app=web'],
  complete: completeObjects,
  flags: [
    ...FILE_FLAGS,
    SELECTOR_FLAG,
    ALL_NAMESPACES_FLAG,
    flag('int', 'chunk-size', '500', 'Accepted and ignored.'),
    flag('bool', 'show-events', 'true', 'Show the events of each object.'),
  ],
  *run(kube) {
    if (kube.args.length === 0 && kube.flags.list('filename').length === 0) {
      throw new KubectlError(
        'You must specify the type of resource to describe. Use "kubectl api-resources" for a complete list of supported resources.',
      )
    }
    const { found, errors } = yield* findObjects(kube, kube.args, { namesOptional: true })
    const all = [...found]
    const left = errors.length > 0 ? matchPrefixes(kube, all) : null
    const texts = all.map((each) => describeObject(kube, each.definition, each.object))
    texts.forEach((text, i) => kube.print(`${i === 0 ? '' : '\n\n'}${text}`))
    if (all.length === 0 && errors.length === 0) {
      kube.error(kube.flags.on('all-namespaces') ? 'No resources found\n' : `No resources found in ${kube.namespace} namespace.\n`)
    }
    return reportErrors(kube, left ?? errors)
  },
}

/** Names that do not exist may be the beginning of names that do; what is left are errors. */
function matchPrefixes(
  kube: Invocation,
  found: { definition: ResourceDefinition; namespace: string; name: string; object: KubeObject; source: string }[],
): string[] | null {
  if (kube.args.length === 0) return null
  const errors: string[] = []
  for (const target of select(kube, kube.args, { namesOptional: true }).targets) {
    if (found.some((each) => each.definition === target.definition && each.name === target.name)) continue
    const list = kube.call((client) =>
      client.list(target.definition.resource, { namespace: target.definition.namespaced ? target.namespace : undefined }),
    ).items
    const matching = list.filter((object) => object.metadata.name.startsWith(target.name))
    for (const object of matching)
      found.push({
        definition: target.definition,
        namespace: object.metadata.namespace ?? '',
        name: object.metadata.name,
        object,
        source: '',
      })
    if (matching.length === 0)
      errors.push(statusText(StatusError.notFound({ group: target.definition.group, name: target.definition.plural }, target.name).status))
  }
  return errors
}

export function describeObject(kube: Invocation, definition: ResourceDefinition, object: KubeObject): string {
  const out = new Description()
  const describer =
    WORKLOAD_DESCRIBERS.get(definition.resource) ??
    NETWORK_DESCRIBERS.get(definition.resource) ??
    CLUSTER_DESCRIBERS.get(definition.resource)
  if (definition.resource === 'pods') describePod(out, object as unknown as Pod, kube.nowMs)
  else if (describer) describer(out, object, kube)
  else describeGeneric(out, object)
  if (!WITHOUT_EVENTS.has(definition.resource))
    out.events(kube.flags.on('show-events') ? eventsOf(kube, definition, object) : null, kube.nowMs)
  return out.text()
}

function eventsOf(kube: Invocation, definition: ResourceDefinition, object: KubeObject): EventObject[] {
  const list = kube.client.list('events', definition.namespaced ? { namespace: object.metadata.namespace } : {}).items as EventObject[]
  return list.filter((event) => {
    const about = event.involvedObject
    if (about.name !== object.metadata.name || (about.kind !== undefined && about.kind !== definition.kind)) return false
    // The kubelet names its node where others give its uid.
    return (
      about.uid === undefined ||
      about.uid === '' ||
      about.uid === object.metadata.uid ||
      (definition.kind === 'Node' && about.uid === object.metadata.name)
    )
  })
}
