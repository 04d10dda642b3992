/** `kubectl explain`: the documentation of a type and its fields; tabs and trailing spaces are upstream's. Truth: k8s.io/kubectl/pkg/explain/v2/templates/plaintext.tmpl. Omits: enumerations. */
import type { SchemaNode } from '../../api/schema/schema.ts'
import { KubectlError } from './kubectl-error.ts'

const depthMax = 30

export function explain(
  root: SchemaNode,
  gvk: { group: string; version: string; kind: string },
  fields: readonly string[],
  recursive: boolean,
): string {
  let node = root
  let last: { name: string; node: SchemaNode } | null = null
  for (const name of fields) {
    const next = node.element.field(name)
    if (!next) throw new KubectlError(`field "${name}" does not exist`)
    last = { name, node: next }
    node = next
  }
  let text = `${gvk.group === '' ? '' : `GROUP:      ${gvk.group}\n`}KIND:       ${gvk.kind}\nVERSION:    ${gvk.version}\n\n`
  if (last) text += `FIELD: ${last.name} <${typeText(last.node)}>\n\n\n`
  text += `DESCRIPTION:\n${wrapped(descriptionOf(node) || '<empty>', 76, 4)}    \n`
  const list = fieldList(node.element, 1, recursive, new Set())
  return `${text}${list === '' ? '' : `FIELDS:\n${list}`}\n`
}

function descriptionOf(node: SchemaNode): string {
  const element = node.element
  return element === node || element.description === '' || element.description === node.description
    ? node.description
    : `${node.description}\n${element.description}`
}

function fieldList(node: SchemaNode, level: number, recursive: boolean, seen: ReadonlySet<string>): string {
  if (level > depthMax || (node.name !== '' && seen.has(node.name))) return ''
  const inside = new Set([...seen, node.name])
  let text = ''
  for (const [name, field] of node.fields) {
    const indent = '  '.repeat(level)
    text += `${indent}${name}\t<${typeText(field)}>${node.required.includes(name) ? ' -required-' : ''}\n`
    if (recursive) text += fieldList(field.element, level + 1, true, inside)
    else text += `${wrapped(field.description || '<no description>', 78 - level * 2, level * 2 + 2)}\n`
  }
  return text
}

/** `[]Container`, `map[string]string`, `PodSpec`, `Object`. */
export function typeText(node: SchemaNode): string {
  if (node.items) return `[]${typeText(node.items)}`
  if (node.values) return `map[string]${typeText(node.values)}`
  if (node.type === 'quantity') return 'Quantity'
  if (node.type === 'int-or-string') return 'IntOrString'
  if (node.name !== '' && (node.type === 'object' || node.type === 'any')) return node.typeName
  return node.type === 'object' || node.type === 'any' ? 'Object' : node.type
}

/** Words in lines of at most `width`, each line indented. Line breaks of the text stay. */
function wrapped(text: string, width: number, indent: number): string {
  const lines: string[] = []
  for (const paragraph of text.split('\n')) {
    let line = ''
    for (const word of paragraph.split(' ').filter((each) => each !== '')) {
      if (line !== '' && line.length + 1 + word.length > width) {
        lines.push(line)
        line = word
      } else line = line === '' ? word : `${line} ${word}`
    }
    lines.push(line)
  }
  return lines.map((line) => `${' '.repeat(indent)}${line}\n`).join('')
}
