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

/** All others are of the client's or of NAT's choosing, and are shown as p1, p2, … */
const KNOWN_PORTS: ReadonlySet<number> = new Set([8080, 30083, 5353, 4000])
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
    for (const [name, address] of [
      ['pod-2-1', '10.244.2.2'],
      ['pod-2-2', '10.244.2.3'],
    ]) {
      const pod = this.net.createNamespace(name, 'node2', `default/${name}`)
      const veth = this.node.addLink({
        name: `veth${name}`,
        kind: 'veth',
        up: true,
        peer: { netns: pod, name: 'eth0', up: true },
      }) as NetDevice
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
    const stable = (text: string) =>
      text.replace(/(?<=[\d.]+):(\d{4,5})\b/g, (whole, port: string) => {
        if (KNOWN_PORTS.has(Number(port))) return whole
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
      "PREROUTING dnat 172.18.0.200:p1->172.18.0.3:30083 => 172.18.0.200:p1->10.244.2.2:8080",
      "FORWARD filter FORWARD:1 JUMP KUBE-FORWARD mark 0x4000",
      "FORWARD filter KUBE-FORWARD:2 ACCEPT mark 0x4000",
      "POSTROUTING nat POSTROUTING:1 JUMP KUBE-POSTROUTING mark 0x4000",
      "POSTROUTING nat KUBE-POSTROUTING:2 CONTINUE",
      "POSTROUTING nat KUBE-POSTROUTING:3 MASQUERADE",
      "POSTROUTING snat 172.18.0.200:p1->10.244.2.2:8080 => 10.244.2.1:p2->10.244.2.2:8080",
      "conntrack.new tcp 172.18.0.200:p1->172.18.0.3:30083 10.244.2.2:8080->10.244.2.1:p2 SYN_SENT",
      "conntrack.set tcp 172.18.0.200:p1->172.18.0.3:30083 10.244.2.2:8080->10.244.2.1:p2 SYN_RECV",
      "PREROUTING conntrack ESTABLISHED reply",
      "PREROUTING un-snat 10.244.2.2:8080->10.244.2.1:p2 => 10.244.2.2:8080->172.18.0.200:p1",
      "FORWARD filter FORWARD:1 JUMP KUBE-FORWARD",
      "FORWARD filter KUBE-FORWARD:3 ACCEPT",
      "POSTROUTING un-dnat 10.244.2.2:8080->172.18.0.200:p1 => 172.18.0.3:30083->172.18.0.200:p1",
      "conntrack.set tcp 172.18.0.200:p1->172.18.0.3:30083 10.244.2.2:8080->10.244.2.1:p2 ESTABLISHED",
      "PREROUTING conntrack ESTABLISHED original",
      "PREROUTING dnat 172.18.0.200:p1->172.18.0.3:30083 => 172.18.0.200:p1->10.244.2.2:8080",
      "FORWARD filter FORWARD:1 JUMP KUBE-FORWARD",
      "FORWARD filter KUBE-FORWARD:3 ACCEPT",
      "POSTROUTING snat 172.18.0.200:p1->10.244.2.2:8080 => 10.244.2.1:p2->10.244.2.2:8080",
    ]
  `)
})

test('a pod that reaches itself through its service is masqueraded', () => {
  const world = new Small()
  world.rules(NODE2 + FILTER)
  world.serve(world.pods[0], 8080)
  const lines = world.watch()
  const socket = world.connect(world.pods[0], '10.96.100.70', 80)
  world.settle()
  expect(socket.state).toBe('ESTABLISHED')
  expect(lines.filter((line) => / (dnat|snat|un-dnat|un-snat) |conntrack\.new/.test(line)).slice(0, 5)).toMatchInlineSnapshot(`
    [
      "PREROUTING dnat 10.244.2.2:p1->10.96.100.70:80 => 10.244.2.2:p1->10.244.2.2:8080",
      "POSTROUTING snat 10.244.2.2:p1->10.244.2.2:8080 => 10.244.2.1:p2->10.244.2.2:8080",
      "conntrack.new tcp 10.244.2.2:p1->10.96.100.70:80 10.244.2.2:8080->10.244.2.1:p2 SYN_SENT",
      "PREROUTING un-snat 10.244.2.2:8080->10.244.2.1:p2 => 10.244.2.2:8080->10.244.2.2:p1",
      "POSTROUTING un-dnat 10.244.2.2:8080->10.244.2.2:p1 => 10.96.100.70:80->10.244.2.2:p1",
    ]
  `)
})

test('REJECT answers at once, and with what was asked for', () => {
  const world = new Small()
  world.rules('*filter\n-A INPUT -p tcp --dport 80 -j REJECT\n-A INPUT -p tcp --dport 81 -j REJECT --reject-with tcp-reset\nCOMMIT\n')
  const lines = world.watch()
  const first = world.connect(world.client, '172.18.0.3', 80)
  const second = world.connect(world.client, '172.18.0.3', 81)
  world.settle()
  expect([first.error, second.error]).toEqual(['ECONNREFUSED', 'ECONNREFUSED'])
  expect(lines).toMatchInlineSnapshot(`
    [
      "INPUT filter INPUT:1 REJECT",
      "INPUT drop NETFILTER_REJECT filter INPUT: -A INPUT -p tcp -m tcp --dport 80 -j REJECT --reject-with icmp-port-unreachable",
      "INPUT filter INPUT:2 REJECT",
      "INPUT drop NETFILTER_REJECT filter INPUT: -A INPUT -p tcp -m tcp --dport 81 -j REJECT --reject-with tcp-reset",
    ]
  `)
})

test('a dropped packet dies of its rule or of the policy', () => {
  const world = new Small()
  world.rules('*filter\n:FORWARD DROP [0:0]\n-A FORWARD -p udp -j ACCEPT\n-A INPUT -s 172.18.0.200 -j DROP\nCOMMIT\n')
  world.client.fib.add({ prefix: { addr: ip('10.244.0.0'), length: 16 }, via: ip('172.18.0.3') })
  const lines = world.watch()
  world.connect(world.client, '10.244.2.2', 80)
  world.connect(world.client, '172.18.0.3', 80)
  world.settle(0.5)
  expect(lines).toMatchInlineSnapshot(`
    [
      "FORWARD filter FORWARD:0 DROP",
      "FORWARD drop NETFILTER_DROP filter FORWARD: policy DROP",
      "INPUT filter INPUT:1 DROP",
      "INPUT drop NETFILTER_DROP filter INPUT: -A INPUT -s 172.18.0.200/32 -j DROP",
    ]
  `)
})

test('what a router says of a translated packet reaches the client in the client’s own words', () => {
  const world = new Small()
  world.rules(
    '*nat\n-A PREROUTING -d 172.18.0.3 -p udp --dport 5353 -j DNAT --to-destination 10.244.2.2:4000\n-A POSTROUTING -o cni0 -j MASQUERADE\nCOMMIT\n',
  )
  const socket = world.client.sockets.udpOpen({ owner: OWNER })
  if (typeof socket === 'string') throw new Error(socket)
  socket.connect(ip('172.18.0.3'), 5353)
  const lines = world.watch()
  socket.send(new Uint8Array(4))
  world.settle()
  // The pod has no such port: its port unreachable is translated on both ends, quotation included.
  expect(lines).toMatchInlineSnapshot(`
    [
      "PREROUTING conntrack NEW original",
      "PREROUTING nat PREROUTING:1 DNAT",
      "PREROUTING dnat 172.18.0.200:p1->172.18.0.3:5353 => 172.18.0.200:p1->10.244.2.2:4000",
      "POSTROUTING nat POSTROUTING:1 MASQUERADE",
      "POSTROUTING snat 172.18.0.200:p1->10.244.2.2:4000 => 10.244.2.1:p1->10.244.2.2:4000",
      "conntrack.new udp 172.18.0.200:p1->172.18.0.3:5353 10.244.2.2:4000->10.244.2.1:p1 UNREPLIED",
      "PREROUTING conntrack RELATED reply",
      "PREROUTING un-snat 10.244.2.2:0->10.244.2.1:0 => 10.244.2.2:0->172.18.0.200:0",
      "POSTROUTING un-dnat 10.244.2.2:0->172.18.0.200:0 => 172.18.0.3:0->172.18.0.200:0",
    ]
  `)
  expect(socket.recv()).toBe('ECONNREFUSED')
})

test('two clients with the same port behind one address get different ports', () => {
  const world = new Small()
  world.rules('*nat\n-A POSTROUTING -o eth0 -j MASQUERADE\nCOMMIT\n')
  world.serve(world.client, 8080)
  const sockets = world.pods.map(
    (pod) => pod.sockets.tcpConnect({ dst: ip('172.18.0.200'), dport: 8080, sport: 4000, owner: OWNER }) as TcpSocket,
  )
  world.settle()
  expect(sockets.map(({ state }) => state)).toEqual(['ESTABLISHED', 'ESTABLISHED'])
  const ports = world.node.netfilter.conntrack.entries().map(({ reply }) => reply.dport)
  expect(ports[0]).toBe(4000)
  expect(ports[1]).toBeGreaterThanOrEqual(1024)
  expect(ports[1]).not.toBe(4000)
})

test('connections are forgotten when nothing was heard of them', () => {
  const world = new Small()
  world.rules('*filter\n-A INPUT -m conntrack --ctstate NEW -j ACCEPT\nCOMMIT\n')
  const { conntrack } = world.node.netfilter
  const socket = world.client.sockets.udpOpen({ owner: OWNER })
  if (typeof socket === 'string') throw new Error(socket)
  socket.sendTo(new Uint8Array(4), ip('172.18.0.3'), 53)
  world.settle(29)
  expect(conntrack.count).toBe(1)
  socket.sendTo(new Uint8Array(4), ip('172.18.0.3'), 53)
  world.settle(29)
  expect(conntrack.count).toBe(1)
  world.settle(2)
  expect(conntrack.count).toBe(0)
})

test('conntrack runs only where a rule asks for it', () => {
  const world = new Small()
  world.rules('*filter\n-A INPUT -p tcp -j ACCEPT\nCOMMIT\n')
  world.connect(world.client, '172.18.0.3', 80)
  world.settle()
  expect(world.node.netfilter.conntrack.count).toBe(0)
})

test('NOTRACK leaves a packet untracked, and untranslated', () => {
  const world = new Small()
  world.rules(
    '*raw\n-A PREROUTING -p tcp --dport 80 -j CT --notrack\nCOMMIT\n*nat\n-A PREROUTING -p tcp -j REDIRECT --to-ports 8080\nCOMMIT\n*filter\n-A INPUT -m conntrack --ctstate UNTRACKED -j DROP\nCOMMIT\n',
  )
  const lines = world.watch()
  world.connect(world.client, '172.18.0.3', 80)
  world.settle(0.5)
  expect(lines).toMatchInlineSnapshot(`
    [
      "PREROUTING raw PREROUTING:1 CONTINUE",
      "PREROUTING raw PREROUTING:0 ACCEPT",
      "PREROUTING conntrack UNTRACKED original",
      "INPUT filter INPUT:1 DROP",
      "INPUT drop NETFILTER_DROP filter INPUT: -A INPUT -m conntrack --ctstate UNTRACKED -j DROP",
    ]
  `)
})

test('every third packet, and at most so many an hour', () => {
  const world = new Small()
  world.rules(
    '*filter\n-A INPUT -p udp -m statistic --mode nth --every 3 --packet 0 -j ACCEPT\n-A INPUT -p udp -m limit --limit 1/hour --limit-burst 2 -j ACCEPT\n-A INPUT -p udp -j DROP\nCOMMIT\n',
  )
  const socket = world.client.sockets.udpOpen({ owner: OWNER })
  if (typeof socket === 'string') throw new Error(socket)
  for (let i = 0; i < 9; i += 1) {
    socket.sendTo(new Uint8Array(1), ip('172.18.0.3'), 53)
    world.settle(0.1)
  }
  expect(world.node.netfilter.iptables('ipv4').command(['-L', 'INPUT', '-nv']).stdout).toMatchInlineSnapshot(`
    "Chain INPUT (policy ACCEPT 0 packets, 0 bytes)
     pkts bytes target     prot opt in     out     source               destination         
        3    87 ACCEPT     17   --  *      *       0.0.0.0/0            0.0.0.0/0            statistic mode nth every 3
        2    58 ACCEPT     17   --  *      *       0.0.0.0/0            0.0.0.0/0            limit: avg 1/hour burst 2
        4   116 DROP       17   --  *      *       0.0.0.0/0            0.0.0.0/0           
    "
  `)
})

test('session affinity outlives connections', () => {
  const world = new Small()
  const services = ['10.244.2.2', '10.244.2.3']
    .map((_, i) => `-A PREROUTING -d 10.96.0.9 -p tcp -m recent --name SEP${i} --rcheck --seconds 100 --reap -j SEP${i}`)
    .join('\n')
  const chains = ['10.244.2.2', '10.244.2.3']
    .map((pod, i) => `-A SEP${i} -p tcp -m recent --name SEP${i} --set -j DNAT --to-destination ${pod}:8080`)
    .join('\n')
  world.rules(
    `*nat\n:SEP0 - [0:0]\n:SEP1 - [0:0]\n${services}\n-A PREROUTING -d 10.96.0.9 -m statistic --mode nth --every 2 --packet 1 -j SEP0\n-A PREROUTING -d 10.96.0.9 -j SEP1\n${chains}\nCOMMIT\n`,
  )
  world.client.fib.add({ prefix: { addr: ip('10.96.0.0'), length: 16 }, via: ip('172.18.0.3') })
  for (const pod of world.pods) {
    world.serve(pod, 8080)
  }
  const seen: string[] = []
  const { conntrack } = world.node.netfilter
  for (const waitS of [1, 1, 50, 99, 101, 1]) {
    const socket = world.connect(world.client, '10.96.0.9', 80)
    world.settle(waitS)
    const entry = conntrack.entries().at(-1)
    seen.push(entry ? String(entry.reply.src === ip('10.244.2.2') ? 'pod 1' : 'pod 2') : socket.state)
    conntrack.flush()
  }
  expect(seen).toMatchInlineSnapshot(`
    [
      "pod 2",
      "pod 2",
      "pod 2",
      "pod 2",
      "pod 2",
      "pod 1",
    ]
  `)
})

test('a full table gives up what nobody has proved, and then drops', () => {
  const world = new Small()
  world.rules('*nat\nCOMMIT\n*filter\n-A INPUT -m state --state NEW -j ACCEPT\nCOMMIT\n')
  world.node.sysctl.set('net.netfilter.nf_conntrack_max', '2')
  world.serve(world.node, 8080)
  const sockets: TcpSocket[] = []
  for (let i = 0; i < 3; i += 1) {
    sockets.push(world.connect(world.client, '172.18.0.3', 8080))
    world.settle(0.5)
  }
  expect(sockets.map(({ state }) => state)).toEqual(['ESTABLISHED', 'ESTABLISHED', 'SYN_SENT'])
  expect(world.node.netfilter.conntrack.stats.drop).toBeGreaterThan(0)
})

test('a long chain finds its rule, also after it changed', () => {
  const world = new Small()
  const rules = Array.from({ length: 30 }, (_, i) => `-A INPUT -d 172.18.0.${100 + i} -j DROP`)
  world.rules(`*filter\n${rules.join('\n')}\n-A INPUT -d 172.18.0.3 -p udp -j ACCEPT\n-A INPUT ! -d 172.18.0.9 -j DROP\nCOMMIT\n`)
  const lines = world.watch()
  world.connect(world.client, '172.18.0.3', 80)
  world.settle(0.5)
  const tool = world.node.netfilter.iptables('ipv4')
  expect(tool.command(['-D', 'INPUT', '1']).exitCode).toBe(0)
  expect(tool.command(['-A', 'INPUT', '-d', '172.18.0.3', '-j', 'ACCEPT']).exitCode).toBe(0)
  expect(tool.command(['-D', 'INPUT', '31']).exitCode).toBe(0)
  world.connect(world.client, '172.18.0.3', 80)
  world.settle(0.5)
  expect(lines.filter((line) => line.startsWith('INPUT filter'))).toEqual(['INPUT filter INPUT:32 DROP', 'INPUT filter INPUT:31 ACCEPT'])
})
