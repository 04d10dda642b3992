/** The shell as a program: its command line, and where it reads its script from. bash(1) OPTIONS, INVOCATION. */
import { isErrno, strerror } from '../base/errno.ts'
import type { Process } from '../linux/process.ts'
import type { Executable } from '../linux/program.ts'
import type { Wait } from '../linux/wait.ts'
import { runInteractive } from './interactive.ts'
import { aliasesOf, runCommandAsProcess, runExitTrap, runList, runText, runTraps } from './interpreter.ts'
import { setOption } from './options.ts'
import { Parser, parseScript } from './parser.ts'
import { Shell } from './shell.ts'
import { SyntaxFailure } from './word-parser.ts'
import { completeShellArguments } from './completion.ts'

interface Arguments {
  command: string | null
  interactive: boolean
  login: boolean
  readsInput: boolean
  norc: boolean
  rest: string[]
  options: [string, boolean][]
}

const EXECUTABLES: Record<'bash' | 'sh', Executable> = {
  bash: { program: (proc, argv) => shellMain(proc, argv, 'bash'), complete: completeShellArguments, noTermHandler: true },
  sh: { program: (proc, argv) => shellMain(proc, argv, 'sh'), complete: completeShellArguments, noTermHandler: true },
}

export function shellExecutable(dialect: 'bash' | 'sh'): Executable {
  return EXECUTABLES[dialect]
}

function* shellMain(proc: Process, argv: readonly string[], dialect: 'bash' | 'sh'): Generator<Wait, number> {
  const shell = new Shell(proc, dialect)
  shell.importEnvironment()
  const args = parseArguments(shell, argv)
  if (typeof args === 'number') return args
  shell.login = args.login || (argv[0] ?? '').startsWith('-')
  for (const [name, on] of args.options) setOption(shell, name, on)
  let status: number
  if (args.command !== null) {
    if (args.rest.length > 0) shell.name = args.rest[0]
    shell.positional = args.rest.slice(1)
    status = yield* runCommandText(shell, args.command)
  } else if (args.rest.length > 0 && !args.readsInput) {
    shell.positional = args.rest.slice(1)
    status = yield* runFile(shell, args.rest[0])
  } else {
    shell.positional = args.rest
    const onTerminal = (proc.fds.get(0)?.tty ?? null) !== null
    if (args.interactive || onTerminal) status = yield* runInteractive(shell, args.norc)
    else status = yield* runInput(shell)
  }
  const code = yield* runExitTrap(shell, status)
  if (shell.fatalSignal) {
    proc.onSignal(shell.fatalSignal, 'default')
    proc.signal(shell.fatalSignal)
    yield* proc.work(0)
  }
  return code
}

function parseArguments(shell: Shell, argv: readonly string[]): Arguments | number {
  const args: Arguments = { command: null, interactive: false, login: false, readsInput: false, norc: false, rest: [], options: [] }
  let takesCommand = false
  let at = 1
  for (; at < argv.length; at += 1) {
    const word = argv[at]
    if (word === '--' || word === '-') {
      at += 1
      break
    }
    if (word === '--version') {
      shell.proc.print('GNU bash, version 5.2.15(1)-release (x86_64-pc-linux-gnu)\n')
      return 0
    }
    if (word === '--login' || word === '--norc' || word === '--noprofile' || word === '--posix') {
      if (word === '--login') args.login = true
      if (word === '--norc') args.norc = true
      continue
    }
    if (!/^[-+]\w/.test(word)) break
    const on = word[0] === '-'
    for (const letter of word.slice(1)) {
      if (letter === 'c') takesCommand = true
      else if (letter === 'i') args.interactive = true
      else if (letter === 'l') args.login = true
      else if (letter === 's') args.readsInput = true
      else if (letter === 'o' || letter === 'O') {
        at += 1
        if (letter === 'o') args.options.push([argv[at] ?? '', on])
        else shell.shopt.set(argv[at] ?? '', on)
      } else if (!setOption(shell, letter, on)) {
        shell.proc.error(`${shell.name}: -${letter}: invalid option\n`)
        return 2
      }
    }
  }
  args.rest = argv.slice(at)
  if (takesCommand) {
    const command = args.rest.shift()
    if (command === undefined) {
      shell.proc.error(`${shell.name}: -c: option requires an argument\n`)
      return 2
    }
    args.command = command
  }
  return args
}

/** `bash -c`: one command that is a program takes the shell's place, as in bash. */
function* runCommandText(shell: Shell, text: string): Generator<Wait, number> {
  const only = parseScript(text, { final: true })
  if (!(only instanceof SyntaxFailure) && only.length === 1) {
    const [first] = only
    const single = first.rest.length === 0 && !first.background && !first.first.negate && first.first.timed === '' && first.first.commands.length === 1
    if (single && first.first.commands[0].kind === 'simple') return yield* runCommandAsProcess(shell, first.first.commands[0])
  }
  return yield* runScript(shell, text, '-c: ')
}

function* runFile(shell: Shell, name: string): Generator<Wait, number> {
  let path = shell.proc.path(name)
  let text = shell.proc.fs.read(path)
  if (isErrno(text) && !name.includes('/')) {
    for (const directory of (shell.variables.get('PATH') ?? '').split(':')) {
      const other = shell.proc.fs.read(`${directory}/${name}`)
      if (!isErrno(other)) [path, text] = [`${directory}/${name}`, other]
    }
  }
  if (isErrno(text)) {
    shell.proc.error(`${shell.name}: ${name}: ${strerror(text)}\n`)
    return text === 'ENOENT' ? 127 : 126
  }
  shell.name = name
  return yield* runScript(shell, text, '')
}

/** Line by line: a mistake further down does not keep the lines before it from running. */
export function* runScript(shell: Shell, text: string, what: string): Generator<Wait, number> {
  const parser = new Parser(text, { aliases: () => aliasesOf(shell), final: true })
  for (;;) {
    const list = parser.next()
    if (list === null) return shell.status
    if (list instanceof SyntaxFailure) return syntaxError(shell, list, what)
    if (shell.options.verbose && list.length > 0) shell.proc.error(`${list.map((each) => each.source).join('; ')}\n`)
    yield* runList(shell, list)
    if (shell.pendingTraps.length > 0) yield* runTraps(shell)
    if (shell.flow) return endOfFlow(shell)
  }
}

export function syntaxError(shell: Shell, failure: SyntaxFailure, what: string): number {
  shell.line = failure.line
  shell.complainAt(what, failure.message)
  if (failure.context !== '') shell.complainAt(what, `\`${failure.context}'`)
  shell.status = 2
  return 2
}

function endOfFlow(shell: Shell): number {
  return shell.flow?.kind === 'interrupt' ? 130 : shell.status
}

/** A script on standard input: its commands read from the same place, so it is taken line by line. */
function* runInput(shell: Shell): Generator<Wait, number> {
  let pending = ''
  let line = 1
  for (;;) {
    const next = yield* shell.proc.readLine(0)
    if (next === null && pending === '') return shell.status
    pending += next === null ? '' : `${next}\n`
    const parser = new Parser(pending, { firstLine: line, aliases: () => aliasesOf(shell), final: next === null })
    const list = parser.next()
    if (list instanceof SyntaxFailure) {
      if (list.incomplete && next !== null) continue
      return syntaxError(shell, list, '')
    }
    line += pending.split('\n').length - 1
    pending = ''
    if (list) yield* runList(shell, list)
    if (shell.flow) return endOfFlow(shell)
    if (next === null) return shell.status
  }
}

/** Runs a file in this very shell: `source`, and the start-up files. */
export function* sourceFile(shell: Shell, text: string): Generator<Wait, number> {
  const { line } = shell
  shell.sourceDepth += 1
  shell.line = 1
  try {
    yield* runText(shell, text, '')
    if (shell.flow?.kind === 'return') shell.flow = null
    return shell.status
  } finally {
    shell.sourceDepth -= 1
    shell.line = line
  }
}
