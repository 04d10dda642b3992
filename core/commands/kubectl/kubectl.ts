/**
 * kubectl: finds the command on its line, runs it against the API, words its errors. One command per file in `commands/`; what it
 * prints is in `print/` and `describe/`.
 *
 * Truth: k8s.io/kubectl (the command tree, texts and layouts of 1.27 to 1.36, recorded from the real binaries where they answer
 * without a cluster). `creationTimestamp: null` and `pod "x" deleted` are as up to 1.33.
 * Omits: plugins, proxy, kustomize, cp, certificate, auth reconcile, alpha, kuberc, diff of several context lines through an external program,
 * authentication (everybody is `kubernetes-admin`).
 */
import type { ApiClient } from '../../api/client/api-client.ts'
import { StatusError } from '../../api/meta/status.ts'
import type { Process } from '../../linux/process.ts'
import type { Executable } from '../../linux/program.ts'
import { completeWord } from './complete-line.ts'
import { parseLine } from './command-line.ts'
import { helpText } from './help.ts'
import { Invocation } from './invocation.ts'
import { errorText, KubectlError } from './kubectl-error.ts'
import { rootCommand } from './root-command.ts'

/** A client for the process's kubeconfig, or the line to print when there is no server to talk to. */
export type Connect = (proc: Process) => ApiClient | string

/** Start of the program, reading of the kubeconfig, TLS handshake: what a run costs before its first request. */
const startUs = 30_000

export function kubectl(connect: Connect): Executable {
  return {
    *program(proc, argv) {
      try {
        const line = parseLine(rootCommand, argv.slice(1))
        if (line.help || !line.command.run) {
          proc.print(helpText(line.command, line.path))
          return line.help || line.command === rootCommand ? 0 : 1
        }
        yield* proc.work(startUs)
        return yield* line.command.run(new Invocation(proc, connect, line))
      } catch (error) {
        if (!(error instanceof KubectlError) && !(error instanceof StatusError)) throw error
        proc.error(errorText(error))
        return error instanceof KubectlError ? error.exitCode : 1
      }
    },
    complete: (proc, words, index) => completeWord(proc, connect, words, index),
  }
}
