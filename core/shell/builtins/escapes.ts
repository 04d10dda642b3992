/** Backslash escapes of `echo -e` and `printf %b`: `\0nnn` octal, `\c` ends all output. XCU echo. */
import { ansiEscape } from '../word-parser.ts'

export function decodeEcho(text: string): { text: string; stopped: boolean } {
  let result = ''
  for (let at = 0; at < text.length; at += 1) {
    if (text[at] !== '\\') {
      result += text[at]
      continue
    }
    const next = text[at + 1]
    if (next === 'c') return { text: result, stopped: true }
    const octal = /^0([0-7]{0,3})/.exec(text.slice(at + 1, at + 5))
    if (octal) {
      result += String.fromCharCode(Number.parseInt(octal[1] || '0', 8) & 0xff)
      at += octal[0].length
      continue
    }
    if (next === undefined || !'abeEfnrtvxuU\\01234567'.includes(next)) {
      result += '\\'
      continue
    }
    const [decoded, used] = ansiEscape(text, at + 1)
    result += decoded
    at += used
  }
  return { text: result, stopped: false }
}
