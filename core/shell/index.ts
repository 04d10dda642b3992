/** The shells as programs. */
import { Bug } from '../base/assert.ts'
import type { Executable } from '../linux/program.ts'

// biome-ignore lint/correctness/useYield: not yet
export const bash: Executable = { *program() { throw new Bug('not yet') }, noTermHandler: true }
export const sh: Executable = bash
