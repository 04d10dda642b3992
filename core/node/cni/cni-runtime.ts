/**
 * The container runtime's side of CNI (libcni): finds the configuration list, runs its plugins one after another, hands each
 * the result of the one before, remembers the last result for DEL.
 * Truth: CNI spec 1.0.0 section 3; containerd's go-cni (which configuration is taken, what its errors say).
 *
 * Omits: several networks per pod, CHECK, bandwidth and MAC capabilities, garbage collection.
 */
import type { Machine } from '../../linux/machine.ts'
import type { Wait } from '../../linux/wait.ts'
import {
  CNI_CONF_DIR, CNI_STATE_DIR, type CniError, type CniResult, type NetworkList, type PluginConfig, type PortMapping, cniError, isCniError,
} from './cni-types.ts'
import { type CniCommand, type CniParameters, execPlugin } from './exec-plugin.ts'
import { readText } from './read-text.ts'

export const POD_IF_NAME = 'eth0'
const RESULT_DIR = `${CNI_STATE_DIR}/results`

export interface PodNetwork {
  containerId: string
  netnsPath: string
  namespace: string
  pod: string
  uid: string
  /** An address that the pod asks for, or ''. */
  ip: string
  portMappings: PortMapping[]
}

export class CniRuntime {
  readonly #machine: Machine

  constructor(machine: Machine) {
    this.#machine = machine
  }

  /** The first list in name order, or null: then the node's network is not ready. */
  configuration(): NetworkList | null {
    const fs = this.#machine.fs
    const names = fs.list(CNI_CONF_DIR)
    if (typeof names === 'string') return null
    for (const name of names) {
      const list = name.endsWith('.conflist') || name.endsWith('.conf') || name.endsWith('.json')
      if (!list) continue
      const parsed = parseList(readText(fs, `${CNI_CONF_DIR}/${name}`) ?? '', name.endsWith('.conflist'))
      if (parsed) return parsed
    }
    return null
  }

  /** Sets a pod's network up. What failed is undone by the caller's `del`. */
  *add(network: PodNetwork): Generator<Wait, CniResult | CniError, unknown> {
    const list = this.configuration()
    if (!list) return cniError(999, 'cni plugin not initialized')
    const lo = yield* this.#run(LOOPBACK, LOOPBACK.plugins[0], 'ADD', { ...network, portMappings: [] }, undefined, 'lo')
    if (isCniError(lo)) return failed(lo, LOOPBACK.plugins[0], 'add')
    let result: CniResult | null = null
    for (const plugin of list.plugins) {
      const next: CniResult | CniError | null = yield* this.#run(list, plugin, 'ADD', network, result ?? undefined, POD_IF_NAME)
      if (isCniError(next)) return failed(next, plugin, 'add')
      result = next ?? result
    }
    if (!result) return cniError(999, 'plugin returned no result')
    this.#machine.fs.mkdir(RESULT_DIR, { parents: true })
    this.#machine.fs.write(resultPath(list, network), JSON.stringify({ kind: 'cniCacheV1', containerId: network.containerId, config: list, result }))
    return result
  }

  /** Takes a pod's network down: plugins in reverse order, with the configuration that ADD had. */
  *del(network: PodNetwork): Generator<Wait, CniError | null, unknown> {
    const fs = this.#machine.fs
    const found = this.#cached(network)
    const list = found?.config ?? this.configuration()
    if (!list) return null
    for (const plugin of [...list.plugins].reverse()) {
      const outcome = yield* this.#run(list, plugin, 'DEL', network, found?.result, POD_IF_NAME)
      if (isCniError(outcome)) return failed(outcome, plugin, 'delete')
    }
    if (found) fs.remove(resultPath(list, network))
    return null
  }

  #cached(network: PodNetwork): { config: NetworkList; result: CniResult } | null {
    const names = this.#machine.fs.list(RESULT_DIR)
    if (typeof names === 'string') return null
    const name = names.find((n) => n.endsWith(`-${network.containerId}-${POD_IF_NAME}`))
    const text = name === undefined ? null : readText(this.#machine.fs, `${RESULT_DIR}/${name}`)
    return text === null ? null : (JSON.parse(text) as { config: NetworkList; result: CniResult })
  }

  *#run(
    list: NetworkList, plugin: PluginConfig, command: CniCommand, network: PodNetwork, previous: CniResult | undefined, ifName: string,
  ): Generator<Wait, CniResult | CniError | null, unknown> {
    const config: PluginConfig = { ...plugin, name: list.name, cniVersion: list.cniVersion }
    delete config.capabilities
    if (plugin.capabilities?.portMappings && network.portMappings.length > 0) config.runtimeConfig = { portMappings: network.portMappings }
    if (previous) config.prevResult = previous
    const args = [
      'IgnoreUnknown=1', `K8S_POD_NAMESPACE=${network.namespace}`, `K8S_POD_NAME=${network.pod}`,
      `K8S_POD_INFRA_CONTAINER_ID=${network.containerId}`, `K8S_POD_UID=${network.uid}`,
    ]
    if (network.ip !== '') args.push(`IP=${network.ip}`)
    const parameters: CniParameters = { containerId: network.containerId, netnsPath: network.netnsPath, ifName, args: args.join(';') }
    return yield* execPlugin(this.#machine, undefined, plugin.type, command, parameters, JSON.stringify(config))
  }
}

/** containerd's own network for `lo`. */
const LOOPBACK: NetworkList = { cniVersion: '0.3.1', name: 'cni-loopback', plugins: [{ type: 'loopback' }] }

function failed(error: CniError, plugin: PluginConfig, what: 'add' | 'delete'): CniError {
  return cniError(error.code, `plugin type="${plugin.type}" failed (${what}): ${error.msg}${error.details ? `; ${error.details}` : ''}`)
}

function resultPath(list: NetworkList, network: PodNetwork): string {
  return `${RESULT_DIR}/${list.name}-${network.containerId}-${POD_IF_NAME}`
}

/** A list, or a single plugin's configuration made one. Null when it is neither. */
function parseList(text: string, isList: boolean): NetworkList | null {
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch {
    return null
  }
  if (typeof value !== 'object' || value === null) return null
  const fields = value as { [key: string]: unknown }
  const name = typeof fields.name === 'string' ? fields.name : ''
  const cniVersion = typeof fields.cniVersion === 'string' ? fields.cniVersion : '0.1.0'
  if (!isList) return typeof fields.type === 'string' ? { name, cniVersion, plugins: [fields as PluginConfig] } : null
  if (!Array.isArray(fields.plugins) || fields.plugins.length === 0) return null
  const plugins = fields.plugins.filter((p): p is PluginConfig => typeof p === 'object' && p !== null && typeof p.type === 'string')
  return { name, cniVersion, plugins }
}
