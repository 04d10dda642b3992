/** configmaps, secrets, serviceaccounts: pkg/apis/core/validation, printSecret. */
import { forbidden, invalid, required, tooLong } from '../meta/field-error.ts'
import type { FieldError } from '../meta/field-error.ts'
import { equalJson, setMember } from '../meta/json.ts'
import { isConfigKey } from '../meta/names.ts'
import { utf8Encode } from '../../base/utf8.ts'
import type { ConfigMap, Secret, ServiceAccount } from '../types/index.ts'
import { ageColumn, column } from './columns.ts'
import { defineResource, nameColumn } from './definition.ts'

const SIZE_MAX = 1024 * 1024

export const configmaps = defineResource<ConfigMap>({
  kind: 'ConfigMap',
  plural: 'configmaps',
  shortNames: ['cm'],
  validate(map, old) {
    const errors: FieldError[] = []
    let size = 0
    for (const field of ['data', 'binaryData'] as const)
      for (const [key, value] of Object.entries(map[field] ?? {})) {
        for (const text of isConfigKey(key)) errors.push(invalid(`${field}[${key}]`, key, text))
        if (field === 'data' && map.binaryData && Object.hasOwn(map.binaryData, key))
          errors.push(invalid(`data[${key}]`, key, 'duplicate of key present in binaryData'))
        size += value.length
      }
    if (size > SIZE_MAX) errors.push(tooLong('[]', SIZE_MAX))
    if (old?.immutable) {
      if (!map.immutable) errors.push(forbidden('immutable', 'field is immutable when `immutable` is set'))
      for (const field of ['data', 'binaryData'] as const)
        if (!equalJson(map[field] ?? {}, old[field] ?? {})) errors.push(forbidden(field, 'field is immutable when `immutable` is set'))
    }
    return errors
  },
  columns: [
    nameColumn<ConfigMap>(),
    column<ConfigMap>('Data', (m) => Object.keys(m.data ?? {}).length + Object.keys(m.binaryData ?? {}).length, 'string'),
    ageColumn<ConfigMap>(),
  ],
})

const REQUIRED_KEYS = new Map<string, string[]>([
  ['kubernetes.io/tls', ['tls.crt', 'tls.key']],
  ['kubernetes.io/dockerconfigjson', ['.dockerconfigjson']],
  ['kubernetes.io/ssh-auth', ['ssh-privatekey']],
])

export const secrets = defineResource<Secret>({
  kind: 'Secret',
  plural: 'secrets',
  defaults(secret) {
    secret.type ??= 'Opaque'
    // stringData is a convenience of writers: it never comes back.
    const plain = secret.stringData as Record<string, string> | undefined
    if (plain) {
      secret.data ??= {}
      for (const [key, value] of Object.entries(plain)) setMember(secret.data, key, base64(utf8Encode(String(value))))
      delete secret.stringData
    }
  },
  validate(secret, old) {
    const errors: FieldError[] = []
    for (const key of Object.keys(secret.data ?? {})) for (const text of isConfigKey(key)) errors.push(invalid(`data[${key}]`, key, text))
    for (const key of REQUIRED_KEYS.get(secret.type ?? '') ?? [])
      if (!secret.data || !Object.hasOwn(secret.data, key)) errors.push(required(`data[${key}]`))
    if (old && secret.type !== old.type) errors.push(invalid('type', secret.type, 'field is immutable'))
    if (old?.immutable && !equalJson(secret.data ?? {}, old.data ?? {}))
      errors.push(forbidden('data', 'field is immutable when `immutable` is set'))
    return errors
  },
  columns: [
    nameColumn<Secret>(),
    column<Secret>('Type', (s) => s.type ?? ''),
    column<Secret>('Data', (s) => Object.keys(s.data ?? {}).length, 'string'),
    ageColumn<Secret>(),
  ],
  selectableFields: new Map([['type', (s: Secret) => s.type ?? '']]),
})

export const serviceaccounts = defineResource<ServiceAccount>({
  kind: 'ServiceAccount',
  plural: 'serviceaccounts',
  shortNames: ['sa'],
  subresources: ['token'],
  columns: [
    nameColumn<ServiceAccount>(),
    column<ServiceAccount>('Secrets', (s) => s.secrets?.length ?? 0, 'string'),
    ageColumn<ServiceAccount>(),
  ],
})

const BASE64 = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/'

/** RFC 4648 section 4. */
export function base64(bytes: Uint8Array): string {
  let text = ''
  for (let i = 0; i < bytes.length; i += 3) {
    const a = bytes[i]!
    const b = bytes[i + 1]
    const c = bytes[i + 2]
    text += BASE64[a >> 2]! + BASE64[((a & 3) << 4) | ((b ?? 0) >> 4)]!
    text += b === undefined ? '==' : BASE64[((b & 15) << 2) | ((c ?? 0) >> 6)]! + (c === undefined ? '=' : BASE64[c & 63]!)
  }
  return text
}
