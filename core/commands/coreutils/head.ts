/** head(1) and tail(1). Omits: `tail --retry` and `--pid`; `-F` follows like `-f`. */
import { isErrno, strerror } from '../../base/errno.ts'
import { utf8Decode, utf8Encode } from '../../base/utf8.ts'
import type { Process } from '../../linux/process.ts'
import type { Executable } from '../../linux/program.ts'
import type { Wait } from '../../linux/wait.ts'
import { gnuOptions, readWhole, TextInput } from '../command.ts'

const headManual = {
  spec: { short: 'c:n:qvz', long: { 'bytes=': 'c', 'lines=': 'n', quiet: 'q', silent: 'q', verbose: 'v' } },
  usage: 'head [OPTION]... [FILE]...\nPrint the first 10 lines of each FILE to standard output.',
}

const SUFFIXES = new Map([['', 1], ['b', 512], ['K', 1024], ['k', 1024], ['KB', 1000], ['kB', 1000], ['M', 1048576], ['MB', 1000000], ['G', 1073741824]])

interface Count {
  sign: string
  value: number
}

function readCount(text: string): Count | null {
  const match = /^([+-]?)(\d{1,15})([a-zA-Z]*)$/.exec(text)
  const factor = match ? SUFFIXES.get(match[3]) : undefined
  return match && factor !== undefined ? { sign: match[1], value: Number(match[2]) * factor } : null
}

/** `-20` and `-20f` are old spellings of `-n 20`. */
function modern(argv: readonly string[]): string[] {
  return argv.flatMap((word, index) => {
    const old = index === 1 ? /^-(\d+)([a-z]*)$/.exec(word) : null
    return old ? [`-n${old[1]}`, ...(old[2] === '' ? [] : [`-${old[2]}`])] : [word]
  })
}

export const head: Executable = {
  *program(proc, argv) {
    const options = gnuOptions(proc, modern(argv), headManual)
    if (typeof options === 'number') return options
    const bytes = options.last('c', 'n') === 'c'
    const asked = (bytes ? options.value('c') : options.value('n')) ?? '10'
    const count = readCount(asked)
    if (!count) {
      proc.error(`head: invalid number of ${bytes ? 'bytes' : 'lines'}: '${asked}'\n`)
      return 1
    }
    const files = options.operands.length > 0 ? options.operands : ['-']
    const titled = options.has('v') || (files.length > 1 && !options.has('q'))
    let failed = false
    let first = true
    for (const file of files) {
      const title = `${first ? '' : '\n'}==> ${file === '-' ? 'standard input' : file} <==\n`
      const input = TextInput.open(proc, file)
      if (isErrno(input)) {
        if (input === 'EISDIR' && titled) proc.print(title)
        proc.error(input === 'EISDIR' ? `head: error reading '${file}': Is a directory\n` : `head: cannot open '${file}' for reading: ${strerror(input)}\n`)
        failed = true
        continue
      }
      if (titled) proc.print(title)
      first = false
      if (count.sign === '-') {
        const text = yield* rest(input)
        proc.print(bytes ? utf8Decode(utf8Encode(text).subarray(0, -count.value || undefined)) : (text.match(/[^\n]*\n|[^\n]+$/g) ?? []).slice(0, count.value === 0 ? undefined : -count.value).join(''))
      } else if (bytes) yield* headBytes(proc, input, count.value)
      else yield* headLines(proc, input, count.value, file === '-')
      input.close()
    }
    return failed ? 1 : 0
  },
}

function* rest(input: TextInput): Generator<Wait, string, unknown> {
  const parts: string[] = []
  for (;;) {
    const chunk = yield* input.read()
    if (chunk === null) return parts.join('')
    parts.push(chunk)
  }
}

function* headBytes(proc: Process, input: TextInput, bytes: number): Generator<Wait, void, unknown> {
  let left = bytes
  while (left > 0) {
    const chunk = yield* input.read(Math.min(left, 65536))
    if (chunk === null) return
    const encoded = utf8Encode(chunk)
    proc.print(encoded.length <= left ? chunk : utf8Decode(encoded.subarray(0, left)))
    left -= encoded.length
    if (!(yield* proc.flush())) return
  }
}

/** Gives back to standard input what stands after the last line, so that `(head -1; cat)` works on pipes. */
function* headLines(proc: Process, input: TextInput, lines: number, shared: boolean): Generator<Wait, void, unknown> {
  let left = lines
  while (left > 0) {
    const chunk = yield* input.read()
    if (chunk === null) return
    let at = 0
    while (left > 0 && at < chunk.length) {
      const newline = chunk.indexOf('\n', at)
      if (newline < 0) at = chunk.length
      else {
        at = newline + 1
        left -= 1
      }
    }
    proc.print(chunk.slice(0, at))
    if (shared) proc.fds.get(0)?.unread(chunk.slice(at))
    if (!(yield* proc.flush())) return
  }
}

const tailManual = {
  spec: { short: 'c:fFn:qs:v', long: { 'bytes=': 'c', 'lines=': 'n', 'follow=?': 'f', quiet: 'q', silent: 'q', verbose: 'v', retry: 'retry' } },
  usage: 'tail [OPTION]... [FILE]...\nPrint the last 10 lines of each FILE to standard output.',
}

export const tail: Executable = {
  *program(proc, argv) {
    const options = gnuOptions(proc, modern(argv), tailManual)
    if (typeof options === 'number') return options
    const bytes = options.last('c', 'n') === 'c'
    const asked = (bytes ? options.value('c') : options.value('n')) ?? '10'
    const count = readCount(asked)
    if (!count) {
      proc.error(`tail: invalid number of ${bytes ? 'bytes' : 'lines'}: '${asked}'\n`)
      return 1
    }
    const files = options.operands.length > 0 ? options.operands : ['-']
    const titled = options.has('v') || (files.length > 1 && !options.has('q'))
    let failed = false
    let first = true
    const title = (file: string): string => `${first ? '' : '\n'}==> ${file === '-' ? 'standard input' : file} <==\n`
    const followed: { file: string; shown: number }[] = []
    for (const file of files) {
      const whole = yield* readWhole(proc, file)
      if (isErrno(whole)) {
        if (whole === 'EISDIR' && titled) proc.print(title(file))
        proc.error(whole === 'EISDIR' ? `tail: error reading '${file}': Is a directory\n` : `tail: cannot open '${file}' for reading: ${strerror(whole)}\n`)
        failed = true
        if (options.has('F') && whole === 'ENOENT') followed.push({ file, shown: 0 })
        continue
      }
      if (titled) proc.print(title(file))
      first = false
      proc.print(bytes ? tailBytes(whole.text, count) : tailLines(whole.text, count))
      if (file !== '-') followed.push({ file, shown: whole.text.length })
    }
    if (!options.has('f', 'F') || followed.length === 0) return failed ? 1 : 0
    return yield* follow(proc, followed, titled)
  },
  noTermHandler: true,
}

function tailLines(text: string, count: Count): string {
  const lines = text.match(/[^\n]*\n|[^\n]+$/g) ?? []
  if (count.sign === '+') return lines.slice(Math.max(count.value - 1, 0)).join('')
  return count.value === 0 ? '' : lines.slice(-count.value).join('')
}

function tailBytes(text: string, count: Count): string {
  const encoded = utf8Encode(text)
  if (count.sign === '+') return utf8Decode(encoded.subarray(Math.max(count.value - 1, 0)))
  return count.value === 0 ? '' : utf8Decode(encoded.subarray(-count.value))
}

/** Follows by name; looks once a second, as tail does without inotify. */
function* follow(proc: Process, files: { file: string; shown: number }[], titled: boolean): Generator<Wait, number, unknown> {
  let last = files[files.length - 1]
  for (;;) {
    const only = files.length === 1 ? proc.fs.change(proc.path(files[0].file)) : 'EINVAL'
    if (isErrno(only)) yield* proc.sleepUs(1_000_000)
    else yield only
    for (const one of files) {
      const text = proc.fs.read(proc.path(one.file))
      if (isErrno(text) || text.length === one.shown) continue
      if (text.length < one.shown) {
        proc.error(`tail: ${one.file}: file truncated\n`)
        one.shown = 0
      }
      if (titled && last !== one) proc.print(`\n==> ${one.file} <==\n`)
      last = one
      proc.print(text.slice(one.shown))
      one.shown = text.length
    }
    if (!(yield* proc.flush())) return 141
  }
}
