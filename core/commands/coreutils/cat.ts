/** cat(1), tac(1), rev(1) and nl(1). Omits: nl's logical pages and numbering styles. */
import { type Errno, isErrno, strerror } from '../../base/errno.ts'
import { utf8Encode } from '../../base/utf8.ts'
import type { Executable } from '../../linux/program.ts'
import { gnuOptions, LineSource, readWhole, TextInput } from '../command.ts'

const catManual = {
  spec: {
    short: 'AbeEnstTuv',
    long: {
      'show-all': 'A', 'number-nonblank': 'b', 'show-ends': 'E', number: 'n', 'squeeze-blank': 's', 'show-tabs': 'T',
      'show-nonprinting': 'v',
    },
  },
  usage: 'cat [OPTION]... [FILE]...\nConcatenate FILE(s) to standard output.',
}

export const cat: Executable = {
  *program(proc, argv) {
    const options = gnuOptions(proc, argv, catManual)
    if (typeof options === 'number') return options
    const files = options.operands.length > 0 ? options.operands : ['-']
    if (options.ordered.every((option) => option.key === 'u')) {
      let failed = false
      for (const file of files) {
        const input = TextInput.open(proc, file)
        if (isErrno(input)) {
          proc.error(`${argv[0]}: ${file}: ${strerror(input)}\n`)
          failed = true
          continue
        }
        for (;;) {
          const chunk = yield* input.read()
          if (chunk === null) break
          proc.print(chunk)
          if (!(yield* proc.flush())) return 141
        }
        input.close()
      }
      return failed ? 1 : 0
    }
    const ends = options.has('A', 'e', 'E')
    const tabs = options.has('A', 't', 'T')
    const visible = options.has('A', 'e', 't', 'v')
    const source = new LineSource(proc, files)
    let number = 0
    let blanks = 0
    for (;;) {
      const line = yield* source.next()
      if (line === null) return source.failed ? 1 : 0
      blanks = line.text === '' ? blanks + 1 : 0
      if (options.has('s') && blanks > 1) continue
      let text = visible ? visibleText(line.text) : line.text
      if (tabs) text = text.replaceAll('\t', '^I')
      if (options.has('b') ? line.text !== '' : options.has('n')) {
        number += 1
        text = `${String(number).padStart(6)}\t${text}`
      }
      proc.print(text + (line.ended ? (ends ? '$\n' : '\n') : ''))
      if (!(yield* proc.flush())) return 141
    }
  },
  noTermHandler: true,
}

/** `^` and `M-` notation of each byte. */
function visibleText(text: string): string {
  let shown = ''
  for (const byte of utf8Encode(text)) {
    const low = byte & 127
    if (byte >= 128) shown += 'M-'
    if (byte === 9) shown += '\t'
    else shown += low < 32 ? `^${String.fromCharCode(low + 64)}` : low === 127 ? '^?' : String.fromCharCode(low)
  }
  return shown
}

const tacManual = { spec: { short: '' }, usage: 'tac [OPTION]... [FILE]...\nWrite each FILE to standard output, last line first.' }

export const tac: Executable = {
  *program(proc, argv) {
    const options = gnuOptions(proc, argv, tacManual)
    if (typeof options === 'number') return options
    let failed = false
    for (const file of options.operands.length > 0 ? options.operands : ['-']) {
      const whole = yield* readWhole(proc, file)
      if (isErrno(whole)) {
        proc.error(`tac: failed to open '${file}' for reading: ${strerror(whole)}\n`)
        failed = true
        continue
      }
      const lines = whole.text.match(/[^\n]*\n|[^\n]+$/g) ?? []
      proc.print(lines.reverse().join(''))
    }
    return failed ? 1 : 0
  },
}

export const rev: Executable = {
  *program(proc, argv) {
    const complain = (file: string, errno: Errno): void => proc.error(`rev: cannot open ${file}: ${strerror(errno)}\n`)
    const source = new LineSource(proc, argv.slice(1), { complain })
    for (;;) {
      const line = yield* source.next()
      if (line === null) return source.failed ? 1 : 0
      proc.print([...line.text].reverse().join('') + (line.ended ? '\n' : ''))
    }
  },
}

const nlManual = {
  spec: { short: 'b:w:s:v:n:', long: { 'body-numbering=': 'b', 'number-width=': 'w', 'number-separator=': 's', 'starting-line-number=': 'v' } },
  usage: 'nl [OPTION]... [FILE]...\nWrite each FILE to standard output, with line numbers added.',
}

export const nl: Executable = {
  *program(proc, argv) {
    const options = gnuOptions(proc, argv, nlManual)
    if (typeof options === 'number') return options
    const width = Math.min(Number(options.value('w') ?? 6) || 6, 1000)
    const separator = options.value('s') ?? '\t'
    const source = new LineSource(proc, options.operands, { command: 'nl' })
    let number = Number(options.value('v') ?? 1) || 0
    for (;;) {
      const line = yield* source.next()
      if (line === null) return source.failed ? 1 : 0
      if (line.text === '' && options.value('b') !== 'a') proc.print(`${' '.repeat(width + separator.length)}\n`)
      else {
        proc.print(`${String(number).padStart(width)}${separator}${line.text}\n`)
        number += 1
      }
    }
  },
}

