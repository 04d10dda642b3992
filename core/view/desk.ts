/**
 * What stands on the person's desk: terminals with what they printed, files of the workstation, results of lines run without a
 * terminal, the lab's progress.
 *
 * Truth: `tty.*`, `file.*`, `exec.*`, `editor.open`, `lab.*` trace events.
 * Omits: a terminal keeps its last 256 KiB.
 */
import type { LabCheck, TraceEvent } from '../sim/trace-event.ts'

export interface TerminalView {
  tty: string
  machine: string
  /** `namespace/name/container`, or ''; the page writes it into the terminal's id after a colon. */
  pod: string
  open: boolean
  exitCode: number
  text: string
  /** Characters printed since the start, those cut off included. */
  printed: number
}

export interface ExecView {
  exec: string
  stdout: string
  stderr: string
  exitCode: number | null
}

export interface StepProgress {
  done: boolean
  open: boolean
  hints: number
  checks: ReadonlyMap<string, { state: LabCheck['state']; seen: string }>
}

const TERMINAL_CHARS_MAX = 262_144

export class DeskFold {
  readonly terminals = new Map<string, TerminalView>()
  readonly files = new Map<string, { machine: string; content: string }>()
  readonly execs = new Map<string, ExecView>()
  readonly steps = new Map<string, StepProgress>()
  /** Requests to open a file in the editor, oldest first. */
  readonly editorRequests: { seq: number; path: string }[] = []
  currentStep = ''

  /** Returns what part of the desk changed. */
  apply(event: TraceEvent, seq: number): 'terminals' | 'output' | 'files' | 'execs' | 'lab' | 'editor' | null {
    switch (event.kind) {
      case 'tty.open': {
        const colon = event.tty.indexOf(':')
        const place = colon < 0 ? '' : event.tty.slice(colon + 1)
        const pod = place.includes('/') ? place : ''
        this.terminals.set(event.tty, { tty: event.tty, machine: event.machine, pod, open: true, exitCode: 0, text: '', printed: 0 })
        return 'terminals'
      }
      case 'tty.out': {
        const terminal = this.terminals.get(event.tty)
        if (terminal === undefined) return null
        terminal.text = (terminal.text + event.text).slice(-TERMINAL_CHARS_MAX)
        terminal.printed += event.text.length
        return 'output'
      }
      case 'tty.close': {
        const terminal = this.terminals.get(event.tty)
        if (terminal === undefined) return null
        terminal.open = false
        terminal.exitCode = event.exitCode
        return 'terminals'
      }
      case 'file.set':
        this.files.set(event.path, { machine: event.machine, content: event.content })
        return 'files'
      case 'file.del':
        this.files.delete(event.path)
        return 'files'
      case 'exec.out': {
        const exec = this.#exec(event.exec)
        exec[event.stream] += event.text
        return 'execs'
      }
      case 'exec.exit':
        this.#exec(event.exec).exitCode = event.exitCode
        return 'execs'
      case 'editor.open':
        this.editorRequests.push({ seq, path: event.path })
        return 'editor'
      case 'lab.check': {
        const step = this.#step(event.step)
        this.steps.set(event.step, { ...step, checks: new Map(step.checks).set(event.check, { state: event.state, seen: event.seen }) })
        return 'lab'
      }
      case 'lab.step': {
        const step = this.#step(event.step)
        if (event.state === 'hint') this.steps.set(event.step, { ...step, hints: event.hints })
        else if (event.state === 'done') this.steps.set(event.step, { ...step, done: true })
        else {
          this.steps.set(event.step, { ...step, open: true })
          this.currentStep = event.step
        }
        return 'lab'
      }
      default:
        return null
    }
  }

  #exec(id: string): ExecView {
    let exec = this.execs.get(id)
    if (exec === undefined) {
      exec = { exec: id, stdout: '', stderr: '', exitCode: null }
      this.execs.set(id, exec)
    }
    return exec
  }

  /** Steps are replaced, never changed, so that a screen can tell by identity what is new. */
  #step(id: string): StepProgress {
    return this.steps.get(id) ?? { done: false, open: false, hints: 0, checks: new Map() }
  }
}
