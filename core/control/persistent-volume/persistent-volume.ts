/**
 * persistentvolume-binder, with a provisioner: claims find a fitting volume, or get one made on the node's disk when their class
 * exists (pkg/controller/volume/persistentvolume).
 * Omits: WaitForFirstConsumer (bound at once), selectors, volume modes, resizing, recycling.
 */
import { byText } from '../../base/text-order.ts'
import { objectKey } from '../../api/client/informer.ts'
import { runController } from '../../api/client/run-controller.ts'
import type { Controller, ReconcileResult } from '../../api/client/run-controller.ts'
import { cloneJson } from '../../api/meta/json.ts'
import { compareQuantity } from '../../api/meta/quantity.ts'
import { hasReason } from '../../api/meta/status.ts'
import type { StorageClass } from '../../api/registry/storage.ts'
import type { PersistentVolume, PersistentVolumeClaim } from '../../api/types/index.ts'
import type { ControllerDeps } from '../controller-deps.ts'

const DEFAULT_CLASS = 'storageclass.kubernetes.io/is-default-class'

export function persistentVolumeController(deps: ControllerDeps): Controller {
  const { client, clock, trace, recorder, informers } = deps
  const claims = informers.of<PersistentVolumeClaim>('persistentvolumeclaims')
  const volumes = informers.of<PersistentVolume>('persistentvolumes')
  const classes = informers.of<StorageClass>('storageclasses.storage.k8s.io')
  const controller = runController({ clock, trace, name: 'persistentvolume-binder', reconcile })

  claims.onEvent((claim, old) => {
    if (claim) controller.enqueue(objectKey(claim))
    else if (old!.spec.volumeName) controller.enqueue(`pv ${old!.spec.volumeName}`)
  })
  volumes.onEvent((volume) => {
    if (!volume) return
    controller.enqueue(`pv ${volume.metadata.name}`)
    if (volume.status.phase === 'Available') retryPending()
  })
  classes.onEvent((c) => {
    if (c) retryPending()
  })

  function retryPending(): void {
    for (const claim of claims.list()) if (!claim.spec.volumeName) controller.enqueue(objectKey(claim))
  }

  function reconcile(key: string): ReconcileResult {
    if (key.startsWith('pv ')) return syncVolume(key.slice(3))
    const claim = claims.byKey(key)
    if (!claim || claim.metadata.deletionTimestamp || claim.status.phase === 'Bound') return
    const className =
      claim.spec.storageClassName ?? classes.list().find((c) => c.metadata.annotations?.[DEFAULT_CLASS] === 'true')?.metadata.name ?? ''
    const volume = findVolume(claim, className) ?? provision(claim, className)
    if (!volume) {
      const text =
        className === ''
          ? 'no persistent volumes available for this claim and no storage class is set'
          : `storageclass.storage.k8s.io "${className}" not found`
      recorder.event(claim, className === '' ? 'Normal' : 'Warning', className === '' ? 'FailedBinding' : 'ProvisioningFailed', text)
      return
    }
    bind(claim, volume, className)
  }

  function findVolume(claim: PersistentVolumeClaim, className: string): PersistentVolume | undefined {
    const wanted = claim.spec.resources?.requests?.storage
    const fitting = volumes.list().filter((v) => {
      const { claimRef } = v.spec
      if (
        claimRef &&
        (claimRef.name !== claim.metadata.name ||
          claimRef.namespace !== claim.metadata.namespace ||
          (claimRef.uid && claimRef.uid !== claim.metadata.uid))
      )
        return false
      if (claim.spec.volumeName) return v.metadata.name === claim.spec.volumeName
      if (!claimRef && v.status.phase !== 'Available' && v.status.phase !== 'Pending') return false
      return (
        (v.spec.storageClassName ?? '') === className &&
        (claim.spec.accessModes ?? []).every((m) => v.spec.accessModes?.includes(m)) &&
        compareQuantity(v.spec.capacity?.storage, wanted) >= 0
      )
    })
    return fitting.sort(
      (a, b) => compareQuantity(a.spec.capacity?.storage, b.spec.capacity?.storage) || byText(a.metadata.name, b.metadata.name),
    )[0]
  }

  function provision(claim: PersistentVolumeClaim, className: string): PersistentVolume | undefined {
    const found = classes.byKey(className)
    if (!found || found.provisioner === 'kubernetes.io/no-provisioner' || claim.spec.volumeName) return undefined
    const name = `pvc-${claim.metadata.uid}`
    const volume = client.create<PersistentVolume>('persistentvolumes', '', {
      metadata: { name, annotations: { 'pv.kubernetes.io/provisioned-by': found.provisioner } },
      spec: {
        capacity: { storage: claim.spec.resources?.requests?.storage ?? '1Gi' },
        accessModes: claim.spec.accessModes,
        storageClassName: className,
        persistentVolumeReclaimPolicy: found.reclaimPolicy ?? 'Delete',
        hostPath: { path: `/var/lib/vethlab/volumes/${name}`, type: 'DirectoryOrCreate' },
        claimRef: {
          kind: 'PersistentVolumeClaim',
          apiVersion: 'v1',
          namespace: claim.metadata.namespace,
          name: claim.metadata.name,
          uid: claim.metadata.uid,
        },
      },
    })
    recorder.event(claim, 'Normal', 'ProvisioningSucceeded', `Successfully provisioned volume ${name}`)
    return volume
  }

  function bind(claim: PersistentVolumeClaim, volume: PersistentVolume, className: string): void {
    const { namespace, name, uid } = claim.metadata
    const draft = cloneJson(volume)
    draft.spec.claimRef = { kind: 'PersistentVolumeClaim', apiVersion: 'v1', namespace, name, uid }
    const bound = client.update<PersistentVolume>('persistentvolumes', draft)
    client.updateStatus('persistentvolumes', { ...bound, status: { phase: 'Bound' } } as PersistentVolume)
    const next = cloneJson(claim)
    next.spec.volumeName = volume.metadata.name
    if (className !== '') next.spec.storageClassName ??= className
    const written = client.update<PersistentVolumeClaim>('persistentvolumeclaims', next)
    client.updateStatus('persistentvolumeclaims', {
      ...written,
      status: { phase: 'Bound', accessModes: volume.spec.accessModes, capacity: volume.spec.capacity },
    } as PersistentVolumeClaim)
  }

  /** A volume whose claim is gone is released, and deleted where its policy says so. */
  function syncVolume(name: string): ReconcileResult {
    const volume = volumes.byKey(name)
    if (!volume || volume.metadata.deletionTimestamp) return
    const reference = volume.spec.claimRef
    const claim = reference ? claims.get(reference.namespace ?? '', reference.name ?? '') : undefined
    const phase = !reference
      ? 'Available'
      : claim
        ? claim.spec.volumeName === name
          ? 'Bound'
          : volume.status.phase
        : volume.status.phase === 'Bound'
          ? 'Released'
          : volume.status.phase
    if (phase === 'Released' && volume.spec.persistentVolumeReclaimPolicy === 'Delete') {
      try {
        client.delete('persistentvolumes', '', name)
      } catch (error) {
        if (!hasReason(error, 'NotFound')) throw error
      }
    } else if (phase !== volume.status.phase)
      client.updateStatus('persistentvolumes', { ...volume, status: { ...volume.status, phase } } as PersistentVolume)
  }

  return controller
}
