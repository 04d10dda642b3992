/** paste(1), comm(1), fold(1), shuf(1). Omits: comm's check of the order of its input beyond the first complaint, fold -b. */
import { isErrno, strerror } from '../../base/errno.ts'
import { byText } from '../../base/text-order.ts'
import type { Executable } from '../../linux/program.ts'
import { gnuOptions, LineSource, linesOf, readWhole, wrongUsage } from '../command.ts'

export const paste: Executable = {
  *program(proc, argv) {
    const options = gnuOptions(proc, argv, { spec: { short: 'd:sz', long: { 'delimiters=': 'd', serial: 's' } }, usage: 'paste [OPTION]... [FILE]...' })
    if (typeof options === 'number') return options
    const delimiters = [...(options.value('d') ?? '\t').replace(/\\t/g, '\t').replace(/\\n/g, '\n').replace(/\\\\/g, '\\')]
    const between = (index: number): string => (delimiters.length === 0 ? '' : delimiters[index % delimiters.length])
    const columns: string[][] = []
    for (const file of options.operands.length > 0 ? options.operands : ['-']) {
      const whole = yield* readWhole(proc, file)
      if (isErrno(whole)) {
        proc.error(`paste: ${file}: ${strerror(whole)}\n`)
        return 1
      }
      columns.push(linesOf(whole.text))
    }
    const joined = (cells: readonly string[]): string => `${cells.map((cell, i) => (i === 0 ? cell : between(i - 1) + cell)).join('')}\n`
    if (options.has('s')) for (const column of columns) proc.print(joined(column))
    else {
      const rows = Math.max(0, ...columns.map((column) => column.length))
      for (let i = 0; i < rows; i += 1) proc.print(joined(columns.map((column) => column[i] ?? '')))
    }
    return (yield* proc.flush()) ? 0 : 141
  },
}

export const comm: Executable = {
  *program(proc, argv) {
    const options = gnuOptions(proc, argv, { spec: { short: '123z', long: { 'check-order': 'c', 'nocheck-order': 'n', 'output-delimiter=': 'd' } }, usage: 'comm [OPTION]... FILE1 FILE2' })
    if (typeof options === 'number') return options
    if (options.operands.length < 2) return wrongUsage(proc, 'comm', options.operands.length === 0 ? 'comm: missing operand' : `comm: missing operand after '${options.operands[0]}'`)
    const files: string[][] = []
    for (const file of options.operands.slice(0, 2)) {
      const whole = yield* readWhole(proc, file)
      if (isErrno(whole)) {
        proc.error(`comm: ${file}: ${strerror(whole)}\n`)
        return 1
      }
      files.push(linesOf(whole.text))
    }
    const [a, b] = files
    const mark = options.value('d') ?? '\t'
    const hidden = [options.has('1'), options.has('2'), options.has('3')]
    const show = (column: number, line: string): void => {
      if (!hidden[column]) proc.print(`${mark.repeat([0, 1, 2].slice(0, column).filter((one) => !hidden[one]).length)}${line}\n`)
    }
    let unpaired = false
    for (let i = 0, j = 0; i < a.length || j < b.length; ) {
      const order = i >= a.length ? 1 : j >= b.length ? -1 : byText(a[i], b[j])
      if (order !== 0) unpaired = true
      if (order <= 0) {
        show(order === 0 ? 2 : 0, a[i])
        i += 1
      } else show(1, b[j])
      if (order >= 0) j += 1
    }
    // Lines that all have their partner need no order.
    const unsorted = files.map((lines) => unpaired && lines.some((line, i) => i > 0 && byText(lines[i - 1], line) > 0))
    unsorted.forEach((wrong, i) => { if (wrong && !options.has('n')) proc.error(`comm: file ${i + 1} is not in sorted order\n`) })
    if (unsorted.includes(true) && !options.has('n')) {
      proc.error('comm: input is not in sorted order\n')
      return 1
    }
    return 0
  },
}

export const fold: Executable = {
  *program(proc, argv) {
    const words = argv.map((word, i) => (i > 0 && /^-\d+$/.test(word) ? `-w${word.slice(1)}` : word))
    const options = gnuOptions(proc, words, { spec: { short: 'bsw:', long: { spaces: 's', 'width=': 'w', bytes: 'b' } }, usage: 'fold [OPTION]... [FILE]...' })
    if (typeof options === 'number') return options
    const width = Number(options.value('w') ?? 80)
    if (!Number.isInteger(width) || width < 1) {
      proc.error(`fold: invalid number of columns: '${options.value('w')}'\n`)
      return 1
    }
    const source = new LineSource(proc, options.operands, { command: 'fold' })
    for (;;) {
      const line = yield* source.next()
      if (line === null) return source.failed ? 1 : 0
      let rest = [...line.text]
      while (rest.length > width) {
        const blank = options.has('s') ? rest.slice(0, width).lastIndexOf(' ') : -1
        const cut = blank >= 0 ? blank + 1 : width
        proc.print(`${rest.slice(0, cut).join('')}\n`)
        rest = rest.slice(cut)
      }
      proc.print(rest.join('') + (line.ended ? '\n' : ''))
      if (!(yield* proc.flush())) return 141
    }
  },
}

export const shuf: Executable = {
  *program(proc, argv) {
    const options = gnuOptions(proc, argv, { spec: { short: 'ei:n:rz', long: { echo: 'e', 'input-range=': 'i', 'head-count=': 'n', repeat: 'r' } }, usage: 'shuf [OPTION]... [FILE]\n  or:  shuf -e [OPTION]... [ARG]...\n  or:  shuf -i LO-HI [OPTION]...' })
    if (typeof options === 'number') return options
    let lines: string[]
    const range = /^(\d{1,9})-(\d{1,9})$/.exec(options.value('i') ?? '')
    if (options.has('i')) {
      if (!range || Number(range[2]) - Number(range[1]) > 1_000_000) {
        proc.error(`shuf: invalid input range: '${options.value('i')}'\n`)
        return 1
      }
      lines = Array.from({ length: Math.max(Number(range[2]) - Number(range[1]) + 1, 0) }, (_, i) => String(Number(range[1]) + i))
    } else if (options.has('e')) lines = [...options.operands]
    else {
      const file = options.operands[0] ?? '-'
      const whole = yield* readWhole(proc, file)
      if (isErrno(whole)) {
        proc.error(`shuf: ${file}: ${strerror(whole)}\n`)
        return 1
      }
      lines = linesOf(whole.text)
    }
    const random = proc.world.random.stream('commands/shuf')
    const shuffled = random.shuffle(lines)
    for (const line of options.has('n') ? shuffled.slice(0, Number(options.value('n'))) : shuffled) proc.print(`${line}\n`)
    return (yield* proc.flush()) ? 0 : 141
  },
}
