/** Field selectors (`spec.nodeName=worker-1,status.phase!=Running`): k8s.io/apimachinery/pkg/fields. */

export interface FieldTerm {
  field: string
  equal: boolean
  value: string
}

/** Parses; a string is what is wrong. */
export function parseFieldSelector(text: string): FieldTerm[] | string {
  const terms: FieldTerm[] = []
  for (const part of text.split(',')) {
    if (part === '') continue
    const match = /^([^=!]+)(==|!=|=)(.*)$/.exec(part)
    if (!match) return `invalid selector: '${text}'; can't understand '${part}'`
    terms.push({ field: match[1]!, equal: match[2] !== '!=', value: match[3]! })
  }
  return terms
}

/** A field that a selector may name, e.g. `spec.nodeName`, or undefined. */
export type FieldReader = (field: string) => string | undefined

export function matchesFields(terms: readonly FieldTerm[], read: FieldReader): boolean {
  return terms.every((t) => (read(t.field) === t.value) === t.equal)
}
