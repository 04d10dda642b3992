/** Decodes UTF-8 that comes in pieces: a character cut in two by a segment's end is put together again. */
import { utf8Decode } from '../../base/utf8.ts'

export class Utf8Stream {
  #rest = new Uint8Array(0)

  push(bytes: Uint8Array): string {
    const joined = new Uint8Array(this.#rest.length + bytes.length)
    joined.set(this.#rest)
    joined.set(bytes, this.#rest.length)
    const end = joined.length - incompleteTail(joined)
    this.#rest = joined.slice(end)
    return utf8Decode(joined.subarray(0, end))
  }

  /** What is left when no more comes. */
  end(): string {
    const text = utf8Decode(this.#rest)
    this.#rest = new Uint8Array(0)
    return text
  }
}

/** How many bytes at the end are the beginning of a character. */
function incompleteTail(bytes: Uint8Array): number {
  for (let back = 1; back <= Math.min(3, bytes.length); back += 1) {
    const byte = bytes[bytes.length - back]
    if ((byte & 0xc0) === 0x80) continue
    const length = byte >= 0xf0 ? 4 : byte >= 0xe0 ? 3 : byte >= 0xc0 ? 2 : 1
    return length > back ? back : 0
  }
  return 0
}
