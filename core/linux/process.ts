/**
 * A process: a running generator with descriptors, environment, group, terminal and signals. It runs only in Clock events;
 * a kill is `return()` on the generator, so that `finally` blocks run. Truth: fork(2), execve(2), exit(3), signal(7),
 * pid_namespaces(7), credentials(7).
 *
 * Omits: users, limits, real-time signals, core dumps, zombies (the parent keeps the object and reads its exit code),
 * preemption: a program runs until it waits.
 */
import { assert } from '../base/assert.ts'
import { type Errno, strerror } from '../base/errno.ts'
import type { NetNamespace } from '../net/net-namespace.ts'
import type { FileSystem, OpenFlags } from './file-system.ts'
import type { LinuxWorld, Machine, SpawnOptions } from './machine.ts'
import type { OpenFile } from './open-file.ts'
import { basename, resolvePath } from './path.ts'
import type { ProcessContext } from './process-context.ts'
import type { Executable } from './program.ts'
import { type SignalName, signalAction, signalNumber } from './signal-name.ts'
import type { Tty } from './tty.ts'
import { firstOf, sleepWait, type Wait, WaitQueue, workWait } from './wait.ts'

export type SignalHandler = ((name: SignalName) => void) | 'ignore' | 'default'

/** How many `yield`s inside `finally` blocks a dying process may still reach; each is cut short. */
const DYING_YIELDS_MAX = 1000
/** What a process may print between two yields of `flush`, by the speed of a terminal and of a pipe. */
const TTY_CHARS_PER_MS = 2048
const PIPE_CHARS_PER_MS = 262144

export interface ProcessOptions {
  machine: Machine
  context: ProcessContext
  pid: number
  localPid: number
  parent: Process | null
  pgid: number
  argv: readonly string[]
  env: Map<string, string>
  cwd: string
  fds: Map<number, OpenFile>
  tty: Tty | null
  onExit: ((code: number, signal: string) => void) | null
}

export class Process {
  readonly machine: Machine
  readonly context: ProcessContext
  /** Unique on the machine. */
  readonly pid: number
  /** As the processes of its container number it; equals `pid` outside of containers. */
  readonly localPid: number
  ppid: number
  pgid: number
  argv: readonly string[]
  env: Map<string, string>
  cwd: string
  tty: Tty | null
  umask = 0o022
  readonly fds: Map<number, OpenFile>
  readonly children = new Set<Process>()
  /** Woken when it ends, stops or continues. */
  readonly changed = new WaitQueue()
  readonly startedUs: number
  /** 128 + signal number when a signal killed it; null while it lives. */
  exitCode: number | null = null
  exitSignal: SignalName | '' = ''
  stopped = false
  readonly owner: { pid: number; process: string }
  /** For libc: connections to close at the end, and how to forget one. */
  readonly connections = new Map<{ state: string }, () => void>()

  readonly #onExit: ProcessOptions['onExit']
  readonly #handlers = new Map<SignalName, SignalHandler>()
  readonly #cleanups = new Set<() => void>()
  readonly #threads = new Set<Process>()
  #threadOf: Process | null = null
  #noTermHandler = false
  #body: Generator<Wait, number, unknown> | null = null
  #running = false
  #cancelWait: (() => void) | null = null
  /** A wake that came while it was stopped. */
  #held: { value: unknown } | null = null
  #death: { code: number; signal: SignalName | '' } | null = null
  #printed = 0
  #brokenPipe = false

  constructor(options: ProcessOptions) {
    this.machine = options.machine
    this.context = options.context
    this.pid = options.pid
    this.localPid = options.localPid
    this.ppid = options.parent?.pid ?? 1
    this.pgid = options.pgid
    this.argv = options.argv
    this.env = options.env
    this.cwd = options.cwd
    this.fds = options.fds
    this.tty = options.tty
    this.#onExit = options.onExit
    this.startedUs = options.machine.world.clock.nowUs
    this.owner = { pid: this.pid, process: this.name }
  }

  get world(): LinuxWorld {
    return this.machine.world
  }

  get netns(): NetNamespace {
    return this.context.netns
  }

  get fs(): FileSystem {
    return this.context.fs
  }

  /** The name that it introduces itself with in messages: argv[0] without directories. */
  get name(): string {
    return basename(this.argv[0] ?? '')
  }

  get alive(): boolean {
    return this.exitCode === null
  }

  // --- Files -----------------------------------------------------------------------------------------------------------

  /** A path as the kernel would take it from this process: from its directory, with /proc/self. */
  path(path: string): string {
    const absolute = resolvePath(this.cwd, path)
    return absolute.startsWith('/proc/self') ? absolute.replace(/^\/proc\/self(?=\/|$)/, `/proc/${this.localPid}`) : absolute
  }

  /** Opens a file without giving it a descriptor: close it yourself, or put it into `fds`. */
  open(path: string, flags: OpenFlags): OpenFile | Errno {
    const absolute = this.path(path)
    if (absolute === '/dev/tty') return this.tty ? this.tty.asFile() : 'ENXIO'
    const standard = ['/dev/stdin', '/dev/stdout', '/dev/stderr'].indexOf(absolute)
    const numbered = /^(?:\/dev|\/proc\/\d+)\/fd\/(\d+)$/.exec(absolute)
    if (standard >= 0 || numbered) return this.fds.get(standard >= 0 ? standard : Number(numbered?.[1]))?.retain() ?? 'ENOENT'
    if (this.tty && absolute === `/dev/pts/${this.tty.number}`) return this.tty.asFile()
    return this.fs.open(absolute, flags)
  }

  closeFd(fd: number): void {
    const file = this.fds.get(fd)
    if (!file) return
    this.fds.delete(fd)
    file.close()
  }

  /** Writes to standard output. Never waits: call `flush` in loops that print much. */
  print(text: string): void {
    this.write(1, text)
  }

  error(text: string): void {
    this.write(2, text)
  }

  write(fd: number, text: string): Errno | null {
    const file = this.fds.get(fd)
    if (!file) return 'EBADF'
    if (text === '') return null
    const error = file.write(text)
    this.#printed += text.length
    if (error === 'EPIPE') {
      this.#brokenPipe = true
      // The kernel kills inside of write(2): nothing after it runs.
      if (this.handlerOf('SIGPIPE') === 'default') (this.#threadOf ?? this).terminate(128 + signalNumber('SIGPIPE'), 'SIGPIPE')
      else this.signal('SIGPIPE')
    }
    return error
  }

  /** Waits until what was printed has room. False when nobody reads any more (and SIGPIPE was ignored). */
  *flush(fd = 1): Generator<Wait, boolean> {
    const file = this.fds.get(fd)
    const perMs = file?.tty ? TTY_CHARS_PER_MS : PIPE_CHARS_PER_MS
    if (this.#printed > perMs) {
      yield workWait(this.world.clock, Math.floor((this.#printed * 1000) / perMs))
      this.#printed = 0
    }
    while (file?.full && !this.#brokenPipe) yield file.writable.wait
    return !this.#brokenPipe
  }

  /** The next chunk of a descriptor, or null at its end. */
  *read(fd = 0, maxChars = 65536): Generator<Wait, string | null> {
    for (;;) {
      const file = this.fds.get(fd)
      if (!file) return null
      this.#claimTerminal(file)
      if (!this.stopped) {
        const text = file.read(maxChars)
        if (text !== undefined) return text
      }
      yield this.stopped ? this.changed.wait : file.readable.wait
    }
  }

  /** The next line without its newline, or null at the end. What follows the line stays for others to read. */
  *readLine(fd = 0): Generator<Wait, string | null> {
    let line = ''
    for (;;) {
      const chunk = yield* this.read(fd)
      if (chunk === null) return line === '' ? null : line
      const newline = chunk.indexOf('\n')
      if (newline < 0) {
        line += chunk
        continue
      }
      this.fds.get(fd)?.unread(chunk.slice(newline + 1))
      return line + chunk.slice(0, newline)
    }
  }

  *readAll(fd = 0): Generator<Wait, string> {
    const chunks: string[] = []
    for (;;) {
      const chunk = yield* this.read(fd)
      if (chunk === null) return chunks.join('')
      chunks.push(chunk)
    }
  }

  // --- Time ------------------------------------------------------------------------------------------------------------

  /** Sleeps; a sleeping process does not keep the world busy. */
  *sleepUs(us: number): Generator<Wait, void> {
    yield sleepWait(this.world.clock, us)
  }

  /** Works for a while: the world is busy until then. Long loops call this, so that virtual time passes. */
  *work(us: number): Generator<Wait, void> {
    yield workWait(this.world.clock, us)
  }

  /** Waits for `wait`; false when `timeoutUs` passed before. */
  *waitFor(wait: Wait, timeoutUs: number): Generator<Wait, boolean> {
    return (yield firstOf(wait, sleepWait(this.world.clock, timeoutUs))) === 0
  }

  // --- Children --------------------------------------------------------------------------------------------------------

  spawn(options: SpawnOptions): Process {
    return this.machine.spawn({ parent: this, ...options })
  }

  /** Runs a child in the foreground and returns its exit code. */
  *run(options: SpawnOptions): Generator<Wait, number> {
    return yield* this.waitExit(this.spawn(options))
  }

  *waitExit(child: Process): Generator<Wait, number> {
    while (child.exitCode === null) yield child.changed.wait
    return child.exitCode
  }

  /**
   * Another thread of control with the same descriptors, environment and pid, for servers: it ends with its process, and
   * nobody sees it in a list of processes.
   */
  thread(body: (thread: Process) => Generator<Wait, unknown>): Process {
    const { machine, context, pid, localPid, pgid, argv, env, cwd, fds, tty } = this
    const thread = new Process({ machine, context, pid, localPid, parent: null, pgid, argv, env, cwd, fds, tty, onExit: null })
    const main = this.#threadOf ?? this
    thread.ppid = this.ppid
    thread.#threadOf = main
    main.#threads.add(thread)
    thread.#begin(
      (function* (): Generator<Wait, number, unknown> {
        yield* body(thread)
        return 0
      })(),
      0,
    )
    return thread
  }

  /** Becomes another program: execve(2). The generator in place delegates to it. */
  *exec(executable: Executable, argv: readonly string[]): Generator<Wait, number> {
    this.argv = argv
    this.owner.process = this.name
    for (const [name, handler] of this.#handlers) if (handler !== 'ignore') this.#handlers.delete(name)
    this.#noTermHandler = executable.noTermHandler === true
    this.#emit('process.start', 0)
    return yield* executable.program(this, argv) as Generator<Wait, number>
  }

  // --- Signals and the end ---------------------------------------------------------------------------------------------

  onSignal(name: SignalName, handler: SignalHandler): void {
    if (handler === 'default') this.#handlers.delete(name)
    else this.#handlers.set(name, handler)
  }

  handlerOf(name: SignalName): SignalHandler {
    return this.#handlers.get(name) ?? 'default'
  }

  /**
   * Sends a signal. It is delivered in an event of its own, as the kernel does at the next return to user mode. The first process
   * of a container cannot be killed from within (`sender`): pid_namespaces(7).
   */
  signal(name: SignalName, sender?: Process): void {
    if (this.exitCode !== null) return
    const target = this.#threadOf ?? this
    const unstoppable = name === 'SIGKILL' || name === 'SIGSTOP'
    if (unstoppable && sender?.context === this.context && this.context.init === target.pid) return
    this.world.clock.after(0, () => target.#deliver(name))
  }

  /** Ends this process from within a handler, or as soon as it yields. `finally` blocks run. */
  exit(code: number): void {
    if (this.#threadOf && this.exitCode === null) this.#threadOf.exit(code)
    else this.terminate(code, '')
  }

  /** Calls `cleanup` when the process ends, however it ends; the returned function takes it back. */
  atExit(cleanup: () => void): () => void {
    this.#cleanups.add(cleanup)
    return () => this.#cleanups.delete(cleanup)
  }

  /** Ends it now (or, when it is the one that runs, at its next yield) without regard to handlers. */
  terminate(code: number, signal: SignalName | ''): void {
    if (this.exitCode !== null) return
    this.#death ??= { code, signal }
    if (this.#running) return
    this.#cancelWait?.()
    this.#cancelWait = null
    this.#die()
  }

  /** For the machine alone: gives the process its program and lets it run. */
  begin(executable: Executable, delayUs: number): void {
    this.#noTermHandler = executable.noTermHandler === true
    this.#emit('process.start', 0)
    this.#begin(executable.program(this, this.argv), delayUs)
  }

  /** For the machine alone: what a child inherits across fork(2) and execve(2). */
  inheritSignals(parent: Process): void {
    for (const [name, handler] of parent.#handlers) if (handler === 'ignore') this.#handlers.set(name, handler)
  }

  #begin(body: Generator<Wait, number, unknown>, delayUs: number): void {
    assert(this.#body === null, 'a process begins once')
    this.#body = body
    const timer = this.world.clock.after(delayUs, () => this.#resume(undefined))
    this.#cancelWait = () => this.world.clock.cancel(timer)
  }

  #resume(value: unknown): void {
    this.#cancelWait = null
    if (this.exitCode !== null || !this.#body) return
    if (this.stopped) {
      this.#held = { value }
      return
    }
    this.#running = true
    let result: IteratorResult<Wait, number>
    try {
      result = this.#body.next(value)
    } catch (error) {
      this.#crash(error)
      return
    } finally {
      this.#running = false
    }
    if (this.#death) this.#die()
    else if (result.done) this.#finish(result.value, '')
    else this.#await(result.value)
  }

  #await(wait: Wait): void {
    const clock = this.world.clock
    let woken = false
    const cancel = wait.start((value) => {
      if (woken) return
      woken = true
      const timer = clock.after(0, () => {
        cancel?.()
        this.#resume(value)
      })
      this.#cancelWait = () => {
        cancel?.()
        clock.cancel(timer)
      }
    })
    if (!woken) this.#cancelWait = cancel
  }

  #deliver(name: SignalName): void {
    if (this.exitCode !== null) return
    if (name === 'SIGCONT' || name === 'SIGKILL') this.#continue()
    const handler = name === 'SIGKILL' || name === 'SIGSTOP' ? 'default' : this.handlerOf(name)
    if (handler === 'ignore') return
    if (handler !== 'default') {
      handler(name)
      return
    }
    const action = signalAction(name)
    if (action === 'terminate') {
      if (name !== 'SIGKILL' && this.context.init === this.pid && this.#noTermHandler) return
      this.terminate(128 + signalNumber(name), name)
    } else if (action === 'stop' && !this.stopped) {
      this.stopped = true
      this.changed.wake()
    }
  }

  #continue(): void {
    if (!this.stopped) return
    this.stopped = false
    this.changed.wake()
    const held = this.#held
    this.#held = null
    if (held) {
      const timer = this.world.clock.after(0, () => this.#resume(held.value))
      this.#cancelWait = () => this.world.clock.cancel(timer)
    }
  }

  /** A background job that reads from its terminal is stopped: SIGTTIN, tty_check_change in drivers/tty/tty_jobctrl.c. */
  #claimTerminal(file: OpenFile): void {
    const tty = file.tty
    if (!tty || tty !== this.tty || tty.foreground === 0 || tty.foreground === this.pgid) return
    if (this.handlerOf('SIGTTIN') !== 'default') return
    this.#deliver('SIGTTIN')
  }

  /** An error that the program did not catch ends it, and all its threads, as an exception ends a program anywhere. */
  #crash(error: unknown): void {
    const words = this.world.lastWords(error)
    if (words === null) throw error
    this.error(words)
    this.#running = false
    ;(this.#threadOf ?? this).terminate(1, '')
  }

  #die(): void {
    const death = this.#death
    assert(death, 'a death has a cause')
    this.#running = true
    try {
      let result = this.#body?.return(death.code)
      for (let i = 0; result && !result.done && i < DYING_YIELDS_MAX; i += 1) result = this.#body?.return(death.code)
    } catch (error) {
      if (this.world.lastWords(error) === null) throw error
    } finally {
      this.#running = false
    }
    this.#finish(death.code, death.signal)
  }

  #finish(code: number, signal: SignalName | ''): void {
    this.exitCode = code & 0xff
    this.exitSignal = signal
    this.#body = null
    for (const thread of [...this.#threads]) thread.terminate(code, signal)
    for (const cleanup of [...this.#cleanups]) cleanup()
    this.#cleanups.clear()
    if (this.#threadOf) {
      this.#threadOf.#threads.delete(this)
      this.changed.wake()
      return
    }
    for (const fd of [...this.fds.keys()]) this.closeFd(fd)
    for (const child of this.children) child.ppid = 1
    this.machine.ended(this)
    this.#emit('process.exit', this.exitCode)
    this.changed.wake()
    this.#onExit?.(this.exitCode, signal)
  }

  #emit(kind: 'process.start' | 'process.exit', exitCode: number): void {
    const { machine, pid, netns } = this
    this.world.trace.emit({ kind, machine: machine.name, pid, netns: netns.id, command: this.argv.join(' '), exitCode })
  }
}

/** `name: path: why`, as most programs complain. */
export function complaint(proc: Process, subject: string, errno: Errno): string {
  return `${proc.name}: ${subject}: ${strerror(errno)}\n`
}
