/**
 * dig of BIND 9.18.
 * Omits: DNSSEC, zone transfers, TCP other than the refusal of it, tracing, batch files, options that only change such things.
 */
import type { Errno } from '../../base/errno.ts'
import { type DnsMessage, type DnsRecord, dnsDataText, dnsRecordType, dnsTypeNumber, RCODES } from '../../linux/libc/dns-message.ts'
import { resolveHost } from '../../linux/libc/resolver.ts'
import type { Process } from '../../linux/process.ts'
import type { Executable } from '../../linux/program.ts'
import type { Wait } from '../../linux/wait.ts'
import { formatIp, type IpAddr, parseIp } from '../../net/addr/ip.ts'
import { strftime } from '../calendar.ts'
import { readResolverConfiguration, reverseName } from '../name-service.ts'
import { exchange } from './exchange.ts'

const BANNER = 'DiG 9.18.49-1~deb12u3-Debian'

const USAGE = `Usage:  dig [@global-server] [domain] [q-type] [q-class] {q-opt}
            {global-d-opt} host [@local-server] {local-d-opt}
            [ host [@local-server] {local-d-opt} [...]]

Use "dig -h" (or "dig -h | more") for complete list of options
`

interface Query {
  name: string
  type: string
}

interface Settings {
  server: string
  port: number
  short: boolean
  search: boolean
  tries: number
  timeoutUs: number
  recurse: boolean
  edns: boolean
  tcp: boolean
  nssearch: boolean
  show: { cmd: boolean; comments: boolean; question: boolean; answer: boolean; authority: boolean; additional: boolean; stats: boolean }
}

const TOGGLES = new Set(['aaflag', 'adflag', 'cdflag', 'dnssec', 'cookie', 'multiline', 'ttlid', 'ttlunits', 'idnin', 'idnout', 'besteffort', 'fail', 'ignore', 'keepopen', 'crypto', 'rrcomments', 'class', 'identify', 'qr', 'trace', 'vc', 'yaml', 'badcookie', 'expire', 'nsid', 'unknownformat', 'zflag', 'split', 'ndots', 'domain', 'bufsize', 'subnet', 'opcode'])

export const dig: Executable = {
  *program(proc, argv) {
    const settings: Settings = {
      server: '', port: 53, short: false, search: false, tries: 3, timeoutUs: 5_000_000, recurse: true, edns: true, tcp: false, nssearch: false,
      show: { cmd: true, comments: true, question: true, answer: true, authority: true, additional: true, stats: true },
    }
    const queries: Query[] = []
    let type = 'A'
    const words = argv.slice(1)
    for (let at = 0; at < words.length; at += 1) {
      const word = words[at]
      if (word.startsWith('@')) settings.server = word.slice(1)
      else if (word.startsWith('+')) {
        if (!plusOption(settings, word.slice(1))) {
          proc.error(`Invalid option: ${word}\n${USAGE}`)
          return 1
        }
      } else if (word === '-v') {
        proc.error(`${BANNER}\n`)
        return 0
      } else if (word === '-h') {
        proc.print(USAGE)
        return 0
      } else if (word === '-4' || word === '-6' || word === '-u' || word === '-r' || word === '-m') continue
      else if (/^-[tpqxbcyf]/.test(word)) {
        const value = word.length > 2 ? word.slice(2) : (words[(at += 1)] ?? '')
        if (word[1] === 'p') settings.port = Number(value) || 53
        else if (word[1] === 'q') queries.push({ name: value, type })
        else if (word[1] === 'x') {
          const ip = parseIp(value)
          if (ip === null) {
            proc.error(`dig: Invalid IP address ${value}\n`)
            return 1
          }
          queries.push({ name: reverseName(ip), type: 'PTR' })
        } else if (word[1] === 't') {
          if (dnsTypeNumber(value) === null) proc.error(`;; Warning, ignoring invalid type ${value}\n`)
          else if (queries.length > 0) queries[queries.length - 1].type = value.toUpperCase()
          else type = value.toUpperCase()
        }
      } else if (word.startsWith('-')) {
        proc.error(`Invalid option: ${word}\n${USAGE}`)
        return 1
      } else if (dnsTypeNumber(word) !== null && !word.includes('.')) {
        if (queries.length > 0) queries[queries.length - 1].type = word.toUpperCase()
        else type = word.toUpperCase()
      } else if (!/^(IN|CH|HS)$/i.test(word)) queries.push({ name: word, type })
    }
    if (queries.length === 0) queries.push({ name: '.', type: 'NS' })
    const servers = yield* serverAddresses(proc, settings.server)
    if (typeof servers === 'string') {
      proc.error(`dig: couldn't get address for '${settings.server}': ${servers}\n`)
      return 1
    }
    let exitCode = 0
    for (let i = 0; i < queries.length; i += 1) {
      exitCode = yield* lookUp(proc, settings, servers, queries[i], argv, i === 0)
      if (proc.exitCode !== null) break
    }
    return exitCode
  },
}

function plusOption(settings: Settings, text: string): boolean {
  const off = text.startsWith('no') && text !== 'noall' ? text !== 'node' : text === 'noall'
  const bare = off ? text.slice(2) : text
  const [name, value] = bare.split('=')
  const { show } = settings
  const fits = (...names: string[]): boolean => names.includes(name)
  if (fits('all')) for (const key of Object.keys(show) as (keyof typeof show)[]) show[key] = !off
  else if (fits('short')) settings.short = !off
  else if (fits('search')) settings.search = !off
  else if (fits('cmd')) show.cmd = !off
  else if (fits('comments', 'comment')) show.comments = !off
  else if (fits('question')) show.question = !off
  else if (fits('answer', 'ans')) show.answer = !off
  else if (fits('authority', 'auth')) show.authority = !off
  else if (fits('additional', 'add')) show.additional = !off
  else if (fits('stats')) show.stats = !off
  else if (fits('recurse', 'rec', 'rdflag')) settings.recurse = !off
  else if (fits('edns')) settings.edns = !off
  else if (fits('tcp')) settings.tcp = !off
  else if (fits('tries')) settings.tries = Math.min(Math.max(Number(value) || 1, 1), 20)
  else if (fits('retry')) settings.tries = Math.min(Math.max(Number(value) || 0, 0), 20) + 1
  else if (fits('time', 'timeout')) settings.timeoutUs = Math.min(Math.max(Number(value) || 1, 1), 300) * 1_000_000
  else return TOGGLES.has(name)
  return true
}

function* serverAddresses(proc: Process, server: string): Generator<Wait, IpAddr[] | string, unknown> {
  if (server === '') {
    const { servers } = readResolverConfiguration(proc)
    return servers.length > 0 ? servers : [0x7f000001]
  }
  const numeric = parseIp(server)
  if (numeric !== null) return [numeric]
  const resolved = yield* resolveHost(proc, server)
  if (typeof resolved === 'string') return resolved === 'EAI_AGAIN' ? 'failure' : 'not found'
  return resolved.addresses
}

function* lookUp(
  proc: Process, settings: Settings, servers: readonly IpAddr[], query: Query, argv: readonly string[], first: boolean,
): Generator<Wait, number, unknown> {
  const { show } = settings
  const names = [query.name]
  if (settings.search && !query.name.endsWith('.')) {
    const { search, ndots } = readResolverConfiguration(proc)
    const dots = query.name.split('.').length - 1
    const searched = search.map((domain) => `${query.name}.${domain.replace(/\.$/, '')}`)
    names.splice(0, 1, ...(dots >= ndots ? [query.name, ...searched] : [...searched, query.name]))
  }
  let trouble = ''
  for (const name of names) {
    for (let attempt = 0; attempt < settings.tries; attempt += 1) {
      const server = servers[Math.min(Math.floor(attempt / settings.tries) + (attempt % servers.length), servers.length - 1)]
      const at = `${formatIp(server)}#${settings.port}`
      if (settings.tcp) {
        proc.print(`;; Connection to ${at}(${settings.server || formatIp(server)}) for ${name} failed: connection refused.\n;; no servers could be reached\n`)
        return 9
      }
      const startUs = proc.world.clock.nowUs
      const answer = yield* exchange(proc, {
        server, port: settings.port, name, type: query.type, timeoutUs: settings.timeoutUs, recurse: settings.recurse, udpSize: settings.edns ? 1232 : 0,
      })
      if (typeof answer === 'string') {
        trouble = complaint(answer)
        proc.print(`;; communications error to ${at}: ${trouble}\n`)
        continue
      }
      const rcode = answer.message.rcode
      if (name !== names[names.length - 1] && (rcode === 3 || (rcode === 0 && answer.message.answers.length === 0))) break
      const elapsedMs = Math.floor((proc.world.clock.nowUs - startUs) / 1000)
      if (settings.short) for (const record of answer.message.answers) proc.print(`${dnsDataText(record)}\n`)
      else {
        proc.print(messageText(settings, answer.message, argv, first))
        if (show.stats) proc.print(statisticsText(proc, elapsedMs, `${at}(${settings.server || formatIp(server)})`, answer.size))
      }
      return 0
    }
  }
  if (settings.short) proc.print(';; no servers could be reached\n')
  else proc.print(`\n; <<>> ${BANNER} <<>> ${argv.slice(1).join(' ')}\n${settings.server === '' ? '' : '; (1 server found)\n'};; global options: +cmd\n;; no servers could be reached\n`)
  return 9
}

function complaint(answer: 'timeout' | Errno): string {
  if (answer === 'timeout') return 'timed out'
  if (answer === 'ECONNREFUSED') return 'connection refused'
  if (answer === 'EHOSTUNREACH') return 'host unreachable'
  return answer === 'ENETUNREACH' ? 'network unreachable' : 'unexpected error'
}

const OPCODES = ['QUERY', 'IQUERY', 'STATUS', 'RESERVED3', 'NOTIFY', 'UPDATE']

function messageText(settings: Settings, message: DnsMessage, argv: readonly string[], first: boolean): string {
  const { show } = settings
  let text = ''
  if (show.cmd && first) {
    text += `\n; <<>> ${BANNER} <<>> ${argv.slice(1).join(' ')}\n${settings.server === '' ? '' : '; (1 server found)\n'};; global options: +cmd\n`
  }
  if (show.comments) {
    const question = message.questions[0]
    text += ';; Got answer:\n'
    if (question && /(^|\.)local$/i.test(question.name)) {
      text += ';; WARNING: .local is reserved for Multicast DNS\n;; You are currently testing what happens when an mDNS query is leaked to DNS\n'
    }
    text += `;; ->>HEADER<<- opcode: ${OPCODES[message.opcode] ?? 'RESERVED'}, status: ${RCODES[message.rcode] ?? `RESERVED${message.rcode}`}, id: ${message.id}\n`
    const flags = (['qr', 'aa', 'tc', 'rd', 'ra', 'ad', 'cd'] as const).filter((flag) => message[flag]).join(' ')
    const additional = message.additionals.length + (message.edns ? 1 : 0)
    text += `;; flags: ${flags}; QUERY: ${message.questions.length}, ANSWER: ${message.answers.length}, AUTHORITY: ${message.authorities.length}, ADDITIONAL: ${additional}\n`
    if (message.rd && !message.ra) text += ';; WARNING: recursion requested but not available\n'
    text += '\n'
    if (message.edns) text += `;; OPT PSEUDOSECTION:\n; EDNS: version: ${message.edns.version}, flags:${message.edns.dnssecOk ? ' do' : ''}; udp: ${message.edns.udpSize}\n`
  }
  if (show.question && message.questions.length > 0) {
    if (show.comments) text += ';; QUESTION SECTION:\n'
    for (const question of message.questions) {
      text += `;${question.name}.${indent(question.name.length + 1, 32)}${question.class}\t${question.type}\n`
    }
    if (show.comments) text += '\n'
  }
  const sections = [
    ['answer', 'ANSWER', message.answers],
    ['authority', 'AUTHORITY', message.authorities],
    ['additional', 'ADDITIONAL', message.additionals],
  ] as const
  for (const [key, title, records] of sections) {
    if (!show[key] || records.length === 0) continue
    if (show.comments) text += `;; ${title} SECTION:\n`
    text += records.map(recordText).join('')
    if (show.comments) text += '\n'
  }
  return text
}

/** Blanks from one column to another, at least one: tabs as far as they go (indent in BIND's masterdump.c). */
function indent(from: number, wanted: number): string {
  const to = Math.max(wanted, from + 1)
  const tabs = Math.floor(to / 8) - Math.floor(from / 8)
  const reached = tabs > 0 ? Math.floor(to / 8) * 8 : from
  return '\t'.repeat(tabs) + ' '.repeat(to - reached)
}

/** Name, TTL, class, type and data at columns 24, 32, 40 and 48. */
function recordText(record: DnsRecord): string {
  let text = `${record.name}.`
  let column = text.length
  const words = [String(record.ttl), 'IN', dnsRecordType(record)]
  for (let i = 0; i < words.length; i += 1) {
    text += indent(column, 24 + 8 * i) + words[i]
    column = Math.max(24 + 8 * i, column + 1) + words[i].length
  }
  return `${text}${indent(column, 48)}${dnsDataText(record)}\n`
}

function statisticsText(proc: Process, elapsedMs: number, server: string, size: number): string {
  const when = strftime('%a %b %d %H:%M:%S UTC %Y', proc.world.epochMs + proc.world.clock.nowUs / 1000)
  return `;; Query time: ${elapsedMs} msec\n;; SERVER: ${server} (UDP)\n;; WHEN: ${when}\n;; MSG SIZE  rcvd: ${size}\n\n`
}

