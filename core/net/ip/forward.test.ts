import { expect, test } from 'vitest'
import { ip, ok, OWNER, TestNet } from '../../../test/support/net.ts'

/** a — bridge in r1 — wire — r2 — b */
function world() {
  const net = new TestNet()
  const [a, b, r1, r2] = [net.ns('a'), net.ns('b'), net.router('r1'), net.router('r2')]
  const [a0, p0] = net.veth(a, 'eth0', r1, 'veth0')
  const br0 = net.bridge(r1, 'br0', p0)
  const [w1, w2] = net.wire(r1, 'eth1', r2, 'eth1')
  const [r2b, b0] = net.veth(r2, 'eth0', b, 'eth0')
  net.addr(a0, '10.1.0.2/24')
  net.addr(br0, '10.1.0.1/24')
  net.addr(w1, '192.168.0.1/24')
  net.addr(w2, '192.168.0.2/24')
  net.addr(r2b, '10.2.0.1/24')
  net.addr(b0, '10.2.0.2/24')
  net.route(a, 'default', '10.1.0.1')
  net.route(b, 'default', '10.2.0.1')
  net.route(r1, '10.2.0.0/24', '192.168.0.2')
  net.route(r2, '10.1.0.0/24', '192.168.0.1')
  net.settle()
  net.forget()
  return { net, a, b, r1, r2, w1, b0, br0 }
}

test('a ping crosses a bridge, a wire and two routers', () => {
  const { net, a } = world()
  const socket = ok(a.sockets.icmpOpen({ owner: OWNER }))
  expect(socket.sendEcho({ dst: ip('10.2.0.2'), id: 7, seq: 1, bytes: 56 })).toBe(null)
  net.settle()
  expect(net.packets()).toMatchInlineSnapshot(`
    "       0 #1 new a ICMP 10.1.0.2 > 10.2.0.2
           0 #1 route a unicast 0.0.0.0/0 via 10.1.0.1 dev eth0
           0 #1 neigh a 10.1.0.1 queued
           0 #2 new a ARP who-has 10.1.0.2 > 10.1.0.1 because of #1
           0 #2 a eth0 out 10.1.0.2 > 10.1.0.1 arp
           3 #2 r1 veth0 in 10.1.0.2 > 10.1.0.1 arp
           3 #2 bridge r1 local veth0 > -
           4 #2 r1 br0 in 10.1.0.2 > 10.1.0.1 arp
           4 #2 deliver r1 arp
           4 #3 new r1 ARP is-at 10.1.0.1 > 10.1.0.2 because of #2
           4 #3 r1 br0 out 10.1.0.1 > 10.1.0.2 arp
           4 #3 bridge r1 forward - > veth0
           4 #3 r1 veth0 out 10.1.0.1 > 10.1.0.2 arp
           7 #3 a eth0 in 10.1.0.1 > 10.1.0.2 arp
           7 #3 deliver a arp
           7 #1 neigh a 10.1.0.1 resolved 02:00:00:00:00:03
           7 #1 a eth0 out 10.1.0.2 > 10.2.0.2 ttl 64
          10 #1 r1 veth0 in 10.1.0.2 > 10.2.0.2 ttl 64
          10 #1 bridge r1 local veth0 > -
          11 #1 r1 br0 in 10.1.0.2 > 10.2.0.2 ttl 64
          11 #1 route r1 unicast 10.2.0.0/24 via 192.168.0.2 dev eth1
          11 #1 forward r1 br0 > eth1 ttl 63
          11 #1 neigh r1 192.168.0.2 queued
          11 #4 new r1 ARP who-has 192.168.0.1 > 192.168.0.2 because of #1
          11 #4 r1 eth1 out 192.168.0.1 > 192.168.0.2 arp
         214 #4 r2 eth1 in 192.168.0.1 > 192.168.0.2 arp
         214 #4 deliver r2 arp
         214 #5 new r2 ARP is-at 192.168.0.2 > 192.168.0.1 because of #4
         214 #5 r2 eth1 out 192.168.0.2 > 192.168.0.1 arp
         417 #5 r1 eth1 in 192.168.0.2 > 192.168.0.1 arp
         417 #5 deliver r1 arp
         417 #1 neigh r1 192.168.0.2 resolved 02:00:00:00:00:05
         417 #1 r1 eth1 out 10.1.0.2 > 10.2.0.2 ttl 63
         620 #1 r2 eth1 in 10.1.0.2 > 10.2.0.2 ttl 63
         620 #1 route r2 unicast 10.2.0.0/24 dev eth0
         620 #1 forward r2 eth1 > eth0 ttl 62
         620 #1 neigh r2 10.2.0.2 queued
         620 #6 new r2 ARP who-has 10.2.0.1 > 10.2.0.2 because of #1
         620 #6 r2 eth0 out 10.2.0.1 > 10.2.0.2 arp
         623 #6 b eth0 in 10.2.0.1 > 10.2.0.2 arp
         623 #6 deliver b arp
         623 #7 new b ARP is-at 10.2.0.2 > 10.2.0.1 because of #6
         623 #7 b eth0 out 10.2.0.2 > 10.2.0.1 arp
         626 #7 r2 eth0 in 10.2.0.2 > 10.2.0.1 arp
         626 #7 deliver r2 arp
         626 #1 neigh r2 10.2.0.2 resolved 02:00:00:00:00:07
         626 #1 r2 eth0 out 10.1.0.2 > 10.2.0.2 ttl 62
         629 #1 b eth0 in 10.1.0.2 > 10.2.0.2 ttl 62
         629 #1 route b local 10.2.0.2/32 dev eth0
         629 #1 deliver b icmp
         629 #8 new b ICMP 10.2.0.2 > 10.1.0.2 because of #1
         629 #8 route b unicast 0.0.0.0/0 via 10.2.0.1 dev eth0
         629 #8 neigh b 10.2.0.1 resolved 02:00:00:00:00:06
         629 #8 b eth0 out 10.2.0.2 > 10.1.0.2 ttl 64
         632 #8 r2 eth0 in 10.2.0.2 > 10.1.0.2 ttl 64
         632 #8 route r2 unicast 10.1.0.0/24 via 192.168.0.1 dev eth1
         632 #8 forward r2 eth0 > eth1 ttl 63
         632 #8 neigh r2 192.168.0.1 resolved 02:00:00:00:00:04
         632 #8 r2 eth1 out 10.2.0.2 > 10.1.0.2 ttl 63
         835 #8 r1 eth1 in 10.2.0.2 > 10.1.0.2 ttl 63
         835 #8 route r1 unicast 10.1.0.0/24 dev br0
         835 #8 forward r1 eth1 > br0 ttl 62
         835 #8 neigh r1 10.1.0.2 resolved 02:00:00:00:00:01
         835 #8 r1 br0 out 10.2.0.2 > 10.1.0.2 ttl 62
         835 #8 bridge r1 forward - > veth0
         835 #8 r1 veth0 out 10.2.0.2 > 10.1.0.2 ttl 62
         838 #8 a eth0 in 10.2.0.2 > 10.1.0.2 ttl 62
         838 #8 route a local 10.1.0.2/32 dev eth0
         838 #8 deliver a icmp 7 test"
  `)
  expect(socket.recv()).toMatchObject({ type: 0, code: 0, from: ip('10.2.0.2'), id: 7, seq: 1, ttl: 62, bytes: 56 })
})

test('the second ping needs no ARP', () => {
  const { net, a } = world()
  const socket = ok(a.sockets.icmpOpen({ owner: OWNER }))
  socket.sendEcho({ dst: ip('10.2.0.2'), id: 7, seq: 1, bytes: 56 })
  net.settle()
  net.forget()
  socket.sendEcho({ dst: ip('10.2.0.2'), id: 7, seq: 2, bytes: 56 })
  net.settle()
  expect(net.taps()).toMatchInlineSnapshot(`
    "a eth0 out 10.1.0.2 > 10.2.0.2 ttl 64
    r1 veth0 in 10.1.0.2 > 10.2.0.2 ttl 64
    r1 br0 in 10.1.0.2 > 10.2.0.2 ttl 64
    r1 eth1 out 10.1.0.2 > 10.2.0.2 ttl 63
    r2 eth1 in 10.1.0.2 > 10.2.0.2 ttl 63
    r2 eth0 out 10.1.0.2 > 10.2.0.2 ttl 62
    b eth0 in 10.1.0.2 > 10.2.0.2 ttl 62
    b eth0 out 10.2.0.2 > 10.1.0.2 ttl 64
    r2 eth0 in 10.2.0.2 > 10.1.0.2 ttl 64
    r2 eth1 out 10.2.0.2 > 10.1.0.2 ttl 63
    r1 eth1 in 10.2.0.2 > 10.1.0.2 ttl 63
    r1 br0 out 10.2.0.2 > 10.1.0.2 ttl 62
    r1 veth0 out 10.2.0.2 > 10.1.0.2 ttl 62
    a eth0 in 10.2.0.2 > 10.1.0.2 ttl 62"
  `)
})
