/** jq finds undefined names before anything runs. */
import { isNative } from './builtins.ts'
import { PRELUDE } from './prelude.ts'
import type { Node, Pattern } from './syntax.ts'

export interface Undefined {
  message: string
  /** Its place in the program. */
  at: number
}

const PRELUDE_NAMES: ReadonlySet<string> = preludeNames()

function preludeNames(): Set<string> {
  const names = new Set<string>()
  for (let node = PRELUDE; node.t === 'def'; node = node.rest) names.add(`${node.name}/${node.params.length}`)
  return names
}

/** The first name that is neither variable nor function, worded as jq complains at compile time; null when all is well. */
export function findUndefined(node: Node, variables: ReadonlySet<string>, functions: ReadonlySet<string> = new Set()): Undefined | null {
  const walk = (inner: Node | null, more: Iterable<string> = [], defs: Iterable<string> = []): Undefined | null =>
    inner ? findUndefined(inner, new Set([...variables, ...more]), new Set([...functions, ...defs])) : null
  const names = (pattern: Pattern): string[] =>
    pattern.t === 'variable'
      ? [pattern.name]
      : pattern.t === 'array'
        ? pattern.items.flatMap(names)
        : pattern.entries.flatMap((entry) => [...(entry.variable ? [entry.variable] : []), ...(entry.value ? names(entry.value) : [])])
  switch (node.t) {
    case 'variable':
      return variables.has(node.name) || node.name === 'ENV' || node.name === '__loc__' ? null : { message: `$${node.name} is not defined`, at: node.at ?? 0 }
    case 'call': {
      const key = `${node.name}/${node.args.length}`
      if (!functions.has(key) && !PRELUDE_NAMES.has(key) && !isNative(node.name, node.args.length)) return { message: `${key} is not defined`, at: node.at ?? 0 }
      for (const arg of node.args) {
        const found = walk(arg)
        if (found) return found
      }
      return null
    }
    case 'def': {
      const own = `${node.name}/${node.params.length}`
      const params = node.params.flatMap((param) => (param.startsWith('$') ? [`${param.slice(1)}/0`] : [`${param}/0`]))
      return walk(node.body, node.params.filter((param) => param.startsWith('$')).map((param) => param.slice(1)), [own, ...params]) ?? walk(node.rest, [], [own])
    }
    case 'bind':
      return walk(node.source) ?? walk(node.body, node.patterns.flatMap(names))
    case 'reduce':
      return walk(node.source) ?? walk(node.start) ?? walk(node.update, names(node.pattern))
    case 'foreach':
      return walk(node.source) ?? walk(node.start) ?? walk(node.update, names(node.pattern)) ?? walk(node.extract, names(node.pattern))
    case 'if': {
      for (const branch of node.branches) {
        const found = walk(branch.test) ?? walk(branch.then)
        if (found) return found
      }
      return walk(node.otherwise)
    }
    case 'object': {
      for (const entry of node.entries) {
        const found = walk(entry.key) ?? walk(entry.value)
        if (found) return found
      }
      return null
    }
    case 'string': {
      for (const part of node.parts) {
        const found = typeof part === 'string' ? null : walk(part)
        if (found) return found
      }
      return null
    }
    case 'label':
      return walk(node.body)
    case 'try':
      return walk(node.of) ?? walk(node.handler)
    case 'slice':
      return walk(node.of) ?? walk(node.from) ?? walk(node.to)
    case 'field':
      return walk(node.of) ?? walk(node.name)
    case 'iterate':
    case 'negate':
      return walk(node.of)
    case 'array':
      return walk(node.of)
    case 'pipe':
    case 'comma':
    case 'binary':
    case 'and':
    case 'or':
    case 'alternative':
    case 'assign':
      return walk(node.a) ?? walk(node.b)
  }
  return null
}
