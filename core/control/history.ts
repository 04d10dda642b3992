/** Revisions of a daemon set or stateful set, kept as ControllerRevision objects (pkg/controller/history). */
import type { ApiClient } from '../api/client/api-client.ts'
import { canonicalJson, equalJson, fnv32, safeEncode } from '../api/meta/json.ts'
import { hasReason } from '../api/meta/status.ts'
import type { ControllerRevision, KubeObject, PodTemplateSpec } from '../api/types/index.ts'
import { ownerReference } from './pod-control.ts'

/** Label of a pod that tells the revision that it was made from. */
export const REVISION_LABEL = 'controller-revision-hash'
const HISTORY_MAX = 10

/** Hash of the template's revision; the revision is made, or moved to the end of the history, when need be. */
export function currentRevision(client: ApiClient, owner: KubeObject, template: PodTemplateSpec): string {
  const { name, namespace = '', uid } = owner.metadata
  const hash = safeEncode(fnv32(canonicalJson(template)))
  const data = { spec: { template: { ...template, $patch: 'replace' } } }
  const mine = ownRevisions(client, owner)
  const newest = mine.reduce((max, r) => Math.max(max, r.revision), 0)
  const found = mine.find((r) => r.metadata.labels?.[REVISION_LABEL] === hash && equalJson(r.data, data))
  if (found) {
    if (found.revision < newest)
      client.patch('controllerrevisions.apps', namespace, found.metadata.name, { type: 'merge', body: { revision: newest + 1 } })
    return hash
  }
  try {
    client.create('controllerrevisions.apps', namespace, {
      metadata: {
        name: `${name}-${hash}`,
        namespace,
        labels: { ...template.metadata?.labels, [REVISION_LABEL]: hash },
        ownerReferences: [ownerReference(owner)],
      },
      data,
      revision: newest + 1,
    })
  } catch (error) {
    if (!hasReason(error, 'AlreadyExists')) throw error
  }
  const limit = Number((owner.spec as { revisionHistoryLimit?: number } | undefined)?.revisionHistoryLimit ?? HISTORY_MAX)
  const old = mine.sort((a, b) => a.revision - b.revision)
  for (const r of old.slice(0, Math.max(0, old.length - limit))) {
    if (r.metadata.ownerReferences?.some((o) => o.uid === uid)) remove(client, r)
  }
  return hash
}

/** The revision's name, as a status says it. */
export function revisionName(owner: KubeObject, hash: string): string {
  return `${owner.metadata.name}-${hash}`
}

export function ownRevisions(client: ApiClient, owner: KubeObject): ControllerRevision[] {
  const { namespace = '', uid } = owner.metadata
  return client
    .list<ControllerRevision>('controllerrevisions.apps', { namespace })
    .items.filter((r) => r.metadata.ownerReferences?.some((o) => o.uid === uid))
}

function remove(client: ApiClient, revision: ControllerRevision): void {
  try {
    client.delete('controllerrevisions.apps', revision.metadata.namespace!, revision.metadata.name)
  } catch (error) {
    if (!hasReason(error, 'NotFound')) throw error
  }
}
