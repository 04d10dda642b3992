/**
 * Sends flows through a world and reports what happened to each: who answered, whom the server saw, what was rewritten where,
 * which interfaces and rules the first packet met, where it died (INTERFACE.md, `probe`).
 *
 * Each flow is a process in the sender's own network namespace, with the sender's own resolver and files.
 * Omits: SCTP, which the stack does not have yet.
 */
import { StatusError } from '../api/meta/status.ts'
import type { Node, Pod, Service } from '../api/types/index.ts'
import type { FlowRequest, FlowResult } from '../lab/flow.ts'
import { type Journey, Journeys } from '../lab/journeys.ts'
import type { Machine } from '../linux/machine.ts'
import type { ProcessContext } from '../linux/process-context.ts'
import { type IpAddr, parseIp } from '../net/addr/ip.ts'
import { type FlowOutcome, flowProgram } from './flow-program.ts'
import type { Simulation } from './simulation.ts'

export interface Place {
  machine: Machine
  context: ProcessContext
}

export class FlowError extends Error {
  override readonly name = 'ScenarioError'
}

export type FlowReport = FlowResult & { attempts?: FlowResult[] }

const ICMP_UNREACHABLE = 3

/** Time after a flow's end in which its last packets may still arrive. */
const LINGER_US = 50_000

export class Probe {
  readonly journeys: Journeys
  readonly #simulation: Simulation
  readonly #journeyOf = new Map<string, Journey>()
  #count = 0

  constructor(simulation: Simulation) {
    this.#simulation = simulation
    this.journeys = new Journeys(simulation.trace)
    this.journeys.learn(simulation.cluster.net, simulation.cluster.machines)
  }

  /** `count` connections, one after another; the report is of the first, with all in `attempts`. */
  sendAll(flow: FlowRequest): FlowReport {
    const first = this.send(flow)
    if (flow.count <= 1) return first
    const attempts = [first]
    for (let i = 1; i < flow.count; i += 1) attempts.push(this.send(flow))
    return { ...first, attempts }
  }

  send(flow: FlowRequest): FlowResult {
    const { machine, context } = this.placeOf(flow.from)
    const target = flow.url !== '' || flow.query ? null : this.addressOf(flow.to)
    this.#count += 1
    const name = `probe-${this.#count}`
    const { clock } = this.#simulation
    let outcome: FlowOutcome | null = null
    const program = flowProgram(flow, target, (result) => {
      outcome = result
    })
    const endUs = clock.nowUs + flow.timeoutMs * 1000 * 20 + 1_000_000
    machine.spawn({ argv: [name], program, context })
    while (!outcome && (clock.nextAtUs ?? Number.POSITIVE_INFINITY) <= endUs) clock.step()
    const stopUs = clock.nowUs + LINGER_US
    while (clock.foregroundPending > 0 && (clock.nextAtUs ?? Number.POSITIVE_INFINITY) <= stopUs) clock.step()
    return this.#report(flow, name, outcome ?? { verdict: 'timeout', http: null, rcode: '', answer: [] })
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
      for (const machine of machines.values()) {
        for (const process of machine.processes.values()) if (process.context.label.startsWith(label)) return { machine, context: process.context }
      }
    }
    throw new FlowError(`there is no running ${from}; flows start at pod/NAMESPACE/NAME, node/NAME or host/NAME`)
  }

  /** The address of a named place, or null for a DNS name that the sender resolves. */
  addressOf(to: string): IpAddr | null {
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
      throw new FlowError(`there is no machine ${rest[0]}`)
    }
    return parseIp(to)
  }

  /** The first packet of the latest flow of that id. */
  journeyOf(id: string): Journey | null {
    return this.#journeyOf.get(id) ?? null
  }

  /** The first packet that answers a flow's first packet, of the same protocol. */
  replyOf(journey: Journey): Journey | null {
    for (const other of this.journeys.all()) {
      if (other.born.cause === journey.born.packet && other.born.protocol === journey.born.protocol && other.born.icmpType !== ICMP_UNREACHABLE) return other
    }
    return null
  }

  /** A namespace as `kernel-lab` names it. */
  spaceName(netns: number): string {
    const name = this.journeys.nameOf(netns)
    return name.startsWith('pod/') ? name.split('/').join('-') : name
  }

  #known(to: string, address: string | undefined): IpAddr {
    const ip = address === undefined ? null : parseIp(address)
    if (ip === null) throw new FlowError(`${to} has no address`)
    return ip
  }

  #report(flow: FlowRequest, name: string, outcome: FlowOutcome): FlowResult {
    const journey = this.#firstPacket(flow, name)
    if (journey) this.#journeyOf.set(flow.id, journey)
    const drop = journey ? this.#lastDrop(journey, outcome) : null
    const seen = journey?.delivered ? lastTap(journey) : null
    return {
      id: flow.id,
      verdict: outcome.verdict,
      server: journey?.delivered ? this.#serverName(journey.delivered.netns) : '',
      seenSource: seen?.src ?? (journey?.delivered ? journey.born.src : ''),
      seenDestination: journey?.delivered ? `${seen?.dst ?? journey.born.dst}${flow.protocol === 'ICMP' ? '' : `:${seen?.dport ?? journey.born.dport}`}` : '',
      http: outcome.http,
      nat: (journey?.steps ?? []).flatMap((step) => (step.at === 'nat' ? [{ at: this.journeys.nameOf(step.nat.netns), hook: step.nat.hook, from: step.nat.from, to: step.nat.to }] : [])),
      path: journey ? this.journeys.path(journey.born.packet) : [],
      rules: (journey?.steps ?? []).flatMap((step) =>
        step.at === 'rule' && step.rule.number > 0
          ? [{ at: this.journeys.nameOf(step.rule.netns), table: step.rule.table, chain: step.rule.chain, rule: step.rule.rule }]
          : [],
      ),
      drop,
      ...(flow.query && { rcode: outcome.rcode, answer: outcome.answer }),
    }
  }

  /** The flow's own packet, not the resolver's questions before it. */
  #firstPacket(flow: FlowRequest, name: string): Journey | null {
    const protocol = flow.query ? 17 : flow.protocol === 'UDP' ? 17 : flow.protocol === 'ICMP' ? 1 : 6
    let found: Journey | null = null
    for (const journey of this.journeys.all()) {
      if (journey.born.process !== name || journey.born.protocol !== protocol) continue
      if (flow.protocol === 'UDP' && !flow.query && journey.born.dport !== flow.port) continue
      if (!found) found = journey
      if (journey.delivered && !found.delivered) found = journey
    }
    return found
  }

  #lastDrop(journey: Journey, outcome: FlowOutcome): FlowResult['drop'] {
    if (outcome.verdict === 'delivered') return null
    const drop = this.journeys.dropOf(journey.born.packet)
    return drop ? { at: this.journeys.nameOf(drop.netns), reason: drop.reason, rule: drop.detail } : null
  }

  #serverName(netns: number): string {
    const name = this.journeys.nameOf(netns)
    if (name.startsWith('pod/')) return name
    const machine = this.#simulation.cluster.machines.get(name)
    return machine && (machine.role === 'worker' || machine.role === 'control-plane') ? `node/${name}` : `host/${name}`
  }
}

function lastTap(journey: Journey): { src: string; dst: string; dport: number } | null {
  for (let i = journey.steps.length - 1; i >= 0; i -= 1) {
    const step = journey.steps[i]
    if (step.at === 'tap') return step.tap
  }
  return null
}
