/**
 * What becomes of words before a command sees them, in the order of XCU 2.6: braces, tildes, parameters, commands,
 * arithmetic, splitting, pathnames, quote removal.
 */
import type { Wait } from '../linux/wait.ts'
import type { ParameterPart, Word, WordPart } from './ast.ts'
import { expandBraces } from './brace-expansion.ts'
import { FieldBuilder, patternOf } from './fields.ts'
import { globPaths } from './glob.ts'
import { expandParameter } from './parameter-expansion.ts'
import { arithmetic, firstOfIfs, ifsOf, tildeDirectory } from './parameters.ts'
import { isPattern, type PatternText } from './pattern.ts'
import type { Shell } from './shell.ts'
import { commandSubstitution, processSubstitution } from './subshell.ts'

export interface Place {
  /** Inside double quotes. */
  readonly quoted: boolean
  /** Results become several fields. Otherwise everything is one text. */
  readonly split: boolean
  /** In the word of `${x:-word}`: literal text is split like a result. */
  readonly operand: boolean
}

const FIELDS: Place = { quoted: false, split: true, operand: false }
const TEXT: Place = { quoted: false, split: false, operand: false }

/** The arguments of a command. Empty, with `shell.flow` set, after a mistake. */
export function* expandWords(shell: Shell, words: readonly Word[]): Generator<Wait, string[]> {
  const results: string[] = []
  for (const word of words) {
    const only = word.parts.length === 1 ? word.parts[0] : null
    if (only?.kind === 'literal' && !/[{~*?[+@!]/.test(only.text)) {
      results.push(only.text)
      continue
    }
    for (const each of expandBraces(word)) {
      const builder = new FieldBuilder()
      yield* expandInto(shell, builder, tildes(shell, each.parts, /^[A-Za-z_]\w*=/.test(each.source)), FIELDS)
      checkLength(shell, builder)
      if (shell.flow) return []
      for (const field of builder.done()) {
        const pattern = field.marks.includes('0') && !shell.options.noglob ? patternOf(field) : null
        if (!pattern || !isPattern(pattern)) {
          results.push(field.text)
          continue
        }
        const paths = globPaths(shell.proc, pattern, shell.shopt.get('dotglob') === true, shell.shopt.get('globstar') === true)
        if (paths.length > 0) results.push(...paths)
        else if (shell.shopt.get('failglob')) shell.abort(`no match: ${field.text}`)
        else if (!shell.shopt.get('nullglob')) results.push(field.text)
      }
    }
  }
  return results
}

/** One text, without splitting and pathnames: the value of an assignment, a redirection's file, the word of `case`. */
export function* expandText(shell: Shell, word: Word, assignment = false): Generator<Wait, string> {
  if (word.parts.length === 0) return ''
  const only = word.parts.length === 1 ? word.parts[0] : null
  if (only?.kind === 'quoted' || (only?.kind === 'literal' && !only.text.includes('~'))) return only.text
  const builder = new FieldBuilder()
  yield* expandInto(shell, builder, tildes(shell, word.parts, assignment), TEXT)
  checkLength(shell, builder)
  return builder.joined().text
}

/** A pattern: what was quoted stands for itself. */
export function* expandPattern(shell: Shell, word: Word): Generator<Wait, PatternText> {
  const builder = new FieldBuilder()
  yield* expandInto(shell, builder, tildes(shell, word.parts, false), TEXT)
  return patternOf(builder.joined())
}

/** The text of `$((…))` and `((…))`, expanded like a double-quoted string, and its value. */
export function* expandArithmetic(shell: Shell, word: Word): Generator<Wait, bigint> {
  const text = yield* expandExpression(shell, word)
  return shell.flow ? 0n : arithmetic(shell, text)
}

function checkLength(shell: Shell, builder: FieldBuilder): void {
  if (builder.tooLong) shell.abort('xmalloc: cannot allocate memory', 2)
}

export function* expandExpression(shell: Shell, word: Word): Generator<Wait, string> {
  const builder = new FieldBuilder()
  yield* expandInto(shell, builder, word.parts, { quoted: true, split: false, operand: false })
  return builder.joined().text
}

export function* expandInto(shell: Shell, builder: FieldBuilder, parts: readonly WordPart[], place: Place): Generator<Wait, void> {
  for (const part of parts) {
    if (shell.flow) return
    switch (part.kind) {
      case 'literal':
        if (place.operand && place.split && !place.quoted) builder.split(part.text, ifsOf(shell))
        else builder.add(part.text, place.quoted)
        break
      case 'quoted':
        builder.add(part.text, true)
        break
      case 'double':
        // `"$@"` without parameters is nothing at all; anything else in quotes is at least an empty field.
        if (!part.parts.some((each) => each.kind === 'parameter' && isList(each)) || part.parts.length > 1) builder.present()
        yield* expandInto(shell, builder, part.parts, { ...place, quoted: true, operand: false })
        break
      case 'parameter':
        yield* expandParameter(shell, builder, part, place)
        break
      case 'command':
        addResult(shell, builder, yield* commandSubstitution(shell, part.body), place)
        break
      case 'arithmetic':
        addResult(shell, builder, String(yield* expandArithmetic(shell, part.expression)), place)
        break
      case 'process':
        builder.add(yield* processSubstitution(shell, part.direction, part.body), place.quoted)
        break
    }
  }
}

/** Adds the result of an expansion: split when unquoted. */
export function addResult(shell: Shell, builder: FieldBuilder, text: string, place: Place): void {
  if (place.quoted || !place.split) builder.add(text, place.quoted)
  else builder.split(text, ifsOf(shell))
}

/** Adds a list: `"$@"` keeps its elements apart, `"$*"` joins them. */
export function addList(shell: Shell, builder: FieldBuilder, list: readonly string[], star: boolean, place: Place): void {
  if (!place.split || (place.quoted && star)) {
    builder.add(list.join(star ? firstOfIfs(shell) : ' '), place.quoted)
    if (place.quoted && star) builder.present()
    return
  }
  list.forEach((text, i) => {
    if (i > 0) builder.break(place.quoted)
    if (place.quoted) builder.add(text, true)
    else builder.split(text, ifsOf(shell))
  })
}

function isList(part: ParameterPart): boolean {
  return !part.length && (part.name === '@' || part.index === '@' || (part.indirect && part.operator === '@'))
}

/** Replaces `~` at the beginning (in assignments also behind `=` and each `:`) by directories. */
function tildes(shell: Shell, parts: readonly WordPart[], assignment: boolean): readonly WordPart[] {
  if (!parts.some((part) => part.kind === 'literal' && part.text.includes('~'))) return parts
  return parts.flatMap((part, i): WordPart[] => {
    if (part.kind !== 'literal') return [part]
    const ends = i === parts.length - 1
    const pieces: WordPart[] = []
    let rest = part.text
    // The beginning of the word, then what follows `=` or `:`.
    let first = i === 0
    while (rest !== '') {
      const match = first ? /^~([\w+.-]*)(?=$|[/:])/.exec(rest) : null
      const whole = match !== null && (match[0].length < rest.length || ends)
      const directory = whole ? tildeDirectory(shell, match[1]) : null
      if (match && directory !== null) {
        pieces.push({ kind: 'quoted', text: directory })
        rest = rest.slice(match[0].length)
      }
      const stop = assignment ? rest.search(/[=:]~/) : -1
      const end = stop < 0 ? rest.length : stop + 1
      if (end > 0) pieces.push({ kind: 'literal', text: rest.slice(0, end) })
      rest = rest.slice(end)
      first = true
    }
    return pieces
  })
}
