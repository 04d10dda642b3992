/** persistentvolumes, persistentvolumeclaims, storageclasses: printers and defaults. Omits: binding rules' validation. */
import { required } from '../meta/field-error.ts'
import type { FieldError } from '../meta/field-error.ts'
import type { KubeObject, PersistentVolume, PersistentVolumeClaim } from '../types/index.ts'
import { ageColumn, column, wide } from './columns.ts'
import { defineResource, nameColumn } from './definition.ts'

const SHORT_MODES = new Map([
  ['ReadWriteOnce', 'RWO'],
  ['ReadOnlyMany', 'ROX'],
  ['ReadWriteMany', 'RWX'],
  ['ReadWriteOncePod', 'RWOP'],
])

function modes(list: string[] | undefined): string {
  return [...SHORT_MODES]
    .filter(([mode]) => list?.includes(mode))
    .map(([, short]) => short)
    .join(',')
}

export const persistentvolumes = defineResource<PersistentVolume>({
  kind: 'PersistentVolume',
  plural: 'persistentvolumes',
  shortNames: ['pv'],
  namespaced: false,
  subresources: ['status'],
  defaults(pv) {
    if (!pv.spec) return
    pv.spec.persistentVolumeReclaimPolicy ??= 'Retain'
    pv.spec.volumeMode ??= 'Filesystem'
    if (pv.spec.hostPath) pv.spec.hostPath.type ??= ''
  },
  validate(pv) {
    const errors: FieldError[] = []
    if (!pv.spec?.accessModes?.length) errors.push(required('spec.accessModes'))
    if (!pv.spec?.capacity?.storage) errors.push(required('spec.capacity'))
    return errors
  },
  strategy: {
    statusSubresource: true,
    prepareForCreate(pv) {
      pv.status = { phase: 'Pending' }
    },
  },
  columns: [
    nameColumn<PersistentVolume>(),
    column<PersistentVolume>('Capacity', (v) => v.spec.capacity?.storage ?? ''),
    column<PersistentVolume>('Access Modes', (v) => modes(v.spec.accessModes)),
    column<PersistentVolume>('Reclaim Policy', (v) => v.spec.persistentVolumeReclaimPolicy ?? ''),
    column<PersistentVolume>('Status', (v) => (v.metadata.deletionTimestamp ? 'Terminating' : (v.status?.phase ?? ''))),
    column<PersistentVolume>('Claim', (v) => (v.spec.claimRef ? `${v.spec.claimRef.namespace}/${v.spec.claimRef.name}` : '')),
    column<PersistentVolume>('StorageClass', (v) => v.spec.storageClassName ?? ''),
    column<PersistentVolume>('VolumeAttributesClass', () => '<unset>'),
    column<PersistentVolume>('Reason', (v) => v.status?.reason ?? ''),
    ageColumn<PersistentVolume>(),
    wide<PersistentVolume>('VolumeMode', (v) => v.spec.volumeMode ?? '<unset>'),
  ],
})

export const persistentvolumeclaims = defineResource<PersistentVolumeClaim>({
  kind: 'PersistentVolumeClaim',
  plural: 'persistentvolumeclaims',
  shortNames: ['pvc'],
  subresources: ['status'],
  defaults(pvc) {
    if (pvc.spec) pvc.spec.volumeMode ??= 'Filesystem'
  },
  validate(pvc) {
    const errors: FieldError[] = []
    if (!pvc.spec?.accessModes?.length) errors.push(required('spec.accessModes', 'at least 1 access mode is required'))
    if (!pvc.spec?.resources?.requests?.storage) errors.push(required('spec.resources[storage]'))
    return errors
  },
  strategy: {
    statusSubresource: true,
    prepareForCreate(pvc) {
      pvc.status = { phase: 'Pending' }
    },
  },
  columns: [
    nameColumn<PersistentVolumeClaim>(),
    column<PersistentVolumeClaim>('Status', (c) => (c.metadata.deletionTimestamp ? 'Terminating' : (c.status?.phase ?? ''))),
    column<PersistentVolumeClaim>('Volume', (c) => c.spec.volumeName ?? ''),
    column<PersistentVolumeClaim>('Capacity', (c) => (c.spec.volumeName ? (c.status?.capacity?.storage ?? '') : '')),
    column<PersistentVolumeClaim>('Access Modes', (c) => (c.spec.volumeName ? modes(c.status?.accessModes) : '')),
    column<PersistentVolumeClaim>('StorageClass', (c) => c.spec.storageClassName ?? ''),
    column<PersistentVolumeClaim>('VolumeAttributesClass', () => '<unset>'),
    ageColumn<PersistentVolumeClaim>(),
    wide<PersistentVolumeClaim>('VolumeMode', (c) => c.spec.volumeMode ?? '<unset>'),
  ],
})

export interface StorageClass extends KubeObject {
  provisioner: string
  reclaimPolicy?: string
  volumeBindingMode?: string
  allowVolumeExpansion?: boolean
}

const DEFAULT_CLASS = 'storageclass.kubernetes.io/is-default-class'

export const storageclasses = defineResource<StorageClass>({
  group: 'storage.k8s.io',
  kind: 'StorageClass',
  plural: 'storageclasses',
  shortNames: ['sc'],
  namespaced: false,
  defaults(sc) {
    sc.reclaimPolicy ??= 'Delete'
    sc.volumeBindingMode ??= 'Immediate'
  },
  validate: (sc) => (sc.provisioner ? [] : [required('provisioner')]),
  columns: [
    {
      ...nameColumn<StorageClass>(),
      value: (s) => (s.metadata.annotations?.[DEFAULT_CLASS] === 'true' ? `${s.metadata.name} (default)` : s.metadata.name),
    },
    column<StorageClass>('Provisioner', (s) => s.provisioner),
    column<StorageClass>('ReclaimPolicy', (s) => s.reclaimPolicy ?? 'Delete'),
    column<StorageClass>('VolumeBindingMode', (s) => s.volumeBindingMode ?? '<unset>'),
    column<StorageClass>('AllowVolumeExpansion', (s) => String(s.allowVolumeExpansion ?? false)),
    ageColumn<StorageClass>(),
  ],
})
