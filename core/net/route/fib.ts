/**
 * The forwarding information base of one namespace: tables, policy rules, and the question "where does this go?"
 * (net/ipv4/fib_frontend.c, fib_rules.c, fib_semantics.c; ip-route(8), ip-rule(8)).
 *
 * Omits: TOS keys, realms, nexthop objects, route metrics other than `mtu`, rules by port or uid, `suppress_prefixlength`.
 */
import type { Errno } from '../../base/errno.ts'
import {
  addressBits,
  formatIp,
  formatPrefix,
  type IpAddr,
  isMulticast,
  LIMITED_BROADCAST,
  maskAddress,
  type Prefix,
  prefixContains,
} from '../addr/ip.ts'
import type { NetDevice } from '../device/net-device.ts'
import type { NetNamespace } from '../net-namespace.ts'
import { RouteTable } from './route-table.ts'
import {
  NO_ROUTE,
  type NextHop,
  type Route,
  type RouteResult,
  type RouteSpec,
  type RouteType,
  type RoutingRule,
  type RuleSpec,
  TABLE_DEFAULT,
  TABLE_LOCAL,
  TABLE_MAIN,
  tableName,
} from './route.ts'

export interface RouteQuery {
  dst: IpAddr
  src?: IpAddr
  /** ifindex of the device it came in through, or 0 for what is sent from here. */
  iif?: number
  oif?: number
  mark?: number
  tos?: number
}

export type RouteSelector = Partial<RouteSpec> & { prefix: Prefix }

export class Fib {
  readonly #ns: NetNamespace
  readonly #v4 = new Map<number, RouteTable>()
  readonly #v6 = new Map<number, RouteTable>()
  #rules4: RoutingRule[] = [defaultRule(0, TABLE_LOCAL, 4), defaultRule(32766, TABLE_MAIN, 4), defaultRule(32767, TABLE_DEFAULT, 4)]
  #rules6: RoutingRule[] = [defaultRule(0, TABLE_LOCAL, 6), defaultRule(32766, TABLE_MAIN, 6)]
  /** No rules but the kernel's own: the usual case, which needs no matching. */
  #plain4 = true
  #plain6 = true

  constructor(ns: NetNamespace) {
    this.#ns = ns
  }

  /** RTM_NEWROUTE with NLM_F_EXCL: `ip route add`. */
  add(spec: RouteSpec): Errno | null {
    const route = this.#check(spec)
    if (typeof route === 'string') return route
    const table = this.#table(route.table, route.prefix.addr)
    if (table.at(route.prefix.addr, route.prefix.length).some((other) => other.metric === route.metric)) return 'EEXIST'
    this.insert(route)
    return null
  }

  /** `ip route replace`. */
  replace(spec: RouteSpec): Errno | null {
    const route = this.#check(spec)
    if (typeof route === 'string') return route
    const table = this.#table(route.table, route.prefix.addr)
    const old = table.at(route.prefix.addr, route.prefix.length).find((other) => other.metric === route.metric)
    if (old) this.drop(old)
    this.insert(route)
    return null
  }

  /** Removes the first route that agrees with every field given. */
  del(selector: RouteSelector): Errno | null {
    const { prefix } = selector
    const route = this.#table(selector.table ?? TABLE_MAIN, prefix.addr)
      .at(prefix.addr, prefix.length)
      .find((candidate) => agrees(candidate, selector))
    if (!route) return 'ESRCH'
    this.drop(route)
    return null
  }

  /** Puts a route in unasked: what the kernel makes of addresses. */
  insert(route: Route): void {
    this.#table(route.table, route.prefix.addr).insert(route)
    this.#emit('route.add', route)
  }

  drop(route: Route): void {
    if (this.#table(route.table, route.prefix.addr).remove(route)) this.#emit('route.del', route)
  }

  /** Of one table, or of all (`ip route show table all`): IPv4 first, then by table and prefix. */
  list(table?: number): Route[] {
    const routes: Route[] = []
    for (const tables of [this.#v4, this.#v6]) {
      if (table !== undefined) routes.push(...(tables.get(table)?.list() ?? []))
      else for (const number of [...tables.keys()].sort((a, b) => a - b)) routes.push(...(tables.get(number) as RouteTable).list())
    }
    return routes
  }

  /** The routes of exactly this prefix in one table. */
  at(prefix: Prefix, table: number): readonly Route[] {
    return this.#table(table, prefix.addr).at(prefix.addr, prefix.length)
  }

  rules(family: 4 | 6 = 4): RoutingRule[] {
    return [...(family === 4 ? this.#rules4 : this.#rules6)]
  }

  addRule(spec: RuleSpec): Errno | null {
    const family = spec.family ?? familyOf(spec.from ?? spec.to)
    const rules = family === 4 ? this.#rules4 : this.#rules6
    const rule = completeRule(spec, family, rules)
    if (rules.some((other) => sameRule(other, rule))) return 'EEXIST'
    let at = 0
    while (at < rules.length && rules[at].priority <= rule.priority) at += 1
    rules.splice(at, 0, rule)
    this.#rulesChanged()
    return null
  }

  /** Removes the first rule that agrees with every field given. */
  delRule(spec: RuleSpec): Errno | null {
    const family = spec.family ?? familyOf(spec.from ?? spec.to)
    const rules = family === 4 ? this.#rules4 : this.#rules6
    const at = rules.findIndex((rule) => ruleAgrees(rule, spec))
    if (at < 0) return 'ENOENT'
    rules.splice(at, 1)
    this.#rulesChanged()
    return null
  }

  lookup(q: RouteQuery): RouteResult {
    return this.resolve(q.dst, q.src ?? 0, q.iif ?? 0, q.oif ?? 0, q.mark ?? 0)
  }

  /** `lookup` without an object: fib_lookup. */
  resolve(dst: IpAddr, src: IpAddr, iif: number, oif: number, mark: number): Route {
    const v6 = typeof dst === 'bigint'
    const tables = v6 ? this.#v6 : this.#v4
    if (v6 ? this.#plain6 : this.#plain4) {
      const local = tables.get(TABLE_LOCAL)?.lookup(dst, oif)
      if (local) return local
      const route = tables.get(TABLE_MAIN)?.lookup(dst, oif) ?? tables.get(TABLE_DEFAULT)?.lookup(dst, oif)
      if (!route || route.type === 'throw') return NO_ROUTE
      return route.nexthops.length > 0 ? this.#spread(route, dst, src, oif) : route
    }
    for (const rule of v6 ? this.#rules6 : this.#rules4) {
      if (!this.#ruleMatches(rule, dst, src, iif, oif, mark)) continue
      if (rule.action !== 'lookup') return { ...NO_ROUTE, type: rule.action, prefix: { addr: v6 ? 0n : 0, length: 0 } }
      const route = tables.get(rule.table)?.lookup(dst, oif)
      if (!route || route.type === 'throw') continue
      return route.nexthops.length > 0 ? this.#spread(route, dst, src, oif) : route
    }
    return NO_ROUTE
  }

  /** inet_addr_type: what an address is to this host, by its local table alone. */
  addressType(ip: IpAddr): RouteType {
    if (typeof ip === 'number') {
      if (ip === LIMITED_BROADCAST || ip >>> 24 === 0) return 'broadcast'
    } else if (ip === 0n) return 'none'
    if (isMulticast(ip)) return 'multicast'
    return (typeof ip === 'bigint' ? this.#v6 : this.#v4).get(TABLE_LOCAL)?.lookup(ip, 0)?.type ?? 'unicast'
  }

  /** Whether `ip` is an address of this host (RTN_LOCAL). */
  isLocal(ip: IpAddr): boolean {
    return (typeof ip === 'bigint' ? this.#v6 : this.#v4).get(TABLE_LOCAL)?.lookup(ip, 0)?.type === 'local'
  }

  /** Rules other than the kernel's own exist for this family: checks that look at addresses alone would be wrong. */
  hasCustomRules(ip: IpAddr): boolean {
    return typeof ip === 'bigint' ? !this.#plain6 : !this.#plain4
  }

  /** Removes every route that `gone` selects: fib_sync_down_dev, fib_sync_down_addr, fib_flush. */
  flush(gone: (route: Route) => boolean): void {
    for (const route of this.list()) if (gone(route)) this.drop(route)
  }

  #check(spec: RouteSpec): Route | Errno {
    const { prefix } = spec
    if (maskAddress(prefix.addr, prefix.length) !== prefix.addr || prefix.length > addressBits(prefix.addr)) return 'EINVAL'
    const type = spec.type ?? 'unicast'
    const first = spec.nexthops?.[0]
    const via = first ? first.via : (spec.via ?? null)
    let dev = first ? first.dev : (spec.dev ?? null)
    if (via !== null && typeof via !== typeof prefix.addr) return 'EINVAL'
    if (type === 'unicast' || type === 'local' || type === 'broadcast' || type === 'multicast') {
      if (via !== null) {
        const checked = this.#checkGateway(via, dev, spec.onlink ?? false)
        if (typeof checked === 'string') return checked
        dev = checked
      }
      if (dev === null) return 'ENODEV'
      if (!dev.up) return 'ENETDOWN'
    }
    for (const hop of spec.nexthops ?? []) {
      if (hop.via === null) continue
      const checked = this.#checkGateway(hop.via, hop.dev, spec.onlink ?? false)
      if (typeof checked === 'string') return checked
    }
    const src = spec.src ?? null
    if (src !== null && !this.isLocal(src)) return 'EINVAL'
    return makeRoute({ ...spec, type, via, dev, src })
  }

  /** fib_check_nh_v4_gw: a gateway must be a neighbour on a device that is up. */
  #checkGateway(via: IpAddr, dev: NetDevice | null, onlink: boolean): NetDevice | Errno {
    if (onlink) return dev === null ? 'EINVAL' : dev.up ? dev : 'ENETDOWN'
    const link = this.resolve(via, 0, 0, dev?.ifindex ?? 0, 0)
    if (typeof via === 'bigint' && via >> 118n === 0x3fan && dev) return dev.up ? dev : 'ENETDOWN'
    if (link.type === 'local') return 'EINVAL'
    if (link.type !== 'unicast' || link.via !== null || link.dev === null) return 'ENETUNREACH'
    return link.dev.up ? link.dev : 'ENETDOWN'
  }

  /** ECMP by source and destination (fib_multipath_hash_policy 0): a flow keeps its way. */
  #spread(route: Route, dst: IpAddr, src: IpAddr, oif: number): Route {
    let weights = 0
    for (const hop of route.nexthops) if (hopUsable(hop, oif)) weights += hop.weight
    if (weights === 0) return route
    let left = mix(Number(BigInt.asUintN(32, BigInt(src) ^ (BigInt(src) >> 64n))), Number(BigInt.asUintN(32, BigInt(dst)))) % weights
    for (const hop of route.nexthops) {
      if (!hopUsable(hop, oif)) continue
      if (left < hop.weight) return { ...route, via: hop.via, dev: hop.dev, nexthops: [] }
      left -= hop.weight
    }
    return route
  }

  #ruleMatches(rule: RoutingRule, dst: IpAddr, src: IpAddr, iif: number, oif: number, mark: number): boolean {
    let match = true
    if (rule.from && !(typeof src === typeof rule.from.addr ? prefixContains(rule.from, src) : rule.from.length === 0)) match = false
    if (match && rule.to && !prefixContains(rule.to, dst)) match = false
    if (match && rule.fwmask !== 0 && (mark & rule.fwmask) >>> 0 !== rule.fwmark) match = false
    // A packet that is sent from here comes in, for a rule, through the loopback device.
    if (match && rule.iif !== '' && (this.#ns.link(iif === 0 ? 1 : iif)?.name ?? '') !== rule.iif) match = false
    if (match && rule.oif !== '' && (this.#ns.link(oif)?.name ?? '') !== rule.oif) match = false
    return match !== rule.invert
  }

  #table(number: number, ip: IpAddr): RouteTable {
    const tables = typeof ip === 'bigint' ? this.#v6 : this.#v4
    let table = tables.get(number)
    if (!table) {
      table = new RouteTable()
      tables.set(number, table)
    }
    return table
  }

  #rulesChanged(): void {
    this.#plain4 = isPlain(this.#rules4, 3)
    this.#plain6 = isPlain(this.#rules6, 2)
  }

  #emit(kind: 'route.add' | 'route.del', route: Route): void {
    this.#ns.world.trace.emit({
      kind,
      netns: this.#ns.id,
      table: tableName(route.table),
      type: route.type,
      prefix: formatPrefix(route.prefix),
      via: route.via === null ? '' : formatIp(route.via),
      ifindex: route.dev?.ifindex ?? 0,
      src: route.src === null ? '' : formatIp(route.src),
      protocol: route.protocol,
      metric: route.metric,
    })
  }
}

/** Fills in what `ip route add` leaves to the kernel. */
export function makeRoute(spec: RouteSpec): Route {
  const type = spec.type ?? 'unicast'
  const via = spec.via ?? null
  const local = type === 'local' || type === 'broadcast'
  const scope = spec.scope ?? (type === 'local' ? 'host' : type === 'broadcast' || (type === 'unicast' && via === null) ? 'link' : 'global')
  return Object.freeze({
    type,
    prefix: Object.freeze({ addr: spec.prefix.addr, length: spec.prefix.length }),
    via,
    dev: spec.dev ?? null,
    src: spec.src ?? null,
    metric: spec.metric ?? (typeof spec.prefix.addr === 'bigint' && !local ? 1024 : 0),
    table: spec.table ?? (local ? TABLE_LOCAL : TABLE_MAIN),
    scope,
    protocol: spec.protocol ?? 'boot',
    onlink: spec.onlink ?? false,
    mtu: spec.mtu ?? 0,
    nexthops: spec.nexthops && spec.nexthops.length > 1 ? [...spec.nexthops] : [],
  })
}

function agrees(route: Route, selector: RouteSelector): boolean {
  return (
    (selector.type === undefined || selector.type === route.type) &&
    (selector.via === undefined || selector.via === null || selector.via === route.via) &&
    (selector.dev === undefined || selector.dev === null || selector.dev === route.dev) &&
    (selector.src === undefined || selector.src === null || selector.src === route.src) &&
    (selector.metric === undefined || selector.metric === route.metric) &&
    (selector.scope === undefined || selector.scope === route.scope) &&
    (selector.protocol === undefined || selector.protocol === route.protocol)
  )
}

function hopUsable(hop: NextHop, oif: number): boolean {
  return hop.dev.up && (oif === 0 || hop.dev.ifindex === oif)
}

/** The finalizer of MurmurHash3 over two words. */
function mix(a: number, b: number): number {
  let h = Math.imul(a ^ Math.imul(b, 0x9e3779b1), 0x85ebca6b)
  h ^= h >>> 13
  h = Math.imul(h, 0xc2b2ae35)
  return (h ^ (h >>> 16)) >>> 0
}

function defaultRule(priority: number, table: number, family: 4 | 6): RoutingRule {
  return { priority, from: null, to: null, fwmark: 0, fwmask: 0, iif: '', oif: '', action: 'lookup', table, invert: false, family }
}

/** A rule without priority goes before the first one that the kernel did not make at 0 (fib_default_rule_pref). */
function completeRule(spec: RuleSpec, family: 4 | 6, rules: readonly RoutingRule[]): RoutingRule {
  const second = rules.find((rule) => rule.priority > 0)
  const fwmark = (spec.fwmark ?? 0) >>> 0
  return {
    priority: spec.priority ?? (second ? Math.max(second.priority - 1, 0) : 32765),
    from: spec.from ?? null,
    to: spec.to ?? null,
    fwmark,
    fwmask: (spec.fwmask ?? (fwmark === 0 ? 0 : 0xffffffff)) >>> 0,
    iif: spec.iif ?? '',
    oif: spec.oif ?? '',
    action: spec.action ?? 'lookup',
    table: spec.table ?? TABLE_MAIN,
    invert: spec.invert ?? false,
    family,
  }
}

function samePrefix(a: Prefix | null, b: Prefix | null): boolean {
  return a === b || (a !== null && b !== null && a.addr === b.addr && a.length === b.length)
}

function sameRule(a: RoutingRule, b: RoutingRule): boolean {
  return ruleAgrees(a, { ...b })
}

function ruleAgrees(rule: RoutingRule, spec: RuleSpec): boolean {
  return (
    (spec.priority === undefined || spec.priority === rule.priority) &&
    (spec.from === undefined || samePrefix(spec.from, rule.from)) &&
    (spec.to === undefined || samePrefix(spec.to, rule.to)) &&
    (spec.fwmark === undefined || spec.fwmark >>> 0 === rule.fwmark) &&
    (spec.iif === undefined || spec.iif === rule.iif) &&
    (spec.oif === undefined || spec.oif === rule.oif) &&
    (spec.action === undefined || spec.action === rule.action) &&
    (spec.table === undefined || spec.table === rule.table) &&
    (spec.invert === undefined || spec.invert === rule.invert)
  )
}

function familyOf(prefix: Prefix | null | undefined): 4 | 6 {
  return prefix && typeof prefix.addr === 'bigint' ? 6 : 4
}

function isPlain(rules: readonly RoutingRule[], count: number): boolean {
  return rules.length === count && rules.every((rule) => rule.priority === 0 || rule.priority >= 32766)
}
