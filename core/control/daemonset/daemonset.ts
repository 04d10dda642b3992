/**
 * daemonset-controller: one pod on every node that fits, placed by node affinity, updated node by node (pkg/controller/daemon).
 * Omits: maxSurge, rollback.
 */
import { objectKey } from '../../api/client/informer.ts'
import { runController } from '../../api/client/run-controller.ts'
import type { Controller, ReconcileResult } from '../../api/client/run-controller.ts'
import { cloneJson, equalJson } from '../../api/meta/json.ts'
import { scaledValue } from '../../api/meta/int-or-string.ts'
import { selectorFromObject } from '../../api/meta/labels.ts'
import { hasReason } from '../../api/meta/status.ts'
import { byText } from '../../base/text-order.ts'
import { podFitsNode } from '../../api/semantics/node-affinity.ts'
import { isPodAvailable, isPodReady, isPodTerminal } from '../../api/semantics/pod-state.ts'
import { tolerates } from '../../api/semantics/tolerations.ts'
import type { DaemonSet, Node, Pod, PodTemplateSpec, Toleration } from '../../api/types/index.ts'
import { controllerOf } from '../controller-deps.ts'
import type { ControllerDeps } from '../controller-deps.ts'
import { REVISION_LABEL, currentRevision } from '../history.ts'
import { claimPods, createPod, deletePod, isNamespaceTerminating, podFromTemplate } from '../pod-control.ts'

/** A daemon stays where others must leave (util.AddOrUpdateDaemonPodTolerations). */
const DAEMON_TOLERATIONS: readonly Toleration[] = [
  { key: 'node.kubernetes.io/not-ready', operator: 'Exists', effect: 'NoExecute' },
  { key: 'node.kubernetes.io/unreachable', operator: 'Exists', effect: 'NoExecute' },
  { key: 'node.kubernetes.io/disk-pressure', operator: 'Exists', effect: 'NoSchedule' },
  { key: 'node.kubernetes.io/memory-pressure', operator: 'Exists', effect: 'NoSchedule' },
  { key: 'node.kubernetes.io/pid-pressure', operator: 'Exists', effect: 'NoSchedule' },
  { key: 'node.kubernetes.io/unschedulable', operator: 'Exists', effect: 'NoSchedule' },
]
const NETWORK_TOLERATION: Toleration = { key: 'node.kubernetes.io/network-unavailable', operator: 'Exists', effect: 'NoSchedule' }

export function daemonSetController(deps: ControllerDeps): Controller {
  const { client, clock, trace, recorder, informers, pods: indices } = deps
  const sets = informers.of<DaemonSet>('daemonsets.apps')
  const nodes = informers.of<Node>('nodes')
  const controller = runController({ clock, trace, name: 'daemonset-controller', reconcile })

  sets.onEvent((set, old) => controller.enqueue(objectKey((set ?? old)!)))
  informers.of<Pod>('pods').onEvent((pod, old) => {
    const owner = controllerOf((pod ?? old)!)
    if (owner?.kind === 'DaemonSet') controller.enqueue(`${(pod ?? old)!.metadata.namespace}/${owner.name}`)
  })
  nodes.onEvent((node, old) => {
    if (node && old && equalJson([node.metadata.labels, node.spec], [old.metadata.labels, old.spec])) return
    for (const set of sets.list()) controller.enqueue(objectKey(set))
  })

  function reconcile(key: string): ReconcileResult {
    const set = sets.byKey(key)
    if (!set) return
    if (set.metadata.deletionTimestamp) return
    const selector = selectorFromObject(set.spec.selector)
    try {
      const hash = currentRevision(client, set, set.spec.template)
      const byNode = new Map<string, Pod[]>()
      for (const pod of claimPods(client, indices, set, selector)) {
        const name = targetNode(pod)
        if (name) byNode.set(name, [...(byNode.get(name) ?? []), pod])
      }
      manage(set, byNode, hash)
      if (set.spec.updateStrategy?.type !== 'OnDelete') roll(set, byNode, hash)
      return status(set, byNode, hash)
    } catch (error) {
      if (isNamespaceTerminating(error)) return
      throw error
    }
  }

  function manage(set: DaemonSet, byNode: Map<string, Pod[]>, hash: string): void {
    const probe = { spec: daemonSpec(set.spec.template) } as Pick<Pod, 'spec'>
    for (const node of nodes.list()) {
      const here = byNode.get(node.metadata.name) ?? []
      const { run, stay } = placement(probe, node)
      const live: Pod[] = []
      for (const pod of here) {
        if (pod.metadata.deletionTimestamp) continue
        if (pod.status.phase === 'Failed') {
          recorder.event(
            set,
            'Warning',
            'FailedDaemonPod',
            `Found failed daemon pod ${objectKey(pod)} on node ${node.metadata.name}, will try to kill it`,
          )
          deletePod(client, recorder, set, pod)
        } else live.push(pod)
      }
      if (run && here.length === 0) createPod(client, recorder, set, daemonPod(set, node, hash))
      else if (!stay) for (const pod of live) deletePod(client, recorder, set, pod)
      else if (live.length > 1)
        for (const pod of live.sort((a, b) => byText(a.metadata.creationTimestamp ?? '', b.metadata.creationTimestamp ?? '')).slice(1))
          deletePod(client, recorder, set, pod)
    }
    for (const [name, list] of byNode)
      if (!nodes.byKey(name)) for (const pod of list) if (!pod.metadata.deletionTimestamp) deletePod(client, recorder, set, pod)
  }

  /** Old pods go, as many at a time as may be unavailable. */
  function roll(set: DaemonSet, byNode: Map<string, Pod[]>, hash: string): void {
    const probe = { spec: daemonSpec(set.spec.template) } as Pick<Pod, 'spec'>
    const wanted = nodes.list().filter((node) => placement(probe, node).run)
    const budget = Math.max(1, scaledValue(set.spec.updateStrategy?.rollingUpdate?.maxUnavailable ?? 1, wanted.length, true) ?? 1)
    let unavailable = 0
    const candidates: Pod[] = []
    for (const node of wanted) {
      const pod = (byNode.get(node.metadata.name) ?? []).find((p) => !isPodTerminal(p))
      if (!pod || pod.metadata.deletionTimestamp) {
        unavailable += 1
        continue
      }
      const available = isPodAvailable(pod, set.spec.minReadySeconds ?? 0, client.server.nowMs)
      if (!available) unavailable += 1
      if (pod.metadata.labels?.[REVISION_LABEL] !== hash) {
        // What does not work anyway costs nothing.
        if (!available) deletePod(client, recorder, set, pod)
        else candidates.push(pod)
      }
    }
    for (const pod of candidates.slice(0, Math.max(0, budget - unavailable))) deletePod(client, recorder, set, pod)
  }

  function status(set: DaemonSet, byNode: Map<string, Pod[]>, hash: string): ReconcileResult {
    const probe = { spec: daemonSpec(set.spec.template) } as Pick<Pod, 'spec'>
    const counts = { desired: 0, current: 0, misscheduled: 0, ready: 0, updated: 0, available: 0 }
    for (const node of nodes.list()) {
      const pods = (byNode.get(node.metadata.name) ?? []).filter((p) => !p.metadata.deletionTimestamp)
      const { run } = placement(probe, node)
      if (!run) {
        if (pods.length > 0) counts.misscheduled += 1
        continue
      }
      counts.desired += 1
      const pod = pods[0]
      if (!pod) continue
      counts.current += 1
      if (isPodReady(pod)) counts.ready += 1
      if (isPodAvailable(pod, set.spec.minReadySeconds ?? 0, client.server.nowMs)) counts.available += 1
      if (pod.metadata.labels?.[REVISION_LABEL] === hash) counts.updated += 1
    }
    const next: DaemonSet['status'] = {
      currentNumberScheduled: counts.current,
      numberMisscheduled: counts.misscheduled,
      desiredNumberScheduled: counts.desired,
      numberReady: counts.ready,
      observedGeneration: set.metadata.generation,
    }
    if (counts.updated > 0) next.updatedNumberScheduled = counts.updated
    if (counts.available > 0) next.numberAvailable = counts.available
    if (counts.desired > counts.available) next.numberUnavailable = counts.desired - counts.available
    if (!equalJson(next, set.status)) {
      try {
        client.updateStatus('daemonsets.apps', { ...set, status: next } as DaemonSet)
      } catch (error) {
        if (!hasReason(error, 'NotFound')) throw error
      }
    }
    return (set.spec.minReadySeconds ?? 0) > 0 && counts.ready > counts.available ? set.spec.minReadySeconds! * 1_000_000 : undefined
  }

  return controller
}

/** Where the pod is, or where its affinity will put it. */
function targetNode(pod: Pod): string | undefined {
  if (pod.spec.nodeName) return pod.spec.nodeName
  for (const term of pod.spec.affinity?.nodeAffinity?.requiredDuringSchedulingIgnoredDuringExecution?.nodeSelectorTerms ?? [])
    for (const field of term.matchFields ?? []) if (field.key === 'metadata.name') return field.values?.[0]
  return undefined
}

function placement(pod: Pick<Pod, 'spec'>, node: Node): { run: boolean; stay: boolean } {
  if (pod.spec.nodeName && pod.spec.nodeName !== node.metadata.name) return { run: false, stay: false }
  if (!podFitsNode(pod, node)) return { run: false, stay: false }
  const taints = node.spec.taints ?? []
  const tolerations = pod.spec.tolerations ?? []
  const stay = taints.every((t) => t.effect !== 'NoExecute' || tolerates(tolerations, t))
  const run = stay && taints.every((t) => t.effect === 'PreferNoSchedule' || tolerates(tolerations, t))
  return { run, stay }
}

function daemonSpec(template: PodTemplateSpec): PodTemplateSpec['spec'] {
  const spec = cloneJson(template.spec)
  const own = spec.hostNetwork ? [...DAEMON_TOLERATIONS, NETWORK_TOLERATION] : DAEMON_TOLERATIONS
  spec.tolerations = [...(spec.tolerations ?? [])]
  for (const t of own) {
    const there = spec.tolerations.findIndex((x) => x.key === t.key && x.effect === t.effect && x.operator === t.operator)
    if (there < 0) spec.tolerations.push({ ...t })
    else spec.tolerations[there] = { ...t }
  }
  return spec
}

function daemonPod(set: DaemonSet, node: Node, hash: string): Pod {
  const pod = podFromTemplate(set, set.spec.template)
  pod.spec = daemonSpec(set.spec.template)
  pod.metadata.labels = { ...pod.metadata.labels, [REVISION_LABEL]: hash, 'pod-template-generation': String(set.metadata.generation ?? 1) }
  const field = { key: 'metadata.name', operator: 'In', values: [node.metadata.name] }
  const terms = pod.spec.affinity?.nodeAffinity?.requiredDuringSchedulingIgnoredDuringExecution?.nodeSelectorTerms
  const requiredDuringSchedulingIgnoredDuringExecution = {
    nodeSelectorTerms: terms?.length ? terms.map((t) => ({ ...t, matchFields: [field] })) : [{ matchFields: [field] }],
  }
  pod.spec.affinity = {
    ...pod.spec.affinity,
    nodeAffinity: { ...pod.spec.affinity?.nodeAffinity, requiredDuringSchedulingIgnoredDuringExecution },
  }
  return pod
}
