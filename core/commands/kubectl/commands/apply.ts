/**
 * kubectl apply, client-side with the last-applied annotation and server-side.
 * Truth: k8s.io/kubectl/pkg/cmd/apply. Omits: --prune, apply sets, edit-last-applied.
 */
import { StatusError } from '../../../api/meta/status.ts'
import { cloneJson, equalJson, isPlainObject } from '../../../api/meta/json.ts'
import type { KubeObject } from '../../../api/types/index.ts'
import type { Wait } from '../../../linux/wait.ts'
import { type CommandSpec, flag } from '../command-line.ts'
import { attempt, Deeds, type DryRun, DRY_RUN_FLAG, dryRunOf } from '../deeds.ts'
import type { Invocation } from '../invocation.ts'
import { KubectlError } from '../kubectl-error.ts'
import { manifestHints } from '../manifest-hints.ts'
import { FILE_FLAGS, filesOf, type Manifest, readManifests, reportErrors, VALIDATE_FLAG } from '../manifests.ts'
import { goJson } from '../print/go-value.ts'
import { goYaml } from '../print/go-yaml.ts'
import { PRINT_FLAGS } from '../print/output.ts'
import { findObjects, objectName, SELECTOR_FLAG } from '../selection.ts'
import { jsonMergePatch, threeWayPatch } from '../three-way.ts'
import { completeObjects } from '../complete.ts'

export const LAST_APPLIED = 'kubectl.kubernetes.io/last-applied-configuration'

export const applyCommand: CommandSpec = {
  name: 'apply',
  group: 'Advanced Commands',
  short: 'Apply a configuration to a resource by file name or stdin',
  usage: 'apply (-f FILENAME | -k DIRECTORY) [options]',
  examples: [
    'kubectl apply -f web.yaml',
    'kubectl apply -f manifests/',
    'cat web.yaml | kubectl apply -f -',
    'kubectl apply --server-side -f web.yaml',
  ],
  flags: [
    ...FILE_FLAGS,
    ...PRINT_FLAGS,
    SELECTOR_FLAG,
    DRY_RUN_FLAG,
    VALIDATE_FLAG,
    flag('bool', 'all', 'false', 'Accepted for --prune, which is not modelled.'),
    flag('bool', 'force', 'false', 'Delete and create anew where a patch is refused.'),
    flag('bool', 'force-conflicts', 'false', 'Server-side: take fields from other managers.'),
    flag('string', 'field-manager', 'kubectl-client-side-apply', 'Name under which fields are owned.'),
    flag('int', 'grace-period', '-1', 'Accepted for --force.'),
    flag('bool', 'overwrite', 'true', 'Accepted and ignored.'),
    flag('bool', 'prune', 'false', 'Not modelled.'),
    flag('bool', 'server-side', 'false', 'Let the server merge, by owners of fields.'),
    flag('bool', 'wait', 'false', 'Accepted and ignored.'),
  ],
  commands: [
    {
      name: 'view-last-applied',
      short: 'View the latest last-applied-configuration annotations of a resource/object',
      usage: 'apply view-last-applied (TYPE [NAME | -l label] | TYPE/NAME | -f FILENAME)',
      flags: [...FILE_FLAGS, SELECTOR_FLAG, flag('string', 'output', 'yaml', 'json or yaml.', 'o')],
      complete: completeObjects,
      *run(kube) {
        const { found, errors } = yield* findObjects(kube, kube.args, { namesOptional: true })
        for (const { object, name } of found) {
          const text = object.metadata.annotations?.[LAST_APPLIED]
          if (text === undefined) throw new KubectlError(`no last-applied-configuration annotation found on resource: ${name}`)
          const value = JSON.parse(text) as object
          kube.print(kube.flags.text('output') === 'json' ? `${goJson(value, '    ')}\n` : goYaml(value))
        }
        return reportErrors(kube, errors)
      },
    },
    {
      name: 'set-last-applied',
      short: 'Set the last-applied-configuration annotation on a live object to match the contents of a file',
      usage: 'apply set-last-applied -f FILENAME',
      flags: [...FILE_FLAGS, flag('bool', 'create-annotation', 'false', 'Create the annotation where there is none.')],
      *run(kube) {
        const manifests = yield* readManifests(kube)
        for (const manifest of manifests.good) {
          const { definition, namespace, name, object } = manifest
          kube.call((client) =>
            client.patch(definition.resource, namespace, name, {
              type: 'merge',
              body: { metadata: { annotations: { [LAST_APPLIED]: lastAppliedText(object) } } },
            }),
          )
          kube.print(`${objectName(manifest)} configured\n`)
        }
        return reportErrors(kube, manifests.errors, manifests.hints)
      },
    },
  ],
  *run(kube) {
    if (kube.args.length > 0) throw kube.usage(`Unexpected args: [${kube.args.join(' ')}]`)
    if (kube.flags.list('filename').length === 0 && kube.flags.text('kustomize') === '')
      throw new KubectlError('must specify one of -f and -k')
    if (kube.flags.on('prune')) throw new KubectlError('--prune is not modelled: delete what is gone with kubectl delete')
    const dryRun = dryRunOf(kube)
    const serverSide = kube.flags.on('server-side')
    if (kube.flags.on('force-conflicts') && !serverSide) throw new KubectlError('--force-conflicts only works with --server-side')
    if (serverSide && dryRun === 'client')
      throw new KubectlError("--dry-run=client doesn't work with --server-side (did you mean --dry-run=server instead?)")
    const { good, errors, hints } = yield* readManifests(kube)
    if (good.length === 0 && errors.length === 0) throw new KubectlError('no objects passed to apply')
    const deeds = new Deeds(kube, dryRun)
    const refused: Manifest[] = []
    for (const manifest of good) {
      const done = attempt(errors, 'creating', manifest.source, () =>
        serverSide ? applyOnServer(kube, manifest, deeds, dryRun) : applyHere(kube, manifest, deeds, dryRun),
      )
      if (!done) refused.push(manifest)
      yield* kube.proc.work(requestUs)
    }
    hints.push(...(yield* hintsFor(kube, refused)))
    return reportErrors(kube, errors, hints)
  },
}

/** One round trip and the server's work. */
export const requestUs = 2000

/** For manifests that the server refused: what to write today. */
export function* hintsFor(kube: Invocation, refused: readonly Manifest[]): Generator<Wait, string[], unknown> {
  const hints: string[] = []
  for (const source of new Set(refused.map((manifest) => manifest.source))) {
    if (source === 'STDIN') continue
    for (const [name, text] of yield* filesOf(kube, source)) hints.push(...manifestHints(text, name))
  }
  return hints
}

function writeOptions(
  kube: Invocation,
  dryRun: DryRun,
  manager: string,
): { dryRun?: boolean; fieldValidation: 'Strict' | 'Warn' | 'Ignore'; fieldManager: string } {
  return { ...(dryRun === 'server' ? { dryRun: true } : {}), fieldValidation: validationOf(kube), fieldManager: manager }
}

export function validationOf(kube: Invocation): 'Strict' | 'Warn' | 'Ignore' {
  const text = kube.flags.text('validate')
  if (text === 'warn') return 'Warn'
  if (text === 'ignore' || text === 'false') return 'Ignore'
  if (text === 'strict' || text === 'true' || text === '') return 'Strict'
  throw new KubectlError(`invalid validate option ${JSON.stringify(text)}; must be one of: strict (or true), warn, ignore (or false)`)
}

function applyOnServer(kube: Invocation, { definition, namespace, name, object }: Manifest, deeds: Deeds, dryRun: DryRun): void {
  const manager = kube.flags.has('field-manager') ? kube.flags.text('field-manager') : 'kubectl'
  try {
    const result = kube.call((client) =>
      client.patch(definition.resource, namespace, name, {
        type: 'apply',
        body: object,
        force: kube.flags.on('force-conflicts'),
        ...writeOptions(kube, dryRun, manager),
      }),
    )
    deeds.say(definition, result, 'serverside-applied')
  } catch (error) {
    if (!(error instanceof StatusError) || error.reason !== 'Conflict') throw error
    throw new KubectlError(`${error.status.message ?? ''}\n${CONFLICT_ADVICE}`)
  }
}

const CONFLICT_ADVICE = `Please review the fields above--they currently have other managers. Here
are the ways you can resolve this warning:
* If you intend to manage all of these fields, please re-run the apply
  command with the \`--force-conflicts\` flag.
* If you do not intend to manage all of the fields, please edit your
  manifest to remove references to the fields that should keep their
  current managers.
* You may co-own fields by updating your manifest to match the existing
  value; in this case, you'll become the manager if the other manager(s)
  stop managing the field (remove it from their configuration).
See https://kubernetes.io/docs/reference/using-api/server-side-apply/#conflicts`

/** The manifest as JSON, without the annotation that will hold it. */
export function lastAppliedText(object: KubeObject): string {
  const bare = cloneJson(object)
  const metadata = (isPlainObject(bare.metadata) ? bare.metadata : {}) as { annotations?: Record<string, string> | null }
  const { [LAST_APPLIED]: _, ...annotations } = metadata.annotations ?? {}
  bare.metadata = { ...metadata, annotations } as KubeObject['metadata']
  return `${goJson(bare, '')}\n`
}

export function withLastApplied(object: KubeObject): KubeObject {
  const text = lastAppliedText(object)
  return { ...object, metadata: { ...object.metadata, annotations: { ...(object.metadata?.annotations ?? {}), [LAST_APPLIED]: text } } }
}

function applyHere(kube: Invocation, manifest: Manifest, deeds: Deeds, dryRun: DryRun): void {
  const { definition, namespace, name, source } = manifest
  if (name === '') {
    const generated = (manifest.object.metadata as { generateName?: string } | undefined)?.generateName
    if (generated) throw new KubectlError(`from ${generated}: cannot use generate name with apply`)
    const groupVersion = manifest.object.apiVersion.includes('/') ? manifest.object.apiVersion : `/${manifest.object.apiVersion}`
    throw new KubectlError(
      `error when retrieving current configuration of:\nResource: "${groupVersion}, Resource=${definition.plural}", GroupVersionKind: "${groupVersion}, Kind=${definition.kind}"\nName: "", Namespace: "${namespace}"\nfrom server for: "${source}": resource name may not be empty`,
    )
  }
  const modified = withLastApplied(manifest.object)
  const options = writeOptions(kube, dryRun, kube.flags.text('field-manager'))
  const live = kube.call((client) => client.find(definition.resource, namespace, name))
  if (!live) {
    const draft = pruneNulls(modified) as KubeObject
    const created = dryRun === 'client' ? draft : kube.call((client) => client.create(definition.resource, namespace, draft, options))
    deeds.say(definition, created, 'created')
    return
  }
  const annotation = live.metadata.annotations?.[LAST_APPLIED]
  if (annotation === undefined) {
    kube.error(
      `Warning: resource ${definition.plural}/${name} is missing the ${LAST_APPLIED} annotation which is required by kubectl apply. kubectl apply should only be used on resources created declaratively by either kubectl create --save-config or kubectl apply. The missing annotation will be patched automatically.\n`,
    )
  }
  const original: unknown = annotation === undefined ? {} : parseAnnotation(annotation)
  const custom = manifest.object.apiVersion.split('/')[0].includes('.') && !manifest.object.apiVersion.split('/')[0].endsWith('.k8s.io')
  const patch = custom ? jsonMergePatch(original, modified, live) : threeWayPatch(definition.kind, original, modified, live)
  dropHeader(patch)
  const empty = equalJson(patch, {})
  let result = live
  if (!empty && dryRun !== 'client') {
    try {
      result = kube.call((client) =>
        client.patch(definition.resource, namespace, name, { type: custom ? 'merge' : 'strategic', body: patch, ...options }),
      )
    } catch (error) {
      if (!(error instanceof StatusError)) throw error
      if (kube.flags.on('force') && error.reason === 'Invalid') {
        kube.call((client) => client.delete(definition.resource, namespace, name, { gracePeriodSeconds: 0 }))
        result = kube.call((client) => client.create(definition.resource, namespace, pruneNulls(modified) as object, options))
      } else if (error.reason === 'Invalid') throw error
      else {
        const groupVersion = live.apiVersion.includes('/') ? live.apiVersion : `/${live.apiVersion}`
        const message = `error when applying patch:\n${goJson(patch, '')}\nto:\nResource: "${groupVersion}, Resource=${definition.plural}", GroupVersionKind: "${groupVersion}, Kind=${definition.kind}"\nName: "${name}", Namespace: "${namespace}"\nfor: "${source}": ${error.status.message ?? ''}`
        throw new KubectlError(`Error from server (${error.reason}): ${message}`)
      }
    }
  } else if (!empty) result = { ...live, ...patch, metadata: live.metadata }
  if (result.metadata.deletionTimestamp) kube.warn(`Detected changes to resource ${name} which is currently being deleted.`)
  deeds.say(definition, result, empty ? 'unchanged' : 'configured')
}

/** The header never changes, and the server would refuse a change. */
function dropHeader(patch: Record<string, unknown>): void {
  for (const key of ['apiVersion', 'kind', 'status']) delete patch[key]
  const metadata = patch.metadata
  if (isPlainObject(metadata)) {
    for (const key of ['creationTimestamp', 'name', 'namespace']) delete metadata[key]
    if (Object.keys(metadata).length === 0) delete patch.metadata
  }
}

function parseAnnotation(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return {}
  }
}

function pruneNulls(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(pruneNulls)
  if (!isPlainObject(value)) return value
  const result: Record<string, unknown> = {}
  for (const key of Object.keys(value))
    if (value[key] !== null)
      Object.defineProperty(result, key, { value: pruneNulls(value[key]), enumerable: true, configurable: true, writable: true })
  return result
}
