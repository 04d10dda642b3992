/**
 * The world as it stands, in the format `kernel-lab/1`: every namespace with its links, addresses, routes, neighbours, static
 * FDB entries, sysctls and rules, and the flows in its terms. The same network can then be built from real Linux namespaces.
 * `kernel-lab-result/1` is what became of the flows here, to be held against the kernel.
 *
 * Omits: IPv6, IPVS and nftables text until the stack has them; flows that ask DNS.
 */
import { byText } from '../base/text-order.ts'
import type { FlowRequest, FlowResult } from '../lab/flow.ts'
import type { Journey } from '../lab/journeys.ts'
import { formatIp, formatPrefix, isV6, parseIp } from '../net/addr/ip.ts'
import { formatMac } from '../net/addr/mac.ts'
import type { NetDevice } from '../net/device/net-device.ts'
import type { NetNamespace } from '../net/net-namespace.ts'
import type { Probe } from './probe.ts'
import type { Simulation } from './simulation.ts'

/** Sysctls that decide what happens to a packet, as far as the stack knows them. */
const SYSCTLS = ['net.ipv4.ip_forward', 'net.ipv4.conf.all.rp_filter', 'net.ipv4.conf.all.route_localnet', 'net.bridge.bridge-nf-call-iptables']
const MAIN_TABLE = 254

interface Crossing {
  ns: string
  dev: string
  dir: 'in' | 'out'
  src: string
  dst: string
  ttl: number
}

export function describeWorld(simulation: Simulation, flows: readonly FlowRequest[], resolve: Probe): Record<string, unknown> {
  const spaces = [...simulation.cluster.net.namespaces.values()]
  const names = new Map(spaces.map((space) => [space.id, namespaceName(space)]))
  const namespaces: Record<string, unknown> = {}
  for (const space of spaces) namespaces[names.get(space.id) ?? space.name] = describeNamespace(space)
  return {
    format: 'kernel-lab/1',
    name: simulation.cluster.spec.name,
    options: { timeout_ms: 1000, statistic: 'as-is' },
    namespaces,
    veths: vethPairs(spaces, names),
    servers: servers(spaces, names),
    flows: flows.flatMap((flow) => {
      const described = describeFlow(flow, resolve, names)
      return described ? [described] : []
    }),
  }
}

export function namespaceName(space: { machine: string; pod: string }): string {
  return space.pod === '' ? space.machine : `pod-${space.pod.replace('/', '-')}`
}

function describeNamespace(space: NetNamespace): Record<string, unknown> {
  const links = space.links().filter((link) => link.kind !== 'loopback')
  const sysctls: Record<string, string> = {}
  for (const name of SYSCTLS) {
    const value = space.sysctl.get(name)
    if (value !== null) sysctls[name] = value
  }
  const save = space.netfilter.iptables('ipv4').save()
  return {
    links: links.map(describeLink),
    addrs: links.flatMap((link) =>
      link.addresses.filter((address) => !isV6(address.ip)).map((address) => `${formatIp(address.ip)}/${address.prefixLength} dev ${link.name}`),
    ),
    routes: space.fib
      .list(MAIN_TABLE)
      .filter((route) => route.protocol !== 'kernel' && !isV6(route.prefix.addr))
      .map((route) => {
        const type = route.type === 'unicast' ? '' : `${route.type} `
        const prefix = route.prefix.length === 0 ? 'default' : formatPrefix(route.prefix)
        const via = route.via === null ? '' : ` via ${formatIp(route.via)}`
        const dev = route.dev ? ` dev ${route.dev.name}` : ''
        return `${type}${prefix}${via}${dev}${route.metric ? ` metric ${route.metric}` : ''}${route.onlink ? ' onlink' : ''}`
      }),
    neighs: space.neigh.list().flatMap((entry) => (entry.state === 'PERMANENT' && entry.mac !== null && !isV6(entry.ip) ? [`${formatIp(entry.ip)} lladdr ${formatMac(entry.mac)} dev ${entry.dev.name}`] : [])),
    fdb: links.flatMap((link) => (link.vxlan ? link.vxlan.fdb().filter((entry) => entry.state === 'permanent').map((entry) => `${formatMac(entry.mac)} dev ${link.name} dst ${formatIp(entry.remote)}`) : [])),
    sysctls,
    ...(save !== '' && { iptables_save: save }),
  }
}

function describeLink(link: NetDevice): Record<string, unknown> {
  return {
    ifname: link.name,
    ifindex: link.ifindex,
    kind: link.kind === 'nic' ? 'veth' : link.kind,
    address: formatMac(link.mac),
    mtu: link.mtu,
    up: link.up,
    ...(link.master && { master: link.master.name }),
    ...(link.master && link.hairpin && { slave: { hairpin: true } }),
    ...(link.vxlan && {
      data: { id: link.vxlan.vni, local: formatIp(link.vxlan.local), port: link.vxlan.port, learning: link.vxlan.learning, ...(link.vxlan.dev && { link: link.vxlan.dev }) },
    }),
  }
}

/** Both ends of each pair once; a cable between two machines is one too. */
function vethPairs(spaces: readonly NetNamespace[], names: ReadonlyMap<number, string>): [string, string][] {
  const pairs: [string, string][] = []
  for (const space of spaces) {
    for (const link of space.links()) {
      const { peer } = link
      if (!peer || peer.netns.id < space.id || (peer.netns === space && peer.ifindex < link.ifindex)) continue
      pairs.push([`${names.get(space.id)}/${link.name}`, `${names.get(peer.netns.id)}/${peer.name}`])
    }
  }
  return pairs
}

/** What listens: one server per port of a namespace. */
function servers(spaces: readonly NetNamespace[], names: ReadonlyMap<number, string>): Record<string, unknown>[] {
  const found = new Map<string, Record<string, unknown>>()
  for (const space of spaces) {
    for (const socket of space.sockets.list()) {
      const listens = socket.protocol === 'tcp' ? socket.state === 'LISTEN' : socket.protocol === 'udp' && socket.remotePort === 0 && socket.localPort > 0
      if (!listens || (socket.local !== null && isV6(socket.local))) continue
      const ns = names.get(space.id) ?? ''
      const id = serverId(ns, socket.protocol, socket.localPort)
      found.set(id, { id, ns, proto: socket.protocol, addr: socket.local === null ? '0.0.0.0' : formatIp(socket.local), port: socket.localPort })
    }
  }
  return [...found.values()]
}

function serverId(ns: string, protocol: string, port: number): string {
  return `${ns}:${port}/${protocol}`
}

function describeFlow(flow: FlowRequest, probe: Probe, names: ReadonlyMap<number, string>): Record<string, unknown> | null {
  const target = targetOf(flow, probe)
  if (!target) return null
  const { context } = probe.placeOf(flow.from)
  return {
    id: flow.id,
    ns: names.get(context.netns.id) ?? '',
    proto: flow.protocol.toLowerCase(),
    dst: target.dst,
    ...(flow.protocol !== 'ICMP' && { dport: target.port }),
    ...(flow.sourcePort > 0 && { sport: flow.sourcePort }),
    ...(flow.count > 1 && { count: flow.count }),
    timeout_ms: flow.timeoutMs,
  }
}

/** Address and port of a flow; null for one that asks DNS. */
function targetOf(flow: FlowRequest, probe: Probe): { dst: string; port: number } | null {
  if (flow.query) return null
  if (flow.url !== '') {
    const match = /^http:\/\/([0-9.]+)(?::(\d+))?(?:\/|$)/.exec(flow.url)
    return match && parseIp(match[1]) !== null ? { dst: match[1], port: Number(match[2] ?? 80) } : null
  }
  const address = probe.addressOf(flow.to)
  return address === null || isV6(address) ? null : { dst: formatIp(address), port: flow.port }
}

export function toKernelLabResult(simulation: Simulation, flows: readonly FlowRequest[], results: readonly FlowResult[], probe: Probe): Record<string, unknown> {
  const reported: Record<string, unknown>[] = []
  for (let i = 0; i < flows.length; i += 1) {
    if (targetOf(flows[i], probe)) reported.push(resultOf(flows[i], results[i], probe))
  }
  return { format: 'kernel-lab-result/1', name: simulation.cluster.spec.name, kernel: 'vethlab', flows: reported, warnings: [] }
}

function resultOf(flow: FlowRequest, result: FlowResult & { attempts?: FlowResult[] }, probe: Probe): Record<string, unknown> {
  const journey = probe.journeyOf(flow.id)
  const reply = journey ? probe.replyOf(journey) : null
  const forward = journey ? crossings(journey, probe) : []
  const delivered = journey?.delivered ?? null
  const last = forward.at(-1)
  const space = delivered ? probe.spaceName(delivered.netns) : ''
  const saw = delivered && last ? { client: last.src, local: last.dst } : null
  const protocol = flow.protocol.toLowerCase()
  const isServer = delivered !== null && (delivered.to === 'tcp' || delivered.to === 'udp') && result.verdict === 'delivered'
  const attempts = result.attempts
  return {
    id: flow.id,
    proto: protocol,
    verdict: result.verdict,
    server: isServer ? serverId(space, protocol, delivered.port) : null,
    server_ns: isServer ? space : null,
    server_saw: isServer ? saw : null,
    client: journey ? endpoint(journey.born.src, journey.born.sport, protocol) : null,
    forward,
    reply: reply ? crossings(reply, probe) : [],
    nat: natSteps(journey, forward),
    ...(attempts && { count: attempts.length, servers: countServers(attempts) }),
  }
}

function countServers(attempts: readonly FlowResult[]): Record<string, number> {
  const counts = new Map<string, number>()
  for (const { server } of attempts) counts.set(server, (counts.get(server) ?? 0) + 1)
  return Object.fromEntries([...counts].sort(([a], [b]) => byText(a, b)))
}

function crossings(journey: Journey, probe: Probe): Crossing[] {
  const protocol = journey.born.protocol === 1 ? 'icmp' : ''
  return probe.journeys.taps(journey.born.packet).map((tap) => ({
    ns: probe.spaceName(tap.netns),
    dev: probe.journeys.linkName(tap.netns, tap.ifindex),
    dir: tap.dir,
    src: endpoint(tap.src, tap.sport, protocol),
    dst: endpoint(tap.dst, tap.dport, protocol),
    ttl: tap.ttl,
  }))
}

function endpoint(address: string, port: number, protocol: string): string {
  return protocol === 'icmp' ? address : `${address}:${port}`
}

/** Every place where addresses changed between two crossings, or between the sender's socket and the first. */
function natSteps(journey: Journey | null, forward: readonly Crossing[]): { ns: string; src?: [string, string]; dst?: [string, string] }[] {
  if (!journey) return []
  const protocol = journey.born.protocol === 1 ? 'icmp' : ''
  const steps: { ns: string; src?: [string, string]; dst?: [string, string] }[] = []
  let before = { src: endpoint(journey.born.src, journey.born.sport, protocol), dst: endpoint(journey.born.dst, journey.born.dport, protocol) }
  for (const { ns, src, dst } of forward) {
    const step = { ns, ...(src !== before.src && { src: [before.src, src] as [string, string] }), ...(dst !== before.dst && { dst: [before.dst, dst] as [string, string] }) }
    if (step.src || step.dst) steps.push(step)
    before = { src, dst }
  }
  return steps
}
