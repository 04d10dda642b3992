/**
 * GNU grep(1). Omits: `-P` look-arounds beyond what extended expressions have (treated as `-E` with \d), `-U`, colours, binary files,
 * equivalence of several context options beyond -A, -B and -C.
 */
import { type Errno, isErrno, strerror } from '../../base/errno.ts'
import type { Process } from '../../linux/process.ts'
import type { Executable } from '../../linux/program.ts'
import type { Wait } from '../../linux/wait.ts'
import { gnuOptions, LineSource, wrongUsage } from '../command.ts'
import { globRegex } from '../glob.ts'
import type { Options } from '../options.ts'
import { literalPattern, posixRegex } from '../posix-regex.ts'

const DEPTH_MAX = 64

const manual = {
  spec: {
    short: 'A:aB:bcC:Ee:Ff:GHhiIlLm:noPqRrsUTuvVwxyzZ',
    long: {
      'after-context=': 'A', 'before-context=': 'B', 'context=': 'C', count: 'c', 'extended-regexp': 'E', 'regexp=': 'e', 'fixed-strings': 'F',
      'file=': 'f', 'basic-regexp': 'G', 'with-filename': 'H', 'no-filename': 'h', 'ignore-case': 'i', 'files-with-matches': 'l',
      'files-without-match': 'L', 'max-count=': 'm', 'line-number': 'n', 'only-matching': 'o', 'perl-regexp': 'P', quiet: 'q', silent: 'q',
      recursive: 'r', 'dereference-recursive': 'R', 'no-messages': 's', 'invert-match': 'v', 'word-regexp': 'w', 'line-regexp': 'x',
      'color=?': 'color', 'colour=?': 'color', 'include=': 'include', 'exclude=': 'exclude', 'exclude-dir=': 'exclude-dir', 'line-buffered': 'u', text: 'a',
    },
  },
  usage: 'grep [OPTION]... PATTERNS [FILE]...\nSearch for PATTERNS in each FILE.',
  version: 'grep (GNU grep) 3.8',
  wrongUsage: 2,
}

export function grep(kind: 'G' | 'E' | 'F' = 'G'): Executable {
  return {
    *program(proc, argv) {
      const name = argv[0]
      const words = argv.flatMap((word) => (/^-\d+$/.test(word) ? [`-C${word.slice(1)}`] : [word]))
      const options = gnuOptions(proc, words, manual)
      if (typeof options === 'number') return options
      const operands = [...options.operands]
      const patterns: string[] = []
      for (const option of options.ordered) {
        if (option.key === 'e') patterns.push(...option.value.split('\n'))
        if (option.key !== 'f') continue
        const text = option.value === '-' ? yield* proc.readAll(0) : proc.fs.read(proc.path(option.value))
        if (isErrno(text)) {
          proc.error(`${name}: ${option.value}: ${strerror(text)}\n`)
          return 2
        }
        patterns.push(...text.replace(/\n$/, '').split('\n'))
      }
      if (!options.has('e', 'f')) {
        const first = operands.shift()
        if (first === undefined) {
          return wrongUsage(proc, name, `Usage: ${name} [OPTION]... PATTERNS [FILE]...`, 2)
        }
        patterns.push(...first.split('\n'))
      }
      const regex = compile(patterns, options.last('G', 'E', 'F', 'P') ?? kind, options)
      if (!(regex instanceof RegExp)) {
        proc.error(`${name}: ${regex.error}\n`)
        return 2
      }
      return yield* new Search(proc, name, options, regex).run(operands)
    },
  }
}

/** One expression for all patterns, or the complaint. */
function compile(patterns: readonly string[], kind: string, options: Options): RegExp | { error: string } {
  const sources: string[] = []
  for (const pattern of patterns) {
    if (kind === 'F') {
      sources.push(literalPattern(pattern))
      continue
    }
    const perl = kind === 'P'
    const text = perl ? pattern.replace(/\\d/g, '[0-9]').replace(/\(\?:/g, '(').replace(/([*+?}])\?/g, '$1') : pattern
    const regex = posixRegex(text, { extended: perl || kind === 'E' })
    if (!(regex instanceof RegExp)) return regex
    sources.push(regex.source)
  }
  // Back-references count groups, so a single pattern stays bare.
  let source = sources.length === 1 ? sources[0] : sources.map((one) => `(?:${one})`).join('|')
  if (options.has('x')) source = `^(?:${source})$`
  else if (options.has('w')) source = `(?<![A-Za-z0-9_])(?:${source})(?![A-Za-z0-9_])`
  return new RegExp(source, `ug${options.has('i', 'y') ? 'i' : ''}`)
}

class Search {
  readonly #proc: Process
  readonly #name: string
  readonly #options: Options
  readonly #regex: RegExp
  #failed = false

  constructor(proc: Process, name: string, options: Options, regex: RegExp) {
    this.#proc = proc
    this.#name = name
    this.#options = options
    this.#regex = regex
  }

  *run(operands: readonly string[]): Generator<Wait, number, unknown> {
    const options = this.#options
    const recursive = options.has('r', 'R')
    const named = operands.length > 0 ? operands : recursive ? ['.'] : ['-']
    const files = recursive ? named.flatMap((name) => (name === '-' ? [name] : this.#walk(name, operands.length === 0, 0))) : named
    const titled = options.last('H', 'h') === 'H' || (options.last('H', 'h') !== 'h' && (files.length > 1 || recursive))
    let found = false
    for (const file of files) {
      const matched = yield* this.#file(file, titled)
      if (matched === null) return 141
      found ||= matched
      if (matched && options.has('q')) return 0
    }
    return this.#failed ? 2 : found ? 0 : 1
  }

  #walk(name: string, implied: boolean, depth: number): string[] {
    const { fs } = this.#proc
    const path = this.#proc.path(name)
    if (!fs.isDirectory(path)) return depth === 0 || this.#included(name) ? [name] : []
    const names = fs.list(path)
    if (isErrno(names) || depth > DEPTH_MAX) return []
    const excluded = this.#options.values('exclude-dir')
    return names.flatMap((inner) => {
      const next = implied ? inner : `${name.replace(/\/$/, '')}/${inner}`
      const stat = fs.lstat(this.#proc.path(next))
      if (isErrno(stat) || (stat.kind === 'symlink' && !this.#options.has('R')) || stat.kind === 'device') return []
      if (stat.kind === 'directory' && excluded.some((glob) => globRegex(glob).test(inner))) return []
      return this.#walk(next, false, depth + 1)
    })
  }

  #included(name: string): boolean {
    const base = name.slice(name.lastIndexOf('/') + 1)
    const [include, exclude] = [this.#options.values('include'), this.#options.values('exclude')]
    if (exclude.some((glob) => globRegex(glob).test(base))) return false
    return include.length === 0 || include.some((glob) => globRegex(glob).test(base))
  }

  /** Whether a line was selected; null when nobody reads the output any more. */
  *#file(file: string, titled: boolean): Generator<Wait, boolean | null, unknown> {
    const proc = this.#proc
    const options = this.#options
    const shown = file === '-' ? '(standard input)' : file
    const complain = (_: string, errno: Errno): void => {
      if (!options.has('s')) proc.error(`${this.#name}: ${file}: ${strerror(errno)}\n`)
      this.#failed = true
    }
    const end = options.has('z') ? '\0' : '\n'
    const source = new LineSource(proc, [file], { complain, separator: end })
    const after = Number(options.value('A') ?? options.value('C') ?? 0)
    const before = Number(options.value('B') ?? options.value('C') ?? 0)
    const max = options.has('m') ? Number(options.value('m')) : Infinity
    const quiet = options.has('q', 'l', 'L', 'c')
    const invert = options.has('v')
    const context: { number: number; text: string }[] = []
    let number = 0
    let count = 0
    let trailing = 0
    let lastShown = 0
    const print = (line: number, text: string, mark: string): void => {
      if ((after > 0 || before > 0) && lastShown > 0 && line > lastShown + 1) proc.print('--\n')
      lastShown = line
      proc.print(`${titled ? shown + mark : ''}${options.has('n') ? line + mark : ''}${text}${end}`)
    }
    while (count < max || trailing > 0) {
      const line = yield* source.next()
      if (line === null) break
      number += 1
      this.#regex.lastIndex = 0
      if (count < max && this.#regex.test(line.text) !== invert) {
        count += 1
        if (quiet) {
          if (options.has('q', 'l', 'L')) break
          continue
        }
        if (options.has('o')) {
          if (!invert) this.#matches(line.text, `${titled ? `${shown}:` : ''}${options.has('n') ? `${number}:` : ''}`)
        } else {
          for (const one of context.splice(0)) print(one.number, one.text, '-')
          print(number, line.text, ':')
        }
        trailing = after
      } else if (!quiet && !options.has('o')) {
        if (trailing > 0) {
          trailing -= 1
          print(number, line.text, '-')
        } else if (before > 0) {
          context.push({ number, text: line.text })
          if (context.length > before) context.shift()
        }
      }
      if (!(yield* proc.flush())) return null
    }
    source.skipFile()
    if (source.failed) return false
    if (options.has('q')) return count > 0
    if (options.has('l')) {
      if (count > 0) proc.print(`${shown}\n`)
    } else if (options.has('L')) {
      if (count === 0) proc.print(`${shown}\n`)
    } else if (options.has('c')) proc.print(`${titled ? `${shown}:` : ''}${count}\n`)
    return count > 0
  }

  #matches(text: string, prefix: string): void {
    // matchAll starts where the test before it stopped.
    this.#regex.lastIndex = 0
    for (const match of text.matchAll(this.#regex)) if (match[0] !== '') this.#proc.print(`${prefix}${match[0]}\n`)
  }
}
