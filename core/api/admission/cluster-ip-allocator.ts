/**
 * Addresses and node ports of services: pkg/registry/core/service/{ipallocator,portallocator}. Addresses come from the upper
 * part of the range, the lower part stays for those who ask by number (KEP-3070); what is free is drawn at random from a
 * seeded stream.
 */
import type { Random } from '../../sim/random.ts'

/** min(max(16, size/16), 256) addresses of a range are given only to those who ask for them. */
const STATIC_MIN = 16
const STATIC_MAX = 256

interface Range {
  text: string
  v6: boolean
  base: bigint
  size: bigint
  used: Set<bigint>
  offset: bigint
}

export class ClusterIpAllocator {
  readonly #ranges: Range[]
  readonly #random: Random

  constructor(cidrs: readonly string[], random: Random) {
    this.#random = random
    this.#ranges = cidrs.map(parseRange)
  }

  get families(): ('IPv4' | 'IPv6')[] {
    return this.#ranges.map((r) => (r.v6 ? 'IPv6' : 'IPv4'))
  }

  /** The next free address of a family, or undefined when the range is full. */
  next(family: 'IPv4' | 'IPv6'): string | undefined {
    const range = this.#ranges.find((r) => r.v6 === (family === 'IPv6'))
    if (!range) return undefined
    const usable = range.v6 ? range.size - 1n : range.size - 2n
    const span = Number(usable - range.offset > 65_536n ? 65_536n : usable - range.offset)
    const start = span > 0 ? this.#random.below(span) : 0
    for (let i = 0; i < span; i += 1) {
      const candidate = range.base + 1n + range.offset + BigInt((start + i) % span)
      if (!range.used.has(candidate)) return this.#take(range, candidate)
    }
    for (let i = 0n; i < range.offset; i += 1n) {
      const candidate = range.base + 1n + i
      if (!range.used.has(candidate)) return this.#take(range, candidate)
    }
    return undefined
  }

  /** Takes that address; a string says why not. */
  claim(text: string): string | undefined {
    const ip = parseAddress(text)
    const range = ip && this.#ranges.find((r) => r.v6 === ip.v6)
    if (!ip || !range) return `failed to allocate IP ${text}: the provided IP (${text}) is not in the valid range`
    if (ip.value <= range.base || ip.value >= range.base + range.size)
      return `failed to allocate IP ${text}: the provided IP (${text}) is not in the valid range. The range of valid IPs is ${range.text}`
    if (range.used.has(ip.value)) return `failed to allocate IP ${text}: provided IP is already allocated`
    range.used.add(ip.value)
    return undefined
  }

  release(text: string): void {
    const ip = parseAddress(text)
    if (ip) for (const range of this.#ranges) if (range.v6 === ip.v6) range.used.delete(ip.value)
  }

  familyOf(text: string): 'IPv4' | 'IPv6' {
    return text.includes(':') ? 'IPv6' : 'IPv4'
  }

  #take(range: Range, value: bigint): string {
    range.used.add(value)
    return formatAddress(value, range.v6)
  }
}

export class NodePortAllocator {
  readonly from: number
  readonly to: number
  readonly #used = new Map<string, number>()
  readonly #random: Random

  constructor(range: { from: number; to: number }, random: Random) {
    this.from = range.from
    this.to = range.to
    this.#random = random
  }

  next(protocol: string): number | undefined {
    const span = this.to - this.from + 1
    const start = this.#random.below(span)
    for (let i = 0; i < span; i += 1) {
      const port = this.from + ((start + i) % span)
      if (this.#free(port)) {
        this.#used.set(key(protocol, port), port)
        return port
      }
    }
    return undefined
  }

  claim(protocol: string, port: number): string | undefined {
    if (port < this.from || port > this.to)
      return `provided port is not in the valid range. The range of valid ports is ${this.from}-${this.to}`
    if (this.#used.has(key(protocol, port))) return 'provided port is already allocated'
    this.#used.set(key(protocol, port), port)
    return undefined
  }

  release(protocol: string, port: number): void {
    this.#used.delete(key(protocol, port))
  }

  /** A drawn port is free for all protocols, so that one number means one service. */
  #free(port: number): boolean {
    return !['TCP', 'UDP', 'SCTP'].some((protocol) => this.#used.has(key(protocol, port)))
  }
}

function key(protocol: string, port: number): string {
  return `${protocol}/${port}`
}

function parseRange(text: string): Range {
  const [address = '', length = ''] = text.split('/')
  const ip = parseAddress(address) ?? { value: 0n, v6: false }
  const bits = ip.v6 ? 128 : 32
  const size = 1n << BigInt(bits - Number(length))
  const sixteenth = size / 16n
  const clamped = sixteenth < BigInt(STATIC_MIN) ? BigInt(STATIC_MIN) : sixteenth > BigInt(STATIC_MAX) ? BigInt(STATIC_MAX) : sixteenth
  const offset = size <= BigInt(STATIC_MIN) ? 0n : clamped
  return { text, v6: ip.v6, base: ip.value & ~(size - 1n), size, used: new Set(), offset }
}

/** The API has never met the network's address type; it needs just enough to count. */
function parseAddress(text: string): { value: bigint; v6: boolean } | undefined {
  if (!text.includes(':')) {
    const parts = text.split('.')
    if (parts.length !== 4 || !parts.every((p) => /^\d{1,3}$/.test(p) && Number(p) <= 255)) return undefined
    return { value: parts.reduce((sum, p) => (sum << 8n) | BigInt(p), 0n), v6: false }
  }
  const [head = '', tail] = text.split('::')
  const left = head === '' ? [] : head.split(':')
  const right = tail === undefined || tail === '' ? [] : tail.split(':')
  const missing = 8 - left.length - right.length
  if (missing < 0 || (tail === undefined && missing !== 0)) return undefined
  const groups = [...left, ...new Array<string>(missing).fill('0'), ...right]
  if (!groups.every((g) => /^[0-9a-fA-F]{1,4}$/.test(g))) return undefined
  return { value: groups.reduce((sum, g) => (sum << 16n) | BigInt(`0x${g}`), 0n), v6: true }
}

/** RFC 5952. */
function formatAddress(value: bigint, v6: boolean): string {
  if (!v6) return [24n, 16n, 8n, 0n].map((shift) => (value >> shift) & 255n).join('.')
  const groups: string[] = []
  for (let shift = 112n; shift >= 0n; shift -= 16n) groups.push(((value >> shift) & 0xffffn).toString(16))
  let best = { at: -1, length: 1 }
  for (let i = 0; i < 8; i += 1) {
    let length = 0
    while (i + length < 8 && groups[i + length] === '0') length += 1
    if (length > best.length) best = { at: i, length }
  }
  if (best.at < 0) return groups.join(':')
  return `${groups.slice(0, best.at).join(':')}::${groups.slice(best.at + best.length).join(':')}`
}
