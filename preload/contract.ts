/**
 * What the page and the host say to each other. JSON only, so that the same contract travels by Electron IPC and by
 * WebSocket. The page cannot tell which host it talks to. Argument schemas stand beside it in `schemas.ts`.
 */
import type { Input } from '../core/sim/input.ts'
import type { Batch } from '../core/sim/trace-event.ts'

export interface Text {
  en: string
  zh?: string
  ru?: string
}

export interface LabStepSummary {
  id: string
  title: Text
  /** Markdown. */
  text: Text
  checks: { id: string; title: Text; kind: 'state' | 'run' | 'flow' | 'question'; choices?: { id: string; text: Text }[]; because?: { id: string; text: Text }[] }[]
  hints: Text[]
}

export interface LabSummary {
  /** `NN-track/NN-lab`. */
  id: string
  track: Text
  title: Text
  summary: Text
  minutes: number
  steps: LabStepSummary[]
}

export interface SessionSummary {
  id: string
  title: string
  /** '' for an empty cluster. */
  lab: string
  createdAt: string
  updatedAt: string
  virtualUs: number
  inputs: number
  stepsDone: number
  stepsTotal: number
  /** Id of the session that this one was forked from, or ''. */
  forkedFrom: string
}

export interface SessionInfo extends SessionSummary {
  seed: number
  cni: string
  proxyMode: string
  ipFamily: string
  apiVersion: string
  /** Virtual time at which boot was over and the person's time began. */
  bootUs: number
  labText: LabSummary | null
}

export interface Transport {
  /** `past`: the person looks at an earlier moment; nothing can be typed until `takeOver` or `present`. */
  mode: 'live' | 'past' | 'replaying'
  playing: boolean
  /** Virtual seconds for one real second. */
  speed: number
  nowUs: number
  /** The latest moment of the session: where live is. */
  endUs: number
}

export interface Preferences {
  theme: 'system' | 'light' | 'dark'
  language: 'system' | 'en' | 'zh' | 'ru'
  /** Sizes of panels and what is open, by name; the page's own business. */
  layout: Record<string, unknown>
}

export type OpenTarget =
  | { kind: 'lab'; lab: string }
  | { kind: 'empty'; workers: number; cni: 'host-gw' | 'bridge' | 'vxlan'; proxyMode: 'iptables'; seed: number }
  | { kind: 'session'; session: string }

export interface RuleView {
  netns: number
  machine: string
  table: string
  chain: string
  number: number
  rule: string
  packets: number
  /** `Kind/namespace/name` of the object that the chain was made for, or ''. */
  object: string
}

/** Requests of the page. Each returns a promise; a refusal rejects with an `Error` whose message is for people. */
export interface HostApi {
  /** `last` is the session that was open when the app ended or the page was reloaded, or ''. */
  hello(): Promise<{ version: string; host: 'desktop' | 'browser'; preferences: Preferences; last: string }>
  listLabs(): Promise<LabSummary[]>
  listSessions(): Promise<SessionSummary[]>
  /** Opens (or creates) a session and makes it the current one. History follows as `onHistory` calls, then batches. */
  openSession(target: OpenTarget): Promise<SessionInfo>
  closeSession(): Promise<void>
  renameSession(session: string, title: string): Promise<void>
  deleteSession(session: string): Promise<void>
  /** The whole journal as a `vethlab-session/1` file. */
  exportSession(session: string): Promise<string>
  /** Acknowledged only when the journal has it on disk. */
  submit(input: Input): Promise<{ seq: number; atUs: number }>
  play(speed: number): Promise<void>
  pause(): Promise<void>
  /** Runs to the end of the next event of that class. */
  step(what: 'packet' | 'control' | 'drop' | 'event'): Promise<void>
  /** Goes to a moment of this session. Before `endUs` this is the past: a replay shows it, the present stays as it is. */
  seek(atUs: number): Promise<void>
  /** Steps back to just before the last packet event. */
  stepBack(): Promise<void>
  /** Returns from the past to the live end. */
  present(): Promise<void>
  /** Continues from the moment looked at, as a new session. */
  takeOver(): Promise<SessionInfo>
  /** Plays a saved session from its start in its recorded order. */
  replaySession(session: string): Promise<SessionInfo>
  /** Rules of a namespace as they stand now, with counters. */
  rules(netns: number): Promise<RuleView[]>
  setPreferences(preferences: Partial<Preferences>): Promise<void>
}

/** What the host tells the page. */
export interface PageApi {
  /** The page must forget its folds and start again from what follows (session opened, went to the past, came back). */
  onReset(info: SessionInfo, transport: Transport): void
  onBatch(batch: Batch): void
  onTransport(transport: Transport): void
  /** Replay found a different digest, the engine stopped, the disk is full: a sentence and, for a bug, a report to save. */
  onTrouble(trouble: { kind: 'bug' | 'digest' | 'storage' | 'busy'; message: string; report: string }): void
}

export const HOST_METHODS = [
  'hello', 'listLabs', 'listSessions', 'openSession', 'closeSession', 'renameSession', 'deleteSession', 'exportSession',
  'submit', 'play', 'pause', 'step', 'seek', 'stepBack', 'present', 'takeOver', 'replaySession', 'rules', 'setPreferences',
] as const satisfies readonly (keyof HostApi)[]
