import { expect, test } from 'vitest'
import { type WorldSpec, defaultWorld, parseWorld } from './world-spec.ts'

function summary(world: WorldSpec): string {
  const lines = [`${world.name} seed=${world.seed} ${world.cni} ${world.proxy.mode} ${world.ipFamily} addons=${world.addons.join(',')}`]
  for (const n of world.nodes) {
    const taints = n.taints.map((t) => `${t.key}=${t.value}:${t.effect}`).join(',')
    lines.push(`node ${n.name} [${n.roles.join(',')}] ${n.addresses.join(',')} ${n.podCIDRs.join(',')} taints=${taints} cpu=${n.capacity.get('cpu')}`)
    for (const [key, value] of n.labels) lines.push(`  ${key}=${value}`)
  }
  for (const h of world.hosts) lines.push(`host ${h.name} ${h.addresses.join(',')} ${h.via}`.trim())
  for (const [name, link] of world.links) lines.push(`link ${name} ${link.latencyUs}us mtu ${link.mtu}`)
  return lines.join('\n')
}

test('the default world', () => {
  expect(summary(defaultWorld())).toBe(`default seed=1 host-gw iptables ipv4 addons=kube-proxy,coredns
node control-plane [control-plane] 172.18.0.2 10.244.0.0/24 taints=node-role.kubernetes.io/control-plane=:NoSchedule cpu=4
  node-role.kubernetes.io/control-plane=
  node.kubernetes.io/exclude-from-external-load-balancers=
node worker-1 [] 172.18.0.3 10.244.1.0/24 taints= cpu=4
node worker-2 [] 172.18.0.4 10.244.2.0/24 taints= cpu=4
host workstation 172.18.0.50
host client 172.18.0.100
link default 200us mtu 1500`)
})

test('many nodes step around the hosts, and one node alone takes pods', () => {
  const world = defaultWorld({ nodes: 60 })
  const addresses = [...world.nodes, ...world.hosts].flatMap((m) => m.addresses)
  expect(new Set(addresses).size).toBe(63)
  expect(world.nodes[48].addresses).toEqual(['172.18.0.51'])
  expect(defaultWorld({ nodes: 0 }).nodes.map((n) => n.taints)).toEqual([[]])
})

const TWO_ZONES = `apiVersion: vethlab.dev/v1
kind: World
metadata: { name: two-zones }
seed: 7
cni: vxlan
networks: { nodes: [172.18.0.0/16], pods: [10.244.0.0/16], podsPerNode: 24, services: [10.96.0.0/16], domain: cluster.local }
proxy: { mode: iptables, masqueradeAll: false, nodePortAddresses: [], localhostNodePorts: true, ipvsScheduler: rr }
nodes:
  - { name: control-plane, roles: [control-plane] }
  - { name: worker-1, addresses: [172.18.0.3], podCIDRs: [10.244.9.0/24], labels: { topology.kubernetes.io/zone: a }, taints: [{ key: x, effect: NoExecute }], capacity: { cpu: "8", pods: 20 } }
hosts:
  - { name: client, addresses: [172.18.0.101] }
  - { name: far, addresses: [203.0.113.2], via: router }
links: { default: { latencyUs: 300 }, worker-1: { latencyUs: 20000, mtu: 1400 } }
addons: [coredns]
`

test('a world file, and options above it', () => {
  const world = parseWorld(TWO_ZONES, { seed: 9, nodes: 2 })
  expect('error' in world ? world.error : summary(world)).toBe(`two-zones seed=9 vxlan iptables ipv4 addons=coredns
node control-plane [control-plane] 172.18.0.2 10.244.0.0/24 taints=node-role.kubernetes.io/control-plane=:NoSchedule cpu=4
  node-role.kubernetes.io/control-plane=
  node.kubernetes.io/exclude-from-external-load-balancers=
node worker-1 [] 172.18.0.3 10.244.9.0/24 taints=x=:NoExecute cpu=8
  topology.kubernetes.io/zone=a
node worker-2 [] 172.18.0.4 10.244.1.0/24 taints= cpu=4
host client 172.18.0.101
host far 203.0.113.2 router
host workstation 172.18.0.50
link default 300us mtu 1500
link worker-1 20000us mtu 1400`)
})

test('refusals name the line and the column', () => {
  const say = (text: string): string => {
    const world = parseWorld(text)
    return 'error' in world ? `${world.error.line}:${world.error.column} ${world.error.message}` : 'accepted'
  }
  const nodes = 'nodes:\n  - { name: cp, roles: [control-plane] }\n'
  expect([
    'cnii: vxlan',
    'seed: 1\nnetworks:\n  pods: [10.128.0.0/9]\n  podz: [1]',
    'cni: calico',
    'proxy: { mode: ipvs }',
    'ipFamily: dual',
    `${nodes}  - { name: w, rolls: [] }`,
    `${nodes}  - { name: Worker_1 }`,
    `${nodes}  - { name: a, addresses: [10.0.0.1] }`,
    `${nodes}  - { name: a, addresses: [172.18.0.9] }\n  - { name: b, addresses: [172.18.0.9] }`,
    'nodes: [{ name: a }]',
    'networks: { pods: [172.18.0.0/20] }',
    'networks: { pods: [10.244.0.5/16] }',
    'seed: -1',
    'kind: Pod',
    'links: { default: { latencyUs: fast } }',
    'addons: [dashboard]',
    'a: [',
    '',
  ].map(say)).toEqual([
    '1:1 unknown key "cnii"; known: addons, apiVersion, cni, hosts, ipFamily, kind, links, metadata, networks, nodes, proxy, seed',
    '4:3 unknown key "podz" in networks; known: domain, nodes, pods, podsPerNode, services',
    '1:1 cni: calico is not one of bridge, host-gw, vxlan',
    '1:10 proxy.mode: ipvs is not simulated yet; iptables is',
    '1:1 ipFamily: dual is not simulated yet; ipv4 is',
    '3:16 unknown key "rolls" in nodes[1]; known: addresses, capacity, labels, name, podCIDRs, roles, taints',
    '3:7 nodes[1].name: Worker_1 is not a DNS label (small letters, digits and -)',
    '3:16 nodes[1].addresses: 10.0.0.1 is outside of the node network 172.18.0.0/16',
    '1:1 nodes: 172.18.0.9 belongs to a already',
    '1:1 nodes: expected one node with the role control-plane, found 0',
    '1:13 networks.pods: 172.18.0.0/20 overlaps 172.18.0.0/16',
    '1:13 networks.pods: 10.244.0.5/16 has bits set beyond its prefix',
    '1:1 seed: expected a whole number from 0 to 4294967295',
    '1:1 kind: expected World',
    '1:21 links.default.latencyUs: expected a whole number from 0 to 10000000',
    '1:1 addons: dashboard is not one of kube-proxy, coredns',
    expect.stringMatching(/^[12]:\d+ /),
    'accepted',
  ])
})
