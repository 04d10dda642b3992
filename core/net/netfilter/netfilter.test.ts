import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { Clock } from '../../sim/clock.ts'
import { RandomStreams } from '../../sim/random.ts'
import { Trace } from '../../sim/trace.ts'
import type { TraceEvent } from '../../sim/trace-event.ts'
import { parseIp, type IpAddr } from '../addr/ip.ts'
import type { NetDevice } from '../device/net-device.ts'
import type { NetNamespace } from '../net-namespace.ts'
import { NetWorld } from '../net-world.ts'
import type { TcpSocket } from '../socket/tcp-socket.ts'

const OWNER = { pid: 1, process: 'test' }

function ip(text: string): IpAddr {
  return parseIp(text) as IpAddr
}

/** A client outside, a node with a bridge and two pods behind it. */
class Small {
  readonly clock = new Clock()
  readonly trace = new Trace(this.clock)
  readonly net = new NetWorld({ clock: this.clock, random: new RandomStreams(7), trace: this.trace })
  readonly client = this.host('client', '172.18.0.200')
  readonly node = this.host('node2', '172.18.0.3')
  readonly pods: NetNamespace[] = []

  constructor() {
    this.net.connect(this.client.link('eth0') as NetDevice, this.node.link('eth0') as NetDevice)
    this.node.sysctl.set('net.ipv4.ip_forward', '1')
    const bridge = this.node.addLink({ name: 'cni0', kind: 'bridge', up: true }) as NetDevice
    this.node.addAddress(bridge, ip('10.244.2.1'), 24)
    for (const [name, address] of [['pod-2-1', '10.244.2.2'], ['pod-2-2', '10.244.2.3']]) {
      const pod = this.net.createNamespace(name, 'node2', `default/${name}`)
      const veth = this.node.addLink({ name: `veth${name}`, kind: 'veth', up: true, peer: { netns: pod, name: 'eth0', up: true } }) as NetDevice
      this.node.setLink(veth, { master: bridge, hairpin: true })
      pod.addAddress(pod.link('eth0') as NetDevice, ip(address), 24)
      pod.fib.add({ prefix: { addr: 0, length: 0 }, via: ip('10.244.2.1'), dev: pod.link('eth0') as NetDevice })
      this.pods.push(pod)
    }
    this.settle()
  }

  host(name: string, address: string): NetNamespace {
    const ns = this.net.createNamespace(name, name)
    const eth0 = ns.addLink({ name: 'eth0', kind: 'nic', up: true }) as NetDevice
    ns.addAddress(eth0, ip(address), 24)
    return ns
  }

  settle(seconds = 3): void {
    this.clock.advance(this.clock.nowUs + seconds * 1_000_000, 100_000)
  }

  rules(text: string): void {
    expect(this.node.netfilter.iptables('ipv4').restore(text)).toBe(null)
  }

  /** Serves one TCP port: accepts and never says anything. */
  serve(ns: NetNamespace, port: number): void {
    expect(ns.sockets.tcpListen({ address: null, port, owner: OWNER })).toBeTypeOf('object')
  }

  connect(from: NetNamespace, to: string, port: number): TcpSocket {
    return from.sockets.tcpConnect({ dst: ip(to), dport: port, owner: OWNER }) as TcpSocket
  }

  /** What netfilter of the node says of packets from now on. */
  watch(): string[] {
    const lines: string[] = []
    const ports = new Map<string, string>()
    const stable = (text: string) => text.replace(/:(\d{4,5})\b/g, (whole, port: string) => {
      if (Number(port) < 32768 && port !== '0' && !ports.has(port) && Number(port) < 10000) return whole
      if (!ports.has(port)) ports.set(port, `:p${ports.size + 1}`)
      return ports.get(port) as string
    })
    this.trace.observe((event) => {
      const line = spell(event, this.node.id)
      if (line !== '') lines.push(stable(line))
    })
    return lines
  }
}

function spell(event: TraceEvent, netns: number): string {
  if (!('netns' in event) || event.netns !== netns) return ''
  switch (event.kind) {
    case 'packet.conntrack':
      return `${event.hook} conntrack ${event.state} ${event.direction}`
    case 'packet.rule':
      return `${event.hook} ${event.table} ${event.chain}:${event.number} ${event.verdict}${event.to ? ` ${event.to}` : ''}${event.mark ? ` mark 0x${event.mark.toString(16)}` : ''}`
    case 'packet.nat':
      return `${event.hook} ${event.nat} ${event.from} => ${event.to}`
    case 'packet.drop':
      return `${event.at} drop ${event.reason} ${event.detail}`.trimEnd()
    case 'conntrack.new':
    case 'conntrack.set':
    case 'conntrack.del':
      return `${event.kind} ${event.protocol} ${event.original} ${event.reply} ${event.state}`
    default:
      return ''
  }
}

const NODE2 = readFileSync(new URL('./iptables/recorded/node2-nat.txt', import.meta.url), 'utf8')
const FILTER = `*filter
:KUBE-FORWARD - [0:0]
-A FORWARD -m comment --comment "kubernetes forwarding rules" -j KUBE-FORWARD
-A KUBE-FORWARD -m conntrack --ctstate INVALID -j DROP
-A KUBE-FORWARD -m comment --comment "kubernetes forwarding rules" -m mark --mark 0x4000/0x4000 -j ACCEPT
-A KUBE-FORWARD -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
COMMIT
`

test('a node port on its way in and its answer on its way out', () => {
  const world = new Small()
  world.rules(NODE2 + FILTER)
  world.serve(world.pods[0], 8080)
  const lines = world.watch()
  const socket = world.connect(world.client, '172.18.0.3', 30083)
  world.settle()
  expect(socket.state).toBe('ESTABLISHED')
  expect(lines).toMatchInlineSnapshot(`
    [
      "PREROUTING conntrack NEW original",
      "PREROUTING nat PREROUTING:1 JUMP KUBE-SERVICES",
      "PREROUTING nat KUBE-SERVICES:9 JUMP KUBE-NODEPORTS",
      "PREROUTING nat KUBE-NODEPORTS:3 JUMP KUBE-EXT-JSLCNGWSGB5JPS5Q",
      "PREROUTING nat KUBE-EXT-JSLCNGWSGB5JPS5Q:1 JUMP KUBE-MARK-MASQ",
      "PREROUTING nat KUBE-MARK-MASQ:1 CONTINUE mark 0x4000",
      "PREROUTING nat KUBE-EXT-JSLCNGWSGB5JPS5Q:2 JUMP KUBE-SVC-JSLCNGWSGB5JPS5Q mark 0x4000",
      "PREROUTING nat KUBE-SVC-JSLCNGWSGB5JPS5Q:2 JUMP KUBE-SEP-BT6LUSIX2XSK4RCE mark 0x4000",
      "PREROUTING nat KUBE-SEP-BT6LUSIX2XSK4RCE:2 DNAT mark 0x4000",
      "PREROUTING dnat 172.18.0.200:p1->172.18.0.3:p2 => 172.18.0.200:p1->10.244.2.2:8080",
      "FORWARD filter FORWARD:1 JUMP KUBE-FORWARD mark 0x4000",
      "FORWARD filter KUBE-FORWARD:2 ACCEPT mark 0x4000",
      "POSTROUTING nat POSTROUTING:1 JUMP KUBE-POSTROUTING mark 0x4000",
      "POSTROUTING nat KUBE-POSTROUTING:2 CONTINUE",
      "POSTROUTING nat KUBE-POSTROUTING:3 MASQUERADE",
      "POSTROUTING snat 172.18.0.200:p1->10.244.2.2:8080 => 10.244.2.1:p3->10.244.2.2:8080",
      "conntrack.new tcp 172.18.0.200:p1->172.18.0.3:p2 10.244.2.2:8080->10.244.2.1:p3 SYN_SENT",
      "conntrack.set tcp 172.18.0.200:p1->172.18.0.3:p2 10.244.2.2:8080->10.244.2.1:p3 SYN_RECV",
      "conntrack.set tcp 172.18.0.200:p1->172.18.0.3:p2 10.244.2.2:8080->10.244.2.1:p3 SYN_RECV",
      "PREROUTING conntrack ESTABLISHED reply",
      "PREROUTING un-snat 10.244.2.2:8080->10.244.2.1:p3 => 10.244.2.2:8080->172.18.0.200:p1",
      "FORWARD filter FORWARD:1 JUMP KUBE-FORWARD",
      "FORWARD filter KUBE-FORWARD:3 ACCEPT",
      "POSTROUTING un-dnat 10.244.2.2:8080->172.18.0.200:p1 => 172.18.0.3:p2->172.18.0.200:p1",
      "conntrack.set tcp 172.18.0.200:p1->172.18.0.3:p2 10.244.2.2:8080->10.244.2.1:p3 ESTABLISHED",
      "PREROUTING conntrack ESTABLISHED original",
      "PREROUTING dnat 172.18.0.200:p1->172.18.0.3:p2 => 172.18.0.200:p1->10.244.2.2:8080",
      "FORWARD filter FORWARD:1 JUMP KUBE-FORWARD",
      "FORWARD filter KUBE-FORWARD:3 ACCEPT",
      "POSTROUTING snat 172.18.0.200:p1->10.244.2.2:8080 => 10.244.2.1:p3->10.244.2.2:8080",
    ]
  `)
})
