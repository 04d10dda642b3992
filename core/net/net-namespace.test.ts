import { expect, test } from 'vitest'
import { formatMac } from './addr/mac.ts'
import { ip, ok, OWNER, TestNet } from '../../test/support/net.ts'

test('links: names, indices, what add and set refuse', () => {
  const net = new TestNet()
  const [a, b] = [net.ns('a'), net.ns('b')]
  const [a0] = net.veth(a, 'eth0', b, 'veth0')
  expect([
    a.addLink({ name: 'eth0', kind: 'dummy' }),
    a.addLink({ name: 'a/b', kind: 'dummy' }),
    a.addLink({ name: 'sixteen-letters-x', kind: 'dummy' }),
    a.addLink({ name: 'v', kind: 'veth' }),
    a.addLink({ name: 'v', kind: 'vxlan', vxlan: { vni: 1, local: 1, port: 1, learning: true, dev: 'nix' } }),
    a.setLink(a0, { name: 'lo' }),
    a.setLink(a0, { mtu: 10 }),
    b.setLink(a0, { up: false }),
    a.delLink(a.lo),
  ]).toEqual(['EEXIST', 'EINVAL', 'EINVAL', 'EINVAL', 'ENODEV', 'EEXIST', 'EINVAL', 'ENODEV', 'EOPNOTSUPP'])
  expect(a.setLink(a0, { name: 'wan' })).toBe(null)
  expect([a.link('eth0'), a.link('wan')?.ifindex, a.link(2)?.name]).toEqual([undefined, 2, 'wan'])
  net.link(a, { name: 'd0', kind: 'dummy', ifindex: 7 })
  expect(net.link(a, { name: 'd1', kind: 'dummy' }).ifindex).toBe(3)
  expect(a.links().map(({ name }) => name)).toEqual(['lo', 'wan', 'd1', 'd0'])
})

test('a link moves to another namespace: down, without addresses, still paired', () => {
  const net = new TestNet()
  const [a, b, c] = [net.ns('a'), net.ns('b'), net.ns('c')]
  const [a0, b0] = net.veth(a, 'eth0', b, 'eth0')
  net.addr(a0, '10.0.0.1/24')
  net.forget()
  expect(a.setLink(a0, { netns: c, name: 'moved' })).toBe(null)
  expect([a0.netns.name, a0.up, a0.addresses.length, a.link('eth0'), c.link('moved') === a0, b0.peer === a0]).toEqual([
    'c',
    false,
    0,
    undefined,
    true,
    true,
  ])
  expect(net.events.map(({ event }) => event.kind)).toMatchInlineSnapshot(`
    [
      "route.del",
      "route.del",
      "link.set",
      "route.del",
      "addr.del",
      "link.del",
      "link.add",
      "link.set",
      "link.set",
    ]
  `)
  c.setLink(a0, { up: true })
  net.addr(a0, '10.0.0.1/24')
  net.addr(b0, '10.0.0.2/24')
  const socket = ok(c.sockets.icmpOpen({ owner: OWNER }))
  socket.sendEcho({ dst: ip('10.0.0.2'), id: 1, seq: 1, bytes: 0 })
  net.settle()
  expect(socket.recv()).toMatchObject({ type: 0 })
})

test('a namespace that is destroyed takes its ends of all pairs along', () => {
  const net = new TestNet()
  const [a, b] = [net.ns('a'), net.ns('b')]
  const [a0, b0] = net.veth(a, 'eth0', b, 'veth0')
  const bridge = net.bridge(b, 'br0', b0)
  net.addr(a0, '10.0.0.1/24')
  net.addr(bridge, '10.0.0.2/24')
  const socket = ok(b.sockets.tcpConnect({ dst: ip('10.0.0.1'), dport: 80, owner: OWNER }))
  net.world.destroyNamespace(a)
  expect([net.world.namespaces.size, b.links().map(({ name }) => name), bridge.bridge?.ports().length, bridge.operstate()]).toEqual([
    1,
    ['lo', 'br0'],
    0,
    'DOWN',
  ])
  net.run(10_000_000)
  expect(socket.error).toBe('EHOSTUNREACH')
})

test('a wire that is pulled: no carrier, frames on it are lost', () => {
  const net = new TestNet()
  const [a, b] = [net.ns('a'), net.ns('b')]
  const [a0, b0] = net.wire(a, 'eth0', b, 'eth0')
  net.addr(a0, '10.0.0.1/24')
  net.addr(b0, '10.0.0.2/24')
  const udp = ok(a.sockets.udpOpen({ owner: OWNER }))
  udp.sendTo(new Uint8Array(1), ip('10.0.0.2'), 9)
  net.settle()
  net.forget()
  udp.sendTo(new Uint8Array(1), ip('10.0.0.2'), 9)
  net.run(100)
  net.world.wires[0].setUp(false)
  expect([a0.operstate(), b0.operstate(), a.neigh.list().length]).toEqual(['DOWN', 'DOWN', 0])
  net.settle()
  expect(net.packets((event) => event.kind === 'packet.drop')).toMatchInlineSnapshot(`"    1015 #5 drop b wire LINK_DOWN eth0"`)
})

test('sysctls: dots or slashes, per device, refused values', () => {
  const net = new TestNet()
  const a = net.ns('a')
  net.veth(a, 'eth0.5', net.ns('b'), 'x')
  expect(a.sysctl.set('net.ipv4.ip_forward', '1')).toBe(null)
  expect([
    a.sysctl.get('net/ipv4/conf/eth0.5/forwarding'),
    a.sysctl.get('net.ipv4.conf.eth0/5.forwarding'),
    a.sysctl.get('net.ipv4.conf.default.forwarding'),
    a.sysctl.set('net.ipv4.ip_forward', 'yes'),
    a.sysctl.set('net.ipv4.nix', '1'),
    a.sysctl.get('net.ipv4.nix'),
    a.sysctl.set('net.ipv4.ip_local_port_range', '2000 1000'),
    a.sysctl.set('net.ipv4.ip_local_port_range', '1024 65000'),
    a.sysctl.get('net.ipv4.ip_local_port_range'),
    a.sysctl.names().filter((name) => name.includes('rp_filter')),
  ]).toEqual([
    '1',
    '1',
    '1',
    'EINVAL',
    'ENOENT',
    null,
    'EINVAL',
    null,
    '1024\t65000',
    ['net.ipv4.conf.all.rp_filter', 'net.ipv4.conf.default.rp_filter', 'net.ipv4.conf.eth0/5.rp_filter', 'net.ipv4.conf.lo.rp_filter'],
  ])
})

test('rp_filter: a source that would be answered elsewhere is refused', () => {
  const net = new TestNet()
  const [a, b, r] = [net.ns('a'), net.ns('b'), net.router('r')]
  const [a0, ra] = net.veth(a, 'eth0', r, 'a0')
  const [b0, rb] = net.veth(b, 'eth0', r, 'b0')
  net.addr(ra, '10.1.0.1/24')
  net.addr(rb, '10.2.0.1/24')
  net.addr(a0, '10.1.0.2/24')
  net.addr(a0, '10.9.0.2/24')
  net.addr(b0, '10.2.0.2/24')
  net.route(a, 'default', '10.1.0.1')
  net.route(b, 'default', '10.2.0.1')
  const send = (src: string) => {
    net.forget()
    const socket = ok(a.sockets.icmpOpen({ owner: OWNER }))
    socket.sendEcho({ dst: ip('10.2.0.2'), id: 1, seq: 1, bytes: 0, src: ip(src) })
    net.settle()
    const drops = net.packets((event) => event.kind === 'packet.drop').replace(/^.* drop /, '')
    socket.close()
    return drops.split('\n')[0]
  }
  expect(send('10.9.0.2')).toMatchInlineSnapshot(`"r ip_route_input IP_INNOROUTES b0"`)
  r.sysctl.set('net.ipv4.conf.a0.rp_filter', '1')
  expect(send('10.9.0.2')).toMatchInlineSnapshot(`"r ip_route_input IP_RPFILTER a0"`)
  expect(send('10.1.0.2')).toBe('')
  // A source of our own from outside is never believed.
  net.addr(a0, '10.2.0.1/32')
  expect(send('10.2.0.1')).toMatchInlineSnapshot(`"r ip_route_input IP_LOCAL_SOURCE a0"`)
})

test('the same seed tells the same story, another seed another one', () => {
  const story = (seed: number) => {
    const net = new TestNet(seed)
    const [a, b] = [net.ns('a'), net.ns('b')]
    const dev = net.link(a, { name: 'eth0', kind: 'veth', up: true, peer: { netns: b, name: 'eth0', up: true } })
    net.addr(dev, '10.0.0.1/24')
    net.addr(dev.peer as never, '10.0.0.2/24')
    ok(a.sockets.tcpConnect({ dst: ip('10.0.0.2'), dport: 80, owner: OWNER }))
    net.run(100_000_000)
    return [net.trace.digest(), formatMac(dev.mac)]
  }
  expect(story(1)).toEqual(story(1))
  expect(story(1)[0]).not.toBe(story(2)[0])
})
