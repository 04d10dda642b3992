/**
 * garbage-collector: an object whose owners are all gone goes too; foreground deletion waits for dependents; orphaning cuts
 * them loose (pkg/controller/garbagecollector).
 * Omits: owners of kinds that the server does not know (treated as present), cross-namespace owners.
 */
import { objectKey } from '../../api/client/informer.ts'
import type { Informer } from '../../api/client/informer.ts'
import { runController } from '../../api/client/run-controller.ts'
import type { Controller, ReconcileResult } from '../../api/client/run-controller.ts'
import { hasReason } from '../../api/meta/status.ts'
import type { KubeObject, OwnerReference } from '../../api/types/index.ts'
import type { ControllerDeps } from '../controller-deps.ts'

const FOREGROUND = 'foregroundDeletion'
const ORPHAN = 'orphan'
/** Kinds that own nothing and are owned by nothing worth following. */
const IGNORED = new Set(['events', 'leases.coordination.k8s.io'])

export function garbageCollector(deps: ControllerDeps): Controller {
  const { client, clock, trace, informers } = deps
  const controller = runController({ clock, trace, name: 'generic-garbage-collector', reconcile, stepUs: 500 })
  const byResource = new Map<string, Informer>()
  /** Owner's uid → keys of its dependents. */
  const dependents = new Map<string, Set<string>>()
  const alive = new Map<string, string>()

  for (const definition of client.server.registry) {
    if (IGNORED.has(definition.resource)) continue
    const informer = informers.of(definition.resource)
    byResource.set(definition.resource, informer)
    informer.onEvent((object, old) => {
      const key = `${definition.resource} ${objectKey((object ?? old)!)}`
      for (const owner of old?.metadata.ownerReferences ?? []) drop(owner.uid, key)
      for (const owner of object?.metadata.ownerReferences ?? []) add(owner.uid, key)
      if (object) {
        alive.set(object.metadata.uid!, key)
        if (object.metadata.deletionTimestamp && object.metadata.finalizers?.some((f) => f === FOREGROUND || f === ORPHAN))
          controller.enqueue(key)
        else if (
          object.metadata.ownerReferences &&
          object.metadata.ownerReferences !== old?.metadata.ownerReferences &&
          !object.metadata.deletionTimestamp
        ) {
          if (object.metadata.ownerReferences.some((o) => !alive.has(o.uid) || isDying(o.uid))) controller.enqueue(key)
        }
      }
      if (!object || (old && old.metadata.uid !== object.metadata.uid)) {
        alive.delete(old!.metadata.uid!)
        for (const child of dependents.get(old!.metadata.uid!) ?? []) controller.enqueue(child)
        // An owner that waits for its dependents looks again.
        for (const owner of old!.metadata.ownerReferences ?? []) {
          const ownerKey = alive.get(owner.uid)
          if (ownerKey && find(ownerKey)?.metadata.finalizers?.includes(FOREGROUND)) controller.enqueue(ownerKey)
        }
      }
    })
  }

  function add(uid: string, key: string): void {
    const keys = dependents.get(uid) ?? new Set()
    keys.add(key)
    dependents.set(uid, keys)
  }

  function drop(uid: string, key: string): void {
    const keys = dependents.get(uid)
    keys?.delete(key)
    if (keys?.size === 0) dependents.delete(uid)
  }

  function find(key: string): KubeObject | undefined {
    const [resource = '', name = ''] = key.split(' ')
    return byResource.get(resource)?.byKey(name)
  }

  function isDying(uid: string): boolean {
    const key = alive.get(uid)
    const owner = key ? find(key) : undefined
    return Boolean(owner?.metadata.deletionTimestamp && owner.metadata.finalizers?.includes(FOREGROUND))
  }

  function reconcile(key: string): ReconcileResult {
    const object = find(key)
    if (!object) return
    const { metadata } = object
    if (metadata.deletionTimestamp) {
      if (metadata.finalizers?.includes(ORPHAN)) orphan(key, object)
      else if (metadata.finalizers?.includes(FOREGROUND)) foreground(key, object)
      return
    }
    const owners = metadata.ownerReferences ?? []
    if (owners.length === 0) return
    const gone = owners.filter((o) => !exists(object, o))
    const waiting = owners.filter((o) => !gone.includes(o) && isDying(o.uid))
    const solid = owners.length - gone.length - waiting.length
    if (gone.length === 0 && waiting.length === 0) return
    if (solid > 0) {
      const left = owners.filter((o) => !gone.includes(o) && !waiting.includes(o))
      write(key, object, { ownerReferences: left })
      return
    }
    // An owner that waits wants to see the dependents of its dependents go, too.
    const blocked = waiting.length > 0 && (dependents.get(metadata.uid!)?.size ?? 0) > 0
    remove(key, object, blocked || waiting.length > 0 ? 'Foreground' : policyOf(object))
  }

  function policyOf(object: KubeObject): 'Background' | 'Orphan' | 'Foreground' {
    if (object.metadata.finalizers?.includes(ORPHAN)) return 'Orphan'
    return object.metadata.finalizers?.includes(FOREGROUND) ? 'Foreground' : 'Background'
  }

  /** What the cache does not have may be newer than the cache: the API is asked before anything dies. */
  function exists(object: KubeObject, owner: OwnerReference): boolean {
    if (alive.has(owner.uid)) return true
    const definition = client.server.definitionForKind(owner.apiVersion, owner.kind)
    if (!definition) return true
    const found = client.find(definition.resource, definition.namespaced ? (object.metadata.namespace ?? '') : '', owner.name)
    return found?.metadata.uid === owner.uid
  }

  function foreground(key: string, object: KubeObject): void {
    const blocking: string[] = []
    for (const child of dependents.get(object.metadata.uid!) ?? []) {
      const dependent = find(child)
      if (!dependent) continue
      const reference = dependent.metadata.ownerReferences?.find((o) => o.uid === object.metadata.uid)
      if (reference?.blockOwnerDeletion) blocking.push(child)
      if (!dependent.metadata.deletionTimestamp) controller.enqueue(child)
    }
    if (blocking.length === 0) write(key, object, { finalizers: without(object, FOREGROUND) })
  }

  function orphan(key: string, object: KubeObject): void {
    for (const child of [...(dependents.get(object.metadata.uid!) ?? [])]) {
      const dependent = find(child)
      if (dependent)
        write(child, dependent, {
          ownerReferences: (dependent.metadata.ownerReferences ?? []).filter((o) => o.uid !== object.metadata.uid),
        })
    }
    write(key, object, { finalizers: without(object, ORPHAN) })
  }

  function without(object: KubeObject, finalizer: string): string[] {
    return (object.metadata.finalizers ?? []).filter((f) => f !== finalizer)
  }

  function write(key: string, object: KubeObject, change: { ownerReferences?: OwnerReference[]; finalizers?: string[] }): void {
    const metadata: Record<string, unknown> = { uid: object.metadata.uid }
    for (const [field, list] of Object.entries(change)) metadata[field] = list.length > 0 ? list : null
    try {
      client.patch(key.split(' ')[0]!, object.metadata.namespace ?? '', object.metadata.name, { type: 'merge', body: { metadata } })
    } catch (error) {
      if (!hasReason(error, 'NotFound') && !hasReason(error, 'Conflict')) throw error
    }
  }

  function remove(key: string, object: KubeObject, propagationPolicy: 'Background' | 'Orphan' | 'Foreground'): void {
    try {
      client.delete(key.split(' ')[0]!, object.metadata.namespace ?? '', object.metadata.name, {
        propagationPolicy,
        preconditions: { uid: object.metadata.uid },
      })
    } catch (error) {
      if (!hasReason(error, 'NotFound') && !hasReason(error, 'Conflict')) throw error
    }
  }

  return controller
}
