/** All resources that the server has, in the order in which discovery lists their groups. */
import { configmaps, secrets, serviceaccounts } from './config.ts'
import type { ResourceDefinition } from './definition.ts'
import { deployments } from './deployments.ts'
import { endpoints, endpointslices } from './endpoints.ts'
import { events } from './events.ts'
import { cronjobs, jobs } from './jobs.ts'
import { ingressclasses, ingresses, networkpolicies } from './networking.ts'
import { namespaces, nodes } from './nodes.ts'
import { pods } from './pods.ts'
import {
  horizontalpodautoscalers,
  leases,
  limitranges,
  poddisruptionbudgets,
  priorityclasses,
  resourcequotas,
  runtimeclasses,
} from './policy.ts'
import { clusterrolebindings, clusterroles, rolebindings, roles } from './rbac.ts'
import { replicasets, replicationcontrollers } from './replicasets.ts'
import { services } from './services.ts'
import { controllerrevisions, daemonsets, statefulsets } from './sets.ts'
import { persistentvolumeclaims, persistentvolumes, storageclasses } from './storage.ts'

export function builtInResources(): ResourceDefinition[] {
  return [
    configmaps,
    endpoints,
    events,
    limitranges,
    namespaces,
    nodes,
    persistentvolumeclaims,
    persistentvolumes,
    pods,
    replicationcontrollers,
    resourcequotas,
    secrets,
    serviceaccounts,
    services,
    controllerrevisions,
    daemonsets,
    deployments,
    replicasets,
    statefulsets,
    horizontalpodautoscalers,
    cronjobs,
    jobs,
    leases,
    endpointslices,
    ingressclasses,
    ingresses,
    networkpolicies,
    runtimeclasses,
    poddisruptionbudgets,
    clusterrolebindings,
    clusterroles,
    rolebindings,
    roles,
    priorityclasses,
    storageclasses,
  ] as unknown as ResourceDefinition[]
}
