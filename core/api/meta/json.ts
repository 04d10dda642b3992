/**
 * JSON values: copy, compare, freeze. API objects are plain JSON, so these know nothing else.
 * A key named `__proto__` is data like any other (ConfigMaps may have one): it is defined, never assigned.
 */

export type Json = null | boolean | number | string | Json[] | { [key: string]: Json }

/** A deep, mutable copy. Members that are undefined are left out, as JSON leaves them out. */
export function cloneJson<T>(value: T): T {
  return copy(value) as T
}

function copy(value: unknown): unknown {
  if (typeof value !== 'object' || value === null) return value
  if (Array.isArray(value)) {
    const result = new Array<unknown>(value.length)
    for (let i = 0; i < value.length; i += 1) result[i] = copy(value[i])
    return result
  }
  const result: Record<string, unknown> = {}
  for (const key of Object.keys(value)) {
    const member = (value as Record<string, unknown>)[key]
    if (member !== undefined) setMember(result, key, copy(member))
  }
  return result
}

export function setMember(object: Record<string, unknown>, key: string, value: unknown): void {
  if (key === '__proto__') Object.defineProperty(object, key, { value, enumerable: true, configurable: true, writable: true })
  else object[key] = value
}

/** The object's own member; inherited ones (`constructor`) do not exist. */
export function getMember(object: object, key: string): unknown {
  return Object.hasOwn(object, key) ? (object as Record<string, unknown>)[key] : undefined
}

/** Freezes the value and everything in it. What is frozen already is taken as deep-frozen: parts may be shared. */
export function deepFreeze<T>(value: T): T {
  if (typeof value !== 'object' || value === null || Object.isFrozen(value)) return value
  Object.freeze(value)
  if (Array.isArray(value)) for (const item of value) deepFreeze(item)
  else for (const key of Object.keys(value)) deepFreeze((value as Record<string, unknown>)[key])
  return value
}

/** Equal as JSON: order of members does not matter, undefined members do not exist. */
export function equalJson(a: unknown, b: unknown): boolean {
  if (a === b) return true
  if (typeof a !== 'object' || typeof b !== 'object' || a === null || b === null) return false
  if (Array.isArray(a) || Array.isArray(b)) {
    if (!Array.isArray(a) || !Array.isArray(b) || a.length !== b.length) return false
    for (let i = 0; i < a.length; i += 1) if (!equalJson(a[i], b[i])) return false
    return true
  }
  let count = 0
  for (const key of Object.keys(a)) {
    const member = (a as Record<string, unknown>)[key]
    if (member === undefined) continue
    count += 1
    if (!Object.hasOwn(b, key) || !equalJson(member, (b as Record<string, unknown>)[key])) return false
  }
  let other = 0
  for (const key of Object.keys(b)) if ((b as Record<string, unknown>)[key] !== undefined) other += 1
  return count === other
}

export function isPlainObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/** JSON with sorted keys: the same text for equal values. For hashes. */
export function canonicalJson(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(canonicalJson).join(',')}]`
  if (!isPlainObject(value)) return JSON.stringify(value) ?? 'null'
  const keys = Object.keys(value).filter((k) => value[k] !== undefined)
  keys.sort((a, b) => (a < b ? -1 : a > b ? 1 : 0))
  return `{${keys.map((k) => `${JSON.stringify(k)}:${canonicalJson(value[k])}`).join(',')}}`
}

/** FNV-1a, 32 bits: the hash behind upstream's pod-template-hash (there over a Go dump of the struct, here over its JSON). */
export function fnv32(text: string): number {
  let hash = 0x811c9dc5
  for (let i = 0; i < text.length; i += 1) hash = Math.imul(hash ^ text.charCodeAt(i), 0x01000193)
  return hash >>> 0
}

const SAFE_ALPHABET = 'bcdfghjklmnpqrstvwxz2456789'

/** k8s.io/apimachinery/pkg/util/rand.SafeEncodeString: a number's decimal digits in letters that spell no words. */
export function safeEncode(value: number): string {
  const digits = String(value)
  let text = ''
  for (let i = 0; i < digits.length; i += 1) text += SAFE_ALPHABET[digits.charCodeAt(i) % SAFE_ALPHABET.length]
  return text
}
