/** kill(1), pkill(1), pgrep(1), killall(1), pidof(1). Omits: selection by terminal, user, age and parent other than -P. */
import type { Process } from '../../linux/process.ts'
import { parseSignal, SIGNAL_NAMES, type SignalName, signalNumber } from '../../linux/signal-name.ts'
import { immediate } from '../command.ts'
import { posixRegex } from '../posix-regex.ts'
import { visibleProcesses } from './ps.ts'

/** 0 only asks whether the process is there. */
function readSignal(text: string): SignalName | 0 | null {
  return text === '0' ? 0 : parseSignal(text)
}

export const kill = immediate((proc, argv) => {
  const words = argv.slice(1)
  if (words[0] === '-l' || words[0] === '-L') {
    if (words[1] !== undefined) {
      const signal = readSignal(words[1])
      proc.print(`${signal === null || signal === 0 ? '' : /^\d+$/.test(words[1]) ? signal.slice(3) : signalNumber(signal)}\n`)
    } else proc.print(`${SIGNAL_NAMES.map((name) => name.slice(3)).join(' ')}\n`)
    return 0
  }
  let signal: SignalName | 0 | null = 'SIGTERM'
  if (words[0] === '-s' || words[0] === '-n') {
    words.shift()
    signal = readSignal(words.shift() ?? '')
  } else if (words[0] !== undefined && /^-[A-Za-z0-9]+$/.test(words[0])) signal = readSignal((words.shift() as string).slice(1))
  if (words[0] === '--') words.shift()
  if (signal === null || words.length === 0) {
    proc.error('Usage:\n kill [options] <pid> [...]\n')
    return 1
  }
  let failed = false
  for (const word of words) {
    if (!/^-?\d+$/.test(word)) {
      proc.error(`kill: failed to parse argument: '${word}'\n`)
      failed = true
      continue
    }
    const pid = Number(word)
    if (pid < 0) {
      if (proc.machine.group(-pid).length > 0) {
        if (signal !== 0) proc.machine.signalGroup(-pid, signal)
        continue
      }
    } else {
      const target = proc.machine.findProcess(proc.context.fs === proc.machine.root.fs ? proc.machine.root : proc.context, pid)
      if (target) {
        if (signal !== 0) target.signal(signal, proc)
        continue
      }
    }
    proc.error(`kill: (${word}): No such process\n`)
    failed = true
  }
  return failed ? 1 : 0
})

interface Selection {
  found: { pid: number; process: Process }[]
  signal: SignalName | 0
  long: boolean
  names: boolean
  count: boolean
  delimiter: string
}

function select(proc: Process, name: string, words: readonly string[]): Selection | number {
  let signal: SignalName | 0 = 'SIGTERM'
  let [full, exact, long, names, count, invert, ignoreCase, newest, oldest] = [false, false, false, false, false, false, false, false, false]
  let delimiter = '\n'
  let parent = 0
  const patterns: string[] = []
  for (let at = 0; at < words.length; at += 1) {
    const word = words[at]
    if (!word.startsWith('-') || word === '-') {
      patterns.push(word)
      continue
    }
    if (word === '--signal' || word === '-P' || word === '-d' || word === '--parent' || word === '--delimiter') {
      at += 1
      if (word === '--signal') signal = readSignal(words[at] ?? '') ?? signal
      else if (word === '-P' || word === '--parent') parent = Number(words[at])
      else delimiter = words[at] ?? '\n'
      continue
    }
    const asSignal = word.length > 2 || /^-\d$/.test(word) ? readSignal(word.slice(1)) : null
    if (asSignal !== null) {
      signal = asSignal
      continue
    }
    for (const letter of word.slice(1)) {
      if (letter === 'f') full = true
      else if (letter === 'x') exact = true
      else if (letter === 'l') names = true
      else if (letter === 'a') long = true
      else if (letter === 'c') count = true
      else if (letter === 'v') invert = true
      else if (letter === 'i') ignoreCase = true
      else if (letter === 'n') newest = true
      else if (letter === 'o') oldest = true
      else if (letter !== 'e' && letter !== '-') {
        proc.error(`${name}: invalid option -- '${letter}'\n\nUsage:\n ${name} [options] <pattern>\n`)
        return 2
      }
    }
  }
  if (patterns.length === 0 && parent === 0) {
    proc.error(`${name}: no matching criteria specified\nTry \`${name} --help' for more information.\n`)
    return 2
  }
  if (patterns.length > 1) {
    proc.error(`${name}: only one pattern can be provided\nTry \`${name} --help' for more information.\n`)
    return 2
  }
  const regex = posixRegex(exact ? `^(${patterns[0] ?? ''})$` : (patterns[0] ?? ''), { extended: true, ignoreCase })
  if (!(regex instanceof RegExp)) {
    proc.error(`${name}: ${regex.error}\n`)
    return 2
  }
  let found = visibleProcesses(proc).filter(({ ppid, process }) => {
    if (process === proc) return false
    if (parent !== 0 && ppid !== parent) return false
    return regex.test(full ? process.argv.join(' ') : process.name.slice(0, 15)) !== invert
  })
  if (newest) found = found.slice(-1)
  if (oldest) found = found.slice(0, 1)
  return { found, signal, long, names, count, delimiter }
}

export const pgrep = immediate((proc, argv) => {
  const selection = select(proc, 'pgrep', argv.slice(1))
  if (typeof selection === 'number') return selection
  const { found } = selection
  if (selection.count) proc.print(`${found.length}\n`)
  else if (found.length > 0) {
    const lines = found.map(({ pid, process }) => `${pid}${selection.long ? ` ${process.argv.join(' ')}` : selection.names ? ` ${process.name}` : ''}`)
    proc.print(`${lines.join(selection.delimiter)}\n`)
  }
  return found.length > 0 ? 0 : 1
})

export const pkill = immediate((proc, argv) => {
  const selection = select(proc, 'pkill', argv.slice(1))
  if (typeof selection === 'number') return selection
  for (const { process } of selection.found) if (selection.signal !== 0) process.signal(selection.signal, proc)
  return selection.found.length > 0 ? 0 : 1
})

export const killall = immediate((proc, argv) => {
  const words = argv.slice(1)
  const option = words.find((word) => /^-[A-Z0-9]+$/.test(word))
  const signal = option === undefined ? 'SIGTERM' : (readSignal(option.slice(1)) ?? 'SIGTERM')
  let failed = false
  for (const name of words.filter((word) => !word.startsWith('-'))) {
    const found = visibleProcesses(proc).filter(({ process }) => process.name === name && process !== proc)
    for (const { process } of found) if (signal !== 0) process.signal(signal, proc)
    if (found.length === 0) proc.error(`${name}: no process found\n`)
    if (found.length === 0) failed = true
  }
  return failed ? 1 : 0
})

export const pidof = immediate((proc, argv) => {
  const found = argv.slice(1).flatMap((name) => visibleProcesses(proc).filter(({ process }) => process.name === name && process !== proc))
  if (found.length > 0) proc.print(`${found.map(({ pid }) => pid).reverse().join(' ')}\n`)
  return found.length > 0 ? 0 : 1
})
