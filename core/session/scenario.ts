/**
 * Everything that a world is made from before the first input: JSON, kept whole with each session, so that a recording can be
 * replayed after a lab or a default has changed.
 */
import { SIMULATED_IP_FAMILIES, SIMULATED_PROXY_MODES } from '../cluster/world-defaults.ts'
import { defaultWorld, parseWorld, type WorldOptions, type WorldSpec } from '../cluster/world-spec.ts'
import type { LabDefinition } from '../lab/lab-definition.ts'

export interface ScenarioFile {
  machine: string
  path: string
  content: string
}

export interface Scenario {
  format: 'vethlab-scenario/1'
  /** A world file's text, or '' for the default world. */
  world: string
  options: WorldOptions
  /** Files that lie there at the start. */
  files: ScenarioFile[]
  /** Shell lines run on `workstation` after boot, before the person's time begins. */
  setup: string
  lab: LabDefinition | null
}

/** The default world with `options`, without files or lab. */
export function plainScenario(options: WorldOptions = {}, world = ''): Scenario {
  return { format: 'vethlab-scenario/1', world, options, files: [], setup: '', lab: null }
}

/** The world that a scenario describes, or what is wrong with it; line and column are 0 when an option is. */
export function worldOf(scenario: Scenario): WorldSpec | { error: { message: string; line: number; column: number } } {
  const { proxyMode, ipFamily } = scenario.options
  if (proxyMode && !SIMULATED_PROXY_MODES.includes(proxyMode)) return refused(`the kube-proxy mode ${proxyMode} is not simulated yet; ${SIMULATED_PROXY_MODES.join(', ')} is`)
  if (ipFamily && !SIMULATED_IP_FAMILIES.includes(ipFamily)) return refused(`the IP family ${ipFamily} is not simulated yet; ${SIMULATED_IP_FAMILIES.join(', ')} is`)
  return scenario.world === '' ? defaultWorld(scenario.options) : parseWorld(scenario.world, scenario.options)
}

function refused(message: string): { error: { message: string; line: number; column: number } } {
  return { error: { message, line: 0, column: 0 } }
}
