/** `ip neighbour` (ipneigh.c). Omits: proxies, router flags, probes. */
import { formatIp, type IpAddr, isV6, type Prefix, prefixContains } from '../../net/addr/ip.ts'
import { formatMac, parseMac } from '../../net/addr/mac.ts'
import type { NetDevice } from '../../net/device/net-device.ts'
import type { NeighbourEntry, NeighbourState } from '../../net/neigh/neighbour-table.ts'
import { answers, type IpCall, IpFailure, invalidArgument, keyword, readAddress, readPrefix, unknownCommand } from './ip-call.ts'

const COMMANDS = ['add', 'change', 'chg', 'replace', 'delete', 'get', 'show', 'lst', 'list', 'flush', 'help']
const STATES = ['permanent', 'reachable', 'noarp', 'none', 'stale', 'incomplete', 'delay', 'probe', 'failed']

export function ipNeigh(call: IpCall): IpFailure | null {
  const word = call.next() ?? 'show'
  switch (keyword(word, COMMANDS)) {
    case 'add':
    case 'change':
    case 'chg':
    case 'replace':
    case 'delete':
      return change(call, keyword(word, COMMANDS) as string)
    case 'show':
    case 'lst':
    case 'list':
      return show(call)
    case 'get':
      return get(call)
    case 'flush':
      return flush(call)
    case 'help':
      return new IpFailure('Usage: ip neigh { add | del | change | replace } { ADDR [ lladdr LLADDR ] [ nud STATE ] } [ dev DEV ]\n       ip neigh { show | flush } [ to PREFIX ] [ dev DEV ] [ nud STATE ]\n', 255)
  }
  return unknownCommand(word, 'neigh')
}

interface Filter {
  device: NetDevice | null
  to: Prefix | null
  states: string[]
}

function readFilter(call: IpCall): Filter | IpFailure {
  const filter: Filter = { device: null, to: null, states: [] }
  for (let word = call.next(); word !== undefined; word = call.next()) {
    if (word === 'unused' || word === 'proxy') continue
    const value = ['dev', 'to', 'nud', 'vrf', 'master'].includes(word) ? call.value() : word
    if (value instanceof IpFailure) return value
    if (word === 'dev') {
      const device = call.device(value)
      if (device instanceof IpFailure) return device
      filter.device = device
    } else if (word === 'nud') {
      if (value !== 'all' && !STATES.includes(value)) return invalidArgument(value, 'nud state is bad\n')
      filter.states.push(value)
    } else if (word !== 'vrf' && word !== 'master') {
      if (value === 'all') {
        filter.states.push('all')
        continue
      }
      const prefix = readPrefix(value, call.family)
      if (prefix instanceof IpFailure) return prefix
      filter.to = prefix
    }
  }
  return filter
}

function selected(call: IpCall, filter: Filter): NeighbourEntry[] {
  return call.ns.neigh.list().filter((entry) => {
    if (call.family !== 0 && isV6(entry.ip) !== (call.family === 6)) return false
    if (filter.device && entry.dev !== filter.device) return false
    if (filter.to && !prefixContains(filter.to, entry.ip)) return false
    if (filter.states.length > 0) return filter.states.includes('all') || filter.states.includes(entry.state.toLowerCase())
    return entry.state !== 'NONE' && entry.state !== 'NOARP'
  })
}

function entryText(call: IpCall, entry: NeighbourEntry, withDevice: boolean): string {
  let text = `${formatIp(entry.ip)} ${withDevice ? `dev ${entry.dev.name} ` : ''}`
  const mac = entry.mac !== null && entry.state !== 'INCOMPLETE' && entry.state !== 'FAILED' ? entry.mac : null
  if (mac !== null) text += `lladdr ${formatMac(mac)} `
  if (call.stats > 0) {
    const nowUs = call.proc.world.clock.nowUs
    const ages = [entry.usedUs, entry.confirmedUs, entry.updatedUs].map((atUs) => Math.floor((nowUs - atUs) / 1e6))
    text += ` used ${ages.join('/')}probes ${entry.probes} `
  }
  return `${text}${entry.state} \n`
}

function show(call: IpCall): IpFailure | null {
  const filter = readFilter(call)
  if (filter instanceof IpFailure) return filter
  const entries = selected(call, filter)
  if (call.json) {
    call.printJson(
      entries.map((entry) => ({
        dst: formatIp(entry.ip),
        dev: filter.device ? undefined : entry.dev.name,
        lladdr: entry.mac !== null && entry.state !== 'INCOMPLETE' && entry.state !== 'FAILED' ? formatMac(entry.mac) : undefined,
        state: [entry.state],
      })),
    )
    return null
  }
  for (const entry of entries) call.print(entryText(call, entry, filter.device === null))
  return null
}

function get(call: IpCall): IpFailure | null {
  const filter = readFilter(call)
  if (filter instanceof IpFailure) return filter
  if (!filter.device || !filter.to) return new IpFailure('Device and address are required arguments.\n', 255)
  const entry = call.ns.neigh.get(filter.to.addr, filter.device)
  if (!entry) return answers('ENOENT')
  call.print(entryText(call, entry, true))
  return null
}

function change(call: IpCall, how: string): IpFailure | null {
  let ip: IpAddr | null = null
  let device: NetDevice | null = null
  let mac: number | null = null
  let state: NeighbourState = 'PERMANENT'
  for (let word = call.next(); word !== undefined; word = call.next()) {
    if (word === 'router' || word === 'use' || word === 'managed' || word === 'extern_learn') continue
    const value = ['dev', 'lladdr', 'nud', 'to', 'protocol'].includes(word) ? call.value() : word
    if (value instanceof IpFailure) return value
    if (word === 'dev') {
      const found = call.device(value)
      if (found instanceof IpFailure) return found
      device = found
    } else if (word === 'lladdr') {
      mac = parseMac(value)
      if (mac === null) return new IpFailure(`"${value}" is invalid lladdr.\n`, 1)
    } else if (word === 'nud') {
      if (!STATES.includes(value)) return invalidArgument(value, 'nud state is bad\n')
      state = value.toUpperCase() as NeighbourState
    } else if (word !== 'protocol') {
      const address = readAddress(value, call.family)
      if (address instanceof IpFailure) return address
      ip = address
    }
  }
  if (ip === null || !device) return new IpFailure('Device and destination are required arguments.\n', 255)
  const known = call.ns.neigh.get(ip, device)
  if (how === 'delete') {
    const error = call.ns.neigh.del(ip, device)
    return error ? answers(error) : null
  }
  if (how === 'add' && known && known.state !== 'NONE') return answers('EEXIST')
  if (how.startsWith('ch') && !known) return answers('ENOENT')
  const error = call.ns.neigh.set(ip, device, mac ?? known?.mac ?? null, state)
  return error ? answers(error) : null
}

function flush(call: IpCall): IpFailure | null {
  if (call.words.length === 0) return new IpFailure('Flush requires arguments.\n', 255)
  const filter = readFilter(call)
  if (filter instanceof IpFailure) return filter
  const all = filter.states.includes('all')
  for (const entry of selected(call, { ...filter, states: all ? [] : filter.states })) {
    // Without `nud` permanent entries stay: they were put there on purpose.
    if (entry.state === 'PERMANENT' && !filter.states.includes('permanent')) continue
    call.ns.neigh.del(entry.ip, entry.dev)
  }
  return null
}
