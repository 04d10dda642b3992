/** Whole clusters for tests: booted, and driven by shell lines and API calls. */
import { expect } from 'vitest'
import { type Cluster, buildCluster } from '../../core/cluster/cluster.ts'
import { type WorldOptions, type WorldSpec, defaultWorld } from '../../core/cluster/world-spec.ts'
import type { KubeEvent, Pod, PodSpec } from '../../core/api/types/index.ts'
import { Clock } from '../../core/sim/clock.ts'
import { RandomStreams } from '../../core/sim/random.ts'
import { Trace } from '../../core/sim/trace.ts'

export function bootedCluster(options: WorldOptions = {}, spec: WorldSpec = defaultWorld(options)): Cluster {
  const clock = new Clock()
  const cluster = buildCluster(spec, { clock, random: new RandomStreams(spec.seed), trace: new Trace(clock) })
  expect(cluster.boot()).toBe(true)
  return cluster
}

/** Until only background work is left. */
export function settle(cluster: Cluster, limitUs = 120_000_000): void {
  const end = cluster.clock.nowUs + limitUs
  while (cluster.clock.foregroundPending > 0 && cluster.clock.nowUs < end) cluster.clock.step()
  expect(cluster.clock.foregroundPending).toBe(0)
}

export function pass(cluster: Cluster, seconds: number): void {
  expect(cluster.clock.advance(cluster.clock.nowUs + seconds * 1_000_000, 5_000_000)).toBe('reached')
}

/** Runs a shell line on a machine; both streams, and the exit code when it is not 0. */
export function sh(cluster: Cluster, machine: string, line: string, limitUs = 300_000_000): string {
  let text = ''
  let code = -1
  const started = cluster.runLine({ machine, line, onOutput: (_, t) => { text += t }, onExit: (c) => { code = c } })
  if (typeof started === 'string') return started
  const end = cluster.clock.nowUs + limitUs
  while (code < 0 && cluster.clock.nowUs < end) cluster.clock.step()
  return code === 0 ? text : `${text}(exit ${code})\n`
}

/** Runs a shell line in the first container of a pod of `default`, through the API server and the kubelet. */
export function inPod(cluster: Cluster, pod: string, line: string, limitUs = 60_000_000): string {
  let text = ''
  let code: number | null = null
  const hear = (t: string): void => { text += t }
  cluster.client('test').exec('default', pod, '', ['sh', '-c', line], { stdin: false, tty: false }, {
    stdout: hear, stderr: hear, exit: (c, message) => { code = c; text += message ?? '' },
  })
  const end = cluster.clock.nowUs + limitUs
  while (code === null && cluster.clock.nowUs < end) cluster.clock.step()
  return code === 0 ? text : `${text}(exit ${code})\n`
}

export function createPod(cluster: Cluster, name: string, spec: PodSpec, meta: { labels?: Record<string, string>; annotations?: Record<string, string> } = {}): void {
  cluster.client('test').create('pods', 'default', { apiVersion: 'v1', kind: 'Pod', metadata: { name, ...meta }, spec })
}

export function podLog(cluster: Cluster, name: string, container = '', previous = false): string {
  let text = ''
  cluster.client('test').logs('default', name, container, { follow: false, previous, timestamps: false }, (t) => { text += t }, () => {})
  return text
}

/** Phase and, per container, state, readiness and restarts. */
export function podLine(cluster: Cluster, name: string): string {
  const pod = cluster.client('test').find<Pod>('pods', 'default', name)
  if (!pod) return 'gone'
  const states = [...(pod.status.initContainerStatuses ?? []), ...(pod.status.containerStatuses ?? [])].map((s) => {
    const state = s.state?.waiting?.reason ?? s.state?.terminated?.reason ?? 'Running'
    return `${s.name}=${state}${s.ready ? '+' : ''}${s.restartCount > 0 ? `(${s.restartCount})` : ''}`
  })
  return [pod.status.phase, ...states].join(' ')
}

/** What the kubelet said of a pod: `reason message` with its count, in order of first saying. */
export function podEvents(cluster: Cluster, name: string): string[] {
  return cluster.client('test').list<KubeEvent>('events', { namespace: 'default' }).items
    .filter((e) => e.involvedObject.name === name && e.source?.component === 'kubelet')
    .sort((a, b) => Number(a.metadata.resourceVersion) - Number(b.metadata.resourceVersion))
    .map((e) => `${e.reason} ${e.message}${(e.count ?? 1) > 1 ? ` (${e.count})` : ''}`)
}
