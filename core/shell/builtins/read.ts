/** `read` and `mapfile`: XCU read with bash's options. What is not wanted goes back for others to read. */
import { firstOf, sleepWait, type Wait } from '../../linux/wait.ts'
import { runTraps } from '../interpreter.ts'
import { assign, assignArray, ifsOf } from '../parameters.ts'
import type { Shell } from '../shell.ts'

interface Options {
  raw: boolean
  silent: boolean
  prompt: string
  delimiter: string
  /** -n and -N: so many characters; -N takes delimiters too. */
  chars: number | null
  exact: boolean
  timeoutUs: number | null
  array: string | null
  fd: number
  names: string[]
}

type Taken = { text: string; end: 'delimiter' | 'count' | 'eof' | 'timeout' | 'interrupt' }

export function* read(shell: Shell, argv: readonly string[]): Generator<Wait, number> {
  const options = parse(shell, argv)
  if (typeof options === 'number') return options
  const { proc } = shell
  const file = proc.fds.get(options.fd)
  if (!file) return shell.complain(`read: ${options.fd}: invalid file descriptor: Bad file descriptor`)
  const { tty } = file
  if (tty && options.prompt !== '') proc.error(options.prompt)
  if (tty && options.silent) tty.echo = false
  const wasRaw = tty?.raw ?? false
  if (tty && options.chars !== null) tty.raw = true
  let taken: Taken
  try {
    taken = yield* take(shell, options)
  } finally {
    if (tty && options.silent) tty.echo = true
    if (tty) tty.raw = wasRaw
  }
  if (taken.end === 'interrupt') return 130
  const done = distribute(shell, options, taken.text)
  if (!done) return 1
  return taken.end === 'eof' ? 1 : taken.end === 'timeout' ? 142 : 0
}

function parse(shell: Shell, argv: readonly string[]): Options | number {
  const options: Options = {
    raw: false, silent: false, prompt: '', delimiter: '\n', chars: null, exact: false, timeoutUs: null, array: null, fd: 0, names: [],
  }
  let at = 1
  for (; at < argv.length && /^-./.test(argv[at]); at += 1) {
    if (argv[at] === '--') {
      at += 1
      break
    }
    const letters = argv[at].slice(1)
    for (let i = 0; i < letters.length; i += 1) {
      const letter = letters[i]
      if (letter === 'r') options.raw = true
      else if (letter === 's') options.silent = true
      else if (letter === 'e') continue
      else if ('pdnNtaui'.includes(letter)) {
        const joined = letters.slice(i + 1)
        if (joined === '') at += 1
        const value = joined || argv[at]
        if (value === undefined) return shell.complain(`read: -${letter}: option requires an argument`, 2)
        if (!setValue(options, letter, value)) return shell.complain(`read: ${value}: invalid number`)
        break
      } else return shell.complain(`read: -${letter}: invalid option`, 2)
    }
  }
  options.names = argv.slice(at)
  for (const name of options.names) if (!/^[A-Za-z_]\w*(?:\[.+\])?$/.test(name)) return shell.complain(`read: \`${name}': not a valid identifier`)
  return options
}

function setValue(options: Options, letter: string, value: string): boolean {
  if (letter === 'p') options.prompt = value
  else if (letter === 'd') options.delimiter = value.slice(0, 1) || '\0'
  else if (letter === 'a') options.array = value
  else if (letter === 'i') return true
  else {
    const number = Number(value)
    if (Number.isNaN(number) || number < 0) return false
    if (letter === 't') options.timeoutUs = Math.floor(number * 1_000_000)
    else if (letter === 'u') options.fd = number
    else {
      options.chars = number
      options.exact = letter === 'N'
    }
  }
  return true
}

function* take(shell: Shell, options: Options): Generator<Wait, Taken> {
  const { clock } = shell.proc.world
  const deadlineUs = options.timeoutUs === null ? null : clock.nowUs + options.timeoutUs
  let text = ''
  let count = 0
  for (;;) {
    const file = shell.proc.fds.get(options.fd)
    if (!file) return { text, end: 'eof' }
    if (options.chars !== null && count >= options.chars) return { text, end: 'count' }
    const chunk = file.read(65536)
    if (chunk === null) return { text, end: 'eof' }
    if (chunk !== undefined) {
      let at = 0
      let end: Taken['end'] | null = null
      while (at < chunk.length && end === null) {
        const char = String.fromCodePoint(chunk.codePointAt(at) as number)
        at += char.length
        const escaped = !options.raw && oddBackslashes(text)
        if (char === options.delimiter && !options.exact && !escaped) end = 'delimiter'
        // A backslash before a newline joins lines.
        else if (char === '\n' && escaped && options.delimiter === '\n') text = text.slice(0, -1)
        else {
          text += char
          count += 1
          if (options.chars !== null && count >= options.chars) end = 'count'
        }
      }
      file.unread(chunk.slice(at))
      if (end) return { text, end }
      continue
    }
    if (deadlineUs !== null && clock.nowUs >= deadlineUs) return { text, end: 'timeout' }
    const waits: Wait[] = [file.readable.wait, shell.signalled.wait]
    if (deadlineUs !== null) waits.push(sleepWait(clock, deadlineUs - clock.nowUs))
    yield firstOf(...waits)
    if (shell.pendingTraps.length > 0) yield* runTraps(shell)
    if (shell.flow) return { text, end: 'interrupt' }
  }
}

function oddBackslashes(text: string): boolean {
  return ((/\\*$/.exec(text)?.[0].length ?? 0) & 1) === 1
}

function distribute(shell: Shell, options: Options, text: string): boolean {
  const marked = options.raw ? { text, quoted: '' } : withoutBackslashes(text)
  if (options.array !== null) {
    const words = splitFields(marked, ifsOf(shell), Number.MAX_SAFE_INTEGER)
    return assignArray(shell, options.array, words.map((value) => ({ key: null, value })), false)
  }
  if (options.names.length === 0 || options.exact) {
    const names = options.names.length === 0 ? ['REPLY'] : options.names
    return names.every((name, i) => set(shell, name, i === 0 ? marked.text : ''))
  }
  const words = splitFields(marked, ifsOf(shell), options.names.length)
  return options.names.every((name, i) => set(shell, name, words[i] ?? ''))
}

function set(shell: Shell, name: string, value: string): boolean {
  const element = /^(\w+)\[(.+)\]$/.exec(name)
  return assign(shell, element?.[1] ?? name, element?.[2] ?? null, value)
}

interface Marked {
  text: string
  /** '1' for a character behind a backslash; may be shorter than the text. */
  quoted: string
}

function withoutBackslashes(raw: string): Marked {
  let text = ''
  let quoted = ''
  for (let i = 0; i < raw.length; i += 1) {
    const escaped = raw[i] === '\\'
    if (escaped) i += 1
    text += raw[i] ?? ''
    quoted += escaped ? '1' : '0'
  }
  return { text, quoted }
}

/** Into at most `max` words; the last one gets the rest, separators and all. */
function splitFields(marked: Marked, ifs: string, max: number): string[] {
  const { text, quoted } = marked
  const separates = (at: number): boolean => at < text.length && ifs.includes(text[at]) && quoted[at] !== '1'
  const white = (at: number): boolean => separates(at) && ' \t\n'.includes(text[at])
  const words: string[] = []
  let at = 0
  while (white(at)) at += 1
  while (at < text.length) {
    if (words.length === max - 1) {
      let end = text.length
      while (end > at && white(end - 1)) end -= 1
      // A single separator at the end of the last word goes, too.
      const rest = text.slice(at, end)
      const lone = end > at && separates(end - 1) && ![...rest.slice(0, -1)].some((_, i) => separates(at + i))
      words.push(lone ? rest.slice(0, -1) : rest)
      return words
    }
    const start = at
    while (at < text.length && !separates(at)) at += 1
    words.push(text.slice(start, at))
    while (white(at)) at += 1
    if (separates(at)) at += 1
    while (white(at)) at += 1
  }
  return words
}

export function* mapfile(shell: Shell, argv: readonly string[]): Generator<Wait, number> {
  let trim = false
  let delimiter = '\n'
  let count = 0
  let skip = 0
  let fd = 0
  let at = 1
  for (; at < argv.length && argv[at].startsWith('-'); at += 1) {
    const letter = argv[at][1]
    if (letter === 't') {
      trim = true
      continue
    }
    const joined = argv[at].slice(2)
    if (joined === '') at += 1
    const value = joined || argv[at] || ''
    if (letter === 'd') delimiter = value.slice(0, 1) || '\0'
    else if (letter === 'n') count = Number(value)
    else if (letter === 's') skip = Number(value)
    else if (letter === 'u') fd = Number(value)
    else if (!'OCc'.includes(letter)) return shell.complain(`${argv[0]}: -${letter}: invalid option`, 2)
  }
  const text = yield* shell.proc.readAll(fd)
  let lines = text.split(delimiter)
  const tail = lines.pop() ?? ''
  lines = lines.map((line) => (trim ? line : line + delimiter))
  if (tail !== '') lines.push(tail)
  lines = lines.slice(skip, count > 0 ? skip + count : undefined)
  return assignArray(shell, argv[at] ?? 'MAPFILE', lines.map((value, i) => ({ key: String(i), value })), false) ? 0 : 1
}
