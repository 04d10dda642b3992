/**
 * Matches on the transport header: tcp, udp, sctp, multiport, tcpmss, icmp, icmp6. Truth: iptables-extensions(8), xt_tcpudp.c,
 * xt_multiport.c. A fragment without its transport header matches none of them.
 *
 * Omits: `--chunk-types` of sctp.
 */
import { IPPROTO_ICMP, IPPROTO_ICMPV6, IPPROTO_SCTP, IPPROTO_TCP, IPPROTO_UDP, type Packet } from '../../packet/packet.ts'
import { bang, type MatchDefinition, optionShapes, Refusal, type RuleHead, type Uses } from './extension.ts'
import { icmpTypeNumber, icmpTypeName } from './icmp-types.ts'
import type { Matcher } from './rule.ts'
import { portName, portRange, type PortRange, unsigned } from './words.ts'

interface PortTest extends PortRange {
  readonly invert: boolean
}

const FLAG_NAMES: readonly (readonly [string, number])[] = [
  ['FIN', 0x01],
  ['SYN', 0x02],
  ['RST', 0x04],
  ['PSH', 0x08],
  ['ACK', 0x10],
  ['URG', 0x20],
]
const SYN_MASK = 0x17
const SYN = 0x02

export const tcpMatch: MatchDefinition = {
  name: 'tcp',
  options: optionShapes(['sport,source-port=1!', 'dport,destination-port=1!', 'tcp-flags=2!', 'syn=0!', 'tcp-option=1!']),
  build: (uses, head) => buildTcp(uses, head),
}

export const udpMatch: MatchDefinition = {
  name: 'udp',
  options: optionShapes(['sport,source-port=1!', 'dport,destination-port=1!']),
  build: (uses, head) => buildPorts('udp', IPPROTO_UDP, uses, head),
}

export const sctpMatch: MatchDefinition = {
  name: 'sctp',
  options: optionShapes(['sport,source-port=1!', 'dport,destination-port=1!']),
  build: (uses, head) => buildPorts('sctp', IPPROTO_SCTP, uses, head),
}

function portTest(uses: Uses, name: string): PortTest | null | Refusal {
  const text = uses.value(name)
  if (text === undefined) return null
  const range = portRange(text)
  return range instanceof Refusal ? range : { ...range, invert: uses.inverted(name) }
}

function portFits(test: PortTest, port: number): boolean {
  return (port >= test.min && port <= test.max) !== test.invert
}

function portSave(option: string, test: PortTest): string {
  return ` ${bang(test.invert)}--${option} ${test.min === test.max ? test.min : `${test.min}:${test.max}`}`
}

function portList(option: string, test: PortTest, numeric: boolean): string {
  const shown = (port: number) => portName(port, numeric)
  const many = test.min !== test.max
  return ` ${option}${many ? 's' : ''}:${test.invert ? '!' : ''}${many ? `${shown(test.min)}:${shown(test.max)}` : shown(test.min)}`
}

function wrongProtocol(name: string, protocol: number, head: RuleHead): Refusal | null {
  if (head.protocol === protocol && !head.protocolInvert) return null
  return new Refusal(`${name.toUpperCase()} match requires '-p ${name}'`)
}

function buildPorts(name: string, protocol: number, uses: Uses, head: RuleHead): Matcher | Refusal {
  const sport = portTest(uses, 'sport')
  const dport = portTest(uses, 'dport')
  if (sport instanceof Refusal) return sport
  if (dport instanceof Refusal) return dport
  const wrong = wrongProtocol(name, protocol, head)
  if (wrong) return wrong
  return {
    match({ packet }) {
      if (packet.protocol !== protocol || packet.fragmentOffset > 0) return false
      return (sport === null || portFits(sport, packet.sport)) && (dport === null || portFits(dport, packet.dport))
    },
    text: `-m ${name}${sport ? portSave('sport', sport) : ''}${dport ? portSave('dport', dport) : ''}`,
    list: (numeric) => `${name}${sport ? portList('spt', sport, numeric) : ''}${dport ? portList('dpt', dport, numeric) : ''}`,
  }
}

function flagNames(bits: number): string {
  const names = FLAG_NAMES.filter(([, bit]) => (bits & bit) !== 0).map(([name]) => name)
  return names.length === 0 ? 'NONE' : names.join(',')
}

function parseFlags(text: string): number | Refusal {
  let bits = 0
  for (const word of text.split(',')) {
    const flag = FLAG_NAMES.find(([name]) => name === word.toUpperCase())
    if (flag) bits |= flag[1]
    else if (word.toUpperCase() === 'ALL') bits |= 0x3f
    else if (word.toUpperCase() !== 'NONE') return new Refusal(`Unknown TCP flag \`${word}'`)
  }
  return bits
}

function tcpFlags(uses: Uses): { mask: number; bits: number; invert: boolean } | null | Refusal {
  const syn = uses.get('syn')
  if (syn) return { mask: SYN_MASK, bits: SYN, invert: syn.inverted }
  const use = uses.get('tcp-flags')
  if (!use) return null
  const mask = parseFlags(use.values[0])
  const bits = parseFlags(use.values[1])
  if (mask instanceof Refusal) return mask
  return bits instanceof Refusal ? bits : { mask, bits, invert: use.inverted }
}

function buildTcp(uses: Uses, head: RuleHead): Matcher | Refusal {
  const ports = buildPorts('tcp', IPPROTO_TCP, uses, head)
  const flags = tcpFlags(uses)
  if (ports instanceof Refusal) return ports
  if (flags instanceof Refusal) return flags
  const option = uses.get('tcp-option')
  const optionNumber = option ? unsigned(option.values[0], 255) : null
  if (option && (optionNumber === null || optionNumber === 0)) return new Refusal(`Bad TCP option \`${option.values[0]}'`)
  if (!flags && !option) return ports
  const flagText = (bits: number, numeric: boolean) => (numeric ? `0x${bits.toString(16).toUpperCase().padStart(2, '0')}` : flagNames(bits))
  return {
    match(context) {
      const { packet } = context
      if (!ports.match(context)) return false
      if (flags && ((packet.flags & flags.mask) === flags.bits) === flags.invert) return false
      return !option || hasTcpOption(packet, optionNumber as number) !== option.inverted
    },
    text:
      ports.text +
      (option ? ` ${bang(option.inverted)}--tcp-option ${optionNumber}` : '') +
      (flags ? ` ${bang(flags.invert)}--tcp-flags ${flagNames(flags.mask)} ${flagNames(flags.bits)}` : ''),
    list: (numeric) =>
      ports.list(numeric) +
      (option ? ` option=${option.inverted ? '!' : ''}${optionNumber}` : '') +
      (flags ? ` flags:${flags.invert ? '!' : ''}${flagText(flags.mask, numeric)}/${flagText(flags.bits, numeric)}` : ''),
  }
}

/** IANA TCP option kinds that a simulated stack sends. */
function hasTcpOption(packet: Packet, kind: number): boolean {
  switch (kind) {
    case 2:
      return packet.mss > 0
    case 3:
      return packet.windowScale > 0
    case 4:
      return packet.sackOk
    case 8:
      return packet.tsVal > 0
    default:
      return false
  }
}

const MULTIPORT_MAX = 15

export const multiportMatch: MatchDefinition = {
  name: 'multiport',
  options: optionShapes(['sports,source-ports=1!', 'dports,destination-ports=1!', 'ports=1!']),
  build(uses, head) {
    const use = uses.all[0]
    if (!use) return new Refusal('multiport expection an option')
    const ranges: PortRange[] = []
    for (const word of use.values[0].split(',')) {
      const range = portRange(word)
      if (range instanceof Refusal) return range
      ranges.push(range)
    }
    if (ranges.length > MULTIPORT_MAX) return new Refusal('too many ports specified')
    if (![6, 17, 33, 132, 136].includes(head.protocol) || head.protocolInvert) {
      return new Refusal("multiport needs `-p tcp', `-p udp', `-p udplite', `-p sctp' or `-p dccp'")
    }
    const inside = (port: number) => ranges.some((range) => port >= range.min && port <= range.max)
    const words = (numeric: boolean) =>
      ranges
        .map((range) =>
          range.min === range.max ? portName(range.min, numeric) : `${portName(range.min, numeric)}:${portName(range.max, numeric)}`,
        )
        .join(',')
    const { name, inverted } = use
    return {
      match({ packet }) {
        if (packet.protocol !== head.protocol || packet.fragmentOffset > 0) return false
        const hit = (name !== 'dports' && inside(packet.sport)) || (name !== 'sports' && inside(packet.dport))
        return hit !== inverted
      },
      text: `-m multiport ${bang(inverted)}--${name} ${words(true)}`,
      list: (numeric) => `multiport ${name} ${inverted ? ' !' : ''}${words(numeric)}`,
    }
  },
}

export const tcpmssMatch: MatchDefinition = {
  name: 'tcpmss',
  options: optionShapes(['mss=1!']),
  build(uses) {
    const text = uses.value('mss')
    if (text === undefined) return new Refusal('tcpmss: option "--mss" must be specified\n')
    const [low, high = low] = text.split(':')
    const min = unsigned(low || '0', 65535)
    const max = unsigned(high || '65535', 65535)
    if (min === null || max === null) return new Refusal('tcpmss: bad value for option "--mss", or out of range (0-65535).\n')
    const inverted = uses.inverted('mss')
    const shown = min === max ? String(min) : `${min}:${max}`
    return {
      match: ({ packet }) => packet.mss > 0 && (packet.mss >= min && packet.mss <= max) !== inverted,
      text: `-m tcpmss ${bang(inverted)}--mss ${shown}`,
      list: () => `tcpmss match ${inverted ? '!' : ''}${shown}`,
    }
  },
}

function icmpMatchOf(name: string, option: string, protocol: number, v6: boolean): MatchDefinition {
  return {
    name,
    family: v6 ? 'ipv6' : 'ipv4',
    options: optionShapes([`${option}=1!`]),
    build(uses, head) {
      const use = uses.get(option)
      const wanted = use ? icmpTypeNumber(use.values[0], v6) : { type: 255, code: -1 }
      if (use && wanted === null) return new Refusal(`Unknown ICMP${v6 ? 'v6' : ''} type \`${use.values[0]}'`)
      if (head.protocol !== protocol || head.protocolInvert) return new Refusal(`${v6 ? 'icmpv6' : 'icmp'} match requires '-p ${name}'`)
      const { type, code } = wanted as { type: number; code: number }
      const inverted = use?.inverted ?? false
      const any = type === 255 && !v6
      const saved = any ? 'any' : code < 0 ? String(type) : `${type}/${code}`
      return {
        match({ packet }) {
          if (packet.protocol !== protocol || packet.fragmentOffset > 0) return false
          return (any || (packet.icmpType === type && (code < 0 || packet.icmpCode === code))) !== inverted
        },
        text: `-m ${name} ${bang(inverted)}--${option} ${saved}`,
        list(numeric) {
          const known = numeric ? null : icmpTypeName(type, code, v6)
          const word = v6 ? 'ipv6-icmp' : 'icmp'
          if (known) return `${word} ${inverted ? '!' : ''}${known}`
          return `${word}${inverted ? ' !type' : 'type'} ${type}${code < 0 ? '' : ` code ${code}`}`
        },
      }
    },
  }
}

export const icmpMatch = icmpMatchOf('icmp', 'icmp-type', IPPROTO_ICMP, false)
export const icmp6Match = icmpMatchOf('icmp6', 'icmpv6-type', IPPROTO_ICMPV6, true)
