/**
 * statefulset-controller: pods with names, numbers, addresses and volumes of their own, one after the other
 * (pkg/controller/statefulset/stateful_set_control.go).
 * Omits: maxUnavailable, claims of an existing set that change, retention policy whenScaled.
 */
import { objectKey } from '../../api/client/informer.ts'
import { runController } from '../../api/client/run-controller.ts'
import type { Controller, ReconcileResult } from '../../api/client/run-controller.ts'
import { cloneJson, equalJson } from '../../api/meta/json.ts'
import { selectorFromObject } from '../../api/meta/labels.ts'
import { hasReason, isStatusError } from '../../api/meta/status.ts'
import { isPodAvailable, isPodReady } from '../../api/semantics/pod-state.ts'
import type { PersistentVolumeClaim, Pod, StatefulSet } from '../../api/types/index.ts'
import { controllerOf } from '../controller-deps.ts'
import type { ControllerDeps } from '../controller-deps.ts'
import { currentRevision, ownRevisions, REVISION_LABEL, revisionName } from '../history.ts'
import { claimPods, isNamespaceTerminating, podFromTemplate } from '../pod-control.ts'

export function statefulSetController(deps: ControllerDeps): Controller {
  const { client, clock, trace, recorder, informers, pods: indices } = deps
  const sets = informers.of<StatefulSet>('statefulsets.apps')
  const controller = runController({ clock, trace, name: 'statefulset-controller', reconcile })

  sets.onEvent((set, old) => controller.enqueue(objectKey((set ?? old)!)))
  informers.of<Pod>('pods').onEvent((pod, old) => {
    const owner = controllerOf((pod ?? old)!)
    if (owner?.kind === 'StatefulSet') controller.enqueue(`${(pod ?? old)!.metadata.namespace}/${owner.name}`)
  })

  function reconcile(key: string): ReconcileResult {
    const set = sets.byKey(key)
    if (!set || set.metadata.deletionTimestamp) return
    const pods = claimPods(client, indices, set, selectorFromObject(set.spec.selector)).filter((p) => ordinalOf(set, p) !== undefined)
    try {
      const update = revisionName(set, currentRevision(client, set, set.spec.template))
      const current = set.status.currentRevision ?? update
      step(set, pods, current, update)
      return status(set, current, update)
    } catch (error) {
      if (isNamespaceTerminating(error)) return
      throw error
    }
  }

  /** One thing at a time, unless the pods are managed in parallel. */
  function step(set: StatefulSet, pods: readonly Pod[], current: string, update: string): void {
    const parallel = set.spec.podManagementPolicy === 'Parallel'
    const first = set.spec.ordinals?.start ?? 0
    const count = set.spec.replicas ?? 1
    const byOrdinal = new Map(pods.map((p) => [ordinalOf(set, p)!, p]))
    const partition = set.spec.updateStrategy?.rollingUpdate?.partition ?? 0
    for (let ordinal = first; ordinal < first + count; ordinal += 1) {
      const pod = byOrdinal.get(ordinal)
      if (!pod) {
        // Numbers below the partition are made as they were.
        const revision = set.spec.updateStrategy?.type !== 'OnDelete' && ordinal < partition ? current : update
        create(set, ordinal, revision)
        if (!parallel) return
        continue
      }
      if (pod.status.phase === 'Failed' || pod.status.phase === 'Succeeded') {
        if (!pod.metadata.deletionTimestamp) {
          recorder.event(
            set,
            'Warning',
            'RecreatingFailedPod',
            `StatefulSet ${objectKey(set)} is recreating failed Pod ${pod.metadata.name}`,
          )
          remove(set, pod)
        }
        if (!parallel) return
        continue
      }
      if (parallel) continue
      if (pod.metadata.deletionTimestamp || !isPodReady(pod) || !isPodAvailable(pod, set.spec.minReadySeconds ?? 0, client.server.nowMs)) {
        // A pod of the wrong revision that never gets ready must not block its own repair.
        if (pod.metadata.labels?.[REVISION_LABEL] === update || pod.metadata.deletionTimestamp) return
      }
    }
    const condemned = [...byOrdinal].filter(([o]) => o < first || o >= first + count).sort(([a], [b]) => b - a)
    for (const [, pod] of condemned) {
      if (!pod.metadata.deletionTimestamp) remove(set, pod)
      if (!parallel) return
    }
    if (set.spec.updateStrategy?.type === 'OnDelete') return
    for (let ordinal = first + count - 1; ordinal >= Math.max(first, partition); ordinal -= 1) {
      const pod = byOrdinal.get(ordinal)
      if (!pod) return
      if (pod.metadata.labels?.[REVISION_LABEL] !== update && !pod.metadata.deletionTimestamp) {
        remove(set, pod)
        return
      }
      if (!isPodReady(pod)) return
    }
  }

  function create(set: StatefulSet, ordinal: number, revision: string): void {
    const name = `${set.metadata.name}-${ordinal}`
    const old = ownRevisions(client, set).find((r) => r.metadata.name === revision)
    const template =
      (old?.data as { spec?: { template?: StatefulSet['spec']['template'] } } | undefined)?.spec?.template ?? set.spec.template
    const pod = podFromTemplate(set, template, name)
    pod.metadata.labels = {
      ...pod.metadata.labels,
      'statefulset.kubernetes.io/pod-name': name,
      'apps.kubernetes.io/pod-index': String(ordinal),
      [REVISION_LABEL]: revision,
    }
    pod.spec.hostname = name
    if (set.spec.serviceName) pod.spec.subdomain = set.spec.serviceName
    for (const claim of set.spec.volumeClaimTemplates ?? []) {
      const claimName = `${claim.metadata.name}-${name}`
      makeClaim(set, claim, claimName)
      pod.spec.volumes = [
        ...(pod.spec.volumes ?? []).filter((v) => v.name !== claim.metadata.name),
        { name: claim.metadata.name, persistentVolumeClaim: { claimName } },
      ]
    }
    try {
      client.create('pods', set.metadata.namespace!, pod)
      recorder.event(set, 'Normal', 'SuccessfulCreate', `create Pod ${name} in StatefulSet ${set.metadata.name} successful`)
    } catch (error) {
      if (hasReason(error, 'AlreadyExists')) return
      if (isStatusError(error) && !isNamespaceTerminating(error))
        recorder.event(
          set,
          'Warning',
          'FailedCreate',
          `create Pod ${name} in StatefulSet ${set.metadata.name} failed error: ${error.message}`,
        )
      throw error
    }
  }

  function makeClaim(set: StatefulSet, template: PersistentVolumeClaim, name: string): void {
    const { namespace = '' } = set.metadata
    if (client.find('persistentvolumeclaims', namespace, name)) return
    const labels = { ...template.metadata.labels, ...set.spec.selector.matchLabels }
    client.create('persistentvolumeclaims', namespace, {
      metadata: { name, namespace, labels, annotations: template.metadata.annotations },
      spec: cloneJson(template.spec),
    })
    recorder.event(
      set,
      'Normal',
      'SuccessfulCreate',
      `create Claim ${name} Pod ${name.slice(template.metadata.name.length + 1)} in StatefulSet ${set.metadata.name} success`,
    )
  }

  function remove(set: StatefulSet, pod: Pod): void {
    try {
      client.delete('pods', pod.metadata.namespace!, pod.metadata.name, { preconditions: { uid: pod.metadata.uid } })
      recorder.event(set, 'Normal', 'SuccessfulDelete', `delete Pod ${pod.metadata.name} in StatefulSet ${set.metadata.name} successful`)
    } catch (error) {
      if (!hasReason(error, 'NotFound') && !hasReason(error, 'Conflict')) throw error
    }
  }

  function status(set: StatefulSet, current: string, update: string): ReconcileResult {
    const pods = indices.byOwner.get(set.metadata.uid!)
    const live = pods.filter((p) => !p.metadata.deletionTimestamp)
    const ready = live.filter(isPodReady)
    const available = ready.filter((p) => isPodAvailable(p, set.spec.minReadySeconds ?? 0, client.server.nowMs)).length
    const updated = live.filter((p) => p.metadata.labels?.[REVISION_LABEL] === update).length
    const next: StatefulSet['status'] = { replicas: pods.length, observedGeneration: set.metadata.generation }
    const desired = set.spec.replicas ?? 1
    const complete = updated === desired && ready.length === desired && pods.length === desired
    const mine = complete ? update : current
    const currentCount = live.filter((p) => p.metadata.labels?.[REVISION_LABEL] === mine).length
    if (ready.length > 0) next.readyReplicas = ready.length
    if (currentCount > 0) next.currentReplicas = currentCount
    if (updated > 0) next.updatedReplicas = updated
    next.availableReplicas = available
    next.currentRevision = mine
    next.updateRevision = update
    next.collisionCount = 0
    if (!equalJson(next, set.status)) {
      try {
        client.updateStatus('statefulsets.apps', { ...set, status: next } as StatefulSet)
      } catch (error) {
        if (!hasReason(error, 'NotFound')) throw error
      }
    }
    return (set.spec.minReadySeconds ?? 0) > 0 && ready.length > available ? set.spec.minReadySeconds! * 1_000_000 : undefined
  }

  return controller
}

function ordinalOf(set: StatefulSet, pod: Pod): number | undefined {
  const prefix = `${set.metadata.name}-`
  const rest = pod.metadata.name.startsWith(prefix) ? pod.metadata.name.slice(prefix.length) : ''
  return /^\d+$/.test(rest) ? Number(rest) : undefined
}
