/**
 * Which objects a command is about: `TYPE NAME…`, `TYPE/NAME…`, `TYPE -l …`, `-f …`.
 *
 * Truth: k8s.io/cli-runtime/pkg/resource/builder.go and its errors.
 */
import { StatusError } from '../../api/meta/status.ts'
import type { ResourceDefinition } from '../../api/registry/definition.ts'
import type { KubeList, KubeObject } from '../../api/types/index.ts'
import type { Wait } from '../../linux/wait.ts'
import type { FlagSpec } from './command-line.ts'
import { flag } from './command-line.ts'
import type { Invocation } from './invocation.ts'
import { KubectlError, statusText } from './kubectl-error.ts'
import { readManifests } from './manifests.ts'
import { typeName } from './resource-types.ts'

export const SELECTOR_FLAG: FlagSpec = flag('string', 'selector', '', 'Label query: =, ==, !=, in, notin.', 'l')
export const ALL_NAMESPACES_FLAG: FlagSpec = flag('bool', 'all-namespaces', 'false', 'Objects of all namespaces.', 'A')

export interface Target {
  definition: ResourceDefinition
  namespace: string
  name: string
}

/** What the words name: types alone (to be listed) or single objects. */
export interface Selection {
  types: ResourceDefinition[]
  targets: Target[]
  /** Namespace of lists; '' means all. */
  namespace: string
}

export function select(kube: Invocation, args: readonly string[], options: { namesOptional?: boolean } = {}): Selection {
  const allNamespaces = kube.flags.on('all-namespaces')
  const namespace = allNamespaces ? '' : kube.namespace
  const selection: Selection = { types: [], targets: [], namespace }
  const slashed = args.filter((arg) => arg.includes('/'))
  if (slashed.length > 0) {
    if (slashed.length < args.length) {
      throw new KubectlError(
        "there is no need to specify a resource type as a separate argument when passing arguments in resource/name form (e.g. 'kubectl get resource/<resource_name>' instead of 'kubectl get resource resource/<resource_name>'",
      )
    }
    for (const arg of args) {
      const parts = arg.split('/')
      if (parts.length !== 2) throw new KubectlError('arguments in resource/name form may not have more than one slash')
      if (parts[0] === '' || parts[1] === '') throw new KubectlError('arguments in resource/name form must have a single resource and name')
      if (parts[0].includes(',')) throw new KubectlError('arguments in resource/name form may not have more than one resource')
      selection.targets.push(targetOf(kube, kube.types.require(parts[0]), parts[1]))
    }
  } else if (args.length > 0) {
    const definitions = kube.types.expand(args[0])
    if (args.length === 1) selection.types = definitions
    else for (const definition of definitions) for (const name of args.slice(1)) selection.targets.push(targetOf(kube, definition, name))
  }
  if (selection.targets.length > 0) {
    if (kube.flags.text('selector') !== '') throw new KubectlError('name cannot be provided when a selector is specified')
    if (kube.flags.text('field-selector') !== '') throw new KubectlError('name cannot be provided when a field selector is specified')
    if (allNamespaces) throw new KubectlError('a resource cannot be retrieved by name across all namespaces')
  }
  if (
    selection.types.length > 0 &&
    !options.namesOptional &&
    kube.flags.text('selector') === '' &&
    !kube.flags.on('all') &&
    kube.flags.text('field-selector') === ''
  ) {
    throw new KubectlError('resource(s) were provided, but no name was specified')
  }
  return selection
}

function targetOf(kube: Invocation, definition: ResourceDefinition, name: string): Target {
  return { definition, name, namespace: definition.namespaced ? kube.namespace : '' }
}

export interface Found {
  definition: ResourceDefinition
  namespace: string
  name: string
  object: KubeObject
  source: string
}

export interface FoundObjects {
  found: Found[]
  errors: string[]
}

/** Everything that words and files name, from the server. Missing objects are errors, listed in the end. */
export function* findObjects(
  kube: Invocation,
  args: readonly string[],
  options: { namesOptional?: boolean; ignoreNotFound?: boolean } = {},
): Generator<Wait, FoundObjects, unknown> {
  const result: FoundObjects = { found: [], errors: [] }
  if (kube.flags.list('filename').length > 0) {
    if (args.length > 0)
      throw new KubectlError(`when paths, URLs, or stdin is provided as input, you may not specify resource arguments as well`)
    const manifests = yield* readManifests(kube)
    result.errors.push(...manifests.errors)
    for (const { definition, namespace, name, source } of manifests.good)
      addTarget(kube, { definition, namespace, name }, result, options.ignoreNotFound === true, source)
    return result
  }
  if (args.length === 0) throw new KubectlError(RESOURCE_REQUIRED)
  const selection = select(kube, args, options)
  for (const target of selection.targets) addTarget(kube, target, result, options.ignoreNotFound === true, '')
  for (const definition of selection.types) {
    for (const object of listOf(kube, definition, selection.namespace).items) {
      result.found.push({ definition, object, name: object.metadata.name, namespace: object.metadata.namespace ?? '', source: '' })
    }
  }
  return result
}

function addTarget(kube: Invocation, target: Target, result: FoundObjects, ignoreNotFound: boolean, source: string): void {
  try {
    const object = kube.call((client) => client.get(target.definition.resource, target.namespace, target.name))
    result.found.push({ ...target, object, source })
  } catch (error) {
    if (!(error instanceof StatusError)) throw error
    if (ignoreNotFound && error.reason === 'NotFound') return
    result.errors.push(statusText(error.status))
  }
}

export function listOf(kube: Invocation, definition: ResourceDefinition, namespace: string): KubeList {
  return kube.call((client) =>
    client.list(definition.resource, {
      namespace: definition.namespaced && namespace !== '' ? namespace : undefined,
      labelSelector: kube.flags.text('selector') || undefined,
      fieldSelector: kube.flags.text('field-selector') || undefined,
    }),
  )
}

export const RESOURCE_REQUIRED = `You must provide one or more resources by argument or filename.
Example resource specifications include:
   '-f rsrc.yaml'
   '--filename=rsrc.json'
   '<resource> <name>'
   '<resource>'`

/** `deployment.apps/web` */
export function objectName(target: { definition: { kind: string; group: string }; name: string }): string {
  return `${typeName(target.definition)}/${target.name}`
}
