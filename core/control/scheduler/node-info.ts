/** What the scheduler knows of a node: its free room, kept up to date pod by pod (pkg/scheduler/framework NodeInfo). */
import { milliValue, wholeValue } from '../../api/meta/quantity.ts'
import type { Node, Pod } from '../../api/types/index.ts'

/** For scoring, a container that asks for nothing counts as this (GetNonzeroRequests). */
const NONZERO_CPU_MILLI = 100
const NONZERO_MEMORY = 200 * 1024 * 1024

export interface Resources {
  cpuMilli: number
  memory: number
  scalars: Map<string, number>
}

export interface PodDemand extends Resources {
  nonzeroCpuMilli: number
  nonzeroMemory: number
  hostPorts: string[]
}

export class NodeInfo {
  node: Node
  allocatable: Resources & { pods: number }
  readonly used: Resources = { cpuMilli: 0, memory: 0, scalars: new Map() }
  nonzeroCpuMilli = 0
  nonzeroMemory = 0
  readonly pods = new Map<string, Pod>()
  readonly hostPorts = new Map<string, number>()
  /** How many pods of each owner are here, for spreading. */
  readonly owners = new Map<string, number>()

  constructor(node: Node) {
    this.node = node
    this.allocatable = allocatableOf(node)
  }

  setNode(node: Node): void {
    this.node = node
    this.allocatable = allocatableOf(node)
  }

  add(key: string, pod: Pod): void {
    if (this.pods.has(key)) this.remove(key)
    this.pods.set(key, pod)
    this.#count(pod, 1)
  }

  remove(key: string): void {
    const pod = this.pods.get(key)
    if (!pod) return
    this.pods.delete(key)
    this.#count(pod, -1)
  }

  #count(pod: Pod, sign: 1 | -1): void {
    const demand = podDemand(pod)
    this.used.cpuMilli += sign * demand.cpuMilli
    this.used.memory += sign * demand.memory
    this.nonzeroCpuMilli += sign * demand.nonzeroCpuMilli
    this.nonzeroMemory += sign * demand.nonzeroMemory
    for (const [name, value] of demand.scalars) this.used.scalars.set(name, (this.used.scalars.get(name) ?? 0) + sign * value)
    for (const port of demand.hostPorts) bump(this.hostPorts, port, sign)
    const owner = pod.metadata.ownerReferences?.find((o) => o.controller)?.uid
    if (owner) bump(this.owners, owner, sign)
  }
}

/** The larger of the sum of all containers and any one init container; sidecars run beside both. */
export function podDemand(pod: Pod): PodDemand {
  const demand: PodDemand = { cpuMilli: 0, memory: 0, scalars: new Map(), nonzeroCpuMilli: 0, nonzeroMemory: 0, hostPorts: [] }
  const sidecars = (pod.spec.initContainers ?? []).filter((c) => c.restartPolicy === 'Always')
  for (const c of [...pod.spec.containers, ...sidecars]) {
    const requests = c.resources?.requests
    const cpu = milliValue(requests?.cpu)
    const memory = wholeValue(requests?.memory)
    demand.cpuMilli += cpu
    demand.memory += memory
    demand.nonzeroCpuMilli += cpu || NONZERO_CPU_MILLI
    demand.nonzeroMemory += memory || NONZERO_MEMORY
    for (const [name, quantity] of Object.entries(requests ?? {}))
      if (name !== 'cpu' && name !== 'memory') demand.scalars.set(name, (demand.scalars.get(name) ?? 0) + wholeValue(quantity))
    for (const port of c.ports ?? []) if (port.hostPort) demand.hostPorts.push(`${port.protocol ?? 'TCP'}/${port.hostPort}`)
  }
  for (const c of pod.spec.initContainers ?? []) {
    if (c.restartPolicy === 'Always') continue
    demand.cpuMilli = Math.max(demand.cpuMilli, milliValue(c.resources?.requests?.cpu))
    demand.memory = Math.max(demand.memory, wholeValue(c.resources?.requests?.memory))
  }
  return demand
}

function allocatableOf(node: Node): Resources & { pods: number } {
  const from = node.status?.allocatable ?? node.status?.capacity ?? {}
  const scalars = new Map<string, number>()
  for (const [name, value] of Object.entries(from))
    if (name !== 'cpu' && name !== 'memory' && name !== 'pods') scalars.set(name, wholeValue(value))
  return { cpuMilli: milliValue(from.cpu), memory: wholeValue(from.memory), pods: wholeValue(from.pods ?? '110'), scalars }
}

function bump(map: Map<string, number>, key: string, by: number): void {
  const value = (map.get(key) ?? 0) + by
  if (value === 0) map.delete(key)
  else map.set(key, value)
}
