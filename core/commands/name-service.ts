/** Names of addresses and services as tools show them: getnameinfo(3), /etc/services, and what getaddrinfo(3) says when it fails. */
import { isErrno } from '../base/errno.ts'
import { formatIp, type IpAddr, isV6, parseIp } from '../net/addr/ip.ts'
import { dnsQuery } from '../linux/libc/resolver.ts'
import type { Process } from '../linux/process.ts'
import type { Wait } from '../linux/wait.ts'

export const RESOLVE_ERRORS = {
  EAI_NONAME: 'Name or service not known',
  EAI_AGAIN: 'Temporary failure in name resolution',
} as const

/** The well-known ports that Debian's /etc/services names and that a cluster meets. */
const SERVICES: readonly (readonly [port: number, name: string, udp?: boolean])[] = [
  [21, 'ftp'], [22, 'ssh'], [23, 'telnet'], [25, 'smtp'], [53, 'domain', true], [67, 'bootps', true], [68, 'bootpc', true], [80, 'http'],
  [110, 'pop3'], [123, 'ntp', true], [143, 'imap2'], [179, 'bgp'], [389, 'ldap'], [443, 'https', true], [445, 'microsoft-ds'], [514, 'shell'],
  [853, 'domain-s', true], [993, 'imaps'], [3306, 'mysql'], [5432, 'postgresql'], [6379, 'redis'], [8080, 'http-alt'], [8081, 'tproxy'],
]

export function serviceName(port: number, protocol: string): string | null {
  const found = SERVICES.find(([number, , udp]) => number === port && (protocol === 'tcp' || udp === true))
  return found ? found[1] : null
}

export function servicePort(name: string): number | null {
  if (/^\d{1,5}$/.test(name)) return Number(name) <= 65535 ? Number(name) : null
  return SERVICES.find(([, known]) => known === name)?.[0] ?? null
}

/** The name under which the reverse of an address is asked for (RFC 1035 section 3.5, RFC 3596 section 2.5). */
export function reverseName(ip: IpAddr): string {
  if (!isV6(ip)) return `${formatIp(ip).split('.').reverse().join('.')}.in-addr.arpa`
  return `${[...ip.toString(16).padStart(32, '0')].reverse().join('.')}.ip6.arpa`
}

export interface ResolverConfiguration {
  servers: IpAddr[]
  search: string[]
  ndots: number
  timeoutUs: number
  attempts: number
}

/** resolv.conf(5). */
export function readResolverConfiguration(proc: Process): ResolverConfiguration {
  const configuration: ResolverConfiguration = { servers: [], search: [], ndots: 1, timeoutUs: 5_000_000, attempts: 2 }
  const text = proc.fs.read('/etc/resolv.conf')
  for (const line of isErrno(text) ? [] : text.split('\n')) {
    const [key, ...values] = line.trim().split(/\s+/)
    if (key === 'nameserver' && configuration.servers.length < 3) {
      const ip = parseIp(values[0] ?? '')
      if (ip !== null) configuration.servers.push(ip)
    } else if (key === 'search' || key === 'domain') configuration.search = values
    else if (key === 'options') {
      for (const option of values) {
        const [name, value] = option.split(':')
        if (name === 'ndots') configuration.ndots = Math.min(Number(value) || 0, 15)
        if (name === 'timeout') configuration.timeoutUs = Math.min(Number(value) || 5, 30) * 1_000_000
        if (name === 'attempts') configuration.attempts = Math.min(Number(value) || 2, 5)
      }
    }
  }
  return configuration
}

/** The name of an address by /etc/hosts or PTR, or null. */
export function* nameOf(proc: Process, ip: IpAddr): Generator<Wait, string | null, unknown> {
  const hosts = proc.fs.read('/etc/hosts')
  for (const line of isErrno(hosts) ? [] : hosts.split('\n')) {
    const [address, name] = line.replace(/#.*/, '').trim().split(/\s+/)
    if (name !== undefined && parseIp(address) === ip) return name
  }
  const { servers, timeoutUs, attempts } = readResolverConfiguration(proc)
  for (const server of servers.slice(0, 1)) {
    const answer = yield* dnsQuery(proc, { server, name: reverseName(ip), type: 'PTR', timeoutUs, tries: attempts })
    if (typeof answer === 'string') continue
    for (const record of answer.answers) if (record.type === 'PTR') return record.target.replace(/\.$/, '')
    return null
  }
  return null
}
