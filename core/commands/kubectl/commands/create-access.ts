/** kubectl create role, clusterrole, their bindings, poddisruptionbudget, priorityclass. Truth: k8s.io/kubectl/pkg/cmd/create; outputs recorded from kubectl 1.33. */
import { type CommandSpec, flag } from '../command-line.ts'
import { generatorCommand, metadataOf, parsePairs } from '../generator.ts'
import type { Invocation } from '../invocation.ts'
import { KubectlError } from '../kubectl-error.ts'

const RBAC = 'rbac.authorization.k8s.io'

const RULE_FLAGS = [
  flag('strings', 'verb', '', 'What may be done: get, list, watch, …'),
  flag('strings', 'resource', '', 'To which resources.'),
  flag('strings', 'resource-name', '', 'To which objects.'),
]
const SUBJECT_FLAGS = [
  flag('strings', 'user', '', 'Users.'),
  flag('strings', 'group', '', 'Groups.'),
  flag('strings', 'serviceaccount', '', 'Service accounts, namespace:name.'),
]

export const accessGenerators: readonly CommandSpec[] = [
  generatorCommand({
    name: 'role',
    short: 'Create a role with single rule',
    noun: 'role',
    usage: 'create role NAME --verb=verb --resource=resource.group/subresource [--resource-name=resourcename] [options]',
    flags: RULE_FLAGS,
    make: (kube, name) => ({ kind: 'Role', apiVersion: `${RBAC}/v1`, metadata: metadataOf(name), rules: rules(kube) }),
  }),
  generatorCommand({
    name: 'clusterrole',
    short: 'Create a cluster role',
    noun: 'clusterrole',
    namespaced: false,
    usage: 'create clusterrole NAME --verb=verb --resource=resource.group [--resource-name=resourcename] [options]',
    flags: [...RULE_FLAGS, flag('strings', 'non-resource-url', '', 'Paths that are no resources.')],
    make(kube, name) {
      const urls = kube.flags.list('non-resource-url')
      return {
        kind: 'ClusterRole',
        apiVersion: `${RBAC}/v1`,
        metadata: metadataOf(name),
        rules: urls.length > 0 ? [{ verbs: verbs(kube), nonResourceURLs: urls }] : rules(kube),
      }
    },
  }),
  generatorCommand({
    name: 'rolebinding',
    short: 'Create a role binding for a particular role or cluster role',
    noun: 'rolebinding',
    usage:
      'create rolebinding NAME --clusterrole=NAME|--role=NAME [--user=username] [--group=groupname] [--serviceaccount=namespace:serviceaccountname] [options]',
    flags: [flag('string', 'role', '', 'Role.'), flag('string', 'clusterrole', '', 'Cluster role.'), ...SUBJECT_FLAGS],
    make(kube, name) {
      const role = kube.flags.text('role')
      const clusterRole = kube.flags.text('clusterrole')
      if ((role === '') === (clusterRole === '')) throw new KubectlError('exactly one of clusterrole or role must be specified')
      return binding('RoleBinding', kube, name, role === '' ? 'ClusterRole' : 'Role', role || clusterRole)
    },
  }),
  generatorCommand({
    name: 'clusterrolebinding',
    short: 'Create a cluster role binding for a particular cluster role',
    noun: 'clusterrolebinding',
    namespaced: false,
    usage:
      'create clusterrolebinding NAME --clusterrole=NAME [--user=username] [--group=groupname] [--serviceaccount=namespace:serviceaccountname] [options]',
    required: ['clusterrole'],
    flags: [flag('string', 'clusterrole', '', 'Cluster role.'), ...SUBJECT_FLAGS],
    make: (kube, name) => binding('ClusterRoleBinding', kube, name, 'ClusterRole', kube.flags.text('clusterrole')),
  }),
  generatorCommand({
    name: 'poddisruptionbudget',
    aliases: ['pdb'],
    short: 'Create a pod disruption budget with the specified name',
    noun: 'poddisruptionbudgets',
    usage: 'create poddisruptionbudget NAME --selector=SELECTOR --min-available=N [--dry-run=server|client|none] [options]',
    flags: [
      flag('string', 'selector', '', 'Labels of the pods.'),
      flag('string', 'min-available', '', 'Pods that must stay, number or percentage.'),
      flag('string', 'max-unavailable', '', 'Pods that may be gone.'),
    ],
    make(kube, name) {
      const [min, max] = [kube.flags.text('min-available'), kube.flags.text('max-unavailable')]
      if (kube.flags.text('selector') === '') throw new KubectlError('a selector must be specified')
      if ((min === '') === (max === ''))
        throw new KubectlError(
          min === ''
            ? 'one of min-available or max-unavailable must be specified'
            : 'min-available and max-unavailable cannot be both specified',
        )
      const number = (text: string): number | string => (/^\d+$/.test(text) ? Number(text) : text)
      return {
        kind: 'PodDisruptionBudget',
        apiVersion: 'policy/v1',
        metadata: metadataOf(name),
        spec: {
          ...(min === '' ? {} : { minAvailable: number(min) }),
          selector: { matchLabels: parsePairs(kube.flags.text('selector')) },
          ...(max === '' ? {} : { maxUnavailable: number(max) }),
        },
        status: { disruptionsAllowed: 0, currentHealthy: 0, desiredHealthy: 0, expectedPods: 0 },
      }
    },
  }),
  generatorCommand({
    name: 'priorityclass',
    aliases: ['pc'],
    short: 'Create a priority class with the specified name',
    noun: 'priorityclass',
    namespaced: false,
    usage: 'create priorityclass NAME --value=VALUE --global-default=BOOL [--dry-run=server|client|none] [options]',
    flags: [
      flag('int', 'value', '0', 'The priority.'),
      flag('bool', 'global-default', 'false', 'For pods without a class.'),
      flag('string', 'description', '', 'What it is for.'),
      flag('string', 'preemption-policy', 'PreemptLowerPriority', 'Whether it pushes others away.'),
    ],
    make: (kube, name) => ({
      kind: 'PriorityClass',
      apiVersion: 'scheduling.k8s.io/v1',
      metadata: metadataOf(name),
      value: kube.flags.number('value'),
      ...(kube.flags.on('global-default') ? { globalDefault: true } : {}),
      ...(kube.flags.text('description') === '' ? {} : { description: kube.flags.text('description') }),
      preemptionPolicy: kube.flags.text('preemption-policy'),
    }),
  }),
]

function verbs(kube: Invocation): string[] {
  const list = kube.flags.list('verb')
  if (list.length === 0) throw new KubectlError('at least one verb must be specified')
  return list.includes('*') ? ['*'] : [...new Set(list)]
}

/** One rule for each API group. */
function rules(kube: Invocation): object[] {
  const allowed = verbs(kube)
  const resources = kube.flags.list('resource')
  if (resources.length === 0) throw new KubectlError('at least one resource must be specified')
  const byGroup = new Map<string, string[]>()
  for (const text of resources) {
    const [type, subresource] = text.split('/')
    const definition = type === '*' ? { group: '*', plural: '*' } : kube.types.require(type)
    byGroup.set(definition.group, [
      ...(byGroup.get(definition.group) ?? []),
      subresource ? `${definition.plural}/${subresource}` : definition.plural,
    ])
  }
  const names = kube.flags.list('resource-name')
  return [...byGroup].map(([group, list]) => ({
    verbs: allowed,
    apiGroups: [group],
    resources: list,
    ...(names.length > 0 ? { resourceNames: names } : {}),
  }))
}

function binding(
  kind: string,
  kube: Invocation,
  name: string,
  roleKind: string,
  role: string,
): ReturnType<Parameters<typeof generatorCommand>[0]['make']> {
  const subjects: object[] = [
    ...kube.flags.list('user').map((user) => ({ kind: 'User', apiGroup: RBAC, name: user })),
    ...kube.flags.list('group').map((group) => ({ kind: 'Group', apiGroup: RBAC, name: group })),
    ...kube.flags.list('serviceaccount').map((text) => {
      const [namespace, account] = text.split(':')
      if (!account || text.split(':').length !== 2) throw new KubectlError('serviceaccount must be <namespace>:<name>')
      return { kind: 'ServiceAccount', name: account, namespace }
    }),
  ]
  return {
    kind,
    apiVersion: `${RBAC}/v1`,
    metadata: metadataOf(name),
    ...(subjects.length > 0 ? { subjects } : {}),
    roleRef: { apiGroup: RBAC, kind: roleKind, name: role },
  }
}
