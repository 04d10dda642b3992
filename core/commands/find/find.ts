/**
 * GNU find(1): walks in byte order of names. Tests -name -iname -path -type -size -mtime -mmin -newer -empty -perm -maxdepth
 * -mindepth -prune, actions -print -print0 -printf -ls(as -print) -delete -exec (`;` and `+`) -quit, operators ! -a -o ( ).
 * Omits: -regex, users, -execdir's change of directory.
 */
import { isErrno, strerror } from '../../base/errno.ts'
import type { FileStat } from '../../linux/file-system.ts'
import { basename, dirname } from '../../linux/path.ts'
import type { Process } from '../../linux/process.ts'
import type { Executable } from '../../linux/program.ts'
import type { Wait } from '../../linux/wait.ts'
import { strftime } from '../calendar.ts'
import { modeText } from '../file-mode.ts'
import { globRegex } from '../glob.ts'

const DEPTH_MAX = 128

interface Found {
  path: string
  start: string
  depth: number
  stat: FileStat
}

interface Walk {
  proc: Process
  prune: boolean
  quit: boolean
  failed: boolean
}

type Test = (at: Found, walk: Walk) => Generator<Wait, boolean, unknown>

const plain = (check: (at: Found, walk: Walk) => boolean): Test =>
  function* (at, walk) {
    yield* []
    return check(at, walk)
  }

class Expression {
  readonly #proc: Process
  readonly #words: string[]
  readonly batches: { words: string[]; paths: string[] }[] = []
  complaint = ''
  acts = false
  maxDepth = DEPTH_MAX
  minDepth = 0
  depthFirst = false

  constructor(proc: Process, words: readonly string[]) {
    this.#proc = proc
    this.#words = [...words]
  }

  parse(): Test {
    const test = this.#words.length === 0 ? plain(() => true) : this.#or(0)
    if (this.#words.length > 0 && this.complaint === '') {
      const word = this.#words[0]
      this.complaint = word === ')' ? "you have too many ')'" : `paths must precede expression: \`${word}'`
    }
    return test
  }

  #or(depth: number): Test {
    let left = this.#and(depth)
    while (this.#words[0] === '-o' || this.#words[0] === '-or') {
      this.#words.shift()
      const [a, b] = [left, this.#and(depth)]
      left = function* (at, walk) {
        return (yield* a(at, walk)) || (yield* b(at, walk))
      }
    }
    return left
  }

  #and(depth: number): Test {
    let left = this.#not(depth)
    while (this.#words.length > 0 && this.complaint === '' && !['-o', '-or', ')'].includes(this.#words[0])) {
      if (this.#words[0] === '-a' || this.#words[0] === '-and') this.#words.shift()
      else if (!/^(-|!$|\($)/.test(this.#words[0])) break
      const [a, b] = [left, this.#not(depth)]
      left = function* (at, walk) {
        return (yield* a(at, walk)) && (yield* b(at, walk))
      }
    }
    return left
  }

  #not(depth: number): Test {
    if (this.#words[0] === '!' || this.#words[0] === '-not') {
      this.#words.shift()
      const inner = this.#not(depth)
      return function* (at, walk) {
        return !(yield* inner(at, walk))
      }
    }
    if (this.#words[0] === '(' && depth < 50) {
      this.#words.shift()
      const inner = this.#or(depth + 1)
      if (this.#words.shift() !== ')') this.complaint ||= "invalid expression; I was expecting to find a ')' somewhere but did not see one."
      return inner
    }
    return this.#primary()
  }

  #argument(name: string): string {
    const value = this.#words.shift()
    if (value === undefined) this.complaint ||= `missing argument to \`${name}'`
    return value ?? ''
  }

  #primary(): Test {
    const name = this.#words.shift() ?? ''
    const { world } = this.#proc
    switch (name) {
      case '-name':
      case '-iname': {
        const regex = globRegex(this.#argument(name), name === '-iname')
        return plain((at) => regex.test(basename(at.path)))
      }
      case '-path':
      case '-wholename':
      case '-ipath': {
        const regex = globRegex(this.#argument(name), name === '-ipath')
        return plain((at) => regex.test(at.path))
      }
      case '-type': {
        const letters = this.#argument(name).split(',')
        for (const letter of letters) if (!/^[bcdpfls]$/.test(letter)) this.complaint ||= `Unknown argument to -type: ${letter}`
        const kinds = letters.map((letter) => ({ d: 'directory', f: 'file', l: 'symlink', c: 'device' })[letter] ?? '')
        return plain((at) => kinds.includes(at.stat.kind))
      }
      case '-empty':
        return plain((at, walk) => {
          if (at.stat.kind !== 'directory') return at.stat.kind === 'file' && at.stat.size === 0
          const names = walk.proc.fs.list(walk.proc.path(at.path))
          return !isErrno(names) && names.length === 0
        })
      case '-size': {
        const text = this.#argument(name)
        const match = /^([-+]?)(\d+)([bcwkMG]?)$/.exec(text)
        if (!match) this.complaint ||= `invalid argument \`${text}' to \`-size'`
        const unit = { c: 1, w: 2, k: 1024, M: 1048576, G: 1073741824 }[match?.[3] ?? ''] ?? 512
        return plain((at) => compares(match?.[1] ?? '', Math.ceil(at.stat.size / unit), Number(match?.[2])))
      }
      case '-mtime':
      case '-mmin': {
        const text = this.#argument(name)
        const match = /^([-+]?)(\d+)$/.exec(text)
        if (!match) this.complaint ||= `invalid argument \`${text}' to \`${name}'`
        const unit = name === '-mtime' ? 86400e6 : 60e6
        return plain((at) => compares(match?.[1] ?? '', Math.floor((world.clock.nowUs - at.stat.mtimeUs) / unit), Number(match?.[2])))
      }
      case '-newer': {
        const file = this.#argument(name)
        const stat = this.#proc.fs.stat(this.#proc.path(file))
        if (isErrno(stat)) this.complaint ||= `'${file}': ${strerror(stat)}`
        return plain((at) => !isErrno(stat) && at.stat.mtimeUs > stat.mtimeUs)
      }
      case '-perm': {
        const text = this.#argument(name)
        const bits = Number.parseInt(text.replace(/^[-/]/, ''), 8)
        if (Number.isNaN(bits)) this.complaint ||= `invalid mode '${text}'`
        if (text.startsWith('-')) return plain((at) => (at.stat.mode & bits) === bits)
        if (text.startsWith('/')) return plain((at) => bits === 0 || (at.stat.mode & bits) !== 0)
        return plain((at) => at.stat.mode === bits)
      }
      case '-executable':
        return plain((at) => at.stat.kind === 'directory' || (at.stat.mode & 0o111) !== 0)
      case '-maxdepth':
      case '-mindepth': {
        const text = this.#argument(name)
        if (!/^\d+$/.test(text)) this.complaint ||= `Expected a positive decimal integer argument to ${name}, but got '${text}'`
        else if (name === '-maxdepth') this.maxDepth = Math.min(Number(text), DEPTH_MAX)
        else this.minDepth = Number(text)
        return plain(() => true)
      }
      case '-depth':
        this.depthFirst = true
        return plain(() => true)
      case '-mount':
      case '-xdev':
      case '-follow':
      case '-true':
      case '-readable':
      case '-writable':
        return plain(() => true)
      case '-false':
        return plain(() => false)
      case '-prune':
        return plain((_, walk) => {
          walk.prune = true
          return true
        })
      case '-quit':
        this.acts = true
        return plain((_, walk) => {
          walk.quit = true
          return true
        })
      case '-print':
      case '-print0':
      case '-ls': {
        this.acts = true
        const end = name === '-print0' ? '\0' : '\n'
        return plain((at, walk) => {
          walk.proc.print(at.path + end)
          return true
        })
      }
      case '-printf': {
        this.acts = true
        const format = this.#argument(name)
        return plain((at, walk) => {
          walk.proc.print(formatted(format, at, world.epochMs))
          return true
        })
      }
      case '-delete':
        this.acts = true
        this.depthFirst = true
        return plain((at, walk) => {
          const error = walk.proc.fs.remove(walk.proc.path(at.path))
          if (error) walk.proc.error(`find: cannot delete '${at.path}': ${strerror(error)}\n`)
          if (error) walk.failed = true
          return error === null
        })
      case '-exec':
      case '-execdir':
      case '-ok':
        return this.#exec(name)
    }
    this.complaint ||= name.startsWith('-') ? `unknown predicate \`${name}'` : `paths must precede expression: \`${name}'`
    return plain(() => true)
  }

  #exec(name: string): Test {
    this.acts = true
    const words: string[] = []
    for (;;) {
      const word = this.#words.shift()
      if (word === undefined) {
        this.complaint ||= `missing argument to \`${name}'`
        return plain(() => true)
      }
      if (word === ';') break
      if (word === '+' && words.at(-1) === '{}') {
        const batch = { words: words.slice(0, -1), paths: [] as string[] }
        this.batches.push(batch)
        return plain((at) => batch.paths.push(at.path) > 0)
      }
      words.push(word)
    }
    return function* (at, walk) {
      return (yield* walk.proc.run({ argv: words.map((word) => word.replaceAll('{}', at.path)) })) === 0
    }
  }
}

function compares(sign: string, value: number, wanted: number): boolean {
  return sign === '+' ? value > wanted : sign === '-' ? value < wanted : value === wanted
}

function formatted(format: string, at: Found, epochMs: number): string {
  const atMs = epochMs + at.stat.mtimeUs / 1000
  return format.replace(/\\([nt0\\])|%(?:T(.)|([pfhsmMydPlTt%]))/g, (all, escape: string, time: string, letter: string) => {
    if (escape) return { n: '\n', t: '\t', '0': '\0', '\\': '\\' }[escape] as string
    if (time) return time === '@' ? (atMs / 1000).toFixed(10) : strftime(`%${time}`, atMs)
    switch (letter) {
      case 'p':
        return at.path
      case 'f':
        return basename(at.path)
      case 'h':
        return dirname(at.path)
      case 's':
        return String(at.stat.size)
      case 'm':
        return at.stat.mode.toString(8)
      case 'M':
        return modeText(at.stat)
      case 'y':
        return { directory: 'd', file: 'f', symlink: 'l', device: 'c' }[at.stat.kind]
      case 'd':
        return String(at.depth)
      case 'P':
        return at.path === at.start ? '' : at.path.slice(at.start.length).replace(/^\//, '')
      case 't':
        return strftime('%a %b %e %H:%M:%S.0000000000 %Y', atMs)
      case '%':
        return '%'
    }
    return all
  })
}

export const find: Executable = {
  *program(proc, argv) {
    let at = 1
    while (at < argv.length && (argv[at] === '-L' || argv[at] === '-H' || argv[at] === '-P')) at += 1
    const follow = argv.slice(1, at).includes('-L')
    const starts: string[] = []
    for (; at < argv.length && !/^(-.|!$|\($|\)$)/.test(argv[at]); at += 1) starts.push(argv[at])
    if (starts.length === 0) starts.push('.')
    const expression = new Expression(proc, argv.slice(at))
    const test = expression.parse()
    if (expression.complaint !== '') {
      proc.error(`find: ${expression.complaint}\n`)
      return 1
    }
    const walk: Walk = { proc, prune: false, quit: false, failed: false }
    const visit = function* (path: string, start: string, depth: number): Generator<Wait, boolean, unknown> {
      const absolute = proc.path(path)
      let stat = follow ? proc.fs.stat(absolute) : proc.fs.lstat(absolute)
      if (stat === 'ENOENT') stat = proc.fs.lstat(absolute)
      if (isErrno(stat)) {
        proc.error(`find: '${path}': ${strerror(stat)}\n`)
        walk.failed = true
        return true
      }
      const found: Found = { path, start, depth, stat }
      const judge = function* (): Generator<Wait, boolean, unknown> {
        if (depth < expression.minDepth) return true
        if ((yield* test(found, walk)) && !expression.acts) proc.print(`${path}\n`)
        return yield* proc.flush()
      }
      walk.prune = false
      if (!expression.depthFirst && !(yield* judge())) return false
      if (stat.kind === 'directory' && !walk.prune && !walk.quit && depth < expression.maxDepth) {
        const names = proc.fs.list(absolute)
        for (const name of isErrno(names) ? [] : names) {
          if (walk.quit) break
          if (!(yield* visit(path.endsWith('/') ? path + name : `${path}/${name}`, start, depth + 1))) return false
        }
      }
      return !expression.depthFirst || walk.quit || (yield* judge())
    }
    for (const start of starts) if (!walk.quit && !(yield* visit(start, start, 0))) return 141
    for (const batch of expression.batches) {
      if (batch.paths.length > 0 && (yield* proc.run({ argv: [...batch.words, ...batch.paths] })) !== 0) walk.failed = true
    }
    return walk.failed ? 1 : 0
  },
}
