/** Everything about describing a world, in one place to import from. */
export * from './world-defaults.ts'
export { type WorldError, parseWorld } from './world-file.ts'
