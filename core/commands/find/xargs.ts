/** xargs(1). Omits: `-P` (commands run one after another), `-p`, limits of the command line's length other than `-n` and `-L`. */
import { isErrno } from '../../base/errno.ts'
import type { Executable } from '../../linux/program.ts'
import { gnuOptions } from '../command.ts'

const WORDS_MAX = 4096

const manual = {
  spec: {
    short: '+0a:d:E:I:i::L:n:P:rts:x',
    long: {
      null: '0', 'arg-file=': 'a', 'delimiter=': 'd', 'replace=?': 'I', 'max-lines=': 'L', 'max-args=': 'n', 'max-procs=': 'P',
      'no-run-if-empty': 'r', verbose: 't',
    },
  },
  usage: 'xargs [OPTION]... COMMAND [INITIAL-ARGS]...\nRun COMMAND with arguments INITIAL-ARGS and more arguments read from input.',
  version: 'xargs (GNU findutils) 4.9.0',
}

export const xargs: Executable = {
  *program(proc, argv) {
    const options = gnuOptions(proc, argv, manual)
    if (typeof options === 'number') return options
    const command = options.operands.length > 0 ? options.operands : ['echo']
    const file = options.value('a')
    const text = file === undefined ? yield* proc.readAll(0) : proc.fs.read(proc.path(file))
    if (isErrno(text)) {
      proc.error(`xargs: Cannot open input file '${file}': No such file or directory\n`)
      return 1
    }
    const replace = options.has('I') ? options.value('I') || '{}' : options.has('i') ? options.value('i') || '{}' : null
    const delimiter = options.has('0') ? '\0' : (options.value('d') ?? null)
    const lines = replace !== null || options.has('L')
    let items: string[]
    if (delimiter !== null) {
      items = text.split(delimiter === '\\n' ? '\n' : delimiter === '\\0' ? '\0' : delimiter)
      if (items.at(-1) === '') items.pop()
    } else if (lines) items = text.split('\n').map((line) => line.trim()).filter((line) => line !== '')
    else {
      const words = quotedWords(text)
      if (typeof words === 'string') {
        proc.error(`xargs: ${words}\n`)
        return 1
      }
      items = words
    }
    const perRun = replace !== null ? 1 : options.has('L') ? Number(options.value('L')) : options.has('n') ? Number(options.value('n')) : WORDS_MAX
    if (!(perRun >= 1)) {
      proc.error(`xargs: value ${options.value('n') ?? options.value('L')} for -${options.has('L') ? 'L' : 'n'} option should be >= 1\n`)
      return 1
    }
    if (items.length === 0 && (options.has('r') || replace !== null)) return 0
    let failed = 0
    for (let at = 0; at < Math.max(items.length, 1); at += perRun) {
      const some = items.slice(at, at + perRun)
      const words = options.has('L') && replace === null ? some.flatMap((line) => line.split(/\s+/)) : some
      const all = replace !== null ? command.map((word) => word.replaceAll(replace, words[0])) : [...command, ...words]
      if (options.has('t')) proc.error(`${all.join(' ')}\n`)
      const known = (proc.env.get('PATH') ?? '').split(':').some((directory) => !isErrno(proc.fs.executable(`${directory}/${all[0]}`)))
      if (!known && !all[0].includes('/')) {
        proc.error(`xargs: ${all[0]}: No such file or directory\n`)
        return 127
      }
      const code = yield* proc.run({ argv: all })
      if (code === 255) {
        proc.error(`xargs: ${all[0]}: exited with status 255; aborting\n`)
        return 124
      }
      if (code > 128) return 125
      if (code !== 0) failed = 123
    }
    return failed
  },
}

/** Words separated by blanks, with quotes and backslashes as xargs reads them. */
function quotedWords(text: string): string[] | string {
  const words: string[] = []
  let word: string | null = null
  for (let at = 0; at < text.length; at += 1) {
    const char = text[at]
    if (char === '"' || char === "'") {
      const end = text.indexOf(char, at + 1)
      const newline = text.indexOf('\n', at + 1)
      if (end < 0 || (newline >= 0 && newline < end)) {
        return `unmatched ${char === '"' ? 'double' : 'single'} quote; by default quotes are special to xargs unless you use the -0 option`
      }
      word = (word ?? '') + text.slice(at + 1, end)
      at = end
    } else if (char === '\\' && at + 1 < text.length) {
      at += 1
      word = (word ?? '') + text[at]
    } else if (/[ \t\n\r\v\f]/.test(char)) {
      if (word !== null) words.push(word)
      word = null
    } else word = (word ?? '') + char
  }
  if (word !== null) words.push(word)
  return words
}
