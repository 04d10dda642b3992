/** The primaries that `test`, `[` and `[[` share, and the grammar of `test`: XCU test. */
import { isErrno } from '../base/errno.ts'
import { getElement, getParameter } from './parameters.ts'
import type { OptionName, Shell } from './shell.ts'

export const UNARY_TESTS = new Set([...'abcdefghknoprstuvwxzGLNOSR'].map((letter) => `-${letter}`))
export const BINARY_TESTS = new Set(['=', '==', '!=', '<', '>', '-eq', '-ne', '-lt', '-le', '-gt', '-ge', '-nt', '-ot', '-ef'])

export function unaryTest(shell: Shell, operator: string, operand: string): boolean {
  switch (operator) {
    case '-n':
      return operand !== ''
    case '-z':
      return operand === ''
    case '-v': {
      const element = /^(\w+)\[(.+)\]$/.exec(operand)
      return (element ? getElement(shell, element[1], element[2]) : getParameter(shell, operand)) !== undefined
    }
    case '-o':
      return Object.hasOwn(shell.options, operand) && shell.options[operand as OptionName]
    case '-t':
      return /^\d+$/.test(operand) && (shell.proc.fds.get(Number(operand))?.tty ?? null) !== null
    case '-R':
      return shell.variables.findDirect(operand)?.reference === true
  }
  const path = shell.proc.path(operand)
  if (operand === '') return false
  if (operator === '-L' || operator === '-h') {
    const link = shell.proc.fs.lstat(path)
    return !isErrno(link) && link.kind === 'symlink'
  }
  const stat = shell.proc.fs.stat(path)
  if (isErrno(stat)) return false
  switch (operator) {
    case '-f':
      return stat.kind === 'file'
    case '-d':
      return stat.kind === 'directory'
    case '-s':
      return stat.size > 0
    case '-x':
      return stat.kind === 'directory' || (stat.mode & 0o111) !== 0
    case '-c':
      return stat.kind === 'device'
    case '-b':
    case '-p':
    case '-S':
      return false
    case '-u':
      return (stat.mode & 0o4000) !== 0
    case '-g':
      return (stat.mode & 0o2000) !== 0
    case '-k':
      return (stat.mode & 0o1000) !== 0
    // Everybody is root here: -r -w -O -G -e -a.
    default:
      return true
  }
}

export function compareNumbers(operator: string, a: bigint, b: bigint): boolean {
  switch (operator) {
    case '-eq':
      return a === b
    case '-ne':
      return a !== b
    case '-lt':
      return a < b
    case '-le':
      return a <= b
    case '-gt':
      return a > b
    default:
      return a >= b
  }
}

export function compareFiles(shell: Shell, operator: string, left: string, right: string): boolean {
  const [a, b] = [shell.proc.fs.stat(shell.proc.path(left)), shell.proc.fs.stat(shell.proc.path(right))]
  if (operator === '-ef') return !isErrno(a) && !isErrno(b) && a.ino === b.ino
  if (operator === '-nt') return !isErrno(a) && (isErrno(b) || a.mtimeUs > b.mtimeUs)
  return !isErrno(b) && (isErrno(a) || a.mtimeUs < b.mtimeUs)
}

/** The `test` command: true, false, or a complaint. POSIX decides by the number of arguments first. */
export function testExpression(shell: Shell, words: readonly string[]): boolean | string {
  return new TestParser(shell, words).run()
}

class TestParser {
  readonly #shell: Shell
  readonly #words: readonly string[]
  #at = 0
  #error = ''

  constructor(shell: Shell, words: readonly string[]) {
    this.#shell = shell
    this.#words = words
  }

  run(): boolean | string {
    const short = this.#byCount(this.#words)
    if (short !== null) return short
    const value = this.#or()
    if (this.#error === '' && this.#at < this.#words.length) this.#error = 'too many arguments'
    return this.#error === '' ? value : this.#error
  }

  #byCount(words: readonly string[]): boolean | string | null {
    const [a, b, c] = words
    switch (words.length) {
      case 0:
        return false
      case 1:
        return a !== ''
      case 2:
        if (a === '!') return b === ''
        if (UNARY_TESTS.has(a)) return unaryTest(this.#shell, a, b)
        return `${a}: unary operator expected`
      case 3: {
        if (BINARY_TESTS.has(b)) return this.#binary(a, b, c)
        if (b === '-a') return a !== '' && c !== ''
        if (b === '-o') return a !== '' || c !== ''
        if (a === '!') return negate(this.#byCount([b, c]))
        if (a === '(' && c === ')') return b !== ''
        return `${b}: binary operator expected`
      }
      case 4:
        if (a === '!') return negate(this.#byCount(words.slice(1)))
        if (a === '(' && words[3] === ')') return this.#byCount([b, c])
        return null
      default:
        return null
    }
  }

  #or(): boolean {
    let value = this.#and()
    while (this.#words[this.#at] === '-o') {
      this.#at += 1
      const right = this.#and()
      value = value || right
    }
    return value
  }

  #and(): boolean {
    let value = this.#not()
    while (this.#words[this.#at] === '-a') {
      this.#at += 1
      const right = this.#not()
      value = value && right
    }
    return value
  }

  #not(): boolean {
    if (this.#words[this.#at] !== '!') return this.#primary()
    this.#at += 1
    return !this.#not()
  }

  #primary(): boolean {
    const [a, b, c] = this.#words.slice(this.#at)
    if (a === undefined) {
      this.#error ||= 'argument expected'
      return false
    }
    if (b !== undefined && c !== undefined && BINARY_TESTS.has(b)) {
      this.#at += 3
      const result = this.#binary(a, b, c)
      if (typeof result === 'string') this.#error ||= result
      return result === true
    }
    if (a === '(') {
      this.#at += 1
      const value = this.#or()
      if (this.#words[this.#at] !== ')') this.#error ||= "`)' expected"
      this.#at += 1
      return value
    }
    if (UNARY_TESTS.has(a) && b !== undefined) {
      this.#at += 2
      return unaryTest(this.#shell, a, b)
    }
    this.#at += 1
    return a !== ''
  }

  #binary(left: string, operator: string, right: string): boolean | string {
    if (operator === '=' || operator === '==') return left === right
    if (operator === '!=') return left !== right
    if (operator === '<') return left < right
    if (operator === '>') return left > right
    if (operator === '-nt' || operator === '-ot' || operator === '-ef') return compareFiles(this.#shell, operator, left, right)
    for (const word of [left, right]) if (!/^\s*[-+]?\d+\s*$/.test(word)) return `${word}: integer expression expected`
    return compareNumbers(operator, BigInt(left.trim().replace(/^\+/, '')), BigInt(right.trim().replace(/^\+/, '')))
  }
}

function negate(value: boolean | string | null): boolean | string | null {
  return typeof value === 'boolean' ? !value : value
}
