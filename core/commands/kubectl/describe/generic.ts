/** `kubectl describe` of kinds without a layout of their own: every field, by name. Truth: k8s.io/kubectl/pkg/describe (genericDescriber, smartLabelFor). */
import type { KubeObject } from '../../../api/types/index.ts'
import { byText } from '../../../base/text-order.ts'
import { formatGoDefault } from '../print/go-value.ts'
import type { Description } from './description.ts'

const SKIPPED = new Set(['.metadata.managedFields', '.metadata.name', '.metadata.namespace', '.metadata.labels', '.metadata.annotations'])
const ACRONYMS = new Set(['API', 'URL', 'UID', 'GUID'])
const depthMax = 50

export function describeGeneric(out: Description, object: KubeObject): void {
  out.line(0, `Name:\t${object.metadata.name}`)
  out.line(0, `Namespace:\t${object.metadata.namespace ?? ''}`)
  out.labels('Labels', object.metadata.labels)
  out.annotations('Annotations', object.metadata.annotations)
  content(out, 0, object as unknown as Record<string, unknown>, '')
}

function content(out: Description, level: number, map: Record<string, unknown>, prefix: string): void {
  if (level > depthMax) return
  for (const field of Object.keys(map).sort(byText)) {
    const path = `${prefix}.${field}`
    const value = map[field]
    if (SKIPPED.has(path)) continue
    if (Array.isArray(value)) {
      out.line(level, `${smartLabel(field)}:`)
      for (const item of value as unknown[]) {
        if (item !== null && typeof item === 'object' && !Array.isArray(item))
          content(out, level + 1, item as Record<string, unknown>, path)
        else out.line(level + 1, formatGoDefault(item))
      }
    } else if (value !== null && typeof value === 'object') {
      out.line(level, `${smartLabel(field)}:`)
      content(out, level + 1, value as Record<string, unknown>, path)
    } else out.line(level, `${smartLabel(field)}:\t${value === null ? '<nil>' : formatGoDefault(value)}`)
  }
}

/** `creationTimestamp` → `Creation Timestamp`. */
export function smartLabel(field: string): string {
  if (/[^A-Za-z-]/.test(field)) return field
  const parts = field.match(/[A-Z]+(?![a-z])|[A-Z]?[a-z]+|-+|[A-Z]+/g) ?? [field]
  return parts
    .map((part) =>
      ACRONYMS.has(part.toUpperCase())
        ? part.toUpperCase()
        : part.toLowerCase() === part
          ? part.charAt(0).toUpperCase() + part.slice(1)
          : part,
    )
    .join(' ')
}
