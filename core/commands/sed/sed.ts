/** sed(1) of GNU: -n -e -f -E -r -i[suffix] -s -z. Omits: l's line wrap, the `e` and `v` commands, follow-symlinks. */
import { type Errno, isErrno, strerror } from '../../base/errno.ts'
import type { Process } from '../../linux/process.ts'
import type { Executable } from '../../linux/program.ts'
import type { Wait } from '../../linux/wait.ts'
import { gnuOptions, type Line, LineSource } from '../command.ts'
import { type Address, parseSed, type SedCommand, type SedScript } from './script.ts'

/** Jumps within one cycle: a script that only runs in circles is stopped. */
const STEPS_MAX = 1_000_000

const USAGE = `Usage: sed [OPTION]... {script-only-if-no-other-script} [input-file]...

Options: -n (quiet), -e script, -f script-file, -E or -r (extended expressions), -i[SUFFIX] (in place), -s (separate files),
-z (lines end with NUL).

`

export const sed: Executable = {
  *program(proc, argv) {
    const options = gnuOptions(proc, argv, {
      spec: {
        short: 'bsnrzuEe:f:l:i::V:',
        long: { quiet: 'n', silent: 'n', 'expression=': 'e', 'file=': 'f', 'regexp-extended': 'E', 'in-place=?': 'i', separate: 's', 'null-data': 'z', unbuffered: 'u', posix: 'p', debug: 'p' },
      },
      usage: USAGE.slice('Usage: '.length).trimEnd(),
      version: 'sed (GNU sed) 4.9',
    })
    if (typeof options === 'number') return options
    const files = [...options.operands]
    const pieces: string[] = []
    let label = '-e expression #1'
    for (const option of options.ordered) {
      if (option.key === 'e') pieces.push(option.value)
      if (option.key !== 'f') continue
      const text = option.value === '-' ? yield* proc.readAll(0) : proc.fs.read(proc.path(option.value))
      if (isErrno(text)) {
        proc.error(`sed: couldn't open file ${option.value}: ${strerror(text)}\n`)
        return 1
      }
      pieces.push(text.replace(/\n$/, ''))
      label = `file ${option.value} line 1:`
    }
    if (pieces.length === 0) {
      const text = files.shift()
      if (text === undefined) {
        proc.error(USAGE)
        return 1
      }
      pieces.push(text)
    } else if (options.count('e') > 1) label = `-e expression #${options.count('e')}`
    const script = parseSed(pieces.join('\n'), options.has('E', 'r'), label)
    if (typeof script === 'string') {
      proc.error(`sed: ${script}\n`)
      return script.startsWith("can't find") ? 4 : 1
    }
    const silent = options.has('n') || script.silent
    const end = options.has('z') ? '\0' : '\n'
    if (!options.has('i')) {
      const groups = options.has('s') && files.length > 0 ? files.map((file) => [file]) : [files]
      let code = 0
      for (const group of groups) {
        const editor = new Editor(proc, script, silent, end, (text) => proc.print(text))
        const result = yield* editor.run(group)
        if (result !== 0) code = result
        if (editor.quit) break
      }
      return code
    }
    let code = 0
    for (const file of files) {
      const path = proc.path(file)
      const stat = proc.fs.stat(path)
      if (isErrno(stat) || stat.kind !== 'file') {
        proc.error(isErrno(stat) ? `sed: can't read ${file}: ${strerror(stat)}\n` : `sed: couldn't edit ${file}: not a regular file\n`)
        code = isErrno(stat) ? 2 : 4
        continue
      }
      let output = ''
      const editor = new Editor(proc, script, silent, end, (text) => (output += text))
      const result = yield* editor.run([file])
      const suffix = options.value('i') ?? ''
      if (suffix !== '') proc.fs.rename(path, suffix.includes('*') ? proc.path(suffix.replaceAll('*', file)) : `${path}${suffix}`)
      const error = proc.fs.write(path, output)
      if (error) {
        proc.error(`sed: couldn't open temporary file ${file}: ${strerror(error)}\n`)
        return 4
      }
      if (suffix !== '') proc.fs.chmod(path, stat.mode)
      if (result !== 0) code = result
      if (editor.quit) break
    }
    return code
  },
}

/** One stream through the script. */
class Editor {
  quit = false
  readonly #proc: Process
  readonly #script: SedScript
  readonly #silent: boolean
  readonly #end: string
  readonly #write: (text: string) => void
  #source: LineSource | null = null
  #ahead: Line | null = null
  #space = ''
  #ended = true
  #hold = ''
  #line = 0
  #appended: string[] = []
  #lastRegex: RegExp | null = null
  #substituted = false
  #exitCode = 0
  readonly #written = new Set<string>()
  readonly #reading = new Map<string, string[]>()

  constructor(proc: Process, script: SedScript, silent: boolean, end: string, write: (text: string) => void) {
    this.#proc = proc
    this.#script = script
    this.#silent = silent
    this.#end = end
    this.#write = write
  }

  *run(files: readonly string[]): Generator<Wait, number, unknown> {
    const complain = (file: string, errno: Errno): void =>
      this.#proc.error(errno === 'EISDIR' ? `sed: read error on ${file}: Is a directory\n` : `sed: can't read ${file}: ${strerror(errno)}\n`)
    for (const command of this.#script.commands) {
      command.active = false
      command.untilLine = -1
      const file = command.name === 'w' || command.name === 'W' ? command.text : command.target
      if (file !== '' && command.name !== 'y' && !file.startsWith('/dev/std')) this.#proc.fs.write(this.#proc.path(file), '')
    }
    this.#source = new LineSource(this.#proc, files, { separator: this.#end, complain })
    this.#ahead = yield* this.#source.next()
    while (this.#ahead !== null && !this.quit) {
      yield* this.#takeLine()
      if (!(yield* this.#cycle())) break
      if (!(yield* this.#proc.flush())) return 141
    }
    if (this.#exitCode !== 0) return this.#exitCode
    return this.#source.failed ? 2 : 0
  }

  *#takeLine(): Generator<Wait, void, unknown> {
    const line = this.#ahead as Line
    this.#space = line.text
    this.#ended = line.ended
    this.#line += 1
    this.#ahead = yield* (this.#source as LineSource).next()
  }

  get #last(): boolean {
    return this.#ahead === null
  }

  #put(text: string, ended = true): void {
    this.#write(ended ? text + this.#end : text)
  }

  #flushAppended(): void {
    for (const text of this.#appended) this.#write(text)
    this.#appended = []
  }

  /** False when the stream is over. */
  *#cycle(): Generator<Wait, boolean, unknown> {
    const { commands, labels } = this.#script
    let restart = true
    while (restart) {
      restart = false
      this.#substituted = false
      let at = 0
      let print = !this.#silent
      for (let steps = 0; at < commands.length; steps += 1) {
        if (steps > STEPS_MAX) {
          this.#proc.error('sed: the script does not end\n')
          this.#exitCode = 1
          this.quit = true
          return false
        }
        const command = commands[at]
        at += 1
        if (this.#selects(command) === command.negated) {
          if (command.name === '{') at = command.end
          continue
        }
        switch (command.name) {
          case 's':
            this.#substitute(command)
            continue
          case 'p':
            this.#put(this.#space)
            continue
          case 'P':
            this.#put(this.#space.split('\n')[0])
            continue
          case 'd':
            print = false
            at = commands.length
            continue
          case 'D': {
            const newline = this.#space.indexOf('\n')
            if (newline >= 0) {
              this.#space = this.#space.slice(newline + 1)
              restart = true
            }
            print = false
            at = commands.length
            continue
          }
          case 'n':
            if (this.#last) {
              if (print) this.#put(this.#space, this.#ended)
              this.#flushAppended()
              return false
            }
            if (print) this.#put(this.#space)
            this.#flushAppended()
            yield* this.#takeLine()
            continue
          case 'N':
            if (this.#last) {
              // GNU prints the pattern space when there is no next line.
              if (print) this.#put(this.#space, this.#ended)
              this.#flushAppended()
              return false
            }
            {
              const before = this.#space
              this.#flushAppended()
              yield* this.#takeLine()
              this.#space = `${before}\n${this.#space}`
            }
            continue
          case 'a':
            this.#appended.push(command.text)
            continue
          case 'i':
            this.#write(command.text)
            continue
          case 'c':
            if (!command.to || command.negated || !command.active) this.#write(command.text)
            print = false
            at = commands.length
            continue
          case 'q':
          case 'Q':
            this.#exitCode = command.number
            this.quit = true
            if (command.name === 'q') {
              if (print) this.#put(this.#space, this.#ended)
              this.#flushAppended()
            }
            return false
          case '=':
            this.#write(`${this.#line}\n`)
            continue
          case 'b':
            at = command.text === '' ? commands.length : (labels.get(command.text) as number)
            continue
          case 't':
          case 'T': {
            const jump = this.#substituted === (command.name === 't')
            this.#substituted = false
            if (jump) at = command.text === '' ? commands.length : (labels.get(command.text) as number)
            continue
          }
          case 'l':
            this.#write(`${unambiguous(this.#space)}$\n`)
            continue
          case 'F':
            this.#write(`${this.#source?.file ?? '-'}\n`)
            continue
          case 'z':
            this.#space = ''
            continue
          case 'g':
            this.#space = this.#hold
            continue
          case 'G':
            this.#space += `\n${this.#hold}`
            continue
          case 'h':
            this.#hold = this.#space
            continue
          case 'H':
            this.#hold += `\n${this.#space}`
            continue
          case 'x':
            ;[this.#space, this.#hold] = [this.#hold, this.#space]
            continue
          case 'y':
            this.#space = [...this.#space].map((char) => { const i = [...command.text].indexOf(char); return i < 0 ? char : [...command.target][i] }).join('')
            continue
          case 'r': {
            const text = this.#proc.fs.read(this.#proc.path(command.text))
            if (!isErrno(text)) this.#appended.push(text)
            continue
          }
          case 'R': {
            const line = this.#nextOf(command.text)
            if (line !== undefined) this.#appended.push(`${line}\n`)
            continue
          }
          case 'w':
          case 'W':
            this.#writeFile(command.text, command.name === 'w' ? this.#space : this.#space.split('\n')[0])
            continue
        }
      }
      if (print) this.#put(this.#space, this.#ended || this.#appended.length > 0)
      this.#flushAppended()
    }
    return true
  }

  #nextOf(file: string): string | undefined {
    let lines = this.#reading.get(file)
    if (!lines) {
      const text = this.#proc.fs.read(this.#proc.path(file))
      lines = isErrno(text) ? [] : text.replace(/\n$/, '').split('\n')
      this.#reading.set(file, lines)
    }
    return lines.shift()
  }

  #writeFile(file: string, text: string): void {
    if (file === '/dev/stdout') this.#write(`${text}\n`)
    else if (file === '/dev/stderr') this.#proc.error(`${text}\n`)
    else {
      this.#proc.fs.append(this.#proc.path(file), `${text}\n`)
      this.#written.add(file)
    }
  }

  #selects(command: SedCommand): boolean {
    if (!command.from) return true
    if (!command.to) return this.#matches(command.from)
    if (!command.active) {
      if (command.from.t === 'zero') {
        // 0,/re/: the expression may match on the first line already.
        if (this.#line !== 1) return false
        command.active = command.to.t !== 'regex' || !this.#test(command.to.regex)
        return true
      }
      if (!this.#matches(command.from)) return false
      if (command.to.t === 'line') {
        command.active = command.to.line > this.#line
        return true
      }
      if (command.to.t === 'plus') command.untilLine = this.#line + command.to.count
      else if (command.to.t === 'multiple') command.untilLine = command.to.of <= 0 ? this.#line : Math.ceil(this.#line / command.to.of) * command.to.of
      command.active = !(command.to.t === 'last' && this.#last) && !(command.untilLine >= 0 && command.untilLine <= this.#line)
      return true
    }
    const { to } = command
    if (to.t === 'line') {
      if (this.#line >= to.line) command.active = false
      return this.#line <= to.line
    }
    if (command.untilLine >= 0) {
      if (this.#line >= command.untilLine) command.active = false
      return this.#line <= command.untilLine
    }
    if (this.#matches(to)) command.active = false
    return true
  }

  #matches(address: Address): boolean {
    switch (address.t) {
      case 'line':
        return this.#line === address.line
      case 'last':
        return this.#last
      case 'step':
        return address.step <= 0 ? this.#line === address.first : this.#line >= address.first && (this.#line - address.first) % address.step === 0
      case 'regex':
        return this.#test(address.regex)
    }
    return false
  }

  #test(regex: RegExp | null): boolean {
    const used = regex ?? this.#lastRegex
    if (!used) return false
    this.#lastRegex = used
    used.lastIndex = 0
    return used.test(this.#space)
  }

  #substitute(command: SedCommand): void {
    const regex = command.regex ?? this.#lastRegex
    if (!regex) return
    this.#lastRegex = regex
    const text = this.#space
    let result = ''
    let at = 0
    let seen = 0
    let done = 0
    let lastEnd = -1
    while (at <= text.length) {
      regex.lastIndex = at
      const match = regex.exec(text)
      if (!match) break
      const end = match.index + match[0].length
      const counts = !(match[0] === '' && match.index === lastEnd)
      if (counts) seen += 1
      const chosen = counts && (command.global ? seen >= command.occurrence : seen === command.occurrence)
      result += text.slice(at, match.index) + (chosen ? expand(command, match) : match[0])
      if (chosen) done += 1
      lastEnd = end
      if (match[0] === '') {
        result += text.slice(end, end + 1)
        at = end + 1
      } else at = end
      if (chosen && !command.global) break
    }
    if (done === 0) return
    this.#space = result + text.slice(Math.min(at, text.length))
    this.#substituted = true
    if (command.print) this.#put(this.#space)
    if (command.target !== '') this.#writeFile(command.target, this.#space)
  }
}

/** The replacement for one match, with GNU's \U \L \u \l \E. */
function expand(command: SedCommand, match: RegExpExecArray): string {
  let text = ''
  let all = ''
  let one = ''
  for (const part of command.replacement) {
    if (part.t === 'case') {
      if (part.how === 'u' || part.how === 'l') one = part.how
      else all = part.how === 'E' ? '' : part.how
      continue
    }
    let piece = part.t === 'text' ? part.text : (match[part.index] ?? '')
    if (all === 'U') piece = piece.toUpperCase()
    else if (all === 'L') piece = piece.toLowerCase()
    if (one !== '' && piece !== '') {
      piece = (one === 'u' ? piece[0].toUpperCase() : piece[0].toLowerCase()) + piece.slice(1)
      one = ''
    }
    text += piece
  }
  return text
}

function unambiguous(text: string): string {
  return text.replace(/[\\\n\t\r\x07\b\f\v\x00-\x1f]/g, (char) => ({ '\\': '\\\\', '\n': '\\n', '\t': '\\t', '\r': '\\r', '\x07': '\\a', '\b': '\\b', '\f': '\\f', '\v': '\\v' })[char] ?? `\\${char.charCodeAt(0).toString(8).padStart(3, '0')}`)
}
