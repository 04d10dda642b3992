/** `eval`, `source`, `exec`. */
import { isErrno, strerror } from '../../base/errno.ts'
import { findExecutable } from '../../linux/find-executable.ts'
import { resolvePath } from '../../linux/path.ts'
import type { Wait } from '../../linux/wait.ts'
import { runText } from '../interpreter.ts'
import type { Shell } from '../shell.ts'
import { sourceFile } from '../shell-program.ts'
import { runProgram } from '../simple-command.ts'

export function* evaluate(shell: Shell, argv: readonly string[]): Generator<Wait, number> {
  const words = argv[1] === '--' ? argv.slice(2) : argv.slice(1)
  return yield* runText(shell, words.join(' '), 'eval: ')
}

export function* source(shell: Shell, argv: readonly string[]): Generator<Wait, number> {
  const [name, file, ...words] = argv
  if (file === undefined) {
    shell.complain(`${name}: filename argument required`)
    shell.proc.error(`${name}: usage: ${name} filename [arguments]\n`)
    return 2
  }
  const { fs, cwd } = shell.proc
  let path = resolvePath(cwd, file)
  if (!file.includes('/')) {
    const inPath = (shell.variables.get('PATH') ?? '').split(':').map((directory) => resolvePath(cwd, `${directory || '.'}/${file}`))
    path = inPath.find((each) => fs.exists(each) && !fs.isDirectory(each)) ?? path
  }
  const text = /^\/dev\/(?:fd|stdin)/.test(path) ? yield* readDescriptor(shell, path) : fs.read(path)
  if (isErrno(text)) return shell.complain(text === 'EISDIR' ? `${name}: ${file}: is a directory` : `${file}: ${strerror(text)}`)
  const { positional } = shell
  if (words.length > 0) shell.positional = words
  const status = yield* sourceFile(shell, text)
  if (words.length > 0) shell.positional = positional
  return status
}

/** `source <(…)` and `source /dev/stdin`. */
function* readDescriptor(shell: Shell, path: string): Generator<Wait, string> {
  const fd = path === '/dev/stdin' ? 0 : Number(path.replace('/dev/fd/', ''))
  return yield* shell.proc.readAll(fd)
}

export function* exec(shell: Shell, argv: readonly string[]): Generator<Wait, number> {
  let at = 1
  let title: string | null = null
  for (; at < argv.length && /^-[acl]/.test(argv[at]); at += 1) {
    if (argv[at] === '-a') {
      at += 1
      title = argv[at] ?? null
    }
  }
  if (argv[at] === '--') at += 1
  const words = argv.slice(at)
  if (words.length === 0) return 0
  const env = new Map([['PATH', shell.variables.get('PATH') ?? '']])
  const found = findExecutable({ fs: shell.proc.fs, cwd: shell.proc.cwd, env }, words)
  if (found.kind === 'error') {
    const why = found.errno === 'ENOENT' && !words[0].includes('/') ? 'not found' : strerror(found.errno)
    const status = shell.complain(words[0].includes('/') ? `${words[0]}: ${why}` : `exec: ${words[0]}: ${why}`, found.errno === 'ENOENT' ? 127 : 126)
    if (!shell.interactive) shell.exit(status)
    return status
  }
  // Traps do not survive: the shell is gone.
  shell.traps.clear()
  const status = yield* runProgram(shell, title === null ? words : [words[0], ...words.slice(1)], [], words.join(' '), true)
  shell.exit(status)
  return status
}
