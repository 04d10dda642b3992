/** One flow as a program: resolves, connects or sends, waits for what comes back, and says how it ended. */
import { type Errno, isErrno } from '../base/errno.ts'
import { utf8Decode, utf8Encode } from '../base/utf8.ts'
import type { FlowRequest, FlowResult, FlowVerdict } from '../lab/flow.ts'
import { type DnsMessage, dnsDataText, dnsQueryMessage, dnsRecordType, encodeDns, RCODES } from '../linux/libc/dns-message.ts'
import { httpRequest, parseHttpUrl } from '../linux/libc/http-client.ts'
import { HttpHeaders } from '../linux/libc/http-message.ts'
import { candidates, dnsQuery, readResolvConf, resolveHost } from '../linux/libc/resolver.ts'
import { connectTcp, type UdpSocket, waitSocket } from '../linux/libc/sockets.ts'
import type { Process } from '../linux/process.ts'
import type { Program } from '../linux/program.ts'
import type { Wait } from '../linux/wait.ts'
import { formatIp, type IpAddr, isV6 } from '../net/addr/ip.ts'

/** The ICMP error that ended a flow, as the sender's socket learned it. */
export interface FlowIcmp {
  type: number
  code: number
  from: string
  mtu: number
}

export interface FlowOutcome {
  verdict: FlowVerdict
  /** What the sender's system call said, if it failed. */
  errno: Errno | null
  icmp: FlowIcmp | null
  http: FlowResult['http']
  rcode: string
  answer: NonNullable<FlowResult['answer']>
}

export interface FlowOptions {
  /** An address already found, or null for a name that the sender must resolve itself. */
  target: IpAddr | null
  domain: string
  /** The flow's own packets come now; what came before were questions to the resolver. */
  onStart: () => void
  onEnd: (outcome: FlowOutcome) => void
}

/** Payload of a probe's ICMP echo, in bytes, as ping(8) has it. */
const ECHO_BYTES = 56
const ICMP_ECHO_REPLY = 0
const ICMPV6_ECHO_REPLY = 129
const ICMP_UNREACH = 3
const ICMP_PORT_UNREACH = 3
const ICMPV6_UNREACH = 1
const ICMPV6_PORT_UNREACH = 4
const DNS_PORT = 53

export function emptyOutcome(): FlowOutcome {
  return { verdict: 'timeout', errno: null, icmp: null, http: null, rcode: '', answer: [] }
}

export function flowProgram(flow: FlowRequest, options: FlowOptions): Program {
  return function* send(proc) {
    const outcome = emptyOutcome()
    if (flow.query) yield* ask(proc, flow, outcome)
    else if (flow.url !== '') yield* fetchUrl(proc, flow, options, outcome)
    else {
      const dst = options.target ?? (yield* resolve(proc, flow.to))
      options.onStart()
      if (dst === null) outcome.verdict = 'unresolved'
      else yield* sendTo(proc, flow, dst, options.domain, outcome)
    }
    options.onEnd(outcome)
    return 0
  }
}

function* resolve(proc: Process, name: string): Generator<Wait, IpAddr | null> {
  const found = yield* resolveHost(proc, name)
  return typeof found === 'string' ? null : (found.addresses[0] ?? null)
}

function* sendTo(proc: Process, flow: FlowRequest, dst: IpAddr, domain: string, outcome: FlowOutcome): Generator<Wait, void> {
  switch (flow.protocol) {
    case 'UDP':
      return yield* sendDatagram(proc, flow, dst, domain, outcome)
    case 'ICMP':
      return yield* sendEcho(proc, flow, dst, outcome)
    case 'SCTP':
      // As on a kernel whose sctp module is not there: socket(2) fails, nothing is sent.
      return fail(outcome, 'EPROTONOSUPPORT')
    case 'TCP': {
      const sport = flow.sourcePort > 0 ? { sport: flow.sourcePort } : {}
      const socket = yield* connectTcp(proc, dst, flow.port, { timeoutUs: flow.timeoutMs * 1000, ...sport })
      if (isErrno(socket)) return fail(outcome, socket)
      socket.close()
      outcome.verdict = 'delivered'
    }
  }
}

function* sendDatagram(proc: Process, flow: FlowRequest, dst: IpAddr, domain: string, outcome: FlowOutcome): Generator<Wait, void> {
  const socket = proc.netns.sockets.udpOpen({ owner: proc.owner, ...(flow.sourcePort > 0 && { port: flow.sourcePort }) })
  if (isErrno(socket)) return fail(outcome, socket)
  const failed = socket.connect(dst, flow.port)
  const sent = failed ?? socket.send(datagramFor(flow, domain))
  if (isErrno(sent)) fail(outcome, sent)
  else yield* hearAnswer(proc, socket, flow.timeoutMs * 1000, outcome)
  socket.close()
}

/** An answer, or any ICMP error: as with IP_RECVERR (ip(7)), also those that are no end of the matter. */
function* hearAnswer(proc: Process, socket: UdpSocket, timeoutUs: number, outcome: FlowOutcome): Generator<Wait, void> {
  const endUs = proc.world.clock.nowUs + timeoutUs
  for (;;) {
    const got = socket.recv()
    const error = socket.errors().at(-1)
    if (error) return blame(outcome, error)
    if (isErrno(got)) return fail(outcome, got)
    if (got !== 'again') {
      outcome.verdict = 'delivered'
      return
    }
    if (!(yield* waitSocket(proc, socket, endUs - proc.world.clock.nowUs))) return
  }
}

/** A DNS server answers questions only, so it gets one. */
function datagramFor(flow: FlowRequest, domain: string): Uint8Array {
  return flow.port === DNS_PORT ? encodeDns(dnsQueryMessage(1, `kubernetes.default.svc.${domain}`, 'A')) : utf8Encode(`vethlab ${flow.id}`)
}

function* sendEcho(proc: Process, flow: FlowRequest, dst: IpAddr, outcome: FlowOutcome): Generator<Wait, void> {
  const socket = proc.netns.sockets.icmpOpen({ owner: proc.owner })
  if (isErrno(socket)) return fail(outcome, socket)
  const failed = socket.sendEcho({ dst, id: proc.pid & 0xffff, seq: 1, bytes: ECHO_BYTES })
  if (failed) fail(outcome, failed)
  const endUs = proc.world.clock.nowUs + flow.timeoutMs * 1000
  while (!failed) {
    const message = socket.recv()
    if (message === 'again') {
      if (yield* waitSocket(proc, socket, endUs - proc.world.clock.nowUs)) continue
      break
    }
    if (message.type === ICMP_ECHO_REPLY || message.type === ICMPV6_ECHO_REPLY) outcome.verdict = 'delivered'
    else blame(outcome, message)
    break
  }
  socket.close()
}

function* fetchUrl(proc: Process, flow: FlowRequest, options: FlowOptions, outcome: FlowOutcome): Generator<Wait, void> {
  const url = parseHttpUrl(flow.url)
  const address = url && (yield* resolve(proc, url.host))
  options.onStart()
  if (address === null) {
    outcome.verdict = 'unresolved'
    return
  }
  const headers = new HttpHeaders(flow.headers.map(({ name, value }): [string, string] => [name, value]))
  const response = yield* httpRequest(proc, { url: flow.url, headers, address, timeoutUs: flow.timeoutMs * 1000 })
  if ('failure' in response) {
    if (response.errno) fail(outcome, response.errno)
    return
  }
  outcome.verdict = 'delivered'
  const fields = new Map<string, string>()
  for (const [name, value] of response.headers.fields) {
    const before = fields.get(name)
    fields.set(name, before === undefined ? value : `${before}, ${value}`)
  }
  outcome.http = { status: response.status, headers: Object.fromEntries(fields), body: utf8Decode(response.body) }
}

function* ask(proc: Process, flow: FlowRequest, outcome: FlowOutcome): Generator<Wait, void> {
  const { name, type } = flow.query ?? { name: '', type: 'A' }
  const config = readResolvConf(proc)
  for (const each of candidates(name, config)) {
    const message = yield* askServers(proc, config.servers, each, type, flow.timeoutMs * 1000)
    if (message === 'timeout') return
    if (isErrno(message)) return fail(outcome, message)
    outcome.verdict = 'delivered'
    outcome.rcode = RCODES[message.rcode] ?? String(message.rcode)
    outcome.answer = message.answers.map((record) => ({
      name: record.name,
      type: dnsRecordType(record),
      ttl: record.ttl,
      data: dnsDataText(record),
    }))
    if (outcome.rcode === 'NOERROR' && message.answers.length > 0) return
  }
}

/** The next server is asked when one says nothing (resolv.conf(5)). */
function* askServers(
  proc: Process,
  servers: readonly IpAddr[],
  name: string,
  type: string,
  timeoutUs: number,
): Generator<Wait, DnsMessage | 'timeout' | Errno> {
  let last: DnsMessage | 'timeout' | Errno = 'timeout'
  for (const server of servers) {
    last = yield* dnsQuery(proc, { server, name, type, timeoutUs, tries: 1 })
    if (typeof last !== 'string') return last
  }
  return last
}

function blame(outcome: FlowOutcome, { type, code, from, mtu }: { type: number; code: number; from: IpAddr; mtu: number }): void {
  const port = isV6(from) ? type === ICMPV6_UNREACH && code === ICMPV6_PORT_UNREACH : type === ICMP_UNREACH && code === ICMP_PORT_UNREACH
  outcome.verdict = port ? 'refused' : 'unreachable'
  outcome.icmp = { type, code, from: formatIp(from), mtu }
}

function fail(outcome: FlowOutcome, errno: Errno): void {
  outcome.errno = errno
  outcome.verdict = verdictOf(errno)
}

function verdictOf(errno: Errno): FlowVerdict {
  switch (errno) {
    case 'ECONNREFUSED':
    case 'ECONNRESET':
      return 'refused'
    case 'EHOSTUNREACH':
    case 'ENETUNREACH':
    case 'EACCES':
    case 'EPROTONOSUPPORT':
      return 'unreachable'
    default:
      return 'timeout'
  }
}
