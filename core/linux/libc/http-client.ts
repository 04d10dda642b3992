/**
 * An HTTP/1.1 client as one generator: resolve, connect (each address in turn), send, read. One request per connection.
 *
 * Omits: https, proxies, redirects (the caller follows them), compression, connection re-use.
 */
import { type Errno, isErrno, strerror } from '../../base/errno.ts'
import { utf8Encode } from '../../base/utf8.ts'
import { formatIp, type IpAddr } from '../../net/addr/ip.ts'
import type { Process } from '../process.ts'
import type { Wait } from '../wait.ts'
import { HttpHeaders, type HttpRequest, type HttpResponse } from './http-message.ts'
import { HttpReader, responseOf } from './http-reader.ts'
import { resolveHost } from './resolver.ts'
import { connectTcp, recvTcp, sendTcp, type TcpSocket } from './sockets.ts'

export interface HttpFailure {
  failure: 'url' | 'resolve' | 'connect' | 'timeout' | 'send' | 'receive' | 'empty' | 'protocol'
  /** What connect(2) or recv(2) said. */
  errno: Errno | null
  message: string
}

export interface HttpRequestOptions {
  /** `http://host[:port]/path?query`; https is not spoken. */
  url: string
  method?: string
  headers?: HttpHeaders
  body?: Uint8Array | string
  /** Connects there instead of resolving the URL's host. */
  address?: IpAddr
  port?: number
  family?: 'ipv4' | 'ipv6'
  src?: IpAddr
  connectTimeoutUs?: number
  /** For all of it. */
  timeoutUs?: number
  onEvent?: (event: HttpClientEvent) => void
  /** Called with each piece of the body as it comes; the response's `body` is whole all the same. */
  onBody?: (chunk: Uint8Array) => void
}

export type HttpClientEvent =
  | { event: 'resolved'; host: string; addresses: IpAddr[] }
  | { event: 'connecting'; address: IpAddr; port: number }
  | { event: 'connect-failed'; address: IpAddr; port: number; errno: Errno }
  | { event: 'connected'; address: IpAddr; port: number; local: IpAddr; localPort: number; firstPacketId: number }
  | { event: 'sent'; head: string; bytes: number }
  | { event: 'head'; head: string; response: HttpResponse }

export type HttpResult = HttpResponse & { remote: IpAddr; remotePort: number }

export interface HttpUrl {
  host: string
  port: number
  /** Path and query. */
  target: string
}

/** Null for anything but an http URL. IPv6 addresses stand in brackets. */
export function parseHttpUrl(url: string): HttpUrl | null {
  const match = /^(?:http:\/\/)?(?:[^@/]*@)?(\[[0-9A-Fa-f:.%]+\]|[^:/?#[\]@]+)(?::(\d+))?(\/[^#]*|\?[^#]*)?(?:#.*)?$/i.exec(url)
  if (!match) return null
  const [, host, port = '80', target = '/'] = match
  if (Number(port) > 65535) return null
  return { host: host.replace(/^\[|\]$/g, ''), port: Number(port), target: target.startsWith('?') ? `/${target}` : target }
}

export function* httpRequest(proc: Process, options: HttpRequestOptions): Generator<Wait, HttpResult | HttpFailure> {
  const url = parseHttpUrl(options.url)
  if (!url) return fail('url', null, `bad URL ${options.url}`)
  const { clock } = proc.world
  const deadlineUs = options.timeoutUs === undefined ? null : clock.nowUs + options.timeoutUs
  const left = (): number | undefined => (deadlineUs === null ? undefined : Math.max(0, deadlineUs - clock.nowUs))
  let addresses = options.address === undefined ? [] : [options.address]
  if (addresses.length === 0) {
    const resolved = yield* resolveHost(proc, url.host, { family: options.family })
    if (typeof resolved === 'string') return fail('resolve', null, resolved)
    addresses = resolved.addresses
    options.onEvent?.({ event: 'resolved', host: url.host, addresses })
  }
  const port = options.port ?? url.port
  const socket = yield* connectFirst(proc, addresses, port, options, left)
  if ('failure' in socket) return socket
  try {
    return yield* exchange(proc, socket, url, options, left)
  } finally {
    socket.close()
  }
}

function* connectFirst(
  proc: Process,
  addresses: readonly IpAddr[],
  port: number,
  options: HttpRequestOptions,
  left: () => number | undefined,
): Generator<Wait, TcpSocket | HttpFailure> {
  let last: Errno = 'EHOSTUNREACH'
  for (const address of addresses) {
    options.onEvent?.({ event: 'connecting', address, port })
    const limits = [options.connectTimeoutUs, left()].filter((limit) => limit !== undefined)
    const timeoutUs = limits.length === 0 ? undefined : Math.min(...limits)
    const socket = yield* connectTcp(proc, address, port, { timeoutUs, src: options.src })
    if (!isErrno(socket)) {
      const { localAddress: local, localPort, firstPacketId } = socket
      options.onEvent?.({ event: 'connected', address, port, local, localPort, firstPacketId })
      return socket
    }
    options.onEvent?.({ event: 'connect-failed', address, port, errno: socket })
    last = socket
  }
  if (last === 'ETIMEDOUT') return fail('timeout', last, `connect to ${addresses.map(formatIp).join(', ')} port ${port}: ${strerror(last)}`)
  return fail('connect', last, `connect to ${addresses.map(formatIp).join(', ')} port ${port}: ${strerror(last)}`)
}

function* exchange(
  proc: Process,
  socket: TcpSocket,
  url: HttpUrl,
  options: HttpRequestOptions,
  left: () => number | undefined,
): Generator<Wait, HttpResult | HttpFailure> {
  const body = typeof options.body === 'string' ? utf8Encode(options.body) : (options.body ?? new Uint8Array(0))
  const method = options.method ?? 'GET'
  const headers = new HttpHeaders(options.headers?.fields)
  if (!headers.has('Host')) {
    const host = url.host.includes(':') ? `[${url.host}]` : url.host
    headers.fields.unshift(['Host', url.port === 80 ? host : `${host}:${url.port}`])
  }
  if (body.length > 0 && !headers.has('Content-Length')) headers.append('Content-Length', String(body.length))
  const head = formatHead(`${method} ${url.target} HTTP/1.1`, headers)
  const sendError = yield* sendTcp(proc, socket, joinBytes(utf8Encode(head), body))
  if (sendError) return fail('send', sendError, strerror(sendError))
  options.onEvent?.({ event: 'sent', head, bytes: body.length })
  const reader = new HttpReader()
  let response: HttpResponse | null = null
  let received = 0
  for (;;) {
    const got = yield* recvTcp(proc, socket, left())
    if (got === 'timeout') return fail('timeout', null, 'operation timed out')
    if (isErrno(got)) return fail('receive', got, strerror(got))
    if (got === 'eof') reader.end()
    else {
      received += got.length
      reader.push(got)
    }
    if (!response) {
      const responseHead = reader.head()
      if (!responseHead) {
        if (reader.error !== '') return fail('protocol', null, reader.error)
        if (got === 'eof') return fail('empty', null, received === 0 ? 'empty reply from server' : 'connection closed in header')
        continue
      }
      response = responseOf(responseHead)
      if (!response) return fail('protocol', null, 'not an HTTP response')
      const bodiless = method === 'HEAD' || response.status === 204 || response.status === 304 || response.status < 200
      reader.startBody(bodiless ? 'none' : 'response')
      options.onEvent?.({ event: 'head', head: responseHead.text, response })
    }
    const whole = reader.body(options.onBody)
    if (whole === 'cut') return fail('receive', null, reader.error || 'transfer closed with outstanding read data remaining')
    if (whole === null) continue
    if (response.status >= 100 && response.status < 200 && response.status !== 101) {
      // An interim response: the real one follows.
      response = null
      continue
    }
    return { ...response, body: whole, remote: socket.remoteAddress, remotePort: socket.remotePort }
  }
}

function fail(failure: HttpFailure['failure'], errno: Errno | null, message: string): HttpFailure {
  return { failure, errno, message }
}

export function isHttpFailure(result: HttpResult | HttpFailure): result is HttpFailure {
  return 'failure' in result
}

/** The first line and headers as they go over the wire. */
export function formatHead(first: string, headers: HttpHeaders): string {
  return `${first}\r\n${headers.fields.map(([name, value]) => `${name}: ${value}\r\n`).join('')}\r\n`
}

export function formatRequest(request: HttpRequest): Uint8Array {
  return joinBytes(utf8Encode(formatHead(`${request.method} ${request.target} ${request.version}`, request.headers)), request.body)
}

export function joinBytes(a: Uint8Array, b: Uint8Array): Uint8Array {
  const joined = new Uint8Array(a.length + b.length)
  joined.set(a)
  joined.set(b, a.length)
  return joined
}
