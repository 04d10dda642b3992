/**
 * Addresses as text to bytes and whether one lies in a prefix, for the page's hex pane, capture files and display filter.
 *
 * Truth: RFC 791 (IPv4), RFC 4291 section 2.2 (IPv6 text forms).
 * Omits: zone identifiers.
 */
export function ipBytes(text: string): number[] | null {
  return text.includes(':') ? ip6Bytes(text) : ip4Bytes(text)
}

export function macBytes(text: string): number[] {
  const parts = text.split(':').map((part) => Number.parseInt(part, 16))
  return parts.length === 6 && parts.every((part) => part >= 0 && part <= 255) ? parts : [0, 0, 0, 0, 0, 0]
}

/** `prefix` may be a bare address. */
export function prefixHolds(prefix: string, ip: string): boolean {
  const slash = prefix.indexOf('/')
  const network = ipBytes(slash < 0 ? prefix : prefix.slice(0, slash))
  const address = ipBytes(ip)
  if (network === null || address === null || network.length !== address.length) return false
  let bits = slash < 0 ? network.length * 8 : Number(prefix.slice(slash + 1))
  for (let index = 0; index < network.length && bits > 0; index += 1, bits -= 8) {
    const mask = bits >= 8 ? 0xff : (0xff << (8 - bits)) & 0xff
    if ((network[index]! & mask) !== (address[index]! & mask)) return false
  }
  return true
}

function ip4Bytes(text: string): number[] | null {
  const parts = text.split('.')
  if (parts.length !== 4) return null
  const bytes = parts.map((part) => (/^\d{1,3}$/.test(part) ? Number(part) : 256))
  return bytes.every((byte) => byte <= 255) ? bytes : null
}

function ip6Bytes(text: string): number[] | null {
  const halves = text.split('::')
  if (halves.length > 2) return null
  const head = groups(halves[0]!)
  const tail = halves.length === 2 ? groups(halves[1]!) : []
  if (head === null || tail === null) return null
  const missing = 16 - head.length - tail.length
  if (missing < 0 || (halves.length === 1 && missing !== 0)) return null
  return [...head, ...new Array<number>(missing).fill(0), ...tail]
}

function groups(text: string): number[] | null {
  if (text === '') return []
  const bytes: number[] = []
  for (const group of text.split(':')) {
    if (group.includes('.')) {
      const tail = ip4Bytes(group)
      if (tail === null) return null
      bytes.push(...tail)
    } else {
      if (!/^[0-9a-f]{1,4}$/i.test(group)) return null
      const value = Number.parseInt(group, 16)
      bytes.push(value >> 8, value & 0xff)
    }
  }
  return bytes
}
