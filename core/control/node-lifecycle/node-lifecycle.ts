/**
 * node-lifecycle-controller and taint-eviction-controller: a node whose lease is not renewed for 40 seconds is Unknown, gets
 * taints, its pods are no longer ready, and those that do not tolerate the taints are deleted when their time is up
 * (pkg/controller/nodelifecycle, pkg/controller/tainteviction).
 * Omits: eviction rates by zone, partial disruption modes.
 */
import { objectKey } from '../../api/client/informer.ts'
import { runController } from '../../api/client/run-controller.ts'
import type { Controller, ReconcileResult } from '../../api/client/run-controller.ts'
import { cloneJson, equalJson } from '../../api/meta/json.ts'
import { hasReason } from '../../api/meta/status.ts'
import { formatTime, parseTime } from '../../api/meta/timestamp.ts'
import { podCondition } from '../../api/semantics/pod-state.ts'
import { tolerationSeconds } from '../../api/semantics/tolerations.ts'
import type { Lease, Node, NodeCondition, Pod, Taint } from '../../api/types/index.ts'
import type { ControllerDeps } from '../controller-deps.ts'

/** nodeMonitorGracePeriod is 50 s since 1.32; the labs speak of the 40 s that it was for ten years. */
const GRACE_US = 40_000_000
/** nodeMonitorPeriod. */
const MONITOR_US = 5_000_000
const NOT_READY = 'node.kubernetes.io/not-ready'
const UNREACHABLE = 'node.kubernetes.io/unreachable'
const UNSCHEDULABLE = 'node.kubernetes.io/unschedulable'
const OWN_TAINTS = new Set([
  NOT_READY,
  UNREACHABLE,
  UNSCHEDULABLE,
  'node.kubernetes.io/memory-pressure',
  'node.kubernetes.io/disk-pressure',
  'node.kubernetes.io/pid-pressure',
  'node.kubernetes.io/network-unavailable',
])
const PRESSURES: readonly [string, string][] = [
  ['MemoryPressure', 'node.kubernetes.io/memory-pressure'],
  ['DiskPressure', 'node.kubernetes.io/disk-pressure'],
  ['PIDPressure', 'node.kubernetes.io/pid-pressure'],
  ['NetworkUnavailable', 'node.kubernetes.io/network-unavailable'],
]

export function nodeLifecycleController(deps: ControllerDeps): Controller {
  const { client, clock, trace, recorder, informers, pods: indices } = deps
  const nodes = informers.of<Node>('nodes')
  /** When each node was last heard of, in virtual µs. */
  const heardUs = new Map<string, number>()
  /** Nodes that fell silent while they were ready, until all their pods are marked. */
  const toMark = new Set<string>()
  const controller = runController({ clock, trace, name: 'node-controller', reconcile })
  const evictions = runController({ clock, trace, name: 'taint-eviction-controller', reconcile: evict })

  nodes.onEvent((node, old) => {
    const name = (node ?? old)!.metadata.name
    if (!node) {
      heardUs.delete(name)
      toMark.delete(name)
      recorder.event(old!, 'Normal', 'RemovingNode', `Node ${name} event: Removing Node ${name} from Controller`)
      return
    }
    if (!heardUs.has(name)) {
      heardUs.set(name, clock.nowUs)
      if (!old) recorder.event(node, 'Normal', 'RegisteredNode', `Node ${name} event: Registered Node ${name} in Controller`)
    }
    if (!old || !equalJson([conditions(old), old.spec], [conditions(node), node.spec])) controller.enqueue(name)
    if (!equalJson(noExecute(old), noExecute(node))) for (const pod of indices.byNode.get(name)) evictions.enqueue(objectKey(pod))
  })
  informers.of<Lease>('leases.coordination.k8s.io').onEvent((lease) => {
    if (lease?.metadata.namespace !== 'kube-node-lease') return
    const name = lease.metadata.name
    heardUs.set(name, clock.nowUs)
    controller.queue.addAfter(name, GRACE_US + MONITOR_US / 2)
  })
  informers.of<Pod>('pods').onEvent((pod, old) => {
    if (!pod?.spec.nodeName) return
    if (pod.spec.nodeName !== old?.spec.nodeName && noExecute(nodes.byKey(pod.spec.nodeName)).length > 0) evictions.enqueue(objectKey(pod))
  })

  function reconcile(key: string): ReconcileResult {
    const node = nodes.byKey(key)
    if (!node) return
    const silentUs = clock.nowUs - (heardUs.get(key) ?? clock.nowUs)
    let current = node
    if (silentUs > GRACE_US) {
      if (readyCondition(node)?.status === 'True') toMark.add(key)
      current = markUnknown(node)
    }
    const ready = readyCondition(current)
    updateTaints(current, ready)
    // A kubelet that says itself that it is not ready still speaks for its pods: only a silent one's are marked here.
    if (ready?.status === 'True') toMark.delete(key)
    if (toMark.has(key)) {
      for (const pod of indices.byNode.get(key)) markPodNotReady(pod)
      toMark.delete(key)
    }
    // A kubelet that is silent is looked at when it may be given up.
    return silentUs > GRACE_US ? undefined : GRACE_US - silentUs + MONITOR_US / 2
  }

  function markUnknown(node: Node): Node {
    const now = formatTime(client.server.nowMs)
    const list = node.status.conditions ?? []
    if (list.some((c) => c.type === 'Ready' && c.status === 'Unknown')) return node
    const unknown: NodeCondition[] = ['Ready', 'MemoryPressure', 'DiskPressure', 'PIDPressure'].map((type) => {
      const old = list.find((c) => c.type === type)
      return {
        type,
        status: 'Unknown',
        lastHeartbeatTime: old?.lastHeartbeatTime ?? node.metadata.creationTimestamp,
        lastTransitionTime: now,
        reason: old ? 'NodeStatusUnknown' : 'NodeStatusNeverUpdated',
        message: old ? 'Kubelet stopped posting node status.' : 'Kubelet never posted node status.',
      }
    })
    const rest = list.filter((c) => !unknown.some((u) => u.type === c.type))
    const done = client.updateStatus<Node>('nodes', { ...node, status: { ...node.status, conditions: [...rest, ...unknown] } } as Node)
    recorder.event(node, 'Normal', 'NodeNotReady', `Node ${node.metadata.name} status is now: NodeNotReady`)
    return done
  }

  function updateTaints(node: Node, ready: NodeCondition | undefined): void {
    const wanted: { key: string; effect: Taint['effect'] }[] = []
    const down = ready?.status === 'Unknown' ? UNREACHABLE : ready?.status === 'False' ? NOT_READY : undefined
    if (down) wanted.push({ key: down, effect: 'NoSchedule' }, { key: down, effect: 'NoExecute' })
    if (node.spec.unschedulable) wanted.push({ key: UNSCHEDULABLE, effect: 'NoSchedule' })
    for (const [type, key] of PRESSURES)
      if (node.status.conditions?.some((c) => c.type === type && c.status === 'True')) wanted.push({ key, effect: 'NoSchedule' })
    const old = node.spec.taints ?? []
    const kept = old.filter((t) => !OWN_TAINTS.has(t.key) || wanted.some((w) => w.key === t.key && w.effect === t.effect))
    const added = wanted.filter((w) => !old.some((t) => t.key === w.key && t.effect === w.effect))
    if (kept.length === old.length && added.length === 0) return
    const draft = cloneJson(node)
    const timeAdded = formatTime(client.server.nowMs)
    draft.spec.taints = [...cloneJson(kept), ...added.map((t) => ({ ...t, timeAdded }))]
    if (draft.spec.taints.length === 0) delete draft.spec.taints
    client.update('nodes', draft)
  }

  /** The kubelet cannot say it any more: its pods leave the endpoints. */
  function markPodNotReady(seen: Pod): void {
    const pod = client.find<Pod>('pods', seen.metadata.namespace!, seen.metadata.name)
    if (!pod || podCondition(pod, 'Ready')?.status !== 'True') return
    const now = formatTime(client.server.nowMs)
    const status = cloneJson(pod.status)
    for (const condition of status.conditions ?? [])
      if (condition.type === 'Ready') Object.assign(condition, { status: 'False', lastTransitionTime: now })
    client.updateStatus('pods', { ...pod, status } as Pod)
    recorder.event(pod, 'Warning', 'NodeNotReady', 'Node is not ready')
  }

  function evict(key: string): ReconcileResult {
    const slash = key.indexOf('/')
    const pod = client.find<Pod>('pods', key.slice(0, slash), key.slice(slash + 1))
    if (!pod?.spec.nodeName || pod.metadata.deletionTimestamp) return
    const taints = noExecute(nodes.byKey(pod.spec.nodeName))
    if (taints.length === 0) return
    const seconds = tolerationSeconds(pod.spec.tolerations ?? [], taints)
    if (seconds === undefined) return
    const since = Math.min(...taints.map((t) => parseTime(t.timeAdded) ?? client.server.nowMs))
    const leftMs = Math.max(since, parseTime(pod.metadata.creationTimestamp) ?? 0) + seconds * 1000 - client.server.nowMs
    if (seconds > 0 && leftMs > 0) return leftMs * 1000
    recorder.event(pod, 'Normal', 'TaintManagerEviction', `Marking for deletion Pod ${key}`)
    try {
      client.delete('pods', pod.metadata.namespace!, pod.metadata.name)
    } catch (error) {
      if (!hasReason(error, 'NotFound')) throw error
    }
  }

  return {
    name: controller.name,
    start() {
      controller.start()
      evictions.start()
    },
    stop() {
      controller.stop()
      evictions.stop()
    },
  }
}

function readyCondition(node: Node): NodeCondition | undefined {
  return node.status.conditions?.find((c) => c.type === 'Ready')
}

function conditions(node: Node): unknown {
  return (node.status?.conditions ?? []).map((c) => [c.type, c.status])
}

function noExecute(node: Node | undefined): Taint[] {
  return (node?.spec.taints ?? []).filter((t) => t.effect === 'NoExecute')
}
