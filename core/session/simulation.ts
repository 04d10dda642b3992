/**
 * A running world: one door in (`submit`), one door out (`drain`), and the journal between them.
 *
 * The same scenario and journal always make the same trace, so a session is saved as its journal, a fork is a replay up to now,
 * and going back in time is a replay up to then.
 *
 * Omits: wall-clock time and speed, which belong to the host.
 */
import { assert } from '../base/assert.ts'
import { isErrno } from '../base/errno.ts'
import { buildCluster, type Cluster, type Terminal } from '../cluster/cluster.ts'
import type { ForkedWorld } from '../lab/checks.ts'
import { LabRun } from '../lab/lab-run.ts'
import { Clock, type AdvanceResult } from '../sim/clock.ts'
import type { DigestMark, Input, JournalEntry } from '../sim/input.ts'
import { RandomStreams } from '../sim/random.ts'
import { Trace } from '../sim/trace.ts'
import type { Batch } from '../sim/trace-event.ts'
import { Probe } from './probe.ts'
import { type Scenario, worldOf } from './scenario.ts'

/** Clock events that one boot or setup may take before the scenario counts as broken. */
const BOOT_EVENTS_MAX = 20_000_000
/** Virtual time that a scenario's setup script may take. */
const SETUP_US_MAX = 600_000_000
/** Labs look at the world at whole multiples of this. */
const CHECK_EVERY_US = 500_000
/** A file of the workstation larger than this is not sent to the editor. */
const EDITOR_FILE_MAX = 1 << 20

export class ScenarioError extends Error {
  override readonly name = 'ScenarioError'
}

export interface OpenOptions {
  /** Grade the lab's steps as the world moves. Off in replicas: grading leaves no footprint in the world or its digest. */
  grade?: boolean
  /** Keep trace events for `drain`. Off where only the digest is wanted. */
  keepEvents?: boolean
}

export class Simulation {
  readonly scenario: Scenario
  readonly clock = new Clock()
  readonly trace: Trace
  readonly cluster: Cluster
  readonly journal: JournalEntry[] = []
  readonly lab: LabRun | null
  /** `netns/table/chain` → the object that the chain was made for. */
  readonly chainOrigins = new Map<string, string>()
  /** When boot and setup were over: the person's time begins here. */
  readonly bootUs: number
  readonly #terminals = new Map<string, Terminal>()
  readonly #running = new Map<string, () => void>()
  #settled = false

  /** Builds the world and runs it until it has settled. Throws `ScenarioError` with a sentence for people. */
  static open(scenario: Scenario, options: OpenOptions = {}): Simulation {
    return new Simulation(scenario, options)
  }

  private constructor(scenario: Scenario, options: OpenOptions) {
    this.scenario = scenario
    const spec = worldOf(scenario)
    if ('error' in spec) throw new ScenarioError(spec.error.line === 0 ? spec.error.message : `world, line ${spec.error.line}, column ${spec.error.column}: ${spec.error.message}`)
    this.trace = new Trace(this.clock)
    if (options.keepEvents === false) this.trace.keepEvents(false)
    this.cluster = buildCluster(spec, { clock: this.clock, random: new RandomStreams(spec.seed), trace: this.trace })
    this.trace.observe((event) => {
      if (event.kind === 'rules.origin') this.chainOrigins.set(`${event.netns}/${event.table}/${event.chain}`, event.object)
    })
    this.#watchFiles()
    for (const file of scenario.files) this.#writeFile(file.machine, file.path, file.content)
    if (!this.cluster.boot(BOOT_EVENTS_MAX)) throw new ScenarioError('the world did not settle while it started')
    if (scenario.setup !== '') this.#runSetup(scenario.setup)
    this.bootUs = this.clock.nowUs
    this.#settled = true
    this.trace.emit({ kind: 'world.state', settled: true, booted: true })
    this.lab = scenario.lab && options.grade !== false ? new LabRun(scenario.lab, this) : null
    this.lab?.look()
  }

  get nowUs(): number {
    return this.clock.nowUs
  }

  get settled(): boolean {
    return this.clock.foregroundPending === 0
  }

  /** Takes an input at this very moment and says how the journal must record it. */
  submit(input: Input): JournalEntry {
    const entry: JournalEntry = { seq: this.journal.length, atUs: this.nowUs, events: this.clock.eventsRun, input }
    this.journal.push(entry)
    this.#apply(input)
    this.#noteSettled()
    return entry
  }

  /** Runs the world up to `untilUs`, or until `eventsMax` clock events have run. */
  advance(untilUs: number, eventsMax = Number.MAX_SAFE_INTEGER): AdvanceResult {
    let left = eventsMax
    while (this.nowUs < untilUs) {
      const look = this.lab ? Math.floor(this.nowUs / CHECK_EVERY_US) * CHECK_EVERY_US + CHECK_EVERY_US : untilUs
      const before = this.clock.eventsRun
      const result = this.clock.advance(Math.min(untilUs, look), left)
      left -= this.clock.eventsRun - before
      this.#noteSettled()
      if (result !== 'reached') return result
      if (this.nowUs === look) this.lab?.look()
    }
    return 'reached'
  }

  /** Runs one clock event, whenever it is due. False when nothing will ever happen again. */
  step(): boolean {
    const done = this.clock.step()
    this.#noteSettled()
    return done
  }

  /** Runs until only background work is left. False when that took longer than `limitUs` of virtual time. */
  settle(limitUs = 600_000_000, eventsMax = BOOT_EVENTS_MAX): boolean {
    const endUs = this.nowUs + limitUs
    for (let count = 0; this.clock.foregroundPending > 0 && count < eventsMax; count += 1) {
      const next = this.clock.nextAtUs
      if (next === undefined || next > endUs) break
      this.step()
    }
    return this.clock.foregroundPending === 0
  }

  drain(): Batch {
    return this.trace.drain()
  }

  mark(): DigestMark {
    return { atUs: this.nowUs, events: this.clock.eventsRun, inputs: this.journal.length, digest: this.trace.digest() }
  }

  /** A second world in the same state, which may be asked and changed without touching this one. */
  fork(): Simulation {
    const twin = Simulation.open(this.scenario, { grade: false, keepEvents: false })
    for (const entry of this.journal) twin.replayEntry(entry)
    twin.#runTo(this.nowUs, this.clock.eventsRun)
    return twin
  }

  forkForCheck(): ForkedWorld {
    const twin = this.fork()
    return {
      runLine: (machine, line, limitUs) => twin.runLine(machine, line, limitUs),
      sendFlow: (flow) => new Probe(twin).send(flow),
    }
  }

  /** Brings this world to the moment of a recorded input and submits it. */
  replayEntry(entry: JournalEntry): void {
    this.#runTo(entry.atUs, entry.events)
    this.submit(entry.input)
  }

  /** Brings this world to a recorded mark. The result is its digest here, to be compared. */
  replayMark(mark: DigestMark): string {
    this.#runTo(mark.atUs, mark.events)
    return this.trace.digest()
  }

  #runTo(atUs: number, events: number): void {
    while (this.clock.eventsRun < events && (this.clock.nextAtUs ?? Number.POSITIVE_INFINITY) <= atUs) {
      const look = this.lab ? Math.floor(this.nowUs / CHECK_EVERY_US) * CHECK_EVERY_US + CHECK_EVERY_US : atUs
      this.clock.advance(Math.min(atUs, look), events - this.clock.eventsRun)
      this.#noteSettled()
      if (this.lab && this.nowUs === look) this.lab.look()
    }
    if (this.clock.eventsRun === events) this.clock.rest(atUs)
    this.#noteSettled()
  }

  #apply(input: Input): void {
    switch (input.kind) {
      case 'tty.open':
        return this.#openTerminal(input)
      case 'tty.data':
        return this.#terminals.get(input.tty)?.tty.input(input.data)
      case 'tty.resize':
        return this.#terminals.get(input.tty)?.tty.resize(input.columns, input.rows)
      case 'tty.close': {
        const terminal = this.#terminals.get(input.tty)
        this.#terminals.delete(input.tty)
        return terminal?.close()
      }
      case 'file.write':
        return this.#writeFile(input.machine, input.path, input.content)
      case 'file.rename':
        this.cluster.machines.get(input.machine)?.fs.rename(input.from, input.to)
        return
      case 'file.remove':
        this.cluster.machines.get(input.machine)?.fs.remove(input.path, { recursive: true })
        return
      case 'exec':
        return this.#exec(input.exec, input.machine, input.line)
      case 'link.set': {
        const machine = this.cluster.machines.get(input.machine)
        const link = machine?.netns.link(input.link)
        if (machine && link) machine.netns.setLink(link, { up: input.up })
        return
      }
      case 'lab.hint':
        return this.lab?.hint(input.step)
      case 'lab.goto':
        return this.lab?.goto(input.step)
      case 'lab.answer':
        return this.lab?.answer(input.step, input.check, input.answer)
      case 'note':
        return
    }
  }

  #openTerminal(input: Extract<Input, { kind: 'tty.open' }>): void {
    if (this.#terminals.has(input.tty)) return
    this.trace.emit({ kind: 'tty.open', tty: input.tty, machine: input.machine })
    const terminal = this.cluster.openTerminal({
      id: input.tty,
      machine: input.machine,
      pod: input.pod,
      columns: input.columns,
      rows: input.rows,
      onOutput: (text) => this.trace.emit({ kind: 'tty.out', tty: input.tty, text }),
      onExit: (code) => {
        this.#terminals.delete(input.tty)
        this.trace.emit({ kind: 'tty.close', tty: input.tty, exitCode: code })
      },
    })
    if (typeof terminal === 'string') {
      this.trace.emit({ kind: 'tty.out', tty: input.tty, text: `${terminal}\r\n` })
      this.trace.emit({ kind: 'tty.close', tty: input.tty, exitCode: 255 })
    } else this.#terminals.set(input.tty, terminal)
  }

  #exec(exec: string, machine: string, line: string): void {
    const running = this.cluster.runLine({
      machine,
      line,
      onOutput: (stream, text) => this.trace.emit({ kind: 'exec.out', exec, stream, text }),
      onExit: (exitCode) => {
        this.#running.delete(exec)
        this.trace.emit({ kind: 'exec.exit', exec, exitCode })
      },
    })
    if (typeof running === 'string') {
      this.trace.emit({ kind: 'exec.out', exec, stream: 'stderr', text: `${running}\n` })
      this.trace.emit({ kind: 'exec.exit', exec, exitCode: 255 })
    } else this.#running.set(exec, running)
  }

  /** Runs a shell line to its end, as fast as it goes; for setups, checks and scripts. */
  runLine(machine: string, line: string, limitUs = SETUP_US_MAX): { stdout: string; stderr: string; exitCode: number } {
    const result = { stdout: '', stderr: '', exitCode: -1 }
    const end = this.cluster.runLine({
      machine,
      line,
      onOutput: (stream, text) => {
        result[stream] += text
      },
      onExit: (code) => {
        result.exitCode = code
      },
    })
    if (typeof end === 'string') return { stdout: '', stderr: `${end}\n`, exitCode: 255 }
    const endUs = this.nowUs + limitUs
    while (result.exitCode < 0 && (this.clock.nextAtUs ?? Number.POSITIVE_INFINITY) <= endUs) this.clock.step()
    if (result.exitCode < 0) {
      end()
      return { ...result, stderr: `${result.stderr}vethlab: stopped after ${limitUs / 1e6} s of virtual time\n`, exitCode: 124 }
    }
    return result
  }

  #runSetup(setup: string): void {
    const { exitCode, stderr } = this.runLine('workstation', setup)
    if (exitCode !== 0) throw new ScenarioError(`the setup script ended with ${exitCode}: ${stderr.trim()}`)
    if (!this.settle()) throw new ScenarioError('the world did not settle after its setup script')
  }

  #writeFile(machine: string, path: string, content: string): void {
    const target = this.cluster.machines.get(machine)
    if (!target) return
    const folder = path.slice(0, path.lastIndexOf('/'))
    if (folder !== '') target.fs.mkdir(folder, { parents: true })
    target.fs.write(path, content)
  }

  /** The editor's tree is the workstation's home folder. */
  #watchFiles(): void {
    const machine = this.cluster.machines.get('workstation')
    assert(machine, 'a world has a workstation')
    machine.fs.onChange = (path) => {
      if (!path.startsWith('/root/') || path.includes('/.')) return
      const content = machine.fs.read(path)
      const stat = machine.fs.stat(path)
      if (isErrno(stat)) this.trace.emit({ kind: 'file.del', machine: 'workstation', path, content: '' })
      else if (stat.kind === 'file' && !isErrno(content) && content.length <= EDITOR_FILE_MAX)
        this.trace.emit({ kind: 'file.set', machine: 'workstation', path, content })
    }
  }

  #noteSettled(): void {
    const settled = this.clock.foregroundPending === 0
    if (settled === this.#settled) return
    this.#settled = settled
    this.trace.emitAside({ kind: 'world.state', settled, booted: true })
  }
}
