/**
 * Builds the network that a recording of the real kernel describes, runs its flows, and says what happened in the recording's
 * words: verdict, who was reached, every interface that the first packet and the first answer crossed, every rule that matched.
 */
import { assert } from '../../core/base/assert.ts'
import { type Errno, isErrno } from '../../core/base/errno.ts'
import { utf8Encode } from '../../core/base/utf8.ts'
import { formatIp, parsePrefix } from '../../core/net/addr/ip.ts'
import type { NetDevice } from '../../core/net/device/net-device.ts'
import type { NetNamespace } from '../../core/net/net-namespace.ts'
import type { TcpSocket } from '../../core/net/socket/socket-table.ts'
import { ip, mac, ok, TestNet } from './net.ts'

interface LabLink {
  ifname: string
  kind?: 'bridge' | 'veth' | 'vxlan'
  ifindex?: number
  address?: string
  mtu?: number
  master?: string
  peer?: string
  up?: boolean
  slave?: { hairpin?: boolean }
  data?: { id?: number; local?: string; port?: number; learning?: boolean; link?: string }
}

interface LabNamespace {
  links?: LabLink[]
  addrs?: string[]
  routes?: string[]
  neighs?: string[]
  fdb?: string[]
  sysctls?: Record<string, string>
  iptables_save?: string
}

export interface LabFlow {
  id: string
  ns: string
  proto: 'tcp' | 'udp' | 'icmp'
  dst: string
  dport?: number
  count?: number
  timeout_ms?: number
  ttl?: number
  df?: boolean
  size?: number
}

export interface LabDescription {
  options: { timeout_ms?: number }
  namespaces: Record<string, LabNamespace>
  servers: { id: string; ns: string; proto: 'tcp' | 'udp'; port: number }[]
  flows: LabFlow[]
}

export interface LabResult {
  id: string
  verdict?: string
  error?: string
  server?: string | null
  server_saw?: { client: string; local: string }
  servers_reached?: string[]
  forward?: string[]
  reply?: string[]
  trace?: string[]
}

interface Reached {
  server: string
  client: string
  local: string
}

export class KernelLab {
  readonly net = new TestNet()
  readonly #description: LabDescription
  readonly #ns = new Map<string, NetNamespace>()
  #reached: Reached[] = []

  constructor(description: LabDescription) {
    this.#description = description
    for (const name of Object.keys(description.namespaces)) this.#ns.set(name, this.net.ns(name))
    for (const [name, lab] of Object.entries(description.namespaces)) this.#links(name, lab)
    for (const [name, lab] of Object.entries(description.namespaces)) this.#configure(this.ns(name), lab)
    for (const server of description.servers) this.#serve(server)
  }

  ns(name: string): NetNamespace {
    const ns = this.#ns.get(name)
    assert(ns, `no namespace ${name}`)
    return ns
  }

  run(flow: LabFlow): LabResult {
    const results = Array.from({ length: flow.count ?? 1 }, () => this.#once(flow))
    if (results.length === 1) return results[0]
    return { id: flow.id, verdict: results[0].verdict, servers_reached: [...new Set(results.flatMap(({ server }) => server ?? []))].sort() }
  }

  #links(name: string, lab: LabNamespace): void {
    const ns = this.ns(name)
    for (const link of lab.links ?? []) {
      const mtu = link.mtu === undefined ? {} : { mtu: link.mtu }
      const index = link.ifindex === undefined ? {} : { ifindex: link.ifindex }
      const address = link.address === undefined ? {} : { mac: mac(link.address) }
      if (link.kind === 'bridge') this.net.link(ns, { name: link.ifname, kind: 'bridge', up: true, ...mtu, ...index, ...address })
      if (link.kind === 'vxlan') {
        const { id = 0, local = '', port = 8472, learning = true } = link.data ?? {}
        const vxlan = { vni: id, local: ip(local), port, learning }
        this.net.link(ns, { name: link.ifname, kind: 'vxlan', up: true, vxlan, ...mtu, ...index, ...address })
      }
      if (!link.peer) continue
      const [peerNs, peerName] = link.peer.split('/')
      const other = this.#description.namespaces[peerNs].links?.find(({ ifname }) => ifname === peerName)
      const peer = {
        netns: this.ns(peerNs),
        name: peerName,
        up: true,
        ...(other?.ifindex === undefined ? {} : { ifindex: other.ifindex }),
        ...(other?.address === undefined ? {} : { mac: mac(other.address) }),
      }
      this.net.link(ns, { name: link.ifname, kind: 'veth', up: true, peer, ...mtu, ...index, ...address })
    }
  }

  #configure(ns: NetNamespace, lab: LabNamespace): void {
    for (const link of lab.links ?? []) {
      if (!link.master) continue
      const master = ns.link(link.master)
      assert(master, link.master)
      const errno = ns.setLink(this.#dev(ns, link.ifname), { master, hairpin: link.slave?.hairpin ?? false })
      assert(errno === null, `${link.ifname}: ${errno}`)
    }
    ns.sysctl.set('net.ipv4.icmp_ratelimit', '0')
    ns.sysctl.set('net.ipv4.neigh.default.retrans_time_ms', '100')
    for (const [name, value] of Object.entries(lab.sysctls ?? {})) assert(ns.sysctl.set(name, value) === null, name)
    for (const line of lab.addrs ?? []) {
      const words = line.split(' ')
      this.net.addr(this.#dev(ns, words[words.length - 1]), words[0])
    }
    for (const line of lab.routes ?? []) this.#route(ns, line.split(' '))
    for (const line of lab.neighs ?? []) {
      const words = line.split(' ')
      ns.neigh.set(ip(words[0]), this.#dev(ns, after(words, 'dev') ?? ''), mac(after(words, 'lladdr') ?? ''), 'PERMANENT')
    }
    for (const line of lab.fdb ?? []) {
      const words = line.split(' ')
      this.#dev(ns, after(words, 'dev') ?? '').vxlan?.addFdb(mac(words[0]), ip(after(words, 'dst') ?? ''))
    }
    if (lab.iptables_save) {
      const failure = ns.netfilter.iptables('ipv4').restore(everyNth(lab.iptables_save))
      assert(failure === null, `${ns.name}: ${failure?.line} ${failure?.message}`)
    }
  }

  #route(ns: NetNamespace, words: string[]): void {
    const type = words[0] === 'blackhole' ? 'blackhole' : 'unicast'
    const prefix = words[type === 'blackhole' ? 1 : 0]
    const dev = after(words, 'dev')
    const via = after(words, 'via')
    const errno = ns.fib.add({
      prefix: parsePrefix(prefix === 'default' ? '0.0.0.0/0' : prefix) ?? { addr: 0, length: 0 },
      type,
      via: via ? ip(via) : null,
      dev: dev ? this.#dev(ns, dev) : null,
      onlink: words.includes('onlink'),
    })
    assert(errno === null, `${words.join(' ')}: ${errno}`)
  }

  #dev(ns: NetNamespace, name: string): NetDevice {
    const dev = ns.link(name)
    assert(dev, `${ns.name} has no ${name}`)
    return dev
  }

  #serve({ id, ns: name, proto, port }: LabDescription['servers'][number]): void {
    const ns = this.ns(name)
    const owner = { pid: 100, process: id }
    const clock = this.net.clock
    if (proto === 'udp') {
      const socket = ok(ns.sockets.udpOpen({ address: 0, port, owner }))
      socket.onChange = () =>
        clock.after(0, () => {
          const got = socket.recv()
          if (typeof got === 'string') return
          this.#reached.push({ server: id, client: `${formatIp(got.src)}:${got.sport}`, local: `${formatIp(got.dst)}:${port}` })
          socket.sendTo(utf8Encode('answer'), got.src, got.sport, { src: got.dst })
        })
      return
    }
    const listener = ok(ns.sockets.tcpListen({ address: 0, port, owner }))
    const attend = (socket: TcpSocket) => {
      this.#reached.push({
        server: id,
        client: `${formatIp(socket.remoteAddress)}:${socket.remotePort}`,
        local: `${formatIp(socket.localAddress)}:${socket.localPort}`,
      })
      const answer = () => {
        const got = socket.recv()
        if (got instanceof Uint8Array) {
          socket.send(utf8Encode('answer'))
          socket.close()
        } else if (got !== 'again') socket.close()
      }
      socket.onChange = () => clock.after(0, answer)
      clock.after(0, answer)
    }
    listener.onChange = () =>
      clock.after(0, () => {
        for (let socket = listener.accept(); socket; socket = listener.accept()) attend(socket)
      })
  }

  #once(flow: LabFlow): LabResult {
    const { net } = this
    for (const ns of this.#ns.values()) ns.netfilter.conntrack.flush()
    net.forget()
    this.#reached = []
    const timeoutUs = (flow.timeout_ms ?? this.#description.options.timeout_ms ?? 500) * 1000
    const outcome =
      flow.proto === 'tcp' ? this.#tcp(flow, timeoutUs) : flow.proto === 'udp' ? this.#udp(flow, timeoutUs) : this.#icmp(flow, timeoutUs)
    const reached = this.#reached[0]
    const first = firstPacket(net, flow)
    const ephemeral = new Set([outcome.sport])
    for (const { event } of net.events)
      if (event.kind === 'packet.tap' && event.packet === first && event.sport > 0) ephemeral.add(event.sport)
    if (reached) ephemeral.add(Number(reached.client.split(':')[1]))
    const result: LabResult = { id: flow.id, verdict: verdictOf(outcome.error, reached !== undefined), server: reached?.server ?? null }
    if (reached) result.server_saw = { client: hidePort(reached.client, ephemeral), local: reached.local }
    result.forward = path(net, first, ephemeral)
    result.reply = path(net, firstReply(net, flow, first), ephemeral)
    result.trace = rules(net, first)
    if (outcome.error !== 'ok' && outcome.error !== 'timeout') result.error = outcome.error
    // The recorder went on at once: neighbours must be as fresh as they were there.
    net.run(5000)
    return result
  }

  #tcp(flow: LabFlow, timeoutUs: number): { error: Errno | 'ok' | 'timeout'; sport: number } {
    const { net } = this
    const socket = this.ns(flow.ns).sockets.tcpConnect({
      dst: ip(flow.dst),
      dport: flow.dport ?? 0,
      owner: { pid: 1, process: 'flow' },
      ...(flow.ttl ? { ttl: flow.ttl } : {}),
    })
    if (typeof socket === 'string') return { error: socket, sport: 0 }
    let asked = false
    let answered = false
    const step = () => {
      if (socket.state === 'ESTABLISHED' && !asked) {
        asked = true
        socket.send(utf8Encode('GET / HTTP/1.1\r\n\r\n'))
      }
      if (socket.recv() instanceof Uint8Array) answered = true
    }
    socket.onChange = () => net.clock.after(0, step)
    const untilUs = net.clock.nowUs + timeoutUs
    while (net.clock.nowUs < untilUs && !answered && socket.error === null) net.run(1000)
    const { error } = socket
    socket.close()
    return { error: answered ? 'ok' : (error ?? 'timeout'), sport: socket.localPort }
  }

  #udp(flow: LabFlow, timeoutUs: number): { error: Errno | 'ok' | 'timeout'; sport: number } {
    const socket = ok(this.ns(flow.ns).sockets.udpOpen({ owner: { pid: 1, process: 'flow' } }))
    const failed = socket.connect(ip(flow.dst), flow.dport ?? 0) ?? socket.send(new Uint8Array(32))
    if (isErrno(failed)) return { error: failed, sport: 0 }
    this.net.run(timeoutUs)
    const got = socket.recv()
    socket.close()
    return { error: got === 'again' ? 'timeout' : typeof got === 'string' ? got : 'ok', sport: socket.localPort }
  }

  #icmp(flow: LabFlow, timeoutUs: number): { error: Errno | 'ok' | 'timeout'; sport: number } {
    const socket = ok(this.ns(flow.ns).sockets.icmpOpen({ owner: { pid: 1, process: 'flow' } }))
    const failed = socket.sendEcho({
      dst: ip(flow.dst),
      id: 77,
      seq: 1,
      bytes: flow.size ?? 56,
      ...(flow.df === undefined ? {} : { df: flow.df }),
    })
    if (failed) socket.close()
    if (failed) return { error: failed, sport: 0 }
    this.net.run(timeoutUs)
    const got = socket.recv()
    socket.close()
    if (got === 'again') return { error: 'timeout', sport: 0 }
    return { error: got.type === 0 ? 'ok' : 'EHOSTUNREACH', sport: 0 }
  }
}

function firstPacket(net: TestNet, flow: LabFlow): number {
  const protocol = flow.proto === 'tcp' ? 6 : flow.proto === 'udp' ? 17 : 1
  for (const { event } of net.events) {
    if (event.kind === 'packet.new' && event.protocol === protocol && event.dst === flow.dst && event.process === 'flow')
      return event.packet
  }
  return 0
}

/** What the far end sends first, because of the first packet or, by a program of its own, at all. */
function firstReply(net: TestNet, flow: LabFlow, first: number): number {
  let firstSource = ''
  for (const { event } of net.events) {
    if (event.kind !== 'packet.new') continue
    if (event.packet === first) {
      firstSource = event.src
      continue
    }
    if (flow.proto === 'tcp' && event.protocol === 6 && event.cause === first && event.process !== 'flow') return event.packet
    if (flow.proto === 'udp' && event.protocol === 17 && event.process !== 'flow' && event.process !== '') return event.packet
    if (flow.proto === 'icmp' && event.protocol === 1 && event.icmpType === 0 && event.cause === first && event.src !== firstSource)
      return event.packet
  }
  return 0
}

/** Crossings of a packet; inside a tunnel or in pieces, those of the outer packet or of the first piece. */
function path(net: TestNet, packet: number, ephemeral: ReadonlySet<number>): string[] {
  const carriers = new Set<number>()
  const lines: string[] = []
  let last = ''
  const names = (netns: number, ifindex: number) => {
    const ns = net.world.namespaces.get(netns)
    return `${ns?.name}/${ns?.link(ifindex)?.name}`
  }
  for (const { event } of net.events) {
    if (event.kind === 'packet.encap' && (event.packet === packet || carriers.has(event.packet))) carriers.add(event.outer)
    if (event.kind === 'packet.new' && event.cause === packet && event.fragmentOffset === 0 && event.moreFragments)
      carriers.add(event.packet)
    if (event.kind === 'packet.new' && event.cause !== 0 && carriers.has(event.cause) && event.fragmentOffset === 0 && event.moreFragments)
      carriers.add(event.packet)
    if (event.kind !== 'packet.tap') continue
    const carried = carriers.has(event.packet)
    if (event.packet !== packet && !carried) continue
    if (!carried || event.dport !== 8472) {
      const ports = event.sport > 0 || event.dport > 0
      const src = ports ? hidePort(`${event.src}:${event.sport}`, ephemeral) : event.src
      const dst = ports ? hidePort(`${event.dst}:${event.dport}`, ephemeral) : event.dst
      last = `${src} > ${dst} ttl ${event.ttl}`
    }
    lines.push(`${names(event.netns, event.ifindex)} ${event.dir} ${last}`)
  }
  return lines
}

/** What the kernel's own trace says of a target. */
const WORDS = new Map([
  ['dnat', 'accept'],
  ['snat', 'accept'],
  ['masquerade', 'accept'],
  ['reject', 'drop'],
])

function rules(net: TestNet, packet: number): string[] {
  const lines: string[] = []
  for (const { event } of net.events) {
    if (event.kind !== 'packet.rule' || event.packet !== packet || event.number === 0) continue
    const verdict = event.verdict.toLowerCase()
    const word = WORDS.get(verdict) ?? verdict
    lines.push(`${net.world.namespaces.get(event.netns)?.name} ${event.table}:${event.chain}:${event.number} ${word} ${event.to}`.trimEnd())
  }
  return lines
}

function verdictOf(error: Errno | 'ok' | 'timeout', reached: boolean): string {
  switch (error) {
    case 'ok':
      return 'delivered'
    case 'timeout':
      return reached ? 'no-reply' : 'timeout'
    case 'ECONNREFUSED':
      return 'refused'
    case 'EMSGSIZE':
      return 'too-big'
    case 'ECONNRESET':
      return 'reset'
    case 'EPERM':
      return 'denied'
    default:
      return 'unreachable'
  }
}

function hidePort(endpoint: string, ephemeral: ReadonlySet<number>): string {
  const at = endpoint.lastIndexOf(':')
  const port = Number(endpoint.slice(at + 1))
  return port >= 1024 && ephemeral.has(port) ? `${endpoint.slice(0, at)}:*` : endpoint
}

function after(words: string[], key: string): string | undefined {
  const at = words.indexOf(key)
  return at < 0 ? undefined : words[at + 1]
}

/** As the recorder did: chances become exact turns. */
function everyNth(text: string): string {
  return text.replace(
    /--mode random --probability ([\d.]+)/g,
    (_, p: string) => `--mode nth --every ${Math.round(1 / Number(p))} --packet 0`,
  )
}
