/**
 * The bytes of a captured packet from its IP header on, built again from its fields (RFC 791, 8200, 9293, 768, 792, 826), with
 * right checksums: for -X, -A, and the checksums that -v shows.
 * Omits: what a tunnel packet carries, the packet quoted in an ICMP error (their bytes are zero).
 */
import { parseIp } from '../../net/addr/ip.ts'
import { parseMac } from '../../net/addr/mac.ts'
import type { Captured } from './capture.ts'

const LENGTH_MAX = 65535

export function packetBytes({ born, tap }: Captured): Uint8Array {
  if (born.etherType === 0x0806) return arpBytes({ born, tap })
  const bytes = new Uint8Array(Math.min(Math.max(tap.length, 20), LENGTH_MAX))
  const v6 = born.etherType === 0x86dd
  const header = v6 ? 40 : 20
  if (v6) {
    put32(bytes, 0, 0x60000000 + born.tos * 0x100000)
    put16(bytes, 4, tap.length - 40)
    bytes[6] = born.protocol
    bytes[7] = tap.ttl
    putAddress(bytes, 8, tap.src)
    putAddress(bytes, 24, tap.dst)
  } else {
    bytes[0] = 0x45
    bytes[1] = born.tos
    put16(bytes, 2, tap.length)
    put16(bytes, 4, born.ipId)
    put16(bytes, 6, (born.df ? 0x4000 : 0) | (born.moreFragments ? 0x2000 : 0) | (born.fragmentOffset >> 3))
    bytes[8] = tap.ttl
    bytes[9] = born.protocol
    putAddress(bytes, 12, tap.src)
    putAddress(bytes, 16, tap.dst)
    put16(bytes, 10, onesComplement(sum16(bytes, 0, 20)))
  }
  if (born.fragmentOffset > 0) return bytes
  const body = transport({ born, tap }, bytes.length - header)
  bytes.set(body.subarray(0, bytes.length - header), header)
  const at = checksumPlace(born.protocol)
  if (at >= 0 && header + at + 2 <= bytes.length) put16(bytes, header + at, transportChecksum(bytes, header, born.protocol, v6))
  return bytes
}

/** The transport checksum as it stands in `bytes`, or -1 when the protocol has none. */
export function shownChecksum(bytes: Uint8Array, header: number, protocol: number): number {
  const at = checksumPlace(protocol)
  return at < 0 || header + at + 2 > bytes.length ? -1 : bytes[header + at] * 256 + bytes[header + at + 1]
}

function checksumPlace(protocol: number): number {
  return protocol === 6 ? 16 : protocol === 17 ? 6 : protocol === 1 || protocol === 58 ? 2 : -1
}

function transport({ born, tap }: Pick<Captured, 'born' | 'tap'>, length: number): Uint8Array {
  const bytes = new Uint8Array(Math.max(length, 0))
  const payload = (at: number): void => {
    for (let i = 0; i < born.payload.length && at + i < bytes.length; i += 1) bytes[at + i] = born.payload.charCodeAt(i) & 255
  }
  if (born.protocol === 6 && length >= 20) {
    put16(bytes, 0, tap.sport)
    put16(bytes, 2, tap.dport)
    put32(bytes, 4, born.seq)
    put32(bytes, 8, born.ack)
    const options = tcpOptions(born)
    bytes[12] = ((20 + options.length) >> 2) << 4
    bytes[13] = born.flags
    put16(bytes, 14, born.window)
    bytes.set(options.slice(0, Math.max(length - 20, 0)), 20)
    payload(20 + options.length)
  } else if (born.protocol === 17 && length >= 8) {
    put16(bytes, 0, tap.sport)
    put16(bytes, 2, tap.dport)
    put16(bytes, 4, length)
    payload(8)
  } else if ((born.protocol === 1 || born.protocol === 58) && length >= 8) {
    bytes[0] = born.icmpType
    bytes[1] = born.icmpCode
    put16(bytes, 4, born.icmpId)
    put16(bytes, 6, born.icmpSeq)
    payload(8)
  } else payload(0)
  return bytes
}

/** In the order of Linux: MSS, SACK permitted, timestamps, window scale, padded with NOPs. */
export function tcpOptions(born: Captured['born']): number[] {
  const options: number[] = []
  const four = (value: number): number[] => [(value >>> 24) & 255, (value >>> 16) & 255, (value >>> 8) & 255, value & 255]
  if (born.mss > 0) options.push(2, 4, born.mss >> 8, born.mss & 255)
  if (born.tsVal > 0) options.push(...(born.sackOk ? [4, 2] : [1, 1]), 8, 10, ...four(born.tsVal), ...four(born.tsEcr))
  else if (born.sackOk) options.push(1, 1, 4, 2)
  if (born.windowScale > 0) options.push(1, 3, 3, born.windowScale)
  return options
}

function arpBytes({ born }: Pick<Captured, 'born' | 'tap'>): Uint8Array {
  const bytes = new Uint8Array(28)
  bytes.set([0, 1, 8, 0, 6, 4, 0, born.icmpType])
  putMac(bytes, 8, born.arpSha)
  putAddress(bytes, 14, born.src)
  putMac(bytes, 18, born.arpTha)
  putAddress(bytes, 24, born.dst)
  return bytes
}

function transportChecksum(bytes: Uint8Array, header: number, protocol: number, v6: boolean): number {
  let sum = sum16(bytes, header, bytes.length)
  if (protocol !== 1) {
    // The pseudo-header: addresses, protocol, length.
    sum += v6 ? sum16(bytes, 8, 40) : sum16(bytes, 12, 20)
    sum += protocol + bytes.length - header
  }
  const value = onesComplement(sum)
  return value === 0 && protocol === 17 ? 0xffff : value
}

function sum16(bytes: Uint8Array, from: number, to: number): number {
  let sum = 0
  for (let i = from; i < to; i += 2) sum += bytes[i] * 256 + (i + 1 < to ? bytes[i + 1] : 0)
  return sum
}

function onesComplement(sum: number): number {
  let folded = sum
  while (folded > 0xffff) folded = (folded & 0xffff) + Math.floor(folded / 65536)
  return ~folded & 0xffff
}

function put16(bytes: Uint8Array, at: number, value: number): void {
  bytes[at] = (value >> 8) & 255
  bytes[at + 1] = value & 255
}

function put32(bytes: Uint8Array, at: number, value: number): void {
  put16(bytes, at, Math.floor(value / 65536))
  put16(bytes, at + 2, value % 65536)
}

function putAddress(bytes: Uint8Array, at: number, text: string): void {
  const ip = parseIp(text)
  if (typeof ip === 'number') put32(bytes, at, ip)
  else if (ip !== null) for (let i = 0; i < 16; i += 1) bytes[at + i] = Number((ip >> BigInt(120 - 8 * i)) & 255n)
}

function putMac(bytes: Uint8Array, at: number, text: string): void {
  const mac = parseMac(text) ?? 0
  for (let i = 0; i < 6; i += 1) bytes[at + i] = Math.floor(mac / 2 ** (40 - 8 * i)) % 256
}
