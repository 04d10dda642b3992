/** The text that printf(1) makes of a format and its arguments; the format is used again while arguments are left. */
import { type Conversion, formatFloat, formatInteger, formatString, readConversion } from './printf-format.ts'

const ROUNDS_MAX = 100000

export interface PrintfResult {
  text: string
  complaints: string[]
}

/** `notNumber` words the complaint about an argument (`%s`) that should be a number: bash and coreutils differ. */
export function printfText(format: string, args: readonly string[], notNumber: string): PrintfResult {
  const complaints: string[] = []
  let text = ''
  let used = 0
  const next = (): string | undefined => {
    used += 1
    return args[used - 1]
  }
  const number = (arg: string | undefined): number => {
    if (arg === undefined || arg === '') return 0
    if (arg.startsWith("'") || arg.startsWith('"')) return arg.codePointAt(1) ?? 0
    const match = /^\s*([-+]?(?:0[xX][0-9a-fA-F]+|\d+\.?\d*(?:[eE][-+]?\d+)?|\.\d+(?:[eE][-+]?\d+)?))/.exec(arg)
    if (!match || match[0].length !== arg.trimEnd().length) complaints.push(notNumber.replace('%s', `'${arg}'`))
    if (!match) return 0
    const digits = match[1]
    if (/^[-+]?0[0-7]+$/.test(digits)) return Number.parseInt(digits, 8)
    return /^-0x/i.test(digits) ? -Number(digits.slice(1)) : Number(digits)
  }
  for (let round = 0; round < ROUNDS_MAX; round += 1) {
    const before = used
    for (let at = 0; at < format.length; ) {
      const char = format[at]
      if (char === '\\') {
        const escape = readEscape(format, at)
        if (escape.stops) return { text, complaints }
        text += escape.text
        at += escape.length
        continue
      }
      if (char !== '%') {
        text += char
        at += 1
        continue
      }
      const found = readConversion(format, at)
      if (!found) {
        complaints.push(format.slice(at) === '%' ? "'%': missing format character" : `'${format.slice(at, at + 2)}': invalid directive`)
        return { text, complaints }
      }
      at += found.length
      const conversion: Conversion = { ...found.conversion }
      if (conversion.letter === '%') {
        text += '%'
        continue
      }
      if (conversion.width === -2) {
        conversion.width = number(next())
        if (conversion.width < 0) [conversion.flags, conversion.width] = [`${conversion.flags}-`, -conversion.width]
      }
      if (conversion.precision === -2) conversion.precision = number(next())
      if ('diouxX'.includes(conversion.letter)) text += formatInteger(number(next()), conversion)
      else if ('fFeEgG'.includes(conversion.letter)) text += formatFloat(number(next()), conversion)
      else if (conversion.letter === 'c') text += formatString([...(next() ?? '')][0] ?? '', conversion)
      else if (conversion.letter === 's') text += formatString(next() ?? '', conversion)
      else if (conversion.letter === 'q') text += formatString(shellQuote(next() ?? ''), conversion)
      else if (conversion.letter === 'b') {
        const plain = unescapeEcho(next() ?? '')
        text += formatString(plain.text, conversion)
        if (plain.stopped) return { text, complaints }
      } else {
        complaints.push(`%${conversion.letter}: invalid conversion specification`)
        return { text, complaints }
      }
    }
    if (used >= args.length || used === before) return { text, complaints }
  }
  return { text, complaints }
}

const PLAIN = new Map([['n', '\n'], ['t', '\t'], ['r', '\r'], ['a', '\x07'], ['b', '\b'], ['f', '\f'], ['v', '\v'], ['e', '\x1b'], ['\\', '\\'], ['"', '"']])

function readEscape(text: string, at: number): { text: string; length: number; stops: boolean } {
  const next = text[at + 1]
  if (next === 'c') return { text: '', length: 2, stops: true }
  const octal = /^\\([0-7]{1,3})/.exec(text.slice(at, at + 4))
  if (octal) return { text: String.fromCharCode(Number.parseInt(octal[1], 8) & 255), length: octal[0].length, stops: false }
  const hex = /^\\(?:x([0-9a-fA-F]{1,2})|u([0-9a-fA-F]{1,4})|U([0-9a-fA-F]{1,8}))/.exec(text.slice(at, at + 10))
  if (hex) {
    const code = Number.parseInt(hex[1] ?? hex[2] ?? hex[3], 16)
    return { text: code <= 0x10ffff ? String.fromCodePoint(code) : '\ufffd', length: hex[0].length, stops: false }
  }
  const plain = next === undefined ? undefined : PLAIN.get(next)
  return plain === undefined ? { text: '\\', length: 1, stops: false } : { text: plain, length: 2, stops: false }
}

/** The escapes of `echo -e` and of `%b`: octal numbers begin with a zero, `\c` ends the output. */
export function unescapeEcho(text: string): { text: string; stopped: boolean } {
  let shown = ''
  for (let at = 0; at < text.length; ) {
    if (text[at] !== '\\') {
      shown += text[at]
      at += 1
      continue
    }
    const octal = /^\\0([0-7]{0,3})/.exec(text.slice(at, at + 5))
    if (octal) {
      shown += String.fromCharCode(Number.parseInt(octal[1] || '0', 8) & 255)
      at += octal[0].length
      continue
    }
    const escape = text[at + 1] === '"' ? { text: '\\', length: 1, stops: false } : readEscape(text, at)
    if (escape.stops) return { text: shown, stopped: true }
    shown += escape.text
    at += escape.length
  }
  return { text: shown, stopped: false }
}

function shellQuote(text: string): string {
  if (text === '') return "''"
  return /^[A-Za-z0-9_./:=@%+,-]+$/.test(text) ? text : text.replace(/[^A-Za-z0-9_./:=@%+,-]/g, '\\$&')
}
