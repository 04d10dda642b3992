/**
 * Runs an awk program. Statements and expressions are generators, because getline, system and pipes may wait anywhere.
 * Omits: sin, cos, atan2 (they would differ between machines in their last digits), two-way pipes, `printf %c` beyond one character.
 */
import { strftime } from '../calendar.ts'
import { posixRegex } from '../posix-regex.ts'
import { type Conversion, formatFloat, formatInteger, formatString, readConversion } from '../printf-format.ts'
import { callBuiltin } from './builtins.ts'
import type { AwkHost } from './host.ts'
import { InputReader } from './input-reader.ts'
import { AwkRecord } from './record.ts'
import type { AwkFunction, AwkProgram, Expr, Lvalue, Output, Stmt } from './syntax.ts'
import { fromInput, isTrue, StrNum, toNumber, toText, UNSET, type Value } from './value.ts'

const DEPTH_MAX = 250
const REGEX_CACHE_MAX = 500
const LOOP_CHECK = 100000

export type AwkArray = Map<string, Value>

/** A variable's place: a value, an array, or an untyped parameter that may still become the caller's array. */
export interface Cell {
  value: Value
  array: AwkArray | null
  /** The caller's variable, if that was not set to anything either. */
  alias: Cell | null
}

export function newCell(value: Value = UNSET): Cell {
  return { value, array: null, alias: null }
}

type Flow = 'next' | 'nextfile' | 'break' | 'continue' | 'exit' | 'return' | null

/** Ends the program with a message; returned up, never thrown. */
export class AwkFailure {
  readonly message: string

  constructor(message: string) {
    this.message = message
  }
}

export class Interpreter<W> {
  readonly host: AwkHost<W>
  readonly record: AwkRecord
  readonly input: InputReader<W>
  readonly #program: AwkProgram
  readonly #globals = new Map<string, Cell>()
  readonly #regexes = new Map<string, RegExp>()
  readonly #outputs = new Map<string, { text: string; command: boolean }>()
  readonly #commandInputs = new Map<string, InputReader<W>>()
  readonly #fileInputs = new Map<string, InputReader<W>>()
  #frame: Map<string, Cell> | null = null
  #depth = 0
  #steps = 0
  #exitCode = 0
  /** `exit` inside a function: every statement up to the top ends. */
  #exiting = false
  #returned: Value = UNSET
  /** Positions in a range pattern. */
  readonly #inRange = new Set<number>()
  failure: AwkFailure | null = null

  constructor(program: AwkProgram, host: AwkHost<W>, files: readonly string[]) {
    this.#program = program
    this.host = host
    this.record = new AwkRecord(() => this.separator(this.text('FS')), () => this.text('OFS'))
    this.input = new InputReader(host, files, {
      separator: () => this.text('RS'),
      regex: (source) => this.regex(source),
      assign: (name, value) => this.assign(name, fromInput(value)),
      startFile: (file) => {
        this.assign('FILENAME', file)
        this.assign('FNR', 0)
      },
    })
    for (const [name, value] of [['FS', ' '], ['OFS', ' '], ['RS', '\n'], ['ORS', '\n'], ['SUBSEP', '\x1c'], ['CONVFMT', '%.6g'], ['OFMT', '%.6g']] as const) {
      this.assign(name, value)
    }
    for (const name of ['NR', 'FNR', 'RSTART']) this.assign(name, 0)
    this.assign('RLENGTH', -1)
    const environment = this.array('ENVIRON')
    for (const [name, value] of host.environment) environment.set(name, fromInput(value))
    const words = this.array('ARGV')
    words.set('0', 'awk')
    files.forEach((file, i) => words.set(String(i + 1), fromInput(file)))
    this.assign('ARGC', files.length + 1)
  }

  *run(): Generator<W, number, unknown> {
    const rules = this.#program.rules
    let flow: Flow = null
    for (const rule of rules) {
      if (rule.when !== 'BEGIN' || !rule.action) continue
      flow = yield* this.execute(rule.action)
      if (flow === 'exit' || this.failure) break
    }
    if (flow !== 'exit' && !this.failure && rules.some((rule) => rule.when !== 'BEGIN')) {
      for (;;) {
        if (!(yield* this.nextRecord())) break
        flow = yield* this.#oneRecord()
        if (flow === 'nextfile') this.input.skipFile()
        if (flow === 'exit' || this.failure) break
        if (!(yield* this.host.flush())) return 141
      }
    }
    this.#exiting = false
    if (!this.failure) {
      for (const rule of rules) {
        if (rule.when !== 'END' || !rule.action) continue
        if ((yield* this.execute(rule.action)) === 'exit' || this.failure) break
      }
    }
    if (this.failure) {
      this.host.error(`awk: ${(this.failure as AwkFailure).message}\n`)
      this.#exitCode = 2
    }
    for (const name of [...this.#outputs.keys()]) yield* this.close(name)
    if (this.input.failed && this.#exitCode === 0) return 2
    return this.#exitCode
  }

  /** Reads the next record of the main input into $0. */
  *nextRecord(): Generator<W, boolean, unknown> {
    const text = yield* this.input.next()
    if (text === null) return false
    this.record.set(text)
    this.assign('NR', this.number('NR') + 1)
    this.assign('FNR', this.number('FNR') + 1)
    return true
  }

  *#oneRecord(): Generator<W, Flow, unknown> {
    const rules = this.#program.rules
    for (let i = 0; i < rules.length; i += 1) {
      const rule = rules[i]
      if (rule.when !== 'record') continue
      if (rule.pattern) {
        if (rule.until) {
          if (!this.#inRange.has(i)) {
            if (!isTrue(yield* this.evaluate(rule.pattern))) continue
            this.#inRange.add(i)
          }
          if (isTrue(yield* this.evaluate(rule.until))) this.#inRange.delete(i)
        } else if (!isTrue(yield* this.evaluate(rule.pattern))) continue
      }
      if (this.failure) return 'exit'
      if (!rule.action) {
        this.host.print(this.record.text + this.text('ORS'))
        continue
      }
      const flow = yield* this.execute(rule.action)
      if (flow === 'next') return null
      if (flow === 'exit' || flow === 'nextfile') return flow
    }
    return null
  }

  // --- Statements ------------------------------------------------------------------------------------------------------

  *execute(statement: Stmt): Generator<W, Flow, unknown> {
    if (this.failure || this.#exiting) return 'exit'
    switch (statement.t) {
      case 'expr':
        yield* this.evaluate(statement.of)
        return this.#exiting ? 'exit' : null
      case 'block':
        for (const inner of statement.body) {
          const flow = yield* this.execute(inner)
          if (flow !== null) return flow
        }
        return null
      case 'print': {
        const parts: string[] = []
        for (const arg of statement.args) parts.push(this.outputText(yield* this.evaluate(arg)))
        const text = (statement.args.length === 0 ? this.record.text : parts.join(this.text('OFS'))) + this.text('ORS')
        yield* this.#emit(text, statement.output)
        return null
      }
      case 'printf': {
        const values: Value[] = []
        for (const arg of statement.args) values.push(yield* this.evaluate(arg))
        yield* this.#emit(this.format(values), statement.output)
        return null
      }
      case 'if':
        if (isTrue(yield* this.evaluate(statement.test))) return yield* this.execute(statement.yes)
        return statement.no ? yield* this.execute(statement.no) : null
      case 'while':
        while (!this.failure && isTrue(yield* this.evaluate(statement.test))) {
          const flow = yield* this.#iteration(statement.body)
          if (flow === 'break') break
          if (flow !== null) return flow
        }
        return null
      case 'do':
        do {
          const flow = yield* this.#iteration(statement.body)
          if (flow === 'break') break
          if (flow !== null) return flow
        } while (!this.failure && isTrue(yield* this.evaluate(statement.test)))
        return null
      case 'for':
        if (statement.start) yield* this.execute(statement.start)
        while (!this.failure && (!statement.test || isTrue(yield* this.evaluate(statement.test)))) {
          const flow = yield* this.#iteration(statement.body)
          if (flow === 'break') break
          if (flow !== null) return flow
          if (statement.step) yield* this.execute(statement.step)
        }
        return null
      case 'forin':
        for (const key of [...this.array(statement.array).keys()]) {
          if (!this.array(statement.array).has(key)) continue
          this.assign(statement.variable, fromInput(key))
          const flow = yield* this.#iteration(statement.body)
          if (flow === 'break') break
          if (flow !== null) return flow
        }
        return null
      case 'delete':
        if (statement.subscripts) this.array(statement.name).delete(yield* this.subscript(statement.subscripts))
        else this.array(statement.name).clear()
        return null
      case 'exit':
        if (statement.value) this.#exitCode = Math.trunc(toNumber(yield* this.evaluate(statement.value))) & 255
        return 'exit'
      case 'return':
        this.#returned = statement.value ? yield* this.evaluate(statement.value) : UNSET
        return 'return'
    }
    return statement.t
  }

  *#iteration(body: Stmt): Generator<W, Flow, unknown> {
    this.#steps += 1
    // A loop that never waits must let virtual time pass, and end when its reader is gone.
    if (this.#steps % LOOP_CHECK === 0 && !(yield* this.host.flush())) return 'exit'
    const flow = yield* this.execute(body)
    return flow === 'continue' ? null : flow
  }

  *#emit(text: string, output: Output | null): Generator<W, void, unknown> {
    if (!output) {
      this.host.print(text)
      return
    }
    const name = this.plain(yield* this.evaluate(output.to))
    if (name === '/dev/stderr') return this.host.error(text)
    if (name === '/dev/stdout' || name === '-') return this.host.print(text)
    if (output.how === '|') {
      const open = this.#outputs.get(name) ?? { text: '', command: true }
      open.text += text
      this.#outputs.set(name, open)
      return
    }
    const append = output.how === '>>' || this.#outputs.has(name)
    this.#outputs.set(name, { text: '', command: false })
    const complaint = this.host.write(name, text, append)
    if (complaint !== null) this.failure = new AwkFailure(`cannot open "${name}" for output (${complaint})`)
  }

  /** close(): a pipe's command runs now, with everything that was printed to it. */
  *close(name: string): Generator<W, number, unknown> {
    this.#commandInputs.delete(name)
    const file = this.#fileInputs.delete(name)
    const open = this.#outputs.get(name)
    if (!open) return file ? 0 : -1
    this.#outputs.delete(name)
    if (!open.command) return 0
    yield* this.host.flush()
    return (yield* this.host.run(name, open.text, false)).code
  }

  // --- Expressions -----------------------------------------------------------------------------------------------------

  *evaluate(expr: Expr): Generator<W, Value, unknown> {
    switch (expr.t) {
      case 'number':
      case 'string':
        return expr.value
      case 'regex':
        return this.regex(expr.source).test(this.record.text) ? 1 : 0
      case 'name':
        return expr.name === 'NF' ? this.record.count : this.cell(expr.name).value
      case 'field':
        return this.record.get(yield* this.#fieldNumber(expr.of))
      case 'index': {
        const array = this.array(expr.name)
        const key = yield* this.subscript(expr.subscripts)
        const value = array.get(key)
        if (value !== undefined) return value
        array.set(key, UNSET)
        return UNSET
      }
      case 'group':
        return yield* this.evaluate(expr.of)
      case 'unary': {
        const value = yield* this.evaluate(expr.of)
        return expr.op === '!' ? (isTrue(value) ? 0 : 1) : expr.op === '-' ? -toNumber(value) : toNumber(value)
      }
      case 'binary':
        return yield* this.#binary(expr)
      case 'match': {
        const text = this.plain(yield* this.evaluate(expr.a))
        const regex = yield* this.pattern(expr.b)
        return regex.test(text) !== expr.negated ? 1 : 0
      }
      case 'in':
        return this.array(expr.name).has(yield* this.subscript(expr.subscripts)) ? 1 : 0
      case 'ternary':
        return yield* this.evaluate(isTrue(yield* this.evaluate(expr.test)) ? expr.yes : expr.no)
      case 'assign': {
        let value = yield* this.evaluate(expr.value)
        if (expr.op !== '') value = arithmetic(expr.op, toNumber(yield* this.evaluate(expr.to)), toNumber(value))
        yield* this.store(expr.to, value)
        return value
      }
      case 'step': {
        const before = toNumber(yield* this.evaluate(expr.of))
        yield* this.store(expr.of, before + expr.by)
        return expr.prefix ? before + expr.by : before
      }
      case 'getline':
        return yield* this.#getline(expr)
      case 'call':
        return yield* this.#call(expr.name, expr.args)
      case 'builtin':
        return yield* callBuiltin(this, expr.name, expr.args, expr.bare)
    }
  }

  *#fieldNumber(of: Expr): Generator<W, number, unknown> {
    const index = Math.trunc(toNumber(yield* this.evaluate(of)))
    if (index < 0) this.failure ??= new AwkFailure(`negative field index $${index}`)
    return Math.max(index, 0)
  }

  *#binary(expr: Extract<Expr, { t: 'binary' }>): Generator<W, Value, unknown> {
    const { op } = expr
    const left = yield* this.evaluate(expr.a)
    if (op === '&&') return isTrue(left) && isTrue(yield* this.evaluate(expr.b)) ? 1 : 0
    if (op === '||') return isTrue(left) || isTrue(yield* this.evaluate(expr.b)) ? 1 : 0
    const right = yield* this.evaluate(expr.b)
    if (op === '.') return this.plain(left) + this.plain(right)
    if (op === '<' || op === '<=' || op === '==' || op === '!=' || op === '>' || op === '>=') return this.compare(left, right, op) ? 1 : 0
    if ((op === '/' || op === '%') && toNumber(right) === 0) {
      this.failure ??= new AwkFailure(op === '/' ? 'division by zero' : 'division by zero in %')
      return 0
    }
    return arithmetic(op, toNumber(left), toNumber(right))
  }

  /** As numbers when both are numbers or look like them, else as text. */
  compare(left: Value, right: Value, op: string): boolean {
    const numeric = typeof left !== 'string' && typeof right !== 'string'
    const [a, b] = numeric ? [toNumber(left), toNumber(right)] : [this.plain(left), this.plain(right)]
    switch (op) {
      case '<':
        return a < b
      case '<=':
        return a <= b
      case '>':
        return a > b
      case '>=':
        return a >= b
      case '!=':
        return a !== b
    }
    return a === b
  }

  *#getline(expr: Extract<Expr, { t: 'getline' }>): Generator<W, Value, unknown> {
    let text: string | null
    if (expr.from === 'main') {
      text = yield* this.input.next()
      if (text !== null) {
        this.assign('NR', this.number('NR') + 1)
        this.assign('FNR', this.number('FNR') + 1)
      }
    } else {
      const name = this.plain(yield* this.evaluate(expr.source as Expr))
      const readers = expr.from === 'file' ? this.#fileInputs : this.#commandInputs
      let reader = readers.get(name)
      if (!reader) {
        const rules = { separator: () => this.text('RS'), regex: (source: string) => this.regex(source), assign: () => {}, startFile: () => {} }
        if (expr.from === 'file') reader = new InputReader(this.host, [name], { ...rules, literal: true })
        else {
          yield* this.host.flush()
          const { output } = yield* this.host.run(name, null, true)
          reader = new InputReader(this.host, [], { ...rules, text: output })
        }
        readers.set(name, reader)
      }
      text = yield* reader.next()
      if (text === null) return reader.failed ? -1 : 0
      if (expr.from === 'command') this.assign('NR', this.number('NR') + 1)
    }
    if (text === null) return 0
    if (expr.into) yield* this.store(expr.into, fromInput(text))
    else this.record.set(text)
    return 1
  }

  *#call(name: string, args: readonly Expr[]): Generator<W, Value, unknown> {
    const target: AwkFunction | undefined = this.#program.functions.get(name)
    if (!target) {
      this.failure ??= new AwkFailure(`function ${name} never defined`)
      return UNSET
    }
    if (this.#depth >= DEPTH_MAX) {
      this.failure ??= new AwkFailure(`function ${name}: nested too deeply`)
      return UNSET
    }
    const frame = new Map<string, Cell>()
    for (let i = 0; i < target.params.length; i += 1) {
      const arg = args[i]
      const cell = newCell()
      if (arg?.t === 'name' && arg.name !== 'NF') {
        const outer = this.cell(arg.name)
        cell.value = outer.value
        cell.array = outer.array
        if (outer.array === null && outer.value === UNSET) cell.alias = outer
      } else if (arg) cell.value = yield* this.evaluate(arg)
      frame.set(target.params[i], cell)
    }
    const outer = this.#frame
    this.#frame = frame
    this.#depth += 1
    this.#returned = UNSET
    const flow = yield* this.execute(target.body)
    this.#depth -= 1
    this.#frame = outer
    const returned = this.#returned
    this.#returned = UNSET
    if (flow === 'exit') this.#exiting = true
    return returned
  }

  *store(to: Lvalue, value: Value): Generator<W, void, unknown> {
    if (to.t === 'name') this.assign(to.name, value)
    else if (to.t === 'field') this.record.put(yield* this.#fieldNumber(to.of), value)
    else this.array(to.name).set(yield* this.subscript(to.subscripts), value)
  }

  *subscript(subscripts: readonly Expr[]): Generator<W, string, unknown> {
    const parts: string[] = []
    for (const one of subscripts) parts.push(this.plain(yield* this.evaluate(one)))
    return parts.length === 1 ? parts[0] : parts.join(this.text('SUBSEP'))
  }

  /** An expression used as a pattern: a constant as it stands, else its value as source. */
  *pattern(expr: Expr): Generator<W, RegExp, unknown> {
    return this.regex(expr.t === 'regex' ? expr.source : this.plain(yield* this.evaluate(expr)))
  }

  // --- Variables -------------------------------------------------------------------------------------------------------

  cell(name: string): Cell {
    const local = this.#frame?.get(name)
    if (local) return local
    let cell = this.#globals.get(name)
    if (!cell) {
      cell = newCell()
      this.#globals.set(name, cell)
    }
    return cell
  }

  array(name: string): AwkArray {
    return arrayOf(this.cell(name))
  }

  assign(name: string, value: Value): void {
    if (name === 'NF') this.record.count = toNumber(value)
    else this.cell(name).value = value
  }

  text(name: string): string {
    return this.plain(this.#globals.get(name)?.value ?? UNSET)
  }

  number(name: string): number {
    return toNumber(this.#globals.get(name)?.value ?? UNSET)
  }

  plain(value: Value): string {
    if (typeof value === 'string') return value
    if (value instanceof StrNum) return value.text
    const format = this.#globals.get('CONVFMT')?.value
    return toText(value, typeof format === 'string' ? format : '%.6g')
  }

  outputText(value: Value): string {
    return toText(value, this.text('OFMT'))
  }

  regex(source: string): RegExp {
    const cached = this.#regexes.get(source)
    if (cached) return cached
    const compiled = posixRegex(source, { extended: true, escapes: true })
    if (!(compiled instanceof RegExp)) {
      this.failure ??= new AwkFailure(`regular expression compile failed (${compiled.error.toLowerCase()})\n${source}`)
      return /(?!)/
    }
    if (this.#regexes.size >= REGEX_CACHE_MAX) this.#regexes.clear()
    this.#regexes.set(source, compiled)
    return compiled
  }

  separator(text: string): string | RegExp {
    if (text === ' ' || text === '' || (text.length === 1 && text !== '\\')) return text
    if (text === '\\|') return '|'
    const regex = this.regex(text)
    return new RegExp(regex.source, `${regex.flags}g`)
  }

  /** A constant expression as the separator of split(). */
  separatorRegex(source: string): RegExp {
    const regex = this.regex(source)
    return new RegExp(regex.source, `${regex.flags}g`)
  }

  /** sprintf. */
  format(values: readonly Value[]): string {
    const format = this.plain(values[0] ?? UNSET)
    let used = 1
    const next = (): Value => {
      used += 1
      return values[used - 1] ?? UNSET
    }
    let text = ''
    for (let at = 0; at < format.length; ) {
      const found = format[at] === '%' ? readConversion(format, at) : null
      if (!found) {
        text += format[at]
        at += 1
        continue
      }
      at += found.length
      const conversion: Conversion = { ...found.conversion }
      if (conversion.letter === '%') {
        text += '%'
        continue
      }
      if (conversion.width === -2) conversion.width = Math.trunc(toNumber(next()))
      if (conversion.width < -1) [conversion.flags, conversion.width] = [`${conversion.flags}-`, -conversion.width]
      if (conversion.precision === -2) conversion.precision = Math.trunc(toNumber(next()))
      if ('diouxX'.includes(conversion.letter)) text += formatInteger(toNumber(next()), conversion)
      else if ('fFeEgG'.includes(conversion.letter)) text += formatFloat(toNumber(next()), conversion)
      else if (conversion.letter === 'c') {
        const value = next()
        const char = typeof value === 'number' ? String.fromCodePoint(Math.max(0, Math.min(Math.trunc(value), 0x10ffff))) : ([...this.plain(value)][0] ?? '')
        text += formatString(char, conversion)
      } else if (conversion.letter === 's') text += formatString(this.plain(next()), conversion)
      else text += format.slice(at - found.length, at)
    }
    return text
  }

  strftime(format: string, seconds: number): string {
    return strftime(format, seconds * 1000)
  }
}

/** The array of a cell; a parameter that nobody had used becomes the caller's array too. */
function arrayOf(cell: Cell): AwkArray {
  if (cell.array) return cell.array
  cell.array = cell.alias ? arrayOf(cell.alias) : new Map()
  return cell.array
}

function arithmetic(op: string, a: number, b: number): number {
  switch (op) {
    case '+':
      return a + b
    case '-':
      return a - b
    case '*':
      return a * b
    case '/':
      return a / b
    case '%':
      return a % b
  }
  return power(a, b)
}

/** Whole exponents by repeated multiplication, and the square root; other powers are rounded as the host rounds them. */
function power(base: number, exponent: number): number {
  if (exponent === 0.5) return Math.sqrt(base)
  if (!Number.isInteger(exponent) || Math.abs(exponent) > 4096) return base ** exponent
  let result = 1
  for (let i = 0; i < Math.abs(exponent); i += 1) result *= base
  return exponent < 0 ? 1 / result : result
}
