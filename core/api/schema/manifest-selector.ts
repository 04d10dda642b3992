/** A workload's selector has to select the pods of its own template: the server refuses anything else. */
import { nearestName } from '../../base/nearest-name.ts'
import type { YamlEntry, YamlNode } from '../../base/yaml-gate.ts'
import { yamlEntryOf } from '../../base/yaml-gate.ts'
import { plainScalar } from '../../base/yaml-scalar.ts'
import type { ManifestFix } from './manifest-check.ts'
import { columnOf } from './manifest-edits.ts'

export interface SelectorProblem {
  start: number
  end: number
  path: string
  key: string
  wanted: string
  found: string
  message: string
  fix: ManifestFix | null
}

const WITH_LABEL_SELECTOR = ['Deployment', 'ReplicaSet', 'DaemonSet', 'StatefulSet']

export function selectorProblems(text: string, root: YamlNode, kind: string): SelectorProblem[] {
  const plain = kind === 'ReplicationController'
  if (!plain && !WITH_LABEL_SELECTOR.includes(kind)) return []
  const spec = child(root, 'spec') ?? child(child(root, 'metadata')?.value, 'spec')
  const selector = child(spec?.value, 'selector')
  const template = child(spec?.value, 'template')
  if (!selector || !template) return []
  const labels = child(child(template.value, 'metadata')?.value, 'labels')
  const wanted = (plain ? selector.value : child(selector.value, 'matchLabels')?.value)?.entries ?? []
  const problems: SelectorProblem[] = []
  for (const entry of wanted) {
    const value = scalarText(text, entry.value)
    const label = labels?.value.entries.find((each) => each.key === entry.key)
    if (label && scalarText(text, label.value) === value) continue
    problems.push(mismatch(text, entry, value, label, labels, plain ? 'spec.selector' : 'spec.selector.matchLabels'))
  }
  return problems
}

/** The entry of that name, or of a misspelt one. */
function child(node: YamlNode | undefined, name: string): YamlEntry | undefined {
  if (!node) return undefined
  return yamlEntryOf(node, name) ?? node.entries.find((entry) => nearestName(entry.key, [name]) === name)
}

function mismatch(
  text: string,
  entry: YamlEntry,
  wanted: string,
  label: YamlEntry | undefined,
  labels: YamlEntry | undefined,
  path: string,
): SelectorProblem {
  const found = label ? scalarText(text, label.value) : ''
  const pair = `${entry.key}: ${text.slice(entry.value.start, entry.value.end).trim()}`
  const at = labels?.value.entries.at(-1)
  const fix: ManifestFix | null = label
    ? {
        title: `Set the template's label to ${wanted}`,
        edits: [{ start: label.value.start, end: label.value.end, text: text.slice(entry.value.start, entry.value.end) }],
      }
    : at && labels
      ? {
          title: `Add the label ${pair} to the template`,
          edits: [
            {
              start: labels.value.entries[0].keyStart,
              end: labels.value.entries[0].keyStart,
              text: `${pair}\n${' '.repeat(columnOf(text, labels.value.entries[0].keyStart))}`,
            },
          ],
        }
      : null
  return {
    start: entry.keyStart,
    end: Math.max(entry.keyEnd, entry.value.end),
    path: `${path}.${entry.key}`,
    key: entry.key,
    wanted,
    found,
    fix,
    message: `the selector wants ${entry.key}=${wanted}, but the pod template ${label ? `says ${entry.key}=${found}` : `has no label ${entry.key}`}: the server refuses a selector that does not match its template`,
  }
}

function scalarText(text: string, node: YamlNode): string {
  const source = text.slice(node.start, node.end).trim()
  const quoted = /^(['"])([\s\S]*)\1$/.exec(source)
  return quoted ? quoted[2] : String(plainScalar(source))
}
