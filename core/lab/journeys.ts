/**
 * Every packet's way, read from the trace: a fold that labs grade and probes report. It holds the latest packets only.
 *
 * Omits: the bytes; `core/view` builds those.
 */
import type { Trace } from '../sim/trace.ts'
import type { PacketDeliver, PacketDrop, PacketNat, PacketNew, PacketRoute, PacketRule, PacketTap, TraceEvent } from '../sim/trace-event.ts'

const JOURNEYS_MAX = 20_000
/** Tunnels in tunnels. */
const DEPTH_MAX = 4

export type Step =
  | { at: 'tap'; tap: PacketTap }
  | { at: 'rule'; rule: PacketRule }
  | { at: 'nat'; nat: PacketNat }
  | { at: 'route'; route: PacketRoute }
  | { at: 'encap'; outer: number }

export interface PacketEnds {
  src: string
  sport: number
  dst: string
  dport: number
}

/** A network namespace as far as names go. */
export interface KnownSpace {
  name: string
  machine: string
  pod: string
  links(): { ifindex: number; name: string; master: { ifindex: number } | null }[]
}

export interface Journey {
  born: PacketNew
  atUs: number
  steps: Step[]
  delivered: PacketDeliver | null
  drop: PacketDrop | null
}

export class Journeys {
  readonly #journeys = new Map<number, Journey>()
  readonly #spaces = new Map<number, { name: string; machine: string; pod: string }>()
  readonly #links = new Map<string, { name: string; master: number }>()
  readonly #routers = new Set<string>()
  readonly #stop: () => void
  #newest = 0
  /** Called when a packet reached its end. */
  onEnd: ((journey: Journey) => void) | null = null

  constructor(trace: Trace) {
    this.#stop = trace.observe((event, atUs) => this.#fold(event, atUs))
  }

  close(): void {
    this.#stop()
  }

  /** Takes in what was there before the fold began. */
  learn(net: { namespaces: ReadonlyMap<number, KnownSpace> }, machines: ReadonlyMap<string, { role: string }>): void {
    for (const [name, { role }] of machines) if (role === 'router') this.#routers.add(name)
    for (const [id, space] of net.namespaces) {
      this.#spaces.set(id, { name: space.name, machine: space.machine, pod: space.pod })
      for (const link of space.links())
        this.#links.set(`${id}/${link.ifindex}`, { name: link.name, master: link.master ? link.master.ifindex : 0 })
    }
  }

  get(packet: number): Journey | undefined {
    return this.#journeys.get(packet)
  }

  all(): IterableIterator<Journey> {
    return this.#journeys.values()
  }

  /** Number of the newest packet: what is born later has a larger one. */
  get newest(): number {
    return this.#newest
  }

  /** Packets born after `packet`, up to `last`, in order. */
  *between(packet: number, last: number): Generator<Journey> {
    for (let id = packet + 1; id <= last; id += 1) {
      const journey = this.#journeys.get(id)
      if (journey) yield journey
    }
  }

  /** `worker-1`, or `pod/default/web` for a pod's namespace. */
  nameOf(netns: number): string {
    const space = this.#spaces.get(netns)
    if (!space) return `netns-${netns}`
    return space.pod === '' ? space.machine : `pod/${space.pod}`
  }

  podOf(netns: number): string {
    return this.#spaces.get(netns)?.pod ?? ''
  }

  linkName(netns: number, ifindex: number): string {
    return this.#links.get(`${netns}/${ifindex}`)?.name ?? `if${ifindex}`
  }

  /**
   * Every crossing of an interface, in order. In a tunnel the packet crosses as its carrier, but keeps its own addresses and TTL.
   */
  crossings(packet: number, depth = 0): PacketTap[] {
    const crossings: PacketTap[] = []
    for (const step of depth > DEPTH_MAX ? [] : (this.#journeys.get(packet)?.steps ?? [])) {
      if (step.at === 'tap') crossings.push(step.tap)
      const own = crossings.at(-1)
      if (step.at !== 'encap' || !own) continue
      for (const { netns, ifindex, dir } of this.crossings(step.outer, depth + 1)) crossings.push({ ...own, netns, ifindex, dir })
    }
    return crossings
  }

  /** The namespace where the packet was seen last. */
  endOf(packet: number): number {
    const journey = this.#journeys.get(packet)
    return journey?.delivered?.netns ?? this.dropOf(packet)?.netns ?? 0
  }

  /** The packet's addresses at the end of its way: as it was seen last, or rewritten after that. */
  lastEnds(packet: number): PacketEnds | null {
    const journey = this.#journeys.get(packet)
    if (!journey) return null
    const { born, steps, delivered } = journey
    let ends: PacketEnds = { src: born.src, sport: born.sport, dst: born.dst, dport: born.dport }
    for (const step of steps) {
      if (step.at === 'nat') ends = parseEnds(step.nat.to)
      // A flooded packet is also seen where it does not end.
      else if (step.at === 'tap' && (!delivered || step.tap.netns === delivered.netns)) {
        const { src, sport, dst, dport } = step.tap
        ends = { src, sport, dst, dport }
      }
    }
    return ends
  }

  /** Interfaces in the order in which the packet crossed them, tunnels unrolled; the ports of the node network's switch are left out. */
  path(packet: number, depth = 0): string[] {
    const journey = this.#journeys.get(packet)
    const path: string[] = []
    if (!journey || depth > DEPTH_MAX) return path
    const add = (name: string): void => {
      if (path[path.length - 1] !== name) path.push(name)
    }
    for (const step of journey.steps) {
      if (step.at === 'encap') for (const name of this.path(step.outer, depth + 1)) add(name)
      if (step.at !== 'tap') continue
      const { netns, ifindex } = step.tap
      const port = this.#links.get(`${netns}/${ifindex}`)
      const space = this.#spaces.get(netns)
      if (space && this.#routers.has(space.machine) && port && (port.master !== 0 || step.tap.dir === 'in')) continue
      add(`${this.nameOf(netns)}:${port?.name ?? ifindex}`)
    }
    return path
  }

  /** Where the packet died; for one that went into a tunnel, where the tunnel's packet died. */
  dropOf(packet: number, depth = 0): PacketDrop | null {
    const journey = this.#journeys.get(packet)
    if (!journey || depth > DEPTH_MAX) return null
    if (journey.drop) return journey.drop
    for (const step of journey.steps) if (step.at === 'encap') return this.dropOf(step.outer, depth + 1)
    return null
  }

  #fold(event: TraceEvent, atUs: number): void {
    switch (event.kind) {
      case 'machine.add':
        if (event.role === 'router') this.#routers.add(event.machine)
        return
      case 'netns.add':
        this.#spaces.set(event.netns, { name: event.name, machine: event.machine, pod: event.pod })
        return
      case 'link.add':
      case 'link.set':
        this.#links.set(`${event.netns}/${event.ifindex}`, event)
        return
      case 'packet.new': {
        this.#newest = event.packet
        this.#journeys.set(event.packet, { born: event, atUs, steps: [], delivered: null, drop: null })
        if (this.#journeys.size > JOURNEYS_MAX) {
          const oldest = this.#journeys.keys().next()
          if (!oldest.done) this.#journeys.delete(oldest.value)
        }
        return
      }
      case 'packet.tap':
        this.#journeys.get(event.packet)?.steps.push({ at: 'tap', tap: event })
        return
      case 'packet.rule':
        this.#journeys.get(event.packet)?.steps.push({ at: 'rule', rule: event })
        return
      case 'packet.nat':
        this.#journeys.get(event.packet)?.steps.push({ at: 'nat', nat: event })
        return
      case 'packet.route':
        this.#journeys.get(event.packet)?.steps.push({ at: 'route', route: event })
        return
      case 'packet.encap':
        this.#journeys.get(event.packet)?.steps.push({ at: 'encap', outer: event.outer })
        return
      case 'packet.deliver': {
        const journey = this.#journeys.get(event.packet)
        if (!journey) return
        journey.delivered = event
        this.onEnd?.(journey)
        return
      }
      case 'packet.drop': {
        const journey = this.#journeys.get(event.packet)
        if (!journey) return
        journey.drop = event
        this.onEnd?.(journey)
        return
      }
      default:
        return
    }
  }
}

/** `src:sport->dst:dport`, as `packet.nat` has it. */
function parseEnds(text: string): PacketEnds {
  const [src, dst] = text.split('->').map((end) => {
    const colon = end.lastIndexOf(':')
    return { address: end.slice(0, colon).replace(/^\[|\]$/g, ''), port: Number(end.slice(colon + 1)) }
  })
  return { src: src.address, sport: src.port, dst: dst.address, dport: dst.port }
}
