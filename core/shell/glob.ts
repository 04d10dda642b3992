/** Pathname expansion: names in the file system that match a pattern, in byte order. XCU 2.14.3, glob(7). */
import { isErrno } from '../base/errno.ts'
import { byText } from '../base/text-order.ts'
import { resolvePath } from '../linux/path.ts'
import type { Process } from '../linux/process.ts'
import { isPattern, Pattern, type PatternText } from './pattern.ts'

const MATCHES_MAX = 100_000

/** Matching paths as the pattern would write them; empty when there is none. */
export function globPaths(proc: Process, pattern: PatternText, dotglob: boolean, globstar: boolean): string[] {
  const segments = splitAtSlashes(pattern)
  let paths = pattern.text.startsWith('/') ? ['/'] : ['']
  for (let i = 0; i < segments.length && paths.length > 0; i += 1) {
    const last = i === segments.length - 1
    const segment = segments[i]
    if (segment.text === '') {
      // Doubled slashes mean nothing; one at the end asks for directories.
      if (last && i > 0) paths = paths.map((path) => (path.endsWith('/') ? path : `${path}/`))
      continue
    }
    const next: string[] = []
    for (const path of paths) {
      if (globstar && segment.text === '**') next.push(path, ...deep(proc, path, last))
      else next.push(...matchSegment(proc, path, segment, last, dotglob))
      if (next.length > MATCHES_MAX) break
    }
    paths = next
  }
  return paths.filter((path) => path !== '').sort(byText)
}

function matchSegment(proc: Process, path: string, segment: PatternText, last: boolean, dotglob: boolean): string[] {
  const directory = resolvePath(proc.cwd, path === '' ? '.' : path)
  const join = (name: string): string => (path === '' || path.endsWith('/') ? path + name : `${path}/${name}`)
  if (!isPattern(segment)) {
    const name = new Pattern(segment).literal ?? segment.text
    const found = proc.fs.lstat(resolvePath(directory, name))
    return isErrno(found) ? [] : [join(name)]
  }
  const names = proc.fs.list(directory)
  if (isErrno(names)) return []
  const pattern = new Pattern(segment)
  const matches = names.filter((name) => (dotglob || pattern.leadingDot || !name.startsWith('.')) && pattern.matches(name))
  const kept = last ? matches : matches.filter((name) => proc.fs.isDirectory(resolvePath(directory, name)))
  return kept.map(join)
}

/** What `**` stands for below `path`: directories, and files too in the last place. */
function deep(proc: Process, path: string, files: boolean): string[] {
  const found: string[] = []
  const queue = [path]
  for (let at = queue.shift(); at !== undefined && found.length < MATCHES_MAX; at = queue.shift()) {
    const directory = resolvePath(proc.cwd, at === '' ? '.' : at)
    const names = proc.fs.list(directory)
    if (isErrno(names)) continue
    for (const name of names) {
      if (name.startsWith('.')) continue
      const child = at === '' || at.endsWith('/') ? at + name : `${at}/${name}`
      const isDirectory = proc.fs.isDirectory(resolvePath(proc.cwd, child))
      if (isDirectory) queue.push(child)
      if (isDirectory || files) found.push(child)
    }
  }
  return found
}

function splitAtSlashes(pattern: PatternText): PatternText[] {
  const segments: PatternText[] = []
  let start = pattern.text.startsWith('/') ? 1 : 0
  for (let i = start; i <= pattern.text.length; i += 1) {
    if (i < pattern.text.length && pattern.text[i] !== '/') continue
    segments.push({ text: pattern.text.slice(start, i), quoted: pattern.quoted?.slice(start, i) ?? null })
    start = i + 1
  }
  return segments
}
