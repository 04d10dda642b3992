/**
 * An HTTP/1.1 server: a thread per connection, keep-alive, one handler. RFC 9112 section 9.
 *
 * Omits: pipelined requests are answered one after another, which is all that the RFC asks; no TLS, no upgrades.
 */
import { type Errno, isErrno } from '../../base/errno.ts'
import { utf8Encode } from '../../base/utf8.ts'
import type { IpAddr } from '../../net/addr/ip.ts'
import type { Process } from '../process.ts'
import type { Wait } from '../wait.ts'
import { httpDate } from './http-date.ts'
import { formatHead, joinBytes } from './http-client.ts'
import { HttpHeaders, type HttpRequest, type HttpResponse, httpReason, textResponse } from './http-message.ts'
import { HttpReader, requestOf } from './http-reader.ts'
import { recvTcp, sendTcp, serveTcp, type TcpSocket } from './sockets.ts'

export interface ServedRequest extends HttpRequest {
  client: { address: IpAddr; port: number }
  local: { address: IpAddr; port: number }
  /** The thread that serves it: resolve and connect with this one. */
  thread: Process
}

export type HttpHandler = (request: ServedRequest) => HttpResponse | Generator<Wait, HttpResponse>

export interface HttpServerOptions {
  /** Listens there alone; all addresses otherwise. */
  address?: IpAddr | null
  /** The Server header; none without it. */
  server?: string
  idleTimeoutUs?: number
}

/** nginx's keepalive_timeout. */
const IDLE_US = 75_000_000
const REQUESTS_PER_CONNECTION_MAX = 100_000

/** Serves for ever; returns only when it cannot listen. */
export function* serveHttp(proc: Process, port: number, handler: HttpHandler, options: HttpServerOptions = {}): Generator<Wait, Errno> {
  const listener = proc.netns.sockets.tcpListen({ address: options.address ?? null, port, owner: proc.owner })
  if (isErrno(listener)) return listener
  yield* serveTcp(proc, listener, (thread, socket) => serveConnection(thread, socket, handler, options))
  return 'EBADF'
}

/** One connection with all its requests, for servers that accept by themselves. */
export function* serveConnection(
  thread: Process,
  socket: TcpSocket,
  handler: HttpHandler,
  options: HttpServerOptions = {},
): Generator<Wait, void> {
  const reader = new HttpReader()
  for (let count = 0; count < REQUESTS_PER_CONNECTION_MAX; count += 1) {
    const request = yield* readRequest(thread, socket, reader, options.idleTimeoutUs ?? IDLE_US)
    if (request === null) return
    if (request === 'bad') {
      yield* send(thread, socket, { ...textResponse(400, 'Bad Request\n') }, 'GET', false, options)
      return
    }
    const served: ServedRequest = {
      ...request,
      client: { address: socket.remoteAddress, port: socket.remotePort },
      local: { address: socket.localAddress, port: socket.localPort },
      thread,
    }
    const made = handler(served)
    const response = Symbol.iterator in made ? yield* made : made
    const wish = request.headers.get('Connection')?.toLowerCase() ?? ''
    const keep = request.version === 'HTTP/1.1' ? wish !== 'close' : wish === 'keep-alive'
    const closes = !keep || response.headers.get('Connection')?.toLowerCase() === 'close'
    const error = yield* send(thread, socket, response, request.method, !closes, options)
    if (error || closes) return
  }
}

/** Null when the peer is gone or idle for too long. */
function* readRequest(thread: Process, socket: TcpSocket, reader: HttpReader, idleUs: number): Generator<Wait, HttpRequest | 'bad' | null> {
  let request: HttpRequest | null = null
  for (;;) {
    if (!request) {
      const head = reader.head()
      if (reader.error !== '') return 'bad'
      if (head) {
        request = requestOf(head)
        if (!request || (request.version === 'HTTP/1.1' && !request.headers.has('Host'))) return 'bad'
        reader.startBody('request')
        if (request.headers.get('Expect')?.toLowerCase() === '100-continue')
          yield* sendTcp(thread, socket, utf8Encode('HTTP/1.1 100 Continue\r\n\r\n'))
      }
    }
    if (request) {
      const body = reader.body()
      if (body === 'cut') return 'bad'
      if (body) return { ...request, body }
    }
    const got = yield* recvTcp(thread, socket, idleUs)
    if (!(got instanceof Uint8Array)) return null
    reader.push(got)
  }
}

function* send(
  thread: Process,
  socket: TcpSocket,
  response: HttpResponse,
  method: string,
  keep: boolean,
  options: HttpServerOptions,
): Generator<Wait, Errno | null> {
  const headers = new HttpHeaders(response.headers.fields)
  if (!headers.has('Date')) headers.fields.unshift(['Date', httpDate((thread.world.epochMs + thread.world.clock.nowUs / 1000) / 1000)])
  if (options.server !== undefined && !headers.has('Server')) headers.fields.unshift(['Server', options.server])
  const bodiless = response.status === 204 || response.status === 304 || response.status < 200
  if (!bodiless && !headers.has('Content-Length') && !headers.has('Transfer-Encoding'))
    headers.append('Content-Length', String(response.body.length))
  if (!headers.has('Connection')) headers.append('Connection', keep ? 'keep-alive' : 'close')
  const head = formatHead(`HTTP/1.1 ${response.status} ${response.reason || httpReason(response.status)}`, headers)
  const body = method === 'HEAD' || bodiless ? new Uint8Array(0) : headers.has('Transfer-Encoding') ? chunked(response.body) : response.body
  return yield* sendTcp(thread, socket, joinBytes(utf8Encode(head), body))
}

/** The body as one chunk and the last one. */
function chunked(body: Uint8Array): Uint8Array {
  const last = utf8Encode('0\r\n\r\n')
  if (body.length === 0) return last
  return joinBytes(joinBytes(utf8Encode(`${body.length.toString(16)}\r\n`), body), joinBytes(utf8Encode('\r\n'), last))
}
