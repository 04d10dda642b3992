/**
 * The terminal between a person and a process in a container: `exec` and `attach`. Standard input goes there as it comes, a terminal
 * is raw meanwhile, and its size follows.
 *
 * Truth: k8s.io/kubectl/pkg/cmd/exec (StreamOptions, SetupTTY), pkg/util/term.
 * Omits: detach keys.
 */
import type { ExecHandlers, ExecOptions, ExecSession } from '../../api/server/kubelet-endpoint.ts'
import type { Wait } from '../../linux/wait.ts'
import { WaitQueue } from '../../linux/wait.ts'
import type { Invocation } from './invocation.ts'
import { KubectlError } from './kubectl-error.ts'

export interface StreamResult {
  code: number
  /** Why it never began, or ''. */
  message: string
}

export function* streamSession(
  kube: Invocation,
  options: { stdin: boolean; tty: boolean; quiet: boolean; hint: boolean },
  open: (options: ExecOptions, handlers: ExecHandlers) => ExecSession,
): Generator<Wait, StreamResult, unknown> {
  const { proc } = kube
  const terminal = options.stdin && options.tty ? (proc.fds.get(0)?.tty ?? null) : null
  if (options.stdin && options.tty && !terminal && !options.quiet)
    kube.error('Unable to use a TTY - input is not a terminal or the right kind of file\n')
  const over = new WaitQueue()
  const outcome: { result: StreamResult | null } = { result: null }
  const session = open(
    { stdin: options.stdin, tty: terminal !== null, ...(terminal ? { columns: terminal.columns, rows: terminal.rows } : {}) },
    {
      stdout: (text) => proc.print(text),
      stderr: (text) => (terminal ? proc.print(text) : proc.error(text)),
      exit: (code, message) => {
        outcome.result = { code, message: message ?? '' }
        over.wake()
      },
    },
  )
  if (options.hint && !options.quiet) kube.error("If you don't see a command prompt, try pressing enter.\n")
  const wasRaw = terminal?.raw ?? false
  if (terminal) {
    terminal.raw = true
    proc.onSignal('SIGWINCH', () => session.resize(terminal.columns, terminal.rows))
  }
  const reader = options.stdin
    ? proc.thread(function* (thread) {
        for (;;) {
          const text = yield* thread.read(0)
          if (outcome.result) return
          if (text === null) {
            session.closeStdin()
            return
          }
          session.write(text)
        }
      })
    : null
  try {
    while (!outcome.result) {
      yield over.wait
      yield* proc.flush()
    }
    return outcome.result
  } finally {
    if (!outcome.result) session.kill()
    if (terminal) {
      terminal.raw = wasRaw
      proc.onSignal('SIGWINCH', 'default')
    }
    if (reader?.alive) reader.terminate(0, '')
  }
}

/** The end of a session as kubectl reports it. */
export function sessionExit(kube: Invocation, result: StreamResult): number {
  if (result.message !== '') throw new KubectlError(result.message, result.code === 0 ? 1 : Math.min(255, result.code))
  if (result.code !== 0) kube.error(`command terminated with exit code ${result.code}\n`)
  return result.code
}
