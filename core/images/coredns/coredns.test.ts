import { expect, test } from 'vitest'
import { ApiClient } from '../../api/client/api-client.ts'
import { Informer } from '../../api/client/informer.ts'
import { ApiServer } from '../../api/server/api-server.ts'
import type { EndpointSlice, Namespace, Service } from '../../api/types/index.ts'
import type { DnsRecord } from '../../linux/libc/dns-message.ts'
import { formatIp, parseIp } from '../../net/addr/ip.ts'
import { Clock } from '../../sim/clock.ts'
import { RandomStreams } from '../../sim/random.ts'
import { Trace } from '../../sim/trace.ts'
import { parseCorefile } from './corefile.ts'
import { KubernetesZone } from './kubernetes-zone.ts'
import { reverseAddress } from './query.ts'

function world(): { zone: KubernetesZone; client: ApiClient; settle(): void } {
  const clock = new Clock()
  const server = new ApiServer({ clock, random: new RandomStreams(1), trace: new Trace(clock), epochMs: 0 })
  const client = new ApiClient(server, 'test')
  for (const name of ['default', 'shop']) client.create('namespaces', '', { apiVersion: 'v1', kind: 'Namespace', metadata: { name } })
  const service = (name: string, spec: object): void => {
    client.create('services', 'shop', { apiVersion: 'v1', kind: 'Service', metadata: { name, namespace: 'shop' }, spec })
  }
  const slice = (name: string, owner: string, endpoints: object[]): void => {
    client.create('endpointslices.discovery.k8s.io', 'shop', {
      apiVersion: 'discovery.k8s.io/v1', kind: 'EndpointSlice', metadata: { name, namespace: 'shop', labels: { 'kubernetes.io/service-name': owner } },
      addressType: 'IPv4', endpoints, ports: [{ name: 'sql', port: 3306, protocol: 'TCP' }],
    })
  }
  service('web', { clusterIP: '10.96.5.5', selector: { a: 'b' }, ports: [{ name: 'http', port: 80 }, { name: 'dns', port: 53, protocol: 'UDP' }] })
  service('db', { clusterIP: 'None', selector: { a: 'b' }, ports: [{ name: 'sql', port: 3306 }] })
  service('empty', { clusterIP: 'None', selector: { a: 'b' }, ports: [{ port: 80 }] })
  service('ext', { type: 'ExternalName', externalName: 'db.example.org' })
  slice('db-1', 'db', [
    { addresses: ['10.244.1.5'], hostname: 'db-0', conditions: { ready: true } },
    { addresses: ['10.244.2.6'], conditions: { ready: true } },
    { addresses: ['10.244.2.7'], conditions: { ready: false } },
  ])
  const sources = {
    services: new Informer<Service>(client, 'services'), slices: new Informer<EndpointSlice>(client, 'endpointslices.discovery.k8s.io'),
    namespaces: new Informer<Namespace>(client, 'namespaces'), pods: null,
  }
  const zone = new KubernetesZone(sources, { zone: 'cluster.local', ttl: 30, pods: 'insecure', serial: 7 })
  for (const informer of [sources.services, sources.slices, sources.namespaces]) informer.start()
  return { zone, client, settle: () => { while (clock.foregroundPending > 0) clock.step() } }
}

function text(record: DnsRecord): string {
  const { name, ttl, type, ...data } = record
  return `${name} ${ttl} ${type} ${Object.values(data).map((v) => (type === 'A' || type === 'AAAA' ? formatIp(v as number) : v)).join(' ')}`
}

function ask(zone: KubernetesZone, name: string, type = 'A'): string {
  const answer = zone.lookup(`${name}.cluster.local`, type)
  if (answer.kind === 'records') return [...answer.records, ...answer.additionals.map((r) => ({ ...r, name: `+${r.name}` }))].map(text).join('; ')
  return answer.kind === 'cname' ? `cname ${answer.target}` : answer.kind
}

test('names of the specification', () => {
  const { zone } = world()
  const names: [string, string?][] = [
    ['web.shop.svc'], ['web.shop.svc', 'AAAA'], ['web.default.svc'], ['web.nowhere.svc'], ['shop.svc'], ['nowhere.svc'], ['svc'], ['db.shop.svc'],
    ['empty.shop.svc'], ['ext.shop.svc'], ['db-0.db.shop.svc'], ['10-244-2-6.db.shop.svc'], ['10-244-2-7.db.shop.svc'],
    ['_http._tcp.web.shop.svc', 'SRV'], ['_sql._tcp.db.shop.svc', 'SRV'], ['_http._udp.web.shop.svc', 'SRV'], ['_http._tcp.web.shop.svc', 'A'],
    ['10-244-1-7.shop.pod'], ['1-2-3.shop.pod'], ['10-244-1-7.nowhere.pod'], ['dns-version', 'TXT'], ['a.b.c.d.e.svc'], ['foo'],
  ]
  expect(names.map(([name, type]) => `${name} ${type ?? 'A'} => ${ask(zone, name, type)}`).join('\n')).toBe(
    `web.shop.svc A => web.shop.svc.cluster.local 30 A 10.96.5.5
web.shop.svc AAAA => nodata
web.default.svc A => nxdomain
web.nowhere.svc A => nxdomain
shop.svc A => nodata
nowhere.svc A => nxdomain
svc A => nodata
db.shop.svc A => db.shop.svc.cluster.local 30 A 10.244.1.5; db.shop.svc.cluster.local 30 A 10.244.2.6
empty.shop.svc A => nxdomain
ext.shop.svc A => cname db.example.org
db-0.db.shop.svc A => db-0.db.shop.svc.cluster.local 30 A 10.244.1.5
10-244-2-6.db.shop.svc A => 10-244-2-6.db.shop.svc.cluster.local 30 A 10.244.2.6
10-244-2-7.db.shop.svc A => nxdomain
_http._tcp.web.shop.svc SRV => _http._tcp.web.shop.svc.cluster.local 30 SRV 0 100 80 web.shop.svc.cluster.local; +web.shop.svc.cluster.local 30 A 10.96.5.5
_sql._tcp.db.shop.svc SRV => _sql._tcp.db.shop.svc.cluster.local 30 SRV 0 50 3306 db-0.db.shop.svc.cluster.local; _sql._tcp.db.shop.svc.cluster.local 30 SRV 0 50 3306 10-244-2-6.db.shop.svc.cluster.local; +db-0.db.shop.svc.cluster.local 30 A 10.244.1.5; +10-244-2-6.db.shop.svc.cluster.local 30 A 10.244.2.6
_http._udp.web.shop.svc SRV => nxdomain
_http._tcp.web.shop.svc A => nodata
10-244-1-7.shop.pod A => 10-244-1-7.shop.pod.cluster.local 30 A 10.244.1.7
1-2-3.shop.pod A => nxdomain
10-244-1-7.nowhere.pod A => nxdomain
dns-version TXT => dns-version.cluster.local 30 TXT 1.1.0
a.b.c.d.e.svc A => nxdomain
foo A => nxdomain`)
})

test('addresses back to names, and changes while it runs', () => {
  const { zone, client, settle } = world()
  const reverse = (ip: string): string => (zone.reverse(parseIp(ip) as number, ip, 'r') ?? []).map(text).join('; ') || 'unknown'
  expect(['10.96.5.5', '10.244.1.5', '10.244.2.6', '10.244.9.9'].map(reverse)).toEqual([
    'r 30 PTR web.shop.svc.cluster.local', 'r 30 PTR db-0.db.shop.svc.cluster.local', 'r 30 PTR 10-244-2-6.db.shop.svc.cluster.local', 'unknown',
  ])
  client.delete('services', 'shop', 'web')
  client.delete('endpointslices.discovery.k8s.io', 'shop', 'db-1')
  settle()
  expect([ask(zone, 'web.shop.svc'), ask(zone, 'db.shop.svc'), reverse('10.96.5.5'), reverse('10.244.1.5')]).toEqual(['nxdomain', 'nxdomain', 'unknown', 'unknown'])
  expect(['5.5.96.10.in-addr.arpa', '96.10.in-addr.arpa', `${'0.'.repeat(31)}1.ip6.arpa`.split('.').reverse().join('.'), 'x'].map((n) => reverseAddress(n) === null ? null : formatIp(reverseAddress(n) as number))).toEqual(
    ['10.96.5.5', null, null, null])
})

test('Corefiles, good and bad', () => {
  expect(parseCorefile('.:53 {\n  errors # comment\n  health {\n    lameduck 5s\n  }\n  kubernetes cluster.local in-addr.arpa {\n    ttl 30\n  }\n}\nExample.Org:5353, b.c {\n  hosts {\n    1.2.3.4 "x y"\n  }\n}\n', 'Corefile')).toEqual([
    { zones: [''], port: 53, plugins: [
      { name: 'errors', args: [], block: [], line: 2 }, { name: 'health', args: [], block: [['lameduck', '5s']], line: 3 },
      { name: 'kubernetes', args: ['cluster.local', 'in-addr.arpa'], block: [['ttl', '30']], line: 6 },
    ] },
    { zones: ['example.org', 'b.c'], port: 5353, plugins: [{ name: 'hosts', args: [], block: [['1.2.3.4', 'x y']], line: 11 }] },
  ])
  expect(['.:53 {\n  kubernets cluster.local\n}\n', '.:53 {\n  errors\n', '}\n'].map((t) => parseCorefile(t, 'Corefile'))).toEqual([
    "Corefile:2 - Error during parsing: Unknown directive 'kubernets'", 'Corefile:3 - Error during parsing: Unexpected EOF',
    "Corefile:1 - Error during parsing: Unexpected '}' because no matching opening brace",
  ])
})
