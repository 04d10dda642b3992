/** `break`, `continue`, `return`, `exit`. */
import type { Shell } from '../shell.ts'

export function breakOrContinue(shell: Shell, argv: readonly string[]): number {
  const [name, count = '1'] = argv
  if (shell.loopDepth === 0) return shell.complain(`${name}: only meaningful in a \`for', \`while', or \`until' loop`, 0)
  if (!/^[+-]?\d+$/.test(count)) {
    shell.complain(`${name}: ${count}: numeric argument required`)
    shell.exit(128)
    return 128
  }
  const levels = Number(count)
  if (levels < 1) {
    shell.flow = { kind: 'break', levels: shell.loopDepth }
    return shell.complain(`${name}: ${count}: loop count out of range`)
  }
  shell.flow = { kind: name === 'break' ? 'break' : 'continue', levels: Math.min(levels, shell.loopDepth) }
  return 0
}

export function returnFromFunction(shell: Shell, argv: readonly string[]): number {
  if (shell.functionNames.length === 0 && shell.sourceDepth === 0) {
    return shell.complain("return: can only `return' from a function or sourced script", 2)
  }
  const status = statusArgument(shell, argv)
  shell.status = status
  shell.flow = { kind: 'return' }
  return status
}

export function exitShell(shell: Shell, argv: readonly string[]): number {
  if (shell.interactive && shell.subshellLevel === 0) {
    shell.proc.error(argv[0] === 'logout' || shell.login ? 'logout\n' : 'exit\n')
    const stopped = shell.jobs.all().some((job) => job.processes.some((proc) => proc.stopped))
    if (stopped && !shell.exitWarned) {
      shell.exitWarned = true
      shell.proc.error('There are stopped jobs.\n')
      return 1
    }
  }
  const status = statusArgument(shell, argv)
  if (argv.length > 2 && /^[+-]?\d+$/.test(argv[1])) return shell.complain('exit: too many arguments')
  shell.exit(status)
  return shell.status
}

function statusArgument(shell: Shell, argv: readonly string[]): number {
  const text = argv[1] === '--' ? argv[2] : argv[1]
  if (text === undefined) return shell.status
  if (!/^\s*[+-]?\d+\s*$/.test(text)) {
    shell.complain(`${argv[0]}: ${text}: numeric argument required`)
    return 2
  }
  return Number(BigInt.asUintN(8, BigInt(text.trim().replace(/^\+/, ''))))
}
