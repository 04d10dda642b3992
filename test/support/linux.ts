/** Small worlds of Linux machines for tests: real clock, real stack, real shell. */
import { installPackages } from '../../core/commands/packages.ts'
import { createLinuxWorld, type LinuxWorld, Machine, SinkFile, TextFile } from '../../core/linux/index.ts'
import { NetWorld } from '../../core/net/net-world.ts'
import { bash, sh } from '../../core/shell/index.ts'
import { Clock } from '../../core/sim/clock.ts'
import { RandomStreams } from '../../core/sim/random.ts'
import { Trace } from '../../core/sim/trace.ts'

export function linuxWorld(seed = 1): LinuxWorld {
  const clock = new Clock()
  const trace = new Trace(clock)
  const random = new RandomStreams(seed)
  return createLinuxWorld({ clock, random, trace, net: new NetWorld({ clock, random, trace }) })
}

/** A running machine with shells and the usual programs. */
export function linuxMachine(world: LinuxWorld, name: string, packages: readonly string[] = ['coreutils']): Machine {
  const machine = new Machine(world, { name, role: 'host' })
  machine.fs.install('/bin/bash', bash)
  machine.fs.install('/bin/sh', sh)
  installPackages(machine.fs, packages)
  machine.start()
  return machine
}

export interface Outcome {
  stdout: string
  stderr: string
  code: number
}

/** Runs a command to its end (or 10 virtual minutes). */
export function run(machine: Machine, argv: readonly string[], options: { stdin?: string; cwd?: string } = {}): Outcome {
  const outcome: Outcome = { stdout: '', stderr: '', code: -1 }
  const stdin = new TextFile(options.stdin ?? '')
  const stdout = new SinkFile((text) => { outcome.stdout += text })
  const stderr = new SinkFile((text) => { outcome.stderr += text })
  machine.spawn({ argv, cwd: options.cwd, fds: new Map([[0, stdin], [1, stdout], [2, stderr]]), onExit: (code) => { outcome.code = code } })
  const { clock } = machine.world
  const endUs = clock.nowUs + 600_000_000
  for (let i = 0; i < 5_000_000 && outcome.code < 0 && clock.nowUs < endUs; i += 1) if (!clock.step()) break
  return outcome
}
