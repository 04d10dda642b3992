/**
 * IP addresses as numbers: IPv4 a uint32, IPv6 a 128-bit bigint, so that `typeof` tells the family and both serve as Map
 * keys. Text forms: RFC 6943 section 3.1.1 (strict dotted quad, as inet_pton), RFC 4291 section 2.2, RFC 5952 (printing).
 *
 * Omits: zone identifiers (`fe80::1%eth0`).
 */
export type IpAddr = number | bigint

export interface Prefix {
  readonly addr: IpAddr
  readonly length: number
}

const V6_MAX = (1n << 128n) - 1n

export const LIMITED_BROADCAST = 0xffffffff

export function isV6(ip: IpAddr): ip is bigint {
  return typeof ip === 'bigint'
}

/** Bits of an address of this family. */
export function addressBits(ip: IpAddr): 32 | 128 {
  return typeof ip === 'bigint' ? 128 : 32
}

export function parseIp(text: string): IpAddr | null {
  return text.includes(':') ? parseV6(text) : parseV4(text)
}

export function formatIp(ip: IpAddr): string {
  if (typeof ip === 'bigint') return formatV6(ip)
  return `${ip >>> 24}.${(ip >>> 16) & 255}.${(ip >>> 8) & 255}.${ip & 255}`
}

/** A bare address is a host prefix. Host bits may be set: they are kept. */
export function parsePrefix(text: string): Prefix | null {
  const slash = text.indexOf('/')
  const addr = parseIp(slash < 0 ? text : text.slice(0, slash))
  if (addr === null) return null
  const bits = addressBits(addr)
  if (slash < 0) return { addr, length: bits }
  const lengthText = text.slice(slash + 1)
  if (!/^\d{1,3}$/.test(lengthText)) return null
  const length = Number(lengthText)
  return length <= bits ? { addr, length } : null
}

export function formatPrefix(prefix: Prefix): string {
  return `${formatIp(prefix.addr)}/${prefix.length}`
}

export function prefixContains(prefix: Prefix, ip: IpAddr): boolean {
  if (typeof ip !== typeof prefix.addr) return false
  return maskAddress(ip, prefix.length) === maskAddress(prefix.addr, prefix.length)
}

export function networkOf(ip: IpAddr, length: number): Prefix {
  return { addr: maskAddress(ip, length), length }
}

/** The address with its host bits cleared. */
export function maskAddress(ip: IpAddr, length: number): IpAddr {
  if (typeof ip === 'bigint') return length >= 128 ? ip : (ip >> BigInt(128 - length)) << BigInt(128 - length)
  return maskV4(ip, length)
}

export function maskV4(ip: number, length: number): number {
  return length === 0 ? 0 : (ip & (-1 << (32 - length))) >>> 0
}

/** The highest address of the network: the directed broadcast address in IPv4. */
export function lastAddress(ip: IpAddr, length: number): IpAddr {
  if (typeof ip === 'bigint') return length >= 128 ? ip : ip | (V6_MAX >> BigInt(length))
  return length === 0 ? LIMITED_BROADCAST : (ip | ~(-1 << (32 - length))) >>> 0
}

/** 127.0.0.0/8 (RFC 1122 section 3.2.1.3) or ::1. */
export function isLoopback(ip: IpAddr): boolean {
  return typeof ip === 'bigint' ? ip === 1n : ip >>> 24 === 127
}

/** 224.0.0.0/4 (RFC 5771) or ff00::/8. */
export function isMulticast(ip: IpAddr): boolean {
  return typeof ip === 'bigint' ? ip >> 120n === 0xffn : ip >>> 28 === 14
}

/** 0.0.0.0 or ::. */
export function isUnspecified(ip: IpAddr): boolean {
  return ip === 0 || ip === 0n
}

/** fe80::/10 or 169.254.0.0/16. */
export function isLinkLocal(ip: IpAddr): boolean {
  return typeof ip === 'bigint' ? ip >> 118n === 0x3fan : ip >>> 16 === 0xa9fe
}

/** Order for listings: IPv4 before IPv6, then by value. */
export function compareIp(a: IpAddr, b: IpAddr): number {
  if (typeof a !== typeof b) return typeof a === 'number' ? -1 : 1
  return a < b ? -1 : a > b ? 1 : 0
}

function parseV4(text: string): number | null {
  let value = 0
  let octets = 0
  let at = 0
  while (octets < 4) {
    const start = at
    let octet = 0
    while (at < text.length && at - start < 3) {
      const digit = text.charCodeAt(at) - 48
      if (digit < 0 || digit > 9) break
      octet = octet * 10 + digit
      at += 1
    }
    const digits = at - start
    if (digits === 0 || octet > 255 || (digits > 1 && text.charCodeAt(start) === 48)) return null
    value = value * 256 + octet
    octets += 1
    if (octets < 4) {
      if (text.charCodeAt(at) !== 46) return null
      at += 1
    }
  }
  return at === text.length ? value : null
}

function parseV6(text: string): bigint | null {
  const halves = text.split('::')
  if (halves.length > 2) return null
  const head = parseGroups(halves[0])
  const tail = halves.length === 2 ? parseGroups(halves[1]) : []
  if (head === null || tail === null) return null
  const missing = 8 - head.length - tail.length
  if (halves.length === 2 ? missing < 1 : missing !== 0) return null
  if (halves.length === 2 && halves[1] === '' && halves[0].includes('.')) return null
  let value = 0n
  for (const group of head) value = (value << 16n) | BigInt(group)
  if (halves.length === 2) value <<= BigInt(16 * missing)
  for (const group of tail) value = (value << 16n) | BigInt(group)
  return value
}

/** Groups of four hexadecimal digits; the last may be a dotted quad, which counts as two. */
function parseGroups(text: string): number[] | null {
  if (text === '') return []
  const groups: number[] = []
  const words = text.split(':')
  for (let i = 0; i < words.length; i += 1) {
    const word = words[i]
    if (i === words.length - 1 && word.includes('.')) {
      const v4 = parseV4(word)
      if (v4 === null) return null
      groups.push(v4 >>> 16, v4 & 0xffff)
    } else {
      if (!/^[0-9a-fA-F]{1,4}$/.test(word)) return null
      groups.push(Number.parseInt(word, 16))
    }
  }
  return groups.length <= 8 ? groups : null
}

function formatV6(ip: bigint): string {
  const groups: number[] = []
  for (let shift = 112n; shift >= 0n; shift -= 16n) groups.push(Number((ip >> shift) & 0xffffn))
  if (groups[5] === 0xffff && ip >> 48n === 0n) return `::ffff:${formatIp(Number(ip & 0xffffffffn))}`
  let bestStart = -1
  let bestLength = 1
  for (let start = 0; start < 8; start += 1) {
    let end = start
    while (end < 8 && groups[end] === 0) end += 1
    if (end - start > bestLength) {
      bestStart = start
      bestLength = end - start
    }
    if (end > start) start = end
  }
  if (bestStart < 0) return groups.map((group) => group.toString(16)).join(':')
  const head = groups.slice(0, bestStart).map((group) => group.toString(16))
  const tail = groups.slice(bestStart + bestLength).map((group) => group.toString(16))
  return `${head.join(':')}::${tail.join(':')}`
}
