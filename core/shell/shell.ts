/**
 * The state of one shell: what XCU 2.12 calls its execution environment. A subshell is a real process with a copy of it.
 * The language that runs on this state is in interpreter.ts, expansion.ts and builtins/.
 */
import type { Process } from '../linux/process.ts'
import type { SignalName } from '../linux/signal-name.ts'
import { firstOf, type Wait, WaitQueue } from '../linux/wait.ts'
import type { Assignment, FunctionCommand } from './ast.ts'
import { Jobs } from './jobs.ts'
import { newVariable, Variables } from './variables.ts'

/** `break`, `return` and their kin on their way up: the interpreter looks after each command. */
export type Flow =
  | { kind: 'break' | 'continue'; levels: number }
  | { kind: 'return' | 'exit' }
  /** A mistake that ends the line (interactive) or the shell. */
  | { kind: 'abort' }
  /** ^C. */
  | { kind: 'interrupt' }

export interface ShellOptions {
  allexport: boolean
  errexit: boolean
  noclobber: boolean
  noexec: boolean
  noglob: boolean
  nounset: boolean
  pipefail: boolean
  verbose: boolean
  xtrace: boolean
  monitor: boolean
  history: boolean
}

export type OptionName = keyof ShellOptions

export const OPTION_LETTERS: readonly (readonly [string, OptionName])[] = [
  ['a', 'allexport'], ['C', 'noclobber'], ['e', 'errexit'], ['f', 'noglob'], ['m', 'monitor'], ['n', 'noexec'], ['u', 'nounset'], ['v', 'verbose'],
  ['x', 'xtrace'],
]

export const BASH_VERSION = '5.2.15(1)-release'
/** A builtin takes this long on a machine of our time; it is charged in lumps so that endless loops pass time. */
const BUILTIN_US = 5
const LUMP_US = 1000
/** Commands inside of commands: each level costs a dozen frames of the host's stack, of which it has a megabyte. */
export const COMMAND_DEPTH_MAX = 300

export class Shell {
  readonly proc: Process
  /** 'sh' is the POSIX shell of small images: the same language with other words in its messages and prompt. */
  readonly dialect: 'bash' | 'sh'
  variables = new Variables()
  positional: string[] = []
  /** $0. */
  name: string
  readonly functions = new Map<string, FunctionCommand>()
  readonly aliases = new Map<string, string>()
  readonly options: ShellOptions = {
    allexport: false, errexit: false, noclobber: false, noexec: false, noglob: false, nounset: false, pipefail: false, verbose: false,
    xtrace: false, monitor: false, history: false,
  }
  readonly shopt = new Map<string, boolean>([
    ['dotglob', false], ['expand_aliases', false], ['extglob', true], ['failglob', false], ['globstar', false], ['inherit_errexit', false],
    ['lastpipe', false], ['nocaseglob', false], ['nocasematch', false], ['nullglob', false], ['checkwinsize', true], ['cmdhist', true],
    ['histappend', false], ['sourcepath', true],
  ])
  /** Text by condition: a signal's name, EXIT, ERR, DEBUG, RETURN; '' ignores. */
  readonly traps = new Map<string, string>()
  readonly pendingTraps: SignalName[] = []
  readonly jobs = new Jobs()
  readonly directoryStack: string[] = []
  /** Lines typed, oldest first; kept by the interactive loop. */
  readonly history: string[] = []
  interactive = false
  /** The interactive loop runs a command now: ^C is for that, not for the line editor. */
  running = false
  /** `exit` has warned of stopped jobs: the next one is meant. */
  exitWarned = false
  /** The signal that the shell dies of once its EXIT trap has run. */
  fatalSignal: SignalName | null = null
  /** Puts back what the interactive loop does about a signal. */
  restoreInteractiveSignal: ((name: SignalName) => void) | null = null
  login = false
  status = 0
  pipeStatus: number[] = [0]
  lastBackgroundPid = 0
  /** $_ */
  lastArgument = ''
  line = 1
  flow: Flow | null = null
  /** Above zero where `set -e` has no say: conditions, `!`, all but the last of `&&` and `||`. */
  conditionDepth = 0
  commandDepth = 0
  functionNames: string[] = []
  sourceDepth = 0
  loopDepth = 0
  subshellLevel = 0
  inTrap = false
  /** Status of the last command substitution, for `x=$(…)`. */
  substitutionStatus: number | null = null
  getoptsAt = 1
  /** `name=(…)` among the arguments of a declaring builtin, by their place. */
  readonly arrayArguments = new Map<number, Assignment>()
  /** Descriptors of process substitutions, closed after the command. */
  readonly openSubstitutions: number[] = []
  readonly startedUs: number
  /** $$: a subshell keeps that of its parent. */
  mainPid: number
  /** Woken when a signal came that the shell handles. */
  readonly signalled = new WaitQueue()
  #chargedUs = 0

  constructor(proc: Process, dialect: 'bash' | 'sh') {
    this.proc = proc
    this.dialect = dialect
    this.name = proc.argv[0] ?? dialect
    this.startedUs = proc.world.clock.nowUs
    this.mainPid = proc.localPid
  }

  /** Variables of a shell that was started, not forked. */
  importEnvironment(): void {
    for (const [name, value] of this.proc.env) {
      if (!/^[A-Za-z_]\w*$/.test(name)) continue
      const variable = newVariable()
      variable.value = value
      variable.exported = true
      this.variables.replace(name, variable)
    }
    const set = (name: string, value: string): void => this.variables.set(name, value)
    set('IFS', ' \t\n')
    set('OPTIND', '1')
    set('PS4', '+ ')
    this.#exported('PWD', this.proc.cwd)
    this.#exported('SHLVL', String((Number(this.variables.get('SHLVL') ?? '0') || 0) + 1))
    if (this.variables.get('OLDPWD') === undefined) this.variables.make('OLDPWD').exported = true
    if (this.dialect === 'sh') return
    set('BASH', '/bin/bash')
    set('BASH_VERSION', BASH_VERSION)
    const versions = this.variables.make('BASH_VERSINFO')
    versions.kind = 'indexed'
    versions.value = new Map([[0, '5'], [1, '2'], [2, '15'], [3, '1'], [4, 'release'], [5, 'x86_64-pc-linux-gnu']])
    set('HOSTNAME', this.proc.context.hostname)
    set('HOSTTYPE', 'x86_64')
    set('MACHTYPE', 'x86_64-pc-linux-gnu')
    set('OSTYPE', 'linux-gnu')
    set('OPTERR', '1')
    for (const [name, value] of [['UID', '0'], ['EUID', '0'], ['PPID', String(this.proc.ppid)]]) {
      set(name, value)
      this.variables.make(name).readonly = true
    }
  }

  #exported(name: string, value: string): void {
    this.variables.set(name, value)
    this.variables.make(name).exported = true
  }

  /** The environment of a subshell, for its own process. */
  fork(proc: Process): Shell {
    const child = new Shell(proc, this.dialect)
    child.variables = this.variables.clone()
    child.positional = [...this.positional]
    child.name = this.name
    for (const [name, body] of this.functions) child.functions.set(name, body)
    for (const [name, text] of this.aliases) child.aliases.set(name, text)
    for (const [name, on] of this.shopt) child.shopt.set(name, on)
    Object.assign(child.options, this.options, { monitor: false })
    for (const [name, text] of this.traps) if (text === '') child.traps.set(name, text)
    child.directoryStack.push(...this.directoryStack)
    child.history.push(...this.history)
    child.status = this.status
    child.pipeStatus = this.pipeStatus
    child.lastBackgroundPid = this.lastBackgroundPid
    child.lastArgument = this.lastArgument
    child.line = this.line
    child.conditionDepth = this.conditionDepth
    child.functionNames = [...this.functionNames]
    child.sourceDepth = this.sourceDepth
    child.loopDepth = this.loopDepth
    child.subshellLevel = this.subshellLevel + 1
    child.mainPid = this.mainPid
    child.getoptsAt = this.getoptsAt
    proc.cwd = this.proc.cwd
    proc.umask = this.proc.umask
    return child
  }

  /** What stands before a message: `bash: line 3: `, `./x.sh: line 3: `, in a terminal only `bash: `. */
  get prefix(): string {
    if (this.dialect === 'sh') return `${this.name.replace(/^-/, '')}: `
    const name = this.interactive ? 'bash' : this.name
    return this.interactive && this.sourceDepth === 0 ? `${name}: ` : `${name}: line ${this.line}: `
  }

  /** Complains and returns `status`. */
  complain(message: string, status = 1): number {
    this.proc.error(`${this.prefix}${message}\n`)
    return status
  }

  /** Complains about a place in a text: `bash: -c: line 2: …`, `bash: eval: line 1: …`. */
  complainAt(what: string, message: string): void {
    const { prefix } = this
    const at = prefix.indexOf(': ') + 2
    this.proc.error(`${prefix.slice(0, at)}${this.interactive && what === '' ? '' : what}${prefix.slice(at)}${message}\n`)
  }

  /** A mistake after which the line (or the whole script) cannot go on. */
  abort(message: string, status = 1): void {
    if (this.flow) return
    this.complain(message)
    this.status = status
    this.flow = { kind: 'abort' }
  }

  exit(status: number): void {
    this.status = status & 0xff
    this.flow = { kind: 'exit' }
  }

  /** Counts the time of a builtin, and lets it pass when enough has come together. */
  *charge(): Generator<Wait, void> {
    this.#chargedUs += BUILTIN_US
    if (this.#chargedUs < LUMP_US) return
    const us = this.#chargedUs
    this.#chargedUs = 0
    yield* this.proc.work(us)
  }

  /** Waits for `wait` or for a signal that the shell has to handle. */
  *pause(wait: Wait): Generator<Wait, void> {
    if (this.pendingTraps.length === 0 && this.flow === null) yield firstOf(wait, this.signalled.wait)
    else yield wait
  }

  /** $- */
  optionLetters(): string {
    const letters = OPTION_LETTERS.filter(([, name]) => this.options[name]).map(([letter]) => letter)
    return [...letters, 'h', ...(this.interactive ? ['i'] : []), 'B'].join('')
  }
}
