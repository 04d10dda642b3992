/** Waiting for the processes of a pipeline in the foreground: whose keyboard it is, who was stopped, what killed them. */
import type { Process } from '../linux/process.ts'
import { type SignalName, signalText } from '../linux/signal-name.ts'
import { firstOf, type Wait } from '../linux/wait.ts'
import { jobLine, type Job } from './jobs.ts'
import type { Shell } from './shell.ts'

/** Waits for all of them; the status is the last one's (or, with pipefail, the last failure's). */
export function* waitForeground(shell: Shell, processes: readonly Process[], source: string): Generator<Wait, number> {
  const { tty } = shell.proc
  const controls = shell.options.monitor && tty !== null
  if (controls) tty.foreground = processes[0].pgid
  const stopped = yield* untilOverOrStopped(shell, processes)
  if (controls) takeTerminal(shell)
  if (stopped) {
    const job = shell.jobs.ofProcess(processes[0].localPid) ?? shell.jobs.add(processes, source, false)
    return suspended(shell, job)
  }
  shell.pipeStatus = processes.map((proc) => proc.exitCode ?? 0)
  const last = processes[processes.length - 1]
  reportDeath(shell, last, source)
  if (shell.interactive && processes.some((proc) => proc.exitSignal === 'SIGINT')) shell.flow ??= { kind: 'interrupt' }
  if (shell.options.pipefail) return [...shell.pipeStatus].reverse().find((code) => code !== 0) ?? 0
  return last.exitCode ?? 0
}

/** True when they were stopped instead. */
function* untilOverOrStopped(shell: Shell, processes: readonly Process[]): Generator<Wait, boolean> {
  for (;;) {
    const living = processes.filter((proc) => proc.exitCode === null)
    if (living.length === 0) return false
    if (shell.options.monitor && living.every((proc) => proc.stopped)) return true
    yield firstOf(...living.map((proc) => proc.changed.wait))
  }
}

function suspended(shell: Shell, job: Job): number {
  shell.jobs.touch(job)
  job.foreground = false
  job.reported = 'Stopped'
  shell.proc.error(`\n${jobLine(shell.jobs, job)}`)
  // The rest of the line is given up, as after ^C, but with the status of SIGTSTP.
  shell.flow ??= { kind: 'abort' }
  return 148
}

/** The keyboard is the shell's again, and cooked, whatever the last program left behind. */
export function takeTerminal(shell: Shell): void {
  const { tty } = shell.proc
  if (!tty) return
  tty.foreground = shell.proc.pgid
  tty.raw = false
  tty.echo = true
}

function reportDeath(shell: Shell, proc: Process, source: string): void {
  const signal = proc.exitSignal as SignalName | ''
  if (signal === '' || signal === 'SIGPIPE') return
  if (signal === 'SIGINT') {
    if (shell.interactive) shell.proc.error('\n')
    return
  }
  if (shell.subshellLevel > 0) return
  // bash leaves the place out for SIGTERM, even in scripts.
  const what = shell.interactive || signal === 'SIGTERM' ? signalText(signal) : `${shell.prefix}${String(proc.localPid).padStart(5)} ${signalText(signal).padEnd(23)} ${source}`
  shell.proc.error(`${what}\n`)
}
