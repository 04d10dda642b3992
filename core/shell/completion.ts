/** Candidates for Tab: commands, files, variables, and what a command itself offers. bash(1) Programmable Completion. */
import { isErrno } from '../base/errno.ts'
import { findExecutable } from '../linux/find-executable.ts'
import { resolvePath } from '../linux/path.ts'
import type { Process } from '../linux/process.ts'
import { BUILTINS } from './builtins/index.ts'
import { KEYWORDS } from './builtins/names.ts'
import type { Candidates } from './editor/tab.ts'
import { tildeDirectory } from './parameters.ts'
import type { Shell } from './shell.ts'

interface TypedWord {
  /** Where it begins in the line. */
  from: number
  /** Without quotes and backslashes. */
  text: string
  quote: '' | '"' | "'"
}

/** Words after which another command begins. */
const PREFIXES = new Set(['sudo', 'exec', 'time', 'command', 'builtin', 'nohup', '!', 'then', 'do', 'else', 'if', 'while', 'until', '{'])
const CANDIDATES_MAX = 5000

export function shellCandidates(shell: Shell, line: string): Candidates {
  const { words, redirected } = lastCommand(line)
  const current = words[words.length - 1]
  let index = words.length - 1
  let command = words
  // Assignments and prefixes stand before the command's name.
  while (index > 0 && (/^[A-Za-z_]\w*=/.test(command[0].text) || PREFIXES.has(command[0].text))) {
    command = command.slice(1)
    index -= 1
  }
  const base = { from: current.from, word: current.text, quote: current.quote }
  const variable = /\$\{?([A-Za-z_]\w*)?$/.exec(current.text)
  if (variable && current.quote !== "'") {
    const head = current.text.slice(0, variable.index)
    const brace = variable[0].startsWith('${')
    const names = shell.variables.names().map((name) => `${head}$${brace ? `{${name}}` : name}`)
    return { ...base, candidates: names, files: false }
  }
  if (redirected) return { ...base, candidates: fileCandidates(shell, current.text), files: true }
  if (index === 0 && !current.text.includes('/') && !current.text.startsWith('~')) {
    return { ...base, candidates: commandCandidates(shell, current.text), files: false }
  }
  if (index > 0) {
    const own = ownCandidates(shell, command.map((word) => word.text), index)
    if (own.some((each) => each.startsWith(current.text))) return { ...base, candidates: own, files: false }
  }
  const equals = /^(--?[\w-]+=)(.*)$/.exec(current.text)
  if (equals && index > 0) {
    const files = fileCandidates(shell, equals[2]).map((each) => equals[1] + each)
    return { ...base, candidates: files, files: true }
  }
  const directoriesOnly = index > 0 && ['cd', 'pushd', 'rmdir'].includes(command[0].text)
  const files = fileCandidates(shell, current.text).filter((each) => !directoriesOnly || each.endsWith('/'))
  return { ...base, candidates: files, files: true }
}

/** The words of the command in which the line ends; the last is the one that is typed, maybe ''. */
function lastCommand(line: string): { words: TypedWord[]; redirected: boolean } {
  let words: TypedWord[] = []
  let word: TypedWord | null = null
  let quote: '' | '"' | "'" = ''
  let redirected = false
  const begin = (at: number): TypedWord => {
    word ??= { from: at, text: '', quote: '' }
    return word
  }
  const end = (): void => {
    if (!word) return
    if (redirected) redirected = false
    else words.push(word)
    word = null
  }
  for (let at = 0; at < line.length; at += 1) {
    const char = line[at]
    if (quote !== '') {
      if (char === quote) quote = ''
      else if (char === '\\' && quote === '"' && at + 1 < line.length && '$`"\\'.includes(line[at + 1])) {
        at += 1
        begin(at).text += line[at]
      } else begin(at).text += char
    } else if (char === '\\') {
      const current = begin(at)
      at += 1
      current.text += line[at] ?? ''
    } else if (char === '"' || char === "'") {
      const current = begin(at)
      // A quote that opens the word belongs to it when it is still open at the end.
      if (current.text === '') current.quote = char
      quote = char
    } else if (' \t'.includes(char)) end()
    else if (';|&\n('.includes(char) || (char === '`' && !word)) {
      end()
      words = []
      redirected = false
    } else if (char === ')') end()
    else if (char === '<' || char === '>') {
      // Digits in front are the descriptor.
      if (word && /^\d+$/.test((word as TypedWord).text)) word = null
      end()
      redirected = true
    } else begin(at).text += char
  }
  const current = (word as TypedWord | null) ?? { from: line.length, text: '', quote: '' as const }
  if (quote === '') current.quote = ''
  return { words: [...words, current], redirected }
}

function commandCandidates(shell: Shell, prefix: string): string[] {
  const names = new Set<string>([...shell.aliases.keys(), ...shell.functions.keys(), ...BUILTINS.keys(), ...KEYWORDS])
  for (const directory of (shell.variables.get('PATH') ?? '').split(':')) {
    const path = resolvePath(shell.proc.cwd, directory || '.')
    const found = shell.proc.fs.list(path)
    if (isErrno(found)) continue
    for (const name of found) if (name.startsWith(prefix) && !isErrno(shell.proc.fs.executable(`${path}/${name}`))) names.add(name)
  }
  const matching = [...names].filter((name) => name.startsWith(prefix))
  // Nothing typed or nothing found: directories and programs here.
  return matching.length > 0 ? matching : fileCandidates(shell, prefix)
}

/** What the command offers for its own words. */
function ownCandidates(shell: Shell, words: readonly string[], index: number): string[] {
  const env = new Map([['PATH', shell.variables.get('PATH') ?? '']])
  const alias = shell.aliases.get(words[0])?.split(/\s+/)
  const argv = alias ? [...alias, ...words.slice(1)] : words
  const at = index + argv.length - words.length
  const found = findExecutable({ fs: shell.proc.fs, cwd: shell.proc.cwd, env }, argv)
  if (found.kind !== 'program' || !found.executable.complete) return []
  return found.executable.complete(shell.proc, argv, at).slice(0, CANDIDATES_MAX)
}

/** Paths that begin with `typed`; directories with a slash behind. */
function fileCandidates(shell: Shell, typed: string): string[] {
  const slash = typed.lastIndexOf('/')
  const head = typed.slice(0, slash + 1)
  const tail = typed.slice(slash + 1)
  const tilde = /^~([^/]*)\//.exec(head)
  const home = tilde ? tildeDirectory(shell, tilde[1]) : null
  const directory = resolvePath(shell.proc.cwd, home === null ? head || '.' : home + head.slice((tilde?.[0].length ?? 1) - 1))
  const names = shell.proc.fs.list(directory)
  if (isErrno(names)) return []
  return names
    .filter((name) => name.startsWith(tail) && (tail.startsWith('.') || !name.startsWith('.')))
    .slice(0, CANDIDATES_MAX)
    .map((name) => `${head}${name}${shell.proc.fs.isDirectory(resolvePath(directory, name)) ? '/' : ''}`)
}

/** For `bash <Tab>`: files. */
export function completeShellArguments(proc: Process, words: readonly string[], index: number): string[] {
  const word = words[index] ?? ''
  return word.startsWith('-') ? ['-c', '-e', '-i', '-l', '-n', '-s', '-u', '-x'] : proc.tty ? [] : []
}
