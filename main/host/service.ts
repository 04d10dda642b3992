/**
 * What every page is served by, whichever way it is connected: sessions from storage, the engine's thread, labs and
 * preferences. One session is open at a time; all connected pages see the same one.
 */
import { randomUUID } from 'node:crypto'
import type { Input, JournalEntry } from '../../core/sim/input.ts'
import type { LabDefinition } from '../../core/lab/lab-definition.ts'
import { plainScenario, type Scenario } from '../../core/session/scenario.ts'
import { formatSessionFile } from '../../core/session/session-file.ts'
import type {
  HostApi, LabSummary, OpenTarget, PageApi, Preferences, RuleView, SessionInfo, SessionSummary,
} from '../../preload/contract.ts'
import { EngineThread } from '../engine/engine-thread.ts'
import type { EngineNews, Opened } from '../engine/messages.ts'
import type { SessionRow, SessionStore } from '../storage/sessions.ts'
import { findLabs, readLabFolder, summarize } from './labs.ts'
import { packageVersion } from './version.ts'

/** Kubernetes API level that the simulated server speaks. */
export const API_VERSION = 'v1.36'

/** Preference that remembers which session to return to. */
const LAST_SESSION = '.last-session'

/** How long a world may take to answer before its thread is ended. */
const CLOSE_MS_MAX = 3000

const DEFAULT_PREFERENCES: Preferences = { theme: 'system', language: 'system', layout: {} }

interface Current {
  row: SessionRow
  lab: LabDefinition | null
  opened: Opened
}

export class Service implements HostApi {
  readonly #store: SessionStore
  readonly #host: 'desktop' | 'browser'
  readonly #engine: EngineThread
  readonly #pages = new Set<PageApi>()
  #labs: LabDefinition[] | null = null
  #current: Current | null = null
  /** Session whose journal the engine writes; set before it is opened. */
  #writing = ''
  /** Why nothing can be kept any more, or ''. */
  #unsaved = ''
  /** `reset` waits until the session that it belongs to is known. */
  #held: EngineNews[] | null = null

  constructor(store: SessionStore, host: 'desktop' | 'browser') {
    this.#store = store
    this.#host = host
    this.#engine = new EngineThread((news) => this.#hear(news))
  }

  /** A page came. The returned function says that it went; without pages the world rests. */
  connect(page: PageApi): () => void {
    this.#pages.add(page)
    return () => {
      this.#pages.delete(page)
      if (this.#pages.size === 0 && this.#current) void this.#engine.ask({ kind: 'pause' }).catch(() => {})
    }
  }

  async end(): Promise<void> {
    await this.#closeEngine()
    await this.#engine.end()
  }

  async hello(): Promise<Awaited<ReturnType<HostApi['hello']>>> {
    const last = String(this.#store.preferences().get(LAST_SESSION) ?? '')
    return { version: packageVersion(), host: this.#host, preferences: this.#preferences(), last: this.#store.get(last) ? last : '' }
  }

  async listLabs(): Promise<LabSummary[]> {
    return this.#allLabs().map(summarize)
  }

  async listSessions(): Promise<SessionSummary[]> {
    return this.#store.list().map((row) => this.#summary(row))
  }

  async openSession(target: OpenTarget): Promise<SessionInfo> {
    const id = target.kind === 'session' ? target.session : this.#create(target)
    return this.#open(id, false)
  }

  async replaySession(session: string): Promise<SessionInfo> {
    return this.#open(session, true)
  }

  async closeSession(): Promise<void> {
    await this.#closeEngine()
    this.#store.setPreference(LAST_SESSION, '')
  }

  async renameSession(session: string, title: string): Promise<void> {
    const name = title.trim()
    if (name === '' || name.length > 200) throw new Error('A session needs a name of 1 to 200 characters.')
    this.#store.rename(session, name)
  }

  async deleteSession(session: string): Promise<void> {
    if (this.#current?.row.id === session) await this.closeSession()
    this.#store.remove(session)
  }

  async exportSession(session: string): Promise<string> {
    const row = this.#row(session)
    return formatSessionFile({
      scenario: JSON.parse(row.scenario) as Scenario,
      journal: this.#store.journal(session),
      marks: this.#store.marks(session),
    })
  }

  async submit(input: Input): Promise<{ seq: number; atUs: number }> {
    if (this.#unsaved !== '') throw new Error(this.#unsaved)
    const answer = await this.#engine.ask({ kind: 'submit', input })
    // The entry came before its answer, so it is on disk by now, or the disk refused it.
    if (this.#unsaved !== '') throw new Error(this.#unsaved)
    return answer
  }

  async play(speed: number): Promise<void> {
    await this.#engine.ask({ kind: 'play', speed })
  }

  async pause(): Promise<void> {
    await this.#engine.ask({ kind: 'pause' })
  }

  async step(what: 'packet' | 'control' | 'drop' | 'event'): Promise<void> {
    await this.#engine.ask({ kind: 'step', what })
  }

  async seek(atUs: number): Promise<void> {
    await this.#engine.ask({ kind: 'seek', atUs })
  }

  async stepBack(): Promise<void> {
    await this.#engine.ask({ kind: 'stepBack' })
  }

  async present(): Promise<void> {
    await this.#engine.ask({ kind: 'present' })
  }

  async takeOver(): Promise<SessionInfo> {
    const from = this.#needCurrent()
    const { scenario, journal, nowUs } = await this.#engine.ask({ kind: 'takeOver' })
    const id = randomUUID()
    const title = `${from.row.title} · ${(nowUs / 1e6).toFixed(1)} s`
    this.#store.create({ id, title, lab: from.row.lab, scenario: JSON.stringify(scenario), nowUs, forkedFrom: from.row.id }, journal)
    return this.#open(id, false)
  }

  async rules(netns: number): Promise<RuleView[]> {
    return this.#engine.ask({ kind: 'rules', netns })
  }

  async setPreferences(preferences: Partial<Preferences>): Promise<void> {
    for (const [name, value] of Object.entries(preferences)) this.#store.setPreference(name, value)
  }

  // --- within ------------------------------------------------------------------------------------------------------------

  #create(target: Exclude<OpenTarget, { kind: 'session' }>): string {
    const id = randomUUID()
    const made = target.kind === 'lab' ? this.#fromLab(target.lab) : this.#empty(target)
    this.#store.create({ id, title: made.title, lab: made.lab, scenario: JSON.stringify(made.scenario), nowUs: 0, forkedFrom: '' })
    return id
  }

  #fromLab(id: string): { title: string; lab: string; scenario: Scenario } {
    const lab = this.#allLabs().find((each) => each.id === id)
    if (!lab) throw new Error(`There is no lab "${id}". The labs are listed on the start screen.`)
    return { title: lab.title.en, lab: id, scenario: labScenario(lab) }
  }

  #empty(target: Extract<OpenTarget, { kind: 'empty' }>): { title: string; lab: string; scenario: Scenario } {
    const options = { nodes: target.workers, cni: target.cni, proxyMode: target.proxyMode, seed: target.seed }
    return { title: `${target.workers} workers · ${target.cni}`, lab: '', scenario: plainScenario(options) }
  }

  async #open(id: string, replay: boolean): Promise<SessionInfo> {
    const row = this.#row(id)
    const scenario = JSON.parse(row.scenario) as Scenario
    const journal: JournalEntry[] = this.#store.journal(id)
    await this.#closeEngine()
    this.#writing = id
    this.#unsaved = ''
    this.#held = []
    try {
      const opened = await this.#engine.ask({
        kind: 'open',
        open: { scenario, journal, marks: this.#store.marks(id), nowUs: row.nowUs, replay },
      })
      this.#current = { row, lab: scenario.lab, opened }
      this.#store.setPreference(LAST_SESSION, id)
      const held = this.#held
      this.#held = null
      for (const news of held) this.#hear(news)
      return this.#info()
    } finally {
      this.#held = null
    }
  }

  #hear(news: EngineNews): void {
    if (news.kind === 'entry') {
      this.#write(news.entry)
      return
    }
    if (this.#held) {
      this.#held.push(news)
      return
    }
    switch (news.kind) {
      case 'mark':
        return this.#store.mark(this.#writing, news.mark)
      case 'stepDone':
        return this.#store.stepDone(this.#writing, news.step)
      case 'reset':
        if (this.#current) for (const page of this.#pages) page.onReset(this.#info(), news.transport)
        return
      case 'batch':
        for (const page of this.#pages) page.onBatch(news.batch)
        return
      case 'transport':
        for (const page of this.#pages) page.onTransport(news.transport)
        return
      case 'trouble':
        for (const page of this.#pages) page.onTrouble(news.trouble)
        return
      default:
        return
    }
  }

  /** What cannot be kept is not acknowledged, and nothing after it is taken: a journal has no holes. */
  #write(entry: JournalEntry): void {
    if (this.#unsaved !== '') return
    try {
      this.#store.append(this.#writing, entry)
    } catch (error) {
      this.#unsaved = `The last input could not be saved (${(error as Error).message}). Free some disk space, then open the session again.`
      for (const page of this.#pages) page.onTrouble({ kind: 'storage', message: this.#unsaved, report: '' })
      void this.#engine.ask({ kind: 'pause' }).catch(() => {})
    }
  }

  /** Lets the engine write its last mark; one that does not answer is ended with its thread. */
  async #closeEngine(): Promise<void> {
    if (!this.#current) return
    this.#current = null
    const closed = this.#engine.ask({ kind: 'close' }).then(
      () => true,
      () => true,
    )
    const late = new Promise<boolean>((resolve) => setTimeout(() => resolve(false), CLOSE_MS_MAX).unref())
    if (!(await Promise.race([closed, late]))) await this.#engine.end()
  }

  #info(): SessionInfo {
    const { row, lab, opened } = this.#needCurrent()
    return {
      ...this.#summary(this.#store.get(row.id) ?? row),
      seed: opened.seed,
      cni: opened.cni,
      proxyMode: opened.proxyMode,
      ipFamily: opened.ipFamily,
      apiVersion: API_VERSION,
      bootUs: opened.bootUs,
      labText: lab ? summarize(lab) : null,
    }
  }

  #summary(row: SessionRow): SessionSummary {
    const steps = this.#allLabs().find((lab) => lab.id === row.lab)?.steps.length ?? 0
    return {
      id: row.id,
      title: row.title,
      lab: row.lab,
      createdAt: row.createdAt,
      updatedAt: row.updatedAt,
      virtualUs: row.nowUs,
      inputs: row.inputs,
      stepsDone: row.stepsDone,
      stepsTotal: steps,
      forkedFrom: row.forkedFrom,
    }
  }

  #row(id: string): SessionRow {
    const row = this.#store.get(id)
    if (!row) throw new Error('This session is not there any more.')
    return row
  }

  #needCurrent(): Current {
    if (!this.#current) throw new Error('No session is open.')
    return this.#current
  }

  #preferences(): Preferences {
    const saved = this.#store.preferences()
    const known = [...saved].filter(([name]) => Object.hasOwn(DEFAULT_PREFERENCES, name))
    return { ...DEFAULT_PREFERENCES, ...(Object.fromEntries(known) as Partial<Preferences>) }
  }

  #allLabs(): LabDefinition[] {
    this.#labs ??= findLabs()
      .map(readLabFolder)
      .flatMap((lab) => (lab.definition ? [lab.definition] : []))
    return this.#labs
  }
}

/** A lab's world before its first step. */
export function labScenario(lab: LabDefinition): Scenario {
  const files = lab.files.map((file) => ({ machine: 'workstation', path: file.path, content: file.content }))
  return { format: 'vethlab-scenario/1', world: '', options: lab.world, files, setup: lab.setup, lab }
}
