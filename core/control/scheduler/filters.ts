/**
 * Why a node will not do: the filter plug-ins of kube-scheduler, in its order, with its reasons (pkg/scheduler/framework/plugins).
 * Omits: volumes' zones and limits, node declared features.
 */
import { matchesSelector } from '../../api/meta/labels.ts'
import type { Requirement } from '../../api/meta/labels.ts'
import { matchesNodeSelectorTerm } from '../../api/semantics/node-affinity.ts'
import { tolerates } from '../../api/semantics/tolerations.ts'
import type { Pod } from '../../api/types/index.ts'
import type { NodeInfo, PodDemand } from './node-info.ts'
import type { PodTopology } from './pod-topology.ts'

export interface Refusal {
  reasons: string[]
  /** Evicting other pods could help. */
  preemptible: boolean
}

const UNSCHEDULABLE_TAINT = { key: 'node.kubernetes.io/unschedulable', effect: 'NoSchedule' as const }

export function filterNode(pod: Pod, demand: PodDemand, info: NodeInfo, topology: PodTopology): Refusal | undefined {
  const { node } = info
  const { spec } = pod
  const tolerations = spec.tolerations ?? []
  if (node.spec.unschedulable && !tolerates(tolerations, UNSCHEDULABLE_TAINT)) return final('node(s) were unschedulable')
  if (spec.nodeName && spec.nodeName !== node.metadata.name) return final("node(s) didn't match the requested node name")
  for (const taint of node.spec.taints ?? [])
    if (taint.effect !== 'PreferNoSchedule' && !tolerates(tolerations, taint)) return final('node(s) had untolerated taint(s)')
  if (!matchesNode(pod, info)) return final("node(s) didn't match Pod's node affinity/selector")
  if (demand.hostPorts.some((port) => info.hostPorts.has(port)))
    return { reasons: ["node(s) didn't have free ports for the requested pod ports"], preemptible: true }
  const short = insufficient(demand, info)
  if (short) return short
  return topology.filter(node)
}

function matchesNode(pod: Pod, info: NodeInfo): boolean {
  const { labels } = info.node.metadata
  const wanted: Requirement[] = Object.entries(pod.spec.nodeSelector ?? {}).map(([key, value]) => ({ key, operator: '=', values: [value] }))
  if (!matchesSelector(wanted, labels)) return false
  const required = pod.spec.affinity?.nodeAffinity?.requiredDuringSchedulingIgnoredDuringExecution
  return !required || required.nodeSelectorTerms.some((term) => matchesNodeSelectorTerm(term, info.node))
}

function insufficient(demand: PodDemand, info: NodeInfo): Refusal | undefined {
  const { allocatable, used } = info
  const reasons: string[] = []
  let hopeless = false
  if (info.pods.size + 1 > allocatable.pods) reasons.push('Too many pods')
  const check = (name: string, wanted: number, taken: number, total: number) => {
    if (wanted === 0 || wanted <= total - taken) return
    reasons.push(`Insufficient ${name}`)
    if (wanted > total) hopeless = true
  }
  check('cpu', demand.cpuMilli, used.cpuMilli, allocatable.cpuMilli)
  check('memory', demand.memory, used.memory, allocatable.memory)
  for (const [name, wanted] of demand.scalars) check(name, wanted, used.scalars.get(name) ?? 0, allocatable.scalars.get(name) ?? 0)
  return reasons.length > 0 ? { reasons, preemptible: !hopeless } : undefined
}

function final(reason: string): Refusal {
  return { reasons: [reason], preemptible: false }
}
