/** getent(1): hosts, ahosts, passwd, group, services. Omits: databases that a simulated machine does not have. */
import { isErrno } from '../../base/errno.ts'
import { resolveHost } from '../../linux/libc/resolver.ts'
import type { Executable } from '../../linux/program.ts'
import { formatIp, isV6, parseIp } from '../../net/addr/ip.ts'
import { nameOf, serviceName, servicePort } from '../name-service.ts'

const TRY_HELP = "Try `getent --help' or `getent --usage' for more information.\n"

export const getent: Executable = {
  *program(proc, argv) {
    const [database, ...keys] = argv.slice(1)
    if (database === undefined) {
      proc.error(`getent: wrong number of arguments\n${TRY_HELP}`)
      return 1
    }
    let exitCode = 0
    if (['hosts', 'ahosts', 'ahostsv4', 'ahostsv6'].includes(database)) {
      if (keys.length === 0) {
        const text = proc.fs.read('/etc/hosts')
        for (const line of isErrno(text) ? [] : text.split('\n')) {
          const [address, ...names] = line.replace(/#.*/, '').trim().split(/\s+/)
          if (names.length > 0) proc.print(`${address.padEnd(15)} ${names.join(' ')}\n`)
        }
        return 0
      }
      for (const key of keys) {
        const numeric = parseIp(key)
        if (numeric !== null && database === 'hosts') {
          const name = yield* nameOf(proc, numeric)
          if (name === null) exitCode = 2
          else proc.print(`${formatIp(numeric).padEnd(15)} ${name}\n`)
          continue
        }
        const family = database === 'ahostsv4' ? 'ipv4' : database === 'ahostsv6' ? 'ipv6' : undefined
        const resolved = yield* resolveHost(proc, key, { family })
        if (typeof resolved === 'string') {
          exitCode = 2
          continue
        }
        const name = resolved.canonicalName || key
        if (database === 'hosts') {
          // gethostbyname2: IPv6 when there are such addresses, else IPv4.
          const six = resolved.addresses.filter(isV6)
          for (const address of six.length > 0 ? six : resolved.addresses) proc.print(`${formatIp(address).padEnd(15)} ${name}\n`)
          continue
        }
        resolved.addresses.forEach((address, i) => {
          const text = formatIp(address).padEnd(15)
          proc.print(`${text} STREAM ${i === 0 ? name : ''}\n${text} DGRAM  \n${text} RAW    \n`)
        })
      }
      return exitCode
    }
    if (database === 'passwd' || database === 'group') {
      const text = proc.fs.read(`/etc/${database}`)
      const lines = isErrno(text) ? [] : text.split('\n').filter((line) => line !== '')
      if (keys.length === 0) for (const line of lines) proc.print(`${line}\n`)
      for (const key of keys) {
        const found = lines.find((line) => line.split(':')[0] === key || line.split(':')[2] === key)
        if (found === undefined) exitCode = 2
        else proc.print(`${found}\n`)
      }
      return exitCode
    }
    if (database === 'services') {
      for (const key of keys) {
        const [text, protocol = 'tcp'] = key.split('/')
        const port = servicePort(text)
        const name = port === null ? null : serviceName(port, protocol)
        if (name === null) exitCode = 2
        else proc.print(`${name.padEnd(21)} ${port}/${protocol}\n`)
      }
      return exitCode
    }
    proc.error(`Unknown database: ${database}\n${TRY_HELP}`)
    return 1
  },
}
