/**
 * One transfer of curl: one URL with its redirects, and everything that `-v` says about it (lib/connect.c, lib/url.c, lib/http.c).
 * A connection serves one request, so redirects connect again.
 * Omits: TLS (a connection to an https URL ends as it does when the server does not speak TLS), HTTP/2, proxies, cookies' engine.
 */
import { strerror } from '../../base/errno.ts'
import { utf8Encode } from '../../base/utf8.ts'
import { formatIp, type IpAddr, isV6, parseIp } from '../../net/addr/ip.ts'
import { type HttpClientEvent, type HttpFailure, httpRequest, type HttpResult } from '../../linux/libc/http-client.ts'
import { HttpHeaders } from '../../linux/libc/http-message.ts'
import type { Process } from '../../linux/process.ts'
import type { Wait } from '../../linux/wait.ts'
import { base64 } from '../base64.ts'
import type { CurlSettings } from './curl-options.ts'
import { tlsAttempt } from './tls.ts'

export interface Url {
  scheme: string
  user: string
  host: string
  port: number
  path: string
}

/** What a transfer came to; the fields that `-w` can show. */
export interface Outcome {
  /** curl's exit code, and its message without `curl: (N) `. */
  exitCode: number
  message: string
  response: HttpResult | null
  /** Head of the last response as received. */
  head: string
  body: Uint8Array
  effectiveUrl: string
  redirects: number
  connects: number
  method: string
  local: IpAddr | null
  localPort: number
  remote: IpAddr | null
  remotePort: number
  uploaded: number
  startUs: number
  resolvedUs: number
  connectedUs: number
  sentUs: number
  firstByteUs: number
  endUs: number
  refused: boolean
}

export function parseUrl(text: string): Url | null {
  const match = /^(?:([a-zA-Z][a-zA-Z0-9+.-]*):\/\/)?(?:([^@/?#]*)@)?(\[[0-9a-fA-F:.]+\]|[^:/?#]*)(?::(\d*))?([/?#].*)?$/.exec(text)
  if (!match || match[3] === '') return null
  const scheme = (match[1] ?? 'http').toLowerCase()
  const port = match[4] ? Number(match[4]) : scheme === 'https' ? 443 : 80
  if (port < 0 || port > 65535) return null
  let path = (match[5] ?? '/').replace(/#.*$/, '')
  if (path === '' || path.startsWith('?')) path = `/${path}`
  return { scheme, user: match[2] ?? '', host: match[3].replace(/^\[|\]$/g, ''), port, path: path.replaceAll(' ', '%20') }
}

export function* transfer(
  proc: Process, settings: CurlSettings, given: string, say: (text: string) => void, onBody: (outcome: Outcome) => void, dataMarks: boolean,
): Generator<Wait, Outcome, unknown> {
  const { clock } = proc.world
  const outcome: Outcome = {
    exitCode: 0, message: '', response: null, head: '', body: new Uint8Array(0), effectiveUrl: given, redirects: 0, connects: 0, method: 'GET',
    local: null, localPort: 0, remote: null, remotePort: 0, uploaded: 0, startUs: clock.nowUs, resolvedUs: 0, connectedUs: 0, sentUs: 0,
    firstByteUs: 0, endUs: 0, refused: false,
  }
  const fail = (exitCode: number, message: string): Outcome => {
    outcome.exitCode = exitCode
    outcome.message = message
    outcome.endUs = clock.nowUs
    return outcome
  }
  const cache = new Map<string, { ip: IpAddr; port: number }>()
  for (const entry of settings.resolve) {
    const match = /^\+?([^:]+):(\d+):(\[?[^\],]+?\]?)(?:,[^:]*)?(?::(\d+))?$/.exec(entry)
    const ip = match ? parseIp(match[3].replace(/^\[|\]$/g, '')) : null
    if (!match || ip === null) return fail(49, `Couldn't parse CURLOPT_RESOLVE entry '${entry}'`)
    cache.set(`${match[1].toLowerCase()}:${match[2]}`, { ip, port: Number(match[4] ?? match[2]) })
    say(`* Added ${match[1]}:${match[2]}:${match[3]} to DNS cache\n`)
  }
  let url = parseUrl(given)
  let body = settings.data.length > 0 ? settings.data.join('&') : null
  if (settings.get && body !== null && url) {
    url = { ...url, path: `${url.path}${url.path.includes('?') ? '&' : '?'}${body}` }
    body = null
  }
  let method = settings.method || (settings.head ? 'HEAD' : body !== null ? 'POST' : 'GET')
  const deadlineUs = settings.maxTimeUs > 0 ? clock.nowUs + settings.maxTimeUs : 0
  for (;;) {
    if (!url) return fail(3, 'URL using bad/illegal format or missing URL')
    if (url.scheme !== 'http' && url.scheme !== 'https') return fail(1, `Protocol "${url.scheme}" not supported or disabled in libcurl`)
    outcome.method = method
    const known = cache.get(`${url.host.toLowerCase()}:${url.port}`)
    if (known) say(`* Hostname ${url.host} was found in DNS cache\n`)
    const number = outcome.connects
    const listener = new Listener(proc, url, number, outcome, say, settings, body, dataMarks)
    if (url.scheme === 'https') {
      const failure = yield* tlsAttempt(proc, { host: url.host, port: url.port, address: known?.ip, deadlineUs, family: settings.family, dataMarks }, (event) => listener.hear(event), say)
      if (failure) return fail(failure.exitCode, failure.message)
    }
    const remainingUs = deadlineUs === 0 ? undefined : Math.max(deadlineUs - clock.nowUs, 1)
    const result: HttpResult | HttpFailure = yield* httpRequest(proc, {
      url: `http://${isV6(parseIp(url.host) ?? 0) ? `[${url.host}]` : url.host}:${url.port}${url.path}`,
      method,
      headers: requestHeaders(settings, url, body),
      body: body === null ? undefined : utf8Encode(body),
      address: known?.ip,
      port: known?.port,
      family: settings.family,
      connectTimeoutUs: settings.connectTimeoutUs > 0 ? settings.connectTimeoutUs : undefined,
      timeoutUs: remainingUs,
      onEvent: (event) => listener.hear(event),
    })
    outcome.endUs = clock.nowUs
    if ('failure' in result) {
      const [exitCode, message] = listener.explain(result)
      return fail(exitCode, message)
    }
    outcome.response = result
    outcome.body = method === 'HEAD' ? new Uint8Array(0) : result.body
    const location = result.headers.get('location')
    const redirect = settings.location && location !== null && result.status >= 300 && result.status < 400
    if ((settings.fail || settings.failWithBody) && result.status >= 400) {
      if (settings.fail) {
        say(`* The requested URL returned error: ${result.status}\n`)
        say(`* Closing connection ${number}\n`)
        outcome.body = new Uint8Array(0)
      } else {
        onBody(outcome)
        listener.close(result)
      }
      return fail(22, `The requested URL returned error: ${result.status}`)
    }
    if (redirect) {
      if (outcome.body.length > 0) say(`* Ignoring the response-body\n${dataMarks ? `{ [${outcome.body.length} bytes data]\n` : ''}`)
      listener.close(result)
      if (outcome.redirects >= settings.maxRedirects) return fail(47, `Maximum (${settings.maxRedirects}) redirects followed`)
      outcome.redirects += 1
      const target: string = absolute(url, location)
      say(`* Issue another request to this URL: '${target}'\n`)
      if (result.status === 303 || ((result.status === 301 || result.status === 302) && method === 'POST' && settings.method === '')) {
        if (method === 'POST') say('* Switch from POST to GET\n')
        method = method === 'HEAD' ? 'HEAD' : 'GET'
        body = null
      }
      outcome.effectiveUrl = target
      url = parseUrl(target)
      continue
    }
    if (outcome.body.length > 0 && dataMarks) say(`{ [${outcome.body.length} bytes data]\n`)
    onBody(outcome)
    listener.close(result)
    return outcome
  }
}

function absolute(from: Url, location: string): string {
  if (/^[a-zA-Z][a-zA-Z0-9+.-]*:\/\//.test(location)) return location
  const origin = `${from.scheme}://${from.host}${from.port === (from.scheme === 'https' ? 443 : 80) ? '' : `:${from.port}`}`
  if (location.startsWith('//')) return `${from.scheme}:${location}`
  if (location.startsWith('/')) return origin + location
  return `${origin}${from.path.replace(/[?].*$/, '').replace(/[^/]*$/, '')}${location}`
}

function requestHeaders(settings: CurlSettings, url: Url, body: string | null): HttpHeaders {
  const headers = new HttpHeaders()
  const custom = settings.headers.map((line) => /^([^:;]+)([:;])\s*(.*)$/.exec(line)).filter((match) => match !== null)
  const chosen = (name: string): boolean => custom.some((match) => match[1].toLowerCase() === name)
  const defaultPort = url.port === (url.scheme === 'https' ? 443 : 80)
  const host = custom.find((match) => match[1].toLowerCase() === 'host')?.[3]
  const bracketed = url.host.includes(':') ? `[${url.host}]` : url.host
  headers.append('Host', host || `${bracketed}${defaultPort ? '' : `:${url.port}`}`)
  const user = settings.user || url.user
  if (user !== '' && !chosen('authorization')) headers.append('Authorization', `Basic ${base64(utf8Encode(user))}`)
  if (!chosen('user-agent') && settings.agent !== '') headers.append('User-Agent', settings.agent)
  if (!chosen('accept')) headers.append('Accept', '*/*')
  if (settings.compressed && !chosen('accept-encoding')) headers.append('Accept-Encoding', 'deflate, gzip, br, zstd')
  if (settings.referer !== '' && !chosen('referer')) headers.append('Referer', settings.referer)
  if (settings.cookie !== '' && !chosen('cookie')) headers.append('Cookie', settings.cookie)
  for (const [, name, mark, value] of custom) {
    if (name.toLowerCase() === 'host') continue
    if (value !== '' || mark === ';') headers.append(name, value)
  }
  if (body !== null && !chosen('content-length')) headers.append('Content-Length', String(utf8Encode(body).length))
  if (body !== null && !chosen('content-type')) headers.append('Content-Type', 'application/x-www-form-urlencoded')
  return headers
}

/** Hears what the connection does, keeps the times, and says it in curl's words. */
class Listener {
  readonly #proc: Process
  readonly #url: Url
  readonly #number: number
  readonly #outcome: Outcome
  readonly #say: (text: string) => void
  readonly #settings: CurlSettings
  readonly #body: string | null
  readonly #dataMarks: boolean
  #phase: 'resolving' | 'connecting' | 'connected' = 'resolving'
  #tryingUs = 0

  constructor(
    proc: Process, url: Url, number: number, outcome: Outcome, say: (text: string) => void, settings: CurlSettings, body: string | null,
    dataMarks: boolean,
  ) {
    this.#proc = proc
    this.#url = url
    this.#number = number
    this.#outcome = outcome
    this.#say = say
    this.#settings = settings
    this.#body = body
    this.#dataMarks = dataMarks
  }

  hear(event: HttpClientEvent): void {
    const nowUs = this.#proc.world.clock.nowUs
    const outcome = this.#outcome
    switch (event.event) {
      case 'resolved':
        outcome.resolvedUs = nowUs
        return
      case 'connecting':
        this.#phase = 'connecting'
        this.#tryingUs = nowUs
        if (outcome.resolvedUs === 0) outcome.resolvedUs = nowUs
        this.#say(`*   Trying ${isV6(event.address) ? `[${formatIp(event.address)}]` : formatIp(event.address)}:${event.port}...\n`)
        return
      case 'connect-failed': {
        outcome.refused = event.errno === 'ECONNREFUSED'
        const address = formatIp(event.address)
        if (event.errno === 'ETIMEDOUT' && this.#timedOut(nowUs)) return
        if (nowUs === this.#tryingUs && event.errno !== 'ECONNREFUSED') this.#say(`* Immediate connect fail for ${address}: ${strerror(event.errno)}\n`)
        else this.#say(`* connect to ${address} port ${event.port} failed: ${strerror(event.errno)}\n`)
        return
      }
      case 'connected':
        this.#phase = 'connected'
        outcome.connectedUs = nowUs
        outcome.connects += 1
        outcome.local = event.local
        outcome.localPort = event.localPort
        outcome.remote = event.address
        outcome.remotePort = event.port
        this.#say(`* Connected to ${this.#url.host} (${formatIp(event.address)}) port ${event.port} (#${this.#number})\n`)
        return
      case 'sent': {
        outcome.sentUs = nowUs
        outcome.uploaded = this.#body === null ? 0 : utf8Encode(this.#body).length
        if (this.#settings.user !== '') this.#say(`* Server auth using Basic with user '${this.#settings.user.split(':')[0]}'\n`)
        const lines = event.head.replace(/\r?\n$/, '').split(/\r?\n/)
        if (lines.at(-1) !== '') lines.push('')
        this.#say(lines.map((line) => `> ${line}\n`).join(''))
        if (this.#body !== null && this.#dataMarks) this.#say(`} [${outcome.uploaded} bytes data]\n`)
        return
      }
      case 'head': {
        outcome.firstByteUs = nowUs
        const lines = event.head.replace(/(\r?\n)+$/, '').split(/\r?\n/)
        outcome.head = `${lines.join('\r\n')}\r\n\r\n`
        this.#say(`${lines.map((line) => `< ${line}\n`).join('')}< \n`)
      }
    }
  }

  close(result: HttpResult): void {
    const closing = (result.headers.get('connection') ?? '').toLowerCase() === 'close' || result.version === 'HTTP/1.0'
    this.#say(closing ? `* Closing connection ${this.#number}\n` : `* Connection #${this.#number} to host ${this.#url.host} left intact\n`)
  }

  #timedOut(nowUs: number): boolean {
    const { maxTimeUs, connectTimeoutUs } = this.#settings
    const elapsedUs = nowUs - this.#outcome.startUs
    return (maxTimeUs > 0 && elapsedUs >= maxTimeUs) || (connectTimeoutUs > 0 && elapsedUs >= connectTimeoutUs)
  }

  /** curl's exit code and message for a request that failed. */
  explain(failure: HttpFailure): [exitCode: number, message: string] {
    const [exitCode, message] = this.#explanation(failure)
    this.#say(`* ${message}\n`)
    this.#say(`* Closing connection ${this.#number}\n`)
    return [exitCode, message]
  }

  #explanation(failure: HttpFailure): [number, string] {
    const { host, port } = this.#url
    const nowUs = this.#proc.world.clock.nowUs
    const elapsedMs = Math.floor((nowUs - this.#outcome.startUs) / 1000)
    const timedOut = failure.failure === 'timeout' || this.#timedOut(nowUs)
    if (timedOut) {
      const { connectTimeoutUs, maxTimeUs } = this.#settings
      // curl's timer goes off a moment after the time is over.
      const ms = elapsedMs + 1
      if (this.#phase === 'resolving') return [28, `Resolving timed out after ${ms} milliseconds`]
      if (this.#phase === 'connecting') {
        if (maxTimeUs > 0 && elapsedMs * 1000 >= maxTimeUs) return [28, `Connection timed out after ${ms} milliseconds`]
        if (connectTimeoutUs > 0) return [28, `Failed to connect to ${host} port ${port} after ${ms} ms: Timeout was reached`]
        return [28, `Failed to connect to ${host} port ${port} after ${ms} ms: Couldn't connect to server`]
      }
      return [28, `Operation timed out after ${ms} milliseconds with 0 bytes received`]
    }
    switch (failure.failure) {
      case 'url':
        return [3, 'URL using bad/illegal format or missing URL']
      case 'resolve':
        return [6, `Could not resolve host: ${host}`]
      case 'connect':
        return [7, `Failed to connect to ${host} port ${port} after ${elapsedMs} ms: Couldn't connect to server`]
      case 'send':
        return [55, `Send failure: ${strerror(failure.errno ?? 'EPIPE')}`]
      case 'receive':
        return [56, `Recv failure: ${strerror(failure.errno ?? 'ECONNRESET')}`]
      case 'empty':
        return [52, 'Empty reply from server']
      case 'protocol':
        return /chunk|length|body|short|early/i.test(failure.message)
          ? [18, 'transfer closed with outstanding read data remaining']
          : [1, 'Received HTTP/0.9 when not allowed']
    }
    return [7, failure.message]
  }
}
