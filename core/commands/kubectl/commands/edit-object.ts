/**
 * One object in the person's editor: kubectl writes a file, asks the editor to open it, and waits until it is saved. What the
 * server refuses comes back as a comment at the head of the file, and the editor stays open.
 *
 * Truth: k8s.io/kubectl/pkg/cmd/util/editor/editoptions.go.
 * Omits: several objects in one file, `$EDITOR` (the lab's editor is the only one), Windows line ends.
 */
import { isErrno, strerror } from '../../../base/errno.ts'
import { equalJson, isPlainObject } from '../../../api/meta/json.ts'
import { StatusError } from '../../../api/meta/status.ts'
import type { KubeObject } from '../../../api/types/index.ts'
import { readYaml } from '../../../base/yaml-gate.ts'
import type { Wait } from '../../../linux/wait.ts'
import type { Invocation } from '../invocation.ts'
import { KubectlError, statusText } from '../kubectl-error.ts'
import { manifestHints } from '../manifest-hints.ts'
import { goYaml } from '../print/go-yaml.ts'
import { withoutManagedFields } from '../print/output.ts'
import { objectName, type Found } from '../selection.ts'
import { jsonMergePatch, threeWayPatch } from '../three-way.ts'

const HEAD = `# Please edit the object below. Lines beginning with a '#' will be ignored,
# and an empty file will abort the edit. If an error occurs while saving this file will be
# reopened with the relevant failures.
#
`

const roundsMax = 50

export function* editObject(kube: Invocation, found: Found): Generator<Wait, number, unknown> {
  const { proc } = kube
  const original = withoutManagedFields(found.object) as KubeObject
  const folder = `${proc.env.get('HOME') ?? '/root'}/.kubectl-edit`
  const path = `${folder}/${found.definition.plural}-${found.namespace === '' ? '' : `${found.namespace}-`}${found.name}.yaml`
  proc.fs.mkdir(folder, { parents: true })
  const write = (text: string): void => {
    const error = proc.fs.write(path, text)
    if (error) throw new KubectlError(`open ${path}: ${strerror(error).toLowerCase()}`)
  }
  let body = goYaml(original)
  let head = HEAD
  write(head + body)
  proc.world.trace.emit({ kind: 'editor.open', path })
  kube.error(`Waiting for ${path} to be saved in the editor (Ctrl-C gives up) ...\n`)
  try {
    for (let round = 0; round < roundsMax; round += 1) {
      const text = yield* saved(kube, path, head + body)
      if (withoutComments(text).trim() === '') {
        kube.error('Edit cancelled, saved file was empty.\n')
        return 0
      }
      if (withoutComments(text) === withoutComments(head + body) && round === 0) {
        kube.error('Edit cancelled, no changes made.\n')
        return 0
      }
      const outcome = send(kube, found, original, text)
      if (outcome === null) return 0
      body = withoutComments(text)
      head = `${HEAD}${outcome
        .split('\n')
        .filter((line) => line !== '')
        .map((line) => `# ${line}\n`)
        .join('')}#\n`
      kube.error(`${outcome}\nThe file was reopened with the failure.\n`)
      write(head + body)
      proc.world.trace.emit({ kind: 'editor.open', path })
    }
    throw new KubectlError('Edit cancelled, no valid changes were saved.')
  } finally {
    proc.fs.remove(path)
    // Refused while another edit has its file there.
    proc.fs.remove(folder)
  }
}

/** Waits until the file holds something else, or is saved as it was. */
function* saved(kube: Invocation, path: string, written: string): Generator<Wait, string, unknown> {
  for (;;) {
    const change = kube.proc.fs.change(path)
    if (isErrno(change)) throw new KubectlError('Edit cancelled, the file is gone.')
    yield change
    const text = kube.proc.fs.read(path)
    if (isErrno(text)) throw new KubectlError('Edit cancelled, the file is gone.')
    if (text !== written || kube.proc.fs.exists(path)) return text
  }
}

function withoutComments(text: string): string {
  return text
    .split('\n')
    .filter((line) => !line.startsWith('#'))
    .join('\n')
}

/** Null when the server took it, else what to tell. */
function send(kube: Invocation, found: Found, original: KubeObject, text: string): string | null {
  const { definition, namespace, name } = found
  const read = readYaml(text, { duplicateKeys: 'allow' })
  if ('error' in read) return [`error: ${read.error.goText}`, ...manifestHints(text, 'STDIN')].join('\n')
  const edited = read.documents[0]?.value
  if (!isPlainObject(edited)) return 'error: the file holds no object'
  const metadata = edited.metadata as { name?: unknown } | undefined
  if (edited.kind !== original.kind || metadata?.name !== original.metadata.name)
    return 'error: At least one of apiVersion, kind and name was changed'
  if (equalJson(edited, original)) {
    kube.error('Edit cancelled, no changes made.\n')
    return null
  }
  try {
    const custom = definition.group.includes('.') && !definition.group.endsWith('.k8s.io')
    const patch = custom ? jsonMergePatch(original, edited, original) : threeWayPatch(definition.kind, original, edited, original)
    kube.call((client) =>
      client.patch(definition.resource, namespace, name, {
        type: custom ? 'merge' : 'strategic',
        body: patch,
        fieldManager: kube.flags.text('field-manager'),
        fieldValidation: 'Strict',
      }),
    )
    kube.print(`${objectName(found)} edited\n`)
    return null
  } catch (error) {
    if (!(error instanceof StatusError)) throw error
    return [`${definition.plural} "${name}" was not valid:`, statusText(error.status), ...manifestHints(text, 'STDIN')].join('\n')
  }
}
