/** nodes and namespaces: pkg/registry/core/node, printNode, printNamespace. */
import { duplicate, forbidden, invalid } from '../meta/field-error.ts'
import type { FieldError } from '../meta/field-error.ts'
import { byText } from '../../base/text-order.ts'
import { cloneJson, equalJson } from '../meta/json.ts'
import type { Namespace, Node } from '../types/index.ts'
import { ageColumn, column, wide } from './columns.ts'
import { defineResource, nameColumn } from './definition.ts'

const ROLE_PREFIX = 'node-role.kubernetes.io/'

export const nodes = defineResource<Node>({
  kind: 'Node',
  plural: 'nodes',
  shortNames: ['no'],
  namespaced: false,
  subresources: ['status', 'proxy'],
  defaults(node) {
    node.spec ??= {}
  },
  validate(node, old) {
    const errors: FieldError[] = []
    const seen = new Set<string>()
    for (const [i, taint] of (node.spec.taints ?? []).entries()) {
      const at = `metadata.taints[${i}]`
      if (!['NoSchedule', 'PreferNoSchedule', 'NoExecute'].includes(taint.effect))
        errors.push(invalid(`${at}.effect`, taint.effect ?? '', 'invalid taint effect'))
      const key = `${taint.key}:${taint.effect}`
      if (seen.has(key)) errors.push(duplicate(at, taint))
      seen.add(key)
    }
    if (old?.spec.podCIDR && !equalJson(node.spec.podCIDRs, old.spec.podCIDRs))
      errors.push(forbidden('spec.podCIDRs', 'node updates may not change podCIDR except from "" to valid'))
    return errors
  },
  strategy: {
    statusSubresource: true,
    // A kubelet registers itself with its status in one request.
    prepareForCreate(node) {
      node.status ??= {}
    },
  },
  columns: [
    nameColumn<Node>(),
    column<Node>('Status', nodeStatus),
    column<Node>('Roles', nodeRoles),
    ageColumn<Node>(),
    column<Node>('Version', (n) => n.status?.nodeInfo?.kubeletVersion ?? ''),
    wide<Node>('Internal-IP', (n) => address(n, 'InternalIP')),
    wide<Node>('External-IP', (n) => address(n, 'ExternalIP')),
    wide<Node>('OS-Image', (n) => n.status?.nodeInfo?.osImage || '<unknown>'),
    wide<Node>('Kernel-Version', (n) => n.status?.nodeInfo?.kernelVersion || '<unknown>'),
    wide<Node>('Container-Runtime', (n) => n.status?.nodeInfo?.containerRuntimeVersion || '<unknown>'),
  ],
  selectableFields: new Map([['spec.unschedulable', (n: Node) => String(n.spec.unschedulable ?? false)]]),
})

export function nodeStatus(node: Node): string {
  const ready = node.status?.conditions?.find((c) => c.type === 'Ready')
  const status = !ready ? 'Unknown' : ready.status === 'True' ? 'Ready' : 'NotReady'
  return node.spec.unschedulable ? `${status},SchedulingDisabled` : status
}

export function nodeRoles(node: Node): string {
  const roles = new Set<string>()
  for (const [key, value] of Object.entries(node.metadata.labels ?? {})) {
    if (key.startsWith(ROLE_PREFIX) && key.length > ROLE_PREFIX.length) roles.add(key.slice(ROLE_PREFIX.length))
    else if (key === 'kubernetes.io/role' && value !== '') roles.add(value)
  }
  return [...roles].sort(byText).join(',') || '<none>'
}

function address(node: Node, type: string): string {
  return node.status?.addresses?.find((a) => a.type === type)?.address ?? '<none>'
}

export const namespaces = defineResource<Namespace>({
  kind: 'Namespace',
  plural: 'namespaces',
  shortNames: ['ns'],
  namespaced: false,
  subresources: ['status', 'finalize'],
  nameRule: 'label',
  verbs: ['create', 'delete', 'get', 'list', 'patch', 'update', 'watch'],
  defaults(ns) {
    ns.metadata.labels = { ...ns.metadata.labels, ...(ns.metadata.name ? { 'kubernetes.io/metadata.name': ns.metadata.name } : {}) }
    ns.spec ??= {}
  },
  strategy: {
    statusSubresource: true,
    prepareForCreate(ns) {
      ns.status = { phase: 'Active' }
      ns.spec ??= {}
      if (!ns.spec.finalizers?.includes('kubernetes')) ns.spec.finalizers = [...(ns.spec.finalizers ?? []), 'kubernetes']
    },
    prepareForUpdate(ns, old) {
      // Finalizers of the spec change only through the finalize subresource.
      ns.spec = cloneJson(old.spec)
    },
  },
  columns: [nameColumn<Namespace>(), column<Namespace>('Status', (ns) => ns.status?.phase ?? ''), ageColumn<Namespace>()],
  selectableFields: new Map([
    ['status.phase', (ns: Namespace) => ns.status?.phase ?? ''],
    ['name', (ns: Namespace) => ns.metadata.name],
  ]),
})
