/** Simple commands: assignments, words, redirections, then a function, a builtin or a program. XCU 2.9.1. */
import { strerror } from '../base/errno.ts'
import { findExecutable } from '../linux/find-executable.ts'
import type { Executable } from '../linux/program.ts'
import type { Wait } from '../linux/wait.ts'
import type { Assignment, FunctionCommand, SimpleCommand, Word } from './ast.ts'
import { BUILTINS } from './builtins/index.ts'
import { expandText, expandWords } from './expansion.ts'
import { waitForeground } from './foreground.ts'
import { closeSubstitutions, runCommand } from './interpreter.ts'
import { assign, assignArray } from './parameters.ts'
import { quotedIfNeeded } from './quoting.ts'
import { redirect } from './redirection.ts'
import type { Shell } from './shell.ts'
import { shellExecutable } from './shell-program.ts'
import { newVariable, type Variable } from './variables.ts'

/** Builtins whose arguments may be assignments: their values are neither split nor globbed. */
const DECLARING = new Set(['declare', 'local', 'export', 'readonly', 'typeset', 'alias'])

/** With `replace`, a program takes the place of this process. */
export function* runSimple(shell: Shell, command: SimpleCommand, source: string, replace: boolean): Generator<Wait, number> {
  shell.line = command.line
  shell.substitutionStatus = null
  const substitutions = shell.openSubstitutions.length
  try {
    const argv = yield* argumentsOf(shell, command.words)
    if (shell.flow) return shell.status || 1
    if (argv.length === 0) return yield* assignOnly(shell, command)
    return yield* runWords(shell, command, argv, source, replace)
  } finally {
    closeSubstitutions(shell, substitutions)
  }
}

function* argumentsOf(shell: Shell, words: readonly Word[]): Generator<Wait, string[]> {
  if (words.length === 0 || !DECLARING.has(words[0].source)) return yield* expandWords(shell, words)
  const argv: string[] = []
  shell.arrayArguments.clear()
  for (const word of words) {
    if (word.assignment) {
      shell.arrayArguments.set(argv.length, word.assignment)
      argv.push(word.assignment.name)
    } else if (/^[A-Za-z_]\w*(?:\[[^\]]*\])?\+?=/.test(word.source)) argv.push(yield* expandText(shell, word, true))
    else argv.push(...(yield* expandWords(shell, [word])))
  }
  return argv
}

function* assignOnly(shell: Shell, command: SimpleCommand): Generator<Wait, number> {
  for (const assignment of command.assignments) {
    const done = yield* performAssignment(shell, assignment)
    if (shell.flow) return shell.status || 1
    if (!done) {
      shell.flow = { kind: 'abort' }
      return 1
    }
  }
  const restore = yield* redirect(shell, command.redirects)
  restore?.()
  if (!restore) return 1
  return shell.substitutionStatus ?? 0
}

export function* performAssignment(shell: Shell, assignment: Assignment): Generator<Wait, boolean> {
  const { name, append, value } = assignment
  if ('parts' in value) {
    const subscript = assignment.index ? yield* expandText(shell, assignment.index) : null
    const text = yield* expandText(shell, value, true)
    if (shell.flow) return false
    if (shell.options.xtrace) shell.proc.error(`${tracePrefix(shell)}${name}${append ? '+' : ''}=${quotedIfNeeded(text)}\n`)
    return assign(shell, name, subscript, text, append)
  }
  const elements: { key: string | null; value: string }[] = []
  for (const element of value) {
    if (element.index) elements.push({ key: yield* expandText(shell, element.index), value: yield* expandText(shell, element.value) })
    else for (const text of yield* expandWords(shell, [element.value])) elements.push({ key: null, value: text })
  }
  return shell.flow ? false : assignArray(shell, name, elements, append)
}

function* runWords(shell: Shell, command: SimpleCommand, argv: string[], source: string, replace: boolean): Generator<Wait, number> {
  const temporary: [string, string][] = []
  for (const assignment of command.assignments) {
    const before = assignment.append ? (shell.variables.get(assignment.name) ?? '') : ''
    if ('parts' in assignment.value) temporary.push([assignment.name, before + (yield* expandText(shell, assignment.value, true))])
  }
  if (shell.flow) return 1
  if (shell.options.xtrace) trace(shell, temporary, argv)
  const [name] = argv
  const body = shell.functions.get(name)
  const builtin = BUILTINS.get(name)
  const restore = yield* redirect(shell, command.redirects)
  if (!restore) return 1
  let keep = false
  try {
    if (!body && !builtin) return yield* runProgram(shell, argv, temporary, source, replace)
    const old = temporary.map(([variable, value]): [string, Variable | undefined] => [variable, shell.variables.replace(variable, exported(value))])
    try {
      if (body) return yield* callFunction(shell, body, argv)
      // `exec` without a command keeps its redirections.
      keep = name === 'exec' && argv.length === 1
      yield* shell.charge()
      const result = builtin?.(shell, argv) ?? 0
      return typeof result === 'number' ? result : yield* result
    } finally {
      for (const [variable, was] of old.reverse()) shell.variables.replace(variable, was)
    }
  } finally {
    if (!keep) restore()
    shell.lastArgument = argv[argv.length - 1]
  }
}

function exported(value: string): Variable {
  return { ...newVariable(), value, exported: true }
}

export function* callFunction(shell: Shell, command: FunctionCommand, argv: readonly string[]): Generator<Wait, number> {
  const { positional, loopDepth } = shell
  shell.positional = argv.slice(1)
  shell.loopDepth = 0
  shell.functionNames.push(command.name)
  shell.variables.pushScope()
  try {
    const status = yield* runCommand(shell, command.body, '')
    if (shell.flow?.kind !== 'return') return status
    shell.flow = null
    return shell.status
  } finally {
    shell.variables.popScope()
    shell.functionNames.pop()
    shell.positional = positional
    shell.loopDepth = loopDepth
  }
}

/** Looks a program up and runs it, or says why not. */
export function* runProgram(
  shell: Shell,
  argv: readonly string[],
  temporary: readonly (readonly [string, string])[],
  source: string,
  replace: boolean,
): Generator<Wait, number> {
  const env = shell.variables.environment()
  for (const [name, value] of temporary) env.set(name, value)
  // The search itself uses PATH whether it is exported or not.
  const path = temporary.find(([name]) => name === 'PATH')?.[1] ?? shell.variables.get('PATH') ?? ''
  const found = findExecutable({ fs: shell.proc.fs, cwd: shell.proc.cwd, env: new Map([['PATH', path]]) }, argv)
  let executable: Executable
  let words = argv
  if (found.kind === 'error') return notFound(shell, argv[0], found.errno, found.interpreter)
  if (found.kind === 'program') [executable, words] = [found.executable, found.argv]
  else [executable, words] = [shellExecutable(shell.dialect), [shell.dialect, found.path, ...argv.slice(1)]]
  const { proc } = shell
  if (replace && shell.traps.size === 0) {
    proc.env = env
    const status = yield* proc.exec(executable, words)
    shell.flow = { kind: 'exit' }
    return status
  }
  const pgid = shell.options.monitor ? 'own' : undefined
  const child = proc.spawn({ argv: words, executable, env, cwd: proc.cwd, pgid })
  return yield* waitForeground(shell, [child], source === '' ? argv.join(' ') : source)
}

function notFound(shell: Shell, name: string, errno: Parameters<typeof strerror>[0], interpreter: string): number {
  const why = strerror(errno)
  if (interpreter !== '') {
    const missing = errno === 'ENOENT'
    return shell.complain(missing ? `${name}: cannot execute: required file not found` : `${name}: ${interpreter}: bad interpreter: ${why}`, missing ? 127 : 126)
  }
  if (errno === 'ENOENT' && !name.includes('/')) return shell.complain(shell.dialect === 'sh' ? `${name}: not found` : `${name}: command not found`, 127)
  if (errno === 'ENOENT') return shell.complain(shell.dialect === 'sh' ? `${name}: not found` : `${name}: ${why}`, 127)
  return shell.complain(`${name}: ${shell.proc.fs.isDirectory(shell.proc.path(name)) ? 'Is a directory' : why}`, 126)
}

function trace(shell: Shell, temporary: readonly (readonly [string, string])[], argv: readonly string[]): void {
  for (const [name, value] of temporary) shell.proc.error(`${tracePrefix(shell)}${name}=${quotedIfNeeded(value)}\n`)
  shell.proc.error(`${tracePrefix(shell)}${argv.map(quotedIfNeeded).join(' ')}\n`)
}

/** PS4, its first character once more for each level of subshell. */
function tracePrefix(shell: Shell): string {
  const ps4 = shell.variables.get('PS4') ?? ''
  return ps4.slice(0, 1).repeat(shell.subshellLevel) + ps4
}
