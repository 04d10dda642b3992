/** kubectl create deployment, job, cronjob. Truth: k8s.io/kubectl/pkg/cmd/create; outputs recorded from kubectl 1.33. */
import type { KubeObject } from '../../../api/types/index.ts'
import { cloneJson } from '../../../api/meta/json.ts'
import { type CommandSpec, flag } from '../command-line.ts'
import { generatorCommand, metadataOf } from '../generator.ts'
import type { Invocation } from '../invocation.ts'
import { KubectlError } from '../kubectl-error.ts'
import { select } from '../selection.ts'

export const workloadGenerators: readonly CommandSpec[] = [
  generatorCommand({
    name: 'deployment',
    aliases: ['deploy'],
    short: 'Create a deployment with the specified name',
    noun: 'deployment',
    usage: 'create deployment NAME --image=image -- [COMMAND] [args...] [options]',
    required: ['image'],
    examples: [
      'kubectl create deployment web --image=nginx',
      'kubectl create deployment web --image=nginx --replicas=3 --port=80 --dry-run=client -o yaml',
    ],
    flags: [
      flag('strings', 'image', '', 'Image of the container; several make several containers.'),
      flag('int', 'port', '-1', 'Port that the container shows.'),
      flag('int', 'replicas', '1', 'Number of pods.', 'r'),
    ],
    make(kube, name, command) {
      const images = kube.flags.list('image')
      if (images.length > 1 && command.length > 0) throw new KubectlError('cannot specify multiple --image options and command')
      const replicas = kube.flags.number('replicas')
      if (replicas < 0) throw new KubectlError(`replicas must be greater than or equal to 0`)
      const port = kube.flags.number('port')
      const labels = { app: name }
      const containers = images.map((image) => ({
        name: containerName(kube, image),
        image,
        ...(command.length > 0 ? { command: [...command] } : {}),
        ...(port >= 0 && images.length > 0 ? { ports: [{ containerPort: port }] } : {}),
        resources: {},
      }))
      return {
        kind: 'Deployment',
        apiVersion: 'apps/v1',
        metadata: metadataOf(name, { labels }),
        spec: {
          replicas,
          selector: { matchLabels: labels },
          template: { metadata: metadataOf('', { labels }), spec: { containers } },
          strategy: {},
        },
        status: {},
      }
    },
  }),
  generatorCommand({
    name: 'job',
    short: 'Create a job with the specified name',
    noun: 'job',
    usage: 'create job NAME --image=image [--from=cronjob/name] -- [COMMAND] [args...] [options]',
    examples: ['kubectl create job once --image=busybox -- date', 'kubectl create job once --from=cronjob/nightly'],
    flags: [flag('string', 'image', '', 'Image of the container.'), flag('string', 'from', '', 'Cron job to take the template from.')],
    make(kube, name, command) {
      const image = kube.flags.text('image')
      const from = kube.flags.text('from')
      if (image === '' && from === '') throw new KubectlError('either --image or --from must be specified')
      if (image !== '' && from !== '') throw new KubectlError('cannot specify both --image and --from')
      if (from !== '') return jobFrom(kube, name, from, command)
      return { kind: 'Job', apiVersion: 'batch/v1', metadata: metadataOf(name), spec: jobSpec(name, image, command, 'Never'), status: {} }
    },
  }),
  generatorCommand({
    name: 'cronjob',
    aliases: ['cj'],
    short: 'Create a cron job with the specified name',
    noun: 'cronjob',
    usage: "create cronjob NAME --image=image --schedule='0/5 * * * ?' -- [COMMAND] [args...] [flags] [options]",
    required: ['image', 'schedule'],
    flags: [
      flag('string', 'image', '', 'Image of the container.'),
      flag('string', 'schedule', '', 'When it runs, as cron writes it.'),
      flag('string', 'restart', 'OnFailure', 'Restart policy: OnFailure, Never.'),
    ],
    make(kube, name, command) {
      const template = { metadata: metadataOf(name), spec: jobSpec(name, kube.flags.text('image'), command, kube.flags.text('restart')) }
      return {
        kind: 'CronJob',
        apiVersion: 'batch/v1',
        metadata: metadataOf(name),
        spec: { schedule: kube.flags.text('schedule'), jobTemplate: template },
        status: {},
      }
    },
  }),
]

function jobSpec(name: string, image: string, command: readonly string[], restartPolicy: string): object {
  const container = { name, image, ...(command.length > 0 ? { command: [...command] } : {}), resources: {} }
  return { template: { metadata: metadataOf(''), spec: { containers: [container], restartPolicy } } }
}

function jobFrom(kube: Invocation, name: string, from: string, command: readonly string[]): KubeObject {
  if (command.length > 0) throw new KubectlError('cannot specify --from and command')
  const [target] = select(kube, [from]).targets
  if (target?.definition.kind !== 'CronJob') throw new KubectlError('from must be an existing cronjob')
  const cron = kube.call((client) => client.get(target.definition.resource, target.namespace, target.name)) as KubeObject & {
    spec: { jobTemplate: { metadata?: KubeObject['metadata']; spec: object } }
  }
  const template = cloneJson(cron.spec.jobTemplate)
  return {
    kind: 'Job',
    apiVersion: 'batch/v1',
    metadata: {
      ...metadataOf(name, {
        ...(template.metadata?.labels ? { labels: template.metadata.labels } : {}),
        annotations: { 'cronjob.kubernetes.io/instantiate': 'manual', ...(template.metadata?.annotations ?? {}) },
      }),
      ownerReferences: [
        { apiVersion: 'batch/v1', kind: 'CronJob', name: cron.metadata.name, uid: cron.metadata.uid ?? '', controller: true },
      ],
    },
    spec: template.spec,
    status: {},
  }
}

/** The last part of the image's name without tag and digest; a name that had to be changed gets a random end. */
function containerName(kube: Invocation, image: string): string {
  const last = image.slice(image.lastIndexOf('/') + 1).replace(/[@:].*$/, '')
  return /[_.]/.test(last) ? `${last.replace(/[_.]/g, '-')}-${kube.proc.world.random.stream('kubectl').nameSuffix(5)}` : last
}
