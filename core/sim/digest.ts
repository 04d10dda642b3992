/**
 * A running 64-bit digest of everything that the world said, so that two runs can be compared in one string.
 * Two independent 32-bit multiplicative hashes (the mixing step of MurmurHash3) over numbers and UTF-16 units.
 * Not cryptographic: it finds accidents, not attackers.
 */
/** Texts up to this length are likely to come again (names, addresses, rules) and are hashed once. */
const CACHED_LENGTH_MAX = 256
const CACHED_TEXTS_MAX = 20_000

export class Digest {
  #a = 0x9747b28c | 0
  #b = 0x2f0b4c47 | 0
  readonly #known = new Map<string, number>()

  number(value: number): void {
    const low = value | 0
    this.#mix(low)
    if (low !== value) {
      const high = Math.floor(value / 4294967296) | 0
      this.#mix(high)
      if (!Number.isInteger(value)) this.text(String(value))
    }
  }

  text(value: string): void {
    this.#mix(value.length)
    if (value.length > CACHED_LENGTH_MAX) {
      this.#mix(hashText(value))
      return
    }
    let hash = this.#known.get(value)
    if (hash === undefined) {
      if (this.#known.size >= CACHED_TEXTS_MAX) this.#known.clear()
      hash = hashText(value)
      this.#known.set(value, hash)
    }
    this.#mix(hash)
  }

  /** The digest so far: 16 hexadecimal digits. */
  toString(): string {
    return hex8(this.#a) + hex8(this.#b)
  }

  #mix(value: number): void {
    let k = Math.imul(value, 0xcc9e2d51)
    k = Math.imul((k << 15) | (k >>> 17), 0x1b873593)
    let a = this.#a ^ k
    a = (a << 13) | (a >>> 19)
    this.#a = (Math.imul(a, 5) + 0xe6546b64) | 0
    let b = this.#b ^ Math.imul(value ^ 0x85ebca6b, 0xc2b2ae35)
    b = (b << 11) | (b >>> 21)
    this.#b = (Math.imul(b, 9) + 0x3c6ef372) | 0
  }
}

function hex8(value: number): string {
  return (value >>> 0).toString(16).padStart(8, '0')
}

/** FNV-1a over UTF-16 units, twice with different primes, folded into one number of 32 bits. */
function hashText(text: string): number {
  let a = 0x811c9dc5 | 0
  let b = 0x1b873593 | 0
  for (let i = 0; i < text.length; i += 1) {
    const unit = text.charCodeAt(i)
    a = Math.imul(a ^ unit, 0x01000193)
    b = Math.imul(b ^ unit, 0x85ebca6b) ^ (b >>> 15)
  }
  return a ^ Math.imul(b, 0x9e3779b1)
}
