/**
 * The bytes of a frame as an interface saw it, built again from `packet.new` (what never changes) and `packet.tap` (what does),
 * with right checksums, and a map of which bytes are which header for the hex pane.
 *
 * Truth: IEEE 802.3 (14-byte header), RFC 826 (ARP), 791 (IPv4), 8200 (IPv6), 9293 (TCP; option order as Linux' tcp_options_write),
 * 768 (UDP), 792 and 4443 (ICMP), 7348 (VXLAN).
 * Omits: frame check sequence, padding to 60 bytes, IP options; quotes of ICMP errors hold the header and 8 bytes.
 */
import type { PacketNew, PacketTap } from '../sim/trace-event.ts'
import { ipBytes, macBytes } from './address-bytes.ts'
import { ETHERTYPE, PROTOCOL } from './packet-info.ts'

export interface FrameField {
  /** `eth`, `arp`, `ip`, `tcp`, `udp`, `icmp`, `vxlan`, `data`. */
  layer: string
  start: number
  end: number
}

export interface Frame {
  bytes: Uint8Array
  fields: FrameField[]
}

/** How to find another packet (a tunnel's inner one, what an error quotes) as it stood just before. */
export type FrameSource = (packet: number) => { head: PacketNew; tap: PacketTap } | null

const NESTING_MAX = 4

export function buildFrame(head: PacketNew, tap: PacketTap, source: FrameSource, depth = 0): Frame {
  const out: number[] = [...macBytes(tap.dmac), ...macBytes(tap.smac), head.etherType >> 8, head.etherType & 0xff]
  const fields: FrameField[] = [{ layer: 'eth', start: 0, end: out.length }]
  if (head.etherType === ETHERTYPE.arp) {
    out.push(...arpMessage(head))
    fields.push({ layer: 'arp', start: 14, end: out.length })
    return { bytes: Uint8Array.from(out), fields }
  }
  const body = transport(head, tap, source, depth)
  const header = head.etherType === ETHERTYPE.ipv6 ? ip6Header(head, tap, body.bytes.length) : ip4Header(head, tap, body.bytes.length)
  fields.push({ layer: 'ip', start: 14, end: 14 + header.length })
  const shift = 14 + header.length
  for (const field of body.fields) fields.push({ layer: field.layer, start: field.start + shift, end: field.end + shift })
  return { bytes: Uint8Array.from([...out, ...header, ...body.bytes]), fields }
}

/** One's complement sum (RFC 1071) of the bytes, folded and inverted. */
export function internetChecksum(bytes: readonly number[]): number {
  let sum = 0
  for (let index = 0; index < bytes.length; index += 2) sum += (bytes[index]! << 8) | (bytes[index + 1] ?? 0)
  while (sum > 0xffff) sum = (sum & 0xffff) + (sum >>> 16)
  return ~sum & 0xffff
}

function arpMessage(head: PacketNew): number[] {
  return [
    0,
    1,
    8,
    0,
    6,
    4,
    0,
    head.icmpType,
    ...macBytes(head.arpSha),
    ...(ipBytes(head.src) ?? [0, 0, 0, 0]),
    ...macBytes(head.arpTha),
    ...(ipBytes(head.dst) ?? [0, 0, 0, 0]),
  ]
}

function ip4Header(head: PacketNew, tap: PacketTap, bodyLength: number): number[] {
  const fragment = (head.df ? 0x4000 : 0) | (head.moreFragments ? 0x2000 : 0) | (head.fragmentOffset >> 3)
  const header = [
    0x45,
    head.tos,
    ...word(20 + bodyLength),
    ...word(head.ipId),
    ...word(fragment),
    tap.ttl,
    head.protocol,
    0,
    0,
    ...(ipBytes(tap.src) ?? []),
    ...(ipBytes(tap.dst) ?? []),
  ]
  return put(header, 10, internetChecksum(header))
}

function ip6Header(head: PacketNew, tap: PacketTap, bodyLength: number): number[] {
  return [
    0x60 | (head.tos >> 4),
    (head.tos & 15) << 4,
    0,
    0,
    ...word(bodyLength),
    head.protocol,
    tap.ttl,
    ...(ipBytes(tap.src) ?? []),
    ...(ipBytes(tap.dst) ?? []),
  ]
}

interface Body {
  bytes: number[]
  fields: FrameField[]
}

function transport(head: PacketNew, tap: PacketTap, source: FrameSource, depth: number): Body {
  const data = payloadOf(head, source, depth)
  if (head.fragmentOffset > 0) return { bytes: data.bytes, fields: [{ layer: 'data', start: 0, end: data.bytes.length }] }
  const header = transportHeader(head, tap, data.bytes)
  const fields: FrameField[] = header.bytes.length === 0 ? [] : [{ layer: header.layer, start: 0, end: header.bytes.length }]
  for (const field of data.fields) {
    fields.push({ layer: field.layer, start: field.start + header.bytes.length, end: field.end + header.bytes.length })
  }
  return { bytes: [...header.bytes, ...data.bytes], fields }
}

function transportHeader(head: PacketNew, tap: PacketTap, data: readonly number[]): { layer: string; bytes: number[] } {
  const ports = [...word(tap.sport), ...word(tap.dport)]
  switch (head.protocol) {
    case PROTOCOL.tcp: {
      const options = tcpOptions(head)
      const offset = ((20 + options.length) / 4) << 4
      const header = [
        ...ports,
        ...long(head.seq),
        ...long(head.ack),
        offset,
        head.flags & 0xff,
        ...word(head.window),
        0,
        0,
        0,
        0,
        ...options,
      ]
      return { layer: 'tcp', bytes: put(header, 16, checksumWithPseudo(head, tap, [...header, ...data])) }
    }
    case PROTOCOL.udp: {
      const header = [...ports, ...word(8 + data.length), 0, 0]
      return { layer: 'udp', bytes: put(header, 6, checksumWithPseudo(head, tap, [...header, ...data]) || 0xffff) }
    }
    case PROTOCOL.icmp:
    case PROTOCOL.icmp6: {
      const header = [head.icmpType, head.icmpCode, 0, 0, ...word(head.icmpId), ...word(head.icmpSeq)]
      const whole = [...header, ...data]
      return {
        layer: 'icmp',
        bytes: put(header, 2, head.protocol === PROTOCOL.icmp ? internetChecksum(whole) : checksumWithPseudo(head, tap, whole)),
      }
    }
    default:
      return { layer: 'data', bytes: [] }
  }
}

function payloadOf(head: PacketNew, source: FrameSource, depth: number): Body {
  const own = latin1(head.payload)
  if (head.inner !== 0 && depth < NESTING_MAX) {
    const inner = source(head.inner)
    if (inner !== null) {
      const frame = buildFrame(inner.head, inner.tap, source, depth + 1)
      if (head.protocol === PROTOCOL.ipip) return { bytes: [...frame.bytes.slice(14)], fields: [] }
      const vxlan = [8, 0, 0, 0, (head.icmpId >> 16) & 0xff, (head.icmpId >> 8) & 0xff, head.icmpId & 0xff, 0]
      const fields = frame.fields.map((field) => ({ layer: `inner ${field.layer}`, start: field.start + 8, end: field.end + 8 }))
      return { bytes: [...vxlan, ...frame.bytes], fields: [{ layer: 'vxlan', start: 0, end: 8 }, ...fields] }
    }
  }
  const isError = head.protocol === PROTOCOL.icmp && (head.icmpType === 3 || head.icmpType === 5 || head.icmpType === 11)
  if (own.length === 0 && isError && head.cause !== 0 && depth < NESTING_MAX) {
    const quoted = source(head.cause)
    if (quoted !== null) {
      const bytes = [...buildFrame(quoted.head, quoted.tap, source, depth + 1).bytes.slice(14, 14 + 28)]
      return { bytes, fields: [{ layer: 'quoted', start: 0, end: bytes.length }] }
    }
  }
  return { bytes: own, fields: own.length === 0 ? [] : [{ layer: 'data', start: 0, end: own.length }] }
}

function tcpOptions(head: PacketNew): number[] {
  const options: number[] = []
  const stamped = head.tsVal !== 0 || head.tsEcr !== 0
  if ((head.flags & 2) !== 0) {
    if (head.mss > 0) options.push(2, 4, ...word(head.mss))
    if (stamped) options.push(...(head.sackOk ? [4, 2] : [1, 1]), 8, 10, ...long(head.tsVal), ...long(head.tsEcr))
    else if (head.sackOk) options.push(1, 1, 4, 2)
    if (head.windowScale > 0) options.push(1, 3, 3, head.windowScale)
  } else if (stamped) options.push(1, 1, 8, 10, ...long(head.tsVal), ...long(head.tsEcr))
  return options
}

function checksumWithPseudo(head: PacketNew, tap: PacketTap, body: readonly number[]): number {
  const addresses = [...(ipBytes(tap.src) ?? []), ...(ipBytes(tap.dst) ?? [])]
  const tail = head.etherType === ETHERTYPE.ipv6 ? [...long(body.length), 0, 0, 0, head.protocol] : [0, head.protocol, ...word(body.length)]
  return internetChecksum([...addresses, ...tail, ...body])
}

function put(bytes: number[], offset: number, value: number): number[] {
  bytes[offset] = value >> 8
  bytes[offset + 1] = value & 0xff
  return bytes
}

function word(value: number): [number, number] {
  return [(value >> 8) & 0xff, value & 0xff]
}

function long(value: number): [number, number, number, number] {
  return [(value >>> 24) & 0xff, (value >>> 16) & 0xff, (value >>> 8) & 0xff, value & 0xff]
}

function latin1(text: string): number[] {
  return Array.from({ length: text.length }, (_, index) => text.charCodeAt(index) & 0xff)
}
