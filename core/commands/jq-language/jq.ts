/** jq 1.6: the whole language but modules, with an interpreter of its own. Omits: colours, --stream, --seq, --rawfile's binary data. */
import { isErrno, strerror } from '../../base/errno.ts'
import { byText } from '../../base/text-order.ts'
import type { Process } from '../../linux/process.ts'
import type { Executable } from '../../linux/program.ts'
import { readWhole } from '../command.ts'
import { JqInterpreter } from './interpreter.ts'
import { JqBreak, JqError } from './jq-error.ts'
import { type JqObject, type JqValue, JsonReader, type JsonStyle, jsonText } from './json-value.ts'
import { JqSyntaxError, parseJq, placeText } from './parser.ts'
import { findUndefined } from './undefined-name.ts'

const USAGE = `Usage:\tjq [OPTIONS] FILTER [FILES...]
\tjq [OPTIONS] --args FILTER [ARGUMENTS...]
\tjq [OPTIONS] --jsonargs FILTER [JSON_VALUES...]
`

const USAGE_ERROR = `${USAGE}Use jq --help for help with command-line options,
or see the jq manpage, or online docs  at https://stedolan.github.io/jq
`

interface Call {
  filter: string | null
  files: string[]
  raw: boolean
  join: boolean
  slurp: boolean
  rawInput: boolean
  nullInput: boolean
  exitStatus: boolean
  style: JsonStyle
  variables: Map<string, JqValue>
  positional: JqValue[]
}

export const jq: Executable = {
  *program(proc, argv) {
    const call = readCall(proc, argv.slice(1))
    if (typeof call === 'number') return call
    if (call.filter === null) {
      proc.error(USAGE_ERROR)
      return 2
    }
    const variables = new Map<string, JqValue>(call.variables)
    variables.set('ARGS', new Map<string, JqValue>([['positional', call.positional], ['named', new Map(call.variables)]]))
    const program = parseJq(call.filter)
    const undefinedName = program instanceof JqSyntaxError ? null : findUndefined(program, new Set(variables.keys()))
    if (program instanceof JqSyntaxError || undefinedName !== null) {
      const message = program instanceof JqSyntaxError ? program.message : `${undefinedName?.message} ${placeText(call.filter, undefinedName?.at ?? 0)}`
      proc.error(`jq: error: ${message}\njq: 1 compile error\n`)
      return 3
    }
    let text = ''
    let code = 0
    if (!call.nullInput || /\binputs?\b/.test(call.filter)) {
      for (const file of call.files.length > 0 ? call.files : ['-']) {
        const whole = yield* readWhole(proc, file)
        if (isErrno(whole)) {
          proc.error(`jq: error: Could not open ${file}: ${strerror(whole)}\n`)
          code = 2
        } else text += whole.text
      }
    }
    const inputs = new Inputs(text, call)
    const environment: JqObject = new Map([...proc.env].sort(([a], [b]) => byText(a, b)))
    const interpreter = new JqInterpreter(
      { nextInput: () => inputs.next(), now: () => (proc.world.epochMs + proc.world.clock.nowUs / 1000) / 1000, environment, debug: (line) => proc.error(line) },
      variables,
    )
    let last: JqValue | undefined
    for (;;) {
      const input = call.nullInput ? null : inputs.next()
      if (input === undefined) break
      try {
        for (const value of interpreter.run(program, input)) {
          last = value
          const shown = call.raw && typeof value === 'string' ? value : jsonText(value, call.style)
          proc.print(call.join ? shown : `${shown}\n`)
          if (!(yield* proc.flush())) return 141
        }
      } catch (error) {
        if (error instanceof JqBreak) proc.error('jq: error (at <unknown>): break\n')
        else if (!(error instanceof JqError)) throw error
        else {
          const halted = error.value instanceof Map ? error.value.get('__halt') : undefined
          if (typeof halted === 'number' && error.value instanceof Map) {
            const message = error.value.get('value')
            if (message !== undefined) proc.error(typeof message === 'string' ? message : `${jsonText(message)}\n`)
            return halted
          }
          const place = call.nullInput || text === '' ? '<unknown>' : `<stdin>:${inputs.line}`
          const message = typeof error.value === 'string' ? error.value : `(not a string): ${jsonText(error.value)}`
          proc.error(`jq: error (at ${place})${typeof error.value === 'string' ? ': ' : ' '}${message}\n`)
        }
        code = 5
      }
      if (call.nullInput) break
    }
    if (inputs.error !== '') {
      proc.error(`parse error: ${inputs.error}\n`)
      return 4
    }
    if (code !== 0) return code
    if (call.exitStatus) return last === undefined ? 4 : last === null || last === false ? 1 : 0
    return 0
  },
}

class Inputs {
  readonly #text: string
  readonly #reader: JsonReader
  readonly #call: Call
  #lines: string[] | null
  #whole = false
  error = ''

  constructor(text: string, call: Call) {
    this.#text = text
    this.#call = call
    this.#reader = new JsonReader(text)
    this.#lines = call.rawInput && !call.slurp ? (text === '' ? [] : text.replace(/\n$/, '').split('\n')) : null
  }

  /** The line that jq says an error is at: that of the last newline read. */
  get line(): number {
    return this.#text.split('\n').length - 1
  }

  next(): JqValue | undefined {
    if (this.#lines) return this.#lines.shift()
    if (!this.#call.slurp) {
      const value = this.#reader.next()
      this.error = this.#reader.error
      return value
    }
    if (this.#whole) return undefined
    this.#whole = true
    if (this.#call.rawInput) return this.#text
    const values: JqValue[] = []
    for (let value = this.#reader.next(); value !== undefined; value = this.#reader.next()) values.push(value)
    this.error = this.#reader.error
    return this.error === '' ? values : undefined
  }
}

function readCall(proc: Process, words: readonly string[]): Call | number {
  const call: Call = {
    filter: null, files: [], raw: false, join: false, slurp: false, rawInput: false, nullInput: false, exitStatus: false,
    style: { indent: '  ', sortKeys: false, ascii: false }, variables: new Map(), positional: [],
  }
  let rest: 'files' | 'args' | 'jsonargs' = 'files'
  let fromFile = false
  let ended = false
  for (let at = 0; at < words.length; at += 1) {
    const word = words[at]
    if (ended || !word.startsWith('-') || word === '-') {
      if (call.filter === null && !fromFile) call.filter = word
      else if (call.filter === null && fromFile) {
        const text = proc.fs.read(proc.path(word))
        if (isErrno(text)) {
          proc.error(`jq: error: Could not open ${word}: ${strerror(text)}\n`)
          return 2
        }
        call.filter = text
      } else if (rest === 'files') call.files.push(word)
      else {
        const value = rest === 'args' ? word : new JsonReader(word).next()
        if (value === undefined) {
          proc.error(`jq: Invalid JSON text passed to --jsonargs\n${USAGE_ERROR}`)
          return 2
        }
        call.positional.push(value)
      }
      continue
    }
    if (word === '--') {
      ended = true
      continue
    }
    const takes = (count: number): string[] | null => {
      if (at + count >= words.length) return null
      const values = words.slice(at + 1, at + 1 + count)
      at += count
      return values
    }
    const long = word.startsWith('--') ? word.slice(2) : null
    if (long !== null && ['arg', 'argjson', 'slurpfile', 'rawfile'].includes(long)) {
      const values = takes(2)
      if (!values) {
        proc.error(`jq: --${long} takes two parameters (e.g. --${long} ${long === 'arg' ? 'varname value' : long === 'argjson' ? 'varname text' : 'varname filename'})\n${USAGE_ERROR}`)
        return 2
      }
      const [name, value] = values
      if (long === 'arg') call.variables.set(name, value)
      else if (long === 'argjson') {
        const json = new JsonReader(value).next()
        if (json === undefined) {
          proc.error(`jq: Invalid JSON text passed to --argjson\n${USAGE_ERROR}`)
          return 2
        }
        call.variables.set(name, json)
      } else {
        const text = proc.fs.read(proc.path(value))
        if (isErrno(text)) {
          proc.error(`jq: Bad JSON in --${long} ${name} ${value}: Could not open ${value}: ${strerror(text)}\n`)
          return 2
        }
        if (long === 'rawfile') call.variables.set(name, text)
        else {
          const reader = new JsonReader(text)
          const documents: JqValue[] = []
          for (let one = reader.next(); one !== undefined; one = reader.next()) documents.push(one)
          call.variables.set(name, documents)
        }
      }
      continue
    }
    if (long === 'indent') {
      const values = takes(1)
      call.style.indent = ' '.repeat(Math.max(0, Math.min(Number(values?.[0] ?? 2) || 0, 8)))
      continue
    }
    const letters = long === null ? word.slice(1).split('') : [long]
    for (const letter of letters) {
      switch (letter) {
        case 'r':
        case 'raw-output':
          call.raw = true
          break
        case 'j':
        case 'join-output':
          call.raw = true
          call.join = true
          break
        case 'c':
        case 'compact-output':
          call.style.indent = ''
          break
        case 's':
        case 'slurp':
          call.slurp = true
          break
        case 'R':
        case 'raw-input':
          call.rawInput = true
          break
        case 'n':
        case 'null-input':
          call.nullInput = true
          break
        case 'e':
        case 'exit-status':
          call.exitStatus = true
          break
        case 'S':
        case 'sort-keys':
          call.style.sortKeys = true
          break
        case 'a':
        case 'ascii-output':
          call.style.ascii = true
          break
        case 'tab':
          call.style.indent = '\t'
          break
        case 'f':
        case 'from-file':
          fromFile = true
          break
        case 'args':
        case 'jsonargs':
          rest = letter
          break
        case 'C':
        case 'M':
        case 'color-output':
        case 'monochrome-output':
        case 'unbuffered':
          break
        case 'V':
        case 'version':
          proc.print('jq-1.6\n')
          return 0
        case 'h':
        case 'help':
          proc.print(`jq - commandline JSON processor [version 1.6]\n\n${USAGE}`)
          return 0
        default:
          proc.error(`jq: Unknown arguments\n${USAGE_ERROR}`)
          return 2
      }
    }
  }
  return call
}
