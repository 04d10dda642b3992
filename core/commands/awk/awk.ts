/** awk(1), as mawk on Debian: -F, -f, -v. Numbers print in full where mawk would round large ones. */
import { isErrno, strerror } from '../../base/errno.ts'
import { SinkFile, TextFile } from '../../linux/open-file.ts'
import type { Process } from '../../linux/process.ts'
import type { Executable } from '../../linux/program.ts'
import type { Wait } from '../../linux/wait.ts'
import { TextInput } from '../command.ts'
import { parseOptions } from '../options.ts'
import type { AwkHost } from './host.ts'
import { Interpreter } from './interpreter.ts'
import { parseAwk } from './parser.ts'
import { AwkSyntaxError, unescapeString } from './token.ts'
import { fromInput } from './value.ts'

const USAGE = `Usage: mawk [Options] [Program] [file ...]

Options: -f program-file, -F value (field separator), -v var=value, -- (end of options)
`

export const awk: Executable = {
  *program(proc, argv) {
    const options = parseOptions('awk', argv.slice(1), { short: '+F:f:v:W:', long: { 'field-separator=': 'F', 'file=': 'f', 'assign=': 'v', version: 'version' } })
    if (typeof options === 'string') {
      proc.error(`${options.replace(/^awk: invalid option -- '(.)'$/, 'awk: not an option: -$1')}\n`)
      return 2
    }
    if (options.has('version') || options.value('W') === 'version') {
      proc.print('mawk 1.3.4 20200120\n')
      return 0
    }
    const operands = [...options.operands]
    let source = ''
    for (const file of options.values('f')) {
      const text = file === '-' ? yield* proc.readAll(0) : proc.fs.read(proc.path(file))
      if (isErrno(text)) {
        proc.error(`awk: couldn't open file ${file} (${strerror(text)})\n`)
        return 2
      }
      source += `${text}\n`
    }
    if (!options.has('f')) {
      const text = operands.shift()
      if (text === undefined) {
        proc.error(USAGE)
        return 2
      }
      source = text
    }
    const program = parseAwk(source)
    if (program instanceof AwkSyntaxError) {
      proc.error(`awk: line ${program.line}: ${program.message}\n`)
      return 2
    }
    const interpreter = new Interpreter<Wait>(program, new ProcessHost(proc), operands)
    const separator = options.value('F')
    if (separator !== undefined) interpreter.assign('FS', separator === 't' ? '\t' : unescapeString(separator))
    for (const text of options.values('v')) {
      const equals = text.indexOf('=')
      if (equals <= 0) {
        proc.error(`awk: improper assignment: -v ${text}\n`)
        return 2
      }
      interpreter.assign(text.slice(0, equals), fromInput(unescapeString(text.slice(equals + 1))))
    }
    return yield* interpreter.run()
  },
}

class ProcessHost implements AwkHost<Wait> {
  readonly #proc: Process
  readonly #inputs = new Map<string, TextInput>()

  constructor(proc: Process) {
    this.#proc = proc
  }

  get environment(): Iterable<readonly [string, string]> {
    return this.#proc.env
  }

  print(text: string): void {
    this.#proc.print(text)
  }

  error(text: string): void {
    this.#proc.error(text)
  }

  *read(path: string): Generator<Wait, string | null | { error: string }, unknown> {
    let input = this.#inputs.get(path)
    if (!input) {
      const opened = TextInput.open(this.#proc, path)
      if (isErrno(opened)) return { error: strerror(opened) }
      input = opened
      this.#inputs.set(path, input)
    }
    const chunk = yield* input.read()
    if (chunk === null) {
      input.close()
      this.#inputs.delete(path)
    }
    return chunk
  }

  write(path: string, text: string, append: boolean): string | null {
    const { fs } = this.#proc
    const error = append ? fs.append(this.#proc.path(path), text) : fs.write(this.#proc.path(path), text)
    return error ? strerror(error) : null
  }

  *run(command: string, input: string | null, keep: boolean): Generator<Wait, { output: string; code: number }, unknown> {
    const proc = this.#proc
    let output = ''
    const fds = new Map(proc.fds)
    if (input !== null) fds.set(0, new TextFile(input))
    if (keep) fds.set(1, new SinkFile((text) => (output += text)))
    const code = yield* proc.run({ argv: ['/bin/sh', '-c', command], fds })
    return { output, code }
  }

  *flush(): Generator<Wait, boolean, unknown> {
    return yield* this.#proc.flush()
  }

  random(): number {
    return this.#proc.world.random.stream('commands/awk').below(4294967296)
  }

  epochSeconds(): number {
    return Math.floor((this.#proc.world.epochMs + this.#proc.world.clock.nowUs / 1000) / 1000)
  }
}
