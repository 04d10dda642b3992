import { expect, test } from 'vitest'
import { formatIp, type IpAddr } from '../addr/ip.ts'
import { formatMac } from '../addr/mac.ts'
import type { NetNamespace } from '../net-namespace.ts'
import { ip, ok, OWNER, TestNet } from '../../../test/support/net.ts'

/** Two machines on a wire: what is between them is up to the test. */
function machines() {
  const net = new TestNet()
  const [m1, m2] = [net.router('m1'), net.router('m2')]
  const [e1, e2] = net.wire(m1, 'eth0', m2, 'eth0')
  net.addr(e1, '192.168.0.1/24')
  net.addr(e2, '192.168.0.2/24')
  return { net, m1, m2 }
}

function ping(net: TestNet, from: NetNamespace, to: IpAddr, bytes = 56, df?: boolean): string {
  const socket = ok(from.sockets.icmpOpen({ owner: OWNER }))
  const errno = socket.sendEcho({ dst: to, id: 1, seq: 1, bytes, ...(df === undefined ? {} : { df }) })
  net.settle()
  const got = socket.recv()
  socket.close()
  return (
    errno ??
    (got === 'again'
      ? 'nothing'
      : `type ${got.type} code ${got.code} from ${formatIp(got.from)} ttl ${got.ttl}${got.mtu ? ` mtu ${got.mtu}` : ''}`)
  )
}

test('VXLAN with a hand-made table, as flannel makes it', () => {
  const { net, m1, m2 } = machines()
  const link = (ns: NetNamespace, local: string) =>
    net.link(ns, {
      name: 'flannel.1',
      kind: 'vxlan',
      mac: net.mac(),
      up: true,
      vxlan: { vni: 1, local: ip(local), port: 8472, learning: false, dev: 'eth0' },
    })
  const [v1, v2] = [link(m1, '192.168.0.1'), link(m2, '192.168.0.2')]
  expect(v1.mtu).toBe(1450)
  net.addr(v1, '10.244.1.0/32')
  net.addr(v2, '10.244.2.0/32')
  net.route(m1, '10.244.2.0/24', '10.244.2.0', v1, true)
  net.route(m2, '10.244.1.0/24', '10.244.1.0', v2, true)
  m1.neigh.set(ip('10.244.2.0'), v1, v2.mac, 'PERMANENT')
  m2.neigh.set(ip('10.244.1.0'), v2, v1.mac, 'PERMANENT')
  expect(ping(net, m1, ip('10.244.2.0'))).toBe('nothing')
  v1.vxlan?.addFdb(v2.mac, ip('192.168.0.2'))
  v2.vxlan?.addFdb(v1.mac, ip('192.168.0.1'))
  net.forget()
  expect(ping(net, m1, ip('10.244.2.0'))).toBe('type 0 code 0 from 10.244.2.0 ttl 64')
  const start = net.events.findIndex(({ event }) => event.kind === 'packet.new' && event.protocol === 1)
  expect(
    net
      .packets((event) => !(event.kind === 'packet.new' && event.etherType === 0x0806))
      .split('\n')
      .slice(start, start + 22)
      .join('\n'),
  ).toMatchInlineSnapshot(`
    "       0 #2 new m1 ICMP 10.244.1.0 > 10.244.2.0
           0 #2 route m1 unicast 10.244.2.0/24 via 10.244.2.0 dev flannel.1
           0 #2 neigh m1 10.244.2.0 resolved 02:00:00:00:00:04
           0 #2 m1 flannel.1 out 10.244.1.0 > 10.244.2.0 ttl 64
           0 #3 new m1 UDP 192.168.0.1 > 192.168.0.2 because of #2
           0 #2 encap m1 flannel.1 in #3
           2 #3 route m1 unicast 192.168.0.0/24 dev eth0
           2 #3 neigh m1 192.168.0.2 queued
           2 #4 m1 eth0 out 192.168.0.1 > 192.168.0.2 arp
         205 #4 m2 eth0 in 192.168.0.1 > 192.168.0.2 arp
         205 #4 deliver m2 arp
         205 #5 m2 eth0 out 192.168.0.2 > 192.168.0.1 arp
         408 #5 m1 eth0 in 192.168.0.2 > 192.168.0.1 arp
         408 #5 deliver m1 arp
         408 #3 neigh m1 192.168.0.2 resolved 02:00:00:00:00:02
         408 #3 m1 eth0 out 192.168.0.1:34666 > 192.168.0.2:8472 ttl 64
         611 #3 m2 eth0 in 192.168.0.1:34666 > 192.168.0.2:8472 ttl 64
         611 #3 route m2 local 192.168.0.2/32 dev eth0
         611 #3 deliver m2 tunnel 8472 flannel.1
         611 #2 decap m2 flannel.1 in #3
         613 #2 m2 flannel.1 in 10.244.1.0 > 10.244.2.0 ttl 64
         613 #2 route m2 local 10.244.2.0/32 dev flannel.1"
  `)
  expect(ping(net, m1, ip('10.244.2.0'), 1423, true)).toBe('EMSGSIZE')
  expect(v1.vxlan?.fdb().map((entry) => `${formatMac(entry.mac)} ${formatIp(entry.remote)} ${entry.state}`)).toEqual([
    `${formatMac(v2.mac)} 192.168.0.2 permanent`,
  ])
})

test('VXLAN that floods and learns', () => {
  const { net, m1, m2 } = machines()
  const link = (ns: NetNamespace, local: string) =>
    net.link(ns, { name: 'vx', kind: 'vxlan', mac: net.mac(), up: true, vxlan: { vni: 5, local: ip(local), port: 4789, learning: true } })
  const [v1, v2] = [link(m1, '192.168.0.1'), link(m2, '192.168.0.2')]
  net.addr(v1, '10.5.0.1/24')
  net.addr(v2, '10.5.0.2/24')
  v1.vxlan?.addFdb(0, ip('192.168.0.2'))
  v2.vxlan?.addFdb(0, ip('192.168.0.1'))
  expect(ping(net, m1, ip('10.5.0.2'))).toBe('type 0 code 0 from 10.5.0.2 ttl 64')
  expect(v2.vxlan?.fdb().map((entry) => `${formatMac(entry.mac)} ${formatIp(entry.remote)} ${entry.state}`)).toEqual([
    '00:00:00:00:00:00 192.168.0.1 permanent',
    `${formatMac(v1.mac)} 192.168.0.1 learned`,
  ])
})

test('IP in IP: the gateway is the other end', () => {
  const { net, m1, m2 } = machines()
  const tunl = (ns: NetNamespace, address: string) => {
    const dev = net.link(ns, { name: 'tunl0', kind: 'ipip', up: true })
    net.addr(dev, address)
    return dev
  }
  const [t1, t2] = [tunl(m1, '10.1.0.1/32'), tunl(m2, '10.2.0.1/32')]
  net.route(m1, '10.2.0.0/24', '192.168.0.2', t1, true)
  net.route(m2, '10.1.0.0/24', '192.168.0.1', t2, true)
  expect(ping(net, m1, ip('10.2.0.1'))).toBe('type 0 code 0 from 10.2.0.1 ttl 64')
  expect(
    net
      .taps()
      .split('\n')
      .filter((line) => !line.endsWith('arp'))
      .slice(0, 4)
      .join('\n'),
  ).toMatchInlineSnapshot(`
    "m1 tunl0 out 10.1.0.1 > 10.2.0.1 ttl 64
    m1 eth0 out 192.168.0.1 > 192.168.0.2 ttl 64
    m2 eth0 in 192.168.0.1 > 192.168.0.2 ttl 64
    m2 tunl0 in 10.1.0.1 > 10.2.0.1 ttl 64"
  `)
})

test('VLANs on one wire do not hear each other', () => {
  const { net, m1, m2 } = machines()
  for (const [ns, host] of [
    [m1, 1],
    [m2, 2],
  ] as const) {
    for (const id of [10, 20])
      net.addr(net.link(ns, { name: `eth0.${id}`, kind: 'vlan', up: true, vlan: { id, dev: 'eth0' } }), `10.${id}.0.${host}/24`)
  }
  expect(ping(net, m1, ip('10.10.0.2'))).toBe('type 0 code 0 from 10.10.0.2 ttl 64')
  m2.delLink(m2.link('eth0.20') as never)
  expect(ping(net, m1, ip('10.20.0.2'))).toBe('type 3 code 1 from 10.20.0.1 ttl 64')
  expect(net.packets((event) => event.kind === 'packet.drop').split('\n')[0]).toMatch(/m2 device UNHANDLED_PROTO eth0 vlan 20$/)
})
