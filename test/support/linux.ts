/** Small worlds of Linux machines for tests: real clock, real stack, real shell. */
import { type Errno, isErrno } from '../../core/base/errno.ts'
import { installPackages } from '../../core/commands/packages.ts'
import { createLinuxWorld, type LinuxWorld, Machine, type OpenFile, SinkFile, TextFile } from '../../core/linux/index.ts'
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
  machine.spawn({ argv, cwd: options.cwd, fds: new Map<number, OpenFile>([[0, stdin], [1, stdout], [2, stderr]]), onExit: (code) => { outcome.code = code } })
  const { clock } = machine.world
  const endUs = clock.nowUs + 600_000_000
  for (let i = 0; i < 5_000_000 && outcome.code < 0 && clock.nowUs < endUs; i += 1) if (!clock.step()) break
  return outcome
}

/** Joins machines to one Ethernet (a bridge on a machine of its own); the n-th gets 10.0.0.n. Names go into everybody's /etc/hosts. */
export function joinMachines(world: LinuxWorld, machines: readonly Machine[]): void {
  const wiring = new Machine(world, { name: 'switch', role: 'router' })
  const bridge = must(wiring.netns.addLink({ name: 'br0', kind: 'bridge', up: true }))
  machines.forEach((machine, i) => {
    const nic = must(machine.netns.addLink({ name: 'eth0', kind: 'nic', up: true }))
    const port = must(wiring.netns.addLink({ name: `port${i + 1}`, kind: 'nic', up: true }))
    world.net.connect(nic, port)
    wiring.netns.setLink(port, { master: bridge })
    machine.netns.addAddress(nic, 0x0a000001 + i, 24)
    for (const other of machines) other.fs.append('/etc/hosts', `10.0.0.${i + 1}\t${machine.name}\n`)
  })
}

function must<T>(value: T | Errno): T {
  if (isErrno(value)) throw new Error(value)
  return value
}
