/**
 * Label selectors, as text (`app=web,tier in (a, b),!old`) and as objects: k8s.io/apimachinery/pkg/labels.
 */
import { byText } from '../../base/text-order.ts'
import type { LabelSelector } from '../types/index.ts'

export type Labels = Readonly<Record<string, string>> | undefined

export interface Requirement {
  key: string
  operator: '=' | '!=' | 'in' | 'notin' | 'exists' | '!' | '>' | '<'
  values: readonly string[]
}

/** All must hold; the empty list matches everything. `null` matches nothing. */
export type Selector = readonly Requirement[] | null

export function matchesSelector(selector: Selector, labels: Labels): boolean {
  return selector?.every((r) => matchesRequirement(r, labels)) ?? false
}

function matchesRequirement(requirement: Requirement, labels: Labels): boolean {
  const has = labels !== undefined && Object.hasOwn(labels, requirement.key)
  const value = has ? labels[requirement.key]! : ''
  switch (requirement.operator) {
    case '=':
    case 'in':
      return has && requirement.values.includes(value)
    case '!=':
    case 'notin':
      return !has || !requirement.values.includes(value)
    case 'exists':
      return has
    case '!':
      return !has
    case '>':
    case '<': {
      if (!has || !/^-?\d+$/.test(value)) return false
      const limit = Number(requirement.values[0])
      return requirement.operator === '>' ? Number(value) > limit : Number(value) < limit
    }
  }
}

/** From a map, as services and replication controllers have. An absent or empty map selects nothing of its own accord: null. */
export function selectorFromMap(map: Record<string, string> | undefined): Selector {
  if (!map) return null
  const keys = Object.keys(map).sort(byText)
  return keys.length === 0 ? null : keys.map((key) => ({ key, operator: '=', values: [map[key]!] }))
}

/** metav1.LabelSelectorAsSelector: absent selects nothing, empty selects everything. */
export function selectorFromObject(selector: LabelSelector | undefined | null): Selector {
  if (!selector) return null
  const requirements: Requirement[] = []
  for (const key of Object.keys(selector.matchLabels ?? {}).sort(byText))
    requirements.push({ key, operator: '=', values: [selector.matchLabels![key]!] })
  for (const e of selector.matchExpressions ?? []) {
    const operator = OPERATORS.get(e.operator)
    if (!operator) return null
    requirements.push({ key: e.key, operator, values: e.values ?? [] })
  }
  return requirements
}

const OPERATORS = new Map<string, Requirement['operator']>([
  ['In', 'in'],
  ['NotIn', 'notin'],
  ['Exists', 'exists'],
  ['DoesNotExist', '!'],
  ['Gt', '>'],
  ['Lt', '<'],
])

/** As `kubectl get -o wide` and Scale print it: sorted by key. */
export function formatSelector(selector: Selector): string {
  if (selector === null) return ''
  const sorted = [...selector].sort((a, b) => byText(a.key, b.key))
  return sorted.map(formatRequirement).join(',')
}

function formatRequirement(r: Requirement): string {
  switch (r.operator) {
    case 'exists':
      return r.key
    case '!':
      return `!${r.key}`
    case 'in':
    case 'notin':
      return `${r.key} ${r.operator} (${[...r.values].sort(byText).join(',')})`
    default:
      return `${r.key}${r.operator}${r.values[0]}`
  }
}

/** Parses a selector's text; a string is what is wrong with it. */
export function parseSelector(text: string): readonly Requirement[] | string {
  const tokens = tokenize(text)
  const requirements: Requirement[] = []
  let at = 0
  if (tokens.length === 0) return requirements
  for (;;) {
    let token = tokens[at]
    if (token === '!') {
      const key = tokens[at + 1]
      if (!isWord(key)) return `found '${key ?? ''}', expected: identifier`
      requirements.push({ key, operator: '!', values: [] })
      at += 2
    } else {
      if (!isWord(token)) return `found '${token ?? ''}', expected: !, identifier, or 'end of string'`
      const key = token
      const operator = tokens[at + 1]
      at += 2
      if (operator === undefined || operator === ',') {
        requirements.push({ key, operator: 'exists', values: [] })
        at -= 1
      } else if (operator === 'in' || operator === 'notin') {
        if (tokens[at] !== '(') return `found '${tokens[at] ?? ''}', expected: '('`
        const values: string[] = []
        at += 1
        for (;;) {
          token = tokens[at]
          if (token === ')') break
          if (token === ',') values.push('')
          else if (isWord(token)) {
            values.push(token)
            at += 1
            if (tokens[at] === ')') break
            if (tokens[at] !== ',') return `found '${tokens[at] ?? ''}', expected: ',' or ')'`
          } else return `found '${token ?? ''}', expected: ',', ')' or identifier`
          at += 1
        }
        at += 1
        requirements.push({ key, operator, values })
      } else if (operator === '=' || operator === '==' || operator === '!=' || operator === '>' || operator === '<') {
        let value = ''
        token = tokens[at]
        if (isWord(token)) {
          value = token
          at += 1
        }
        if ((operator === '>' || operator === '<') && !/^-?\d+$/.test(value))
          return `values[0][${key}]: Invalid value: ${JSON.stringify(value)}: for 'Gt', 'Lt' operators, the value must be an integer`
        requirements.push({ key, operator: operator === '==' ? '=' : operator, values: [value] })
      } else return `found '${operator}', expected: in, notin, =, ==, !=, gt, lt`
    }
    if (at >= tokens.length) return requirements
    if (tokens[at] !== ',') return `found '${tokens[at]}', expected: ',' or 'end of string'`
    at += 1
    if (at >= tokens.length) return "found '', expected: identifier after ','"
  }
}

function isWord(token: string | undefined): token is string {
  return token !== undefined && !/^([!=<>,()]|==|!=)$/.test(token)
}

function tokenize(text: string): string[] {
  return text.match(/[^\s!=<>,()]+|==|!=|[!=<>,()]/g) ?? []
}
