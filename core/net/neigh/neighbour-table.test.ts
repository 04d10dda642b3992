import { expect, test } from 'vitest'
import { formatIp } from '../addr/ip.ts'
import { ip, mac, ok, OWNER, TestNet } from '../../../test/support/net.ts'

function pair() {
  const net = new TestNet()
  const [a, b] = [net.ns('a'), net.ns('b')]
  const [a0, b0] = net.veth(a, 'eth0', b, 'eth0')
  net.addr(a0, '10.0.0.1/24')
  net.addr(b0, '10.0.0.2/24')
  const ping = (to: string) => {
    const socket = ok(a.sockets.icmpOpen({ owner: OWNER }))
    const errno = socket.sendEcho({ dst: ip(to), id: 1, seq: 1, bytes: 0 })
    return { socket, errno }
  }
  const states = () => {
    const lines: string[] = []
    for (const { atUs, event } of net.events) {
      if (event.kind === 'neigh.set') lines.push(`${atUs / 1_000_000} ${event.netns} ${event.ip} ${event.state} ${event.mac}`.trimEnd())
    }
    return lines.join('\n')
  }
  return { net, a, b, a0, b0, ping, states }
}

test('from INCOMPLETE to REACHABLE to STALE; who was asked is known too', () => {
  const { net, ping, states } = pair()
  ping('10.0.0.2')
  net.run(60_000_000)
  expect(states()).toMatchInlineSnapshot(`
    "0 1 10.0.0.2 INCOMPLETE
    0.000003 2 10.0.0.1 STALE 02:00:00:00:00:01
    0.000006 1 10.0.0.2 REACHABLE 02:00:00:00:00:02
    0.000009 2 10.0.0.1 DELAY 02:00:00:00:00:01
    5.000009 2 10.0.0.1 PROBE 02:00:00:00:00:01
    5.000015 2 10.0.0.1 REACHABLE 02:00:00:00:00:01
    18.472006 1 10.0.0.2 STALE 02:00:00:00:00:02
    46.357015 2 10.0.0.1 STALE 02:00:00:00:00:01"
  `)
})

test('a stale neighbour is used at once, asked after five seconds, and lost when it says nothing', () => {
  const { net, a, b, b0, ping, states } = pair()
  ping('10.0.0.2')
  net.run(60_000_000)
  net.forget()
  b.delAddress(b0, ip('10.0.0.2'), 24)
  ping('10.0.0.2')
  net.run(10_000_000)
  expect(states()).toMatchInlineSnapshot(`
    "60 1 10.0.0.2 DELAY 02:00:00:00:00:02
    65 1 10.0.0.2 PROBE 02:00:00:00:00:02
    68 1 10.0.0.2 FAILED"
  `)
  expect(net.packets((event) => event.kind === 'packet.new' && event.etherType === 0x0806)).toMatchInlineSnapshot(`
    "65000000 #8 new a ARP who-has 10.0.0.1 > 10.0.0.2
    66000000 #9 new a ARP who-has 10.0.0.1 > 10.0.0.2
    67000000 #10 new a ARP who-has 10.0.0.1 > 10.0.0.2"
  `)
  expect(a.neigh.list().map((entry) => [formatIp(entry.ip), entry.state])).toEqual([['10.0.0.2', 'FAILED']])
})

test('three questions, one second apart, then host unreachable', () => {
  const { net, ping } = pair()
  const { socket } = ping('10.0.0.9')
  net.settle()
  expect(net.clock.nowUs).toBe(3_000_002)
  expect(socket.recv()).toMatchObject({ type: 3, code: 1, from: ip('10.0.0.1'), seq: 1 })
  const asked = net.events.filter(({ event }) => event.kind === 'packet.new' && event.etherType === 0x0806)
  expect(asked.map(({ atUs }) => atUs)).toEqual([0, 1_000_000, 2_000_000])
})

test('a permanent entry needs no question and is not overwritten', () => {
  const { net, a, a0, ping } = pair()
  expect(a.neigh.set(ip('10.0.0.2'), a0, mac('02:00:00:00:00:99'), 'PERMANENT')).toBe(null)
  ping('10.0.0.2')
  net.settle()
  expect(net.packets((event) => event.kind === 'packet.drop')).toMatchInlineSnapshot(`"       3 #1 drop b ip_rcv OTHERHOST eth0"`)
  expect(a.neigh.del(ip('10.0.0.2'), a0)).toBe(null)
  expect(a.neigh.del(ip('10.0.0.2'), a0)).toBe('ENOENT')
})

test('carrier lost: what was learned is forgotten', () => {
  const { net, a, b, b0, ping } = pair()
  ping('10.0.0.2')
  net.settle()
  b.setLink(b0, { up: false })
  expect(a.neigh.list()).toEqual([])
  expect(a.link('eth0')?.operstate()).toBe('LOWERLAYERDOWN')
})

test('proxy ARP answers for what is routed elsewhere', () => {
  const net = new TestNet()
  const [a, r, b] = [net.ns('a'), net.router('r'), net.ns('b')]
  const [a0, ra] = net.veth(a, 'eth0', r, 'a0')
  const [b0, rb] = net.veth(b, 'eth0', r, 'b0')
  net.addr(a0, '10.0.0.1/16')
  net.addr(b0, '10.0.1.1/32')
  net.route(r, '10.0.0.1/32', null, ra)
  net.route(r, '10.0.1.1/32', null, rb)
  net.route(b, '169.254.1.1/32', null, b0)
  net.route(b, 'default', '169.254.1.1', b0)
  r.sysctl.set('net.ipv4.conf.a0.proxy_arp', '1')
  r.sysctl.set('net/ipv4/conf/b0/proxy_arp', '1')
  net.addr(r.lo, '10.9.9.9/32')
  net.route(r, 'default', null, r.lo)
  const socket = ok(a.sockets.icmpOpen({ owner: OWNER }))
  socket.sendEcho({ dst: ip('10.0.1.1'), id: 1, seq: 1, bytes: 0 })
  net.settle()
  expect(socket.recv()).toMatchObject({ type: 0, from: ip('10.0.1.1'), ttl: 63 })
})
