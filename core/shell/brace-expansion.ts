/** `{a,b}` and `{1..9..2}`: bash(1) Brace Expansion. Works on the parts of a word before anything else is expanded. */
import type { Word, WordPart } from './ast.ts'

/** One unquoted character, or a part that braces do not look into. */
type Token = string | WordPart

const WORDS_MAX = 100_000

export function expandBraces(word: Word): Word[] {
  if (!word.parts.some((part) => part.kind === 'literal' && part.text.includes('{'))) return [word]
  const tokens: Token[] = []
  for (const part of word.parts) {
    if (part.kind === 'literal') tokens.push(...part.text)
    else tokens.push(part)
  }
  const results = expand(tokens)
  return results.length === 1 ? [word] : results.map((each) => ({ parts: join(each), source: word.source }))
}

function expand(tokens: readonly Token[]): Token[][] {
  for (let open = tokens.indexOf('{'); open >= 0; open = tokens.indexOf('{', open + 1)) {
    const close = matching(tokens, open)
    if (close < 0) continue
    const alternatives = commaParts(tokens, open, close) ?? sequence(tokens.slice(open + 1, close))
    if (!alternatives) {
      continue
    }
    const before = tokens.slice(0, open)
    const after = expand(tokens.slice(close + 1))
    const results: Token[][] = []
    for (const alternative of alternatives) {
      for (const middle of expand(alternative)) for (const end of after) results.push([...before, ...middle, ...end])
      if (results.length > WORDS_MAX) return [[...tokens]]
    }
    return results
  }
  return [[...tokens]]
}

function matching(tokens: readonly Token[], open: number): number {
  let depth = 0
  for (let i = open; i < tokens.length; i += 1) {
    if (tokens[i] === '{') depth += 1
    if (tokens[i] === '}') depth -= 1
    if (depth === 0) return i
  }
  return -1
}

function commaParts(tokens: readonly Token[], open: number, close: number): Token[][] | null {
  const parts: Token[][] = [[]]
  let depth = 0
  for (const token of tokens.slice(open + 1, close)) {
    if (token === '{') depth += 1
    if (token === '}') depth -= 1
    if (token === ',' && depth === 0) parts.push([])
    else parts[parts.length - 1].push(token)
  }
  return parts.length > 1 ? parts : null
}

function sequence(tokens: readonly Token[]): Token[][] | null {
  if (!tokens.every((token) => typeof token === 'string')) return null
  const text = tokens.join('')
  const numbers = /^(-?\d+)\.\.(-?\d+)(?:\.\.(-?\d+))?$/.exec(text)
  if (numbers) return numberSequence(numbers[1], numbers[2], numbers[3] ?? '1')
  const letters = /^([A-Za-z])\.\.([A-Za-z])(?:\.\.(-?\d+))?$/.exec(text)
  if (!letters) return null
  const codes = range(letters[1].charCodeAt(0), letters[2].charCodeAt(0), Number(letters[3] ?? '1'))
  return codes.map((code) => [String.fromCharCode(code)])
}

function numberSequence(first: string, last: string, step: string): Token[][] | null {
  // A leading zero asks for a common width.
  const padded = /^-?0\d/.test(first) || /^-?0\d/.test(last)
  const width = padded ? Math.max(first.length, last.length) : 0
  const values = range(Number(first), Number(last), Number(step))
  if (values.length > WORDS_MAX) return null
  return values.map((value) => [...(value < 0 ? `-${String(-value).padStart(width - 1, '0')}` : String(value).padStart(width, '0'))])
}

function range(first: number, last: number, step: number): number[] {
  const size = Math.max(1, Math.abs(step))
  const values: number[] = []
  if (first <= last) for (let i = first; i <= last && values.length <= WORDS_MAX; i += size) values.push(i)
  else for (let i = first; i >= last && values.length <= WORDS_MAX; i -= size) values.push(i)
  return values
}

function join(tokens: readonly Token[]): WordPart[] {
  const parts: WordPart[] = []
  let literal = ''
  for (const token of tokens) {
    if (typeof token === 'string') {
      literal += token
      continue
    }
    if (literal !== '') parts.push({ kind: 'literal', text: literal })
    literal = ''
    parts.push(token)
  }
  if (literal !== '') parts.push({ kind: 'literal', text: literal })
  return parts
}
