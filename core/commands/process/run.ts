/** Commands that run another one: timeout(1), time(1), watch(1), nohup(1), nice(1), setsid(1), stdbuf(1). */
import { isErrno } from '../../base/errno.ts'
import { SinkFile } from '../../linux/open-file.ts'
import type { Process } from '../../linux/process.ts'
import type { Executable } from '../../linux/program.ts'
import { parseSignal, signalNumber } from '../../linux/signal-name.ts'
import { firstOf, sleepWait, type Wait } from '../../linux/wait.ts'
import { strftime } from '../calendar.ts'
import { gnuOptions, wrongUsage } from '../command.ts'
import { durationUs } from '../duration.ts'
import { parseOptions } from '../options.ts'

/** Why a program cannot be found, or null when it can. */
function missing(proc: Process, name: string): string | null {
  const places = name.includes('/') ? [proc.path(name)] : (proc.env.get('PATH') ?? '').split(':').map((directory) => `${directory}/${name}`)
  return places.some((place) => !isErrno(proc.fs.executable(place))) ? null : 'No such file or directory'
}

export const timeout: Executable = {
  *program(proc, argv) {
    const options = gnuOptions(proc, argv, {
      spec: { short: '+k:s:v', long: { 'kill-after=': 'k', 'signal=': 's', 'preserve-status': 'preserve', foreground: 'f', verbose: 'v' } },
      usage: 'timeout [OPTION] DURATION COMMAND [ARG]...\n  or:  timeout [OPTION]',
      wrongUsage: 125,
    })
    if (typeof options === 'number') return options
    const [duration, ...command] = options.operands
    if (duration === undefined || command.length === 0) {
      proc.error("Try 'timeout --help' for more information.\n")
      return 125
    }
    const us = durationUs(duration)
    if (us === null) return wrongUsage(proc, 'timeout', `timeout: invalid time interval '${duration}'`, 125)
    const signal = parseSignal(options.value('s') ?? 'TERM')
    if (signal === null) return wrongUsage(proc, 'timeout', `timeout: '${options.value('s')}': invalid signal`, 125)
    const why = missing(proc, command[0])
    if (why !== null) {
      proc.error(`timeout: failed to run command '${command[0]}': ${why}\n`)
      return 127
    }
    const killUs = options.has('k') ? durationUs(options.value('k') as string) : null
    const child = proc.spawn({ argv: command })
    const endUs = us === 0 ? Number.MAX_SAFE_INTEGER : proc.world.clock.nowUs + us
    let expired = false
    let killAtUs = Number.MAX_SAFE_INTEGER
    while (child.exitCode === null) {
      const nowUs = proc.world.clock.nowUs
      if (!expired && nowUs >= endUs) {
        expired = true
        if (options.has('v')) proc.error(`timeout: sending signal ${signal.slice(3)} to command '${command[0]}'\n`)
        child.signal(signal)
        if (killUs !== null) killAtUs = nowUs + killUs
      }
      if (nowUs >= killAtUs) {
        child.signal('SIGKILL')
        killAtUs = Number.MAX_SAFE_INTEGER
      }
      const nextUs = Math.min(expired ? killAtUs : endUs, Number.MAX_SAFE_INTEGER)
      yield nextUs === Number.MAX_SAFE_INTEGER ? child.changed.wait : firstOf(child.changed.wait, sleepWait(proc.world.clock, Math.max(nextUs - nowUs, 0)))
    }
    if (!expired || options.has('preserve')) return child.exitCode
    return child.exitCode === 128 + signalNumber('SIGKILL') ? 137 : 124
  },
}

export const time: Executable = {
  *program(proc, argv) {
    const words = argv.slice(1)
    const portable = words[0] === '-p'
    if (portable) words.shift()
    if (words.length === 0) {
      proc.error('Usage: time [-apvV] [-f format] [-o file] [--append] [--verbose]\n       [--portability] [--format=format] [--output=file] [--version]\n       [--quiet] [--help] command [arg...]\n')
      return 125
    }
    const startUs = proc.world.clock.nowUs
    const code = yield* proc.run({ argv: words })
    const seconds = (proc.world.clock.nowUs - startUs) / 1e6
    if (portable) proc.error(`real ${seconds.toFixed(2)}\nuser 0.00\nsys 0.00\n`)
    else proc.error(`0.00user 0.00system ${Math.floor(seconds / 60)}:${(seconds % 60).toFixed(2).padStart(5, '0')}elapsed 0%CPU (0avgtext+0avgdata 3712maxresident)k\n0inputs+0outputs (0major+0minor)pagefaults 0swaps\n`)
    return code
  },
}

export const watch: Executable = {
  *program(proc, argv) {
    const options = parseOptions('watch', argv.slice(1), {
      short: '+bcd::eghn:ptvxw',
      long: { 'interval=': 'n', 'no-title': 't', exec: 'x', errexit: 'e', chgexit: 'g', color: 'c', beep: 'b', help: 'h', 'differences=?': 'd', 'no-wrap': 'w' },
    })
    if (typeof options === 'string' || options.operands.length === 0) {
      proc.error(`${typeof options === 'string' ? `${options}\n` : ''}\nUsage:\n watch [options] command\n`)
      return 1
    }
    const seconds = Math.max(Number((options.value('n') ?? '2').replace(',', '.')) || 2, 0.1)
    const command = options.operands.join(' ')
    const shell = proc.fs.exists('/bin/bash') ? '/bin/bash' : '/bin/sh'
    const words = options.has('x') ? options.operands : [shell, '-c', command]
    const terminal = proc.fds.get(1)?.tty ?? null
    let before: string | null = null
    // The alternate screen, so that what stood there comes back at the end.
    if (terminal) proc.print('\x1b[?1049h')
    try {
      for (;;) {
        const { output, code } = yield* collect(proc, words)
        const columns = terminal?.columns ?? 80
        const rows = terminal?.rows ?? 24
        const when = strftime('%a %b %e %H:%M:%S %Y', proc.world.epochMs + proc.world.clock.nowUs / 1000)
        const right = `${proc.context.hostname}: ${when}`
        const left = `Every ${seconds.toFixed(1)}s: ${command}`
        const title = options.has('t') ? '' : `${left.slice(0, Math.max(columns - right.length - 1, 0)).padEnd(Math.max(columns - right.length, 0))}${right}\n\n`
        const lines = output.split('\n').slice(0, Math.max(rows - (title === '' ? 0 : 2), 1)).map((line) => line.slice(0, columns))
        proc.print(`${terminal ? '\x1b[H\x1b[2J' : ''}${title}${lines.join('\n')}`)
        if (!(yield* proc.flush())) return 141
        if (options.has('e') && code !== 0) return 8
        if (options.has('g') && before !== null && before !== output) return 0
        before = output
        yield* proc.sleepUs(Math.round(seconds * 1e6))
      }
    } finally {
      if (terminal) proc.print('\x1b[?1049l')
    }
  },
  noTermHandler: true,
}

/** Runs a command and keeps what it prints, errors included. */
function* collect(proc: Process, words: readonly string[]): Generator<Wait, { output: string; code: number }, unknown> {
  let output = ''
  const sink = new SinkFile((text) => {
    if (output.length < OUTPUT_MAX) output += text
  })
  const fds = new Map(proc.fds)
  fds.set(1, sink)
  fds.set(2, sink)
  const code = yield* proc.run({ argv: words, fds })
  return { output, code }
}

const OUTPUT_MAX = 1048576

/** Runs its command as it is: priorities, sessions and buffers are not modelled. */
export const runner: Executable = {
  *program(proc, argv) {
    const words = argv.slice(1)
    while (words.length > 0 && words[0].startsWith('-')) {
      const option = words.shift() as string
      if (/^-[nioe]$/.test(option)) words.shift()
    }
    if (words.length === 0) return wrongUsage(proc, argv[0], `${argv[0]}: missing operand`, 125)
    const why = missing(proc, words[0])
    if (why !== null) {
      proc.error(`${argv[0]}: failed to run command '${words[0]}': ${why}\n`)
      return 127
    }
    if (argv[0].endsWith('nohup')) proc.onSignal('SIGHUP', 'ignore')
    return yield* proc.run({ argv: words })
  },
}
