/**
 * From syntax to steps. Each construct is compiled with the step that comes after it, from the end to the beginning. The order in
 * which several results combine is jq's: of an operator's sides the right one varies slowest, as do later arguments of built-in
 * functions; keys before values, earlier `$parameters` before later ones.
 * Truth: jq(1), 1.6, and the program as observed. Omits: modules.
 */
import { BUILTINS } from './builtins.ts'
import { CompilerOfPaths } from './path-compiler.ts'
import { BACKTRACK, type Closure, type Env, type Machine, OUTPUT, RETURN, type Step } from './machine.ts'
import { NATIVES } from './natives.ts'
import { parseDefinitions } from './parser.ts'
import { findFunction, type FunctionScope, type Scope } from './scope.ts'
import { SPECIAL_FORMS } from './special-forms.ts'
import { type Ast, type Definition, IDENTITY, type Problem } from './syntax.ts'
import { truthy, type Value } from './value.ts'

export interface Compiled {
  entry: Step
  /** Variables given from outside. */
  env: Env | null
  problems: readonly Problem[]
}

export function compileProgram(program: Ast, variables: ReadonlyMap<string, Value>): Compiled {
  const compiler = new Compiler()
  let scope: Scope | null = null
  let env: Env | null = null
  for (const [name, value] of variables) {
    scope = { kind: 'variable', name, up: scope }
    env = { value, up: env, back: null, backEnv: null }
  }
  const entry = compiler.whole(() => compiler.compile(program, scope, OUTPUT))
  return { entry, env, problems: compiler.problems }
}

export class Compiler extends CompilerOfPaths {
  readonly problems: Problem[] = []
  readonly #builtins = new Map<string, FunctionScope>()
  /** Bodies that wait until what mentions them is done: complaints come in that order. */
  #later: (() => void)[] = []

  whole(compile: () => Step): Step {
    const outer = this.#later
    this.#later = []
    const before = this.problems.length
    const entry = compile()
    // Steps are made from the end to the beginning; complaints go the other way.
    const found = this.problems.splice(before)
    this.problems.push(...found.sort((a, b) => a.at - b.at))
    const waiting = this.#later
    for (const task of waiting) task()
    this.#later = outer
    return entry
  }

  compile(ast: Ast, scope: Scope | null, next: Step): Step {
    switch (ast.kind) {
      case 'identity':
        return next
      case 'constant':
        return this.constant(ast.value, next)
      case 'index':
      case 'slice':
      case 'each':
        return this.access(ast, scope, next)
      case 'pipe':
        return this.compile(ast.left, scope, this.compile(ast.right, scope, next))
      case 'comma': {
        const right = this.compile(ast.right, scope, next)
        return this.forking(right, this.compile(ast.left, scope, next))
      }
      case 'alternative':
        return this.#alternative(ast, scope, next)
      case 'and':
      case 'or':
        return this.#logic(ast, scope, next)
      case 'binary':
        return this.#native(`_${ast.operator}`, [ast.left, ast.right], scope, next)
      case 'negate':
        return this.compile(ast.of, scope, this.#native('_negate', [], scope, next))
      case 'format':
        return this.compile(ast.of, scope, this.#native('format', [{ kind: 'constant', value: ast.name }], scope, next))
      case 'array':
        return this.collect(ast.of ?? IDENTITY, scope, next)
      case 'object':
        return this.object(ast.pairs, scope, next)
      case 'if':
        return this.#if(ast, scope, next)
      case 'try':
        return this.#catching(ast.handler ? this.compile(ast.handler, scope, next) : BACKTRACK, this.compile(ast.body, scope, next))
      case 'as':
        return this.as(ast, scope, next)
      case 'reduce':
        return this.reduce(ast, scope, next)
      case 'foreach':
        return this.foreach(ast, scope, next)
      case 'label':
        return this.#label(ast, scope, next)
      case 'break':
        return this.variable(`*label-${ast.name}`, ast.at, scope, { run: (machine) => machine.raise(machine.value), tail: -1 })
      case 'variable':
        return this.variable(ast.name, ast.at, scope, next)
      case 'def':
        return this.compile(ast.body, { kind: 'def', definition: ast.definition, body: { entry: null }, begun: false, up: scope }, next)
      case 'assign':
        return this.#assign(ast, scope, next)
      case 'call':
        return this.#call(ast.name, ast.args, ast.at, scope, next)
    }
  }

  #alternative(ast: Extract<Ast, { kind: 'alternative' }>, scope: Scope | null, next: Step): Step {
    const otherwise = this.compile(ast.right, scope, next)
    const last: Step = { run: (machine) => ((machine.pop() as { found: boolean }).found ? machine.backtrack() : otherwise), tail: -1 }
    const test: Step = {
      run(machine) {
        if (!truthy(machine.value)) return machine.backtrack()
        const cell = machine.pop() as { found: boolean }
        cell.found = true
        return next
      },
      tail: -1,
    }
    const first = this.compile(ast.left, scope, test)
    return {
      run(machine) {
        machine.push({ found: false })
        machine.fork(last)
        return first
      },
      tail: -1,
    }
  }

  #logic(ast: Extract<Ast, { kind: 'and' | 'or' }>, scope: Scope | null, next: Step): Step {
    const decides = ast.kind === 'or'
    const second = this.compile(ast.right, scope, this.#then((machine) => { machine.value = truthy(machine.value) }, next))
    const test: Step = {
      run(machine) {
        const decided = truthy(machine.value) === decides
        machine.value = machine.pop() as Value
        if (!decided) return second
        machine.value = decides
        return next
      },
      tail: -1,
    }
    return this.#then((machine) => machine.push(machine.value), this.compile(ast.left, scope, test))
  }

  #if(ast: Extract<Ast, { kind: 'if' }>, scope: Scope | null, next: Step): Step {
    const yes = this.compile(ast.then, scope, next)
    const no = this.compile(ast.otherwise, scope, next)
    return this.aside(ast.condition, scope, { run: (machine) => (truthy(machine.pop() as Value) ? yes : no), tail: -1 })
  }

  #catching(handler: Step, body: Step): Step {
    return {
      run(machine) {
        machine.fork(handler, 'with the error')
        return body
      },
      tail: -1,
    }
  }

  #label(ast: Extract<Ast, { kind: 'label' }>, scope: Scope | null, next: Step): Step {
    const caught: Step = {
      run(machine) {
        const { value: label } = machine.env as Env
        // Labels are equal by their number: what was caught and raised again is the same label.
        return isLabel(machine.value, label as Value) ? machine.backtrack() : machine.raise(machine.value)
      },
      tail: -1,
    }
    const body = this.compile(ast.body, { kind: 'variable', name: `*label-${ast.name}`, up: scope }, this.unbinding(1, next))
    return {
      run(machine) {
        machine.bind(machine.newLabel())
        machine.fork(caught, 'with the error')
        return body
      },
      tail: -1,
    }
  }

  #assign(ast: Extract<Ast, { kind: 'assign' }>, scope: Scope | null, next: Step): Step {
    if (ast.operator === '=') return this.#call('_assign', [ast.path, ast.value], 0, scope, next)
    if (ast.operator === '|=') return this.#call('_modify', [ast.path, ast.value], 0, scope, next)
    const name = '*update'
    const variable: Ast = { kind: 'variable', name, at: 0 }
    const update: Ast = ast.operator === '//='
      ? { kind: 'alternative', left: IDENTITY, right: variable }
      : { kind: 'binary', operator: ast.operator, left: IDENTITY, right: variable }
    const modify = this.#call('_modify', [ast.path, update], 0, { kind: 'variable', name, up: scope }, this.unbinding(1, next))
    const bind: Step = {
      run(machine) {
        machine.bind(machine.value)
        machine.value = machine.pop() as Value
        return modify
      },
      tail: -1,
    }
    return this.#then((machine) => machine.push(machine.value), this.compile(ast.value, scope, bind))
  }

  #call(name: string, args: readonly Ast[], at: number, scope: Scope | null, next: Step): Step {
    const found = findFunction(scope, name, args.length)
    if (found?.scope.kind === 'call') {
      const { hops, param } = found
      return {
        run(machine) {
          const closure = ((machine.outer(hops) as Env).value as readonly Closure[])[param]
          machine.call([], closure.env, next)
          return closure.body.entry as Step
        },
        tail: -1,
      }
    }
    if (found?.scope.kind === 'def') return this.#enter(found.scope, found.hops, args, scope, next)
    const key = `${name}/${args.length}`
    const special = SPECIAL_FORMS.get(key)
    if (special) return special(this, args, scope, next)
    if (NATIVES.has(key)) return this.#native(name, args, scope, next)
    const builtin = this.#builtin(key)
    if (builtin) return this.#enter(builtin, -1, args, scope, next)
    this.problem(`${key} is not defined`, at)
    return next
  }

  #builtin(key: string): FunctionScope | null {
    const known = this.#builtins.get(key)
    if (known) return known
    const source = BUILTINS.get(key)
    if (source === undefined) return null
    const [definition] = parseDefinitions(source)
    const scope: FunctionScope = { kind: 'def', definition, body: { entry: null }, begun: false, up: null }
    this.#builtins.set(key, scope)
    return scope
  }

  /** `hops` up to where the function was defined; -1 for those that see nothing of the program. */
  #enter(callee: FunctionScope, hops: number, args: readonly Ast[], scope: Scope | null, next: Step): Step {
    if (!callee.begun) {
      callee.begun = true
      this.#later.push(() => { callee.body.entry = this.whole(() => this.#body(callee.definition, callee)) })
    }
    const closures = args.map((arg) => this.#closure(arg, scope))
    const { body } = callee
    return {
      run(machine) {
        const given = closures.map((closure) => closure(machine))
        machine.call(given, hops < 0 ? null : machine.outer(hops), next)
        return body.entry as Step
      },
      tail: -1,
    }
  }

  #closure(arg: Ast, scope: Scope | null): (machine: Machine) => Closure {
    // A parameter that is handed on stays what it was, however deep the recursion.
    const handed = arg.kind === 'call' && arg.args.length === 0 ? findFunction(scope, arg.name, 0) : null
    if (handed?.scope.kind === 'call') {
      const { hops, param } = handed
      return (machine) => ((machine.outer(hops) as Env).value as readonly Closure[])[param]
    }
    const body: { entry: Step | null } = { entry: null }
    const inner: Scope = { kind: 'call', params: [], up: scope }
    this.#later.push(() => { body.entry = this.whole(() => this.compile(arg, inner, RETURN)) })
    return (machine) => ({ body, env: machine.env })
  }

  #body(definition: Definition, callee: FunctionScope): Step {
    const params = definition.params.map((param) => param.replace('$', ''))
    const body = definition.params.reduceRight<Ast>((inner, param, i) => {
      if (!param.startsWith('$')) return inner
      const source: Ast = { kind: 'call', name: params[i], args: [], at: 0 }
      return { kind: 'as', source, patterns: [{ kind: 'variable', name: params[i] }], body: inner }
    }, definition.body)
    return this.compile(body, { kind: 'call', params, up: callee }, RETURN)
  }

  #native(name: string, args: readonly Ast[], scope: Scope | null, next: Step): Step {
    const native = NATIVES.get(`${name}/${args.length}`)
    if (!native) {
      this.problem(`${name}/${args.length} is not defined`, 0)
      return next
    }
    const count = args.length
    const call: Step = {
      run(machine) {
        const given: Value[] = []
        for (let i = 0; i < count; i += 1) given.push(machine.pop() as Value)
        machine.value = native(machine.value, given, machine.surroundings)
        return next
      },
      tail: -1,
    }
    return args.reduce((step, arg) => this.aside(arg, scope, step), call)
  }

  #then(act: (machine: Machine) => void, next: Step): Step {
    return {
      run(machine) {
        act(machine)
        return next
      },
      tail: -1,
    }
  }

  override problem(message: string, at: number): void {
    this.problems.push({ message, at })
  }
}

function isLabel(value: Value, label: Value): boolean {
  return value instanceof Map && label instanceof Map && value.size === 1 && value.get('__jq') === label.get('__jq')
}
