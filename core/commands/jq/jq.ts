/**
 * jq(1), version 1.6: a filter for JSON. Exit codes: 5 after an error of the program on the last input, 4 after input that is no
 * JSON, 3 when the program does not compile, 2 for wrong usage and unreadable files; with `-e` also 1 and 4.
 * Truth: jq(1) and the program itself, whose behaviour the tests record.
 * Omits: colours, modules, `--seq` on input, `input_line_number` inside of long lines, libm's rarer functions.
 */
import { isErrno, strerror } from '../../base/errno.ts'
import type { Process } from '../../linux/process.ts'
import type { Executable } from '../../linux/program.ts'
import { type Wait, workWait } from '../../linux/wait.ts'
import { type CommandLine, parseCommandLine, USAGE_ENDING } from './command-line.ts'
import { type Compiled, compileProgram } from './compiler.ts'
import { InputSource } from './input-source.ts'
import { toJson } from './json-text.ts'
import { Exhausted, Machine, type Signal } from './machine.ts'
import { parseProgram } from './parser.ts'
import { problemText } from './syntax.ts'
import { Halt, type JqObject, truthy, type Value } from './value.ts'

/** Steps between two looks at the clock, and the time that they stand for. */
const STEPS_AT_ONCE = 50_000
const STEPS_US = 5_000
const WRONG_USAGE = 2
const NO_PROGRAM = 3
const NO_JSON = 4
const FAILED = 5
const NO_MEMORY = 134

export const jq: Executable = {
  *program(proc, argv) {
    const readFile = (path: string): string | { error: string } => {
      const text = proc.fs.read(proc.path(path))
      if (!isErrno(text)) return text
      return { error: `Could not open ${path}: ${text === 'EISDIR' ? "It's a directory" : strerror(text)}` }
    }
    const line = parseCommandLine(argv.slice(1), readFile)
    const piped = !proc.fds.get(0)?.tty || !proc.fds.get(1)?.tty
    const ending = 'stdout' in line ? line : line.program === null && !piped ? USAGE_ENDING : null
    if (ending !== null || 'stdout' in line) {
      proc.print(ending?.stdout ?? '')
      proc.error(ending?.stderr ?? '')
      return ending?.code ?? WRONG_USAGE
    }
    let text: string | { error: string } = line.program ?? '.'
    if (line.fromFile) text = readFile(text)
    if (typeof text !== 'string') {
      proc.error(`jq: ${text.error}\n`)
      return WRONG_USAGE
    }
    const compiled = compile(proc, text, line)
    return compiled ? yield* new Run(proc, line, compiled).run() : NO_PROGRAM
  },
}

/** null after having complained. */
function compile(proc: Process, text: string, line: CommandLine): Compiled | null {
  const named = new Map(line.variables)
  const variables = new Map(named).set('ARGS', new Map<string, Value>([['positional', line.positional], ['named', named]]))
  const parsed = parseProgram(text)
  const missing = parsed.problems.length === 0 ? parsed.imports.slice(0, 1) : []
  const compiled = parsed.program && missing.length === 0 ? compileProgram(parsed.program, variables) : null
  const problems = compiled ? compiled.problems : parsed.problems
  if (compiled && problems.length === 0) return compiled
  for (const problem of problems) proc.error(problemText(text, problem))
  for (const module of missing) proc.error(`jq: error: module not found: ${module}\n\n`)
  const count = problems.length + missing.length
  proc.error(`jq: ${count} compile ${count > 1 ? 'errors' : 'error'}\n`)
  return null
}

/** What the last input came to, for `-e`. */
type Last = 'nothing' | 'false' | 'true' | 'error'

class Run {
  readonly #proc: Process
  readonly #line: CommandLine
  readonly #compiled: Compiled
  readonly #source: InputSource
  readonly #machine: Machine

  constructor(proc: Process, line: CommandLine, compiled: Compiled) {
    this.#proc = proc
    this.#line = line
    this.#compiled = compiled
    const source = new InputSource(proc, line.files, { raw: line.rawInput, slurp: line.slurp, stream: line.stream })
    this.#source = source
    const { world } = proc
    this.#machine = new Machine({
      environment: (): JqObject => new Map(proc.env),
      nowSeconds: () => (world.epochMs + world.clock.nowUs / 1000) / 1000,
      complain: (text) => proc.error(text),
      inputName: () => source.name,
      inputLine: () => source.line,
    })
  }

  *run(): Generator<Wait, number, unknown> {
    const source = this.#source
    let last: Last | null = null
    try {
      if (this.#line.nullInput) last = yield* this.#filter(null)
      else {
        while (source.failures === 0) {
          const reading = yield* source.next()
          if (reading === null) break
          if ('error' in reading) {
            this.#proc.error(`parse error: ${reading.error}\n`)
            return source.failures > 0 ? WRONG_USAGE : NO_JSON
          }
          last = yield* this.#filter(reading.value)
        }
      }
    } catch (error) {
      return this.#died(error)
    }
    if (source.failures > 0) return WRONG_USAGE
    if (last === 'error') return FAILED
    if (!this.#line.exitStatus || last === null) return 0
    return last === 'nothing' ? 4 : last === 'false' ? 1 : 0
  }

  #died(error: unknown): number {
    if (error instanceof Exhausted) {
      this.#proc.error('error: cannot allocate memory\n')
      return NO_MEMORY
    }
    if (!(error instanceof Halt)) throw error
    const { message } = error
    if (typeof message === 'string') this.#proc.error(message)
    else if (message !== undefined && message !== null) this.#proc.error(`${toJson(message)}\n`)
    return error.code & 255
  }

  /** Runs the program on one input. */
  *#filter(input: Value): Generator<Wait, Last, unknown> {
    const machine = this.#machine
    machine.start(this.#compiled.entry, this.#compiled.env, input)
    let last: Last = 'nothing'
    for (;;) {
      const signal: Signal = machine.run(STEPS_AT_ONCE)
      if (signal === 'end') return last
      if (signal === 'error') {
        const { error } = machine
        const [remark, text] = typeof error === 'string' ? ['', error] : [' (not a string)', toJson(error)]
        this.#proc.error(`jq: error (at ${this.#source.position})${remark}: ${text}\n`)
        return 'error'
      }
      if (signal === 'pause') yield workWait(this.#proc.world.clock, STEPS_US)
      else if (signal === 'input') yield* this.#input()
      else {
        last = this.#print(machine.value)
        yield* this.#proc.flush()
      }
    }
  }

  *#input(): Generator<Wait, void, unknown> {
    const reading = yield* this.#source.next()
    if (reading === null) this.#machine.refuse('break')
    else if ('error' in reading) this.#machine.refuse(reading.error)
    else this.#machine.supply(reading.value)
  }

  #print(value: Value): Last {
    const { rawOutput, join, seq, layout } = this.#line
    const raw = rawOutput && typeof value === 'string'
    const text = raw && !layout.ascii ? (value as string) : toJson(value, raw ? { indent: '', sortKeys: false, ascii: true } : layout)
    this.#proc.print(`${seq && !raw ? '\x1e' : ''}${text}${join ? '' : '\n'}`)
    return raw || truthy(value) ? 'true' : 'false'
  }
}
