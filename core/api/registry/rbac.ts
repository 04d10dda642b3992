/** roles, rolebindings, clusterroles, clusterrolebindings: stored and shown. Omits: escalation checks, aggregation. */
import { invalid, notSupported, required } from '../meta/field-error.ts'
import type { FieldError } from '../meta/field-error.ts'
import { equalJson } from '../meta/json.ts'
import type { KubeObject } from '../types/index.ts'
import { ageColumn, column, wide } from './columns.ts'
import { defineResource, nameColumn } from './definition.ts'
import type { ResourceDefinition } from './definition.ts'

const GROUP = 'rbac.authorization.k8s.io'

interface Binding extends KubeObject {
  subjects?: { kind: string; name: string; namespace?: string; apiGroup?: string }[]
  roleRef: { apiGroup: string; kind: string; name: string }
}

export const roles = defineResource({ group: GROUP, kind: 'Role', plural: 'roles', nameRule: 'path' })
export const clusterroles = defineResource({
  group: GROUP,
  kind: 'ClusterRole',
  plural: 'clusterroles',
  namespaced: false,
  nameRule: 'path',
})
export const rolebindings = binding('RoleBinding', 'rolebindings', true)
export const clusterrolebindings = binding('ClusterRoleBinding', 'clusterrolebindings', false)

function binding(kind: string, plural: string, namespaced: boolean): ResourceDefinition<Binding> {
  return defineResource<Binding>({
    group: GROUP,
    kind,
    plural,
    namespaced,
    nameRule: 'path',
    defaults(b) {
      if (b.roleRef) b.roleRef.apiGroup ||= GROUP
      for (const subject of b.subjects ?? []) if (subject.kind !== 'ServiceAccount') subject.apiGroup ||= GROUP
    },
    validate(b, old) {
      const errors: FieldError[] = []
      const kinds = namespaced ? ['ClusterRole', 'Role'] : ['ClusterRole']
      if (!kinds.includes(b.roleRef?.kind)) errors.push(notSupported('roleRef.kind', b.roleRef?.kind ?? '', kinds))
      if (!b.roleRef?.name) errors.push(required('roleRef.name'))
      for (const [i, s] of (b.subjects ?? []).entries()) {
        if (!s.name) errors.push(required(`subjects[${i}].name`))
        if (s.kind === 'ServiceAccount' && !s.namespace && !namespaced) errors.push(required(`subjects[${i}].namespace`))
      }
      if (old && !equalJson(b.roleRef, old.roleRef)) errors.push(invalid('roleRef', b.roleRef, 'cannot change roleRef'))
      return errors
    },
    columns: [
      nameColumn<Binding>(),
      column<Binding>('Role', (b) => `${b.roleRef.kind}/${b.roleRef.name}`),
      ageColumn<Binding>(),
      wide<Binding>('Users', (b) => subjects(b, 'User')),
      wide<Binding>('Groups', (b) => subjects(b, 'Group')),
      wide<Binding>('ServiceAccounts', (b) => subjects(b, 'ServiceAccount')),
    ],
  })
}

function subjects(b: Binding, kind: string): string {
  return (b.subjects ?? [])
    .filter((s) => s.kind === kind)
    .map((s) => (s.namespace ? `${s.namespace}/${s.name}` : s.name))
    .join(', ')
}
