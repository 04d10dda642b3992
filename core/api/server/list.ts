/**
 * Lists, in pages when asked. A continue token names the revision and the place.
 * Omits: pages of one consistent snapshot: each page shows the objects as they are when it is asked for.
 */
import { StatusError } from '../meta/status.ts'
import type { KubeList } from '../types/index.ts'
import type { ListOptions } from './call.ts'
import { compileSelection } from './selection.ts'
import type { Resolved, ServerState } from './server-state.ts'
import { convertOut } from './versions.ts'

export function listObjects(state: ServerState, resolved: Resolved, options: ListOptions): KubeList {
  const { definition, served } = resolved
  const selection = compileSelection(definition, options)
  let items = state.store.list(definition.resource, selection.namespace)
  let revision = state.store.revision
  if (options.continue) {
    const token = /^v1:(\d+):([^/]*)\/(.+)$/.exec(options.continue)
    if (!token) throw StatusError.badRequest('continue key is not valid: illegal base64 data')
    revision = Number(token[1])
    if (state.store.since(definition.resource, revision) === 'expired')
      throw StatusError.expired(
        'The provided continue parameter is too old to display a consistent list result. You can start a new list without the continue parameter.',
      )
    const at = items.findIndex(
      (o) => (o.metadata.namespace ?? '') > token[2]! || ((o.metadata.namespace ?? '') === token[2] && o.metadata.name > token[3]!),
    )
    items = at < 0 ? [] : items.slice(at)
  }
  const selective = Boolean(options.labelSelector || options.fieldSelector)
  let matching = selective ? items.filter(selection.matches) : items
  const metadata: KubeList['metadata'] = { resourceVersion: String(revision) }
  if (options.limit && options.limit > 0 && matching.length > options.limit) {
    const left = matching.length - options.limit
    matching = matching.slice(0, options.limit)
    const last = matching.at(-1)!.metadata
    metadata.continue = `v1:${revision}:${last.namespace ?? ''}/${last.name}`
    if (!selective) metadata.remainingItemCount = left
  }
  return { items: served ? matching.map((o) => convertOut(o, served)) : matching, metadata }
}
