/**
 * How a connection is printed: by conntrack-tools 1.4.7 (libnetfilter_conntrack's snprintf_default.c), and in
 * /proc/net/nf_conntrack (ct_seq_show of nf_conntrack_standalone.c).
 */
import { formatIp } from '../addr/ip.ts'
import { IPPROTO_ICMP, IPPROTO_ICMPV6, IPPROTO_TCP } from '../packet/packet.ts'
import type { ConntrackEntry, Tuple } from './conntrack-entry.ts'
import { protocolWord } from './conntrack.ts'

export interface FlowStyle {
  /** `-o extended`: the network layer first. */
  readonly extended: boolean
  readonly id: boolean
  /** Events show neither mark nor use count. */
  readonly event: boolean
  /** As /proc/net/nf_conntrack has it: `zone=0 use=2`. */
  readonly proc?: boolean
}

export function formatFlow(entry: ConntrackEntry, nowUs: number, style: FlowStyle): string {
  const { protocol } = entry.original
  const seconds = Math.max(0, Math.floor((entry.expiresAtUs - nowUs) / 1_000_000))
  const words: string[] = []
  if (style.extended) words.push(entry.version === 4 ? 'ipv4     2' : 'ipv6     10')
  words.push(`${protocolWord(protocol).padEnd(8)} ${protocol}`, String(seconds))
  if (protocol === IPPROTO_TCP) words.push(entry.tcpState)
  words.push(...tupleWords(entry.original))
  if (!entry.seenReply) words.push('[UNREPLIED]')
  words.push(...tupleWords(entry.reply))
  if (entry.assured) words.push('[ASSURED]')
  if (!style.event || entry.mark !== 0) words.push(`mark=${entry.mark}`)
  if (style.proc) words.push('zone=0 use=2')
  else if (!style.event) words.push('use=1')
  if (style.id) words.push(`id=${entry.id}`)
  return words.join(' ')
}

function tupleWords({ src, dst, protocol, sport, dport }: Tuple): string[] {
  const addresses = [`src=${formatIp(src)}`, `dst=${formatIp(dst)}`]
  if (protocol === IPPROTO_ICMP || protocol === IPPROTO_ICMPV6) {
    return [...addresses, `type=${dport >> 8}`, `code=${dport & 255}`, `id=${sport}`]
  }
  return protocolWord(protocol) === 'unknown' ? addresses : [...addresses, `sport=${sport}`, `dport=${dport}`]
}
