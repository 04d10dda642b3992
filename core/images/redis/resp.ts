/** The Redis serialization protocol, version 2 (redis.io/docs/latest/develop/reference/protocol-spec). */
import { utf8Decode, utf8Encode } from '../../base/utf8.ts'

/** Bytes as a text of characters below 256, because the protocol counts bytes. */
export function bytesText(bytes: Uint8Array): string {
  let text = ''
  for (const byte of bytes) text += String.fromCharCode(byte)
  return text
}

function readable(text: string): string {
  return utf8Decode(Uint8Array.from(text, (char) => char.charCodeAt(0)))
}

/** An array of bulk strings, or an inline command, at the beginning of a `bytesText`; null when it is not complete. */
export function parseCommand(text: string): { words: string[]; rest: string } | null {
  const end = text.indexOf('\n')
  if (end < 0) return null
  const first = text.slice(0, end).replace(/\r$/, '')
  if (!first.startsWith('*'))
    return {
      words: readable(first)
        .split(/\s+/)
        .filter((w) => w !== ''),
      rest: text.slice(end + 1),
    }
  const words: string[] = []
  let at = end + 1
  for (let i = 0; i < Number(first.slice(1)) && i < 1024; i += 1) {
    const header = text.indexOf('\n', at)
    if (header < 0) return null
    const length = Number(text.slice(at + 1, header).trim())
    if (text.length < header + 1 + length + 2) return null
    words.push(readable(text.slice(header + 1, header + 1 + length)))
    at = header + 1 + length + 2
  }
  return { words, rest: text.slice(at) }
}

export const bulk = (text: string | undefined): string => (text === undefined ? '$-1\r\n' : `$${utf8Encode(text).length}\r\n${text}\r\n`)
export const list = (items: readonly (string | undefined)[]): string => `*${items.length}\r\n${items.map(bulk).join('')}`
export const number = (value: number): string => `:${value}\r\n`
