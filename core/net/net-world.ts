/** All network namespaces of a world, the cables between them, and the counters that they share. */
import { assert } from '../base/assert.ts'
import type { Clock } from '../sim/clock.ts'
import type { RandomStreams } from '../sim/random.ts'
import type { Trace } from '../sim/trace.ts'
import type { Mac } from './addr/mac.ts'
import { WIRE_US } from './device/delays.ts'
import { emitLink } from './device/link-trace.ts'
import type { NetDevice } from './device/net-device.ts'
import { NetNamespace } from './net-namespace.ts'
import { Wire } from './wire.ts'

export interface NetWorldDeps {
  clock: Clock
  random: RandomStreams
  trace: Trace
}

export class NetWorld {
  readonly clock: Clock
  readonly random: RandomStreams
  readonly trace: Trace
  readonly namespaces = new Map<number, NetNamespace>()
  readonly wires: Wire[] = []
  #netnsId = 0
  #wireId = 0
  #packetId = 0

  constructor(deps: NetWorldDeps) {
    this.clock = deps.clock
    this.random = deps.random
    this.trace = deps.trace
  }

  createNamespace(name: string, machine: string, pod = ''): NetNamespace {
    this.#netnsId += 1
    const ns = new NetNamespace(this, this.#netnsId, name, machine, pod)
    this.namespaces.set(ns.id, ns)
    this.trace.emit({ kind: 'netns.add', netns: ns.id, machine, name, pod })
    ns.boot()
    return ns
  }

  destroyNamespace(ns: NetNamespace): void {
    if (!this.namespaces.has(ns.id)) return
    ns.destroy()
    this.namespaces.delete(ns.id)
    this.trace.emit({ kind: 'netns.del', netns: ns.id })
  }

  /** A cable between two network cards. */
  connect(a: NetDevice, b: NetDevice, options: { latencyUs?: number } = {}): Wire {
    assert(a.kind === 'nic' && b.kind === 'nic' && a !== b && !a.wire && !b.wire, 'a cable joins two free network cards')
    this.#wireId += 1
    const wire = new Wire(this, this.#wireId, a, b, options.latencyUs ?? WIRE_US)
    a.wire = wire
    b.wire = wire
    this.wires.push(wire)
    wire.emit()
    emitLink(a, 'link.set')
    emitLink(b, 'link.set')
    return wire
  }

  nextPacketId(): number {
    this.#packetId += 1
    return this.#packetId
  }

  /** eth_random_addr: locally administered, unicast. */
  randomMac(): Mac {
    const random = this.random.stream('net/mac')
    const first = (random.below(256) & 0xfe) | 0x02
    return first * 0x10000000000 + random.below(256) * 0x100000000 + random.u32()
  }
}
