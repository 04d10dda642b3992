/**
 * namespace-controller: when a namespace is deleted, everything in it goes first (pkg/controller/namespace/deletion).
 */
import { runController } from '../../api/client/run-controller.ts'
import type { Controller, ReconcileResult } from '../../api/client/run-controller.ts'
import { equalJson } from '../../api/meta/json.ts'
import { hasReason, isStatusError } from '../../api/meta/status.ts'
import { formatTime } from '../../api/meta/timestamp.ts'
import type { Condition, Namespace, Pod } from '../../api/types/index.ts'
import type { ControllerDeps } from '../controller-deps.ts'

const RETRY_US = 1_000_000
/** Longest wait for pods that die gracefully. */
const PODS_WAIT_US = 5_000_000

export function namespaceController(deps: ControllerDeps): Controller {
  const { client, clock, trace, informers } = deps
  const namespaces = informers.of<Namespace>('namespaces')
  const controller = runController({ clock, trace, name: 'namespace-controller', reconcile })

  namespaces.onEvent((ns) => {
    if (ns?.metadata.deletionTimestamp) controller.enqueue(ns.metadata.name)
  })
  // The last pod of a dying namespace is what it waits for.
  informers.of<Pod>('pods').onEvent((pod, old) => {
    const ns = !pod && old ? namespaces.byKey(old.metadata.namespace!) : undefined
    if (ns?.metadata.deletionTimestamp) controller.enqueue(ns.metadata.name)
  })

  function reconcile(key: string): ReconcileResult {
    const ns = namespaces.byKey(key)
    if (!ns?.metadata.deletionTimestamp || !ns.spec.finalizers?.includes('kubernetes')) return
    const remaining = new Map<string, number>()
    const held = new Map<string, number>()
    for (const definition of client.server.registry) {
      if (!definition.namespaced || !definition.verbs.includes('delete')) continue
      for (const object of client.list(definition.resource, { namespace: key }).items) {
        if (!object.metadata.deletionTimestamp) remove(definition.resource, key, object.metadata.name)
        const left = client.find(definition.resource, key, object.metadata.name)
        if (!left) continue
        remaining.set(`${definition.plural}.${definition.group}`, (remaining.get(`${definition.plural}.${definition.group}`) ?? 0) + 1)
        for (const finalizer of left.metadata.finalizers ?? []) held.set(finalizer, (held.get(finalizer) ?? 0) + 1)
      }
    }
    if (remaining.size === 0) {
      client.subresource('namespaces', '', key, 'finalize', 'update', {
        ...ns,
        spec: { finalizers: ns.spec.finalizers.filter((f) => f !== 'kubernetes') },
      })
      return
    }
    report(key, remaining, held)
    return remaining.has('pods.') ? PODS_WAIT_US : RETRY_US
  }

  function remove(resource: string, namespace: string, name: string): void {
    try {
      client.delete(resource, namespace, name, { propagationPolicy: 'Background' })
    } catch (error) {
      if (!hasReason(error, 'NotFound')) throw error
    }
  }

  /** What `kubectl describe namespace` says of a namespace that hangs. */
  function report(key: string, remaining: ReadonlyMap<string, number>, held: ReadonlyMap<string, number>): void {
    const ns = client.find<Namespace>('namespaces', '', key)
    if (!ns) return
    const now = formatTime(client.server.nowMs)
    const list = (map: ReadonlyMap<string, number>, text: string) =>
      [...map].map(([name, count]) => `${name} ${text} ${count} resource instances`).join(', ')
    const conditions: Condition[] = [
      entry('NamespaceDeletionDiscoveryFailure', false, 'ResourcesDiscovered', 'All resources successfully discovered'),
      entry('NamespaceDeletionGroupVersionParsingFailure', false, 'ParsedGroupVersions', 'All legacy kube types successfully parsed'),
      entry('NamespaceDeletionContentFailure', false, 'ContentDeleted', 'All content successfully deleted, may be waiting on finalization'),
      entry('NamespaceContentRemaining', true, 'SomeResourcesRemain', `Some resources are remaining: ${list(remaining, 'has')}`),
      held.size > 0
        ? entry(
            'NamespaceFinalizersRemaining',
            true,
            'SomeFinalizersRemain',
            `Some content in the namespace has finalizers remaining: ${list(held, 'in')}`,
          )
        : entry('NamespaceFinalizersRemaining', false, 'ContentHasNoFinalizers', 'All content-preserving finalizers finished'),
    ]
    function entry(type: string, status: boolean, reason: string, message: string): Condition {
      const value = status ? 'True' : 'False'
      const old = ns!.status.conditions?.find((c) => c.type === type)
      return { type, status: value, lastTransitionTime: old?.status === value ? old.lastTransitionTime : now, reason, message }
    }
    const status = { phase: 'Terminating' as const, conditions }
    if (equalJson(status, ns.status)) return
    try {
      client.updateStatus('namespaces', { ...ns, status } as Namespace)
    } catch (error) {
      if (!isStatusError(error)) throw error
    }
  }

  return controller
}
