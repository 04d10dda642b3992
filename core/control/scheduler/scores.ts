/**
 * Which of the nodes that will do is best: least allocated, balanced, spread, preferred affinities, soft taints, with the default
 * weights of kube-scheduler. Whole numbers only.
 * Omits: image locality, preferred pod affinity by distance, zones in the default spreading.
 */
import { matchesNodeSelectorTerm } from '../../api/semantics/node-affinity.ts'
import { tolerates } from '../../api/semantics/tolerations.ts'
import type { Pod } from '../../api/types/index.ts'
import type { NodeInfo, PodDemand } from './node-info.ts'

const SCORE_MAX = 100
const WEIGHT_TAINTS = 3
const WEIGHT_AFFINITY = 2
const WEIGHT_SPREAD = 2

export function scoreNodes(pod: Pod, demand: PodDemand, nodes: readonly NodeInfo[]): number[] {
  const owner = pod.metadata.ownerReferences?.find((o) => o.controller)?.uid
  const siblings = nodes.map((info) => (owner ? (info.owners.get(owner) ?? 0) : 0))
  const spread = inverted(siblings)
  const taints = inverted(nodes.map((info) => softTaints(pod, info)))
  const affinity = normalized(nodes.map((info) => preferred(pod, info)))
  return nodes.map(
    (info, i) =>
      leastAllocated(demand, info) +
      balanced(demand, info) +
      WEIGHT_SPREAD * spread[i]! +
      WEIGHT_TAINTS * taints[i]! +
      WEIGHT_AFFINITY * affinity[i]!,
  )
}

function leastAllocated(demand: PodDemand, info: NodeInfo): number {
  const cpu = free(info.allocatable.cpuMilli, info.nonzeroCpuMilli + demand.nonzeroCpuMilli)
  const memory = free(info.allocatable.memory, info.nonzeroMemory + demand.nonzeroMemory)
  return Math.floor((cpu + memory) / 2)
}

function free(total: number, used: number): number {
  return total === 0 || used > total ? 0 : Math.floor(((total - used) * SCORE_MAX) / total)
}

/** CPU and memory used to the same degree is best. */
function balanced(demand: PodDemand, info: NodeInfo): number {
  const { cpuMilli, memory } = info.allocatable
  if (cpuMilli === 0 || memory === 0) return 0
  const cpu = Math.min(1000, Math.floor(((info.used.cpuMilli + demand.cpuMilli) * 1000) / cpuMilli))
  const mem = Math.min(1000, Math.floor(((info.used.memory + demand.memory) * 1000) / memory))
  return SCORE_MAX - Math.floor(Math.abs(cpu - mem) / 20)
}

function softTaints(pod: Pod, info: NodeInfo): number {
  return (info.node.spec.taints ?? []).filter((t) => t.effect === 'PreferNoSchedule' && !tolerates(pod.spec.tolerations ?? [], t)).length
}

function preferred(pod: Pod, info: NodeInfo): number {
  let sum = 0
  for (const p of pod.spec.affinity?.nodeAffinity?.preferredDuringSchedulingIgnoredDuringExecution ?? [])
    if (matchesNodeSelectorTerm(p.preference, info.node)) sum += p.weight
  return sum
}

function normalized(values: readonly number[]): number[] {
  const most = values.reduce((a, b) => Math.max(a, b), 0)
  return values.map((v) => (most === 0 ? 0 : Math.floor((v * SCORE_MAX) / most)))
}

function inverted(values: readonly number[]): number[] {
  return normalized(values).map((v) => SCORE_MAX - v)
}
