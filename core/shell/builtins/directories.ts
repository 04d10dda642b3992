/** `cd`, `pwd`, `pushd`, `popd`, `dirs`, `umask`. XCU cd: logical paths, CDPATH. */
import { isErrno, strerror } from '../../base/errno.ts'
import { resolvePath } from '../../linux/path.ts'
import { setPlain } from '../parameters.ts'
import type { Shell } from '../shell.ts'

export function cd(shell: Shell, argv: readonly string[]): number {
  const words = argv.slice(1).filter((word) => !/^-[LPe@]+$/.test(word) && word !== '--')
  if (words.length > 1) return shell.complain('cd: too many arguments')
  const physical = argv.includes('-P')
  let [target] = words
  let show = false
  if (target === undefined) {
    const home = shell.variables.get('HOME')
    if (home === undefined) return shell.complain('cd: HOME not set')
    target = home
  } else if (target === '-') {
    const old = shell.variables.get('OLDPWD')
    if (old === undefined) return shell.complain('cd: OLDPWD not set')
    target = old
    show = true
  }
  if (target === '') return 0
  const searches = !/^(?:\/|\.{1,2}(?:\/|$))/.test(target)
  for (const directory of searches ? (shell.variables.get('CDPATH') ?? '').split(':') : []) {
    const candidate = resolvePath(shell.proc.cwd, `${directory}/${target}`)
    if (directory === '' || !shell.proc.fs.isDirectory(candidate)) continue
    target = candidate
    show = true
    break
  }
  const status = changeDirectory(shell, 'cd', target, physical)
  if (status === 0 && show) shell.proc.print(`${shell.proc.cwd}\n`)
  return status
}

export function changeDirectory(shell: Shell, name: string, target: string, physical = false): number {
  const { proc } = shell
  let path = resolvePath(proc.cwd, target)
  const stat = proc.fs.stat(path)
  const why = isErrno(stat) ? stat : stat.kind === 'directory' ? null : 'ENOTDIR'
  if (why) return shell.complain(shell.dialect === 'sh' ? `${name}: can't cd to ${target}: ${strerror(why)}` : `${name}: ${target}: ${strerror(why)}`)
  const real = physical ? proc.fs.realpath(path) : path
  if (!isErrno(real)) path = real
  setPlain(shell, 'OLDPWD', proc.cwd)
  proc.cwd = path
  setPlain(shell, 'PWD', path)
  return 0
}

export function pwd(shell: Shell, argv: readonly string[]): number {
  const real = argv.includes('-P') ? shell.proc.fs.realpath(shell.proc.cwd) : shell.proc.cwd
  shell.proc.print(`${isErrno(real) ? shell.proc.cwd : real}\n`)
  return 0
}

export function pushd(shell: Shell, argv: readonly string[]): number {
  const { cwd } = shell.proc
  const target = argv[1]
  if (target === undefined) {
    const other = shell.directoryStack.shift()
    if (other === undefined) return shell.complain('pushd: no other directory')
    shell.directoryStack.unshift(cwd)
    return changeDirectory(shell, 'pushd', other) || dirs(shell)
  }
  const status = changeDirectory(shell, 'pushd', target)
  if (status !== 0) return status
  shell.directoryStack.unshift(cwd)
  return dirs(shell)
}

export function popd(shell: Shell): number {
  const target = shell.directoryStack.shift()
  if (target === undefined) return shell.complain('popd: directory stack empty')
  return changeDirectory(shell, 'popd', target) || dirs(shell)
}

export function dirs(shell: Shell): number {
  const home = shell.variables.get('HOME') ?? ''
  const short = (path: string): string => (home !== '' && (path === home || path.startsWith(`${home}/`)) ? `~${path.slice(home.length)}` : path)
  shell.proc.print(`${[shell.proc.cwd, ...shell.directoryStack].map(short).join(' ')}\n`)
  return 0
}

export function umask(shell: Shell, argv: readonly string[]): number {
  const [, text] = argv
  if (text === undefined) {
    shell.proc.print(`${shell.proc.umask.toString(8).padStart(4, '0')}\n`)
    return 0
  }
  if (text === '-S') {
    const bits = [6, 3, 0].map((shift) => ['r', 'w', 'x'].filter((_, i) => ((shell.proc.umask >> shift) & (4 >> i)) === 0).join(''))
    shell.proc.print(`u=${bits[0]},g=${bits[1]},o=${bits[2]}\n`)
    return 0
  }
  if (!/^[0-7]{1,4}$/.test(text)) return shell.complain(`umask: ${text}: octal number out of range`)
  shell.proc.umask = Number.parseInt(text, 8)
  return 0
}
