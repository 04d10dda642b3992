/**
 * The only way in. Whatever changes a world from outside is one of these, written to the journal with its virtual time, so
 * that the same journal always makes the same world.
 */
export type Input =
  /** Opens a terminal: a login shell on a machine, or (`pod` set, `namespace/name/container`) in a container. */
  | { kind: 'tty.open'; tty: string; machine: string; pod: string; columns: number; rows: number }
  /** What the keyboard sent, control characters included. */
  | { kind: 'tty.data'; tty: string; data: string }
  | { kind: 'tty.resize'; tty: string; columns: number; rows: number }
  | { kind: 'tty.close'; tty: string }
  /** The editor saved, renamed or removed a file. */
  | { kind: 'file.write'; machine: string; path: string; content: string }
  | { kind: 'file.rename'; machine: string; from: string; to: string }
  | { kind: 'file.remove'; machine: string; path: string }
  /** Runs a shell line on a machine without a terminal; its output comes as `exec.out`, its end as `exec.exit`. */
  | { kind: 'exec'; exec: string; machine: string; line: string }
  | { kind: 'link.set'; machine: string; link: string; up: boolean }
  /** The learner asks for a hint, or goes to a step of the lab. */
  | { kind: 'lab.hint'; step: string }
  | { kind: 'lab.goto'; step: string }
  /** An answer to a question that a lab's step asks. */
  | { kind: 'lab.answer'; step: string; check: string; answer: string }
  /** Nothing but a place in the journal: somebody continued from here. */
  | { kind: 'note'; text: string }

export interface JournalEntry {
  seq: number
  atUs: number
  /** How many clock events had run: places an input inside an instant when somebody stepped through it. */
  events: number
  input: Input
}

/** Compares a replay with its recording: the digest after everything that happened up to `atUs`, and how many inputs were in. */
export interface DigestMark {
  atUs: number
  /** How many clock events had run. */
  events: number
  inputs: number
  digest: string
}
