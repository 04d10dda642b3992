/**
 * The machine that runs a compiled jq program. A filter has any number of results, so a step that could go on in several ways leaves
 * a fork behind, and `empty` goes back to the latest one; an error goes back to the latest fork that catches. What a fork keeps is
 * never changed (lists, not arrays), so leaving one costs nothing and recursion needs no stack of ours.
 * Truth: jq 1.6 as observed, down to its `try`, which also catches what goes wrong after it.
 * Omits: bytecode, `--debug-trace`.
 */
import { shortJson } from './json-text.ts'
import { getPath } from './paths.ts'
import { isArray, JqError, type JqObject, type Value } from './value.ts'

const FORKS_MAX = 300_000
const DEPTH_MAX = 300_000
const LABEL_KEY = '__jq'
/** Bytes of a value that complaints about paths repeat. */
const SHOWN_VALUE = 29

export interface Step {
  /** The next step. */
  run(machine: Machine): Step
  /** When nothing comes after it but the return from a function: how many variables are let go of before; else -1. */
  tail: number
}

/** Where `input`, `debug` and the like find the world. */
export interface Surroundings {
  environment(): JqObject
  nowSeconds(): number
  complain(text: string): void
  inputName(): string | null
  inputLine(): number
}

/** Variables and calls around a step, the innermost first. */
export interface Env {
  value: unknown
  readonly up: Env | null
  /** Of a call: where it goes on. */
  readonly back: Step | null
  readonly backEnv: Env | null
}

/** An argument: a filter with the variables of its place. */
export interface Closure {
  readonly body: { entry: Step | null }
  readonly env: Env | null
}

interface Item {
  readonly head: unknown
  readonly rest: Item | null
  readonly depth: number
}

/** While paths are recorded: the value at the path, and its keys from the last to the first. */
export interface Path {
  readonly at: Value
  readonly keys: { readonly key: Value; readonly up: Path['keys'] } | null
}

interface Fork {
  readonly step: Step
  readonly catches: '' | 'with the error' | 'with its own value'
  readonly value: Value
  readonly stack: Item | null
  readonly env: Env | null
  readonly path: Path | null
}

/** jq would die of it: no memory left. */
export class Exhausted {}

export type Signal = 'output' | 'input' | 'end' | 'error' | 'pause'

export const BACKTRACK: Step = { run: (machine) => machine.backtrack(), tail: -1 }

export const RETURN: Step = {
  run(machine) {
    const call = machine.env as Env
    machine.env = call.backEnv
    return call.back as Step
  },
  tail: 0,
}

export const OUTPUT: Step = {
  run(machine) {
    machine.signal = 'output'
    return BACKTRACK
  },
  tail: -1,
}

export class Machine {
  value: Value = null
  env: Env | null = null
  path: Path | null = null
  signal: Signal | null = null
  /** What nobody caught. */
  error: Value = null
  readonly surroundings: Surroundings
  #stack: Item | null = null
  #forks: Fork[] = []
  #step: Step = BACKTRACK
  #labels = 0

  constructor(surroundings: Surroundings) {
    this.surroundings = surroundings
  }

  start(entry: Step, env: Env | null, input: Value): void {
    this.value = input
    this.env = env
    this.path = null
    this.#stack = null
    this.#forks = []
    this.#step = entry
  }

  /** Goes on until there is something to tell; after `input` call `supply` first. */
  run(steps: number): Signal {
    this.signal = null
    let step = this.#step
    let left = steps
    while (this.signal === null) {
      try {
        while (this.signal === null) {
          if (left === 0) this.signal = 'pause'
          else step = step.run(this)
          left -= 1
        }
      } catch (error) {
        if (error instanceof RangeError) throw new Exhausted()
        if (!(error instanceof JqError)) throw error
        step = this.raise(error.value)
      }
    }
    this.#step = step
    return this.signal
  }

  /** The answer to `input`. */
  supply(value: Value): void {
    this.value = value
  }

  refuse(error: Value): void {
    this.#step = { run: () => this.raise(error), tail: -1 }
  }

  push(item: unknown): void {
    const depth = this.#stack === null ? 1 : this.#stack.depth + 1
    if (depth > DEPTH_MAX) throw new Exhausted()
    this.#stack = { head: item, rest: this.#stack, depth }
  }

  pop(): unknown {
    const top = this.#stack as Item
    this.#stack = top.rest
    return top.head
  }

  peek(): unknown {
    return (this.#stack as Item).head
  }

  fork(step: Step, catches: Fork['catches'] = ''): void {
    if (this.#forks.length >= FORKS_MAX) throw new Exhausted()
    this.#forks.push({ step, catches, value: this.value, stack: this.#stack, env: this.env, path: this.path })
  }

  backtrack(): Step {
    for (;;) {
      const fork = this.#forks.pop()
      if (!fork) {
        this.signal = 'end'
        return BACKTRACK
      }
      if (fork.catches !== '') continue
      this.#restore(fork)
      return fork.step
    }
  }

  /** `null` as an error is no error: jq takes it for `empty`. */
  raise(error: Value): Step {
    if (error === null) return this.backtrack()
    for (;;) {
      const fork = this.#forks.pop()
      if (!fork) {
        this.error = error
        this.signal = 'error'
        return BACKTRACK
      }
      if (fork.catches === '') continue
      this.#restore(fork)
      if (fork.catches === 'with the error') this.value = error
      return fork.step
    }
  }

  #restore(fork: Fork): void {
    this.value = fork.value
    this.#stack = fork.stack
    this.env = fork.env
    this.path = fork.path
  }

  /** The value that a `break` raises and its `label` waits for. */
  newLabel(): Value {
    this.#labels += 1
    return new Map([[LABEL_KEY, this.#labels - 1]])
  }

  bind(value: unknown): void {
    this.env = { value, up: this.env, back: null, backEnv: null }
  }

  unbind(count: number): void {
    this.env = this.outer(count)
  }

  outer(hops: number): Env | null {
    let env = this.env
    for (let i = 0; i < hops; i += 1) env = (env as Env).up
    return env
  }

  /** Enters a function; `next` comes after it. A call in tail position leaves nothing of its caller behind. */
  call(args: readonly Closure[], outer: Env | null, next: Step): void {
    const caller = next.tail < 0 ? null : (this.outer(next.tail) as Env)
    this.env = { value: args, up: outer, back: caller ? caller.back : next, backEnv: caller ? caller.backEnv : this.env }
  }

  /** Notes that `value` is what `key` leads to; the caller checked that it came from the path. */
  follow(key: Value, value: Value): void {
    if (this.path) this.path = { at: value, keys: { key, up: this.path.keys } }
  }

  checkPath(from: Value, attempt: () => string): void {
    if (this.path && !identical(from, this.path.at)) throw new JqError(`Invalid path expression ${attempt()}`)
  }

  beginPath(): void {
    this.push(this.path)
    this.path = { at: this.value, keys: null }
  }

  endPath(): void {
    this.checkPath(this.value, () => `with result ${shortJson(this.value, SHOWN_VALUE)}`)
    const keys: Value[] = []
    for (let key = this.path?.keys ?? null; key !== null; key = key.up) keys.push(key.key)
    this.value = keys.reverse()
    this.path = this.pop() as Path | null
  }

  /** `getpath`, which is a path itself. */
  getPath(path: Value): void {
    const from = this.value
    this.value = getPath(from, path)
    if (!this.path || !identical(from, this.path.at)) return
    let { keys } = this.path
    if (isArray(path)) for (const key of path) keys = { key, up: keys }
    this.path = { at: this.value, keys }
  }
}

function identical(a: Value, b: Value): boolean {
  return Object.is(a, b)
}
