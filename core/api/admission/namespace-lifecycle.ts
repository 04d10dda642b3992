/** NamespaceLifecycle: nothing is created where there is no namespace, or where it is being deleted. */
import { StatusError } from '../meta/status.ts'
import type { ResourceDefinition } from '../registry/definition.ts'
import type { Namespace } from '../types/index.ts'

/** Namespaces that cannot be deleted. */
const IMMORTAL = new Set(['default', 'kube-system', 'kube-public'])

export function admitIntoNamespace(definition: ResourceDefinition, namespace: string, name: string, found: Namespace | undefined): void {
  if (!found) throw StatusError.notFound({ group: '', name: 'namespaces' }, namespace)
  if (found.metadata.deletionTimestamp || found.status.phase === 'Terminating') {
    const error = StatusError.forbidden(
      { group: definition.group, name: definition.plural },
      name,
      `unable to create new content in namespace ${namespace} because it is being terminated`,
    )
    error.status.details = {
      ...error.status.details,
      causes: [{ reason: 'NamespaceTerminating', message: `namespace ${namespace} is being terminated`, field: 'metadata.namespace' }],
    }
    throw error
  }
}

export function admitNamespaceDeletion(name: string): void {
  if (IMMORTAL.has(name)) throw StatusError.forbidden({ group: '', name: 'namespaces' }, name, 'this namespace may not be deleted')
}
