import type { Input } from '../../core/sim/input.ts'
import type { Batch } from '../../core/sim/trace-event.ts'
import type { LabSummary, OpenTarget, PageApi, SessionInfo, SessionSummary, Transport } from '../../preload/contract.ts'
import { activity } from './activity.svelte.ts'
import { connection } from './connection.svelte.ts'
import { playback } from './playback.svelte.ts'
import { selection } from './selection.svelte.ts'
import { shell } from './shell.svelte.ts'
import { world } from './world.svelte.ts'

/** At this speed and below a packet takes long enough over a cable to be watched. */
const SLOW_MOTION = 0.02
const IDLE: Transport = { mode: 'live', playing: false, speed: 1, nowUs: 0, endUs: 0 }

/** The session that is open, its transport, and the lists of the start screen. */
class SessionState implements PageApi {
  info = $state.raw<SessionInfo | null>(null)
  transport = $state.raw<Transport>(IDLE)
  labs = $state.raw<LabSummary[]>([])
  sessions = $state.raw<SessionSummary[]>([])
  opening = $state(false)
  /** Rises with each reset: terminals and editors start again. */
  epoch = $state(0)
  /** Batches up to here tell the past again. */
  historyUs = 0
  #followSteps = false
  readonly #resetListeners = new Set<(same: boolean) => void>()

  readonly past = $derived(this.transport.mode !== 'live')
  readonly nowUs = $derived(Math.max(this.transport.nowUs, world.nowUs))

  onReset = (info: SessionInfo, transport: Transport): void => {
    const same = this.info?.id === info.id
    this.info = info
    this.transport = transport
    this.historyUs = transport.nowUs
    world.reset(same && transport.mode !== 'live')
    if (!same) {
      selection.clear()
      playback.hide()
      void this.refresh().catch(() => {})
    }
    this.epoch += 1
    for (const listener of this.#resetListeners) listener(same)
  }

  /** Called at each reset; `same` when it is the same session at another moment. */
  listenReset(listener: (same: boolean) => void): void {
    this.#resetListeners.add(listener)
  }

  onBatch = (batch: Batch): void => {
    world.apply(batch)
    if (batch.nowUs <= this.historyUs) return
    activity.note(batch)
    const { playing, speed } = this.transport
    if (playing ? speed <= SLOW_MOTION : this.#followSteps) this.#followMoving(batch)
  }

  onTransport = (transport: Transport): void => {
    this.transport = transport
  }

  onTrouble = (trouble: { kind: string; message: string; report: string }): void => {
    shell.notify(trouble.message, 'bad', trouble.report, trouble.kind)
  }

  async refresh(): Promise<void> {
    const [labs, sessions] = await Promise.all([connection.api.listLabs(), connection.api.listSessions()])
    this.labs = labs
    this.sessions = sessions
  }

  async open(target: OpenTarget): Promise<void> {
    this.opening = true
    await shell.guard(async () => {
      const info = await connection.api.openSession(target)
      if (this.info === null) this.info = info
      shell.side = info.labText === null ? 'objects' : 'lab'
    })
    this.opening = false
  }

  async replay(session: string): Promise<void> {
    await shell.guard(async () => void (await connection.api.replaySession(session)))
  }

  async close(): Promise<void> {
    await shell.guard(() => connection.api.closeSession())
    this.info = null
    this.transport = IDLE
    world.reset()
    selection.clear()
    playback.hide()
    await shell.guard(() => this.refresh())
  }

  submit(input: Input): Promise<{ seq: number; atUs: number } | undefined> {
    return shell.guard(() => connection.api.submit(input))
  }

  togglePlay(): void {
    this.#followSteps = false
    void shell.guard(() => (this.transport.playing ? connection.api.pause() : connection.api.play(this.transport.speed)))
  }

  setSpeed(speed: number): void {
    void shell.guard(async () => {
      await connection.api.play(speed)
    })
  }

  step(what: 'packet' | 'control' | 'drop' | 'event'): void {
    this.#followSteps = what !== 'control'
    void shell.guard(() => connection.api.step(what))
  }

  stepBack(): void {
    this.#followSteps = true
    void shell.guard(() => connection.api.stepBack())
  }

  seek(atUs: number): void {
    this.#followSteps = false
    void shell.guard(() => connection.api.seek(Math.round(atUs)))
  }

  present(): void {
    void shell.guard(() => connection.api.present())
  }

  takeOver(): void {
    void shell.guard(async () => void (await connection.api.takeOver()))
  }

  /** While stepping and in slow motion, the packet that moves is the one that is shown; one at a time, to its end. */
  #followMoving(batch: Batch): void {
    const { playing } = this.transport
    const shown = playback.record
    if (shown !== null && shown.fate === 'moving' && batch.events.some((event) => 'packet' in event && event.packet === shown.id)) {
      playback.track(shown.id)
      return
    }
    for (let index = batch.events.length - 1; index >= 0; index -= 1) {
      const event = batch.events[index]!
      if (!event.kind.startsWith('packet.') || !('packet' in event)) continue
      // Health probes go on all the time; nobody steps to see them.
      if (playing && world.packets.byId.get(event.packet)?.opener === 'kubelet') continue
      playback.track(event.packet)
      return
    }
  }
}

export const session = new SessionState()
