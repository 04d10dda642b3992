/** kubectl diff: what apply would change, as a unified diff. Truth: k8s.io/kubectl/pkg/cmd/diff. Omits: KUBECTL_EXTERNAL_DIFF, masking of secrets beyond their values. */
import { cloneJson, isPlainObject } from '../../../api/meta/json.ts'
import { StatusError } from '../../../api/meta/status.ts'
import type { KubeObject } from '../../../api/types/index.ts'
import { type CommandSpec, flag } from '../command-line.ts'
import type { Invocation } from '../invocation.ts'
import { KubectlError, statusText } from '../kubectl-error.ts'
import { FILE_FLAGS, type Manifest, readManifests } from '../manifests.ts'
import { goYaml } from '../print/go-yaml.ts'
import { SELECTOR_FLAG } from '../selection.ts'
import { threeWayPatch } from '../three-way.ts'
import { unifiedDiff } from '../unified-diff.ts'
import { LAST_APPLIED, withLastApplied } from './apply.ts'

export const diffCommand: CommandSpec = {
  name: 'diff',
  group: 'Advanced Commands',
  short: 'Diff the live version against a would-be applied version',
  usage: 'diff -f FILENAME [options]',
  examples: ['kubectl diff -f web.yaml'],
  flags: [
    ...FILE_FLAGS,
    SELECTOR_FLAG,
    flag('bool', 'server-side', 'false', 'Accepted and ignored.'),
    flag('bool', 'force-conflicts', 'false', 'Accepted and ignored.'),
    flag('bool', 'show-managed-fields', 'false', 'Accepted and ignored.'),
    flag('string', 'field-manager', 'kubectl-client-side-apply', 'Accepted and ignored.'),
    flag('bool', 'prune', 'false', 'Not modelled.'),
  ],
  *run(kube) {
    if (kube.flags.list('filename').length === 0 && kube.flags.text('kustomize') === '')
      throw new KubectlError('must specify one of -f and -k', 2)
    const { good, errors, hints } = yield* readManifests(kube)
    if (errors.length > 0) throw new KubectlError([...errors, ...hints].join('\n'), 2)
    let differs = false
    for (const manifest of good) {
      const { live, merged } = bothSides(kube, manifest)
      const name = [manifest.object.apiVersion.replace('/', '.'), manifest.definition.kind, manifest.namespace, manifest.name].join('.')
      const text = unifiedDiff(
        live ? goYaml(clean(live)) : '',
        merged ? goYaml(clean(merged)) : '',
        `/tmp/LIVE/${name}`,
        `/tmp/MERGED/${name}`,
      )
      if (text === '') continue
      differs = true
      kube.print(`diff -u -N /tmp/LIVE/${name} /tmp/MERGED/${name}\n${text}`)
    }
    return differs ? 1 : 0
  },
}

function bothSides(
  kube: Invocation,
  { definition, namespace, name, object }: Manifest,
): { live: KubeObject | undefined; merged: KubeObject } {
  const live = kube.call((client) => client.find(definition.resource, namespace, name))
  try {
    if (!live)
      return {
        live,
        merged: kube.call((client) => client.create(definition.resource, namespace, object, { dryRun: true, fieldValidation: 'Strict' })),
      }
    const original = live.metadata.annotations?.[LAST_APPLIED]
    const patch = threeWayPatch(
      definition.kind,
      original === undefined ? {} : (JSON.parse(original) as unknown),
      withLastApplied(object),
      live,
    )
    for (const key of ['apiVersion', 'kind', 'status']) delete patch[key]
    return {
      live,
      merged: kube.call((client) => client.patch(definition.resource, namespace, name, { type: 'strategic', body: patch, dryRun: true })),
    }
  } catch (error) {
    if (!(error instanceof StatusError)) throw error
    throw new KubectlError(statusText(error.status), 2)
  }
}

/** Without what changes by itself, and without the values of secrets. */
function clean(object: KubeObject): KubeObject {
  const copy = cloneJson(object)
  delete copy.metadata.managedFields
  if (copy.metadata.annotations) delete copy.metadata.annotations[LAST_APPLIED]
  if (copy.metadata.annotations && Object.keys(copy.metadata.annotations).length === 0) delete copy.metadata.annotations
  if (copy.kind === 'Secret' && isPlainObject(copy.data)) copy.data = Object.fromEntries(Object.keys(copy.data).map((key) => [key, '***']))
  return copy
}
