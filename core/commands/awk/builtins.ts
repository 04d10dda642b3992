/** awk's functions. `exp` and `log` are series, so that every machine gets the same digits. */
import type { Interpreter } from './interpreter.ts'
import { splitFields } from './record.ts'
import type { Expr, Lvalue } from './syntax.ts'
import { fromInput, toNumber, UNSET, type Value } from './value.ts'

export function* callBuiltin<W>(awk: Interpreter<W>, name: string, args: readonly Expr[], bare: boolean): Generator<W, Value, unknown> {
  const value = function* (index: number): Generator<W, Value, unknown> {
    return index < args.length ? yield* awk.evaluate(args[index]) : UNSET
  }
  const text = function* (index: number): Generator<W, string, unknown> {
    return awk.plain(yield* value(index))
  }
  const number = function* (index: number): Generator<W, number, unknown> {
    return toNumber(yield* value(index))
  }
  switch (name) {
    case 'length': {
      if (bare || args.length === 0) return [...awk.record.text].length
      const [arg] = args
      if (arg.t === 'name' && awk.cell(arg.name).array) return awk.array(arg.name).size
      return [...(yield* text(0))].length
    }
    case 'substr': {
      const chars = [...(yield* text(0))]
      const start = Math.trunc(yield* number(1))
      const end = args.length > 2 ? start + roundHalf(yield* number(2)) : Infinity
      return chars.slice(Math.max(start - 1, 0), Math.max(end - 1, 0)).join('')
    }
    case 'index': {
      const whole = yield* text(0)
      const at = whole.indexOf(yield* text(1))
      return at < 0 ? 0 : [...whole.slice(0, at)].length + 1
    }
    case 'split': {
      const whole = yield* text(0)
      const target = args[1]
      if (target?.t !== 'name') return 0
      const separator =
        args.length < 3 ? awk.separator(awk.text('FS')) : args[2].t === 'regex' ? awk.separatorRegex(args[2].source) : awk.separator(yield* text(2))
      const parts = splitFields(whole, separator)
      const array = awk.array(target.name)
      array.clear()
      parts.forEach((part, i) => array.set(String(i + 1), fromInput(part)))
      return parts.length
    }
    case 'sub':
    case 'gsub': {
      const regex = yield* awk.pattern(args[0])
      const replacement = yield* text(1)
      const target: Expr = args[2] ?? { t: 'field', of: { t: 'number', value: 0 } }
      const before = awk.plain(yield* awk.evaluate(target))
      const { result, count } = substitute(before, regex, replacement, name === 'gsub')
      if (count > 0 && isLvalue(target)) yield* awk.store(target, result)
      return count
    }
    case 'gensub': {
      const regex = yield* awk.pattern(args[0])
      const replacement = yield* text(1)
      const how = yield* text(2)
      const before = args.length > 3 ? yield* text(3) : awk.record.text
      const which = /^[gG]/.test(how) ? 0 : Math.max(Math.trunc(Number(how)) || 1, 1)
      return genericSubstitute(before, regex, replacement, which)
    }
    case 'match': {
      const whole = yield* text(0)
      const match = (yield* awk.pattern(args[1])).exec(whole)
      const start = match ? [...whole.slice(0, match.index)].length + 1 : 0
      awk.assign('RSTART', start)
      awk.assign('RLENGTH', match ? [...match[0]].length : -1)
      if (args[2]?.t === 'name') {
        const array = awk.array(args[2].name)
        array.clear()
        match?.forEach((part, i) => array.set(String(i), fromInput(part ?? '')))
      }
      return start
    }
    case 'sprintf': {
      const values: Value[] = []
      for (let i = 0; i < args.length; i += 1) values.push(yield* value(i))
      return awk.format(values)
    }
    case 'tolower':
      return (yield* text(0)).toLowerCase()
    case 'toupper':
      return (yield* text(0)).toUpperCase()
    case 'int':
      return Math.trunc(yield* number(0))
    case 'sqrt':
      return Math.sqrt(yield* number(0))
    case 'exp':
      return exponential(yield* number(0))
    case 'log':
      return logarithm(yield* number(0))
    case 'rand':
      return awk.host.random() / 4294967296
    case 'srand':
      return 0
    case 'system': {
      const command = yield* text(0)
      yield* awk.host.flush()
      return (yield* awk.host.run(command, null, false)).code
    }
    case 'close':
      return yield* awk.close(yield* text(0))
    case 'fflush':
      yield* awk.host.flush()
      return 0
    case 'systime':
      return awk.host.epochSeconds()
    case 'strftime': {
      const format = args.length > 0 ? yield* text(0) : '%a %b %e %H:%M:%S %Z %Y'
      return awk.strftime(format, args.length > 1 ? yield* number(1) : awk.host.epochSeconds())
    }
    case 'strtonum': {
      const digits = yield* text(0)
      if (/^0[xX][0-9a-fA-F]+$/.test(digits)) return Number(digits)
      return /^0[0-7]+$/.test(digits) ? Number.parseInt(digits, 8) : yield* number(0)
    }
    case 'and':
    case 'or':
    case 'xor':
    case 'lshift':
    case 'rshift': {
      const [a, b] = [BigInt(Math.trunc(yield* number(0))), BigInt(Math.trunc(yield* number(1)))]
      const result = name === 'and' ? a & b : name === 'or' ? a | b : name === 'xor' ? a ^ b : name === 'lshift' ? a << (b & 63n) : a >> (b & 63n)
      return Number(BigInt.asUintN(64, result))
    }
  }
  return UNSET
}

function isLvalue(expr: Expr): expr is Lvalue {
  return expr.t === 'name' || expr.t === 'index' || expr.t === 'field'
}

function roundHalf(value: number): number {
  return Number.isFinite(value) ? Math.round(value) : value
}

/** `&` is what matched, `\\&` an ampersand. After a match that is not empty an empty one at its end does not count. */
function substitute(text: string, regex: RegExp, replacement: string, all: boolean): { result: string; count: number } {
  const search = new RegExp(regex.source, `${regex.flags.replace('g', '')}g`)
  let result = ''
  let count = 0
  let at = 0
  let lastEnd = -1
  while (at <= text.length) {
    search.lastIndex = at
    const match = search.exec(text)
    if (!match) break
    const end = match.index + match[0].length
    result += text.slice(at, match.index)
    if (match[0] === '') {
      if (match.index !== lastEnd) {
        result += expand(replacement, '')
        count += 1
      }
      result += text.slice(end, end + 1)
      at = end + 1
    } else {
      result += expand(replacement, match[0])
      count += 1
      at = end
      lastEnd = end
    }
    if (!all) break
  }
  return { result: result + text.slice(at), count }
}

function expand(replacement: string, matched: string): string {
  return replacement.replace(/\\\\&|\\&|&/g, (mark) => (mark === '&' ? matched : mark === '\\&' ? '&' : `\\${matched}`))
}

/** gawk's gensub: `\1` … `\9` are groups, `which` 0 means all. */
function genericSubstitute(text: string, regex: RegExp, replacement: string, which: number): string {
  let seen = 0
  return text.replace(new RegExp(regex.source, `${regex.flags.replace('g', '')}g`), (...found: unknown[]) => {
    const match = found[0] as string
    seen += 1
    if (which !== 0 && seen !== which) return match
    return replacement.replace(/\\([0-9\\&])|&/g, (mark, group: string | undefined) => {
      if (mark === '&') return match
      return group !== undefined && /[0-9]/.test(group) ? String(found[Number(group)] ?? '') : (group ?? '')
    })
  })
}

const LN2 = 0.6931471805599453

function exponential(value: number): number {
  if (!Number.isFinite(value) || value > 709 || value < -745) return value > 0 ? Infinity : Number.isNaN(value) ? value : 0
  const halvings = Math.round(value / LN2)
  const rest = value - halvings * LN2
  let term = 1
  let sum = 1
  for (let i = 1; i < 30; i += 1) {
    term = (term * rest) / i
    sum += term
  }
  for (let i = 0; i < Math.abs(halvings); i += 1) sum = halvings > 0 ? sum * 2 : sum / 2
  return sum
}

function logarithm(value: number): number {
  if (!(value > 0)) return value === 0 ? -Infinity : Number.NaN
  if (value === Infinity) return Infinity
  let mantissa = value
  let exponent = 0
  while (mantissa > 1.5) {
    mantissa /= 2
    exponent += 1
  }
  while (mantissa < 0.75) {
    mantissa *= 2
    exponent -= 1
  }
  const y = (mantissa - 1) / (mantissa + 1)
  let term = y
  let sum = 0
  for (let i = 1; i < 60; i += 2) {
    sum += term / i
    term *= y * y
  }
  return 2 * sum + exponent * LN2
}
