/** One route, and the names that iproute2 gives to tables, scopes and types (ip-route(8), /etc/iproute2/rt_tables). */
import type { IpAddr, Prefix } from '../addr/ip.ts'
import type { NetDevice } from '../device/net-device.ts'

export type RouteType = 'unicast' | 'local' | 'broadcast' | 'multicast' | 'unreachable' | 'blackhole' | 'prohibit' | 'throw' | 'none'
export type RouteScope = 'global' | 'link' | 'host'

export const TABLE_DEFAULT = 253
export const TABLE_MAIN = 254
export const TABLE_LOCAL = 255

export interface NextHop {
  readonly via: IpAddr | null
  readonly dev: NetDevice
  readonly weight: number
}

export interface Route {
  readonly type: RouteType
  readonly prefix: Prefix
  readonly via: IpAddr | null
  readonly dev: NetDevice | null
  /** Preferred source; null when the route does not say (then the device's addresses decide). */
  readonly src: IpAddr | null
  readonly metric: number
  readonly table: number
  readonly scope: RouteScope
  readonly protocol: string
  readonly onlink: boolean
  /** `mtu` of the route, or 0. */
  readonly mtu: number
  /** More than one next hop (ECMP); else empty. `via` and `dev` are then the first one's. */
  readonly nexthops: readonly NextHop[]
}

/** A look-up's answer is the route itself. */
export type RouteResult = Route

export interface RouteSpec {
  prefix: Prefix
  via?: IpAddr | null
  dev?: NetDevice | null
  src?: IpAddr | null
  metric?: number
  table?: number
  scope?: RouteScope
  protocol?: string
  type?: RouteType
  onlink?: boolean
  mtu?: number
  nexthops?: readonly NextHop[]
}

export const NO_ROUTE: Route = Object.freeze({
  type: 'none',
  prefix: { addr: 0, length: 0 },
  via: null,
  dev: null,
  src: null,
  metric: 0,
  table: 0,
  scope: 'global',
  protocol: '',
  onlink: false,
  mtu: 0,
  nexthops: [],
})

export interface RoutingRule {
  readonly priority: number
  readonly from: Prefix | null
  readonly to: Prefix | null
  readonly fwmark: number
  readonly fwmask: number
  readonly iif: string
  readonly oif: string
  /** Look up in `table`, or end here. */
  readonly action: 'lookup' | 'unreachable' | 'blackhole' | 'prohibit'
  readonly table: number
  readonly invert: boolean
  readonly family: 4 | 6
}

export interface RuleSpec {
  priority?: number
  from?: Prefix | null
  to?: Prefix | null
  fwmark?: number
  fwmask?: number
  iif?: string
  oif?: string
  action?: RoutingRule['action']
  table?: number
  invert?: boolean
  family?: 4 | 6
}

export function tableName(table: number): string {
  if (table === TABLE_MAIN) return 'main'
  if (table === TABLE_LOCAL) return 'local'
  return table === TABLE_DEFAULT ? 'default' : String(table)
}
