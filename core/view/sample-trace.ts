/**
 * A small recording written by hand from the protocol: three nodes on a switch, a NodePort Service, one connection from outside
 * that is translated twice, and a ping that dies. For tests of the folds and for the page's development mode; no world made it.
 *
 * Truth: trace-event.ts. Omits: most of what a kernel would say in between.
 */
import type { Batch, LinkState, PacketNew, PacketTap, TraceEvent } from '../sim/trace-event.ts'

const NS = { switch: 1, client: 2, workstation: 3, control: 4, w1: 5, w2: 6 }
const MACHINES: [string, 'host' | 'control-plane' | 'worker' | 'router', number, string][] = [
  ['switch', 'router', NS.switch, ''],
  ['client', 'host', NS.client, '172.18.0.100'],
  ['workstation', 'host', NS.workstation, '172.18.0.50'],
  ['control-plane', 'control-plane', NS.control, '172.18.0.2'],
  ['worker-1', 'worker', NS.w1, '172.18.0.3'],
  ['worker-2', 'worker', NS.w2, '172.18.0.4'],
]
/** name, machine's namespace, own namespace, address, owner's template hash, image, port, veth. */
const PODS: [string, string, number, number, string, string, number, string][] = [
  ['default', 'frontend-6d4cf-x7k2p', NS.w1, 11, '10.244.1.2', 'tomcat:9', 8080, 'veth1f2e77a0'],
  ['default', 'frontend-6d4cf-bq9tz', NS.w1, 12, '10.244.1.3', 'tomcat:9', 8080, 'veth9c0d11e4'],
  ['kube-system', 'coredns-7db6d-hw4cl', NS.w1, 13, '10.244.1.4', 'coredns:1.12', 53, 'vethb71a30c5'],
  ['default', 'frontend-6d4cf-mn5vd', NS.w2, 14, '10.244.2.4', 'tomcat:9', 8080, 'veth4c55f190'],
  ['default', 'shell', NS.w2, 15, '10.244.2.2', 'busybox', 0, 'veth0aa8b7d2'],
]

export class SampleRecorder {
  readonly events: TraceEvent[] = []
  readonly atUs: number[] = []
  nowUs = 0
  #packet = 0
  #revision = 1200
  #firstSeq = 0

  emit(...events: TraceEvent[]): void {
    for (const event of events) {
      this.events.push(event)
      this.atUs.push(this.nowUs)
    }
  }

  wait(us: number): void {
    this.nowUs += us
  }

  link(netns: number, ifindex: number, name: string, linkKind: LinkState['linkKind'], over: Partial<LinkState> = {}): void {
    const mac = `0a:58:${[netns, ifindex, 0, 7].map((byte) => byte.toString(16).padStart(2, '0')).join(':')}`
    this.emit({
      kind: 'link.add',
      netns,
      ifindex,
      name,
      linkKind,
      mac,
      mtu: 1500,
      up: true,
      carrier: true,
      master: 0,
      peerNetns: 0,
      peerIfindex: 0,
      ...over,
    })
  }

  object(resource: string, objectKind: string, namespace: string, name: string, actor: string, body: object, apiVersion = 'v1'): void {
    this.#revision += 1
    const full = {
      apiVersion,
      kind: objectKind,
      metadata: { name, ...(namespace === '' ? {} : { namespace }), ...(body as { metadata?: object }).metadata },
      ...without(body, 'metadata'),
    }
    this.emit({
      kind: 'api.object',
      change: 'ADDED',
      apiVersion,
      objectKind,
      resource,
      namespace,
      name,
      uid: `uid-${resource}-${name}`,
      revision: this.#revision,
      actor,
      body: JSON.stringify(full),
    })
  }

  packet(over: Partial<PacketNew>): number {
    this.#packet += 1
    this.emit({
      kind: 'packet.new',
      packet: this.#packet,
      netns: NS.client,
      cause: 0,
      inner: 0,
      etherType: 0x0800,
      protocol: 6,
      src: '172.18.0.100',
      dst: '172.18.0.3',
      sport: 41022,
      dport: 31002,
      ttl: 64,
      ipId: 4660,
      tos: 0,
      df: true,
      fragmentOffset: 0,
      moreFragments: false,
      seq: 1000,
      ack: 0,
      flags: 2,
      window: 64240,
      mss: 1460,
      windowScale: 7,
      tsVal: 77,
      tsEcr: 0,
      sackOk: true,
      icmpType: 0,
      icmpCode: 0,
      icmpId: 0,
      icmpSeq: 0,
      arpSha: '',
      arpTha: '',
      payload: '',
      process: 'curl',
      ...over,
    })
    return this.#packet
  }

  tap(
    packet: number,
    netns: number,
    ifindex: number,
    dir: 'in' | 'out',
    tuple: [string, number, string, number],
    ttl: number,
    length = 60,
  ): void {
    const tap: PacketTap = {
      kind: 'packet.tap',
      packet,
      netns,
      ifindex,
      dir,
      smac: '0a:58:00:00:00:01',
      dmac: '0a:58:00:00:00:02',
      src: tuple[0],
      sport: tuple[1],
      dst: tuple[2],
      dport: tuple[3],
      ttl,
      length,
    }
    this.emit(tap)
    this.wait(dir === 'out' ? 200 : 3)
  }

  drain(): Batch {
    const batch: Batch = {
      firstSeq: this.#firstSeq,
      atUs: this.atUs.splice(0),
      events: this.events.splice(0),
      nowUs: this.nowUs,
      digest: 'sample',
    }
    this.#firstSeq += batch.events.length
    return batch
  }
}

function without(body: object, field: string): object {
  return Object.fromEntries(Object.entries(body).filter(([key]) => key !== field))
}

export function sampleNetwork(recorder: SampleRecorder): void {
  for (const [machine, role, netns] of MACHINES) {
    recorder.emit({ kind: 'machine.add', machine, role, netns }, { kind: 'netns.add', netns, machine, name: machine, pod: '' })
    recorder.link(netns, 1, 'lo', 'loopback', { mtu: 65536 })
  }
  recorder.link(NS.switch, 2, 'br0', 'bridge')
  MACHINES.slice(1).forEach(([, , netns, address], index) => {
    recorder.link(NS.switch, 3 + index, `port${index + 1}`, 'nic', { master: 2, peerNetns: netns, peerIfindex: 2 })
    recorder.link(netns, 2, 'eth0', 'nic', { peerNetns: NS.switch, peerIfindex: 3 + index })
    recorder.emit(
      { kind: 'addr.add', netns, ifindex: 2, cidr: `${address}/16` },
      { kind: 'wire.set', wire: index + 1, aNetns: netns, aIfindex: 2, bNetns: NS.switch, bIfindex: 3 + index, latencyUs: 100, up: true },
      {
        kind: 'route.add',
        netns,
        table: 'main',
        type: 'unicast',
        prefix: '172.18.0.0/16',
        via: '',
        ifindex: 2,
        src: address,
        protocol: 'kernel',
        metric: 0,
      },
    )
  })
  for (const [netns, subnet, other, via] of [
    [NS.w1, '10.244.1', '10.244.2.0/24', '172.18.0.4'],
    [NS.w2, '10.244.2', '10.244.1.0/24', '172.18.0.3'],
  ] as const) {
    recorder.link(netns, 3, 'cni0', 'bridge')
    recorder.emit(
      { kind: 'addr.add', netns, ifindex: 3, cidr: `${subnet}.1/24` },
      {
        kind: 'route.add',
        netns,
        table: 'main',
        type: 'unicast',
        prefix: `${subnet}.0/24`,
        via: '',
        ifindex: 3,
        src: `${subnet}.1`,
        protocol: 'kernel',
        metric: 0,
      },
      { kind: 'route.add', netns, table: 'main', type: 'unicast', prefix: other, via, ifindex: 2, src: '', protocol: 'static', metric: 0 },
      { kind: 'rules.set', netns, family: 'ipv4', table: 'nat', chains: 14, rules: 48 },
      { kind: 'rules.set', netns, family: 'ipv4', table: 'filter', chains: 9, rules: 18 },
    )
    for (const chain of ['KUBE-EXT-A7KQ2M5LXWZPCJ4R', 'KUBE-SVC-A7KQ2M5LXWZPCJ4R', 'KUBE-SEP-Q3V7LZMTY2WKHN5B']) {
      recorder.emit({ kind: 'rules.origin', netns, table: 'nat', chain, object: 'Service/default/tomcat-service', by: 'kube-proxy' })
    }
  }
}

export function sampleObjects(recorder: SampleRecorder): void {
  for (const name of ['default', 'kube-system'])
    recorder.object('namespaces', 'Namespace', '', name, 'kube-apiserver', { status: { phase: 'Active' } })
  for (const [name, , , address] of MACHINES.filter(([, role]) => role === 'worker' || role === 'control-plane')) {
    recorder.object('nodes', 'Node', '', name, `kubelet/${name}`, {
      status: {
        conditions: [{ type: 'Ready', status: 'True' }],
        addresses: [{ type: 'InternalIP', address }],
        nodeInfo: { kubeletVersion: 'v1.36.0' },
      },
    })
  }
  recorder.object(
    'deployments.apps',
    'Deployment',
    'default',
    'frontend',
    'kubectl',
    {
      spec: { replicas: 4, selector: { matchLabels: { tier: 'frontend' } } },
      status: { replicas: 4, readyReplicas: 3, updatedReplicas: 4, availableReplicas: 3 },
    },
    'apps/v1',
  )
  recorder.emit({ kind: 'control.step', controller: 'deployment', key: 'default/frontend', result: 'done' })
  recorder.object('services', 'Service', 'default', 'tomcat-service', 'kubectl', {
    spec: {
      type: 'NodePort',
      clusterIP: '10.96.41.7',
      selector: { tier: 'frontend' },
      ports: [{ port: 8080, targetPort: 8080, nodePort: 31002, protocol: 'TCP' }],
    },
  })
  for (const [namespace, name, host, netns, ip, image, port, veth] of PODS) {
    const node = host === NS.w1 ? 'worker-1' : 'worker-2'
    const hash = /^(.*)-([a-z0-9]+)-[a-z0-9]+$/.exec(name)
    recorder.emit({ kind: 'netns.add', netns, machine: node, name: `cni-${netns}`, pod: `${namespace}/${name}` })
    const ifindex = netns
    recorder.link(netns, 1, 'lo', 'loopback', { mtu: 65536 })
    recorder.link(host, ifindex, veth, 'veth', { master: 3, peerNetns: netns, peerIfindex: 2 })
    recorder.link(netns, 2, 'eth0', 'veth', { peerNetns: host, peerIfindex: ifindex })
    recorder.emit({ kind: 'addr.add', netns, ifindex: 2, cidr: `${ip}/24` })
    recorder.object('pods', 'Pod', namespace, name, `kubelet/${node}`, {
      metadata:
        hash === null
          ? { labels: {} }
          : { generateName: `${hash[1]}-${hash[2]}-`, labels: { 'pod-template-hash': hash[2], tier: hash[1] } },
      spec: {
        nodeName: node,
        containers: [{ name: image.split(':')[0], image, ...(port === 0 ? {} : { ports: [{ containerPort: port }] }) }],
      },
      status: { phase: 'Running', podIP: ip, containerStatuses: [{ ready: true, restartCount: 0, state: { running: {} } }] },
    })
    recorder.wait(40_000)
  }
  recorder.object('pods', 'Pod', 'default', 'frontend-6d4cf-w8r6j', 'kube-scheduler', {
    metadata: { generateName: 'frontend-6d4cf-', labels: { 'pod-template-hash': '6d4cf', tier: 'frontend' } },
    spec: { nodeName: 'worker-2', containers: [{ name: 'tomcat', image: 'tomcat:9', ports: [{ containerPort: 8080 }] }] },
    status: {
      phase: 'Pending',
      containerStatuses: [{ ready: false, restartCount: 0, state: { waiting: { reason: 'ContainerCreating' } } }],
    },
  })
  for (const node of ['worker-1', 'worker-2']) {
    recorder.object('pods', 'Pod', 'kube-system', `kube-proxy-${node === 'worker-1' ? 'p2x8k' : 'n7m4d'}`, `kubelet/${node}`, {
      metadata: { generateName: 'kube-proxy-' },
      spec: { nodeName: node, hostNetwork: true, containers: [{ name: 'kube-proxy', image: 'kube-proxy:v1.36.0' }] },
      status: { phase: 'Running', podIP: '172.18.0.3', containerStatuses: [{ ready: true, restartCount: 0, state: { running: {} } }] },
    })
  }
  recorder.object(
    'endpointslices.discovery.k8s.io',
    'EndpointSlice',
    'default',
    'tomcat-service-x2x7k',
    'endpointslice-controller',
    {
      metadata: { labels: { 'kubernetes.io/service-name': 'tomcat-service' } },
      addressType: 'IPv4',
      ports: [{ port: 8080, protocol: 'TCP' }],
      endpoints: PODS.filter(([, name]) => name.startsWith('frontend')).map(([namespace, name, host, , ip]) => ({
        addresses: [ip],
        conditions: { ready: true },
        nodeName: host === NS.w1 ? 'worker-1' : 'worker-2',
        targetRef: { kind: 'Pod', namespace, name },
      })),
    },
    'discovery.k8s.io/v1',
  )
  recorder.object('events', 'Event', 'default', 'frontend-6d4cf-w8r6j.1', 'default-scheduler', {
    type: 'Normal',
    reason: 'Scheduled',
    message: 'Successfully assigned default/frontend-6d4cf-w8r6j to worker-2',
    involvedObject: { kind: 'Pod', namespace: 'default', name: 'frontend-6d4cf-w8r6j' },
  })
}

type Tuple = [string, number, string, number]
const ROUTE = { table: 'main', src: '', result: 'unicast' } as const
const text = (t: Tuple) => `${t[0]}:${t[1]}->${t[2]}:${t[3]}`

/** One packet from the client to the pod on worker-2 through worker-1's NodePort, or the answer on the same way back. */
export function sampleNodePort(recorder: SampleRecorder, first: boolean, over: Partial<PacketNew>, length: number): number {
  const raw: Tuple = ['172.18.0.100', 41022, '172.18.0.3', 31002]
  const dnat: Tuple = ['172.18.0.100', 41022, '10.244.2.4', 8080]
  const both: Tuple = ['172.18.0.3', 51893, '10.244.2.4', 8080]
  const id = recorder.packet(over)
  recorder.emit({
    kind: 'packet.route',
    packet: id,
    netns: NS.client,
    dst: '172.18.0.3',
    prefix: '172.18.0.0/16',
    via: '',
    ifindex: 2,
    ...ROUTE,
  })
  recorder.tap(id, NS.client, 2, 'out', raw, 64, length)
  recorder.tap(id, NS.w1, 2, 'in', raw, 64, length)
  recorder.emit({
    kind: 'packet.conntrack',
    packet: id,
    netns: NS.w1,
    hook: 'PREROUTING',
    entry: 9,
    state: first ? 'NEW' : 'ESTABLISHED',
    direction: 'original',
  })
  const rule = (
    hook: 'PREROUTING' | 'POSTROUTING',
    chain: string,
    number: number,
    line: string,
    verdict: string,
    to: string,
    mark = 0,
  ): void =>
    recorder.emit({ kind: 'packet.rule', packet: id, netns: NS.w1, hook, table: 'nat', chain, number, rule: line, verdict, to, mark })
  if (first) {
    rule(
      'PREROUTING',
      'PREROUTING',
      1,
      '-A PREROUTING -m comment --comment "kubernetes service portals" -j KUBE-SERVICES',
      'JUMP',
      'KUBE-SERVICES',
    )
    rule('PREROUTING', 'KUBE-SERVICES', 7, '-A KUBE-SERVICES -m addrtype --dst-type LOCAL -j KUBE-NODEPORTS', 'JUMP', 'KUBE-NODEPORTS')
    rule(
      'PREROUTING',
      'KUBE-NODEPORTS',
      1,
      '-A KUBE-NODEPORTS -p tcp -m tcp --dport 31002 -j KUBE-EXT-A7KQ2M5LXWZPCJ4R',
      'JUMP',
      'KUBE-EXT-A7KQ2M5LXWZPCJ4R',
    )
    rule('PREROUTING', 'KUBE-EXT-A7KQ2M5LXWZPCJ4R', 1, '-A KUBE-EXT-A7KQ2M5LXWZPCJ4R -j KUBE-MARK-MASQ', 'JUMP', 'KUBE-MARK-MASQ')
    rule(
      'PREROUTING',
      'KUBE-SVC-A7KQ2M5LXWZPCJ4R',
      2,
      '-A KUBE-SVC-A7KQ2M5LXWZPCJ4R -m statistic --mode random --probability 0.33333333349 -j KUBE-SEP-Q3V7LZMTY2WKHN5B',
      'JUMP',
      'KUBE-SEP-Q3V7LZMTY2WKHN5B',
      0x4000,
    )
    rule(
      'PREROUTING',
      'KUBE-SEP-Q3V7LZMTY2WKHN5B',
      2,
      '-A KUBE-SEP-Q3V7LZMTY2WKHN5B -p tcp -m tcp -j DNAT --to-destination 10.244.2.4:8080',
      'DNAT',
      '',
      0x4000,
    )
  }
  recorder.emit(
    { kind: 'packet.nat', packet: id, netns: NS.w1, hook: 'PREROUTING', nat: 'dnat', entry: 9, from: text(raw), to: text(dnat) },
    { kind: 'packet.route', packet: id, netns: NS.w1, dst: '10.244.2.4', prefix: '10.244.2.0/24', via: '172.18.0.4', ifindex: 2, ...ROUTE },
    { kind: 'packet.forward', packet: id, netns: NS.w1, inIfindex: 2, outIfindex: 2, ttl: 63 },
  )
  if (first) rule('POSTROUTING', 'KUBE-POSTROUTING', 3, '-A KUBE-POSTROUTING -j MASQUERADE --random-fully', 'MASQUERADE', '')
  recorder.emit({
    kind: 'packet.nat',
    packet: id,
    netns: NS.w1,
    hook: 'POSTROUTING',
    nat: 'snat',
    entry: 9,
    from: text(dnat),
    to: text(both),
  })
  recorder.tap(id, NS.w1, 2, 'out', both, 63, length)
  recorder.tap(id, NS.w2, 2, 'in', both, 63, length)
  recorder.emit(
    { kind: 'packet.route', packet: id, netns: NS.w2, dst: '10.244.2.4', prefix: '10.244.2.0/24', via: '', ifindex: 3, ...ROUTE },
    {
      kind: 'packet.rule',
      packet: id,
      netns: NS.w2,
      hook: 'FORWARD',
      table: 'filter',
      chain: 'KUBE-FORWARD',
      number: 2,
      rule: '-A KUBE-FORWARD -m mark --mark 0x4000/0x4000 -j ACCEPT',
      verdict: 'ACCEPT',
      to: '',
      mark: 0,
    },
  )
  recorder.tap(id, NS.w2, 3, 'out', both, 62, length)
  recorder.emit({
    kind: 'packet.bridge',
    packet: id,
    netns: NS.w2,
    bridge: 3,
    inPort: 3,
    outPort: 14,
    decision: 'forward',
    dmac: '0a:58:0e:02:00:07',
  })
  recorder.tap(id, NS.w2, 14, 'out', both, 62, length)
  recorder.tap(id, 14, 2, 'in', both, 62, length)
  recorder.emit({ kind: 'packet.deliver', packet: id, netns: 14, to: 'tcp', port: 8080, pid: 40, process: 'java' })
  return id
}

export function sampleReply(recorder: SampleRecorder, cause: number, over: Partial<PacketNew>, length: number): number {
  const pod: Tuple = ['10.244.2.4', 8080, '172.18.0.3', 51893]
  const middle: Tuple = ['10.244.2.4', 8080, '172.18.0.100', 41022]
  const back: Tuple = ['172.18.0.3', 31002, '172.18.0.100', 41022]
  const id = recorder.packet({ netns: 14, cause, src: pod[0], sport: pod[1], dst: pod[2], dport: pod[3], process: 'java', ...over })
  recorder.tap(id, 14, 2, 'out', pod, 64, length)
  recorder.tap(id, NS.w2, 14, 'in', pod, 64, length)
  recorder.emit({
    kind: 'packet.bridge',
    packet: id,
    netns: NS.w2,
    bridge: 3,
    inPort: 14,
    outPort: 0,
    decision: 'local',
    dmac: '0a:58:06:03:00:07',
  })
  recorder.tap(id, NS.w2, 3, 'in', pod, 64, length)
  recorder.emit({
    kind: 'packet.route',
    packet: id,
    netns: NS.w2,
    dst: '172.18.0.3',
    prefix: '172.18.0.0/16',
    via: '',
    ifindex: 2,
    ...ROUTE,
  })
  recorder.tap(id, NS.w2, 2, 'out', pod, 63, length)
  recorder.tap(id, NS.w1, 2, 'in', pod, 63, length)
  recorder.emit(
    { kind: 'packet.conntrack', packet: id, netns: NS.w1, hook: 'PREROUTING', entry: 9, state: 'ESTABLISHED', direction: 'reply' },
    { kind: 'packet.nat', packet: id, netns: NS.w1, hook: 'PREROUTING', nat: 'un-snat', entry: 9, from: text(pod), to: text(middle) },
    { kind: 'packet.route', packet: id, netns: NS.w1, dst: '172.18.0.100', prefix: '172.18.0.0/16', via: '', ifindex: 2, ...ROUTE },
    { kind: 'packet.nat', packet: id, netns: NS.w1, hook: 'POSTROUTING', nat: 'un-dnat', entry: 9, from: text(middle), to: text(back) },
  )
  recorder.tap(id, NS.w1, 2, 'out', back, 62, length)
  recorder.tap(id, NS.client, 2, 'in', back, 62, length)
  recorder.emit({ kind: 'packet.deliver', packet: id, netns: NS.client, to: 'tcp', port: 41022, pid: 7, process: 'curl' })
  return id
}

/** A ping that nobody answers: the ClusterIP has rules for TCP alone. */
export function sampleLostPing(recorder: SampleRecorder): number {
  const id = recorder.packet({
    protocol: 1,
    src: '172.18.0.100',
    dst: '10.96.41.7',
    sport: 0,
    dport: 0,
    flags: 0,
    seq: 0,
    mss: 0,
    tsVal: 0,
    sackOk: false,
    windowScale: 0,
    icmpType: 8,
    icmpId: 3,
    icmpSeq: 1,
    payload: '0123456789'.repeat(5) + 'abcdef',
    process: 'ping',
  })
  const tuple: Tuple = ['172.18.0.100', 0, '10.96.41.7', 0]
  recorder.tap(id, NS.client, 2, 'out', tuple, 64, 84)
  recorder.tap(id, NS.w1, 2, 'in', tuple, 64, 84)
  recorder.emit(
    {
      kind: 'packet.route',
      packet: id,
      netns: NS.w1,
      dst: '10.96.41.7',
      prefix: '',
      via: '',
      ifindex: 0,
      table: '',
      src: '',
      result: 'none',
    },
    { kind: 'packet.drop', packet: id, netns: NS.w1, at: 'ip_route_input', reason: 'IP_INNOROUTES', detail: '10.96.41.7' },
  )
  return id
}

export function sampleWorld(): SampleRecorder {
  const recorder = new SampleRecorder()
  sampleNetwork(recorder)
  recorder.wait(1_000_000)
  sampleObjects(recorder)
  recorder.wait(20_000_000)
  recorder.emit({ kind: 'world.state', settled: true, booted: true })
  return recorder
}

export function sampleConversation(recorder: SampleRecorder): void {
  const syn = sampleNodePort(recorder, true, {}, 60)
  sampleReply(recorder, syn, { seq: 5000, ack: 1001, flags: 18 }, 60)
  sampleNodePort(recorder, false, { seq: 1001, ack: 5001, flags: 16, tsEcr: 80 }, 52)
  const get = sampleNodePort(
    recorder,
    false,
    { seq: 1001, ack: 5001, flags: 24, tsEcr: 80, payload: 'GET / HTTP/1.1\r\nHost: 172.18.0.3:31002\r\nUser-Agent: curl/8.5.0\r\n\r\n' },
    118,
  )
  sampleReply(recorder, get, { seq: 5001, ack: 1067, flags: 24, payload: 'HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nHello\n' }, 97)
}
