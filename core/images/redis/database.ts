/**
 * The keys of a Redis server and what commands do with them. An answer is RESP text.
 *
 * Omits: data types beyond strings, counters, lists, hashes and sets; numbered databases; eviction; most options of commands.
 */
import { byText } from '../../base/text-order.ts'
import { bulk, list, number } from './resp.ts'

type Value = string | string[] | Map<string, string> | Set<string>

/** Commands that change something: a replica refuses them, a leader passes them on. */
const WRITES = new Set([
  'SET',
  'SETNX',
  'SETEX',
  'MSET',
  'APPEND',
  'DEL',
  'INCR',
  'DECR',
  'INCRBY',
  'DECRBY',
  'LPUSH',
  'RPUSH',
  'LPOP',
  'RPOP',
  'HSET',
  'SADD',
  'EXPIRE',
  'FLUSHALL',
  'FLUSHDB',
])
const WRONG_TYPE = '-WRONGTYPE Operation against a key holding the wrong kind of value\r\n'
const OK = '+OK\r\n'

export function isWrite(name: string): boolean {
  return WRITES.has(name.toUpperCase())
}

export class Database {
  readonly #values = new Map<string, Value>()
  readonly #expiresUs = new Map<string, number>()
  readonly #nowUs: () => number

  constructor(nowUs: () => number) {
    this.#nowUs = nowUs
  }

  get size(): number {
    return this.#values.size
  }

  clear(): void {
    this.#values.clear()
    this.#expiresUs.clear()
  }

  /** Commands that make an empty database equal to this one. */
  snapshot(): string[][] {
    return [...this.#values].map(([key, value]) => {
      if (typeof value === 'string') return ['SET', key, value]
      if (Array.isArray(value)) return ['RPUSH', key, ...value]
      if (value instanceof Set) return ['SADD', key, ...value]
      return ['HSET', key, ...[...value].flat()]
    })
  }

  /** Null for a command that is not about keys. */
  execute(words: readonly string[]): string | null {
    const name = (words[0] ?? '').toUpperCase()
    const args = words.slice(1)
    const [key = '', second = '', third = ''] = args
    this.#expire(args)
    const value = this.#values.get(key)
    const text = typeof value === 'string' ? value : undefined
    switch (name) {
      case 'SET':
        if (args.length < 2) return wrongNumber(words[0])
        return this.#set(key, second, args[2]?.toUpperCase() === 'EX' ? Number(args[3]) : 0)
      case 'SETEX':
        return this.#set(key, third, Number(second))
      case 'SETNX':
        if (value !== undefined) return number(0)
        this.#values.set(key, second)
        return number(1)
      case 'GET':
        if (args.length !== 1) return wrongNumber(words[0])
        return value !== undefined && text === undefined ? WRONG_TYPE : bulk(text)
      case 'MSET':
        for (let i = 0; i + 1 < args.length; i += 2) this.#values.set(args[i], args[i + 1])
        return OK
      case 'MGET':
        return list(args.map((each) => this.#text(each)))
      case 'APPEND':
        this.#values.set(key, (text ?? '') + second)
        return number((text ?? '').length + second.length)
      case 'DEL':
        return number(args.filter((each) => this.#values.delete(each)).length)
      case 'EXISTS':
        return number(args.filter((each) => this.#values.has(each)).length)
      case 'INCR':
        return this.#count(key, 1)
      case 'DECR':
        return this.#count(key, -1)
      case 'INCRBY':
        return this.#count(key, Number(second))
      case 'DECRBY':
        return this.#count(key, -Number(second))
      case 'TYPE':
        return `+${typeOf(value)}\r\n`
      case 'KEYS':
        return list([...this.#values.keys()].filter((each) => matches(each, key)).sort(byText))
      case 'DBSIZE':
        return number(this.#values.size)
      case 'FLUSHALL':
      case 'FLUSHDB':
        this.clear()
        return OK
      case 'EXPIRE':
        if (value === undefined) return number(0)
        this.#expiresUs.set(key, this.#nowUs() + Number(second) * 1_000_000)
        return number(1)
      case 'TTL':
        return number(this.#ttl(key))
      case 'LPUSH':
      case 'RPUSH':
        return this.#push(key, name === 'LPUSH' ? args.slice(1).reverse() : args.slice(1), name === 'LPUSH')
      case 'LPOP':
      case 'RPOP':
        if (!Array.isArray(value)) return bulk(undefined)
        return bulk(name === 'LPOP' ? value.shift() : value.pop())
      case 'LRANGE': {
        const items = Array.isArray(value) ? value : []
        const end = Number(third || -1)
        return list(items.slice(Number(second || 0), end === -1 ? undefined : end + 1))
      }
      case 'LLEN':
        return number(Array.isArray(value) ? value.length : 0)
      case 'HSET': {
        const hash = value instanceof Map ? value : new Map<string, string>()
        const before = hash.size
        for (let i = 1; i + 1 < args.length; i += 2) hash.set(args[i], args[i + 1])
        this.#values.set(key, hash)
        return number(hash.size - before)
      }
      case 'HGET':
        return bulk(value instanceof Map ? value.get(second) : undefined)
      case 'HGETALL':
        return list(value instanceof Map ? [...value].flat() : [])
      case 'SADD': {
        const set = value instanceof Set ? value : new Set<string>()
        const before = set.size
        for (const member of args.slice(1)) set.add(member)
        this.#values.set(key, set)
        return number(set.size - before)
      }
      case 'SMEMBERS':
        return list(value instanceof Set ? [...value].sort(byText) : [])
      default:
        return null
    }
  }

  #text(key: string): string | undefined {
    const value = this.#values.get(key)
    return typeof value === 'string' ? value : undefined
  }

  #set(key: string, value: string, seconds: number): string {
    this.#values.set(key, value)
    if (seconds > 0) this.#expiresUs.set(key, this.#nowUs() + seconds * 1_000_000)
    else this.#expiresUs.delete(key)
    return OK
  }

  #count(key: string, by: number): string {
    const now = Number(this.#text(key) ?? '0') + by
    if (!Number.isSafeInteger(now)) return '-ERR value is not an integer or out of range\r\n'
    this.#values.set(key, String(now))
    return number(now)
  }

  #push(key: string, added: string[], before: boolean): string {
    const old = this.#values.get(key)
    if (old !== undefined && !Array.isArray(old)) return WRONG_TYPE
    const now = before ? [...added, ...(old ?? [])] : [...(old ?? []), ...added]
    this.#values.set(key, now)
    return number(now.length)
  }

  #ttl(key: string): number {
    if (!this.#values.has(key)) return -2
    const expiresUs = this.#expiresUs.get(key)
    return expiresUs === undefined ? -1 : Math.ceil((expiresUs - this.#nowUs()) / 1_000_000)
  }

  /** Keys die when somebody looks at them. */
  #expire(keys: readonly string[]): void {
    for (const key of keys) {
      const expiresUs = this.#expiresUs.get(key)
      if (expiresUs === undefined || expiresUs > this.#nowUs()) continue
      this.#expiresUs.delete(key)
      this.#values.delete(key)
    }
  }
}

function typeOf(value: Value | undefined): string {
  if (value === undefined) return 'none'
  if (typeof value === 'string') return 'string'
  return Array.isArray(value) ? 'list' : value instanceof Set ? 'set' : 'hash'
}

export function wrongNumber(name: string): string {
  return `-ERR wrong number of arguments for '${name.toLowerCase()}' command\r\n`
}

/** `*` and `?` of KEYS. */
function matches(key: string, pattern: string): boolean {
  const source = pattern
    .replace(/[\\^$.|+()[\]{}]/g, '\\$&')
    .replaceAll('*', '.*')
    .replaceAll('?', '.')
  return new RegExp(`^${source}$`, 's').test(key)
}
