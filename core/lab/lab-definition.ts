/** A guided lab as data: what `lab.yaml` and the texts beside it become. JSON, kept whole with each session. */
import type { WorldOptions } from '../cluster/world-spec.ts'
import type { FlowExpectation, FlowRequest } from './flow.ts'

/** A text in the languages that the lab's author wrote; English is always there. */
export interface LabText {
  en: string
  zh?: string
  ru?: string
}

/** Objects of the API as they stand. */
export interface StateCheck {
  kind: 'state'
  /** `services/default/tomcat-service`; without a name (`pods/default`) all of them. */
  object: string
  /** Label selector, for lists. */
  selector: string
  /** kubectl JSONPath on the object, `{.spec.type}`; '' for the object itself. */
  path: string
  /** Exactly one is set; `count` counts the objects found (for lists) and `matches` is a regular expression. */
  equals?: string
  matches?: string
  atLeast?: number
  count?: number
  exists?: boolean
}

/** A shell line judged by its exit code and output, on a fork of the world. */
export interface RunCheck {
  kind: 'run'
  on: string
  line: string
  exitCode: number
  /** Regular expression that standard output must match, or ''. */
  stdout: string
}

/** A connection sent through a fork of the world. */
export interface FlowCheck {
  kind: 'flow'
  flow: FlowRequest
  expect: FlowExpectation
}

/** Something that the learner's own traffic must have done since the step was opened. */
export interface PacketCheck {
  kind: 'packet'
  /** Where it set out: a machine's name or `pod/namespace/name`; a trailing `*` matches the rest. '' for anywhere. */
  from: string
  protocol: 'TCP' | 'UDP' | 'ICMP' | 'ARP' | ''
  dport: number
  /** Destination that the sender wrote, or ''. */
  dst: string
  /** Chains of which a rule must have matched, e.g. `KUBE-NODEPORTS`; a trailing `*` matches the rest. */
  crossed: string[]
  /** Interfaces that it must have passed, `worker-1:cni0`; `*` in place of either part matches any. */
  passed: string[]
  delivered: 'yes' | 'no' | ''
  /** A source translation happened on its way. */
  snat: 'yes' | 'no' | ''
}

export interface QuestionCheck {
  kind: 'question'
  choices: { id: string; text: LabText }[]
  answer: string
  /** What to say to each wrong answer, by choice. */
  because: { id: string; text: LabText }[]
}

export type CheckBody = StateCheck | RunCheck | FlowCheck | PacketCheck | QuestionCheck

export interface LabCheckDefinition {
  id: string
  title: LabText
  check: CheckBody
}

export interface LabStepDefinition {
  id: string
  title: LabText
  /** Markdown. */
  text: LabText
  hints: LabText[]
  checks: LabCheckDefinition[]
  /** Shell lines that solve the step: `MACHINE$ line`, proof that the lab can be done. */
  solution: { machine: string; line: string }[]
  /** Answers of the solution to the step's questions, by check. */
  answers: { check: string; answer: string }[]
}

export interface LabDefinition {
  id: string
  title: LabText
  track: LabText
  summary: LabText
  minutes: number
  world: WorldOptions
  files: { path: string; content: string }[]
  setup: string
  steps: LabStepDefinition[]
}
