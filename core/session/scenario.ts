/**
 * Everything that a world is made from before the first input: JSON, kept whole with each session, so that a recording can be
 * replayed after a lab or a default has changed.
 */
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

export function worldOf(scenario: Scenario): WorldSpec | { error: { message: string; line: number; column: number } } {
  return scenario.world === '' ? defaultWorld(scenario.options) : parseWorld(scenario.world, scenario.options)
}
