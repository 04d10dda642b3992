/** Words that TAB offers: subcommands, flags, resource types, names of live objects, namespaces, containers. */
import { byText } from '../../base/text-order.ts'
import type { ResourceDefinition } from '../../api/registry/definition.ts'
import type { KubeObject } from '../../api/types/index.ts'
import type { Invocation } from './invocation.ts'

const namesMax = 500

/** `TYPE`, `TYPE NAME…`, `TYPE/NAME`. */
export function completeObjects(kube: Invocation, args: readonly string[], word: string): string[] {
  const slash = word.indexOf('/')
  if (slash > 0) {
    const definition = kube.types.find(word.slice(0, slash))
    return definition ? namesOf(kube, definition).map((name) => `${word.slice(0, slash)}/${name}`) : []
  }
  if (args.length > 0) {
    if (args[0].includes('/')) return []
    const definition = kube.types.find(args[0].split(',').at(-1) ?? '')
    return definition ? namesOf(kube, definition).filter((name) => !args.includes(name)) : []
  }
  return typeWords(kube, word)
}

export function completeTypes(kube: Invocation, args: readonly string[], word: string): string[] {
  return args.length === 0 ? typeWords(kube, word) : []
}

export function completePods(kube: Invocation, args: readonly string[], word: string): string[] {
  if (args.length > 0) return []
  if (word.includes('/')) return completeObjects(kube, [], word)
  const pods = kube.types.find('pods')
  return pods ? namesOf(kube, pods) : []
}

export function completeNodes(kube: Invocation): string[] {
  const nodes = kube.types.find('nodes')
  return nodes ? namesOf(kube, nodes) : []
}

/** Objects of these types alone. */
export function completeOf(...types: string[]): (kube: Invocation, args: readonly string[], word: string) => string[] {
  return (kube, args, word) => {
    if (args.length === 0 && !word.includes('/')) return types
    return completeObjects(kube, args, word)
  }
}

function typeWords(kube: Invocation, word: string): string[] {
  const comma = word.lastIndexOf(',')
  const before = comma < 0 ? '' : word.slice(0, comma + 1)
  const last = word.slice(comma + 1)
  const words = new Set<string>()
  for (const each of kube.types.all) {
    words.add(each.group === '' || kube.types.find(each.plural) === each ? each.plural : each.resource)
    if (last === each.singular || each.shortNames.includes(last)) words.add(last)
  }
  return [...words].sort(byText).map((each) => before + each)
}

export function namesOf(kube: Invocation, definition: ResourceDefinition): string[] {
  const items = kube.client.list(definition.resource, { namespace: definition.namespaced ? kube.namespace : undefined }).items
  return items.slice(0, namesMax).map((item) => item.metadata.name)
}

export function namespaceNames(kube: Invocation): string[] {
  return kube.client.list('namespaces', {}).items.map((item) => item.metadata.name)
}

/** Containers of the pod that the words name. */
export function containerNames(kube: Invocation, args: readonly string[]): string[] {
  const name = (args[0] ?? '').replace(/^pods?\//, '')
  if (name === '' || name.includes('/')) return []
  const pod = kube.client.find('pods', kube.namespace, name) as (KubeObject & { spec?: { containers?: { name: string }[] } }) | undefined
  return (pod?.spec?.containers ?? []).map((container) => container.name)
}
