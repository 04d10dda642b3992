/**
 * A kubelet's API as the API server reaches it: over a network that may be cut. A call to a kubelet that cannot be reached fails
 * as the dial of the API server fails.
 *
 * Omits: the time that the dial takes to fail; streams that are open when the cable is pulled stay open.
 */
import { StatusError } from '../api/meta/status.ts'
import type { KubeletEndpoint } from '../api/server/kubelet-endpoint.ts'

export function gatedEndpoint(endpoint: KubeletEndpoint, address: string, reachable: () => boolean): KubeletEndpoint {
  const dial = `dial tcp ${address}: connect: no route to host`
  const failure = (message: string): StatusError =>
    new StatusError({ kind: 'Status', apiVersion: 'v1', metadata: {}, status: 'Failure', message, code: 500 })
  const dialing = (): StatusError => failure(`error dialing backend: ${dial}`)
  return {
    exec: (...args) => (reachable() ? endpoint.exec(...args) : dialing()),
    attach: (...args) => (reachable() ? endpoint.attach(...args) : dialing()),
    logs: (namespace, pod, container, ...rest) =>
      reachable()
        ? endpoint.logs(namespace, pod, container, ...rest)
        : failure(`Get "https://${address}/containerLogs/${namespace}/${pod}/${container}": ${dial}`),
    portForward: (...args) => (reachable() ? endpoint.portForward(...args) : dialing()),
  }
}
