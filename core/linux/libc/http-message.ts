/** What HTTP/1.1 peers exchange: RFC 9112. Bodies are bytes; text is UTF-8. */
import { utf8Decode, utf8Encode } from '../../base/utf8.ts'

/** Header fields in their order, names as given, looked up without regard to case. */
export class HttpHeaders {
  readonly fields: [string, string][]

  constructor(fields: Iterable<readonly [string, string]> = []) {
    this.fields = [...fields].map(([name, value]) => [name, value])
  }

  /** The first value of that name, or null. */
  get(name: string): string | null {
    const lower = name.toLowerCase()
    return this.fields.find(([each]) => each.toLowerCase() === lower)?.[1] ?? null
  }

  has(name: string): boolean {
    return this.get(name) !== null
  }

  /** Replaces the first field of that name in its place and drops the others, or appends. */
  set(name: string, value: string): this {
    const lower = name.toLowerCase()
    const at = this.fields.findIndex(([each]) => each.toLowerCase() === lower)
    if (at < 0) this.fields.push([name, value])
    else {
      this.delete(name)
      this.fields.splice(at, 0, [name, value])
    }
    return this
  }

  append(name: string, value: string): this {
    this.fields.push([name, value])
    return this
  }

  delete(name: string): void {
    const lower = name.toLowerCase()
    for (let i = this.fields.length - 1; i >= 0; i -= 1) if (this.fields[i][0].toLowerCase() === lower) this.fields.splice(i, 1)
  }
}

export interface HttpRequest {
  method: string
  /** Path and query, as in the request line. */
  target: string
  version: 'HTTP/1.1' | 'HTTP/1.0'
  headers: HttpHeaders
  body: Uint8Array
}

export interface HttpResponse {
  status: number
  reason: string
  version: 'HTTP/1.1' | 'HTTP/1.0'
  headers: HttpHeaders
  body: Uint8Array
}

const REASONS = new Map<number, string>([
  [100, 'Continue'], [101, 'Switching Protocols'], [200, 'OK'], [201, 'Created'], [202, 'Accepted'], [204, 'No Content'],
  [206, 'Partial Content'], [301, 'Moved Permanently'], [302, 'Found'], [303, 'See Other'], [304, 'Not Modified'],
  [307, 'Temporary Redirect'], [308, 'Permanent Redirect'], [400, 'Bad Request'], [401, 'Unauthorized'], [403, 'Forbidden'],
  [404, 'Not Found'], [405, 'Method Not Allowed'], [408, 'Request Timeout'], [409, 'Conflict'], [411, 'Length Required'],
  [413, 'Content Too Large'], [415, 'Unsupported Media Type'], [422, 'Unprocessable Content'], [429, 'Too Many Requests'],
  [500, 'Internal Server Error'], [501, 'Not Implemented'], [502, 'Bad Gateway'], [503, 'Service Unavailable'],
  [504, 'Gateway Timeout'], [505, 'HTTP Version Not Supported'],
])

export function httpReason(status: number): string {
  return REASONS.get(status) ?? ''
}

/** A response with a text body. */
export function textResponse(status: number, body: string, contentType = 'text/plain; charset=utf-8'): HttpResponse {
  return {
    status,
    reason: httpReason(status),
    version: 'HTTP/1.1',
    headers: new HttpHeaders([['Content-Type', contentType]]),
    body: utf8Encode(body),
  }
}

export function bodyText(message: { body: Uint8Array }): string {
  return utf8Decode(message.body)
}
