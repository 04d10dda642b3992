/** kubectl create -f. The generators (`create deployment …`) are in `create-*.ts`. Truth: k8s.io/kubectl/pkg/cmd/create/create.go. */
import type { CommandSpec } from '../command-line.ts'
import { flag } from '../command-line.ts'
import { attempt, Deeds, DRY_RUN_FLAG, dryRunOf } from '../deeds.ts'
import { KubectlError } from '../kubectl-error.ts'
import { FILE_FLAGS, type Manifest, readManifests, reportErrors, VALIDATE_FLAG } from '../manifests.ts'
import { PRINT_FLAGS } from '../print/output.ts'
import { SELECTOR_FLAG } from '../selection.ts'
import { hintsFor, requestUs, validationOf, withLastApplied } from './apply.ts'
import { configGenerators } from './create-config.ts'
import { accessGenerators } from './create-access.ts'
import { networkGenerators } from './create-network.ts'
import { workloadGenerators } from './create-workload.ts'

export const createCommand: CommandSpec = {
  name: 'create',
  group: 'Basic Commands (Beginner)',
  short: 'Create a resource from a file or from stdin',
  usage: 'create -f FILENAME [options]',
  examples: [
    'kubectl create -f pod.yaml',
    'kubectl create deployment web --image=nginx --replicas=3',
    'kubectl create service nodeport web --tcp=80:8080',
  ],
  flags: [
    ...FILE_FLAGS,
    ...PRINT_FLAGS,
    SELECTOR_FLAG,
    DRY_RUN_FLAG,
    VALIDATE_FLAG,
    flag('bool', 'edit', 'false', 'Not modelled.'),
    flag('string', 'field-manager', 'kubectl-create', 'Name under which fields are owned.'),
    flag('bool', 'save-config', 'false', 'Keep the manifest in the annotation of kubectl apply.'),
  ],
  commands: [...workloadGenerators, ...networkGenerators, ...configGenerators, ...accessGenerators],
  *run(kube) {
    if (kube.flags.list('filename').length === 0 && kube.flags.text('kustomize') === '') {
      if (kube.args.length > 0) throw kube.usage(`Unexpected args: [${kube.args.join(' ')}]`)
      throw new KubectlError('must specify one of -f and -k')
    }
    if (kube.args.length > 0) throw kube.usage(`Unexpected args: [${kube.args.join(' ')}]`)
    const dryRun = dryRunOf(kube)
    const { good, errors, hints } = yield* readManifests(kube)
    if (good.length === 0 && errors.length === 0) throw new KubectlError('no objects passed to create')
    const deeds = new Deeds(kube, dryRun)
    const refused: Manifest[] = []
    for (const manifest of good) {
      const { definition, namespace } = manifest
      const object = kube.flags.on('save-config') ? withLastApplied(manifest.object) : manifest.object
      const done = attempt(errors, 'creating', manifest.source, () => {
        const options = {
          fieldValidation: validationOf(kube),
          fieldManager: kube.flags.text('field-manager'),
          ...(dryRun === 'server' ? { dryRun: true } : {}),
        }
        deeds.say(
          definition,
          dryRun === 'client' ? object : kube.call((client) => client.create(definition.resource, namespace, object, options)),
          'created',
        )
      })
      if (!done) refused.push(manifest)
      yield* kube.proc.work(requestUs)
    }
    hints.push(...(yield* hintsFor(kube, refused)))
    return reportErrors(kube, errors, hints)
  },
}
