/** A cluster without machines, and a workstation with kubectl: what a person types and what comes back. */
import type { OpenFile } from '../../core/linux/open-file.ts'
import { kubectl } from '../../core/commands/kubectl/index.ts'
import { createLinuxWorld, type Machine, Machine as LinuxMachine, SinkFile, TextFile } from '../../core/linux/index.ts'
import { NetWorld } from '../../core/net/net-world.ts'
import { ControlWorld, type ControlWorldOptions } from './control-world.ts'

export class KubectlWorld {
  readonly control: ControlWorld
  readonly machine: Machine
  /** Set to what `connect` answers when there is no server. */
  refused = ''

  constructor(options: ControlWorldOptions = {}) {
    this.control = new ControlWorld(options)
    const { clock, random, trace, client } = this.control
    this.machine = new LinuxMachine(createLinuxWorld({ clock, random, trace, net: new NetWorld({ clock, random, trace }) }), {
      name: 'workstation',
      role: 'host',
    })
    this.machine.fs.install(
      '/usr/bin/kubectl',
      kubectl(() => (this.refused === '' ? client : this.refused)),
    )
    this.machine.start()
  }

  file(path: string, text: string): void {
    this.machine.fs.mkdir(path.slice(0, path.lastIndexOf('/')) || '/', { parents: true })
    this.machine.fs.write(path, text)
  }

  /** The words after `kubectl`, split at spaces; quote what holds some. Standard output, standard error and a failed exit code, as on a screen. */
  run(line: string, options: { stdin?: string; forUs?: number } = {}): string {
    const words = (line.match(/'[^']*'|"[^"]*"|\S+/g) ?? []).map((word) => word.replace(/^(['"])(.*)\1$/s, '$2'))
    let screen = ''
    let code = -1
    const sink = (): SinkFile =>
      new SinkFile((text) => {
        screen += text
      })
    const process = this.machine.spawn({
      argv: ['kubectl', ...words],
      cwd: '/root',
      fds: new Map<number, OpenFile>([
        [0, new TextFile(options.stdin ?? '')],
        [1, sink()],
        [2, sink()],
      ]),
      onExit: (exitCode) => {
        code = exitCode
      },
    })
    const { clock } = this.control
    const endUs = clock.nowUs + (options.forUs ?? 300_000_000)
    for (let i = 0; i < 2_000_000 && code < 0 && clock.nowUs < endUs; i += 1) if (!clock.step()) break
    if (code < 0) process.signal('SIGINT')
    return code > 0 ? `${screen}[${code}]\n` : screen
  }
}
