/**
 * The shape of the network as the kernels report it: machines, network namespaces, links with both ends of each pair, addresses
 * and cables. What the topology draws; nothing in it is worked out from API objects.
 *
 * Truth: `machine.*`, `netns.*`, `link.*`, `addr.*` and `wire.set` trace events.
 * Omits: routes, neighbours and rules, which live in `kernel-tables.ts`.
 */
import type { LinkState, MachineAdd, TraceEvent } from '../sim/trace-event.ts'
import { copyNested, innerMap } from './copy-nested.ts'

export interface MachineModel {
  machine: string
  role: MachineAdd['role']
  netns: number
  running: boolean
}

export interface NamespaceModel {
  netns: number
  machine: string
  name: string
  pod: string
}

export interface LinkModel extends Omit<LinkState, 'kind'> {
  addresses: readonly string[]
}

export interface WireModel {
  wire: number
  aNetns: number
  aIfindex: number
  bNetns: number
  bIfindex: number
  latencyUs: number
  up: boolean
}

export class TopologyFold {
  machines = new Map<string, MachineModel>()
  namespaces = new Map<number, NamespaceModel>()
  links = new Map<number, Map<number, LinkModel>>()
  wires = new Map<number, WireModel>()

  /** Returns whether the picture changed. */
  apply(event: TraceEvent): boolean {
    switch (event.kind) {
      case 'machine.add':
        this.machines.set(event.machine, { machine: event.machine, role: event.role, netns: event.netns, running: true })
        if (!this.namespaces.has(event.netns)) {
          this.namespaces.set(event.netns, { netns: event.netns, machine: event.machine, name: event.machine, pod: '' })
        }
        return true
      case 'machine.set': {
        const machine = this.machines.get(event.machine)
        if (machine !== undefined) this.machines.set(event.machine, { ...machine, running: event.running })
        return true
      }
      case 'netns.add':
        this.namespaces.set(event.netns, { netns: event.netns, machine: event.machine, name: event.name, pod: event.pod })
        return true
      case 'netns.del':
        this.namespaces.delete(event.netns)
        this.links.delete(event.netns)
        return true
      case 'link.add':
      case 'link.set': {
        const { kind: _kind, ...state } = event
        const links = innerMap(this.links, event.netns)
        links.set(event.ifindex, { ...state, addresses: links.get(event.ifindex)?.addresses ?? [] })
        return true
      }
      case 'link.del':
        this.links.get(event.netns)?.delete(event.ifindex)
        return true
      case 'addr.add':
      case 'addr.del': {
        const links = this.links.get(event.netns)
        const link = links?.get(event.ifindex)
        if (links === undefined || link === undefined) return false
        const others = link.addresses.filter((cidr) => cidr !== event.cidr)
        links.set(event.ifindex, { ...link, addresses: event.kind === 'addr.add' ? [...others, event.cidr] : others })
        return true
      }
      case 'wire.set': {
        const { kind: _kind, ...wire } = event
        this.wires.set(event.wire, wire)
        return true
      }
      default:
        return false
    }
  }

  linksOf(netns: number): LinkModel[] {
    return [...(this.links.get(netns)?.values() ?? [])].sort((a, b) => a.ifindex - b.ifindex)
  }

  link(netns: number, ifindex: number): LinkModel | undefined {
    return this.links.get(netns)?.get(ifindex)
  }

  /** The namespace of a pod's sandbox, by `namespace/name`. */
  namespaceOfPod(pod: string): NamespaceModel | undefined {
    for (const namespace of this.namespaces.values()) if (namespace.pod === pod) return namespace
    return undefined
  }

  /** Where an address lives now, without its prefix length. */
  holderOf(ip: string): { netns: number; ifindex: number } | undefined {
    for (const [netns, links] of this.links) {
      for (const link of links.values()) {
        for (const cidr of link.addresses) if (cidr.slice(0, cidr.indexOf('/')) === ip) return { netns, ifindex: link.ifindex }
      }
    }
    return undefined
  }

  checkpoint(): TopologyFold {
    const copy = new TopologyFold()
    copy.machines = new Map(this.machines)
    copy.namespaces = new Map(this.namespaces)
    copy.links = copyNested(this.links)
    copy.wires = new Map(this.wires)
    return copy
  }
}
