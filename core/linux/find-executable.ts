/**
 * What execvp(3) and execve(2) would run for a name: the search in PATH, and the `#!` line of a script.
 */
import { type Errno, isErrno } from '../base/errno.ts'
import type { FileSystem } from './file-system.ts'
import { resolvePath } from './path.ts'
import type { Executable } from './program.ts'

export const DEFAULT_PATH = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin'
/** BINPRM_MAX_RECURSION is 5 in fs/exec.c; each `#!` costs one. */
const INTERPRETERS_MAX = 4

export type Found =
  | { kind: 'program'; path: string; executable: Executable; argv: string[] }
  /** Executable text without `#!`: a shell runs it itself. */
  | { kind: 'script'; path: string; text: string }
  | { kind: 'error'; errno: Errno; path: string; interpreter: string }

export function findExecutable(
  from: { fs: FileSystem; cwd: string; env: ReadonlyMap<string, string> },
  argv: readonly string[],
): Found {
  const name = argv[0] ?? ''
  if (name.includes('/')) return look(from.fs, resolvePath(from.cwd, name), name, argv, 0)
  let denied: Found | null = null
  for (const directory of name === '' ? [] : (from.env.get('PATH') ?? DEFAULT_PATH).split(':')) {
    const path = resolvePath(from.cwd, `${directory || '.'}/${name}`)
    const found = look(from.fs, path, path, argv, 0)
    if (found.kind !== 'error' || found.interpreter !== '') return found
    if (found.errno === 'EACCES' && !from.fs.isDirectory(path)) denied ??= found
  }
  return denied ?? { kind: 'error', errno: 'ENOENT', path: name, interpreter: '' }
}

function look(fs: FileSystem, path: string, shown: string, argv: readonly string[], depth: number): Found {
  const found = fs.executable(path)
  if (typeof found === 'object') return { kind: 'program', path, executable: found, argv: [...argv] }
  if (isErrno(found)) return { kind: 'error', errno: found, path: shown, interpreter: '' }
  if (!found.startsWith('#!')) return { kind: 'script', path, text: found }
  const [, interpreter = '', argument = ''] = /^#![ \t]*([^ \t\n]*)[ \t]*([^\n]*)/.exec(found) ?? []
  if (depth >= INTERPRETERS_MAX) return { kind: 'error', errno: 'ELOOP', path: shown, interpreter }
  const rest = [...(argument.trim() === '' ? [] : [argument.trim()]), shown, ...argv.slice(1)]
  const inner = look(fs, resolvePath('/', interpreter), interpreter, [interpreter, ...rest], depth + 1)
  if (inner.kind === 'error') return { kind: 'error', errno: inner.errno, path: shown, interpreter }
  return inner.kind === 'script' ? { kind: 'error', errno: 'ENOEXEC', path: shown, interpreter } : { ...inner, path }
}
