/** What kinds with a pod template share: defaults, validation of template and selector, generation. */
import { invalid, notSupported, required } from '../meta/field-error.ts'
import type { FieldError } from '../meta/field-error.ts'
import { matchesSelector } from '../meta/labels.ts'
import type { Selector } from '../meta/labels.ts'
import type { PodTemplateSpec } from '../types/index.ts'
import { validateLabels } from './meta-validation.ts'
import { defaultPodSpec } from './pod-defaults.ts'
import { validatePodSpec } from './pod-validation.ts'

export function defaultTemplate(template: PodTemplateSpec | undefined): void {
  defaultPodSpec(template?.spec)
}

/** `selector` null: it selects nothing, so that no template can match it. */
export function validateTemplate(
  template: PodTemplateSpec | undefined,
  selector: Selector,
  restartPolicies: readonly string[],
  path: string,
): FieldError[] {
  if (!template) return [required(path)]
  const errors: FieldError[] = []
  const empty = selector !== null && selector.length === 0
  if (!empty && !matchesSelector(selector, template.metadata?.labels))
    errors.push(invalid(`${path}.metadata.labels`, template.metadata?.labels ?? null, '`selector` does not match template `labels`'))
  errors.push(...validateLabels(template.metadata?.labels, `${path}.labels`))
  errors.push(...validatePodSpec(template.spec, `${path}.spec`))
  const policy = template.spec?.restartPolicy
  if (policy && !restartPolicies.includes(policy)) errors.push(notSupported(`${path}.spec.restartPolicy`, policy, restartPolicies))
  return errors
}
