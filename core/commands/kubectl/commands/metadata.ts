/** kubectl label, annotate, taint. Truth: k8s.io/kubectl/pkg/cmd/{label,annotate,taint}. */
import { isLabelValue, isQualifiedName } from '../../../api/meta/names.ts'
import { equalJson } from '../../../api/meta/json.ts'
import { byText } from '../../../base/text-order.ts'
import type { Node } from '../../../api/types/index.ts'
import { type CommandSpec, flag } from '../command-line.ts'
import { completeNodes, completeObjects } from '../complete.ts'
import { attempt, Deeds, DRY_RUN_FLAG, dryRunOf } from '../deeds.ts'
import type { Invocation } from '../invocation.ts'
import { KubectlError } from '../kubectl-error.ts'
import { FILE_FLAGS, reportErrors } from '../manifests.ts'
import { PRINT_FLAGS } from '../print/output.ts'
import { ALL_NAMESPACES_FLAG, findObjects, SELECTOR_FLAG } from '../selection.ts'

export const labelCommand = metadataCommand('label', 'labels', 'labeled', 'Update the labels on a resource')
export const annotateCommand = metadataCommand('annotate', 'annotations', 'annotated', 'Update the annotations on a resource')

interface Changes {
  set: Map<string, string>
  remove: string[]
}

function metadataCommand(name: 'label' | 'annotate', field: 'labels' | 'annotations', deed: string, short: string): CommandSpec {
  const noun = name === 'label' ? 'label' : 'annotation'
  return {
    name,
    group: 'Settings Commands',
    short,
    usage: `${name} [--overwrite] (-f FILENAME | TYPE NAME) KEY_1=VAL_1 ... KEY_N=VAL_N [--resource-version=version] [options]`,
    examples: [
      `kubectl ${name} pods web ${name === 'label' ? 'tier=front' : 'note="what it is for"'}`,
      `kubectl ${name} pods --all ${name === 'label' ? 'tier=front' : 'note=x'} --overwrite`,
      `kubectl ${name} pods web ${name === 'label' ? 'tier' : 'note'}-`,
    ],
    complete: completeObjects,
    flags: [
      ...FILE_FLAGS,
      ...PRINT_FLAGS,
      SELECTOR_FLAG,
      ALL_NAMESPACES_FLAG,
      DRY_RUN_FLAG,
      flag('bool', 'all', 'false', 'All objects of the type.'),
      flag('string', 'field-selector', '', 'Field query.'),
      flag('bool', 'list', 'false', `Show the ${field}.`),
      flag('bool', 'local', 'false', 'Not modelled.'),
      flag('bool', 'overwrite', 'false', 'Values that are there may change.'),
      flag('string', 'resource-version', '', 'Change only this version.'),
    ],
    *run(kube) {
      const { resources, changes } = splitArgs(kube.args, noun)
      const list = kube.flags.on('list')
      if (changes.set.size + changes.remove.length === 0 && !list) throw new KubectlError(`at least one ${noun} update is required`)
      if (resources.length === 0 && kube.flags.list('filename').length === 0)
        throw new KubectlError(`one or more resources must be specified as <resource> <name> or <resource>/<name>`)
      if (name === 'label') checkLabels(changes)
      const { found, errors } = yield* findObjects(kube, resources)
      const dryRun = dryRunOf(kube)
      const deeds = new Deeds(kube, dryRun)
      if (found.length === 0 && errors.length === 0) {
        if (kube.flags.on('all') || kube.flags.text('selector') !== '') kube.error('No resources found\n')
        return 0
      }
      for (const { definition, namespace, name: objectName, object } of found) {
        attempt(errors, '', '', () => {
          const old = object.metadata[field] ?? {}
          if (list) {
            if (found.length > 1)
              kube.print(`Listing ${field} for ${definition.kind}.${definition.group === '' ? 'v1' : definition.group}/${objectName}:\n`)
            for (const key of Object.keys(old).sort(byText)) kube.print(`${found.length > 1 ? ' ' : ''}${key}=${old[key]}\n`)
            if (changes.set.size + changes.remove.length === 0) return
          }
          for (const key of changes.remove) if (!Object.hasOwn(old, key) && name === 'label') kube.print(`label "${key}" not found.\n`)
          if (!kube.flags.on('overwrite')) refuseOverwrite(noun, old, changes)
          const body = {
            metadata: { [field]: Object.fromEntries([...changes.set, ...changes.remove.map((key): [string, null] => [key, null])]) },
          }
          const result =
            dryRun === 'client'
              ? { ...object, metadata: { ...object.metadata, [field]: applied(old, changes) } }
              : kube.call((client) =>
                  client.patch(definition.resource, namespace, objectName, {
                    type: 'merge',
                    body,
                    fieldManager: `kubectl-${name}`,
                    ...(dryRun === 'server' ? { dryRun: true } : {}),
                  }),
                )
          const changed = !equalJson(old, result.metadata[field] ?? {})
          const removedOnly = changes.set.size === 0 && changes.remove.length > 0
          deeds.say(definition, result, name === 'annotate' ? deed : !changed ? 'not labeled' : removedOnly ? 'unlabeled' : deed)
        })
      }
      return reportErrors(kube, errors)
    },
  }
}

function splitArgs(args: readonly string[], noun: string): { resources: string[]; changes: Changes } {
  const resources: string[] = []
  const changes: Changes = { set: new Map(), remove: [] }
  let inPairs = false
  for (const arg of args) {
    const equals = arg.indexOf('=')
    const isChange = equals > 0 || (arg.endsWith('-') && arg.length > 1)
    if (isChange) {
      inPairs = true
      if (equals > 0) {
        const key = arg.slice(0, equals)
        if (changes.remove.includes(key)) throw new KubectlError(`can not both modify and remove a ${noun} in the same command`)
        changes.set.set(key, arg.slice(equals + 1))
      } else {
        const key = arg.slice(0, -1)
        if (changes.set.has(key))
          throw new KubectlError(`can not both modify and remove ${noun === 'label' ? 'a label' : 'an annotation'} in the same command`)
        changes.remove.push(key)
      }
    } else if (inPairs) throw new KubectlError(`all resources must be specified before ${noun} changes: ${arg}`)
    else resources.push(arg)
  }
  return { resources, changes }
}

function checkLabels(changes: Changes): void {
  for (const [key, value] of changes.set) {
    const problem = isLabelValue(value)[0] ?? isQualifiedName(key)[0]
    if (problem !== undefined) throw new KubectlError(`invalid label value: ${JSON.stringify(value)}: ${problem}`)
  }
}

function refuseOverwrite(noun: string, old: Readonly<Record<string, string>>, changes: Changes): void {
  for (const [key, value] of changes.set) {
    if (Object.hasOwn(old, key) && old[key] !== value) {
      throw new KubectlError(
        noun === 'label'
          ? `'${key}' already has a value (${old[key]}), and --overwrite is false`
          : `--overwrite is false but found the following declared annotation(s): '${key}' already has a value (${old[key]})`,
      )
    }
  }
}

function applied(old: Readonly<Record<string, string>>, changes: Changes): Record<string, string> {
  const result = new Map(Object.entries(old))
  for (const [key, value] of changes.set) result.set(key, value)
  for (const key of changes.remove) result.delete(key)
  return Object.fromEntries(result)
}

interface Taint {
  key: string
  value?: string
  effect?: string
}

const EFFECTS = ['NoSchedule', 'PreferNoSchedule', 'NoExecute']

export const taintCommand: CommandSpec = {
  name: 'taint',
  group: 'Cluster Management Commands',
  short: 'Update the taints on one or more nodes',
  usage: 'taint NODE NAME KEY_1=VAL_1:TAINT_EFFECT_1 ... KEY_N=VAL_N:TAINT_EFFECT_N [options]',
  examples: [
    'kubectl taint nodes worker-1 dedicated=team:NoSchedule',
    'kubectl taint nodes worker-1 dedicated:NoSchedule-',
    'kubectl taint nodes worker-1 dedicated-',
  ],
  complete: (kube, args) => (args.length === 0 ? ['nodes'] : completeNodes(kube)),
  flags: [
    ...PRINT_FLAGS,
    SELECTOR_FLAG,
    DRY_RUN_FLAG,
    flag('bool', 'all', 'false', 'All nodes.'),
    flag('bool', 'overwrite', 'false', 'Taints that are there may change.'),
  ],
  *run(kube) {
    const first = kube.args.findIndex((arg, i) => i > 0 && (/[=:]/.test(arg) || arg.endsWith('-')))
    const resources = first < 0 ? kube.args : kube.args.slice(0, first)
    const words = first < 0 ? [] : kube.args.slice(first)
    if (words.length === 0) throw new KubectlError('at least one taint update is required')
    if (!['node', 'nodes', 'no'].includes(resources[0]?.split('/')[0] ?? ''))
      throw new KubectlError(`invalid resource type ${resources[0] ?? ''}, only node(s) is supported`)
    const { add, remove } = parseTaints(kube, words)
    const { found, errors } = yield* findObjects(kube, resources)
    const dryRun = dryRunOf(kube)
    const deeds = new Deeds(kube, dryRun)
    for (const { definition, name, object } of found) {
      attempt(errors, '', '', () => {
        const old = ((object as unknown as Node).spec?.taints ?? []) as Taint[]
        const { taints, deed } = changeTaints(old, add, remove, kube.flags.on('overwrite'), name)
        const result =
          dryRun === 'client'
            ? object
            : kube.call((client) =>
                client.patch('nodes', '', name, {
                  type: 'merge',
                  body: { spec: { taints: taints.length > 0 ? taints : null } },
                  fieldManager: 'kubectl-taint',
                  ...(dryRun === 'server' ? { dryRun: true } : {}),
                }),
              )
        deeds.say(definition, result, deed)
      })
    }
    return reportErrors(kube, errors)
  },
}

function parseTaints(kube: Invocation, words: readonly string[]): { add: Taint[]; remove: Taint[] } {
  const add: Taint[] = []
  const remove: Taint[] = []
  for (const word of words) {
    const gone = word.endsWith('-')
    const text = gone ? word.slice(0, -1) : word
    const match = /^([^=:]+)(?:=([^:]*))?(?::(\w+))?$/.exec(text)
    if (!match) throw kube.usage(`invalid taint spec: ${word}`)
    const [, key, value, effect] = match
    if (effect !== undefined && !EFFECTS.includes(effect)) throw kube.usage(`invalid taint effect: ${effect}, unsupported taint effect`)
    if (!gone && effect === undefined) throw kube.usage(`invalid taint spec: ${word}`)
    const problem = isQualifiedName(key)[0] ?? (value ? isLabelValue(value)[0] : undefined)
    if (problem !== undefined) throw kube.usage(`invalid taint spec: ${word}, ${problem}`)
    ;(gone ? remove : add).push({ key, ...(value ? { value } : {}), ...(effect ? { effect } : {}) })
  }
  return { add, remove }
}

function changeTaints(
  old: readonly Taint[],
  add: readonly Taint[],
  remove: readonly Taint[],
  overwrite: boolean,
  node: string,
): { taints: Taint[]; deed: string } {
  const same = (a: Taint, b: Taint): boolean => a.key === b.key && (b.effect === undefined || a.effect === b.effect)
  for (const taint of remove) {
    if (!old.some((each) => same(each, taint)))
      throw new KubectlError(`taint "${taint.key}${taint.effect ? `:${taint.effect}` : ''}" not found`)
  }
  const clash = add.filter((taint) => old.some((each) => each.key === taint.key && each.effect === taint.effect))
  if (clash.length > 0 && !overwrite) {
    throw new KubectlError(
      `node ${node} already has ${clash.map((taint) => taint.key).join(', ')} taint(s) with same effect(s) and --overwrite is false`,
    )
  }
  const kept = old.filter(
    (each) => !remove.some((taint) => same(each, taint)) && !add.some((taint) => taint.key === each.key && taint.effect === each.effect),
  )
  const deed = add.length === 0 ? 'untainted' : remove.length === 0 ? (clash.length > 0 ? 'modified' : 'tainted') : 'modified'
  return { taints: [...add, ...kept], deed }
}
