/** The schema class, for a page that loads the schema's JSON itself and may import from this folder alone. Truth and omissions: `core/api/schema`. */
export { Schema, type SchemaJson } from '../api/schema/schema.ts'
