/** expr(1): arithmetic, comparison, `:` and the string functions. Omits: `+ TOKEN`. */
import { byText } from '../../base/text-order.ts'
import { immediate, wrongUsage } from '../command.ts'
import { posixRegex } from '../posix-regex.ts'

const DEPTH_MAX = 100

export const expr = immediate((proc, argv) => {
  const words = argv.slice(1)
  if (words.length === 0) return wrongUsage(proc, 'expr', 'expr: missing operand', 2)
  const reader = new ExprReader(words)
  const value = reader.run()
  if (reader.complaint !== '') {
    proc.error(`expr: ${reader.complaint}\n`)
    return 2
  }
  proc.print(`${value}\n`)
  return value === '' || /^-?0+$/.test(value) ? 1 : 0
})

class ExprReader {
  readonly #words: readonly string[]
  #at = 0
  #depth = 0
  complaint = ''

  constructor(words: readonly string[]) {
    this.#words = words
  }

  run(): string {
    const value = this.#or()
    if (this.#at < this.#words.length) this.complaint ||= `syntax error: unexpected argument '${this.#words[this.#at]}'`
    return value
  }

  #or(): string {
    let left = this.#and()
    while (this.#take('|')) {
      const right = this.#and()
      left = isNull(left) ? (isNull(right) ? '0' : right) : left
    }
    return left
  }

  #and(): string {
    let left = this.#compare()
    while (this.#take('&')) {
      const right = this.#compare()
      left = isNull(left) || isNull(right) ? '0' : left
    }
    return left
  }

  #compare(): string {
    let left = this.#sum()
    for (;;) {
      const operator = ['<=', '>=', '!=', '==', '=', '<', '>'].find((one) => this.#words[this.#at] === one)
      if (operator === undefined) return left
      this.#at += 1
      const right = this.#sum()
      const order = whole(left) !== null && whole(right) !== null ? Number(whole(left)) - Number(whole(right)) : byText(left, right)
      const yes = { '<': order < 0, '<=': order <= 0, '>': order > 0, '>=': order >= 0, '!=': order !== 0, '=': order === 0, '==': order === 0 }[operator]
      left = yes ? '1' : '0'
    }
  }

  #sum(): string {
    let left = this.#product()
    for (;;) {
      const operator = this.#take('+') ? '+' : this.#take('-') ? '-' : null
      if (operator === null) return left
      left = this.#arithmetic(operator, left, this.#product())
    }
  }

  #product(): string {
    let left = this.#match()
    for (;;) {
      const operator = this.#take('*') ? '*' : this.#take('/') ? '/' : this.#take('%') ? '%' : null
      if (operator === null) return left
      left = this.#arithmetic(operator, left, this.#match())
    }
  }

  #match(): string {
    let left = this.#primary()
    while (this.#take(':')) left = this.#matched(left, this.#primary())
    return left
  }

  #primary(): string {
    const word = this.#words[this.#at]
    this.#at += 1
    if (word === undefined) {
      this.complaint ||= `syntax error: missing argument after '${this.#words[this.#words.length - 1]}'`
      return ''
    }
    if (word === '(' && this.#depth < DEPTH_MAX) {
      this.#depth += 1
      const inner = this.#or()
      this.#depth -= 1
      if (!this.#take(')')) this.complaint ||= `syntax error: expecting ')' after '${this.#words[this.#at - 1]}'`
      return inner
    }
    if (this.#at < this.#words.length) {
      if (word === 'length') return String([...this.#primary()].length)
      if (word === 'match') return this.#matched(this.#primary(), this.#primary())
      if (word === 'index') {
        const [text, set] = [this.#primary(), this.#primary()]
        return String([...text].findIndex((char) => set.includes(char)) + 1)
      }
      if (word === 'substr') {
        const [text, start, length] = [this.#primary(), this.#primary(), this.#primary()]
        const from = whole(start)
        const count = whole(length)
        return from === null || count === null || from < 1n || count < 1n ? '' : [...text].slice(Number(from) - 1, Number(from + count) - 1).join('')
      }
    }
    return word
  }

  #matched(text: string, pattern: string): string {
    const regex = posixRegex(`^${pattern}`, { extended: false })
    if (!(regex instanceof RegExp)) {
      this.complaint ||= regex.error
      return ''
    }
    const found = regex.exec(text)
    const grouped = /\\\(/.test(pattern)
    if (!found) return grouped ? '' : '0'
    return grouped ? (found[1] ?? '') : String([...found[0]].length)
  }

  #arithmetic(operator: string, left: string, right: string): string {
    const [a, b] = [whole(left), whole(right)]
    if (a === null || b === null) {
      this.complaint ||= 'non-integer argument'
      return '0'
    }
    if ((operator === '/' || operator === '%') && b === 0n) {
      this.complaint ||= 'division by zero'
      return '0'
    }
    return String(operator === '+' ? a + b : operator === '-' ? a - b : operator === '*' ? a * b : operator === '/' ? a / b : a % b)
  }

  #take(word: string): boolean {
    if (this.#words[this.#at] !== word) return false
    this.#at += 1
    return true
  }
}

function whole(text: string): bigint | null {
  return /^-?\d{1,100}$/.test(text) ? BigInt(text) : null
}

function isNull(text: string): boolean {
  return text === '' || /^-?0+$/.test(text)
}
