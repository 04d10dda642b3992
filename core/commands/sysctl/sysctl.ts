/** sysctl(8) of procps for net.* of the caller's namespace, and whatever else stands under /proc/sys. Omits: binary output. */
import { isErrno, strerror } from '../../base/errno.ts'
import { byText } from '../../base/text-order.ts'
import type { Process } from '../../linux/process.ts'
import { immediate } from '../command.ts'
import { parseOptions } from '../options.ts'
import { posixRegex } from '../posix-regex.ts'

const USAGE = `
Usage:
 sysctl [options] [variable[=value] ...]

Options: -a (all), -e (ignore unknown names), -N (names), -n (values), -p[file] (load), -q (quiet), -r pattern, -w (write)

For more details see sysctl(8).
`

const spec = {
  short: 'aAXbeNnp::f::r:qwoxdhV',
  long: { all: 'a', binary: 'b', ignore: 'e', names: 'N', values: 'n', 'load=?': 'p', 'pattern=': 'r', quiet: 'q', write: 'w', help: 'h', version: 'V', system: 'system' },
}

export const sysctl = {
  ...immediate((proc, argv) => {
    const options = parseOptions('sysctl', argv.slice(1), spec)
    if (typeof options === 'string') {
      proc.error(`${options}\n${USAGE}`)
      return 1
    }
    if (options.has('V')) {
      proc.print('sysctl from procps-ng 4.0.2\n')
      return 0
    }
    if (options.has('h', 'd')) {
      proc.print(USAGE)
      return 0
    }
    const style = { names: options.has('N'), values: options.has('n'), quiet: options.has('q'), ignore: options.has('e') }
    let failed = false
    if (options.has('a', 'A', 'X')) {
      const pattern = options.value('r')
      const regex = pattern === undefined ? null : posixRegex(pattern, { extended: true })
      for (const name of allNames(proc)) if (!(regex instanceof RegExp) || regex.test(name)) show(proc, name, style)
      return 0
    }
    let words = options.operands
    if (options.has('p', 'f', 'system')) {
      const file = options.value('p') || options.value('f') || words[0] || '/etc/sysctl.conf'
      const text = proc.fs.read(proc.path(file))
      if (isErrno(text)) {
        if (options.has('system')) return 0
        proc.error(`sysctl: cannot open "${file}": ${strerror(text)}\n`)
        return 1
      }
      words = text.split('\n').map((line) => line.replace(/^\s*[#;].*/, '').trim()).filter((line) => line.includes('='))
    }
    if (words.length === 0) {
      proc.error(USAGE)
      return 1
    }
    for (const word of words) {
      const equals = word.indexOf('=')
      if (equals < 0 && options.has('w')) {
        proc.error(`sysctl: "${word}" must be of the form name=value\n`)
        failed = true
      } else if (!(equals < 0 ? show(proc, word, style) : assign(proc, word.slice(0, equals).trim(), word.slice(equals + 1).trim(), style))) failed = true
    }
    return failed ? 1 : 0
  }),
  complete: (proc: Process) => allNames(proc),
}

interface Style {
  names: boolean
  values: boolean
  quiet: boolean
  ignore: boolean
}

function allNames(proc: Process): string[] {
  return [...proc.netns.sysctl.names()].sort(byText)
}

function pathOf(name: string): string {
  return `/proc/sys/${name.includes('/') ? name : name.replaceAll('.', '/')}`
}

function read(proc: Process, name: string): string | null {
  const value = proc.netns.sysctl.get(name)
  if (value !== null) return value
  const text = proc.fs.read(pathOf(name))
  return isErrno(text) ? null : text.replace(/\n$/, '')
}

function missing(proc: Process, name: string, style: Style): boolean {
  if (style.ignore) return true
  proc.error(`sysctl: cannot stat ${pathOf(name)}: No such file or directory\n`)
  return false
}

function show(proc: Process, word: string, style: Style): boolean {
  const name = word.replaceAll('/', '.')
  const value = read(proc, name)
  if (value === null) {
    const inside = allNames(proc).filter((one) => one.startsWith(`${name}.`))
    for (const one of inside) show(proc, one, style)
    return inside.length > 0 || missing(proc, name, style)
  }
  for (const line of value.split('\n')) proc.print(style.values ? `${line}\n` : style.names ? `${name}\n` : `${name} = ${line}\n`)
  return true
}

function assign(proc: Process, word: string, value: string, style: Style): boolean {
  const name = word.replaceAll('/', '.')
  if (read(proc, name) === null) return missing(proc, name, style)
  // A container's view of /proc/sys is read-only unless it is privileged; only the machine itself may write.
  const error = proc.netns.sysctl.get(name) === null ? proc.fs.write(pathOf(name), `${value}\n`) : proc.netns.sysctl.set(name, value)
  if (error) {
    proc.error(error === 'EACCES' || error === 'EPERM' ? `sysctl: permission denied on key "${name}"\n` : `sysctl: setting key "${name}": ${strerror(error)}\n`)
    return false
  }
  if (!style.quiet) proc.print(style.values ? `${value}\n` : style.names ? `${name}\n` : `${name} = ${value}\n`)
  return true
}
