/**
 * POSIX extended regular expressions for `[[ =~ ]]`, as JavaScript's: regex(7).
 *
 * Omits: leftmost-longest choice between alternatives (JavaScript takes the first that matches), collating symbols, back references.
 */
import type { PatternText } from './pattern.ts'

const CLASSES = new Map([
  ['alpha', 'A-Za-z'], ['digit', '0-9'], ['alnum', 'A-Za-z0-9'], ['upper', 'A-Z'], ['lower', 'a-z'], ['space', '\\s'], ['blank', ' \\t'],
  ['punct', '!-\\/:-@\\[-`{-~'], ['print', ' -~'], ['graph', '!-~'], ['cntrl', '\\x00-\\x1f\\x7f'], ['xdigit', '0-9A-Fa-f'],
])

/** Null when it is no regular expression. */
export function compileExtendedRegex(pattern: PatternText, ignoreCase: boolean): RegExp | null {
  let source = ''
  const { text, quoted } = pattern
  for (let i = 0; i < text.length; i += 1) {
    const char = text[i]
    if (quoted?.[i]) {
      source += char.replace(/[\\^$.*+?()[\]{}|/]/g, '\\$&')
      continue
    }
    if (char === '[') {
      const set = bracket(text, i)
      if (!set) return null
      source += set.source
      i = set.end
    } else if (char === '\\') {
      i += 1
      source += i < text.length ? text[i].replace(/[^\w<>]/g, '\\$&') : ''
    } else if (char === '{' && !/^\{\d+(?:,\d*)?\}/.test(text.slice(i))) source += '\\{'
    else if (char === '}' && !/\{\d+(?:,\d*)?$/.test(text.slice(0, i))) source += '\\}'
    else source += char
  }
  try {
    return new RegExp(source, ignoreCase ? 'i' : '')
  } catch {
    return null
  }
}

function bracket(text: string, start: number): { source: string; end: number } | null {
  let at = start + 1
  let source = '['
  if (text[at] === '^') {
    source += '^'
    at += 1
  }
  for (let first = true; at < text.length; first = false, at += 1) {
    if (text[at] === ']' && !first) return { source: `${source}]`, end: at }
    const named = /^\[:(\w+):\]/.exec(text.slice(at, at + 12))
    const members = named && CLASSES.get(named[1])
    if (named && members) {
      source += members
      at += named[0].length - 1
    } else source += '\\[]^'.includes(text[at]) ? `\\${text[at]}` : text[at]
  }
  return null
}
