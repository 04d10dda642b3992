import { expect, test } from 'vitest'
import { ip, ok, OWNER, TestNet } from '../../../test/support/net.ts'

const NAT = `*nat
:PREROUTING ACCEPT [0:0]
:INPUT ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
:POSTROUTING ACCEPT [0:0]
-A PREROUTING -d 10.96.0.10/32 -p udp -j DNAT --to-destination 10.1.0.3:53
-A PREROUTING -d 10.96.0.20/32 -p udp -j DNAT --to-destination 10.2.0.2:53
COMMIT
`

/** Two pods behind cni0 on a node, a third host beyond it; two services of the node's rules. */
function world() {
  const net = new TestNet()
  const [a, b, node, far] = [net.ns('a'), net.ns('b'), net.router('node'), net.ns('far')]
  const [a0, va] = net.veth(a, 'eth0', node, 'va')
  const [b0, vb] = net.veth(b, 'eth0', node, 'vb')
  const cni0 = net.bridge(node, 'cni0', va, vb)
  const [n1, f1] = net.wire(node, 'eth1', far, 'eth0')
  net.addr(a0, '10.1.0.2/24')
  net.addr(b0, '10.1.0.3/24')
  net.addr(cni0, '10.1.0.1/24')
  net.addr(n1, '10.2.0.1/24')
  net.addr(f1, '10.2.0.2/24')
  net.route(a, 'default', '10.1.0.1')
  net.route(b, 'default', '10.1.0.1')
  net.route(far, 'default', '10.2.0.1')
  expect(node.netfilter.iptables('ipv4').restore(NAT)).toBe(null)
  for (const ns of [b, far]) {
    const server = ok(ns.sockets.udpOpen({ address: 0, port: 53, owner: OWNER }))
    server.onChange = () =>
      net.clock.after(0, () => {
        const got = server.recv()
        if (typeof got !== 'string') server.sendTo(got.bytes, got.src, got.sport)
      })
  }
  const ask = (dst: string, primed = true) => {
    const client = ok(a.sockets.udpOpen({ owner: OWNER }))
    client.connect(ip(dst), 53)
    if (primed) {
      client.send(new Uint8Array(1))
      net.settle()
      client.recv()
    }
    net.forget()
    client.send(new Uint8Array(1))
    net.settle()
    const answer = client.recv()
    const path = net
      .taps()
      .split('\n')
      .filter((line) => !line.endsWith('arp'))
      .join('\n')
      .replaceAll(`:${client.localPort}`, ':*')
    client.close()
    return `${typeof answer === 'string' ? answer : 'answered'}\n${path}`
  }
  return { net, node, cni0, b, ask }
}

test('rewritten to somebody on the same bridge, a packet stays bridged: no TTL is lost, cni0 does not see it come in', () => {
  const { net, node, cni0, b, ask } = world()
  // Known for sure, or the packet takes the way through the neighbour's queue.
  node.neigh.set(ip('10.1.0.3'), cni0, b.link('eth0')?.mac ?? 0, 'PERMANENT')
  node.neigh.set(ip('10.1.0.2'), cni0, net.world.namespaces.get(1)?.link('eth0')?.mac ?? 0, 'PERMANENT')
  expect(ask('10.96.0.10')).toMatchInlineSnapshot(`
    "answered
    a eth0 out 10.1.0.2:* > 10.96.0.10:53 ttl 64
    node va in 10.1.0.2:* > 10.96.0.10:53 ttl 64
    node vb out 10.1.0.2:* > 10.1.0.3:53 ttl 64
    b eth0 in 10.1.0.2:* > 10.1.0.3:53 ttl 64
    b eth0 out 10.1.0.3:53 > 10.1.0.2:* ttl 64
    node vb in 10.1.0.3:53 > 10.1.0.2:* ttl 64
    node va out 10.96.0.10:53 > 10.1.0.2:* ttl 64
    a eth0 in 10.96.0.10:53 > 10.1.0.2:* ttl 64"
  `)
})

test('while its neighbour is in doubt, it goes out through cni0 and back', () => {
  const { ask } = world()
  expect(ask('10.96.0.10', false)).toMatchInlineSnapshot(`
    "answered
    a eth0 out 10.1.0.2:* > 10.96.0.10:53 ttl 64
    node va in 10.1.0.2:* > 10.96.0.10:53 ttl 64
    node cni0 out 10.1.0.2:* > 10.1.0.3:53 ttl 64
    node vb out 10.1.0.2:* > 10.1.0.3:53 ttl 64
    b eth0 in 10.1.0.2:* > 10.1.0.3:53 ttl 64
    b eth0 out 10.1.0.3:53 > 10.1.0.2:* ttl 64
    node vb in 10.1.0.3:53 > 10.1.0.2:* ttl 64
    node va out 10.96.0.10:53 > 10.1.0.2:* ttl 64
    a eth0 in 10.96.0.10:53 > 10.1.0.2:* ttl 64"
  `)
})

test('when its new neighbour does not answer, its sender is told in the words of what it asked', () => {
  const { net, node } = world()
  const rules = '-A PREROUTING -d 10.96.0.30/32 -p udp -j DNAT --to-destination 10.1.0.99:53\nCOMMIT'
  expect(node.netfilter.iptables('ipv4').restore(NAT.replace('COMMIT', rules))).toBe(null)
  const client = ok((net.world.namespaces.get(1) as typeof node).sockets.udpOpen({ owner: OWNER }))
  client.connect(ip('10.96.0.30'), 53)
  client.send(new Uint8Array(1))
  net.run(3_100_000)
  expect(client.errors()).toMatchObject([{ type: 3, code: 1, from: ip('10.96.0.30'), dst: ip('10.96.0.30'), port: 53 }])
  expect(node.netfilter.conntrack.count).toBe(0)
})

test('rewritten to somebody elsewhere, it is routed', () => {
  const { ask } = world()
  expect(ask('10.96.0.20')).toMatchInlineSnapshot(`
    "answered
    a eth0 out 10.1.0.2:* > 10.96.0.20:53 ttl 64
    node va in 10.1.0.2:* > 10.96.0.20:53 ttl 64
    node cni0 in 10.1.0.2:* > 10.2.0.2:53 ttl 64
    node eth1 out 10.1.0.2:* > 10.2.0.2:53 ttl 63
    far eth0 in 10.1.0.2:* > 10.2.0.2:53 ttl 63
    far eth0 out 10.2.0.2:53 > 10.1.0.2:* ttl 64
    node eth1 in 10.2.0.2:53 > 10.1.0.2:* ttl 64
    node cni0 out 10.96.0.20:53 > 10.1.0.2:* ttl 63
    node va out 10.96.0.20:53 > 10.1.0.2:* ttl 63
    a eth0 in 10.96.0.20:53 > 10.1.0.2:* ttl 63"
  `)
})

test('without br_netfilter the answer comes from a stranger, and is refused', () => {
  const { node, ask } = world()
  node.sysctl.set('net.bridge.bridge-nf-call-iptables', '0')
  expect(ask('10.96.0.10').split('\n')[0]).toBe('again')
})

test('a rule in FORWARD stops what is only bridged', () => {
  const { net, node, ask } = world()
  node.netfilter.iptables('ipv4').command(['-A', 'FORWARD', '-m', 'physdev', '--physdev-in', 'va', '--physdev-out', 'vb', '-j', 'DROP'])
  expect(ask('10.1.0.3').split('\n')[0]).toBe('again')
  expect(net.packets((event) => event.kind === 'packet.drop').replace(/^.*drop/, 'drop')).toMatchInlineSnapshot(
    `"drop node FORWARD NETFILTER_DROP filter FORWARD: -A FORWARD -m physdev --physdev-in va --physdev-out vb -j DROP"`,
  )
})

test('tcpdump on the bridge sees what is bridged past it', () => {
  const { cni0, ask } = world()
  expect(ask('10.1.0.3')).not.toContain('cni0')
  cni0.promiscuity += 1
  expect(ask('10.1.0.3')).toContain('node cni0 in 10.1.0.2:* > 10.1.0.3:53 ttl 64')
})
