/** What breaks in clusters, what a person sees of it, and what the trace names as the reason. */
import { expect, test } from 'vitest'
import type { Cluster } from '../../core/cluster/cluster.ts'
import type { TraceEvent } from '../../core/sim/trace-event.ts'
import { bootedCluster, sh } from '../support/cluster.ts'

class Story {
  readonly cluster: Cluster = bootedCluster()
  #drops: string[] = []

  /** A web server on worker-1 behind a service, a pod with tools on worker-2. */
  constructor() {
    this.cluster.trace.observe((event: TraceEvent) => {
      if (event.kind !== 'packet.drop') return
      const machine = this.cluster.net.namespaces.get(event.netns)?.machine ?? ''
      this.#drops.push(`${machine} ${event.at} ${event.reason}${event.detail === '' ? '' : ` (${event.detail})`}`)
    })
    this.run('kubectl run web --image=nginx --port=80 --expose --overrides=\'{"spec":{"nodeName":"worker-1"}}\'')
    this.run('kubectl run box --image=nicolaka/netshoot --overrides=\'{"spec":{"nodeName":"worker-2"}}\' -- sleep infinity')
    this.run('kubectl wait --for=condition=Ready pod --all')
  }

  run(line: string, machine = 'workstation'): string {
    return sh(this.cluster, machine, line, 900_000_000)
  }

  /** The status of a request from the pod with tools, or how it failed. */
  get(target = 'web'): string {
    return this.run(`kubectl exec box -- curl -sS -o /dev/null -w '%{http_code}' -m 4 http://${target}/`).replace(/^000/, '').split('\n')[0]
  }

  /** Where packets died since this was asked last, without neighbours' floods and repetitions. */
  drops(): string[] {
    const seen = new Set(this.#drops.filter((drop) => !/OTHERHOST|NO_SOCKET|TCP_/.test(drop)))
    this.#drops = []
    return [...seen]
  }

  get webIp(): string {
    return this.run("kubectl get pod web -o jsonpath='{.status.podIP}'")
  }
}

test('without kube-proxy the rules stay as they are', () => {
  const story = new Story()
  expect(story.run('kubectl -n kube-system delete ds kube-proxy; sleep 3; kubectl -n kube-system get pods | grep -c proxy')).toMatch(
    /deleted\n0\n/,
  )
  expect(story.get()).toBe('200')
  story.run('kubectl run other --image=nginx --port=80 --expose; sleep 4')
  story.drops()
  expect(story.get('other')).toContain('timed out')
  story.run('kubectl delete pod web; sleep 2')
  expect(story.get()).toMatch(/timed out|No route to host/)
})

test('without CoreDNS names do not resolve, addresses still do', () => {
  const story = new Story()
  story.run('kubectl -n kube-system scale deploy coredns --replicas=0; sleep 8')
  expect(story.run('kubectl exec box -- nslookup web')).toContain('no servers could be reached')
  expect(story.get(story.run("kubectl get svc web -o jsonpath='{.spec.clusterIP}'"))).toBe('200')
  story.run('kubectl -n kube-system scale deploy coredns --replicas=2; sleep 8')
  expect(story.get()).toBe('200')
})

test('a node without power: NotReady after 40 s, its pods are deleted after 300 s more, and it comes back', () => {
  const story = new Story()
  story.run('kubectl create deploy api --image=nginx --replicas=4; kubectl rollout status deploy/api; kubectl expose deploy api --port=80')
  const on = (node: string): number =>
    Number(story.run(`kubectl get pods -o wide --no-headers | grep api | grep Running | grep -c ${node}`).split('\n')[0])
  expect([on('worker-1'), on('worker-2')]).toEqual([2, 2])
  story.run('lab node stop worker-1; sleep 38')
  expect(story.run('kubectl get node worker-1 --no-headers')).toMatch(/ Ready /)
  story.run('sleep 10')
  expect(story.run('kubectl get node worker-1 --no-headers')).toMatch(/ NotReady /)
  expect(story.run("kubectl get node worker-1 -o jsonpath='{range .spec.taints[*]}{.key}:{.effect} {end}'")).toBe(
    'node.kubernetes.io/unreachable:NoSchedule node.kubernetes.io/unreachable:NoExecute ',
  )
  expect(
    story
      .run('kubectl get events --no-headers -o custom-columns=R:.reason,O:.involvedObject.kind | grep NodeNotReady | sort | uniq -c')
      .replace(/ +/g, ' ')
      .trim(),
  ).toBe('1 NodeNotReady Node\n 3 NodeNotReady Pod')
  expect(story.run('kubectl get endpoints api --no-headers').split(/\s+/)[1].split(',').length).toBe(2)
  expect(story.run('kubectl exec web -- hostname')).toBe(
    'Error from server: error dialing backend: dial tcp 172.18.0.3:10250: connect: no route to host\n(exit 1)\n',
  )
  expect(story.run('kubectl logs web').split(': dial')[0]).toBe(
    'Error from server: Get "https://172.18.0.3:10250/containerLogs/default/web/web"',
  )
  story.run('sleep 310')
  expect([on('worker-1'), on('worker-2')]).toEqual([0, 4])
  expect(story.run('kubectl get pods --no-headers | grep -c Terminating')).toBe('3\n')
  story.run('lab node start worker-1; sleep 20')
  expect(story.run('kubectl get node worker-1 --no-headers')).toMatch(/ Ready /)
  expect(story.run('kubectl get pods --no-headers | grep -c Terminating')).toBe('0\n(exit 1)\n')
})

test('a deleted route: the router drops what no node sent on; flanneld puts it back', () => {
  const story = new Story()
  const ip = story.webIp
  expect(story.get(ip)).toBe('200')
  story.run('ip route del 10.244.1.0/24', 'worker-2')
  story.drops()
  expect(story.get(ip)).toContain('timed out')
  expect(story.drops()).toEqual(['router ip_route_input IP_ROUTE_BLACKHOLE (br0)'])
  story.run('sleep 10')
  expect([story.get(ip), story.run('ip route | grep 10.244.1', 'worker-2')]).toEqual(['200', '10.244.1.0/24 via 172.18.0.3 dev eth0 \n'])
  expect(
    story.run(
      "kubectl -n kube-flannel logs $(kubectl -n kube-flannel get pods -o wide | awk '/worker-2/{print $1}') -c kube-flannel | tail -1",
    ),
  ).toMatch(/^I0101 00:00:1\d\.\d+ +1 route_network.go:256\] Route recovered 10\.244\.1\.0\/24 : 172\.18\.0\.3\n$/)
})

test('a rule that drops, a bridge that is down, a machine that does not forward, a cable that is out', () => {
  const story = new Story()
  const ip = story.webIp
  const broken = (machine: string, breaks: string, mends: string, wait = ''): unknown[] => {
    story.run(breaks, machine)
    story.drops()
    const result = [story.get(ip).replace(/after \d+ /, ''), story.drops()]
    story.run(mends, machine)
    if (wait !== '') story.run(wait)
    return [...result, story.get(ip)]
  }
  expect(broken('worker-1', 'iptables -I FORWARD 1 -p tcp --dport 80 -j DROP', 'iptables -D FORWARD 1')).toEqual([
    'curl: (28) Connection timed out milliseconds',
    ['worker-1 FORWARD NETFILTER_DROP (filter FORWARD: -A FORWARD -p tcp -m tcp --dport 80 -j DROP)'],
    '200',
  ])
  expect(broken('worker-1', 'sysctl -w net.ipv4.ip_forward=0', 'sysctl -w net.ipv4.ip_forward=1')).toEqual([
    'curl: (28) Connection timed out milliseconds',
    expect.arrayContaining(['worker-1 ip_route_input IP_INADDRERRORS (eth0)']),
    '200',
  ])
  const [said, drops, after] = broken('worker-1', 'ip link set cni0 down', 'ip link set cni0 up')
  expect([said, after]).toEqual(['curl: (28) Connection timed out milliseconds', '200'])
  expect(drops).toContain('router ip_route_input IP_ROUTE_BLACKHOLE (br0)')
  const cable = broken('workstation', 'lab link down worker-1', 'lab link up worker-1', 'sleep 5')
  expect(cable[0]).toMatch(/timed out|No route to host/)
  expect((cable[1] as string[]).join('\n')).toMatch(/worker-2 neigh NEIGH_FAILED \(172\.18\.0\.3\)|LINK_DOWN/)
  expect(cable[2]).toBe('200')
})

test('the control plane in parts: without the server nobody answers, without the scheduler pods wait', () => {
  const story = new Story()
  const manifest = (name: string): string => `/etc/kubernetes/manifests/${name}.yaml`
  story.run(`mv ${manifest('kube-scheduler')} /tmp/; sleep 3`, 'control-plane')
  expect(story.run('kubectl run late --image=nginx; sleep 5; kubectl get pod late --no-headers')).toMatch(/late +0\/1 +Pending/)
  story.run(`mv /tmp/kube-scheduler.yaml ${manifest('kube-scheduler')}; sleep 5`, 'control-plane')
  expect(story.run('kubectl get pod late --no-headers')).toMatch(/late +1\/1 +Running/)
  story.run(`mv ${manifest('kube-apiserver')} /tmp/; sleep 3`, 'control-plane')
  expect(story.run('kubectl get pods')).toBe(
    'The connection to the server 172.18.0.2:6443 was refused - did you specify the right host or port?\n(exit 1)\n',
  )
  expect(story.run(`mv /tmp/kube-apiserver.yaml ${manifest('kube-apiserver')}; sleep 40`, 'control-plane')).toBe('')
  expect(story.run('kubectl run after --image=nginx; sleep 5; kubectl get pods --no-headers | grep -c Running')).toMatch(/created\n4\n/)
})
