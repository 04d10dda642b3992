/**
 * Commands about the machine and the process: env(1) printenv(1) id(1) whoami(1) groups(1) hostname(1) uname(1) nproc(1) arch(1)
 * uptime(1) pwd(1) true(1) false(1) sync(1) clear(1) which(1) tty(1) date(1) sleep(1) test(1).
 * Omits: users other than root, setting the date.
 */
import { isErrno, strerror } from '../../base/errno.ts'
import { byText } from '../../base/text-order.ts'
import { formatIp } from '../../net/addr/ip.ts'
import { KERNEL_RELEASE } from '../../linux/proc-files.ts'
import type { Process } from '../../linux/process.ts'
import type { Executable } from '../../linux/program.ts'
import { strftime } from '../calendar.ts'
import { absolutePath, gnuOptions, immediate, wrongUsage } from '../command.ts'
import { durationUs } from '../duration.ts'
import { parseDate } from '../parse-date.ts'

export const succeed = immediate(() => 0)
export const fail = immediate(() => 1)

const envManual = {
  spec: { short: '+iu:0C:', long: { 'ignore-environment': 'i', 'unset=': 'u', 'chdir=': 'C', null: '0' } },
  usage: 'env [OPTION]... [-] [NAME=VALUE]... [COMMAND [ARG]...]',
  wrongUsage: 125,
}

export const env: Executable = {
  *program(proc, argv) {
    const options = gnuOptions(proc, argv, envManual)
    if (typeof options === 'number') return options
    const words = [...options.operands]
    const env = new Map(options.has('i') || words[0] === '-' ? [] : proc.env)
    if (words[0] === '-') words.shift()
    for (const name of options.values('u')) env.delete(name)
    for (;;) {
      const equals = words[0]?.indexOf('=') ?? -1
      if (equals <= 0) break
      const word = words.shift() as string
      env.set(word.slice(0, equals), word.slice(equals + 1))
    }
    if (words.length === 0) {
      for (const [name, value] of env) proc.print(`${name}=${value}${options.has('0') ? '\0' : '\n'}`)
      return 0
    }
    const path = env.get('PATH') ?? proc.env.get('PATH') ?? ''
    const missing = missingProgram(proc, words[0], path)
    if (missing !== null) {
      proc.error(`env: '${words[0]}': ${missing}\n`)
      return missing === 'Permission denied' ? 126 : 127
    }
    const cwd = options.value('C')
    return yield* proc.run({ argv: words, env, cwd: cwd === undefined ? proc.cwd : proc.path(cwd) })
  },
  noTermHandler: true,
}

/** Why a program cannot be found, or null when it can. */
function missingProgram(proc: Process, name: string, path: string): string | null {
  const places = name.includes('/') ? [proc.path(name)] : path.split(':').map((directory) => `${directory}/${name}`)
  let why = 'No such file or directory'
  for (const place of places) {
    const found = proc.fs.executable(place)
    if (!isErrno(found)) return null
    if (found === 'EACCES') why = 'Permission denied'
  }
  return why
}

export const printenv = immediate((proc, argv) => {
  const names = argv.slice(1)
  if (names.length === 0) for (const [name, value] of proc.env) proc.print(`${name}=${value}\n`)
  let failed = false
  for (const name of names) {
    const value = proc.env.get(name)
    if (value === undefined) failed = true
    else proc.print(`${value}\n`)
  }
  return failed ? 1 : 0
})

export const id = immediate((proc, argv) => {
  const options = gnuOptions(proc, argv, { spec: { short: 'agGnruzZ', long: { group: 'g', groups: 'G', name: 'n', user: 'u' } }, usage: 'id [OPTION]... [USER]...' })
  if (typeof options === 'number') return options
  for (const user of options.operands) {
    if (user === 'root' || user === '0') continue
    proc.error(`id: '${user}': no such user\n`)
    return 1
  }
  if (options.has('u', 'g', 'G')) proc.print(options.has('n') ? 'root\n' : '0\n')
  else proc.print('uid=0(root) gid=0(root) groups=0(root)\n')
  return 0
})

export const rootName = immediate((proc) => {
  proc.print('root\n')
  return 0
})

export const hostname = immediate((proc, argv) => {
  const options = gnuOptions(proc, argv, {
    spec: { short: 'aAdfiIsy', long: { 'all-ip-addresses': 'I', fqdn: 'f', short: 's', domain: 'd', 'ip-address': 'i' } },
    usage: 'hostname [-b] {hostname|-F file}         set host name (from file)',
  })
  if (typeof options === 'number') return options
  if (options.operands.length > 0) {
    proc.context.hostname = options.operands[0]
    return 0
  }
  const name = proc.context.hostname
  if (options.has('I', 'i')) {
    // Addresses of links that are up, loopback and link-local ones left out: one line, a blank after each.
    const shown: string[] = []
    for (const device of proc.netns.links()) {
      if (device.kind === 'loopback' || !device.up) continue
      for (const address of device.addresses) if (address.scope === 'global') shown.push(formatIp(address.ip))
    }
    const ordered = [...shown.filter((text) => !text.includes(':')), ...shown.filter((text) => text.includes(':'))]
    proc.print(`${ordered.map((text) => `${text} `).join('')}\n`)
  } else if (options.has('d')) proc.print(`${name.includes('.') ? name.slice(name.indexOf('.') + 1) : ''}\n`)
  else proc.print(`${options.has('s') ? name.split('.')[0] : name}\n`)
  return 0
})

const unameManual = {
  spec: {
    short: 'asnrvmpio',
    long: {
      all: 'a', 'kernel-name': 's', nodename: 'n', 'kernel-release': 'r', 'kernel-version': 'v', machine: 'm', processor: 'p',
      'operating-system': 'o',
    },
  },
  usage: 'uname [OPTION]...\nPrint certain system information.',
}

/** What the simulated kernel calls itself: also in /proc/version of the machine. */
const KERNEL: readonly (readonly [letter: string, text: string])[] = [
  ['s', 'Linux'], ['n', ''], ['r', KERNEL_RELEASE], ['v', '#1 SMP'], ['m', 'x86_64'], ['p', 'unknown'], ['i', 'unknown'],
  ['o', 'GNU/Linux'],
]

export const uname = immediate((proc, argv) => {
  const options = gnuOptions(proc, argv, unameManual)
  if (typeof options === 'number') return options
  if (options.operands.length > 0) return wrongUsage(proc, 'uname', `uname: extra operand '${options.operands[0]}'`)
  const wanted = options.ordered.length === 0 ? 's' : options.has('a') ? 'snrvmo' : options.ordered.map((option) => option.key).join('')
  const parts = KERNEL.filter(([letter]) => wanted.includes(letter)).map(([letter, text]) => (letter === 'n' ? proc.context.hostname : text))
  proc.print(`${parts.join(' ')}\n`)
  return 0
})

export const arch = immediate((proc) => {
  proc.print('x86_64\n')
  return 0
})

export const nproc = immediate((proc, argv) => {
  const options = gnuOptions(proc, argv, { spec: { short: '', long: { all: 'all', 'ignore=': 'ignore' } }, usage: 'nproc [OPTION]...' })
  if (typeof options === 'number') return options
  proc.print('4\n')
  return 0
})

export const uptime = immediate((proc, argv) => {
  const seconds = Math.floor((proc.world.clock.nowUs - proc.machine.bootedUs) / 1e6)
  const [days, hours, minutes] = [Math.floor(seconds / 86400), Math.floor(seconds / 3600) % 24, Math.floor(seconds / 60) % 60]
  if (argv.includes('-p')) {
    const parts = [plural(days, 'day'), plural(hours, 'hour'), plural(minutes, 'minute')].filter((part) => part !== '')
    proc.print(`up ${parts.join(', ') || '0 minutes'}\n`)
    return 0
  }
  const now = strftime('%H:%M:%S', proc.world.epochMs + proc.world.clock.nowUs / 1000)
  const long = `${days > 0 ? `${plural(days, 'day')}, ` : ''}${hours > 0 ? `${String(hours).padStart(2)}:${String(minutes).padStart(2, '0')}` : `${minutes} min`}`
  proc.print(` ${now} up ${long},  1 user,  load average: 0.00, 0.00, 0.00\n`)
  return 0
})

function plural(count: number, unit: string): string {
  return count === 0 ? '' : `${count} ${unit}${count === 1 ? '' : 's'}`
}

export const pwd = immediate((proc) => {
  proc.print(`${proc.cwd}\n`)
  return 0
})

export const clear = immediate((proc) => {
  proc.print('\x1b[H\x1b[2J\x1b[3J')
  return 0
})

export const tty = immediate((proc) => {
  const terminal = proc.fds.get(0)?.tty
  proc.print(terminal ? `/dev/pts/${terminal.number}\n` : 'not a tty\n')
  return terminal ? 0 : 1
})

export const which = immediate((proc, argv) => {
  const all = argv.includes('-a')
  const names = argv.slice(1).filter((word) => word !== '-a')
  let failed = names.length === 0
  for (const name of names) {
    const places = name.includes('/') ? [name] : (proc.env.get('PATH') ?? '').split(':').map((directory) => `${directory}/${name}`)
    const found = places.filter((place) => !isErrno(proc.fs.executable(proc.path(place))))
    for (const place of all ? found : found.slice(0, 1)) proc.print(`${place}\n`)
    if (found.length === 0) failed = true
  }
  return failed ? 1 : 0
})

const dateManual = {
  spec: {
    short: 'd:f:I::r:Rs:u',
    long: { 'date=': 'd', 'iso-8601=?': 'I', 'reference=': 'r', 'rfc-email': 'R', 'rfc-3339=': '3339', 'set=': 's', utc: 'u', universal: 'u' },
  },
  usage: 'date [OPTION]... [+FORMAT]\n  or:  date [-u|--utc|--universal] [MMDDhhmm[[CC]YY][.ss]]',
}

export const date = immediate((proc, argv) => {
  const options = gnuOptions(proc, argv, dateManual)
  if (typeof options === 'number') return options
  let atMs = proc.world.epochMs + proc.world.clock.nowUs / 1000
  const text = options.value('d')
  if (text !== undefined) {
    const parsed = parseDate(text, atMs)
    if (parsed === null) {
      proc.error(`date: invalid date '${text}'\n`)
      return 1
    }
    atMs = parsed
  }
  const reference = options.value('r')
  if (reference !== undefined) {
    const stat = proc.fs.stat(absolutePath(proc, reference))
    if (isErrno(stat)) {
      proc.error(`date: ${reference}: ${strerror(stat)}\n`)
      return 1
    }
    atMs = proc.world.epochMs + stat.mtimeUs / 1000
  }
  const [format, more] = options.operands
  if (options.has('s')) {
    proc.error('date: cannot set date: Operation not permitted\n')
    return 1
  }
  if (more !== undefined) return wrongUsage(proc, 'date', `date: extra operand '${more}'`)
  if (format !== undefined && !format.startsWith('+')) {
    proc.error(`date: invalid date '${format}'\n`)
    return 1
  }
  const iso = options.value('I')
  let shape = format?.slice(1) ?? '%a %b %e %H:%M:%S %Z %Y'
  if (options.has('R')) shape = '%a, %d %b %Y %H:%M:%S %z'
  else if (iso === 'seconds') shape = '%Y-%m-%dT%H:%M:%S%:z'
  else if (iso === 'ns') shape = '%Y-%m-%dT%H:%M:%S,%N%:z'
  else if (iso === 'minutes') shape = '%Y-%m-%dT%H:%M%:z'
  else if (iso === 'hours') shape = '%Y-%m-%dT%H%:z'
  else if (iso !== undefined) shape = '%Y-%m-%d'
  else if (options.has('3339')) shape = options.value('3339') === 'date' ? '%Y-%m-%d' : '%Y-%m-%d %H:%M:%S%:z'
  proc.print(`${strftime(shape, atMs)}\n`)
  return 0
})

export const sleep: Executable = {
  *program(proc, argv) {
    const options = gnuOptions(proc, argv, { spec: { short: '' }, usage: 'sleep NUMBER[SUFFIX]...\n  or:  sleep OPTION' })
    if (typeof options === 'number') return options
    if (options.operands.length === 0) return wrongUsage(proc, 'sleep', 'sleep: missing operand')
    let total = 0
    for (const word of options.operands) {
      const us = durationUs(word)
      if (us === null) return wrongUsage(proc, 'sleep', `sleep: invalid time interval '${word}'`)
      total += us
    }
    if (total === Infinity) for (;;) yield* proc.sleepUs(86_400_000_000)
    yield* proc.sleepUs(total)
    return 0
  },
  noTermHandler: true,
}

/** test(1) and [(1), with the precedence that POSIX gives to few arguments. */
export const test = immediate((proc, argv) => {
  const words = argv.slice(1)
  if (argv[0] === '[' || argv[0].endsWith('/[')) {
    if (words.pop() !== ']') {
      proc.error(`${argv[0]}: missing ']'\n`)
      return 2
    }
  }
  const result = evaluate(proc, words)
  if (typeof result === 'boolean') return result ? 0 : 1
  proc.error(`${argv[0]}: ${result}\n`)
  return 2
})

function evaluate(proc: Process, words: readonly string[]): boolean | string {
  const or = words.lastIndexOf('-o')
  if (or > 0 && or < words.length - 1 && words.length > 3) {
    const left = evaluate(proc, words.slice(0, or))
    return typeof left === 'string' || left ? left : evaluate(proc, words.slice(or + 1))
  }
  const and = words.lastIndexOf('-a')
  if (and > 0 && and < words.length - 1 && words.length > 3) {
    const left = evaluate(proc, words.slice(0, and))
    return typeof left === 'string' || !left ? left : evaluate(proc, words.slice(and + 1))
  }
  if (words.length === 0) return false
  if (words.length === 1) return words[0] !== ''
  if (words[0] === '!' && words.length !== 3) {
    const rest = evaluate(proc, words.slice(1))
    return typeof rest === 'string' ? rest : !rest
  }
  if (words.length === 3) return binary(proc, words[0], words[1], words[2])
  if (words.length === 2) return unary(proc, words[0], words[1])
  return `extra argument '${words[3]}'`
}

function unary(proc: Process, operator: string, word: string): boolean | string {
  if (operator === '-z') return word === ''
  if (operator === '-n') return word !== ''
  if (operator === '-t') return proc.fds.get(Number(word))?.tty != null
  if (!/^-[bcdefghLkprsSuwxO]$/.test(operator)) return `'${operator}': unary operator expected`
  const path = absolutePath(proc, word)
  const stat = operator === '-L' || operator === '-h' ? proc.fs.lstat(path) : proc.fs.stat(path)
  if (isErrno(stat)) return false
  if (operator === '-d') return stat.kind === 'directory'
  if (operator === '-f') return stat.kind === 'file'
  if (operator === '-L' || operator === '-h') return stat.kind === 'symlink'
  if (operator === '-c') return stat.kind === 'device'
  if (operator === '-s') return stat.size > 0
  if (operator === '-x') return stat.kind === 'directory' || (stat.mode & 0o111) !== 0
  return !'bpSgku'.includes(operator[1])
}

function binary(proc: Process, a: string, operator: string, b: string): boolean | string {
  if (operator === '=' || operator === '==') return a === b
  if (operator === '!=') return a !== b
  if (operator === '<') return byText(a, b) < 0
  if (operator === '>') return byText(a, b) > 0
  if (operator === '-nt' || operator === '-ot') {
    const [one, two] = [proc.fs.stat(absolutePath(proc, a)), proc.fs.stat(absolutePath(proc, b))]
    if (isErrno(one) || isErrno(two)) return operator === '-nt' ? !isErrno(one) : !isErrno(two)
    return operator === '-nt' ? one.mtimeUs > two.mtimeUs : one.mtimeUs < two.mtimeUs
  }
  if (/^-(eq|ne|lt|le|gt|ge)$/.test(operator)) {
    for (const word of [a, b]) if (!/^\s*[-+]?\d+\s*$/.test(word)) return `invalid integer '${word}'`
    const [x, y] = [Number(a), Number(b)]
    return { '-eq': x === y, '-ne': x !== y, '-lt': x < y, '-le': x <= y, '-gt': x > y, '-ge': x >= y }[operator] as boolean
  }
  if (a === '!') {
    const rest = unary(proc, operator, b)
    return typeof rest === 'string' ? rest : !rest
  }
  return `'${operator}': binary operator expected`
}

