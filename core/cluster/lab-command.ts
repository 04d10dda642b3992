/**
 * `lab`: the lever of misfortune. It stops machines, pulls, slows and spoils cables, and crashes containers, from a terminal of
 * the workstation, so that every fault stands in the journal.
 */
import type { Container } from '../node/cri/container.ts'
import type { Machine } from '../linux/machine.ts'
import type { Process } from '../linux/process.ts'
import type { Executable } from '../linux/program.ts'
import type { Wire } from '../net/wire.ts'

export interface Faults {
  machines: ReadonlyMap<string, Machine>
  wires: ReadonlyMap<string, Wire>
  /** `namespace/name`: its running containers; undefined when there is no such pod on any node. */
  containers(namespace: string, pod: string): Container[] | undefined
}

const USAGE = `lab: faults for the machines of this world

  lab status                               machines and cables
  lab node stop|start NAME                 pulls the power, or switches on again
  lab link down|up NAME                    pulls the cable of a machine, or plugs it in
  lab link delay NAME MILLISECONDS         makes the cable slow
  lab link loss NAME PERCENT               loses frames on the cable
  lab pod crash [-n NAMESPACE] NAME [CONTAINER]   kills a container's first process
`
const MS_MAX = 10_000

export function labCommand(faults: Faults): Executable {
  return {
    *program(proc, argv) {
      yield* []
      const [what, verb, ...rest] = argv.slice(1)
      if (what === undefined || what === 'help' || what === '--help' || what === '-h') {
        proc.print(USAGE)
        return what === undefined ? 2 : 0
      }
      if (what === 'status') return status(proc, faults)
      if (what === 'node') return node(proc, faults, verb, rest)
      if (what === 'link') return link(proc, faults, verb, rest)
      if (what === 'pod' && verb === 'crash') return crash(proc, faults, rest)
      return wrong(proc, `lab: there is no "${[what, verb].filter(Boolean).join(' ')}"`)
    },
    complete: (_proc, words, index) => {
      if (index === 1) return ['status', 'node', 'link', 'pod', 'help']
      if (index === 2) return words[1] === 'node' ? ['stop', 'start'] : words[1] === 'link' ? ['down', 'up', 'delay', 'loss'] : words[1] === 'pod' ? ['crash'] : []
      return index === 3 && words[1] !== 'pod' ? [...(words[1] === 'link' ? faults.wires : faults.machines).keys()] : []
    },
  }
}

function wrong(proc: Process, message: string): number {
  proc.error(`${message}\nTry 'lab help'.\n`)
  return 2
}

function status(proc: Process, faults: Faults): number {
  const width = Math.max(...[...faults.machines.keys()].map((name) => name.length))
  for (const [name, machine] of faults.machines) {
    const wire = faults.wires.get(name)
    const cable = wire ? `cable ${wire.up ? 'up' : 'down'}, ${wire.latencyUs / 1000} ms, ${wire.lossPerMille / 10} % lost` : ''
    proc.print(`${name.padEnd(width)}  ${machine.running ? 'on ' : 'off'}  ${cable}`.trimEnd().concat('\n'))
  }
  return 0
}

function node(proc: Process, faults: Faults, verb: string | undefined, rest: readonly string[]): number {
  if ((verb !== 'stop' && verb !== 'start') || rest.length !== 1) return wrong(proc, 'usage: lab node stop|start NAME')
  const machine = faults.machines.get(rest[0])
  if (!machine) return wrong(proc, `lab: there is no machine ${rest[0]}; machines: ${[...faults.machines.keys()].join(', ')}`)
  if (verb === 'stop' && machine === proc.machine) return wrong(proc, `lab: ${rest[0]} cannot pull its own power`)
  if (machine.running === (verb === 'start')) {
    proc.print(`${rest[0]} is ${verb === 'start' ? 'on' : 'off'} already\n`)
    return 0
  }
  // Not within the program: the machine's processes end, and one of them may have called.
  proc.world.clock.after(0, () => (verb === 'stop' ? machine.halt() : machine.start()))
  proc.print(`${rest[0]} ${verb === 'stop' ? 'stopped' : 'started'}\n`)
  return 0
}

function link(proc: Process, faults: Faults, verb: string | undefined, rest: readonly string[]): number {
  const [name, value] = rest
  const wire = name === undefined ? undefined : faults.wires.get(name)
  if (!wire) return wrong(proc, `lab: ${name === undefined ? 'usage: lab link down|up|delay|loss NAME' : `there is no cable to ${name}; cables: ${[...faults.wires.keys()].join(', ')}`}`)
  const number = Number(value)
  switch (verb) {
    case 'down': case 'up':
      wire.setUp(verb === 'up')
      proc.print(`the cable of ${name} is ${verb}\n`)
      return 0
    case 'delay':
      if (value === undefined || !(number >= 0 && number <= MS_MAX)) return wrong(proc, `lab: a delay is 0 to ${MS_MAX} milliseconds`)
      wire.latencyUs = Math.floor(number * 1000)
      wire.emit()
      proc.print(`the cable of ${name} takes ${number} ms\n`)
      return 0
    case 'loss':
      if (value === undefined || !(number >= 0 && number <= 100)) return wrong(proc, 'lab: a loss is 0 to 100 percent')
      wire.lossPerMille = Math.floor(number * 10)
      wire.emit()
      proc.print(`the cable of ${name} loses ${number} % of its frames\n`)
      return 0
    default:
      return wrong(proc, 'usage: lab link down|up|delay|loss NAME')
  }
}

function crash(proc: Process, faults: Faults, rest: readonly string[]): number {
  let namespace = 'default'
  const words: string[] = []
  for (let i = 0; i < rest.length; i += 1) {
    if (rest[i] === '-n' || rest[i] === '--namespace') {
      i += 1
      namespace = rest[i] ?? ''
    } else words.push(rest[i])
  }
  const [pod, container] = words
  if (pod === undefined) return wrong(proc, 'usage: lab pod crash [-n NAMESPACE] NAME [CONTAINER]')
  const running = faults.containers(namespace, pod)
  const chosen = running?.filter((c) => container === undefined || c.config.name === container)
  if (!chosen || chosen.length === 0) return wrong(proc, `lab: no running container ${container ?? ''} in pod ${namespace}/${pod}`.replace('  ', ' '))
  for (const one of chosen) one.kill()
  proc.print(`killed ${chosen.map((c) => c.config.name).join(', ')} of ${namespace}/${pod}\n`)
  return 0
}
