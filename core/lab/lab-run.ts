/**
 * A learner's way through a lab: which step is open, what its checks see, which hints are shown.
 *
 * It looks at fixed virtual moments and only when something happened since the last look, so a replay grades the same. What it
 * says goes beside the digest: grading leaves no footprint in the world.
 */
import type { ApiClient } from '../api/client/api-client.ts'
import type { Trace } from '../sim/trace.ts'
import { type CheckResult, waiting } from './check-result.ts'
import { checkFlow, checkPackets, checkQuestion, checkRun, checkState, type ForkedWorld } from './checks.ts'
import { Journeys, type KnownSpace } from './journeys.ts'
import type { LabCheckDefinition, LabDefinition, LabStepDefinition } from './lab-definition.ts'

/** The world as a lab sees it. */
export interface GradedWorld {
  readonly trace: Trace
  readonly nowUs: number
  readonly settled: boolean
  readonly journal: readonly unknown[]
  readonly cluster: {
    client(actor: string): ApiClient
    readonly net: { namespaces: ReadonlyMap<number, KnownSpace> }
    readonly machines: ReadonlyMap<string, { role: string }>
  }
  forkForCheck(): ForkedWorld
}

/** Resources that change by themselves in a quiet cluster. */
const QUIET_RESOURCES = new Set(['leases', 'nodes', 'events'])

interface StepState {
  definition: LabStepDefinition
  done: boolean
  openedUs: number
  hints: number
  results: Map<string, CheckResult>
}

export class LabRun {
  readonly definition: LabDefinition
  readonly #world: GradedWorld
  readonly #client: ApiClient
  readonly #journeys: Journeys
  readonly #steps: StepState[]
  readonly #answers = new Map<string, string>()
  #open = 0
  #seenSeq = -1
  /** How often the cluster's objects changed: forks are made again only when that or the journal moved. */
  #changes = 0
  #forkedAt = ''

  constructor(definition: LabDefinition, world: GradedWorld) {
    this.definition = definition
    this.#world = world
    this.#client = world.cluster.client('lab')
    this.#journeys = new Journeys(world.trace)
    this.#journeys.learn(world.cluster.net, world.cluster.machines)
    this.#steps = definition.steps.map((step) => ({ definition: step, done: false, openedUs: world.nowUs, hints: 0, results: new Map() }))
    world.trace.observe((event) => {
      if (event.kind === 'api.object' && !QUIET_RESOURCES.has(event.resource)) this.#changes += 1
    })
    this.#announce()
  }

  get openStep(): string {
    return this.definition.steps[Math.min(this.#open, this.#steps.length - 1)].id
  }

  isDone(step: string): boolean {
    return this.#steps.some((state) => state.definition.id === step && state.done)
  }

  resultsOf(step: string): ReadonlyMap<string, CheckResult> {
    return this.#steps.find((state) => state.definition.id === step)?.results ?? new Map<string, CheckResult>()
  }

  /** Grades the open step if anything happened since the last look. Steps that are passed at once open the next. */
  look(): void {
    const seq = this.#world.trace.nextSeq
    if (seq === this.#seenSeq) return
    for (let step = this.#steps[this.#open]; step && this.#grade(step); step = this.#steps[this.#open]) {
      step.done = true
      this.#open += 1
      this.#world.trace.emitAside({ kind: 'lab.step', step: step.definition.id, state: 'done', hints: step.hints })
      this.#announce()
    }
    this.#seenSeq = this.#world.trace.nextSeq
  }

  hint(step: string): void {
    const state = this.#steps.find((each) => each.definition.id === step)
    if (!state || state.hints >= state.definition.hints.length) return
    state.hints += 1
    this.#world.trace.emitAside({ kind: 'lab.step', step, state: 'hint', hints: state.hints })
  }

  goto(step: string): void {
    const index = this.#steps.findIndex((each) => each.definition.id === step)
    if (index < 0) return
    this.#open = index
    this.#steps[index].done = false
    this.#announce()
  }

  answer(step: string, check: string, answer: string): void {
    this.#answers.set(`${step}/${check}`, answer)
    this.#seenSeq = -1
    this.look()
  }

  #announce(): void {
    const step = this.#steps[this.#open]
    if (!step) return
    step.openedUs = this.#world.nowUs
    this.#world.trace.emitAside({ kind: 'lab.step', step: step.definition.id, state: 'open', hints: step.hints })
  }

  #grade(step: StepState): boolean {
    const cheap = step.definition.checks.filter(({ check }) => check.kind !== 'run' && check.kind !== 'flow')
    const forked = step.definition.checks.filter(({ check }) => check.kind === 'run' || check.kind === 'flow')
    let passed = true
    for (const check of cheap) if (this.#record(step, check, this.#gradeLive(step, check)).state !== 'pass') passed = false
    if (forked.length === 0) return passed
    const ready = passed && this.#world.settled
    const moment = `${this.#open}/${this.#world.journal.length}/${this.#changes}`
    for (const check of forked) {
      if (ready && this.#forkedAt !== moment) this.#record(step, check, this.#gradeOnFork(check, this.#world.forkForCheck()))
      else if (!step.results.has(check.id)) this.#record(step, check, waiting('ok'))
      if (step.results.get(check.id)?.state !== 'pass') passed = false
    }
    if (ready) this.#forkedAt = moment
    return passed && ready
  }

  #gradeLive(step: StepState, { id, check }: LabCheckDefinition): CheckResult {
    if (check.kind === 'state') return checkState(check, this.#client)
    if (check.kind === 'packet') return checkPackets(check, this.#journeys, step.openedUs)
    if (check.kind === 'question') return checkQuestion(check, this.#answers.get(`${step.definition.id}/${id}`))
    return waiting('ok')
  }

  #gradeOnFork({ check }: LabCheckDefinition, fork: ForkedWorld): CheckResult {
    if (check.kind === 'run') return checkRun(check, fork)
    if (check.kind === 'flow') return checkFlow(check.flow, check.expect, fork)
    return waiting('ok')
  }

  #record(step: StepState, { id }: LabCheckDefinition, result: CheckResult): CheckResult {
    const known = step.results.get(id)
    const same = known && known.state === result.state && known.seen.code === result.seen.code && known.seen.actual === result.seen.actual
    step.results.set(id, result)
    if (!same) {
      const seen = JSON.stringify(result.seen)
      this.#world.trace.emitAside({ kind: 'lab.check', step: step.definition.id, check: id, state: result.state, seen })
    }
    return result
  }
}
