import { expect, test } from 'vitest'
import { formatIp, parsePrefix, type Prefix } from '../addr/ip.ts'
import { utf8Encode } from '../../base/utf8.ts'
import { ip, ok, OWNER, TestNet } from '../../../test/support/net.ts'

function world() {
  const net = new TestNet()
  const spaces = ['a', 'r', 'b'].map((name) => net.ns(name))
  for (const ns of spaces) expect(ns.sysctl.set('net.ipv6.conf.all.disable_ipv6', '0')).toBe(null)
  const [a, r, b] = spaces
  r.sysctl.set('net.ipv6.conf.all.forwarding', '1')
  const [a0, ra] = net.veth(a, 'eth0', r, 'a0')
  const [b0, rb] = net.veth(b, 'eth0', r, 'b0')
  net.addr(a0, 'fd00:1::2/64')
  net.addr(ra, 'fd00:1::1/64')
  net.addr(b0, 'fd00:2::2/64')
  net.addr(rb, 'fd00:2::1/64')
  for (const [ns, via] of [
    [a, 'fd00:1::1'],
    [b, 'fd00:2::1'],
  ] as const) {
    expect(ns.fib.add({ prefix: parsePrefix('::/0') as Prefix, via: ip(via) })).toBe(null)
  }
  return { net, a, r, b, a0 }
}

test('a ping through a router, neighbours found by NDP', () => {
  const { net, a } = world()
  const socket = ok(a.sockets.icmpOpen({ owner: OWNER }))
  expect(socket.sendEcho({ dst: ip('fd00:2::2'), id: 7, seq: 1, bytes: 56 })).toBe(null)
  net.settle()
  expect(net.packets((event) => event.kind === 'packet.new' || event.kind === 'packet.deliver')).toMatchInlineSnapshot(`
    "       0 #1 new a ICMPv6 fd00:1::2 > fd00:2::2
           0 #2 new a ICMPv6 fd00:1::2 > ff02::1:ff00:1 because of #1
           3 #2 deliver r icmp
           3 #3 new r ICMPv6 fd00:1::1 > fd00:1::2 because of #2
           6 #3 deliver a icmp
           9 #4 new r ICMPv6 fd00:2::1 > ff02::1:ff00:2 because of #1
          12 #4 deliver b icmp
          12 #5 new b ICMPv6 fd00:2::2 > fd00:2::1 because of #4
          15 #5 deliver r icmp
          18 #1 deliver b icmp
          18 #6 new b ICMPv6 fd00:2::2 > fd00:1::2 because of #1
          24 #6 deliver a icmp 7 test"
  `)
  expect(socket.recv()).toMatchObject({ type: 129, from: ip('fd00:2::2'), ttl: 63, seq: 1 })
})

test('hop limit, closed ports and routes that are not there', () => {
  const { net, a } = world()
  const socket = ok(a.sockets.icmpOpen({ owner: OWNER }))
  socket.sendEcho({ dst: ip('fd00:2::2'), id: 7, seq: 1, bytes: 56, ttl: 1 })
  net.settle()
  expect(socket.recv()).toMatchObject({ type: 3, code: 0, from: ip('fd00:1::1') })
  const tcp = ok(a.sockets.tcpConnect({ dst: ip('fd00:2::2'), dport: 80, owner: OWNER }))
  const udp = ok(a.sockets.udpOpen({ owner: OWNER }))
  udp.connect(ip('fd00:2::2'), 53)
  udp.send(utf8Encode('x'))
  socket.sendEcho({ dst: ip('fd00:3::2'), id: 7, seq: 2, bytes: 56 })
  net.settle()
  expect([tcp.error, udp.recv()]).toEqual(['ECONNREFUSED', 'ECONNREFUSED'])
  expect(socket.recv()).toMatchObject({ type: 1, code: 0, from: ip('fd00:1::1') })
})

test('TCP, dual stack: one listener for both families', () => {
  const { net, a, b } = world()
  const listener = ok(b.sockets.tcpListen({ address: null, port: 80, owner: OWNER }))
  const socket = ok(a.sockets.tcpConnect({ dst: ip('fd00:2::2'), dport: 80, owner: OWNER }))
  net.settle()
  expect([socket.state, listener.accept()?.remoteAddress]).toEqual(['ESTABLISHED', ip('fd00:1::2')])
  const syn = net.events.find(({ event }) => event.kind === 'packet.new' && event.protocol === 6)?.event
  expect(syn?.kind === 'packet.new' && [syn.mss, syn.etherType]).toEqual([1440, 0x86dd])
})

test('addresses: link-local from the MAC, none where IPv6 is off', () => {
  const { net, a, a0 } = world()
  expect(a0.addresses.map(({ ip: address, prefixLength, scope }) => `${formatIp(address)}/${prefixLength} ${scope}`)).toEqual([
    'fe80::ff:fe00:1/64 link',
    'fd00:1::2/64 global',
  ])
  a.sysctl.set('net.ipv6.conf.eth0.disable_ipv6', '1')
  expect(a0.addresses).toEqual([])
  expect(a.addAddress(a0, ip('fd00:1::2'), 64)).toBe('EACCES')
  expect(
    net
      .ns('c')
      .links()
      .flatMap(({ addresses }) => addresses.map(({ ip: address }) => formatIp(address))),
  ).toEqual(['127.0.0.1'])
})
