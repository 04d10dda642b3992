/**
 * Sends flows through a world and reports what happened to each: who answered, whom the server saw, what was rewritten where,
 * which interfaces and rules the first packet met, where it died (INTERFACE.md, `probe`).
 *
 * Each flow is a process in the sender's own network namespace, with the sender's own resolver and files.
 * Omits: SCTP, which the stack does not have yet: such a flow ends as on a kernel without that module.
 */
import { StatusError } from '../api/meta/status.ts'
import type { Node, Pod, Service } from '../api/types/index.ts'
import type { FlowRequest, FlowResult } from '../lab/flow.ts'
import { type Journey, Journeys } from '../lab/journeys.ts'
import type { Machine } from '../linux/machine.ts'
import type { ProcessContext } from '../linux/process-context.ts'
import { type IpAddr, parseIp } from '../net/addr/ip.ts'
import type { PacketDeliver } from '../sim/trace-event.ts'
import { emptyOutcome, type FlowOutcome, flowProgram } from './flow-program.ts'
import type { Simulation } from './simulation.ts'

const ICMP = 1
const TCP = 6
const UDP = 17
const ICMPV6 = 58
/** RFC 1123 section 2.1, with underscores as in service records. */
const DNS_NAME = /^[A-Za-z0-9_]([A-Za-z0-9_-]*[A-Za-z0-9_])?(\.[A-Za-z0-9_]([A-Za-z0-9_-]*[A-Za-z0-9_])?)*\.?$/

export interface Place {
  machine: Machine
  context: ProcessContext
}

export class FlowError extends Error {
  override readonly name = 'ScenarioError'
}

/** One connection, with what `FlowResult` leaves out. */
export interface SentFlow {
  flow: FlowRequest
  outcome: FlowOutcome
  /** The way of its first packet; null when none was sent. */
  journey: Journey | null
  /** The first packet, sent again and again because nobody answered. */
  repeats: Journey[]
  /** The way of the first packet that answered it. */
  reply: Journey | null
  report: FlowResult
}

const REACHABLE_TIME = 'net.ipv4.neigh.default.base_reachable_time_ms'
const REACHABLE_MS = '86400000'
/** Time after a flow's end in which its last packets may still arrive. */
const LINGER_US = 50_000
/** Time after the last flow for packets that wait for a neighbour's answer: three questions, one second apart (arp(7)). */
const FATE_US = 4_000_000
/** Far above what a resolver takes with its time-outs. */
const FLOW_US_MAX = 300_000_000

export class Probe {
  readonly journeys: Journeys
  readonly #simulation: Simulation
  #count = 0

  constructor(simulation: Simulation) {
    this.#simulation = simulation
    this.journeys = new Journeys(simulation.trace)
    this.journeys.learn(simulation.cluster.net, simulation.cluster.machines)
    // Many flows in a second would run into the limit of ICMP errors per peer, and a refusal would look like a loss.
    for (const space of simulation.cluster.net.namespaces.values()) space.sysctl.set('net.ipv4.icmp_ratelimit', '0')
  }

  /** Throws when a flow names a place that there is not. */
  check(flows: readonly FlowRequest[]): void {
    for (const flow of flows) {
      try {
        this.placeOf(flow.from)
        this.targetOf(flow)
      } catch (error) {
        if (error instanceof FlowError) throw new FlowError(`flow ${flow.id}: ${error.message}`)
        throw error
      }
    }
  }

  /**
   * Forgets what kernels learned from earlier traffic, as in a copy of this network that was just built. From here on neighbours
   * are known for a day: when one is asked again is otherwise a matter of chance.
   */
  startCold(): void {
    for (const space of this.#simulation.cluster.net.namespaces.values()) {
      space.sysctl.set(REACHABLE_TIME, REACHABLE_MS)
      space.netfilter.conntrack.flush()
      for (const link of space.links()) {
        space.neigh.flush(link, true)
        link.master?.bridge?.portDown(link)
      }
    }
  }

  /** Sends flows one after another; packets that were still on their way at a flow's end are followed to theirs. */
  sendAll(flows: readonly FlowRequest[]): SentFlow[][] {
    const sent = flows.map((flow) => Array.from({ length: flow.count }, () => this.#sendOne(flow)))
    const { clock } = this.#simulation
    const open = sent.flat().filter(({ journey, report }) => journey && !journey.delivered && report.drop === null)
    const stopUs = clock.nowUs + FATE_US
    while (open.some(({ journey }) => journey && !this.#ended(journey)) && (clock.nextAtUs ?? Number.POSITIVE_INFINITY) <= stopUs)
      clock.step()
    for (const each of open) each.report = this.#report(each.flow, each.outcome, each.journey)
    return sent
  }

  send(flow: FlowRequest): FlowResult {
    return this.#sendOne(flow).report
  }

  #sendOne(flow: FlowRequest): SentFlow {
    const { machine, context } = this.placeOf(flow.from)
    const target = this.targetOf(flow)
    this.#count += 1
    const name = `probe-${this.#count}`
    const { clock, cluster } = this.#simulation
    let ended: FlowOutcome | null = null
    let before = this.journeys.newest
    const program = flowProgram(flow, {
      target,
      domain: cluster.spec.networks.domain,
      onStart: () => {
        before = this.journeys.newest
      },
      onEnd: (result) => {
        ended = result
      },
    })
    const process = machine.spawn({ argv: [name], program, context })
    const limitUs = clock.nowUs + flow.timeoutMs * 1000 + FLOW_US_MAX
    while (!ended && (clock.nextAtUs ?? Number.POSITIVE_INFINITY) <= limitUs) clock.step()
    if (!ended) process.signal('SIGKILL')
    const endUs = clock.nowUs
    const stopUs = clock.nowUs + LINGER_US
    while (clock.foregroundPending > 0 && (clock.nextAtUs ?? Number.POSITIVE_INFINITY) <= stopUs) clock.step()
    const outcome: FlowOutcome = ended ?? emptyOutcome()
    const { journey, repeats } = this.#firstPacket(flow, name, before, endUs)
    const reply = journey ? this.#replyTo(journey) : null
    // A datagram that nobody meant to answer has arrived all the same.
    if (journey?.delivered?.to === 'udp' && outcome.verdict === 'timeout' && !reply && !flow.query) outcome.verdict = 'delivered'
    return { flow, outcome, journey, repeats, reply, report: this.#report(flow, outcome, journey) }
  }

  /** Where `pod/NAMESPACE/NAME`, `node/NAME` or `host/NAME` runs its programs. */
  placeOf(from: string): Place {
    const [kind, ...rest] = from.split('/')
    const { machines } = this.#simulation.cluster
    if ((kind === 'node' || kind === 'host') && rest.length === 1) {
      const machine = machines.get(rest[0])
      if (machine) return { machine, context: machine.root }
    }
    if (kind === 'pod' && rest.length === 2) {
      const label = `${rest[0]}/${rest[1]}/`
      let sandbox: Place | null = null
      for (const machine of machines.values()) {
        for (const { context } of machine.processes.values()) {
          if (!context.label.startsWith(label)) continue
          // A container has a resolver, the sandbox's pause process has none.
          if (context.label !== `${label}POD`) return { machine, context }
          sandbox ??= { machine, context }
        }
      }
      if (sandbox) return sandbox
    }
    throw new FlowError(`there is no running ${from}; flows start at pod/NAMESPACE/NAME, node/NAME or host/NAME`)
  }

  /** The address that a flow goes to; null when the sender finds it itself. */
  targetOf(flow: FlowRequest): IpAddr | null {
    return flow.to === '' ? null : this.#addressOf(flow.to)
  }

  /** The address of a named place, or null for a DNS name. */
  #addressOf(to: string): IpAddr | null {
    const [kind, ...rest] = to.split('/')
    const client = this.#simulation.cluster.client('probe')
    try {
      if (kind === 'service' && rest.length === 2) return this.#known(to, client.get<Service>('services', rest[0], rest[1]).spec?.clusterIP)
      if (kind === 'pod' && rest.length === 2) return this.#known(to, client.get<Pod>('pods', rest[0], rest[1]).status?.podIP)
      if (kind === 'node' && rest.length === 1) {
        const addresses = client.get<Node>('nodes', '', rest[0]).status?.addresses ?? []
        return this.#known(to, addresses.find((address) => address.type === 'InternalIP')?.address)
      }
    } catch (error) {
      if (error instanceof StatusError) throw new FlowError(`${to}: ${error.status.message}`)
      throw error
    }
    if (kind === 'host' && rest.length === 1) {
      const machine = this.#simulation.cluster.machines.get(rest[0])
      const address = machine?.netns.link('eth0')?.addresses[0]
      if (address) return address.ip
      throw new FlowError(`there is no host ${rest[0]} with an address`)
    }
    const address = parseIp(to)
    if (address === null && !DNS_NAME.test(to))
      throw new FlowError(
        `"${to}" is neither an address, a DNS name, nor pod/NAMESPACE/NAME, node/NAME, host/NAME or service/NAMESPACE/NAME`,
      )
    return address
  }

  #known(to: string, address: string | undefined): IpAddr {
    const ip = address === undefined ? null : parseIp(address)
    if (ip === null) throw new FlowError(`${to} has no address`)
    return ip
  }

  #report(flow: FlowRequest, outcome: FlowOutcome, journey: Journey | null): FlowResult {
    const { journeys } = this
    const ends = journey?.delivered ? journeys.lastEnds(journey.born.packet) : null
    const steps = journey?.steps ?? []
    return {
      id: flow.id,
      verdict: outcome.verdict,
      server: journey?.delivered ? this.#serverName(journey.delivered) : '',
      seenSource: ends?.src ?? '',
      seenDestination: ends ? hostPort(ends.dst, journey?.born.protocol === ICMP ? 0 : ends.dport) : '',
      http: outcome.http,
      nat: steps.flatMap((step) =>
        step.at === 'nat' ? [{ at: journeys.nameOf(step.nat.netns), hook: step.nat.hook, from: step.nat.from, to: step.nat.to }] : [],
      ),
      path: journey ? journeys.path(journey.born.packet) : [],
      rules: steps.flatMap((step) =>
        step.at === 'rule' && step.rule.number > 0
          ? [{ at: journeys.nameOf(step.rule.netns), table: step.rule.table, chain: step.rule.chain, rule: step.rule.rule }]
          : [],
      ),
      drop: this.#drop(flow, outcome, journey),
      ...(flow.query && { rcode: outcome.rcode, answer: outcome.answer }),
    }
  }

  /** The flow's own packet, not the resolver's questions before it; if it was lost and sent again, the one that arrived. */
  #firstPacket(flow: FlowRequest, name: string, after: number, endUs: number): { journey: Journey | null; repeats: Journey[] } {
    const protocols =
      flow.url !== '' ? [TCP] : flow.query || flow.protocol === 'UDP' ? [UDP] : flow.protocol === 'ICMP' ? [ICMP, ICMPV6] : [TCP]
    const repeats: Journey[] = []
    let journey: Journey | null = null
    for (const each of this.journeys.between(after, this.journeys.newest)) {
      const { born } = each
      if (born.process !== name || !protocols.includes(born.protocol)) continue
      if (!journey || (each.delivered && !journey.delivered)) journey = each
      else if (each.atUs < endUs && born.protocol === TCP && born.seq === journey.born.seq && born.flags === journey.born.flags)
        repeats.push(each)
    }
    return { journey, repeats }
  }

  /** The first packet back: from where the flow's packet ended, to whom it came from. */
  #replyTo(journey: Journey): Journey | null {
    const { packet, protocol } = journey.born
    const ends = this.journeys.lastEnds(packet)
    const netns = this.journeys.endOf(packet)
    if (!ends) return null
    for (const other of this.journeys.between(packet, this.journeys.newest)) {
      const { born } = other
      if (born.protocol !== protocol || born.netns !== netns || born.src !== ends.dst || born.dst !== ends.src) continue
      if (protocol === ICMP || protocol === ICMPV6 ? born.cause === packet : born.sport === ends.dport && born.dport === ends.sport)
        return other
    }
    return null
  }

  #ended(journey: Journey): boolean {
    return journey.delivered !== null || this.journeys.dropOf(journey.born.packet) !== null
  }

  #drop(flow: FlowRequest, outcome: FlowOutcome, journey: Journey | null): FlowResult['drop'] {
    if (outcome.verdict === 'delivered') return null
    // Nothing left the sender: what its system call said.
    if (!journey) return outcome.errno ? { at: flow.from, reason: outcome.errno, rule: '' } : null
    const drop = this.journeys.dropOf(journey.born.packet)
    return drop ? { at: this.journeys.nameOf(drop.netns), reason: drop.reason, rule: drop.detail } : null
  }

  /** The pod whose process took it, also where pods use their node's network; else the machine. */
  #serverName({ netns, pid }: PacketDeliver): string {
    const name = this.journeys.nameOf(netns)
    if (name.startsWith('pod/')) return name
    const machine = this.#simulation.cluster.machines.get(name)
    const [namespace, pod] = machine?.processes.get(pid)?.context.label.split('/') ?? []
    if (pod) return `pod/${namespace}/${pod}`
    return machine && (machine.role === 'worker' || machine.role === 'control-plane') ? `node/${name}` : `host/${name}`
  }
}

function hostPort(address: string, port: number): string {
  if (port === 0) return address
  return address.includes(':') ? `[${address}]:${port}` : `${address}:${port}`
}
