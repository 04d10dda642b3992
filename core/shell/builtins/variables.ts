/** `declare`, `local`, `export`, `readonly`, `unset`, `let`. */
import type { Wait } from '../../linux/wait.ts'
import { assign, tryArithmetic, unsetElement } from '../parameters.ts'
import { backslashQuoted, doubleQuoted } from '../quoting.ts'
import type { Shell } from '../shell.ts'
import { performAssignment } from '../simple-command.ts'
import { elementsOf, toIndexed, type Variable, VARIABLE_NAME } from '../variables.ts'

interface Declaration {
  readonly on: Set<string>
  readonly off: Set<string>
  readonly words: { text: string; place: number }[]
}

function parseOptions(argv: readonly string[], letters: string): Declaration | string {
  const result: Declaration = { on: new Set(), off: new Set(), words: [] }
  let ended = false
  argv.slice(1).forEach((word, i) => {
    if (!ended && word === '--') ended = true
    else if (!ended && result.words.length === 0 && /^[-+]\w+$/.test(word)) {
      for (const letter of word.slice(1)) (word[0] === '-' ? result.on : result.off).add(letter)
    } else result.words.push({ text: word, place: i + 1 })
  })
  for (const letter of [...result.on, ...result.off]) if (!letters.includes(letter)) return letter
  return result
}

export function declare(shell: Shell, argv: readonly string[]): Generator<Wait, number> {
  return declaration(shell, argv, 'aAfFgilnprtux', shell.functionNames.length > 0)
}

export function* local(shell: Shell, argv: readonly string[]): Generator<Wait, number> {
  if (shell.functionNames.length === 0) return shell.complain('local: can only be used in a function')
  return yield* declaration(shell, argv, 'aAilnprux', true)
}

export function* exportBuiltin(shell: Shell, argv: readonly string[]): Generator<Wait, number> {
  if (argv.includes('-n')) {
    for (const name of argv.slice(1)) if (name !== '-n') shell.variables.make(name).exported = false
    return 0
  }
  return yield* declaration(shell, ['export', '-x', ...argv.slice(1)], 'fnpx', false, 1)
}

export function* readonly(shell: Shell, argv: readonly string[]): Generator<Wait, number> {
  return yield* declaration(shell, ['readonly', '-r', ...argv.slice(1)], 'aAfpr', false, 1)
}

/** `shifted`: how many words were put in front of those that the shell expanded. */
function* declaration(shell: Shell, argv: readonly string[], letters: string, isLocal: boolean, shifted = 0): Generator<Wait, number> {
  const [name] = argv
  const parsed = parseOptions(argv, letters)
  if (typeof parsed === 'string') return shell.complain(`${name}: -${parsed}: invalid option`, 2)
  const { on, off, words } = parsed
  if (on.has('f') || on.has('F')) return printFunctions(shell, words.map((word) => word.text), on.has('F'))
  if (words.length === 0 || on.has('p')) return printDeclarations(shell, name, on, words.map((word) => word.text))
  let status = 0
  for (const { text, place } of words) {
    const assignment = shell.arrayArguments.get(place - shifted)
    const match = assignment ? null : /^([A-Za-z_]\w*)(?:\[([^\]]*)\])?(?:(\+?)=([\s\S]*))?$/.exec(text)
    const variableName = assignment?.name ?? match?.[1]
    if (variableName === undefined) {
      status = shell.complain(`${name}: \`${text}': not a valid identifier`)
      continue
    }
    const variable = isLocal && !on.has('g') ? shell.variables.makeLocal(variableName) : shell.variables.make(variableName)
    if (variable.readonly && (assignment || match?.[4] !== undefined)) {
      status = shell.complain(`${name === 'declare' || name === 'local' ? `${name}: ` : ''}${variableName}: readonly variable`)
      continue
    }
    setAttributes(variable, on, off)
    if (assignment) {
      if (variable.kind === 'scalar') toIndexed(variable)
      if (!(yield* performAssignment(shell, assignment))) status = 1
    } else if (match?.[4] !== undefined) {
      const { readonly: wasReadonly, reference } = variable
      variable.readonly = false
      if (reference) variable.value = match[4]
      else assign(shell, variableName, match[2] ?? null, match[4], match[3] === '+')
      variable.readonly = wasReadonly
    }
    if (on.has('r')) variable.readonly = true
  }
  return status
}

function setAttributes(variable: Variable, on: Set<string>, off: Set<string>): void {
  if (on.has('a') && variable.kind === 'scalar') toIndexed(variable)
  if (on.has('A') && variable.kind !== 'associative') {
    variable.kind = 'associative'
    variable.value = new Map<string, string>()
  }
  if (on.has('x')) variable.exported = true
  if (off.has('x')) variable.exported = false
  if (on.has('i')) variable.integer = true
  if (off.has('i')) variable.integer = false
  if (on.has('n')) variable.reference = true
  if (on.has('l')) [variable.lower, variable.upper] = [true, false]
  if (on.has('u')) [variable.lower, variable.upper] = [false, true]
}

function printFunctions(shell: Shell, names: readonly string[], namesOnly: boolean): number {
  let status = 0
  for (const name of names.length > 0 ? names : [...shell.functions.keys()]) {
    const body = shell.functions.get(name)
    if (!body) status = 1
    else shell.proc.print(namesOnly ? (names.length > 0 ? `${name}\n` : `declare -f ${name}\n`) : `${body.source}\n`)
  }
  return status
}

function printDeclarations(shell: Shell, command: string, on: Set<string>, names: readonly string[]): number {
  let status = 0
  const wanted = (variable: Variable): boolean => (!on.has('x') || variable.exported) && (!on.has('r') || variable.readonly)
  for (const name of names.length > 0 ? names : shell.variables.names()) {
    const variable = shell.variables.findDirect(name)
    if (!variable) {
      status = shell.complain(`${command}: ${name}: not found`)
      continue
    }
    if (names.length === 0 && !wanted(variable)) continue
    const value = variable.value === null ? '' : `=${declarationValue(variable)}`
    shell.proc.print(`declare -${attributeLetters(variable)} ${name}${value}\n`)
  }
  return status
}

function attributeLetters(variable: Variable): string {
  const kind = variable.kind === 'indexed' ? 'a' : variable.kind === 'associative' ? 'A' : ''
  const { integer, lower, reference, readonly: fixed, upper, exported } = variable
  const letters = `${kind}${integer ? 'i' : ''}${lower ? 'l' : ''}${reference ? 'n' : ''}${fixed ? 'r' : ''}${upper ? 'u' : ''}${exported ? 'x' : ''}`
  return letters === '' ? '-' : letters
}

export function declarationValue(variable: Variable): string {
  if (variable.kind === 'scalar') return doubleQuoted(typeof variable.value === 'string' ? variable.value : '')
  const key = (each: string): string => (variable.kind === 'indexed' || /^[\w.]+$/.test(each) ? each : backslashQuoted(each) === each ? each : doubleQuoted(each))
  const elements = elementsOf(variable).map(([each, value]) => `[${key(each)}]=${doubleQuoted(value)}`)
  // Associative arrays print with a blank before the closing parenthesis.
  return `(${elements.join(' ')}${variable.kind === 'associative' && elements.length > 0 ? ' ' : ''})`
}

export function unset(shell: Shell, argv: readonly string[]): number {
  let status = 0
  const functionsOnly = argv.includes('-f')
  for (const name of argv.slice(1)) {
    if (name === '-v' || name === '-f' || name === '-n') continue
    const element = /^([A-Za-z_]\w*)\[(.+)\]$/.exec(name)
    if (element && element[2] !== '@' && element[2] !== '*') {
      unsetElement(shell, element[1], element[2].replace(/^(['"])(.*)\1$/, '$2'))
      continue
    }
    const plain = element ? element[1] : name
    if (!functionsOnly && !VARIABLE_NAME.test(plain)) {
      status = shell.functions.delete(plain) ? status : shell.complain(`unset: \`${name}': not a valid identifier`)
      continue
    }
    const variable = functionsOnly ? undefined : shell.variables.find(plain)
    if (variable?.readonly) status = shell.complain(`unset: ${plain}: cannot unset: readonly variable`)
    else if (variable) shell.variables.unset(argv.includes('-n') ? plain : shell.variables.target(plain))
    else if (!argv.includes('-v')) shell.functions.delete(plain)
  }
  return status
}

export function letBuiltin(shell: Shell, argv: readonly string[]): number {
  if (argv.length === 1) return shell.complain('let: expression expected')
  let value: bigint | null = 0n
  for (const expression of argv.slice(1)) {
    value = tryArithmetic(shell, expression, 'let: ')
    if (value === null) return 1
  }
  return value === 0n ? 1 : 0
}
