/**
 * ls(1) of GNU coreutils in the C locale.
 * Omits: colours, quoting of odd names on terminals, `-s`, access times.
 */
import { isErrno, strerror } from '../../base/errno.ts'
import { byText } from '../../base/text-order.ts'
import type { FileStat } from '../../linux/file-system.ts'
import type { Process } from '../../linux/process.ts'
import { strftime } from '../calendar.ts'
import { absolutePath, gnuOptions, immediate } from '../command.ts'
import { humanSize, modeText } from '../file-mode.ts'
import type { Options } from '../options.ts'

const DEPTH_MAX = 64

const manual = {
  spec: {
    short: '1aAdFghiklnopqrRStUCxX',
    long: {
      all: 'a', 'almost-all': 'A', directory: 'd', classify: 'F', 'human-readable': 'h', inode: 'i', 'numeric-uid-gid': 'n',
      'no-group': 'G', reverse: 'r', recursive: 'R', 'color=?': 'color', 'group-directories-first': 'first', 'full-time': 'full',
    },
  },
  usage: 'ls [OPTION]... [FILE]...\nList information about the FILEs (the current directory by default).',
  wrongUsage: 2,
}

interface Entry {
  name: string
  path: string
  stat: FileStat
}

export const ls = immediate((proc, argv) => {
  const options = gnuOptions(proc, argv, manual)
  if (typeof options === 'number') return options
  const listing = new Listing(proc, options)
  const operands = options.operands.length > 0 ? options.operands : ['.']
  const files: Entry[] = []
  const directories: Entry[] = []
  for (const name of operands) {
    const path = absolutePath(proc, name)
    // A long listing shows a named symbolic link itself, unless a slash follows it.
    const long = listing.long && !name.endsWith('/')
    let stat = long || options.has('d') ? proc.fs.lstat(path) : proc.fs.stat(path)
    if (stat === 'ENOENT') stat = proc.fs.lstat(path)
    if (name === '' || isErrno(stat)) {
      proc.error(`ls: cannot access '${name}': ${strerror(isErrno(stat) ? stat : 'ENOENT')}\n`)
      listing.exitCode = 2
    } else (stat.kind === 'directory' && !options.has('d') ? directories : files).push({ name, path, stat })
  }
  listing.sort(files)
  listing.sort(directories)
  if (files.length > 0) listing.entries(files)
  const titled = operands.length > 1 || options.has('R')
  for (let i = 0; i < directories.length; i += 1) {
    if (i > 0 || files.length > 0) proc.print('\n')
    listing.directory(directories[i], titled, 0)
  }
  return listing.exitCode
})

class Listing {
  exitCode = 0
  readonly long: boolean
  readonly #proc: Process
  readonly #options: Options

  constructor(proc: Process, options: Options) {
    this.#proc = proc
    this.#options = options
    this.long = options.has('l', 'g', 'n', 'o', 'full')
  }

  sort(entries: Entry[]): void {
    const options = this.#options
    if (options.has('U')) return
    entries.sort((a, b) => byText(a.name, b.name))
    if (options.last('S', 't', 'X') === 'S') entries.sort((a, b) => b.stat.size - a.stat.size)
    if (options.last('S', 't', 'X') === 't') entries.sort((a, b) => b.stat.mtimeUs - a.stat.mtimeUs)
    if (options.has('r')) entries.reverse()
    if (options.has('first')) entries.sort((a, b) => Number(b.stat.kind === 'directory') - Number(a.stat.kind === 'directory'))
  }

  directory(at: Entry, titled: boolean, depth: number): void {
    const { fs } = this.#proc
    const names = fs.list(at.path)
    if (isErrno(names)) {
      this.#proc.error(`ls: cannot open directory '${at.name}': ${strerror(names)}\n`)
      this.exitCode = Math.max(this.exitCode, 1)
      return
    }
    if (titled) this.#proc.print(`${at.name}:\n`)
    const hidden = this.#options.has('a') ? ['.', '..', ...names] : this.#options.has('A') ? names : names.filter((name) => !name.startsWith('.'))
    const entries: Entry[] = []
    for (const name of hidden) {
      const path = `${at.path === '/' ? '' : at.path}/${name}`
      const stat = name === '.' || name === '..' ? fs.stat(absolutePath(this.#proc, path)) : fs.lstat(path)
      if (!isErrno(stat)) entries.push({ name, path, stat })
    }
    this.sort(entries)
    if (this.long) this.#proc.print(`total ${this.#size(entries.reduce((sum, entry) => sum + blocks(entry.stat), 0) * 1024, true)}\n`)
    this.entries(entries)
    if (!this.#options.has('R') || depth >= DEPTH_MAX) return
    for (const entry of entries) {
      if (entry.stat.kind !== 'directory' || entry.name === '.' || entry.name === '..') continue
      this.#proc.print('\n')
      this.directory({ ...entry, name: `${at.name.replace(/\/$/, '')}/${entry.name}` }, true, depth + 1)
    }
  }

  entries(entries: readonly Entry[]): void {
    if (this.long) {
      this.#long(entries)
      return
    }
    const names = entries.map((entry) => this.#inode(entry, entries) + entry.name + this.#mark(entry.stat))
    const terminal = this.#proc.fds.get(1)?.tty ?? null
    const way = this.#options.last('1', 'C', 'x') ?? (terminal ? 'C' : '1')
    this.#proc.print(way === '1' ? names.map((name) => `${name}\n`).join('') : inColumns(names, terminal?.columns ?? 80))
  }

  #inode(entry: Entry, entries: readonly Entry[]): string {
    if (!this.#options.has('i')) return ''
    const width = Math.max(...entries.map((other) => String(other.stat.ino).length))
    return `${String(entry.stat.ino).padStart(width)} `
  }

  #mark(stat: FileStat): string {
    if (stat.kind === 'directory') return this.#options.has('F', 'p') ? '/' : ''
    if (!this.#options.has('F')) return ''
    if (stat.kind === 'symlink') return this.long ? '' : '@'
    return (stat.mode & 0o111) !== 0 ? '*' : ''
  }

  #size(bytes: number, kilobytes = false): string {
    if (this.#options.has('h')) return humanSize(bytes)
    return String(kilobytes ? bytes / 1024 : bytes)
  }

  #long(entries: readonly Entry[]): void {
    const proc = this.#proc
    const options = this.#options
    const owner = options.has('n') ? '0' : 'root'
    const columns = [options.has('g') ? '' : ` ${owner}`, options.has('o', 'G') ? '' : ` ${owner}`].join('')
    const linksWidth = Math.max(0, ...entries.map((entry) => String(entry.stat.links).length))
    const sizeWidth = Math.max(0, ...entries.map((entry) => this.#size(entry.stat.size).length))
    const nowMs = proc.world.epochMs + proc.world.clock.nowUs / 1000
    for (const entry of entries) {
      const { stat } = entry
      const atMs = proc.world.epochMs + stat.mtimeUs / 1000
      // Half a Gregorian year, as ls reckons "recent".
      const recent = atMs > nowMs - 15778476000 && atMs <= nowMs + 1000
      const format = options.has('full') ? '%Y-%m-%d %H:%M:%S.%N %z' : recent ? '%b %e %H:%M' : '%b %e  %Y'
      let name = entry.name + this.#mark(stat)
      if (stat.kind === 'symlink') name += ` -> ${proc.fs.readlink(entry.path)}`
      proc.print(
        `${this.#inode(entry, entries)}${modeText(stat)} ${String(stat.links).padStart(linksWidth)}${columns} ` +
          `${this.#size(stat.size).padStart(sizeWidth)} ${strftime(format, atMs)} ${name}\n`,
      )
    }
  }
}

function blocks(stat: FileStat): number {
  return stat.kind === 'symlink' ? 0 : Math.ceil(stat.size / 4096) * 4
}

/** As many columns as fit, filled downwards, two blanks apart. */
export function inColumns(names: readonly string[], width: number): string {
  if (names.length === 0) return ''
  const lengths = names.map((name) => [...name].length)
  for (let rows = 1; rows <= names.length; rows += 1) {
    const columns = Math.ceil(names.length / rows)
    const widths: number[] = []
    for (let column = 0; column < columns; column += 1) {
      widths.push(Math.max(...lengths.slice(column * rows, (column + 1) * rows)) + 2)
    }
    if (rows < names.length && widths.reduce((sum, one) => sum + one, -2) >= width) continue
    let text = ''
    for (let row = 0; row < rows; row += 1) {
      let line = ''
      for (let at = row, column = 0; at < names.length; at += rows, column += 1) {
        line += at + rows < names.length ? names[at] + ' '.repeat(widths[column] - lengths[at]) : names[at]
      }
      text += `${line}\n`
    }
    return text
  }
  return ''
}
