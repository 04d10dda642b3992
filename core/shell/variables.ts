/** Shell variables: scalars, indexed and associative arrays, attributes, and the scopes that `local` makes. bash(1) PARAMETERS. */
import { byNumber, byText } from '../base/text-order.ts'

export interface Variable {
  /** A scalar, an indexed array (sparse, by number) or an associative one (by key, in order of insertion). */
  value: string | Map<number, string> | Map<string, string> | null
  kind: 'scalar' | 'indexed' | 'associative'
  exported: boolean
  readonly: boolean
  integer: boolean
  lower: boolean
  upper: boolean
  /** `declare -n`: the name that it stands for. */
  reference: boolean
}

export function newVariable(kind: Variable['kind'] = 'scalar'): Variable {
  const value = kind === 'scalar' ? null : new Map()
  return { value, kind, exported: false, readonly: false, integer: false, lower: false, upper: false, reference: false }
}

export const VARIABLE_NAME = /^[A-Za-z_][A-Za-z0-9_]*$/
const REFERENCES_MAX = 10

export class Variables {
  /** The global scope first; one more for each running function. */
  readonly #scopes: Map<string, Variable>[] = [new Map()]

  find(name: string): Variable | undefined {
    const found = this.findDirect(name)
    if (!found?.reference) return found
    return this.findDirect(this.target(name))
  }

  /** Without following `declare -n`. */
  findDirect(name: string): Variable | undefined {
    for (let i = this.#scopes.length - 1; i >= 0; i -= 1) {
      const found = this.#scopes[i].get(name)
      if (found) return found
    }
    return undefined
  }

  /** The name that `name` stands for after references. */
  target(name: string): string {
    let at = name
    for (let i = 0; i < REFERENCES_MAX; i += 1) {
      const variable = this.findDirect(at)
      if (!variable?.reference || typeof variable.value !== 'string' || variable.value === '') break
      at = variable.value
    }
    return at
  }

  /** The variable to assign to: the visible one, or a new global one. */
  make(name: string): Variable {
    const target = this.target(name)
    const found = this.findDirect(target)
    if (found) return found
    const variable = newVariable()
    this.#scopes[0].set(target, variable)
    return variable
  }

  /** A fresh variable in the innermost scope; the one that is there already in that very scope. */
  makeLocal(name: string): Variable {
    const scope = this.#scopes[this.#scopes.length - 1]
    let variable = scope.get(name)
    if (!variable) {
      variable = newVariable()
      scope.set(name, variable)
    }
    return variable
  }

  /** Puts `variable` in place of what the innermost scope has; undefined removes. Returns what was there. */
  replace(name: string, variable: Variable | undefined): Variable | undefined {
    const scope = this.#scopes[this.#scopes.length - 1]
    const old = scope.get(name)
    if (variable) scope.set(name, variable)
    else scope.delete(name)
    return old
  }

  get inFunction(): boolean {
    return this.#scopes.length > 1
  }

  pushScope(): void {
    this.#scopes.push(new Map())
  }

  popScope(): void {
    this.#scopes.pop()
  }

  get(name: string): string | undefined {
    const variable = this.find(name)
    return variable ? scalarOf(variable) : undefined
  }

  /** Sets without asking for attributes: for the shell's own variables. */
  set(name: string, value: string): void {
    store(this.make(name), value)
  }

  unset(name: string): void {
    for (let i = this.#scopes.length - 1; i >= 0; i -= 1) {
      if (this.#scopes[i].delete(name)) return
    }
  }

  /** Visible names in byte order. */
  names(): string[] {
    const names = new Set<string>()
    for (const scope of this.#scopes) for (const name of scope.keys()) names.add(name)
    return [...names].sort(byText)
  }

  /** What a child gets. */
  environment(): Map<string, string> {
    const env = new Map<string, string>()
    for (const scope of this.#scopes) {
      for (const [name, variable] of scope) {
        const value = scalarOf(variable)
        if (variable.exported && value !== undefined) env.set(name, value)
        else env.delete(name)
      }
    }
    return env
  }

  /** For a subshell: the same values, changed without effect here. */
  clone(): Variables {
    const copy = new Variables()
    copy.#scopes.length = 0
    for (const scope of this.#scopes) {
      const scopeCopy = new Map<string, Variable>()
      for (const [name, variable] of scope) {
        const value = variable.value instanceof Map ? (new Map(variable.value as Map<string, string>) as Variable['value']) : variable.value
        scopeCopy.set(name, { ...variable, value })
      }
      copy.#scopes.push(scopeCopy)
    }
    return copy
  }
}

/** What `$name` gives: element 0 of an array. */
export function scalarOf(variable: Variable): string | undefined {
  const { value } = variable
  if (value === null) return undefined
  if (typeof value === 'string') return value
  return variable.kind === 'indexed' ? (value as Map<number, string>).get(0) : (value as Map<string, string>).get('0')
}

/** Sets what `name=value` sets. */
export function store(variable: Variable, value: string): void {
  if (variable.kind === 'indexed') (variable.value as Map<number, string>).set(0, value)
  else if (variable.kind === 'associative') (variable.value as Map<string, string>).set('0', value)
  else variable.value = value
}

/** Elements in order: of the index for an indexed array. A scalar is an array of one. */
export function elementsOf(variable: Variable): [string, string][] {
  const { value } = variable
  if (value === null) return []
  if (typeof value === 'string') return [['0', value]]
  if (variable.kind === 'associative') return [...(value as Map<string, string>)]
  const indexed = value as Map<number, string>
  return [...indexed.keys()].sort(byNumber).map((key) => [String(key), indexed.get(key) as string])
}

/** Makes a scalar an indexed array; its value becomes element 0. */
export function toIndexed(variable: Variable): Map<number, string> {
  if (variable.kind === 'scalar') {
    variable.value = new Map(typeof variable.value === 'string' ? [[0, variable.value]] : [])
    variable.kind = 'indexed'
  }
  return variable.value as Map<number, string>
}
