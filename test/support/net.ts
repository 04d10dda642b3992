/**
 * Small real worlds for tests of the network, and the text that golden tests compare: one line per trace event, interfaces and
 * namespaces by name.
 */
import { assert } from '../../core/base/assert.ts'
import { isErrno } from '../../core/base/errno.ts'
import { parseIp, parsePrefix, type IpAddr } from '../../core/net/addr/ip.ts'
import { type Mac, parseMac } from '../../core/net/addr/mac.ts'
import type { NetDevice } from '../../core/net/device/net-device.ts'
import type { LinkSpec } from '../../core/net/device/links.ts'
import type { NetNamespace } from '../../core/net/net-namespace.ts'
import { NetWorld } from '../../core/net/net-world.ts'
import { Clock } from '../../core/sim/clock.ts'
import { RandomStreams } from '../../core/sim/random.ts'
import type { TraceEvent } from '../../core/sim/trace-event.ts'
import { Trace } from '../../core/sim/trace.ts'

export const OWNER = { pid: 1, process: 'test' }

export class TestNet {
  readonly clock = new Clock()
  readonly random: RandomStreams
  readonly trace: Trace
  readonly world: NetWorld
  /** Every event so far, with its time. */
  readonly events: { atUs: number; event: TraceEvent }[] = []
  #macs = 0

  constructor(seed = 1) {
    this.random = new RandomStreams(seed)
    this.trace = new Trace(this.clock)
    this.trace.observe((event, atUs) => this.events.push({ atUs, event }))
    this.world = new NetWorld({ clock: this.clock, random: this.random, trace: this.trace })
  }

  ns(name: string): NetNamespace {
    return this.world.createNamespace(name, name)
  }

  /** A router forwards. */
  router(name: string): NetNamespace {
    const ns = this.ns(name)
    ns.sysctl.set('net.ipv4.ip_forward', '1')
    return ns
  }

  /** A pair of devices that are up, `a` in `x` and `b` in `y`. */
  veth(x: NetNamespace, a: string, y: NetNamespace, b: string): [NetDevice, NetDevice] {
    const dev = this.link(x, { name: a, kind: 'veth', mac: this.mac(), up: true, peer: { netns: y, name: b, mac: this.mac(), up: true } })
    return [dev, dev.peer as NetDevice]
  }

  bridge(ns: NetNamespace, name: string, ...ports: NetDevice[]): NetDevice {
    const bridge = this.link(ns, { name, kind: 'bridge', mac: this.mac(), up: true })
    for (const port of ports) ns.setLink(port, { master: bridge })
    return bridge
  }

  /** A cable between two namespaces, a card at each end. */
  wire(x: NetNamespace, a: string, y: NetNamespace, b: string, latencyUs = 200): [NetDevice, NetDevice] {
    const one = this.link(x, { name: a, kind: 'nic', mac: this.mac(), up: true })
    const two = this.link(y, { name: b, kind: 'nic', mac: this.mac(), up: true })
    this.world.connect(one, two, { latencyUs })
    return [one, two]
  }

  link(ns: NetNamespace, spec: LinkSpec): NetDevice {
    const dev = ns.addLink(spec)
    assert(!isErrno(dev), `link ${spec.name}: ${String(dev)}`)
    return dev
  }

  addr(dev: NetDevice, cidr: string): void {
    const prefix = parsePrefix(cidr)
    assert(prefix, cidr)
    const errno = dev.netns.addAddress(dev, prefix.addr, prefix.length)
    assert(errno === null, `${cidr}: ${errno}`)
  }

  /** `route(ns, '10.0.0.0/8', '192.168.0.1')`: through a gateway; with a device, on the link or `onlink`. */
  route(ns: NetNamespace, prefix: string, via: string | null, dev: NetDevice | null = null, onlink = false): void {
    const parsed = parsePrefix(prefix === 'default' ? '0.0.0.0/0' : prefix)
    assert(parsed, prefix)
    const errno = ns.fib.add({ prefix: parsed, via: via === null ? null : ip(via), dev, onlink, protocol: 'static' })
    assert(errno === null, `route ${prefix}: ${errno}`)
  }

  /** 02:00:00:00:00:01, 02, … in the order of asking. */
  mac(): Mac {
    this.#macs += 1
    return 0x020000000000 + this.#macs
  }

  /** Lets so much virtual time pass. */
  run(us: number): void {
    assert(this.clock.advance(this.clock.nowUs + us, 1_000_000) === 'reached', 'too many events')
  }

  /** Runs until only time-outs and periodic work remain. */
  settle(): void {
    for (let i = 0; i < 1_000_000 && this.clock.foregroundPending > 0; i += 1) this.clock.step()
    assert(this.clock.foregroundPending === 0, 'the world does not settle')
  }

  /** Forgets what happened so far: set-up is of no interest. */
  forget(): void {
    this.events.length = 0
  }

  /** All packet events since `forget`, one line each; `filter` keeps some. */
  packets(filter: (event: TraceEvent) => boolean = () => true): string {
    const lines: string[] = []
    for (const { atUs, event } of this.events) {
      if (!event.kind.startsWith('packet.') || !filter(event)) continue
      const line = this.line(event)
      if (line !== '') lines.push(`${String(atUs).padStart(8)} ${line}`)
    }
    return lines.join('\n')
  }

  /** What taps saw, without times: `pod eth0 out 10.0.0.1 > 10.0.0.2 ttl 64`. */
  taps(): string {
    return this.packets((event) => event.kind === 'packet.tap')
      .replace(/^ *\d+ /gm, '')
      .replace(/^#\d+ /gm, '')
  }

  line(event: TraceEvent): string {
    if (!('packet' in event)) return ''
    const id = `#${event.packet}`
    const ns = this.#ns(event.netns)
    const dev = (ifindex: number) => this.#dev(event.netns, ifindex)
    switch (event.kind) {
      case 'packet.new': {
        const arp = event.icmpType === 1 ? 'ARP who-has' : 'ARP is-at'
        const what = event.etherType === 0x0806 ? arp : protocolName(event.protocol)
        const why = event.cause ? ` because of #${event.cause}` : ''
        return `${id} new ${ns} ${what} ${event.src} > ${event.dst}${why}`
      }
      case 'packet.tap': {
        const ports = event.sport || event.dport ? [`${event.src}:${event.sport}`, `${event.dst}:${event.dport}`] : [event.src, event.dst]
        const ttl = event.ttl === 0 ? 'arp' : `ttl ${event.ttl}`
        return `${id} ${ns} ${dev(event.ifindex)} ${event.dir} ${ports.join(' > ')} ${ttl}`
      }
      case 'packet.route': {
        const via = event.via ? ` via ${event.via}` : ''
        return `${id} route ${ns} ${event.result} ${event.prefix}${via} dev ${dev(event.ifindex)}`
      }
      case 'packet.forward':
        return `${id} forward ${ns} ${dev(event.inIfindex)} > ${dev(event.outIfindex)} ttl ${event.ttl}`
      case 'packet.neigh':
        return `${id} neigh ${ns} ${event.ip} ${event.result} ${event.mac}`.trimEnd()
      case 'packet.bridge':
        return `${id} bridge ${ns} ${event.decision} ${dev(event.inPort)} > ${dev(event.outPort)}`
      case 'packet.encap':
      case 'packet.decap':
        return `${id} ${event.kind.slice(7)} ${ns} ${dev(event.ifindex)} in #${event.outer}`
      case 'packet.deliver':
        return `${id} deliver ${ns} ${event.to}${event.port ? ` ${event.port}` : ''} ${event.process}`.trimEnd()
      case 'packet.drop':
        return `${id} drop ${ns} ${event.at} ${event.reason} ${event.detail}`.trimEnd()
      case 'packet.nat':
        return `${id} ${event.nat} ${ns} ${event.from} => ${event.to}`
      case 'packet.conntrack':
        return `${id} conntrack ${ns} ${event.hook} ${event.state} ${event.direction}`
      case 'packet.rule':
        return `${id} rule ${ns} ${event.table} ${event.chain} ${event.number} ${event.verdict}`
      default:
        return ''
    }
  }

  #ns(id: number): string {
    return this.world.namespaces.get(id)?.name ?? `netns${id}`
  }

  #dev(netns: number, ifindex: number): string {
    return ifindex === 0 ? '-' : (this.world.namespaces.get(netns)?.link(ifindex)?.name ?? `if${ifindex}`)
  }
}

export function ip(text: string): IpAddr {
  const parsed = parseIp(text)
  assert(parsed !== null, text)
  return parsed
}

export function mac(text: string): Mac {
  const parsed = parseMac(text)
  assert(parsed !== null, text)
  return parsed
}

/** Fails the test when a call that must work returned an error. */
export function ok<T>(value: T): Exclude<T, string> {
  assert(typeof value !== 'string', `unexpected ${String(value)}`)
  return value as Exclude<T, string>
}

function protocolName(protocol: number): string {
  switch (protocol) {
    case 1:
      return 'ICMP'
    case 6:
      return 'TCP'
    case 17:
      return 'UDP'
    case 4:
      return 'IPIP'
    case 58:
      return 'ICMPv6'
    default:
      return String(protocol)
  }
}
