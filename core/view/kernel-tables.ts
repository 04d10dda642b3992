/**
 * What each kernel holds beside its links: routes, neighbours, the bridges' forwarding databases, listening sockets, connection
 * tracking, the sizes of its rule tables, and for which API object a chain was made.
 *
 * Truth: `route.*`, `neigh.*`, `fdb.*`, `socket.*`, `conntrack.*`, `rules.*` trace events.
 * Omits: the rules' text and counters; the host is asked for them when somebody looks.
 */
import type {
  ChainOrigin,
  ConntrackChange,
  FdbChange,
  NeighChange,
  RouteChange,
  RulesChange,
  SocketChange,
  TraceEvent,
} from '../sim/trace-event.ts'
import { copyNested, innerMap } from './copy-nested.ts'

export class KernelTablesFold {
  routes = new Map<number, Map<string, RouteChange>>()
  neighbours = new Map<number, Map<string, NeighChange>>()
  fdb = new Map<number, Map<string, FdbChange>>()
  sockets = new Map<number, Map<string, SocketChange>>()
  conntrack = new Map<number, Map<number, ConntrackChange>>()
  rules = new Map<number, Map<string, RulesChange>>()
  origins = new Map<number, Map<string, ChainOrigin>>()

  apply(event: TraceEvent): boolean {
    switch (event.kind) {
      case 'netns.del':
        for (const tables of [this.routes, this.neighbours, this.fdb, this.sockets, this.conntrack, this.rules, this.origins]) {
          tables.delete(event.netns)
        }
        return true
      case 'route.add':
        innerMap(this.routes, event.netns).set(routeKey(event), event)
        return true
      case 'route.del':
        this.routes.get(event.netns)?.delete(routeKey(event))
        return true
      case 'neigh.set':
        innerMap(this.neighbours, event.netns).set(`${event.ifindex} ${event.ip}`, event)
        return true
      case 'neigh.del':
        this.neighbours.get(event.netns)?.delete(`${event.ifindex} ${event.ip}`)
        return true
      case 'fdb.set':
        innerMap(this.fdb, event.netns).set(`${event.bridge} ${event.mac}`, event)
        return true
      case 'fdb.del':
        this.fdb.get(event.netns)?.delete(`${event.bridge} ${event.mac}`)
        return true
      case 'socket.listen':
        innerMap(this.sockets, event.netns).set(socketKey(event), event)
        return true
      case 'socket.close':
        this.sockets.get(event.netns)?.delete(socketKey(event))
        return true
      case 'conntrack.new':
      case 'conntrack.set':
        innerMap(this.conntrack, event.netns).set(event.entry, event)
        return true
      case 'conntrack.del':
        this.conntrack.get(event.netns)?.delete(event.entry)
        return true
      case 'rules.set':
        innerMap(this.rules, event.netns).set(`${event.family} ${event.table}`, event)
        return true
      case 'rules.origin':
        innerMap(this.origins, event.netns).set(`${event.table} ${event.chain}`, event)
        return true
      default:
        return false
    }
  }

  /** `Kind/namespace/name` that a chain was made for, or ''. */
  originOf(netns: number, table: string, chain: string): string {
    return this.origins.get(netns)?.get(`${table} ${chain}`)?.object ?? ''
  }

  /** Chains of a namespace that were made for an object. */
  chainsOf(object: string, netns: number): ChainOrigin[] {
    return [...(this.origins.get(netns)?.values() ?? [])].filter((origin) => origin.object === object)
  }

  ruleCount(netns: number, table: string): number {
    let count = 0
    for (const rules of this.rules.get(netns)?.values() ?? []) if (rules.table === table) count += rules.rules
    return count
  }

  checkpoint(): KernelTablesFold {
    const copy = new KernelTablesFold()
    copy.routes = copyNested(this.routes)
    copy.neighbours = copyNested(this.neighbours)
    copy.fdb = copyNested(this.fdb)
    copy.sockets = copyNested(this.sockets)
    copy.conntrack = copyNested(this.conntrack)
    copy.rules = copyNested(this.rules)
    copy.origins = copyNested(this.origins)
    return copy
  }
}

function routeKey(route: RouteChange): string {
  return `${route.table} ${route.type} ${route.prefix} ${route.via} ${route.ifindex} ${route.metric}`
}

function socketKey(socket: SocketChange): string {
  return `${socket.protocol} ${socket.address} ${socket.port} ${socket.pid}`
}
