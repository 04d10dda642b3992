/** A plugin hands its work, or a part of it, to another one (CNI spec, section 4: plugin delegation). */
import type { Wait } from '../../linux/wait.ts'
import type { CniError, CniResult } from './cni-types.ts'
import { type CniCommand, execPlugin } from './exec-plugin.ts'
import type { CniRequest } from './plugin-program.ts'

export function* delegate(
  request: CniRequest, type: string, command: CniCommand, config: string,
): Generator<Wait, CniResult | CniError | null, unknown> {
  const { proc } = request
  const parameters = {
    containerId: request.containerId,
    netnsPath: request.netnsPath,
    ifName: request.ifName,
    args: proc.env.get('CNI_ARGS') ?? '',
  }
  return yield* execPlugin(proc.machine, proc, type, command, parameters, config)
}
