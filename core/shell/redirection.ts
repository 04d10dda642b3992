/** Redirections: XCU 2.7, bash(1) REDIRECTION; with `/dev/tcp/host/port`, the poor man's netcat. */
import { type Errno, isErrno, strerror } from '../base/errno.ts'
import type { OpenFlags } from '../linux/file-system.ts'
import { type OpenFile, TextFile } from '../linux/open-file.ts'
import type { Wait } from '../linux/wait.ts'
import type { Redirect } from './ast.ts'
import { expandText, expandWords } from './expansion.ts'
import { openNetwork } from './network-file.ts'
import { assign, getParameter } from './parameters.ts'
import type { Shell } from './shell.ts'

/** Undoes redirections: puts back what was there. */
export type Restore = () => void

/** Above what a script uses: `{name}>file` takes the next free descriptor from here. */
const NAMED_FD_FIRST = 10

/** Changes the shell's own descriptors; the result restores them. Null after a mistake, with everything restored. */
export function* redirect(shell: Shell, redirects: readonly Redirect[]): Generator<Wait, Restore | null> {
  const { fds } = shell.proc
  const saved: [number, OpenFile | undefined][] = []
  const restore = (): void => {
    for (const [fd, file] of saved.reverse()) {
      fds.get(fd)?.close()
      if (file) fds.set(fd, file)
      else fds.delete(fd)
    }
    saved.length = 0
  }
  const put = (fd: number, file: OpenFile | null): void => {
    saved.push([fd, fds.get(fd)])
    if (file) fds.set(fd, file)
    else fds.delete(fd)
  }
  for (const each of redirects) {
    const fd = each.variable === '' ? each.fd : namedFd(shell, each)
    const done = fd !== null && (yield* one(shell, each, fd, put))
    if (!done) {
      restore()
      return null
    }
  }
  return restore
}

function namedFd(shell: Shell, each: Redirect): number | null {
  const closes = (each.operator === '>&' || each.operator === '<&') && each.target.source === '-'
  if (closes) return Number(getParameter(shell, each.variable) ?? -1)
  let fd = NAMED_FD_FIRST
  while (shell.proc.fds.has(fd)) fd += 1
  return assign(shell, each.variable, null, String(fd)) ? fd : null
}

function* one(shell: Shell, each: Redirect, fd: number, put: (fd: number, file: OpenFile | null) => void): Generator<Wait, boolean> {
  const { operator } = each
  if (operator === '<<' || operator === '<<-' || operator === '<<<') {
    const text = yield* expandText(shell, each.target)
    if (shell.flow) return false
    put(fd, new TextFile(operator === '<<<' ? `${text}\n` : text))
    return true
  }
  const words = yield* expandWords(shell, [each.target])
  if (shell.flow) return false
  if (words.length !== 1) {
    shell.complain(`${each.target.source}: ambiguous redirect`)
    return false
  }
  const [target] = words
  if (operator === '<&' || (operator === '>&' && /^(?:\d+-?|-)$/.test(target))) return duplicate(shell, fd, target, each, put)
  const file = yield* openTarget(shell, operator === '>&' ? '&>' : operator, target)
  if (!file) return false
  put(fd, file)
  // `&>file` is standard output and standard error.
  if (operator === '&>' || operator === '&>>' || operator === '>&') put(2, file.retain())
  return true
}

function duplicate(shell: Shell, fd: number, target: string, each: Redirect, put: (fd: number, file: OpenFile | null) => void): boolean {
  if (target === '-') {
    put(fd, null)
    return true
  }
  const number = Number(target.replace(/-$/, ''))
  const source = /^\d+-?$/.test(target) ? shell.proc.fds.get(number) : undefined
  if (!source) {
    const text = /^\d+-?$/.test(target) ? `${target}: ${strerror('EBADF')}` : `${each.target.source}: ambiguous redirect`
    shell.complain(text)
    return false
  }
  put(fd, source.retain())
  if (target.endsWith('-') && number !== fd) put(number, null)
  return true
}

const FLAGS = new Map<string, OpenFlags>([
  ['<', { read: true }],
  ['>', { write: true, create: true, truncate: true }],
  ['>|', { write: true, create: true, truncate: true }],
  ['&>', { write: true, create: true, truncate: true }],
  ['>>', { append: true, create: true }],
  ['&>>', { append: true, create: true }],
  ['<>', { read: true, write: true, create: true }],
])

function* openTarget(shell: Shell, operator: string, target: string): Generator<Wait, OpenFile | null> {
  const network = /^\/dev\/(tcp|udp)\/([^/]+)\/([^/]+)$/.exec(target)
  if (network && shell.dialect === 'bash') {
    const opened = yield* openNetwork(shell, network[1] as 'tcp' | 'udp', network[2], network[3])
    if (typeof opened !== 'string') return opened
    shell.complain(opened)
    shell.complain(`${target}: ${opened.slice(opened.lastIndexOf(': ') + 2)}`)
    return null
  }
  const noclobber = shell.options.noclobber && operator === '>'
  if (noclobber) {
    const stat = shell.proc.fs.stat(shell.proc.path(target))
    if (!isErrno(stat) && stat.kind === 'file') {
      shell.complain(`${target}: cannot overwrite existing file`)
      return null
    }
  }
  const file: OpenFile | Errno = target === '' ? 'ENOENT' : shell.proc.open(target, FLAGS.get(operator) as OpenFlags)
  if (!isErrno(file)) return file
  const why = strerror(file)
  shell.complain(shell.dialect === 'sh' ? `can't ${operator === '<' ? 'open' : 'create'} ${target}: ${operator === '<' ? 'no such file' : why}` : `${target}: ${why}`)
  return null
}
