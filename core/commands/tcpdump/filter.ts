/**
 * pcap-filter(7): host, net, port, portrange with directions and protocols, ether host, broadcast, multicast, less, greater,
 * and, or, not, parentheses, and comparisons of bytes such as `tcp[tcpflags] & tcp-syn != 0`.
 * Omits: vlan, gateway, wlan, names of hosts, arithmetic other than one mask.
 */
import { isMulticast, parseIp, parsePrefix, type Prefix, prefixContains } from '../../net/addr/ip.ts'
import { parseMac } from '../../net/addr/mac.ts'
import { servicePort } from '../name-service.ts'
import type { Captured } from './capture.ts'
import { packetBytes } from './packet-bytes.ts'

export type PacketFilter = (packet: Captured) => boolean

const DEPTH_MAX = 100

/** The filter, or libpcap's complaint. */
export function parseFilter(text: string): PacketFilter | { error: string } {
  const words = text.match(/&&|\|\||!=|<=|>=|==|<<|>>|[()[\]!&|=<>:](?![^\s]*:[^\s]*:)|[^\s()[\]!&|=<>]+/g) ?? []
  if (words.length === 0) return () => true
  const parser = new FilterParser(words)
  const filter = parser.parse()
  return parser.error === '' ? filter : { error: parser.error }
}

type Direction = 'src' | 'dst' | 'both' | 'either'

/** What a bare value inherits: `port 80 or 443`. */
interface Qualifiers {
  protocol: string
  direction: Direction
  type: string
}

class FilterParser {
  readonly #words: readonly string[]
  #at = 0
  #depth = 0
  #last: Qualifiers | null = null
  error = ''

  constructor(words: readonly string[]) {
    this.#words = words
  }

  parse(): PacketFilter {
    const filter = this.#or()
    if (this.#at < this.#words.length) this.#fail()
    return filter
  }

  #or(): PacketFilter {
    let left = this.#and()
    while (this.#take('or', '||')) {
      const [a, b] = [left, this.#and()]
      left = (packet) => a(packet) || b(packet)
    }
    return left
  }

  #and(): PacketFilter {
    let left = this.#not()
    for (;;) {
      if (!this.#take('and', '&&')) return left
      const [a, b] = [left, this.#not()]
      left = (packet) => a(packet) && b(packet)
    }
  }

  #not(): PacketFilter {
    if (this.#take('not', '!')) {
      const inner = this.#not()
      return (packet) => !inner(packet)
    }
    if (this.#take('(')) {
      this.#depth += 1
      if (this.#depth > DEPTH_MAX) this.#fail()
      const inner = this.error === '' ? this.#or() : () => false
      this.#depth -= 1
      if (!this.#take(')')) this.#fail()
      return inner
    }
    return this.#primitive()
  }

  #primitive(): PacketFilter {
    const word = this.#words[this.#at]
    if (word === undefined) return this.#fail()
    if (word === 'less' || word === 'greater') {
      this.#at += 1
      const length = Number(this.#next())
      if (Number.isNaN(length)) return this.#fail()
      return word === 'less' ? (packet) => packet.tap.length + 14 <= length : (packet) => packet.tap.length + 14 >= length
    }
    if (word === 'broadcast' || word === 'multicast') {
      this.#at += 1
      if (word === 'broadcast') return (packet) => packet.tap.dmac === 'ff:ff:ff:ff:ff:ff'
      return (packet) => isMulticast(parseIp(packet.tap.dst) ?? 0)
    }
    if (word === 'ether') return this.#ether()
    let protocol = ''
    const protocols = ['tcp', 'udp', 'icmp', 'icmp6', 'arp', 'rarp', 'ip', 'ip6', 'sctp', 'vxlan']
    if (protocols.includes(word)) {
      protocol = word
      this.#at += 1
      if (this.#words[this.#at] === '[') return this.#bytes(protocol)
      if (protocol === 'vxlan') return (packet) => packet.inner !== null && packet.born.protocol === 17
    }
    if ((word === 'ip' || word === 'ip6') && this.#words[this.#at] === 'proto') {
      this.#at += 1
      const name = (this.#next() ?? '').replace(/^\\/, '')
      const number = Number.isNaN(Number(name)) ? ({ tcp: 6, udp: 17, icmp: 1, icmp6: 58, sctp: 132 } as Record<string, number>)[name] : Number(name)
      return (packet) => isProtocol(packet, word) && packet.born.protocol === number
    }
    const direction = this.#direction()
    const type = ['host', 'net', 'port', 'portrange'].includes(this.#words[this.#at] ?? '') ? (this.#next() as string) : ''
    if (type === '' && direction === null) {
      if (protocol !== '') {
        this.#last = null
        return (packet) => isProtocol(packet, protocol)
      }
      // A value alone takes over the qualifiers of the one before it.
      if (this.#last) return this.#value(this.#last, this.#next() as string)
      return this.#value({ protocol: '', direction: 'either', type: 'host' }, this.#next() as string)
    }
    const qualifiers: Qualifiers = { protocol, direction: direction ?? 'either', type: type === '' ? 'host' : type }
    this.#last = qualifiers
    const value = this.#next()
    if (value === undefined) return this.#fail()
    return this.#value(qualifiers, value)
  }

  #direction(): Direction | null {
    const word = this.#words[this.#at]
    if (word !== 'src' && word !== 'dst') return null
    this.#at += 1
    const joint = this.#words[this.#at]
    const other = this.#words[this.#at + 1]
    if ((joint === 'or' || joint === 'and') && (other === 'src' || other === 'dst')) {
      this.#at += 2
      return joint === 'or' ? 'either' : 'both'
    }
    return word
  }

  #value(qualifiers: Qualifiers, value: string): PacketFilter {
    const { protocol, direction, type } = qualifiers
    const fits = (packet: Captured): boolean => protocol === '' || isProtocol(packet, protocol)
    const choose = (src: boolean, dst: boolean): boolean => (direction === 'src' ? src : direction === 'dst' ? dst : direction === 'both' ? src && dst : src || dst)
    if (type === 'port' || type === 'portrange') {
      const [low, high] = type === 'port' ? [servicePort(value), servicePort(value)] : value.split('-').map((text) => servicePort(text))
      if (low == null || high == null) {
        this.error ||= type === 'port' ? `unknown port '${value}'` : `unknown port in range '${value}'`
        return () => false
      }
      return (packet) => {
        if (!fits(packet) || ![6, 17, 132].includes(packet.born.protocol) || packet.born.fragmentOffset > 0) return false
        const { sport, dport } = packet.tap
        return choose(sport >= low && sport <= high, dport >= low && dport <= high)
      }
    }
    let prefix: Prefix | null
    if (type === 'net') {
      const [address, length] = value.split('/')
      const octets = address.split('.').length
      const whole = /^\d+(\.\d+){0,2}$/.test(address) ? `${address}${'.0'.repeat(4 - octets)}/${length ?? octets * 8}` : value
      prefix = parsePrefix(whole)
      if (this.#words[this.#at] === 'mask') {
        this.#at += 1
        const mask = parseIp(this.#next() ?? '')
        if (prefix && typeof mask === 'number') prefix = { addr: prefix.addr, length: mask.toString(2).replace(/0+$/, '').length }
      }
    } else prefix = value.includes('/') ? null : parsePrefix(value)
    if (!prefix) {
      this.error ||= /^[a-zA-Z][\w.-]*$/.test(value) && type === 'host' ? (this.#last ? `unknown host '${value}'` : 'syntax error') : 'syntax error'
      return () => false
    }
    const wanted = prefix
    return (packet) => {
      if (!fits(packet)) return false
      const src = parseIp(packet.tap.src)
      const dst = parseIp(packet.tap.dst)
      return choose(src !== null && prefixContains(wanted, src), dst !== null && prefixContains(wanted, dst))
    }
  }

  #ether(): PacketFilter {
    this.#at += 1
    const kind = this.#next()
    if (kind === 'broadcast') return (packet) => packet.tap.dmac === 'ff:ff:ff:ff:ff:ff'
    if (kind === 'multicast') return (packet) => (Number.parseInt(packet.tap.dmac.slice(0, 2), 16) & 1) === 1
    if (kind === 'proto') {
      const type = Number(this.#next())
      return (packet) => packet.born.etherType === type
    }
    const text = kind === 'host' || kind === 'src' || kind === 'dst' ? (this.#next() ?? '') : ''
    const value = text === 'host' ? (this.#next() ?? '') : text
    if (parseMac(value) === null) return this.#fail()
    const mac = value.toLowerCase()
    return (packet) => (kind !== 'dst' && packet.tap.smac === mac) || (kind !== 'src' && packet.tap.dmac === mac)
  }

  /** `tcp[13] & 2 != 0`, `tcp[tcpflags] & (tcp-syn|tcp-ack) == tcp-syn`, `icmp[icmptype] = icmp-echo`. */
  #bytes(protocol: string): PacketFilter {
    this.#at += 1
    const index = number(this.#next() ?? '')
    let size = 1
    if (this.#take(':')) size = Number(this.#next()) || 1
    if (!this.#take(']') || index === null) return this.#fail()
    let mask = 0xffffffff
    if (this.#take('&')) mask = this.#sum() ?? 0
    const operator = this.#next() ?? ''
    const value = this.#sum()
    if (value === null || !['=', '==', '!=', '<', '>', '<=', '>='].includes(operator)) return this.#fail()
    return (packet) => {
      if (!isProtocol(packet, protocol) || (packet.born.fragmentOffset > 0 && protocol !== 'ip')) return false
      const bytes = packetBytes(packet)
      const start = (protocol === 'ip' || protocol === 'ip6' || protocol === 'arp' ? 0 : packet.born.etherType === 0x86dd ? 40 : 20) + index
      if (start + size > bytes.length) return false
      let found = 0
      for (let i = 0; i < size; i += 1) found = found * 256 + bytes[start + i]
      found = (found & mask) >>> 0
      switch (operator) {
        case '!=':
          return found !== value
        case '<':
          return found < value
        case '>':
          return found > value
        case '<=':
          return found <= value
        case '>=':
          return found >= value
      }
      return found === value
    }
  }

  /** A number, or several joined by `|` in parentheses. */
  #sum(): number | null {
    if (!this.#take('(')) return number(this.#next() ?? '')
    let total = 0
    do {
      const value = number(this.#next() ?? '')
      if (value === null) return null
      total |= value
    } while (this.#take('|', 'or'))
    return this.#take(')') ? total >>> 0 : null
  }

  #next(): string | undefined {
    const word = this.#words[this.#at]
    this.#at += 1
    return word
  }

  #take(...words: string[]): boolean {
    if (!words.includes(this.#words[this.#at] ?? '')) return false
    this.#at += 1
    return true
  }

  #fail(): PacketFilter {
    this.error ||= 'syntax error'
    this.#at = this.#words.length
    return () => false
  }
}

const NAMES = new Map([
  ['tcpflags', 13], ['tcp-fin', 1], ['tcp-syn', 2], ['tcp-rst', 4], ['tcp-push', 8], ['tcp-ack', 16], ['tcp-urg', 32], ['icmptype', 0], ['icmpcode', 1],
  ['icmp-echoreply', 0], ['icmp-unreach', 3], ['icmp-redirect', 5], ['icmp-echo', 8], ['icmp-timxceed', 11],
])

function number(text: string): number | null {
  const named = NAMES.get(text)
  if (named !== undefined) return named
  return /^(0x[0-9a-fA-F]+|\d+)$/.test(text) ? Number(text) : null
}

function isProtocol({ born }: Captured, protocol: string): boolean {
  switch (protocol) {
    case 'arp':
      return born.etherType === 0x0806
    case 'ip':
      return born.etherType === 0x0800
    case 'ip6':
      return born.etherType === 0x86dd
    case 'tcp':
      return born.etherType !== 0x0806 && born.protocol === 6
    case 'udp':
      return born.etherType !== 0x0806 && born.protocol === 17
    case 'icmp':
      return born.etherType === 0x0800 && born.protocol === 1
    case 'icmp6':
      return born.etherType === 0x86dd && born.protocol === 58
    case 'sctp':
      return born.protocol === 132
  }
  return false
}
