/** Values of the wrong type, and the quotes that would mend them. */
import { plainScalar } from '../../base/yaml-scalar.ts'
import type { YamlNode } from '../../base/yaml-gate.ts'
import type { ManifestFix } from './manifest-check.ts'
import type { SchemaNode, SchemaType } from './schema.ts'

const WORDS: Readonly<Record<SchemaType, string>> = {
  object: 'a map',
  array: 'a list',
  string: 'text',
  integer: 'a whole number',
  number: 'a number',
  boolean: 'true or false',
  quantity: 'a quantity such as 100m or 64Mi',
  'int-or-string': 'a number or a text',
  any: 'anything',
}

export interface TypeProblem {
  actual: string
  message: string
  fix: ManifestFix | null
}

/** Null when the value may stand here. */
export function typeProblem(text: string, value: YamlNode, node: SchemaNode): TypeProblem | null {
  const type = node.type
  if (type === 'any') return null
  const source = text.slice(value.start, value.end).trim()
  if (value.kind !== 'scalar') {
    if ((type === 'object' && value.kind === 'map') || (type === 'array' && value.kind === 'seq')) return null
    const actual = value.kind === 'map' ? 'a map' : 'a list'
    return { actual, message: `must be ${WORDS[type]}, not ${actual}${type === 'array' ? ': begin each item with "- "' : ''}`, fix: null }
  }
  const quoted = /^(['"])([\s\S]*)\1$/.exec(source)
  const content = quoted ? quoted[2] : source
  const scalar: unknown =
    quoted || /^[|>]/.test(source) || source.startsWith('!') || source.startsWith('*') ? content : plainScalar(content)
  // An alias or a tag says more than its text.
  if (scalar === null || source.startsWith('*') || source.startsWith('!')) return null
  const fits =
    type === 'string'
      ? typeof scalar === 'string'
      : type === 'integer'
        ? Number.isInteger(scalar)
        : type === 'number'
          ? typeof scalar === 'number'
          : type === 'boolean'
            ? typeof scalar === 'boolean'
            : type === 'quantity' || type === 'int-or-string'
              ? typeof scalar !== 'boolean'
              : false
  if (fits) return null
  const actual = typeof scalar === 'string' ? 'text' : typeof scalar === 'number' ? 'a number' : `the boolean ${String(scalar)}`
  return {
    actual,
    message: `must be ${WORDS[type]}, not ${actual}${type === 'string' ? ': put it in quotes' : ''}`,
    fix: quotesFix(value, source, content, quoted !== null, type),
  }
}

function quotesFix(value: YamlNode, source: string, content: string, quoted: boolean, type: SchemaType): ManifestFix | null {
  const edit = (replacement: string): ManifestFix['edits'] => [{ start: value.start, end: value.start + source.length, text: replacement }]
  if (type === 'string') return { title: 'Put it in quotes', edits: edit(JSON.stringify(source)) }
  if (!quoted) return null
  const plain = plainScalar(content)
  if (
    (type === 'integer' && Number.isInteger(plain)) ||
    (type === 'number' && typeof plain === 'number') ||
    (type === 'boolean' && typeof plain === 'boolean')
  ) {
    return { title: 'Remove the quotes', edits: edit(content) }
  }
  return null
}
