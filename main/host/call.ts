/** The one wrapper through which every request of a page goes, by IPC or WebSocket: known method, checked arguments. */
import * as v from 'valibot'
import { HOST_METHODS, type HostApi } from '../../preload/contract.ts'
import { ARGUMENTS } from '../../preload/schemas.ts'

export class Refusal extends Error {
  override readonly name = 'Refusal'
}

/** Calls `method` of `api` if it exists and its arguments are of the contract's shape; throws a `Refusal` otherwise. */
export async function callHost(api: HostApi, method: unknown, args: unknown): Promise<unknown> {
  const known = HOST_METHODS.find((name) => name === method)
  if (!known) throw new Refusal(`the host has no method ${JSON.stringify(method)?.slice(0, 60)}`)
  const parsed = v.safeParse(ARGUMENTS[known], args)
  if (!parsed.success) {
    const issue = parsed.issues[0]
    throw new Refusal(`${known}: ${v.getDotPath(issue) ?? 'arguments'}: ${issue.message}`)
  }
  const run = api[known] as (...args: unknown[]) => Promise<unknown>
  return run.apply(api, parsed.output as unknown[])
}

/** An object whose methods are `callHost` on `api`: what birpc serves. */
export function guarded(api: HostApi): HostApi {
  const functions = HOST_METHODS.map((method) => [method, (...args: unknown[]) => callHost(api, method, args)])
  return Object.fromEntries(functions) as unknown as HostApi
}
