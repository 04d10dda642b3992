/** Runs the tree: lists, pipelines, compound commands, functions, `set -e`, traps. XCU 2.9. Simple commands are in simple-command.ts. */
import { signalNumber, type SignalName } from '../linux/signal-name.ts'
import type { OpenFile } from '../linux/open-file.ts'
import { Pipe } from '../linux/pipe.ts'
import type { Process } from '../linux/process.ts'
import type { Wait } from '../linux/wait.ts'
import type { AndOr, Command, CompoundCommand, List, Pipeline } from './ast.ts'
import { testCondition } from './condition.ts'
import { expandArithmetic, expandExpression, expandPattern, expandText, expandWords } from './expansion.ts'
import { waitForeground } from './foreground.ts'
import { assign, tryArithmetic } from './parameters.ts'
import { parseScript } from './parser.ts'
import { Pattern } from './pattern.ts'
import { redirect } from './redirection.ts'
import { COMMAND_DEPTH_MAX, type Shell } from './shell.ts'
import { runSimple } from './simple-command.ts'
import { forkCommand, forkList } from './subshell.ts'
import { formatTimes } from './times.ts'
import { VARIABLE_NAME } from './variables.ts'
import { SyntaxFailure } from './word-parser.ts'

export function* runList(shell: Shell, list: List): Generator<Wait, number> {
  for (const each of list) {
    if (shell.flow || shell.options.noexec) break
    if (each.background) runInBackground(shell, each)
    else yield* runAndOr(shell, each)
    if (shell.pendingTraps.length > 0) yield* runTraps(shell)
  }
  return shell.status
}

function runInBackground(shell: Shell, each: AndOr): void {
  const single = each.rest.length === 0 && each.first.commands.length === 1 && !each.first.negate
  const pgid = shell.options.monitor ? 'own' : undefined
  const command = single ? each.first.commands[0] : null
  // Without job control a background command must not steal the keyboard.
  const input = shell.options.monitor ? undefined : withoutInput(shell)
  const proc = command
    ? forkCommand(shell, command, { pgid, fds: input, title: each.source })
    : forkList(shell, [{ ...each, background: false }], { pgid, fds: input, title: each.source })
  input?.get(0)?.close()
  if (!shell.options.monitor) for (const name of ['SIGINT', 'SIGQUIT'] as const) proc.onSignal(name, 'ignore')
  shell.lastBackgroundPid = proc.localPid
  const job = shell.jobs.add([proc], each.source, false)
  if (shell.interactive) shell.proc.error(`[${job.number}] ${proc.localPid}\n`)
  shell.status = 0
}

function withoutInput(shell: Shell): Map<number, OpenFile> | undefined {
  if (!shell.proc.fds.get(0)?.tty) return undefined
  const file = shell.proc.fs.open('/dev/null', { read: true })
  return typeof file === 'string' ? undefined : new Map(shell.proc.fds).set(0, file)
}

function* runAndOr(shell: Shell, each: AndOr): Generator<Wait, number> {
  const last = each.rest.length
  let status = yield* exempt(shell, last > 0, () => runPipeline(shell, each.first))
  for (let i = 0; i < last && !shell.flow; i += 1) {
    const { operator, pipeline } = each.rest[i]
    if ((status === 0) !== (operator === '&&')) continue
    status = yield* exempt(shell, i < last - 1, () => runPipeline(shell, pipeline))
  }
  return status
}

/** Runs `body` where `set -e` has no say. */
export function* exempt(shell: Shell, yes: boolean, body: () => Generator<Wait, number>): Generator<Wait, number> {
  if (!yes) return yield* body()
  shell.conditionDepth += 1
  try {
    return yield* body()
  } finally {
    shell.conditionDepth -= 1
  }
}

function* runPipeline(shell: Shell, pipeline: Pipeline): Generator<Wait, number> {
  const startUs = shell.proc.world.clock.nowUs
  const run = (): Generator<Wait, number> =>
    pipeline.commands.length === 1 ? runCommand(shell, pipeline.commands[0], pipeline.source) : runStages(shell, pipeline)
  let status = pipeline.commands.length === 0 ? 0 : yield* exempt(shell, pipeline.negate, run)
  if (pipeline.timed !== '') shell.proc.error(formatTimes(shell, pipeline.timed, shell.proc.world.clock.nowUs - startUs))
  if (pipeline.negate && (!shell.flow || shell.flow.kind === 'return')) status = status === 0 ? 1 : 0
  shell.status = status
  // A group or loop that failed has had its say inside.
  const { kind } = pipeline.commands[pipeline.commands.length - 1] ?? { kind: 'simple' }
  const answers = pipeline.commands.length > 1 || ['simple', 'subshell', 'arithmetic', 'conditional'].includes(kind)
  if (status !== 0 && !pipeline.negate && answers && shell.conditionDepth === 0 && !shell.flow) yield* failed(shell)
  return shell.status
}

/** A command failed where it counts: the ERR trap, then `set -e`. */
function* failed(shell: Shell): Generator<Wait, void> {
  const { status } = shell
  const trap = shell.traps.get('ERR')
  if (trap && !shell.inTrap) yield* runTrapText(shell, trap)
  shell.status = status
  if (shell.options.errexit && !shell.flow) shell.exit(status)
}

function* runStages(shell: Shell, pipeline: Pipeline): Generator<Wait, number> {
  const processes: Process[] = []
  const { fds } = shell.proc
  const { commands } = pipeline
  const own = shell.options.monitor
  let input = fds.get(0)?.retain()
  for (let i = 0; i < commands.length; i += 1) {
    const stage = new Map(fds)
    if (input) stage.set(0, input)
    const pipe = i < commands.length - 1 ? new Pipe() : null
    if (pipe) {
      stage.set(1, pipe.writeEnd)
      if (pipeline.errorsToo[i]) stage.set(2, pipe.writeEnd)
    }
    const pgid = own ? (processes[0]?.pgid ?? 'own') : undefined
    processes.push(forkCommand(shell, commands[i], { fds: stage, pgid, title: pipeline.source }))
    pipe?.writeEnd.close()
    input?.close()
    input = pipe?.readEnd
  }
  return yield* waitForeground(shell, processes, pipeline.source)
}

/** A command in a process of its own: a program replaces the shell. */
export function* runCommandAsProcess(shell: Shell, command: Command): Generator<Wait, number> {
  if (command.kind !== 'simple') return command.kind === 'subshell' && command.redirects.length === 0 ? yield* runList(shell, command.body) : yield* runCommand(shell, command, '')
  shell.status = yield* runSimple(shell, command, '', true)
  if (shell.status !== 0 && shell.conditionDepth === 0 && !shell.flow) yield* failed(shell)
  return shell.status
}

export function* runCommand(shell: Shell, command: Command, source: string): Generator<Wait, number> {
  if (shell.commandDepth >= COMMAND_DEPTH_MAX) {
    const [name] = shell.functionNames
    shell.abort(`${name === undefined ? '' : `${name}: `}maximum nesting level exceeded (${COMMAND_DEPTH_MAX})`)
    return 1
  }
  shell.commandDepth += 1
  try {
    return yield* runKind(shell, command, source)
  } finally {
    shell.commandDepth -= 1
  }
}

function* runKind(shell: Shell, command: Command, source: string): Generator<Wait, number> {
  switch (command.kind) {
    case 'simple':
      shell.status = yield* runSimple(shell, command, source, false)
      break
    case 'function':
      shell.functions.set(command.name, command)
      shell.status = 0
      break
    default:
      yield* runRedirected(shell, command, source)
  }
  return shell.status
}

function* runRedirected(shell: Shell, command: CompoundCommand, source: string): Generator<Wait, void> {
  shell.line = command.line
  if (command.redirects.length === 0) {
    shell.status = yield* runCompound(shell, command, source)
    return
  }
  const before = shell.openSubstitutions.length
  const restore = yield* redirect(shell, command.redirects)
  if (!restore) {
    if (shell.status === 0 || !shell.flow) shell.status = 1
    return
  }
  try {
    shell.status = yield* runCompound(shell, command, source)
  } finally {
    restore()
    closeSubstitutions(shell, before)
  }
}

export function closeSubstitutions(shell: Shell, from: number): void {
  for (const fd of shell.openSubstitutions.splice(from)) shell.proc.closeFd(fd)
}

function* runCompound(shell: Shell, command: CompoundCommand, source: string): Generator<Wait, number> {
  switch (command.kind) {
    case 'group':
      return yield* runList(shell, command.body)
    case 'subshell': {
      const pgid = shell.options.monitor ? 'own' : undefined
      return yield* waitForeground(shell, [forkList(shell, command.body, { pgid, title: source })], source)
    }
    case 'if': {
      for (const { condition, body } of command.clauses) {
        const status = yield* exempt(shell, true, () => runList(shell, condition))
        if (shell.flow) return status
        if (status === 0) return yield* runList(shell, body)
      }
      shell.status = 0
      return command.otherwise ? yield* runList(shell, command.otherwise) : 0
    }
    case 'loop':
      return yield* runLoop(shell, command)
    case 'for':
      return yield* runFor(shell, command)
    case 'select':
      return shell.complain('select: not supported', 2)
    case 'counting':
      return yield* runCounting(shell, command)
    case 'case':
      return yield* runCase(shell, command)
    case 'arithmetic': {
      if (shell.options.xtrace) shell.proc.error(`${shell.variables.get('PS4') ?? ''}((${command.expression.source}))\n`)
      const text = yield* expandExpression(shell, command.expression)
      if (shell.flow) return 1
      const value = tryArithmetic(shell, text, '((: ')
      return value === null || value === 0n ? 1 : 0
    }
    case 'conditional':
      return yield* testCondition(shell, command.expression)
  }
}

/** After a body: true when the loop ends. Takes `break` and `continue` that are meant for it. */
function loopEnds(shell: Shell): boolean {
  const { flow } = shell
  if (!flow) return false
  if (flow.kind !== 'break' && flow.kind !== 'continue') return true
  if (flow.levels > 1) {
    flow.levels -= 1
    return true
  }
  shell.flow = null
  return flow.kind === 'break'
}

function* loop(shell: Shell, body: () => Generator<Wait, number>): Generator<Wait, number> {
  shell.loopDepth += 1
  try {
    return yield* body()
  } finally {
    shell.loopDepth -= 1
  }
}

function* runLoop(shell: Shell, command: CompoundCommand & { kind: 'loop' }): Generator<Wait, number> {
  return yield* loop(shell, function* () {
    let status = 0
    for (;;) {
      const condition = yield* exempt(shell, true, () => runList(shell, command.condition))
      if (shell.flow) {
        if (loopEnds(shell)) break
        continue
      }
      if ((condition === 0) === command.until) break
      status = yield* runList(shell, command.body)
      if (loopEnds(shell)) return shell.status
      yield* shell.charge()
    }
    return shell.flow ? shell.status : status
  })
}

function* runFor(shell: Shell, command: CompoundCommand & { kind: 'for' }): Generator<Wait, number> {
  if (!VARIABLE_NAME.test(command.name)) return shell.complain(`\`${command.name}': not a valid identifier`)
  const words = command.words ? yield* expandWords(shell, command.words) : [...shell.positional]
  if (shell.flow) return 1
  return yield* loop(shell, function* () {
    shell.status = 0
    for (const word of words) {
      if (!assign(shell, command.name, null, word)) return 1
      if (shell.options.xtrace) shell.proc.error(`${shell.variables.get('PS4') ?? ''}for ${command.name} in ${(command.words ?? []).map((each) => each.source).join(' ')}\n`)
      yield* runList(shell, command.body)
      if (loopEnds(shell)) break
      yield* shell.charge()
    }
    return shell.status
  })
}

function* runCounting(shell: Shell, command: CompoundCommand & { kind: 'counting' }): Generator<Wait, number> {
  yield* expandArithmetic(shell, command.begin)
  return yield* loop(shell, function* () {
    let status = 0
    while (!shell.flow) {
      const test = command.test.source.trim() === '' ? 1n : yield* expandArithmetic(shell, command.test)
      if (test === 0n || shell.flow) break
      status = yield* runList(shell, command.body)
      if (loopEnds(shell)) break
      yield* expandArithmetic(shell, command.step)
      yield* shell.charge()
    }
    return shell.flow ? shell.status : status
  })
}

function* runCase(shell: Shell, command: CompoundCommand & { kind: 'case' }): Generator<Wait, number> {
  const text = yield* expandText(shell, command.word)
  let status = 0
  let falls = false
  for (const item of command.items) {
    let matches = falls
    for (const word of matches ? [] : item.patterns) {
      if (shell.flow) return 1
      const pattern = yield* expandPattern(shell, word)
      matches ||= new Pattern(shell.shopt.get('nocasematch') ? lower(pattern) : pattern).matches(shell.shopt.get('nocasematch') ? text.toLowerCase() : text)
    }
    if (!matches) continue
    shell.status = 0
    status = yield* runList(shell, item.body)
    if (shell.flow || item.end === ';;') return status
    falls = item.end === ';&'
  }
  return status
}

function lower(pattern: { text: string; quoted: readonly boolean[] | null }): { text: string; quoted: readonly boolean[] | null } {
  return { text: pattern.text.toLowerCase(), quoted: pattern.quoted }
}

// --- Scripts, traps, the end -------------------------------------------------------------------------------------------------

/** Parses and runs a whole text, as `eval` and traps do. */
export function* runText(shell: Shell, text: string, what: string): Generator<Wait, number> {
  const list = parseScript(text, { firstLine: what === '' ? 1 : shell.line, aliases: () => aliasesOf(shell), final: true })
  if (list instanceof SyntaxFailure) {
    shell.line = list.line
    shell.complainAt(what, list.message)
    if (list.context !== '') shell.complainAt(what, `\`${list.context}'`)
    shell.status = list.incomplete ? 1 : 2
    return shell.status
  }
  if (list.length === 0) shell.status = 0
  // A text that runs itself must end somewhere, too.
  shell.commandDepth += 1
  try {
    return yield* runList(shell, list)
  } finally {
    shell.commandDepth -= 1
  }
}

export function aliasesOf(shell: Shell): ReadonlyMap<string, string> | null {
  return shell.interactive || shell.shopt.get('expand_aliases') ? shell.aliases : null
}

/** Runs the traps of signals that came in the meantime. */
export function* runTraps(shell: Shell): Generator<Wait, void> {
  for (let name = shell.pendingTraps.shift(); name !== undefined && shell.flow?.kind !== 'exit'; name = shell.pendingTraps.shift()) {
    const text = shell.traps.get(name)
    if (text) yield* runTrapText(shell, text)
    else if (shell.traps.has('EXIT')) {
      shell.fatalSignal = name
      shell.exit(128 + signalNumber(name))
    }
  }
}

function* runTrapText(shell: Shell, text: string): Generator<Wait, void> {
  const { status, flow, pipeStatus } = shell
  const outer = shell.inTrap
  shell.flow = null
  shell.inTrap = true
  yield* runText(shell, text, '')
  shell.inTrap = outer
  // `exit` in a trap ends the shell; everything else goes on where it was.
  if (shell.flow === null) {
    shell.flow = flow
    shell.status = status
    shell.pipeStatus = pipeStatus
  }
}

/** The EXIT trap; returns the status with which the shell ends. */
export function* runExitTrap(shell: Shell, status: number): Generator<Wait, number> {
  const text = shell.traps.get('EXIT')
  shell.status = status
  if (!text) return status
  shell.traps.delete('EXIT')
  shell.flow = null
  yield* runText(shell, text, '')
  return (shell.flow as { kind: string } | null)?.kind === 'exit' ? shell.status : status
}

/** Lets a signal of which the shell wants to know come in between commands. */
export function catchSignal(shell: Shell, name: SignalName): void {
  shell.proc.onSignal(name, () => {
    shell.pendingTraps.push(name)
    shell.signalled.wake()
  })
}
