/**
 * Events as the kubelet writes them: the same thing said again raises the count of the old one.
 * Truth: k8s.io/client-go/tools/record (EventRecorder, event correlator).
 *
 * Omits: aggregation of similar events, rate limits (25 per object in 5 minutes), deletion after an hour.
 */
import type { ApiClient } from '../../api/client/api-client.ts'
import { hasReason, isStatusError } from '../../api/meta/status.ts'
import { formatTime } from '../../api/meta/timestamp.ts'
import type { KubeEvent, KubeObject, ObjectReference } from '../../api/types/index.ts'
import type { Random } from '../../sim/random.ts'

const REMEMBERED_MAX = 4096

export class EventRecorder {
  readonly #client: ApiClient
  readonly #component: string
  readonly #host: string
  readonly #random: Random
  readonly #nowMs: () => number
  readonly #seen = new Map<string, { namespace: string; name: string; count: number }>()

  constructor(client: ApiClient, component: string, host: string, random: Random, nowMs: () => number) {
    this.#client = client
    this.#component = component
    this.#host = host
    this.#random = random
    this.#nowMs = nowMs
  }

  normal(object: KubeObject, reason: string, message: string, fieldPath = ''): void {
    this.#record(object, 'Normal', reason, message, fieldPath)
  }

  warning(object: KubeObject, reason: string, message: string, fieldPath = ''): void {
    this.#record(object, 'Warning', reason, message, fieldPath)
  }

  #record(object: KubeObject, type: 'Normal' | 'Warning', reason: string, message: string, fieldPath: string): void {
    const { name, uid, resourceVersion } = object.metadata
    const namespace = object.metadata.namespace ?? 'default'
    const key = [object.kind, namespace, name, uid, type, reason, message, fieldPath].join('\n')
    const now = formatTime(this.#nowMs())
    try {
      const old = this.#seen.get(key)
      if (old && this.#again(old, now)) return
      const involvedObject: ObjectReference = { kind: object.kind, namespace: object.metadata.namespace, name, uid, apiVersion: object.apiVersion, resourceVersion }
      if (fieldPath !== '') involvedObject.fieldPath = fieldPath
      const event: KubeEvent = {
        apiVersion: 'v1', kind: 'Event', metadata: { name: `${name}.18${this.#random.hex(14)}`, namespace }, involvedObject, reason, message, type,
        source: { component: this.#component, host: this.#host }, firstTimestamp: now, lastTimestamp: now, count: 1, eventTime: null,
        reportingComponent: this.#component, reportingInstance: this.#host,
      }
      this.#client.create('events', namespace, event)
      if (this.#seen.size >= REMEMBERED_MAX) this.#seen.delete(this.#seen.keys().next().value as string)
      this.#seen.set(key, { namespace, name: event.metadata.name, count: 1 })
    } catch (error) {
      // An event is best effort: the namespace may be going, the server away.
      if (!isStatusError(error)) throw error
    }
  }

  #again(old: { namespace: string; name: string; count: number }, now: string): boolean {
    try {
      old.count += 1
      this.#client.patch('events', old.namespace, old.name, { type: 'merge', body: { count: old.count, lastTimestamp: now } })
      return true
    } catch (error) {
      if (hasReason(error, 'NotFound')) return false
      throw error
    }
  }
}
