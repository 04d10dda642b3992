/** daemonsets.apps, statefulsets.apps and the controllerrevisions.apps that hold their history. */
import { invalid, notSupported, required, forbidden } from '../meta/field-error.ts'
import type { FieldError } from '../meta/field-error.ts'
import { cloneJson, equalJson } from '../meta/json.ts'
import { formatSelector, selectorFromObject } from '../meta/labels.ts'
import type { ControllerRevision, DaemonSet, StatefulSet } from '../types/index.ts'
import { ageColumn, column, labelsText, selectorText, templateColumns } from './columns.ts'
import { defineResource, nameColumn } from './definition.ts'
import { isEmpty, percentOrCount } from './deployments.ts'
import { immutable, nonNegative, validateLabelSelector } from './meta-validation.ts'
import { defaultTemplate, validateTemplate } from './pod-template.ts'

export const daemonsets = defineResource<DaemonSet>({
  group: 'apps',
  kind: 'DaemonSet',
  plural: 'daemonsets',
  shortNames: ['ds'],
  categories: ['all'],
  subresources: ['status'],
  defaults(ds) {
    if (!ds.spec) return
    ds.spec.updateStrategy ??= {}
    ds.spec.updateStrategy.type ??= 'RollingUpdate'
    if (ds.spec.updateStrategy.type === 'RollingUpdate') {
      ds.spec.updateStrategy.rollingUpdate ??= {}
      ds.spec.updateStrategy.rollingUpdate.maxUnavailable ??= 1
      ds.spec.updateStrategy.rollingUpdate.maxSurge ??= 0
    }
    ds.spec.revisionHistoryLimit ??= 10
    defaultTemplate(ds.spec.template)
  },
  validate(ds, old) {
    const { spec } = ds
    if (!spec) return [required('spec.selector'), required('spec.template')]
    const errors: FieldError[] = [...validateLabelSelector(spec.selector, 'spec.selector')]
    if (!spec.selector) errors.push(required('spec.selector'))
    else if (isEmpty(spec.selector)) errors.push(invalid('spec.selector', spec.selector, 'empty selector is invalid for daemonset'))
    errors.push(...validateTemplate(spec.template, selectorFromObject(spec.selector), ['Always'], 'spec.template'))
    errors.push(...nonNegative(spec.minReadySeconds, 'spec.minReadySeconds'))
    const type = spec.updateStrategy?.type
    if (type !== 'RollingUpdate' && type !== 'OnDelete')
      errors.push(notSupported('spec.updateStrategy.type', type, ['RollingUpdate', 'OnDelete']))
    const rolling = spec.updateStrategy?.rollingUpdate
    if (rolling?.maxUnavailable !== undefined)
      errors.push(...percentOrCount(rolling.maxUnavailable, 'spec.updateStrategy.rollingUpdate.maxUnavailable'))
    if (rolling?.maxSurge !== undefined) errors.push(...percentOrCount(rolling.maxSurge, 'spec.updateStrategy.rollingUpdate.maxSurge'))
    if (old) errors.push(...immutable(spec.selector, old.spec.selector, 'spec.selector'))
    return errors
  },
  strategy: {
    generation: true,
    statusSubresource: true,
    prepareForCreate(ds) {
      ds.status = { currentNumberScheduled: 0, numberMisscheduled: 0, desiredNumberScheduled: 0, numberReady: 0 }
    },
  },
  columns: [
    nameColumn<DaemonSet>(),
    column<DaemonSet>('Desired', (ds) => ds.status?.desiredNumberScheduled ?? 0, 'integer'),
    column<DaemonSet>('Current', (ds) => ds.status?.currentNumberScheduled ?? 0, 'integer'),
    column<DaemonSet>('Ready', (ds) => ds.status?.numberReady ?? 0, 'integer'),
    column<DaemonSet>('Up-to-date', (ds) => ds.status?.updatedNumberScheduled ?? 0, 'integer'),
    column<DaemonSet>('Available', (ds) => ds.status?.numberAvailable ?? 0, 'integer'),
    column<DaemonSet>('Node Selector', (ds) => labelsText(ds.spec.template?.spec?.nodeSelector)),
    ageColumn<DaemonSet>(),
    ...templateColumns<DaemonSet>(
      (ds) => ds.spec.template,
      (ds) => selectorText(ds.spec.selector),
    ),
  ],
})

const STATEFUL_MUTABLE = [
  'replicas',
  'template',
  'updateStrategy',
  'minReadySeconds',
  'persistentVolumeClaimRetentionPolicy',
  'ordinals',
  'revisionHistoryLimit',
] as const

export const statefulsets = defineResource<StatefulSet>({
  group: 'apps',
  kind: 'StatefulSet',
  plural: 'statefulsets',
  shortNames: ['sts'],
  categories: ['all'],
  subresources: ['status', 'scale'],
  defaults(s) {
    if (!s.spec) return
    const { spec } = s
    spec.podManagementPolicy ??= 'OrderedReady'
    spec.updateStrategy ??= {}
    spec.updateStrategy.type ??= 'RollingUpdate'
    if (spec.updateStrategy.type === 'RollingUpdate') {
      spec.updateStrategy.rollingUpdate ??= {}
      spec.updateStrategy.rollingUpdate.partition ??= 0
    }
    spec.persistentVolumeClaimRetentionPolicy ??= {}
    spec.persistentVolumeClaimRetentionPolicy.whenDeleted ??= 'Retain'
    spec.persistentVolumeClaimRetentionPolicy.whenScaled ??= 'Retain'
    spec.replicas ??= 1
    spec.revisionHistoryLimit ??= 10
    spec.serviceName ??= ''
    for (const claim of spec.volumeClaimTemplates ?? []) {
      claim.apiVersion ??= 'v1'
      claim.kind ??= 'PersistentVolumeClaim'
      if (claim.spec) claim.spec.volumeMode ??= 'Filesystem'
      claim.status ??= { phase: 'Pending' }
    }
    defaultTemplate(spec.template)
  },
  validate(s, old) {
    const { spec } = s
    if (!spec) return [required('spec.selector'), required('spec.template')]
    const errors: FieldError[] = []
    if (spec.podManagementPolicy !== 'OrderedReady' && spec.podManagementPolicy !== 'Parallel')
      errors.push(invalid('spec.podManagementPolicy', spec.podManagementPolicy, "must be 'OrderedReady' or 'Parallel'"))
    errors.push(...nonNegative(spec.replicas, 'spec.replicas'))
    if (!spec.selector) errors.push(required('spec.selector'))
    else {
      errors.push(...validateLabelSelector(spec.selector, 'spec.selector'))
      if (isEmpty(spec.selector)) errors.push(invalid('spec.selector', spec.selector, 'empty selector is invalid for statefulset'))
    }
    errors.push(...validateTemplate(spec.template, selectorFromObject(spec.selector), ['Always'], 'spec.template'))
    if (old) {
      const allowed = cloneJson(old.spec) as Record<string, unknown>
      for (const field of STATEFUL_MUTABLE) allowed[field] = spec[field]
      if (!equalJson(spec, allowed))
        errors.push(
          forbidden(
            'spec',
            "updates to statefulset spec for fields other than 'replicas', 'ordinals', 'template', 'updateStrategy', 'revisionHistoryLimit', 'persistentVolumeClaimRetentionPolicy' and 'minReadySeconds' are forbidden",
          ),
        )
    }
    return errors
  },
  strategy: {
    generation: true,
    statusSubresource: true,
    prepareForCreate(s) {
      s.status = { replicas: 0 }
    },
  },
  scale: {
    replicas: (s) => s.spec.replicas ?? 1,
    statusReplicas: (s) => s.status?.replicas ?? 0,
    selector: (s) => formatSelector(selectorFromObject(s.spec.selector)),
  },
  columns: [
    nameColumn<StatefulSet>(),
    column<StatefulSet>('Ready', (s) => `${s.status?.readyReplicas ?? 0}/${s.spec.replicas ?? 0}`),
    ageColumn<StatefulSet>(),
    ...templateColumns<StatefulSet>((s) => s.spec.template, null),
  ],
})

export const controllerrevisions = defineResource<ControllerRevision>({
  group: 'apps',
  kind: 'ControllerRevision',
  plural: 'controllerrevisions',
  columns: [
    nameColumn<ControllerRevision>(),
    column<ControllerRevision>('Controller', (r) => {
      const owner = r.metadata.ownerReferences?.find((o) => o.controller)
      const group = owner?.apiVersion.includes('/') ? `.${owner.apiVersion.split('/')[0]}` : ''
      return owner ? `${owner.kind.toLowerCase()}${group}/${owner.name}` : '<none>'
    }),
    column<ControllerRevision>('Revision', (r) => r.revision, 'integer'),
    ageColumn<ControllerRevision>(),
  ],
})
