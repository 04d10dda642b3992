/** exec, attach, logs, port-forward: the API server passes them to the kubelet of the pod's node. */
import { StatusError, isStatusError } from '../meta/status.ts'
import { podCondition } from '../semantics/pod-state.ts'
import type { Pod } from '../types/index.ts'
import type { KubeletEndpoint } from './kubelet-endpoint.ts'

/** The kubelet that holds the pod, and the container that the client means. Wording as pkg/registry/core/pod/strategy.go. */
export function streamTarget(
  pod: Pod,
  container: string,
  kubelets: ReadonlyMap<string, KubeletEndpoint>,
): { kubelet: KubeletEndpoint; container: string } {
  const { name } = pod.metadata
  const regular = pod.spec.containers.map((c) => c.name)
  const init = (pod.spec.initContainers ?? []).map((c) => c.name)
  const ephemeral = (pod.spec.ephemeralContainers ?? []).map((c) => c.name)
  let chosen = container
  if (chosen === '') {
    if (regular.length + init.length > 1) {
      const rest = init.length > 0 ? ` or one of the init containers: [${init.join(' ')}]` : ''
      throw StatusError.badRequest(`a container name must be specified for pod ${name}, choose one of: [${regular.join(' ')}]${rest}`)
    }
    chosen = regular[0]!
  } else if (![...regular, ...init, ...ephemeral].includes(chosen))
    throw StatusError.badRequest(`container ${chosen} is not valid for pod ${name}`)
  if (!pod.spec.nodeName) throw StatusError.badRequest(`pod ${name} does not have a host assigned`)
  const kubelet = kubelets.get(pod.spec.nodeName)
  if (!kubelet) throw StatusError.internal(`error dialing backend: dial tcp: lookup ${pod.spec.nodeName}: connection refused`)
  return { kubelet, container: chosen }
}

export function orThrow<T>(result: T | StatusError): T {
  if (isStatusError(result)) throw result
  return result
}

/** A pod that has finished, or has not been scheduled, cannot be entered. */
export function checkRunnable(pod: Pod): void {
  const { phase } = pod.status
  if (phase === 'Succeeded' || phase === 'Failed')
    throw StatusError.badRequest(`cannot exec into a container in a completed pod; current phase is ${phase}`)
  if (podCondition(pod, 'PodScheduled')?.status === 'False')
    throw StatusError.badRequest(`pod ${pod.metadata.name} does not have a host assigned`)
}
