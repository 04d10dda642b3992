/**
 * What the web servers among the images share: serving for ever with a graceful end, and access logs in the Common and Combined
 * Log Formats (httpd mod_log_config, nginx ngx_http_log_module).
 */
import { strerror } from '../base/errno.ts'
import { type HttpResponse, httpReason, HttpHeaders } from '../linux/libc/http-message.ts'
import { type HttpHandler, type ServedRequest, serveHttp } from '../linux/libc/http-server.ts'
import type { Process } from '../linux/process.ts'
import type { Wait } from '../linux/wait.ts'
import { utf8Encode } from '../base/utf8.ts'
import { formatIp, isV6, type IpAddr } from '../net/addr/ip.ts'

/** Serves until a signal ends the process; the exit code when it cannot listen. `SIGTERM` and `SIGQUIT` end it with code 0. */
export function* runServer(
  proc: Process, port: number, handler: HttpHandler, options: { server?: string; bindError?: (why: string) => string } = {},
): Generator<Wait, number, unknown> {
  for (const signal of ['SIGTERM', 'SIGINT', 'SIGQUIT'] as const) proc.onSignal(signal, () => proc.exit(0))
  const failed = yield* serveHttp(proc, port, handler, { server: options.server })
  const why = strerror(failed)
  proc.error(options.bindError ? options.bindError(why) : `listen tcp :${port}: bind: ${why.toLowerCase()}\n`)
  return 1
}

export function response(status: number, body: string, type: string, headers: readonly (readonly [string, string])[] = []): HttpResponse {
  return {
    status, reason: httpReason(status), version: 'HTTP/1.1', headers: new HttpHeaders([['Content-Type', type], ...headers]), body: utf8Encode(body),
  }
}

export function pathOf(request: ServedRequest): string {
  const question = request.target.indexOf('?')
  return question < 0 ? request.target : request.target.slice(0, question)
}

export function queryOf(request: ServedRequest): Map<string, string> {
  const question = request.target.indexOf('?')
  const query = new Map<string, string>()
  if (question < 0) return query
  for (const pair of request.target.slice(question + 1).split('&')) {
    const equals = pair.indexOf('=')
    const [name, value] = equals < 0 ? [pair, ''] : [pair.slice(0, equals), pair.slice(equals + 1)]
    query.set(decode(name), decode(value))
  }
  return query
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text.replaceAll('+', ' '))
  } catch {
    return text
  }
}

/** `10.0.0.1:80`, `[::1]:80` */
export function hostPort(address: IpAddr, port: number): string {
  return isV6(address) ? `[${formatIp(address)}]:${port}` : `${formatIp(address)}:${port}`
}

const MONTHS = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec']

/** `01/Jan/2026:00:00:12 +0000` */
export function clfTime(iso: string): string {
  const [, year, month, day, time] = /^(\d+)-(\d+)-(\d+)T(.*)Z$/.exec(iso) as RegExpExecArray
  return `${day}/${MONTHS[Number(month) - 1]}/${year}:${time} +0000`
}

export function combinedLog(request: ServedRequest, status: number, bytes: number, iso: string): string {
  const header = (name: string): string => request.headers.get(name) ?? '-'
  return `${formatIp(request.client.address)} - - [${clfTime(iso)}] "${request.method} ${request.target} ${request.version}" ${status} ${bytes} `
    + `"${header('Referer')}" "${header('User-Agent')}" "${header('X-Forwarded-For')}"\n`
}

export function commonLog(request: ServedRequest, status: number, bytes: number, iso: string): string {
  return `${formatIp(request.client.address)} - - [${clfTime(iso)}] "${request.method} ${request.target} ${request.version}" ${status} ${bytes}\n`
}
