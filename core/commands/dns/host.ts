/** host(1) of BIND 9.18. Omits: zone listings, verbose output beyond what dig shows. */
import { type DnsMessage, type DnsRecord, dnsDataText, RCODES } from '../../linux/libc/dns-message.ts'
import { resolveHost } from '../../linux/libc/resolver.ts'
import type { Executable } from '../../linux/program.ts'
import { formatIp, type IpAddr, parseIp } from '../../net/addr/ip.ts'
import { readResolverConfiguration, reverseName } from '../name-service.ts'
import { parseOptions } from '../options.ts'
import { askOne, lookup, type LookupOptions } from './lookup.ts'
import { troubleText } from './nslookup.ts'

const USAGE = `Usage: host [-aCdilrTvVw] [-c class] [-N ndots] [-t type] [-W time]
            [-R number] [-m flag] [-p port] hostname [server]
`

const PHRASES = new Map([
  ['A', 'has address'], ['AAAA', 'has IPv6 address'], ['CNAME', 'is an alias for'], ['PTR', 'domain name pointer'], ['MX', 'mail is handled by'],
  ['NS', 'name server'], ['TXT', 'descriptive text'],
])

export const host: Executable = {
  *program(proc, argv) {
    const options = parseOptions('host', argv.slice(1), { short: '46aCdilrTvVwc:N:t:W:R:m:p:' })
    if (typeof options === 'string' || options.operands.length === 0) {
      proc.error(`${typeof options === 'string' ? `${options}\n` : ''}${USAGE}`)
      return 1
    }
    const [name, serverName] = options.operands
    let servers: IpAddr[] = readResolverConfiguration(proc).servers
    if (serverName !== undefined) {
      const numeric = parseIp(serverName)
      const resolved = numeric !== null ? { addresses: [numeric] } : yield* resolveHost(proc, serverName)
      if (typeof resolved === 'string') {
        proc.error(`host: couldn't get address for '${serverName}': not found\n`)
        return 1
      }
      servers = resolved.addresses
    }
    if (servers.length === 0) servers = [0x7f000001]
    const port = Number(options.value('p') ?? 53)
    const lookups: LookupOptions = {
      servers, port, timeoutUs: Math.max(Number(options.value('W') ?? 5), 1) * 1_000_000, tries: Math.min(Number(options.value('R') ?? 1), 20) + 1, search: true,
      onTrouble: (server, trouble) => proc.print(`;; communications error to ${formatIp(server)}#${port}: ${troubleText(trouble)}\n`),
    }
    const numeric = parseIp(name)
    const types = numeric !== null ? ['PTR'] : options.has('t') ? [(options.value('t') as string).toUpperCase()] : ['A', 'AAAA', 'MX']
    const shown = numeric === null ? name : `${reverseName(numeric)}.`
    let exact = ''
    let told = serverName === undefined
    for (const type of types) {
      const asked =
        numeric !== null ? yield* askOne(proc, reverseName(numeric), type, lookups) : exact === '' ? yield* lookup(proc, name, type, lookups) : yield* askOne(proc, exact, type, lookups)
      if (typeof asked.result === 'string') {
        proc.print(';; no servers could be reached\n')
        return 1
      }
      if (!told) proc.print(`Using domain server:\nName: ${serverName}\nAddress: ${formatIp(asked.server)}#${port}\nAliases: \n\n`)
      told = true
      if (asked.result.rcode !== 0) {
        proc.print(`Host ${exact === '' ? shown : exact} not found: ${asked.result.rcode}(${RCODES[asked.result.rcode] ?? 'UNKNOWN'})\n`)
        return 1
      }
      exact = asked.name
      const text = answersText(asked.result, type)
      if (text === '' && types.length === 1) proc.print(`${exact} has no ${type} record\n`)
      proc.print(text)
    }
    return 0
  },
}

function answersText(message: DnsMessage, type: string): string {
  return message.answers
    .filter((record) => type === 'A' || record.type !== 'CNAME')
    .map((record: DnsRecord) => {
      const phrase = PHRASES.get(record.type) ?? `has ${record.type} record`
      return `${record.name} ${phrase} ${dnsDataText(record)}\n`
    })
    .join('')
}
