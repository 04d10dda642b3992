/**
 * Takes HTTP/1.1 messages out of a stream of bytes as they come: RFC 9112 sections 2 to 7. Content-Length, chunked coding, and
 * bodies that last until the connection closes.
 *
 * Omits: trailers (read and forgotten), folded headers, transfer codings other than chunked.
 */
import { HttpHeaders, type HttpRequest, type HttpResponse } from './http-message.ts'

const HEAD_MAX = 65536
export const BODY_MAX = 64 * 1024 * 1024

export type HttpHead = { first: string; headers: HttpHeaders; text: string }
type BodyKind = { kind: 'none' } | { kind: 'length'; left: number } | { kind: 'chunked'; left: number; state: 'size' | 'data' | 'end' | 'trailer' } | { kind: 'close' }

export class HttpReader {
  #bytes = new Uint8Array(0)
  #head: HttpHead | null = null
  #body: BodyKind = { kind: 'none' }
  #chunks: Uint8Array[] = []
  #bodyLength = 0
  #ended = false
  /** What makes the peer's bytes no HTTP. */
  error = ''

  push(bytes: Uint8Array): void {
    if (this.#bytes.length === 0) this.#bytes = Uint8Array.from(bytes)
    else {
      const joined = new Uint8Array(this.#bytes.length + bytes.length)
      joined.set(this.#bytes)
      joined.set(bytes, this.#bytes.length)
      this.#bytes = joined
    }
  }

  /** The peer will send no more. */
  end(): void {
    this.#ended = true
  }

  get buffered(): number {
    return this.#bytes.length
  }

  /** The first line and the headers, once they are here; null before. Call `startBody` next. */
  head(): HttpHead | null {
    if (this.#head) return this.#head
    const end = this.#headEnd()
    if (end < 0) {
      if (this.#bytes.length > HEAD_MAX) this.error = 'header too large'
      return null
    }
    const text = latin1(this.#bytes.subarray(0, end))
    this.#bytes = this.#bytes.slice(end)
    const lines = text.split(/\r?\n/)
    const headers = new HttpHeaders()
    for (const line of lines.slice(1)) {
      const colon = line.indexOf(':')
      if (colon > 0) headers.append(line.slice(0, colon), line.slice(colon + 1).trim())
      else if (line.trim() !== '') this.error = 'bad header line'
    }
    this.#head = { first: lines[0], headers, text }
    return this.#head
  }

  startBody(kind: 'none' | 'request' | 'response'): void {
    const headers = this.#head?.headers ?? new HttpHeaders()
    const coding = headers.get('Transfer-Encoding')?.toLowerCase() ?? ''
    const length = headers.get('Content-Length')
    if (kind === 'none') this.#body = { kind: 'none' }
    else if (coding.includes('chunked')) this.#body = { kind: 'chunked', left: 0, state: 'size' }
    else if (length !== null) {
      if (!/^\d+$/.test(length) || Number(length) > BODY_MAX) this.error = 'bad Content-Length'
      this.#body = { kind: 'length', left: this.error === '' ? Number(length) : 0 }
    } else this.#body = kind === 'request' ? { kind: 'none' } : { kind: 'close' }
  }

  /** The whole body once it is here; null before, or 'cut' when the peer closed too early. */
  body(onChunk?: (chunk: Uint8Array) => void): Uint8Array | 'cut' | null {
    const take = (bytes: Uint8Array): void => {
      if (bytes.length === 0) return
      this.#chunks.push(bytes)
      this.#bodyLength += bytes.length
      if (this.#bodyLength > BODY_MAX) this.error = 'body too large'
      onChunk?.(bytes)
    }
    const done = this.#advance(take)
    if (this.error !== '') return 'cut'
    if (!done) return this.#ended ? 'cut' : null
    const whole = new Uint8Array(this.#bodyLength)
    let at = 0
    for (const chunk of this.#chunks) {
      whole.set(chunk, at)
      at += chunk.length
    }
    this.#chunks = []
    this.#bodyLength = 0
    this.#head = null
    return whole
  }

  #advance(take: (bytes: Uint8Array) => void): boolean {
    const body = this.#body
    switch (body.kind) {
      case 'none':
        return true
      case 'length': {
        const bytes = this.#take(body.left)
        body.left -= bytes.length
        take(bytes)
        return body.left === 0
      }
      case 'close':
        take(this.#take(this.#bytes.length))
        return this.#ended
      case 'chunked':
        return this.#chunked(body, take)
    }
  }

  #chunked(body: BodyKind & { kind: 'chunked' }, take: (bytes: Uint8Array) => void): boolean {
    while (this.error === '') {
      if (body.state === 'data') {
        const bytes = this.#take(body.left)
        body.left -= bytes.length
        take(bytes)
        if (body.left > 0) return false
        body.state = 'end'
      }
      const line = this.#line()
      if (line === null) return false
      if (body.state === 'end') body.state = 'size'
      else if (body.state === 'trailer') {
        if (line === '') return true
      } else {
        const size = /^([0-9a-fA-F]+)/.exec(line)
        if (!size) {
          this.error = 'bad chunk'
          return false
        }
        body.left = Number.parseInt(size[1], 16)
        body.state = body.left === 0 ? 'trailer' : 'data'
      }
    }
    return false
  }

  #take(most: number): Uint8Array {
    const bytes = this.#bytes.slice(0, most)
    this.#bytes = this.#bytes.slice(bytes.length)
    return bytes
  }

  #line(): string | null {
    const end = this.#bytes.indexOf(10)
    if (end < 0) return null
    const line = latin1(this.#take(end + 1))
    return line.replace(/\r?\n$/, '')
  }

  /** Behind the empty line, or -1. */
  #headEnd(): number {
    const bytes = this.#bytes
    for (let at = bytes.indexOf(10); at >= 0; at = bytes.indexOf(10, at + 1)) {
      if (bytes[at + 1] === 10) return at + 2
      if (bytes[at + 1] === 13 && bytes[at + 2] === 10) return at + 3
    }
    return -1
  }
}

function latin1(bytes: Uint8Array): string {
  let text = ''
  for (const byte of bytes) text += String.fromCharCode(byte)
  return text
}

/** Null when the first line is no request. */
export function requestOf(head: HttpHead): HttpRequest | null {
  const match = /^([!#$%&'*+.^_`|~A-Za-z0-9-]+) (\S+) (HTTP\/1\.[01])$/.exec(head.first)
  if (!match) return null
  return { method: match[1], target: match[2], version: match[3] as HttpRequest['version'], headers: head.headers, body: new Uint8Array(0) }
}

export function responseOf(head: HttpHead): HttpResponse | null {
  const match = /^(HTTP\/1\.[01]) (\d{3})(?: (.*))?$/.exec(head.first)
  if (!match) return null
  const [, version, status, reason = ''] = match
  return { version: version as HttpResponse['version'], status: Number(status), reason, headers: head.headers, body: new Uint8Array(0) }
}
