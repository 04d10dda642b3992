/** stat(1), tree(1), du(1), file(1). Omits: owners other than root, devices, access times, most of `file`'s knowledge. */
import { isErrno, strerror } from '../../base/errno.ts'
import type { FileStat } from '../../linux/file-system.ts'
import type { Process } from '../../linux/process.ts'
import { strftime } from '../calendar.ts'
import { absolutePath, gnuOptions, immediate, wrongUsage } from '../command.ts'
import { humanSize, modeText } from '../file-mode.ts'
import { parseOptions } from '../options.ts'

const DEPTH_MAX = 64

const KINDS = { file: 'regular file', directory: 'directory', symlink: 'symbolic link', device: 'character special file' } as const

export const stat = immediate((proc, argv) => {
  const options = gnuOptions(proc, argv, { spec: { short: 'c:fLt', long: { 'format=': 'c', 'printf=': 'printf', dereference: 'L', terse: 't' } }, usage: 'stat [OPTION]... FILE...' })
  if (typeof options === 'number') return options
  if (options.operands.length === 0) return wrongUsage(proc, 'stat', 'stat: missing operand')
  let failed = false
  for (const name of options.operands) {
    const path = absolutePath(proc, name)
    const found = options.has('L') ? proc.fs.stat(path) : proc.fs.lstat(path)
    if (isErrno(found)) {
      proc.error(`stat: cannot statx '${name}': ${strerror(found)}\n`)
      failed = true
      continue
    }
    const format = options.value('c') ?? options.value('printf')
    if (format !== undefined) proc.print(formatted(proc, format, name, path, found) + (options.has('printf') ? '' : '\n'))
    else proc.print(longText(proc, name, path, found))
  }
  return failed ? 1 : 0
})

function mtime(proc: Process, found: FileStat): string {
  return strftime('%Y-%m-%d %H:%M:%S.%N +0000', proc.world.epochMs + found.mtimeUs / 1000)
}

function kindText(found: FileStat): string {
  return found.kind === 'file' && found.size === 0 ? 'regular empty file' : KINDS[found.kind]
}

function blocksOf(found: FileStat): number {
  return found.kind === 'symlink' ? 0 : Math.ceil(found.size / 4096) * 8
}

function longText(proc: Process, name: string, path: string, found: FileStat): string {
  const shown = found.kind === 'symlink' ? `${name} -> ${proc.fs.readlink(path)}` : name
  const time = mtime(proc, found)
  return (
    `  File: ${shown}\n  Size: ${String(found.size).padEnd(10)}\tBlocks: ${String(blocksOf(found)).padEnd(10)} IO Block: 4096   ${kindText(found)}\n` +
    `Device: 8,1\tInode: ${String(found.ino).padEnd(11)} Links: ${found.links}\n` +
    `Access: (${found.mode.toString(8).padStart(4, '0')}/${modeText(found)})  Uid: (    0/    root)   Gid: (    0/    root)\n` +
    `Access: ${time}\nModify: ${time}\nChange: ${time}\n Birth: ${time}\n`
  )
}

function formatted(proc: Process, format: string, name: string, path: string, found: FileStat): string {
  return format.replace(/\\([nt\\])|%([a-zA-Z%])/g, (all, escape: string | undefined, letter: string) => {
    if (escape !== undefined) return { n: '\n', t: '\t', '\\': '\\' }[escape] as string
    switch (letter) {
      case 'n':
        return name
      case 'N':
        return found.kind === 'symlink' ? `'${name}' -> '${proc.fs.readlink(path)}'` : `'${name}'`
      case 's':
        return String(found.size)
      case 'a':
        return found.mode.toString(8)
      case 'A':
        return modeText(found)
      case 'F':
        return kindText(found)
      case 'U':
      case 'G':
        return 'root'
      case 'u':
      case 'g':
        return '0'
      case 'i':
        return String(found.ino)
      case 'h':
        return String(found.links)
      case 'b':
        return String(blocksOf(found))
      case 'B':
        return '512'
      case 'x':
      case 'y':
      case 'z':
      case 'w':
        return mtime(proc, found)
      case 'X':
      case 'Y':
      case 'Z':
      case 'W':
        return String(Math.floor((proc.world.epochMs + found.mtimeUs / 1000) / 1000))
      case '%':
        return '%'
    }
    return all
  })
}

export const tree = immediate((proc, argv) => {
  const options = parseOptions('tree', argv.slice(1), { short: 'adfhL:I:P:sCFin', long: { noreport: 'noreport', dirsfirst: 'first' } })
  if (typeof options === 'string') {
    proc.error(`tree: Invalid argument -\`${/'(.*)'/.exec(options)?.[1] ?? ''}'.\n`)
    return 1
  }
  const limit = options.has('L') ? Number(options.value('L')) : DEPTH_MAX
  if (!(limit > 0)) {
    proc.error('tree: Invalid level, must be greater than 0.\n')
    return 1
  }
  const counts = { directories: 0, files: 0 }
  let failed = false
  const utf8 = (proc.env.get('LC_ALL') ?? proc.env.get('LANG') ?? '').toUpperCase().includes('UTF-8')
  const [tee, corner, bar] = utf8 ? ['├── ', '└── ', '│\u00a0\u00a0 '] : ['|-- ', '`-- ', '|   ']
  const walk = (path: string, shown: string, indent: string, depth: number): void => {
    const names = proc.fs.list(path)
    if (isErrno(names) || depth >= Math.min(limit, DEPTH_MAX)) return
    const entries = names
      .filter((name) => options.has('a') || !name.startsWith('.'))
      .map((name) => ({ name, found: proc.fs.lstat(`${path === '/' ? '' : path}/${name}`) }))
      .filter(({ found }) => !options.has('d') || (!isErrno(found) && found.kind === 'directory'))
    entries.forEach(({ name, found }, i) => {
      if (isErrno(found)) return
      const last = i === entries.length - 1
      const inner = `${path === '/' ? '' : path}/${name}`
      const label = options.has('f') ? `${shown.replace(/\/$/, '')}/${name}` : name
      const link = found.kind === 'symlink' ? ` -> ${proc.fs.readlink(inner)}` : ''
      proc.print(`${indent}${last ? corner : tee}${label}${options.has('F') && found.kind === 'directory' ? '/' : ''}${link}\n`)
      if (found.kind === 'directory') {
        counts.directories += 1
        walk(inner, label, indent + (last ? '    ' : bar), depth + 1)
      } else counts.files += 1
    })
  }
  for (const name of options.operands.length > 0 ? options.operands : ['.']) {
    const path = absolutePath(proc, name)
    if (!proc.fs.isDirectory(path)) {
      proc.print(`${name}  [error opening dir]\n`)
      failed = true
      continue
    }
    counts.directories += 1
    proc.print(`${name}\n`)
    walk(path, name, '', 0)
  }
  const plural = (count: number, one: string, many: string): string => `${count} ${count === 1 ? one : many}`
  if (!options.has('noreport')) proc.print(`\n${plural(counts.directories, 'directory', 'directories')}${options.has('d') ? '' : `, ${plural(counts.files, 'file', 'files')}`}\n`)
  return failed ? 2 : 0
})

export const du = immediate((proc, argv) => {
  const options = gnuOptions(proc, argv, { spec: { short: 'abchksd:x', long: { summarize: 's', 'human-readable': 'h', 'max-depth=': 'd', all: 'a', total: 'c', bytes: 'b' } }, usage: 'du [OPTION]... [FILE]...' })
  if (typeof options === 'number') return options
  let failed = false
  const limit = options.has('s') ? 0 : options.has('d') ? Number(options.value('d')) : DEPTH_MAX
  const print = (bytes: number, name: string): void => proc.print(`${options.has('h') ? humanSize(bytes) : options.has('b') ? bytes : Math.ceil(bytes / 1024)}\t${name}\n`)
  const measure = (name: string, depth: number): number => {
    const path = absolutePath(proc, name)
    const found = proc.fs.lstat(path)
    if (isErrno(found)) {
      proc.error(`du: cannot access '${name}': ${strerror(found)}\n`)
      failed = true
      return 0
    }
    let bytes = options.has('b') ? found.size : blocksOf(found) * 512
    if (found.kind === 'directory' && depth < DEPTH_MAX) {
      const names = proc.fs.list(path)
      if (!isErrno(names)) for (const inner of names) bytes += measure(`${name.replace(/\/$/, '')}/${inner}`, depth + 1)
      if (depth <= limit) print(bytes, name)
    } else if (depth === 0 || (options.has('a') && depth <= limit)) print(bytes, name)
    return bytes
  }
  let total = 0
  for (const name of options.operands.length > 0 ? options.operands : ['.']) total += measure(name, 0)
  if (options.has('c')) print(total, 'total')
  return failed ? 1 : 0
})

export const file = immediate((proc, argv) => {
  const names = argv.slice(1).filter((word) => !word.startsWith('-'))
  if (names.length === 0) {
    proc.error('Usage: file [-bcCdEhikLlNnprsSvzZ0] [--apple] [--extension] [--mime-encoding]\n            [--mime-type] [-e <testname>] [-F <separator>]  [-f <namefile>]\n            [-m <magicfiles>] [-P <parameter=value>] [--exclude-quiet]\n            <file> ...\n')
    return 1
  }
  for (const name of names) {
    const path = absolutePath(proc, name)
    const found = proc.fs.lstat(path)
    let what = ''
    if (isErrno(found)) what = `cannot open \`${name}' (${strerror(found)})`
    else if (found.kind === 'directory') what = 'directory'
    else if (found.kind === 'symlink') what = `symbolic link to ${proc.fs.readlink(path)}`
    else {
      const text = proc.fs.read(path)
      if (isErrno(text)) what = strerror(text)
      else if (text.startsWith('\x7fELF')) what = 'ELF 64-bit LSB pie executable, x86-64, version 1 (SYSV), dynamically linked, stripped'
      else if (text === '') what = 'empty'
      else if (text.startsWith('#!')) what = `${/^#!\s*(\S+)/.exec(text)?.[1] ?? ''} script, ASCII text executable`
      else if (/^\s*[[{]/.test(text) && /[\]}]\s*$/.test(text)) what = 'JSON text data'
      else what = /[^\x00-\x7f]/.test(text) ? 'Unicode text, UTF-8 text' : 'ASCII text'
    }
    proc.print(`${name}: ${what}\n`)
  }
  return 0
})
