/**
 * Names as the compiler sees them: variables, calls (whose parameters are filters) and definitions, the innermost first. Variables
 * and calls have a place at run time, definitions have none. Truth: the "Scoping" section of jq(1), 1.6. Omits: modules.
 */
import type { Step } from './machine.ts'
import type { Definition } from './syntax.ts'

export interface FunctionScope {
  readonly kind: 'def'
  readonly definition: Definition
  readonly body: { entry: Step | null }
  /** Whether its body is compiled, or will be. */
  begun: boolean
  readonly up: Scope | null
}

export type Scope =
  | { readonly kind: 'variable'; /** '' cannot be named. */ readonly name: string; readonly up: Scope | null }
  | { readonly kind: 'call'; readonly params: readonly string[]; readonly up: Scope | null }
  | FunctionScope

/** How far up a variable is, or null. */
export function findVariable(scope: Scope | null, name: string): number | null {
  let hops = 0
  for (let at = scope; at !== null; at = at.up) {
    if (at.kind === 'variable' && at.name === name) return hops
    if (at.kind !== 'def') hops += 1
  }
  return null
}

export interface Found {
  scope: Exclude<Scope, { kind: 'variable' }>
  hops: number
  /** Which parameter, of a call. */
  param: number
}

export function findFunction(scope: Scope | null, name: string, arity: number): Found | null {
  let hops = 0
  for (let at = scope; at !== null; at = at.up) {
    if (at.kind === 'def' && at.definition.name === name && at.definition.params.length === arity) return { scope: at, hops, param: -1 }
    const param = at.kind === 'call' && arity === 0 ? at.params.lastIndexOf(name) : -1
    if (at.kind === 'call' && param >= 0) return { scope: at, hops, param }
    if (at.kind !== 'def') hops += 1
  }
  return null
}
