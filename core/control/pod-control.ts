/**
 * What all controllers of pods do: make pods from a template, take in orphans that match, let go what no longer does
 * (pkg/controller/controller_utils.go, controller_ref_manager.go).
 */
import type { ApiClient } from '../api/client/api-client.ts'
import type { EventRecorder } from '../api/client/event-recorder.ts'
import { matchesSelector } from '../api/meta/labels.ts'
import type { Selector } from '../api/meta/labels.ts'
import { hasReason, isStatusError } from '../api/meta/status.ts'
import { cloneJson } from '../api/meta/json.ts'
import type { KubeObject, OwnerReference, Pod, PodTemplateSpec } from '../api/types/index.ts'
import { orphansOf } from './controller-deps.ts'
import type { PodIndices } from './controller-deps.ts'

export function ownerReference(owner: KubeObject): OwnerReference {
  return {
    apiVersion: owner.apiVersion,
    kind: owner.kind,
    name: owner.metadata.name,
    uid: owner.metadata.uid!,
    controller: true,
    blockOwnerDeletion: true,
  }
}

/** A pod of the owner, not yet created. `name` when the owner names its pods itself. */
export function podFromTemplate(owner: KubeObject, template: PodTemplateSpec, name?: string): Pod {
  const { labels, annotations, finalizers } = template.metadata ?? {}
  const metadata = {
    ...(name === undefined ? { generateName: `${owner.metadata.name}-` } : { name }),
    namespace: owner.metadata.namespace,
    ...(labels ? { labels: { ...labels } } : {}),
    ...(annotations ? { annotations: { ...annotations } } : {}),
    ...(finalizers ? { finalizers: [...finalizers] } : {}),
    ownerReferences: [ownerReference(owner)],
  }
  return { apiVersion: 'v1', kind: 'Pod', metadata, spec: cloneJson(template.spec) } as unknown as Pod
}

/** Creates the pod and says so; throws what the server refuses, after having said that, too. */
export function createPod(client: ApiClient, recorder: EventRecorder, owner: KubeObject, pod: Pod): Pod {
  try {
    const created = client.create<Pod>('pods', owner.metadata.namespace!, pod)
    recorder.event(owner, 'Normal', 'SuccessfulCreate', `Created pod: ${created.metadata.name}`)
    return created
  } catch (error) {
    if (isStatusError(error) && !isNamespaceTerminating(error))
      recorder.event(owner, 'Warning', 'FailedCreate', `Error creating: ${error.message}`)
    throw error
  }
}

export function deletePod(client: ApiClient, recorder: EventRecorder, owner: KubeObject, pod: Pod): void {
  try {
    client.delete('pods', pod.metadata.namespace!, pod.metadata.name, { preconditions: { uid: pod.metadata.uid } })
    recorder.event(owner, 'Normal', 'SuccessfulDelete', `Deleted pod: ${pod.metadata.name}`)
  } catch (error) {
    if (hasReason(error, 'NotFound') || hasReason(error, 'Conflict')) return
    if (isStatusError(error)) recorder.event(owner, 'Warning', 'FailedDelete', `Error deleting: ${error.message}`)
    throw error
  }
}

export function isNamespaceTerminating(error: unknown): boolean {
  return (
    isStatusError(error) &&
    error.reason === 'Forbidden' &&
    (error.status.details?.causes ?? []).some((c) => c.reason === 'NamespaceTerminating')
  )
}

/** The owner's pods: those it has, less those it lets go, plus those that it takes in. */
export function claimPods(client: ApiClient, pods: PodIndices, owner: KubeObject, selector: Selector): Pod[] {
  const mine: Pod[] = []
  for (const pod of pods.byOwner.get(owner.metadata.uid!)) {
    if (matchesSelector(selector, pod.metadata.labels)) mine.push(pod)
    else if (!owner.metadata.deletionTimestamp)
      setOwner(client, pod, pod.metadata.ownerReferences?.filter((o) => o.uid !== owner.metadata.uid) ?? [])
  }
  if (owner.metadata.deletionTimestamp) return mine
  for (const pod of pods.byOwner.get(orphansOf(owner.metadata.namespace!))) {
    if (pod.metadata.deletionTimestamp || !matchesSelector(selector, pod.metadata.labels)) continue
    const adopted = setOwner(client, pod, [...(pod.metadata.ownerReferences ?? []), ownerReference(owner)])
    if (adopted) mine.push(adopted)
  }
  return mine
}

function setOwner(client: ApiClient, pod: Pod, ownerReferences: OwnerReference[]): Pod | undefined {
  const body = { metadata: { uid: pod.metadata.uid, ownerReferences: ownerReferences.length > 0 ? ownerReferences : null } }
  try {
    return client.patch<Pod>('pods', pod.metadata.namespace!, pod.metadata.name, { type: 'merge', body })
  } catch (error) {
    if (hasReason(error, 'NotFound') || hasReason(error, 'Conflict') || hasReason(error, 'Invalid')) return undefined
    throw error
  }
}
