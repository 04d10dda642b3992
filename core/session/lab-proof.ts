/**
 * Proves a lab: every step is red when it opens and green after its own solution. A lab that cannot prove itself is not a lab.
 */
import type { LabDefinition } from '../lab/lab-definition.ts'
import type { Scenario } from './scenario.ts'
import { Simulation } from './simulation.ts'

export interface StepProof {
  step: string
  /** '' when the step is proved, else what is wrong with it. */
  problem: string
}

export interface LabProof {
  steps: StepProof[]
  digest: string
}

/** Virtual time that a solution's line may take, and the time that checks get after it. */
const LINE_US_MAX = 300_000_000
const GRADE_US = 5_000_000

export function proveLab(lab: LabDefinition, scenario: Scenario): LabProof {
  const simulation = Simulation.open(scenario, { keepEvents: false })
  const steps: StepProof[] = []
  for (const step of lab.steps) {
    const problem = proveStep(simulation, step.id, step)
    steps.push({ step: step.id, problem })
    if (problem !== '') break
  }
  return { steps, digest: simulation.trace.digest() }
}

function proveStep(simulation: Simulation, id: string, step: LabDefinition['steps'][number]): string {
  const { lab } = simulation
  if (!lab) return 'the lab is not graded'
  if (lab.isDone(id)) return 'its checks pass before anything was done'
  if (lab.openStep !== id) return `the step ${lab.openStep} is open instead`
  if (step.solution.length === 0 && step.answers.length === 0) return 'it has no solution'
  for (const { machine, line } of step.solution) {
    const problem = runLine(simulation, machine, line)
    if (problem !== '') return problem
  }
  for (const { check, answer } of step.answers) simulation.submit({ kind: 'lab.answer', step: id, check, answer })
  if (!simulation.settle()) return 'the world does not settle after the solution'
  simulation.advance(simulation.nowUs + GRADE_US)
  if (lab.isDone(id)) return ''
  const failed = [...lab.resultsOf(id)].filter(([, { state }]) => state !== 'pass')
  return `not passed after the solution: ${failed.map(([check, { seen }]) => `${check} (${seen.code} ${seen.actual} ${seen.expected})`).join('; ')}`
}

/** As a person would: an input in the journal, and its output on the trace. */
function runLine(simulation: Simulation, machine: string, line: string): string {
  const exec = `solution-${simulation.journal.length}`
  let exitCode = -1
  let said = ''
  const stop = simulation.trace.observe((event) => {
    if (event.kind === 'exec.out' && event.exec === exec) said += event.text
    if (event.kind === 'exec.exit' && event.exec === exec) exitCode = event.exitCode
  })
  simulation.submit({ kind: 'exec', exec, machine, line })
  const endUs = simulation.nowUs + LINE_US_MAX
  while (exitCode < 0 && simulation.nowUs < endUs) simulation.advance(Math.min(simulation.nowUs + 100_000, endUs))
  stop()
  if (exitCode < 0) return `\`${line}\` on ${machine} does not end`
  return exitCode === 0 || line.includes('||') ? '' : `\`${line}\` on ${machine} ended with ${exitCode}: ${said.trim().slice(0, 300)}`
}
