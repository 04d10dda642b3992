/** The schema that the project ships, ready for use. The renderer loads the JSON by itself and makes its own `Schema`. */
import json from './kubernetes-v1.36.json' with { type: 'json' }
import { Schema } from './schema.ts'
import type { SchemaJson } from './schema.ts'

export const kubernetesSchemaJson = json as unknown as SchemaJson & { definitions: Record<string, unknown> }
export const kubernetesSchema: Schema = new Schema(kubernetesSchemaJson)
