/** What the host and the engine's thread say to each other. */
import type { OpenTarget, RuleView, Transport } from '../../preload/contract.ts'
import type { DigestMark, Input, JournalEntry } from '../../core/sim/input.ts'
import type { Batch } from '../../core/sim/trace-event.ts'
import type { Scenario } from '../../core/session/scenario.ts'

export interface OpenCommand {
  scenario: Scenario
  journal: JournalEntry[]
  marks: DigestMark[]
  /** Where virtual time stood when it was saved. */
  nowUs: number
  /** Play the recording from its start instead of opening its end. */
  replay: boolean
}

export type EngineCommand =
  | { kind: 'open'; open: OpenCommand }
  | { kind: 'close' }
  | { kind: 'submit'; input: Input }
  | { kind: 'play'; speed: number }
  | { kind: 'pause' }
  | { kind: 'step'; what: 'packet' | 'control' | 'drop' | 'event' }
  | { kind: 'seek'; atUs: number }
  | { kind: 'stepBack' }
  | { kind: 'present' }
  /** Makes the replica that shows the past the live world; the answer is its journal. */
  | { kind: 'takeOver' }
  | { kind: 'rules'; netns: number }
  /** Sends the whole history again: a page was reloaded. */
  | { kind: 'history' }

export interface Opened {
  seed: number
  cni: string
  proxyMode: string
  ipFamily: string
  bootUs: number
  transport: Transport
}

export interface TakenOver {
  scenario: Scenario
  journal: JournalEntry[]
  nowUs: number
}

export interface EngineAnswers {
  open: Opened
  submit: { seq: number; atUs: number }
  takeOver: TakenOver
  rules: RuleView[]
}

export type EngineNews =
  | { kind: 'answer'; id: number; value: unknown }
  | { kind: 'refusal'; id: number; message: string }
  /** To be written before anything that follows it is shown. */
  | { kind: 'entry'; entry: JournalEntry }
  | { kind: 'mark'; mark: DigestMark }
  | { kind: 'reset'; transport: Transport }
  | { kind: 'batch'; batch: Batch }
  | { kind: 'transport'; transport: Transport }
  | { kind: 'stepDone'; step: string }
  | { kind: 'trouble'; trouble: { kind: 'bug' | 'digest' | 'storage' | 'busy'; message: string; report: string } }

export type { OpenTarget }
