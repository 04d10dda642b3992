/**
 * 32 hexadecimal digits that stand for a text: the tail of a chain's or a container's name.
 * Four rounds of FNV-1a with different offsets; upstream cuts a SHA-512, which nobody reads back either.
 */
export function chainHash(text: string): string {
  let digits = ''
  for (let round = 0; round < 4; round += 1) {
    let hash = 0x811c9dc5 ^ Math.imul(round + 1, 0x9e3779b9)
    for (let i = 0; i < text.length; i += 1) hash = Math.imul(hash ^ text.charCodeAt(i), 0x01000193)
    hash = Math.imul(hash ^ (hash >>> 15), 0x85ebca6b)
    digits += ((hash ^ (hash >>> 13)) >>> 0).toString(16).padStart(8, '0')
  }
  return digits
}
