/** Bytes in the order in which they came, in the pieces in which they came: no copies until somebody reads across pieces. */
export class ByteQueue {
  readonly #chunks: Uint8Array[] = []
  /** Bytes of the first chunk that are gone. */
  #head = 0
  #length = 0

  get length(): number {
    return this.#length
  }

  push(bytes: Uint8Array): void {
    if (bytes.length === 0) return
    this.#chunks.push(bytes)
    this.#length += bytes.length
  }

  /** Forgets the first `count` bytes. */
  drop(count: number): void {
    let left = Math.min(count, this.#length)
    this.#length -= left
    while (left > 0) {
      const here = this.#chunks[0].length - this.#head
      if (left < here) {
        this.#head += left
        return
      }
      left -= here
      this.#chunks.shift()
      this.#head = 0
    }
  }

  /** A copy or view of `count` bytes from `offset`. */
  slice(offset: number, count: number): Uint8Array {
    let skip = offset + this.#head
    let at = 0
    while (at < this.#chunks.length && skip >= this.#chunks[at].length) {
      skip -= this.#chunks[at].length
      at += 1
    }
    const wanted = Math.min(count, this.#length - offset)
    if (wanted <= 0 || at >= this.#chunks.length) return new Uint8Array(0)
    const first = this.#chunks[at]
    if (skip + wanted <= first.length) return first.subarray(skip, skip + wanted)
    const bytes = new Uint8Array(wanted)
    let filled = 0
    for (; filled < wanted; at += 1) {
      const chunk = this.#chunks[at].subarray(skip, skip + wanted - filled)
      bytes.set(chunk, filled)
      filled += chunk.length
      skip = 0
    }
    return bytes
  }

  /** Takes up to `max` bytes from the front. */
  take(max: number): Uint8Array {
    const bytes = this.slice(0, Math.min(max, this.#length))
    this.drop(bytes.length)
    return bytes
  }
}
