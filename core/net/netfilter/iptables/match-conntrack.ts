/**
 * Matches on the connection: conntrack, state, connmark. Truth: iptables-extensions(8), xt_conntrack.c (conntrack_mt),
 * libxt_conntrack.c for the order in which words are printed.
 */
import type { Packet } from '../../packet/packet.ts'
import type { ConntrackEntry } from '../conntrack-entry.ts'
import { bang, type MatchDefinition, optionShapes, Refusal, type Uses } from './extension.ts'
import { addressFits } from './evaluate.ts'
import type { AddressTest, Matcher } from './rule.ts'
import { addressTest, markText, portNumber, protocolNumber, unsigned, valueAndMask } from './words.ts'

/** In the order in which they are printed. */
const STATES = ['INVALID', 'NEW', 'RELATED', 'ESTABLISHED', 'UNTRACKED', 'SNAT', 'DNAT'] as const
const STATE_BITS: ReadonlyMap<string, number> = new Map(STATES.map((name, i) => [name, 1 << i]))
const SNAT_BIT = 1 << 5
const DNAT_BIT = 1 << 6
const STATUSES = ['EXPECTED', 'SEEN_REPLY', 'ASSURED', 'CONFIRMED'] as const

function parseSet(text: string, words: readonly string[]): number | null {
  let bits = 0
  for (const word of text.split(',')) {
    const at = words.findIndex((each) => each.toLowerCase() === word.toLowerCase())
    if (at < 0) return word.toUpperCase() === 'NONE' ? 0 : null
    bits |= 1 << at
  }
  return bits
}

function setText(bits: number, words: readonly string[]): string {
  return words.filter((_, i) => (bits & (1 << i)) !== 0).join(',')
}

/** The states that a packet is in. */
function stateBits(packet: Packet, withNat: boolean): number {
  const bits = STATE_BITS.get(packet.ctInfo) ?? 0
  const { ct } = packet
  if (!ct || !withNat) return bits
  return bits | (ct.snat ? SNAT_BIT : 0) | (ct.dnat ? DNAT_BIT : 0)
}

export const stateMatch: MatchDefinition = {
  name: 'state',
  needsConntrack: true,
  options: optionShapes(['state=1!']),
  build(uses) {
    const use = uses.get('state')
    if (!use) return new Refusal('state: option "--state" must be specified\n')
    const words = STATES.slice(0, 5)
    const wanted = parseSet(use.values[0], words)
    if (wanted === null) return new Refusal(`Bad state "${badWord(use.values[0], words)}"`)
    return {
      match: ({ packet }) => ((stateBits(packet, false) & wanted) !== 0) !== use.inverted,
      text: `-m state ${bang(use.inverted)}--state ${setText(wanted, words)}`,
      list: () => `${bang(use.inverted)}state ${setText(wanted, words)}`,
    }
  },
}

function badWord(text: string, words: readonly string[]): string {
  return text.split(',').find((word) => !words.some((each) => each.toLowerCase() === word.toLowerCase())) ?? text
}

/** One condition of `-m conntrack`. */
interface Part {
  readonly text: string
  readonly list: string
  test(packet: Packet, entry: ConntrackEntry | null, nowUs: number): boolean
}

function part(uses: Uses, name: string, shown: string, test: (entry: ConntrackEntry, packet: Packet, nowUs: number) => boolean): Part {
  const inverted = uses.inverted(name)
  return {
    text: `${bang(inverted)}--${name} ${shown}`,
    list: `${bang(inverted)}${name} ${shown}`,
    test: (packet, entry, nowUs) => entry !== null && test(entry, packet, nowUs) !== inverted,
  }
}

function statePart(uses: Uses): Part | Refusal {
  const use = uses.get('ctstate')
  const text = use?.values[0] ?? ''
  const wanted = parseSet(text, STATES)
  if (wanted === null) return new Refusal(`Bad ctstate "${badWord(text, STATES)}"`)
  const inverted = use?.inverted ?? false
  const shown = setText(wanted, STATES)
  return {
    text: `${bang(inverted)}--ctstate ${shown}`,
    list: `${bang(inverted)}ctstate ${shown}`,
    test: (packet) => ((stateBits(packet, true) & wanted) !== 0) !== inverted,
  }
}

function addressPart(uses: Uses, name: string, v6: boolean, get: (entry: ConntrackEntry) => number | bigint): Part | Refusal {
  const test = addressTest(uses.value(name) ?? '', v6 ? 'ipv6' : 'ipv4', false)
  if (test instanceof Refusal) return test
  return part(uses, name, test?.listText ?? '0.0.0.0/0', (entry) => test === null || addressFits(test satisfies AddressTest, get(entry)))
}

function rangePart(uses: Uses, name: string, max: number, get: (entry: ConntrackEntry, nowUs: number) => number): Part | Refusal {
  const words = (uses.value(name) ?? '').split(':')
  const low = portNumber(words[0]) ?? unsigned(words[0], max)
  const high = words.length > 1 ? (portNumber(words[1]) ?? unsigned(words[1], max)) : low
  if (low === null || high === null || words.length > 2) {
    return new Refusal(`conntrack: bad value for option "--${name}", or out of range (0-${max}).\n`)
  }
  return part(uses, name, low === high ? String(low) : `${low}:${high}`, (entry, _, nowUs) => {
    const value = get(entry, nowUs)
    return value >= low && value <= high
  })
}

function statusPart(uses: Uses): Part | Refusal {
  const text = uses.value('ctstatus') ?? ''
  const wanted = parseSet(text, STATUSES)
  if (wanted === null) return new Refusal(`Bad ctstatus "${badWord(text, STATUSES)}"`)
  return part(uses, 'ctstatus', wanted === 0 ? 'NONE' : setText(wanted, STATUSES), (entry) => {
    const bits = (entry.seenReply ? 2 : 0) | (entry.assured ? 4 : 0) | (entry.confirmed ? 8 : 0)
    return wanted === 0 ? bits === 0 : (bits & wanted) !== 0
  })
}

export const conntrackMatch: MatchDefinition = {
  name: 'conntrack',
  needsConntrack: true,
  options: optionShapes([
    'ctstate=1!',
    'ctproto=1!',
    'ctorigsrc=1!',
    'ctorigdst=1!',
    'ctreplsrc=1!',
    'ctrepldst=1!',
    'ctorigsrcport=1!',
    'ctorigdstport=1!',
    'ctreplsrcport=1!',
    'ctrepldstport=1!',
    'ctstatus=1!',
    'ctexpire=1!',
    'ctdir=1',
  ]),
  build(uses, head) {
    if (uses.all.length === 0) return new Refusal('conntrack: At least one option is required')
    const v6 = head.family === 'ipv6'
    const parts: Part[] = []
    const makers: readonly (readonly [string, () => Part | Refusal])[] = [
      ['ctstate', () => statePart(uses)],
      [
        'ctproto',
        () => {
          const protocol = protocolNumber(uses.value('ctproto') ?? '')
          if (protocol === null) return new Refusal('conntrack: bad value for option "--ctproto"\n')
          return part(uses, 'ctproto', String(protocol), (entry) => entry.original.protocol === protocol)
        },
      ],
      ['ctorigsrc', () => addressPart(uses, 'ctorigsrc', v6, (entry) => entry.original.src)],
      ['ctorigdst', () => addressPart(uses, 'ctorigdst', v6, (entry) => entry.original.dst)],
      ['ctreplsrc', () => addressPart(uses, 'ctreplsrc', v6, (entry) => entry.reply.src)],
      ['ctrepldst', () => addressPart(uses, 'ctrepldst', v6, (entry) => entry.reply.dst)],
      ['ctorigsrcport', () => rangePart(uses, 'ctorigsrcport', 65535, (entry) => entry.original.sport)],
      ['ctorigdstport', () => rangePart(uses, 'ctorigdstport', 65535, (entry) => entry.original.dport)],
      ['ctreplsrcport', () => rangePart(uses, 'ctreplsrcport', 65535, (entry) => entry.reply.sport)],
      ['ctrepldstport', () => rangePart(uses, 'ctrepldstport', 65535, (entry) => entry.reply.dport)],
      ['ctstatus', () => statusPart(uses)],
      ['ctexpire', () => rangePart(uses, 'ctexpire', 0xffffffff, (entry, nowUs) => Math.floor((entry.expiresAtUs - nowUs) / 1_000_000))],
      [
        'ctdir',
        () => {
          const text = (uses.value('ctdir') ?? '').toUpperCase()
          if (text !== 'ORIGINAL' && text !== 'REPLY') return new Refusal(`conntrack: bad value for option "--ctdir"\n`)
          return part(uses, 'ctdir', text, (_, packet) => packet.ctDirection === (text === 'REPLY' ? 1 : 0))
        },
      ],
    ]
    for (const [name, make] of makers) {
      if (!uses.has(name)) continue
      const made = make()
      if (made instanceof Refusal) return made
      parts.push(made)
    }
    const matcher: Matcher = {
      match: ({ packet, ns }) => parts.every((each) => each.test(packet, packet.ct, ns.world.clock.nowUs)),
      text: `-m conntrack ${parts.map((each) => each.text).join(' ')}`,
      list: () => parts.map((each) => each.list).join(' '),
    }
    return matcher
  },
}

export const connmarkMatch: MatchDefinition = {
  name: 'connmark',
  needsConntrack: true,
  options: optionShapes(['mark=1!']),
  build(uses) {
    const use = uses.get('mark')
    if (!use) return new Refusal('connmark: option "--mark" must be specified\n')
    const parsed = valueAndMask(use.values[0])
    if (!parsed) return new Refusal('connmark: bad mark value for option "--mark", or out of range.\n')
    const { value, mask } = parsed
    return {
      match: ({ packet }) => packet.ct !== null && ((packet.ct.mark & mask) >>> 0 === value) !== use.inverted,
      text: `-m connmark ${bang(use.inverted)}--mark ${markText(value, mask)}`,
      list: () => `connmark match ${use.inverted ? '!' : ''} ${markText(value, mask)}`,
    }
  },
}
