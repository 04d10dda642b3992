/**
 * Commands that change names in the file system: cp(1), mv(1), ln(1), rm(1), mkdir(1), rmdir(1), touch(1), chmod(1), chown(1).
 * Omits: questions before overwriting (`-i`), backups, owners (everything belongs to root).
 */
import { type Errno, isErrno, strerror } from '../../base/errno.ts'
import { basename, dirname } from '../../linux/path.ts'
import type { Process } from '../../linux/process.ts'
import { parseDate } from '../parse-date.ts'
import { absolutePath, gnuOptions, immediate, wrongUsage } from '../command.ts'
import { changedMode } from '../file-mode.ts'

const DEPTH_MAX = 64

const cpManual = {
  spec: {
    short: 'adfilLnpPrRst:Tuvx',
    long: {
      archive: 'a', force: 'f', recursive: 'r', 'no-clobber': 'n', 'target-directory=': 't', 'no-target-directory': 'T', update: 'u',
      verbose: 'v', 'no-dereference': 'P', dereference: 'L', 'preserve=?': 'p',
    },
  },
  usage: 'cp [OPTION]... SOURCE... DEST',
}

interface Target {
  sources: string[]
  target: string
  intoDirectory: boolean
}

/** Splits operands into sources and target as cp, mv and ln do, or says what is wrong. */
function sourcesAndTarget(proc: Process, name: string, operands: readonly string[], into: string | undefined, never: boolean): Target | number {
  if (operands.length === 0) return wrongUsage(proc, name, `${name}: missing file operand`)
  if (into !== undefined) return { sources: [...operands], target: into, intoDirectory: true }
  const target = operands[operands.length - 1]
  if (operands.length === 1) return wrongUsage(proc, name, `${name}: missing destination file operand after '${target}'`)
  const stat = proc.fs.stat(absolutePath(proc, target))
  const isDirectory = !isErrno(stat) && stat.kind === 'directory' && !never
  if (operands.length > 2 && !isDirectory) {
    proc.error(`${name}: target '${target}': ${isErrno(stat) ? strerror(stat) : 'Not a directory'}\n`)
    return 1
  }
  return { sources: operands.slice(0, -1), target, intoDirectory: isDirectory }
}

function inside(directory: string, source: string): string {
  return `${directory.replace(/\/+$/, '')}/${basename(source)}`
}

export const cp = immediate((proc, argv) => {
  const options = gnuOptions(proc, argv, cpManual)
  if (typeof options === 'number') return options
  const target = sourcesAndTarget(proc, 'cp', options.operands, options.value('t'), options.has('T'))
  if (typeof target === 'number') return target
  const recursive = options.has('r', 'R', 'a')
  const keepLinks = options.has('a', 'd', 'P') || (recursive && !options.has('L'))
  let failed = false
  const complain = (text: string): void => {
    proc.error(`cp: ${text}\n`)
    failed = true
  }
  const copyOne = (from: string, to: string, depth: number): void => {
    const source = absolutePath(proc, from)
    const place = absolutePath(proc, to)
    const stat = keepLinks ? proc.fs.lstat(source) : proc.fs.stat(source)
    if (isErrno(stat)) return complain(`cannot stat '${from}': ${strerror(stat)}`)
    if (stat.kind === 'directory') {
      if (!recursive) return complain(`-r not specified; omitting directory '${from}'`)
      if (depth > DEPTH_MAX || place === source || place.startsWith(`${source}/`)) {
        return complain(`cannot copy a directory, '${from}', into itself, '${to}'`)
      }
      const error = proc.fs.mkdir(place, { parents: true })
      if (error) return complain(`cannot create directory '${to}': ${strerror(error)}`)
      const names = proc.fs.list(source)
      if (isErrno(names)) return complain(`cannot access '${from}': ${strerror(names)}`)
      for (const name of names) copyOne(`${from.replace(/\/+$/, '')}/${name}`, `${to.replace(/\/+$/, '')}/${name}`, depth + 1)
      return
    }
    const there = proc.fs.stat(place)
    if (!isErrno(there)) {
      if (options.has('n')) return
      if (proc.fs.realpath(place) === proc.fs.realpath(source)) return complain(`'${from}' and '${to}' are the same file`)
      if (there.kind === 'directory') return complain(`cannot overwrite directory '${to}' with non-directory`)
      if (options.has('u') && there.mtimeUs >= stat.mtimeUs) return
    }
    let error: Errno | null
    if (stat.kind === 'symlink') {
      const link = proc.fs.readlink(source)
      if (!isErrno(there)) proc.fs.remove(place)
      error = isErrno(link) ? link : proc.fs.symlink(link, place)
    } else if (options.has('s')) error = proc.fs.symlink(source, place)
    else error = proc.fs.copy(source, place)
    if (error) return complain(`cannot create regular file '${to}': ${strerror(error)}`)
    if (options.has('a', 'p') && stat.kind === 'file') proc.fs.touch(place, stat.mtimeUs)
    if (options.has('v')) proc.print(`'${from}' -> '${to}'\n`)
  }
  for (const source of target.sources) copyOne(source, target.intoDirectory ? inside(target.target, source) : target.target, 0)
  return failed ? 1 : 0
})

const mvManual = {
  spec: { short: 'finuvt:T', long: { force: 'f', 'no-clobber': 'n', verbose: 'v', 'target-directory=': 't', 'no-target-directory': 'T' } },
  usage: 'mv [OPTION]... SOURCE... DEST',
}

export const mv = immediate((proc, argv) => {
  const options = gnuOptions(proc, argv, mvManual)
  if (typeof options === 'number') return options
  const target = sourcesAndTarget(proc, 'mv', options.operands, options.value('t'), options.has('T'))
  if (typeof target === 'number') return target
  let failed = false
  for (const source of target.sources) {
    const to = target.intoDirectory ? inside(target.target, source) : target.target
    const [from, place] = [absolutePath(proc, source), absolutePath(proc, to)]
    const stat = proc.fs.lstat(from)
    let complaint = ''
    if (isErrno(stat)) complaint = `cannot stat '${source}': ${strerror(stat)}`
    else if (from === place) complaint = `'${source}' and '${to}' are the same file`
    else if (options.has('n') && proc.fs.exists(place)) continue
    else {
      let error = proc.fs.rename(from, place)
      if (error === 'EXDEV') error = moveAcross(proc, from, place, 0)
      if (error === 'EINVAL') complaint = `cannot move '${source}' to a subdirectory of itself, '${to}'`
      else if (error) complaint = `cannot move '${source}' to '${to}': ${strerror(error)}`
      else if (options.has('v')) proc.print(`renamed '${source}' -> '${to}'\n`)
    }
    if (complaint === '') continue
    proc.error(`mv: ${complaint}\n`)
    failed = true
  }
  return failed ? 1 : 0
})

/** Between file systems mv copies and removes. */
function moveAcross(proc: Process, from: string, to: string, depth: number): Errno | null {
  const stat = proc.fs.lstat(from)
  if (isErrno(stat)) return stat
  if (depth > DEPTH_MAX) return 'ELOOP'
  let error: Errno | null = null
  if (stat.kind === 'directory') {
    error = proc.fs.mkdir(to)
    const names = proc.fs.list(from)
    if (isErrno(names)) return names
    for (const name of names) error ??= moveAcross(proc, `${from}/${name}`, `${to}/${name}`, depth + 1)
  } else if (stat.kind === 'symlink') {
    const link = proc.fs.readlink(from)
    error = isErrno(link) ? link : proc.fs.symlink(link, to)
  } else error = proc.fs.copy(from, to)
  return error ?? proc.fs.remove(from)
}

const lnManual = {
  spec: { short: 'sfnrvTt:', long: { symbolic: 's', force: 'f', relative: 'r', verbose: 'v', 'no-dereference': 'n', 'no-target-directory': 'T' } },
  usage: 'ln [OPTION]... [-T] TARGET LINK_NAME',
}

export const ln = immediate((proc, argv) => {
  const options = gnuOptions(proc, argv, lnManual)
  if (typeof options === 'number') return options
  const operands = options.operands.length === 1 ? [...options.operands, '.'] : options.operands
  const target = sourcesAndTarget(proc, 'ln', operands, options.value('t'), options.has('T', 'n'))
  if (typeof target === 'number') return target
  const kind = options.has('s') ? 'symbolic link' : 'hard link'
  let failed = false
  for (const source of target.sources) {
    const to = target.intoDirectory ? inside(target.target, source) : target.target
    const place = absolutePath(proc, to)
    if (options.has('f') && !isErrno(proc.fs.lstat(place))) proc.fs.remove(place)
    const error = options.has('s') ? proc.fs.symlink(source, place) : proc.fs.hardLink(absolutePath(proc, source), place)
    if (error === null) {
      if (options.has('v')) proc.print(`'${to}' ${options.has('s') ? '->' : '=>'} '${source}'\n`)
      continue
    }
    failed = true
    if (error === 'ENOENT' && !options.has('s')) proc.error(`ln: failed to access '${source}': ${strerror(error)}\n`)
    else proc.error(`ln: failed to create ${kind} '${to}': ${strerror(error)}\n`)
  }
  return failed ? 1 : 0
})

const rmManual = {
  spec: { short: 'dfiIrRv', long: { dir: 'd', force: 'f', recursive: 'r', verbose: 'v', 'no-preserve-root': 'slash' } },
  usage: 'rm [OPTION]... [FILE]...\nRemove (unlink) the FILE(s).',
}

export const rm = immediate((proc, argv) => {
  const options = gnuOptions(proc, argv, rmManual)
  if (typeof options === 'number') return options
  const recursive = options.has('r', 'R')
  if (options.operands.length === 0) return options.has('f') ? 0 : wrongUsage(proc, 'rm', 'rm: missing operand')
  let failed = false
  const complain = (text: string): void => {
    proc.error(`rm: ${text}\n`)
    failed = true
  }
  for (const name of options.operands) {
    const path = absolutePath(proc, name)
    const stat = proc.fs.lstat(path)
    if (recursive && path === '/') {
      complain("it is dangerous to operate recursively on '/'")
      complain('use --no-preserve-root to override this failsafe')
    } else if (recursive && /(^|\/)\.\.?\/*$/.test(name)) complain(`refusing to remove '.' or '..' directory: skipping '${name}'`)
    else if (isErrno(stat)) {
      if (!(options.has('f') && (stat === 'ENOENT' || stat === 'ENOTDIR'))) complain(`cannot remove '${name}': ${strerror(stat)}`)
    } else if (stat.kind === 'directory' && !recursive && !options.has('d')) complain(`cannot remove '${name}': Is a directory`)
    else {
      const inside = recursive && stat.kind === 'directory' && options.has('v') ? removeInside(proc, name, 0) : null
      const error = inside ?? proc.fs.remove(path, { recursive })
      if (error) complain(`cannot remove '${name}': ${strerror(error)}`)
      else if (options.has('v')) proc.print(`removed ${stat.kind === 'directory' ? 'directory ' : ''}'${name}'\n`)
    }
  }
  return failed ? 1 : 0
})

/** Says what goes, file by file. */
function removeInside(proc: Process, name: string, depth: number): Errno | null {
  const names = proc.fs.list(absolutePath(proc, name))
  if (isErrno(names)) return names
  for (const one of names) {
    const inner = `${name.replace(/\/+$/, '')}/${one}`
    const stat = proc.fs.lstat(absolutePath(proc, inner))
    const directory = !isErrno(stat) && stat.kind === 'directory'
    const error = (directory && depth < DEPTH_MAX ? removeInside(proc, inner, depth + 1) : null) ?? proc.fs.remove(absolutePath(proc, inner), { recursive: true })
    if (error) return error
    proc.print(`removed ${directory ? 'directory ' : ''}'${inner}'\n`)
  }
  return null
}

const mkdirManual = {
  spec: { short: 'm:pv', long: { 'mode=': 'm', parents: 'p', verbose: 'v' } },
  usage: 'mkdir [OPTION]... DIRECTORY...\nCreate the DIRECTORY(ies), if they do not already exist.',
}

export const mkdir = immediate((proc, argv) => {
  const options = gnuOptions(proc, argv, mkdirManual)
  if (typeof options === 'number') return options
  if (options.operands.length === 0) return wrongUsage(proc, 'mkdir', 'mkdir: missing operand')
  const mode = options.has('m') ? changedMode(options.value('m') as string, 0o777, true) : 0o755
  if (mode === null) {
    proc.error(`mkdir: invalid mode '${options.value('m')}'\n`)
    return 1
  }
  let failed = false
  for (const name of options.operands) {
    const path = absolutePath(proc, name)
    const error = proc.fs.mkdir(path, { parents: options.has('p') }) ?? (options.has('m') ? proc.fs.chmod(path, mode) : null)
    if (error === null) {
      if (options.has('v')) proc.print(`mkdir: created directory '${name}'\n`)
      continue
    }
    proc.error(`mkdir: cannot create directory '${name}': ${strerror(error)}\n`)
    failed = true
  }
  return failed ? 1 : 0
})

const rmdirManual = {
  spec: { short: 'pv', long: { parents: 'p', verbose: 'v', 'ignore-fail-on-non-empty': 'ignore' } },
  usage: 'rmdir [OPTION]... DIRECTORY...\nRemove the DIRECTORY(ies), if they are empty.',
}

export const rmdir = immediate((proc, argv) => {
  const options = gnuOptions(proc, argv, rmdirManual)
  if (typeof options === 'number') return options
  if (options.operands.length === 0) return wrongUsage(proc, 'rmdir', 'rmdir: missing operand')
  let failed = false
  for (const operand of options.operands) {
    for (let name = operand; name !== '.' && name !== '/'; name = dirname(name)) {
      const path = absolutePath(proc, name)
      const stat = proc.fs.lstat(path)
      const error = isErrno(stat) ? stat : stat.kind !== 'directory' ? 'ENOTDIR' : proc.fs.remove(path)
      if (error && !(error === 'ENOTEMPTY' && options.has('ignore'))) {
        proc.error(`rmdir: failed to remove '${name}': ${strerror(error)}\n`)
        failed = true
      }
      if (error || !options.has('p')) break
    }
  }
  return failed ? 1 : 0
})

const touchManual = {
  spec: { short: 'acd:mr:t:', long: { 'no-create': 'c', 'date=': 'd', 'reference=': 'r' } },
  usage: 'touch [OPTION]... FILE...\nUpdate the access and modification times of each FILE to the current time.',
}

export const touch = immediate((proc, argv) => {
  const options = gnuOptions(proc, argv, touchManual)
  if (typeof options === 'number') return options
  if (options.operands.length === 0) return wrongUsage(proc, 'touch', 'touch: missing file operand')
  let mtimeUs: number | undefined
  const date = options.value('d')
  if (date !== undefined) {
    const nowMs = proc.world.epochMs + proc.world.clock.nowUs / 1000
    const atMs = parseDate(date, nowMs)
    if (atMs === null) {
      proc.error(`touch: invalid date format '${date}'\n`)
      return 1
    }
    mtimeUs = Math.round((atMs - proc.world.epochMs) * 1000)
  }
  const reference = options.value('r')
  if (reference !== undefined) {
    const stat = proc.fs.stat(absolutePath(proc, reference))
    if (isErrno(stat)) {
      proc.error(`touch: failed to get attributes of '${reference}': ${strerror(stat)}\n`)
      return 1
    }
    mtimeUs = stat.mtimeUs
  }
  let failed = false
  for (const name of options.operands) {
    const path = absolutePath(proc, name)
    if (options.has('c') && !proc.fs.exists(path)) continue
    const error = proc.fs.touch(path) ?? (mtimeUs === undefined ? null : proc.fs.touch(path, mtimeUs))
    if (error === null) continue
    proc.error(`touch: cannot touch '${name}': ${strerror(error)}\n`)
    failed = true
  }
  return failed ? 1 : 0
})

const chmodManual = { spec: { short: 'Rvfc', long: { recursive: 'R', verbose: 'v' } }, usage: 'chmod [OPTION]... MODE[,MODE]... FILE...' }

export const chmod = immediate((proc, argv) => {
  // `chmod -x file` is a mode, not an option.
  const words = argv.map((word) => (/^-[rwxXst]+$/.test(word) ? `a${word}` : word))
  const options = gnuOptions(proc, words, chmodManual)
  if (typeof options === 'number') return options
  const [change, ...files] = options.operands
  if (change === undefined) return wrongUsage(proc, 'chmod', 'chmod: missing operand')
  if (files.length === 0) return wrongUsage(proc, 'chmod', `chmod: missing operand after '${change}'`)
  if (changedMode(change, 0, false) === null) return wrongUsage(proc, 'chmod', `chmod: invalid mode: '${change}'`)
  let failed = false
  const apply = (name: string, depth: number): void => {
    const path = absolutePath(proc, name)
    const stat = proc.fs.stat(path)
    if (isErrno(stat)) {
      proc.error(`chmod: cannot access '${name}': ${strerror(stat)}\n`)
      failed = true
      return
    }
    const error = proc.fs.chmod(path, changedMode(change, stat.mode, stat.kind === 'directory') as number)
    if (error) {
      proc.error(`chmod: changing permissions of '${name}': ${strerror(error)}\n`)
      failed = true
    }
    if (!options.has('R') || stat.kind !== 'directory' || depth > DEPTH_MAX) return
    const names = proc.fs.list(path)
    if (!isErrno(names)) for (const inner of names) apply(`${name}/${inner}`, depth + 1)
  }
  for (const name of files) apply(name, 0)
  return failed ? 1 : 0
})

/** Checks its words and changes nothing: everything belongs to root. */
export const chown = immediate((proc, argv) => {
  const options = gnuOptions(proc, argv, { spec: { short: 'RvfcHLPh', long: { recursive: 'R' } }, usage: `${argv[0]} [OPTION]... OWNER FILE...` })
  if (typeof options === 'number') return options
  const [owner, ...files] = options.operands
  if (owner === undefined) return wrongUsage(proc, argv[0], `${argv[0]}: missing operand`)
  if (files.length === 0) return wrongUsage(proc, argv[0], `${argv[0]}: missing operand after '${owner}'`)
  let failed = false
  for (const name of files) {
    const stat = proc.fs.stat(absolutePath(proc, name))
    if (!isErrno(stat)) continue
    proc.error(`${argv[0]}: cannot access '${name}': ${strerror(stat)}\n`)
    failed = true
  }
  return failed ? 1 : 0
})
