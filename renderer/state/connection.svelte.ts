import type { HostApi } from '../../preload/contract.ts'
import { connect } from '../client/connect.ts'
import { ConnectError, type ConnectFailure, type HostClient } from '../client/host-client.ts'

class Connection {
  status = $state<'connecting' | 'ready' | 'failed'>('connecting')
  failure = $state<ConnectFailure | 'error'>('lost')
  message = $state('')
  version = $state('')
  kind = $state<'desktop' | 'browser'>('browser')
  #client: HostClient | null = null

  get api(): HostApi {
    if (this.#client === null) throw new Error('not connected')
    return this.#client.api
  }

  async open(): Promise<HostClient> {
    this.status = 'connecting'
    try {
      this.#client = await connect()
      this.#client.onLost(() => this.fail(new ConnectError('lost')))
      return this.#client
    } catch (error) {
      this.fail(error)
      throw error
    }
  }

  fail(error: unknown): void {
    this.status = 'failed'
    this.failure = error instanceof ConnectError ? error.failure : 'error'
    this.message = error instanceof Error ? error.message : String(error)
  }
}

export const connection = new Connection()
