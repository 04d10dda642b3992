/** Base64 of text (RFC 4648), for secrets. */
import { utf8Decode, utf8Encode } from '../../base/utf8.ts'

const DIGITS = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/'

export function encodeBase64(text: string): string {
  const bytes = utf8Encode(text)
  let out = ''
  for (let i = 0; i < bytes.length; i += 3) {
    const group = (bytes[i] << 16) | ((bytes[i + 1] ?? 0) << 8) | (bytes[i + 2] ?? 0)
    out += DIGITS[group >> 18] + DIGITS[(group >> 12) & 63]
    out += (i + 1 < bytes.length ? DIGITS[(group >> 6) & 63] : '=') + (i + 2 < bytes.length ? DIGITS[group & 63] : '=')
  }
  return out
}

export function decodeBase64(text: string): string {
  const bytes: number[] = []
  let bits = 0
  let width = 0
  for (const char of text) {
    const digit = DIGITS.indexOf(char)
    if (digit < 0) continue
    bits = ((bits << 6) | digit) & 0xffff
    width += 6
    if (width >= 8) {
      width -= 8
      bytes.push((bits >> width) & 0xff)
    }
  }
  return utf8Decode(Uint8Array.from(bytes))
}

/** How many bytes the text stands for. */
export function base64Length(text: string): number {
  const digits = text.replace(/[^A-Za-z0-9+/]/g, '').length
  return (digits * 3 - ((digits * 3) % 4)) / 4
}
