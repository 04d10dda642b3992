/** Surface only, see below. */
import { Bug } from '../../base/assert.ts'
import type { ApiClient } from '../../api/client/api-client.ts'
import type { ApiServer } from '../../api/server/api-server.ts'
import type { Image } from '../cri/image.ts'
import type { Machine } from '../../linux/machine.ts'

export interface KubeletOptions {
  machine: Machine
  client: ApiClient
  server: ApiServer
  /** Clients for the programs in pods, by actor. */
  clientFor: (actor: string) => ApiClient
  images: (ref: string) => Image
  clusterDns: string[]
  clusterDomain: string
  labels: Map<string, string>
  taints: { key: string; value?: string; effect: string }[]
  capacity: Map<string, string>
}

export class Kubelet {
  readonly options: KubeletOptions
  constructor(options: KubeletOptions) {
    this.options = options
  }

  start(): void {
    throw new Bug('not yet')
  }

  stop(): void {
    throw new Bug('not yet')
  }
}
