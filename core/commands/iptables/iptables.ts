/**
 * iptables(8), iptables-save(8), iptables-restore(8) and their IPv6 twins: only the words and the files; the rules are the
 * namespace's own affair.
 *
 * Omits: iptables-legacy, iptables-xml, iptables-apply, `--modprobe`.
 */
import { isErrno, strerror } from '../../base/errno.ts'
import type { Executable } from '../../linux/program.ts'
import type { IpFamily, RestoreOptions, SaveOptions } from '../../net/netfilter/iptables/iptables.ts'
import { strftime } from '../calendar.ts'
import { immediate, readWhole } from '../command.ts'
import { parseOptions } from '../options.ts'

const VERSION = 'v1.8.9 (nf_tables)'

function iptablesOf(family: IpFamily): Executable {
  return {
    ...immediate((proc, argv) => {
      const { stdout, stderr, exitCode } = proc.netns.netfilter.iptables(family).command(argv.slice(1))
      proc.print(stdout)
      proc.error(stderr)
      return exitCode
    }),
    complete: (proc, words, index) => candidates(proc.netns.netfilter.iptables(family), words, index),
  }
}

/** Chains and tables after the options that take them. */
function candidates(tool: { chains(table: string): string[] }, words: readonly string[], index: number): string[] {
  const before = words[index - 1] ?? ''
  if (before === '-t' || before === '--table') return ['filter', 'nat', 'mangle', 'raw', 'security']
  const tableAt = words.findIndex((word) => word === '-t' || word === '--table')
  const table = tableAt >= 0 ? (words[tableAt + 1] ?? 'filter') : 'filter'
  const target = before === '-j' || before === '--jump'
  if (target) return [...tool.chains(table), 'ACCEPT', 'DROP', 'REJECT', 'RETURN', 'LOG', 'DNAT', 'SNAT', 'MASQUERADE', 'MARK']
  return /^-[a-zA-Z]*[ADCILSFZNXEPR]$/.test(before) ? tool.chains(table) : []
}

function saveOf(family: IpFamily): Executable {
  return immediate((proc, argv) => {
    const name = family === 'ipv4' ? 'iptables-save' : 'ip6tables-save'
    const options = parseOptions(name, argv.slice(1), {
      short: 'bcdt:M:f:V',
      long: { counters: 'c', dump: 'd', 'table=': 't', 'modprobe=': 'M', 'file=': 'f', version: 'V' },
    })
    if (typeof options === 'string') {
      proc.error(`${options}\nTry \`${name} -h' for more information.\n`)
      return 1
    }
    if (options.has('V')) {
      proc.print(`${name} ${VERSION}\n`)
      return 0
    }
    const table = options.value('t')
    const date = strftime('%c', proc.world.epochMs + proc.world.clock.nowUs / 1000)
    const wanted: SaveOptions = { counters: options.has('c'), date, ...(table === undefined ? {} : { table }) }
    const text = proc.netns.netfilter.iptables(family).save(wanted)
    const file = options.value('f')
    if (file === undefined) {
      proc.print(text)
      return 0
    }
    const error = proc.fs.write(proc.path(file), text)
    if (error) proc.error(`Failed to open file, error: ${strerror(error)}\n`)
    return error ? 1 : 0
  })
}

function restoreOf(family: IpFamily): Executable {
  return {
    *program(proc, argv) {
      const name = family === 'ipv4' ? 'iptables-restore' : 'ip6tables-restore'
      const options = parseOptions(name, argv.slice(1), {
        short: 'bcvVthnwWM:T:46',
        long: {
          counters: 'c',
          verbose: 'v',
          version: 'V',
          test: 't',
          help: 'h',
          noflush: 'n',
          'modprobe=': 'M',
          'table=': 'T',
          'wait=?': 'w',
          'wait-interval=?': 'W',
        },
      })
      if (typeof options === 'string') {
        proc.error(`${options}\nTry \`${name} -h' for more information.\n`)
        return 1
      }
      if (options.has('V')) {
        proc.print(`${name} ${VERSION}\n`)
        return 0
      }
      if (options.has('h')) {
        proc.print(`Usage: ${name} [-c] [-v] [-V] [-t] [-h] [-n] [-w secs] [-T table] [-M command] [file]\n`)
        return 1
      }
      const input = yield* readWhole(proc, options.operands[0] ?? '-')
      if (isErrno(input)) {
        proc.error(`Can't open ${options.operands[0]}: ${strerror(input)}\n`)
        return 1
      }
      const table = options.value('T')
      const wanted: RestoreOptions = {
        noflush: options.has('n'),
        counters: options.has('c'),
        test: options.has('t'),
        print: (text) => proc.print(text),
        ...(table === undefined ? {} : { table }),
      }
      const failure = proc.netns.netfilter.iptables(family).restore(input.text, wanted)
      if (!failure) return 0
      proc.error(`${failure.message}\n`)
      return failure.exitCode
    },
  }
}

export const iptables = iptablesOf('ipv4')
export const ip6tables = iptablesOf('ipv6')
export const iptablesSave = saveOf('ipv4')
export const ip6tablesSave = saveOf('ipv6')
export const iptablesRestore = restoreOf('ipv4')
export const ip6tablesRestore = restoreOf('ipv6')
