import { expect, test } from 'vitest'
import type { Node } from '../api/types/index.ts'
import { bootedCluster, createPod, inPod, pass, podEvents, podLine, podLog, settle, sh } from '../../test/support/cluster.ts'

const NODE = 'worker-1'

test('a pod from creation to deletion', () => {
  const cluster = bootedCluster()
  createPod(cluster, 'web', { nodeName: NODE, containers: [{ name: 'web', image: 'nginx', readinessProbe: { httpGet: { port: 80, path: '/' } } }] })
  const seen = [podLine(cluster, 'web')]
  for (let i = 0; i < 40_000 && cluster.clock.foregroundPending > 0; i += 1) {
    cluster.clock.step()
    const now = podLine(cluster, 'web')
    if (now !== seen[seen.length - 1]) seen.push(now)
  }
  expect(seen).toEqual(['Pending', 'Pending web=ContainerCreating', 'Running web=Running', 'Running web=Running+'])
  expect(podEvents(cluster, 'web')).toEqual([
    'Pulling Pulling image "nginx"',
    'Pulled Successfully pulled image "nginx" in 511ms (511ms including waiting). Image size: 72324501 bytes.',
    'Created Created container: web',
    'Started Started container web',
  ])
  const before = cluster.clock.nowUs
  cluster.client('test').delete('pods', 'default', 'web')
  settle(cluster)
  expect(podLine(cluster, 'web')).toBe('gone')
  expect(cluster.clock.nowUs - before).toBeLessThan(1_000_000)
  expect(podEvents(cluster, 'web').slice(4)).toEqual(['Killing Stopping container web'])
})

test('a container that ignores SIGTERM has until the end of its grace period', () => {
  const cluster = bootedCluster()
  createPod(cluster, 'deaf', { nodeName: NODE, terminationGracePeriodSeconds: 5, containers: [{ name: 'c', image: 'busybox', command: ['sleep', '100000'] }] })
  settle(cluster)
  const before = cluster.clock.nowUs
  cluster.client('test').delete('pods', 'default', 'deaf')
  settle(cluster)
  expect(podLine(cluster, 'deaf')).toBe('gone')
  expect(Math.round((cluster.clock.nowUs - before) / 100_000)).toBe(50)
})

test('crash loops wait longer each time, and keep the log of the life before', () => {
  const cluster = bootedCluster()
  createPod(cluster, 'crash', { nodeName: NODE, containers: [{ name: 'c', image: 'busybox', imagePullPolicy: 'IfNotPresent', command: ['sh', '-c', 'echo life; exit 3'] }] })
  settle(cluster)
  expect(podLine(cluster, 'crash')).toBe('Running c=CrashLoopBackOff(1)')
  pass(cluster, 75)
  expect(podLine(cluster, 'crash')).toBe('Running c=CrashLoopBackOff(4)')
  expect(podLog(cluster, 'crash', 'c', true)).toBe('life\n')
  expect(podEvents(cluster, 'crash').map((e) => e.replace(/crash_default\([^)]*\)/, 'crash_default(uid)'))).toEqual([
    'Pulling Pulling image "busybox"',
    'Pulled Successfully pulled image "busybox" in 160ms (160ms including waiting). Image size: 2160406 bytes.',
    'Pulled Container image "busybox" already present on machine (4)',
    'Created Created container: c (5)',
    'Started Started container c (5)',
    'BackOff Back-off restarting failed container c in pod crash_default(uid) (4)',
  ])
})

test('init containers come one after another; a sidecar stays', () => {
  const cluster = bootedCluster()
  const step = (name: string, command: string): object => ({ name, image: 'busybox', command: ['sh', '-c', command], volumeMounts: [{ name: 'data', mountPath: '/data' }] })
  createPod(cluster, 'init', {
    nodeName: NODE, volumes: [{ name: 'data', emptyDir: {} }],
    initContainers: [step('one', 'echo 1 >> /data/log; sleep 2'), { ...step('side', 'echo side >> /data/log; sleep 1000'), restartPolicy: 'Always' }, step('two', 'echo 2 >> /data/log')] as never,
    containers: [step('main', 'echo main >> /data/log; cat /data/log; sleep 1000')] as never,
  })
  pass(cluster, 1)
  expect(podLine(cluster, 'init')).toBe('Pending one=Running side=PodInitializing two=PodInitializing main=PodInitializing'.replace(/(side|two)=PodInitializing/g, '$1=ContainerCreating'))
  settle(cluster)
  pass(cluster, 5)
  expect(podLine(cluster, 'init')).toBe('Running one=Completed+ side=Running+ two=Completed+ main=Running+')
  expect(podLog(cluster, 'init', 'main')).toBe('1\nside\n2\nmain\n')
})

test('what keeps a pod from starting is said, and goes away by itself', () => {
  const cluster = bootedCluster()
  const client = cluster.client('test')
  createPod(cluster, 'cfg', { nodeName: NODE, containers: [{ name: 'c', image: 'nginx', imagePullPolicy: 'IfNotPresent', envFrom: [{ configMapRef: { name: 'late' } }] }] })
  createPod(cluster, 'vol', { nodeName: NODE, containers: [{ name: 'c', image: 'nginx', volumeMounts: [{ name: 'v', mountPath: '/v' }] }], volumes: [{ name: 'v', configMap: { name: 'late' } }] })
  createPod(cluster, 'img', { nodeName: NODE, containers: [{ name: 'c', image: 'nginx:latst' }] })
  createPod(cluster, 'cmd', { nodeName: NODE, restartPolicy: 'Never', containers: [{ name: 'c', image: 'busybox', command: ['nosuch'] }] })
  pass(cluster, 3)
  expect(['cfg', 'vol', 'img', 'cmd'].map((name) => podLine(cluster, name))).toEqual([
    'Pending c=CreateContainerConfigError', 'Pending c=ContainerCreating', 'Pending c=ImagePullBackOff', 'Failed c=StartError',
  ])
  expect(podEvents(cluster, 'vol')[0]).toMatch(/^FailedMount MountVolume.SetUp failed for volume "v" : configmap "late" not found/)
  expect(podEvents(cluster, 'img').slice(0, 3)).toEqual([
    'Pulling Pulling image "nginx:latst"',
    'Failed Failed to pull image "nginx:latst": rpc error: code = NotFound desc = failed to pull and unpack image "docker.io/library/nginx:latst": failed to resolve reference "docker.io/library/nginx:latst": docker.io/library/nginx:latst: not found',
    'Failed Error: ErrImagePull',
  ])
  expect(podEvents(cluster, 'cmd').at(-1)).toContain('exec: "nosuch": executable file not found in $PATH: unknown')
  client.create('configmaps', 'default', { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'late' }, data: { 'a.txt': 'here' } })
  pass(cluster, 20)
  expect(['cfg', 'vol'].map((name) => podLine(cluster, name))).toEqual(['Running c=Running+', 'Running c=Running+'])
  expect(inPod(cluster, 'vol', 'cat /v/a.txt')).toBe('here')
})

test('a failing liveness probe restarts, a failing readiness probe only takes out of service', () => {
  const cluster = bootedCluster()
  createPod(cluster, 'sick', {
    nodeName: NODE, terminationGracePeriodSeconds: 1,
    containers: [{
      name: 'c', image: 'busybox', imagePullPolicy: 'IfNotPresent', command: ['sh', '-c', 'touch /ok; sleep 100000'],
      livenessProbe: { exec: { command: ['cat', '/alive'] }, periodSeconds: 2, failureThreshold: 2, initialDelaySeconds: 10 },
      readinessProbe: { exec: { command: ['cat', '/ok'] }, periodSeconds: 1 },
    }],
  })
  settle(cluster)
  expect(podLine(cluster, 'sick')).toBe('Running c=Running+')
  inPod(cluster, 'sick', 'rm /ok')
  pass(cluster, 5)
  expect(podLine(cluster, 'sick')).toBe('Running c=Running')
  pass(cluster, 12)
  expect(podLine(cluster, 'sick')).toBe('Running c=Running+(1)')
  expect(podEvents(cluster, 'sick').filter((e) => /^(Unhealthy|Killing)/.test(e)).map((e) => e.replace(/(Readiness.*) \(\d+\)/s, '$1')).sort()).toEqual([
    'Killing Container c failed liveness probe, will be restarted',
    'Unhealthy Liveness probe failed: cat: /alive: No such file or directory\n (2)',
    'Unhealthy Readiness probe failed: cat: /ok: No such file or directory\n',
  ])
})

test('jobs: OnFailure tries again, Never gives up, and both free their network', () => {
  const cluster = bootedCluster()
  createPod(cluster, 'good', { nodeName: NODE, restartPolicy: 'Never', containers: [{ name: 'c', image: 'busybox', command: ['true'] }] })
  createPod(cluster, 'bad', { nodeName: NODE, restartPolicy: 'Never', containers: [{ name: 'c', image: 'busybox', command: ['false'] }] })
  createPod(cluster, 'again', { nodeName: NODE, restartPolicy: 'OnFailure', containers: [{ name: 'c', image: 'busybox', command: ['false'] }] })
  pass(cluster, 20)
  expect(['good', 'bad', 'again'].map((name) => podLine(cluster, name))).toEqual(['Succeeded c=Completed', 'Failed c=Error', 'Running c=CrashLoopBackOff(2)'])
  expect(sh(cluster, NODE, 'ls /var/lib/cni/networks/cbr0 | grep -v last | wc -l').trim()).toBe('2')
})

test('static pods mirror a file, and come back when only the mirror is deleted', () => {
  const cluster = bootedCluster()
  const client = cluster.client('test')
  sh(cluster, NODE, `cat > /etc/kubernetes/manifests/web.yaml <<'END'
apiVersion: v1
kind: Pod
metadata: { name: web }
spec: { containers: [{ name: web, image: nginx }] }
END`)
  settle(cluster)
  const uid = client.get('pods', 'default', 'web-worker-1').metadata.uid
  expect(podLine(cluster, 'web-worker-1')).toBe('Running web=Running+')
  client.delete('pods', 'default', 'web-worker-1', { gracePeriodSeconds: 0 })
  settle(cluster)
  pass(cluster, 3)
  expect(podLine(cluster, 'web-worker-1')).toBe('Running web=Running+')
  expect(client.get('pods', 'default', 'web-worker-1').metadata.uid).not.toBe(uid)
  sh(cluster, NODE, 'rm /etc/kubernetes/manifests/web.yaml')
  settle(cluster)
  expect(podLine(cluster, 'web-worker-1')).toBe('gone')
})

test('a pulled cable makes a node Unknown and leaves its pods running; plugged in, it is Ready again', () => {
  const cluster = bootedCluster()
  const ready = (): string => cluster.client('test').get<Node>('nodes', '', NODE).status.conditions?.find((c) => c.type === 'Ready')?.status ?? ''
  createPod(cluster, 'web', { nodeName: NODE, containers: [{ name: 'web', image: 'nginx' }] })
  settle(cluster)
  sh(cluster, 'workstation', `lab link down ${NODE}`)
  pass(cluster, 60)
  expect([ready(), sh(cluster, 'client', 'ping -c 1 -W 1 worker-1 | grep received')]).toEqual(['Unknown', '1 packets transmitted, 0 received, 100% packet loss, time 0ms\n'])
  sh(cluster, 'workstation', `lab link up ${NODE}`)
  pass(cluster, 30)
  expect([ready(), podLine(cluster, 'web')]).toEqual(['True', 'Running web=Running+'])
})

test('a node that loses its power starts its pods anew, with new networks', () => {
  const cluster = bootedCluster()
  createPod(cluster, 'web', { nodeName: NODE, containers: [{ name: 'web', image: 'nginx' }] }, { labels: { app: 'web' } })
  cluster.client('test').create('services', 'default', { apiVersion: 'v1', kind: 'Service', metadata: { name: 'web' }, spec: { type: 'NodePort', selector: { app: 'web' }, ports: [{ port: 80, nodePort: 31005 }] } })
  settle(cluster)
  const get = (): string => sh(cluster, 'client', 'curl -s -o /dev/null -m 2 -w "%{http_code}" http://172.18.0.4:31005/')
  expect(get()).toBe('200')
  sh(cluster, 'workstation', `lab node stop ${NODE}`)
  pass(cluster, 5)
  expect(get()).toBe('000(exit 28)\n')
  sh(cluster, 'workstation', `lab node start ${NODE}`)
  pass(cluster, 30)
  expect([podLine(cluster, 'web'), get()]).toEqual(['Running web=Running+(1)', '200'])
})
