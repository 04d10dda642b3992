/**
 * `ip route` (iproute.c). Omits: realms, encapsulation, next-hop objects, cached exceptions, `save` and `restore`, metrics other
 * than `mtu`.
 */
import { addressBits, formatIp, formatPrefix, type IpAddr, isV6, networkOf, type Prefix, prefixContains } from '../../net/addr/ip.ts'
import type { NetDevice } from '../../net/device/net-device.ts'
import { type NextHop, type Route, type RouteSpec, type RouteType, tableName } from '../../net/route/route.ts'
import type { Json } from '../json-writer.ts'
import { wholeNumber } from '../options.ts'
import { answers, type IpCall, IpFailure, invalidArgument, kernelError, keyword, readAddress, readPrefix, tableNumber, unknownCommand } from './ip-call.ts'
import { ipRouteGet } from './ip-route-get.ts'

const COMMANDS = ['list', 'show', 'lst', 'get', 'add', 'change', 'chg', 'replace', 'append', 'prepend', 'delete', 'flush', 'help']
const USAGE = 'Usage: ip route { show | flush } SELECTOR\n       ip route get ADDRESS [ from ADDRESS iif STRING ] [ oif STRING ] [ mark NUMBER ]\n       ip route { add | del | change | append | replace } ROUTE\n'

const TYPES: readonly string[] = ['unicast', 'local', 'broadcast', 'multicast', 'unreachable', 'blackhole', 'prohibit', 'throw']

export function ipRoute(call: IpCall): IpFailure | null {
  const word = call.next() ?? 'list'
  switch (keyword(word, COMMANDS)) {
    case 'list':
    case 'show':
    case 'lst':
      return show(call)
    case 'get':
      return ipRouteGet(call)
    case 'add':
      return change(call, 'add')
    case 'change':
    case 'chg':
      return change(call, 'change')
    case 'replace':
      return change(call, 'replace')
    case 'append':
    case 'prepend':
      return change(call, 'append')
    case 'delete':
      return change(call, 'delete')
    case 'flush':
      return flush(call)
    case 'help':
      return new IpFailure(USAGE, 255)
  }
  return unknownCommand(word, 'route')
}

interface RouteFilter {
  table: number | 'all'
  device: NetDevice | null
  via: IpAddr | null
  protocol: string
  scope: string
  type: string
  root: Prefix | null
  match: Prefix | null
  exact: Prefix | null
  src: IpAddr | null
}

function readFilter(call: IpCall): RouteFilter | IpFailure {
  const filter: RouteFilter = { table: 254, device: null, via: null, protocol: '', scope: '', type: '', root: null, match: null, exact: null, src: null }
  for (let word = call.next(); word !== undefined; word = call.next()) {
    if (TYPES.includes(word)) {
      filter.type = word
      if (word === 'local' || word === 'broadcast') filter.table = 255
      continue
    }
    const takes = ['table', 'dev', 'oif', 'via', 'proto', 'protocol', 'scope', 'root', 'match', 'exact', 'to', 'src', 'type', 'metric', 'tos', 'iif', 'vrf']
    const value = takes.includes(word) ? call.value() : word
    if (value instanceof IpFailure) return value
    switch (word) {
      case 'table': {
        const table = value === 'all' ? 'all' : tableNumber(value)
        if (table === null) return invalidArgument(value, 'table id value is invalid\n')
        filter.table = table
        break
      }
      case 'dev':
      case 'oif': {
        const device = call.device(value)
        if (device instanceof IpFailure) return device
        filter.device = device
        break
      }
      case 'via':
      case 'src': {
        const address = readAddress(value, call.family)
        if (address instanceof IpFailure) return address
        filter[word] = address
        break
      }
      case 'proto':
      case 'protocol':
        filter.protocol = value
        break
      case 'scope':
        filter.scope = value
        break
      case 'type':
        filter.type = value
        break
      case 'root':
      case 'match': {
        const prefix = readPrefix(value, call.family)
        if (prefix instanceof IpFailure) return prefix
        filter[word] = prefix
        break
      }
      case 'metric':
      case 'tos':
      case 'iif':
      case 'vrf':
        break
      default: {
        const text = word === 'exact' || (word === 'to' && value !== 'exact') ? value : word === 'to' ? call.value() : value
        if (text instanceof IpFailure) return text
        if (text === 'cache' || text === 'cached') break
        const prefix = readPrefix(text, call.family)
        if (prefix instanceof IpFailure) return prefix
        filter.exact = prefix
      }
    }
  }
  return filter
}

function selected(call: IpCall, filter: RouteFilter): Route[] {
  const families = call.family === 0 ? (filter.table === 'all' ? [false, true] : [false]) : [call.family === 6]
  const wanted = filter.exact ?? filter.root ?? filter.match
  const v6 = wanted && call.family === 0 && isV6(wanted.addr) ? [true] : families
  const all = filter.table === 'all' ? call.ns.fib.list() : call.ns.fib.list(filter.table)
  const routes = all.filter((route) => {
    if (!v6.includes(isV6(route.prefix.addr))) return false
    if ((filter.device || filter.via !== null) && route.nexthops.length > 1) return false
    if (filter.device && route.dev !== filter.device) return false
    if (filter.via !== null && route.via !== filter.via) return false
    if (filter.src !== null && route.src !== filter.src) return false
    if (filter.protocol !== '' && route.protocol !== filter.protocol) return false
    if (filter.scope !== '' && route.scope !== filter.scope) return false
    if (filter.type !== '' && route.type !== filter.type) return false
    if (filter.exact && !(route.prefix.addr === filter.exact.addr && route.prefix.length === filter.exact.length)) return false
    if (filter.root && !(route.prefix.length >= filter.root.length && prefixContains(filter.root, route.prefix.addr))) return false
    return !filter.match || (route.prefix.length <= filter.match.length && prefixContains(route.prefix, filter.match.addr))
  })
  if (filter.table !== 'all') return routes
  // The kernel dumps table by table: the main one first, then as they were made.
  const order = (route: Route): number => (isV6(route.prefix.addr) ? 1000 : 0) + (route.table === 254 ? 0 : route.table === 255 ? 2 : 1)
  return routes.map((route, i) => ({ route, i })).sort((a, b) => order(a.route) - order(b.route) || a.i - b.i).map(({ route }) => route)
}

function show(call: IpCall): IpFailure | null {
  const filter = readFilter(call)
  if (filter instanceof IpFailure) return filter
  const routes = selected(call, filter)
  if (typeof filter.table === 'number' && ![253, 254, 255].includes(filter.table) && call.ns.fib.list(filter.table).length === 0) {
    return new IpFailure(`Error: ipv${call.family === 6 ? 6 : 4}: FIB table does not exist.\nDump terminated\n`, 2)
  }
  if (call.json) call.printJson(routes.map((route) => routeJson(route, filter)))
  else for (const route of routes) call.print(`${routeText(route, filter)}\n`)
  return null
}

function prefixText(prefix: Prefix): string {
  if (prefix.length === 0) return 'default'
  return prefix.length === addressBits(prefix.addr) ? formatIp(prefix.addr) : formatPrefix(prefix)
}

/** One route as `ip route` prints it. What the filter fixes is not repeated. */
export function routeText(route: Route, filter: { device: NetDevice | null; via: IpAddr | null; protocol: string; scope: string; table: number | 'all' }): string {
  const v6 = isV6(route.prefix.addr)
  let text = route.type === 'unicast' ? '' : `${route.type} `
  text += `${prefixText(route.prefix)} `
  const multipath = route.nexthops.length > 1
  if (!multipath) {
    if (route.via !== null && filter.via === null) text += `via ${formatIp(route.via)} `
    if (route.dev && !filter.device) text += `dev ${route.dev.name} `
  }
  if (filter.table === 'all' && route.table !== 254) text += `table ${tableName(route.table)} `
  if (route.protocol !== 'boot' && filter.protocol === '') text += `proto ${route.protocol} `
  if (!v6 && route.scope !== 'global' && filter.scope === '') text += `scope ${route.scope} `
  if (route.src !== null) text += `src ${formatIp(route.src)} `
  if (route.metric !== 0 || v6) text += `metric ${route.metric} `
  if (route.onlink && !multipath) text += 'onlink '
  if (isLinkDown(route)) text += 'linkdown '
  if (route.mtu !== 0) text += `mtu ${route.mtu} `
  for (const hop of multipath ? route.nexthops : []) {
    text += `\n\tnexthop ${hop.via === null ? '' : `via ${formatIp(hop.via)} `}dev ${hop.dev.name} weight ${hop.weight} `
  }
  return v6 ? `${text}pref medium` : text
}

/** RTNH_F_LINKDOWN: the device is up but has no carrier. */
function isLinkDown(route: Route): boolean {
  return route.dev?.up === true && !route.dev.carrier
}

function routeJson(route: Route, filter: RouteFilter): Json {
  const v6 = isV6(route.prefix.addr)
  const multipath = route.nexthops.length > 1
  return {
    type: route.type === 'unicast' ? undefined : route.type,
    dst: prefixText(route.prefix),
    gateway: route.via === null || multipath ? undefined : formatIp(route.via),
    dev: multipath ? undefined : route.dev?.name,
    table: filter.table === 'all' && route.table !== 254 ? tableName(route.table) : undefined,
    protocol: route.protocol === 'boot' ? undefined : route.protocol,
    scope: v6 || route.scope === 'global' ? undefined : route.scope,
    prefsrc: route.src === null ? undefined : formatIp(route.src),
    metric: route.metric !== 0 || v6 ? route.metric : undefined,
    flags: [...(route.onlink ? ['onlink'] : []), ...(isLinkDown(route) ? ['linkdown'] : [])],
    metrics: route.mtu === 0 ? undefined : [{ mtu: route.mtu }],
    nexthops: multipath
      ? route.nexthops.map((hop) => ({ gateway: hop.via === null ? undefined : formatIp(hop.via), dev: hop.dev.name, weight: hop.weight, flags: [] }))
      : undefined,
    pref: v6 ? 'medium' : undefined,
  }
}

function change(call: IpCall, how: 'add' | 'change' | 'replace' | 'append' | 'delete'): IpFailure | null {
  if (call.words.length === 0) return new IpFailure(USAGE, 255)
  const spec: Partial<RouteSpec> = {}
  const hops: NextHop[] = []
  for (let word = call.next(); word !== undefined; word = call.next()) {
    if (TYPES.includes(word)) {
      spec.type = word as RouteType
      continue
    }
    if (word === 'onlink') {
      spec.onlink = true
      continue
    }
    if (word === 'nexthop') {
      const hop = readHop(call)
      if (hop instanceof IpFailure) return hop
      hops.push(hop)
      continue
    }
    const takes = ['to', 'via', 'dev', 'oif', 'src', 'metric', 'priority', 'preference', 'table', 'proto', 'protocol', 'scope', 'mtu', 'advmss', 'window', 'rtt', 'pref', 'tos', 'initcwnd', 'hoplimit']
    const value = takes.includes(word) ? call.value() : word
    if (value instanceof IpFailure) return value
    switch (word) {
      case 'via': {
        const address = readAddress(value === 'inet' || value === 'inet6' ? (call.next() ?? '') : value, call.family)
        if (address instanceof IpFailure) return address
        spec.via = address
        break
      }
      case 'src': {
        const address = readAddress(value, call.family)
        if (address instanceof IpFailure) return address
        spec.src = address
        break
      }
      case 'dev':
      case 'oif': {
        const device = call.device(value)
        if (device instanceof IpFailure) return device
        spec.dev = device
        break
      }
      case 'metric':
      case 'priority':
      case 'preference': {
        const metric = wholeNumber(value)
        if (metric === null) return invalidArgument(value, '"metric" value is invalid\n')
        spec.metric = metric
        break
      }
      case 'table': {
        const table = tableNumber(value)
        if (table === null) return invalidArgument(value, '"table" value is invalid\n')
        spec.table = table
        break
      }
      case 'proto':
      case 'protocol':
        spec.protocol = value
        break
      case 'scope':
        if (value !== 'global' && value !== 'link' && value !== 'host') return invalidArgument(value, 'invalid "scope" value\n')
        spec.scope = value
        break
      case 'mtu':
        spec.mtu = wholeNumber(value === 'lock' ? (call.next() ?? '') : value) ?? 0
        break
      case 'advmss':
      case 'window':
      case 'rtt':
      case 'pref':
      case 'tos':
      case 'initcwnd':
      case 'hoplimit':
        break
      default: {
        if (spec.prefix) return new IpFailure(`Error: either "to" is duplicate, or "${value}" is a garbage.\n`, 255)
        const prefix = readPrefix(value, call.family)
        if (prefix instanceof IpFailure) return prefix
        spec.prefix = prefix
      }
    }
  }
  if (!spec.prefix) {
    spec.prefix = { addr: call.family === 6 ? 0n : 0, length: 0 }
  }
  if (spec.prefix.length === 0 && typeof spec.via === 'bigint') spec.prefix = { addr: 0n, length: 0 }
  const { addr, length } = spec.prefix
  if (networkOf(addr, length).addr !== addr) return kernelError('Invalid prefix for given prefix length')
  if (spec.type === 'local' || spec.type === 'broadcast') spec.table ??= 255
  if (hops.length > 0) spec.nexthops = hops
  const whole = spec as RouteSpec
  const { fib } = call.ns
  const error =
    how === 'delete'
      ? fib.del(whole)
      : how === 'replace'
        ? fib.replace(whole)
        : how === 'change'
          ? fib.list(whole.table ?? 254).some((route) => route.prefix.addr === addr && route.prefix.length === length)
            ? fib.replace(whole)
            : 'ENOENT'
          : fib.add(whole)
  if (error === null || (how === 'append' && error === 'EEXIST')) return null
  const gateway = spec.via != null || hops.length > 0
  if (gateway && error === 'ENETUNREACH') return kernelError('Nexthop has invalid gateway')
  if (gateway && error === 'EINVAL') return kernelError(spec.src != null ? 'Invalid prefsrc address' : 'Nexthop has invalid gateway')
  if (spec.src != null && error === 'EINVAL') return kernelError('Invalid prefsrc address')
  if (error === 'ENETDOWN') return kernelError('Nexthop device is not up')
  if (error === 'ENODEV' && !spec.dev) return how === 'delete' ? answers('ESRCH') : answers('ENODEV')
  return answers(how === 'delete' && error === 'ENOENT' ? 'ESRCH' : error)
}

function readHop(call: IpCall): NextHop | IpFailure {
  let via: IpAddr | null = null
  let dev: NetDevice | null = null
  let weight = 1
  while (call.words.length > 0 && call.words[0] !== 'nexthop') {
    const word = call.next() as string
    if (word === 'onlink') continue
    const value = call.value()
    if (value instanceof IpFailure) return value
    if (word === 'via') {
      const address = readAddress(value, call.family)
      if (address instanceof IpFailure) return address
      via = address
    } else if (word === 'dev') {
      const device = call.device(value)
      if (device instanceof IpFailure) return device
      dev = device
    } else if (word === 'weight') weight = wholeNumber(value) ?? 1
    else return new IpFailure(`Error: "nexthop" or end of line is expected instead of "${word}"\n`, 255)
  }
  if (dev === null && via !== null) dev = call.ns.fib.lookup({ dst: via }).dev
  if (dev === null) return kernelError('Nexthop has invalid gateway')
  return { via, dev, weight }
}

function flush(call: IpCall): IpFailure | null {
  if (call.words.length === 0) return new IpFailure('"ip route flush" requires arguments.\n', 255)
  const filter = readFilter(call)
  if (filter instanceof IpFailure) return filter
  for (const route of selected(call, filter)) call.ns.fib.drop(route)
  return null
}
