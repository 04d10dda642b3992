/** `$name` and `${name…}` with all their operators: XCU 2.6.2, bash(1) Parameter Expansion. */
import type { Wait } from '../linux/wait.ts'
import type { ParameterPart, Word } from './ast.ts'
import { addList, addResult, expandArithmetic, expandInto, expandPattern, expandText, type Place } from './expansion.ts'
import type { FieldBuilder } from './fields.ts'
import { assign, getElement, getElements, getParameter } from './parameters.ts'
import { Pattern } from './pattern.ts'
import { expandPrompt } from './prompt.ts'
import { doubleQuoted, singleQuoted } from './quoting.ts'
import type { Shell } from './shell.ts'
import { ansiEscape } from './word-parser.ts'

/** What a parameter is before its operator works on it: a text, a list, or unset. */
interface Value {
  readonly text: string | undefined
  readonly list: readonly string[] | null
  readonly star: boolean
}

export function* expandParameter(shell: Shell, builder: FieldBuilder, original: ParameterPart, place: Place): Generator<Wait, void> {
  let part = original
  if (part.operator === 'bad') {
    shell.abort(`${part.source}: bad substitution`)
    return
  }
  if (part.indirect) {
    const listed = namesOrKeys(shell, part)
    if (listed) {
      addList(shell, builder, listed, part.index === '*', place)
      return
    }
    const pointed = indirection(shell, part)
    if (!pointed) return
    part = pointed
  }
  const value = yield* currentValue(shell, part)
  if (shell.flow) return
  if (part.length) {
    const length = value.list ? value.list.length : [...(value.text ?? '')].length
    if (value.text === undefined && !value.list && unbound(shell, part)) return
    addResult(shell, builder, String(length), place)
    return
  }
  const { operator } = part
  if (operator === '-' || operator === '+' || operator === '=' || operator === '?') {
    yield* conditional(shell, builder, part, value, place)
    return
  }
  if (value.text === undefined && !value.list) {
    if (operator !== '@' && unbound(shell, part)) return
    return
  }
  if (operator === ':') {
    yield* substring(shell, builder, part, value, place)
    return
  }
  const change = operator === '' ? null : yield* changeOf(shell, part)
  if (shell.flow) return
  if (value.list) addList(shell, builder, change ? value.list.map(change) : value.list, value.star, place)
  else addResult(shell, builder, change ? change(value.text as string) : (value.text as string), place)
}

/** `${!a[@]}` gives keys, `${!prefix@}` names. */
function namesOrKeys(shell: Shell, part: ParameterPart): string[] | null {
  if (part.index === '@' || part.index === '*') return getElements(shell, part.name).map(([key]) => key)
  if (part.operator === '@' && part.word?.parts.length === 0) return shell.variables.names().filter((name) => name.startsWith(part.name))
  return null
}

/** `${!x}`: the parameter whose name `x` holds. */
function indirection(shell: Shell, part: ParameterPart): ParameterPart | null {
  const direct = shell.variables.findDirect(part.name)
  const target = direct?.reference ? part.name : getParameter(shell, part.name)
  const match = /^([A-Za-z_]\w*|\d+|[@*#?$!-])(?:\[(.+)\])?$/.exec(target ?? '')
  if (!match) {
    shell.abort(target === undefined ? `${part.name}: invalid indirect expansion` : `${target}: invalid variable name`)
    return null
  }
  const [, name, subscript] = match
  const index =
    subscript === undefined ? null : subscript === '@' || subscript === '*' ? subscript : textWord(subscript)
  return { ...part, name, index, indirect: false }
}

function textWord(text: string): Word {
  return { parts: [{ kind: 'quoted', text }], source: text }
}

function* currentValue(shell: Shell, part: ParameterPart): Generator<Wait, Value> {
  const { name, index } = part
  if (index === '@' || index === '*') {
    const list = getElements(shell, name).map(([, value]) => value)
    return { text: undefined, list, star: index === '*' }
  }
  if (index) return { text: getElement(shell, name, yield* expandText(shell, index)), list: null, star: false }
  if (name === '@' || name === '*') return { text: undefined, list: shell.positional, star: name === '*' }
  return { text: getParameter(shell, name), list: null, star: false }
}

/** True (and the line is aborted) when `set -u` forbids an unset parameter. */
function unbound(shell: Shell, part: ParameterPart): boolean {
  if (!shell.options.nounset) return false
  const subscript = part.index === null ? '' : `[${typeof part.index === 'string' ? part.index : part.index.source}]`
  shell.abort(`${part.name}${subscript}: unbound variable`, 127)
  return true
}

function* conditional(shell: Shell, builder: FieldBuilder, part: ParameterPart, value: Value, place: Place): Generator<Wait, void> {
  const text = value.list ? (value.list.length === 0 ? undefined : value.list.join(' ')) : value.text
  const missing = text === undefined || (part.colon && text === '')
  const word = part.word ?? textWord('')
  if (part.operator === '+') {
    if (!missing) yield* expandInto(shell, builder, word.parts, { ...place, operand: true })
    return
  }
  if (!missing) {
    if (value.list) addList(shell, builder, value.list, value.star, place)
    else addResult(shell, builder, text as string, place)
    return
  }
  if (part.operator === '-') {
    yield* expandInto(shell, builder, word.parts, { ...place, operand: true })
    return
  }
  const replacement = yield* expandText(shell, word, true)
  if (part.operator === '=') {
    if (!/^[A-Za-z_]/.test(part.name)) {
      shell.abort(`$${part.name}: cannot assign in this way`)
      return
    }
    const subscript = part.index && typeof part.index !== 'string' ? yield* expandText(shell, part.index) : null
    if (assign(shell, part.name, subscript, replacement)) addResult(shell, builder, replacement, place)
    return
  }
  const message = replacement !== '' ? replacement : part.colon ? 'parameter null or not set' : 'parameter not set'
  shell.abort(`${part.name}: ${message}`, 127)
}

function* substring(shell: Shell, builder: FieldBuilder, part: ParameterPart, value: Value, place: Place): Generator<Wait, void> {
  const offset = Number(yield* expandArithmetic(shell, part.word ?? textWord('0')))
  const wanted = part.second ? Number(yield* expandArithmetic(shell, part.second)) : null
  if (shell.flow) return
  if (value.list) {
    // For `$@`, index 0 is the shell's name.
    const isPositional = part.name === '@' || part.name === '*'
    const all = isPositional ? [shell.name, ...value.list] : value.list
    const start = offset < 0 ? all.length + offset : isPositional && offset === 0 && wanted === null ? 0 : offset
    const list = start < 0 ? [] : all.slice(start, wanted === null ? undefined : start + Math.max(0, wanted))
    addList(shell, builder, list, value.star, place)
    return
  }
  const chars = [...(value.text as string)]
  const start = offset < 0 ? chars.length + offset : offset
  if (start < 0 || start > chars.length) return
  let end = chars.length
  if (wanted !== null) end = wanted < 0 ? chars.length + wanted : start + wanted
  if (end < start) {
    shell.abort(`${part.second?.source}: substring expression < 0`)
    return
  }
  addResult(shell, builder, chars.slice(start, end).join(''), place)
}

/** The function that an operator applies to a text (or to each element of a list). */
function* changeOf(shell: Shell, part: ParameterPart): Generator<Wait, (text: string) => string> {
  const word = part.word ?? textWord('')
  const { operator } = part
  if (operator === '@') return transformation(shell, part, word.source)
  const pattern = new Pattern(yield* expandPattern(shell, word))
  switch (operator) {
    case '#':
    case '##':
      return (text) => text.slice(Math.max(0, pattern.affix(text, 'prefix', operator === '##')))
    case '%':
    case '%%':
      return (text) => text.slice(0, text.length - Math.max(0, pattern.affix(text, 'suffix', operator === '%%')))
    case '^':
    case '^^':
    case ',':
    case ',,': {
      const all = operator.length === 2
      const fits = word.parts.length === 0 ? () => true : (char: string) => pattern.matches(char)
      const change = (char: string): string => (operator[0] === '^' ? char.toUpperCase() : char.toLowerCase())
      return (text) => [...text].map((char, i) => ((all || i === 0) && fits(char) ? change(char) : char)).join('')
    }
    default: {
      const replacement = part.second ? yield* expandText(shell, part.second) : ''
      if (word.parts.length === 0) return (text) => text
      return (text) => substitute(text, pattern, operator, replacement)
    }
  }
}

function substitute(text: string, pattern: Pattern, operator: string, replacement: string): string {
  if (operator === '/#') {
    const length = pattern.affix(text, 'prefix', true)
    return length < 0 ? text : replacement + text.slice(length)
  }
  if (operator === '/%') {
    const length = pattern.affix(text, 'suffix', true)
    return length < 0 ? text : text.slice(0, text.length - length) + replacement
  }
  let result = ''
  let at = 0
  while (at <= text.length) {
    const length = pattern.longestAt(text, at)
    if (length > 0 || (length === 0 && text === '')) {
      result += replacement
      at += length
      if (operator === '/' || at >= text.length) return result + text.slice(at)
    } else {
      result += text[at] ?? ''
      at += 1
    }
  }
  return result
}

/** `${x@Q}` and its kin. */
function transformation(shell: Shell, part: ParameterPart, letter: string): (text: string) => string {
  switch (letter) {
    case 'Q':
      return singleQuoted
    case 'U':
      return (text) => text.toUpperCase()
    case 'u':
      return (text) => text.slice(0, 1).toUpperCase() + text.slice(1)
    case 'L':
      return (text) => text.toLowerCase()
    case 'E':
      return decodeEscapes
    case 'P':
      return (text) => expandPrompt(shell, text)
    case 'A':
      return (text) => `${part.name}=${singleQuoted(text)}`
    case 'K':
      return doubleQuoted
    case 'a': {
      const variable = shell.variables.find(part.name)
      const kind = variable?.kind === 'indexed' ? 'a' : variable?.kind === 'associative' ? 'A' : ''
      const flags = `${kind}${variable?.integer ? 'i' : ''}${variable?.readonly ? 'r' : ''}${variable?.exported ? 'x' : ''}`
      return () => flags
    }
    default:
      shell.abort(`${part.source}: bad substitution`)
      return (text) => text
  }
}

function decodeEscapes(text: string): string {
  let result = ''
  for (let at = 0; at < text.length; at += 1) {
    if (text[at] !== '\\') {
      result += text[at]
      continue
    }
    const [decoded, used] = ansiEscape(text, at + 1)
    result += decoded
    at += used
  }
  return result
}
