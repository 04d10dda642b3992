/**
 * Regular expressions: Oniguruma's Perl syntax with named groups, translated to ours, and what jq makes of a match. A match of
 * nothing is reported again until the search gets past it, as the program does. Truth: the section on regular expressions of
 * jq(1), 1.6; the "RE" document of Oniguruma. Omits: recursion, stacked quantifiers, conditionals, `\K`, `\X`, the flag `l`; possessive and atomic groups
 * give back what they took.
 */
import { toJson, typeError } from './json-text.ts'
import type { Native } from './natives.ts'
import { codePoints, isArray, isObject, JqError, sliceText, typeOf, type Value } from './value.ts'

const MATCHES_MAX = 1_000_000

interface Flags {
  global: boolean
  ignoreCase: boolean
  extended: boolean
  dotAll: boolean
  notEmpty: boolean
}

function flagsOf(modifiers: Value): Flags {
  const flags: Flags = { global: false, ignoreCase: false, extended: false, dotAll: false, notEmpty: false }
  if (modifiers === null) return flags
  if (typeof modifiers !== 'string') throw typeError(modifiers, 'is not a string')
  for (const letter of modifiers) {
    if (letter === 'g') flags.global = true
    else if (letter === 'i') flags.ignoreCase = true
    else if (letter === 'x') flags.extended = true
    else if (letter === 'm' || letter === 'p') flags.dotAll = true
    else if (letter === 'n') flags.notEmpty = true
    else if (letter !== 's' && letter !== 'l') throw new JqError(`${modifiers} is not a valid modifier string`)
  }
  return flags
}

const CLASSES = new Map([
  ['alnum', '\\p{L}\\p{N}'], ['alpha', '\\p{L}'], ['ascii', '\\x00-\\x7f'], ['blank', ' \\t'], ['cntrl', '\\p{Cc}'], ['digit', '\\p{Nd}'],
  ['graph', '\\x21-\\x7e'], ['lower', '\\p{Ll}'], ['print', '\\x20-\\x7e'], ['punct', '\\p{P}\\p{S}'], ['space', '\\s'], ['upper', '\\p{Lu}'],
  ['xdigit', '0-9A-Fa-f'], ['word', '\\p{L}\\p{M}\\p{N}\\p{Pc}'],
])
const ESCAPES = new Map([
  ['w', '\\p{L}\\p{M}\\p{N}\\p{Pc}'], ['d', '\\p{Nd}'], ['s', '\\s'], ['a', '\\x07'], ['e', '\\x1b'],
])
const ANCHORS = new Map([['A', '(?<![\\s\\S])'], ['z', '(?![\\s\\S])'], ['Z', '(?=\\n?(?![\\s\\S]))'], ['G', '']])

function compile(source: string, flags: Flags): RegExp {
  if (/(?:^|[^\\])(?:\\\\)*\\$/.test(source)) throw new JqError('Regex failure: end pattern at escape')
  const inline = /^\(\?([imx]+)\)/.exec(source)
  const letters = inline?.[1] ?? ''
  const own: Flags = {
    ...flags,
    ignoreCase: flags.ignoreCase || letters.includes('i'),
    dotAll: flags.dotAll || letters.includes('m'),
    extended: flags.extended || letters.includes('x'),
  }
  const translated = translate(source.slice(inline?.[0].length ?? 0), own.extended)
  try {
    return new RegExp(own.notEmpty ? `(?=[\\s\\S])(?:${translated})` : translated, `dgu${own.ignoreCase ? 'i' : ''}${own.dotAll ? 's' : ''}`)
  } catch {
    throw new JqError(`Regex failure: ${complaint(source)}`)
  }
}

/** Oniguruma's words for what is wrong. */
function complaint(source: string): string {
  const bare = source.replace(/\\[^pPk]/g, '__')
  const plain = bare.replace(/\[\^?\]?[^\]]*\]/g, '')
  if (/^\[\^?\][^\]]*$/.test(bare)) return 'empty char-class'
  if (/\[/.test(plain)) return 'premature end of char-class'
  if (plain !== bare && bare.match(/\[[^\]]*\]/g)?.some(backwards)) return 'empty range in char class'
  if (/(?:^|[(|])[*+?]/.test(plain.replace(/\(\?/g, '('))) return 'target of repeat operator is not specified'
  if ([...plain.matchAll(/\{(\d+),(\d+)\}/g)].some((range) => Number(range[1]) > Number(range[2]))) return 'upper is smaller than lower in repeat range'
  const group = /\(\?<(?![=!])(?![A-Za-z_]\w*>)([^>)]*)/.exec(plain)
  if (group) return group[1] === '' ? 'group name is empty' : `invalid group name <${group[1]}>`
  const property = /\\[pP](\{[^}]*\})/.exec(bare)
  if (property) return `invalid character property name ${property[1]}`
  const reference = /\\k<([^>]*)>/.exec(bare)
  if (reference) return `undefined name <${reference[1]}> reference`
  const depth = [...plain].reduce((open, char) => (open < 0 ? open : char === '(' ? open + 1 : char === ')' ? open - 1 : open), 0)
  if (depth > 0) return 'end pattern with unmatched parenthesis'
  return depth < 0 ? 'unmatched close parenthesis' : 'undefined group option'
}

/** Whether a range such as `z-a` stands in a class. */
function backwards(set: string): boolean {
  return [...set.matchAll(/([A-Za-z0-9])-([A-Za-z0-9])/g)].some((range) => range[1] > range[2])
}

function translate(source: string, extended: boolean): string {
  let out = ''
  let at = 0
  while (at < source.length) {
    const char = source[at]
    if (char === '\\') {
      const [text, length] = escape(source, at, false)
      out += text
      at += length
    } else if (char === '[') {
      const [text, length] = charClass(source, at)
      out += text
      at += length
    } else if (char === '^' || char === '$') {
      out += ANCHORS.get(char === '^' ? 'A' : 'Z')
      at += 1
    } else if (source.startsWith('(?#', at)) {
      const end = source.indexOf(')', at)
      at = end < 0 ? source.length : end + 1
    } else if (source.startsWith('(?>', at)) {
      out += '(?:'
      at += 3
    } else if (extended && (/\s/.test(char) || char === '#')) {
      const end = char === '#' ? source.indexOf('\n', at) : at
      at = end < 0 ? source.length : end + 1
    } else {
      out += isPlainBracket(source, at) ? `\\${char}` : char
      at += 1
      // A possessive quantifier.
      if (/[*+?}]/.test(char) && source[at] === '+' && at > 1) at += 1
    }
  }
  return out
}

/** A brace that counts nothing, or a bracket that closes nothing, stands for itself. */
function isPlainBracket(source: string, at: number): boolean {
  if (source[at] === '{') return !/^\{\d+(?:,\d*)?\}/.test(source.slice(at))
  if (source[at] === '}') return !/\{\d+(?:,\d*)?$/.test(source.slice(0, at))
  return source[at] === ']'
}

function escape(source: string, at: number, inClass: boolean): [string, number] {
  const letter = source[at + 1] ?? ''
  const lower = letter.toLowerCase()
  if ('wds'.includes(lower) && letter !== '') {
    const set = ESCAPES.get(lower) as string
    if (letter === lower) return [inClass ? set : `[${set}]`, 2]
    return [inClass && lower !== 's' && lower !== 'd' ? `\\${letter}` : inClass ? (lower === 's' ? '\\S' : '\\P{Nd}') : `[^${set}]`, 2]
  }
  if (!inClass && ANCHORS.has(letter)) return [ANCHORS.get(letter) as string, 2]
  const hex = /^\\x\{([0-9a-fA-F]+)\}/.exec(source.slice(at))
  if (hex) return [`\\u{${hex[1]}}`, hex[0].length]
  const property = /^\\([pP])\{(\^?)(\w+)\}/.exec(source.slice(at))
  if (property) {
    const set = CLASSES.get(property[3].toLowerCase()) ?? `\\p{${property[3]}}`
    const positive = (property[1] === 'p') !== (property[2] === '^')
    return [inClass && positive ? set : `[${positive ? '' : '^'}${set}]`, property[0].length]
  }
  if (ESCAPES.has(letter)) return [ESCAPES.get(letter) as string, 2]
  if (/[bBkntrfv1-9]/.test(letter)) return [`\\${letter}`, 2]
  if (letter === '0') return ['\\x00', 2]
  if (letter === 'x' || letter === 'u') return [`\\${letter}`, 2]
  return [/[\^$\\.*+?()[\]{}|/-]/.test(letter) ? (letter === '-' && !inClass ? '-' : `\\${letter}`) : letter, letter === '' ? 1 : 2]
}

function charClass(source: string, start: number): [string, number] {
  let at = start + 1
  let out = '['
  if (source[at] === '^') {
    out += '^'
    at += 1
  }
  if (source[at] === ']') {
    out += '\\]'
    at += 1
  }
  while (at < source.length && source[at] !== ']') {
    const posix = /^\[:(\^?)(\w+):\]/.exec(source.slice(at))
    if (posix && CLASSES.has(posix[2])) {
      out += CLASSES.get(posix[2])
      at += posix[0].length
    } else if (source[at] === '\\') {
      const [text, length] = escape(source, at, true)
      out += text
      at += length
    } else {
      out += '[(){}/|'.includes(source[at]) ? `\\${source[at]}` : source[at]
      at += 1
    }
  }
  return source[at] === ']' ? [`${out}]`, at + 1 - start] : [out, at - start]
}

function search(input: Value, regex: Value, modifiers: Value, test: boolean): Value {
  if (typeof input !== 'string') throw typeError(input, 'cannot be matched, as it is not a string')
  if (typeof regex !== 'string') throw typeError(regex, 'is not a string')
  const flags = flagsOf(modifiers)
  const pattern = compile(regex, flags)
  const names = groupNames(regex)
  const found: Value[] = []
  let start = 0
  do {
    pattern.lastIndex = start
    const match = pattern.exec(input)
    if (!match) break
    if (test) return true
    if (found.length >= MATCHES_MAX) break
    const empty = match[0] === ''
    const groups = empty ? [] : captured(input, match, names)
    const offset = codePoints(input.slice(0, match.index))
    found.push(new Map<string, Value>([['offset', offset], ['length', codePoints(match[0])], ['string', match[0]], ['captures', groups]]))
    start = empty ? start + 1 : match.index + match[0].length
  } while (flags.global && start < input.length)
  return test ? false : found
}

/** The names of the groups in order, null for those without. */
function groupNames(source: string): (string | null)[] {
  const bare = source.replace(/\\[\s\S]/g, '__').replace(/\[\^?\]?(?:\[:\w+:\]|[^\]])*\]/g, '_')
  return [...bare.matchAll(/\((?!\?)|\(\?P?<([A-Za-z_]\w*)>/g)].map((group) => group[1] ?? null)
}

function captured(input: string, match: RegExpExecArray, names: readonly (string | null)[]): Value[] {
  return match.slice(1).map((text: string | undefined, i): Value => {
    const name = names[i] ?? null
    const place = match.indices?.[i + 1]
    if (text === undefined || !place) return new Map<string, Value>([['offset', -1], ['string', null], ['length', 0], ['name', name]])
    const offset = codePoints(input.slice(0, place[0]))
    if (text === '') return new Map<string, Value>([['offset', offset], ['string', ''], ['length', 0], ['name', name]])
    return new Map<string, Value>([['offset', offset], ['length', codePoints(text)], ['string', text], ['name', name]])
  })
}

function captures(match: Value): Value {
  const named = new Map<string, Value>()
  const groups = isObject(match) ? (match.get('captures') ?? []) : []
  for (const group of isArray(groups) ? groups : []) {
    const name = isObject(group) ? group.get('name') : null
    if (isObject(group) && typeof name === 'string') named.set(name, group.get('string') ?? null)
  }
  return named
}

/** `match` and its kin take an expression, or an array of it and its flags. */
function given(input: Value, part: 0 | 1): Value {
  if (typeof input === 'string') return part === 0 ? input : null
  if (isArray(input) && input.length > part) return input[part]
  if (isArray(input) && input.length > 0) return null
  throw new JqError(`${typeOf(input)} not a string or array`)
}

function cut(text: Value, cuts: Value): Value {
  if (typeof text !== 'string' || !isArray(cuts)) throw new JqError(toJson(text))
  const pieces: string[] = []
  let from = 0
  for (const [offset, length] of cuts as readonly (readonly number[])[]) {
    pieces.push(sliceText(text, from, Math.max(from, offset)))
    from = offset + length
  }
  return [...pieces, sliceText(text, from, Math.max(from, codePoints(text)))]
}

export const MATCHING: readonly [string, Native][] = [
  ['_match/3', (input, [regex, flags, test]) => search(input, regex, flags, test === true)],
  ['_captures/0', captures],
  ['_regex/0', (input) => given(input, 0)],
  ['_flags/0', (input) => given(input, 1)],
  ['_cut/1', (input, [cuts]) => cut(input, cuts)],
  ['_without_g/0', (input) => (typeof input === 'string' ? input.replaceAll('g', '') : input)],
]
