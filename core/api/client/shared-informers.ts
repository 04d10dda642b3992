/** One informer per resource for everybody in a process: k8s.io/client-go/informers.SharedInformerFactory. */
import type { KubeObject } from '../types/index.ts'
import type { ApiClient } from './api-client.ts'
import { Informer } from './informer.ts'

export class SharedInformers {
  readonly #client: ApiClient
  readonly #informers = new Map<string, Informer>()
  #running = false

  constructor(client: ApiClient) {
    this.#client = client
  }

  of<T extends KubeObject>(resource: string): Informer<T> {
    let informer = this.#informers.get(resource)
    if (!informer) {
      informer = new Informer(this.#client, resource)
      this.#informers.set(resource, informer)
      if (this.#running) informer.start()
    }
    return informer as unknown as Informer<T>
  }

  start(): void {
    this.#running = true
    for (const informer of this.#informers.values()) informer.start()
  }

  stop(): void {
    this.#running = false
    for (const informer of this.#informers.values()) informer.stop()
  }
}
