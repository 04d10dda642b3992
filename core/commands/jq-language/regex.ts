/** jq's regular expressions: Oniguruma's syntax as far as the host's expressions share it. Offsets count characters. */
import { JqError } from './jq-error.ts'
import type { JqObject, JqValue } from './json-value.ts'
import { described } from './values.ts'

const MATCHES_MAX = 100_000

/** The matches as jq's `match` describes them; `single` stops at the first. */
export function matches(input: JqValue, pattern: JqValue, flags: JqValue, single: boolean): JqObject[] {
  const [source, letters] = Array.isArray(pattern) ? [pattern[0], pattern[1] ?? flags] : [pattern, flags]
  if (typeof input !== 'string') throw new JqError(`${described(input)} cannot be matched, as it is not a string`)
  if (typeof source !== 'string') throw new JqError(`${described(source)} cannot be matched, as it is not a string`)
  if (letters !== null && typeof letters !== 'string') throw new JqError(`${described(letters)} is not a string`)
  const chosen = letters ?? ''
  const bad = /[^gimnpslx]/.exec(chosen)
  if (bad) throw new JqError(`${chosen} is not a valid modifier string`)
  let regex: RegExp
  try {
    const text = chosen.includes('x') ? source.replace(/\\#|#.*$|\s+/gm, (found) => (found === '\\#' ? '\\#' : '')) : source
    regex = new RegExp(translated(text), `ugd${chosen.includes('i') ? 'i' : ''}${chosen.includes('s') || chosen.includes('p') ? 's' : ''}`)
  } catch {
    throw new JqError(`${source} (at offset 0) is not a valid regex: invalid pattern`)
  }
  const found: JqObject[] = []
  const global = chosen.includes('g') && !single
  for (const match of input.matchAll(regex)) {
    if (chosen.includes('n') && match[0] === '') continue
    found.push(matchObject(input, match as RegExpExecArray))
    if (!global || found.length >= MATCHES_MAX) break
  }
  return found
}

function matchObject(input: string, match: RegExpExecArray): JqObject {
  const place = (at: number): number => [...input.slice(0, at)].length
  const names = new Map<number, string>()
  const groups = match.indices?.groups
  for (const [name, range] of Object.entries(groups ?? {})) {
    const index = (match.indices ?? []).findIndex((one, i) => i > 0 && !names.has(i) && (range === undefined ? one === undefined : one?.[0] === range[0] && one?.[1] === range[1]))
    if (index > 0) names.set(index, name)
  }
  const captures = match.slice(1).map((captured: string | undefined, i): JqValue => {
    const range = match.indices?.[i + 1]
    return new Map<string, JqValue>([
      ['offset', range ? place(range[0]) : -1],
      ['length', captured === undefined ? 0 : [...captured].length],
      ['string', captured ?? null],
      ['name', names.get(i + 1) ?? null],
    ])
  })
  return new Map<string, JqValue>([['offset', place(match.index)], ['length', [...match[0]].length], ['string', match[0]], ['captures', captures]])
}

/** POSIX classes and escapes that the host's unicode mode does not take as they are. */
function translated(source: string): string {
  return source
    .replace(/\[:(alpha|digit|alnum|upper|lower|space|punct|xdigit):\]/g, (_, name: string) => ({ alpha: 'A-Za-z', digit: '0-9', alnum: 'A-Za-z0-9', upper: 'A-Z', lower: 'a-z', space: '\\s', punct: '!-\\/:-@\\[-`{-~', xdigit: '0-9A-Fa-f' })[name] as string)
    .replace(/\\A/g, '^')
    .replace(/\\[zZ]/g, '$')
    .replace(/\\h/g, '[0-9a-fA-F]')
    .replace(/\\([^A-Za-z0-9^$\\.*+?()[\]{}|/-])/g, '$1')
    .replace(/(^|[^\\])\\-/g, '$1-')
}
