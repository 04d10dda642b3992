/**
 * What the generators of `kubectl create` have in common: flags, the name, and sending or printing what they made. Objects are made
 * with their fields in the order of Go's structs, because `-o json` shows it.
 */
import { StatusError } from '../../api/meta/status.ts'
import type { KubeObject } from '../../api/types/index.ts'
import type { Wait } from '../../linux/wait.ts'
import { type CommandSpec, flag, type FlagSpec } from './command-line.ts'
import { withLastApplied, requestUs } from './commands/apply.ts'
import { Deeds, DRY_RUN_FLAG, dryRunOf } from './deeds.ts'
import type { Invocation } from './invocation.ts'
import { KubectlError, statusText } from './kubectl-error.ts'
import { VALIDATE_FLAG } from './manifests.ts'
import { PRINT_FLAGS } from './print/output.ts'

const GENERATOR_FLAGS: readonly FlagSpec[] = [
  ...PRINT_FLAGS,
  DRY_RUN_FLAG,
  VALIDATE_FLAG,
  flag('string', 'field-manager', 'kubectl-create', 'Name under which fields are owned.'),
  flag('bool', 'save-config', 'false', 'Keep the object in the annotation of kubectl apply.'),
]

export interface ObjectGenerator {
  name: string
  aliases?: string[]
  short: string
  usage: string
  examples?: string[]
  flags: FlagSpec[]
  required?: string[]
  /** Words of `failed to create …`. */
  noun: string
  namespaced?: boolean
  make(kube: Invocation, name: string, rest: readonly string[]): KubeObject
}

export function generatorCommand(generator: ObjectGenerator): CommandSpec {
  return {
    name: generator.name,
    aliases: generator.aliases,
    short: generator.short,
    usage: generator.usage,
    examples: generator.examples,
    required: generator.required,
    flags: [...generator.flags, ...GENERATOR_FLAGS],
    *run(kube) {
      const given = kube.dashAt >= 0 ? kube.args.slice(0, kube.dashAt) : kube.args
      const rest = kube.dashAt >= 0 ? kube.args.slice(kube.dashAt) : []
      if (given.length !== 1) throw kube.usage(`exactly one NAME is required, got ${given.length}`)
      const made = generator.make(kube, given[0], rest)
      return yield* sendMade(kube, made, generator)
    },
  }
}

/** Creates (or, with --dry-run=client, only prints) what a generator made. */
export function* sendMade(
  kube: Invocation,
  made: KubeObject,
  generator: { namespaced?: boolean; noun: string },
): Generator<Wait, number, unknown> {
  const dryRun = dryRunOf(kube)
  const namespaced = generator.namespaced !== false
  if (namespaced && (kube.namespaceGiven || dryRun !== 'client')) made.metadata = insertNamespace(made.metadata, kube.namespace)
  const object = kube.flags.on('save-config') ? withLastApplied(made) : made
  const slash = object.apiVersion.indexOf('/')
  const type = { kind: object.kind, group: slash < 0 ? '' : object.apiVersion.slice(0, slash) }
  const deeds = new Deeds(kube, dryRun, dryRun === 'client')
  if (dryRun === 'client') {
    deeds.say(type, object, 'created')
    return 0
  }
  const definition = kube.client.server.definitionForKind(object.apiVersion, object.kind)
  if (!definition) throw new KubectlError(`the server doesn't have a resource type "${object.kind.toLowerCase()}s"`)
  yield* kube.proc.work(requestUs)
  try {
    const created = kube.call((client) =>
      client.create(definition.resource, namespaced ? kube.namespace : '', withoutNulls(object), {
        fieldManager: kube.flags.text('field-manager'),
        fieldValidation: 'Strict',
        ...(dryRun === 'server' ? { dryRun: true } : {}),
      }),
    )
    deeds.say(definition, created, 'created')
    return 0
  } catch (error) {
    if (!(error instanceof StatusError)) throw error
    throw new KubectlError(
      `error: failed to create ${generator.noun}: ${error.status.reason === 'Invalid' ? (error.status.message ?? statusText(error.status)) : (error.status.message ?? '')}`,
    )
  }
}

function insertNamespace(metadata: KubeObject['metadata'], namespace: string): KubeObject['metadata'] {
  const { name, ...rest } = metadata
  return { name, namespace, ...rest }
}

/** Go's zero times travel as null. */
function withoutNulls(object: KubeObject): KubeObject {
  const strip = (value: unknown): unknown => {
    if (Array.isArray(value)) return value.map(strip)
    if (value === null || typeof value !== 'object') return value
    return Object.fromEntries(
      Object.entries(value)
        .filter(([, member]) => member !== null)
        .map(([key, member]) => [key, strip(member)]),
    )
  }
  return strip(object) as KubeObject
}

/** `metadata` with its empty creation time, as Go up to 1.33 writes it. */
export function metadataOf(
  name: string,
  more: { labels?: Record<string, string>; annotations?: Record<string, string> } = {},
): KubeObject['metadata'] {
  return { ...(name === '' ? {} : { name }), creationTimestamp: null, ...more } as unknown as KubeObject['metadata']
}

/** `a=b,c=d` */
export function parsePairs(text: string, separator = '='): Record<string, string> {
  const pairs: Record<string, string> = {}
  for (const part of text.split(',')) {
    const at = part.indexOf(separator)
    if (at <= 0) throw new KubectlError(`unexpected label specification: ${part}`)
    pairs[part.slice(0, at)] = part.slice(at + 1)
  }
  return pairs
}
