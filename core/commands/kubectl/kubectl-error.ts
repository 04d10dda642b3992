/**
 * Ends a kubectl command with a message: kubectl's counterpart of cobra's and `cmdutil.CheckErr`'s errors. It is thrown inside a
 * command and caught by `kubectl.ts`; it never leaves this folder.
 *
 * Truth: k8s.io/kubectl/pkg/cmd/util/helpers.go (checkErr, StandardErrorMessage, UsageErrorf).
 */
import type { Status } from '../../api/meta/status.ts'
import { StatusError } from '../../api/meta/status.ts'

export class KubectlError extends Error {
  override readonly name = 'KubectlError'
  readonly exitCode: number

  /** `message` stands behind `error: `, unless it says already who complains. An empty message prints nothing. */
  constructor(message: string, exitCode = 1) {
    super(message)
    this.exitCode = exitCode
  }

  /** Wrong usage of a command, which is told where help is. */
  static usage(command: string, message: string): KubectlError {
    return new KubectlError(`${message}\nSee '${command} -h' for help and examples`)
  }
}

/** What is printed for an error, with its line end. */
export function errorText(error: KubectlError | StatusError): string {
  if (error instanceof StatusError) return `${statusText(error.status)}\n`
  const message = error.message
  if (message === '') return ''
  const said = /^(error: |Error from server|The |Unable to connect|Error in configuration|pod \S+ terminated \(|\n)/.test(message)
  return `${said ? '' : 'error: '}${message}${message.endsWith('\n') ? '' : '\n'}`
}

/** A refusal of the server, as kubectl words it at the end of a command. */
export function statusText(status: Status): string {
  if (status.reason === 'Invalid') return invalidText(status)
  return serverMessage(status)
}

/** A refusal in one line, as part of a list of errors. */
export function serverMessage(status: Status): string {
  if (status.reason === 'Unauthorized') return `error: You must be logged in to the server (${status.message})`
  return status.reason ? `Error from server (${status.reason}): ${status.message ?? ''}` : `Error from server: ${status.message ?? ''}`
}

function invalidText(status: Status): string {
  const details = status.details
  if (!details) return `The request is invalid${status.message ? `: ${status.message}` : ''}`
  let text = 'The request is invalid'
  const causes = [...new Set((details.causes ?? []).map((cause) => `${cause.field ?? ''}: ${cause.message ?? ''}`))]
  if (details.kind || details.name) text = `The ${details.kind ?? ''} "${details.name ?? ''}" is invalid`
  else if (status.message && causes.length === 0) text += `: ${status.message}`
  if (causes.length === 0) return text
  return causes.length === 1 ? `${text}: ${causes[0]}` : `${text}: \n${causes.map((cause) => `* ${cause}`).join('\n')}`
}
