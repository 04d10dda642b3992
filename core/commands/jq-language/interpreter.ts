/**
 * Runs a jq program: every filter makes a stream of results from one input. A path mode follows the same tree for assignments.
 * Omits: modules, `?//`, streaming forms, SQL-style functions.
 */
import { callNative } from './builtins.ts'
import { formatted } from './formats.ts'
import { JqBreak, JqError } from './jq-error.ts'
import { type JqObject, type JqValue, jsonText, typeName } from './json-value.ts'
import { PRELUDE } from './prelude.ts'
import type { Node, Pattern } from './syntax.ts'
import { binaryValue, deletePaths, described, getPath, indexValue, iterateValue, type Path, recurse, setPath, shortened, sliceValue, truthy } from './values.ts'

const DEPTH_MAX = 3000
const STEPS_MAX = 50_000_000

interface Closure {
  node: Node
  scope: Scope
}

interface Definition {
  params: string[]
  body: Node
  scope: Scope
}

/** Variables, functions and labels, innermost first. */
export class Scope {
  readonly #parent: Scope | null
  readonly #variables = new Map<string, JqValue>()
  readonly #functions = new Map<string, Definition | Closure>()
  readonly #labels = new Map<string, object>()

  constructor(parent: Scope | null) {
    this.#parent = parent
  }

  set(name: string, value: JqValue): this {
    this.#variables.set(name, value)
    return this
  }

  define(key: string, definition: Definition | Closure): this {
    this.#functions.set(key, definition)
    return this
  }

  label(name: string, label: object): this {
    this.#labels.set(name, label)
    return this
  }

  variable(name: string): JqValue | undefined {
    for (let scope: Scope | null = this; scope; scope = scope.#parent) {
      const value = scope.#variables.get(name)
      if (value !== undefined) return value
    }
    return undefined
  }

  function(key: string): Definition | Closure | undefined {
    for (let scope: Scope | null = this; scope; scope = scope.#parent) {
      const found = scope.#functions.get(key)
      if (found) return found
    }
    return undefined
  }

  labelOf(name: string): object | undefined {
    for (let scope: Scope | null = this; scope; scope = scope.#parent) {
      const found = scope.#labels.get(name)
      if (found) return found
    }
    return undefined
  }
}

/** What a program may ask for: further inputs and the moment. */
export interface JqSurroundings {
  nextInput(): JqValue | undefined
  now(): number
  environment: JqObject
  debug(text: string): void
}

export class JqInterpreter {
  readonly surroundings: JqSurroundings
  readonly #global = new Scope(null)
  #depth = 0
  #steps = 0

  constructor(surroundings: JqSurroundings, variables: ReadonlyMap<string, JqValue>) {
    this.surroundings = surroundings
    this.#global.set('ENV', surroundings.environment)
    for (const [name, value] of variables) this.#global.set(name, value)
    let prelude = PRELUDE
    while (prelude.t === 'def') {
      this.#global.define(`${prelude.name}/${prelude.params.length}`, { params: prelude.params, body: prelude.body, scope: this.#global })
      prelude = prelude.rest
    }
  }

  get scope(): Scope {
    return this.#global
  }

  *run(program: Node, input: JqValue): Generator<JqValue, void, void> {
    yield* this.evaluate(program, input, this.#global)
  }

  *evaluate(node: Node, input: JqValue, scope: Scope): Generator<JqValue, void, void> {
    this.#step()
    switch (node.t) {
      case 'identity':
        yield input
        return
      case 'literal':
        yield node.value
        return
      case 'pipe':
        for (const value of this.evaluate(node.a, input, scope)) yield* this.evaluate(node.b, value, scope)
        return
      case 'comma':
        yield* this.evaluate(node.a, input, scope)
        yield* this.evaluate(node.b, input, scope)
        return
      case 'field':
        for (const of of this.evaluate(node.of, input, scope)) {
          for (const name of this.evaluate(node.name, input, scope)) yield indexValue(of, name)
        }
        return
      case 'slice':
        for (const of of this.evaluate(node.of, input, scope)) {
          for (const to of node.to ? this.evaluate(node.to, input, scope) : [null]) {
            for (const from of node.from ? this.evaluate(node.from, input, scope) : [null]) yield sliceValue(of, from, to)
          }
        }
        return
      case 'iterate':
        for (const of of this.evaluate(node.of, input, scope)) yield* iterateValue(of)
        return
      case 'recurse':
        yield* recurse(input)
        return
      case 'array': {
        const items: JqValue[] = []
        if (node.of) for (const value of this.evaluate(node.of, input, scope)) items.push(value)
        yield items
        return
      }
      case 'object':
        yield* this.#object(node.entries, 0, new Map(), input, scope)
        return
      case 'string':
        yield* this.#string(node.parts, 0, '', node.format, input, scope)
        return
      case 'format':
        yield formatted(node.name, input)
        return
      case 'negate':
        for (const value of this.evaluate(node.of, input, scope)) {
          if (typeof value !== 'number') throw new JqError(`${described(value)} cannot be negated`)
          yield -value
        }
        return
      case 'binary':
        for (const right of this.evaluate(node.b, input, scope)) {
          for (const left of this.evaluate(node.a, input, scope)) yield binaryValue(node.op, left, right)
        }
        return
      case 'and':
      case 'or':
        for (const left of this.evaluate(node.a, input, scope)) {
          if (truthy(left) !== (node.t === 'and')) yield node.t === 'or'
          else for (const right of this.evaluate(node.b, input, scope)) yield truthy(right)
        }
        return
      case 'alternative': {
        let any = false
        try {
          for (const value of this.evaluate(node.a, input, scope)) {
            if (!truthy(value)) continue
            any = true
            yield value
          }
        } catch (error) {
          if (!(error instanceof JqError)) throw error
        }
        if (!any) yield* this.evaluate(node.b, input, scope)
        return
      }
      case 'if':
        yield* this.#branch(node, 0, input, scope)
        return
      case 'try':
        try {
          yield* this.evaluate(node.of, input, scope)
        } catch (error) {
          if (!(error instanceof JqError)) throw error
          if (node.handler) yield* this.evaluate(node.handler, error.value, scope)
        }
        return
      case 'reduce': {
        for (const start of this.evaluate(node.start, input, scope)) {
          let state: JqValue = start
          for (const value of this.evaluate(node.source, input, scope)) {
            for (const bound of this.#bind(node.pattern, value, input, scope)) {
              let last: JqValue = null
              for (const next of this.evaluate(node.update, state, bound)) last = next
              state = last
            }
          }
          yield state
        }
        return
      }
      case 'foreach':
        for (const start of this.evaluate(node.start, input, scope)) {
          let state: JqValue = start
          for (const value of this.evaluate(node.source, input, scope)) {
            for (const bound of this.#bind(node.pattern, value, input, scope)) {
              for (const next of this.evaluate(node.update, state, bound)) {
                state = next
                if (node.extract) yield* this.evaluate(node.extract, state, bound)
                else yield state
              }
            }
          }
        }
        return
      case 'def':
        yield* this.evaluate(node.rest, input, this.#define(node, scope))
        return
      case 'variable': {
        if (node.name === '__loc__') {
          yield new Map<string, JqValue>([['file', '<top-level>'], ['line', 1]])
          return
        }
        yield scope.variable(node.name) as JqValue
        return
      }
      case 'bind':
        for (const value of this.evaluate(node.source, input, scope)) {
          for (const bound of this.#bind(node.patterns[0], value, input, scope)) yield* this.evaluate(node.body, input, bound)
        }
        return
      case 'label': {
        const label = {}
        try {
          yield* this.evaluate(node.body, input, new Scope(scope).label(node.name, label))
        } catch (error) {
          if (!(error instanceof JqBreak) || error.label !== label) throw error
        }
        return
      }
      case 'break': {
        const label = scope.labelOf(node.name)
        throw label ? new JqBreak(label) : new JqError(`$*label-${node.name} is not defined`)
      }
      case 'assign':
        yield* this.#assign(node, input, scope)
        return
      case 'call':
        yield* this.#call(node.name, node.args, input, scope)
    }
  }

  // --- Paths -----------------------------------------------------------------------------------------------------------

  /** The places in `input` that a filter selects, with what stands there. */
  *paths(node: Node, at: { path: Path; value: JqValue }, scope: Scope): Generator<{ path: Path; value: JqValue }, void, void> {
    this.#step()
    switch (node.t) {
      case 'identity':
        yield at
        return
      case 'field':
        for (const of of this.paths(node.of, at, scope)) {
          for (const name of this.evaluate(node.name, at.value, scope)) {
            yield { path: [...of.path, name], value: of.value === null ? null : indexValue(of.value, name) }
          }
        }
        return
      case 'slice':
        for (const of of this.paths(node.of, at, scope)) {
          for (const to of node.to ? this.evaluate(node.to, at.value, scope) : [null]) {
            for (const from of node.from ? this.evaluate(node.from, at.value, scope) : [null]) {
              const key: JqObject = new Map([['start', from], ['end', to]])
              yield { path: [...of.path, key], value: of.value === null ? null : sliceValue(of.value, from, to) }
            }
          }
        }
        return
      case 'iterate':
        for (const of of this.paths(node.of, at, scope)) {
          if (of.value === null) continue
          const keys: JqValue[] = Array.isArray(of.value) ? of.value.map((_, i) => i) : of.value instanceof Map ? [...of.value.keys()] : []
          if (!Array.isArray(of.value) && !(of.value instanceof Map)) throw new JqError(`Cannot iterate over ${described(of.value)}`)
          for (const key of keys) yield { path: [...of.path, key], value: indexValue(of.value, key) }
        }
        return
      case 'recurse':
        yield* this.paths({ t: 'call', name: 'recurse', args: [] }, at, scope)
        return
      case 'pipe':
        for (const first of this.paths(node.a, at, scope)) yield* this.paths(node.b, first, scope)
        return
      case 'comma':
        yield* this.paths(node.a, at, scope)
        yield* this.paths(node.b, at, scope)
        return
      case 'if': {
        for (const branch of node.branches) {
          let chosen = false
          for (const test of this.evaluate(branch.test, at.value, scope)) chosen = truthy(test)
          if (!chosen) continue
          yield* this.paths(branch.then, at, scope)
          return
        }
        if (node.otherwise) yield* this.paths(node.otherwise, at, scope)
        else yield at
        return
      }
      case 'alternative': {
        let any = false
        try {
          for (const found of this.paths(node.a, at, scope)) {
            if (!truthy(found.value)) continue
            any = true
            yield found
          }
        } catch (error) {
          if (!(error instanceof JqError)) throw error
        }
        if (!any) yield* this.paths(node.b, at, scope)
        return
      }
      case 'try':
        try {
          yield* this.paths(node.of, at, scope)
        } catch (error) {
          if (!(error instanceof JqError)) throw error
        }
        return
      case 'def':
        yield* this.paths(node.rest, at, this.#define(node, scope))
        return
      case 'bind':
        for (const value of this.evaluate(node.source, at.value, scope)) {
          for (const bound of this.#bind(node.patterns[0], value, at.value, scope)) yield* this.paths(node.body, at, bound)
        }
        return
      case 'label': {
        const label = {}
        try {
          yield* this.paths(node.body, at, new Scope(scope).label(node.name, label))
        } catch (error) {
          if (!(error instanceof JqBreak) || error.label !== label) throw error
        }
        return
      }
      case 'reduce':
      case 'foreach':
        for (const start of this.paths(node.start, at, scope)) {
          let state = start
          for (const value of this.evaluate(node.source, at.value, scope)) {
            for (const bound of this.#bind(node.pattern, value, at.value, scope)) {
              for (const next of this.paths(node.update, state, bound)) {
                state = next
                if (node.t === 'foreach') yield* node.extract ? this.paths(node.extract, state, bound) : [state]
              }
            }
          }
          if (node.t === 'reduce') yield state
        }
        return
      case 'call': {
        if (node.name === 'empty' && node.args.length === 0) return
        if (node.name === 'error') {
          for (const _ of this.evaluate(node, at.value, scope)) return
          return
        }
        if (node.name === 'getpath' && node.args.length === 1) {
          for (const path of this.evaluate(node.args[0], at.value, scope)) {
            if (!Array.isArray(path)) throw new JqError('Path must be specified as an array')
            yield { path: [...at.path, ...path], value: getPath(at.value, path) }
          }
          return
        }
        const found = scope.function(`${node.name}/${node.args.length}`)
        if (found && 'node' in found) {
          yield* this.paths(found.node, at, found.scope)
          return
        }
        if (found) {
          for (const inner of this.#frames(found, node.args, at.value, scope)) yield* this.paths(found.body, at, inner)
          return
        }
        break
      }
      case 'break':
      case 'literal':
        if (node.t === 'literal' && node.value === null) {
          yield { path: [], value: null }
          return
        }
        break
    }
    if (node.t === 'break') for (const _ of this.evaluate(node, at.value, scope)) return
    for (const value of this.evaluate(node, at.value, scope)) {
      throw new JqError(`Invalid path expression with result ${shortened(jsonText(value))}`)
    }
  }

  // --- Parts -----------------------------------------------------------------------------------------------------------

  *#object(entries: readonly { key: Node; value: Node | null }[], index: number, sofar: JqObject, input: JqValue, scope: Scope): Generator<JqValue, void, void> {
    if (index >= entries.length) {
      yield new Map(sofar)
      return
    }
    const { key, value } = entries[index]
    for (const name of this.evaluate(key, input, scope)) {
      if (typeof name !== 'string') throw new JqError(`Object keys must be strings`)
      for (const one of value ? this.evaluate(value, input, scope) : [indexValue(input, name)]) {
        yield* this.#object(entries, index + 1, new Map(sofar).set(name, one), input, scope)
      }
    }
  }

  *#string(parts: readonly (string | Node)[], index: number, sofar: string, format: string, input: JqValue, scope: Scope): Generator<JqValue, void, void> {
    if (index >= parts.length) {
      yield sofar
      return
    }
    const part = parts[index]
    if (typeof part === 'string') {
      yield* this.#string(parts, index + 1, sofar + part, format, input, scope)
      return
    }
    for (const value of this.evaluate(part, input, scope)) {
      const text = format === '' ? (typeof value === 'string' ? value : jsonText(value)) : formatted(format, value)
      yield* this.#string(parts, index + 1, sofar + text, format, input, scope)
    }
  }

  *#branch(node: Extract<Node, { t: 'if' }>, index: number, input: JqValue, scope: Scope): Generator<JqValue, void, void> {
    if (index >= node.branches.length) {
      if (node.otherwise) yield* this.evaluate(node.otherwise, input, scope)
      else yield input
      return
    }
    for (const test of this.evaluate(node.branches[index].test, input, scope)) {
      if (truthy(test)) yield* this.evaluate(node.branches[index].then, input, scope)
      else yield* this.#branch(node, index + 1, input, scope)
    }
  }

  *#bind(pattern: Pattern, value: JqValue, input: JqValue, scope: Scope): Generator<Scope, void, void> {
    if (pattern.t === 'variable') {
      yield new Scope(scope).set(pattern.name, value)
      return
    }
    if (pattern.t === 'array') {
      if (!Array.isArray(value) && value !== null) throw new JqError(`Cannot index ${typeName(value)} with number`)
      let scopes = [scope]
      for (let i = 0; i < pattern.items.length; i += 1) {
        const next: Scope[] = []
        for (const one of scopes) next.push(...this.#bind(pattern.items[i], value?.[i] ?? null, input, one))
        scopes = next
      }
      yield* scopes
      return
    }
    let scopes = [scope]
    for (const entry of pattern.entries) {
      const next: Scope[] = []
      for (const one of scopes) {
        for (const name of entry.key ? this.evaluate(entry.key, input, one) : []) {
          const inner = indexValue(value, name)
          const named = entry.variable === null ? one : new Scope(one).set(entry.variable, inner)
          if (entry.value) next.push(...this.#bind(entry.value, inner, input, named))
          else next.push(named)
        }
      }
      scopes = next
    }
    yield* scopes
  }

  #define(node: Extract<Node, { t: 'def' }>, scope: Scope): Scope {
    const inner = new Scope(scope)
    inner.define(`${node.name}/${node.params.length}`, { params: node.params, body: node.body, scope: inner })
    return inner
  }

  /** The scopes in which a function's body runs: one, unless `$parameters` have several values. */
  *#frames(definition: Definition, args: readonly Node[], input: JqValue, scope: Scope): Generator<Scope, void, void> {
    let frames = [new Scope(definition.scope)]
    for (let i = 0; i < args.length; i += 1) {
      const param = definition.params[i]
      if (!param.startsWith('$')) {
        for (const frame of frames) frame.define(`${param}/0`, { node: args[i], scope })
        continue
      }
      const next: Scope[] = []
      for (const frame of frames) {
        for (const value of this.evaluate(args[i], input, scope)) {
          const literal: Node = { t: 'variable', name: param.slice(1) }
          const inner = new Scope(frame).set(param.slice(1), value)
          next.push(inner.define(`${param.slice(1)}/0`, { node: literal, scope: inner }))
        }
      }
      frames = next
    }
    yield* frames
  }

  *#call(name: string, args: readonly Node[], input: JqValue, scope: Scope): Generator<JqValue, void, void> {
    const found = scope.function(`${name}/${args.length}`)
    if (found && 'node' in found) {
      yield* this.evaluate(found.node, input, found.scope)
      return
    }
    if (!found) {
      yield* callNative(this, name, args, input, scope)
      return
    }
    this.#depth += 1
    if (this.#depth > DEPTH_MAX) throw new JqError('the program recurses too deeply')
    try {
      for (const frame of this.#frames(found, args, input, scope)) yield* this.evaluate(found.body, input, frame)
    } finally {
      this.#depth -= 1
    }
  }

  *#assign(node: Extract<Node, { t: 'assign' }>, input: JqValue, scope: Scope): Generator<JqValue, void, void> {
    const places = (): Path[] => [...this.paths(node.a, { path: [], value: input }, scope)].map((found) => found.path)
    if (node.op === '|=') {
      let result = input
      const gone: Path[] = []
      for (const path of places()) {
        let next: JqValue | undefined
        for (const value of this.evaluate(node.b, getPath(result, path), scope)) {
          next = value
          break
        }
        if (next === undefined) gone.push(path)
        else result = setPath(result, path, next)
      }
      yield deletePaths(result, gone)
      return
    }
    for (const value of this.evaluate(node.b, input, scope)) {
      let result = input
      for (const path of places()) {
        const before = node.op === '=' ? null : getPath(result, path)
        const next = node.op === '=' ? value : node.op === '//=' ? (truthy(before) ? before : value) : binaryValue(node.op.slice(0, -1), before, value)
        result = setPath(result, path, next)
      }
      yield result
    }
  }

  #step(): void {
    this.#steps += 1
    if (this.#steps > STEPS_MAX) throw new JqError('the program runs too long')
  }
}
