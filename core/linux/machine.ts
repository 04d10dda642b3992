/**
 * A machine: one kernel with its files, processes and root network namespace. Power is a switch: `halt` cuts the links, kills
 * everything and forgets what a kernel keeps in memory; `start` boots by running the hooks that the assembly left.
 *
 * Omits: users, hardware, modules, an init program (hooks start the daemons), swap and load.
 */
import type { Clock } from '../sim/clock.ts'
import type { RandomStreams } from '../sim/random.ts'
import type { Trace } from '../sim/trace.ts'
import type { NetNamespace } from '../net/net-namespace.ts'
import type { NetWorld } from '../net/net-world.ts'
import { strerror } from '../base/errno.ts'
import { isoTime } from './iso-time.ts'
import { FileSystem } from './file-system.ts'
import { DEFAULT_PATH, findExecutable } from './find-executable.ts'
import { NullFile, type OpenFile } from './open-file.ts'
import { mountKernelFiles } from './proc-files.ts'
import { Process } from './process.ts'
import { createContext, type ProcessContext } from './process-context.ts'
import type { Executable, Program } from './program.ts'
import { writeRootFiles } from './root-files.ts'
import { powerOff } from './power-off.ts'
import type { SignalName } from './signal-name.ts'
import { Tty } from './tty.ts'

export interface LinuxWorld {
  clock: Clock
  random: RandomStreams
  trace: Trace
  net: NetWorld
  machines: Map<string, Machine>
  /** Wall-clock time of virtual time 0, in milliseconds since 1970. */
  epochMs: number
  /** Now, as RFC 3339 with seconds. */
  nowIso(): string
  /** What a program prints when it ends by this error, which it did not catch; null for our own mistakes, which stop everything. */
  lastWords(error: unknown): string | null
}

export interface SpawnOptions {
  argv: readonly string[]
  /** Without it argv[0] is looked up in PATH. */
  program?: Program
  executable?: Executable
  context?: ProcessContext
  env?: ReadonlyMap<string, string>
  cwd?: string
  /** Each is retained for the child; the caller closes its own. Without it the parent's are inherited, or the terminal's. */
  fds?: ReadonlyMap<number, OpenFile>
  tty?: Tty | null
  parent?: Process
  /** 'own' makes it the leader of a new process group. */
  pgid?: number | 'own'
  onExit?: (code: number, signal: string) => void
}

/** fork(2) plus execve(2) of a small program on a machine of our time, so that endless loops of commands pass time. */
const EXEC_US = 300
/** Pids below are the kernel's own threads and init. */
const PID_FIRST = 101
/** RLIMIT_NPROC: where a fork bomb ends. What is spawned beyond it only says so and exits, with bash's status for it. */
const PROCESSES_MAX = 4096
const FORK_FAILED = 254
/** pid_max of a 64-bit kernel. */
const PID_MAX = 4194304

export class Machine {
  readonly name: string
  readonly role: 'control-plane' | 'worker' | 'host' | 'router'
  readonly world: LinuxWorld
  readonly netns: NetNamespace
  readonly root: ProcessContext
  readonly processes = new Map<number, Process>()
  /** Run at each boot, in order. */
  readonly onStart: (() => void)[] = []
  running = false
  bootedUs = 0
  #nextPid = PID_FIRST
  #nextPty = 0

  constructor(world: LinuxWorld, options: { name: string; role: Machine['role'] }) {
    this.world = world
    this.name = options.name
    this.role = options.role
    this.netns = world.net.createNamespace(options.name, options.name)
    const fs = new FileSystem(() => world.clock.nowUs)
    this.root = createContext({ netns: this.netns, fs, hostname: options.name })
    writeRootFiles(fs, options.name)
    mountKernelFiles(fs, this.root, this)
    world.trace.emit({ kind: 'machine.add', machine: options.name, role: options.role, netns: this.netns.id })
    world.machines.set(options.name, this)
  }

  get hostname(): string {
    return this.root.hostname
  }

  get fs(): FileSystem {
    return this.root.fs
  }

  /** Boots: links that the hooks configure, daemons that they start. */
  start(): void {
    if (this.running) return
    this.running = true
    this.bootedUs = this.world.clock.nowUs
    this.world.trace.emit({ kind: 'machine.set', machine: this.name, running: true })
    for (const hook of this.onStart) hook()
  }

  /** Cuts the power: nothing says good-bye. */
  halt(): void {
    if (!this.running) return
    this.running = false
    powerOff(this)
    this.world.trace.emit({ kind: 'machine.set', machine: this.name, running: false })
  }

  spawn(options: SpawnOptions): Process {
    const parent = options.parent ?? null
    const context = options.context ?? parent?.context ?? this.root
    const inherits = parent !== null && parent.context === context
    const tty = options.tty !== undefined ? options.tty : (parent?.tty ?? null)
    const env = new Map(options.env ?? (inherits ? parent.env : defaultEnvironment(tty)))
    const cwd = options.cwd ?? (inherits ? parent.cwd : (env.get('HOME') ?? '/'))
    const pid = this.#takePid()
    if (context !== this.root) context.lastPid += 1
    const localPid = context === this.root ? pid : context.lastPid
    if (context.init === 0 && context !== this.root) context.init = pid
    const pgid = options.pgid === 'own' ? pid : (options.pgid ?? parent?.pgid ?? pid)
    const fds = inheritedFds(options, parent, tty)
    const onExit = options.onExit ?? null
    const { executable, argv } = this.#program(options, context, cwd, env)
    const proc = new Process({ machine: this, context, pid, localPid, parent, pgid, argv, env, cwd, fds, tty, onExit })
    if (parent) {
      proc.inheritSignals(parent)
      proc.umask = parent.umask
      parent.children.add(proc)
    }
    this.processes.set(pid, proc)
    proc.begin(executable, EXEC_US)
    return proc
  }

  /** A new pseudo-terminal of this machine; what it shows goes to `onOutput`. */
  openTty(options: { id: string; columns: number; rows: number; onOutput: (text: string) => void; term?: string }): Tty {
    const tty = new Tty({ ...options, onSignal: (pgid, name) => this.signalGroup(pgid, name) })
    tty.number = this.#nextPty
    this.#nextPty += 1
    return tty
  }

  /** A login on a terminal: the shell leads a session of its own and owns the keyboard. */
  login(tty: Tty, options: SpawnOptions): Process {
    const proc = this.spawn({ ...options, tty, pgid: 'own' })
    tty.leader = proc.pgid
    tty.foreground = proc.pgid
    return proc
  }

  signalGroup(pgid: number, name: SignalName): void {
    for (const proc of this.group(pgid)) proc.signal(name)
  }

  /** Living processes of a group. */
  group(pgid: number): Process[] {
    return [...this.processes.values()].filter((proc) => proc.pgid === pgid)
  }

  /** Living processes of a container, or of the machine and all its containers for its own context: what /proc shows there. */
  processesOf(context: ProcessContext): Process[] {
    return [...this.processes.values()].filter((proc) => context === this.root || proc.context === context)
  }

  /** By the number that processes of `context` know it by. */
  findProcess(context: ProcessContext, pid: number): Process | undefined {
    if (context === this.root) return this.processes.get(pid)
    return this.processesOf(context).find((proc) => proc.localPid === pid)
  }

  /** For Process alone: it has ended. The end of a container's first process is the end of them all. */
  ended(proc: Process): void {
    this.processes.delete(proc.pid)
    const parent = this.processes.get(proc.ppid)
    parent?.children.delete(proc)
    if (proc.context.init !== proc.pid) return
    proc.context.init = 0
    proc.context.lastPid = 0
    for (const other of this.processesOf(proc.context)) if (proc.context !== this.root) other.signal('SIGKILL')
  }

  #program(
    options: SpawnOptions,
    context: ProcessContext,
    cwd: string,
    env: ReadonlyMap<string, string>,
  ): { executable: Executable; argv: readonly string[] } {
    if (this.processes.size >= PROCESSES_MAX) {
      const message = `${options.argv[0] ?? ''}: fork: ${strerror('EAGAIN')}\n`
      return { executable: { program: failing(message, FORK_FAILED) }, argv: options.argv }
    }
    if (options.executable) return { executable: options.executable, argv: options.argv }
    if (options.program) return { executable: { program: options.program }, argv: options.argv }
    const found = findExecutable({ fs: context.fs, cwd, env }, options.argv)
    if (found.kind === 'program') return { executable: found.executable, argv: found.argv }
    const name = options.argv[0] ?? ''
    const missing = found.kind === 'error' && found.errno === 'ENOENT'
    const why = found.kind === 'error' ? strerror(found.errno) : strerror('ENOEXEC')
    return { executable: { program: failing(`exec: "${name}": ${why}\n`, missing ? 127 : 126) }, argv: options.argv }
  }

  #takePid(): number {
    for (let tried = 0; tried < PID_MAX; tried += 1) {
      const pid = this.#nextPid
      this.#nextPid = pid + 1 >= PID_MAX ? PID_FIRST : pid + 1
      if (!this.processes.has(pid)) return pid
    }
    return this.#nextPid
  }
}

function failing(message: string, code: number): Program {
  // biome-ignore lint/correctness/useYield: a program that fails at once never waits
  return function* (proc) {
    proc.error(message)
    return code
  }
}

function inheritedFds(options: SpawnOptions, parent: Process | null, tty: Tty | null): Map<number, OpenFile> {
  const source = options.fds ?? (options.tty && options.tty !== parent?.tty ? undefined : parent?.fds)
  if (source) return new Map([...source].map(([fd, file]) => [fd, file.retain()]))
  const open = (): OpenFile => (tty ? tty.asFile() : new NullFile())
  return new Map([0, 1, 2].map((fd) => [fd, open()]))
}

function defaultEnvironment(tty: Tty | null): Map<string, string> {
  const env = new Map([
    ['PATH', DEFAULT_PATH],
    ['HOME', '/root'],
    ['USER', 'root'],
    ['LOGNAME', 'root'],
    ['SHELL', '/bin/bash'],
    ['LANG', 'C.UTF-8'],
  ])
  if (tty) env.set('TERM', tty.term)
  return env
}

/** The usual world object: shared by all machines. */
export interface LinuxWorldDeps {
  clock: Clock
  random: RandomStreams
  trace: Trace
  net: NetWorld
  epochMs?: number
  lastWords?: LinuxWorld['lastWords']
}

export function createLinuxWorld(deps: LinuxWorldDeps): LinuxWorld {
  // 2026-01-01T00:00:00Z
  const epochMs = deps.epochMs ?? 1767225600000
  const { clock, random, trace, net } = deps
  const nowIso = (): string => isoTime(epochMs + Math.floor(clock.nowUs / 1000))
  return { clock, random, trace, net, machines: new Map(), epochMs, nowIso, lastWords: deps.lastWords ?? (() => null) }
}
