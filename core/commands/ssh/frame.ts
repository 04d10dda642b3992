/**
 * What ssh and sshd say to each other on their connection: a version line each (RFC 4253 section 4.2), then frames of a kind,
 * a length and a payload, in the manner of SSH's connection protocol (RFC 4254).
 *
 * Omits: key exchange, encryption, authentication, channels, windows: the bytes travel in the clear and anybody may log in.
 */
import { utf8Decode, utf8Encode } from '../../base/utf8.ts'

export type FrameKind =
  /** Client: JSON of what to start. */
  | 'open'
  /** Both: input and output; the server's standard error. */
  | 'data'
  | 'error'
  /** Client: `columns rows`; end of input. */
  | 'window'
  | 'eof'
  /** Server: exit status. */
  | 'exit'

export interface Frame {
  kind: FrameKind
  text: string
}

export interface OpenRequest {
  user: string
  /** null for a login shell. */
  command: string | null
  pty: { columns: number; rows: number; term: string } | null
}

export const SSH_PORT = 22
export const VERSION_LINE = 'SSH-2.0-OpenSSH_9.2p1 Debian-2+deb12u7\r\n'
const KINDS: readonly FrameKind[] = ['open', 'data', 'error', 'window', 'eof', 'exit']
const HEADER_BYTES = 5
const FRAME_MAX = 1024 * 1024

export function encodeFrame(kind: FrameKind, text: string): Uint8Array {
  const payload = utf8Encode(text)
  const bytes = new Uint8Array(HEADER_BYTES + payload.length)
  bytes[0] = KINDS.indexOf(kind)
  bytes[1] = (payload.length >>> 24) & 0xff
  bytes[2] = (payload.length >>> 16) & 0xff
  bytes[3] = (payload.length >>> 8) & 0xff
  bytes[4] = payload.length & 0xff
  bytes.set(payload, HEADER_BYTES)
  return bytes
}

/** Takes the peer's version line, then frames, out of the stream. */
export class FrameReader {
  #bytes = new Uint8Array(0)
  version = ''
  /** The peer does not speak ssh. */
  bad = false

  push(bytes: Uint8Array): void {
    const joined = new Uint8Array(this.#bytes.length + bytes.length)
    joined.set(this.#bytes)
    joined.set(bytes, this.#bytes.length)
    this.#bytes = joined
    if (this.version === '') this.#readVersion()
  }

  next(): Frame | null {
    if (this.version === '' || this.bad || this.#bytes.length < HEADER_BYTES) return null
    const bytes = this.#bytes
    const length = bytes[1] * 0x1000000 + bytes[2] * 0x10000 + bytes[3] * 0x100 + bytes[4]
    const kind = KINDS[bytes[0]]
    if (!kind || length > FRAME_MAX) {
      this.bad = true
      return null
    }
    if (bytes.length < HEADER_BYTES + length) return null
    this.#bytes = bytes.slice(HEADER_BYTES + length)
    return { kind, text: utf8Decode(bytes.subarray(HEADER_BYTES, HEADER_BYTES + length)) }
  }

  #readVersion(): void {
    const end = this.#bytes.indexOf(10)
    if (end < 0) {
      this.bad = this.#bytes.length > 255
      return
    }
    this.version = utf8Decode(this.#bytes.subarray(0, end)).trim()
    this.bad = !this.version.startsWith('SSH-2.0-')
    this.#bytes = this.#bytes.slice(end + 1)
  }
}
