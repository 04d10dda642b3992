/** Base 64 (RFC 4648 section 4). */
const ALPHABET = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/'

export function base64(bytes: Uint8Array): string {
  let text = ''
  for (let at = 0; at < bytes.length; at += 3) {
    const [a, b, c] = [bytes[at], bytes[at + 1], bytes[at + 2]]
    text += ALPHABET[a >> 2] + ALPHABET[((a & 3) << 4) | ((b ?? 0) >> 4)]
    text += b === undefined ? '==' : ALPHABET[((b & 15) << 2) | ((c ?? 0) >> 6)] + (c === undefined ? '=' : ALPHABET[c & 63])
  }
  return text
}

/** The bytes as far as the text is valid, and whether all of it was. */
export function fromBase64(text: string): { bytes: Uint8Array; valid: boolean } {
  const bytes: number[] = []
  let bits = 0
  let held = 0
  let valid = true
  let digits = 0
  for (const char of text) {
    if (char === '=' || char === '\n' || char === '\r') {
      if (char === '=') digits += 1
      continue
    }
    const value = ALPHABET.indexOf(char)
    if (value < 0) {
      valid = false
      break
    }
    digits += 1
    held = ((held << 6) | value) & 0xffffff
    bits += 6
    if (bits >= 8) {
      bits -= 8
      bytes.push((held >> bits) & 255)
    }
  }
  return { bytes: Uint8Array.from(bytes), valid: valid && digits % 4 === 0 }
}
