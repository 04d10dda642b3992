import type { HostApi, PageApi } from '../../preload/contract.ts'

/** A host, whichever way it is reached. */
export interface HostClient {
  api: HostApi
  /** Hands every later call of the host to `page`. */
  listen(page: PageApi): void
  /** Called when the host went away; the page offers to connect again. */
  onLost(handler: () => void): void
}

/** What the page must be told before it can do anything. */
export type ConnectFailure = 'code' | 'lost'

export class ConnectError extends Error {
  readonly failure: ConnectFailure
  constructor(failure: ConnectFailure) {
    super(failure)
    this.failure = failure
  }
}
