import { expect, test } from 'vitest'
import { formatIp, formatPrefix, parsePrefix, type Prefix } from '../addr/ip.ts'
import type { NetNamespace } from '../net-namespace.ts'
import { ip, TestNet } from '../../../test/support/net.ts'
import { tableName } from './route.ts'

const prefix = (text: string) => parsePrefix(text) as Prefix

function host() {
  const net = new TestNet()
  const [a, b] = [net.ns('a'), net.ns('b')]
  const [eth0, peer0] = net.veth(a, 'eth0', b, 'x0')
  const [eth1] = net.veth(a, 'eth1', b, 'x1')
  net.addr(eth0, '10.0.0.1/24')
  net.addr(eth1, '10.1.0.1/24')
  return { net, a, b, eth0, eth1, peer0 }
}

function table(ns: NetNamespace, number?: number): string {
  return ns.fib
    .list(number)
    .map((r) => {
      const via = r.via === null ? '' : ` via ${formatIp(r.via)}`
      const src = r.src === null ? '' : ` src ${formatIp(r.src)}`
      const metric = r.metric ? ` metric ${r.metric}` : ''
      return `${tableName(r.table)} ${r.type} ${formatPrefix(r.prefix)}${via} dev ${r.dev?.name} ${r.protocol} ${r.scope}${src}${metric}`
    })
    .join('\n')
}

const where = (ns: NetNamespace, dst: string, more: object = {}) => {
  const route = ns.fib.lookup({ dst: ip(dst), ...more })
  return `${route.type} ${route.via === null ? '-' : formatIp(route.via)} ${route.dev?.name ?? '-'}`
}

test('the kernel makes routes of addresses', () => {
  const { a } = host()
  expect(table(a)).toMatchInlineSnapshot(`
    "main unicast 10.0.0.0/24 dev eth0 kernel link src 10.0.0.1
    main unicast 10.1.0.0/24 dev eth1 kernel link src 10.1.0.1
    local local 10.0.0.1/32 dev eth0 kernel host src 10.0.0.1
    local broadcast 10.0.0.255/32 dev eth0 kernel link src 10.0.0.1
    local local 10.1.0.1/32 dev eth1 kernel host src 10.1.0.1
    local broadcast 10.1.0.255/32 dev eth1 kernel link src 10.1.0.1
    local local 127.0.0.0/8 dev lo kernel host src 127.0.0.1
    local local 127.0.0.1/32 dev lo kernel host src 127.0.0.1
    local broadcast 127.255.255.255/32 dev lo kernel link src 127.0.0.1"
  `)
})

test('the longest prefix wins, then the smallest metric', () => {
  const { net, a } = host()
  net.route(a, 'default', '10.0.0.254')
  net.route(a, '10.8.0.0/16', '10.1.0.254')
  expect(a.fib.add({ prefix: prefix('10.8.0.0/16'), via: ip('10.0.0.9'), metric: 10 })).toBe(null)
  expect(a.fib.add({ prefix: prefix('10.8.0.0/16'), via: ip('10.0.0.9'), metric: 10 })).toBe('EEXIST')
  expect(a.fib.add({ prefix: prefix('10.8.3.0/24'), type: 'blackhole' })).toBe(null)
  expect([
    where(a, '10.8.1.1'),
    where(a, '10.8.3.1'),
    where(a, '9.9.9.9'),
    where(a, '10.0.0.1'),
    where(a, '10.0.0.255'),
    where(a, '127.1.2.3'),
  ]).toEqual(['unicast 10.1.0.254 eth1', 'blackhole - -', 'unicast 10.0.0.254 eth0', 'local - eth0', 'broadcast - eth0', 'local - lo'])
  expect(where(a, '10.8.1.1', { oif: a.link('eth0')?.ifindex })).toBe('unicast 10.0.0.9 eth0')
})

test('what route add refuses', () => {
  const { a, eth0 } = host()
  expect([
    a.fib.add({ prefix: prefix('10.9.0.0/16'), via: ip('192.168.0.1') }),
    a.fib.add({ prefix: prefix('10.9.0.0/16'), via: ip('10.0.0.1') }),
    a.fib.add({ prefix: prefix('10.9.0.1/16'), via: ip('10.0.0.2') }),
    a.fib.add({ prefix: prefix('10.9.0.0/16') }),
    a.fib.add({ prefix: prefix('10.9.0.0/16'), dev: eth0, src: ip('1.2.3.4') }),
    a.fib.add({ prefix: prefix('10.9.0.0/16'), via: ip('192.168.0.1'), dev: eth0, onlink: true }),
    a.fib.del({ prefix: prefix('10.77.0.0/16') }),
  ]).toEqual(['ENETUNREACH', 'EINVAL', 'EINVAL', 'ENODEV', 'EINVAL', null, 'ESRCH'])
})

test('a link that goes down takes its routes along, and brings back only its own networks', () => {
  const { net, a, eth0 } = host()
  net.route(a, 'default', '10.0.0.254')
  a.setLink(eth0, { up: false })
  expect(table(a, 254)).toBe('main unicast 10.1.0.0/24 dev eth1 kernel link src 10.1.0.1')
  expect(where(a, '10.0.0.1')).toBe('local - eth0')
  expect(a.fib.add({ prefix: prefix('10.9.0.0/16'), dev: eth0 })).toBe('ENETDOWN')
  a.setLink(eth0, { up: true })
  expect(table(a, 254)).toBe(
    'main unicast 10.0.0.0/24 dev eth0 kernel link src 10.0.0.1\nmain unicast 10.1.0.0/24 dev eth1 kernel link src 10.1.0.1',
  )
})

test('without carrier, routes stay', () => {
  const { a, b, peer0 } = host()
  b.setLink(peer0, { up: false })
  expect(where(a, '10.0.0.7')).toBe('unicast - eth0')
})

test('an address that goes takes what hangs on it', () => {
  const { net, a, eth0 } = host()
  net.addr(eth0, '10.0.0.5/24')
  expect(eth0.addresses.map(({ secondary }) => secondary)).toEqual([false, true])
  a.fib.add({ prefix: prefix('10.9.0.0/16'), via: ip('10.0.0.2'), src: ip('10.0.0.1') })
  expect(a.delAddress(eth0, ip('10.0.0.1'), 24)).toBe(null)
  expect([eth0.addresses.length, where(a, '10.0.0.1'), where(a, '10.9.0.1')]).toEqual([0, 'none - -', 'none - -'])
  expect(a.delAddress(eth0, ip('10.0.0.1'), 24)).toBe('EADDRNOTAVAIL')
})

test('with its last address a device loses every route through it', () => {
  const { net, a, eth0 } = host()
  net.addr(eth0, '10.5.0.1/24')
  net.route(a, 'default', '10.0.0.2')
  a.delAddress(eth0, ip('10.0.0.1'), 24)
  expect(where(a, '8.8.8.8')).toBe('unicast 10.0.0.2 eth0')
  a.delAddress(eth0, ip('10.5.0.1'), 24)
  expect(where(a, '8.8.8.8')).toBe('none - -')
})

test('rules: by source, by mark, in order of priority', () => {
  const { a } = host()
  a.fib.add({ prefix: prefix('0.0.0.0/0'), via: ip('10.1.0.254'), table: 100 })
  a.fib.add({ prefix: prefix('0.0.0.0/0'), via: ip('10.0.0.254') })
  expect(a.fib.addRule({ from: prefix('10.1.0.0/24'), table: 100 })).toBe(null)
  expect(a.fib.addRule({ fwmark: 1, table: 100, priority: 50 })).toBe(null)
  expect(a.fib.addRule({ to: prefix('6.6.6.6'), action: 'prohibit', priority: 40 })).toBe(null)
  expect(a.fib.rules().map(({ priority, table: t, action }) => [priority, action, t])).toEqual([
    [0, 'lookup', 255],
    [40, 'prohibit', 254],
    [50, 'lookup', 100],
    [32765, 'lookup', 100],
    [32766, 'lookup', 254],
    [32767, 'lookup', 253],
  ])
  expect([
    where(a, '9.9.9.9'),
    where(a, '9.9.9.9', { src: ip('10.1.0.1') }),
    where(a, '9.9.9.9', { mark: 1 }),
    where(a, '6.6.6.6'),
  ]).toEqual(['unicast 10.0.0.254 eth0', 'unicast 10.1.0.254 eth1', 'unicast 10.1.0.254 eth1', 'prohibit - -'])
  expect([a.fib.delRule({ fwmark: 1, table: 100 }), a.fib.delRule({ fwmark: 1 })]).toEqual([null, 'ENOENT'])
})

test('two next hops share the flows', () => {
  const { a, eth0, eth1 } = host()
  a.fib.add({
    prefix: prefix('10.8.0.0/16'),
    nexthops: [
      { via: ip('10.0.0.254'), dev: eth0, weight: 1 },
      { via: ip('10.1.0.254'), dev: eth1, weight: 1 },
    ],
  })
  const ways = Array.from({ length: 100 }, (_, i) => where(a, `10.8.0.${i}`, { src: ip('10.0.0.1') }))
  const first = ways.filter((way) => way === 'unicast 10.0.0.254 eth0').length
  expect([first > 30 && first < 70, new Set(ways).size]).toEqual([true, 2])
})
