import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { Clock } from '../../sim/clock.ts'
import { RandomStreams } from '../../sim/random.ts'
import { Trace } from '../../sim/trace.ts'
import type { EndpointSlice, Service } from '../../api/types/index.ts'
import { NetWorld } from '../../net/net-world.ts'
import type { NetNamespace } from '../../net/net-namespace.ts'
import { endpointChain, portChains } from './chain-names.ts'
import { categorizeEndpoints, type ProxyEndpoint } from './endpoints.ts'
import { Proxier, type ProxierInput } from './proxier.ts'
import { type ServicePort, servicePorts } from './service-port.ts'
import { base32, sha256 } from './sha256.ts'

function hexText(bytes: Uint8Array): string {
  return [...bytes].map((byte) => byte.toString(16).padStart(2, '0')).join('')
}

test('SHA-256 and base32 of the standards’ own examples', () => {
  expect(hexText(sha256('abc'))).toBe('ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad')
  expect(hexText(sha256(''))).toBe('e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855')
  expect(hexText(sha256('abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq'))).toBe(
    '248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1',
  )
  expect(base32(new Uint8Array([0x66, 0x6f, 0x6f, 0x62, 0x61]))).toBe('MZXW6YTB')
  expect(base32(new Uint8Array([0x66, 0x6f, 0x6f, 0x62]))).toBe('MZXW6YQ')
})

test('chains bear the names that the real kube-proxy gives them', () => {
  expect(portChains('default/web:http', 'tcp').cluster).toBe('KUBE-SVC-CDGGSHYLG3RE2FKL')
  expect(portChains('default/kubernetes:https', 'tcp').cluster).toBe('KUBE-SVC-NPX46M4PTMTKRN6Y')
  expect(portChains('kube-system/kube-dns:dns', 'udp').cluster).toBe('KUBE-SVC-TCOU7JCQXEZGVUNU')
  expect(endpointChain('default/web:http', 'tcp', '10.244.1.2:8080')).toBe('KUBE-SEP-UIQK3OSOSTRHRPBX')
})

interface Wish {
  name: string
  namespace?: string
  ip: string
  port: number
  protocol?: 'TCP' | 'UDP'
  portName?: string
  spec?: Partial<Service['spec']>
  nodePort?: number
  ingress?: string[]
  endpoints: readonly (readonly [address: string, node: string])[]
}

function service({ name, namespace = 'default', ip, port, protocol = 'TCP', portName = 'http', spec, nodePort, ingress }: Wish): Service {
  return {
    apiVersion: 'v1',
    kind: 'Service',
    metadata: { name, namespace },
    spec: {
      type: ingress ? 'LoadBalancer' : nodePort ? 'NodePort' : 'ClusterIP',
      clusterIP: ip,
      clusterIPs: [ip],
      ports: [{ name: portName, port, protocol, ...(nodePort ? { nodePort } : {}) }],
      ...spec,
    },
    status: { loadBalancer: { ingress: (ingress ?? []).map((each) => ({ ip: each })) } },
  }
}

function slice({ name, namespace = 'default', protocol = 'TCP', portName = 'http', endpoints }: Wish): EndpointSlice {
  return {
    apiVersion: 'discovery.k8s.io/v1',
    kind: 'EndpointSlice',
    metadata: { name: `${name}-abc`, namespace, labels: { 'kubernetes.io/service-name': name } },
    addressType: 'IPv4',
    ports: [{ name: portName, protocol, port: Number(endpoints[0]?.[0].split(':')[1] ?? 0) }],
    endpoints: endpoints.map(([address, nodeName]) => ({
      addresses: [address.split(':')[0]],
      nodeName,
      conditions: { ready: true, serving: true, terminating: false },
    })),
  }
}

const ALL: readonly (readonly [string, string])[] = [
  ['10.244.1.2:8080', 'node1'],
  ['10.244.2.2:8080', 'node2'],
  ['10.244.3.2:8080', 'node3'],
]
/** The services of the recording, in its order. */
const WISHES: readonly Wish[] = [
  { name: 'kubernetes', ip: '10.96.0.1', port: 443, portName: 'https', endpoints: [['172.18.0.2:6443', 'node1']] },
  {
    name: 'kube-dns',
    namespace: 'kube-system',
    ip: '10.96.0.10',
    port: 53,
    protocol: 'UDP',
    portName: 'dns',
    endpoints: [
      ['10.244.1.3:53', 'node1'],
      ['10.244.2.3:53', 'node2'],
    ],
  },
  { name: 'web', ip: '10.96.100.10', port: 80, endpoints: ALL },
  { name: 'np', ip: '10.96.100.20', port: 80, nodePort: 30080, endpoints: ALL.slice(0, 1) },
  { name: 'npl', ip: '10.96.100.30', port: 80, nodePort: 30081, spec: { externalTrafficPolicy: 'Local' }, endpoints: ALL.slice(0, 1) },
  {
    name: 'aff',
    ip: '10.96.100.40',
    port: 80,
    spec: { sessionAffinity: 'ClientIP', sessionAffinityConfig: { clientIP: { timeoutSeconds: 10800 } } },
    endpoints: ALL,
  },
  { name: 'none', ip: '10.96.100.50', port: 80, nodePort: 30082, endpoints: [] },
  { name: 'itpl', ip: '10.96.100.60', port: 80, spec: { internalTrafficPolicy: 'Local' }, endpoints: ALL.slice(0, 1) },
  {
    name: 'lb',
    ip: '10.96.100.70',
    port: 80,
    nodePort: 30083,
    ingress: ['172.18.255.1'],
    spec: { loadBalancerSourceRanges: ['172.18.0.200/32'] },
    endpoints: ALL.slice(1, 2),
  },
]

class Node {
  readonly clock = new Clock()
  readonly trace = new Trace(this.clock)
  readonly ns: NetNamespace = new NetWorld({ clock: this.clock, random: new RandomStreams(1), trace: this.trace }).createNamespace(
    'node2',
    'node2',
  )
  readonly proxier = new Proxier(this.ns, {
    family: 'ipv4',
    nodeName: 'node2',
    nodeIp: '172.18.0.3',
    clusterCidr: '10.244.0.0/16',
    masqueradeAll: false,
    masqueradeBit: 14,
    localhostNodePorts: true,
  })

  sync(wishes: readonly Wish[]): void {
    const input: ProxierInput = { services: wishes.map(service), slices: wishes.map(slice), zone: '' }
    expect(this.proxier.sync(input).error).toBe('')
  }

  /** What the next sync tells the kernel to do to chains of services, as the trace and the rules themselves show it. */
  origins(): string[] {
    const lines: string[] = []
    this.trace.observe((event) => {
      if (event.kind === 'rules.origin') lines.push(`${event.chain} ${event.object}`)
    })
    return lines
  }

  save(table: string): string {
    return this.ns.netfilter
      .iptables('ipv4')
      .save({ table })
      .split('\n')
      .filter((line) => !line.startsWith('#'))
      .join('\n')
  }
}

/** The recording, without flannel's rules and with the real load balancing in place of its every-nth. */
function recordedNat(): string {
  const text = readFileSync(new URL('../../net/netfilter/iptables/recorded/node2-nat.txt', import.meta.url), 'utf8')
  const chance = (every: string) => `--mode random --probability ${every === '3' ? '0.33333333349' : '0.50000000000'}`
  return text
    .split('\n')
    .filter((line) => !line.includes('FLANNEL'))
    .join('\n')
    .replace(/--mode nth --every (\d) --packet 0/g, (_, every: string) => chance(every))
    .replace(/\[\d+:\d+\]/g, '[0:0]')
    .replace(':KUBE-POSTROUTING', ':KUBE-POSTROUTING')
    .replace(/(:KUBE-POSTROUTING - \[0:0\]\n)/, ':KUBE-POSTROUTING - [0:0]\n:KUBE-PROXY-CANARY - [0:0]\n')
}

test('the nat table is the recorded one', () => {
  const node = new Node()
  node.sync(WISHES)
  expect(node.save('nat')).toBe(recordedNat())
})

test('the filter table holds what must not be delivered', () => {
  const node = new Node()
  node.sync(WISHES)
  expect(node.save('filter')).toMatchInlineSnapshot(`
    "*filter
    :INPUT ACCEPT [0:0]
    :FORWARD ACCEPT [0:0]
    :OUTPUT ACCEPT [0:0]
    :KUBE-EXTERNAL-SERVICES - [0:0]
    :KUBE-FIREWALL - [0:0]
    :KUBE-FORWARD - [0:0]
    :KUBE-NODEPORTS - [0:0]
    :KUBE-PROXY-CANARY - [0:0]
    :KUBE-PROXY-FIREWALL - [0:0]
    :KUBE-SERVICES - [0:0]
    -A INPUT -j KUBE-FIREWALL
    -A INPUT -m conntrack --ctstate NEW -m comment --comment "kubernetes load balancer firewall" -j KUBE-PROXY-FIREWALL
    -A INPUT -m comment --comment "kubernetes health check service ports" -j KUBE-NODEPORTS
    -A INPUT -m conntrack --ctstate NEW -m comment --comment "kubernetes externally-visible service portals" -j KUBE-EXTERNAL-SERVICES
    -A FORWARD -m conntrack --ctstate NEW -m comment --comment "kubernetes load balancer firewall" -j KUBE-PROXY-FIREWALL
    -A FORWARD -m comment --comment "kubernetes forwarding rules" -j KUBE-FORWARD
    -A FORWARD -m conntrack --ctstate NEW -m comment --comment "kubernetes service portals" -j KUBE-SERVICES
    -A FORWARD -m conntrack --ctstate NEW -m comment --comment "kubernetes externally-visible service portals" -j KUBE-EXTERNAL-SERVICES
    -A OUTPUT -j KUBE-FIREWALL
    -A OUTPUT -m conntrack --ctstate NEW -m comment --comment "kubernetes load balancer firewall" -j KUBE-PROXY-FIREWALL
    -A OUTPUT -m conntrack --ctstate NEW -m comment --comment "kubernetes service portals" -j KUBE-SERVICES
    -A KUBE-EXTERNAL-SERVICES -p tcp -m comment --comment "default/npl:http has no local endpoints" -m addrtype --dst-type LOCAL -m tcp --dport 30081 -j DROP
    -A KUBE-EXTERNAL-SERVICES -p tcp -m comment --comment "default/none:http has no endpoints" -m addrtype --dst-type LOCAL -m tcp --dport 30082 -j REJECT --reject-with icmp-port-unreachable
    -A KUBE-FIREWALL ! -s 127.0.0.0/8 -d 127.0.0.0/8 -m comment --comment "block incoming localnet connections" -m conntrack ! --ctstate RELATED,ESTABLISHED,DNAT -j DROP
    -A KUBE-FORWARD -m conntrack --ctstate INVALID -j DROP
    -A KUBE-FORWARD -m comment --comment "kubernetes forwarding rules" -m mark --mark 0x4000/0x4000 -j ACCEPT
    -A KUBE-FORWARD -m comment --comment "kubernetes forwarding conntrack rule" -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
    -A KUBE-PROXY-FIREWALL -d 172.18.255.1/32 -p tcp -m comment --comment "default/lb:http traffic not accepted by KUBE-FW-JSLCNGWSGB5JPS5Q" -m tcp --dport 80 -j DROP
    -A KUBE-SERVICES -d 10.96.100.50/32 -p tcp -m comment --comment "default/none:http has no endpoints" -m tcp --dport 80 -j REJECT --reject-with icmp-port-unreachable
    -A KUBE-SERVICES -d 10.96.100.60/32 -p tcp -m comment --comment "default/itpl:http has no local endpoints" -m tcp --dport 80 -j DROP
    COMMIT
    "
  `)
})

test('a partial sync leaves chains alone that did not change', () => {
  const node = new Node()
  node.sync(WISHES)
  const nat = node.ns.netfilter.iptables('ipv4').rules.table('nat')
  const web = nat?.chains.get(portChains('default/web:http', 'tcp').cluster)
  const np = nat?.chains.get(portChains('default/np:http', 'tcp').cluster)
  const before = { web: web?.rules[0], np: np?.rules[0] }
  const said = node.origins()
  node.sync(WISHES.map((wish) => (wish.name === 'web' ? { ...wish, endpoints: ALL.slice(0, 2) } : wish)))
  expect(np?.rules[0]).toBe(before.np)
  expect(web?.rules[0]).not.toBe(before.web)
  expect(web?.rules.map(({ line }) => line).join('\n')).toMatchInlineSnapshot(`
    "-A KUBE-SVC-CDGGSHYLG3RE2FKL ! -s 10.244.0.0/16 -d 10.96.100.10/32 -p tcp -m comment --comment "default/web:http cluster IP" -m tcp --dport 80 -j KUBE-MARK-MASQ
    -A KUBE-SVC-CDGGSHYLG3RE2FKL -m comment --comment "default/web:http -> 10.244.1.2:8080" -m statistic --mode random --probability 0.50000000000 -j KUBE-SEP-UIQK3OSOSTRHRPBX
    -A KUBE-SVC-CDGGSHYLG3RE2FKL -m comment --comment "default/web:http -> 10.244.2.2:8080" -j KUBE-SEP-4EX2N4PG4ASNZOBF"
  `)
  expect(node.save('nat')).not.toContain(endpointChain('default/web:http', 'tcp', '10.244.3.2:8080'))
  expect(said).toEqual([])
})

test('chains of a deleted service go, and each new chain says whose it is', () => {
  const node = new Node()
  const said = node.origins()
  node.sync(WISHES.filter(({ name }) => name === 'np'))
  expect(said).toMatchInlineSnapshot(`
    [
      "KUBE-EXT-QUMPV5Z3SF2IMFUJ Service/default/np",
      "KUBE-SVC-QUMPV5Z3SF2IMFUJ Service/default/np",
      "KUBE-SEP-YQ4VF5UWLM5ZSK3H Service/default/np",
    ]
  `)
  node.sync([])
  expect(node.ns.netfilter.iptables('ipv4').chains('nat')).toMatchInlineSnapshot(`
    [
      "PREROUTING",
      "INPUT",
      "OUTPUT",
      "POSTROUTING",
      "KUBE-MARK-MASQ",
      "KUBE-NODEPORTS",
      "KUBE-POSTROUTING",
      "KUBE-PROXY-CANARY",
      "KUBE-SERVICES",
    ]
  `)
})

test('flushed tables are noticed by their canary and written again', () => {
  const node = new Node()
  node.sync(WISHES)
  const tool = node.ns.netfilter.iptables('ipv4')
  const before = node.save('nat')
  expect(node.proxier.rulesWereFlushed).toBe(false)
  for (const table of ['mangle', 'nat', 'filter']) for (const option of ['-F', '-X']) tool.command(['-t', table, option])
  expect(node.proxier.rulesWereFlushed).toBe(true)
  node.proxier.forceFullSync()
  node.sync(WISHES)
  expect(node.save('nat')).toBe(before)
})

test('without local endpoints external traffic is dropped, but pods and the node take the short cut', () => {
  const node = new Node()
  node.sync(WISHES.filter(({ name }) => name === 'npl'))
  const external = portChains('default/npl:http', 'tcp').external
  expect(
    node
      .save('nat')
      .split('\n')
      .filter((line) => line.startsWith(`-A ${external}`))
      .join('\n'),
  ).toMatchInlineSnapshot(`
    "-A KUBE-EXT-BZ5JPCVO4OCN4IDL -s 10.244.0.0/16 -m comment --comment "pod traffic for default/npl:http external destinations" -j KUBE-SVC-BZ5JPCVO4OCN4IDL
    -A KUBE-EXT-BZ5JPCVO4OCN4IDL -m comment --comment "masquerade LOCAL traffic for default/npl:http external destinations" -m addrtype --src-type LOCAL -j KUBE-MARK-MASQ
    -A KUBE-EXT-BZ5JPCVO4OCN4IDL -m comment --comment "route LOCAL traffic for default/npl:http external destinations" -m addrtype --src-type LOCAL -j KUBE-SVC-BZ5JPCVO4OCN4IDL"
  `)
})

test('which endpoints a node uses', () => {
  const port = servicePorts(service({ ...WISHES[2], spec: { internalTrafficPolicy: 'Local' } }), 'ipv4')[0]
  const cluster = servicePorts(service(WISHES[2]), 'ipv4')[0]
  const make = (text: string, more: Partial<ProxyEndpoint>): ProxyEndpoint => ({
    ip: text,
    port: 80,
    text,
    ready: true,
    serving: true,
    terminating: false,
    local: false,
    zones: [],
    nodes: [],
    ...more,
  })
  const rows: string[] = []
  const show = (name: string, used: ServicePort, endpoints: ProxyEndpoint[]) => {
    const { cluster: all, local, reachable, any } = categorizeEndpoints(endpoints, used, 'node2', 'zone-b')
    const names = (list: readonly ProxyEndpoint[]) => list.map(({ text }) => text).join('+') || '-'
    rows.push(`${name}: cluster ${names(all)} local ${names(local)} reachable ${names(reachable)} any ${any}`)
  }
  const leaving = { ready: false, serving: true, terminating: true }
  show('ready beats leaving', cluster, [make('a', {}), make('b', leaving)])
  show('leaving beats none', cluster, [make('a', { ready: false, serving: false }), make('b', leaving)])
  show('none', cluster, [make('a', { ready: false, serving: false })])
  show('local only', port, [make('a', {}), make('b', { local: true })])
  show('local and leaving', port, [make('a', {}), make('b', { ...leaving, local: true })])
  show('nothing local', port, [make('a', {})])
  show('zone', cluster, [make('a', { zones: ['zone-a'] }), make('b', { zones: ['zone-b'] })])
  show('a hint is missing', cluster, [make('a', { zones: ['zone-a'] }), make('b', {})])
  show('same node', cluster, [make('a', { zones: ['zone-b'], nodes: ['node1'] }), make('b', { zones: ['zone-b'], nodes: ['node2'] })])
  expect(rows.join('\n')).toMatchInlineSnapshot(`
    "ready beats leaving: cluster a local - reachable a any true
    leaving beats none: cluster b local - reachable b any true
    none: cluster - local - reachable - any false
    local only: cluster - local b reachable b any true
    local and leaving: cluster - local b reachable b any true
    nothing local: cluster - local - reachable - any true
    zone: cluster b local - reachable b any true
    a hint is missing: cluster a+b local - reachable a+b any true
    same node: cluster b local - reachable b any true"
  `)
})
