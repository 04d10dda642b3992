/** `printf`: XCU printf, with bash's -v, %q, %b and %(…)T. Numbers are 64-bit integers; %e %f %g go through doubles. */
import { isoTime } from '../../linux/iso-time.ts'
import type { Wait } from '../../linux/wait.ts'
import { assign } from '../parameters.ts'
import { backslashQuoted } from '../quoting.ts'
import type { Shell } from '../shell.ts'
import { ansiEscape } from '../word-parser.ts'
import { decodeEcho } from './escapes.ts'
import { finishOutput } from './output.ts'

const OUTPUT_MAX = 16 * 1024 * 1024
const WIDTH_MAX = 1_000_000

export function* printf(shell: Shell, argv: readonly string[]): Generator<Wait, number> {
  let words = argv.slice(1)
  let variable: string | null = null
  if (words[0] === '-v') {
    variable = words[1] ?? ''
    words = words.slice(2)
  }
  if (words[0] === '--') words = words.slice(1)
  if (words.length === 0) {
    shell.proc.error('printf: usage: printf [-v var] format [arguments]\n')
    return 2
  }
  const formatter = new Formatter(shell, words[0], words.slice(1))
  const text = formatter.run()
  if (variable !== null) {
    const element = /^(\w+)\[(.+)\]$/.exec(variable)
    return assign(shell, element?.[1] ?? variable, element?.[2] ?? null, text) ? formatter.status : 1
  }
  const status = yield* finishOutput(shell, 'printf', text)
  return status || formatter.status
}

class Formatter {
  status = 0
  readonly #shell: Shell
  readonly #format: string
  readonly #words: readonly string[]
  #next = 0
  #stopped = false

  constructor(shell: Shell, format: string, words: readonly string[]) {
    this.#shell = shell
    this.#format = format
    this.#words = words
  }

  /** The format again and again while there are arguments that it takes. */
  run(): string {
    let text = ''
    do {
      const before = this.#next
      text += this.#once()
      if (this.#next === before || text.length > OUTPUT_MAX) break
    } while (this.#next < this.#words.length && !this.#stopped)
    return text
  }

  #argument(): string | undefined {
    this.#next += 1
    return this.#words[this.#next - 1]
  }

  #once(): string {
    const format = this.#format
    let text = ''
    for (let at = 0; at < format.length && !this.#stopped; at += 1) {
      const char = format[at]
      if (char === '\\') {
        if (format[at + 1] === 'c') {
          this.#stopped = true
          break
        }
        const [decoded, used] = ansiEscape(format, at + 1)
        text += decoded
        at += used
        continue
      }
      if (char !== '%') {
        text += char
        continue
      }
      if (format[at + 1] === '%') {
        text += '%'
        at += 1
        continue
      }
      const spec = /^%([-+ #0']*)(\*|\d+)?(?:\.(\*|-?\d*))?(?:hh|h|ll|l|L|q(?=[diouxX])|j|z|t)?(\([^)]*\)T|.)?/s.exec(format.slice(at))
      if (!spec?.[4]) {
        this.#complain(`\`${format.slice(at)}': missing format character`)
        break
      }
      at += spec[0].length - 1
      text += this.#convert(spec[1], spec[2], spec[3], spec[4])
    }
    return text
  }

  #convert(flagText: string, widthText: string | undefined, precisionText: string | undefined, letter: string): string {
    let flags = flagText
    let width = widthText === '*' ? Number(this.#argument() ?? 0) : Number(widthText ?? 0)
    if (width < 0) {
      flags += '-'
      width = -width
    }
    width = Math.min(width, WIDTH_MAX)
    const stars = precisionText === '*' ? Number(this.#argument() ?? 0) : Number(precisionText || 0)
    const precision = precisionText === undefined || stars < 0 ? null : Math.min(stars, WIDTH_MAX)
    const pad = (body: string, zero = false): string => padded(body, width, flags, zero)
    const cut = (body: string): string => (precision === null ? body : [...body].slice(0, precision).join(''))
    switch (letter) {
      case 's':
        return pad(cut(this.#argument() ?? ''))
      case 'b': {
        const decoded = decodeEcho(this.#argument() ?? '')
        if (decoded.stopped) this.#stopped = true
        return pad(cut(decoded.text))
      }
      case 'q':
        return pad(backslashQuoted(this.#argument() ?? ''))
      case 'c':
        return pad((this.#argument() ?? '').slice(0, 1))
      case 'd':
      case 'i': {
        const value = this.#integer(this.#argument())
        const digits = String(value < 0n ? -value : value).padStart(precision ?? 1, '0')
        const sign = value < 0n ? '-' : flags.includes('+') ? '+' : flags.includes(' ') ? ' ' : ''
        return pad(sign + digits, precision === null)
      }
      case 'u':
      case 'o':
      case 'x':
      case 'X': {
        const value = BigInt.asUintN(64, this.#integer(this.#argument()))
        let digits = value.toString(letter === 'u' ? 10 : letter === 'o' ? 8 : 16).padStart(precision ?? 1, '0')
        if (flags.includes('#') && value !== 0n && letter !== 'u') digits = (letter === 'o' ? '0' : '0x') + digits
        return pad(letter === 'X' ? digits.toUpperCase() : digits, precision === null)
      }
      case 'e':
      case 'E':
      case 'f':
      case 'F':
      case 'g':
      case 'G': {
        const body = formatFloat(this.#float(this.#argument()), letter, precision ?? 6)
        return pad(flags.includes('+') && !body.startsWith('-') ? `+${body}` : body, true)
      }
      default:
        if (letter.startsWith('(')) return pad(this.#time(letter.slice(1, -2), this.#argument()))
        this.#complain(`\`${letter}': invalid format character`)
        this.#stopped = true
        return ''
    }
  }

  #integer(word: string | undefined): bigint {
    if (word === undefined || word === '') return 0n
    if (word[0] === "'" || word[0] === '"') return BigInt(word.codePointAt(1) ?? 0)
    const match = /^\s*([-+]?)(0[xX][0-9a-fA-F]+|0[0-7]*|[1-9]\d*)/.exec(word)
    if (!match || match[0].length < word.length) this.#complain(`${word}: invalid number`)
    if (!match) return 0n
    const [, sign, digits] = match
    const value = /^0[xX]/.test(digits) ? BigInt(digits) : /^0\d/.test(digits) ? BigInt(`0o${digits.slice(1)}`) : BigInt(digits)
    return BigInt.asIntN(64, sign === '-' ? -value : value)
  }

  #float(word: string | undefined): number {
    if (word === undefined || word === '') return 0
    const value = Number(word)
    if (!Number.isNaN(value)) return value
    this.#complain(`${word}: invalid number`)
    return Number.parseFloat(word) || 0
  }

  /** A subset of strftime(3), in UTC. */
  #time(format: string, word: string | undefined): string {
    const { world } = this.#shell.proc
    const ms = word === undefined || word.startsWith('-') ? world.epochMs + Math.floor(world.clock.nowUs / 1000) : Number(word) * 1000
    const iso = isoTime(ms)
    const fields = new Map([
      ['Y', iso.slice(0, 4)], ['m', iso.slice(5, 7)], ['d', iso.slice(8, 10)], ['H', iso.slice(11, 13)], ['M', iso.slice(14, 16)],
      ['S', iso.slice(17, 19)], ['F', iso.slice(0, 10)], ['T', iso.slice(11, 19)], ['s', String(Math.floor(ms / 1000))], ['Z', 'UTC'],
      ['z', '+0000'], ['%', '%'], ['n', '\n'], ['t', '\t'],
    ])
    return (format || '%H:%M:%S').replace(/%(.)/g, (whole, letter: string) => fields.get(letter) ?? whole)
  }

  #complain(message: string): void {
    this.status = 1
    this.#shell.complain(`printf: ${message}`)
  }
}

function padded(body: string, width: number, flags: string, zero: boolean): string {
  const missing = width - [...body].length
  if (missing <= 0) return body
  if (flags.includes('-')) return body + ' '.repeat(missing)
  if (!zero || !flags.includes('0')) return ' '.repeat(missing) + body
  const sign = /^(?:[-+ ]|0[xX])/.exec(body)?.[0] ?? ''
  return sign + '0'.repeat(missing) + body.slice(sign.length)
}

function formatFloat(value: number, letter: string, precision: number): string {
  const digits = Math.min(precision, 100)
  const exponent = (text: string): string => text.replace(/e([+-])(\d)$/, 'e$10$2')
  let text: string
  if (letter === 'f' || letter === 'F') text = value.toFixed(digits)
  else if (letter === 'e' || letter === 'E') text = exponent(value.toExponential(digits))
  else {
    const significant = Math.max(1, digits)
    const power = value === 0 ? 0 : Number(/e([+-]\d+)$/.exec(value.toExponential(significant - 1))?.[1] ?? 0)
    text = power < -4 || power >= significant ? exponent(value.toExponential(significant - 1)) : value.toFixed(Math.max(0, significant - 1 - power))
    if (text.includes('.')) text = text.replace(/\.?0+(?=e|$)/, '')
  }
  return letter === letter.toUpperCase() ? text.toUpperCase() : text
}
