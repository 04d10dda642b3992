/** Shells in processes of their own: `( … )`, `$( … )`, stages of a pipeline, `<( … )`, background lists. XCU 2.12. */
import type { OpenFile } from '../linux/open-file.ts'
import { Pipe } from '../linux/pipe.ts'
import type { Process } from '../linux/process.ts'
import type { Wait } from '../linux/wait.ts'
import type { Command, List } from './ast.ts'
import { runCommandAsProcess, runExitTrap, runList } from './interpreter.ts'
import type { Shell } from './shell.ts'

/** Where process substitutions put their descriptors, counting down: bash's choice. */
const SUBSTITUTION_FD = 63

/** A function that calls itself in `$( )` without end stops here. */
const SUBSHELLS_MAX = 200

// biome-ignore lint/correctness/useYield: it never waits
function* tooDeep(child: Shell): Generator<Wait, number> {
  return child.complain('fork: Resource temporarily unavailable', 254)
}

export interface ForkOptions {
  fds?: ReadonlyMap<number, OpenFile>
  pgid?: number | 'own'
  /** Words for a list of processes. */
  title?: string
}

/** Forks: the child runs `body` in a copy of this shell. */
export function forkShell(shell: Shell, wanted: (child: Shell) => Generator<Wait, number>, options: ForkOptions = {}): Process {
  const body = shell.subshellLevel < SUBSHELLS_MAX ? wanted : tooDeep
  const argv = options.title ? [options.title] : shell.proc.argv
  // The copy is made now: what the parent changes before the child's first event is none of its business.
  let child: Shell | null = null
  const proc: Process = shell.proc.spawn({
    argv,
    fds: options.fds,
    pgid: options.pgid,
    program: function* () {
      const own = child as Shell
      const status = yield* body(own)
      return yield* runExitTrap(own, status)
    },
  })
  child = shell.fork(proc)
  proc.env = shell.variables.environment()
  return proc
}

export function forkList(shell: Shell, list: List, options: ForkOptions = {}): Process {
  return forkShell(shell, (child) => runList(child, list), options)
}

/** A stage of a pipeline or a background command: a program takes the place of the subshell. */
export function forkCommand(shell: Shell, command: Command, options: ForkOptions = {}): Process {
  return forkShell(shell, (child) => runCommandAsProcess(child, command), options)
}

/** What `list` prints, without the newlines at its end. */
export function* commandSubstitution(shell: Shell, list: List): Generator<Wait, string> {
  const pipe = new Pipe()
  const fds = new Map(shell.proc.fds).set(1, pipe.writeEnd)
  const child = forkShell(
    shell,
    (own) => {
      if (!own.shopt.get('inherit_errexit')) own.options.errexit = false
      return list.length === 1 && list[0].rest.length === 0 && !list[0].background && list[0].first.commands.length === 1 && !list[0].first.negate
        ? runCommandAsProcess(own, list[0].first.commands[0])
        : runList(own, list)
    },
    { fds },
  )
  pipe.writeEnd.close()
  try {
    const text = yield* readToEnd(shell, pipe.readEnd, child)
    shell.status = yield* shell.proc.waitExit(child)
    shell.substitutionStatus = shell.status
    return text.replaceAll('\0', '').replace(/\n+$/, '')
  } finally {
    pipe.readEnd.close()
  }
}

function* readToEnd(shell: Shell, file: OpenFile, child: Process): Generator<Wait, string> {
  const chunks: string[] = []
  for (;;) {
    const chunk = file.read(1 << 20)
    if (chunk === null) return chunks.join('')
    if (chunk !== undefined) {
      chunks.push(chunk)
      continue
    }
    yield* shell.pause(file.readable.wait)
    // ^C reached the shell: the child got it too, and a grandchild that holds the pipe must not hold us.
    if (shell.flow?.kind === 'interrupt' && child.exitCode !== null) return chunks.join('')
  }
}

/** A path from which (or to which) the list's output (or input) flows while the command runs. */
// biome-ignore lint/correctness/useYield: opening never waits
export function* processSubstitution(shell: Shell, direction: '<' | '>', list: List): Generator<Wait, string> {
  const pipe = new Pipe()
  const [mine, its] = direction === '<' ? [pipe.readEnd, pipe.writeEnd] : [pipe.writeEnd, pipe.readEnd]
  const fds = new Map(shell.proc.fds).set(direction === '<' ? 1 : 0, its)
  forkList(shell, list, { fds })
  its.close()
  let fd = SUBSTITUTION_FD
  while (shell.proc.fds.has(fd)) fd -= 1
  shell.proc.fds.set(fd, mine)
  shell.openSubstitutions.push(fd)
  return `/dev/fd/${fd}`
}
