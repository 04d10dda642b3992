/**
 * The stub resolver: getaddrinfo(3) with nsswitch "files dns", hosts(5), resolv.conf(5). Queries are real datagrams (and a TCP
 * connection when an answer was cut), so what breaks DNS in the network breaks it here.
 *
 * Omits: sorting of results by RFC 6724 beyond "IPv4 of a host without an IPv6 route first", IDN, DNSSEC, nscd caches.
 */
import { type Errno, isErrno } from '../../base/errno.ts'
import { formatIp, type IpAddr, isV6, parseIp } from '../../net/addr/ip.ts'
import type { Process } from '../process.ts'
import type { Wait } from '../wait.ts'
import { type DnsMessage, decodeDns, dnsQueryMessage, encodeDns } from './dns-message.ts'
import { connectTcp, recvTcp, recvUdp, sendTcp, type UdpSocket } from './sockets.ts'

export interface ResolvedHost {
  addresses: IpAddr[]
  canonicalName: string
}

export type ResolveFailure = 'EAI_NONAME' | 'EAI_AGAIN'

export interface ResolverConfig {
  servers: IpAddr[]
  search: string[]
  ndots: number
  timeoutUs: number
  attempts: number
}

/** MAXNS and RES_MAXNDOTS of resolv.h; six search domains were the old limit, newer glibc has none, as we. */
const SERVERS_MAX = 3
const NDOTS_MAX = 15
const CNAME_CHAIN_MAX = 16
/** DNS over UDP without EDNS (RFC 1035 section 4.2.1) is cut at 512 bytes; glibc sends no EDNS by default. */
const TCP_LENGTH_BYTES = 2

export function readResolvConf(proc: Process): ResolverConfig {
  const config: ResolverConfig = { servers: [], search: [], ndots: 1, timeoutUs: 5_000_000, attempts: 2 }
  const text = proc.fs.read('/etc/resolv.conf')
  for (const line of isErrno(text) ? [] : text.split('\n')) {
    const [keyword, ...words] = line.replace(/[#;].*$/, '').trim().split(/\s+/)
    if (keyword === 'nameserver') {
      const server = parseIp(words[0] ?? '')
      if (server !== null && config.servers.length < SERVERS_MAX) config.servers.push(server)
    } else if (keyword === 'search' || keyword === 'domain') config.search = words
    else if (keyword === 'options') for (const word of words) applyOption(config, word)
  }
  if (config.servers.length === 0) config.servers.push(0x7f000001)
  return config
}

function applyOption(config: ResolverConfig, word: string): void {
  const [name, text] = word.split(':')
  const value = Number(text)
  if (!Number.isInteger(value) || value < 0) return
  if (name === 'ndots') config.ndots = Math.min(value, NDOTS_MAX)
  else if (name === 'timeout') config.timeoutUs = Math.min(Math.max(value, 1), 30) * 1_000_000
  else if (name === 'attempts') config.attempts = Math.min(Math.max(value, 1), 5)
}

export function* resolveHost(
  proc: Process,
  name: string,
  options: { family?: 'ipv4' | 'ipv6' } = {},
): Generator<Wait, ResolvedHost | ResolveFailure> {
  const { family } = options
  const wanted = (ip: IpAddr): boolean => family === undefined || isV6(ip) === (family === 'ipv6')
  const literal = parseIp(name)
  if (literal !== null) return wanted(literal) ? { addresses: [literal], canonicalName: name } : 'EAI_NONAME'
  if (name === '' || name.length > 254) return 'EAI_NONAME'
  const local = hostsEntry(proc, name, wanted)
  if (local) return local
  const config = readResolvConf(proc)
  let again = false
  for (const candidate of candidates(name, config)) {
    const answer = yield* queryAddresses(proc, config, candidate, family)
    if (answer === 'EAI_AGAIN') again = true
    else if (answer !== 'EAI_NONAME') return answer
    // glibc goes on with the search list after a time-out only if another server may know better; a dead one ends it.
    if (answer === 'EAI_AGAIN') break
  }
  return again ? 'EAI_AGAIN' : 'EAI_NONAME'
}

/** The names to ask for, in order: resolv.conf(5) `ndots` and `search`. */
export function candidates(name: string, config: ResolverConfig): string[] {
  if (name.endsWith('.')) return [name.slice(0, -1)]
  const dots = name.split('.').length - 1
  const searched = config.search.map((domain) => (domain === '.' ? name : `${name}.${domain}`))
  return dots >= config.ndots ? [name, ...searched] : [...searched, name]
}

function hostsEntry(proc: Process, name: string, wanted: (ip: IpAddr) => boolean): ResolvedHost | null {
  const text = proc.fs.read('/etc/hosts')
  const lower = name.toLowerCase().replace(/\.$/, '')
  const addresses: IpAddr[] = []
  let canonicalName = ''
  for (const line of isErrno(text) ? [] : text.split('\n')) {
    const [address, ...names] = line.replace(/#.*$/, '').trim().split(/\s+/)
    if (!names.some((each) => each.toLowerCase() === lower)) continue
    const ip = parseIp(address)
    if (ip === null || !wanted(ip) || addresses.includes(ip)) continue
    addresses.push(ip)
    canonicalName ||= names[0]
  }
  return addresses.length > 0 ? { addresses, canonicalName } : null
}

/** A and AAAA side by side on one socket, as getaddrinfo does. */
function* queryAddresses(
  proc: Process,
  config: ResolverConfig,
  name: string,
  family: 'ipv4' | 'ipv6' | undefined,
): Generator<Wait, ResolvedHost | ResolveFailure> {
  const types = family === 'ipv4' ? ['A'] : family === 'ipv6' ? ['AAAA'] : ['A', 'AAAA']
  for (let attempt = 0; attempt < config.attempts; attempt += 1) {
    for (const server of config.servers) {
      const answers = yield* ask(proc, server, 53, name, types, config.timeoutUs)
      if (answers === null) continue
      const good = answers.filter((message) => message.rcode === 0)
      const addresses = good.flatMap((message) => addressesOf(message))
      if (addresses.length > 0) {
        const ordered = hasV6Route(proc) ? [...addresses.filter(isV6), ...addresses.filter((ip) => !isV6(ip))] : addresses
        return { addresses: ordered, canonicalName: canonicalNameOf(good[0], name) }
      }
      // NXDOMAIN, or the name is there without addresses: final. SERVFAIL and REFUSED: ask the next one.
      if (answers.every((message) => message.rcode === 0 || message.rcode === 3)) return 'EAI_NONAME'
    }
  }
  return 'EAI_AGAIN'
}

function hasV6Route(proc: Process): boolean {
  return proc.netns.fib.list(254).some((route) => isV6(route.prefix.addr) && route.prefix.length < 64)
}

function addressesOf(message: DnsMessage): IpAddr[] {
  return message.answers.flatMap((record) => (record.type === 'A' || record.type === 'AAAA' ? [record.address] : []))
}

function canonicalNameOf(message: DnsMessage, name: string): string {
  let at = name
  for (let i = 0; i < CNAME_CHAIN_MAX; i += 1) {
    const alias = message.answers.find((record) => record.type === 'CNAME' && record.name.toLowerCase() === at.toLowerCase())
    if (alias?.type !== 'CNAME') break
    at = alias.target
  }
  return at
}

/** All answers, or null when not all came in time. */
function* ask(proc: Process, server: IpAddr, port: number, name: string, types: readonly string[], timeoutUs: number): Generator<Wait, DnsMessage[] | null> {
  const socket = proc.netns.sockets.udpOpen({ owner: proc.owner })
  if (isErrno(socket)) return null
  const forget = proc.atExit(() => socket.close())
  try {
    if (socket.connect(server, port)) return null
    const queries = types.map((type) => dnsQueryMessage(nextId(proc), name, type))
    for (const query of queries) if (isErrno(socket.send(encodeDns(query)))) return null
    const answers = yield* collect(proc, socket, queries, timeoutUs)
    if (answers === null) return null
    const whole: DnsMessage[] = []
    for (let i = 0; i < answers.length; i += 1) {
      const full = answers[i].tc ? yield* askByTcp(proc, server, port, queries[i], timeoutUs) : answers[i]
      if (full === null) return null
      whole.push(full)
    }
    return whole
  } finally {
    forget()
    socket.close()
  }
}

function* collect(proc: Process, socket: UdpSocket, queries: readonly DnsMessage[], timeoutUs: number): Generator<Wait, DnsMessage[] | null> {
  const { clock } = proc.world
  const deadlineUs = clock.nowUs + timeoutUs
  const answers = new Map<number, DnsMessage>()
  while (answers.size < queries.length) {
    const got = yield* recvUdp(proc, socket, deadlineUs - clock.nowUs)
    // A port unreachable is as good as silence: the next server is asked at once.
    if (got === 'timeout' || isErrno(got)) return null
    const message = decodeDns(got.bytes)
    const query = message && queries.find((each) => each.id === message.id && matches(each, message))
    if (message?.qr && query) answers.set(query.id, message)
  }
  return queries.map((query) => answers.get(query.id) as DnsMessage)
}

function matches(query: DnsMessage, answer: DnsMessage): boolean {
  const [asked] = query.questions
  const [echoed] = answer.questions
  return echoed === undefined || (echoed.type === asked.type && echoed.name.toLowerCase() === asked.name.toLowerCase())
}

/** RFC 7766: the same query with a length in front. */
function* askByTcp(proc: Process, server: IpAddr, port: number, query: DnsMessage, timeoutUs: number): Generator<Wait, DnsMessage | null> {
  const socket = yield* connectTcp(proc, server, port, { timeoutUs })
  if (isErrno(socket)) return null
  try {
    const bytes = encodeDns(query)
    const framed = new Uint8Array(bytes.length + TCP_LENGTH_BYTES)
    framed.set([bytes.length >> 8, bytes.length & 0xff])
    framed.set(bytes, TCP_LENGTH_BYTES)
    yield* sendTcp(proc, socket, framed)
    let buffer = new Uint8Array(0)
    for (;;) {
      const chunk = yield* recvTcp(proc, socket, timeoutUs)
      if (!(chunk instanceof Uint8Array)) return null
      const joined = new Uint8Array(buffer.length + chunk.length)
      joined.set(buffer)
      joined.set(chunk, buffer.length)
      buffer = joined
      const length = buffer.length >= TCP_LENGTH_BYTES ? buffer[0] * 256 + buffer[1] : Number.POSITIVE_INFINITY
      if (buffer.length >= length + TCP_LENGTH_BYTES) return decodeDns(buffer.subarray(TCP_LENGTH_BYTES, TCP_LENGTH_BYTES + length))
    }
  } finally {
    socket.close()
  }
}

/** One query to one server, for dig and nslookup. */
export function* dnsQuery(
  proc: Process,
  query: { server: IpAddr; port?: number; name: string; type: string; timeoutUs?: number; tries?: number; message?: DnsMessage; tcp?: boolean },
): Generator<Wait, DnsMessage | 'timeout' | Errno> {
  const { server, port = 53, timeoutUs = 5_000_000, tries = 1 } = query
  const message = query.message ?? dnsQueryMessage(nextId(proc), query.name, query.type)
  if (query.tcp) {
    const socket = yield* connectTcp(proc, server, port, { timeoutUs })
    if (isErrno(socket)) return socket
    socket.close()
    return (yield* askByTcp(proc, server, port, message, timeoutUs)) ?? 'timeout'
  }
  const socket = proc.netns.sockets.udpOpen({ owner: proc.owner })
  if (isErrno(socket)) return socket
  const forget = proc.atExit(() => socket.close())
  try {
    const error = socket.connect(server, port)
    if (error) return error
    for (let attempt = 0; attempt < tries; attempt += 1) {
      const sent = socket.send(encodeDns(message))
      if (isErrno(sent)) return sent
      const answer = yield* waitAnswer(proc, socket, message, timeoutUs)
      if (answer !== 'timeout') return answer
    }
    return 'timeout'
  } finally {
    forget()
    socket.close()
  }
}

function* waitAnswer(proc: Process, socket: UdpSocket, query: DnsMessage, timeoutUs: number): Generator<Wait, DnsMessage | 'timeout' | Errno> {
  const { clock } = proc.world
  const deadlineUs = clock.nowUs + timeoutUs
  for (;;) {
    const got = yield* recvUdp(proc, socket, deadlineUs - clock.nowUs)
    if (got === 'timeout' || isErrno(got)) return got
    const answer = decodeDns(got.bytes)
    if (answer?.qr && answer.id === query.id && matches(query, answer)) return answer
  }
}

function nextId(proc: Process): number {
  return proc.world.random.stream(`resolver/${proc.machine.name}`).below(65536)
}

/** `2.0.244.10.in-addr.arpa`, for PTR queries. RFC 1035 section 3.5, RFC 3596 section 2.5. */
export function reverseName(ip: IpAddr): string {
  if (!isV6(ip)) return `${formatIp(ip).split('.').reverse().join('.')}.in-addr.arpa`
  return `${[...ip.toString(16).padStart(32, '0')].reverse().join('.')}.ip6.arpa`
}
