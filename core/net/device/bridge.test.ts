import { expect, test } from 'vitest'
import { formatMac } from '../addr/mac.ts'
import { ip, ok, OWNER, TestNet } from '../../../test/support/net.ts'

/** Three hosts behind one bridge. */
function world() {
  const net = new TestNet()
  const sw = net.ns('sw')
  const hosts = ['a', 'b', 'c'].map((name) => net.ns(name))
  const pairs = hosts.map((host) => net.veth(host, 'eth0', sw, `p-${host.name}`))
  const bridge = net.bridge(sw, 'br0', ...pairs.map(([, port]) => port))
  hosts.forEach((_, i) => {
    net.addr(pairs[i][0], `10.0.0.${i + 1}/24`)
  })
  net.settle()
  net.forget()
  const ping = (from: number, to: number) => {
    const socket = ok(hosts[from].sockets.icmpOpen({ owner: OWNER }))
    socket.sendEcho({ dst: ip(`10.0.0.${to + 1}`), id: 1, seq: 1, bytes: 0 })
    net.settle()
    const got = socket.recv()
    socket.close()
    return got === 'again' ? 'nothing' : got.type
  }
  const fdb = () =>
    bridge.bridge
      ?.fdb()
      .map(({ mac, port, state }) => `${formatMac(mac)} ${port.name} ${state}`)
      .join('\n')
  return { net, sw, hosts, pairs, bridge, ping, fdb }
}

test('floods until it has learned', () => {
  const { net, ping, fdb } = world()
  expect(ping(0, 1)).toBe(0)
  expect(net.packets((event) => event.kind === 'packet.bridge')).toMatchInlineSnapshot(`
    "       3 #2 bridge sw flood p-a > -
           3 #2 bridge sw local p-a > -
           9 #3 bridge sw forward p-b > p-a
          15 #1 bridge sw forward p-a > p-b
          21 #4 bridge sw forward p-b > p-a"
  `)
  expect(fdb()).toMatchInlineSnapshot(`
    "02:00:00:00:00:07 br0 permanent
    02:00:00:00:00:02 p-a permanent
    02:00:00:00:00:04 p-b permanent
    02:00:00:00:00:06 p-c permanent
    02:00:00:00:00:01 p-a learned
    02:00:00:00:00:03 p-b learned"
  `)
})

test('forgets a station after five minutes of silence, and on the port that goes down', () => {
  const { net, sw, pairs, ping, fdb } = world()
  ping(0, 1)
  net.run(200_000_000)
  ping(0, 2)
  net.run(150_000_000)
  // b was last heard 350 s ago, a and c are fresh.
  expect(
    fdb()
      ?.split('\n')
      .filter((line) => line.endsWith('learned')),
  ).toEqual(['02:00:00:00:00:01 p-a learned', '02:00:00:00:00:05 p-c learned'])
  sw.setLink(pairs[2][1], { up: false })
  expect(
    fdb()
      ?.split('\n')
      .filter((line) => line.endsWith('learned')),
  ).toEqual(['02:00:00:00:00:01 p-a learned'])
})

test('isolated ports do not see each other, but everybody else', () => {
  const { sw, pairs, ping } = world()
  sw.setLink(pairs[0][1], { isolated: true })
  sw.setLink(pairs[1][1], { isolated: true })
  expect([ping(0, 1), ping(0, 2), ping(1, 2)]).toEqual([3, 0, 0])
})

test('a hairpin port gets its own broadcasts back', () => {
  const { net, sw, pairs, ping } = world()
  sw.setLink(pairs[0][1], { hairpin: true })
  ping(0, 1)
  const arp = net.events
    .filter(({ event }) => event.kind === 'packet.tap' && event.netns === 2 && event.ttl === 0)
    .map(({ event }) => (event.kind === 'packet.tap' ? event.dir : ''))
  expect(arp).toEqual(['out', 'in', 'in'])
})

test('its MAC and MTU follow the ports until somebody chooses them', () => {
  const net = new TestNet()
  const [sw, a] = [net.ns('sw'), net.ns('a')]
  const bridge = net.link(sw, { name: 'br0', kind: 'bridge', up: true })
  const [, p1] = net.veth(a, 'e1', sw, 'p1')
  const [, p2] = net.veth(a, 'e2', sw, 'p2')
  expect([bridge.carrier, bridge.operstate()]).toEqual([false, 'DOWN'])
  sw.setLink(p2, { master: bridge })
  expect([formatMac(bridge.mac), bridge.carrier]).toEqual([formatMac(p2.mac), true])
  sw.setLink(p1, { master: bridge, mtu: 1400 })
  expect([formatMac(bridge.mac), bridge.mtu]).toEqual([formatMac(p1.mac), 1400])
  sw.setLink(bridge, { mac: 0x0a0000000001, mtu: 1300 })
  sw.setLink(p1, { master: null })
  expect([formatMac(bridge.mac), bridge.mtu]).toEqual(['0a:00:00:00:00:01', 1300])
  expect(sw.setLink(net.link(sw, { name: 'br1', kind: 'bridge' }), { master: bridge })).toBe('ELOOP')
})
