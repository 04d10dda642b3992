/**
 * The world as it stands, in the format `kernel-lab/1`: every namespace with its links, addresses, routes, neighbours, static
 * FDB entries, sysctls and rules, and the flows in its terms. The same network can then be built from real Linux namespaces.
 * `kernel-lab-result/1` is what became of the flows here, to be held against the kernel.
 *
 * Omits: IPv6, IPVS and nftables text until the stack has them; flows that ask DNS.
 */
import { byText } from '../base/text-order.ts'
import type { FlowRequest } from '../lab/flow.ts'
import type { Journey, Step } from '../lab/journeys.ts'
import { formatIp, formatPrefix, isV6, parseIp } from '../net/addr/ip.ts'
import { formatMac } from '../net/addr/mac.ts'
import type { NetDevice } from '../net/device/net-device.ts'
import type { NetNamespace } from '../net/net-namespace.ts'
import { parseHttpUrl } from '../linux/libc/http-client.ts'
import type { FlowIcmp } from './flow-program.ts'
import { type MatchedRule, matchedRules } from './matched-rules.ts'
import type { Probe, SentFlow } from './probe.ts'
import type { Simulation } from './simulation.ts'

/** Sysctls that decide what happens to a packet, as far as the stack knows them. */
const SYSCTLS = [
  'net.ipv4.ip_forward',
  'net.ipv4.icmp_ratelimit',
  'net.ipv4.icmp_echo_ignore_all',
  'net.bridge.bridge-nf-call-iptables',
  'net.ipv4.ip_default_ttl',
]
const DEVICE_SYSCTLS = ['rp_filter', 'route_localnet', 'accept_local', 'proxy_arp', 'arp_ignore', 'arp_announce']
const MAIN_TABLE = 254
const TCP = 6
const UDP = 17
const ICMP_UNREACHABLE = 3
const ICMP_FRAG_NEEDED = 4
/** What kernel-lab takes as a namespace's name. */
const NAME_MAX = 63

interface Crossing {
  ns: string
  dev: string
  dir: 'in' | 'out'
  src: string
  dst: string
  ttl: number
}

/** Namespaces' names there, by number. */
type Names = ReadonlyMap<number, string>
type SpaceOf = (netns: number) => { name: string; space: NetNamespace | undefined }

export function describeWorld(simulation: Simulation, flows: readonly FlowRequest[], probe: Probe): Record<string, unknown> {
  const spaces = [...simulation.cluster.net.namespaces.values()]
  const names = namespaceNames(simulation)
  const namespaces: Record<string, unknown> = {}
  for (const space of spaces) namespaces[nameIn(names, space.id)] = describeNamespace(space)
  return {
    format: 'kernel-lab/1',
    name: simulation.cluster.spec.name,
    // Connections are remembered from flow to flow, and neighbours are asked as patiently as here.
    options: { timeout_ms: 1000, statistic: 'as-is', flush_conntrack: false, fast_arp: false, trace: true },
    namespaces,
    veths: vethPairs(spaces, names),
    servers: servers(spaces, names),
    flows: flows.flatMap((flow) => {
      const described = describeFlow(flow, probe, names)
      return described ? [described] : []
    }),
  }
}

/** `worker-1`, `pod-NAMESPACE-NAME`; a number behind where two would be the same. */
function namespaceNames(simulation: Simulation): Names {
  const names = new Map<number, string>()
  const taken = new Set<string>()
  for (const space of simulation.cluster.net.namespaces.values()) {
    const full = space.pod === '' ? space.machine : `pod-${space.pod.replace('/', '-')}`
    let name = full.slice(0, NAME_MAX)
    for (let i = 2; taken.has(name); i += 1) name = `${full.slice(0, NAME_MAX - 5)}-${i}`
    taken.add(name)
    names.set(space.id, name)
  }
  return names
}

function nameIn(names: Names, netns: number): string {
  return names.get(netns) ?? `netns-${netns}`
}

function describeNamespace(space: NetNamespace): Record<string, unknown> {
  const links = space.links().filter((link) => link.kind !== 'loopback')
  const save = space.netfilter.iptables('ipv4').save()
  return {
    links: links.map(describeLink),
    addrs: links.flatMap((link) =>
      link.addresses
        .filter((address) => !isV6(address.ip))
        .map((address) => `${formatIp(address.ip)}/${address.prefixLength} dev ${link.name}`),
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
    neighs: space.neigh
      .list()
      .flatMap((entry) =>
        entry.state === 'PERMANENT' && entry.mac !== null && !isV6(entry.ip)
          ? [`${formatIp(entry.ip)} lladdr ${formatMac(entry.mac)} dev ${entry.dev.name}`]
          : [],
      ),
    fdb: links.flatMap((link) =>
      link.vxlan
        ? link.vxlan
            .fdb()
            .filter((entry) => entry.state === 'permanent')
            .map((entry) => `${formatMac(entry.mac)} dev ${link.name} dst ${formatIp(entry.remote)}`)
        : [],
    ),
    sysctls: describeSysctls(space),
    ...(save !== '' && { iptables_save: save }),
  }
}

/** Those of the namespace, and those of a device that differ from its `all`. */
function describeSysctls(space: NetNamespace): Record<string, string> {
  const sysctls: Record<string, string> = {}
  const take = (name: string): void => {
    const value = space.sysctl.get(name)
    if (value !== null) sysctls[name] = value
  }
  for (const name of SYSCTLS) take(name)
  for (const field of DEVICE_SYSCTLS) take(`net.ipv4.conf.all.${field}`)
  const reachable = space.sysctl.get('net.ipv4.neigh.default.base_reachable_time_ms')
  for (const { name } of space.links()) {
    // A name with a dot in it cannot be told apart there.
    if (name.includes('.')) continue
    if (reachable !== null) sysctls[`net.ipv4.neigh.${name}.base_reachable_time_ms`] = reachable
    for (const field of DEVICE_SYSCTLS) {
      const own = space.sysctl.get(`net.ipv4.conf.${name}.${field}`)
      if (own !== null && own !== '0') sysctls[`net.ipv4.conf.${name}.${field}`] = own
    }
  }
  return sysctls
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
      data: {
        id: link.vxlan.vni,
        local: formatIp(link.vxlan.local),
        port: link.vxlan.port,
        learning: link.vxlan.learning,
        ...(link.vxlan.dev && { link: link.vxlan.dev }),
      },
    }),
  }
}

/** Both ends of each pair once; a cable between two machines is one too. */
function vethPairs(spaces: readonly NetNamespace[], names: Names): [string, string][] {
  const pairs: [string, string][] = []
  for (const space of spaces) {
    for (const link of space.links()) {
      const { peer } = link
      if (!peer || peer.netns.id < space.id || (peer.netns === space && peer.ifindex < link.ifindex)) continue
      pairs.push([`${nameIn(names, space.id)}/${link.name}`, `${nameIn(names, peer.netns.id)}/${peer.name}`])
    }
  }
  return pairs
}

/** What listens: one server per port of a namespace. */
function servers(spaces: readonly NetNamespace[], names: Names): Record<string, unknown>[] {
  const found = new Map<string, Record<string, unknown>>()
  for (const space of spaces) {
    for (const socket of space.sockets.list()) {
      const listens =
        socket.protocol === 'tcp' ? socket.state === 'LISTEN' : socket.protocol === 'udp' && socket.remotePort === 0 && socket.localPort > 0
      if (!listens || (socket.local !== null && isV6(socket.local))) continue
      const ns = nameIn(names, space.id)
      const id = serverId(ns, socket.protocol, socket.localPort)
      found.set(id, {
        id,
        ns,
        proto: socket.protocol,
        addr: socket.local === null ? '0.0.0.0' : formatIp(socket.local),
        port: socket.localPort,
      })
    }
  }
  return [...found.values()]
}

function serverId(ns: string, protocol: string, port: number): string {
  return `${ns}:${port}/${protocol}`
}

function describeFlow(flow: FlowRequest, probe: Probe, names: Names): Record<string, unknown> | null {
  const target = targetOf(flow, probe)
  if (!target) return null
  const { context } = probe.placeOf(flow.from)
  return {
    id: flow.id,
    ns: nameIn(names, context.netns.id),
    proto: protocolOf(flow),
    dst: target.dst,
    ...(protocolOf(flow) !== 'icmp' && { dport: target.port }),
    ...(flow.sourcePort > 0 && { sport: flow.sourcePort }),
    ...(flow.count > 1 && { count: flow.count }),
    timeout_ms: flow.timeoutMs,
  }
}

/** Address and port of a flow; null for one that the kernel's lab cannot send: those that ask DNS, SCTP, IPv6. */
function targetOf(flow: FlowRequest, probe: Probe): { dst: string; port: number } | null {
  if (flow.query || flow.protocol === 'SCTP') return null
  const url = flow.url === '' ? null : parseHttpUrl(flow.url)
  const address = url ? parseIp(url.host) : probe.targetOf(flow)
  return address === null || isV6(address) ? null : { dst: formatIp(address), port: url ? url.port : flow.port }
}

function protocolOf(flow: FlowRequest): string {
  return flow.url === '' ? flow.protocol.toLowerCase() : 'tcp'
}

/** `sent`: every flow with its attempts. The detail is of the first one. */
export function toKernelLabResult(simulation: Simulation, sent: readonly SentFlow[][], probe: Probe): Record<string, unknown> {
  const names = namespaceNames(simulation)
  const { namespaces } = simulation.cluster.net
  const spaceOf: SpaceOf = (netns: number) => ({ name: nameIn(names, netns), space: namespaces.get(netns) })
  const flows = sent.filter(([first]) => targetOf(first.flow, probe)).map((attempts) => resultOf(attempts, probe, spaceOf))
  return { format: 'kernel-lab-result/1', name: simulation.cluster.spec.name, kernel: 'vethlab', flows, warnings: [] }
}

function resultOf(attempts: readonly SentFlow[], probe: Probe, spaceOf: SpaceOf): Record<string, unknown> {
  const [{ flow, outcome, journey, reply }] = attempts
  const protocol = protocolOf(flow)
  const ns = spaceOf(probe.placeOf(flow.from).context.netns.id).name
  const target = targetOf(flow, probe)
  const forward = journey ? crossings(journey, probe, spaceOf) : []
  const delivered = journey?.delivered ?? null
  const server = serverOf(attempts[0], spaceOf)
  const ends = journey && probe.journeys.lastEnds(journey.born.packet)
  const saw = server && ends ? { client: endpoint(ends.src, ends.sport, protocol), local: endpoint(ends.dst, ends.dport, protocol) } : null
  return {
    id: flow.id,
    ns,
    proto: protocol,
    dst: target && endpoint(target.dst, target.port, protocol),
    verdict: verdictOf(attempts[0]),
    ...(outcome.errno && { error: outcome.errno }),
    server,
    server_ns: server && delivered ? spaceOf(delivered.netns).name : null,
    server_saw: saw,
    client: journey ? endpoint(journey.born.src, journey.born.sport, protocol) : null,
    ...(outcome.icmp && protocol !== 'tcp' && { icmp: icmpOf(outcome.icmp) }),
    forward,
    reply: reply ? crossings(reply, probe, spaceOf) : [],
    nat: natSteps(journey, forward, saw, protocol),
    trace: traceOf(attempts[0], probe, ns, forward, spaceOf),
    ...(attempts.length > 1 && {
      count: attempts.length,
      verdicts: count(attempts.map(verdictOf)),
      servers: count(attempts.flatMap((each) => serverOf(each, spaceOf) ?? [])),
      sequence: attempts.map((each) => serverOf(each, spaceOf) ?? verdictOf(each)),
    }),
  }
}

/** kernel-lab tells some failures apart that a probe does not. */
function verdictOf({ outcome }: SentFlow): string {
  switch (outcome.errno) {
    case 'ECONNRESET':
      return 'reset'
    case 'EMSGSIZE':
      return 'too-big'
    case 'EPERM':
    case 'EACCES':
      return 'denied'
    default:
      return outcome.verdict
  }
}

function serverOf({ outcome, journey }: SentFlow, spaceOf: SpaceOf): string | null {
  const delivered = journey?.delivered
  if (!delivered || outcome.verdict !== 'delivered' || (delivered.to !== 'tcp' && delivered.to !== 'udp')) return null
  return serverId(spaceOf(delivered.netns).name, delivered.to, delivered.port)
}

/** Each namespace's rules together, in the order in which the packet came by, then those of its repetitions. */
function traceOf(
  { journey, repeats }: SentFlow,
  probe: Probe,
  sender: string,
  forward: readonly Crossing[],
  spaceOf: SpaceOf,
): MatchedRule[] {
  // A connection is known there by its first packet's crossings.
  if (!journey || (journey.born.protocol === TCP && forward.length === 0)) return []
  const order = [...new Set([sender, ...forward.map(({ ns }) => ns)])]
  const place = ({ ns }: MatchedRule): number => (order.includes(ns) ? order.indexOf(ns) : order.length)
  return [journey, ...repeats].flatMap((each) => matchedRules(tracedSteps(each, probe), spaceOf)).sort((a, b) => place(a) - place(b))
}

/** nft_trace knows a packet by its buffer: a datagram's own carrier, made on the machine that sent it, is taken for the datagram. */
function tracedSteps({ born, steps }: Journey, probe: Probe): readonly Step[] {
  if (born.protocol !== UDP) return steps
  return steps.flatMap((step) => {
    const outer = step.at === 'encap' ? probe.journeys.get(step.outer) : undefined
    if (outer?.born.netns !== born.netns) return [step]
    return [step, ...outer.steps.filter((each) => each.at === 'rule' && each.rule.netns === born.netns)]
  })
}

function icmpOf({ type, code, from, mtu }: FlowIcmp): Record<string, unknown> {
  return { type, code, from, ...(type === ICMP_UNREACHABLE && code === ICMP_FRAG_NEEDED && { mtu }) }
}

function count(words: readonly string[]): Record<string, number> {
  const counts = new Map<string, number>()
  for (const word of words) counts.set(word, (counts.get(word) ?? 0) + 1)
  return Object.fromEntries([...counts].sort(([a], [b]) => byText(a, b)))
}

function crossings(journey: Journey, probe: Probe, spaceOf: SpaceOf): Crossing[] {
  const protocol = journey.born.protocol === 1 ? 'icmp' : ''
  return probe.journeys.crossings(journey.born.packet).map((tap) => ({
    ns: spaceOf(tap.netns).name,
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

interface NatStep {
  ns: string
  between: [string, string]
  src?: [string, string]
  dst?: [string, string]
}

/** Every place where addresses changed between two crossings, or between a socket and the first or the last of them. */
function natSteps(
  journey: Journey | null,
  forward: readonly Crossing[],
  saw: { client: string; local: string } | null,
  protocol: string,
): NatStep[] {
  if (!journey) return []
  const steps: NatStep[] = []
  const { born } = journey
  let before = { src: endpoint(born.src, born.sport, protocol), dst: endpoint(born.dst, born.dport, protocol), dev: 'socket' }
  const last = forward.at(-1)
  const end = saw && last ? [{ ns: last.ns, dev: 'socket', src: saw.client, dst: saw.local }] : []
  for (const { ns, dev, src, dst } of [...forward, ...end]) {
    const changes = {
      ...(src !== before.src && { src: [before.src, src] as [string, string] }),
      ...(dst !== before.dst && { dst: [before.dst, dst] as [string, string] }),
    }
    if (changes.src || changes.dst) steps.push({ ns, between: [before.dev, dev], ...changes })
    before = { src, dst, dev }
  }
  return steps
}
