import { expect, test } from 'vitest'
import { utf8Decode, utf8Encode } from '../../base/utf8.ts'
import { ip, ok, OWNER, TestNet } from '../../../test/support/net.ts'

function world() {
  const net = new TestNet()
  const [a, r, b] = [net.ns('a'), net.router('r'), net.ns('b')]
  const [a0, ra] = net.veth(a, 'eth0', r, 'a0')
  const [b0, rb] = net.veth(b, 'eth0', r, 'b0')
  net.addr(a0, '10.1.0.2/24')
  net.addr(ra, '10.1.0.1/24')
  net.addr(b0, '10.2.0.2/24')
  net.addr(rb, '10.2.0.1/24')
  net.route(a, 'default', '10.1.0.1')
  net.route(b, 'default', '10.2.0.1')
  return { net, a, r, b, rb }
}

test('a datagram, an answer, and a port that nobody has', () => {
  const { net, a, b } = world()
  const server = ok(b.sockets.udpOpen({ address: null, port: 53, owner: OWNER }))
  server.onChange = () =>
    net.clock.after(0, () => {
      const got = server.recv()
      if (typeof got !== 'string') server.sendTo(utf8Encode(`${utf8Decode(got.bytes)}!`), got.src, got.sport)
    })
  const client = ok(a.sockets.udpOpen({ owner: OWNER }))
  expect(client.recv()).toBe('again')
  expect(client.sendTo(utf8Encode('hi'), ip('10.2.0.2'), 53)).toBe(2)
  expect(client.sendTo(utf8Encode('hi'), ip('10.2.0.2'), 54)).toBe(2)
  net.settle()
  const got = client.recv()
  expect(typeof got === 'string' ? got : [utf8Decode(got.bytes), got.src, got.sport]).toEqual(['hi!', ip('10.2.0.2'), 53])
  expect(client.errors()).toMatchObject([{ type: 3, code: 3, from: ip('10.2.0.2'), port: 54 }])
  // Unconnected: the error is not an error of the next call.
  expect(client.recv()).toBe('again')
})

test('a connected socket is told', () => {
  const { net, a } = world()
  const client = ok(a.sockets.udpOpen({ owner: OWNER }))
  expect(client.connect(ip('10.2.0.2'), 54)).toBe(null)
  client.send(utf8Encode('hi'))
  net.settle()
  expect([client.recv(), client.recv()]).toEqual(['ECONNREFUSED', 'again'])
})

test('traceroute: each TTL finds the next router', () => {
  const { net, a } = world()
  const client = ok(a.sockets.udpOpen({ owner: OWNER }))
  for (const ttl of [1, 2]) client.sendTo(new Uint8Array(32), ip('10.2.0.2'), 33433 + ttl, { ttl })
  net.settle()
  expect(client.errors().map(({ type, code, from, port }) => [type, code, from, port])).toEqual([
    [11, 0, ip('10.1.0.1'), 33434],
    [3, 3, ip('10.2.0.2'), 33435],
  ])
})

test('errors to one peer are limited: six at once, then one per second', () => {
  const { net, a, b } = world()
  const client = ok(a.sockets.udpOpen({ owner: OWNER }))
  const burst = (count: number) => {
    for (let i = 0; i < count; i += 1) client.sendTo(new Uint8Array(1), ip('10.2.0.2'), 54)
    net.settle()
    return client.errors().length
  }
  expect(burst(8)).toBe(6)
  net.run(1_000_000)
  expect(burst(3)).toBe(1)
  b.sysctl.set('net.ipv4.icmp_ratelimit', '0')
  expect(burst(8)).toBe(8)
})

test('what is too long is fragmented, and put together at the end', () => {
  const { net, a, b } = world()
  const server = ok(b.sockets.udpOpen({ address: 0, port: 53, owner: OWNER }))
  const client = ok(a.sockets.udpOpen({ owner: OWNER }))
  const text = utf8Encode('0123456789'.repeat(400))
  client.sendTo(text, ip('10.2.0.2'), 53)
  net.settle()
  const got = server.recv()
  expect(typeof got === 'string' ? got : got.bytes).toEqual(text)
  const pieces = net.events.flatMap(({ event }) =>
    event.kind === 'packet.new' && event.cause > 0 && event.protocol === 17
      ? [[event.fragmentOffset, event.moreFragments, event.sport > 0, event.payload.length]]
      : [],
  )
  expect(pieces).toEqual([
    [0, true, true, 1472],
    [1480, true, false, 1480],
    [2960, false, false, 1048],
  ])
  expect(client.sendTo(text, ip('10.2.0.2'), 53, { df: true })).toBe('EMSGSIZE')
})

test('a narrow link on the way: the sender learns its MTU', () => {
  const { net, a, r, b, rb } = world()
  r.setLink(rb, { mtu: 1400 })
  const server = ok(b.sockets.udpOpen({ address: 0, port: 53, owner: OWNER }))
  const client = ok(a.sockets.udpOpen({ owner: OWNER }))
  expect(client.sendTo(new Uint8Array(1472), ip('10.2.0.2'), 53)).toBe(1472)
  net.settle()
  expect(server.recv()).toBe('again')
  expect(client.errors()).toMatchObject([{ type: 3, code: 4, from: ip('10.1.0.1'), mtu: 1400 }])
  client.sendTo(new Uint8Array(1472), ip('10.2.0.2'), 53)
  net.settle()
  expect(server.recv()).toMatchObject({ sport: client.localPort })
  expect(client.sendTo(new Uint8Array(1472), ip('10.2.0.2'), 53, { df: true })).toBe('EMSGSIZE')
})
