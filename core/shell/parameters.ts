/** Reading and writing what `$name` names: positional and special parameters, variables with attributes, array elements. */
import { isErrno } from '../base/errno.ts'
import { type ArithmeticVariables, evaluateArithmetic } from './arithmetic.ts'
import { FIELD_CHARS_MAX } from './fields.ts'
import type { Shell } from './shell.ts'
import { elementsOf, scalarOf, store, toIndexed, type Variable } from './variables.ts'

/** The value of a parameter without subscript; undefined when unset. `@` and `*` come joined. */
export function getParameter(shell: Shell, name: string): string | undefined {
  if (/^\d+$/.test(name)) return name === '0' ? shell.name : shell.positional[Number(name) - 1]
  switch (name) {
    case '@':
      return shell.positional.join(' ')
    case '*':
      return shell.positional.join(firstOfIfs(shell))
    case '#':
      return String(shell.positional.length)
    case '?':
      return String(shell.status)
    case '$':
      return String(shell.mainPid)
    case '!':
      return shell.lastBackgroundPid === 0 ? undefined : String(shell.lastBackgroundPid)
    case '-':
      return shell.optionLetters()
    case '_':
      return shell.lastArgument
  }
  const made = dynamic(shell, name)
  return made ?? shell.variables.get(name)
}

/** Variables that the shell computes when they are read. */
function dynamic(shell: Shell, name: string): string | undefined {
  const { proc } = shell
  switch (name) {
    case 'LINENO':
      return String(shell.line)
    case 'RANDOM':
      return shell.dialect === 'bash' ? String(proc.world.random.stream(`shell/${proc.machine.name}`).below(32768)) : undefined
    case 'SECONDS':
      return String(Math.floor((proc.world.clock.nowUs - shell.startedUs) / 1_000_000))
    case 'EPOCHSECONDS':
      return String(Math.floor((proc.world.epochMs + proc.world.clock.nowUs / 1000) / 1000))
    case 'EPOCHREALTIME': {
      const us = proc.world.epochMs * 1000 + proc.world.clock.nowUs
      return `${Math.floor(us / 1_000_000)}.${String(us % 1_000_000).padStart(6, '0')}`
    }
    case 'BASHPID':
      return String(proc.localPid)
    case 'BASH_SUBSHELL':
      return String(shell.subshellLevel)
    case 'PIPESTATUS':
      return String(shell.pipeStatus[0] ?? 0)
    case 'FUNCNAME':
      return shell.functionNames[shell.functionNames.length - 1]
    case 'COLUMNS':
      return shell.interactive && proc.tty ? String(proc.tty.columns) : undefined
    case 'LINES':
      return shell.interactive && proc.tty ? String(proc.tty.rows) : undefined
    case 'HISTCMD':
      return String(shell.history.length + 1)
    default:
      return undefined
  }
}

/** All elements, with their keys; a scalar is one element. */
export function getElements(shell: Shell, name: string): [string, string][] {
  if (name === 'PIPESTATUS') return shell.pipeStatus.map((code, i) => [String(i), String(code)])
  if (name === 'FUNCNAME') return [...shell.functionNames].reverse().map((each, i) => [String(i), each])
  if (name === 'DIRSTACK') return [shell.proc.cwd, ...shell.directoryStack].map((each, i) => [String(i), each])
  const variable = shell.variables.find(name)
  return variable ? elementsOf(variable) : []
}

/** One element by an expanded subscript. */
export function getElement(shell: Shell, name: string, subscript: string): string | undefined {
  if (name === 'PIPESTATUS' || name === 'FUNCNAME' || name === 'DIRSTACK') return getElements(shell, name)[Number(arithmetic(shell, subscript))]?.[1]
  const variable = shell.variables.find(name)
  if (!variable) return undefined
  if (variable.kind === 'associative') return (variable.value as Map<string, string>).get(subscript)
  const index = arithmetic(shell, subscript)
  if (variable.kind === 'scalar') return index === 0n || index === -1n ? scalarOf(variable) : undefined
  return (variable.value as Map<number, string>).get(absoluteIndex(variable, index))
}

/** Negative indices count from behind the last. */
function absoluteIndex(variable: Variable, index: bigint): number {
  if (index >= 0n) return Number(index)
  const last = Math.max(-1, ...(variable.value as Map<number, string>).keys())
  return last + 1 + Number(index)
}

/** Sets a variable or an element; false (with a complaint) when it is read-only. */
export function assign(shell: Shell, name: string, subscript: string | null, value: string, append = false): boolean {
  const variable = shell.variables.make(name)
  if (variable.readonly) {
    shell.complain(`${name}: readonly variable`)
    return false
  }
  if (name === 'RANDOM' || name === 'SECONDS') return true
  if (shell.options.allexport) variable.exported = true
  if (subscript === null && variable.kind === 'scalar') {
    variable.value = converted(shell, variable, value, append ? (scalarOf(variable) ?? '') : null)
    if (name === 'OPTIND') shell.getoptsAt = 1
    return true
  }
  if (variable.kind === 'associative') {
    const map = variable.value as Map<string, string>
    const key = subscript ?? '0'
    map.set(key, converted(shell, variable, value, append ? (map.get(key) ?? '') : null))
    return true
  }
  const map = toIndexed(variable)
  const key = subscript === null ? 0 : absoluteIndex(variable, arithmetic(shell, subscript))
  if (key < 0) {
    shell.complain(`${name}[${subscript}]: bad array subscript`)
    return false
  }
  map.set(key, converted(shell, variable, value, append ? (map.get(key) ?? '') : null))
  return true
}

/** `before` is what a `+=` appends to. */
function converted(shell: Shell, variable: Variable, value: string, before: string | null): string {
  if (variable.integer) {
    const sum = arithmetic(shell, value) + (before === null ? 0n : arithmetic(shell, before))
    return String(BigInt.asIntN(64, sum))
  }
  const whole = (before ?? '') + value
  if (whole.length > FIELD_CHARS_MAX) {
    shell.abort('xrealloc: cannot allocate memory', 2)
    return before ?? ''
  }
  return variable.lower ? whole.toLowerCase() : variable.upper ? whole.toUpperCase() : whole
}

/** Replaces all elements of an array: `name=(…)`, already expanded. */
export function assignArray(shell: Shell, name: string, elements: readonly { key: string | null; value: string }[], append: boolean): boolean {
  const variable = shell.variables.make(name)
  if (variable.readonly) {
    shell.complain(`${name}: readonly variable`)
    return false
  }
  if (variable.kind === 'associative') {
    const map = append ? (variable.value as Map<string, string>) : new Map<string, string>()
    // Without subscripts, words are keys and values in turn.
    if (elements.every((element) => element.key === null)) {
      for (let i = 0; i < elements.length; i += 2) map.set(elements[i].value, elements[i + 1]?.value ?? '')
    } else for (const { key, value } of elements) if (key !== null) map.set(key, value)
    variable.value = map
    return true
  }
  const map = toIndexed(variable)
  let next = append ? Math.max(-1, ...map.keys()) + 1 : 0
  if (!append) map.clear()
  for (const { key, value } of elements) {
    if (key !== null) next = Number(arithmetic(shell, key))
    map.set(next, converted(shell, variable, value, null))
    next += 1
  }
  return true
}

export function unsetElement(shell: Shell, name: string, subscript: string): void {
  const variable = shell.variables.find(name)
  if (!variable || variable.kind === 'scalar') return
  if (variable.kind === 'associative') (variable.value as Map<string, string>).delete(subscript)
  else (variable.value as Map<number, string>).delete(absoluteIndex(variable, arithmetic(shell, subscript)))
}

export function setPlain(shell: Shell, name: string, value: string): void {
  store(shell.variables.make(name), value)
}

/** The value of an expanded expression; a mistake complains, aborts the line and gives 0. */
export function arithmetic(shell: Shell, expression: string): bigint {
  const result = evaluateArithmetic(expression, arithmeticVariables(shell))
  if ('value' in result) return result.value
  shell.abort(result.error)
  return 0n
}

/** Like `arithmetic`, for commands whose mistakes only make them fail. */
export function tryArithmetic(shell: Shell, expression: string, prefix: string): bigint | null {
  const result = evaluateArithmetic(expression, arithmeticVariables(shell))
  if ('value' in result) return result.value
  shell.complain(`${prefix}${result.error}`)
  return null
}

function arithmeticVariables(shell: Shell): ArithmeticVariables {
  return {
    get(name, index) {
      if (index !== null) return getElement(shell, name, index) ?? ''
      const value = getParameter(shell, name)
      if (value === undefined && shell.options.nounset) shell.abort(`${name}: unbound variable`)
      return value ?? ''
    },
    set(name, index, value) {
      assign(shell, name, index, value)
    },
  }
}

export function firstOfIfs(shell: Shell): string {
  const ifs = shell.variables.get('IFS')
  return ifs === undefined ? ' ' : ifs.slice(0, 1)
}

export function ifsOf(shell: Shell): string {
  return shell.variables.get('IFS') ?? ' \t\n'
}

/** The directory that a tilde prefix stands for, or null. */
export function tildeDirectory(shell: Shell, user: string): string | null {
  if (user === '') return shell.variables.get('HOME') ?? '/root'
  if (user === '+') return shell.proc.cwd
  if (user === '-') return shell.variables.get('OLDPWD') ?? null
  const passwd = shell.proc.fs.read('/etc/passwd')
  const lines = isErrno(passwd) ? [] : passwd.split('\n')
  return lines.map((line) => line.split(':')).find((fields) => fields[0] === user)?.[5] ?? null
}
