/** The options of every command that makes a world. */
import { readFileSync } from 'node:fs'
import { CNI_NAMES, IP_FAMILIES, PROXY_MODES, type WorldOptions } from '../../core/cluster/world-spec.ts'
import { plainScenario, type Scenario, worldOf } from '../../core/session/scenario.ts'
import { UsageError } from './usage.ts'

export const WORLD_OPTIONS = {
  nodes: { type: 'string' },
  cni: { type: 'string' },
  'proxy-mode': { type: 'string' },
  'ip-family': { type: 'string' },
  seed: { type: 'string' },
  world: { type: 'string' },
} as const

export const WORLD_HELP = `World options:
  --nodes N          worker nodes beside one control-plane node (default 2)
  --cni NAME         ${CNI_NAMES.join(', ')} (default host-gw)
  --proxy-mode NAME  ${PROXY_MODES.join(', ')} (default iptables)
  --ip-family NAME   ${IP_FAMILIES.join(', ')} (default ipv4)
  --seed N           seed of every random choice (default 1)
  --world FILE       a world file (YAML); the options above override it
`

type Values = { [K in keyof typeof WORLD_OPTIONS]?: string | undefined }

/** The scenario that the options describe; a `UsageError` says which of them cannot be. */
export function scenarioOf(values: Values): Scenario {
  const options: WorldOptions = {}
  if (values.nodes !== undefined) options.nodes = wholeNumber('--nodes', values.nodes, 1, 1000)
  if (values.seed !== undefined) options.seed = wholeNumber('--seed', values.seed, 0, 0xffffffff)
  if (values.cni !== undefined) options.cni = oneOf('--cni', values.cni, CNI_NAMES)
  if (values['proxy-mode'] !== undefined) options.proxyMode = oneOf('--proxy-mode', values['proxy-mode'], PROXY_MODES)
  if (values['ip-family'] !== undefined) options.ipFamily = oneOf('--ip-family', values['ip-family'], IP_FAMILIES)
  const scenario = plainScenario(options, values.world === undefined ? '' : readText(values.world))
  const world = worldOf(scenario)
  if ('error' in world) {
    const { message, line, column } = world.error
    throw new UsageError(line === 0 ? message : `${values.world}:${line}:${column}: ${message}`)
  }
  return scenario
}

export function readText(path: string): string {
  try {
    return readFileSync(path === '-' ? 0 : path, 'utf8')
  } catch (error) {
    throw new UsageError(`cannot read ${path}: ${(error as NodeJS.ErrnoException).code ?? (error as Error).message}`)
  }
}

export function wholeNumber(option: string, text: string, min: number, max: number): number {
  const value = Number(text)
  if (text.trim() === '' || !Number.isInteger(value) || value < min || value > max) throw new UsageError(`${option} takes a whole number from ${min} to ${max}, not "${text}"`)
  return value
}

function oneOf<T extends string>(option: string, text: string, names: readonly T[]): T {
  const name = names.find((each) => each === text)
  if (!name) throw new UsageError(`${option} takes one of ${names.join(', ')}, not "${text}"`)
  return name
}
