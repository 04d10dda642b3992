/** Name look-ups as nslookup and host do them: by the search list, from the first server that answers. */
import type { Errno } from '../../base/errno.ts'
import type { DnsMessage } from '../../linux/libc/dns-message.ts'
import type { Process } from '../../linux/process.ts'
import type { Wait } from '../../linux/wait.ts'
import type { IpAddr } from '../../net/addr/ip.ts'
import { readResolverConfiguration } from '../name-service.ts'
import { exchange } from './exchange.ts'

export interface Asked {
  /** The name that was answered for. */
  name: string
  server: IpAddr
  result: DnsMessage | 'timeout' | Errno
}

export interface LookupOptions {
  servers: readonly IpAddr[]
  port: number
  timeoutUs: number
  tries: number
  search: boolean
  /** Told of each try that failed. */
  onTrouble: (server: IpAddr, trouble: 'timeout' | Errno) => void
}

/** The candidates of a name, in the order in which the resolver tries them (resolv.conf(5), ndots). */
export function candidates(proc: Process, name: string, searches: boolean): string[] {
  if (name.endsWith('.')) return [name.slice(0, -1)]
  if (!searches) return [name]
  const { search, ndots } = readResolverConfiguration(proc)
  const dots = name.split('.').length - 1
  const longer = search.map((domain) => `${name}.${domain.replace(/\.$/, '')}`)
  return dots >= ndots ? [name, ...longer] : [...longer, name]
}

export function* lookup(proc: Process, name: string, type: string, options: LookupOptions): Generator<Wait, Asked, unknown> {
  const names = candidates(proc, name, options.search)
  let last: Asked = { name, server: options.servers[0], result: 'timeout' }
  for (const candidate of names) {
    last = yield* askOne(proc, candidate, type, options)
    if (typeof last.result === 'string') return last
    if (last.result.rcode !== 3 && last.result.answers.length > 0) return last
    if (last.result.rcode !== 3 && last.result.rcode !== 0) return last
  }
  return last
}

export function* askOne(proc: Process, name: string, type: string, options: LookupOptions): Generator<Wait, Asked, unknown> {
  let result: DnsMessage | 'timeout' | Errno = 'timeout'
  let server = options.servers[0]
  for (let attempt = 0; attempt < options.tries; attempt += 1) {
    server = options.servers[attempt % options.servers.length]
    const answer = yield* exchange(proc, { server, port: options.port, name, type, timeoutUs: options.timeoutUs })
    if (typeof answer === 'string') {
      result = answer
      options.onTrouble(server, answer)
    } else return { name, server, result: answer.message }
  }
  return { name, server, result }
}
