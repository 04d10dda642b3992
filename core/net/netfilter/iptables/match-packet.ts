/**
 * Matches on the packet and what the kernel keeps beside it: comment, mark, addrtype, iprange, mac, physdev, ttl, hl, length,
 * pkttype, tos, dscp. Truth: iptables-extensions(8) and the xt_*.c of the same names.
 *
 * Omits: addrtype's UNREACHABLE and PROHIBIT for IPv6, owner, u32, string, bpf, set.
 */
import { formatIp, type IpAddr, parseIp } from '../../addr/ip.ts'
import { formatMac, parseMac } from '../../addr/mac.ts'
import type { NetDevice } from '../../device/net-device.ts'
import { ipLength } from '../../packet/packet.ts'
import { bang, type MatchDefinition, optionShapes, Refusal } from './extension.ts'
import { interfaceTest } from './interface-test.ts'
import { interfaceFits } from './evaluate.ts'
import type { Matcher, RuleContext } from './rule.ts'
import { hex, markText, quoted, unsigned, valueAndMask } from './words.ts'

export const COMMENT_MAX = 255

export const commentMatch: MatchDefinition = {
  name: 'comment',
  options: optionShapes(['comment=1']),
  build(uses) {
    const comment = uses.value('comment')
    if (comment === undefined) return new Refusal('comment: option "--comment" must be specified\n')
    const kept = comment.slice(0, COMMENT_MAX)
    return { match: () => true, text: `-m comment --comment ${quoted(kept)}`, list: () => `/* ${kept} */` }
  },
}

export const markMatch: MatchDefinition = {
  name: 'mark',
  options: optionShapes(['mark=1!']),
  build(uses) {
    const use = uses.get('mark')
    if (!use) return new Refusal('mark: option "--mark" must be specified\n')
    const parsed = valueAndMask(use.values[0])
    if (!parsed) return new Refusal('mark: bad mark value for option "--mark", or out of range.\n')
    const { value, mask } = parsed
    return {
      match: ({ packet }) => ((packet.mark & mask) >>> 0 === value) !== use.inverted,
      text: `-m mark ${bang(use.inverted)}--mark ${markText(value, mask)}`,
      list: () => `mark match ${bang(use.inverted)}${markText(value, mask)}`,
    }
  },
}

/** In the order of the bits of xt_addrtype.h, which is the order of printing. */
const ADDRESS_TYPES = [
  'UNSPEC',
  'UNICAST',
  'LOCAL',
  'BROADCAST',
  'ANYCAST',
  'MULTICAST',
  'BLACKHOLE',
  'UNREACHABLE',
  'PROHIBIT',
  'THROW',
  'NAT',
  'XRESOLVE',
] as const

function typeOf(context: RuleContext, address: IpAddr, device: NetDevice | null): string {
  const type = context.ns.fib.addressType(address).toUpperCase()
  // inet_dev_addr_type: an address is local only where it is configured.
  if (device && type === 'LOCAL' && !device.addresses.some((each) => each.ip === address)) return 'UNICAST'
  return type === 'NONE' ? 'UNREACHABLE' : type
}

export const addrtypeMatch: MatchDefinition = {
  name: 'addrtype',
  options: optionShapes(['src-type=1!', 'dst-type=1!', 'limit-iface-in=0', 'limit-iface-out=0']),
  build(uses) {
    if (!uses.has('src-type') && !uses.has('dst-type')) return new Refusal('addrtype: you must specify --src-type or --dst-type')
    const limitIn = uses.has('limit-iface-in')
    const limitOut = uses.has('limit-iface-out')
    if (limitIn && limitOut) return new Refusal("addrtype: you can't specify both --limit-iface-in and --limit-iface-out")
    const sides: { side: 'src' | 'dst'; types: string[]; inverted: boolean }[] = []
    for (const side of ['src', 'dst'] as const) {
      const use = uses.get(`${side}-type`)
      if (!use) continue
      const words = use.values[0].toUpperCase().split(',')
      const bad = words.find((word) => !ADDRESS_TYPES.some((type) => type === word))
      if (bad !== undefined) return new Refusal(`addrtype: bad type \`${bad.toLowerCase()}'`)
      sides.push({ side, types: ADDRESS_TYPES.filter((type) => words.includes(type)), inverted: use.inverted })
    }
    const limit = limitIn ? 'in' : limitOut ? 'out' : ''
    const saved = sides.map(({ side, types, inverted }) => ` ${bang(inverted)}--${side}-type ${types.join(',')}`).join('')
    const listed = sides.map(({ side, types, inverted }) => ` ${side}-type ${inverted ? '!' : ''}${types.join(',')}`).join('')
    return {
      match(context) {
        const device = limitIn ? context.inDev : limitOut ? context.outDev : null
        return sides.every(({ side, types, inverted }) => types.includes(typeOf(context, context.packet[side], device)) !== inverted)
      },
      text: `-m addrtype${saved}${limit ? ` --limit-iface-${limit}` : ''}`,
      list: () => `ADDRTYPE match${listed}${limit ? ` limit-${limit}` : ''}`,
    }
  },
}

export const iprangeMatch: MatchDefinition = {
  name: 'iprange',
  options: optionShapes(['src-range=1!', 'dst-range=1!']),
  build(uses) {
    if (uses.all.length === 0) return new Refusal("iprange match: You must specify `--src-range' or `--dst-range'")
    const tests: { side: 'src' | 'dst'; low: IpAddr; high: IpAddr; inverted: boolean }[] = []
    for (const side of ['src', 'dst'] as const) {
      const use = uses.get(`${side}-range`)
      if (!use) continue
      const words = use.values[0].split('-')
      const low = parseIp(words[0])
      const high = words.length === 1 ? low : parseIp(words[1])
      if (low === null || high === null) return new Refusal(`iprange: Bad IP address "${use.values[0]}"`)
      tests.push({ side, low, high, inverted: use.inverted })
    }
    const saved = tests.map(({ side, low, high, inverted }) => ` ${bang(inverted)}--${side}-range ${formatIp(low)}-${formatIp(high)}`)
    return {
      match: ({ packet }) => tests.every(({ side, low, high, inverted }) => (packet[side] >= low && packet[side] <= high) !== inverted),
      text: `-m iprange${saved.join('')}`,
      list: () =>
        tests
          .map(
            ({ side, low, high, inverted }) =>
              `${side === 'src' ? 'source' : 'destination'} IP range ${bang(inverted)}${formatIp(low)}-${formatIp(high)}`,
          )
          .join(' '),
    }
  },
}

export const macMatch: MatchDefinition = {
  name: 'mac',
  options: optionShapes(['mac-source=1!']),
  build(uses) {
    const use = uses.get('mac-source')
    if (!use) return new Refusal('mac: option "--mac-source" must be specified\n')
    const mac = parseMac(use.values[0])
    if (mac === null) return new Refusal(`mac: bad value for option "--mac-source"\n`)
    return {
      match: ({ packet, inDev }) => inDev !== null && (packet.etherSrc === mac) !== use.inverted,
      text: `-m mac ${bang(use.inverted)}--mac-source ${formatMac(mac)}`,
      list: () => `MAC ${bang(use.inverted)}${formatMac(mac)}`,
    }
  },
}

export const physdevMatch: MatchDefinition = {
  name: 'physdev',
  options: optionShapes(['physdev-is-in=0!', 'physdev-in=1!', 'physdev-is-out=0!', 'physdev-out=1!', 'physdev-is-bridged=0!']),
  build(uses) {
    if (uses.all.length === 0) return new Refusal('PHYSDEV: no physdev option specified')
    const parts: { text: string; test: (context: RuleContext) => boolean }[] = []
    for (const name of ['physdev-is-in', 'physdev-in', 'physdev-is-out', 'physdev-out', 'physdev-is-bridged']) {
      const use = uses.get(name)
      if (!use) continue
      const port = use.values.length > 0 ? interfaceTest(use.values[0], use.inverted) : null
      if (port instanceof Refusal) return port
      const sense = (packet: RuleContext['packet']): boolean =>
        name === 'physdev-is-in'
          ? packet.physIn !== null
          : name === 'physdev-is-out'
            ? packet.physOut !== null
            : packet.physIn !== null && packet.physOut !== null
      parts.push({
        text: `${bang(use.inverted)}--${name}${use.values.length > 0 ? ` ${use.values[0]}` : ''}`,
        test: ({ packet }) =>
          port ? interfaceFits(port, name === 'physdev-in' ? packet.physIn : packet.physOut) : sense(packet) !== use.inverted,
      })
    }
    const shown = parts.map(({ text }) => text).join(' ')
    return {
      match: (context) => parts.every(({ test }) => test(context)),
      text: `-m physdev ${shown}`,
      list: () => `PHYSDEV match ${shown}`,
    }
  },
}

function ttlMatchOf(name: 'ttl' | 'hl'): MatchDefinition {
  return {
    name,
    family: name === 'ttl' ? 'ipv4' : 'ipv6',
    options: optionShapes([`${name}-eq=1!`, `${name}-lt=1`, `${name}-gt=1`]),
    build(uses) {
      const use = uses.all[0]
      if (!use) return new Refusal(`${name.toUpperCase()} match: You must specify one of \`--${name}-eq', \`--${name}-lt', \`--${name}-gt'`)
      const value = unsigned(use.values[0], 255)
      if (value === null) return new Refusal(`${name}: bad value for option "--${use.name}", or out of range (0-255).\n`)
      const sign = use.name.endsWith('eq') ? (use.inverted ? '!=' : '==') : use.name.endsWith('lt') ? '<' : '>'
      return {
        match({ packet }) {
          if (sign === '<') return packet.ttl < value
          if (sign === '>') return packet.ttl > value
          return (packet.ttl === value) !== use.inverted
        },
        text: `-m ${name} ${bang(use.inverted)}--${use.name} ${value}`,
        list: () => `${name.toUpperCase()} match ${name.toUpperCase()} ${sign} ${value}`,
      }
    },
  }
}

export const ttlMatch = ttlMatchOf('ttl')
export const hlMatch = ttlMatchOf('hl')

export const lengthMatch: MatchDefinition = {
  name: 'length',
  options: optionShapes(['length=1!']),
  build(uses) {
    const use = uses.get('length')
    if (!use) return new Refusal('length: option "--length" must be specified\n')
    const [lowText, highText = lowText] = use.values[0].split(':')
    const low = unsigned(lowText || '0', 65535)
    const high = unsigned(highText || '65535', 65535)
    if (low === null || high === null) return new Refusal('length: bad value for option "--length", or out of range (0-65535).\n')
    const shown = low === high ? String(low) : `${low}:${high}`
    return {
      match({ packet }) {
        const bytes = ipLength(packet)
        return (bytes >= low && bytes <= high) !== use.inverted
      },
      text: `-m length ${bang(use.inverted)}--length ${shown}`,
      list: () => `length ${use.inverted ? '!' : ''}${shown}`,
    }
  },
}

export const pkttypeMatch: MatchDefinition = {
  name: 'pkttype',
  options: optionShapes(['pkt-type=1!']),
  build(uses) {
    const use = uses.get('pkt-type')
    if (!use) return new Refusal('pkttype: option "--pkt-type" must be specified\n')
    const wanted = use.values[0].toLowerCase()
    if (!['unicast', 'host', 'broadcast', 'bcast', 'multicast', 'mcast'].includes(wanted))
      return new Refusal(`pkttype: bad value for option "--pkt-type"\n`)
    const type = wanted === 'host' ? 'unicast' : wanted === 'bcast' ? 'broadcast' : wanted === 'mcast' ? 'multicast' : wanted
    return {
      match(context) {
        const kind =
          context.packet.frameFor !== 'group'
            ? 'unicast'
            : typeOf(context, context.packet.dst, null) === 'MULTICAST'
              ? 'multicast'
              : 'broadcast'
        return (kind === type) !== use.inverted
      },
      text: `-m pkttype ${bang(use.inverted)}--pkt-type ${type}`,
      list: () => `PKTTYPE ${use.inverted ? '!' : ''}= ${type}`,
    }
  },
}

export const tosMatch: MatchDefinition = {
  name: 'tos',
  options: optionShapes(['tos=1!']),
  build(uses) {
    const use = uses.get('tos')
    if (!use) return new Refusal('tos: option "--tos" must be specified\n')
    const [valueText, maskText = '0xff'] = use.values[0].split('/')
    const value = unsigned(valueText, 255)
    const mask = unsigned(maskText, 255)
    if (value === null || mask === null) return new Refusal('tos: bad value for option "--tos", or out of range (0-255).\n')
    const hex2 = (bits: number) => `0x${bits.toString(16).padStart(2, '0')}`
    return {
      match: ({ packet }) => ((packet.tos & mask) === value) !== use.inverted,
      text: `-m tos ${bang(use.inverted)}--tos ${hex2(value)}/${hex2(mask)}`,
      list: () => `tos match${use.inverted ? '!' : ''}${hex2(value)}/${hex2(mask)}`,
    }
  },
}

export const dscpMatch: MatchDefinition = {
  name: 'dscp',
  options: optionShapes(['dscp=1!']),
  build(uses): Matcher | Refusal {
    const use = uses.get('dscp')
    if (!use) return new Refusal('dscp: option "--dscp" must be specified\n')
    const value = unsigned(use.values[0], 63)
    if (value === null) return new Refusal('dscp: bad value for option "--dscp", or out of range (0-63).\n')
    const shown = `0x${hex(value).slice(2).padStart(2, '0')}`
    return {
      match: ({ packet }) => (packet.tos >> 2 === value) !== use.inverted,
      text: `-m dscp ${bang(use.inverted)}--dscp ${shown}`,
      list: () => `DSCP match ${use.inverted ? '!' : ''}${shown}`,
    }
  },
}
