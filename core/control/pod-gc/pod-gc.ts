/**
 * pod-garbage-collector: pods of nodes that are gone, terminating pods that no node ever had, and finished pods beyond the
 * threshold (pkg/controller/podgc). Works by changed key, where upstream looks every 20 seconds.
 */
import { objectKey } from '../../api/client/informer.ts'
import { runController } from '../../api/client/run-controller.ts'
import type { Controller, ReconcileResult } from '../../api/client/run-controller.ts'
import { hasReason } from '../../api/meta/status.ts'
import { isPodTerminal } from '../../api/semantics/pod-state.ts'
import type { Node, Pod } from '../../api/types/index.ts'
import type { ControllerDeps } from '../controller-deps.ts'

/** A node may come back under its name: upstream waits so long (quarantineTime). */
const QUARANTINE_US = 40_000_000
const PERIOD_US = 20_000_000

export function podGarbageCollector(deps: ControllerDeps): Controller {
  const { client, clock, trace, informers, pods: indices } = deps
  const pods = informers.of<Pod>('pods')
  const nodes = informers.of<Node>('nodes')
  const goneSinceUs = new Map<string, number>()
  const controller = runController({ clock, trace, name: 'pod-garbage-collector', reconcile })

  nodes.onEvent((node, old) => {
    if (node) {
      goneSinceUs.delete(node.metadata.name)
      return
    }
    const name = old!.metadata.name
    goneSinceUs.set(name, clock.nowUs)
    for (const pod of indices.byNode.get(name)) controller.queue.addAfter(objectKey(pod), QUARANTINE_US)
  })
  pods.onEvent((pod) => {
    if (!pod) return
    if (pod.metadata.deletionTimestamp && !pod.spec.nodeName) controller.queue.addAfter(objectKey(pod), PERIOD_US)
    else if (pod.spec.nodeName && nodes.synced && !nodes.byKey(pod.spec.nodeName)) {
      if (!goneSinceUs.has(pod.spec.nodeName)) goneSinceUs.set(pod.spec.nodeName, clock.nowUs)
      controller.queue.addAfter(objectKey(pod), QUARANTINE_US)
    }
  })

  function reconcile(key: string): ReconcileResult {
    const pod = pods.byKey(key)
    if (!pod) return
    const { nodeName } = pod.spec
    if (!nodeName) {
      if (pod.metadata.deletionTimestamp) remove(pod)
      return
    }
    if (nodes.byKey(nodeName)) return
    const since = goneSinceUs.get(nodeName)
    if (since === undefined) return
    const wait = since + QUARANTINE_US - clock.nowUs
    if (wait > 0) return wait
    if (!isPodTerminal(pod)) {
      const status = { ...pod.status, phase: 'Failed' as const, reason: 'NodeLost' }
      client.updateStatus('pods', { ...pod, status } as Pod)
    }
    remove(pod)
  }

  function remove(pod: Pod): void {
    try {
      client.delete('pods', pod.metadata.namespace!, pod.metadata.name, { gracePeriodSeconds: 0 })
    } catch (error) {
      if (!hasReason(error, 'NotFound')) throw error
    }
  }

  return controller
}
