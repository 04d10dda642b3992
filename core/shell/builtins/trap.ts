/** `trap`: XCU trap. */
import { parseSignal, SIGNAL_NAMES, signalNumber, type SignalName } from '../../linux/signal-name.ts'
import { catchSignal } from '../interpreter.ts'
import { singleQuoted } from '../quoting.ts'
import type { Shell } from '../shell.ts'

const CONDITIONS = ['EXIT', 'DEBUG', 'ERR', 'RETURN']
/** Signals that would end the shell without its EXIT trap. */
const FATAL: readonly SignalName[] = ['SIGHUP', 'SIGINT', 'SIGTERM']

export function trap(shell: Shell, argv: readonly string[]): number {
  let words = argv.slice(1)
  if (words[0] === '-l') {
    shell.proc.print(listSignals())
    return 0
  }
  if (words.length === 0 || words[0] === '-p') {
    const wanted = words.slice(1).map(conditionName)
    for (const name of [...CONDITIONS.slice(0, 1), ...SIGNAL_NAMES, ...CONDITIONS.slice(1)]) {
      const text = shell.traps.get(name)
      if (text !== undefined && (wanted.length === 0 || wanted.includes(name))) shell.proc.print(`trap -- ${singleQuoted(text)} ${name}\n`)
    }
    return 0
  }
  if (words[0] === '--') words = words.slice(1)
  let [action] = words
  let names = words.slice(1)
  // `trap INT` alone resets, as does a number in front.
  if (names.length === 0 || /^\d+$/.test(action)) [action, names] = ['-', words]
  let status = 0
  for (const each of names) {
    const name = conditionName(each)
    if (name === null) status = shell.complain(`trap: ${each}: invalid signal specification`)
    else setTrap(shell, name, action)
  }
  return status
}

function conditionName(text: string): string | null {
  const upper = text.toUpperCase()
  if (upper === '0' || upper === 'EXIT') return 'EXIT'
  return CONDITIONS.includes(upper) ? upper : parseSignal(text)
}

function setTrap(shell: Shell, name: string, action: string): void {
  if (action === '-') shell.traps.delete(name)
  else shell.traps.set(name, action)
  if (name === 'EXIT') {
    for (const signal of FATAL) if (!shell.traps.has(signal)) restore(shell, signal)
  } else if (!CONDITIONS.includes(name)) {
    const signal = name as SignalName
    if (action === '-') restore(shell, signal)
    else if (action === '') shell.proc.onSignal(signal, 'ignore')
    else catchSignal(shell, signal)
  }
}

/** What the shell does about a signal without a trap of its own. */
function restore(shell: Shell, signal: SignalName): void {
  if (shell.interactive) {
    shell.restoreInteractiveSignal?.(signal)
    return
  }
  if (shell.traps.has('EXIT') && FATAL.includes(signal)) catchSignal(shell, signal)
  else shell.proc.onSignal(signal, 'default')
}

export function listSignals(): string {
  let text = ''
  SIGNAL_NAMES.forEach((name, i) => {
    text += `${String(signalNumber(name)).padStart(2)}) ${name}${i % 5 === 4 || i === SIGNAL_NAMES.length - 1 ? '\n' : '\t'}`
  })
  return text
}
