/**
 * Runs a plugin's binary with its standard input and collects what it prints: libcni's `invoke` package. Used by the container
 * runtime for the plugins of a list and by plugins for their delegates (IPAM, flannel → bridge).
 */
import { DEFAULT_PATH } from '../../linux/find-executable.ts'
import type { Machine } from '../../linux/machine.ts'
import { type OpenFile, SinkFile, TextFile } from '../../linux/open-file.ts'
import type { Process } from '../../linux/process.ts'
import { type Wait, WaitQueue } from '../../linux/wait.ts'
import { CNI_BIN_DIR, CNI_ERROR, type CniError, type CniResult, cniError, isCniError } from './cni-types.ts'

/** The CNI_* variables, except the command. */
export interface CniParameters {
  containerId: string
  netnsPath: string
  ifName: string
  args: string
}

export type CniCommand = 'ADD' | 'DEL' | 'CHECK' | 'VERSION'

/** Null for a command that has no result (DEL, CHECK). */
export function* execPlugin(
  machine: Machine, parent: Process | undefined, type: string, command: CniCommand, parameters: CniParameters, config: string,
): Generator<Wait, CniResult | CniError | null, unknown> {
  const path = `${CNI_BIN_DIR}/${type}`
  const found = machine.fs.executable(path)
  if (typeof found === 'string') return cniError(CNI_ERROR.internal, `failed to find plugin "${type}" in path [${CNI_BIN_DIR}]`)
  const collected = { stdout: '', stderr: '', exitCode: -1 }
  const ended = new WaitQueue()
  const files: [number, OpenFile][] = [
    [0, new TextFile(config)],
    [1, new SinkFile((text) => { collected.stdout += text })],
    [2, new SinkFile((text) => { collected.stderr += text })],
  ]
  machine.spawn({
    argv: [path],
    executable: found,
    context: machine.root,
    parent,
    cwd: '/',
    env: new Map([
      ['CNI_COMMAND', command],
      ['CNI_CONTAINERID', parameters.containerId],
      ['CNI_NETNS', parameters.netnsPath],
      ['CNI_IFNAME', parameters.ifName],
      ['CNI_ARGS', parameters.args],
      ['CNI_PATH', CNI_BIN_DIR],
      ['PATH', DEFAULT_PATH],
    ]),
    fds: new Map(files),
    onExit(code) {
      collected.exitCode = code
      ended.wake()
    },
  })
  for (const [, file] of files) file.close()
  while (collected.exitCode < 0) yield ended.wait
  return outcome(collected.exitCode, collected.stdout, collected.stderr)
}

function outcome(exitCode: number, stdout: string, stderr: string): CniResult | CniError | null {
  let value: unknown = null
  if (stdout.trim() !== '') {
    try {
      value = JSON.parse(stdout)
    } catch {
      return cniError(CNI_ERROR.decodingFailure, `netplugin failed but error parsing its diagnostic message "${stdout.trim()}"`)
    }
  }
  if (exitCode === 0) return value as CniResult | null
  return isCniError(value) ? value : cniError(CNI_ERROR.internal, `netplugin failed with no error message: ${stderr.trim() || `exit status ${exitCode}`}`)
}
