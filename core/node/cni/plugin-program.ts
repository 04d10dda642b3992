/**
 * The frame in which every CNI plugin runs: a program that reads its configuration from standard input and its parameters from
 * CNI_* variables, and answers with JSON on standard output (CNI spec, sections 2 and 3).
 *
 * Omits: version negotiation; every version that is asked for is answered in its own number.
 */
import { NET_NAMESPACE_DIR } from '../cri/netns-path.ts'
import type { NetNamespace } from '../../net/net-namespace.ts'
import type { Process } from '../../linux/process.ts'
import type { Executable } from '../../linux/program.ts'
import type { Wait } from '../../linux/wait.ts'
import { CNI_ERROR, CNI_VERSION, type CniError, type CniResult, type PluginConfig, cniError, isCniError } from './cni-types.ts'

export interface CniRequest {
  proc: Process
  containerId: string
  /** The pod's stack; null on DEL when it is gone already. */
  netns: NetNamespace | null
  netnsPath: string
  ifName: string
  /** CNI_ARGS. */
  args: Map<string, string>
  config: PluginConfig
  /** The standard input as it came, to hand on to a delegate. */
  text: string
}

export interface CniPlugin {
  add(request: CniRequest): Generator<Wait, CniResult | CniError, unknown>
  /** Must succeed when there is nothing left to remove. */
  del(request: CniRequest): Generator<Wait, CniError | null, unknown>
  check?(request: CniRequest): Generator<Wait, CniError | null, unknown>
}

export function cniProgram(plugin: CniPlugin): Executable {
  return {
    *program(proc) {
      const command = proc.env.get('CNI_COMMAND') ?? ''
      const text = yield* proc.readAll(0)
      if (command === 'VERSION') {
        proc.print(`${JSON.stringify({ cniVersion: CNI_VERSION, supportedVersions: ['0.1.0', '0.2.0', '0.3.0', '0.3.1', '0.4.0', '1.0.0'] })}\n`)
        return 0
      }
      const outcome = yield* run(proc, plugin, command, text)
      if (outcome === null) return 0
      proc.print(`${JSON.stringify(outcome)}\n`)
      return isCniError(outcome) ? 1 : 0
    },
  }
}

function* run(proc: Process, plugin: CniPlugin, command: string, text: string): Generator<Wait, CniResult | CniError | null, unknown> {
  if (command === '') return cniError(CNI_ERROR.invalidEnvironment, 'required env variables [CNI_COMMAND] missing')
  const config = parseConfig(text)
  if (isCniError(config)) return config
  const netnsPath = proc.env.get('CNI_NETNS') ?? ''
  const netns = findNamespace(proc, netnsPath)
  const containerId = proc.env.get('CNI_CONTAINERID') ?? ''
  const ifName = proc.env.get('CNI_IFNAME') ?? ''
  if (containerId === '' || ifName === '') {
    return cniError(CNI_ERROR.invalidEnvironment, 'required env variables [CNI_CONTAINERID,CNI_IFNAME] missing')
  }
  const request: CniRequest = { proc, containerId, netns, netnsPath, ifName, args: parseArgs(proc.env.get('CNI_ARGS') ?? ''), config, text }
  switch (command) {
    case 'ADD': {
      if (!netns) return cniError(CNI_ERROR.unknownContainer, `failed to open netns "${netnsPath}": failed to Statfs "${netnsPath}": no such file or directory`)
      const result = yield* plugin.add(request)
      return isCniError(result) ? result : { ...result, cniVersion: config.cniVersion ?? CNI_VERSION }
    }
    case 'DEL':
      return yield* plugin.del(request)
    case 'CHECK':
      return plugin.check ? yield* plugin.check(request) : null
    default:
      return cniError(CNI_ERROR.invalidEnvironment, `unknown CNI_COMMAND: ${command}`)
  }
}

function parseConfig(text: string): PluginConfig | CniError {
  try {
    const value: unknown = JSON.parse(text)
    if (typeof value === 'object' && value !== null && 'type' in value) return value as PluginConfig
  } catch {
    // Answered below like any other text that is no configuration.
  }
  return cniError(CNI_ERROR.decodingFailure, 'error unmarshall network config: invalid JSON')
}

/** `IgnoreUnknown=1;K8S_POD_NAME=web` */
function parseArgs(text: string): Map<string, string> {
  const args = new Map<string, string>()
  for (const pair of text.split(';')) {
    const equals = pair.indexOf('=')
    if (equals > 0) args.set(pair.slice(0, equals), pair.slice(equals + 1))
  }
  return args
}

function findNamespace(proc: Process, path: string): NetNamespace | null {
  if (!path.startsWith(NET_NAMESPACE_DIR)) return null
  const name = path.slice(NET_NAMESPACE_DIR.length)
  for (const ns of proc.machine.world.net.namespaces.values()) {
    if (ns.name === name && ns.machine === proc.machine.name) return ns
  }
  return null
}
