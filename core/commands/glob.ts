/** Shell patterns against whole names: fnmatch(3). `*` also matches slashes, as find's `-name` and `-path` have it. */
import { literalPattern } from './posix-regex.ts'

export function globRegex(glob: string, ignoreCase = false): RegExp {
  let source = ''
  for (let at = 0; at < glob.length; at += 1) {
    const char = glob[at]
    if (char === '*') source += '[^]*'
    else if (char === '?') source += '[^]'
    else if (char === '\\' && at + 1 < glob.length) {
      at += 1
      source += literalPattern(glob[at])
    } else if (char === '[') {
      const end = glob.indexOf(']', at + (/[!^]/.test(glob[at + 1] ?? '') ? 3 : 2))
      if (end < 0) source += '\\['
      else {
        const inside = glob.slice(at + 1, end)
        const negated = /^[!^]/.test(inside)
        source += `[${negated ? '^' : ''}${inside.slice(negated ? 1 : 0).replace(/[\\\]^[]/g, '\\$&')}]`
        at = end
      }
    } else source += literalPattern(char)
  }
  try {
    return new RegExp(`^(?:${source})$`, `u${ignoreCase ? 'i' : ''}`)
  } catch {
    return new RegExp(`^${literalPattern(glob)}$`, 'u')
  }
}
