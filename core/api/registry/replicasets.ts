/** replicasets.apps and replicationcontrollers: the same thing, before and after set-based selectors. */
import { invalid, required } from '../meta/field-error.ts'
import type { FieldError } from '../meta/field-error.ts'
import { formatSelector, selectorFromMap, selectorFromObject } from '../meta/labels.ts'
import type { ReplicaSet, ReplicationController } from '../types/index.ts'
import { ageColumn, column, labelsText, selectorText, templateColumns } from './columns.ts'
import { defineResource, nameColumn } from './definition.ts'
import { isEmpty } from './deployments.ts'
import { immutable, nonNegative, validateLabelSelector } from './meta-validation.ts'
import { defaultTemplate, validateTemplate } from './pod-template.ts'

export const replicasets = defineResource<ReplicaSet>({
  group: 'apps',
  kind: 'ReplicaSet',
  plural: 'replicasets',
  shortNames: ['rs'],
  categories: ['all'],
  subresources: ['status', 'scale'],
  defaults(rs) {
    if (!rs.spec) return
    rs.spec.replicas ??= 1
    defaultTemplate(rs.spec.template)
  },
  validate: (rs, old) => [...validateReplicaSet(rs), ...(old ? immutable(rs.spec?.selector, old.spec.selector, 'spec.selector') : [])],
  strategy: {
    generation: true,
    statusSubresource: true,
    prepareForCreate(rs) {
      rs.status = { replicas: 0 }
    },
  },
  scale: {
    replicas: (rs) => rs.spec.replicas ?? 1,
    statusReplicas: (rs) => rs.status?.replicas ?? 0,
    selector: (rs) => formatSelector(selectorFromObject(rs.spec.selector)),
  },
  columns: [
    nameColumn<ReplicaSet>(),
    column<ReplicaSet>('Desired', (rs) => rs.spec.replicas ?? 0, 'integer'),
    column<ReplicaSet>('Current', (rs) => rs.status?.replicas ?? 0, 'integer'),
    column<ReplicaSet>('Ready', (rs) => rs.status?.readyReplicas ?? 0, 'integer'),
    ageColumn<ReplicaSet>(),
    ...templateColumns<ReplicaSet>(
      (rs) => rs.spec.template,
      (rs) => selectorText(rs.spec.selector),
    ),
  ],
  selectableFields: new Map([['status.replicas', (rs: ReplicaSet) => String(rs.status?.replicas ?? 0)]]),
})

function validateReplicaSet(rs: ReplicaSet): FieldError[] {
  const { spec } = rs
  if (!spec) return [required('spec.selector'), required('spec.template')]
  const errors = [...nonNegative(spec.replicas, 'spec.replicas'), ...nonNegative(spec.minReadySeconds, 'spec.minReadySeconds')]
  if (!spec.selector) errors.push(required('spec.selector'))
  else {
    errors.push(...validateLabelSelector(spec.selector, 'spec.selector'))
    if (isEmpty(spec.selector)) errors.push(invalid('spec.selector', spec.selector, 'empty selector is invalid for deployment'))
  }
  errors.push(...validateTemplate(spec.template, selectorFromObject(spec.selector), ['Always'], 'spec.template'))
  return errors
}

export const replicationcontrollers = defineResource<ReplicationController>({
  kind: 'ReplicationController',
  plural: 'replicationcontrollers',
  shortNames: ['rc'],
  categories: ['all'],
  subresources: ['status', 'scale'],
  defaults(rc) {
    if (!rc.spec) return
    rc.spec.replicas ??= 1
    const labels = rc.spec.template?.metadata?.labels
    if (labels) {
      if (Object.keys(rc.spec.selector ?? {}).length === 0) rc.spec.selector = { ...labels }
      if (Object.keys(rc.metadata.labels ?? {}).length === 0) rc.metadata.labels = { ...labels }
    }
    defaultTemplate(rc.spec.template)
  },
  validate(rc) {
    const { spec } = rc
    if (!spec) return [required('spec.selector'), required('spec.template')]
    const errors = [...nonNegative(spec.replicas, 'spec.replicas'), ...nonNegative(spec.minReadySeconds, 'spec.minReadySeconds')]
    const selector = selectorFromMap(spec.selector)
    if (!selector) errors.push(required('spec.selector'))
    errors.push(...validateTemplate(spec.template, selector ?? [], ['Always'], 'spec.template'))
    return errors
  },
  strategy: {
    generation: true,
    statusSubresource: true,
    defaultPropagation: 'Orphan',
    prepareForCreate(rc) {
      rc.status = { replicas: 0 }
    },
  },
  scale: {
    replicas: (rc) => rc.spec.replicas ?? 1,
    statusReplicas: (rc) => rc.status?.replicas ?? 0,
    selector: (rc) => formatSelector(selectorFromMap(rc.spec.selector)),
  },
  columns: [
    nameColumn<ReplicationController>(),
    column<ReplicationController>('Desired', (rc) => rc.spec.replicas ?? 0, 'integer'),
    column<ReplicationController>('Current', (rc) => rc.status?.replicas ?? 0, 'integer'),
    column<ReplicationController>('Ready', (rc) => rc.status?.readyReplicas ?? 0, 'integer'),
    ageColumn<ReplicationController>(),
    ...templateColumns<ReplicationController>(
      (rc) => rc.spec.template,
      (rc) => labelsText(rc.spec.selector),
    ),
  ],
})
