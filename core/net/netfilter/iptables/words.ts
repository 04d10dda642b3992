/**
 * Words of the iptables command line and of its listings: numbers, ports, protocols, marks, quoting. Truth: xtables.c
 * (xtables_strtoul, xtables_parse_port, xtables_save_string), /etc/protocols and /etc/services of Debian.
 *
 * Omits: host names as addresses, and most of /etc/services.
 */
import type { IpFamily } from './family.ts'
import { Refusal } from './extension.ts'
import { formatIp, type IpAddr, parseIp } from '../../addr/ip.ts'
import type { AddressTest } from './rule.ts'

/** Name → number, as /etc/protocols of Debian's netbase has them. */
const PROTOCOLS: ReadonlyMap<string, number> = new Map([
  ['all', 0],
  ['ip', 0],
  ['icmp', 1],
  ['igmp', 2],
  ['ggp', 3],
  ['ipencap', 4],
  ['st', 5],
  ['tcp', 6],
  ['egp', 8],
  ['igp', 9],
  ['pup', 12],
  ['udp', 17],
  ['hmp', 20],
  ['xns-idp', 22],
  ['rdp', 27],
  ['iso-tp4', 29],
  ['dccp', 33],
  ['xtp', 36],
  ['ddp', 37],
  ['idpr-cmtp', 38],
  ['ipv6', 41],
  ['ipv6-route', 43],
  ['ipv6-frag', 44],
  ['idrp', 45],
  ['rsvp', 46],
  ['gre', 47],
  ['esp', 50],
  ['ah', 51],
  ['skip', 57],
  ['ipv6-icmp', 58],
  ['icmpv6', 58],
  ['ipv6-nonxt', 59],
  ['ipv6-opts', 60],
  ['rspf', 73],
  ['vmtp', 81],
  ['eigrp', 88],
  ['ospf', 89],
  ['ax.25', 93],
  ['ipip', 94],
  ['etherip', 97],
  ['encap', 98],
  ['pim', 103],
  ['ipcomp', 108],
  ['vrrp', 112],
  ['l2tp', 115],
  ['isis', 124],
  ['sctp', 132],
  ['fc', 133],
  ['mobility-header', 135],
  ['ipv6-mh', 135],
  ['mh', 135],
  ['udplite', 136],
  ['mpls-in-ip', 137],
  ['manet', 138],
  ['hip', 139],
  ['shim6', 140],
  ['wesp', 141],
  ['rohc', 142],
])

/** Aliases come later in `PROTOCOLS` and lose. */
const PROTOCOL_NAMES: ReadonlyMap<number, string> = new Map([...PROTOCOLS].reverse().map(([name, number]) => [number, name]))

const SERVICES: readonly (readonly [name: string, port: number])[] = [
  ['ftp-data', 20],
  ['ftp', 21],
  ['ssh', 22],
  ['telnet', 23],
  ['smtp', 25],
  ['domain', 53],
  ['bootps', 67],
  ['bootpc', 68],
  ['tftp', 69],
  ['http', 80],
  ['kerberos', 88],
  ['pop3', 110],
  ['sunrpc', 111],
  ['ntp', 123],
  ['imap2', 143],
  ['snmp', 161],
  ['bgp', 179],
  ['ldap', 389],
  ['https', 443],
  ['syslog', 514],
  ['ldaps', 636],
  ['imaps', 993],
  ['pop3s', 995],
  ['cisco-sccp', 2000],
  ['nfs', 2049],
  ['mysql', 3306],
  ['postgresql', 5432],
  ['mdns', 5353],
  ['http-alt', 8080],
]
const SERVICE_PORTS: ReadonlyMap<string, number> = new Map(SERVICES)
const SERVICE_NAMES: ReadonlyMap<number, string> = new Map(SERVICES.map(([name, port]) => [port, name]))

export function protocolNumber(text: string): number | null {
  const known = PROTOCOLS.get(text.toLowerCase())
  if (known !== undefined) return known
  return unsigned(text, 255)
}

/** As iptables-save and `-L` without `-n` print it. `ipv6` in iptables-save is `ipv6-icmp`'s family's matter. */
export function protocolName(number: number): string {
  return number === 0 ? 'all' : (PROTOCOL_NAMES.get(number) ?? String(number))
}

/** A whole number as strtoul(3) with base 0 reads it: decimal, `0x…` or octal; null when it is none or above `max`. */
export function unsigned(text: string, max: number): number | null {
  let value: number
  if (/^0[xX][0-9a-fA-F]{1,12}$/.test(text)) value = Number.parseInt(text, 16)
  else if (/^0[0-7]{1,14}$/.test(text)) value = Number.parseInt(text, 8)
  else if (/^\d{1,15}$/.test(text)) value = Number(text)
  else return null
  return value <= max ? value : null
}

export function portNumber(text: string): number | null {
  return SERVICE_PORTS.get(text) ?? unsigned(text, 65535)
}

export function portName(port: number, numeric: boolean): string {
  return numeric ? String(port) : (SERVICE_NAMES.get(port) ?? String(port))
}

export interface PortRange {
  readonly min: number
  readonly max: number
}

/** `80`, `80:90`, `:90`, `80:`, names too. */
export function portRange(text: string): PortRange | Refusal {
  const colon = text.indexOf(':')
  const words = colon < 0 ? [text, text] : [text.slice(0, colon) || '0', text.slice(colon + 1) || '65535']
  const ports: number[] = []
  for (const word of words) {
    const port = portNumber(word)
    if (port === null) return new Refusal(`invalid port/service \`${word}' specified`)
    ports.push(port)
  }
  if (ports[0] > ports[1]) return new Refusal('invalid portrange (min > max)')
  return { min: ports[0], max: ports[1] }
}

export function hex(value: number): string {
  return `0x${(value >>> 0).toString(16)}`
}

/** `value[/mask]`. */
export function valueAndMask(text: string): { value: number; mask: number } | null {
  const slash = text.indexOf('/')
  const value = unsigned(slash < 0 ? text : text.slice(0, slash), 0xffffffff)
  const mask = slash < 0 ? 0xffffffff : unsigned(text.slice(slash + 1), 0xffffffff)
  return value === null || mask === null ? null : { value, mask }
}

/** `0x1` or `0x1/0xff`. */
export function markText(value: number, mask: number): string {
  return mask === 0xffffffff ? hex(value) : `${hex(value)}/${hex(mask)}`
}

/** xtables_save_string: quotes what is more than letters, digits, `_` and `-`. */
export function quoted(text: string): string {
  if (text !== '' && /^[A-Za-z0-9_-]*$/.test(text)) return text
  return `"${text.replace(/["\\']/g, (char) => `\\${char}`)}"`
}

/** The words of a line of iptables-restore input: double quotes and backslashes as add_param_to_argv reads them. */
export function splitWords(line: string): string[] {
  const words: string[] = []
  let word = ''
  let inWord = false
  let inQuotes = false
  for (let i = 0; i < line.length; i += 1) {
    const char = line[i]
    if (inQuotes) {
      if (char === '\\' && i + 1 < line.length) {
        i += 1
        word += line[i]
      } else if (char === '"') inQuotes = false
      else word += char
    } else if (char === '"') {
      inQuotes = true
      inWord = true
    } else if (char === ' ' || char === '\t' || char === '\n') {
      if (inWord) words.push(word)
      word = ''
      inWord = false
    } else {
      word += char
      inWord = true
    }
  }
  if (inWord) words.push(word)
  return words
}

/** The address of a rule or option: `a.b.c.d`, with `/length` or `/mask`. Null when it is everything. */
export function addressTest(text: string, family: IpFamily, invert: boolean): AddressTest | null | Refusal {
  const slash = text.indexOf('/')
  const hostText = slash < 0 ? text : text.slice(0, slash)
  const maskText = slash < 0 ? '' : text.slice(slash + 1)
  const host = family === 'ipv4' ? parseShortV4(hostText) : parseIp(hostText)
  if (host === null || (typeof host === 'bigint') !== (family === 'ipv6')) return new Refusal(`host/network \`${hostText}' not found`)
  const mask = parseMask(maskText, family)
  if (mask === null) return new Refusal(`invalid mask \`${maskText}' specified`)
  if (mask === 0 || mask === 0n) return null
  return makeAddressTest(host, mask, invert)
}

export function makeAddressTest(host: IpAddr, mask: IpAddr, invert: boolean): AddressTest {
  if (typeof host === 'bigint' || typeof mask === 'bigint') {
    const mask6 = BigInt(mask)
    const value6 = BigInt(host) & mask6
    const length = mask6Length(mask6)
    const suffix = length === null ? formatIp(mask6) : String(length)
    const listText = length === 128 ? formatIp(value6) : `${formatIp(value6)}/${suffix}`
    return { invert, value: 0, mask: 0, value6, mask6, text: `${formatIp(value6)}/${suffix}`, listText }
  }
  const value = host & mask
  const length = maskLength(mask)
  const suffix = length === null ? formatIp(mask >>> 0) : String(length)
  const shown = formatIp(value >>> 0)
  return {
    invert,
    value,
    mask: mask | 0,
    value6: 0n,
    mask6: 0n,
    text: `${shown}/${suffix}`,
    listText: length === 32 ? shown : `${shown}/${suffix}`,
  }
}

/** Dotted quads may be cut short: `10/8` is 10.0.0.0/8 (xtables numeric_to_ipaddr and string_to_number). */
function parseShortV4(text: string): number | null {
  if (!/^\d{1,3}(\.\d{1,3}){0,3}$/.test(text)) return null
  const octets = text.split('.').map(Number)
  if (octets.some((octet) => octet > 255)) return null
  while (octets.length < 4) octets.push(0)
  return ((octets[0] << 24) | (octets[1] << 16) | (octets[2] << 8) | octets[3]) >>> 0
}

function parseMask(text: string, family: IpFamily): IpAddr | null {
  const bits = family === 'ipv4' ? 32 : 128
  if (text === '') return family === 'ipv4' ? 0xffffffff : (1n << 128n) - 1n
  if (/^\d{1,3}$/.test(text)) {
    const length = Number(text)
    if (length > bits) return null
    if (family === 'ipv6') return length === 0 ? 0n : ((1n << 128n) - 1n) ^ ((1n << BigInt(128 - length)) - 1n)
    return length === 0 ? 0 : (-1 << (32 - length)) >>> 0
  }
  const mask = parseIp(text)
  return mask !== null && (typeof mask === 'bigint') === (family === 'ipv6') ? mask : null
}

function maskLength(mask: number): number | null {
  for (let length = 0; length <= 32; length += 1) if ((mask | 0) === (length === 0 ? 0 : -1 << (32 - length))) return length
  return null
}

function mask6Length(mask: bigint): number | null {
  const host = ((1n << 128n) - 1n) ^ mask
  if ((host & (host + 1n)) !== 0n) return null
  return 128 - (host === 0n ? 0 : host.toString(2).length)
}
