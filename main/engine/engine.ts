/**
 * Owns the worlds of one session: the live one, and a replica while somebody looks at the past. Virtual time follows the wall
 * clock times the speed, one batch of trace events per frame. Knows nothing of threads: `worker.ts` gives it a mailbox.
 */
import { Bug } from '../../core/base/assert.ts'
import { inspectRules } from '../../core/session/inspect-rules.ts'
import { Simulation } from '../../core/session/simulation.ts'
import type { DigestMark, Input, JournalEntry } from '../../core/sim/input.ts'
import type { Batch, TraceEvent } from '../../core/sim/trace-event.ts'
import type { RuleView, Transport } from '../../preload/contract.ts'
import type { EngineNews, OpenCommand, Opened, TakenOver } from './messages.ts'

const FRAME_MS = 33
/** Clock events run in one frame, so that a busy world still lets commands in. */
const EVENTS_PER_FRAME = 20_000
const EVENTS_PER_BATCH = 5_000
const MARK_EVERY_US = 5_000_000
/** A step looks this far for what it waits for. */
const STEP_US_MAX = 60_000_000
const STEP_EVENTS_MAX = 2_000_000

/** Events that end a step of each kind. */
const STEP_ENDS: Record<'packet' | 'control' | 'drop', (event: TraceEvent) => boolean> = {
  packet: (event) => event.kind.startsWith('packet.'),
  control: (event) => event.kind === 'control.step' || event.kind === 'api.object',
  drop: (event) => event.kind === 'packet.drop',
}

export class Engine {
  readonly #tell: (news: EngineNews) => void
  #live: Simulation | null = null
  #past: Simulation | null = null
  /** The recording that `#past` follows. */
  #recording: JournalEntry[] = []
  #recordingEndUs = 0
  /** All that the shown world said, for a page that comes late; the live one's waits here while the past is shown. */
  #history: Batch[] = []
  #liveHistory: Batch[] = []
  #playing = false
  #speed = 1
  #timer: ReturnType<typeof setTimeout> | null = null
  #lastFrameMs = 0
  #lastMarkUs = 0
  #lastTransportMs = 0
  #doneSteps = new Set<string>()

  constructor(tell: (news: EngineNews) => void) {
    this.#tell = tell
  }

  open(command: OpenCommand): Opened {
    this.close()
    this.#past = null
    this.#doneSteps.clear()
    const simulation = Simulation.open(command.scenario)
    this.#live = simulation
    this.#replay(simulation, command)
    this.#lastMarkUs = simulation.nowUs
    this.#history = [simulation.drain()]
    if (command.replay && command.journal.length > 0) this.#goPast(simulation.bootUs)
    this.#reset()
    const { spec } = simulation.cluster
    this.play(this.#speed)
    return {
      seed: spec.seed,
      cni: spec.cni,
      proxyMode: spec.proxy.mode,
      ipFamily: spec.ipFamily,
      bootUs: simulation.bootUs,
      transport: this.transport(),
    }
  }

  close(): void {
    if (this.#live) this.#tell({ kind: 'mark', mark: this.#live.mark() })
    this.pause()
    this.#live = null
    this.#past = null
    this.#history = []
  }

  submit(input: Input): { seq: number; atUs: number } {
    if (this.#past) throw new Error('This is the past: return to the present, or continue from here, before you change anything.')
    const entry = this.#needLive().submit(input)
    this.#tell({ kind: 'entry', entry })
    return { seq: entry.seq, atUs: entry.atUs }
  }

  play(speed: number): void {
    if (!(speed > 0 && speed <= 1000)) throw new Error(`A speed of ${speed} is not between 0 and 1000.`)
    this.#speed = speed
    if (!this.#playing) {
      this.#playing = true
      this.#lastFrameMs = performance.now()
      this.#schedule()
    }
    this.#tellTransport()
  }

  pause(): void {
    this.#playing = false
    if (this.#timer) clearTimeout(this.#timer)
    this.#timer = null
    if (this.#live) {
      this.#tell({ kind: 'mark', mark: this.#live.mark() })
      this.#tellTransport()
    }
  }

  step(what: 'packet' | 'control' | 'drop' | 'event'): void {
    this.pause()
    const world = this.#shown()
    const limitUs = this.#past ? this.#recordingEndUs : world.nowUs + STEP_US_MAX
    let found = what === 'event'
    const stop = what === 'event' ? () => {} : world.trace.observe((event) => {
      if (STEP_ENDS[what](event)) found = true
    })
    let steps = 0
    do {
      if (this.#past) this.#feedPast(world.clock.nextAtUs ?? limitUs)
      const next = world.clock.nextAtUs
      if (next === undefined || next > limitUs) break
      world.step()
      steps += 1
    } while (!found && steps < STEP_EVENTS_MAX)
    stop()
    this.#flush()
    this.#tellTransport()
  }

  seek(atUs: number): void {
    const live = this.#needLive()
    this.pause()
    if (!this.#past && atUs >= live.nowUs) return
    this.#goPast(Math.max(0, atUs))
    this.#reset()
  }

  stepBack(): void {
    const world = this.#shown()
    this.pause()
    const from = world.nowUs
    let before = world.bootUs
    for (let i = this.#history.length - 1; i >= 0 && before === world.bootUs; i -= 1) {
      const { atUs, events } = this.#history[i]
      for (let j = events.length - 1; j >= 0; j -= 1) {
        if (atUs[j] < from && STEP_ENDS.packet(events[j])) {
          before = atUs[j]
          break
        }
      }
    }
    this.#goPast(before)
    this.#reset()
  }

  present(): void {
    if (!this.#past) return
    this.#past = null
    this.#history = this.#liveHistory
    this.#reset()
  }

  takeOver(): TakenOver {
    const past = this.#past
    if (!past) throw new Error('There is nothing to continue from: this is the present.')
    this.#past = null
    const live = Simulation.open(past.scenario)
    const journal = [...past.journal]
    this.#replay(live, { scenario: past.scenario, journal, marks: [past.mark()], nowUs: past.nowUs, replay: false })
    this.#live = live
    this.#history = [live.drain()]
    this.#lastMarkUs = live.nowUs
    return { scenario: live.scenario, journal, nowUs: live.nowUs }
  }

  rules(netns: number): RuleView[] {
    const world = this.#shown()
    return inspectRules(world.cluster, world.chainOrigins, netns)
  }

  sendHistory(): void {
    if (this.#live) this.#reset()
  }

  transport(): Transport {
    const live = this.#needLive()
    const endUs = this.#past ? Math.max(this.#recordingEndUs, this.#past.nowUs) : live.nowUs
    return { mode: this.#past ? 'past' : 'live', playing: this.#playing, speed: this.#speed, nowUs: this.#shown().nowUs, endUs }
  }

  /** Everything that a report of a defect needs to be replayed. */
  report(error: Error): string {
    const live = this.#live
    return JSON.stringify({
      format: 'vethlab-bug/1', message: error.message, stack: error.stack ?? '', nowUs: live?.nowUs ?? 0,
      scenario: live?.scenario ?? null, journal: live?.journal ?? [],
    })
  }

  // --- within ------------------------------------------------------------------------------------------------------------

  #replay(simulation: Simulation, command: OpenCommand): void {
    const marks = [...command.marks].sort((a, b) => a.atUs - b.atUs || a.events - b.events)
    let nextMark = 0
    const checkMarks = (untilSeq: number): void => {
      for (; nextMark < marks.length && marks[nextMark].inputs <= untilSeq; nextMark += 1) this.#compare(simulation, marks[nextMark])
    }
    for (const entry of command.journal) {
      checkMarks(entry.seq)
      simulation.replayEntry(entry)
    }
    checkMarks(Number.MAX_SAFE_INTEGER)
    if (command.nowUs > simulation.nowUs) simulation.advance(command.nowUs)
  }

  #compare(simulation: Simulation, mark: DigestMark): void {
    if (mark.atUs < simulation.nowUs) return
    const digest = simulation.replayMark(mark)
    if (digest === mark.digest) return
    const seconds = (mark.atUs / 1e6).toFixed(6)
    const message = `The replay differs from the recording at ${seconds} s of virtual time. What you see is the replay; the journal is unharmed.`
    this.#tell({ kind: 'trouble', trouble: { kind: 'digest', message, report: JSON.stringify({ mark, digest }) } })
  }

  #goPast(atUs: number): void {
    const live = this.#needLive()
    const past = this.#past && this.#past.nowUs <= atUs ? this.#past : Simulation.open(live.scenario, { grade: false })
    if (past !== this.#past) {
      this.#recording = [...live.journal]
      this.#recordingEndUs = live.nowUs
      if (!this.#past) this.#liveHistory = this.#history
      this.#history = []
    }
    this.#past = past
    this.#feedPast(atUs)
    if (past.nowUs < atUs) past.advance(atUs)
    this.#history.push(past.drain())
  }

  /** Submits the recorded inputs up to `untilUs` to the replica, each in its moment. */
  #feedPast(untilUs: number): void {
    const past = this.#past
    if (!past) return
    for (let entry = this.#recording[past.journal.length]; entry && entry.atUs <= untilUs; entry = this.#recording[past.journal.length]) {
      past.replayEntry(entry)
    }
  }

  #schedule(): void {
    this.#timer = setTimeout(() => this.#frame(), FRAME_MS)
  }

  #frame(): void {
    if (!this.#playing) return
    const nowMs = performance.now()
    const passedMs = Math.min(nowMs - this.#lastFrameMs, 250)
    this.#lastFrameMs = nowMs
    const world = this.#shown()
    let untilUs = world.nowUs + Math.floor(passedMs * 1000 * this.#speed)
    try {
      if (this.#past) {
        untilUs = Math.min(untilUs, this.#recordingEndUs)
        this.#feedPast(untilUs)
      }
      if (world.nowUs < untilUs) world.advance(untilUs, EVENTS_PER_FRAME)
      this.#flush()
    } catch (error) {
      this.#stopped(error as Error)
      return
    }
    if (this.#past && world.nowUs >= this.#recordingEndUs) this.#endOfRecording()
    else this.#schedule()
    if (nowMs - this.#lastTransportMs > 200) this.#tellTransport()
    if (!this.#past && world.nowUs - this.#lastMarkUs >= MARK_EVERY_US * Math.max(1, this.#speed)) {
      this.#lastMarkUs = world.nowUs
      this.#tell({ kind: 'mark', mark: world.mark() })
    }
  }

  /** A replay that reached its end hands over: its digest must be the recording's. */
  #endOfRecording(): void {
    const past = this.#past
    const live = this.#needLive()
    this.#playing = false
    if (past && past.trace.digest() !== live.trace.digest()) {
      const message = 'The replay ended in another digest than the recording. Please save the report: this is a defect of Vethlab.'
      this.#tell({ kind: 'trouble', trouble: { kind: 'digest', message, report: this.report(new Bug(message)) } })
    }
    this.#tellTransport()
  }

  #flush(): void {
    const batch = this.#shown().drain()
    if (batch.events.length === 0) return
    this.#history.push(batch)
    for (const part of parts(batch)) this.#tell({ kind: 'batch', batch: part })
    for (const event of batch.events) {
      if (event.kind === 'lab.step' && event.state === 'done' && !this.#past && !this.#doneSteps.has(event.step)) {
        this.#doneSteps.add(event.step)
        this.#tell({ kind: 'stepDone', step: event.step })
      }
    }
  }

  #reset(): void {
    this.#tell({ kind: 'reset', transport: this.transport() })
    for (const batch of this.#history) for (const part of parts(batch)) this.#tell({ kind: 'batch', batch: part })
  }

  #stopped(error: Error): void {
    this.#playing = false
    const message = `The world stopped: ${error.message}. Your journal is safe; the report makes it happen again.`
    this.#tell({ kind: 'trouble', trouble: { kind: 'bug', message, report: this.report(error) } })
    if (this.#live) this.#tellTransport()
  }

  #tellTransport(): void {
    if (!this.#live) return
    this.#lastTransportMs = performance.now()
    this.#tell({ kind: 'transport', transport: this.transport() })
  }

  #shown(): Simulation {
    return this.#past ?? this.#needLive()
  }

  #needLive(): Simulation {
    if (!this.#live) throw new Error('No session is open.')
    return this.#live
  }
}

/** Cuts a long batch into pieces that a page can take without a pause. */
function* parts(batch: Batch): Generator<Batch> {
  if (batch.events.length <= EVENTS_PER_BATCH) yield batch
  else {
    for (let from = 0; from < batch.events.length; from += EVENTS_PER_BATCH) {
      const to = Math.min(from + EVENTS_PER_BATCH, batch.events.length)
      yield {
        firstSeq: batch.firstSeq + from,
        events: batch.events.slice(from, to),
        atUs: batch.atUs.slice(from, to),
        nowUs: to === batch.events.length ? batch.nowUs : batch.atUs[to - 1],
        digest: batch.digest,
      }
    }
  }
}
