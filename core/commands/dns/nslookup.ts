/** nslookup of BIND 9.18 and of busybox, non-interactive. Omits: the interactive mode, `-debug`. */
import type { Errno } from '../../base/errno.ts'
import { type DnsMessage, type DnsRecord, dnsDataText, dnsTypeNumber, RCODES } from '../../linux/libc/dns-message.ts'
import { resolveHost } from '../../linux/libc/resolver.ts'
import type { Process } from '../../linux/process.ts'
import type { Executable } from '../../linux/program.ts'
import type { Wait } from '../../linux/wait.ts'
import { formatIp, type IpAddr, parseIp } from '../../net/addr/ip.ts'
import { readResolverConfiguration, reverseName } from '../name-service.ts'
import { askOne, candidates, lookup, type LookupOptions } from './lookup.ts'

export const BUSYBOX_USAGE = `BusyBox v1.36.1 multi-call binary.

Usage: nslookup [-type=QUERY_TYPE] [-debug] HOST [DNS_SERVER]

Query DNS about HOST

QUERY_TYPE: soa,ns,a,aaaa,cname,mx,txt,ptr,srv,any
`

interface Call {
  type: string | null
  port: number
  timeoutUs: number
  tries: number
  search: boolean
  names: string[]
}

function readCall(argv: readonly string[]): Call {
  const call: Call = { type: null, port: 53, timeoutUs: 5_000_000, tries: 3, search: true, names: [] }
  for (const word of argv.slice(1)) {
    const option = /^-([a-z]+)(?:=(.*))?$/.exec(word)
    if (!option) {
      call.names.push(word)
      continue
    }
    const [, name, value] = option
    if (/^(type|querytype|query|qt|q)$/.test(name)) call.type = (value ?? 'A').toUpperCase()
    else if (name === 'port') call.port = Number(value) || 53
    else if (name === 'timeout') call.timeoutUs = Math.max(Number(value) || 1, 1) * 1_000_000
    else if (name === 'retry') call.tries = Math.min(Math.max(Number(value) || 1, 1), 20)
    else if (name === 'nosearch') call.search = false
  }
  return call
}

export const nslookup: Executable = {
  *program(proc, argv) {
    const call = readCall(argv)
    const [name, serverName] = call.names
    if (argv[1] === '-version' || argv[1] === '-V') {
      proc.print('nslookup 9.18.49-1~deb12u3-Debian\n')
      return 0
    }
    if (name === undefined) {
      proc.error('nslookup: the interactive mode is not available; usage: nslookup [-opt ...] host [server]\n')
      return 1
    }
    const servers = yield* serverAddresses(proc, serverName)
    if (servers.length === 0) {
      proc.error(`nslookup: couldn't get address for '${serverName}': not found\n`)
      return 1
    }
    let told = false
    const options: LookupOptions = {
      servers, port: call.port, timeoutUs: call.timeoutUs, tries: call.tries, search: call.search,
      onTrouble: (server, trouble) => proc.print(`;; communications error to ${formatIp(server)}#${call.port}: ${troubleText(trouble)}\n`),
    }
    const head = (server: IpAddr): void => {
      if (!told) proc.print(`Server:\t\t${serverName ?? formatIp(server)}\nAddress:\t${formatIp(server)}#${call.port}\n\n`)
      told = true
    }
    const numeric = parseIp(name)
    if (numeric !== null) {
      const asked = yield* askOne(proc, reverseName(numeric), 'PTR', options)
      if (typeof asked.result === 'string') {
        proc.print(';; no servers could be reached\n\n')
        return 1
      }
      if (asked.result.answers.length === 0) {
        proc.print(`** server can't find ${reverseName(numeric)}: ${RCODES[asked.result.rcode] ?? 'NXDOMAIN'}\n\n`)
        return 1
      }
      proc.print(`${recordsText(asked.result)}\n`)
      return 0
    }
    const types = call.type === null ? ['A', 'AAAA'] : [call.type]
    if (dnsTypeNumber(types[0]) === null) {
      proc.print(`unknown query type: ${types[0].toLowerCase()}\n`)
      return 1
    }
    const first = yield* lookup(proc, name, types[0], options)
    if (typeof first.result === 'string') {
      proc.print(';; no servers could be reached\n\n')
      return 1
    }
    if (first.result.rcode === 2 || first.result.rcode === 5) proc.print(`;; Got ${RCODES[first.result.rcode]} reply from ${formatIp(first.server)}\n`)
    head(first.server)
    if (first.result.rcode !== 0) {
      const shown = first.result.rcode === 3 ? name.replace(/\.$/, '') : first.name
      proc.print(`** server can't find ${shown}: ${RCODES[first.result.rcode] ?? 'SERVFAIL'}\n\n`)
      return 1
    }
    proc.print(recordsText(first.result))
    let found = first.result.answers.length
    if (types.length > 1) {
      // The AAAA question follows the last alias of the A answer.
      const second = yield* askOne(proc, first.name, 'AAAA', { ...options, tries: 1 })
      if (typeof second.result !== 'string') {
        const fresh = second.result.answers.filter((record) => record.type === 'AAAA')
        found += fresh.length
        proc.print(fresh.map(recordText).join(''))
        if (second.result.rcode !== 0) {
          proc.print(`** server can't find ${first.name}: ${RCODES[second.result.rcode] ?? 'SERVFAIL'}\n\n`)
          return 1
        }
      }
    }
    proc.print(found === 0 ? `*** Can't find ${name}: No answer\n\n` : '\n')
    return 0
  },
}

function* serverAddresses(proc: Process, name: string | undefined): Generator<Wait, IpAddr[], unknown> {
  if (name === undefined) {
    const { servers } = readResolverConfiguration(proc)
    return servers.length > 0 ? servers : [0x7f000001]
  }
  const numeric = parseIp(name)
  if (numeric !== null) return [numeric]
  const resolved = yield* resolveHost(proc, name)
  return typeof resolved === 'string' ? [] : resolved.addresses
}

export function troubleText(trouble: 'timeout' | Errno): string {
  if (trouble === 'timeout') return 'timed out'
  if (trouble === 'ECONNREFUSED') return 'connection refused'
  return trouble === 'EHOSTUNREACH' ? 'host unreachable' : 'network unreachable'
}

function recordsText(message: DnsMessage): string {
  return message.answers.map(recordText).join('')
}

function recordText(record: DnsRecord): string {
  switch (record.type) {
    case 'A':
    case 'AAAA':
      return `Name:\t${record.name}\nAddress: ${formatIp(record.address)}\n`
    case 'CNAME':
      return `${record.name}\tcanonical name = ${record.target}.\n`
    case 'PTR':
      return `${record.name}\tname = ${record.target}.\n`
    case 'SRV':
      return `${record.name}\tservice = ${dnsDataText(record)}\n`
    case 'NS':
      return `${record.name}\tnameserver = ${record.target}.\n`
    case 'MX':
      return `${record.name}\tmail exchanger = ${dnsDataText(record)}\n`
    case 'TXT':
      return `${record.name}\ttext = ${dnsDataText(record)}\n`
    case 'SOA':
      return (
        `${record.name}\n\torigin = ${record.primary}\n\tmail addr = ${record.mailbox}\n\tserial = ${record.serial}\n\trefresh = ${record.refresh}\n` +
        `\tretry = ${record.retry}\n\texpire = ${record.expire}\n\tminimum = ${record.minimum}\n`
      )
    case 'OTHER':
      return `${record.name}\trdata_${record.number} = ${dnsDataText(record)}\n`
  }
}

/** busybox asks A and AAAA of every candidate and shows each answer, and each failure. */
export const busyboxNslookup: Executable = {
  *program(proc, argv) {
    const call = readCall(argv)
    const [name, serverName] = call.names
    if (name === undefined) {
      proc.error(BUSYBOX_USAGE)
      return 1
    }
    const servers = yield* serverAddresses(proc, serverName)
    if (servers.length === 0) {
      proc.error(`nslookup: bad address '${serverName}'\n`)
      return 1
    }
    const options: LookupOptions = { servers, port: call.port, timeoutUs: 5_000_000, tries: 2, search: true, onTrouble: () => {} }
    const numeric = parseIp(name)
    const types = numeric !== null ? ['PTR'] : call.type !== null ? [call.type] : ['A', 'AAAA']
    const names = numeric !== null ? [reverseName(numeric)] : candidates(proc, name, true).slice(0, name.includes('.') && !name.endsWith('.') ? 1 : undefined)
    // A name with a dot is asked as it stands; only short ones go through the search list.
    const asked = numeric !== null || !name.includes('.') ? names.filter((one) => numeric !== null || one !== name) : [name.replace(/\.$/, '')]
    let told = false
    let failed = false
    let anyAnswer = false
    for (const type of types) {
      for (const candidate of asked.length > 0 ? asked : [name]) {
        const answer = yield* askOne(proc, candidate, type, options)
        if (typeof answer.result === 'string') {
          proc.print(';; connection timed out; no servers could be reached\n\n')
          return 1
        }
        if (!told) proc.print(`Server:\t\t${formatIp(answer.server)}\nAddress:\t${formatIp(answer.server)}:${call.port}\n\n`)
        told = true
        if (answer.result.rcode !== 0) {
          proc.print(`** server can't find ${candidate}: ${RCODES[answer.result.rcode] ?? 'SERVFAIL'}\n\n`)
          failed = true
          continue
        }
        anyAnswer ||= answer.result.answers.length > 0
        for (const record of answer.result.answers) proc.print(recordText(record).replace(/\.\n$/, record.type === 'A' || record.type === 'AAAA' ? '.\n' : '\n'))
        if (answer.result.answers.length > 0) proc.print('\n')
      }
      if (types.length > 1 && type === 'AAAA' && !failed && anyAnswer) proc.print('\n')
    }
    return failed ? 1 : 0
  },
}
