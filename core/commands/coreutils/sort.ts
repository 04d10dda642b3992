/**
 * sort(1) and uniq(1) in the C locale.
 * Omits: `-m` and temporary files (all is in memory), `-R`, month sort's locale.
 */
import { type Errno, isErrno, strerror } from '../../base/errno.ts'
import { byText } from '../../base/text-order.ts'
import type { Executable } from '../../linux/program.ts'
import { MONTHS } from '../calendar.ts'
import { gnuOptions, LineSource, readWhole, wrongUsage } from '../command.ts'

const sortManual = {
  spec: {
    short: 'bcCdfghik:Mmno:rRsS:t:T:uVz',
    long: {
      'ignore-leading-blanks': 'b', check: 'c', 'dictionary-order': 'd', 'ignore-case': 'f', 'general-numeric-sort': 'g',
      'human-numeric-sort': 'h', 'key=': 'k', 'month-sort': 'M', 'numeric-sort': 'n', 'output=': 'o', reverse: 'r', stable: 's',
      'field-separator=': 't', unique: 'u', 'version-sort': 'V', 'zero-terminated': 'z',
    },
  },
  usage: 'sort [OPTION]... [FILE]...\nWrite sorted concatenation of all FILE(s) to standard output.',
  wrongUsage: 2,
}

interface Key {
  startField: number
  startChar: number
  endField: number
  endChar: number
  flags: string
}

export const sort: Executable = {
  *program(proc, argv) {
    const options = gnuOptions(proc, argv, sortManual)
    if (typeof options === 'number') return options
    const global = options.ordered.map((option) => option.key).filter((key) => 'bdfghiMnrV'.includes(key)).join('')
    let separator = options.value('t') ?? null
    if (separator === '\\0') separator = '\0'
    if (separator !== null && [...separator].length !== 1) {
      proc.error(separator === '' ? 'sort: empty tab\n' : `sort: multi-character tab '${separator}'\n`)
      return 2
    }
    const keys: Key[] = []
    for (const text of options.values('k')) {
      const key = readKey(text, global)
      if (typeof key === 'string') {
        proc.error(`sort: ${key}\n`)
        return 2
      }
      keys.push(key)
    }
    const end = options.has('z') ? '\0' : '\n'
    const lines: string[] = []
    const files = options.operands.length > 0 ? options.operands : ['-']
    for (const file of files) {
      const whole = yield* readWhole(proc, file)
      if (isErrno(whole)) {
        proc.error(whole === 'EISDIR' ? `sort: read failed: ${file}: Is a directory\n` : `sort: cannot read: ${file}: ${strerror(whole)}\n`)
        return 2
      }
      const all = whole.text.split(end)
      if (all.at(-1) === '') all.pop()
      for (const line of all) lines.push(line)
    }
    const reverse = global.includes('r')
    const byKeys = (a: string, b: string): number => {
      if (keys.length === 0) {
        const order = compareWith(a, b, global)
        return reverse ? -order : order
      }
      for (const key of keys) {
        const order = compareWith(cut(a, key, separator), cut(b, key, separator), key.flags)
        if (order !== 0) return key.flags.includes('r') ? -order : order
      }
      return 0
    }
    const compare = (a: string, b: string): number => {
      const order = byKeys(a, b)
      if (order !== 0 || options.has('s', 'u')) return order
      return reverse ? byText(b, a) : byText(a, b)
    }
    if (options.has('c', 'C')) {
      const wrong = lines.findIndex((line, i) => i > 0 && (compare(lines[i - 1], line) > 0 || (options.has('u') && compare(lines[i - 1], line) === 0)))
      if (wrong < 0) return 0
      if (!options.has('C')) proc.error(`sort: ${files[0]}:${wrong + 1}: disorder: ${lines[wrong]}\n`)
      return 1
    }
    lines.sort(compare)
    const shown = options.has('u') ? lines.filter((line, i) => i === 0 || byKeys(lines[i - 1], line) !== 0) : lines
    const text = shown.map((line) => line + end).join('')
    const output = options.value('o')
    if (output === undefined) {
      proc.print(text)
      return (yield* proc.flush()) ? 0 : 141
    }
    const error = proc.fs.write(proc.path(output), text)
    if (error) proc.error(`sort: open failed: ${output}: ${strerror(error)}\n`)
    return error ? 2 : 0
  },
}

function readKey(text: string, global: string): Key | string {
  const match = /^(\d+)(?:\.(\d+))?([a-zA-Z]*)(?:,(\d+)(?:\.(\d+))?([a-zA-Z]*))?$/.exec(text)
  if (!match) return /^\d/.test(text) ? `stray character in field spec: invalid field specification '${text}'` : `invalid number at field start: invalid count at start of '${text}'`
  if (match[1] === '0') return `field number is zero: invalid field specification '${text}'`
  const own = match[3] + (match[6] ?? '')
  return {
    startField: Number(match[1]),
    startChar: match[2] === undefined ? 1 : Number(match[2]),
    endField: match[4] === undefined ? 0 : Number(match[4]),
    endChar: Number(match[5] ?? 0),
    flags: own === '' ? global : own,
  }
}

/** The part of a line that a key names. Without `-t` the blanks before a field belong to it. */
function cut(line: string, key: Key, separator: string | null): string {
  const starts: number[] = []
  const ends: number[] = []
  if (separator !== null) {
    let at = 0
    for (const field of line.split(separator)) {
      starts.push(at)
      ends.push(at + field.length)
      at += field.length + separator.length
    }
  } else {
    for (const match of line.matchAll(/[ \t]*[^ \t]+|[ \t]+$/g)) {
      starts.push(match.index)
      ends.push(match.index + match[0].length)
    }
  }
  if (key.startField > starts.length) return ''
  let start = starts[key.startField - 1]
  if (key.flags.includes('b')) while (line[start] === ' ' || line[start] === '\t') start += 1
  start += key.startChar - 1
  if (key.endField === 0 || key.endField > ends.length) return line.slice(start)
  let end = ends[key.endField - 1]
  if (key.endChar > 0) {
    let from = starts[key.endField - 1]
    if (key.flags.includes('b')) while (line[from] === ' ' || line[from] === '\t') from += 1
    end = Math.min(from + key.endChar, line.length)
  }
  return line.slice(start, Math.max(start, end))
}

function compareWith(a: string, b: string, flags: string): number {
  if (flags.includes('V')) return compareVersions(a, b)
  if (flags.includes('h')) return humanNumber(a) - humanNumber(b)
  if (flags.includes('n')) return leadingNumber(a) - leadingNumber(b)
  if (flags.includes('g')) return generalNumber(a) - generalNumber(b)
  if (flags.includes('M')) return monthOf(a) - monthOf(b)
  let [left, right] = [a, b]
  if (flags.includes('b')) [left, right] = [left.replace(/^[ \t]+/, ''), right.replace(/^[ \t]+/, '')]
  if (flags.includes('d')) [left, right] = [left.replace(/[^A-Za-z0-9 \t]/g, ''), right.replace(/[^A-Za-z0-9 \t]/g, '')]
  if (flags.includes('f')) [left, right] = [left.toUpperCase(), right.toUpperCase()]
  return byText(left, right)
}

function leadingNumber(text: string): number {
  const match = /^[ \t]*(-?(?:\d+\.?\d*|\.\d+))/.exec(text)
  return match ? Number(match[1]) : 0
}

function generalNumber(text: string): number {
  const match = /^[ \t]*([-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?)/.exec(text)
  return match ? Number(match[1]) : -Number.MAX_VALUE
}

/** Units before digits: 2K is more than 1000. */
function humanNumber(text: string): number {
  const match = /^[ \t]*(-?(?:\d+\.?\d*|\.\d+))([KkMGTPEZY]?)/.exec(text)
  if (!match) return 0
  const power = match[2] === '' ? 0 : 'KMGTPEZY'.indexOf(match[2].toUpperCase()) + 1
  return Number(match[1]) * 1024 ** power
}

function monthOf(text: string): number {
  const name = text.trimStart().slice(0, 3).toUpperCase()
  return name.length < 3 ? 0 : MONTHS.findIndex((month) => month.slice(0, 3).toUpperCase() === name) + 1
}

/** filevercmp of gnulib, for names without `~`. */
export function compareVersions(a: string, b: string): number {
  const left = a.match(/\d+|\D+/g) ?? []
  const right = b.match(/\d+|\D+/g) ?? []
  for (let i = 0; i < left.length && i < right.length; i += 1) {
    const numbers = /^\d/.test(left[i]) && /^\d/.test(right[i])
    const order = numbers ? Number(left[i]) - Number(right[i]) : byText(left[i], right[i])
    if (order !== 0) return order
  }
  return left.length - right.length || byText(a, b)
}

const uniqManual = {
  spec: {
    short: 'cdDf:is:uw:z',
    long: { count: 'c', repeated: 'd', 'skip-fields=': 'f', 'ignore-case': 'i', 'skip-chars=': 's', unique: 'u', 'check-chars=': 'w' },
  },
  usage: 'uniq [OPTION]... [INPUT [OUTPUT]]\nFilter adjacent matching lines from INPUT (or standard input).',
}

export const uniq: Executable = {
  *program(proc, argv) {
    const options = gnuOptions(proc, argv, uniqManual)
    if (typeof options === 'number') return options
    if (options.operands.length > 2) return wrongUsage(proc, 'uniq', `uniq: extra operand '${options.operands[2]}'`)
    const skipFields = Number(options.value('f') ?? 0)
    const skipChars = Number(options.value('s') ?? 0)
    const compared = (line: string): string => {
      let rest = line
      for (let i = 0; i < skipFields; i += 1) rest = rest.replace(/^[ \t]*[^ \t]*/, '')
      rest = rest.slice(skipChars)
      if (options.has('w')) rest = rest.slice(0, Number(options.value('w')))
      return options.has('i') ? rest.toLowerCase() : rest
    }
    let output = ''
    const write = (text: string): void => {
      if (options.operands.length === 2) output += text
      else proc.print(text)
    }
    const complain = (file: string, errno: Errno): void => proc.error(`uniq: ${file}: ${strerror(errno)}\n`)
    const source = new LineSource(proc, options.operands.slice(0, 1), { complain })
    let group: string[] = []
    const close = (): void => {
      if (group.length === 0) return
      if (options.has('D')) {
        if (group.length > 1) write(group.map((line) => `${line}\n`).join(''))
      } else if (!(options.has('d') && group.length === 1) && !(options.has('u') && group.length > 1)) {
        write(`${options.has('c') ? `${String(group.length).padStart(7)} ` : ''}${group[0]}\n`)
      }
      group = []
    }
    for (;;) {
      const line = yield* source.next()
      if (line === null) break
      if (group.length > 0 && compared(group[0]) !== compared(line.text)) close()
      group.push(line.text)
      if (!(yield* proc.flush())) return 141
    }
    close()
    if (options.operands.length === 2) {
      const error = proc.fs.write(proc.path(options.operands[1]), output)
      if (error) complain(options.operands[1], error)
      if (error) return 1
    }
    return source.failed ? 1 : 0
  },
}

