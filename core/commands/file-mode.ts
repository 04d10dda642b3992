/** File modes as ls(1) and chmod(1) spell them, and sizes for people (`-h`). */
import type { FileStat } from '../linux/file-system.ts'

export function modeText(stat: FileStat): string {
  const kind = stat.kind === 'directory' ? 'd' : stat.kind === 'symlink' ? 'l' : stat.kind === 'device' ? 'c' : '-'
  let text = kind
  for (const shift of [6, 3, 0]) {
    const bits = stat.mode >> shift
    text += (bits & 4 ? 'r' : '-') + (bits & 2 ? 'w' : '-')
    const special = shift === 6 ? stat.mode & 0o4000 : shift === 3 ? stat.mode & 0o2000 : stat.mode & 0o1000
    const letter = shift === 0 ? 't' : 's'
    text += special ? (bits & 1 ? letter : letter.toUpperCase()) : bits & 1 ? 'x' : '-'
  }
  return text
}

/** The mode after `change` (octal, or `u+x,go-w`), or null when it is no mode. */
export function changedMode(change: string, mode: number, directory: boolean): number | null {
  if (/^[0-7]{1,5}$/.test(change)) return Number.parseInt(change, 8) & 0o7777
  let result = mode
  for (const clause of change.split(',')) {
    const match = /^([ugoa]*)((?:[-+=][rwxXst]*)+)$/.exec(clause)
    if (!match) return null
    const who = match[1] === '' || match[1].includes('a') ? 'ugo' : match[1]
    for (const [, operator, letters] of match[2].matchAll(/([-+=])([rwxXst]*)/g)) {
      let bits = 0
      let mask = 0
      for (const one of who) {
        const shift = one === 'u' ? 6 : one === 'g' ? 3 : 0
        let own = (letters.includes('r') ? 4 : 0) | (letters.includes('w') ? 2 : 0) | (letters.includes('x') ? 1 : 0)
        if (letters.includes('X') && (directory || (mode & 0o111) !== 0)) own |= 1
        bits |= own << shift
        mask |= 7 << shift
        if (letters.includes('s') && one !== 'o') bits |= one === 'u' ? 0o4000 : 0o2000
      }
      if (letters.includes('t')) bits |= 0o1000
      if (operator === '+') result |= bits
      else if (operator === '-') result &= ~bits
      else result = (result & ~mask) | bits
    }
  }
  return result & 0o7777
}

/** `4.0K`, `68K`, `23G`: rounded up, as GNU's `-h` does. */
export function humanSize(bytes: number): string {
  if (bytes < 1024) return String(bytes)
  let value = bytes
  let unit = -1
  while (value >= 1024 && unit < 5) {
    value /= 1024
    unit += 1
  }
  const text = value < 10 ? (Math.ceil(value * 10) / 10).toFixed(1) : String(Math.ceil(value))
  return `${text === '10.0' ? '10' : text}${'KMGTPE'[unit]}`
}
