/**
 * `-o`: how objects leave kubectl. Truth: k8s.io/cli-runtime/pkg/genericclioptions (PrintFlags), pkg/printers.
 * Omits: `kyaml`.
 */
import { cloneJson } from '../../../api/meta/json.ts'
import { isErrno, strerror } from '../../../base/errno.ts'
import type { FlagSpec } from '../command-line.ts'
import { flag } from '../command-line.ts'
import type { Invocation } from '../invocation.ts'
import { JsonPath } from '../jsonpath.ts'
import { KubectlError } from '../kubectl-error.ts'
import { customRow, parseCustomColumns, parseCustomColumnsFile } from './custom-columns.ts'
import { renderGoTemplate } from './go-template.ts'
import { goJson, goStructJson } from './go-value.ts'
import { goYaml } from './go-yaml.ts'
import { TABLE_STYLE, tabbed } from './tab-writer.ts'

export const PRINT_FLAGS: readonly FlagSpec[] = [
  flag('bool', 'allow-missing-template-keys', 'true', 'Missing fields of templates are empty.'),
  flag(
    'string',
    'output',
    '',
    'Output format: json, yaml, name, go-template, go-template-file, template, jsonpath, jsonpath-as-json, jsonpath-file.',
    'o',
  ),
  flag('bool', 'show-managed-fields', 'false', 'Keep metadata.managedFields in JSON and YAML.'),
  flag('string', 'template', '', 'Template of -o go-template or -o jsonpath.'),
]

const FORMATS = [
  'go-template',
  'go-template-file',
  'json',
  'jsonpath',
  'jsonpath-as-json',
  'jsonpath-file',
  'name',
  'template',
  'templatefile',
  'yaml',
]
const GET_FORMATS = [...FORMATS, 'custom-columns', 'custom-columns-file', 'wide'].sort((a, b) => (a < b ? -1 : 1))

/** Prints one object or list. `name` says how each object is called (`pod/x`). */
export type ObjectPrinter = (object: object, name: (object: object) => string) => string

/** The printer that `-o` asks for; null for tables and for commands that only say what they did. */
export function printerOf(kube: Invocation, options: { table?: boolean; struct?: boolean } = {}): ObjectPrinter | null {
  const given = kube.flags.text('output')
  const template = kube.flags.text('template')
  if (given === '' && template === '') return null
  const equals = given.indexOf('=')
  const format = given === '' ? 'go-template' : equals < 0 ? given : given.slice(0, equals)
  const argument = equals < 0 ? template : given.slice(equals + 1)
  const managed = kube.flags.on('show-managed-fields')
  const clean = (object: object): object => (managed ? object : withoutManagedFields(object))
  switch (format) {
    case 'json':
      return (object) => `${options.struct ? goStructJson(clean(object), '    ') : goJson(clean(object), '    ')}\n`
    case 'yaml':
      return yamlPrinter(clean)
    case 'name':
      return (object, name) =>
        itemsOf(object)
          .map((item) => `${name(item)}\n`)
          .join('')
    case 'go-template':
    case 'template':
      return goTemplatePrinter(argument)
    case 'go-template-file':
    case 'templatefile':
      return goTemplatePrinter(fileText(kube, argument, 'template'))
    case 'jsonpath':
    case 'jsonpath-as-json':
      return jsonPathPrinter(kube, argument, format)
    case 'jsonpath-file':
      return jsonPathPrinter(kube, fileText(kube, argument, 'template').trim(), format)
    case 'wide':
      if (options.table) return null
      break
    case 'custom-columns':
    case 'custom-columns-file':
      if (options.table)
        return customPrinter(
          kube,
          format === 'custom-columns' ? parseCustomColumns(argument) : parseCustomColumnsFile(fileText(kube, argument, 'columns')),
        )
      break
  }
  throw new KubectlError(
    `unable to match a printer suitable for the output format "${given}", allowed formats are: ${(options.table ? GET_FORMATS : FORMATS).join(',')}`,
  )
}

/** YAML documents of one command are separated. */
function yamlPrinter(clean: (object: object) => object): ObjectPrinter {
  let count = 0
  return (object) => {
    count += 1
    return `${count > 1 ? '---\n' : ''}${goYaml(clean(object))}`
  }
}

function goTemplatePrinter(template: string): ObjectPrinter {
  if (template === '') throw new KubectlError('template format specified but no template given')
  return (object) => {
    const text = renderGoTemplate(template, object)
    if (typeof text === 'string') return text
    throw new KubectlError(`error executing template ${JSON.stringify(template)}: ${text.error}`)
  }
}

function jsonPathPrinter(kube: Invocation, template: string, format: string): ObjectPrinter {
  if (template === '') throw new KubectlError('template format specified but no template given')
  const path = JsonPath.parse(template)
  if (typeof path === 'string') throw new KubectlError(`error parsing jsonpath ${template}, ${path}`)
  const allowMissing = kube.flags.on('allow-missing-template-keys')
  return (object) => {
    const result = format === 'jsonpath-as-json' ? path.values(object, { allowMissing }) : path.text(object, { allowMissing })
    if (typeof result === 'string') return result
    if (Array.isArray(result)) return `${goJson(result, '    ')}\n`
    throw new KubectlError(
      `error executing jsonpath ${JSON.stringify(template)}: Error executing template: ${result.error}. Printing more information for debugging the template:\n\ttemplate was:\n\t\t${template}\n\tobject given to jsonpath engine was:\n\t\t${goJson(object, '')}\n`,
    )
  }
}

function customPrinter(kube: Invocation, columns: ReturnType<typeof parseCustomColumns>): ObjectPrinter {
  if (typeof columns === 'string') throw new KubectlError(columns)
  let headed = kube.flags.on('no-headers')
  return (object) => {
    const lines = itemsOf(object).map((item) => customRow(columns, item))
    if (!headed) lines.unshift(columns.map((column) => column.header).join('\t'))
    headed = true
    return lines.length === 0 ? '' : tabbed(`${lines.join('\n')}\n`, TABLE_STYLE)
  }
}

export function itemsOf(object: object): object[] {
  const items = (object as { items?: unknown; kind?: string }).items
  return Array.isArray(items) && String((object as { kind?: string }).kind ?? '').endsWith('List') ? (items as object[]) : [object]
}

export function withoutManagedFields(object: object): object {
  const has = (item: object): boolean => (item as { metadata?: { managedFields?: unknown } }).metadata?.managedFields !== undefined
  if (!itemsOf(object).some(has)) return object
  const clone = cloneJson(object)
  for (const item of itemsOf(clone)) delete (item as { metadata: { managedFields?: unknown } }).metadata.managedFields
  return clone
}

function fileText(kube: Invocation, path: string, what: string): string {
  const text = kube.proc.fs.read(kube.proc.path(path))
  if (isErrno(text)) throw new KubectlError(`error reading ${what} ${path}: open ${path}: ${strerror(text).toLowerCase()}`)
  return text
}
