/** Validation that all kinds share: metadata, labels, selectors, numbers. k8s.io/apimachinery/pkg/api/validation. */
import { forbidden, invalid, notSupported, required } from '../meta/field-error.ts'
import type { FieldError } from '../meta/field-error.ts'
import { equalJson } from '../meta/json.ts'
import { checkName, isLabelValue, isQualifiedName } from '../meta/names.ts'
import type { KubeObject, LabelSelector } from '../types/index.ts'
import type { ResourceDefinition } from './definition.ts'

const ANNOTATIONS_MAX = 256 * 1024
export const IMMUTABLE = 'field is immutable'
export const NEGATIVE = 'must be greater than or equal to 0'

export function validateMeta(object: KubeObject, definition: ResourceDefinition): FieldError[] {
  const { metadata } = object
  const errors: FieldError[] = []
  if (metadata.generateName)
    for (const text of checkName(definition.nameRule, maskTrailingDash(metadata.generateName)))
      errors.push(invalid('metadata.generateName', metadata.generateName, text))
  if (!metadata.name) errors.push(required('metadata.name', 'name or generateName is required'))
  else for (const text of checkName(definition.nameRule, metadata.name)) errors.push(invalid('metadata.name', metadata.name, text))
  if (definition.namespaced) {
    if (!metadata.namespace) errors.push(required('metadata.namespace'))
    else for (const text of checkName('label', metadata.namespace)) errors.push(invalid('metadata.namespace', metadata.namespace, text))
  } else if (metadata.namespace) errors.push(forbidden('metadata.namespace', 'not allowed on this type'))
  errors.push(...validateLabels(metadata.labels, 'metadata.labels'), ...validateAnnotations(metadata.annotations))
  let controllers = 0
  for (const [i, owner] of (metadata.ownerReferences ?? []).entries()) {
    const path = `metadata.ownerReferences[${i}]`
    if (!owner.apiVersion) errors.push(invalid(`${path}.apiVersion`, owner.apiVersion ?? '', 'version must not be empty'))
    if (!owner.kind) errors.push(invalid(`${path}.kind`, owner.kind ?? '', 'must not be empty'))
    if (!owner.name) errors.push(invalid(`${path}.name`, owner.name ?? '', 'must not be empty'))
    if (!owner.uid) errors.push(invalid(`${path}.uid`, owner.uid ?? '', 'must not be empty'))
    if (owner.controller) controllers += 1
  }
  if (controllers > 1)
    errors.push(
      invalid(
        'metadata.ownerReferences',
        metadata.ownerReferences,
        'Only one reference can have Controller set to true. Found "true" in references for several owners',
      ),
    )
  for (const finalizer of metadata.finalizers ?? [])
    for (const text of isQualifiedName(finalizer)) errors.push(invalid('metadata.finalizers', finalizer, text))
  return errors
}

/** What an update may not change in the metadata. */
export function validateMetaUpdate(object: KubeObject, old: KubeObject): FieldError[] {
  const errors: FieldError[] = []
  const now = object.metadata
  const before = old.metadata
  for (const field of ['name', 'namespace', 'uid', 'creationTimestamp', 'deletionTimestamp', 'deletionGracePeriodSeconds'] as const)
    if (now[field] !== before[field]) errors.push(invalid(`metadata.${field}`, now[field], IMMUTABLE))
  if (before.deletionTimestamp) {
    const had = new Set(before.finalizers ?? [])
    const added = (now.finalizers ?? []).filter((f) => !had.has(f))
    if (added.length > 0)
      errors.push(
        forbidden(
          'metadata.finalizers',
          `no new finalizers can be added if the object is being deleted, found new finalizers []string{${added.map((f) => JSON.stringify(f)).join(', ')}}`,
        ),
      )
  }
  return errors
}

export function validateLabels(labels: Record<string, string> | undefined, path: string): FieldError[] {
  const errors: FieldError[] = []
  for (const [key, value] of Object.entries(labels ?? {})) {
    for (const text of isQualifiedName(key)) errors.push(invalid(path, key, text))
    for (const text of isLabelValue(String(value))) errors.push(invalid(path, value, text))
  }
  return errors
}

function validateAnnotations(annotations: Record<string, string> | undefined): FieldError[] {
  const errors: FieldError[] = []
  let size = 0
  for (const [key, value] of Object.entries(annotations ?? {})) {
    for (const text of isQualifiedName(key.toLowerCase())) errors.push(invalid('metadata.annotations', key, text))
    size += key.length + value.length
  }
  if (size > ANNOTATIONS_MAX) errors.push(invalid('metadata.annotations', '', `may not be more than ${ANNOTATIONS_MAX} bytes`))
  return errors
}

export function validateLabelSelector(selector: LabelSelector | undefined, path: string): FieldError[] {
  const errors: FieldError[] = []
  if (!selector) return errors
  for (const [key, value] of Object.entries(selector.matchLabels ?? {})) {
    for (const text of isQualifiedName(key)) errors.push(invalid(`${path}.matchLabels`, key, text))
    for (const text of isLabelValue(String(value))) errors.push(invalid(`${path}.matchLabels`, value, text))
  }
  for (const [i, e] of (selector.matchExpressions ?? []).entries()) {
    const at = `${path}.matchExpressions[${i}]`
    if (e.operator === 'In' || e.operator === 'NotIn') {
      if (!e.values?.length) errors.push(required(`${at}.values`, "must be specified when `operator` is 'In' or 'NotIn'"))
    } else if (e.operator === 'Exists' || e.operator === 'DoesNotExist') {
      if (e.values?.length) errors.push(forbidden(`${at}.values`, "may not be specified when `operator` is 'Exists' or 'DoesNotExist'"))
    } else errors.push(invalid(`${at}.operator`, e.operator, 'not a valid selector operator'))
    for (const text of isQualifiedName(e.key)) errors.push(invalid(`${at}.key`, e.key, text))
    for (const [j, value] of (e.values ?? []).entries())
      for (const text of isLabelValue(value)) errors.push(invalid(`${at}.values[${j}]`, value, text))
  }
  return errors
}

export function nonNegative(value: unknown, path: string): FieldError[] {
  return typeof value === 'number' && value < 0 ? [invalid(path, value, NEGATIVE)] : []
}

export function immutable(now: unknown, before: unknown, path: string): FieldError[] {
  return equalJson(now, before) ? [] : [invalid(path, now, IMMUTABLE)]
}

export function oneOf(value: string | undefined, path: string, supported: readonly string[]): FieldError[] {
  if (value === undefined || value === '') return [required(path)]
  return supported.includes(value) ? [] : [notSupported(path, value, supported)]
}

/** A generated name may end in a dash: the suffix follows it. */
function maskTrailingDash(name: string): string {
  return name.length > 1 && name.endsWith('-') ? `${name.slice(0, -2)}a` : name
}
