/**
 * Functions that are more than a value from values: they record paths, leave forks behind, or ask for input.
 * Truth: jq(1), 1.6. Omits: `input_line_number` and the like, which are plain functions.
 */
import type { CompilerOfPaths } from './path-compiler.ts'
import { BACKTRACK, type Step } from './machine.ts'
import type { Scope } from './scope.ts'
import type { Ast } from './syntax.ts'
import { JqError, type Value } from './value.ts'

type SpecialForm = (compiler: CompilerOfPaths, args: readonly Ast[], scope: Scope | null, next: Step) => Step

function step(run: Step['run']): Step {
  return { run, tail: -1 }
}

export const SPECIAL_FORMS: ReadonlyMap<string, SpecialForm> = new Map<string, SpecialForm>([
  ['empty/0', () => BACKTRACK],
  ['path/1', (compiler, [of], scope, next) => {
    const end = step((machine) => {
      machine.endPath()
      return next
    })
    const body = compiler.compile(of, scope, end)
    return step((machine) => {
      machine.beginPath()
      return body
    })
  }],
  ['getpath/1', (compiler, [path], scope, next) => {
    const follow = step((machine) => {
      machine.getPath(machine.pop() as Value)
      return next
    })
    return compiler.aside(path, scope, follow)
  }],
  ['range/2', (compiler, [from, to], scope, next) => {
    const more = step((machine) => {
      const count = machine.peek() as { at: number; readonly end: number }
      if (!(count.at < count.end)) return machine.backtrack()
      machine.value = count.at
      count.at += 1
      machine.fork(more)
      machine.pop()
      return next
    })
    const begin = step((machine) => {
      const [end, at] = [machine.pop(), machine.pop()]
      if (typeof at !== 'number' || typeof end !== 'number') throw new JqError('Range bounds must be numeric')
      machine.push({ at, end })
      return more
    })
    return compiler.aside(from, scope, compiler.aside(to, scope, begin))
  }],
  ['input/0', (_compiler, _args, _scope, next) => step((machine) => {
    machine.signal = 'input'
    return next
  })],
])
