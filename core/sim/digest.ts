/**
 * A running 64-bit digest of everything that the world said, so that two runs can be compared in one string.
 * Two independent 32-bit multiplicative hashes (the mixing step of MurmurHash3) over numbers and UTF-16 units.
 * Not cryptographic: it finds accidents, not attackers.
 */
export class Digest {
  #a = 0x9747b28c | 0
  #b = 0x2f0b4c47 | 0

  number(value: number): void {
    const low = value | 0
    const high = Math.floor(value / 4294967296) | 0
    this.#mix(low)
    if (high !== 0 && high !== -1) this.#mix(high)
    if (!Number.isInteger(value)) this.text(String(value))
  }

  text(value: string): void {
    this.#mix(value.length)
    for (let i = 0; i < value.length; i += 1) this.#mix(value.charCodeAt(i))
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
