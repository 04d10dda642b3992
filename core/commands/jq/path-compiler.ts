/**
 * The parts of the compiler that read values: accesses, patterns of `as`, loops, arrays and objects. Accesses record the path when
 * `path` is at work; what is evaluated aside (keys, conditions, arguments) does not.
 * Truth: jq(1), 1.6, and the program as observed. Omits: nothing known.
 */
import { shortJson } from './json-text.ts'
import { BACKTRACK, type Env, Exhausted, type Machine, type Path, type Step } from './machine.ts'
import { get } from './paths.ts'
import { findVariable, type Scope } from './scope.ts'
import type { Ast, Pattern } from './syntax.ts'
import { isArray, isObject, JqError, type JqObject, typeOf, type Value } from './value.ts'

const ITEMS_MAX = 20_000_000
const SHOWN_VALUE = 29

type Kind<K extends Ast['kind']> = Extract<Ast, { kind: K }>

function step(run: Step['run']): Step {
  return { run, tail: -1 }
}

export abstract class CompilerOfPaths {
  abstract compile(ast: Ast, scope: Scope | null, next: Step): Step

  abstract problem(message: string, at: number): void

  constant(value: Value, next: Step): Step {
    return step((machine) => {
      machine.value = value
      return next
    })
  }

  unbinding(count: number, next: Step): Step {
    return {
      run(machine) {
        machine.unbind(count)
        return next
      },
      tail: next.tail < 0 ? -1 : next.tail + count,
    }
  }

  forking(later: Step, now: Step): Step {
    return step((machine) => {
      machine.fork(later)
      return now
    })
  }

  /** Leaves the result on the stack and the value as it was; paths are not recorded meanwhile. */
  aside(ast: Ast, scope: Scope | null, next: Step): Step {
    if (ast.kind === 'constant' || ast.kind === 'identity') {
      return step((machine) => {
        machine.push(ast.kind === 'constant' ? ast.value : machine.value)
        return next
      })
    }
    const end = step((machine) => {
      const result = machine.value
      machine.path = machine.pop() as Path | null
      machine.value = machine.pop() as Value
      machine.push(result)
      return next
    })
    const body = this.compile(ast, scope, end)
    return step((machine) => {
      machine.push(machine.value)
      machine.push(machine.path)
      machine.path = null
      return body
    })
  }

  variable(name: string, at: number, scope: Scope | null, next: Step): Step {
    const hops = findVariable(scope, name)
    if (hops !== null) {
      return step((machine) => {
        machine.value = (machine.outer(hops) as Env).value as Value
        return next
      })
    }
    if (name === 'ENV') {
      return step((machine) => {
        machine.value = machine.surroundings.environment()
        return next
      })
    }
    this.problem(`$${name} is not defined`, at)
    return next
  }

  access(ast: Kind<'index' | 'slice' | 'each'>, scope: Scope | null, next: Step): Step {
    if (ast.kind === 'each') return this.compile(ast.of, scope, eachStep(ast.optional, next))
    const { optional } = ast
    const index = step((machine) => {
      const key = machine.pop() as Value
      const from = machine.value
      machine.checkPath(from, () => `near attempt to access element ${shortJson(key)} of ${shortJson(from, SHOWN_VALUE)}`)
      if (!optional) machine.value = get(from, key)
      else {
        try {
          machine.value = get(from, key)
        } catch (error) {
          if (error instanceof JqError) return machine.backtrack()
          throw error
        }
      }
      machine.follow(key, machine.value)
      return next
    })
    const of = this.compile(ast.of, scope, index)
    if (ast.kind === 'index') return this.aside(ast.key, scope, of)
    const nothing: Ast = { kind: 'constant', value: null }
    const cut = step((machine) => {
      const [end, start] = [machine.pop() as Value, machine.pop() as Value]
      machine.push(new Map([['start', start], ['end', end]]))
      return of
    })
    return this.aside(ast.from ?? nothing, scope, this.aside(ast.to ?? nothing, scope, cut))
  }

  collect(of: Ast, scope: Scope | null, next: Step): Step {
    const end = step((machine) => {
      machine.value = machine.pop() as Value[]
      return next
    })
    const append = step((machine) => {
      const items = machine.peek() as Value[]
      if (items.length >= ITEMS_MAX) throw new Exhausted()
      items.push(machine.value)
      return machine.backtrack()
    })
    const body = this.compile(of, scope, append)
    return step((machine) => {
      machine.push([])
      machine.fork(end)
      return body
    })
  }

  object(pairs: Kind<'object'>['pairs'], scope: Scope | null, next: Step): Step {
    const end = step((machine) => {
      machine.value = machine.pop() as Value
      return next
    })
    const body = pairs.reduceRight<Step>((after, pair) => {
      const insert = step((machine) => {
        const [value, key, object] = [machine.pop() as Value, machine.pop() as Value, machine.pop() as JqObject]
        if (typeof key !== 'string') throw new JqError(`Cannot use ${typeOf(key)} (${shortJson(key)}) as object key`)
        machine.push(new Map(object).set(key, value))
        return after
      })
      const own = step((machine) => {
        machine.push(get(machine.value, machine.peek() as Value))
        return insert
      })
      return this.aside(pair.key, scope, pair.value === null ? own : this.aside(pair.value, scope, insert))
    }, end)
    return step((machine) => {
      machine.push(new Map())
      return body
    })
  }

  as(ast: Kind<'as'>, scope: Scope | null, next: Step): Step {
    const names = variablesOf(ast.patterns)
    const body = this.compile(ast.body, withVariables(scope, names), this.unbinding(names.length, next))
    const restore = step((machine) => {
      machine.value = machine.pop() as Value
      return body
    })
    const match = this.#matching(ast.patterns, names, scope, restore)
    const begin = step((machine) => {
      const value = machine.pop() as Value
      machine.push(machine.value)
      machine.value = value
      return match
    })
    return this.aside(ast.source, scope, begin)
  }

  reduce(ast: Kind<'reduce'>, scope: Scope | null, next: Step): Step {
    const names = variablesOf(ast.patterns)
    const end = step((machine) => {
      machine.value = (machine.pop() as Cell).value
      return next
    })
    const store = step((machine) => {
      const cell = machine.peek() as Cell
      cell.value = machine.value
      return machine.backtrack()
    })
    return this.#loop(ast, names, scope, this.compile(ast.update, withVariables(scope, names), store), end)
  }

  foreach(ast: Kind<'foreach'>, scope: Scope | null, next: Step): Step {
    const names = variablesOf(ast.patterns)
    const inside = withVariables(scope, names)
    const out = this.unbinding(names.length, next)
    const extract = this.compile(ast.extract, inside, step((machine) => {
      machine.pop()
      return out
    }))
    const store = step((machine) => {
      const cell = machine.peek() as Cell
      cell.value = machine.value
      return extract
    })
    return this.#loop(ast, names, scope, this.compile(ast.update, inside, store), BACKTRACK)
  }

  /** Runs `update` on the state for each value of the source, then goes to `end` with the state on the stack. */
  #loop(ast: Kind<'reduce' | 'foreach'>, names: readonly string[], scope: Scope | null, update: Step, end: Step): Step {
    const load = step((machine) => {
      const cell = machine.peek() as Cell
      machine.value = cell.value
      // An update without results leaves null behind.
      cell.value = null
      return update
    })
    const source = this.compile(ast.source, scope, this.#matching(ast.patterns, names, scope, load))
    const begin = step((machine) => {
      const input = machine.pop() as Value
      machine.push({ value: machine.value } satisfies Cell)
      machine.value = input
      machine.fork(end)
      return source
    })
    const start = this.compile(ast.start, scope, begin)
    return step((machine) => {
      machine.push(machine.value)
      return start
    })
  }

  /** Binds `names` to the parts of the value; each pattern is tried when the one before, or what came after it, failed. */
  #matching(patterns: readonly Pattern[], names: readonly string[], scope: Scope | null, next: Step): Step {
    // Keys of patterns cannot see the variables that the pattern binds.
    const hidden = withVariables(scope, names.map(() => ''))
    const forget = (machine: Machine): void => {
      for (let i = 0; i < names.length; i += 1) (machine.outer(i) as Env).value = null
    }
    let attempt = BACKTRACK
    for (let i = patterns.length - 1; i >= 0; i -= 1) {
      const [match, otherwise, last] = [this.#pattern(patterns[i], names, hidden, next), attempt, i === patterns.length - 1]
      attempt = step((machine) => {
        if (!last) machine.fork(otherwise, 'with its own value')
        if (patterns.length > 1) forget(machine)
        return match
      })
    }
    return step((machine) => {
      for (let i = 0; i < names.length; i += 1) machine.bind(null)
      return attempt
    })
  }

  #pattern(pattern: Pattern, names: readonly string[], scope: Scope | null, next: Step): Step {
    if (pattern.kind === 'variable') return this.#store(pattern.name, names, next)
    const restore = (after: Step): Step => step((machine) => {
      machine.value = machine.pop() as Value
      return after
    })
    const part = (key: Ast, inner: (after: Step) => Step, after: Step): Step => {
      const at: Ast = { kind: 'index', of: { kind: 'identity' }, key, optional: false }
      const body = this.compile(at, scope, inner(restore(after)))
      return step((machine) => {
        machine.push(machine.value)
        return body
      })
    }
    // jq matches arrays from the last element to the first.
    if (pattern.kind === 'array') {
      return pattern.items.reduce((after, item, i) => part({ kind: 'constant', value: i }, (then) => this.#pattern(item, names, scope, then), after), next)
    }
    return pattern.fields.reduceRight((after, field) => {
      const inner = (then: Step): Step => {
        const match = field.pattern ? this.#pattern(field.pattern, names, scope, then) : then
        return field.variable === null ? match : this.#store(field.variable, names, match)
      }
      return part(field.key, inner, after)
    }, next)
  }

  #store(name: string, names: readonly string[], next: Step): Step {
    const hops = names.length - 1 - names.indexOf(name)
    return step((machine) => {
      const place = machine.outer(hops) as Env
      place.value = machine.value
      return next
    })
  }
}

interface Cell {
  value: Value
}

function variablesOf(patterns: readonly Pattern[]): string[] {
  const names = new Set<string>()
  const visit = (pattern: Pattern): void => {
    if (pattern.kind === 'variable') names.add(pattern.name)
    else if (pattern.kind === 'array') pattern.items.forEach(visit)
    else {
      for (const field of pattern.fields) {
        if (field.variable !== null) names.add(field.variable)
        if (field.pattern) visit(field.pattern)
      }
    }
  }
  patterns.forEach(visit)
  return [...names]
}

function withVariables(scope: Scope | null, names: readonly string[]): Scope | null {
  return names.reduce<Scope | null>((up, name) => ({ kind: 'variable', name, up }), scope)
}

interface Walk {
  readonly keys: readonly Value[] | null
  readonly values: readonly Value[]
  at: number
}

function eachStep(optional: boolean, next: Step): Step {
  const more = step((machine) => {
    const walk = machine.peek() as Walk
    const at = walk.at
    walk.at += 1
    if (walk.at < walk.values.length) machine.fork(more)
    machine.pop()
    machine.value = walk.values[at]
    machine.follow(walk.keys === null ? at : walk.keys[at], machine.value)
    return next
  })
  return step((machine) => {
    const container = machine.value
    machine.checkPath(container, () => `near attempt to iterate through ${shortJson(container, SHOWN_VALUE)}`)
    if (!isArray(container) && !isObject(container)) {
      if (optional) return machine.backtrack()
      throw new JqError(`Cannot iterate over ${typeOf(container)} (${shortJson(container)})`)
    }
    const walk: Walk = isArray(container)
      ? { keys: null, values: container, at: 0 }
      : { keys: [...container.keys()], values: [...container.values()], at: 0 }
    if (walk.values.length === 0) return machine.backtrack()
    machine.push(walk)
    return more
  })
}
