/** One flow as a program: resolves, connects or sends, waits for what comes back, and says how it ended. */
import { type Errno, isErrno } from '../base/errno.ts'
import { utf8Decode, utf8Encode } from '../base/utf8.ts'
import type { FlowRequest, FlowResult, FlowVerdict } from '../lab/flow.ts'
import { dnsDataText, dnsRecordType, RCODES } from '../linux/libc/dns-message.ts'
import { httpRequest } from '../linux/libc/http-client.ts'
import { HttpHeaders } from '../linux/libc/http-message.ts'
import { dnsQuery, resolveHost } from '../linux/libc/resolver.ts'
import { connectTcp, recvUdp, waitSocket } from '../linux/libc/sockets.ts'
import type { Process } from '../linux/process.ts'
import type { Program } from '../linux/program.ts'
import type { Wait } from '../linux/wait.ts'
import { type IpAddr, parseIp } from '../net/addr/ip.ts'

export interface FlowOutcome {
  verdict: FlowVerdict
  http: FlowResult['http']
  rcode: string
  answer: NonNullable<FlowResult['answer']>
}

/** Payload of a probe's ICMP echo, in bytes, as ping(8) has it. */
const ECHO_BYTES = 56
const ICMP_ECHO_REPLY = 0
const ICMPV6_ECHO_REPLY = 129

/** `target` is an address already found, or null for one that the sender must resolve itself. */
export function flowProgram(flow: FlowRequest, target: IpAddr | null, done: (outcome: FlowOutcome) => void): Program {
  return function* send(proc) {
    const outcome: FlowOutcome = { verdict: 'timeout', http: null, rcode: '', answer: [] }
    if (flow.query) yield* ask(proc, flow, outcome)
    else if (flow.url !== '') yield* fetchUrl(proc, flow, outcome)
    else {
      const dst = target ?? (yield* resolve(proc, flow.to))
      outcome.verdict = dst === null ? 'unresolved' : yield* sendTo(proc, flow, dst)
    }
    done(outcome)
    return 0
  }
}

function* resolve(proc: Process, name: string): Generator<Wait, IpAddr | null> {
  const found = yield* resolveHost(proc, name)
  return typeof found === 'string' ? null : (found.addresses[0] ?? null)
}

function* sendTo(proc: Process, flow: FlowRequest, dst: IpAddr): Generator<Wait, FlowVerdict> {
  if (flow.protocol === 'UDP') return yield* sendDatagram(proc, flow, dst)
  if (flow.protocol === 'ICMP') return yield* sendEcho(proc, flow, dst)
  const socket = yield* connectTcp(proc, dst, flow.port, { timeoutUs: flow.timeoutMs * 1000, ...(flow.sourcePort > 0 && { sport: flow.sourcePort }) })
  if (isErrno(socket)) return verdictOf(socket)
  socket.close()
  return 'delivered'
}

function* sendDatagram(proc: Process, flow: FlowRequest, dst: IpAddr): Generator<Wait, FlowVerdict> {
  const socket = proc.netns.sockets.udpOpen({ owner: proc.owner, ...(flow.sourcePort > 0 && { port: flow.sourcePort }) })
  if (isErrno(socket)) return verdictOf(socket)
  const failed = socket.connect(dst, flow.port)
  const sent = failed ?? socket.send(utf8Encode(`vethlab ${flow.id}`))
  const got = isErrno(sent) ? sent : yield* recvUdp(proc, socket, flow.timeoutMs * 1000)
  socket.close()
  if (got === 'timeout') return 'timeout'
  return isErrno(got) ? verdictOf(got) : 'delivered'
}

function* sendEcho(proc: Process, flow: FlowRequest, dst: IpAddr): Generator<Wait, FlowVerdict> {
  const socket = proc.netns.sockets.icmpOpen({ owner: proc.owner })
  if (isErrno(socket)) return verdictOf(socket)
  const failed = socket.sendEcho({ dst, id: proc.pid & 0xffff, seq: 1, bytes: ECHO_BYTES })
  const endUs = proc.world.clock.nowUs + flow.timeoutMs * 1000
  let verdict: FlowVerdict = failed ? verdictOf(failed) : 'timeout'
  while (!failed) {
    const message = socket.recv()
    if (message !== 'again') {
      const replied = message.type === ICMP_ECHO_REPLY || message.type === ICMPV6_ECHO_REPLY
      verdict = replied ? 'delivered' : message.code === 3 ? 'refused' : 'unreachable'
      break
    }
    if (!(yield* waitSocket(proc, socket, endUs - proc.world.clock.nowUs))) break
  }
  socket.close()
  return verdict
}

function* fetchUrl(proc: Process, flow: FlowRequest, outcome: FlowOutcome): Generator<Wait, void> {
  const timeoutUs = flow.timeoutMs * 1000
  const headers = new HttpHeaders(flow.headers.map(({ name, value }): [string, string] => [name, value]))
  const response = yield* httpRequest(proc, { url: flow.url, headers, connectTimeoutUs: timeoutUs, timeoutUs })
  if ('failure' in response) {
    outcome.verdict = response.failure === 'resolve' ? 'unresolved' : response.errno ? verdictOf(response.errno) : 'timeout'
    return
  }
  outcome.verdict = 'delivered'
  const record: Record<string, string> = Object.create(null) as Record<string, string>
  for (const [name, value] of response.headers.fields) record[name] = value
  outcome.http = { status: response.status, headers: record, body: utf8Decode(response.body) }
}

function* ask(proc: Process, flow: FlowRequest, outcome: FlowOutcome): Generator<Wait, void> {
  const { name, type } = flow.query ?? { name: '', type: 'A' }
  const config = proc.fs.read('/etc/resolv.conf')
  const text = isErrno(config) ? '' : config
  const server = parseIp(/^nameserver\s+(\S+)/m.exec(text)?.[1] ?? '127.0.0.1')
  const search = /^search\s+(.+)$/m.exec(text)?.[1].trim().split(/\s+/) ?? []
  const ndots = Number(/ndots:(\d+)/.exec(text)?.[1] ?? 1)
  const dots = name.split('.').length - 1
  const listed = search.map((domain) => `${name}.${domain}`)
  const names = name.endsWith('.') ? [name] : dots >= ndots ? [name, ...listed] : [...listed, name]
  if (server === null) return
  for (const each of names) {
    const message = yield* dnsQuery(proc, { server, name: each, type, timeoutUs: flow.timeoutMs * 1000, tries: 1 })
    if (message === 'timeout' || isErrno(message)) {
      outcome.verdict = message === 'timeout' ? 'timeout' : verdictOf(message)
      return
    }
    outcome.verdict = 'delivered'
    outcome.rcode = RCODES[message.rcode] ?? String(message.rcode)
    outcome.answer = message.answers.map((record) => ({ name: record.name, type: dnsRecordType(record), ttl: record.ttl, data: dnsDataText(record) }))
    if (outcome.rcode === 'NOERROR' && message.answers.length > 0) return
  }
}

function verdictOf(errno: Errno): FlowVerdict {
  if (errno === 'ECONNREFUSED' || errno === 'ECONNRESET') return 'refused'
  return errno === 'EHOSTUNREACH' || errno === 'ENETUNREACH' || errno === 'EACCES' ? 'unreachable' : 'timeout'
}
