/**
 * What `-f` names: files, directories and standard input, split into documents and mapped to resources of the server.
 *
 * Truth: k8s.io/cli-runtime/pkg/resource (visitor.go, mapper.go), sigs.k8s.io/yaml, kubectl's field validation.
 * Omits: URLs and kustomizations, which are refused with a reason; `List` objects are taken apart.
 */
import { isErrno, strerror } from '../../base/errno.ts'
import { readYaml } from '../../base/yaml-gate.ts'
import { byText } from '../../base/text-order.ts'
import type { ResourceDefinition } from '../../api/registry/definition.ts'
import type { KubeObject } from '../../api/types/index.ts'
import type { Wait } from '../../linux/wait.ts'
import type { FlagSpec } from './command-line.ts'
import { flag } from './command-line.ts'
import type { Invocation } from './invocation.ts'
import { KubectlError } from './kubectl-error.ts'
import { manifestHints } from './manifest-hints.ts'
import { goJson } from './print/go-value.ts'

export const FILE_FLAGS: readonly FlagSpec[] = [
  flag('strings', 'filename', '', 'File or directory with manifests, `-` for standard input.', 'f'),
  flag('string', 'kustomize', '', 'Not supported: kustomizations are not modelled.', 'k'),
  flag('bool', 'recursive', 'false', 'Look into directories below the named ones.', 'R'),
]

export const VALIDATE_FLAG = flag('string', 'validate', 'strict', 'strict (or true), warn, ignore (or false).', undefined, 'strict')

export interface Manifest {
  /** A draft that may be changed. */
  object: KubeObject
  definition: ResourceDefinition
  namespace: string
  name: string
  /** File name as given, `STDIN` for standard input. */
  source: string
}

/** What could be read, and what could not: kubectl goes on with the good ones and fails in the end. */
export interface Manifests {
  readonly good: Manifest[]
  readonly errors: string[]
  /** What to write instead, for each source that is out of date or misspelt. */
  readonly hints: string[]
}

const EXTENSIONS = ['.json', '.yaml', '.yml']
const filesMax = 1000

export function refuseKustomize(kube: Invocation): void {
  if (kube.flags.text('kustomize') !== '')
    throw new KubectlError('kustomizations (-k) are not modelled: apply the files themselves with -f')
}

/** Reads everything that `-f` names. `namespaced` false leaves namespaces as they are (for `--local` use). */
export function* readManifests(kube: Invocation): Generator<Wait, Manifests, unknown> {
  refuseKustomize(kube)
  const result: Manifests = { good: [], errors: [], hints: [] }
  for (const path of kube.flags.list('filename')) {
    for (const [source, text] of yield* filesOf(kube, path)) readText(kube, source, text, result)
  }
  return result
}

/** Texts by source name. */
export function* filesOf(kube: Invocation, path: string): Generator<Wait, [string, string][], unknown> {
  if (path === '-') return [['STDIN', yield* kube.proc.readAll()]]
  if (/^https?:\/\//.test(path))
    throw new KubectlError(`unable to read URL "${path}": downloads are not modelled, save the file and name it`)
  const absolute = kube.proc.path(path)
  if (!kube.proc.fs.exists(absolute)) throw new KubectlError(`the path "${path}" does not exist`)
  const list = kube.proc.fs.list(absolute)
  if (isErrno(list)) {
    const text = kube.proc.fs.read(absolute)
    if (isErrno(text)) throw new KubectlError(`open ${path}: ${strerror(text).toLowerCase()}`)
    return [[path, text]]
  }
  const files: [string, string][] = []
  collect(kube, path, files)
  if (files.length === 0) throw new KubectlError(`error reading [${path}]: recognized file extensions are [${EXTENSIONS.join(' ')}]`)
  return files
}

function collect(kube: Invocation, directory: string, files: [string, string][]): void {
  const list = kube.proc.fs.list(kube.proc.path(directory))
  if (isErrno(list)) return
  for (const name of [...list].sort(byText)) {
    const path = `${directory.replace(/\/$/, '')}/${name}`
    const text = kube.proc.fs.read(kube.proc.path(path))
    if (files.length >= filesMax) return
    if (text === 'EISDIR') {
      if (kube.flags.on('recursive')) collect(kube, path, files)
    } else if (!isErrno(text) && EXTENSIONS.some((extension) => name.endsWith(extension))) files.push([path, text])
  }
}

function readText(kube: Invocation, source: string, text: string, result: Manifests): void {
  const read = readYaml(text, { duplicateKeys: 'allow' })
  const documents = 'error' in read ? read.before : read.documents
  const before = result.errors.length
  for (const document of documents) {
    const count = result.good.length
    takeApart(kube, source, document.value, result)
    for (let i = count; i < result.good.length; i += 1) checkNamespace(kube, result.good[i])
  }
  if ('error' in read) {
    const json = text.trimStart().startsWith('{')
    result.errors.push(`error parsing ${source}: ${json ? '' : 'error converting YAML to JSON: '}${read.error.goText}`)
  }
  if (result.errors.length > before) result.hints.push(...manifestHints(text, source))
}

function takeApart(kube: Invocation, source: string, value: unknown, result: Manifests): void {
  const object = value as KubeObject
  if (value === null || typeof value !== 'object' || Array.isArray(value)) {
    result.errors.push(
      `error validating "${source}": error validating data: invalid object to validate; if you choose to ignore these errors, turn validation off with --validate=false`,
    )
    return
  }
  const strict = !['ignore', 'false'].includes(kube.flags.text('validate'))
  const problems = strict
    ? [
        ...(object.apiVersion === undefined || object.apiVersion === null
          ? ['apiVersion not set']
          : typeof object.apiVersion !== 'string'
            ? ["apiVersion isn't string type"]
            : []),
        ...(object.kind === undefined || object.kind === null
          ? ['kind not set']
          : typeof object.kind !== 'string'
            ? ["kind isn't string type"]
            : []),
      ]
    : []
  if (problems.length > 0) {
    const text = problems.length === 1 ? problems[0] : `[${problems.join(', ')}]`
    result.errors.push(
      `error validating "${source}": error validating data: ${text}; if you choose to ignore these errors, turn validation off with --validate=false`,
    )
    return
  }
  if (!object.kind) {
    result.errors.push(`unable to decode "${source}": Object 'Kind' is missing in '${goJson(object, '')}'`)
    return
  }
  if (object.kind === 'List' && Array.isArray(object.items)) {
    for (const item of object.items) takeApart(kube, source, item, result)
    return
  }
  const metadata = (object.metadata ?? {}) as { name?: string; namespace?: string }
  if (
    typeof metadata !== 'object' ||
    Array.isArray(metadata) ||
    (metadata.name !== undefined && metadata.name !== null && typeof metadata.name !== 'string')
  ) {
    const [what, field] =
      typeof metadata === 'object' && !Array.isArray(metadata)
        ? [typeof metadata.name, 'ObjectMeta.metadata.name of type string']
        : [Array.isArray(metadata) ? 'array' : typeof metadata, 'detector.metadata of type v1.ObjectMeta']
    result.errors.push(
      `unable to decode "${source}": json: cannot unmarshal ${what === 'boolean' ? 'bool' : what} into Go struct field ${field}`,
    )
    return
  }
  const definition = kube.client.server.definitionForKind(object.apiVersion ?? '', object.kind)
  if (!definition) {
    const version = object.apiVersion ?? ''
    result.errors.push(
      `resource mapping not found for name: "${metadata.name ?? ''}" namespace: "${metadata.namespace ?? ''}" from "${source}": no matches for kind "${object.kind}" in version "${version}"\nensure CRDs are installed first`,
    )
    return
  }
  result.good.push({
    object,
    definition,
    namespace: definition.namespaced ? (metadata.namespace ?? '') : '',
    name: metadata.name ?? '',
    source,
  })
}

/** The object's namespace, or the command line's; two different ones are an error. */
function checkNamespace(kube: Invocation, manifest: Manifest): void {
  if (!manifest.definition.namespaced) return
  if (manifest.namespace === '') {
    manifest.namespace = kube.namespace
    const metadata = manifest.object.metadata as { namespace?: string } | undefined
    manifest.object.metadata = { ...(metadata ?? {}), namespace: kube.namespace } as KubeObject['metadata']
  } else if (kube.namespaceGiven && manifest.namespace !== kube.namespace) {
    throw new KubectlError(
      `the namespace from the provided object "${manifest.namespace}" does not match the namespace "${kube.namespace}". You must pass '--namespace=${manifest.namespace}' to perform this operation.`,
    )
  }
}

/** Prints what went wrong at the end of a command over files; the exit code. */
export function reportErrors(kube: Invocation, errors: readonly string[], hints: readonly string[] = []): number {
  if (errors.length === 1) kube.error(`${/^(Error from|The |error: )/.test(errors[0]) ? '' : 'error: '}${errors[0]}\n`)
  else for (const error of errors) kube.error(`${error}\n`)
  for (const hint of hints) kube.error(`${hint}\n`)
  return errors.length > 0 ? 1 : 0
}
