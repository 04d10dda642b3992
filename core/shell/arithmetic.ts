/**
 * Integer arithmetic of `$(( ))`, `(( ))`, `let` and subscripts: 64-bit two's complement, C operators and their precedence,
 * assignment. XCU 2.6.4, bash(1) ARITHMETIC EVALUATION.
 */

/** What an expression may read and write. */
export interface ArithmeticVariables {
  /** '' when unset. */
  get(name: string, index: string | null): string
  set(name: string, index: string | null, value: string): void
}

/** A value, or bash's complaint without the expression in front of it. */
export type ArithmeticResult = { value: bigint } | { error: string }

const DEPTH_MAX = 200
const BINARY: readonly (readonly string[])[] = [
  ['||'], ['&&'], ['|'], ['^'], ['&'], ['==', '!='], ['<=', '>=', '<', '>'], ['<<', '>>'], ['+', '-'], ['*', '/', '%'],
]
const ASSIGNMENTS = ['<<=', '>>=', '+=', '-=', '*=', '/=', '%=', '&=', '^=', '|=', '=']

/** Never leaves this file: `evaluate` returns it as a value. */
class ArithmeticFailure {
  readonly message: string

  constructor(message: string) {
    this.message = message
  }
}

export function evaluateArithmetic(expression: string, variables: ArithmeticVariables): ArithmeticResult {
  try {
    return { value: new Evaluator(expression, variables, 0).whole() }
  } catch (failure) {
    if (failure instanceof ArithmeticFailure) return { error: failure.message }
    throw failure
  }
}

type Target = { name: string; index: string | null }

class Evaluator {
  readonly #text: string
  readonly #variables: ArithmeticVariables
  readonly #depth: number
  #at = 0
  #nesting = 0
  /** Above zero inside the part of `&&`, `||` and `?:` that is not taken. */
  #skipping = 0

  constructor(text: string, variables: ArithmeticVariables, depth: number) {
    this.#text = text
    this.#variables = variables
    this.#depth = depth
  }

  whole(): bigint {
    this.#space()
    if (this.#at >= this.#text.length) return 0n
    const value = this.#comma()
    this.#space()
    if (this.#at < this.#text.length) this.#syntax()
    return value
  }

  #comma(): bigint {
    let value = this.#assignment()
    while (this.#take(',')) value = this.#assignment()
    return value
  }

  #assignment(): bigint {
    this.#nesting += 1
    if (this.#nesting > DEPTH_MAX) throw new ArithmeticFailure('expression recursion level exceeded')
    const saved = this.#at
    const target = this.#target()
    if (target) {
      const operator = ASSIGNMENTS.find((each) => this.#lookingAt(each) && !(each === '=' && this.#text[this.#at + 1] === '='))
      if (operator) {
        this.#at += operator.length
        const right = this.#assignment()
        const value = operator === '=' ? right : this.#binary(operator.slice(0, -1), this.#read(target), right)
        this.#write(target, value)
        this.#nesting -= 1
        return value
      }
    }
    this.#at = saved
    const value = this.#conditional()
    this.#nesting -= 1
    return value
  }

  #conditional(): bigint {
    const condition = this.#level(0)
    if (!this.#take('?')) return condition
    const left = this.#skipUnless(condition !== 0n, () => this.#comma())
    if (!this.#take(':')) this.#fail('`:\' expected for conditional expression')
    const right = this.#skipUnless(condition === 0n, () => this.#assignment())
    return condition !== 0n ? left : right
  }

  #skipUnless(taken: boolean, part: () => bigint): bigint {
    if (!taken) this.#skipping += 1
    const value = part()
    if (!taken) this.#skipping -= 1
    return value
  }

  #level(level: number): bigint {
    if (level >= BINARY.length) return this.#power()
    let left = this.#level(level + 1)
    for (;;) {
      this.#space()
      const operator = BINARY[level].find((each) => this.#isOperator(each))
      if (!operator) return left
      this.#at += operator.length
      if (operator === '&&') {
        const right = this.#skipUnless(left !== 0n, () => this.#level(level + 1))
        left = left !== 0n && right !== 0n ? 1n : 0n
      } else if (operator === '||') {
        const right = this.#skipUnless(left === 0n, () => this.#level(level + 1))
        left = left !== 0n || right !== 0n ? 1n : 0n
      } else left = this.#binary(operator, left, this.#level(level + 1))
    }
  }

  /** True when exactly this operator stands here: `&` is not the half of `&&`, nor `<` that of `<<` or `<=`. */
  #isOperator(operator: string): boolean {
    if (!this.#lookingAt(operator)) return false
    const next = this.#text[this.#at + operator.length] ?? ''
    if (operator.length === 1 && '|&<>*'.includes(operator) && next === operator) return false
    return next !== '=' || ['==', '!=', '<=', '>='].includes(operator)
  }

  #power(): bigint {
    const base = this.#unary()
    if (!this.#take('**')) return base
    const exponent = this.#power()
    if (exponent < 0n) this.#fail('exponent less than 0')
    let result = 1n
    let square = base
    for (let rest = exponent; rest > 0n; rest >>= 1n) {
      if (rest & 1n) result = wrap(result * square)
      square = wrap(square * square)
    }
    return result
  }

  #unary(): bigint {
    this.#space()
    for (const operator of ['++', '--'] as const) {
      if (!this.#lookingAt(operator)) continue
      const saved = this.#at
      this.#at += 2
      const target = this.#target()
      if (target) {
        const value = wrap(this.#read(target) + (operator === '++' ? 1n : -1n))
        this.#write(target, value)
        return value
      }
      this.#at = saved
    }
    if (this.#take('!')) return this.#unary() === 0n ? 1n : 0n
    if (this.#take('~')) return wrap(~this.#unary())
    if (this.#take('-')) return wrap(-this.#unary())
    if (this.#take('+')) return this.#unary()
    return this.#primary()
  }

  #primary(): bigint {
    if (this.#take('(')) {
      const value = this.#comma()
      if (!this.#take(')')) this.#fail("missing `)'")
      return value
    }
    const number = /^(?:0[xX][0-9a-fA-F]+|\d+#[0-9a-zA-Z@_]+|\d+)/.exec(this.#text.slice(this.#at))?.[0]
    if (number) {
      const start = this.#at
      this.#at += number.length
      if (/^\w/.test(this.#text.slice(this.#at))) this.#fail('value too great for base', this.#text.slice(start))
      return this.#constant(number)
    }
    const target = this.#target()
    if (!target) return this.#syntax()
    const value = this.#read(target)
    for (const operator of ['++', '--'] as const) {
      if (!this.#take(operator)) continue
      this.#write(target, wrap(value + (operator === '++' ? 1n : -1n)))
    }
    return value
  }

  #constant(text: string): bigint {
    if (/^0[xX]/.test(text)) return wrap(BigInt(text))
    const based = /^(\d+)#(.+)$/.exec(text)
    const base = based ? Number(based[1]) : text.length > 1 && text.startsWith('0') ? 8 : 10
    if (base < 2 || base > 64) this.#fail('invalid arithmetic base', text)
    let value = 0n
    for (const char of based ? based[2] : text) {
      const digit = digitOf(char, base)
      if (digit < 0 || digit >= base) this.#fail('value too great for base', text)
      value = wrap(value * BigInt(base) + BigInt(digit))
    }
    return value
  }

  /** A name with its subscript, or null. */
  #target(): Target | null {
    this.#space()
    const name = /^[A-Za-z_]\w*/.exec(this.#text.slice(this.#at))?.[0]
    if (!name) return null
    this.#at += name.length
    if (this.#text[this.#at] !== '[') {
      this.#space()
      return { name, index: null }
    }
    let depth = 0
    const start = this.#at
    for (; this.#at < this.#text.length; this.#at += 1) {
      if (this.#text[this.#at] === '[') depth += 1
      if (this.#text[this.#at] === ']') depth -= 1
      if (depth === 0) break
    }
    if (depth !== 0) this.#syntax()
    this.#at += 1
    const index = this.#text.slice(start + 1, this.#at - 1)
    this.#space()
    return { name, index }
  }

  #read(target: Target): bigint {
    if (this.#skipping > 0) return 0n
    const text = this.#variables.get(target.name, target.index).trim()
    if (text === '') return 0n
    if (/^-?[1-9]\d*$/.test(text) || text === '0') return wrap(BigInt(text))
    if (this.#depth > 30) throw new ArithmeticFailure(`${text}: expression recursion level exceeded (error token is "${text}")`)
    return new Evaluator(text, this.#variables, this.#depth + 1).whole()
  }

  #write(target: Target, value: bigint): void {
    if (this.#skipping === 0) this.#variables.set(target.name, target.index, String(value))
  }

  #binary(operator: string, left: bigint, right: bigint): bigint {
    switch (operator) {
      case '+':
        return wrap(left + right)
      case '-':
        return wrap(left - right)
      case '*':
        return wrap(left * right)
      case '/':
      case '%':
        if (right === 0n) {
          if (this.#skipping > 0) return 0n
          const rest = this.#text.slice(this.#at).trimStart()
          return this.#fail('division by 0', rest === '' ? this.#lastToken() : rest)
        }
        return wrap(operator === '/' ? left / right : left % right)
      case '<<':
        return wrap(left << (right & 63n))
      case '>>':
        return wrap(left >> (right & 63n))
      case '&':
        return left & right
      case '|':
        return left | right
      case '^':
        return wrap(left ^ right)
      case '==':
        return left === right ? 1n : 0n
      case '!=':
        return left !== right ? 1n : 0n
      case '<':
        return left < right ? 1n : 0n
      case '>':
        return left > right ? 1n : 0n
      case '<=':
        return left <= right ? 1n : 0n
      default:
        return left >= right ? 1n : 0n
    }
  }

  #lastToken(): string {
    return /[\w]+\s*$/.exec(this.#text.slice(0, this.#at))?.[0] ?? ''
  }

  #space(): void {
    while (/\s/.test(this.#text[this.#at] ?? '')) this.#at += 1
  }

  #lookingAt(text: string): boolean {
    return this.#text.startsWith(text, this.#at)
  }

  #take(text: string): boolean {
    this.#space()
    if (!this.#lookingAt(text)) return false
    if (text.length === 1 && '?:!~'.includes(text) && this.#text[this.#at + 1] === '=' && text === '!') return false
    this.#at += text.length
    return true
  }

  #syntax(): never {
    this.#space()
    const rest = this.#text.slice(this.#at)
    if (rest === '') return this.#fail('syntax error: operand expected', this.#text.slice(Math.max(0, this.#text.trimEnd().length - 1)))
    const operand = /^[^\w(+\-!~]/.test(rest)
    return this.#fail(operand && this.#at === 0 ? 'syntax error: operand expected' : this.#kind(rest), rest)
  }

  #kind(rest: string): string {
    if (/^[\w(]/.test(rest)) return 'syntax error in expression'
    return /^[-+*/%<>=&|^,?]/.test(rest) ? 'syntax error: operand expected' : 'syntax error: invalid arithmetic operator'
  }

  #fail(why: string, token = this.#text.slice(this.#at)): never {
    throw new ArithmeticFailure(`${this.#text.trimStart()}: ${why} (error token is "${token}")`)
  }
}

function digitOf(char: string, base: number): number {
  const code = char.charCodeAt(0)
  if (code >= 48 && code <= 57) return code - 48
  if (code >= 97 && code <= 122) return code - 87
  // Up to base 36 the case of letters does not matter.
  if (code >= 65 && code <= 90) return base <= 36 ? code - 55 : code - 29
  return char === '@' ? 62 : char === '_' ? 63 : -1
}

function wrap(value: bigint): bigint {
  return BigInt.asIntN(64, value)
}
