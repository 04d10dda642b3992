/**
 * agnhost, the test image of Kubernetes: netexec, serve-hostname, connect, pause, porter, liveness, echo over TCP.
 * Truth: kubernetes test/images/agnhost (README, netexec.go, porter.go, connect.go).
 *
 * Omits: SCTP, TLS, websockets, dns-server commands, most sub-commands that only end-to-end tests use.
 */
import { isErrno, strerror } from '../../base/errno.ts'
import { utf8Decode, utf8Encode } from '../../base/utf8.ts'
import { byText } from '../../base/text-order.ts'
import { httpRequest } from '../../linux/libc/http-client.ts'
import { bodyText, type HttpResponse } from '../../linux/libc/http-message.ts'
import { type ServedRequest, serveHttp } from '../../linux/libc/http-server.ts'
import { dnsQuery, resolveHost } from '../../linux/libc/resolver.ts'
import { connectTcp, recvUdp, sendTcp, serveTcp } from '../../linux/libc/sockets.ts'
import { NullFile, type OpenFile, SinkFile } from '../../linux/open-file.ts'
import type { Process } from '../../linux/process.ts'
import type { Program } from '../../linux/program.ts'
import { type Wait, WaitQueue } from '../../linux/wait.ts'
import { alpineBase, installProgram } from '../base-image.ts'
import type { Image } from '../image.ts'
import { hostPort, pathOf, queryOf, response, runServer } from '../web-server.ts'

const TEXT = 'text/plain; charset=utf-8'

export const agnhostImage: Image = {
  sizeBytes: 51_155_161,
  build: () => ({
    entrypoint: ['/agnhost'],
    cmd: ['pause'],
    install(fs) {
      alpineBase(fs, ['dnsutils', 'curl', 'iperf', 'netcat', 'iputils'])
      installProgram(fs, '/agnhost', agnhost)
    },
  }),
}

/** The older single-purpose test images: the same program with its first word given. */
export function serveHostnameImage(port: number): Image {
  return {
    sizeBytes: 11_534_336,
    build: () => ({
      entrypoint: ['/agnhost', 'serve-hostname', '--http', `--port=${port}`],
      install(fs) {
        alpineBase(fs)
        installProgram(fs, '/agnhost', agnhost)
      },
    }),
  }
}

const agnhost: Program = function* (proc, argv) {
  const command = argv[1] ?? ''
  const flags = readFlags(argv.slice(2))
  for (const signal of ['SIGTERM', 'SIGINT'] as const) proc.onSignal(signal, () => proc.exit(0))
  switch (command) {
    case 'netexec': return yield* netexec(proc, flags)
    case 'serve-hostname': return yield* serveHostname(proc, flags)
    case 'connect': return yield* connect(proc, flags)
    case 'porter': return yield* porter(proc)
    case 'liveness': return yield* liveness(proc)
    case 'dns-suffix':
      proc.print(`${(/^search (.*)$/m.exec(proc.fs.exists('/etc/resolv.conf') ? proc.fs.read('/etc/resolv.conf') : '')?.[1] ?? '').split(' ').join(',')}\n`)
      return 0
    case 'etc-hosts':
      proc.print(proc.fs.exists('/etc/hosts') ? proc.fs.read('/etc/hosts') : '')
      return 0
    case 'nslookup': return yield* nslookup(proc, flags)
    case '--version':
      proc.print('agnhost version 2.57\n')
      return 0
    case 'pause': case '': {
      proc.print('Paused\n')
      const asleep = new WaitQueue()
      for (;;) yield asleep.wait
    }
    default:
      proc.error(`Error: unknown command "${command}" for "agnhost"\nRun 'agnhost --help' for usage.\n`)
      return 1
  }
}

interface Flags {
  values: Map<string, string>
  words: string[]
}

function readFlags(argv: readonly string[]): Flags {
  const flags: Flags = { values: new Map(), words: [] }
  for (let i = 0; i < argv.length; i += 1) {
    const match = /^--([^=]+)(?:=(.*))?$/s.exec(argv[i])
    if (!match) flags.words.push(argv[i])
    else if (match[2] !== undefined) flags.values.set(match[1], match[2])
    else if (argv[i + 1] !== undefined && !argv[i + 1].startsWith('--') && !['http', 'udp', 'tcp', 'close'].includes(match[1])) {
      flags.values.set(match[1], argv[i + 1])
      i += 1
    } else flags.values.set(match[1], 'true')
  }
  return flags
}

function* netexec(proc: Process, flags: Flags): Generator<Wait, number, unknown> {
  const httpPort = Number(flags.values.get('http-port') ?? 8080)
  const udpPort = Number(flags.values.get('udp-port') ?? 8081)
  const delayUs = Number(flags.values.get('delay-shutdown') ?? 0) * 1_000_000
  if (delayUs > 0) proc.onSignal('SIGTERM', () => proc.world.clock.after(delayUs, () => proc.exit(0)))
  if (udpPort > 0) proc.thread((thread) => netexecUdp(thread, udpPort))
  proc.error(`Started HTTP server on port ${httpPort}\n`)
  const failed = yield* serveHttp(proc, httpPort, (request) => netexecHttp(request))
  proc.error(`listen tcp :${httpPort}: bind: ${strerror(failed).toLowerCase()}\n`)
  return 1
}

function* netexecUdp(proc: Process, port: number): Generator<Wait, void, unknown> {
  const socket = proc.netns.sockets.udpOpen({ port, owner: proc.owner })
  if (isErrno(socket)) return
  proc.atExit(() => socket.close())
  proc.error(`Started UDP server on port  ${port}\n`)
  for (;;) {
    const got = yield* recvUdp(proc, socket)
    if (typeof got === 'string') continue
    const words = utf8Decode(got.bytes).trim().split(/\s+/)
    const client = hostPort(got.src, got.sport)
    const name = words[0].toLowerCase()
    const answer = name === 'hostname' ? proc.context.hostname : name === 'echo' ? words.slice(1).join(' ') : name === 'clientip' ? client : ''
    if (answer !== '') socket.sendTo(utf8Encode(answer), got.src, got.sport)
  }
}

function* netexecHttp(request: ServedRequest): Generator<Wait, HttpResponse, unknown> {
  const proc = request.thread
  const query = queryOf(request)
  proc.error(`${proc.world.nowIso()} GET ${request.target}\n`)
  switch (pathOf(request).toLowerCase()) {
    case '/': return response(200, `NOW: ${proc.world.nowIso().replace('T', ' ').replace('Z', '')} +0000 UTC m=+0.0`, TEXT)
    case '/hostname': return response(200, proc.context.hostname, TEXT)
    case '/clientip': return response(200, hostPort(request.client.address, request.client.port), TEXT)
    case '/healthz': return response(200, '', TEXT)
    case '/echo': return response(Number(query.get('code') ?? 200), query.get('msg') ?? '', TEXT)
    case '/header': return response(200, request.headers.get(query.get('key') ?? '') ?? '', TEXT)
    case '/exit':
      proc.exit(Number(query.get('code') ?? 0))
      return response(200, '', TEXT)
    case '/redirect': return response(Number(query.get('code') ?? 302), '', TEXT, [['Location', query.get('location') ?? '/']])
    case '/shell': return yield* shell(request, query.get('shellCommand') ?? query.get('cmd') ?? '')
    case '/dial': return yield* dial(request, query)
    default: return response(404, '404 page not found\n', TEXT)
  }
}

function* shell(request: ServedRequest, command: string): Generator<Wait, HttpResponse, unknown> {
  const proc = request.thread
  let output = ''
  const sink = new SinkFile((text) => { output += text })
  const input = new NullFile()
  const code = yield* proc.run({ argv: ['/bin/sh', '-c', command], fds: new Map<number, OpenFile>([[0, input], [1, sink], [2, sink]]) })
  sink.close()
  input.close()
  return response(code === 0 ? 200 : 500, JSON.stringify(code === 0 ? { output } : { error: `exit status ${code}`, output }), TEXT)
}

/** `/dial?host=&port=&protocol=&request=&tries=`: asks another netexec and tells who answered. */
function* dial(request: ServedRequest, query: Map<string, string>): Generator<Wait, HttpResponse, unknown> {
  const proc = request.thread
  const [host, port] = [query.get('host') ?? '', Number(query.get('port'))]
  const protocol = query.get('protocol') ?? 'http'
  const what = query.get('request') ?? 'hostname'
  const responses: string[] = []
  const errors: string[] = []
  for (let i = 0; i < Math.min(256, Number(query.get('tries') ?? 1)); i += 1) {
    if (protocol === 'http') {
      const answer = yield* httpRequest(proc, { url: `http://${host}:${port}/${what.replace(/^\//, '')}`, timeoutUs: 5_000_000 })
      if ('failure' in answer) errors.push(answer.message)
      else responses.push(bodyText(answer))
      continue
    }
    const found = yield* resolveHost(proc, host)
    if (typeof found === 'string') {
      errors.push(`lookup ${host}: no such host`)
      continue
    }
    const socket = proc.netns.sockets.udpOpen({ owner: proc.owner })
    if (isErrno(socket)) continue
    socket.connect(found.addresses[0], port)
    socket.send(utf8Encode(what))
    const got = yield* recvUdp(proc, socket, 5_000_000)
    socket.close()
    if (typeof got === 'string') errors.push(got === 'timeout' ? 'i/o timeout' : strerror(got).toLowerCase())
    else responses.push(utf8Decode(got.bytes))
  }
  return response(200, JSON.stringify({ ...(responses.length > 0 ? { responses } : {}), ...(errors.length > 0 ? { errors } : {}) }), TEXT)
}

function* serveHostname(proc: Process, flags: Flags): Generator<Wait, number, unknown> {
  const port = Number(flags.values.get('port') ?? 9376)
  if (flags.values.get('udp') === 'true') {
    proc.thread(function* (thread) {
      const socket = thread.netns.sockets.udpOpen({ port, owner: thread.owner })
      if (isErrno(socket)) return
      thread.atExit(() => socket.close())
      for (;;) {
        const got = yield* recvUdp(thread, socket)
        if (typeof got !== 'string') socket.sendTo(utf8Encode(`${thread.context.hostname}\n`), got.src, got.sport)
      }
    })
  }
  if (flags.values.get('tcp') === 'true') {
    const listener = proc.netns.sockets.tcpListen({ address: null, port, owner: proc.owner })
    if (isErrno(listener)) return 1
    return yield* serveTcp(proc, listener, function* (thread, socket) {
      yield* sendTcp(thread, socket, utf8Encode(`${thread.context.hostname}\n`))
    })
  }
  proc.error('Serving on port 9376.\n'.replace('9376', String(port)))
  return yield* runServer(proc, port, (request) => {
    proc.error(`HTTP request from ${hostPort(request.client.address, request.client.port)}\n`)
    return response(200, proc.context.hostname, TEXT)
  })
}

/** `connect HOST:PORT [--timeout=1s] [--protocol=tcp|udp]`: silent and 0, or one word and 1. */
function* connect(proc: Process, flags: Flags): Generator<Wait, number, unknown> {
  const match = /^(.*):(\d+)$/.exec(flags.words[0] ?? '')
  const seconds = /^(\d+(?:\.\d+)?)(ms|s|m)?$/.exec(flags.values.get('timeout') ?? '')
  const unit = seconds?.[2] === 'ms' ? 1000 : seconds?.[2] === 'm' ? 60_000_000 : 1_000_000
  const timeoutUs = seconds ? Number(seconds[1]) * unit : undefined
  if (!match) {
    proc.error('OTHER: address must be host:port\n')
    return 1
  }
  const found = yield* resolveHost(proc, match[1].replace(/^\[|\]$/g, ''))
  if (typeof found === 'string') {
    proc.error(`DNS: lookup ${match[1]}: no such host\n`)
    return 1
  }
  const [address, port] = [found.addresses[0], Number(match[2])]
  if (flags.values.get('protocol') === 'udp') {
    const socket = proc.netns.sockets.udpOpen({ owner: proc.owner })
    if (isErrno(socket)) return 1
    socket.connect(address, port)
    socket.send(utf8Encode('FOO'))
    const got = yield* recvUdp(proc, socket, timeoutUs ?? 5_000_000)
    socket.close()
    if (got === 'timeout') proc.error('TIMEOUT\n')
    else if (typeof got === 'string') proc.error(got === 'ECONNREFUSED' ? 'REFUSED\n' : `OTHER: ${strerror(got)}\n`)
    return typeof got === 'string' ? 1 : 0
  }
  const socket = yield* connectTcp(proc, address, port, { timeoutUs })
  if (!isErrno(socket)) {
    socket.close()
    return 0
  }
  const word = socket === 'ECONNREFUSED' ? 'REFUSED' : socket === 'ETIMEDOUT' ? 'TIMEOUT'
    : socket === 'EHOSTUNREACH' || socket === 'ENETUNREACH' ? 'UNREACHABLE' : `OTHER: ${strerror(socket)}`
  proc.error(`${word}\n`)
  return 1
}

/** SERVE_PORT_80=text, SERVE_SCTP… and the like: one server per variable. */
function* porter(proc: Process): Generator<Wait, number, unknown> {
  const ports = [...proc.env].flatMap(([name, value]) => {
    const match = /^SERVE_(?:TLS_)?PORT_(\d+)$/.exec(name)
    return match ? [{ port: Number(match[1]), value }] : []
  }).sort((a, b) => a.port - b.port)
  for (const { port, value } of ports) proc.thread((thread) => serveHttp(thread, port, () => response(200, value, TEXT)))
  const asleep = new WaitQueue()
  for (;;) yield asleep.wait
}

/** Healthy for ten seconds, then not: the server of the documentation's liveness example. */
function* liveness(proc: Process): Generator<Wait, number, unknown> {
  const startUs = proc.world.clock.nowUs
  return yield* runServer(proc, 8080, (request) => {
    const seconds = (proc.world.clock.nowUs - startUs) / 1_000_000
    if (pathOf(request) === '/healthz') return seconds > 10 ? response(500, `error: ${seconds}`, TEXT) : response(200, 'ok', TEXT)
    return response(200, `${seconds}s`, TEXT)
  })
}

function* nslookup(proc: Process, flags: Flags): Generator<Wait, number, unknown> {
  const server = flags.values.get('server')
  const found = server ? undefined : yield* resolveHost(proc, flags.words[0] ?? '')
  if (server) {
    const at = yield* resolveHost(proc, server)
    const answer = typeof at === 'string' ? 'timeout' : yield* dnsQuery(proc, { server: at.addresses[0], name: flags.words[0] ?? '', type: 'A' })
    proc.print(`${typeof answer === 'string' ? answer : answer.answers.map((r) => JSON.stringify(r, (_, v) => (typeof v === 'bigint' ? v.toString() : v))).sort(byText).join('\n')}\n`)
    return typeof answer === 'string' ? 1 : 0
  }
  if (typeof found === 'string' || !found) {
    proc.error(`lookup ${flags.words[0]}: no such host\n`)
    return 1
  }
  proc.print(`${found.addresses.map((a) => hostPort(a, 0).replace(/:0$/, '')).join('\n')}\n`)
  return 0
}
