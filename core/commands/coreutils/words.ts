/** Commands that make text: echo(1), printf(1), seq(1), yes(1), and names of files: basename(1), dirname(1), readlink(1), realpath(1). */
import { isErrno, strerror } from '../../base/errno.ts'
import { basename as baseOf, dirname as directoryOf } from '../../linux/path.ts'
import type { Executable } from '../../linux/program.ts'
import { gnuOptions, immediate, wrongUsage } from '../command.ts'
import { decimalNumber } from '../options.ts'
import { formatFloat, readConversion } from '../printf-format.ts'
import { printfText, unescapeEcho } from '../printf-text.ts'

export const echo = immediate((proc, argv) => {
  let at = 1
  let newline = true
  let escapes = false
  for (; at < argv.length && /^-[neE]+$/.test(argv[at]); at += 1) {
    for (const letter of argv[at].slice(1)) {
      if (letter === 'n') newline = false
      else escapes = letter === 'e'
    }
  }
  const text = argv.slice(at).join(' ')
  const shown = escapes ? unescapeEcho(text) : { text, stopped: false }
  proc.print(shown.text + (newline && !shown.stopped ? '\n' : ''))
  return 0
})

export const printf = immediate((proc, argv) => {
  if (argv.length < 2) return wrongUsage(proc, argv[0], `${argv[0]}: missing operand`)
  const { text, complaints } = printfText(argv[1], argv.slice(2), '%s: expected a numeric value')
  proc.print(text)
  for (const complaint of complaints) proc.error(`${argv[0]}: ${complaint}\n`)
  return complaints.length > 0 ? 1 : 0
})

const seqManual = {
  spec: { short: '+f:s:w', long: { 'format=': 'f', 'separator=': 's', 'equal-width': 'w' } },
  usage: 'seq [OPTION]... LAST\n  or:  seq [OPTION]... FIRST LAST\n  or:  seq [OPTION]... FIRST INCREMENT LAST',
}

export const seq: Executable = {
  *program(proc, argv) {
    // Negative numbers are operands, not options.
    const firstNumber = argv.findIndex((word, i) => i > 0 && (/^-[.\d]/.test(word) || !word.startsWith('-')))
    const words = firstNumber < 0 || !argv[firstNumber].startsWith('-') ? argv : [...argv.slice(0, firstNumber), '--', ...argv.slice(firstNumber)]
    const options = gnuOptions(proc, words, seqManual)
    if (typeof options === 'number') return options
    const operands = options.operands
    if (operands.length === 0) return wrongUsage(proc, 'seq', 'seq: missing operand')
    if (operands.length > 3) return wrongUsage(proc, 'seq', `seq: extra operand '${operands[3]}'`)
    const numbers: number[] = []
    for (const word of operands) {
      const value = decimalNumber(word)
      if (value === null) return wrongUsage(proc, 'seq', `seq: invalid floating point argument: '${word}'`)
      numbers.push(value)
    }
    const last = numbers[numbers.length - 1]
    const first = numbers.length > 1 ? numbers[0] : 1
    const step = numbers.length > 2 ? numbers[1] : 1
    if (step === 0) return wrongUsage(proc, 'seq', `seq: invalid Zero increment value: '${operands[1]}'`)
    const precision = Math.max(...operands.slice(0, -1).map((word) => word.split('.')[1]?.length ?? 0), 0)
    const format = options.value('f')
    const conversion = format === undefined ? null : findFloat(format)
    if (format !== undefined && conversion === null) {
      proc.error(`seq: format '${format}' has no % directive\n`)
      return 1
    }
    const count = Math.floor((last - first) / step + 1e-9)
    const width = options.has('w') ? Math.max(first.toFixed(precision).length, (first + count * step).toFixed(precision).length) : 0
    const separator = options.value('s') ?? '\n'
    for (let i = 0; i <= count; i += 1) {
      const value = first + i * step
      let text = value.toFixed(precision)
      if (width > 0) text = value < 0 ? `-${text.slice(1).padStart(width - 1, '0')}` : text.padStart(width, '0')
      if (conversion) text = conversion(value)
      proc.print(i < count ? text + separator : `${text}\n`)
      if (i % 1024 === 1023 && !(yield* proc.flush())) return 141
    }
    return (yield* proc.flush()) ? 0 : 141
  },
}

function findFloat(format: string): ((value: number) => string) | null {
  for (let at = format.indexOf('%'); at >= 0; at = format.indexOf('%', at + 2)) {
    if (format[at + 1] === '%') continue
    const found = readConversion(format, at)
    if (!found || !'fFeEgG'.includes(found.conversion.letter)) return null
    const before = format.slice(0, at).replaceAll('%%', '%')
    const after = format.slice(at + found.length).replaceAll('%%', '%')
    return (value) => before + formatFloat(value, found.conversion) + after
  }
  return null
}

export const yes: Executable = {
  *program(proc, argv) {
    const options = gnuOptions(proc, argv, { spec: { short: '' }, usage: 'yes [STRING]...\n  or:  yes OPTION' })
    if (typeof options === 'number') return options
    const line = `${options.operands.length > 0 ? options.operands.join(' ') : 'y'}\n`
    const block = line.repeat(Math.max(1, Math.floor(1024 / line.length)))
    for (;;) {
      proc.print(block)
      if (!(yield* proc.flush())) return 141
      yield* proc.work(10)
    }
  },
  noTermHandler: true,
}

const basenameManual = {
  spec: { short: '+as:z', long: { multiple: 'a', 'suffix=': 's', zero: 'z' } },
  usage: 'basename NAME [SUFFIX]\n  or:  basename OPTION... NAME...',
}

export const basename = immediate((proc, argv) => {
  const options = gnuOptions(proc, argv, basenameManual)
  if (typeof options === 'number') return options
  const operands = options.operands
  if (operands.length === 0) return wrongUsage(proc, 'basename', 'basename: missing operand')
  const multiple = options.has('a', 's')
  if (!multiple && operands.length > 2) return wrongUsage(proc, 'basename', `basename: extra operand '${operands[2]}'`)
  const suffix = options.value('s') ?? (multiple ? '' : (operands[1] ?? ''))
  for (const name of multiple ? operands : operands.slice(0, 1)) {
    const base = baseOf(name)
    proc.print((suffix !== '' && base !== suffix && base.endsWith(suffix) ? base.slice(0, -suffix.length) : base) + (options.has('z') ? '\0' : '\n'))
  }
  return 0
})

export const dirname = immediate((proc, argv) => {
  const options = gnuOptions(proc, argv, { spec: { short: 'z', long: { zero: 'z' } }, usage: 'dirname [OPTION] NAME...' })
  if (typeof options === 'number') return options
  if (options.operands.length === 0) return wrongUsage(proc, 'dirname', 'dirname: missing operand')
  for (const name of options.operands) proc.print(directoryOf(name) + (options.has('z') ? '\0' : '\n'))
  return 0
})

const readlinkManual = {
  spec: { short: 'efmnqsvz', long: { canonicalize: 'f', 'canonicalize-existing': 'e', 'canonicalize-missing': 'm', 'no-newline': 'n' } },
  usage: 'readlink [OPTION]... FILE...\nPrint value of a symbolic link or canonical file name',
}

export const readlink = immediate((proc, argv) => {
  const options = gnuOptions(proc, argv, readlinkManual)
  if (typeof options === 'number') return options
  if (options.operands.length === 0) return wrongUsage(proc, 'readlink', 'readlink: missing operand')
  let failed = false
  for (const name of options.operands) {
    const path = proc.path(name)
    let result = options.has('e', 'f', 'm') ? proc.fs.realpath(path) : proc.fs.readlink(path)
    if (options.has('e') && !isErrno(result) && !proc.fs.exists(result)) result = 'ENOENT'
    if (options.has('m') && isErrno(result)) result = path
    if (!isErrno(result)) proc.print(result + (options.has('n') ? '' : '\n'))
    else {
      if (options.has('v')) proc.error(`readlink: ${name}: ${strerror(result)}\n`)
      failed = true
    }
  }
  return failed ? 1 : 0
})

export const realpath = immediate((proc, argv) => {
  const options = gnuOptions(proc, argv, {
    spec: { short: 'emsqz', long: { 'canonicalize-existing': 'e', 'canonicalize-missing': 'm' } },
    usage: 'realpath [OPTION]... FILE...',
  })
  if (typeof options === 'number') return options
  if (options.operands.length === 0) return wrongUsage(proc, 'realpath', 'realpath: missing operand')
  let failed = false
  for (const name of options.operands) {
    const path = proc.path(name)
    let result = proc.fs.realpath(path)
    if (options.has('e') && !isErrno(result) && !proc.fs.exists(result)) result = 'ENOENT'
    if (options.has('m') && isErrno(result)) result = path
    if (!isErrno(result)) proc.print(`${result}\n`)
    else {
      if (!options.has('q')) proc.error(`realpath: ${name}: ${strerror(result)}\n`)
      failed = true
    }
  }
  return failed ? 1 : 0
})
