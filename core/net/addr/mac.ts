/** Ethernet addresses as 48-bit whole numbers (IEEE 802, RFC 9542). Text form as `ip link` prints it: lower case, colons. */
import type { IpAddr } from './ip.ts'

export type Mac = number

export const BROADCAST_MAC: Mac = 0xffffffffffff
export const ZERO_MAC: Mac = 0

export function parseMac(text: string): Mac | null {
  if (!/^[0-9a-fA-F]{2}([:-][0-9a-fA-F]{2}){5}$/.test(text)) return null
  return Number.parseInt(text.replace(/[:-]/g, ''), 16)
}

export function formatMac(mac: Mac): string {
  const high = Math.floor(mac / 0x1000000)
  const low = mac % 0x1000000
  return `${hex3(high)}:${hex3(low)}`
}

/** Group bit set: multicast, broadcast included. */
export function isGroupMac(mac: Mac): boolean {
  return (Math.floor(mac / 0x10000000000) & 1) === 1
}

/** RFC 1112 section 6.4 for IPv4, RFC 2464 section 7 for IPv6. */
export function multicastMac(ip: IpAddr): Mac {
  if (typeof ip === 'bigint') return 0x333300000000 + Number(ip & 0xffffffffn)
  return 0x01005e000000 + (ip & 0x7fffff)
}

const HEX2: readonly string[] = Array.from({ length: 256 }, (_, i) => i.toString(16).padStart(2, '0'))

/** Three octets. */
function hex3(value: number): string {
  return `${HEX2[value >>> 16]}:${HEX2[(value >>> 8) & 255]}:${HEX2[value & 255]}`
}
