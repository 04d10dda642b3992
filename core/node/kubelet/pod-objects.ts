/** ConfigMaps and Secrets that a pod refers to, read when they are needed. Binary values are decoded to text. */
import type { ApiClient } from '../../api/client/api-client.ts'
import type { ConfigMap, Secret } from '../../api/types/index.ts'
import { utf8Decode } from '../../base/utf8.ts'

export type KeyValues = Map<string, string>

export interface PodObjects {
  /** Undefined when there is no such object. */
  configMap(namespace: string, name: string): KeyValues | undefined
  secret(namespace: string, name: string): KeyValues | undefined
}

export function podObjects(client: ApiClient): PodObjects {
  return {
    configMap(namespace, name) {
      const found = client.find<ConfigMap>('configmaps', namespace, name)
      if (!found) return undefined
      const values: KeyValues = new Map(Object.entries(found.data ?? {}))
      for (const [key, value] of Object.entries(found.binaryData ?? {})) values.set(key, base64Text(value))
      return values
    },
    secret(namespace, name) {
      const found = client.find<Secret>('secrets', namespace, name)
      return found && new Map(Object.entries(found.data ?? {}).map(([key, value]) => [key, base64Text(value)]))
    },
  }
}

const ALPHABET = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/'

/** RFC 4648 section 4; what is not of the alphabet is passed over. */
export function base64Text(text: string): string {
  const bytes: number[] = []
  let bits = 0
  let value = 0
  for (const char of text) {
    const digit = ALPHABET.indexOf(char)
    if (digit < 0) continue
    value = ((value << 6) | digit) & 0xffffff
    bits += 6
    if (bits < 8) continue
    bits -= 8
    bytes.push((value >> bits) & 0xff)
  }
  return utf8Decode(Uint8Array.from(bytes))
}
