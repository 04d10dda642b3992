/** What a command says of an object it did something to: `deployment.apps/web created (dry run)`, or the object as `-o` asks. */
import type { KubeObject } from '../../api/types/index.ts'
import { StatusError } from '../../api/meta/status.ts'
import type { ResourceDefinition } from '../../api/registry/definition.ts'
import { type FlagSpec, flag } from './command-line.ts'
import type { Invocation } from './invocation.ts'
import { KubectlError, serverMessage, statusText } from './kubectl-error.ts'
import { type ObjectPrinter, printerOf } from './print/output.ts'
import { objectName } from './selection.ts'

export const DRY_RUN_FLAG: FlagSpec = flag(
  'string',
  'dry-run',
  'none',
  'none, client (print only) or server (judge, but do not store).',
  undefined,
  'unchanged',
)

export type DryRun = 'none' | 'client' | 'server'

export function dryRunOf(kube: Invocation): DryRun {
  const value = kube.flags.text('dry-run')
  if (value === 'none' || value === 'client' || value === 'server') return value
  // `--dry-run` alone was the client's until 1.18.
  if (value === 'unchanged') {
    kube.warn('--dry-run is deprecated and can be replaced with --dry-run=client.')
    return 'client'
  }
  throw new KubectlError(`Invalid dry-run value (${value}). Must be "none", "server", or "client".`)
}

export function dryRunNote(dryRun: DryRun): string {
  return dryRun === 'client' ? ' (dry run)' : dryRun === 'server' ? ' (server dry run)' : ''
}

/** Prints deeds of one command in one manner. */
export class Deeds {
  readonly #kube: Invocation
  readonly #printer: ObjectPrinter | null
  readonly #dryRun: DryRun

  constructor(kube: Invocation, dryRun: DryRun = 'none', struct = false) {
    this.#kube = kube
    this.#printer = printerOf(kube, { struct })
    this.#dryRun = dryRun
  }

  /** True when `-o` asks for objects, not for sentences. */
  get printsObjects(): boolean {
    return this.#printer !== null
  }

  say(definition: Pick<ResourceDefinition, 'kind' | 'group'>, object: KubeObject, deed: string): void {
    const name = objectName({ definition, name: object.metadata.name })
    if (this.#printer) this.#kube.print(this.#printer(object, () => name))
    else this.#kube.print(`${name} ${deed}${dryRunNote(this.#dryRun)}\n`)
  }
}

/** A refusal in the words of `cmdutil.AddSourceToErr`, as one line of a list of errors. */
export function refusalFrom(error: StatusError, verb: string, source: string): string {
  if (error.status.reason === 'Invalid') return statusText(error.status)
  const message = source === '' ? (error.status.message ?? '') : `error when ${verb} "${source}": ${error.status.message ?? ''}`
  return serverMessage({ ...error.status, message })
}

/** Runs one deed of several; what the server refuses goes to the list, and the others go on. */
export function attempt(errors: string[], verb: string, source: string, deed: () => void): boolean {
  try {
    deed()
    return true
  } catch (error) {
    if (error instanceof KubectlError) errors.push(error.message)
    else if (error instanceof StatusError) errors.push(refusalFrom(error, verb, source))
    else throw error
    return false
  }
}
