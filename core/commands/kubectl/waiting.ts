/** Waits for the server's objects: a watch, a predicate and a time-out. Truth: k8s.io/client-go/tools/watch (UntilWithSync). */
import type { KubeObject, WatchEvent } from '../../api/types/index.ts'
import type { Wait } from '../../linux/wait.ts'
import { WaitQueue } from '../../linux/wait.ts'
import type { Invocation } from './invocation.ts'

export interface WatchScope {
  resource: string
  namespace?: string
  name?: string
  labelSelector?: string
}

/**
 * Looks at the objects now and after each change until `done` answers true. False when `timeoutMs` passed before (0: never
 * waits; negative: waits for ever). `done` gets the live objects of the scope.
 */
export function* waitUntil(
  kube: Invocation,
  scope: WatchScope,
  timeoutMs: number,
  done: (objects: readonly KubeObject[], event: WatchEvent | null) => boolean,
): Generator<Wait, boolean, unknown> {
  const options = {
    namespace: scope.namespace || undefined,
    labelSelector: scope.labelSelector,
    fieldSelector: scope.name ? `metadata.name=${scope.name}` : undefined,
  }
  const deadlineUs = timeoutMs < 0 ? Number.MAX_SAFE_INTEGER : kube.proc.world.clock.nowUs + timeoutMs * 1000
  const list = kube.client.list(scope.resource, options)
  const live = new Map(list.items.map((object) => [keyOf(object), object]))
  if (done([...live.values()], null)) return true
  const queue: WatchEvent[] = []
  const arrived = new WaitQueue()
  const stop = kube.client.watch(scope.resource, { ...options, resourceVersion: list.metadata.resourceVersion }, (event) => {
    queue.push(event)
    arrived.wake()
  })
  try {
    for (;;) {
      for (let event = queue.shift(); event; event = queue.shift()) {
        if (event.type === 'ERROR') return false
        if (event.type === 'DELETED') live.delete(keyOf(event.object))
        else if (event.type !== 'BOOKMARK') live.set(keyOf(event.object), event.object)
        if (done([...live.values()], event)) return true
      }
      const rest = deadlineUs - kube.proc.world.clock.nowUs
      if (rest <= 0) return false
      if (queue.length === 0) yield* kube.proc.waitFor(arrived.wait, Math.min(rest, waitMaxUs))
    }
  } finally {
    stop()
  }
}

/** A day: the clock wants finite times. */
const waitMaxUs = 86_400_000_000

function keyOf(object: KubeObject): string {
  return `${object.metadata.namespace ?? ''}/${object.metadata.name}`
}
