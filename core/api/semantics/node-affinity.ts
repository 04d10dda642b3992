/** Does a node fit a node selector term? k8s.io/component-helpers/scheduling/corev1/nodeaffinity. */
import { matchesSelector } from '../meta/labels.ts'
import type { Requirement } from '../meta/labels.ts'
import type { Node, NodeSelectorTerm, Pod } from '../types/index.ts'

const OPERATORS = new Map<string, Requirement['operator']>([
  ['In', 'in'],
  ['NotIn', 'notin'],
  ['Exists', 'exists'],
  ['DoesNotExist', '!'],
  ['Gt', '>'],
  ['Lt', '<'],
])

/** An empty term matches nothing. */
export function matchesNodeSelectorTerm(term: NodeSelectorTerm, node: Node): boolean {
  const expressions = term.matchExpressions ?? []
  const fields = term.matchFields ?? []
  if (expressions.length === 0 && fields.length === 0) return false
  return (
    matchesSelector(
      expressions.map((e) => requirement(e)),
      node.metadata.labels,
    ) &&
    matchesSelector(
      fields.map((e) => requirement(e)),
      { 'metadata.name': node.metadata.name },
    )
  )
}

function requirement(e: { key: string; operator: string; values?: string[] }): Requirement {
  return { key: e.key, operator: OPERATORS.get(e.operator) ?? 'in', values: e.values ?? [] }
}

/** nodeSelector and required node affinity of a pod. */
export function podFitsNode(pod: Pick<Pod, 'spec'>, node: Node): boolean {
  const wanted: Requirement[] = Object.entries(pod.spec.nodeSelector ?? {}).map(([key, value]) => ({ key, operator: '=', values: [value] }))
  if (!matchesSelector(wanted, node.metadata.labels)) return false
  const required = pod.spec.affinity?.nodeAffinity?.requiredDuringSchedulingIgnoredDuringExecution
  return !required || required.nodeSelectorTerms.some((term) => matchesNodeSelectorTerm(term, node))
}
