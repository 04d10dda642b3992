/** The shells as programs: `/bin/bash` of machines, `/bin/sh` of small images. */
import type { Executable } from '../linux/program.ts'
import { shellExecutable } from './shell-program.ts'

export const bash: Executable = shellExecutable('bash')
export const sh: Executable = shellExecutable('sh')
