/**
 * How a program in a pod reaches the API server: a handle that the kubelet leaves in the container's context, in the place of
 * a service account's token and a TLS connection.
 *
 * Omits: the bytes of API traffic on the network; a node that is cut off still reaches the API server.
 */
import { Bug } from '../../base/assert.ts'
import type { ApiClient } from '../../api/client/api-client.ts'
import type { Process } from '../../linux/process.ts'

export const CLUSTER_HANDLE = 'kube-api'

export interface ClusterHandle {
  /** A client that acts (in traces and audit) as `actor`. */
  client(actor: string): ApiClient
  nodeName: string
  namespace: string
  pod: string
}

export function clusterHandle(proc: Process): ClusterHandle {
  const handle = proc.context.handles.get(CLUSTER_HANDLE)
  if (!handle) throw new Bug(`process ${proc.pid} runs outside a pod and has no way to the API server`)
  return handle as ClusterHandle
}
