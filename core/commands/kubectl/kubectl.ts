import { Bug } from '../../base/assert.ts'
import type { ApiClient } from '../../api/client/api-client.ts'
import type { Process } from '../../linux/process.ts'
import type { Executable } from '../../linux/program.ts'

/** A client for the process's kubeconfig, or the line to print when there is no server to talk to. */
export type Connect = (proc: Process) => ApiClient | string

export function kubectl(connect: Connect): Executable {
  return {
    *program(proc) {
      connect(proc)
      throw new Bug('not yet')
    },
  }
}
