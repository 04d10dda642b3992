/**
 * One query through the plugins of a server block, in the order that CoreDNS is built with: rewrite, template, hosts, kubernetes,
 * forward, whoami; then loadbalance over what came out. Truth: plugin.cfg and the plugins' README files.
 *
 * Omits: cache (every query is answered afresh, so that a learner sees each), health checks of upstreams, policies of forward
 * other than random, template beyond fixed answers.
 */
import { isErrno } from '../../base/errno.ts'
import { type DnsMessage, type DnsQuestion, type DnsRecord, RCODES } from '../../linux/libc/dns-message.ts'
import { dnsQuery } from '../../linux/libc/resolver.ts'
import type { Process } from '../../linux/process.ts'
import type { Wait } from '../../linux/wait.ts'
import { type IpAddr, formatIp, isV6, parseIp } from '../../net/addr/ip.ts'
import { type PluginConfig, type ServerBlock, normalName } from './corefile.ts'
import type { KubernetesZone } from './kubernetes-zone.ts'

export interface QueryContext {
  block: ServerBlock
  zones: readonly { plugin: PluginConfig; zone: KubernetesZone; names: readonly string[]; fallthrough: readonly string[] }[]
  proc: Process
  client: { address: IpAddr; port: number }
}

const UPSTREAM_TIMEOUT_US = 2_000_000
const REFUSED = 5
const SERVFAIL = 2
const NXDOMAIN = 3

export function* answerQuery(request: DnsMessage, context: QueryContext): Generator<Wait, DnsMessage, unknown> {
  const question = request.questions[0]
  const reply = emptyReply(request)
  if (!question || request.opcode !== 0) {
    reply.rcode = question ? 4 : 1
    return reply
  }
  const asked = rewritten(question, context.block)
  yield* resolve(asked, reply, request, context)
  if (asked.name !== question.name) {
    for (const record of [...reply.answers, ...reply.authorities]) if (normalName(record.name) === normalName(asked.name)) record.name = question.name
  }
  if (context.block.plugins.some((p) => p.name === 'loadbalance')) shuffleAddresses(reply.answers, context.proc)
  return reply
}

export function emptyReply(request: DnsMessage): DnsMessage {
  return {
    ...request, qr: true, aa: false, tc: false, ra: false, ad: false, rcode: 0, answers: [], authorities: [], additionals: [],
    edns: request.edns ? { udpSize: request.edns.udpSize, version: 0, dnssecOk: request.edns.dnssecOk, options: [] } : null,
  }
}

function* resolve(question: DnsQuestion, reply: DnsMessage, request: DnsMessage, context: QueryContext): Generator<Wait, void, unknown> {
  const name = normalName(question.name)
  const { block, proc } = context
  for (const plugin of block.plugins) if (plugin.name === 'template' && fromTemplate(plugin, question, reply)) return
  for (const plugin of block.plugins) if (plugin.name === 'hosts' && fromHosts(plugin, question, name, reply, proc)) return
  for (const { zone, names, fallthrough } of context.zones) {
    const inside = names.find((z) => name === z || name.endsWith(`.${z}`) || z === '')
    if (inside === undefined) continue
    if (fromZone(zone, question, name, reply, inside)) {
      const target = reply.answers[0]
      // What an ExternalName points at is asked for as the client would ask.
      if (target?.type === 'CNAME' && reply.answers.length === 1 && question.type !== 'CNAME') {
        const further = emptyReply(request)
        yield* resolve({ ...question, name: target.target }, further, request, context)
        reply.answers.push(...further.answers)
      }
      return
    }
    if (fallthrough.some((z) => z === '' || name === z || name.endsWith(`.${z}`))) continue
    return
  }
  const forward = block.plugins.find((p) => p.name === 'forward')
  if (forward) {
    yield* fromUpstream(forward, question, reply, context)
    return
  }
  if (block.plugins.some((p) => p.name === 'whoami')) {
    reply.aa = true
    const { address } = context.client
    reply.additionals.push({ type: isV6(address) ? 'AAAA' : 'A', name: question.name, ttl: 0, address })
    return
  }
  reply.rcode = REFUSED
}

/** False when the zone has nothing to say of a name that others may know. */
function fromZone(zone: KubernetesZone, question: DnsQuestion, name: string, reply: DnsMessage, inside: string): boolean {
  reply.aa = true
  if (inside.endsWith('arpa')) {
    const ip = reverseAddress(name)
    const found = ip === null ? null : zone.reverse(ip, formatIp(ip), question.name)
    if (!found) {
      reply.aa = false
      return false
    }
    if (question.type === 'PTR') reply.answers.push(...found)
    return true
  }
  const answer = zone.lookup(name, question.type)
  switch (answer.kind) {
    case 'records':
      reply.answers.push(...answer.records.map((r) => (normalName(r.name) === name ? { ...r, name: question.name } : r)))
      reply.additionals.push(...answer.additionals)
      return true
    case 'cname':
      reply.answers.push({ ...answer.record, name: question.name })
      return true
    case 'nodata':
      reply.authorities.push(zone.soa())
      return true
    case 'nxdomain':
      reply.rcode = NXDOMAIN
      reply.authorities.push(zone.soa())
      return true
  }
}

/** `7.1.244.10.in-addr.arpa` or the nibbles of `ip6.arpa`; null for anything shorter. */
export function reverseAddress(name: string): IpAddr | null {
  const v4 = /^(\d+)\.(\d+)\.(\d+)\.(\d+)\.in-addr\.arpa$/.exec(name)
  if (v4) return parseIp([v4[4], v4[3], v4[2], v4[1]].join('.'))
  const v6 = /^((?:[0-9a-f]\.){32})ip6\.arpa$/.exec(name)
  return v6 ? BigInt(`0x${v6[1].split('.').reverse().join('')}`) : null
}

/** Lines of `hosts FILE { ADDRESS NAME… ; ttl N; fallthrough }`. */
function fromHosts(plugin: PluginConfig, question: DnsQuestion, name: string, reply: DnsMessage, proc: Process): boolean {
  const lines = plugin.block.filter((words) => parseIp(words[0] ?? '') !== null)
  const file = plugin.args[0]
  if (file?.startsWith('/') && proc.fs.exists(file)) for (const line of proc.fs.read(file).split('\n')) lines.push(line.replace(/#.*/, '').trim().split(/\s+/))
  const ttl = Number(plugin.block.find((words) => words[0] === 'ttl')?.[1] ?? 3600)
  const found: IpAddr[] = []
  let known = false
  for (const [text, ...names] of lines) {
    const ip = parseIp(text ?? '')
    if (ip === null || !names.some((n) => normalName(n) === name)) continue
    known = true
    if (isV6(ip) ? question.type === 'AAAA' : question.type === 'A') found.push(ip)
  }
  if (!known && plugin.block.some((words) => words[0] === 'fallthrough')) return false
  if (!known) {
    reply.rcode = NXDOMAIN
    reply.aa = true
    return true
  }
  reply.aa = true
  reply.answers.push(...found.map((ip): DnsRecord => ({ type: isV6(ip) ? 'AAAA' : 'A', name: question.name, ttl, address: ip })))
  return true
}

/** `template IN A ZONE { match …; answer "{{ .Name }} 60 IN A 1.2.3.4"; rcode NXDOMAIN }` */
function fromTemplate(plugin: PluginConfig, question: DnsQuestion, reply: DnsMessage): boolean {
  const [, type = 'ANY', ...zones] = plugin.args
  const name = normalName(question.name)
  if (type !== 'ANY' && type !== question.type) return false
  if (zones.length > 0 && !zones.map(normalName).some((z) => name === z || name.endsWith(`.${z}`) || z === '')) return false
  const match = plugin.block.find((words) => words[0] === 'match')?.[1]
  if (match !== undefined) {
    try {
      if (!new RegExp(match).test(`${name}.`)) return false
    } catch {
      return false
    }
  }
  const rcode = plugin.block.find((words) => words[0] === 'rcode')?.[1]
  if (rcode) reply.rcode = Math.max(0, (RCODES as readonly string[]).indexOf(rcode))
  for (const words of plugin.block) {
    if (words[0] !== 'answer') continue
    const made = /^\S+\s+(\d+)\s+IN\s+(A|AAAA|CNAME)\s+(\S+)$/.exec((words[1] ?? '').replace(/\{\{\s*\.Name\s*\}\}/, question.name))
    const ip = made ? parseIp(made[3]) : null
    if (made && ip !== null) reply.answers.push({ type: isV6(ip) ? 'AAAA' : 'A', name: question.name, ttl: Number(made[1]), address: ip })
    else if (made?.[2] === 'CNAME') reply.answers.push({ type: 'CNAME', name: question.name, ttl: Number(made[1]), target: normalName(made[3]) })
  }
  reply.aa = true
  return true
}

function* fromUpstream(forward: PluginConfig, question: DnsQuestion, reply: DnsMessage, context: QueryContext): Generator<Wait, void, unknown> {
  const { proc } = context
  const zone = normalName(forward.args[0] ?? '.')
  const name = normalName(question.name)
  if (zone !== '' && name !== zone && !name.endsWith(`.${zone}`)) {
    reply.rcode = REFUSED
    return
  }
  const servers = upstreams(forward, proc)
  if (servers.length === 0) {
    reply.rcode = SERVFAIL
    return
  }
  const stream = proc.world.random.stream(`coredns/${proc.context.label}/forward`)
  const first = stream.below(servers.length)
  let why = 'i/o timeout'
  for (let i = 0; i < Math.min(2, servers.length + 1); i += 1) {
    const server = servers[(first + i) % servers.length]
    const answer = yield* dnsQuery(proc, { server: server.address, port: server.port, name: question.name, type: question.type, timeoutUs: UPSTREAM_TIMEOUT_US, tries: 1 })
    if (answer === 'timeout' || isErrno(answer)) {
      why = `read udp ${formatIp(server.address)}:${server.port}: ${answer === 'timeout' ? 'i/o timeout' : 'read: connection refused'}`
      continue
    }
    reply.rcode = answer.rcode
    reply.aa = answer.aa
    reply.ra = answer.ra
    reply.answers.push(...answer.answers)
    reply.authorities.push(...answer.authorities)
    return
  }
  reply.rcode = SERVFAIL
  if (context.block.plugins.some((p) => p.name === 'errors')) proc.print(`[ERROR] plugin/errors: 2 ${question.name}. ${question.type}: ${why}\n`)
}

/** The addresses that `forward` names, or those of a resolv.conf. */
export function upstreams(forward: PluginConfig, proc: Process): { address: IpAddr; port: number }[] {
  const found: { address: IpAddr; port: number }[] = []
  for (const to of forward.args.slice(1)) {
    if (to.startsWith('/')) {
      const text = proc.fs.exists(to) ? proc.fs.read(to) : ''
      for (const match of text.matchAll(/^\s*nameserver\s+(\S+)/gm)) {
        const address = parseIp(match[1])
        if (address !== null) found.push({ address, port: 53 })
      }
      continue
    }
    const match = /^(?:dns:\/\/)?(\[[^\]]+\]|[^:]+|[0-9a-f:]+)(?::(\d+))?$/.exec(to)
    const address = match ? parseIp(match[1].replace(/^\[|\]$/g, '')) : null
    if (address !== null) found.push({ address, port: Number(match?.[2] ?? 53) })
  }
  return found
}

/** `rewrite [stop|continue] name [exact|suffix|prefix|substring] FROM TO` */
function rewritten(question: DnsQuestion, block: ServerBlock): DnsQuestion {
  for (const plugin of block.plugins) {
    if (plugin.name !== 'rewrite') continue
    let args = plugin.args
    if (args[0] === 'stop' || args[0] === 'continue') args = args.slice(1)
    if (args[0] !== 'name') continue
    args = args.slice(1)
    const kind = ['exact', 'suffix', 'prefix', 'substring'].includes(args[0]) ? args[0] : 'exact'
    if (kind === args[0]) args = args.slice(1)
    const [from, to] = [normalName(args[0] ?? ''), normalName(args[1] ?? '')]
    const name = normalName(question.name)
    if (kind === 'exact' && name === from) return { ...question, name: to }
    if (kind === 'suffix' && name.endsWith(from)) return { ...question, name: name.slice(0, name.length - from.length) + to }
    if (kind === 'prefix' && name.startsWith(from)) return { ...question, name: to + name.slice(from.length) }
    if (kind === 'substring' && name.includes(from)) return { ...question, name: name.replace(from, to) }
  }
  return question
}

/** round_robin of the loadbalance plugin: a random order of the address records. */
function shuffleAddresses(answers: DnsRecord[], proc: Process): void {
  const isAddress = (r: DnsRecord): boolean => r.type === 'A' || r.type === 'AAAA'
  const addresses = answers.filter(isAddress)
  if (addresses.length < 2) return
  proc.world.random.stream(`coredns/${proc.context.label}/loadbalance`).shuffle(addresses)
  const others = answers.filter((r) => !isAddress(r))
  answers.splice(0, answers.length, ...others, ...addresses)
}
