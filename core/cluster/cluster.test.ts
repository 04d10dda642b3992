import { expect, test } from 'vitest'
import { ApiClient } from '../api/client/api-client.ts'
import { Informer } from '../api/client/informer.ts'
import type { KubeEvent, KubeList, KubeObject, Pod } from '../api/types/index.ts'
import { SinkFile } from '../linux/open-file.ts'
import type { Program } from '../linux/program.ts'
import { bootedCluster, inPod, pass, settle, sh } from '../../test/support/cluster.ts'
import type { Cluster } from './cluster.ts'
import type { CniName } from './world-spec.ts'

function pods(cluster: Cluster, namespace?: string): string {
  return cluster.client('test').list<Pod>('pods', { namespace }).items.map((p) => {
    const state = p.status.containerStatuses?.map((s) => s.state?.waiting?.reason ?? (s.ready ? 'ready' : Object.keys(s.state ?? {})[0])).join(',')
    const name = p.metadata.ownerReferences?.some((o) => o.kind === 'ReplicaSet') ? p.metadata.name.replace(/-[^-]+-[^-]+$/, '-*') : p.metadata.ownerReferences?.some((o) => o.kind === 'DaemonSet') ? p.metadata.name.replace(/-[a-z0-9]{5}$/, '-*') : p.metadata.name
    return `${name} ${p.spec.nodeName} ${p.status.phase} ${state}`
  }).sort().join('\n')
}

/** Two whoami pods at known addresses, one on each worker, behind a NodePort; and a pod with tools. */
function web(cluster: Cluster): void {
  const client = cluster.client('test')
  const pod = (name: string, node: string, ip: string, container: object): void => {
    client.create('pods', 'default', {
      apiVersion: 'v1', kind: 'Pod', metadata: { name, labels: { app: name.slice(0, 3) }, annotations: { 'vethlab.dev/ip': ip } },
      spec: { nodeName: node, containers: [{ name: 'main', ...container }] },
    })
  }
  pod('web-1', 'worker-1', '10.244.1.77', { image: 'traefik/whoami' })
  pod('box', 'worker-2', '10.244.2.88', { image: 'nicolaka/netshoot', command: ['sleep', 'infinity'] })
  client.create('services', 'default', {
    apiVersion: 'v1', kind: 'Service', metadata: { name: 'web' },
    spec: { type: 'NodePort', selector: { app: 'web' }, clusterIP: '10.96.77.7', ports: [{ name: 'http', port: 80, nodePort: 31002 }] },
  })
  settle(cluster)
}

test('a fresh cluster settles with every add-on ready', () => {
  const cluster = bootedCluster()
  expect(pods(cluster)).toBe(`coredns-* worker-1 Running ready
coredns-* worker-2 Running ready
etcd-control-plane control-plane Running ready
kube-apiserver-control-plane control-plane Running ready
kube-controller-manager-control-plane control-plane Running ready
kube-flannel-ds-* control-plane Running ready
kube-flannel-ds-* worker-1 Running ready
kube-flannel-ds-* worker-2 Running ready
kube-proxy-* control-plane Running ready
kube-proxy-* worker-1 Running ready
kube-proxy-* worker-2 Running ready
kube-scheduler-control-plane control-plane Running ready`)
  expect(cluster.clock.eventsRun).toBeLessThan(1500)
})

test('the same seed boots to the same digest, another seed to another', () => {
  const digest = (seed: number): string => bootedCluster({ seed }).trace.digest()
  const first = digest(1)
  expect(digest(1)).toBe(first)
  expect(digest(2)).not.toBe(first)
})

/** From outside to a node with the endpoint, and to one without; what the server sees as its peer. KERNEL.md's table. */
const NODE_PORT: Record<CniName, [withEndpoint: string, without: string]> = {
  'host-gw': ['10.244.1.1', '172.18.0.4'],
  vxlan: ['10.244.1.1', '10.244.2.0'],
  // br_netfilter drops what would leave by the bridge port that it came in on.
  bridge: ['10.244.1.1', 'timeout'],
}

for (const cni of ['host-gw', 'vxlan', 'bridge'] as const) {
  test(`NodePort, ClusterIP and DNS with ${cni}`, () => {
    const cluster = bootedCluster({ cni })
    web(cluster)
    const seen = (address: string): string => {
      const text = sh(cluster, 'client', `curl -s -m 2 http://${address}:31002/`)
      return /RemoteAddr: (.*):\d+/.exec(text)?.[1] ?? (text.includes('exit 28') ? 'timeout' : text)
    }
    expect([seen('172.18.0.3'), seen('172.18.0.4')]).toEqual(NODE_PORT[cni])
    expect(inPod(cluster, 'box', 'curl -s -m 2 http://web/ | grep RemoteAddr')).toMatch(/^RemoteAddr: 10\.244\.2\.88:\d+\n$/)
    expect(inPod(cluster, 'box', 'cat /etc/resolv.conf; ip -4 -o addr show eth0; ip link show eth0 | grep ether; ip route; dig +noall +answer web.default.svc.cluster.local; dig +short _http._tcp.web.default.svc.cluster.local SRV; dig +short -x 10.96.77.7; dig +short worker-1; dig nope.default.svc.cluster.local | grep -o "status: [A-Z]*"')).toBe(
      `search default.svc.cluster.local svc.cluster.local cluster.local
nameserver 10.96.0.10
options ndots:5
2: eth0    inet 10.244.2.88/${cni === 'bridge' ? 16 : 24} brd ${cni === 'bridge' ? '10.244.255.255' : '10.244.2.255'} scope global eth0\\       valid_lft forever preferred_lft forever
    link/ether 0a:58:0a:f4:02:58 brd ff:ff:ff:ff:ff:ff link-netnsid 0
default via 10.244.2.1 dev eth0 
${cni === 'bridge' ? '10.244.0.0/16 dev eth0 proto kernel scope link src 10.244.2.88 \n' : '10.244.0.0/16 via 10.244.2.1 dev eth0 \n10.244.2.0/24 dev eth0 proto kernel scope link src 10.244.2.88 \n'}web.default.svc.cluster.local. 30 IN	A	10.96.77.7
0 100 80 web.default.svc.cluster.local.
web.default.svc.cluster.local.
172.18.0.3
status: NXDOMAIN
`)
    expect(inPod(cluster, 'box', 'ping -c 1 -W 1 10.244.1.77 | grep -o "ttl=[0-9]*"')).toBe(cni === 'bridge' ? 'ttl=64\n' : 'ttl=62\n')
  })
}

test('the first boot says nothing of nodes that are not ready', () => {
  const cluster = bootedCluster()
  const reasons = cluster.client('test').list<KubeEvent>('events').items.map((e) => `${e.reason} ${e.involvedObject.kind}`)
  expect(reasons).toContain('NodeReady Node')
  expect(reasons.filter((reason) => reason.startsWith('NodeNotReady'))).toEqual([])
})

test('a program that does not catch the refusal of the API ends with it, and the world goes on', () => {
  const cluster = bootedCluster()
  const machine = cluster.machines.get('workstation')!
  let text = ''
  const stderr = new SinkFile((t) => { text += t })
  const careless: Program = function* (proc) {
    yield* proc.sleepUs(1000)
    cluster.client('test').get('pods', 'default', 'nobody')
    return 0
  }
  const codes: number[] = []
  machine.spawn({ argv: ['careless'], program: careless, tty: null, fds: new Map([[2, stderr]]), onExit: (code) => codes.push(code) })
  machine.spawn({
    argv: ['in-a-thread'], tty: null, fds: new Map([[2, stderr]]), onExit: (code) => codes.push(code),
    *program(proc) {
      proc.thread((thread) => careless(thread, []))
      yield* proc.sleepUs(10_000_000)
      return 0
    },
  })
  pass(cluster, 1)
  expect([text, codes]).toEqual(['Error: pods "nobody" not found\nError: pods "nobody" not found\n', [1, 1]])
})

test('who lists again while the API server is away waits longer each time', () => {
  const cluster = bootedCluster()
  const tries: number[] = []
  class Counting extends ApiClient {
    override list<T extends KubeObject>(...args: Parameters<ApiClient['list']>): KubeList<T> {
      tries.push(Math.round(cluster.clock.nowUs / 100_000))
      return super.list<T>(...args)
    }
  }
  const informer = new Informer(new Counting(cluster.server, 'test'), 'pods')
  cluster.server.available = false
  informer.start()
  const begin = tries[0]
  pass(cluster, 100)
  expect(tries.map((at) => at - begin)).toEqual([0, 8, 24, 56, 120, 248, 504, 804])
  cluster.server.available = true
  pass(cluster, 31)
  expect(informer.synced).toBe(true)
})
