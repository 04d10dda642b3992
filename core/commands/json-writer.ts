/** JSON as iproute2 writes it (lib/json_writer.c): compact, or with `-p` in its own way of indenting. */

export type Json = string | number | boolean | null | readonly Json[] | { readonly [key: string]: Json | undefined }

export function iproute2Json(value: Json, pretty: boolean): string {
  return `${pretty ? indented(value, 0) : compact(value)}\n`
}

function compact(value: Json): string {
  if (Array.isArray(value)) return `[${value.map(compact).join(',')}]`
  if (value === null || typeof value !== 'object') return JSON.stringify(value)
  return `{${fields(value as { [key: string]: Json }).map(([key, one]) => `"${key}":${compact(one)}`).join(',')}}`
}

function indented(value: Json, depth: number): string {
  if (Array.isArray(value)) return value.length === 0 ? '[ ]' : `[ ${value.map((one: Json) => indented(one, depth + 1)).join(',')} ]`
  if (value === null || typeof value !== 'object') return JSON.stringify(value)
  const inside = fields(value as { [key: string]: Json })
  if (inside.length === 0) return '{}'
  const blank = ' '.repeat(4 * (depth + 1))
  return `{${inside.map(([key, one]) => `\n${blank}"${key}": ${indented(one, depth + 1)}`).join(',')}\n${' '.repeat(4 * depth)}}`
}

function fields(value: { readonly [key: string]: Json | undefined }): [string, Json][] {
  return Object.entries(value).filter((entry): entry is [string, Json] => entry[1] !== undefined)
}
