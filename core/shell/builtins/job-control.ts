/** `jobs`, `fg`, `bg`, `wait`, `kill`, `disown`. bash(1) JOB CONTROL. */
import { strerror } from '../../base/errno.ts'
import { parseSignal, SIGNAL_NAMES, type SignalName, signalNumber } from '../../linux/signal-name.ts'
import type { Process } from '../../linux/process.ts'
import { firstOf, type Wait } from '../../linux/wait.ts'
import { waitForeground } from '../foreground.ts'
import { type Job, jobLine, jobState } from '../jobs.ts'
import type { Shell } from '../shell.ts'
import { listSignals } from './trap.ts'

export function jobsBuiltin(shell: Shell, argv: readonly string[]): number {
  const pids = argv.includes('-l')
  for (const job of shell.jobs.all()) {
    const state = jobState(job)
    if ((argv.includes('-r') && state !== 'Running') || (argv.includes('-s') && state !== 'Stopped')) continue
    shell.proc.print(argv.includes('-p') ? `${job.processes[0].localPid}\n` : jobLine(shell.jobs, job, pids))
    if (state === 'Done') shell.jobs.remove(job)
    else job.reported = state
  }
  return 0
}

function jobArgument(shell: Shell, name: string, spec: string | undefined): Job | null {
  const job = shell.jobs.find(spec ?? '')
  if (!job) shell.complain(`${name}: ${spec ?? 'current'}: no such job`)
  return job
}

export function* fg(shell: Shell, argv: readonly string[]): Generator<Wait, number> {
  if (!shell.options.monitor) return shell.complain('fg: no job control')
  const job = jobArgument(shell, 'fg', argv[1])
  if (!job) return 1
  shell.proc.print(`${job.command}\n`)
  shell.jobs.touch(job)
  if (shell.proc.tty) shell.proc.tty.foreground = job.pgid
  shell.proc.machine.signalGroup(job.pgid, 'SIGCONT')
  // SIGCONT arrives in an event of its own: until then they still look stopped.
  yield* shell.proc.work(1)
  const status = yield* waitForeground(shell, job.processes, job.command)
  if (jobState(job) === 'Done') shell.jobs.remove(job)
  return status
}

export function* bg(shell: Shell, argv: readonly string[]): Generator<Wait, number> {
  if (!shell.options.monitor) return shell.complain('bg: no job control')
  const job = jobArgument(shell, 'bg', argv[1])
  if (!job) return 1
  if (jobState(job) === 'Running') return shell.complain(`bg: job ${job.number} already in background`, 0)
  shell.proc.print(`[${job.number}]${shell.jobs.mark(job)} ${job.command} &\n`)
  job.reported = 'Running'
  shell.proc.machine.signalGroup(job.pgid, 'SIGCONT')
  yield* shell.proc.work(1)
  return 0
}

export function disown(shell: Shell, argv: readonly string[]): number {
  const job = jobArgument(shell, 'disown', argv[1])
  if (!job) return 1
  shell.jobs.remove(job)
  return 0
}

export function* waitForJobs(shell: Shell, argv: readonly string[]): Generator<Wait, number> {
  const words = argv.slice(1)
  if (words[0] === '-n') return yield* waitForAny(shell)
  if (words.length === 0) {
    for (const job of shell.jobs.all()) {
      const status = yield* waitForAll(shell, job.processes)
      if (status !== null) return status
      shell.jobs.remove(job)
    }
    return 0
  }
  let status = 0
  for (const word of words) {
    const known = /^\d+$/.test(word) ? shell.jobs.finished.get(Number(word)) : undefined
    const job = word.startsWith('%') ? shell.jobs.find(word) : shell.jobs.ofProcess(Number(word))
    if (job) {
      const interrupted = yield* waitForAll(shell, job.processes)
      if (interrupted !== null) return interrupted
      status = job.processes[job.processes.length - 1].exitCode ?? 0
      shell.jobs.remove(job)
    } else if (known !== undefined) status = known
    else if (word.startsWith('%')) status = shell.complain(`wait: ${word}: no such job`, 127)
    else if (/^\d+$/.test(word)) status = shell.complain(`wait: pid ${word} is not a child of this shell`, 127)
    else status = shell.complain(`wait: \`${word}': not a pid or valid job spec`)
  }
  return status
}

/** Null when all ended; 128 + n when a signal with a trap came first. */
function* waitForAll(shell: Shell, processes: readonly Process[]): Generator<Wait, number | null> {
  for (;;) {
    const living = processes.filter((proc) => proc.exitCode === null)
    if (living.length === 0) return null
    if (shell.pendingTraps.length > 0) return 128 + signalNumber(shell.pendingTraps[0])
    if (shell.flow) return 130
    yield* shell.pause(firstOf(...living.map((proc) => proc.changed.wait)))
  }
}

function* waitForAny(shell: Shell): Generator<Wait, number> {
  for (;;) {
    const jobs = shell.jobs.all()
    if (jobs.length === 0) return 127
    const done = jobs.find((job) => jobState(job) === 'Done')
    if (done) {
      shell.jobs.remove(done)
      return done.processes[done.processes.length - 1].exitCode ?? 0
    }
    if (shell.pendingTraps.length > 0 || shell.flow) return 130
    yield* shell.pause(firstOf(...jobs.flatMap((job) => job.processes.map((proc) => proc.changed.wait))))
  }
}

export function* kill(shell: Shell, argv: readonly string[]): Generator<Wait, number> {
  const status = sendSignals(shell, argv)
  // What it sent to itself arrives before the next command.
  yield* shell.proc.work(0)
  return status
}

function sendSignals(shell: Shell, argv: readonly string[]): number {
  let name: SignalName = 'SIGTERM'
  let at = 1
  const option = argv[1] ?? ''
  if (option === '-l' || option === '-L') return listOf(shell, argv.slice(2))
  if (option === '-s' || option === '-n') {
    const parsed = parseSignal(argv[2] ?? '')
    if (!parsed) return shell.complain(`kill: ${argv[2]}: invalid signal specification`)
    name = parsed
    at = 3
  } else if (/^-./.test(option) && option !== '--') {
    const parsed = parseSignal(option.slice(1))
    if (!parsed && option !== '-0') return shell.complain(`kill: ${option.slice(1)}: invalid signal specification`)
    if (option === '-0') return probe(shell, argv.slice(2))
    name = parsed as SignalName
    at = 2
  }
  if (argv[at] === '--') at += 1
  if (at >= argv.length) {
    shell.proc.error('kill: usage: kill [-s sigspec | -n signum | -sigspec] pid | jobspec ... or kill -l [sigspec]\n')
    return 2
  }
  let status = 0
  for (const word of argv.slice(at)) if (!killOne(shell, word, name)) status = 1
  return status
}

function killOne(shell: Shell, word: string, name: SignalName): boolean {
  const { machine, context } = shell.proc
  if (word.startsWith('%')) {
    const job = shell.jobs.find(word)
    if (!job) {
      shell.complain(`kill: ${word}: no such job`)
      return false
    }
    if (shell.options.monitor) machine.signalGroup(job.pgid, name)
    else for (const proc of job.processes) proc.signal(name)
    // A stopped job must run to die.
    if (name === 'SIGTERM' || name === 'SIGHUP') machine.signalGroup(job.pgid, 'SIGCONT')
    return true
  }
  if (!/^-?\d+$/.test(word)) {
    shell.complain(`kill: ${word}: arguments must be process or job IDs`)
    return false
  }
  const pid = Number(word)
  const targets = pid < 0 ? machine.group(-pid) : [machine.findProcess(context, pid)].filter((proc) => proc !== undefined)
  if (targets.length === 0) shell.complain(`kill: (${word}) - ${strerror('ESRCH')}`)
  for (const proc of targets) proc.signal(name, shell.proc)
  return targets.length > 0
}

/** `kill -0`: is it there? */
function probe(shell: Shell, pids: readonly string[]): number {
  const { machine, context } = shell.proc
  let status = 0
  for (const word of pids) if (!machine.findProcess(context, Number(word))) status = shell.complain(`kill: (${word}) - ${strerror('ESRCH')}`)
  return status
}

function listOf(shell: Shell, words: readonly string[]): number {
  if (words.length === 0) shell.proc.print(listSignals())
  for (const word of words) {
    // An exit status of a killed process works, too.
    const number = /^\d+$/.test(word) ? Number(word) & 127 : null
    const name = number === null ? parseSignal(word) : SIGNAL_NAMES.find((each) => signalNumber(each) === number)
    if (!name) return shell.complain(`kill: ${word}: invalid signal specification`)
    shell.proc.print(number === null ? `${signalNumber(name)}\n` : `${name.slice(3)}\n`)
  }
  return 0
}
