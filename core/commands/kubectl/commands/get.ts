/**
 * kubectl get. Truth: k8s.io/kubectl/pkg/cmd/get/get.go.
 * Omits: `--chunk-size` (accepted), `--subresource` other than status and scale, `--server-print=false`.
 */
import { StatusError } from '../../../api/meta/status.ts'
import type { ResourceDefinition } from '../../../api/registry/definition.ts'
import type { KubeObject, WatchEvent } from '../../../api/types/index.ts'
import type { Wait } from '../../../linux/wait.ts'
import { WaitQueue } from '../../../linux/wait.ts'
import { completeObjects } from '../complete.ts'
import { type CommandSpec, flag } from '../command-line.ts'
import type { Invocation } from '../invocation.ts'
import { KubectlError, statusText } from '../kubectl-error.ts'
import { FILE_FLAGS, readManifests, reportErrors } from '../manifests.ts'
import { goJson } from '../print/go-value.ts'
import { PRINT_FLAGS, printerOf, type ObjectPrinter } from '../print/output.ts'
import { sortBy } from '../print/sort-by.ts'
import { Table } from '../print/table.ts'
import { typeName } from '../resource-types.ts'
import { ALL_NAMESPACES_FLAG, listOf, select, type Selection, SELECTOR_FLAG } from '../selection.ts'

export const getCommand: CommandSpec = {
  name: 'get',
  group: 'Basic Commands (Intermediate)',
  short: 'Display one or many resources',
  usage:
    'get [(-o|--output=)json|yaml|name|go-template|go-template-file|template|templatefile|jsonpath|jsonpath-as-json|jsonpath-file|custom-columns|custom-columns-file|wide] (TYPE[.VERSION][.GROUP] [NAME | -l label] | TYPE[.VERSION][.GROUP]/NAME ...) [flags] [options]',
  examples: [
    'kubectl get pods -o wide',
    'kubectl get deployments,services -A',
    'kubectl get pod/web -o jsonpath={.status.podIP}',
    'kubectl get pods -w',
  ],
  flags: [
    ALL_NAMESPACES_FLAG,
    ...FILE_FLAGS,
    ...PRINT_FLAGS,
    SELECTOR_FLAG,
    flag('int', 'chunk-size', '500', 'Accepted and ignored.'),
    flag('string', 'field-selector', '', 'Field query, such as status.phase=Running.'),
    flag('bool', 'ignore-not-found', 'false', 'An object that does not exist is no error.'),
    flag('strings', 'label-columns', '', 'Labels to show as columns.', 'L'),
    flag('bool', 'no-headers', 'false', 'Tables without a heading.'),
    flag('bool', 'output-watch-events', 'false', 'Show the kind of event with each row of a watch.'),
    flag('string', 'raw', '', 'Path of a request to the server, such as /api/v1/nodes.'),
    flag('bool', 'server-print', 'true', 'Accepted and ignored.'),
    flag('bool', 'show-kind', 'false', 'Show the type in front of each name.'),
    flag('bool', 'show-labels', 'false', 'Show all labels as the last column.'),
    flag('string', 'sort-by', '', 'JSONPath of the field to sort by.'),
    flag('string', 'subresource', '', 'Show this subresource (status, scale).'),
    flag('bool', 'watch', 'false', 'Go on and show changes.', 'w'),
    flag('bool', 'watch-only', 'false', 'Show changes alone.'),
  ],
  complete: completeObjects,
  *run(kube) {
    if (kube.flags.text('raw') !== '') return raw(kube)
    const fromFiles = kube.flags.list('filename').length > 0
    if (kube.args.length === 0 && !fromFiles) {
      kube.error(
        'You must specify the type of resource to get. Use "kubectl api-resources" for a complete list of supported resources.\n\n',
      )
      throw kube.usage(
        'Required resource not specified.\nUse "kubectl explain <resource>" for a detailed description of that resource (e.g. kubectl explain pods).',
      )
    }
    const printer = printerOf(kube, { table: true })
    const selection = fromFiles ? yield* fileSelection(kube) : select(kube, kube.args, { namesOptional: true })
    if (kube.flags.on('watch') || kube.flags.on('watch-only')) return yield* watch(kube, selection, printer)
    const { groups, errors } = fetch(kube, selection)
    if (printer) printGeneric(kube, selection, groups, printer)
    else printTables(kube, selection, groups, errors.length)
    return reportErrors(kube, errors)
  },
}

interface Group {
  definition: ResourceDefinition
  objects: KubeObject[]
}

function* fileSelection(kube: Invocation): Generator<Wait, Selection, unknown> {
  const manifests = yield* readManifests(kube)
  if (manifests.errors.length > 0) throw new KubectlError(manifests.errors.join('\n'))
  return {
    types: [],
    namespace: kube.namespace,
    targets: manifests.good.map(({ definition, namespace, name }) => ({ definition, namespace, name })),
  }
}

/** Objects by type in the order of the command line; neighbours of one type share a table. */
function fetch(kube: Invocation, selection: Selection): { groups: Group[]; errors: string[] } {
  const groups: Group[] = []
  const errors: string[] = []
  const attempt = (request: () => void): void => {
    try {
      request()
    } catch (error) {
      if (!(error instanceof StatusError)) throw error
      if (error.reason === 'NotFound' && kube.flags.on('ignore-not-found')) return
      errors.push(statusText(error.status))
    }
  }
  for (const definition of selection.types)
    attempt(() => groups.push({ definition, objects: [...listOf(kube, definition, selection.namespace).items] }))
  for (const target of selection.targets) {
    attempt(() => {
      const sub = kube.flags.text('subresource')
      const object = kube.call((client) =>
        sub === 'scale'
          ? client.subresource(target.definition.resource, target.namespace, target.name, 'scale', 'get')
          : client.get(target.definition.resource, target.namespace, target.name),
      )
      const last = groups.at(-1)
      if (last?.definition === target.definition) last.objects.push(object)
      else groups.push({ definition: target.definition, objects: [object] })
    })
  }
  const order = kube.flags.text('sort-by')
  if (order !== '') {
    for (const group of groups) {
      const sorted = sortBy(group.objects, order)
      if (typeof sorted === 'string') throw new KubectlError(sorted)
      group.objects = sorted
    }
  }
  return { groups, errors }
}

function printGeneric(kube: Invocation, selection: Selection, groups: readonly Group[], printer: ObjectPrinter): void {
  const kinds = new Map<object, ResourceDefinition>()
  for (const group of groups) for (const object of group.objects) kinds.set(object, group.definition)
  const objects = groups.flatMap((group) => group.objects)
  const name = (object: object): string => nameOf(object, kinds.get(object))
  if (selection.types.length === 0 && selection.targets.length === 1) {
    if (objects.length > 0) kube.print(printer(objects[0], name))
    return
  }
  kube.print(printer({ apiVersion: 'v1', items: objects, kind: 'List', metadata: { resourceVersion: '' } }, name))
}

function nameOf(object: object, definition: ResourceDefinition | undefined): string {
  const { metadata, kind, apiVersion } = object as KubeObject
  const slash = apiVersion?.indexOf('/') ?? -1
  return `${typeName(definition ?? { kind, group: slash < 0 ? '' : apiVersion.slice(0, slash) })}/${metadata.name}`
}

function tableFor(kube: Invocation, definition: ResourceDefinition, many: boolean, selection: Selection): Table {
  return new Table(definition, {
    wide: kube.flags.text('output') === 'wide',
    noHeaders: kube.flags.on('no-headers'),
    withNamespace: definition.namespaced && selection.namespace === '',
    withKind: many || kube.flags.on('show-kind'),
    showLabels: kube.flags.on('show-labels'),
    labelColumns: kube.flags.list('label-columns'),
  })
}

function printTables(kube: Invocation, selection: Selection, groups: readonly Group[], errorCount: number): void {
  const filled = groups.filter((group) => group.objects.length > 0)
  if (filled.length === 0) {
    if (errorCount > 0 || kube.flags.on('ignore-not-found')) return
    const clusterWide = selection.namespace === '' || groups.some((group) => !group.definition.namespaced)
    kube.error(clusterWide ? 'No resources found\n' : `No resources found in ${selection.namespace} namespace.\n`)
    return
  }
  const many = new Set([...selection.types, ...selection.targets.map((target) => target.definition)]).size > 1
  const now = kube.nowMs
  filled.forEach((group, i) => {
    if (i > 0) kube.print('\n')
    kube.print(tableFor(kube, group.definition, many, selection).rows(group.objects, now))
  })
}

function raw(kube: Invocation): number {
  const [path, query] = kube.flags.text('raw').split('?')
  const pairs = (query ?? '')
    .split('&')
    .filter((pair) => pair !== '')
    .map((pair): [string, string] => {
      const equals = pair.indexOf('=')
      return equals < 0 ? [pair, ''] : [pair.slice(0, equals), decodeURIComponent(pair.slice(equals + 1))]
    })
  const client = kube.client
  const response = client.server.request({ method: 'GET', path, query: new Map(pairs), actor: client.actor })
  const status = response.body as { kind?: string; reason?: string; message?: string; status?: string }
  if (response.code >= 400 && status.kind === 'Status')
    throw new KubectlError(`Error from server (${status.reason ?? ''}): ${status.message ?? ''}`)
  const text = response.contentType === 'text/plain' ? (response.body as { text: string }).text : null
  kube.print(text ?? `${goJson(response.body, '')}\n`)
  return 0
}

/** Prints what there is, then every change until the process is stopped. */
function* watch(kube: Invocation, selection: Selection, printer: ObjectPrinter | null): Generator<Wait, number, unknown> {
  const definitions = new Set([...selection.types, ...selection.targets.map((target) => target.definition)])
  if (definitions.size !== 1 || selection.targets.length > 1)
    throw new KubectlError('watch is only supported on individual resources and resource collections')
  const [definition] = definitions
  const target = selection.targets[0]
  const queue: WatchEvent[] = []
  const arrived = new WaitQueue()
  const withEvents = kube.flags.on('output-watch-events')
  const table = tableFor(kube, definition, false, selection)
  const show = (objects: readonly KubeObject[], types: readonly string[]): void => {
    if (!printer) kube.print(table.rows(objects, kube.nowMs, withEvents ? types : undefined))
    else
      objects.forEach((object, i) =>
        kube.print(printer(withEvents ? { object, type: types[i] } : object, (each) => nameOf(each, definition))),
      )
  }
  const scope = {
    namespace: definition.namespaced && selection.namespace !== '' ? selection.namespace : undefined,
    labelSelector: kube.flags.text('selector') || undefined,
    fieldSelector: target ? `metadata.name=${target.name}` : kube.flags.text('field-selector') || undefined,
  }
  if (target) kube.call((client) => client.get(definition.resource, target.namespace, target.name))
  const list = kube.call((client) => client.list(definition.resource, scope))
  if (!kube.flags.on('watch-only') && list.items.length > 0)
    show(
      list.items,
      list.items.map(() => 'ADDED'),
    )
  const stop = kube.client.watch(definition.resource, { ...scope, resourceVersion: list.metadata.resourceVersion }, (event) => {
    queue.push(event)
    arrived.wake()
  })
  try {
    for (;;) {
      for (let event = queue.shift(); event; event = queue.shift()) {
        if (event.type === 'ERROR') return 0
        if (event.type !== 'BOOKMARK') show([event.object], [event.type])
        if (!(yield* kube.proc.flush())) return 0
      }
      if (queue.length === 0) yield arrived.wait
    }
  } finally {
    stop()
  }
}
