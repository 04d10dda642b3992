/** Short forms for printer columns and for texts that several printers share (pkg/printers/internalversion/printers.go). */
import { formatSelector, selectorFromMap, selectorFromObject } from '../meta/labels.ts'
import { age } from '../meta/timestamp.ts'
import type { KubeObject, LabelSelector, PodTemplateSpec } from '../types/index.ts'
import type { Column } from './definition.ts'

type Value<T> = (object: T, nowMs: number) => string | number

export function column<T extends KubeObject>(name: string, value: Value<T>, type: Column['type'] = 'string'): Column<T> {
  return { name, type, format: '', priority: 0, description: '', value }
}

/** Shown only with `-o wide`. */
export function wide<T extends KubeObject>(name: string, value: Value<T>, type: Column['type'] = 'string'): Column<T> {
  return { name, type, format: '', priority: 1, description: '', value }
}

export function ageColumn<T extends KubeObject>(): Column<T> {
  return column<T>('Age', (o, nowMs) => age(o.metadata.creationTimestamp, nowMs))
}

export function containerNames(template: PodTemplateSpec | undefined): string {
  return (template?.spec?.containers ?? []).map((c) => c.name).join(',')
}

export function containerImages(template: PodTemplateSpec | undefined): string {
  return (template?.spec?.containers ?? []).map((c) => c.image ?? '').join(',')
}

/** metav1.FormatLabelSelector. */
export function selectorText(selector: LabelSelector | undefined): string {
  if (!selector) return '<none>'
  return formatSelector(selectorFromObject(selector)) || '<none>'
}

/** labels.FormatLabels. */
export function labelsText(labels: Record<string, string> | undefined): string {
  return formatSelector(selectorFromMap(labels)) || '<none>'
}

/** Containers, Images, Selector of everything that holds a pod template. */
export function templateColumns<T extends KubeObject>(
  template: (object: T) => PodTemplateSpec | undefined,
  selector: ((object: T) => string) | null,
): Column<T>[] {
  const columns = [wide<T>('Containers', (o) => containerNames(template(o))), wide<T>('Images', (o) => containerImages(template(o)))]
  return selector ? [...columns, wide<T>('Selector', selector)] : columns
}
