/** Nodes, namespaces, configuration, storage and roles in `kubectl describe`. Truth: k8s.io/kubectl/pkg/describe/describe.go. */
import { addQuantities, canonicalQuantity, milliValue, wholeValue } from '../../../api/meta/quantity.ts'
import type {
  ConfigMap,
  KubeObject,
  Lease,
  Namespace,
  Node,
  PersistentVolumeClaim,
  Pod,
  Secret,
  ServiceAccount,
} from '../../../api/types/index.ts'
import { byText } from '../../../base/text-order.ts'
import { base64Length, decodeBase64 } from '../base64.ts'
import type { Invocation } from '../invocation.ts'
import { boolText, type Description, longTime, pairsText, since } from './description.ts'

type Describer = (out: Description, object: KubeObject, kube: Invocation) => void

function head(out: Description, object: KubeObject): void {
  out.line(0, `Name:\t${object.metadata.name}`)
  out.line(0, `Namespace:\t${object.metadata.namespace ?? ''}`)
  out.labels('Labels', object.metadata.labels)
  out.annotations('Annotations', object.metadata.annotations)
}

const ROLE = 'node-role.kubernetes.io/'

const node: Describer = (out, object, kube) => {
  const { spec, status, metadata } = object as unknown as Node
  out.line(0, `Name:\t${metadata.name}`)
  const roles = Object.keys(metadata.labels ?? {})
    .filter((label) => label.startsWith(ROLE))
    .map((label) => label.slice(ROLE.length))
    .sort(byText)
  out.line(0, `Roles:\t${roles.join(',') || '<none>'}`)
  out.labels('Labels', metadata.labels)
  out.annotations('Annotations', metadata.annotations)
  out.line(0, `CreationTimestamp:\t${longTime(metadata.creationTimestamp)}`)
  const taints = [...(spec?.taints ?? [])]
    .sort((a, b) => byText(`${a.effect},${a.key}`, `${b.effect},${b.key}`))
    .map((taint) => `${taint.key}${taint.value ? `=${taint.value}` : ''}:${taint.effect}`)
  out.line(0, `Taints:\t${taints[0] ?? '<none>'}`)
  for (const taint of taints.slice(1)) out.line(0, `\t${taint}`)
  out.line(0, `Unschedulable:\t${spec?.unschedulable ?? false}`)
  const lease = kube.types.find('leases')
    ? (kube.client.find('leases.coordination.k8s.io', 'kube-node-lease', metadata.name) as unknown as Lease | undefined)
    : undefined
  if (lease) {
    out.line(0, 'Lease:')
    out.line(1, `HolderIdentity:\t${lease.spec.holderIdentity ?? '<unset>'}`)
    out.line(1, `AcquireTime:\t${lease.spec.acquireTime ? longTime(lease.spec.acquireTime) : '<unset>'}`)
    out.line(1, `RenewTime:\t${lease.spec.renewTime ? longTime(lease.spec.renewTime) : '<unset>'}`)
  } else out.line(0, `Lease:\tFailed to get lease: leases.coordination.k8s.io "${metadata.name}" not found`)
  if ((status?.conditions ?? []).length > 0) {
    out.line(0, 'Conditions:')
    out.line(1, 'Type\tStatus\tLastHeartbeatTime\tLastTransitionTime\tReason\tMessage')
    out.line(1, '----\t------\t-----------------\t------------------\t------\t-------')
    for (const each of status.conditions ?? [])
      out.line(
        1,
        `${each.type} \t${each.status} \t${longTime(each.lastHeartbeatTime)} \t${longTime(each.lastTransitionTime)} \t${each.reason ?? ''} \t${each.message ?? ''}`,
      )
  }
  out.line(0, 'Addresses:')
  for (const address of status?.addresses ?? []) out.line(1, `${address.type}:\t${address.address}`)
  for (const [title, list] of [
    ['Capacity', status?.capacity],
    ['Allocatable', status?.allocatable],
  ] as const) {
    const names = Object.keys(list ?? {}).sort(byText)
    if (names.length > 0) out.line(0, `${title}:`)
    for (const name of names) out.line(1, `${name}:\t${canonicalQuantity((list as Record<string, string>)[name]) ?? ''}`)
  }
  out.line(0, 'System Info:')
  const info = status?.nodeInfo
  for (const [title, value] of [
    ['Machine ID', info?.machineID],
    ['System UUID', info?.systemUUID],
    ['Boot ID', info?.bootID],
    ['Kernel Version', info?.kernelVersion],
    ['OS Image', info?.osImage],
    ['Operating System', info?.operatingSystem],
    ['Architecture', info?.architecture],
    ['Container Runtime Version', info?.containerRuntimeVersion],
    ['Kubelet Version', info?.kubeletVersion],
  ])
    out.line(1, `${title}:\t${value ?? ''}`)
  if (spec?.podCIDR) out.line(0, `PodCIDR:\t${spec.podCIDR}`)
  if ((spec?.podCIDRs ?? []).length > 0) out.line(0, `PodCIDRs:\t${(spec.podCIDRs ?? []).join(',')}`)
  if (spec?.providerID) out.line(0, `ProviderID:\t${spec.providerID}`)
  nodePods(out, object as unknown as Node, kube)
}

interface Figures {
  cpu: string
  memory: string
  storage: string
}

/** What the containers ask for, and the largest init container where that is more. */
function podFigures(pod: Pod, field: 'requests' | 'limits'): Figures {
  const of = (name: string): string => {
    const total = addQuantities(pod.spec.containers.map((each) => each.resources?.[field]?.[name] ?? '0'))
    const inits = (pod.spec.initContainers ?? []).map((each) => each.resources?.[field]?.[name] ?? '0')
    return inits.reduce((most, each) => (milliValue(each) > milliValue(most) ? each : most), total)
  }
  return { cpu: of('cpu'), memory: of('memory'), storage: of('ephemeral-storage') }
}

function percent(value: string, of: string | undefined, milli: boolean): string {
  const [part, whole] = milli ? [milliValue(value), milliValue(of ?? '0')] : [wholeValue(value), wholeValue(of ?? '0')]
  const exact = whole === 0 ? 0 : (part * 100) / whole
  return `${canonicalQuantity(value) ?? '0'} (${exact - (exact % 1)}%)`
}

function nodePods(out: Description, each: Node, kube: Invocation): void {
  const pods = (kube.client.list('pods', { fieldSelector: `spec.nodeName=${each.metadata.name}` }).items as unknown as Pod[]).filter(
    (pod) => pod.status?.phase !== 'Succeeded' && pod.status?.phase !== 'Failed',
  )
  const allocatable = each.status?.allocatable ?? each.status?.capacity ?? {}
  out.line(0, `Non-terminated Pods:\t(${pods.length} in total)`)
  out.line(1, 'Namespace\tName\t\tCPU Requests\tCPU Limits\tMemory Requests\tMemory Limits\tAge')
  out.line(1, '---------\t----\t\t------------\t----------\t---------------\t-------------\t---')
  const totals = { requests: [] as Figures[], limits: [] as Figures[] }
  for (const pod of pods) {
    const [requests, limits] = [podFigures(pod, 'requests'), podFigures(pod, 'limits')]
    totals.requests.push(requests)
    totals.limits.push(limits)
    out.line(
      1,
      [
        pod.metadata.namespace ?? '',
        pod.metadata.name,
        '',
        percent(requests.cpu, allocatable.cpu, true),
        percent(limits.cpu, allocatable.cpu, true),
        percent(requests.memory, allocatable.memory, false),
        percent(limits.memory, allocatable.memory, false),
        since(pod.metadata.creationTimestamp, kube.nowMs),
      ].join('\t'),
    )
  }
  out.line(0, 'Allocated resources:')
  out.line(1, '(Total limits may be over 100 percent, i.e., overcommitted.)')
  out.line(1, 'Resource\tRequests\tLimits')
  out.line(1, '--------\t--------\t------')
  const sum = (list: readonly Figures[], name: keyof Figures): string => addQuantities(list.map((figures) => figures[name]))
  for (const [title, name, milli] of [
    ['cpu', 'cpu', true],
    ['memory', 'memory', false],
    ['ephemeral-storage', 'storage', false],
  ] as const) {
    out.line(
      1,
      `${title}\t${percent(sum(totals.requests, name), allocatable[title], milli)}\t${percent(sum(totals.limits, name), allocatable[title], milli)}`,
    )
  }
}

const namespace: Describer = (out, object, kube) => {
  const { status, metadata } = object as unknown as Namespace
  out.line(0, `Name:\t${metadata.name}`)
  out.labels('Labels', metadata.labels)
  out.annotations('Annotations', metadata.annotations)
  out.line(0, `Status:\t${status?.phase ?? ''}`)
  if ((status?.conditions ?? []).length > 0) {
    out.line(0, 'Conditions:')
    out.line(1, 'Type\tStatus\tLastTransitionTime\tReason\tMessage')
    out.line(1, '----\t------\t------------------\t------\t-------')
    for (const each of status.conditions ?? [])
      out.line(1, `${each.type}\t${each.status}\t${longTime(each.lastTransitionTime)}\t${each.reason ?? ''}\t${each.message ?? ''}`)
  }
  const quotas = kube.types.find('resourcequotas')
    ? (kube.client.list('resourcequotas', { namespace: metadata.name }).items as (KubeObject & {
        status?: { hard?: Record<string, string>; used?: Record<string, string> }
      })[])
    : []
  out.line(0, '')
  if (quotas.length === 0) out.line(0, 'No resource quota.')
  else {
    out.line(0, 'Resource Quotas')
    for (const quota of quotas) {
      out.line(1, `Name:\t${quota.metadata.name}`)
      out.line(1, 'Resource\tUsed\tHard')
      out.line(1, '--------\t---\t---')
      for (const name of Object.keys(quota.status?.hard ?? {}).sort(byText))
        out.line(1, `${name}\t${quota.status?.used?.[name] ?? '0'}\t${quota.status?.hard?.[name] ?? ''}`)
    }
  }
  out.line(0, '')
  out.line(0, 'No LimitRange resource.')
}

const configMap: Describer = (out, object) => {
  const { data, binaryData } = object as unknown as ConfigMap
  head(out, object)
  out.line(0, '\nData\n====')
  for (const key of Object.keys(data ?? {}).sort(byText)) out.line(0, `${key}:\n----\n${(data as Record<string, string>)[key]}\n`)
  out.line(0, '\nBinaryData\n====')
  for (const key of Object.keys(binaryData ?? {}).sort(byText))
    out.line(0, `${key}: ${base64Length((binaryData as Record<string, string>)[key])} bytes`)
  out.line(0, '')
}

const secret: Describer = (out, object) => {
  const { data, type } = object as unknown as Secret
  head(out, object)
  out.line(0, `\nType:\t${type ?? 'Opaque'}`)
  out.line(0, '\nData\n====')
  for (const key of Object.keys(data ?? {}).sort(byText)) {
    const value = (data as Record<string, string>)[key]
    out.line(
      0,
      `${key}:\t${key === 'token' && type === 'kubernetes.io/service-account-token' ? decodeBase64(value) : `${base64Length(value)} bytes`}`,
    )
  }
}

const serviceAccount: Describer = (out, object) => {
  head(out, object)
  const names = ((object as unknown as ServiceAccount).imagePullSecrets ?? []).map((each) => each.name ?? '')
  out.line(0, `Image pull secrets:\t${names[0] ?? '<none>'}`)
  for (const name of names.slice(1)) out.line(0, `                   \t${name}`)
}

const claim: Describer = (out, object, kube) => {
  const { spec, status, metadata } = object as unknown as PersistentVolumeClaim
  out.line(0, `Name:\t${metadata.name}`)
  out.line(0, `Namespace:\t${metadata.namespace ?? ''}`)
  out.line(0, `StorageClass:\t${spec.storageClassName ?? ''}`)
  out.line(
    0,
    `Status:\t${metadata.deletionTimestamp ? `Terminating (lasts ${since(metadata.deletionTimestamp, kube.nowMs)})` : (status?.phase ?? '')}`,
  )
  out.line(0, `Volume:\t${spec.volumeName ?? ''}`)
  out.labels('Labels', metadata.labels)
  out.annotations('Annotations', metadata.annotations)
  out.line(0, `Finalizers:\t[${(metadata.finalizers ?? []).join(' ')}]`)
  out.line(0, `Capacity:\t${status?.capacity?.storage ?? ''}`)
  out.line(0, `Access Modes:\t${(status?.accessModes ?? []).join(',')}`)
  if (spec.volumeMode) out.line(0, `VolumeMode:\t${spec.volumeMode}`)
  const users = (kube.client.list('pods', { namespace: metadata.namespace }).items as unknown as Pod[])
    .filter((pod) => pod.spec.volumes?.some((volume) => volume.persistentVolumeClaim?.claimName === metadata.name))
    .map((pod) => pod.metadata.name)
  out.line(0, `Used By:\t${users[0] ?? '<none>'}`)
  for (const user of users.slice(1)) out.line(0, `\t${user}`)
}

const storageClass: Describer = (out, object) => {
  const each = object as KubeObject & {
    provisioner?: string
    parameters?: Record<string, string>
    allowVolumeExpansion?: boolean
    mountOptions?: string[]
    reclaimPolicy?: string
    volumeBindingMode?: string
  }
  out.line(0, `Name:\t${each.metadata.name}`)
  out.line(0, `IsDefaultClass:\t${each.metadata.annotations?.['storageclass.kubernetes.io/is-default-class'] === 'true' ? 'Yes' : 'No'}`)
  out.line(0, `Annotations:\t${pairsText(each.metadata.annotations)}`)
  out.line(0, `Provisioner:\t${each.provisioner ?? ''}`)
  out.line(0, `Parameters:\t${pairsText(each.parameters)}`)
  out.line(0, `AllowVolumeExpansion:\t${boolText(each.allowVolumeExpansion)}`)
  out.line(0, (each.mountOptions ?? []).length === 0 ? 'MountOptions:\t<none>' : 'MountOptions:')
  for (const option of each.mountOptions ?? []) out.line(1, option)
  if (each.reclaimPolicy) out.line(0, `ReclaimPolicy:\t${each.reclaimPolicy}`)
  if (each.volumeBindingMode) out.line(0, `VolumeBindingMode:\t${each.volumeBindingMode}`)
}

interface Rule {
  verbs?: string[]
  apiGroups?: string[]
  resources?: string[]
  resourceNames?: string[]
  nonResourceURLs?: string[]
}

const role: Describer = (out, object) => {
  out.line(0, `Name:\t${object.metadata.name}`)
  out.labels('Labels', object.metadata.labels)
  out.annotations('Annotations', object.metadata.annotations)
  out.line(0, 'PolicyRule:')
  out.line(1, 'Resources\tNon-Resource URLs\tResource Names\tVerbs')
  out.line(1, '---------\t-----------------\t--------------\t-----')
  const lines = ((object.rules as Rule[] | undefined) ?? []).flatMap((rule) => {
    const tail = (urls: readonly string[]): string =>
      `[${urls.join(' ')}]\t[${(rule.resourceNames ?? []).join(' ')}]\t[${(rule.verbs ?? []).join(' ')}]`
    if ((rule.nonResourceURLs ?? []).length > 0) return (rule.nonResourceURLs ?? []).map((url) => `\t${tail([url])}`)
    return (rule.apiGroups ?? ['']).flatMap((group) =>
      (rule.resources ?? []).map((resource) => {
        const [name, sub] = resource.split('/')
        return `${group === '' ? resource : `${name}.${group}${sub ? `/${sub}` : ''}`}\t${tail([])}`
      }),
    )
  })
  for (const line of lines.sort(byText)) out.line(1, line)
}

const roleBinding: Describer = (out, object) => {
  const { roleRef, subjects } = object as KubeObject & {
    roleRef?: { kind: string; name: string }
    subjects?: { kind: string; name: string; namespace?: string }[]
  }
  out.line(0, `Name:\t${object.metadata.name}`)
  out.labels('Labels', object.metadata.labels)
  out.annotations('Annotations', object.metadata.annotations)
  out.line(0, 'Role:')
  out.line(1, `Kind:\t${roleRef?.kind ?? ''}`)
  out.line(1, `Name:\t${roleRef?.name ?? ''}`)
  out.line(0, 'Subjects:')
  out.line(1, 'Kind\tName\tNamespace')
  out.line(1, '----\t----\t---------')
  for (const subject of subjects ?? []) out.line(1, `${subject.kind}\t${subject.name}\t${subject.namespace ?? ''}`)
}

export const CLUSTER_DESCRIBERS: ReadonlyMap<string, Describer> = new Map([
  ['nodes', node],
  ['namespaces', namespace],
  ['configmaps', configMap],
  ['secrets', secret],
  ['serviceaccounts', serviceAccount],
  ['persistentvolumeclaims', claim],
  ['storageclasses.storage.k8s.io', storageClass],
  ['roles.rbac.authorization.k8s.io', role],
  ['clusterroles.rbac.authorization.k8s.io', role],
  ['rolebindings.rbac.authorization.k8s.io', roleBinding],
  ['clusterrolebindings.rbac.authorization.k8s.io', roleBinding],
])

/** Kinds of this file whose description shows no events upstream. */
export const WITHOUT_EVENTS: ReadonlySet<string> = new Set([
  'namespaces',
  'secrets',
  'roles.rbac.authorization.k8s.io',
  'clusterroles.rbac.authorization.k8s.io',
  'rolebindings.rbac.authorization.k8s.io',
  'clusterrolebindings.rbac.authorization.k8s.io',
  'networkpolicies.networking.k8s.io',
])
