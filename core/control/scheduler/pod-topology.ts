/**
 * What depends on where other pods are: required pod affinity and anti-affinity, topology spread with DoNotSchedule
 * (plug-ins InterPodAffinity and PodTopologySpread). Counted once per pod, then asked per node.
 * Omits: namespaceSelector by labels of namespaces other than "all" and "own", minDomains, nodeTaintsPolicy.
 */
import type { LabelIndex } from '../../api/client/object-index.ts'
import { matchesSelector, selectorFromObject } from '../../api/meta/labels.ts'
import type { Node, Pod, PodAffinityTerm } from '../../api/types/index.ts'
import type { NodeInfo } from './node-info.ts'
import type { Refusal } from './filters.ts'

interface Term {
  topologyKey: string
  /** Matching pods per value of the topology key. */
  counts: Map<string, number>
}

interface Spread extends Term {
  maxSkew: number
  lowest: number
  self: number
}

export class PodTopology {
  readonly #affinity: Term[]
  readonly #antiAffinity: Term[]
  /** Topology domains that pods already there keep this pod out of. */
  readonly #barred: Term[]
  readonly #spreads: Spread[]
  readonly #firstOfItsKind: boolean

  constructor(pod: Pod, nodes: ReadonlyMap<string, NodeInfo>, pods: LabelIndex<Pod>, exclusive: Iterable<Pod>) {
    const namespace = pod.metadata.namespace!
    const count = (topologyKey: string, found: readonly Pod[]): Map<string, number> => {
      const counts = new Map<string, number>()
      for (const other of found) {
        const value = other.spec.nodeName ? nodes.get(other.spec.nodeName)?.node.metadata.labels?.[topologyKey] : undefined
        if (value !== undefined && !other.metadata.deletionTimestamp) counts.set(value, (counts.get(value) ?? 0) + 1)
      }
      return counts
    }
    const term = (t: PodAffinityTerm): Term => {
      const namespaces = t.namespaces?.length ? t.namespaces : [namespace]
      const found = namespaces.flatMap((ns) => pods.select(ns, selectorFromObject(t.labelSelector)))
      return { topologyKey: t.topologyKey, counts: count(t.topologyKey, found) }
    }
    const affinity = pod.spec.affinity?.podAffinity?.requiredDuringSchedulingIgnoredDuringExecution ?? []
    this.#affinity = affinity.map(term)
    this.#antiAffinity = (pod.spec.affinity?.podAntiAffinity?.requiredDuringSchedulingIgnoredDuringExecution ?? []).map(term)
    // The first of a group that wants to be together may go anywhere, if it matches itself.
    this.#firstOfItsKind =
      this.#affinity.every((t) => t.counts.size === 0) &&
      affinity.every((t) => matchesSelector(selectorFromObject(t.labelSelector), pod.metadata.labels))
    this.#barred = []
    for (const other of exclusive) {
      if (!other.spec.nodeName || other.metadata.deletionTimestamp) continue
      for (const t of other.spec.affinity?.podAntiAffinity?.requiredDuringSchedulingIgnoredDuringExecution ?? []) {
        const namespaces = t.namespaces?.length ? t.namespaces : [other.metadata.namespace!]
        if (namespaces.includes(namespace) && matchesSelector(selectorFromObject(t.labelSelector), pod.metadata.labels))
          this.#barred.push({ topologyKey: t.topologyKey, counts: count(t.topologyKey, [other]) })
      }
    }
    this.#spreads = (pod.spec.topologySpreadConstraints ?? [])
      .filter((c) => c.whenUnsatisfiable === 'DoNotSchedule')
      .map((c) => {
        const selector = selectorFromObject(c.labelSelector)
        const counts = count(c.topologyKey, pods.select(namespace, selector))
        for (const info of nodes.values()) {
          const value = info.node.metadata.labels?.[c.topologyKey]
          if (value !== undefined && !counts.has(value)) counts.set(value, 0)
        }
        const self = matchesSelector(selector, pod.metadata.labels) ? 1 : 0
        return { topologyKey: c.topologyKey, counts, maxSkew: c.maxSkew, lowest: counts.size > 0 ? Math.min(...counts.values()) : 0, self }
      })
  }

  filter(node: Node): Refusal | undefined {
    const labels = node.metadata.labels ?? {}
    for (const s of this.#spreads) {
      const value = labels[s.topologyKey]
      if (value === undefined)
        return { reasons: ["node(s) didn't match pod topology spread constraints (missing required label)"], preemptible: false }
      if ((s.counts.get(value) ?? 0) + s.self - s.lowest > s.maxSkew)
        return { reasons: ["node(s) didn't match pod topology spread constraints"], preemptible: true }
    }
    for (const t of this.#affinity) {
      const value = labels[t.topologyKey]
      if (value === undefined || (!this.#firstOfItsKind && !t.counts.get(value)))
        return { reasons: ["node(s) didn't match pod affinity rules"], preemptible: false }
    }
    for (const t of this.#antiAffinity) {
      const value = labels[t.topologyKey]
      if (value !== undefined && t.counts.get(value))
        return { reasons: ["node(s) didn't match pod anti-affinity rules"], preemptible: true }
    }
    for (const t of this.#barred) {
      const value = labels[t.topologyKey]
      if (value !== undefined && t.counts.get(value))
        return { reasons: ["node(s) didn't satisfy existing pods anti-affinity rules"], preemptible: true }
    }
    return undefined
  }
}
