/**
 * Writes Events, and counts repeated ones instead of writing them again (k8s.io/client-go/tools/record).
 * Omits: aggregation of similar messages, rate limits.
 */
import { formatTime } from '../meta/timestamp.ts'
import { isStatusError } from '../meta/status.ts'
import type { KubeEvent, KubeObject, ObjectReference } from '../types/index.ts'
import type { ApiClient } from './api-client.ts'

/** Events remembered for counting (lruCacheSize of client-go). */
const REMEMBERED_MAX = 4096

export class EventRecorder {
  readonly #client: ApiClient
  readonly #component: string
  readonly #host: string
  readonly #known = new Map<string, string>()
  #serial = 0

  constructor(client: ApiClient, component: string, host = '') {
    this.#client = client
    this.#component = component
    this.#host = host
  }

  event(object: KubeObject, type: 'Normal' | 'Warning', reason: string, message: string, fieldPath?: string): void {
    const { namespace, name, uid, resourceVersion } = object.metadata
    const reference: ObjectReference = {
      kind: object.kind,
      ...(namespace ? { namespace } : {}),
      name,
      uid,
      apiVersion: object.apiVersion,
      resourceVersion,
    }
    if (fieldPath) reference.fieldPath = fieldPath
    this.eventFor(reference, type, reason, message)
  }

  eventFor(reference: ObjectReference, type: 'Normal' | 'Warning', reason: string, message: string): void {
    const namespace = reference.namespace || 'default'
    const now = formatTime(this.#client.server.nowMs)
    const key = [namespace, reference.kind, reference.uid ?? reference.name, reference.fieldPath ?? '', type, reason, message].join(
      '\u0000',
    )
    // A refused event (namespace going, server away) is lost, as in a real cluster.
    try {
      const known = this.#known.get(key)
      const old = known ? this.#client.find<KubeEvent>('events', namespace, known) : undefined
      if (old) {
        this.#client.patch('events', namespace, old.metadata.name, {
          type: 'merge',
          body: { count: (old.count ?? 1) + 1, lastTimestamp: now },
        })
        return
      }
      const created = this.#client.create<KubeEvent>('events', namespace, {
        metadata: { name: this.#name(reference.name ?? ''), namespace },
        involvedObject: reference,
        reason,
        message,
        type,
        source: { component: this.#component, ...(this.#host ? { host: this.#host } : {}) },
        firstTimestamp: now,
        lastTimestamp: now,
        count: 1,
        eventTime: null,
        reportingComponent: this.#component,
        reportingInstance: this.#host,
      })
      this.#known.delete(key)
      this.#known.set(key, created.metadata.name)
      if (this.#known.size > REMEMBERED_MAX) this.#known.delete(this.#known.keys().next().value!)
    } catch (error) {
      if (!isStatusError(error)) throw error
    }
  }

  /** `<object>.<nanoseconds in hexadecimal>`; the component's own counter keeps two of one moment apart. */
  #name(object: string): string {
    this.#serial += 1
    const nanos =
      BigInt(this.#client.server.epochMs) * 1_000_000n + BigInt(this.#client.server.clock.nowUs) * 1000n + BigInt(this.#serial % 1000)
    return `${object}.${nanos.toString(16)}`
  }
}
