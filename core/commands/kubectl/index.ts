/** kubectl, as an executable that finds its cluster through `connect`. */
export { kubectl } from './kubectl.ts'
export type { Connect } from './kubectl.ts'
export { evaluateJsonPath } from './jsonpath.ts'
