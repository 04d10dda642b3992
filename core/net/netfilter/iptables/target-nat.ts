/**
 * Targets of the nat table: DNAT, SNAT, MASQUERADE, REDIRECT, NETMAP. Truth: iptables-extensions(8), xt_nat.c,
 * nf_nat_masquerade.c, nf_nat_redirect.c, xt_NETMAP.c.
 *
 * Omits: port shifting (`--to-destination :80-90/8080`).
 */
import type { HookName } from '../../../sim/trace-event.ts'
import { formatIp, type IpAddr, isV6, parseIp, parsePrefix } from '../../addr/ip.ts'
import { NAT_PERSISTENT, NAT_RANDOM, NAT_RANDOM_FULLY, type NatRange } from '../nat.ts'
import { optionShapes, Refusal, type RuleHead, type TargetDefinition, type Uses } from './extension.ts'
import type { RuleContext, TargetAction, TargetResult } from './rule.ts'
import { portNumber } from './words.ts'

const DNAT_HOOKS: readonly HookName[] = ['PREROUTING', 'OUTPUT']
const SNAT_HOOKS: readonly HookName[] = ['POSTROUTING', 'INPUT']
const PORT_PROTOCOLS: readonly number[] = [6, 17, 33, 132, 136]

function randomFlags(uses: Uses): number {
  return (
    (uses.has('random') ? NAT_RANDOM : 0) |
    (uses.has('random-fully') ? NAT_RANDOM_FULLY : 0) |
    (uses.has('persistent') ? NAT_PERSISTENT : 0)
  )
}

function flagWords(uses: Uses): string[] {
  return ['random', 'random-fully', 'persistent'].filter((name) => uses.has(name))
}

function portsOf(text: string): { min: number; max: number } | Refusal {
  const [low, high = low] = text.split('-')
  const min = portNumber(low)
  const max = portNumber(high)
  if (min === null || max === null || min === 0) return new Refusal(`Port \`${text}' not valid`)
  return min > max ? new Refusal(`Port range \`${text}' funky`) : { min, max }
}

function needsPorts(head: RuleHead): Refusal | null {
  if (PORT_PROTOCOLS.includes(head.protocol) && !head.protocolInvert) return null
  return new Refusal('Need TCP, UDP, SCTP or DCCP with port specification')
}

/** `a[-b][:port[-port]]`, `[v6]:port`, `:port`. */
function parseDestination(text: string, head: RuleHead): NatRange | Refusal {
  const v6 = head.family === 'ipv6'
  let addresses = text
  let ports = ''
  if (v6) {
    const bracketed = /^\[([^\]]*)\](?::(.*))?$/.exec(text)
    if (bracketed) [addresses, ports] = [bracketed[1], bracketed[2] ?? '']
  } else {
    const colon = text.indexOf(':')
    if (colon >= 0) [addresses, ports] = [text.slice(0, colon), text.slice(colon + 1)]
  }
  let portRange = { min: 0, max: 0 }
  if (ports !== '') {
    const wrong = needsPorts(head)
    if (wrong) return wrong
    const parsed = portsOf(ports)
    if (parsed instanceof Refusal) return parsed
    portRange = parsed
  }
  if (addresses === '') return { low: null, high: null, minPort: portRange.min, maxPort: portRange.max, flags: 0 }
  const [lowText, highText = lowText] = addresses.split('-')
  const low = parseIp(lowText)
  const high = parseIp(highText)
  if (low === null || isV6(low) !== v6) return new Refusal(`Bad IP address "${lowText}"`)
  if (high === null || isV6(high) !== v6) return new Refusal(`Bad IP address "${highText}"`)
  return { low, high, minPort: portRange.min, maxPort: portRange.max, flags: 0 }
}

function rangeText({ low, high, minPort, maxPort }: NatRange): string {
  const ports = minPort === 0 ? '' : `:${minPort === maxPort ? minPort : `${minPort}-${maxPort}`}`
  if (low === null || high === null) return ports
  const addresses = low === high ? formatIp(low) : `${formatIp(low)}-${formatIp(high)}`
  return isV6(low) && ports !== '' ? `[${addresses}]${ports}` : `${addresses}${ports}`
}

function setup(context: RuleContext, range: NatRange, side: 'src' | 'dst'): TargetResult {
  return context.netfilter.nat.setUp(context.packet, range, side) ? 'ACCEPT' : 'DROP'
}

function rewriting(
  name: 'DNAT' | 'SNAT',
  option: string,
  alias: string,
  side: 'src' | 'dst',
  hooks: readonly HookName[],
): TargetDefinition {
  return {
    name,
    needsConntrack: true,
    options: optionShapes([`${option},${alias}=1`, 'random=0', 'random-fully=0', 'persistent=0']),
    build(uses, head): TargetAction | Refusal {
      const text = uses.value(option)
      if (text === undefined) return new Refusal(`${name}: option "--${option}" must be specified\n`)
      const parsed = parseDestination(text, head)
      if (parsed instanceof Refusal) return parsed
      const range = { ...parsed, flags: randomFlags(uses) }
      const words = flagWords(uses)
      return {
        name,
        run: (context) => setup(context, range, side),
        text: ` --${option} ${rangeText(range)}${words.map((word) => ` --${word}`).join('')}`,
        list: () => `to:${rangeText(range)}${words.map((word) => ` ${word}`).join('')}`,
        tables: ['nat'],
        hooks,
      }
    },
  }
}

export const dnatTarget = rewriting('DNAT', 'to-destination', 'to-dest', 'dst', DNAT_HOOKS)
export const snatTarget = rewriting('SNAT', 'to-source', 'to-src', 'src', SNAT_HOOKS)

function portOnly(uses: Uses, head: RuleHead): NatRange | Refusal {
  const text = uses.value('to-ports')
  const flags = randomFlags(uses)
  if (text === undefined) return { low: null, high: null, minPort: 0, maxPort: 0, flags }
  const wrong = needsPorts(head)
  if (wrong) return wrong
  const ports = portsOf(text)
  return ports instanceof Refusal ? ports : { low: null, high: null, minPort: ports.min, maxPort: ports.max, flags }
}

function portsText({ minPort, maxPort }: NatRange): string {
  return minPort === maxPort ? String(minPort) : `${minPort}-${maxPort}`
}

export const masqueradeTarget: TargetDefinition = {
  name: 'MASQUERADE',
  needsConntrack: true,
  options: optionShapes(['to-ports=1', 'random=0', 'random-fully=0']),
  build(uses, head) {
    const ports = portOnly(uses, head)
    if (ports instanceof Refusal) return ports
    const words = flagWords(uses)
    return {
      name: 'MASQUERADE',
      run(context) {
        const { ns, packet, outDev } = context
        if (!outDev) return 'DROP'
        // nf_nat_masquerade_ipv4 asks for the address that suits the next hop.
        const { via } = ns.fib.lookup({ dst: packet.dst, oif: outDev.ifindex, mark: packet.mark })
        const address = ns.sourceAddressFor(via ?? packet.dst, outDev)
        if (address === null) return 'DROP'
        if (packet.ct) packet.ct.masqueradeIfindex = outDev.ifindex
        return setup(context, { ...ports, low: address, high: address }, 'src')
      },
      text: `${ports.minPort ? ` --to-ports ${portsText(ports)}` : ''}${words.map((word) => ` --${word}`).join('')}`,
      list: () => [...(ports.minPort ? [`masq ports: ${portsText(ports)}`] : []), ...words].join(' '),
      tables: ['nat'],
      hooks: ['POSTROUTING'],
    }
  },
}

export const redirectTarget: TargetDefinition = {
  name: 'REDIRECT',
  needsConntrack: true,
  options: optionShapes(['to-ports=1', 'random=0']),
  build(uses, head) {
    const ports = portOnly(uses, head)
    if (ports instanceof Refusal) return ports
    const words = flagWords(uses)
    return {
      name: 'REDIRECT',
      run(context) {
        const address = redirectAddress(context)
        return address === null ? 'DROP' : setup(context, { ...ports, low: address, high: address }, 'dst')
      },
      text: `${ports.minPort ? ` --to-ports ${portsText(ports)}` : ''}${words.map((word) => ` --${word}`).join('')}`,
      list: () => [...(ports.minPort ? [`redir ports ${portsText(ports)}`] : []), ...words].join(' '),
      tables: ['nat'],
      hooks: DNAT_HOOKS,
    }
  },
}

/** Loopback for what was sent from here, else the first address of the interface it came in by. */
function redirectAddress({ hook, packet, inDev }: RuleContext): IpAddr | null {
  const v6 = isV6(packet.dst)
  if (hook === 'OUTPUT') return v6 ? 1n : 0x7f000001
  return inDev?.addresses.find(({ ip }) => isV6(ip) === v6)?.ip ?? null
}

export const netmapTarget: TargetDefinition = {
  name: 'NETMAP',
  needsConntrack: true,
  options: optionShapes(['to=1']),
  build(uses, head) {
    const text = uses.value('to')
    const prefix = text === undefined ? null : parsePrefix(text)
    if (!prefix || isV6(prefix.addr) || head.family === 'ipv6') return new Refusal('NETMAP: option "--to" must be specified\n')
    const mask = prefix.length === 0 ? 0 : -1 << (32 - prefix.length)
    const network = (prefix.addr & mask) >>> 0
    const shown = `${formatIp(network)}${prefix.length === 32 ? '' : `/${prefix.length}`}`
    return {
      name: 'NETMAP',
      run(context) {
        const side = DNAT_HOOKS.includes(context.hook) ? 'dst' : 'src'
        const address = (network | (Number(context.packet[side]) & ~mask)) >>> 0
        return setup(context, { low: address, high: address, minPort: 0, maxPort: 0, flags: 0 }, side)
      },
      text: ` --to ${shown}`,
      list: () => `to:${shown}`,
      tables: ['nat'],
    }
  },
}
