/** The stub resolver: getaddrinfo(3), resolv.conf(5), hosts(5), nsswitch "files dns". */
import { Bug } from '../../base/assert.ts'
import type { Errno } from '../../base/errno.ts'
import type { IpAddr } from '../../net/addr/ip.ts'
import type { Process } from '../process.ts'
import type { Wait } from '../wait.ts'
import type { DnsMessage } from './dns-message.ts'

export interface ResolvedHost {
  addresses: IpAddr[]
  canonicalName: string
}

// biome-ignore lint/correctness/useYield: not yet
export function* resolveHost(
  proc: Process,
  name: string,
  options: { family?: 'ipv4' | 'ipv6' } = {},
): Generator<Wait, ResolvedHost | 'EAI_NONAME' | 'EAI_AGAIN'> {
  throw new Bug(`not yet ${proc.name} ${name} ${options.family}`)
}

// biome-ignore lint/correctness/useYield: not yet
export function* dnsQuery(
  proc: Process,
  query: { server: IpAddr; port?: number; name: string; type: string; timeoutUs?: number; tries?: number },
): Generator<Wait, DnsMessage | 'timeout' | Errno> {
  throw new Bug(`not yet ${proc.name} ${query.name}`)
}
