/**
 * deployment-controller: one replica set per template, and how the old gives way to the new (pkg/controller/deployment).
 * Omits: rollback by annotation (clients patch the template).
 */
import { objectKey } from '../../api/client/informer.ts'
import { ObjectIndex, SelectorIndex } from '../../api/client/object-index.ts'
import { runController } from '../../api/client/run-controller.ts'
import type { Controller, ReconcileResult } from '../../api/client/run-controller.ts'
import { cloneJson, equalJson } from '../../api/meta/json.ts'
import { matchesSelector, selectorFromObject } from '../../api/meta/labels.ts'
import { hasReason, isStatusError } from '../../api/meta/status.ts'
import { isPodActive, isPodTerminal } from '../../api/semantics/pod-state.ts'
import type { Deployment, Pod, ReplicaSet } from '../../api/types/index.ts'
import { controllerOf, orphansOf } from '../controller-deps.ts'
import type { ControllerDeps } from '../controller-deps.ts'
import { isNamespaceTerminating, ownerReference } from '../pod-control.ts'
import { baseStatus, condition, findCondition, isComplete, setAvailable, setCondition, setProgress } from './deployment-status.ts'
import {
  byCreation,
  desiredOf,
  DESIRED,
  findNew,
  hashedTemplate,
  HASH_LABEL,
  isRolling,
  maxRevision,
  newSetAnnotations,
  newSetReplicas,
  REVISION,
  revisionOf,
  sameTemplate,
  templateHash,
  totalReplicas,
  unavailableOf,
  withScaleAnnotations,
} from './revisions.ts'
import { proportions } from './proportions.ts'

export function deploymentController(deps: ControllerDeps): Controller {
  const { client, clock, trace, recorder, informers, pods } = deps
  const deployments = informers.of<Deployment>('deployments.apps')
  const sets = informers.of<ReplicaSet>('replicasets.apps')
  const setsByOwner = new ObjectIndex<ReplicaSet>(sets, (rs) => [controllerOf(rs)?.uid ?? orphansOf(rs.metadata.namespace!)])
  const selecting = new SelectorIndex<Deployment>(deployments, (d) => selectorFromObject(d.spec.selector))
  const controller = runController({ clock, trace, name: 'deployment-controller', reconcile })

  deployments.onEvent((d, old) => controller.enqueue(objectKey((d ?? old)!)))
  sets.onEvent((rs, old) => {
    for (const set of [rs, old]) {
      const owner = set && controllerOf(set)
      if (owner?.kind === 'Deployment') controller.enqueue(`${set!.metadata.namespace}/${owner.name}`)
    }
    if (rs && !controllerOf(rs))
      for (const d of selecting.wanting(rs.metadata.namespace!, rs.metadata.labels)) controller.enqueue(objectKey(d))
  })
  // Recreate waits for the last old pod to be gone, and a replica set does not tell when that is.
  informers.of<Pod>('pods').onEvent((pod, old) => {
    const owner = !pod && old ? controllerOf(old) : undefined
    const set = owner?.kind === 'ReplicaSet' ? sets.get(old!.metadata.namespace!, owner.name) : undefined
    const deployment = set && controllerOf(set)
    if (deployment?.kind !== 'Deployment') return
    const found = deployments.get(set!.metadata.namespace!, deployment.name)
    if (found && !isRolling(found)) controller.enqueue(objectKey(found))
  })

  function reconcile(key: string): ReconcileResult {
    const d = deployments.byKey(key)
    if (!d) return
    const selector = selectorFromObject(d.spec.selector)
    if (selector !== null && selector.length === 0) {
      recorder.event(d, 'Warning', 'SelectingAll', 'This deployment is selecting all pods. A non-empty selector is required.')
      return
    }
    const owned = claim(d, selector)
    if (d.metadata.deletionTimestamp) return syncStatus(d, owned, findNew(d, owned))
    try {
      if (markPaused(d)) return
      if (d.spec.paused) return sync(d, owned)
      if (isScaling(d, owned)) return sync(d, owned)
      return isRolling(d) ? rolling(d, owned) : recreate(d, owned)
    } catch (error) {
      if (isNamespaceTerminating(error)) return
      throw error
    }
  }

  function claim(d: Deployment, selector: ReturnType<typeof selectorFromObject>): ReplicaSet[] {
    const mine = setsByOwner.get(d.metadata.uid!).filter((rs) => matchesSelector(selector, rs.metadata.labels))
    if (d.metadata.deletionTimestamp) return mine
    for (const rs of setsByOwner.get(orphansOf(d.metadata.namespace!))) {
      if (rs.metadata.deletionTimestamp || !matchesSelector(selector, rs.metadata.labels)) continue
      const ownerReferences = [...(rs.metadata.ownerReferences ?? []), ownerReference(d)]
      mine.push(
        client.patch<ReplicaSet>('replicasets.apps', rs.metadata.namespace!, rs.metadata.name, {
          type: 'merge',
          body: { metadata: { uid: rs.metadata.uid, ownerReferences } },
        }),
      )
    }
    return mine.sort(byCreation)
  }

  /** A paused deployment says so, so that its deadline rests. True when it has just been said. */
  function markPaused(d: Deployment): boolean {
    const current = findCondition(d.status, 'Progressing')
    if ((d.spec.progressDeadlineSeconds ?? 0) >= 2_147_483_647 || current?.reason === 'ProgressDeadlineExceeded') return false
    const paused = current?.reason === 'DeploymentPaused'
    if (paused === Boolean(d.spec.paused)) return false
    const status = cloneJson(d.status)
    setCondition(
      status,
      client.server.nowMs,
      d.spec.paused
        ? condition('Progressing', 'Unknown', 'DeploymentPaused', 'Deployment is paused')
        : condition('Progressing', 'Unknown', 'DeploymentResumed', 'Deployment is resumed'),
    )
    client.updateStatus('deployments.apps', { ...d, status } as Deployment)
    return true
  }

  function isScaling(d: Deployment, owned: readonly ReplicaSet[]): boolean {
    return owned.some((rs) => {
      const said = rs.metadata.annotations?.[DESIRED]
      return desiredOf(rs) > 0 && said !== undefined && Number(said) !== desiredOf(d)
    })
  }

  /** Scales without rolling: for paused deployments and changes of `replicas` alone. */
  function sync(d: Deployment, owned: ReplicaSet[]): ReconcileResult {
    const { all, newSet } = replicaSets(d, owned, false)
    const scaled = scaleProportionally(d, all, newSet)
    if (d.spec.paused)
      cleanup(
        d,
        all.filter((rs) => rs.metadata.uid !== newSet?.metadata.uid),
      )
    return syncStatus(
      d,
      scaled,
      scaled.find((rs) => rs.metadata.uid === newSet?.metadata.uid),
    )
  }

  function scaleProportionally(d: Deployment, all: ReplicaSet[], newSet: ReplicaSet | undefined): ReplicaSet[] {
    const active = all.filter((rs) => desiredOf(rs) > 0)
    if (active.length <= 1) {
      const only = active[0] ?? newSet ?? [...all].sort(byCreation).at(-1)
      return only ? replaceIn(all, scale(d, only, desiredOf(d))) : all
    }
    const old = all.filter((rs) => rs.metadata.uid !== newSet?.metadata.uid)
    if (newSet && isSaturated(d, newSet))
      return old.reduce((list, rs) => (desiredOf(rs) > 0 ? replaceIn(list, scale(d, rs, 0)) : list), all)
    if (!isRolling(d)) return all
    return proportions(d, active).reduce((list, [rs, replicas]) => replaceIn(list, scale(d, rs, replicas)), all)
  }

  function isSaturated(d: Deployment, rs: ReplicaSet): boolean {
    const said = Number(rs.metadata.annotations?.[DESIRED] ?? Number.NaN)
    return desiredOf(rs) === desiredOf(d) && said === desiredOf(d) && (rs.status.availableReplicas ?? 0) === desiredOf(d)
  }

  function rolling(d: Deployment, owned: ReplicaSet[]): ReconcileResult {
    const found = replicaSets(d, owned, true)
    let { all, newSet } = found
    if (!newSet) return
    const old = () => all.filter((rs) => rs.metadata.uid !== newSet!.metadata.uid)
    const wanted = desiredOf(newSet) > desiredOf(d) ? desiredOf(d) : newSetReplicas(d, all, newSet)
    if (wanted !== desiredOf(newSet)) {
      newSet = scale(d, newSet, wanted)
      all = replaceIn(all, newSet)
      return syncStatus(d, all, newSet)
    }
    const before = totalReplicas(old())
    all = scaleDownOld(d, all, newSet)
    if (totalReplicas(old()) !== before) return syncStatus(d, all, newSet)
    if (isComplete(d, d.status)) cleanup(d, old())
    return syncStatus(d, all, newSet)
  }

  /** First what does not work anyway, then as much as availability allows (rolling.go reconcileOldReplicaSets). */
  function scaleDownOld(d: Deployment, all: ReplicaSet[], newSet: ReplicaSet): ReplicaSet[] {
    const isOld = (rs: ReplicaSet) => rs.metadata.uid !== newSet.metadata.uid
    let list = all
    if (totalReplicas(list.filter(isOld)) === 0) return list
    const minAvailable = desiredOf(d) - unavailableOf(d)
    const newUnavailable = desiredOf(newSet) - (newSet.status.availableReplicas ?? 0)
    const most = totalReplicas(list) - minAvailable - newUnavailable
    if (most <= 0) return list
    let budget = most
    for (const rs of list.filter(isOld).sort(byCreation)) {
      if (budget <= 0) break
      const unhealthy = desiredOf(rs) - (rs.status.availableReplicas ?? 0)
      if (desiredOf(rs) === 0 || unhealthy <= 0) continue
      const down = Math.min(budget, unhealthy)
      list = replaceIn(list, scale(d, rs, desiredOf(rs) - down))
      budget -= down
    }
    const available = list.reduce((sum, rs) => sum + Math.min(rs.status.availableReplicas ?? 0, desiredOf(rs)), 0)
    let spare = available - minAvailable
    for (const rs of list.filter(isOld).sort(byCreation)) {
      if (spare <= 0) break
      if (desiredOf(rs) === 0) continue
      const down = Math.min(spare, desiredOf(rs))
      list = replaceIn(list, scale(d, rs, desiredOf(rs) - down))
      spare -= down
    }
    return list
  }

  function recreate(d: Deployment, owned: ReplicaSet[]): ReconcileResult {
    const found = replicaSets(d, owned, false)
    let { all, newSet } = found
    const old = all.filter((rs) => rs.metadata.uid !== newSet?.metadata.uid)
    if (old.some((rs) => desiredOf(rs) > 0)) {
      for (const rs of old) if (desiredOf(rs) > 0) all = replaceIn(all, scale(d, rs, 0))
      return syncStatus(d, all, newSet)
    }
    if (old.some((rs) => pods.byOwner.get(rs.metadata.uid!).some((pod) => isPodActive(pod) || !isPodTerminal(pod))))
      return syncStatus(d, all, newSet)
    if (!newSet) {
      const made = replicaSets(d, owned, true)
      all = made.all
      newSet = made.newSet
      if (!newSet) return
    }
    const grown = scale(d, newSet, desiredOf(d))
    all = replaceIn(all, grown)
    if (isComplete(d, d.status)) cleanup(d, old)
    return syncStatus(d, all, grown)
  }

  /** All sets, the new one among them, with its revision brought up to date; made when it is missing and `create` says so. */
  function replicaSets(d: Deployment, owned: ReplicaSet[], create: boolean): { all: ReplicaSet[]; newSet: ReplicaSet | undefined } {
    const existing = findNew(d, owned)
    const old = owned.filter((rs) => rs !== existing)
    const revision = maxRevision(old) + 1
    if (existing) {
      const annotations = newSetAnnotations(d, existing.metadata.annotations, revision)
      let newSet = existing
      if (annotations !== existing.metadata.annotations || (existing.spec.minReadySeconds ?? 0) !== (d.spec.minReadySeconds ?? 0)) {
        const draft = cloneJson(existing)
        draft.metadata.annotations = { ...annotations }
        if (d.spec.minReadySeconds !== undefined) draft.spec.minReadySeconds = d.spec.minReadySeconds
        else delete draft.spec.minReadySeconds
        newSet = client.update<ReplicaSet>('replicasets.apps', draft)
      }
      noteRevision(d, newSet, findCondition(d.status, 'Progressing') ? undefined : `Found new replica set "${newSet.metadata.name}"`)
      return { all: replaceIn(owned, newSet), newSet }
    }
    if (!create) return { all: owned, newSet: undefined }
    const hash = templateHash(d.spec.template, d.status.collisionCount ?? 0)
    const template = hashedTemplate(d.spec.template, hash)
    const draft = {
      apiVersion: 'apps/v1',
      kind: 'ReplicaSet',
      metadata: {
        name: `${d.metadata.name}-${hash}`,
        namespace: d.metadata.namespace,
        ownerReferences: [ownerReference(d)],
        labels: template.metadata!.labels,
        annotations: withScaleAnnotations(newSetAnnotations(d, undefined, revision), d),
      },
      spec: {
        replicas: newSetReplicas(d, owned, undefined),
        template,
        ...(d.spec.minReadySeconds ? { minReadySeconds: d.spec.minReadySeconds } : {}),
        selector: { ...d.spec.selector, matchLabels: { ...d.spec.selector.matchLabels, [HASH_LABEL]: hash } },
      },
    }
    let newSet: ReplicaSet
    try {
      newSet = client.create<ReplicaSet>('replicasets.apps', d.metadata.namespace!, draft)
    } catch (error) {
      if (!isStatusError(error)) throw error
      return refused(d, draft.metadata.name, error)
    }
    if (desiredOf(newSet) > 0)
      recorder.event(d, 'Normal', 'ScalingReplicaSet', `Scaled up replica set ${newSet.metadata.name} from 0 to ${desiredOf(newSet)}`)
    noteRevision(d, newSet, `Created new replica set "${newSet.metadata.name}"`, 'NewReplicaSetCreated')
    return { all: [...owned, newSet], newSet }
  }

  /** Another set has that name: ours from an earlier try, or a collision of hashes. */
  function refused(d: Deployment, name: string, error: unknown): { all: ReplicaSet[]; newSet: undefined } {
    if (!isStatusError(error)) throw error
    if (hasReason(error, 'AlreadyExists')) {
      const found = client.find<ReplicaSet>('replicasets.apps', d.metadata.namespace!, name)
      if (found && !(controllerOf(found)?.uid === d.metadata.uid && sameTemplate(found.spec.template, d.spec.template)))
        client.updateStatus('deployments.apps', {
          ...d,
          status: { ...d.status, collisionCount: (d.status.collisionCount ?? 0) + 1 },
        } as Deployment)
      throw error
    }
    const message = `Failed to create new replica set "${name}": ${error.message}`
    if (!isNamespaceTerminating(error)) recorder.event(d, 'Warning', 'ReplicaSetCreateError', message)
    const status = cloneJson(d.status)
    setCondition(status, client.server.nowMs, condition('Progressing', 'False', 'ReplicaSetCreateError', message))
    if (!equalJson(status, d.status)) client.updateStatus('deployments.apps', { ...d, status } as Deployment)
    throw error
  }

  function noteRevision(d: Deployment, newSet: ReplicaSet, message: string | undefined, reason = 'FoundNewReplicaSet'): void {
    const revision = newSet.metadata.annotations?.[REVISION] ?? ''
    const withAnnotation = d.metadata.annotations?.[REVISION] !== revision
    const status = cloneJson(d.status)
    if (message) setCondition(status, client.server.nowMs, condition('Progressing', 'True', reason, message))
    if (withAnnotation) {
      const fresh = client.patch<Deployment>('deployments.apps', d.metadata.namespace!, d.metadata.name, {
        type: 'merge',
        body: { metadata: { annotations: { [REVISION]: revision } } },
      })
      if (message) client.updateStatus('deployments.apps', { ...fresh, status } as Deployment)
    } else if (message && !equalJson(status, d.status)) client.updateStatus('deployments.apps', { ...d, status } as Deployment)
  }

  function scale(d: Deployment, rs: ReplicaSet, replicas: number): ReplicaSet {
    const annotations = withScaleAnnotations(rs.metadata.annotations, d)
    const from = desiredOf(rs)
    if (from === replicas && equalJson(annotations, rs.metadata.annotations)) return rs
    const draft = cloneJson(rs)
    draft.spec.replicas = replicas
    draft.metadata.annotations = annotations
    const done = client.update<ReplicaSet>('replicasets.apps', draft)
    if (from !== replicas)
      recorder.event(
        d,
        'Normal',
        'ScalingReplicaSet',
        `Scaled ${from < replicas ? 'up' : 'down'} replica set ${rs.metadata.name} from ${from} to ${replicas}`,
      )
    return done
  }

  /** Old sets beyond the history limit go, oldest revision first. */
  function cleanup(d: Deployment, old: readonly ReplicaSet[]): void {
    const limit = d.spec.revisionHistoryLimit ?? 10
    const idle = old.filter(
      (rs) =>
        rs.status.replicas === 0 &&
        desiredOf(rs) === 0 &&
        !rs.metadata.deletionTimestamp &&
        rs.status.observedGeneration === rs.metadata.generation,
    )
    const excess = idle.length - limit
    if (excess <= 0) return
    for (const rs of [...idle].sort((a, b) => revisionOf(a) - revisionOf(b) || byCreation(a, b)).slice(0, excess)) {
      try {
        client.delete('replicasets.apps', rs.metadata.namespace!, rs.metadata.name)
      } catch (error) {
        if (!hasReason(error, 'NotFound')) throw error
      }
    }
  }

  function syncStatus(d: Deployment, all: readonly ReplicaSet[], newSet: ReplicaSet | undefined): ReconcileResult {
    // An earlier step of this same reconciliation may have written the deployment already.
    const latest = client.find<Deployment>('deployments.apps', d.metadata.namespace!, d.metadata.name)
    if (!latest || latest.metadata.uid !== d.metadata.uid || latest.metadata.generation !== d.metadata.generation) return
    const nowMs = client.server.nowMs
    const status = baseStatus(latest, all, newSet)
    setAvailable(status, latest, nowMs)
    const wait = d.spec.paused ? undefined : setProgress(status, latest, all, newSet, nowMs)
    if (status.conditions?.length === 0) delete status.conditions
    if (!equalJson(status, latest.status)) client.updateStatus('deployments.apps', { ...latest, status } as Deployment)
    if (wait !== undefined) return wait * 1000
  }

  return controller
}

function replaceIn(list: readonly ReplicaSet[], rs: ReplicaSet): ReplicaSet[] {
  return list.map((item) => (item.metadata.uid === rs.metadata.uid ? rs : item))
}
