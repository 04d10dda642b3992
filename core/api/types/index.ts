/** All types of the API in one import. */
export type * from './meta.ts'
export type * from './pod.ts'
export type * from './core.ts'
export type * from './workloads.ts'
export type * from './network.ts'
