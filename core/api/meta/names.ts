/** Rules for names, labels and annotations, with upstream's sentences: k8s.io/apimachinery/pkg/util/validation. */
import { utf8Length } from '../../base/utf8.ts'
import type { NameRule } from '../registry/definition.ts'

const LABEL = /^[a-z0-9]([-a-z0-9]*[a-z0-9])?$/
const SUBDOMAIN = /^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$/
const LABEL_1035 = /^[a-z]([-a-z0-9]*[a-z0-9])?$/
const QUALIFIED = /^([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]$/
const CONFIG_KEY = /^[-._a-zA-Z0-9]+$/

const LABEL_TEXT =
  "a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must start and end with an alphanumeric character (e.g. 'my-name',  or '123-abc', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?')"
const SUBDOMAIN_TEXT =
  "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and end with an alphanumeric character (e.g. 'example.com', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')"
const LABEL_1035_TEXT =
  "a DNS-1035 label must consist of lower case alphanumeric characters or '-', start with an alphabetic character, and end with an alphanumeric character (e.g. 'my-name',  or 'abc-123', regex used for validation is '[a-z]([-a-z0-9]*[a-z0-9])?')"
const QUALIFIED_TEXT =
  "must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character (e.g. 'MyName',  or 'my.name',  or '123-abc', regex used for validation is '([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]')"
const LABEL_VALUE_TEXT =
  "a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character (e.g. 'MyValue',  or 'my_value',  or '12345', regex used for validation is '(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?')"

function lengthText(max: number): string {
  return `must be no more than ${max} bytes`
}

export function isDns1123Label(value: string): string[] {
  return check(value, 63, LABEL, LABEL_TEXT)
}

export function isDns1123Subdomain(value: string): string[] {
  return check(value, 253, SUBDOMAIN, SUBDOMAIN_TEXT)
}

export function isDns1035Label(value: string): string[] {
  return check(value, 63, LABEL_1035, LABEL_1035_TEXT)
}

/** A label's key: `[prefix/]name`. */
export function isQualifiedName(value: string): string[] {
  const parts = value.split('/')
  const errors: string[] = []
  let name = parts[0]!
  if (parts.length === 2) {
    name = parts[1]!
    if (parts[0] === '') errors.push('prefix part must be non-empty')
    else for (const text of isDns1123Subdomain(parts[0]!)) errors.push(`prefix part ${text}`)
  } else if (parts.length > 2) {
    return [`a qualified name ${QUALIFIED_TEXT} with an optional DNS subdomain prefix and '/' (e.g. 'example.com/MyName')`]
  }
  if (name === '') errors.push('name part must be non-empty')
  else if (name.length > 63) errors.push(`name part ${lengthText(63)}`)
  if (!QUALIFIED.test(name)) errors.push(`name part ${QUALIFIED_TEXT}`)
  return errors
}

export function isLabelValue(value: string): string[] {
  const errors: string[] = []
  if (value.length > 63) errors.push(lengthText(63))
  if (value !== '' && !QUALIFIED.test(value)) errors.push(LABEL_VALUE_TEXT)
  return errors
}

/** Keys of ConfigMaps and Secrets. */
export function isConfigKey(value: string): string[] {
  const errors: string[] = []
  if (value.length > 253) errors.push(lengthText(253))
  if (!CONFIG_KEY.test(value))
    errors.push(
      "a valid config key must consist of alphanumeric characters, '-', '_' or '.' (e.g. 'key.name',  or 'KEY_NAME',  or 'key-name', regex used for validation is '[-._a-zA-Z0-9]+')",
    )
  if (value === '.') errors.push("must not be '.'")
  else if (value.startsWith('..')) errors.push(value === '..' ? "must not be '..'" : "must not start with '..'")
  return errors
}

/** A port's name: IANA_SVC_NAME. */
export function isPortName(value: string): string[] {
  const errors: string[] = []
  if (value.length > 15) errors.push('must be no more than 15 characters')
  if (!/^[-a-z0-9]+$/.test(value)) errors.push('must contain only alpha-numeric characters (a-z, 0-9), and hyphens (-)')
  if (!/[a-z]/.test(value)) errors.push('must contain at least one letter (a-z)')
  if (value.includes('--')) errors.push('must not contain consecutive hyphens')
  if (value.startsWith('-') || value.endsWith('-')) errors.push('must not begin or end with a hyphen')
  return errors
}

export function isPortNumber(port: unknown): string[] {
  return typeof port === 'number' && Number.isInteger(port) && port >= 1 && port <= 65535 ? [] : ['must be between 1 and 65535, inclusive']
}

export function checkName(rule: NameRule, name: string): string[] {
  switch (rule) {
    case 'subdomain':
      return isDns1123Subdomain(name)
    case 'label':
      return isDns1123Label(name)
    case 'label1035':
      return isDns1035Label(name)
    case 'path':
      return isPathSegment(name)
  }
}

/** Names of RBAC objects: anything that fits into a path. */
function isPathSegment(name: string): string[] {
  if (name === '.') return ["may not be '.'"]
  if (name === '..') return ["may not be '..'"]
  const errors: string[] = []
  if (name.includes('/')) errors.push("may not contain '/'")
  if (name.includes('%')) errors.push("may not contain '%'")
  return errors
}

function check(value: string, max: number, pattern: RegExp, text: string): string[] {
  const errors: string[] = []
  if (value.length > max || utf8Length(value) > max) errors.push(lengthText(max))
  if (!pattern.test(value.slice(0, 1024))) errors.push(text)
  return errors
}
