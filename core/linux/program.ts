/**
 * What can be executed. A program is a generator: it yields `Wait`s, is resumed by the Clock alone, and is killed by
 * `return()`, so that its `finally` blocks run.
 */
import type { Process } from './process.ts'
import type { Wait } from './wait.ts'

export type Program = (proc: Process, argv: readonly string[]) => Generator<Wait, number, unknown>

export interface Executable {
  program: Program
  /** Candidates for the word `words[index]` of its command line; the shell keeps those that begin with what stands there. */
  complete?: (proc: Process, words: readonly string[], index: number) => string[]
  /**
   * True for programs that install no handler for SIGTERM (sleep, tail, shells): as process 1 of a container the kernel
   * then ignores the signal, and the container dies only by SIGKILL at the end of its grace period.
   */
  noTermHandler?: boolean
}
