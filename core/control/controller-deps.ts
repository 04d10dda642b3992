/** What every controller is given. */
import type { ApiClient } from '../api/client/api-client.ts'
import type { EventRecorder } from '../api/client/event-recorder.ts'
import type { ObjectIndex, LabelIndex } from '../api/client/object-index.ts'
import type { SharedInformers } from '../api/client/shared-informers.ts'
import type { Pod } from '../api/types/index.ts'
import type { Clock } from '../sim/clock.ts'
import type { RandomStreams } from '../sim/random.ts'
import type { Trace } from '../sim/trace.ts'

export interface ControllerDeps {
  /** Named after the controller: its actor in the trace. */
  client: ApiClient
  clock: Clock
  random: RandomStreams
  trace: Trace
  recorder: EventRecorder
  informers: SharedInformers
  pods: PodIndices
}

/** Shared by all controllers of a process. */
export interface PodIndices {
  /** By uid of the controlling owner; those that have none by `orphansOf` their namespace. */
  byOwner: ObjectIndex<Pod>
  byNode: ObjectIndex<Pod>
  byLabel: LabelIndex<Pod>
}

/** The owner that controls an object, if it has one. */
export function controllerOf(object: {
  metadata: { ownerReferences?: { uid: string; kind: string; name: string; controller?: boolean }[] }
}): { uid: string; kind: string; name: string } | undefined {
  return object.metadata.ownerReferences?.find((o) => o.controller)
}

/** Term under which `byOwner` holds what nobody controls. */
export function orphansOf(namespace: string): string {
  return `orphans ${namespace}`
}
