/**
 * kube-scheduler: takes pending pods by priority, finds the nodes that will do, binds to the best (pkg/scheduler).
 * Omits: preemption, extenders, profiles, gang scheduling, volume binding (a missing claim keeps a pod pending).
 */
import { Heap } from '../../base/heap.ts'
import { byText } from '../../base/text-order.ts'
import { objectKey } from '../../api/client/informer.ts'
import type { Controller } from '../../api/client/run-controller.ts'
import { cloneJson, equalJson } from '../../api/meta/json.ts'
import { isStatusError } from '../../api/meta/status.ts'
import { formatTime } from '../../api/meta/timestamp.ts'
import { isPodTerminal, podCondition } from '../../api/semantics/pod-state.ts'
import type { Node, PersistentVolumeClaim, Pod } from '../../api/types/index.ts'
import type { Timer } from '../../sim/clock.ts'
import type { ControllerDeps } from '../controller-deps.ts'
import { filterNode } from './filters.ts'
import type { Refusal } from './filters.ts'
import { NodeInfo, podDemand } from './node-info.ts'
import { PodTopology } from './pod-topology.ts'
import { scoreNodes } from './scores.ts'

const NAME = 'default-scheduler'
const STEP_US = 1_000
/** podInitialBackoffSeconds, podMaxBackoffSeconds. */
const BACKOFF_FIRST_US = 1_000_000
const BACKOFF_MAX_US = 10_000_000
/** A pod that nothing has helped is tried again after so long (podMaxInUnschedulablePodsDuration). */
const FLUSH_US = 300_000_000
/** numFeasibleNodesToFind: below this many nodes, all are looked at. */
const SAMPLE_FROM = 100

interface Waiting {
  key: string
  priority: number
  order: number
}

export function kubeScheduler(deps: ControllerDeps): Controller {
  const { client, clock, trace, recorder, informers, pods: indices } = deps
  const random = deps.random.stream('scheduler')
  const pods = informers.of<Pod>('pods')
  const claims = informers.of<PersistentVolumeClaim>('persistentvolumeclaims')
  const nodes = new Map<string, NodeInfo>()
  const placed = new Map<string, string>()
  /** Pods with required anti-affinity, which bar others. */
  const exclusive = new Map<string, Pod>()
  const active = new Heap<Waiting>((a, b) => a.priority > b.priority || (a.priority === b.priority && a.order < b.order))
  const queued = new Set<string>()
  const unschedulable = new Map<string, { attempts: number; sinceUs: number }>()
  let sorted: NodeInfo[] | null = null
  let order = 0
  let nextNode = 0
  let timer: Timer | null = null
  let flush: Timer | null = null
  let running = false

  informers.of<Node>('nodes').onEvent((node, old) => {
    const name = (node ?? old)!.metadata.name
    if (!node || !nodes.has(name)) sorted = null
    if (!node) nodes.delete(name)
    else {
      const info = nodes.get(name)
      if (info) info.setNode(node)
      else {
        const fresh = new NodeInfo(node)
        nodes.set(name, fresh)
        for (const pod of indices.byNode.get(name)) if (!isPodTerminal(pod)) fresh.add(objectKey(pod), pod)
      }
    }
    // Only what a filter looks at can help a pod that waits.
    if (
      node &&
      (!old ||
        !equalJson([old.spec, old.metadata.labels, old.status?.allocatable], [node.spec, node.metadata.labels, node.status?.allocatable]))
    )
      retryAll()
  })
  claims.onEvent(() => retryAll())
  pods.onEvent((pod, old) => {
    const key = objectKey((pod ?? old)!)
    if (pod?.spec.affinity?.podAntiAffinity?.requiredDuringSchedulingIgnoredDuringExecution?.length) exclusive.set(key, pod)
    else exclusive.delete(key)
    if (pod?.spec.nodeName && !isPodTerminal(pod)) {
      place(key, pod)
      forget(key)
      if (!old?.spec.nodeName) retryAll()
      return
    }
    if (placed.has(key)) {
      unplace(key)
      retryAll()
    }
    if (pod && isWaiting(pod)) {
      const known = unschedulable.get(key)
      if (!known) enqueue(key, pod)
      else if (old && !equalJson(pod.spec, old.spec)) enqueue(key, pod)
    } else forget(key)
  })

  function isWaiting(pod: Pod): boolean {
    return (
      !pod.spec.nodeName &&
      !pod.metadata.deletionTimestamp &&
      !isPodTerminal(pod) &&
      (pod.spec.schedulerName ?? NAME) === NAME &&
      !pod.spec.schedulingGates?.length
    )
  }

  function place(key: string, pod: Pod): void {
    const name = pod.spec.nodeName!
    const before = placed.get(key)
    if (before !== undefined && before !== name) unplace(key)
    placed.set(key, name)
    nodes.get(name)?.add(key, pod)
  }

  function unplace(key: string): void {
    nodes.get(placed.get(key)!)?.remove(key)
    placed.delete(key)
  }

  function forget(key: string): void {
    unschedulable.delete(key)
    queued.delete(key)
  }

  function enqueue(key: string, pod: Pod): void {
    if (queued.has(key)) return
    queued.add(key)
    active.push({ key, priority: pod.spec.priority ?? 0, order })
    order += 1
    arm()
  }

  /** Something changed that may help: pods that wait are tried again, each when its back-off is over. */
  function retryAll(): void {
    for (const [key, { attempts, sinceUs }] of unschedulable) {
      if (queued.has(key)) continue
      const wait = sinceUs + Math.min(BACKOFF_MAX_US, BACKOFF_FIRST_US * 2 ** Math.min(attempts - 1, 10)) - clock.nowUs
      const again = () => {
        const pod = pods.byKey(key)
        if (running && pod && isWaiting(pod) && unschedulable.has(key)) enqueue(key, pod)
      }
      if (wait <= 0) again()
      // Work that is due: a world that waits until it has settled waits for this try.
      else clock.after(wait, again)
    }
  }

  function arm(): void {
    if (timer || !running || active.size === 0) return
    timer = clock.after(STEP_US, () => {
      timer = null
      let next = active.pop()
      while (next && !queued.has(next.key)) next = active.pop()
      if (next) {
        queued.delete(next.key)
        const pod = pods.byKey(next.key)
        if (pod && isWaiting(pod)) schedule(next.key, pod)
      }
      arm()
    })
  }

  function schedule(key: string, pod: Pod): void {
    let result = 'done'
    try {
      const problem = missingClaim(pod)
      const decision = problem ?? choose(pod)
      if (typeof decision === 'string') {
        result = 'Unschedulable'
        refuse(key, pod, decision)
      } else {
        const name = decision.node.metadata.name
        client.subresource('pods', pod.metadata.namespace!, pod.metadata.name, 'binding', 'create', {
          apiVersion: 'v1',
          kind: 'Binding',
          metadata: { name: pod.metadata.name, namespace: pod.metadata.namespace },
          target: { kind: 'Node', name },
        })
        // Counted at once: the informer hears of it later.
        const assumed = { ...pod, spec: { ...pod.spec, nodeName: name } } as Pod
        place(key, assumed)
        unschedulable.delete(key)
        recorder.event(pod, 'Normal', 'Scheduled', `Successfully assigned ${key} to ${name}`)
      }
    } catch (error) {
      if (!isStatusError(error)) throw error
      result = error.reason
      clock.afterInBackground(BACKOFF_FIRST_US, () => {
        const again = pods.byKey(key)
        if (running && again && isWaiting(again)) enqueue(key, again)
      })
    }
    trace.emit({ kind: 'control.step', controller: NAME, key, result })
  }

  /** A node, or the sentence that says why there is none. */
  function choose(pod: Pod): NodeInfo | string {
    sorted ??= [...nodes.values()].sort((a, b) => byText(a.node.metadata.name, b.node.metadata.name))
    const all = sorted
    if (all.length === 0) return 'no nodes available to schedule pods'
    const demand = podDemand(pod)
    const topology = new PodTopology(pod, nodes, indices.byLabel, exclusive.values())
    const wanted = sampleSize(all.length)
    const feasible: NodeInfo[] = []
    const refusals: Refusal[] = []
    const start = all.length > SAMPLE_FROM ? nextNode % all.length : 0
    for (let i = 0; i < all.length && feasible.length < wanted; i += 1) {
      const info = all[(start + i) % all.length]!
      const refusal = filterNode(pod, demand, info, topology)
      if (refusal) refusals.push(refusal)
      else feasible.push(info)
    }
    nextNode = start + feasible.length + refusals.length
    if (feasible.length === 0) return sentence(pod, refusals, all.length)
    const scores = scoreNodes(pod, demand, feasible)
    const best = scores.reduce((a, b) => Math.max(a, b), -1)
    const winners = feasible.filter((_, i) => scores[i] === best)
    return winners[winners.length > 1 ? random.below(winners.length) : 0]!
  }

  function missingClaim(pod: Pod): string | undefined {
    for (const volume of pod.spec.volumes ?? []) {
      const name = volume.persistentVolumeClaim?.claimName
      if (!name) continue
      const claim = claims.get(pod.metadata.namespace!, name)
      if (!claim) return `0/${nodes.size} nodes are available: persistentvolumeclaim "${name}" not found. not found`
      if (claim.status?.phase === 'Lost')
        return `0/${nodes.size} nodes are available: persistentvolumeclaim "${name}" bound to non-existent persistentvolume "${claim.spec.volumeName}". not found`
      if (!claim.spec.volumeName) return `0/${nodes.size} nodes are available: pod has unbound immediate PersistentVolumeClaims. not found`
    }
    return undefined
  }

  function refuse(key: string, pod: Pod, message: string): void {
    unschedulable.set(key, { attempts: (unschedulable.get(key)?.attempts ?? 0) + 1, sinceUs: clock.nowUs })
    recorder.event(pod, 'Warning', 'FailedScheduling', message)
    const old = podCondition(pod, 'PodScheduled')
    if (old?.status !== 'False' || old.message !== message || old.reason !== 'Unschedulable') {
      const status = cloneJson(pod.status)
      const since = old?.status === 'False' ? old.lastTransitionTime : undefined
      status.conditions = [
        ...(status.conditions ?? []).filter((c) => c.type !== 'PodScheduled'),
        {
          type: 'PodScheduled',
          status: 'False',
          lastProbeTime: null,
          lastTransitionTime: since ?? formatTime(client.server.nowMs),
          reason: 'Unschedulable',
          message,
        },
      ]
      client.updateStatus('pods', { ...pod, status } as Pod)
    }
    if (!flush) armFlush()
  }

  function armFlush(): void {
    flush = clock.afterInBackground(FLUSH_US, () => {
      flush = null
      if (unschedulable.size === 0) return
      retryAll()
      armFlush()
    })
  }

  return {
    name: NAME,
    start() {
      running = true
      for (const pod of pods.list()) if (isWaiting(pod)) enqueue(objectKey(pod), pod)
      arm()
    },
    stop() {
      running = false
      clock.cancel(timer)
      clock.cancel(flush)
      timer = null
      flush = null
    },
  }
}

/** adaptive percentageOfNodesToScore: 50 % less one per 125 nodes, at least 5 %, and never fewer than 100 nodes. */
function sampleSize(count: number): number {
  if (count <= SAMPLE_FROM) return count
  const percent = Math.max(5, 50 - Math.floor(count / 125))
  return Math.max(SAMPLE_FROM, Math.floor((count * percent) / 100))
}

/** FitError.Error: each reason with how many nodes have it, then what preemption said. */
function sentence(pod: Pod, refusals: readonly Refusal[], total: number): string {
  const counts = new Map<string, number>()
  for (const r of refusals) for (const reason of r.reasons) counts.set(reason, (counts.get(reason) ?? 0) + 1)
  const unhelpful = refusals.filter((r) => !r.preemptible).length
  const preemption = new Map<string, number>()
  if (unhelpful > 0) preemption.set('Preemption is not helpful for scheduling', unhelpful)
  if (refusals.length > unhelpful) preemption.set('No preemption victims found for incoming pod', refusals.length - unhelpful)
  const tail =
    pod.spec.preemptionPolicy === 'Never'
      ? 'not eligible due to preemptionPolicy=Never.'
      : `0/${total} nodes are available: ${listed(preemption)}.`
  return `0/${total} nodes are available: ${listed(counts)}. no new claims to deallocate, preemption: ${tail}`
}

function listed(counts: ReadonlyMap<string, number>): string {
  return [...counts]
    .map(([reason, count]) => `${count} ${reason}`)
    .sort(byText)
    .join(', ')
}
