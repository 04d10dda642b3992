/** The resolver against a DNS server on another machine. */
import { expect, test } from 'vitest'
import { joinMachines, linuxMachine, linuxWorld } from '../../../test/support/linux.ts'
import { isErrno } from '../../base/errno.ts'
import { formatIp } from '../../net/addr/ip.ts'
import type { Machine } from '../machine.ts'
import { decodeDns, dnsQueryMessage, type DnsRecord, encodeDns } from './dns-message.ts'
import { candidates, readResolvConf, resolveHost } from './resolver.ts'
import { recvUdp } from './sockets.ts'

/** Serves these records; everything else is NXDOMAIN. Tells what was asked. */
function nameServer(machine: Machine, records: readonly DnsRecord[]): string[] {
  const asked: string[] = []
  machine.spawn({
    argv: ['named'],
    program: function* (proc) {
      const socket = proc.netns.sockets.udpOpen({ port: 53, owner: proc.owner })
      if (isErrno(socket)) return 1
      for (;;) {
        const got = yield* recvUdp(proc, socket)
        if (got === 'timeout' || isErrno(got)) return 1
        const query = decodeDns(got.bytes)
        if (!query) continue
        const [{ name, type }] = query.questions
        asked.push(`${name} ${type}`)
        const known = records.filter((record) => record.name === name)
        const answers = known.filter((record) => record.type === type || record.type === 'CNAME')
        socket.sendTo(encodeDns({ ...query, qr: true, ra: true, rcode: known.length === 0 ? 3 : 0, answers }), got.src, got.sport)
      }
    },
  })
  return asked
}

function world(): { client: Machine; server: Machine } {
  const all = linuxWorld()
  const [client, server] = [linuxMachine(all, 'client'), linuxMachine(all, 'ns')]
  joinMachines(all, [client, server])
  client.fs.write('/etc/resolv.conf', 'search default.svc.cluster.local cluster.local\nnameserver 10.0.0.2\noptions ndots:5 timeout:1\n')
  return { client, server }
}

function resolve(machine: Machine, name: string, family?: 'ipv4' | 'ipv6'): string {
  let outcome = 'nothing'
  const startUs = machine.world.clock.nowUs
  machine.spawn({
    argv: ['resolve'],
    program: function* (proc) {
      const result = yield* resolveHost(proc, name, { family })
      const seconds = Math.floor((proc.world.clock.nowUs - startUs) / 1e6)
      outcome = typeof result === 'string' ? `${result} after ${seconds} s` : `${result.addresses.map(formatIp).join(' ')} ${result.canonicalName}`
      return 0
    },
  })
  machine.world.clock.advance(startUs + 60_000_000, 1_000_000)
  return outcome
}

const RECORDS: DnsRecord[] = [
  { name: 'web.default.svc.cluster.local', ttl: 5, type: 'A', address: 0x0a600001 },
  { name: 'www.example.com', ttl: 5, type: 'CNAME', target: 'host.example.com' },
  { name: 'www.example.com', ttl: 5, type: 'A', address: 0xc0000201 },
  { name: 'six.example.com', ttl: 5, type: 'AAAA', address: 0x20010db8000000000000000000000001n },
]

test('names, search list and ndots', () => {
  const { client, server } = world()
  const asked = nameServer(server, RECORDS)
  expect(resolve(client, 'web')).toBe('10.96.0.1 web.default.svc.cluster.local')
  expect(asked.splice(0)).toEqual(['web.default.svc.cluster.local A', 'web.default.svc.cluster.local AAAA'])
  expect(resolve(client, 'www.example.com')).toBe('192.0.2.1 host.example.com')
  expect(asked.splice(0).filter((each) => each.endsWith(' A'))).toEqual([
    'www.example.com.default.svc.cluster.local A', 'www.example.com.cluster.local A', 'www.example.com A',
  ])
  expect(resolve(client, 'www.example.com.')).toBe('192.0.2.1 host.example.com')
  expect(asked.splice(0)).toEqual(['www.example.com A', 'www.example.com AAAA'])
  expect(resolve(client, 'six.example.com', 'ipv6')).toBe('2001:db8::1 six.example.com')
  expect(resolve(client, 'nope')).toBe('EAI_NONAME after 0 s')
})

test('files come first', () => {
  const { client, server } = world()
  const asked = nameServer(server, RECORDS)
  expect(resolve(client, 'client')).toBe('10.0.0.1 client')
  expect(resolve(client, 'localhost')).toBe('127.0.0.1 ::1 localhost')
  expect(resolve(client, '10.1.2.3')).toBe('10.1.2.3 10.1.2.3')
  expect(asked).toEqual([])
})

test('a server that is silent, and one that is not there', () => {
  const { client, server } = world()
  expect(resolve(client, 'web')).toBe('EAI_AGAIN after 0 s')
  server.halt()
  expect(resolve(client, 'web')).toMatch(/^EAI_AGAIN after [1-6] s$/)
})

test('candidates of resolv.conf', () => {
  const { client } = world()
  let config = readResolvConf(client.spawn({ argv: ['x'], program: function* (proc) { yield* proc.sleepUs(1); return 0 } }))
  expect(candidates('a.b', config)).toEqual(['a.b.default.svc.cluster.local', 'a.b.cluster.local', 'a.b'])
  config = { ...config, ndots: 1 }
  expect(candidates('a.b', config)).toEqual(['a.b', 'a.b.default.svc.cluster.local', 'a.b.cluster.local'])
  expect(candidates('a.', config)).toEqual(['a'])
})

test('messages survive the wire', () => {
  const message = {
    ...dnsQueryMessage(7, 'WEB.example.com', 'ANY', { udpSize: 1232, version: 0, dnssecOk: true, options: [{ code: 10, bytes: Uint8Array.of(1, 2) }] }),
    qr: true, aa: true,
    answers: [
      ...RECORDS,
      { name: 'e.com', ttl: 1, type: 'MX', preference: 10, target: 'mail.e.com' } as const,
      { name: '_http._tcp.e.com', ttl: 1, type: 'SRV', priority: 0, weight: 50, port: 80, target: 'web.e.com' } as const,
      { name: 'e.com', ttl: 1, type: 'TXT', texts: ['a b', ''] } as const,
      { name: '', ttl: 1, type: 'SOA', primary: 'ns.e.com', mailbox: 'root.e.com', serial: 4294967295, refresh: 1, retry: 2, expire: 3, minimum: 4 } as const,
      { name: 'e.com', ttl: 1, type: 'OTHER', number: 99, bytes: Uint8Array.of(9) } as const,
    ] as DnsRecord[],
  }
  expect(decodeDns(encodeDns(message))).toEqual(message)
  expect(decodeDns(Uint8Array.of(1, 2, 3))).toBe(null)
  // A name that points to itself.
  expect(decodeDns(Uint8Array.of(0, 1, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0xc0, 12, 0, 1, 0, 1))).toBe(null)
})
