/** How tcpdump 4.99 words a packet: print-ip.c, print-tcp.c, print-udp.c, print-icmp.c, print-arp.c, print-domain.c, print-vxlan.c. */
import { type DnsMessage, decodeDns, dnsDataText, dnsRecordType } from '../../linux/libc/dns-message.ts'
import type { PacketNew } from '../../sim/trace-event.ts'
import { serviceName } from '../name-service.ts'
import type { Captured } from './capture.ts'
import { packetBytes, shownChecksum } from './packet-bytes.ts'

export interface DecodeStyle {
  verbose: number
  quiet: boolean
  /** -n: no names; ports too. */
  numeric: boolean
  absoluteSeq: boolean
}

const PROTOCOLS = new Map([[1, 'ICMP'], [2, 'IGMP'], [4, 'IPIP'], [6, 'TCP'], [17, 'UDP'], [41, 'IPv6'], [58, 'ICMPv6'], [132, 'SCTP']])

/** Keeps the first sequence numbers of each conversation, for relative ones. */
export class Decoder {
  readonly #style: DecodeStyle
  readonly #conversations = new Map<string, { seq: number; ack: number }>()

  constructor(style: DecodeStyle) {
    this.#style = style
  }

  /** Everything after the time stamp (and link-layer header). `bare`: after `-e` ARP has no name of its own. */
  text(packet: Captured, bare: boolean): string {
    const { born } = packet
    if (born.etherType === 0x0806) return this.#arp(packet, bare)
    const v6 = born.etherType === 0x86dd
    const head = `${bare ? '' : v6 ? 'IP6 ' : 'IP '}${this.#style.verbose > 0 ? this.#ipHeader(packet, v6) : ''}`
    return head + this.#body(packet)
  }

  #ipHeader({ born, tap }: Captured, v6: boolean): string {
    const name = PROTOCOLS.get(born.protocol)
    const protocol = `${name ?? 'unknown'} (${born.protocol})`
    if (v6) return `(hlim ${tap.ttl}, next-header ${protocol} payload length: ${tap.length - 40}) `
    const flags = [born.moreFragments ? '+' : '', born.df ? 'DF' : ''].filter((flag) => flag !== '').join(', ') || 'none'
    return `(tos 0x${born.tos.toString(16)}, ttl ${tap.ttl}, id ${born.ipId}, offset ${born.fragmentOffset}, flags [${flags}], proto ${protocol}, length ${tap.length})\n    `
  }

  #body(packet: Captured): string {
    const { born, tap } = packet
    const v6 = born.etherType === 0x86dd
    const length = tap.length - (v6 ? 40 : 20)
    if (born.fragmentOffset > 0) return `${tap.src} > ${tap.dst}: ${v6 ? `frag (${born.fragmentOffset}|${length})` : (PROTOCOLS.get(born.protocol) ?? 'ip').toLowerCase()}`
    if (born.protocol === 6) return this.#tcp(packet)
    if (born.protocol === 17) return this.#udp(packet, length)
    if (born.protocol === 1) return `${tap.src} > ${tap.dst}: ${icmpText(packet, length)}${this.#quoted(packet)}`
    if (born.protocol === 58) return `${tap.src} > ${tap.dst}: ${icmp6Text(packet, length)}`
    if (born.protocol === 4 && packet.inner) return `${tap.src} > ${tap.dst}: ${this.#inner(packet.inner)}`
    return `${tap.src} > ${tap.dst}: ip-proto-${born.protocol} ${length}`
  }

  #port(port: number, protocol: string): string {
    return this.#style.numeric ? String(port) : (serviceName(port, protocol) ?? String(port))
  }

  #ends({ tap }: Captured, protocol: string): string {
    return `${tap.src}.${this.#port(tap.sport, protocol)} > ${tap.dst}.${this.#port(tap.dport, protocol)}`
  }

  #tcp(packet: Captured): string {
    const { born, tap } = packet
    const style = this.#style
    const payload = born.payload.length
    if (style.quiet) return `${this.#ends(packet, 'tcp')}: tcp ${payload}`
    const flagText =
      (born.flags & 0x01 ? 'F' : '') + (born.flags & 0x02 ? 'S' : '') + (born.flags & 0x04 ? 'R' : '') + (born.flags & 0x08 ? 'P' : '') +
      (born.flags & 0x10 ? '.' : '') + (born.flags & 0x20 ? 'U' : '')
    let text = `${this.#ends(packet, 'tcp')}: Flags [${flagText === '' ? 'none' : flagText}]`
    if (style.verbose > 0) {
      const sum = shownChecksum(packetBytes(packet), born.etherType === 0x86dd ? 40 : 20, 6)
      text += `, cksum 0x${sum.toString(16).padStart(4, '0')} (correct)`
    }
    let { seq, ack } = born
    if (!style.absoluteSeq && (born.flags & 0x10) !== 0) {
      const forward = tap.src < tap.dst || (tap.src === tap.dst && tap.sport < tap.dport)
      const key = forward ? `${tap.src} ${tap.sport} ${tap.dst} ${tap.dport}` : `${tap.dst} ${tap.dport} ${tap.src} ${tap.sport}`
      const known = this.#conversations.get(key)
      if (!known || (born.flags & 0x02) !== 0) {
        this.#conversations.set(key, forward ? { seq, ack: (ack - 1) >>> 0 } : { seq: (ack - 1) >>> 0, ack: seq })
      } else {
        seq = (seq - (forward ? known.seq : known.ack)) >>> 0
        ack = (ack - (forward ? known.ack : known.seq)) >>> 0
      }
    }
    if (style.verbose > 1 || payload > 0 || (born.flags & 0x07) !== 0) text += `, seq ${seq}${payload > 0 ? `:${(seq + payload) >>> 0}` : ''}`
    if ((born.flags & 0x10) !== 0) text += `, ack ${ack}`
    text += `, win ${born.window}`
    const options = tcpOptionsText(born)
    if (options !== '') text += `, options [${options}]`
    text += `, length ${payload}`
    const http = [80, 8080, 3128].some((port) => tap.sport === port || tap.dport === port)
    if (http && payload > 0) text += `: HTTP${httpText(born.payload, style.verbose > 0)}`
    return text
  }

  #udp(packet: Captured, length: number): string {
    const { born, tap, inner } = packet
    const style = this.#style
    const bytes = length - 8
    if (inner && (tap.dport === 8472 || tap.dport === 4789)) {
      const head = tap.dport === 8472 ? `OTV, flags [I] (0x08), overlay 0, instance ${born.icmpId}` : `VXLAN, flags [I] (0x08), vni ${born.icmpId}`
      return `${this.#ends(packet, 'udp')}: ${head}\n${this.#inner(inner)}`
    }
    if (style.quiet) return `${this.#ends(packet, 'udp')}: UDP, length ${bytes}`
    let sum = ''
    if (style.verbose > 1) {
      const value = shownChecksum(packetBytes(packet), born.etherType === 0x86dd ? 40 : 20, 17)
      sum = value > 0 ? '[udp sum ok] ' : '[no cksum] '
    }
    if (tap.sport === 53 || tap.dport === 53) {
      const message = decodeDns(Uint8Array.from(born.payload, (char) => char.charCodeAt(0)))
      if (message) return `${this.#ends(packet, 'udp')}: ${sum}${dnsText(message, bytes, style.verbose)}`
    }
    return `${this.#ends(packet, 'udp')}: ${sum}UDP, length ${bytes}`
  }

  /** A packet inside a tunnel: as it was born, for that is how it went in. */
  #inner(born: PacketNew): string {
    const tap = {
      kind: 'packet.tap' as const, packet: born.packet, netns: born.netns, ifindex: 0, dir: 'out' as const, smac: '', dmac: '', src: born.src, dst: born.dst,
      sport: born.sport, dport: born.dport, ttl: born.ttl, length: bornLength(born),
    }
    return this.text({ born, tap, atUs: 0, quoted: null, inner: null }, false)
  }

  /** -v shows what an ICMP error quotes. */
  #quoted(packet: Captured): string {
    if (this.#style.verbose === 0 || !packet.quoted) return ''
    const { born, tap } = packet.quoted
    if (!tap) return ''
    const shown = { born, tap, atUs: 0, quoted: null, inner: null }
    return `\n\t${new Decoder({ ...this.#style, verbose: 1 }).text(shown, false)}`
  }

  #arp({ born, tap }: Captured, bare: boolean): string {
    const detail = this.#style.verbose > 0 ? 'Ethernet (len 6), IPv4 (len 4), ' : ''
    const head = bare ? detail : `ARP, ${detail}`
    if (born.icmpType === 2) return `${head}Reply ${born.src} is-at ${born.arpSha}, length ${tap.length}`
    if (born.src === born.dst) return `${head}Request who-has ${born.dst} tell ${born.src}, length ${tap.length}`
    const known = born.arpTha !== '' && born.arpTha !== '00:00:00:00:00:00' && born.arpTha !== 'ff:ff:ff:ff:ff:ff' ? ` (${born.arpTha})` : ''
    return `${head}Request who-has ${born.dst}${known} tell ${born.src}, length ${tap.length}`
  }
}

/** IP length of a packet whose crossing we did not see. */
function bornLength(born: PacketNew): number {
  const header = born.etherType === 0x86dd ? 40 : 20
  if (born.etherType === 0x0806) return 28
  if (born.protocol === 6) return header + 20 + tcpOptionBytes(born) + born.payload.length
  return header + 8 + born.payload.length
}

function tcpOptionBytes(born: PacketNew): number {
  return (born.mss > 0 ? 4 : 0) + (born.tsVal > 0 ? 12 : born.sackOk ? 4 : 0) + (born.windowScale > 0 ? 4 : 0)
}

function tcpOptionsText(born: PacketNew): string {
  const options: string[] = []
  if (born.mss > 0) options.push(`mss ${born.mss}`)
  if (born.tsVal > 0) {
    if (born.sackOk) options.push('sackOK')
    else options.push('nop', 'nop')
    options.push(`TS val ${born.tsVal} ecr ${born.tsEcr}`)
  } else if (born.sackOk) options.push('nop', 'nop', 'sackOK')
  if (born.windowScale > 0) options.push('nop', `wscale ${born.windowScale}`)
  return options.join(',')
}

/** The first line of a request or response, with -v all of its head. */
function httpText(payload: string, verbose: boolean): string {
  if (!/^(GET|HEAD|POST|PUT|DELETE|PATCH|OPTIONS|CONNECT|TRACE|HTTP\/1\.[01]) /.test(payload)) return ''
  const head = payload.split('\r\n\r\n')[0].split('\r\n')
  if (!verbose) return `: ${head[0]}`
  const whole = payload.split('\r\n')
  const lines = whole.at(-1) === '' ? whole.slice(0, -1) : whole
  return `, length: ${payload.length}\n\t${lines.join('\n\t')}`
}

function icmpText({ born, tap, quoted }: Captured, length: number): string {
  const target = quoted ? (quoted.tap?.dst ?? quoted.born.dst) : tap.dst
  const port = quoted ? (quoted.tap?.dport ?? quoted.born.dport) : 0
  const protocol = quoted?.born.protocol === 6 ? 'tcp' : 'udp'
  const end = `, length ${length}`
  switch (born.icmpType) {
    case 8:
      return `ICMP echo request, id ${born.icmpId}, seq ${born.icmpSeq}${end}`
    case 0:
      return `ICMP echo reply, id ${born.icmpId}, seq ${born.icmpSeq}${end}`
    case 3:
      switch (born.icmpCode) {
        case 0:
          return `ICMP net ${target} unreachable${end}`
        case 1:
          return `ICMP host ${target} unreachable${end}`
        case 2:
          return `ICMP ${target} protocol ${quoted?.born.protocol ?? 0} unreachable${end}`
        case 3:
          return quoted && quoted.born.protocol !== 6 && quoted.born.protocol !== 17
            ? `ICMP ${target} protocol ${quoted.born.protocol} port ${port} unreachable${end}`
            : `ICMP ${target} ${protocol} port ${port} unreachable${end}`
        case 4:
          return `ICMP ${target} unreachable - need to frag (mtu ${born.icmpSeq})${end}`
        case 9:
          return `ICMP net ${target} unreachable - admin prohibited${end}`
        case 10:
          return `ICMP host ${target} unreachable - admin prohibited${end}`
        case 13:
          return `ICMP host ${target} unreachable - admin prohibited filter${end}`
      }
      return `ICMP ${target} unreachable - #${born.icmpCode}${end}`
    case 5:
      return `ICMP redirect ${target} to host ${tap.src}${end}`
    case 11:
      return `ICMP ${born.icmpCode === 0 ? 'time exceeded in-transit' : 'ip reassembly time exceeded'}${end}`
  }
  return `ICMP type-#${born.icmpType}${end}`
}

function icmp6Text({ born, tap, quoted }: Captured, length: number): string {
  const target = quoted ? (quoted.tap?.dst ?? quoted.born.dst) : tap.dst
  const port = quoted ? (quoted.tap?.dport ?? quoted.born.dport) : 0
  const end = `, length ${length}`
  switch (born.icmpType) {
    case 128:
      return `ICMP6, echo request, id ${born.icmpId}, seq ${born.icmpSeq}${end}`
    case 129:
      return `ICMP6, echo reply, id ${born.icmpId}, seq ${born.icmpSeq}${end}`
    case 1: {
      const words = ['unreachable route', 'unreachable prohibited', 'beyond scope', 'unreachable address']
      if (born.icmpCode === 4) return `ICMP6, destination unreachable, unreachable port, ${target} ${quoted?.born.protocol === 6 ? 'tcp' : 'udp'} port ${port}${end}`
      return `ICMP6, destination unreachable, ${words[born.icmpCode] ?? 'unreachable'} ${target}${end}`
    }
    case 2:
      return `ICMP6, packet too big, mtu ${born.icmpSeq}${end}`
    case 3:
      return `ICMP6, time exceeded in-transit for ${target}${end}`
    case 133:
      return `ICMP6, router solicitation${end}`
    case 134:
      return `ICMP6, router advertisement${end}`
    case 135:
      return `ICMP6, neighbor solicitation, who has ${neighbourTarget(born, tap.dst)}${end}`
    case 136:
      return `ICMP6, neighbor advertisement, tgt is ${neighbourTarget(born, tap.src)}${end}`
  }
  return `ICMP6, unknown type ${born.icmpType}${end}`
}

/** The target of a neighbour message stands in its payload when the sender wrote one there. */
function neighbourTarget(born: PacketNew, otherwise: string): string {
  if (born.payload.length < 16) return otherwise
  const groups: string[] = []
  for (let i = 0; i < 16; i += 2) groups.push(((born.payload.charCodeAt(i) << 8) | born.payload.charCodeAt(i + 1)).toString(16))
  return groups.join(':').replace(/(^|:)0(:0)+(:|$)/, '::')
}

const RCODES = ['', ' FormErr', ' ServFail', ' NXDomain', ' NotImp', ' Refused', ' YXDomain', ' YXRRSet', ' NXRRSet', ' NotAuth', ' NotZone']

function dnsText(message: DnsMessage, bytes: number, verbose: number): string {
  const additional = message.additionals.length + (message.edns ? 1 : 0)
  const questions = message.questions.map((question) => ` ${question.type}? ${question.name}.`).join(',')
  if (!message.qr) {
    const extra = `${message.rd ? '+' : ''}${message.ad ? '$' : ''}${message.cd ? '%' : ''}`
    return `${message.id}${extra}${additional > 0 ? ` [${additional}au]` : ''}${questions} (${bytes})`
  }
  const flags = `${message.aa ? '*' : ''}${message.ra ? '' : '-'}${message.tc ? '|' : ''}${message.ad ? '$' : ''}`
  let text = `${message.id}${RCODES[message.rcode] ?? ` Resp${message.rcode}`}${flags}`
  if (verbose > 1) text += ` q:${questions}`
  text += ` ${message.answers.length}/${message.authorities.length}/${additional}`
  const shown = message.answers.map((record) => {
    const name = verbose > 1 ? ` ${record.name}.` : ''
    const ttl = verbose > 1 ? ` [${record.ttl}s]` : ''
    const type = dnsRecordType(record)
    return `${name}${ttl} ${type} ${dnsDataText(record).replace(/^(\d+) (\d+) (\d+) (\S+)$/, type === 'SRV' ? '$4:$3 $1 $2' : '$&')}`
  })
  if (shown.length > 0) text += shown.join(',')
  return `${text} (${bytes})`
}
