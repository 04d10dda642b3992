/**
 * The interactive shell: prompt, line editor, history, news of jobs, ^C. bash(1) INVOCATION, "interactive".
 *
 * Omits: mail checks, ~/.profile of other shells, programmable completion by `complete`.
 */
import { isErrno } from '../base/errno.ts'
import type { SignalName } from '../linux/signal-name.ts'
import type { Wait } from '../linux/wait.ts'
import { shellCandidates } from './completion.ts'
import { LineEditor } from './editor/line-editor.ts'
import { takeTerminal } from './foreground.ts'
import { expandHistory, loadHistory, remember } from './history.ts'
import { aliasesOf, runList, runText, runTraps } from './interpreter.ts'
import { jobLine, jobState } from './jobs.ts'
import { Parser } from './parser.ts'
import { COLOUR_PS1, DEFAULT_PS1, expandPrompt, SH_PS1 } from './prompt.ts'
import type { Shell } from './shell.ts'
import { runScript, sourceFile, syntaxError } from './shell-program.ts'
import { SyntaxFailure } from './word-parser.ts'

/** Signals that an interactive shell lives through; its children get the default back. */
const SURVIVED: readonly SignalName[] = ['SIGTERM', 'SIGQUIT', 'SIGTSTP', 'SIGTTIN', 'SIGTTOU']

export function* runInteractive(shell: Shell, norc: boolean): Generator<Wait, number> {
  const file = shell.proc.fds.get(0)
  const tty = file?.tty ?? null
  shell.interactive = true
  if (!file || !tty) return yield* runScript(shell, yield* shell.proc.readAll(0), '')
  shell.options.monitor = shell.proc.tty === tty
  shell.options.history = true
  setSignals(shell)
  takeTerminal(shell)
  const ps1 = shell.dialect === 'sh' ? SH_PS1 : tty.term.startsWith('xterm') ? COLOUR_PS1 : DEFAULT_PS1
  if (shell.variables.get('PS1') === undefined) shell.variables.set('PS1', ps1)
  shell.variables.set('PS2', '> ')
  loadHistory(shell)
  if (!norc) yield* startUpFiles(shell)
  const editor = new LineEditor({
    tty,
    file,
    write: (text) => shell.proc.write(2, text),
    history: shell.history,
    complete: (line) => shellCandidates(shell, line),
    signalled: shell.signalled,
  })
  return yield* promptLoop(shell, editor)
}

function setSignals(shell: Shell): void {
  for (const name of SURVIVED) shell.proc.onSignal(name, () => {})
  const onInterrupt = (): void => {
    if (shell.running && !shell.flow) {
      shell.proc.error('\n')
      shell.flow = { kind: 'interrupt' }
    }
    shell.signalled.wake()
  }
  const onHangup = (): void => {
    for (const job of shell.jobs.all()) shell.proc.machine.signalGroup(job.pgid, 'SIGHUP')
    shell.proc.exit(129)
  }
  shell.restoreInteractiveSignal = (name) => {
    if (name === 'SIGINT') shell.proc.onSignal(name, onInterrupt)
    else if (name === 'SIGHUP') shell.proc.onSignal(name, onHangup)
    else if (name === 'SIGWINCH') shell.proc.onSignal(name, () => shell.signalled.wake())
    else shell.proc.onSignal(name, SURVIVED.includes(name) ? () => {} : 'default')
  }
  for (const name of ['SIGINT', 'SIGHUP', 'SIGWINCH'] as const) shell.restoreInteractiveSignal(name)
}

function* startUpFiles(shell: Shell): Generator<Wait, void> {
  const home = shell.variables.get('HOME') ?? '/root'
  const files = shell.login ? ['/etc/profile', `${home}/.bash_profile`, `${home}/.profile`] : []
  if (shell.dialect === 'bash') files.push(`${home}/.bashrc`)
  for (const path of files) {
    const text = shell.proc.fs.read(path)
    if (isErrno(text)) continue
    yield* sourceFile(shell, text)
    if (shell.flow?.kind !== 'exit') shell.flow = null
  }
}

function* promptLoop(shell: Shell, editor: LineEditor): Generator<Wait, number> {
  while (!shell.flow) {
    reportJobs(shell)
    const command = shell.variables.get('PROMPT_COMMAND')
    if (command) yield* guarded(shell, () => runText(shell, command, ''))
    let text = ''
    let prompt = expandPrompt(shell, shell.variables.get('PS1') ?? '')
    for (;;) {
      const result = yield* editor.readLine(prompt)
      if (shell.pendingTraps.length > 0) yield* runTraps(shell)
      if (result.kind === 'hangup') return shell.status
      if (result.kind === 'interrupt') {
        shell.status = 130
        break
      }
      if (result.kind === 'eof') {
        if (text !== '') {
          shell.complain('unexpected EOF', 2)
          break
        }
        if (leaves(shell)) return shell.status
        break
      }
      const line = historyExpanded(shell, result.text)
      if (line === null) break
      text += `${line}\n`
      if (isIncomplete(shell, text)) {
        prompt = expandPrompt(shell, shell.variables.get('PS2') ?? '')
        continue
      }
      remember(shell, text)
      shell.exitWarned &&= /^\s*(?:exit|logout)\b/.test(text)
      yield* guarded(shell, () => runLines(shell, text))
      break
    }
  }
  return shell.status
}

/** ^D on an empty line. */
function leaves(shell: Shell): boolean {
  shell.proc.error(shell.login ? 'logout\n' : 'exit\n')
  const stopped = shell.jobs.all().some((job) => jobState(job) === 'Stopped')
  if (!stopped || shell.exitWarned) return true
  shell.exitWarned = true
  shell.proc.error('There are stopped jobs.\n')
  return false
}

function historyExpanded(shell: Shell, line: string): string | null {
  if (shell.dialect === 'sh') return line
  const expanded = expandHistory(shell, line)
  if ('missing' in expanded) {
    shell.complain(`${expanded.missing}: event not found`)
    return null
  }
  if (expanded.changed) shell.proc.error(`${expanded.text}\n`)
  return expanded.text
}

function isIncomplete(shell: Shell, text: string): boolean {
  if (/(?:^|[^\\])(?:\\\\)*\\\n$/.test(text)) return true
  const parser = new Parser(text, { aliases: () => aliasesOf(shell) })
  for (;;) {
    const list = parser.next()
    if (list === null) return false
    if (list instanceof SyntaxFailure) return list.incomplete
  }
}

function* runLines(shell: Shell, text: string): Generator<Wait, number> {
  const parser = new Parser(text, { aliases: () => aliasesOf(shell), final: true })
  for (;;) {
    const list = parser.next()
    if (list === null || shell.flow) return shell.status
    if (list instanceof SyntaxFailure) return syntaxError(shell, list, '')
    yield* runList(shell, list)
  }
}

/** Runs something; whatever stopped it, only `exit` ends the shell. */
function* guarded(shell: Shell, body: () => Generator<Wait, number>): Generator<Wait, void> {
  shell.running = true
  yield* body()
  shell.running = false
  const { flow } = shell
  if (flow?.kind === 'interrupt') shell.status = 130
  if (flow?.kind !== 'exit') shell.flow = null
  shell.conditionDepth = 0
  if (shell.pendingTraps.length > 0) yield* runTraps(shell)
}

/** What ended or stopped since the last prompt. */
function reportJobs(shell: Shell): void {
  for (const job of shell.jobs.all()) {
    const state = jobState(job)
    if (state === job.reported && state !== 'Done') continue
    if (state !== 'Running') shell.proc.error(jobLine(shell.jobs, job))
    job.reported = state
    if (state === 'Done') shell.jobs.remove(job)
  }
}
