/**
 * The browser host: the app served on loopback. A code that is valid once and for five minutes, carried in the address's fragment,
 * is exchanged for an HttpOnly cookie; requests are answered only for the exact Host, WebSockets opened only for the exact
 * Origin and with the cookie.
 */
import { randomBytes, timingSafeEqual } from 'node:crypto'
import { existsSync } from 'node:fs'
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { Duplex } from 'node:stream'
import { createBirpc, type BirpcReturn } from 'birpc'
import sirv from 'sirv'
import { type WebSocket, WebSocketServer } from 'ws'
import type { HostApi, PageApi } from '../preload/contract.ts'
import { guarded } from './host/call.ts'
import type { Service } from './host/service.ts'

const COOKIE = 'vethlab'
const CODE_VALID_MS = 5 * 60_000
const BODY_BYTES_MAX = 4096
const MESSAGE_BYTES_MAX = 8 << 20
const PAGES_MAX = 16

export const CONTENT_SECURITY_POLICY = [
  "default-src 'none'", "script-src 'self'", "worker-src 'self' blob:", "style-src 'self' 'unsafe-inline'", "font-src 'self' data:",
  "img-src 'self' data:", "connect-src 'self'", "base-uri 'none'", "form-action 'none'", "frame-ancestors 'none'",
].join('; ')

const HEADERS: Record<string, string> = {
  'Content-Security-Policy': CONTENT_SECURITY_POLICY,
  'X-Content-Type-Options': 'nosniff',
  'Referrer-Policy': 'no-referrer',
  'Cross-Origin-Opener-Policy': 'same-origin',
  'Cross-Origin-Resource-Policy': 'same-origin',
}

export interface BrowserHost {
  /** With a fresh code: opens the app once. */
  url: string
  port: number
  /** Another address with another code, for another browser. */
  newUrl(): string
  close(): Promise<void>
}

export interface BrowserOptions {
  service: Service
  /** Folder of the built page. */
  page: string
  /** 0 for any free port. */
  port: number
}

export async function serveBrowser(options: BrowserOptions): Promise<BrowserHost> {
  if (!existsSync(options.page)) throw new Error(`the page is not built: ${options.page} is missing`)
  const token = randomBytes(32).toString('base64url')
  const codes = new Map<string, number>()
  const files = sirv(options.page, { etag: true, dev: false })
  const sockets = new WebSocketServer({ noServer: true, maxPayload: MESSAGE_BYTES_MAX, perMessageDeflate: false })
  let hosts: string[] = []

  const server = createServer((request, response) => {
    for (const [name, value] of Object.entries(HEADERS)) response.setHeader(name, value)
    if (!hosts.includes(request.headers.host ?? '')) return refuse(response, 421, 'This address is not served here.')
    if (request.url === '/session') return void exchange(request, response)
    if (request.method !== 'GET' && request.method !== 'HEAD') return refuse(response, 405, 'Only GET is served here.')
    if (request.url === '/healthz') return void response.end('ok')
    files(request, response, () => refuse(response, 404, 'Not found.'))
  })
  server.on('upgrade', (request, socket, head) => {
    const reason = refusalOf(request)
    if (reason !== '') return refuseUpgrade(socket, reason)
    sockets.handleUpgrade(request, socket, head, (page) => attach(page, options.service))
  })

  function refusalOf(request: IncomingMessage): string {
    if (!hosts.includes(request.headers.host ?? '')) return '421 Misdirected Request'
    if (!hosts.some((host) => request.headers.origin === `http://${host}`)) return '403 Forbidden'
    if (!hasCookie(request, token)) return '401 Unauthorized'
    if (request.url !== '/rpc') return '404 Not Found'
    return sockets.clients.size >= PAGES_MAX ? '503 Service Unavailable' : ''
  }

  async function exchange(request: IncomingMessage, response: ServerResponse): Promise<void> {
    if (!hosts.some((host) => request.headers.origin === `http://${host}`)) return refuse(response, 403, 'Wrong origin.')
    if (request.method === 'GET' || request.method === 'HEAD') return refuse(response, 405, 'POST the code here.')
    const code = codeOf(await bodyOf(request))
    const validUntil = codes.get(code)
    codes.delete(code)
    if (validUntil === undefined || validUntil < Date.now()) {
      if (hasCookie(request, token)) return void response.writeHead(204).end()
      return refuse(response, 401, 'This code was used or is too old. Start Vethlab again for a new one.')
    }
    response.setHeader('Set-Cookie', `${COOKIE}=${token}; HttpOnly; SameSite=Strict; Path=/`)
    response.writeHead(204).end()
  }

  await listen(server, options.port)
  const { port } = server.address() as AddressInfo
  hosts = [`127.0.0.1:${port}`, `localhost:${port}`]
  const newUrl = (): string => {
    const code = randomBytes(16).toString('base64url')
    codes.set(code, Date.now() + CODE_VALID_MS)
    return `http://127.0.0.1:${port}/#code=${code}`
  }
  return {
    url: newUrl(),
    port,
    newUrl,
    async close() {
      for (const client of sockets.clients) client.terminate()
      server.closeAllConnections()
      await new Promise((done) => server.close(done))
    },
  }
}

function attach(socket: WebSocket, service: Service): void {
  const rpc: BirpcReturn<PageApi, HostApi> = createBirpc<PageApi, HostApi>(guarded(service), {
    post: (data) => socket.send(data),
    on: (receive) => socket.on('message', (data) => receive(String(data))),
    // An Error has no own fields that JSON would see, and its message is what a person reads.
    serialize: (value) => JSON.stringify(value, (_key, part: unknown) => (part instanceof Error ? { name: part.name, message: part.message } : part)),
    deserialize: (text) => JSON.parse(text as string) as never,
    timeout: -1,
    eventNames: ['onReset', 'onBatch', 'onTransport', 'onTrouble'],
  })
  const leave = service.connect({
    onReset: (info, transport) => void rpc.onReset(info, transport),
    onBatch: (batch) => void rpc.onBatch(batch),
    onTransport: (transport) => void rpc.onTransport(transport),
    onTrouble: (trouble) => void rpc.onTrouble(trouble),
  })
  socket.on('close', leave)
  socket.on('error', () => socket.terminate())
}

function listen(server: Server, port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', (error: NodeJS.ErrnoException) => {
      reject(error.code === 'EADDRINUSE' ? new Error(`port ${port} is in use; choose another with --port, or none for any free one`) : error)
    })
    server.listen(port, '127.0.0.1', resolve)
  })
}

async function bodyOf(request: IncomingMessage): Promise<string> {
  let body = ''
  for await (const chunk of request) {
    body += String(chunk)
    if (body.length > BODY_BYTES_MAX) return ''
  }
  return body
}

function codeOf(body: string): string {
  try {
    const { code } = JSON.parse(body) as { code?: unknown }
    return typeof code === 'string' ? code : ''
  } catch {
    return ''
  }
}

function hasCookie(request: IncomingMessage, token: string): boolean {
  const given = Buffer.from(/(?:^|;\s*)vethlab=([^;]*)/.exec(request.headers.cookie ?? '')?.[1] ?? '')
  const wanted = Buffer.from(token)
  return given.length === wanted.length && timingSafeEqual(given, wanted)
}

function refuse(response: ServerResponse, status: number, message: string): void {
  response.writeHead(status, { 'Content-Type': 'text/plain; charset=utf-8' }).end(`${message}\n`)
}

function refuseUpgrade(socket: Duplex, status: string): void {
  socket.end(`HTTP/1.1 ${status}\r\nConnection: close\r\nContent-Length: 0\r\n\r\n`)
}
