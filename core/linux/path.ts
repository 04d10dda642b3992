/** Path names as path_resolution(7) and POSIX basename/dirname have them, without symbolic links: those are FileSystem's. */

/** Absolute and normalised: `path` as seen from `cwd`, without `.`, `..`, doubled or trailing slashes. */
export function resolvePath(cwd: string, path: string): string {
  const parts: string[] = []
  const whole = path.startsWith('/') ? path : `${cwd}/${path}`
  for (const part of whole.split('/')) {
    if (part === '' || part === '.') continue
    if (part === '..') parts.pop()
    else parts.push(part)
  }
  return `/${parts.join('/')}`
}

export function dirname(path: string): string {
  const trimmed = path.replace(/\/+$/, '')
  const slash = trimmed.lastIndexOf('/')
  if (slash < 0) return path.startsWith('/') ? '/' : '.'
  return trimmed.slice(0, slash).replace(/\/+$/, '') || '/'
}

export function basename(path: string): string {
  const trimmed = path.replace(/\/+$/, '')
  if (trimmed === '') return path === '' ? '' : '/'
  return trimmed.slice(trimmed.lastIndexOf('/') + 1)
}
