/** Jobs: pipelines that the shell started and still knows. bash(1) JOB CONTROL. */
import type { Process } from '../linux/process.ts'
import { type SignalName, signalText } from '../linux/signal-name.ts'

export interface Job {
  readonly number: number
  readonly pgid: number
  readonly processes: readonly Process[]
  readonly command: string
  /** What the prompt has told of it: a change since then is news. */
  reported: string
  foreground: boolean
}

export class Jobs {
  readonly #jobs = new Map<number, Job>()
  /** Most recent last: `%+` is the last, `%-` the one before. */
  #recent: number[] = []
  /** Exit codes of background processes that ended and whose job is gone, for `wait PID`. */
  readonly finished = new Map<number, number>()

  add(processes: readonly Process[], command: string, foreground: boolean): Job {
    let number = 1
    while (this.#jobs.has(number)) number += 1
    const job: Job = { number, pgid: processes[0].pgid, processes, command, reported: 'Running', foreground }
    this.#jobs.set(number, job)
    this.touch(job)
    return job
  }

  /** Makes it the current job. */
  touch(job: Job): void {
    this.#recent = [...this.#recent.filter((number) => number !== job.number), job.number]
  }

  remove(job: Job): void {
    this.#jobs.delete(job.number)
    this.#recent = this.#recent.filter((number) => number !== job.number)
    for (const proc of job.processes) if (proc.exitCode !== null) this.finished.set(proc.localPid, proc.exitCode)
  }

  all(): Job[] {
    return [...this.#jobs.values()].sort((a, b) => a.number - b.number)
  }

  /** `+`, `-` or a blank. */
  mark(job: Job): string {
    const at = this.#recent.indexOf(job.number)
    return at === this.#recent.length - 1 ? '+' : at === this.#recent.length - 2 ? '-' : ' '
  }

  /** `%1`, `%+`, `%%`, `%-`, `%name`, `%?text`, or '' for the current one. */
  find(spec: string): Job | null {
    const text = spec.replace(/^%/, '')
    const recent = (back: number): Job | null => this.#jobs.get(this.#recent[this.#recent.length - back] ?? 0) ?? null
    if (text === '' || text === '+' || text === '%') return recent(1)
    if (text === '-') return recent(2) ?? recent(1)
    if (/^\d+$/.test(text)) return this.#jobs.get(Number(text)) ?? null
    const wanted = text.startsWith('?') ? (job: Job) => job.command.includes(text.slice(1)) : (job: Job) => job.command.startsWith(text)
    return this.all().find(wanted) ?? null
  }

  ofProcess(pid: number): Job | null {
    return this.all().find((job) => job.processes.some((proc) => proc.localPid === pid)) ?? null
  }
}

export type JobState = 'Running' | 'Stopped' | 'Done'

export function jobState(job: Job): JobState {
  if (job.processes.every((proc) => proc.exitCode !== null)) return 'Done'
  return job.processes.every((proc) => proc.exitCode !== null || proc.stopped) ? 'Stopped' : 'Running'
}

/** `Done`, `Exit 3`, `Terminated`, … */
export function jobStateText(job: Job): string {
  const state = jobState(job)
  if (state !== 'Done') return state
  const last = job.processes[job.processes.length - 1]
  if (last.exitSignal !== '') return signalText(last.exitSignal as SignalName)
  return last.exitCode === 0 ? 'Done' : `Exit ${last.exitCode}`
}

/** A line of `jobs`. */
export function jobLine(jobs: Jobs, job: Job, pids = false): string {
  const state = jobStateText(job)
  const tail = state === 'Running' ? ' &' : ''
  const pid = pids ? `${job.processes[0].localPid} ` : ''
  return `[${job.number}]${jobs.mark(job)}  ${pid}${state.padEnd(24)}${job.command}${tail}\n`
}
