/**
 * Option parsing of GNU programs: getopt_long(3) with its permutation of operands, its abbreviations of long names and its
 * complaints, word for word.
 */

/** What a program understands. */
export interface OptionSpec {
  /** As getopt's: `n:` takes a value, `i::` may have one attached; a leading `+` stops at the first operand. */
  short: string
  /** Long name → key under which it is stored (usually the short letter). `name=` takes a value, `name=?` may have one. */
  long?: Readonly<Record<string, string>>
  /** ip(8), find(1) and old programs spell long names with one dash. */
  singleDash?: boolean
}

export interface ParsedOption {
  key: string
  value: string
}

export class Options {
  /** In the order given. */
  readonly ordered: ParsedOption[] = []
  readonly operands: string[] = []

  has(...keys: string[]): boolean {
    return this.ordered.some((option) => keys.includes(option.key))
  }

  /** The last value given. */
  value(key: string): string | undefined {
    for (let i = this.ordered.length - 1; i >= 0; i -= 1) if (this.ordered[i].key === key) return this.ordered[i].value
    return undefined
  }

  values(key: string): string[] {
    return this.ordered.filter((option) => option.key === key).map((option) => option.value)
  }

  count(key: string): number {
    return this.ordered.filter((option) => option.key === key).length
  }

  /** Of these keys the one given last, for options that override each other. */
  last(...keys: string[]): string | undefined {
    for (let i = this.ordered.length - 1; i >= 0; i -= 1) if (keys.includes(this.ordered[i].key)) return this.ordered[i].key
    return undefined
  }
}

interface LongOption {
  name: string
  key: string
  takes: 'none' | 'value' | 'maybe'
}

/** The parsed words after the command's name, or getopt's complaint (one line without its newline). */
export function parseOptions(command: string, words: readonly string[], spec: OptionSpec): Options | string {
  const options = new Options()
  const longs = longOptions(spec)
  const stopAtOperand = spec.short.startsWith('+')
  const letters = shortOptions(spec.short)
  for (let at = 0; at < words.length; at += 1) {
    const word = words[at]
    if (word === '--') {
      options.operands.push(...words.slice(at + 1))
      break
    }
    if (word === '-' || !word.startsWith('-')) {
      if (stopAtOperand) {
        options.operands.push(...words.slice(at))
        break
      }
      options.operands.push(word)
      continue
    }
    const long = word.startsWith('--') ? word.slice(2) : spec.singleDash && word.length > 2 ? word.slice(1) : null
    if (long !== null) {
      const dashes = word.startsWith('--') ? '--' : '-'
      const equals = long.indexOf('=')
      const name = equals < 0 ? long : long.slice(0, equals)
      const found = findLong(longs, name)
      if (typeof found === 'string') return `${command}: ${found === '' ? `unrecognized option '${word}'` : found}`
      if (found.takes === 'none' && equals >= 0) return `${command}: option '${dashes}${found.name}' doesn't allow an argument`
      if (found.takes === 'value' && equals < 0) {
        at += 1
        if (at >= words.length) return `${command}: option '${dashes}${found.name}' requires an argument`
        options.ordered.push({ key: found.key, value: words[at] })
      } else options.ordered.push({ key: found.key, value: equals < 0 ? '' : long.slice(equals + 1) })
      continue
    }
    for (let i = 1; i < word.length; i += 1) {
      const letter = word[i]
      const takes = letters.get(letter)
      if (takes === undefined) return `${command}: invalid option -- '${letter}'`
      if (takes === 'none') {
        options.ordered.push({ key: letter, value: '' })
        continue
      }
      let value = word.slice(i + 1)
      if (value === '' && takes === 'value') {
        at += 1
        if (at >= words.length) return `${command}: option requires an argument -- '${letter}'`
        value = words[at]
      }
      options.ordered.push({ key: letter, value })
      break
    }
  }
  return options
}

function shortOptions(short: string): Map<string, LongOption['takes']> {
  const letters = new Map<string, LongOption['takes']>()
  for (let i = short.startsWith('+') ? 1 : 0; i < short.length; i += 1) {
    if (short[i] === ':') continue
    letters.set(short[i], short[i + 1] !== ':' ? 'none' : short[i + 2] === ':' ? 'maybe' : 'value')
  }
  return letters
}

function longOptions(spec: OptionSpec): LongOption[] {
  return Object.entries(spec.long ?? {}).map(([text, key]) => {
    if (text.endsWith('=?')) return { name: text.slice(0, -2), key, takes: 'maybe' }
    return text.endsWith('=') ? { name: text.slice(0, -1), key, takes: 'value' } : { name: text, key, takes: 'none' }
  })
}

/** '' when there is none; a complaint when the abbreviation fits several with different meanings. */
function findLong(longs: readonly LongOption[], name: string): LongOption | string {
  const exact = longs.find((option) => option.name === name)
  if (exact) return exact
  const fits = longs.filter((option) => option.name.startsWith(name))
  if (fits.length === 0) return ''
  if (fits.every((option) => option.key === fits[0].key)) return fits[0]
  return `option '--${name}' is ambiguous; possibilities: ${fits.map((option) => `'--${option.name}'`).join(' ')}`
}

/** A whole decimal number, or null. */
export function wholeNumber(text: string): number | null {
  return /^[+-]?\d{1,15}$/.test(text) ? Number(text) : null
}

/** A decimal number such as `0.2`, or null. */
export function decimalNumber(text: string): number | null {
  return /^[+-]?(\d{1,15}(\.\d*)?|\.\d+)$/.test(text) ? Number(text) : null
}
