/**
 * GNU wget 1.21 and busybox's wget for http.
 * Omits: recursion, https (ends like a server that speaks no TLS), continuing downloads, progress while it runs.
 */
import { isErrno, strerror } from '../../base/errno.ts'
import { utf8Decode, utf8Encode } from '../../base/utf8.ts'
import { formatIp, isV6, parseIp } from '../../net/addr/ip.ts'
import { type HttpClientEvent, httpRequest, type HttpResult } from '../../linux/libc/http-client.ts'
import { HttpHeaders } from '../../linux/libc/http-message.ts'
import type { Process } from '../../linux/process.ts'
import type { Executable } from '../../linux/program.ts'
import type { Wait } from '../../linux/wait.ts'
import { strftime } from '../calendar.ts'
import { parseOptions } from '../options.ts'
import { BUSYBOX_USAGE } from './usage.ts'

const REDIRECTS_MAX = 20

interface Address {
  host: string
  port: number
  path: string
  secure: boolean
}

function parseUrl(text: string): Address | null {
  const match = /^(?:(https?):\/\/)?(\[[0-9a-fA-F:.]+\]|[^:/?#@]+)(?::(\d+))?([/?].*)?$/i.exec(text)
  if (!match) return null
  const secure = match[1]?.toLowerCase() === 'https'
  return { host: match[2].replace(/^\[|\]$/g, ''), port: Number(match[3] ?? (secure ? 443 : 80)), path: match[4]?.startsWith('/') ? match[4] : `/${match[4] ?? ''}`, secure }
}

function urlText(url: Address): string {
  const port = url.port === (url.secure ? 443 : 80) ? '' : `:${url.port}`
  return `http${url.secure ? 's' : ''}://${url.host.includes(':') ? `[${url.host}]` : url.host}${port}${url.path}`
}

interface Attempt {
  result: HttpResult | { failed: 'resolve' | 'connect' | 'timeout' | 'receive' | 'empty'; message: string }
  head: string
}

function* fetchOnce(
  proc: Process, url: Address, options: { method: string; headers: HttpHeaders; body: string | null; timeoutUs?: number; onEvent?: (event: HttpClientEvent) => void },
): Generator<Wait, Attempt, unknown> {
  let head = ''
  const result = yield* httpRequest(proc, {
    url: urlText({ ...url, secure: false }),
    method: options.method,
    headers: options.headers,
    body: options.body === null ? undefined : utf8Encode(options.body),
    timeoutUs: options.timeoutUs,
    onEvent: (event) => {
      if (event.event === 'head') head = event.head
      options.onEvent?.(event)
    },
  })
  if (!('failure' in result)) return { result, head }
  const failed = result.failure === 'resolve' || result.failure === 'connect' || result.failure === 'timeout' || result.failure === 'empty' ? result.failure : 'receive'
  return { result: { failed, message: result.errno ? strerror(result.errno) : result.message }, head }
}

function hostHeader(url: Address): string {
  return `${url.host.includes(':') ? `[${url.host}]` : url.host}${url.port === 80 ? '' : `:${url.port}`}`
}

const gnuSpec = {
  short: 'O:qnvST:t:U:P:cNrl:i:o:a:46dbeFhVw:',
  long: {
    'output-document=': 'O', quiet: 'q', 'no-verbose': 'nv', 'server-response': 'S', 'timeout=': 'T', 'connect-timeout=': 'T', 'tries=': 't', 'user-agent=': 'U',
    'header=': 'header', 'post-data=': 'post', 'method=': 'method', 'body-data=': 'body', spider: 'spider', 'no-check-certificate': 'insecure', 'directory-prefix=': 'P',
    'max-redirect=': 'max-redirect', 'content-on-error': 'content', 'no-proxy': 'x', 'retry-connrefused': 'retry', 'read-timeout=': 'T', version: 'V', help: 'h', 'waitretry=': 'w', 'show-progress': 'x',
  },
}

export const wget: Executable = {
  *program(proc, argv) {
    const words = argv.slice(1).map((word) => (word === '-nv' ? '--no-verbose' : word))
    const options = parseOptions('wget', words, gnuSpec)
    if (typeof options === 'string') {
      proc.error(`${options}\nUsage: wget [OPTION]... [URL]...\n\nTry \`wget --help' for more options.\n`)
      return 2
    }
    if (options.has('V')) {
      proc.print('GNU Wget 1.21.3 built on linux-gnu.\n')
      return 0
    }
    if (options.operands.length === 0) {
      proc.error("wget: missing URL\nUsage: wget [OPTION]... [URL]...\n\nTry `wget --help' for more options.\n")
      return 1
    }
    const quiet = options.has('q')
    const say = (text: string): void => {
      if (!quiet && !options.has('nv')) proc.error(text)
    }
    let exitCode = 0
    for (const text of options.operands) {
      const url = parseUrl(text)
      if (!url) {
        proc.error(`${text}: Invalid host name.\n`)
        return 1
      }
      const code = yield* download(proc, url, {
        say, quiet,
        noVerbose: options.has('nv') && !quiet,
        output: options.value('O') ?? null,
        prefix: options.value('P') ?? null,
        spider: options.has('spider'),
        showHead: options.has('S'),
        timeoutUs: options.has('T') && Number(options.value('T')) > 0 ? Math.round(Number(options.value('T')) * 1e6) : undefined,
        tries: Math.min(Number(options.value('t') ?? 20) || 20, 20),
        agent: options.value('U') ?? 'Wget/1.21.3',
        headers: options.values('header'),
        body: options.value('post') ?? options.value('body') ?? null,
        method: options.value('method') ?? (options.has('post') ? 'POST' : 'GET'),
        contentOnError: options.has('content'),
        maxRedirects: Number(options.value('max-redirect') ?? REDIRECTS_MAX),
      })
      if (code !== 0) exitCode = code
    }
    return exitCode
  },
}

interface Download {
  say: (text: string) => void
  quiet: boolean
  noVerbose: boolean
  output: string | null
  prefix: string | null
  spider: boolean
  showHead: boolean
  timeoutUs: number | undefined
  tries: number
  agent: string
  headers: readonly string[]
  body: string | null
  method: string
  contentOnError: boolean
  maxRedirects: number
}

function* download(proc: Process, first: Address, options: Download): Generator<Wait, number, unknown> {
  const { say } = options
  const now = (): string => strftime('%Y-%m-%d %H:%M:%S', proc.world.epochMs + proc.world.clock.nowUs / 1000)
  let url = first
  if (options.spider) say('Spider mode enabled. Check if remote file exists.\n')
  let redirects = 0
  for (let attempt = 1; attempt <= options.tries; attempt += 1) {
    say(`--${now()}--  ${attempt > 1 ? `(try:${String(attempt).padStart(2)})  ` : ''}${urlText(url)}\n`)
    const numeric = parseIp(url.host) !== null
    let connected = false
    const headers = new HttpHeaders([['Host', hostHeader(url)], ['User-Agent', options.agent], ['Accept', '*/*'], ['Accept-Encoding', 'identity']])
    for (const line of options.headers) {
      const colon = line.indexOf(':')
      if (colon > 0) headers.set(line.slice(0, colon), line.slice(colon + 1).trim())
    }
    headers.append('Connection', 'Keep-Alive')
    if (options.body !== null) {
      headers.append('Content-Type', 'application/x-www-form-urlencoded')
      headers.append('Content-Length', String(utf8Encode(options.body).length))
    }
    if (!numeric) say(`Resolving ${url.host} (${url.host})... `)
    const startUs = proc.world.clock.nowUs
    let lastAddress = ''
    const target = url
    const { result, head } = yield* fetchOnce(proc, url, {
      method: options.spider ? 'HEAD' : options.method, headers, body: options.body, timeoutUs: options.timeoutUs,
      onEvent: (event) => {
        if (event.event === 'resolved' && !numeric) say(`${event.addresses.map(formatIp).join(', ')}\n`)
        if (event.event === 'connecting') {
          lastAddress = isV6(event.address) ? `[${formatIp(event.address)}]` : formatIp(event.address)
          say(`Connecting to ${numeric ? '' : `${target.host} (${target.host})|`}${lastAddress}${numeric ? '' : '|'}:${event.port}... `)
        }
        if (event.event === 'connect-failed') say(`failed: ${strerror(event.errno)}.\n`)
        if (event.event === 'connected') {
          connected = true
          say('connected.\n')
        }
        if (event.event === 'sent') say(`${options.body !== null ? options.method : 'HTTP'} request sent, awaiting response... `)
      },
    })
    if ('failed' in result) {
      if (result.failed === 'resolve') {
        say('failed: Name or service not known.\n')
        if (!options.quiet) proc.error(`wget: unable to resolve host address '${url.host}'\n`)
        return 4
      }
      if (result.failed === 'connect' && !/timed out/.test(result.message)) return 4
      if (result.failed === 'timeout') say(connected ? 'Read error (Connection timed out) in headers.\n' : 'failed: Connection timed out.\n')
      else if (result.failed === 'empty') say('No data received.\n')
      else if (result.failed === 'receive') say(`Read error (${result.message}) in headers.\n`)
      if (attempt >= options.tries) {
        say('Giving up.\n\n')
        return 4
      }
      say('Retrying.\n\n')
      yield* proc.sleepUs(Math.min(attempt, 10) * 1_000_000)
      continue
    }
    say(`${result.status} ${result.reason}\n`)
    if (options.showHead) proc.error(`${head.replace(/(\r?\n)+$/, '').split(/\r?\n/).map((line) => `  ${line}\n`).join('')}`)
    const location = result.headers.get('location')
    if (result.status >= 300 && result.status < 400 && location !== null) {
      redirects += 1
      say(`Location: ${location} [following]\n`)
      if (redirects > options.maxRedirects) {
        say(`${options.maxRedirects} redirections exceeded.\n`)
        return 8
      }
      const next: Address | null = /^https?:/i.test(location) ? parseUrl(location) : { ...url, path: location.startsWith('/') ? location : `/${location}` }
      if (!next) return 8
      url = next
      attempt -= 1
      continue
    }
    if (result.status >= 400 && !options.contentOnError) {
      if (options.spider) say('Remote file does not exist -- broken link!!!\n\n')
      else if (!options.quiet) say(`${now()} ERROR ${result.status}: ${result.reason}.\n\n`)
      return 8
    }
    const type = result.headers.get('content-type')?.replace(/;.*/, '') ?? ''
    const size = Number(result.headers.get('content-length') ?? result.body.length)
    say(`Length: ${result.headers.has('content-length') ? `${size}${size >= 1024 ? ` (${short(size)})` : ''}` : 'unspecified'}${type === '' ? '' : ` [${type}]`}\n`)
    if (options.spider) {
      say('Remote file exists.\n\n')
      return 0
    }
    return save(proc, url, options, result, startUs, now())
  }
  return 4
}

function save(proc: Process, url: Address, options: Download, result: HttpResult, startUs: number, stamp: string): number {
  const { say } = options
  const toStdout = options.output === '-'
  let name = options.output ?? (url.path.replace(/[?#].*$/, '').split('/').pop() || 'index.html')
  if (options.output === null && options.prefix !== null) name = `${options.prefix.replace(/\/$/, '')}/${name}`
  if (options.output === null) {
    const wanted = name
    for (let i = 1; i < 1000 && proc.fs.exists(proc.path(name)); i += 1) name = `${wanted}.${i}`
  }
  const size = result.body.length
  say(`Saving to: '${toStdout ? 'STDOUT' : name}'\n`)
  const text = utf8Decode(result.body)
  if (toStdout) proc.print(text)
  else {
    const error = proc.fs.write(proc.path(name), text)
    if (error) {
      proc.error(`${name}: ${strerror(error)}\n\nCannot write to '${name}' (${strerror(error)}).\n`)
      return 3
    }
  }
  const us = Math.max(proc.world.clock.nowUs - startUs, 1)
  const rate = rateText((size * 1e6) / us)
  say(`\n     0K${' '.repeat(55)}100% ${short((size * 1e6) / us).padStart(4)}=${us < 1e4 ? '0s' : `${(us / 1e6).toFixed(us < 1e6 ? 2 : 1).replace(/0$/, '')}s`}\n\n`)
  say(`${stamp} (${rate}) - ${toStdout ? 'written to stdout' : `'${name}' saved`} [${size}/${size}]\n\n`)
  if (options.noVerbose) proc.error(`${stamp} URL:${urlText(url)} [${size}/${size}] -> "${toStdout ? '-' : name}" [1]\n`)
  return 0
}

function short(value: number): string {
  if (value < 1024) return String(Math.round(value))
  const unit = value < 1048576 ? 'K' : 'M'
  const scaled = value / (unit === 'K' ? 1024 : 1048576)
  return `${scaled < 10 ? scaled.toFixed(2) : scaled < 100 ? scaled.toFixed(1) : Math.round(scaled)}${unit}`
}

function rateText(value: number): string {
  const unit = value < 1024 ? 'B' : value < 1048576 ? 'KB' : 'MB'
  const scaled = value / (unit === 'B' ? 1 : unit === 'KB' ? 1024 : 1048576)
  return `${unit === 'B' ? Math.round(scaled) : scaled < 10 ? scaled.toFixed(2) : scaled < 100 ? scaled.toFixed(1) : Math.round(scaled)} ${unit}/s`
}

export const busyboxWget: Executable = {
  *program(proc, argv) {
    const options = parseOptions('wget', argv.slice(1), {
      short: 'O:o:qcST:P:U:Y:t:n',
      long: { spider: 'spider', 'header=': 'header', 'post-data=': 'post', 'post-file=': 'post-file', 'no-check-certificate': 'k', 'user-agent=': 'U', 'timeout=': 'T', 'output-document=': 'O', quiet: 'q', 'server-response': 'S' },
    })
    if (typeof options === 'string' || options.operands.length === 0) {
      proc.error(`${typeof options === 'string' ? `${options}\n` : ''}${BUSYBOX_USAGE}`)
      return 1
    }
    const quiet = options.has('q')
    const say = (text: string): void => {
      if (!quiet) proc.error(text)
    }
    const file = options.value('post-file')
    const posted = file === undefined ? options.value('post') : proc.fs.read(proc.path(file))
    const body = posted === undefined || isErrno(posted) ? null : posted
    for (const text of options.operands) {
      let url = parseUrl(text)
      for (let hop = 0; ; hop += 1) {
        if (!url) {
          proc.error(`wget: not an http or ftp url: ${text}\n`)
          return 1
        }
        const target: Address = url
        const headers = new HttpHeaders([['Host', hostHeader(target)], ['User-Agent', options.value('U') ?? 'Wget'], ['Connection', 'close']])
        for (const line of options.values('header')) {
          const colon = line.indexOf(':')
          if (colon > 0) headers.set(line.slice(0, colon), line.slice(colon + 1).trim())
        }
        if (body !== null) headers.append('Content-Length', String(utf8Encode(body).length))
        let address = ''
        const timeoutUs = options.has('T') ? Math.max(Number(options.value('T')) || 1, 1) * 1_000_000 : 900_000_000
        const { result, head } = yield* fetchOnce(proc, target, {
          method: options.has('spider') ? 'HEAD' : body !== null ? 'POST' : 'GET', headers, body, timeoutUs,
          onEvent: (event) => {
            if (event.event !== 'connecting') return
            address = formatIp(event.address)
            say(`Connecting to ${target.host}${target.port === 80 && !/:\d/.test(text) ? '' : `:${target.port}`} (${isV6(event.address) ? `[${address}]` : address}:${event.port})\n`)
          },
        })
        if ('failed' in result) {
          if (result.failed === 'resolve') proc.error(`wget: bad address '${target.host}'\n`)
          else if (result.failed === 'timeout') proc.error('wget: download timed out\n')
          else if (result.failed === 'connect') proc.error(`wget: can't connect to remote host (${address}): ${result.message}\n`)
          else proc.error('wget: error getting response\n')
          return 1
        }
        if (options.has('S')) proc.error(`${head.replace(/(\r?\n)+$/, '').split(/\r?\n/).map((line) => `  ${line}\n`).join('')}  \n`)
        const location = result.headers.get('location')
        if (result.status >= 300 && result.status < 400 && location !== null && hop < REDIRECTS_MAX) {
          url = /^https?:/i.test(location) ? parseUrl(location) : { ...target, path: location.startsWith('/') ? location : `/${location}` }
          continue
        }
        if (result.status >= 400 || (result.status >= 300 && location === null)) {
          proc.error(`wget: server returned error: ${result.version} ${result.status} ${result.reason}\n`)
          return 1
        }
        if (options.has('spider')) {
          say('remote file exists\n')
          break
        }
        const code = busyboxSave(proc, target, options.value('O') ?? null, options.value('P') ?? null, result, say)
        if (code !== 0) return code
        break
      }
    }
    return 0
  },
}

function busyboxSave(proc: Process, url: Address, output: string | null, prefix: string | null, result: HttpResult, say: (text: string) => void): number {
  const size = result.body.length
  const text = utf8Decode(result.body)
  const shown = size < 100000 ? String(size).padStart(6) : size < 100000 * 1024 ? `${String(Math.floor(size / 1024)).padStart(5)}k` : `${String(Math.floor(size / 1048576)).padStart(5)}M`
  const meter = (name: string): string => `${name.slice(0, 20).padEnd(20)} 100% |********************************| ${shown}  0:00:00 ETA\n`
  if (output === '-') {
    say('writing to stdout\n')
    proc.print(text)
    say(`${meter('-')}written to stdout\n`)
    return 0
  }
  const base = url.path.replace(/[?#].*$/, '').split('/').pop() || 'index.html'
  const name = output ?? (prefix === null ? base : `${prefix.replace(/\/$/, '')}/${base}`)
  if (output === null && proc.fs.exists(proc.path(name))) {
    proc.error(`wget: can't open '${name}': File exists\n`)
    return 1
  }
  say(`saving to '${name}'\n`)
  const error = proc.fs.write(proc.path(name), text)
  if (error) {
    proc.error(`wget: can't open '${name}': ${strerror(error)}\n`)
    return 1
  }
  say(`${meter(name.split('/').pop() ?? name)}'${name}' saved\n`)
  return 0
}
