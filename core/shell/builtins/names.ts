/** What a name stands for: `type`, `command`, `builtin`, `alias`, `unalias`, `hash`. */
import { isErrno } from '../../base/errno.ts'
import { DEFAULT_PATH, findExecutable } from '../../linux/find-executable.ts'
import { byText } from '../../base/text-order.ts'
import { resolvePath } from '../../linux/path.ts'
import type { Wait } from '../../linux/wait.ts'
import { singleQuoted } from '../quoting.ts'
import type { Shell } from '../shell.ts'
import { runProgram } from '../simple-command.ts'
import { BUILTINS } from './index.ts'

export const KEYWORDS = new Set([
  'if', 'then', 'else', 'elif', 'fi', 'time', 'for', 'in', 'until', 'while', 'do', 'done', 'case', 'esac', 'select', 'function', '{', '}',
  '!', '[[', ']]', 'coproc',
])

interface Meaning {
  kind: 'alias' | 'keyword' | 'function' | 'builtin' | 'file'
  /** The alias's text, the file's path, the function's source. */
  text: string
}

function meanings(shell: Shell, name: string, all: boolean, functions = true): Meaning[] {
  const found: Meaning[] = []
  const alias = shell.aliases.get(name)
  if (alias !== undefined) found.push({ kind: 'alias', text: alias })
  if (KEYWORDS.has(name)) found.push({ kind: 'keyword', text: name })
  const body = functions ? shell.functions.get(name) : undefined
  if (body) found.push({ kind: 'function', text: body.source })
  if (BUILTINS.has(name)) found.push({ kind: 'builtin', text: name })
  for (const path of programPaths(shell, name)) found.push({ kind: 'file', text: path })
  return all ? found : found.slice(0, 1)
}

/** Where a program of that name is, all places in PATH. */
export function programPaths(shell: Shell, name: string): string[] {
  const { fs, cwd } = shell.proc
  const candidates = name.includes('/') ? [name] : (shell.variables.get('PATH') ?? '').split(':').map((directory) => `${directory || '.'}/${name}`)
  return candidates.filter((path) => !isErrno(fs.executable(resolvePath(cwd, path))))
}

export function type(shell: Shell, argv: readonly string[]): number {
  const options = argv.slice(1).filter((word) => /^-[afptP]+$/.test(word)).join('')
  const names = argv.slice(1).filter((word) => !/^-[afptP]+$/.test(word))
  let status = 0
  for (const name of names) {
    const files = options.includes('P')
    const found = files ? programPaths(shell, name).slice(0, 1).map((text): Meaning => ({ kind: 'file', text })) : meanings(shell, name, options.includes('a'))
    if (found.length === 0) {
      status = 1
      if (!/[tpP]/.test(options)) shell.complain(`type: ${name}: not found`)
    }
    for (const meaning of found) {
      if (options.includes('t')) shell.proc.print(`${meaning.kind}\n`)
      else if (/[pP]/.test(options)) shell.proc.print(meaning.kind === 'file' ? `${meaning.text}\n` : '')
      else shell.proc.print(describe(name, meaning))
    }
  }
  return status
}

function describe(name: string, { kind, text }: Meaning): string {
  switch (kind) {
    case 'alias':
      return `${name} is aliased to \`${text}'\n`
    case 'keyword':
      return `${name} is a shell keyword\n`
    case 'function':
      return `${name} is a function\n${text}\n`
    case 'builtin':
      return `${name} is a shell builtin\n`
    case 'file':
      return `${name} is ${text}\n`
  }
}

export function command(shell: Shell, argv: readonly string[]): number | Generator<Wait, number> {
  let at = 1
  let asks = ''
  let standardPath = false
  for (; at < argv.length && /^-[pvV]+$/.test(argv[at]); at += 1) {
    if (argv[at].includes('p')) standardPath = true
    asks = /[vV]/.exec(argv[at])?.[0] ?? asks
  }
  if (argv[at] === '--') at += 1
  const words = argv.slice(at)
  if (asks === '') return words.length === 0 ? 0 : withoutFunctions(shell, words, standardPath)
  let status = 0
  for (const name of words) {
    const [meaning] = meanings(shell, name, false)
    if (!meaning) {
      status = 1
      if (asks === 'V') shell.complain(`command: ${name}: not found`)
    } else if (asks === 'V') shell.proc.print(describe(name, meaning))
    else if (meaning.kind === 'alias') shell.proc.print(`alias ${name}=${singleQuoted(meaning.text)}\n`)
    else shell.proc.print(`${meaning.kind === 'file' ? meaning.text : name}\n`)
  }
  return status
}

function withoutFunctions(shell: Shell, words: readonly string[], standardPath: boolean): number | Generator<Wait, number> {
  const found = BUILTINS.get(words[0])
  if (found) return found(shell, words)
  const temporary = standardPath ? ([['PATH', DEFAULT_PATH]] as const) : []
  return runProgram(shell, words, temporary, words.join(' '), false)
}

export function builtin(shell: Shell, argv: readonly string[]): number | Generator<Wait, number> {
  const words = argv.slice(1)
  if (words.length === 0) return 0
  const found = BUILTINS.get(words[0])
  return found ? found(shell, words) : shell.complain(`builtin: ${words[0]}: not a shell builtin`)
}

export function alias(shell: Shell, argv: readonly string[]): number {
  const words = argv.slice(1).filter((word) => word !== '-p')
  if (words.length === 0) {
    for (const name of [...shell.aliases.keys()].sort(byText)) shell.proc.print(`alias ${name}=${singleQuoted(shell.aliases.get(name) ?? '')}\n`)
  }
  let status = 0
  for (const word of words) {
    const equals = word.indexOf('=')
    const text = shell.aliases.get(word)
    if (equals > 0) shell.aliases.set(word.slice(0, equals), word.slice(equals + 1))
    else if (text !== undefined) shell.proc.print(`alias ${word}=${singleQuoted(text)}\n`)
    else status = shell.complain(`alias: ${word}: not found`)
  }
  return status
}

export function unalias(shell: Shell, argv: readonly string[]): number {
  if (argv[1] === '-a') shell.aliases.clear()
  let status = 0
  for (const name of argv.slice(1)) if (name !== '-a' && !shell.aliases.delete(name)) status = shell.complain(`unalias: ${name}: not found`)
  return status
}

/** Every look-up is fresh here, so there is nothing to remember. */
export function hash(shell: Shell, argv: readonly string[]): number {
  let status = 0
  for (const name of argv.slice(1)) {
    if (name.startsWith('-')) continue
    const found = findExecutable({ fs: shell.proc.fs, cwd: shell.proc.cwd, env: shell.variables.environment() }, [name])
    if (found.kind === 'error') status = shell.complain(`hash: ${name}: not found`)
  }
  return status
}
