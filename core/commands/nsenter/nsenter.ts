/** nsenter(1) and unshare(1) of util-linux for the namespaces that exist here: network, mount (files), UTS (name), pid. */
import type { ProcessContext } from '../../linux/process-context.ts'
import type { Executable } from '../../linux/program.ts'
import { parseOptions } from '../options.ts'

const spec = {
  short: '+at:m::u::i::n::p::U::C::T::r::w::FZS:G:Vh',
  long: {
    all: 'a', 'target=': 't', 'mount=?': 'm', 'uts=?': 'u', 'ipc=?': 'i', 'net=?': 'n', 'pid=?': 'p', 'user=?': 'U', 'cgroup=?': 'C', 'time=?': 'T',
    'root=?': 'r', 'wd=?': 'w', 'no-fork': 'F', help: 'h', version: 'V',
  },
}

export const nsenter: Executable = {
  *program(proc, argv) {
    const options = parseOptions('nsenter', argv.slice(1), spec)
    if (typeof options === 'string') {
      proc.error(`${options}\nTry 'nsenter --help' for more information.\n`)
      return 1
    }
    if (options.has('h')) {
      proc.print('\nUsage:\n nsenter [options] [<program> [<argument>...]]\n\nRun a program with namespaces of other processes.\n')
      return 0
    }
    const path = options.value('n') ?? ''
    const named = /^(?:\/var)?\/run\/netns\/(.+)$/.exec(path)?.[1]
    const fromPath = /^\/proc\/(\d+)\/ns\/net$/.exec(path)?.[1]
    const pid = options.value('t') ?? fromPath
    if (pid === undefined && named === undefined) {
      proc.error('nsenter: no target PID specified for --all\n'.replace(' for --all', options.has('a') ? ' for --all' : ''))
      return 1
    }
    if (pid !== undefined && !/^\d+$/.test(pid)) {
      proc.error(`nsenter: failed to parse pid: '${pid}'\n`)
      return 1
    }
    const { machine } = proc
    const target =
      named !== undefined
        ? [...proc.netns.world.namespaces.values()].find((ns) => ns.machine === machine.name && ns.name === named)
        : pid === '1' && proc.context.fs === machine.root.fs
          ? machine.netns
          : machine.findProcess(proc.context, Number(pid))?.netns
    if (!target) {
      const missing = named !== undefined ? path : `/proc/${pid}/ns/net`
      proc.error(`nsenter: cannot open ${missing}: No such file or directory\n`)
      return 1
    }
    const other = pid === undefined ? undefined : machine.findProcess(proc.context, Number(pid))?.context
    const all = options.has('a')
    const files = all || options.has('m')
    const context: ProcessContext =
      other && all
        ? other
        : {
            ...proc.context,
            netns: all || options.has('n') ? target : proc.netns,
            fs: files && other ? other.fs : proc.fs,
            hostname: (all || options.has('u')) && other ? other.hostname : proc.context.hostname,
            init: -1,
          }
    const words = options.operands.length > 0 ? options.operands : [proc.env.get('SHELL') ?? '/bin/sh']
    const directories = (proc.env.get('PATH') ?? '').split(':')
    const known = words[0].includes('/') ? context.fs.exists(words[0]) : directories.some((directory) => context.fs.exists(`${directory}/${words[0]}`))
    if (!known) {
      proc.error(`nsenter: failed to execute ${words[0]}: No such file or directory\n`)
      return 127
    }
    return yield* proc.run({ argv: words, context, env: proc.env, cwd: files ? '/' : proc.cwd })
  },
}
