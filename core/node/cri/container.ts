/**
 * One container of a sandbox: its root file system out of an image, its processes, its log. A restart is a new container.
 *
 * Omits: cgroups (limits never kill), users, capabilities, seccomp, read-only root.
 */
import { byText } from '../../base/text-order.ts'
import { FileSystem } from '../../linux/file-system.ts'
import { DEFAULT_PATH } from '../../linux/find-executable.ts'
import type { Machine } from '../../linux/machine.ts'
import { NullFile, type OpenFile, SinkFile } from '../../linux/open-file.ts'
import { Pipe } from '../../linux/pipe.ts'
import { mountKernelFiles } from '../../linux/proc-files.ts'
import { type ProcessContext, createContext } from '../../linux/process-context.ts'
import type { Process } from '../../linux/process.ts'
import { writeRootFiles } from '../../linux/root-files.ts'
import type { Tty } from '../../linux/tty.ts'
import { ContainerLog } from './container-log.ts'
import type { ImageBuild } from './image.ts'
import type { Sandbox } from './sandbox.ts'

export interface Mount {
  path: string
  fs: FileSystem
  readOnly: boolean
}

export interface ContainerConfig {
  name: string
  /** Which try this is, from 0. */
  attempt: number
  image: string
  imageId: string
  build: ImageBuild
  /** The pod's; empty means the image's own. */
  command: readonly string[]
  args: readonly string[]
  env: ReadonlyMap<string, string>
  cwd: string
  mounts: readonly Mount[]
  handles: Map<string, unknown>
  stdin: boolean
  tty: boolean
}

export type ContainerState = 'created' | 'running' | 'exited'

export class Container {
  readonly id: string
  readonly config: ContainerConfig
  readonly sandbox: Sandbox
  readonly context: ProcessContext
  readonly log: ContainerLog
  state: ContainerState = 'created'
  process: Process | null = null
  startedUs = 0
  finishedUs = 0
  exitCode = 0
  /** Number of the signal that ended it, or 0. */
  exitSignal = 0
  /** Set when it could not even start: `StartError` with this message. */
  startError = ''
  /** Where `attach` writes. */
  stdin: OpenFile | null = null
  tty: Tty | null = null
  readonly #machine: Machine

  constructor(machine: Machine, sandbox: Sandbox, id: string, config: ContainerConfig) {
    this.#machine = machine
    this.sandbox = sandbox
    this.id = id
    this.config = config
    const clock = machine.world.clock
    this.log = new ContainerLog(() => clock.nowUs)
    const fs = new FileSystem(() => clock.nowUs)
    const label = `${sandbox.pod.namespace}/${sandbox.pod.name}/${config.name}`
    this.context = createContext({ netns: sandbox.netns, fs, hostname: sandbox.hostname, label, handles: config.handles })
    this.#populate(fs)
  }

  /** Starts the main process; `onExit` is called when it has ended. */
  start(onExit: () => void): void {
    const { config } = this
    const clock = this.#machine.world.clock
    const argv = this.argv()
    this.state = 'running'
    this.startedUs = clock.nowUs
    const ended = (code: number, signal: number): void => {
      this.state = 'exited'
      this.finishedUs = clock.nowUs
      this.exitCode = code
      this.exitSignal = signal
      this.log.end()
      this.stdin?.close()
      onExit()
    }
    const missing = this.missing(argv)
    if (missing !== '') {
      this.startError = missing
      // RunContainerError: the runtime's answer for a program that is not there (128) has no process behind it.
      ended(argv.length === 0 ? 127 : 128, 0)
      return
    }
    const files = this.#files()
    const options = {
      argv, context: this.context, env: config.env, cwd: config.cwd,
      onExit: (code: number) => ended(code, code > 128 && code <= 128 + 64 && this.process?.exitSignal ? code - 128 : 0),
    }
    if (this.tty) this.process = this.#machine.login(this.tty, options)
    else this.process = this.#machine.spawn({ ...options, fds: new Map(files), tty: null, pgid: 'own' })
    for (const [, file] of files) file.close()
  }

  /** Entrypoint and arguments by the rules of the pod's `command` and `args` over the image's. */
  argv(): string[] {
    const { command, args, build } = this.config
    if (command.length > 0) return [...command, ...args]
    if (args.length > 0) return [...build.entrypoint, ...args]
    return [...build.entrypoint, ...(build.cmd ?? [])]
  }

  /** Sends the image's stop signal to the first process. */
  stop(): void {
    this.process?.signal(this.config.build.stopSignal ?? 'SIGTERM')
  }

  kill(): void {
    this.process?.signal('SIGKILL')
  }

  /** runc's complaint when the program does not exist, or ''. */
  missing(argv: readonly string[]): string {
    if (argv.length === 0) return 'no command specified'
    const name = argv[0]
    const fs = this.context.fs
    const path = (this.config.env.get('PATH') ?? DEFAULT_PATH).split(':')
    const candidates = name.includes('/') ? [name.startsWith('/') ? name : `${this.config.cwd}/${name}`] : path.map((dir) => `${dir}/${name}`)
    if (candidates.some((file) => fs.exists(file) && !fs.isDirectory(file))) return ''
    const why = name.includes('/') ? `stat ${name}: no such file or directory` : 'executable file not found in $PATH'
    return 'failed to create containerd task: failed to create shim task: OCI runtime create failed: runc create failed: '
      + `unable to start container process: error during container init: exec: "${name}": ${why}: unknown`
  }

  #files(): [number, OpenFile][] {
    const { config, log } = this
    if (config.tty) {
      this.tty = this.#machine.openTty({ id: `container/${this.id}`, columns: 80, rows: 24, onOutput: (text) => log.write('stdout', text) })
      return []
    }
    let input: OpenFile = new NullFile()
    if (config.stdin) {
      const pipe = new Pipe()
      input = pipe.readEnd
      this.stdin = pipe.writeEnd
    }
    return [
      [0, input],
      [1, new SinkFile((text) => log.write('stdout', text))],
      [2, new SinkFile((text) => log.write('stderr', text))],
    ]
  }

  #populate(fs: FileSystem): void {
    const { config, sandbox } = this
    writeRootFiles(fs, sandbox.hostname)
    fs.write('/etc/hostname', `${sandbox.hostname}\n`)
    fs.write('/etc/hosts', sandbox.hosts)
    fs.write('/etc/resolv.conf', sandbox.resolvConf)
    mountKernelFiles(fs, this.context, this.#machine)
    config.build.install(fs)
    if (config.cwd !== '/') fs.mkdir(config.cwd, { parents: true })
    // A mount below another one must come after it.
    for (const mount of [...config.mounts].sort((a, b) => byText(a.path, b.path))) fs.mount(mount.path, mount.fs, { readOnly: mount.readOnly })
  }
}
