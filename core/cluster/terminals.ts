/** Terminals and single lines on the machines of a cluster: what a person's window and a script's line are. */
import type { Machine } from '../linux/machine.ts'
import { NullFile, type OpenFile, SinkFile } from '../linux/open-file.ts'
import type { Process } from '../linux/process.ts'
import type { Tty } from '../linux/tty.ts'
import type { Container } from '../node/cri/container.ts'
import { bash } from '../shell/index.ts'

export interface Terminal {
  tty: Tty
  process: Process
  /** As closing the window does: SIGHUP to the session. */
  close(): void
}

export interface TerminalOptions {
  id: string
  machine: string
  /** `namespace/name/container`, or '' for a login shell on the machine. */
  pod: string
  columns: number
  rows: number
  onOutput(text: string): void
  onExit(code: number): void
}

export interface LineOptions {
  machine: string
  line: string
  onOutput(stream: 'stdout' | 'stderr', text: string): void
  onExit(code: number): void
}

export interface TerminalPlaces {
  machines: ReadonlyMap<string, Machine>
  container(namespace: string, pod: string, name: string): Container | undefined
}

const HOME = '/root'
const SHELLS = ['/bin/bash', '/bin/sh']

/** A string is the error that a person sees. */
export function openTerminal(places: TerminalPlaces, options: TerminalOptions): Terminal | string {
  const { id, columns, rows, onOutput } = options
  if (options.pod !== '') {
    const [namespace = '', pod = '', name = ''] = options.pod.split('/')
    const container = places.container(namespace, pod, name)
    if (!container) return `no running container ${name} in pod ${namespace}/${pod}`
    const shell = SHELLS.find((path) => container.context.fs.exists(path))
    if (!shell) return `container ${container.config.name} of pod ${namespace}/${pod} has no shell`
    const machine = container.sandbox.machine
    const tty = machine.openTty({ id, columns, rows, onOutput })
    const process = machine.login(tty, {
      argv: [shell], context: container.context, env: new Map([...container.config.env, ['TERM', tty.term]]), cwd: container.config.cwd,
      onExit: options.onExit,
    })
    return terminal(tty, process)
  }
  const machine = places.machines.get(options.machine)
  if (!machine) return `there is no machine ${options.machine}`
  if (!machine.running) return `${options.machine} is switched off`
  const tty = machine.openTty({ id, columns, rows, onOutput })
  const process = machine.login(tty, { argv: ['-bash'], executable: bash, context: machine.root, cwd: HOME, onExit: options.onExit })
  return terminal(tty, process)
}

/** Runs one shell line without a terminal; the result ends it. A string is the error that a person sees. */
export function runLine(places: TerminalPlaces, options: LineOptions): (() => void) | string {
  const machine = places.machines.get(options.machine)
  if (!machine) return `there is no machine ${options.machine}`
  if (!machine.running) return `${options.machine} is switched off`
  const files: [number, OpenFile][] = [
    [0, new NullFile()],
    [1, new SinkFile((text) => options.onOutput('stdout', text))],
    [2, new SinkFile((text) => options.onOutput('stderr', text))],
  ]
  const process = machine.spawn({
    argv: ['bash', '-c', options.line], executable: bash, context: machine.root, cwd: HOME, tty: null, pgid: 'own', fds: new Map(files),
    onExit: options.onExit,
  })
  for (const [, file] of files) file.close()
  return () => machine.signalGroup(process.pgid, 'SIGKILL')
}

function terminal(tty: Tty, process: Process): Terminal {
  return { tty, process, close: () => tty.hangup() }
}
