/** Filters that count and cut: wc(1), cut(1), tr(1), tee(1). Omits: `cut -b` inside multi-byte characters, `tr` of bytes above 127. */
import { type Errno, isErrno, strerror } from '../../base/errno.ts'
import { utf8Length } from '../../base/utf8.ts'
import type { OpenFile } from '../../linux/open-file.ts'
import type { Executable } from '../../linux/program.ts'
import { gnuOptions, LineSource, readWhole, wrongUsage } from '../command.ts'

const wcManual = {
  spec: { short: 'clLmw', long: { bytes: 'c', chars: 'm', lines: 'l', 'max-line-length': 'L', words: 'w' } },
  usage: 'wc [OPTION]... [FILE]...\nPrint newline, word, and byte counts for each FILE.',
}

export const wc: Executable = {
  *program(proc, argv) {
    const options = gnuOptions(proc, argv, wcManual)
    if (typeof options === 'number') return options
    const all = options.ordered.length === 0
    const chosen = ['l', 'w', 'm', 'c', 'L'].filter((key) => (all ? 'lwc'.includes(key) : options.has(key)))
    const totals = new Map<string, number>()
    const rows: { name: string; counts: number[] }[] = []
    let failed = false
    for (const file of options.operands.length > 0 ? options.operands : ['-']) {
      const whole = yield* readWhole(proc, file)
      if (isErrno(whole)) {
        proc.error(`wc: ${file}: ${strerror(whole)}\n`)
        failed = true
        if (whole === 'EISDIR') rows.push({ name: file, counts: chosen.map(() => 0) })
        continue
      }
      const { text } = whole
      const counts = chosen.map((key) => {
        if (key === 'l') return text.split('\n').length - 1
        if (key === 'w') return text.match(/\S+/g)?.length ?? 0
        if (key === 'm') return [...text].length
        return key === 'c' ? utf8Length(text) : Math.max(...text.split('\n').map((line) => [...line].length))
      })
      chosen.forEach((key, i) => totals.set(key, key === 'L' ? Math.max(totals.get(key) ?? 0, counts[i]) : (totals.get(key) ?? 0) + counts[i]))
      rows.push({ name: options.operands.length === 0 ? '' : file, counts })
    }
    if (options.operands.length > 1) rows.push({ name: 'total', counts: chosen.map((key) => totals.get(key) ?? 0) })
    // Numbers are as wide as the total size of the files; what is no regular file has no size known beforehand.
    let width = 1
    if (chosen.length > 1 || rows.length > 1) {
      let size = 0
      for (const file of options.operands.length > 0 ? options.operands : ['-']) {
        const found = proc.fs.stat(file === '-' ? (proc.fds.get(0)?.path ?? '') : proc.path(file))
        if (isErrno(found) ? file === '-' : found.kind !== 'file') width = 7
        else if (!isErrno(found)) size += found.size
      }
      width = Math.max(width, String(size).length)
    }
    for (const row of rows) {
      const numbers = row.counts.map((count) => String(count).padStart(width)).join(' ')
      proc.print(`${numbers}${row.name === '' ? '' : ` ${row.name}`}\n`)
    }
    return failed ? 1 : 0
  },
}

const cutManual = {
  spec: {
    short: 'b:c:d:f:nsz',
    long: {
      'bytes=': 'b', 'characters=': 'c', 'delimiter=': 'd', 'fields=': 'f', 'only-delimited': 's', complement: 'complement',
      'output-delimiter=': 'out',
    },
  },
  usage: 'cut OPTION... [FILE]...\nPrint selected parts of lines from each FILE to standard output.',
}

export const cut: Executable = {
  *program(proc, argv) {
    const options = gnuOptions(proc, argv, cutManual)
    if (typeof options === 'number') return options
    const lists = options.ordered.filter((option) => 'bcf'.includes(option.key))
    if (lists.length === 0) return wrongUsage(proc, 'cut', 'cut: you must specify a list of bytes, characters, or fields')
    if (lists.length > 1) return wrongUsage(proc, 'cut', 'cut: only one list may be specified')
    const fields = lists[0].key === 'f'
    const delimiter = options.value('d') === '' ? '\0' : (options.value('d') ?? '\t')
    if ([...delimiter].length > 1) return wrongUsage(proc, 'cut', 'cut: the delimiter must be a single character')
    if (!fields && options.has('d')) return wrongUsage(proc, 'cut', 'cut: an input delimiter may be specified only when operating on fields')
    const ranges = readRanges(lists[0].value, fields ? 'field' : 'byte/character')
    if (typeof ranges === 'string') return wrongUsage(proc, 'cut', `cut: ${ranges}`)
    const wanted = (place: number): boolean => ranges.some(([low, high]) => place >= low && place <= high) !== options.has('complement')
    const joint = options.value('out') ?? (fields ? delimiter : '')
    const source = new LineSource(proc, options.operands)
    for (;;) {
      const line = yield* source.next()
      if (line === null) return source.failed ? 1 : 0
      if (fields && !line.text.includes(delimiter)) {
        if (!options.has('s')) proc.print(`${line.text}\n`)
      } else {
        const parts = fields ? line.text.split(delimiter) : [...line.text]
        proc.print(`${parts.filter((_, i) => wanted(i + 1)).join(joint)}\n`)
      }
      if (!(yield* proc.flush())) return 141
    }
  },
}

function readRanges(text: string, what: string): [number, number][] | string {
  const ranges: [number, number][] = []
  for (const part of text.split(/[, ]/)) {
    const match = /^(\d*)(-?)(\d*)$/.exec(part)
    if (!match) return `invalid ${what === 'field' ? 'field value' : 'byte/character position'} '${part}'`
    const [, low, dash, high] = match
    if (low === '' && high === '') return dash ? 'invalid range with no endpoint: -' : `${what === 'field' ? 'fields' : 'byte/character positions'} are numbered from 1`
    if (low === '0' || (low === '' && high === '0')) return `${what === 'field' ? 'fields' : 'byte/character positions'} are numbered from 1`
    const from = low === '' ? 1 : Number(low)
    const to = dash === '' ? from : high === '' ? Number.MAX_SAFE_INTEGER : Number(high)
    if (to < from) return 'invalid decreasing range'
    ranges.push([from, to])
  }
  return ranges
}

const trManual = {
  spec: { short: '+cCdst', long: { complement: 'c', delete: 'd', 'squeeze-repeats': 's', 'truncate-set1': 't' } },
  usage: 'tr [OPTION]... STRING1 [STRING2]\nTranslate, squeeze, and/or delete characters from standard input.',
}

const TR_CLASSES = new Map<string, RegExp>([
  ['alpha', /[A-Za-z]/], ['digit', /[0-9]/], ['alnum', /[A-Za-z0-9]/], ['upper', /[A-Z]/], ['lower', /[a-z]/], ['space', /[ \t\n\r\f\v]/],
  ['blank', /[ \t]/], ['punct', /[!-/:-@[-`{-~]/], ['cntrl', /[\x00-\x1f\x7f]/], ['print', /[ -~]/], ['graph', /[!-~]/], ['xdigit', /[0-9A-Fa-f]/],
])

export const tr: Executable = {
  *program(proc, argv) {
    const options = gnuOptions(proc, argv, trManual)
    if (typeof options === 'number') return options
    const [one, two, more] = options.operands
    const deletes = options.has('d')
    const squeezes = options.has('s')
    const needsTwo = deletes === squeezes
    if (one === undefined) return wrongUsage(proc, 'tr', 'tr: missing operand')
    if (two === undefined && needsTwo) {
      const why = deletes ? 'Two strings must be given when both deleting and squeezing repeats.' : 'Two strings must be given when translating.'
      return wrongUsage(proc, 'tr', `tr: missing operand after '${one}'\n${why}`)
    }
    if (more !== undefined || (two !== undefined && deletes && !squeezes)) {
      const extra = more ?? two
      const why = deletes && !squeezes ? '\nOnly one string may be given when deleting without squeezing repeats.' : ''
      return wrongUsage(proc, 'tr', `tr: extra operand '${extra}'${why}`)
    }
    const first = expandSet(one)
    const second = two === undefined ? null : expandSet(two)
    if (typeof first === 'string' || typeof second === 'string') {
      proc.error(`tr: ${typeof first === 'string' ? first : second}\n`)
      return 1
    }
    if (second?.length === 0 && !deletes) {
      proc.error('tr: when not truncating set1, string2 must be non-empty\n')
      return 1
    }
    const listed = new Map(first.map((char, i) => [char, i] as const))
    if (!options.has('c', 'C')) first.forEach((char, i) => listed.set(char, i))
    const inverted = options.has('c', 'C')
    const inFirst = (char: string): boolean => listed.has(char) !== inverted
    const squeezed = new Set(second ?? [])
    const translate = (char: string): string => {
      if (deletes || second === null || !inFirst(char)) return char
      const place = inverted ? second.length - 1 : (listed.get(char) as number)
      if (place >= second.length && options.has('t')) return char
      return second[Math.min(place, second.length - 1)]
    }
    let last = ''
    for (;;) {
      const chunk = yield* proc.read(0)
      if (chunk === null) return 0
      let text = ''
      for (const char of chunk) {
        if (deletes && inFirst(char)) continue
        const shown = translate(char)
        if (squeezes && shown === last && (second ? squeezed.has(shown) : inFirst(shown))) continue
        text += shown
        last = shown
      }
      proc.print(text)
      if (!(yield* proc.flush())) return 141
    }
  },
}

function expandSet(text: string): string[] | string {
  const chars: { char: string; literal: boolean }[] = []
  for (const match of text.matchAll(/\\([0-7]{1,3}|[^])|[^]/gu)) {
    const escape = match[1]
    if (escape === undefined) chars.push({ char: match[0], literal: false })
    else if (/^[0-7]/.test(escape)) chars.push({ char: String.fromCharCode(Number.parseInt(escape, 8)), literal: true })
    else chars.push({ char: ({ n: '\n', t: '\t', r: '\r', a: '\x07', b: '\b', f: '\f', v: '\v' } as Record<string, string>)[escape] ?? escape, literal: true })
  }
  const set: string[] = []
  for (let i = 0; i < chars.length; i += 1) {
    const rest = chars.slice(i, i + 12).map((one) => one.char).join('')
    const named = /^\[:([a-z]+):\]/.exec(rest)
    if (named && !chars[i].literal) {
      const members = TR_CLASSES.get(named[1])
      if (!members) return `invalid character class '${named[1]}'`
      for (let code = 0; code < 128; code += 1) if (members.test(String.fromCharCode(code))) set.push(String.fromCharCode(code))
      i += named[0].length - 1
      continue
    }
    if (chars[i + 1]?.char === '-' && !chars[i + 1].literal && i + 2 < chars.length) {
      const low = chars[i].char.codePointAt(0) as number
      const high = chars[i + 2].char.codePointAt(0) as number
      if (high < low) return `range-endpoints of '${chars[i].char}-${chars[i + 2].char}' are in reverse collating sequence order`
      for (let code = low; code <= Math.min(high, low + 65535); code += 1) set.push(String.fromCodePoint(code))
      i += 2
      continue
    }
    set.push(chars[i].char)
  }
  return set
}

const teeManual = { spec: { short: 'aip', long: { append: 'a' } }, usage: 'tee [OPTION]... [FILE]...\nCopy standard input to each FILE, and also to standard output.' }

export const tee: Executable = {
  *program(proc, argv) {
    const options = gnuOptions(proc, argv, teeManual)
    if (typeof options === 'number') return options
    const append = options.has('a')
    const outputs: OpenFile[] = []
    let failed = false
    for (const file of options.operands) {
      const opened: OpenFile | Errno = proc.open(file, { write: true, append, create: true, truncate: !append })
      if (!isErrno(opened)) outputs.push(opened)
      else {
        proc.error(`tee: ${file}: ${strerror(opened)}\n`)
        failed = true
      }
    }
    try {
      for (;;) {
        const chunk = yield* proc.read(0)
        if (chunk === null) return failed ? 1 : 0
        for (const output of outputs) {
          const error = output.write(chunk)
          if (error && !failed) proc.error(`tee: ${output.path}: ${strerror(error)}\n`)
          if (error) failed = true
        }
        proc.print(chunk)
        if (!(yield* proc.flush())) return 141
      }
    } finally {
      for (const output of outputs) output.close()
    }
  },
}
