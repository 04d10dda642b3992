/** Which pod and container `logs`, `exec` and `attach` mean. Truth: k8s.io/kubectl/pkg/polymorphichelpers, pkg/cmd/util/podcmd. */
import { formatSelector, selectorFromMap, selectorFromObject } from '../../api/meta/labels.ts'
import { byText } from '../../base/text-order.ts'
import type { KubeObject, Pod } from '../../api/types/index.ts'
import type { Wait } from '../../linux/wait.ts'
import type { Invocation } from './invocation.ts'
import { KubectlError } from './kubectl-error.ts'
import { select } from './selection.ts'
import { waitUntil } from './waiting.ts'

const DEFAULT_CONTAINER = 'kubectl.kubernetes.io/default-container'

/** `POD` or `TYPE/NAME`; for a workload one of its pods, after waiting for one. */
export function* podOf(kube: Invocation, word: string, timeoutMs: number): Generator<Wait, Pod, unknown> {
  if (!word.includes('/')) return kube.call((client) => client.get('pods', kube.namespace, word)) as unknown as Pod
  const [target] = select(kube, [word]).targets
  const object = kube.call((client) => client.get(target.definition.resource, target.namespace, target.name))
  if (object.kind === 'Pod') return object as unknown as Pod
  const selector = podSelector(object)
  if (selector === null) throw new KubectlError(`selector for ${object.kind} not implemented`)
  let pods: Pod[] = []
  const found = yield* waitUntil(
    kube,
    { resource: 'pods', namespace: object.metadata.namespace, labelSelector: selector },
    timeoutMs,
    (objects) => {
      pods = objects as unknown as Pod[]
      return pods.length > 0
    },
  )
  if (!found) throw new KubectlError('timed out waiting for the condition')
  pods = [...pods].sort((a, b) => rank(b) - rank(a) || byText(a.metadata.name, b.metadata.name))
  if (pods.length > 1) kube.error(`Found ${pods.length} pods, using pod/${pods[0].metadata.name}\n`)
  return pods[0]
}

/** Pods that run and are ready come first: controller.ActivePods. */
function rank(pod: Pod): number {
  const phase = pod.status?.phase
  const ready = pod.status?.conditions?.some((condition) => condition.type === 'Ready' && condition.status === 'True') ?? false
  return (pod.spec.nodeName ? 8 : 0) + (phase === 'Running' ? 4 : phase === 'Pending' ? 0 : 2) + (ready ? 1 : 0)
}

/** The label selector of a workload's or service's pods as text, null when it has none. */
export function podSelector(object: KubeObject): string | null {
  const spec = object.spec as { selector?: object } | undefined
  if (!spec?.selector) return null
  if (object.kind === 'Service' || object.kind === 'ReplicationController')
    return formatSelector(selectorFromMap(spec.selector as Record<string, string>))
  return formatSelector(selectorFromObject(spec.selector as Parameters<typeof selectorFromObject>[0]))
}

/** The container to use when none is named, with upstream's remark. */
export function defaultContainer(kube: Invocation, pod: Pod, quiet: boolean): string {
  const wanted = pod.metadata.annotations?.[DEFAULT_CONTAINER]
  const names = containerNamesOf(pod)
  if (wanted !== undefined) {
    if (names.includes(wanted)) return wanted
    kube.error(`Default container name "${wanted}" not found in pod ${pod.metadata.name}\n`)
  }
  const first = pod.spec.containers[0]?.name
  if (first === undefined) throw new KubectlError(`pod ${pod.metadata.name} does not have any containers`)
  if (names.length > 1 && !quiet) kube.error(`Defaulted container "${first}" out of: ${describeContainers(pod)}\n`)
  return first
}

export function containerNamesOf(pod: Pod): string[] {
  return [...pod.spec.containers, ...(pod.spec.ephemeralContainers ?? []), ...(pod.spec.initContainers ?? [])].map(
    (container) => container.name,
  )
}

export function describeContainers(pod: Pod): string {
  return [
    ...pod.spec.containers.map((each) => each.name),
    ...(pod.spec.ephemeralContainers ?? []).map((each) => `${each.name} (ephem)`),
    ...(pod.spec.initContainers ?? []).map((each) => `${each.name} (init)`),
  ].join(', ')
}
