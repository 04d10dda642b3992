/**
 * IPAM out of ranges, remembered in files: `/var/lib/cni/networks/<network>/<address>` holds the container's id and interface,
 * `last_reserved_ip.<set>` the place from which the search goes on (round robin).
 * Truth: github.com/containernetworking/plugins, plugins/ipam/host-local. `IP=` in CNI_ARGS asks for an address.
 *
 * Omits: resolvConf, and the lock file's meaning (programs of one machine never interleave within an allocation).
 */
import { type IpAddr, type Prefix, formatIp, isV6, networkOf, parseIp, parsePrefix } from '../../net/addr/ip.ts'
import type { FileSystem } from '../../linux/file-system.ts'
import { CNI_ERROR, CNI_STATE_DIR, CNI_VERSION, type CniAddress, type CniError, type CniResult, type IpRange, type PluginConfig, cniError } from './cni-types.ts'
import { type CniPlugin, type CniRequest, cniProgram } from './plugin-program.ts'
import { readText } from './read-text.ts'

/** How many addresses an allocation looks at before it gives up. */
const SEARCH_MAX = 1 << 17

interface Range {
  subnet: Prefix
  first: bigint
  last: bigint
  gateway: IpAddr
}

const plugin: CniPlugin = {
  // biome-ignore lint/correctness/useYield: a plugin is a generator, this one never waits
  *add(request) {
    const sets = rangeSets(request.config)
    if (typeof sets === 'string') return cniError(CNI_ERROR.invalidConfig, sets)
    const dir = directory(request.config)
    const fs = request.proc.fs
    fs.mkdir(dir, { parents: true })
    const wanted = requestedAddress(request)
    const ips: CniAddress[] = []
    for (const [index, set] of sets.entries()) {
      const taken = allocate(fs, dir, index, set, request, wanted)
      if (!('address' in taken)) return taken
      ips.push(taken)
    }
    const result: CniResult = { cniVersion: CNI_VERSION, ips, dns: {} }
    if (request.config.ipam?.routes) result.routes = request.config.ipam.routes
    return result
  },

  // biome-ignore lint/correctness/useYield: as above
  *del(request) {
    const fs = request.proc.fs
    const dir = directory(request.config)
    for (const [name, holder] of reservations(fs, dir)) {
      if (holder === `${request.containerId}\n${request.ifName}`) fs.remove(`${dir}/${name}`)
    }
    return null
  },
}

export const hostLocal = cniProgram(plugin)

function directory(config: PluginConfig): string {
  return `${config.ipam?.dataDir ?? `${CNI_STATE_DIR}/networks`}/${config.name ?? ''}`
}

function* reservations(fs: FileSystem, dir: string): Generator<[name: string, holder: string], void, unknown> {
  const names = fs.list(dir)
  if (typeof names === 'string') return
  for (const name of names) {
    if (parseIp(name) === null) continue
    yield [name, (readText(fs, `${dir}/${name}`) ?? '').trim()]
  }
}

function requestedAddress(request: CniRequest): IpAddr | null {
  const text = request.args.get('IP') ?? ''
  return text === '' ? null : parseIp(text.split('/')[0])
}

function allocate(fs: FileSystem, dir: string, index: number, set: Range[], request: CniRequest, wanted: IpAddr | null): CniAddress | CniError {
  const holder = `${request.containerId}\n${request.ifName}`
  for (const [, value] of reservations(fs, dir)) {
    if (value === holder) return cniError(CNI_ERROR.internal, `failed to allocate for range ${index}: ${request.containerId} has been allocated to ${request.ifName}, duplicate allocation is not allowed`)
  }
  const reserve = (range: Range, ip: IpAddr): CniAddress => {
    const text = formatIp(ip)
    fs.write(`${dir}/${text}`, `${request.containerId}\n${request.ifName}`)
    fs.write(`${dir}/last_reserved_ip.${index}`, text)
    return { address: `${text}/${range.subnet.length}`, gateway: formatIp(range.gateway) }
  }
  const free = (ip: IpAddr): boolean => readText(fs, `${dir}/${formatIp(ip)}`) === null
  if (wanted !== null) {
    const range = set.find((r) => isV6(r.subnet.addr) === isV6(wanted) && BigInt(wanted) >= r.first && BigInt(wanted) <= r.last)
    if (!range) return cniError(CNI_ERROR.internal, `failed to allocate all requested IPs: ${formatIp(wanted)}`)
    if (wanted === range.gateway) return cniError(CNI_ERROR.internal, `failed to allocate for range ${index}: requested ip ${formatIp(wanted)} is subnet's gateway`)
    if (!free(wanted)) return cniError(CNI_ERROR.internal, `failed to allocate for range ${index}: requested IP address ${formatIp(wanted)} is not available in range set ${rangeText(set)}`)
    return reserve(range, wanted)
  }
  for (const [range, ip] of addressesAfter(set, parseIp((readText(fs, `${dir}/last_reserved_ip.${index}`) ?? '').trim()))) {
    if (ip !== range.gateway && free(ip)) return reserve(range, ip)
  }
  return cniError(CNI_ERROR.internal, `failed to allocate for range ${index}: no IP addresses available in range set: ${rangeText(set)}`)
}

/** Every address of the set once, beginning after `last` and wrapping around. */
function* addressesAfter(set: Range[], last: IpAddr | null): Generator<[Range, IpAddr], void, unknown> {
  let start = 0
  let from = set[0].first
  if (last !== null) {
    const at = set.findIndex((r) => BigInt(last) >= r.first && BigInt(last) <= r.last && isV6(r.subnet.addr) === isV6(last))
    if (at >= 0) {
      start = at
      from = BigInt(last) + 1n
    }
  }
  let looked = 0
  for (let round = 0; round <= set.length; round += 1) {
    const range = set[(start + round) % set.length]
    // The first range is seen twice: its tail now, its head at the end.
    const first = round === 0 ? from : range.first
    const last_ = round === set.length ? from - 1n : range.last
    for (let ip = first; ip <= last_ && looked < SEARCH_MAX; ip += 1n, looked += 1) {
      yield [range, isV6(range.subnet.addr) ? ip : Number(ip)]
    }
  }
}

function rangeSets(config: PluginConfig): Range[][] | string {
  const ipam = config.ipam
  if (!ipam) return 'IPAM config missing \'ipam\' key'
  const written: IpRange[][] = [...(ipam.ranges ?? [])]
  if (ipam.subnet) written.unshift([{ subnet: ipam.subnet, rangeStart: ipam.rangeStart, rangeEnd: ipam.rangeEnd, gateway: ipam.gateway }])
  if (written.length === 0) return 'no IP ranges specified'
  const sets: Range[][] = []
  for (const [index, set] of written.entries()) {
    const ranges: Range[] = []
    for (const one of set) {
      const range = readRange(one)
      if (typeof range === 'string') return `invalid range set ${index}: ${range}`
      ranges.push(range)
    }
    if (ranges.length > 0) sets.push(ranges)
  }
  return sets
}

function readRange(written: IpRange): Range | string {
  const subnet = parsePrefix(written.subnet)
  if (!subnet) return `invalid CIDR address: ${written.subnet}`
  const base = networkOf(subnet.addr, subnet.length)
  const bits = isV6(base.addr) ? 128 : 32
  if (bits - subnet.length < 2) return `Network ${written.subnet} too small to allocate from`
  const start = BigInt(base.addr)
  const end = start + (1n << BigInt(bits - subnet.length)) - 1n
  const first = written.rangeStart ? parseIp(written.rangeStart) : null
  const last = written.rangeEnd ? parseIp(written.rangeEnd) : null
  const gateway = written.gateway ? parseIp(written.gateway) : null
  const plain = start + 1n
  return {
    subnet: base,
    first: first === null ? plain : BigInt(first),
    // The broadcast address is nobody's; IPv6 has none.
    last: last === null ? (bits === 32 ? end - 1n : end) : BigInt(last),
    gateway: gateway ?? (bits === 128 ? plain : Number(plain)),
  }
}

function rangeText(set: Range[]): string {
  const text = (range: Range, value: bigint): string => formatIp(isV6(range.subnet.addr) ? value : Number(value))
  return set.map((r) => `${text(r, r.first)}-${text(r, r.last)}`).join(',')
}
