/**
 * serviceaccount-controller and root-ca-cert-publisher: every namespace has a `default` account and the cluster's CA
 * (pkg/controller/serviceaccount, pkg/controller/certificates/rootcacertpublisher).
 */
import { runController } from '../../api/client/run-controller.ts'
import type { Controller, ReconcileResult } from '../../api/client/run-controller.ts'
import { hasReason } from '../../api/meta/status.ts'
import type { ConfigMap, Namespace, ServiceAccount } from '../../api/types/index.ts'
import type { ControllerDeps } from '../controller-deps.ts'
import { isNamespaceTerminating } from '../pod-control.ts'

const CA_CONFIG_MAP = 'kube-root-ca.crt'
/** A certificate in form only: nothing in the simulator verifies it. */
const CA = '-----BEGIN CERTIFICATE-----\nVmV0aGxhYg==\n-----END CERTIFICATE-----\n'

export function serviceAccountController(deps: ControllerDeps): Controller {
  const { client, clock, trace, informers } = deps
  const namespaces = informers.of<Namespace>('namespaces')
  const accounts = informers.of<ServiceAccount>('serviceaccounts')
  const maps = informers.of<ConfigMap>('configmaps')
  const controller = runController({ clock, trace, name: 'serviceaccount-controller', reconcile })

  namespaces.onEvent((ns) => {
    if (ns) controller.enqueue(ns.metadata.name)
  })
  accounts.onEvent((account, old) => {
    if (!account && old?.metadata.name === 'default') controller.enqueue(old.metadata.namespace!)
  })
  maps.onEvent((map, old) => {
    if (!map && old?.metadata.name === CA_CONFIG_MAP) controller.enqueue(old.metadata.namespace!)
  })

  function reconcile(key: string): ReconcileResult {
    const ns = namespaces.byKey(key)
    if (!ns || ns.metadata.deletionTimestamp) return
    if (!accounts.get(key, 'default')) create('serviceaccounts', key, { metadata: { name: 'default', namespace: key } })
    if (!maps.get(key, CA_CONFIG_MAP))
      create('configmaps', key, { metadata: { name: CA_CONFIG_MAP, namespace: key }, data: { 'ca.crt': CA } })
  }

  function create(resource: string, namespace: string, object: object): void {
    try {
      client.create(resource, namespace, object)
    } catch (error) {
      if (!hasReason(error, 'AlreadyExists') && !isNamespaceTerminating(error)) throw error
    }
  }

  return controller
}
