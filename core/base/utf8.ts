/**
 * UTF-8 for a core that has neither TextEncoder nor Buffer (RFC 3629). Malformed input decodes to U+FFFD, as browsers do;
 * a lone surrogate encodes as U+FFFD.
 */
export function utf8Encode(text: string): Uint8Array {
  const bytes: number[] = []
  for (const char of text) {
    let code = char.codePointAt(0) as number
    if (code >= 0xd800 && code <= 0xdfff) code = 0xfffd
    if (code < 0x80) bytes.push(code)
    else if (code < 0x800) bytes.push(0xc0 | (code >> 6), 0x80 | (code & 0x3f))
    else if (code < 0x10000) bytes.push(0xe0 | (code >> 12), 0x80 | ((code >> 6) & 0x3f), 0x80 | (code & 0x3f))
    else bytes.push(0xf0 | (code >> 18), 0x80 | ((code >> 12) & 0x3f), 0x80 | ((code >> 6) & 0x3f), 0x80 | (code & 0x3f))
  }
  return Uint8Array.from(bytes)
}

export function utf8Decode(bytes: Uint8Array): string {
  let text = ''
  let at = 0
  while (at < bytes.length) {
    const first = bytes[at]
    let length = 1
    let code = first
    if (first >= 0xf0 && first < 0xf8) [length, code] = [4, first & 0x07]
    else if (first >= 0xe0) [length, code] = first < 0xf0 ? [3, first & 0x0f] : [1, 0xfffd]
    else if (first >= 0xc2) [length, code] = [2, first & 0x1f]
    else if (first >= 0x80) code = 0xfffd
    let good = code !== 0xfffd && at + length <= bytes.length
    for (let i = 1; good && i < length; i += 1) {
      const next = bytes[at + i]
      if ((next & 0xc0) !== 0x80) good = false
      else code = (code << 6) | (next & 0x3f)
    }
    const minimum = length === 4 ? 0x10000 : length === 3 ? 0x800 : 0
    if (length > 1 && good && (code < minimum || code > 0x10ffff || (code >= 0xd800 && code <= 0xdfff))) good = false
    if (length > 1 && !good) [length, code] = [1, 0xfffd]
    text += String.fromCodePoint(code)
    at += length
  }
  return text
}

/** Bytes that `text` takes in UTF-8, without encoding it. */
export function utf8Length(text: string): number {
  let bytes = 0
  for (let i = 0; i < text.length; i += 1) {
    const unit = text.charCodeAt(i)
    if (unit < 0x80) bytes += 1
    else if (unit < 0x800) bytes += 2
    else if (unit >= 0xd800 && unit <= 0xdbff && (text.charCodeAt(i + 1) & 0xfc00) === 0xdc00) {
      bytes += 4
      i += 1
    } else bytes += 3
  }
  return bytes
}
