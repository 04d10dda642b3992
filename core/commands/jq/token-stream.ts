/**
 * The parser's place among the tokens, and its complaints. jq's parser is made by Bison: after an error it goes back to the nearest
 * construct that can be closed, skips to its end, and stays quiet until three tokens were understood. Truth: the "Error Recovery"
 * chapter of Bison's manual; which tokens a complaint says were expected is recorded from jq 1.6.
 * Omits: what Bison expects in states that no common mistake reaches.
 */
import type { Problem } from './syntax.ts'
import { type Token, tokenize } from './token.ts'

const QUIET_TOKENS = 3

/** Unwinds the parser to the construct that recovers. */
export class Misread {}

/** The program ended before anything could recover. */
class Abandoned {}

export class TokenStream {
  readonly problems: Problem[] = []
  readonly #program: string
  readonly #tokens: Token[]
  #at = 0
  #quiet = 0
  #checked = -1

  constructor(program: string) {
    this.#program = program
    this.#tokens = tokenize(program)
  }

  get token(): Token {
    const token = this.#tokens[this.#at]
    if (token.problem !== null && this.#checked < this.#at) this.problem(token.problem, token.at)
    this.#checked = this.#at
    return token
  }

  is(...kinds: readonly string[]): boolean {
    return kinds.includes(this.token.kind)
  }

  advance(): Token {
    const token = this.token
    if (token.kind !== '$end') this.#at += 1
    if (this.#quiet > 0) this.#quiet -= 1
    return token
  }

  accept(kind: string): boolean {
    if (this.token.kind !== kind) return false
    this.advance()
    return true
  }

  lineOf(at: number): number {
    return this.#program.slice(0, at).split('\n').length
  }

  /** `expected` is how the complaint lists what would have been right, '' when that is too much. */
  expect(kind: string, expected = kind): Token {
    return this.token.kind === kind ? this.advance() : this.fail(expected)
  }

  fail(expected = ''): never {
    const { token } = this
    if (this.#quiet === 0) {
      const list = expected === '' ? '' : `, expecting ${expected}`
      this.problem(`syntax error, unexpected ${token.kind}${list} (Unix shell quoting issues?)`, token.at)
    } else if (this.#quiet === QUIET_TOKENS) {
      // Nothing was understood since the last error: this token is to blame.
      if (token.kind === '$end') throw new Abandoned()
      this.#at += 1
    }
    this.#quiet = QUIET_TOKENS
    throw new Misread()
  }

  problem(message: string, at: number): void {
    this.problems.push({ message, at })
  }

  /** Runs `parse`; after an error in it skips to one of `kinds` and goes on with `recover`. */
  recovering<T>(parse: () => T, kinds: readonly string[], recover: () => T): T {
    try {
      return parse()
    } catch (error) {
      if (!(error instanceof Misread)) throw error
      while (kinds.length > 0 && !kinds.includes(this.#tokens[this.#at].kind)) {
        if (this.#tokens[this.#at].kind === '$end') throw new Abandoned()
        this.#at += 1
      }
      return recover()
    }
  }

  /** The result of a whole parse, null when it was given up. */
  complete<T>(parse: () => T): T | null {
    try {
      return parse()
    } catch (error) {
      if (error instanceof Misread || error instanceof Abandoned) return null
      throw error
    }
  }
}
