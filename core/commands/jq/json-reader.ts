/**
 * Reads a stream of JSON texts piece by piece, as they come out of a pipe, with the complaints of jq's own parser: they count
 * columns in bytes from the last newline. Truth: RFC 8259 for the grammar; jq 1.6 for what it lets through (`nan`, `+1`, `01`).
 * Omits: the resynchronisation of `--seq`, byte order marks in the middle of a text.
 */
import type { Value } from './value.ts'

const DEPTH_MAX = 256

type Frame = { kind: 'array'; items: Value[] } | { kind: 'object'; fields: Map<string, Value> } | { kind: 'key'; key: string }

/** A value that is complete, or why there is none; null asks for more text. */
export type Reading = { value: Value } | { error: string } | null

class Complaint {
  readonly message: string

  constructor(message: string) {
    this.message = message
  }
}

export class JsonReader {
  #text = ''
  #at = 0
  #line = 1
  #column = 0
  #stack: Frame[] = []
  /** What was read last and has no place yet; undefined when there is nothing. */
  #next: Value | undefined = undefined
  #token = ''
  #state: 'normal' | 'string' | 'escape' = 'normal'
  #started = false
  #ended = false

  /** Whether text is left from the last piece. */
  get remaining(): boolean {
    return this.#at < this.#text.length
  }

  feed(text: string): void {
    this.#text = !this.#started && text.startsWith('\ufeff') ? text.slice(1) : text
    this.#started ||= text !== ''
    this.#at = 0
  }

  /** The next complete value of what was fed. `last`: nothing more will be fed. */
  read(last: boolean): Reading {
    if (this.#ended) return null
    try {
      while (this.#at < this.#text.length) {
        const char = this.#text[this.#at]
        this.#at += 1
        this.#count(char)
        const value = this.#scan(char)
        if (value !== undefined) return { value }
      }
      if (!last) return null
      this.#ended = true
      return this.#finish()
    } catch (error) {
      if (!(error instanceof Complaint)) throw error
      const atEnd = this.#ended ? ' at EOF' : ''
      const message = `${error.message}${atEnd} at line ${this.#line}, column ${this.#column}`
      this.#reset()
      return { error: message }
    }
  }

  /** What was fed is lost; the next piece begins anew. */
  #reset(): void {
    this.#at = this.#text.length
    this.#stack = []
    this.#next = undefined
    this.#token = ''
    this.#state = 'normal'
  }

  #count(char: string): void {
    if (char === '\n') {
      this.#line += 1
      this.#column = 0
      return
    }
    const code = char.charCodeAt(0)
    // Each half of a surrogate pair stands for two of the four bytes.
    this.#column += code < 0x80 ? 1 : code < 0x800 || (code >= 0xd800 && code <= 0xdfff) ? 2 : 3
  }

  #finish(): Reading {
    if (this.#state !== 'normal') throw new Complaint('Unfinished string')
    this.#literal()
    if (this.#stack.length > 0) throw new Complaint('Unfinished JSON term')
    return this.#next === undefined ? null : { value: this.#take() }
  }

  #take(): Value {
    const value = this.#next as Value
    this.#next = undefined
    return value
  }

  /** The value at the top that this character completes. */
  #scan(char: string): Value | undefined {
    if (this.#state !== 'normal') {
      if (this.#state === 'string' && char === '"') {
        this.#state = 'normal'
        const text = this.#token
        this.#token = ''
        this.#value(unescape(text))
        return this.#complete()
      }
      this.#token += char
      this.#state = this.#state === 'string' && char === '\\' ? 'escape' : 'string'
      return undefined
    }
    const space = char === ' ' || char === '\t' || char === '\r' || char === '\n'
    if (!space && !'"[{:,]}'.includes(char)) {
      this.#token += char
      return undefined
    }
    this.#literal()
    const value = this.#complete()
    if (char === '"') this.#state = 'string'
    else if (!space) this.#structure(char)
    return value === undefined ? this.#complete() : value
  }

  #complete(): Value | undefined {
    return this.#stack.length === 0 && this.#next !== undefined ? this.#take() : undefined
  }

  #value(value: Value): void {
    if (this.#next !== undefined) throw new Complaint('Expected separator between values')
    this.#next = value
  }

  #literal(): void {
    if (this.#token === '') return
    const value = literalValue(this.#token)
    if (typeof value === 'string') throw new Complaint(value)
    this.#token = ''
    this.#value(value)
  }

  #structure(char: string): void {
    const top = this.#stack.at(-1)
    switch (char) {
      case '[':
      case '{':
        if (this.#stack.length >= DEPTH_MAX) throw new Complaint('Exceeds depth limit for parsing')
        if (this.#next !== undefined) throw new Complaint('Expected separator between values')
        this.#stack.push(char === '[' ? { kind: 'array', items: [] } : { kind: 'object', fields: new Map() })
        return
      case ':':
        if (this.#next === undefined) throw new Complaint("Expected string key before ':'")
        if (top?.kind !== 'object') throw new Complaint("':' not as part of an object")
        if (typeof this.#next !== 'string') throw new Complaint('Object keys must be strings')
        this.#stack.push({ kind: 'key', key: this.#take() as string })
        return
      case ',':
        if (this.#next === undefined) throw new Complaint("Expected value before ','")
        if (!top) throw new Complaint("',' not as part of an object or array")
        this.#place(top)
        return
      case ']':
        if (top?.kind !== 'array') throw new Complaint("Unmatched ']'")
        if (this.#next !== undefined) top.items.push(this.#take())
        else if (top.items.length > 0) throw new Complaint('Expected another array element')
        this.#stack.pop()
        this.#next = top.items
        return
      default:
        this.#closeObject(top)
    }
  }

  #place(top: Frame): void {
    if (top.kind === 'array') top.items.push(this.#take())
    else if (top.kind === 'key') this.#field(top.key)
    else throw new Complaint('Objects must consist of key:value pairs')
  }

  #field(key: string): void {
    this.#stack.pop()
    const object = this.#stack.at(-1)
    if (object?.kind === 'object') object.fields.set(key, this.#take())
  }

  #closeObject(top: Frame | undefined): void {
    if (!top) throw new Complaint("Unmatched '}'")
    if (this.#next !== undefined) {
      if (top.kind !== 'key') throw new Complaint('Objects must consist of key:value pairs')
      this.#field(top.key)
    } else {
      if (top.kind !== 'object') throw new Complaint("Unmatched '}'")
      if (top.fields.size > 0) throw new Complaint('Expected another key-value pair')
    }
    const object = this.#stack.pop()
    if (object?.kind === 'object') this.#next = object.fields
  }
}

/** The value of a bare word, or the complaint about it. */
function literalValue(token: string): Value {
  if (token === 'true') return true
  if (token === 'false') return false
  if (token === 'null') return null
  if (token === 'nan') return Number.NaN
  if (/^[tfn]/.test(token)) return 'Invalid literal'
  if (/^[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?$/.test(token)) return Number(token)
  const word = /^([+-]?)(nan|inf|infinity)$/i.exec(token)
  if (!word) return 'Invalid numeric literal'
  return word[2].toLowerCase() === 'nan' ? Number.NaN : word[1] === '-' ? -Infinity : Infinity
}

const ESCAPES = new Map([['\\', '\\'], ['"', '"'], ['/', '/'], ['b', '\b'], ['f', '\f'], ['t', '\t'], ['n', '\n'], ['r', '\r']])

function unescape(text: string): string {
  if (/[\x01-\x1e]/.test(text.replace(/\\[\s\S]/g, ''))) {
    throw new Complaint('Invalid string: control characters from U+0000 through U+001F must be escaped')
  }
  if (!text.includes('\\')) return text
  const parts: string[] = []
  for (let at = 0; at < text.length; at += 1) {
    if (text[at] !== '\\') {
      parts.push(text[at])
      continue
    }
    at += 1
    const simple = ESCAPES.get(text[at])
    if (simple !== undefined) {
      parts.push(simple)
      continue
    }
    if (text[at] !== 'u') throw new Complaint('Invalid escape')
    const code = unit(text, at + 1, 'Invalid \\uXXXX escape')
    at += 4
    if (code >= 0xd800 && code <= 0xdbff) {
      const low = /^\\u[dD][c-fC-F][0-9a-fA-F]{2}/.exec(text.slice(at + 1))
      if (!low) throw new Complaint('Invalid \\uXXXX\\uXXXX surrogate pair escape')
      parts.push(String.fromCharCode(code, Number.parseInt(low[0].slice(2), 16)))
      at += 6
    } else parts.push(code >= 0xdc00 && code <= 0xdfff ? '\ufffd' : String.fromCharCode(code))
  }
  return parts.join('')
}

function unit(text: string, at: number, complaint: string): number {
  if (at + 4 > text.length) throw new Complaint(complaint)
  const digits = text.slice(at, at + 4)
  if (!/^[0-9a-fA-F]{4}$/.test(digits)) throw new Complaint('Invalid characters in \\uXXXX escape')
  return Number.parseInt(digits, 16)
}

/** One JSON text, or the complaint, as `fromjson` words it. */
export function parseJson(text: string): { value: Value } | { error: string } {
  const reader = new JsonReader()
  reader.feed(text)
  const first = reader.read(true)
  const result = first === null ? { error: 'Expected JSON value' } : first
  if ('error' in result) return { error: `${result.error} (while parsing '${text}')` }
  const second = reader.read(true)
  if (second === null) return result
  return { error: `${'error' in second ? second.error : 'Unexpected extra JSON values'} (while parsing '${text}')` }
}

/** All JSON texts of a file. */
export function parseJsonTexts(text: string): { values: Value[] } | { error: string } {
  const reader = new JsonReader()
  reader.feed(text)
  const values: Value[] = []
  for (;;) {
    const next = reader.read(true)
    if (next === null) return { values }
    if ('error' in next) return next
    values.push(next.value)
  }
}
