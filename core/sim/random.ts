/**
 * Seeded randomness: one named stream per consumer, so that a new draw in one place shifts nobody else.
 * The generator is xoroshiro128+ of pure-rand, seeded with a hash of the world's seed and the stream's name.
 */
import { xoroshiro128plus } from 'pure-rand/generator/xoroshiro128plus'
import { uniformInt } from 'pure-rand/distribution/uniformInt'
import { assert } from '../base/assert.ts'

/** Letters and digits of generated Kubernetes names: no vowels, no lookalikes (k8s.io/apimachinery/pkg/util/rand). */
const NAME_ALPHABET = 'bcdfghjklmnpqrstvwxz2456789'

export class Random {
  readonly #generator: ReturnType<typeof xoroshiro128plus>

  constructor(seed: number) {
    this.#generator = xoroshiro128plus(seed)
  }

  /** A whole number from 0 to `bound` - 1. */
  below(bound: number): number {
    assert(bound >= 1 && bound <= 0x1_0000_0000, `a draw below ${bound}`)
    return uniformInt(this.#generator, 0, bound - 1)
  }

  u32(): number {
    return this.below(0x1_0000_0000)
  }

  hex(digits: number): string {
    let text = ''
    for (let i = 0; i < digits; i += 1) text += this.below(16).toString(16)
    return text
  }

  /** The suffix of a generated Kubernetes name. */
  nameSuffix(length: number): string {
    let text = ''
    for (let i = 0; i < length; i += 1) text += NAME_ALPHABET[this.below(NAME_ALPHABET.length)]
    return text
  }

  /** A version-4 UUID (RFC 9562 section 5.4). */
  uuid(): string {
    const h = this.hex(30)
    const variant = '89ab'[this.below(4)]
    return `${h.slice(0, 8)}-${h.slice(8, 12)}-4${h.slice(12, 15)}-${variant}${h.slice(15, 18)}-${h.slice(18, 30)}`
  }

  /** Shuffles in place (Fisher–Yates). */
  shuffle<T>(items: T[]): T[] {
    for (let i = items.length - 1; i > 0; i -= 1) {
      const j = this.below(i + 1)
      ;[items[i], items[j]] = [items[j], items[i]]
    }
    return items
  }
}

export class RandomStreams {
  readonly seed: number
  readonly #streams = new Map<string, Random>()

  constructor(seed: number) {
    this.seed = seed
  }

  /** The stream of that name: the same object each time. */
  stream(name: string): Random {
    let stream = this.#streams.get(name)
    if (!stream) {
      stream = new Random(streamSeed(this.seed, name))
      this.#streams.set(name, stream)
    }
    return stream
  }
}

/** FNV-1a over the name, started from the seed. */
function streamSeed(seed: number, name: string): number {
  let hash = (0x811c9dc5 ^ seed) | 0
  for (let i = 0; i < name.length; i += 1) hash = Math.imul(hash ^ name.charCodeAt(i), 0x01000193)
  return hash | 0
}
