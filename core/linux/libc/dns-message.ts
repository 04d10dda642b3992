/**
 * DNS messages on the wire: RFC 1035 section 4, AAAA (RFC 3596), SRV (RFC 2782), EDNS(0) (RFC 6891).
 *
 * Omits: DNSSEC, dynamic update, name compression in anything but names; unknown types are carried as bytes.
 */
import { formatIp, type IpAddr } from '../../net/addr/ip.ts'

export interface DnsQuestion {
  name: string
  type: DnsType
  class: string
}

export type DnsData =
  | { type: 'A' | 'AAAA'; address: IpAddr }
  | { type: 'CNAME' | 'NS' | 'PTR'; target: string }
  | { type: 'SOA'; primary: string; mailbox: string; serial: number; refresh: number; retry: number; expire: number; minimum: number }
  | { type: 'SRV'; priority: number; weight: number; port: number; target: string }
  | { type: 'MX'; preference: number; target: string }
  | { type: 'TXT'; texts: string[] }
  | { type: 'OTHER'; number: number; bytes: Uint8Array }

/** Names end without a dot (the root is ''); they keep the case in which they came. */
export type DnsRecord = DnsData & { name: string; ttl: number }

/** `A`, `SRV`, … or `TYPE123`. */
export type DnsType = string

export interface DnsEdns {
  udpSize: number
  version: number
  dnssecOk: boolean
  options: { code: number; bytes: Uint8Array }[]
}

export interface DnsMessage {
  id: number
  /** True in a response. */
  qr: boolean
  opcode: number
  aa: boolean
  tc: boolean
  rd: boolean
  ra: boolean
  ad: boolean
  cd: boolean
  rcode: number
  questions: DnsQuestion[]
  answers: DnsRecord[]
  authorities: DnsRecord[]
  additionals: DnsRecord[]
  edns: DnsEdns | null
}

const TYPES: readonly (readonly [string, number])[] = [
  ['A', 1], ['NS', 2], ['CNAME', 5], ['SOA', 6], ['PTR', 12], ['HINFO', 13], ['MX', 15], ['TXT', 16], ['AAAA', 28], ['SRV', 33],
  ['NAPTR', 35], ['OPT', 41], ['DS', 43], ['RRSIG', 46], ['NSEC', 47], ['DNSKEY', 48], ['SVCB', 64], ['HTTPS', 65], ['AXFR', 252],
  ['ANY', 255], ['CAA', 257],
]
const NUMBER_OF = new Map(TYPES)
const NAME_OF = new Map(TYPES.map(([name, number]) => [number, name]))

export const RCODES = [
  'NOERROR', 'FORMERR', 'SERVFAIL', 'NXDOMAIN', 'NOTIMP', 'REFUSED', 'YXDOMAIN', 'YXRRSET', 'NXRRSET', 'NOTAUTH', 'NOTZONE',
] as const

export function dnsTypeName(number: number): DnsType {
  return NAME_OF.get(number) ?? `TYPE${number}`
}

/** Null for what is no type. */
export function dnsTypeNumber(type: string): number | null {
  const upper = type.toUpperCase()
  const generic = /^TYPE(\d{1,5})$/.exec(upper)
  return NUMBER_OF.get(upper) ?? (generic ? Number(generic[1]) : null)
}

const OPT = 41
const POINTER = 0xc0
/** RFC 1035 section 2.3.4. */
const NAME_MAX = 255
const LABEL_MAX = 63
const RECORDS_MAX = 4096

/** A query with recursion desired. */
export function dnsQueryMessage(id: number, name: string, type: DnsType, edns: DnsEdns | null = null): DnsMessage {
  return {
    id, qr: false, opcode: 0, aa: false, tc: false, rd: true, ra: false, ad: false, cd: false, rcode: 0,
    questions: [{ name: trimDot(name), type, class: 'IN' }], answers: [], authorities: [], additionals: [], edns,
  }
}

export function encodeDns(message: DnsMessage): Uint8Array {
  const out = new Writer()
  const { edns } = message
  out.u16(message.id)
  out.u16(
    (message.qr ? 0x8000 : 0) | (message.opcode << 11) | (message.aa ? 0x400 : 0) | (message.tc ? 0x200 : 0) | (message.rd ? 0x100 : 0) |
      (message.ra ? 0x80 : 0) | (message.ad ? 0x20 : 0) | (message.cd ? 0x10 : 0) | (message.rcode & 0xf),
  )
  out.u16(message.questions.length)
  out.u16(message.answers.length)
  out.u16(message.authorities.length)
  out.u16(message.additionals.length + (edns ? 1 : 0))
  for (const question of message.questions) {
    out.name(question.name)
    out.u16(dnsTypeNumber(question.type) ?? 0)
    out.u16(question.class === 'CH' ? 3 : 1)
  }
  for (const record of [...message.answers, ...message.authorities, ...message.additionals]) out.record(record)
  if (edns) {
    out.u8(0)
    out.u16(OPT)
    out.u16(edns.udpSize)
    out.u32((((message.rcode >> 4) & 0xff) * 0x1000000) + (edns.version << 16) + (edns.dnssecOk ? 0x8000 : 0))
    out.u16(edns.options.reduce((sum, option) => sum + 4 + option.bytes.length, 0))
    for (const option of edns.options) {
      out.u16(option.code)
      out.u16(option.bytes.length)
      out.bytes(option.bytes)
    }
  }
  return Uint8Array.from(out.data)
}

/** Null when the bytes are no DNS message. */
export function decodeDns(bytes: Uint8Array): DnsMessage | null {
  const input = new Reader(bytes)
  const id = input.u16()
  const flags = input.u16()
  const counts = [input.u16(), input.u16(), input.u16(), input.u16()]
  if (input.bad || counts[0] + counts[1] + counts[2] + counts[3] > RECORDS_MAX) return null
  const message: DnsMessage = {
    id, qr: (flags & 0x8000) !== 0, opcode: (flags >> 11) & 0xf, aa: (flags & 0x400) !== 0, tc: (flags & 0x200) !== 0,
    rd: (flags & 0x100) !== 0, ra: (flags & 0x80) !== 0, ad: (flags & 0x20) !== 0, cd: (flags & 0x10) !== 0, rcode: flags & 0xf,
    questions: [], answers: [], authorities: [], additionals: [], edns: null,
  }
  for (let i = 0; i < counts[0] && !input.bad; i += 1) {
    const name = input.name()
    const type = dnsTypeName(input.u16())
    message.questions.push({ name, type, class: input.u16() === 3 ? 'CH' : 'IN' })
  }
  const sections = [message.answers, message.authorities, message.additionals]
  for (let section = 0; section < 3; section += 1) {
    for (let i = 0; i < counts[section + 1] && !input.bad; i += 1) input.record(message, sections[section])
  }
  return input.bad ? null : message
}

/** The data of a record in the notation of a zone file, as dig prints it. */
export function dnsDataText(record: DnsRecord): string {
  const dotted = (name: string): string => `${name}.`
  switch (record.type) {
    case 'A':
    case 'AAAA':
      return formatIp(record.address)
    case 'CNAME':
    case 'NS':
    case 'PTR':
      return dotted(record.target)
    case 'SOA':
      return [dotted(record.primary), dotted(record.mailbox), record.serial, record.refresh, record.retry, record.expire, record.minimum].join(' ')
    case 'SRV':
      return `${record.priority} ${record.weight} ${record.port} ${dotted(record.target)}`
    case 'MX':
      return `${record.preference} ${dotted(record.target)}`
    case 'TXT':
      return record.texts.map((text) => `"${text.replaceAll('\\', '\\\\').replaceAll('"', '\\"')}"`).join(' ')
    case 'OTHER':
      return `\\# ${record.bytes.length} ${[...record.bytes].map((byte) => byte.toString(16).padStart(2, '0')).join('')}`.trimEnd()
  }
}

/** The type of a record as a name, also of one that we do not know. */
export function dnsRecordType(record: DnsRecord): DnsType {
  return record.type === 'OTHER' ? dnsTypeName(record.number) : record.type
}

function trimDot(name: string): string {
  return name.endsWith('.') ? name.slice(0, -1) : name
}

class Writer {
  readonly data: number[] = []
  /** Where a name suffix (in lower case) was written first, for compression. */
  readonly #seen = new Map<string, number>()

  u8(value: number): void {
    this.data.push(value & 0xff)
  }

  u16(value: number): void {
    this.data.push((value >> 8) & 0xff, value & 0xff)
  }

  u32(value: number): void {
    this.data.push((value >>> 24) & 0xff, (value >>> 16) & 0xff, (value >>> 8) & 0xff, value & 0xff)
  }

  bytes(bytes: Uint8Array): void {
    for (const byte of bytes) this.data.push(byte)
  }

  /** `compress` is false inside records newer than RFC 1035 (RFC 3597 section 4). */
  name(name: string, compress = true): void {
    let rest = trimDot(name)
    while (rest !== '') {
      const key = rest.toLowerCase()
      const at = this.#seen.get(key)
      if (compress && at !== undefined) {
        this.u16((POINTER << 8) | at)
        return
      }
      if (at === undefined && this.data.length < 0x4000) this.#seen.set(key, this.data.length)
      const dot = rest.indexOf('.')
      const label = (dot < 0 ? rest : rest.slice(0, dot)).slice(0, LABEL_MAX)
      this.u8(label.length)
      for (let i = 0; i < label.length; i += 1) this.u8(label.charCodeAt(i))
      rest = dot < 0 ? '' : rest.slice(dot + 1)
    }
    this.u8(0)
  }

  record(record: DnsRecord): void {
    this.name(record.name)
    this.u16(record.type === 'OTHER' ? record.number : (NUMBER_OF.get(record.type) as number))
    this.u16(1)
    this.u32(record.ttl)
    const lengthAt = this.data.length
    this.u16(0)
    this.#rdata(record)
    const length = this.data.length - lengthAt - 2
    this.data[lengthAt] = length >> 8
    this.data[lengthAt + 1] = length & 0xff
  }

  #rdata(record: DnsRecord): void {
    switch (record.type) {
      case 'A':
        this.u32(Number(record.address))
        return
      case 'AAAA':
        for (let shift = 112n; shift >= 0n; shift -= 16n) this.u16(Number((BigInt(record.address) >> shift) & 0xffffn))
        return
      case 'CNAME':
      case 'NS':
      case 'PTR':
        this.name(record.target)
        return
      case 'SOA':
        this.name(record.primary)
        this.name(record.mailbox)
        for (const value of [record.serial, record.refresh, record.retry, record.expire, record.minimum]) this.u32(value)
        return
      case 'SRV':
        for (const value of [record.priority, record.weight, record.port]) this.u16(value)
        this.name(record.target, false)
        return
      case 'MX':
        this.u16(record.preference)
        this.name(record.target)
        return
      case 'TXT':
        for (const text of record.texts) {
          const chars = text.slice(0, 255)
          this.u8(chars.length)
          for (let i = 0; i < chars.length; i += 1) this.u8(chars.charCodeAt(i))
        }
        return
      case 'OTHER':
        this.bytes(record.bytes)
        return
    }
  }
}

class Reader {
  readonly #bytes: Uint8Array
  #at = 0
  bad = false

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes
  }

  u8(): number {
    if (this.#at >= this.#bytes.length) {
      this.bad = true
      return 0
    }
    this.#at += 1
    return this.#bytes[this.#at - 1]
  }

  u16(): number {
    return this.u8() * 256 + this.u8()
  }

  u32(): number {
    return this.u16() * 65536 + this.u16()
  }

  name(): string {
    const labels: string[] = []
    let back = -1
    let total = 0
    // Each pointer must point before itself, so 128 jumps are more than any honest name has.
    for (let jumps = 0; jumps < 128 && !this.bad; ) {
      const length = this.u8()
      if (length === 0) break
      if ((length & POINTER) === POINTER) {
        const target = ((length & 0x3f) << 8) | this.u8()
        if (target >= this.#at - 2) this.bad = true
        if (back < 0) back = this.#at
        this.#at = target
        jumps += 1
        continue
      }
      total += length + 1
      if (length > LABEL_MAX || total > NAME_MAX) this.bad = true
      let label = ''
      for (let i = 0; i < length && !this.bad; i += 1) label += String.fromCharCode(this.u8())
      labels.push(label)
    }
    if (back >= 0) this.#at = back
    return labels.join('.')
  }

  record(message: DnsMessage, section: DnsRecord[]): void {
    const name = this.name()
    const number = this.u16()
    const klass = this.u16()
    const ttl = this.u32()
    const end = this.u16() + this.#at
    if (end > this.#bytes.length) this.bad = true
    if (this.bad) return
    if (number === OPT) this.#opt(message, klass, ttl, end)
    else section.push({ name, ttl, ...this.#rdata(number, end) })
    this.#at = end
  }

  #opt(message: DnsMessage, udpSize: number, ttl: number, end: number): void {
    const options: DnsEdns['options'] = []
    while (this.#at + 4 <= end) {
      const code = this.u16()
      const length = this.u16()
      options.push({ code, bytes: this.#bytes.slice(this.#at, Math.min(end, this.#at + length)) })
      this.#at += length
    }
    message.rcode |= (ttl >>> 24) << 4
    message.edns = { udpSize, version: (ttl >>> 16) & 0xff, dnssecOk: (ttl & 0x8000) !== 0, options }
  }

  #rdata(number: number, end: number): DnsData {
    const type = NAME_OF.get(number)
    switch (type) {
      case 'A':
        return { type, address: this.u32() }
      case 'AAAA': {
        let address = 0n
        for (let i = 0; i < 8; i += 1) address = (address << 16n) | BigInt(this.u16())
        return { type, address }
      }
      case 'CNAME':
      case 'NS':
      case 'PTR':
        return { type, target: this.name() }
      case 'SOA': {
        const primary = this.name()
        const mailbox = this.name()
        const [serial, refresh, retry, expire, minimum] = [this.u32(), this.u32(), this.u32(), this.u32(), this.u32()]
        return { type, primary, mailbox, serial, refresh, retry, expire, minimum }
      }
      case 'SRV': {
        const [priority, weight, port] = [this.u16(), this.u16(), this.u16()]
        return { type, priority, weight, port, target: this.name() }
      }
      case 'MX':
        return { type, preference: this.u16(), target: this.name() }
      case 'TXT': {
        const texts: string[] = []
        while (this.#at < end && !this.bad) {
          const length = this.u8()
          let text = ''
          for (let i = 0; i < length; i += 1) text += String.fromCharCode(this.u8())
          texts.push(text)
        }
        return { type, texts }
      }
      default:
        return { type: 'OTHER', number, bytes: this.#bytes.slice(this.#at, end) }
    }
  }
}
