/** deployments.apps: pkg/apis/apps/v1/defaults.go, pkg/apis/apps/validation. */
import { invalid, forbidden, notSupported, required } from '../meta/field-error.ts'
import type { FieldError } from '../meta/field-error.ts'
import { formatSelector, selectorFromObject } from '../meta/labels.ts'
import type { Deployment, IntOrString } from '../types/index.ts'
import { ageColumn, column, selectorText, templateColumns } from './columns.ts'
import { defineResource, nameColumn } from './definition.ts'
import { immutable, nonNegative, validateLabelSelector } from './meta-validation.ts'
import { defaultTemplate, validateTemplate } from './pod-template.ts'

export const deployments = defineResource<Deployment>({
  group: 'apps',
  kind: 'Deployment',
  plural: 'deployments',
  shortNames: ['deploy'],
  categories: ['all'],
  subresources: ['status', 'scale'],
  defaults(d) {
    if (!d.spec) return
    const { spec } = d
    spec.replicas ??= 1
    spec.strategy ??= {}
    spec.strategy.type ??= 'RollingUpdate'
    if (spec.strategy.type === 'RollingUpdate') {
      spec.strategy.rollingUpdate ??= {}
      spec.strategy.rollingUpdate.maxUnavailable ??= '25%'
      spec.strategy.rollingUpdate.maxSurge ??= '25%'
    }
    spec.revisionHistoryLimit ??= 10
    spec.progressDeadlineSeconds ??= 600
    defaultTemplate(spec.template)
  },
  validate: (d, old) => [...validateSpec(d), ...(old ? immutable(d.spec?.selector, old.spec.selector, 'spec.selector') : [])],
  strategy: { generation: true, statusSubresource: true },
  scale: {
    replicas: (d) => d.spec.replicas ?? 1,
    statusReplicas: (d) => d.status?.replicas ?? 0,
    selector: (d) => formatSelector(selectorFromObject(d.spec.selector)),
  },
  columns: [
    nameColumn<Deployment>(),
    column<Deployment>('Ready', (d) => `${d.status?.readyReplicas ?? 0}/${d.spec.replicas ?? 0}`),
    column<Deployment>('Up-to-date', (d) => d.status?.updatedReplicas ?? 0, 'integer'),
    column<Deployment>('Available', (d) => d.status?.availableReplicas ?? 0, 'integer'),
    ageColumn<Deployment>(),
    ...templateColumns<Deployment>(
      (d) => d.spec.template,
      (d) => selectorText(d.spec.selector),
    ),
  ],
})

function validateSpec(d: Deployment): FieldError[] {
  const { spec } = d
  if (!spec) return [required('spec.selector'), required('spec.template.spec.containers')]
  const errors: FieldError[] = [...nonNegative(spec.replicas, 'spec.replicas')]
  if (!spec.selector) errors.push(required('spec.selector'))
  else {
    errors.push(...validateLabelSelector(spec.selector, 'spec.selector'))
    if (isEmpty(spec.selector)) errors.push(invalid('spec.selector', spec.selector, 'empty selector is invalid for deployment'))
  }
  errors.push(...validateTemplate(spec.template, selectorFromObject(spec.selector), ['Always'], 'spec.template'))
  errors.push(...validateStrategy(spec.strategy, 'spec.strategy'))
  for (const field of ['minReadySeconds', 'revisionHistoryLimit', 'progressDeadlineSeconds'] as const)
    errors.push(...nonNegative(spec[field], `spec.${field}`))
  if (spec.progressDeadlineSeconds !== undefined && spec.progressDeadlineSeconds <= (spec.minReadySeconds ?? 0))
    errors.push(invalid('spec.progressDeadlineSeconds', spec.progressDeadlineSeconds, 'must be greater than minReadySeconds'))
  return errors
}

export function isEmpty(selector: { matchLabels?: object; matchExpressions?: unknown[] }): boolean {
  return Object.keys(selector.matchLabels ?? {}).length === 0 && !selector.matchExpressions?.length
}

function validateStrategy(strategy: Deployment['spec']['strategy'], path: string): FieldError[] {
  if (!strategy) return []
  if (strategy.type === 'Recreate')
    return strategy.rollingUpdate ? [forbidden(`${path}.rollingUpdate`, "may not be specified when strategy `type` is 'Recreate'")] : []
  if (strategy.type !== 'RollingUpdate') return [notSupported(`${path}.type`, strategy.type, ['Recreate', 'RollingUpdate'])]
  const { maxSurge = 0, maxUnavailable = 0 } = strategy.rollingUpdate ?? {}
  const errors = [
    ...percentOrCount(maxUnavailable, `${path}.rollingUpdate.maxUnavailable`),
    ...percentOrCount(maxSurge, `${path}.rollingUpdate.maxSurge`),
  ]
  if (isZero(maxUnavailable) && isZero(maxSurge))
    errors.push(invalid(`${path}.rollingUpdate.maxUnavailable`, maxUnavailable, 'may not be 0 when `maxSurge` is 0'))
  const percent = typeof maxUnavailable === 'string' ? /^(\d+)%$/.exec(maxUnavailable) : null
  if (percent && Number(percent[1]) > 100)
    errors.push(invalid(`${path}.rollingUpdate.maxUnavailable`, maxUnavailable, 'must not be greater than 100%'))
  return errors
}

export function percentOrCount(value: IntOrString, path: string): FieldError[] {
  if (typeof value === 'number') return nonNegative(value, path)
  return /^\d+%$/.test(value)
    ? []
    : [
        invalid(
          path,
          value,
          "a valid percent string must be a numeric string followed by an ending '%' (e.g. '1%',  or '93%', regex used for validation is '[0-9]+%')",
        ),
      ]
}

function isZero(value: IntOrString): boolean {
  return value === 0 || value === '0%'
}
