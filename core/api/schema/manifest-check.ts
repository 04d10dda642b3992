/**
 * Reads manifests as a teacher would: what is misspelt, misplaced, out of date, of the wrong type or missing, where it stands in the
 * text, and which edit mends it. Codes and parameters are for views that speak other languages; `message` is English.
 *
 * Truth: the OpenAPI document of Kubernetes 1.36; versions that later releases stopped serving are from the deprecation guide.
 * Omits: values that only the server's validation judges (names, ranges, enumerations), custom resources.
 */
import { nearestName } from '../../base/nearest-name.ts'
import { readYaml, type YamlDocument, type YamlEntry, type YamlNode, yamlEntryOf } from '../../base/yaml-gate.ts'
import { type FieldStep, fieldPath } from './field-problems.ts'
import { columnOf, moveToColumn, type TextEdit } from './manifest-edits.ts'
import { selectorProblems } from './manifest-selector.ts'
import { replacementFor } from './removed-versions.ts'
import type { Schema, SchemaNode } from './schema.ts'
import { typeProblem } from './manifest-types.ts'

export type ProblemCode =
  | 'yaml-syntax'
  | 'duplicate-key'
  | 'not-an-object'
  | 'missing-api-version'
  | 'missing-kind'
  | 'unknown-kind'
  | 'unknown-api-version'
  | 'removed-api-version'
  | 'unknown-field'
  | 'misplaced-field'
  | 'missing-field'
  | 'missing-name'
  | 'wrong-type'
  | 'selector-mismatch'

export interface ManifestProblem {
  readonly code: ProblemCode
  readonly severity: 'error' | 'warning'
  /** Offsets in the text. */
  readonly start: number
  readonly end: number
  /** Number of the document, from 0. */
  readonly document: number
  readonly path: string
  readonly parameters: Readonly<Record<string, string>>
  readonly message: string
  readonly fix: ManifestFix | null
}

export interface ManifestFix {
  /** What the edit does, in English. */
  readonly title: string
  readonly edits: readonly TextEdit[]
}

const problemsMax = 200

/** All problems of a text of one or more manifests, in the order of the text. */
export function checkManifest(text: string, schema: Schema): ManifestProblem[] {
  const read = readYaml(text, { duplicateKeys: 'allow' })
  const documents = 'error' in read ? read.before : read.documents
  const problems: ManifestProblem[] = []
  documents.forEach((document, index) => {
    const check = new Check(text, schema, document, index)
    check.run()
    problems.push(...check.problems)
  })
  if ('error' in read) {
    const { offset, message } = read.error
    const tab = text[offset] === '\t'
    problems.push({
      code: 'yaml-syntax',
      severity: 'error',
      start: Math.min(offset, Math.max(0, text.length - 1)),
      end: Math.min(text.length, offset + 1),
      document: documents.length,
      path: '',
      parameters: { detail: message },
      message: tab ? 'tabs cannot indent YAML: use spaces' : message,
      fix: tab ? { title: 'Replace the tabs of this line with spaces', edits: tabEdits(text, offset) } : null,
    })
  }
  return problems.sort((a, b) => a.start - b.start).slice(0, problemsMax)
}

function tabEdits(text: string, offset: number): TextEdit[] {
  const lineStart = text.lastIndexOf('\n', offset - 1) + 1
  const indent = /^[ \t]*/.exec(text.slice(lineStart))?.[0] ?? ''
  return [{ start: lineStart, end: lineStart + indent.length, text: indent.replaceAll('\t', '  ') }]
}

class Check {
  readonly problems: ManifestProblem[] = []
  readonly #text: string
  readonly #schema: Schema
  readonly #document: YamlDocument
  readonly #index: number

  constructor(text: string, schema: Schema, document: YamlDocument, index: number) {
    this.#text = text
    this.#schema = schema
    this.#document = document
    this.#index = index
  }

  run(): void {
    const { root, duplicates } = this.#document
    for (const { key, start, end } of duplicates) {
      this.#add('duplicate-key', 'warning', start, end, '', { key }, `"${key}" stands twice here; the last one counts`, null)
    }
    if (root.kind !== 'map') {
      this.#add('not-an-object', 'error', root.start, root.end, '', {}, 'a manifest is a map that begins with apiVersion and kind', null)
      return
    }
    const items = yamlEntryOf(root, 'items')
    if (textOf(this.#text, yamlEntryOf(root, 'kind')?.value) === 'List' && items) {
      for (const item of items.value.items) if (item.kind === 'map') this.#object(item)
      return
    }
    this.#object(root)
  }

  #object(root: YamlNode): void {
    const version = this.#headerEntry(root, 'apiVersion')
    const kind = this.#headerEntry(root, 'kind')
    const at = root.entries[0]
    if (!version)
      this.#add(
        'missing-api-version',
        'error',
        at?.keyStart ?? root.start,
        at?.keyEnd ?? root.end,
        '',
        {},
        'apiVersion is missing',
        this.#versionFix(root, kind),
      )
    if (!kind) this.#add('missing-kind', 'error', at?.keyStart ?? root.start, at?.keyEnd ?? root.end, '', {}, 'kind is missing', null)
    if (!kind) return
    const kindText = textOf(this.#text, kind.value)
    const versionText = version ? textOf(this.#text, version.value) : ''
    const node = this.#schema.forKind(versionText, kindText) ?? this.#otherVersion(version, versionText, kind, kindText)
    if (!node) return
    this.#map(root, node, [], null)
    this.#name(root, kindText)
    for (const each of selectorProblems(this.#text, root, kindText)) {
      this.#add(
        'selector-mismatch',
        'error',
        each.start,
        each.end,
        each.path,
        { key: each.key, selector: each.wanted, labels: each.found },
        each.message,
        each.fix,
      )
    }
  }

  /** `apiVersion` or `kind`, under its own name or a misspelt one. */
  #headerEntry(root: YamlNode, name: string): YamlEntry | null {
    const exact = yamlEntryOf(root, name)
    if (exact) return exact
    return (
      root.entries.find(
        (entry) => entry.value.kind === 'scalar' && !ROOT_NAMES.includes(entry.key) && nearestName(entry.key, ROOT_NAMES) === name,
      ) ?? null
    )
  }

  #versionFix(root: YamlNode, kind: YamlEntry | null): ManifestFix | null {
    const versions = kind ? this.#schema.apiVersionsOf(textOf(this.#text, kind.value)) : []
    const best = preferredVersion(versions)
    return best === null
      ? null
      : {
          title: `Add apiVersion: ${best}`,
          edits: [
            { start: root.entries[0]?.keyStart ?? root.start, end: root.entries[0]?.keyStart ?? root.start, text: `apiVersion: ${best}\n` },
          ],
        }
  }

  /** The kind exists, but not in this version; or no such kind exists. Names it, and goes on with the right one. */
  #otherVersion(version: YamlEntry | null, versionText: string, kind: YamlEntry, kindText: string): SchemaNode | undefined {
    const versions = this.#schema.apiVersionsOf(kindText)
    const replacement = replacementFor(versionText, kindText) ?? preferredVersion(versions)
    if (versions.length > 0 && replacement !== null) {
      if (version && isForeign(versionText)) return undefined
      if (version) {
        const removed = replacementFor(versionText, kindText) !== null
        this.#add(
          removed ? 'removed-api-version' : 'unknown-api-version',
          'error',
          version.value.start,
          version.value.end,
          'apiVersion',
          { version: versionText, kind: kindText, replacement },
          `${kindText} in ${versionText} ${removed ? 'is no longer served' : 'does not exist'}: write apiVersion: ${replacement}`,
          { title: `Change to ${replacement}`, edits: [{ start: version.value.start, end: version.value.end, text: replacement }] },
        )
      }
      return this.#schema.forKind(replacement, kindText)
    }
    if (isForeign(versionText)) return undefined
    const kinds = [...new Set(this.#schema.kinds.map((each) => each.kind))]
    const near = kinds.find((each) => each.toLowerCase() === kindText.toLowerCase()) ?? nearestName(kindText, kinds)
    this.#add(
      'unknown-kind',
      'error',
      kind.value.start,
      kind.value.end,
      'kind',
      { kind: kindText, suggestion: near ?? '' },
      near ? `there is no kind ${kindText}: did you mean ${near}?` : `there is no kind ${kindText}`,
      near ? { title: `Change to ${near}`, edits: [{ start: kind.value.start, end: kind.value.end, text: near }] } : null,
    )
    return near === null
      ? undefined
      : (this.#schema.forKind(versionText, near) ?? this.#schema.forKind(preferredVersion(this.#schema.apiVersionsOf(near)) ?? '', near))
  }

  #name(root: YamlNode, kind: string): void {
    const metadata = root.entries.find((entry) => entry.key === 'metadata' || nearestName(entry.key, ROOT_NAMES) === 'metadata')
    const map = metadata?.value
    if (
      map &&
      (yamlEntryOf(map, 'name') ||
        yamlEntryOf(map, 'generateName') ||
        map.entries.some((entry) => entry.key !== 'namespace' && nearestName(entry.key, ['name']) === 'name'))
    )
      return
    const at = metadata ?? root.entries[0]
    this.#add(
      'missing-name',
      'error',
      at?.keyStart ?? root.start,
      at?.keyEnd ?? root.end,
      'metadata',
      { kind },
      `metadata.name is missing: the ${kind} needs a name`,
      null,
    )
  }

  /** `around` is the map that holds this one. */
  #map(map: YamlNode, node: SchemaNode, path: readonly FieldStep[], around: Around | null): void {
    const present = new Set(map.entries.map((entry) => entry.key))
    map.entries.forEach((entry, i) => {
      const known = node.field(entry.key)
      if (known) this.#value(entry.value, known, [...path, entry.key], { map, node, path, key: entry, around })
      else if (this.problems.length < problemsMax) this.#unknown(entry, i, map, node, path, around, present)
    })
    for (const name of node.required) {
      if (present.has(name)) continue
      const at = around?.key ?? map.entries[0]
      this.#add(
        'missing-field',
        'error',
        at?.keyStart ?? map.start,
        at?.keyEnd ?? map.end,
        fieldPath(path),
        { field: name, owner: node.typeName },
        `${fieldPath([...path, name])} is missing: ${node.typeName} needs it`,
        null,
      )
    }
  }

  #unknown(
    entry: YamlEntry,
    index: number,
    map: YamlNode,
    node: SchemaNode,
    path: readonly FieldStep[],
    around: Around | null,
    present: Set<string>,
  ): void {
    const { key, keyStart, keyEnd } = entry
    // Too far to the right: the map around has such a field and lacks it.
    for (let outer = around; outer; outer = outer.around) {
      const belongs = outer.node.field(key)
      if (!belongs || yamlEntryOf(outer.map, key)) continue
      const into = fieldPath([...outer.path, key])
      const edits = moveToColumn(this.#text, entry, columnOf(this.#text, outer.key.keyStart))
      this.#add(
        'misplaced-field',
        'error',
        keyStart,
        keyEnd,
        fieldPath([...path, key]),
        { field: key, inside: outer.key.key, belongs: into },
        `"${key}" is indented under "${outer.key.key}": it belongs beside it, as ${into}`,
        edits ? { title: `Move ${key} beside ${outer.key.key}`, edits } : null,
      )
      this.#value(entry.value, belongs, [...outer.path, key], {
        map: outer.map,
        node: outer.node,
        path: outer.path,
        key: entry,
        around: outer.around,
      })
      return
    }
    // Too far to the left: the key before it has such a field and lacks it.
    const before = index > 0 ? map.entries[index - 1] : undefined
    const inner = before ? node.field(before.key)?.field(key) : undefined
    if (before && inner && !yamlEntryOf(before.value, key) && nearestName(key, free(node, present)) === null) {
      const into = fieldPath([...path, before.key, key])
      const first = before.value.entries[0]
      const edits = moveToColumn(
        this.#text,
        entry,
        first ? columnOf(this.#text, first.keyStart) : columnOf(this.#text, before.keyStart) + 2,
      )
      this.#add(
        'misplaced-field',
        'error',
        keyStart,
        keyEnd,
        fieldPath([...path, key]),
        { field: key, inside: '', belongs: into },
        `"${key}" belongs under "${before.key}", as ${into}: indent it`,
        edits ? { title: `Indent ${key} under ${before.key}`, edits } : null,
      )
      this.#value(entry.value, inner, [...path, before.key, key], around)
      return
    }
    const near = nearestName(key, free(node, present))
    const owner = node.typeName || fieldPath(path)
    this.#add(
      'unknown-field',
      'error',
      keyStart,
      keyEnd,
      fieldPath([...path, key]),
      { field: key, owner, suggestion: near ?? '' },
      near
        ? `unknown field "${fieldPath([...path, key])}": did you mean "${near}"?`
        : `unknown field "${fieldPath([...path, key])}": ${owner} has no such field`,
      near ? { title: `Change to ${near}`, edits: [{ start: keyStart, end: keyEnd, text: near }] } : null,
    )
    if (near === null) return
    present.add(near)
    this.#value(entry.value, node.field(near) as SchemaNode, [...path, near], { map, node, path, key: entry, around })
  }

  #value(value: YamlNode, node: SchemaNode, path: readonly FieldStep[], around: Around | null): void {
    const wrong = typeProblem(this.#text, value, node)
    if (wrong) {
      this.#add(
        'wrong-type',
        'error',
        value.start,
        Math.max(value.end, value.start + 1),
        fieldPath(path),
        { expected: node.type, actual: wrong.actual },
        `${fieldPath(path)} ${wrong.message}`,
        wrong.fix,
      )
      return
    }
    if (value.kind === 'seq' && node.items) {
      const items = node.items
      value.items.forEach((item, i) => this.#value(item, items, [...path, i], null))
    } else if (value.kind === 'map' && node.closed) this.#map(value, node, path, around)
    else if (value.kind === 'map' && node.values) {
      for (const entry of value.entries) this.#value(entry.value, node.values, [...path, entry.key], null)
    }
  }

  #add(
    code: ProblemCode,
    severity: 'error' | 'warning',
    start: number,
    end: number,
    path: string,
    parameters: Record<string, string>,
    message: string,
    fix: ManifestFix | null,
  ): void {
    this.problems.push({ code, severity, start, end, document: this.#index, path, parameters, message, fix })
  }
}

/** The map that a key's map stands in, and the key under which it does. */
interface Around {
  readonly map: YamlNode
  readonly node: SchemaNode
  readonly path: readonly FieldStep[]
  readonly key: YamlEntry
  readonly around: Around | null
}

const ROOT_NAMES = ['apiVersion', 'kind', 'metadata', 'spec', 'status', 'data']

function* free(node: SchemaNode, present: ReadonlySet<string>): Generator<string> {
  for (const name of node.fields.keys()) if (!present.has(name)) yield name
}

/** Groups with a dot that are not Kubernetes' own belong to custom resources. */
function isForeign(apiVersion: string): boolean {
  const slash = apiVersion.indexOf('/')
  const group = slash < 0 ? '' : apiVersion.slice(0, slash)
  return group.includes('.') && !group.endsWith('.k8s.io')
}

/** The newest stable version. */
function preferredVersion(versions: readonly string[]): string | null {
  const stable = versions.filter((version) => /(^|\/)v\d+$/.test(version))
  return stable.find((version) => !version.startsWith('events.k8s.io')) ?? versions[0] ?? null
}

export function textOf(text: string, node: YamlNode | undefined): string {
  if (node?.kind !== 'scalar') return ''
  return text
    .slice(node.start, node.end)
    .trim()
    .replace(/^(['"])(.*)\1$/, '$2')
}
