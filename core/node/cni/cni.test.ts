import { expect, test } from 'vitest'
import { linuxMachine, linuxWorld, run } from '../../../test/support/linux.ts'
import type { Machine } from '../../linux/machine.ts'
import { formatMac } from '../../net/addr/mac.ts'
import { formatIp, formatPrefix } from '../../net/addr/ip.ts'
import type { NetNamespace } from '../../net/net-namespace.ts'
import { Task } from '../task.ts'
import { CniRuntime, type PodNetwork } from './cni-runtime.ts'
import { FLANNEL_PLUGIN, installCniPlugins } from './index.ts'

const CONF = '/etc/cni/net.d/10-test.conflist'

function node(conf: object): { machine: Machine; cni: CniRuntime } {
  const machine = linuxMachine(linuxWorld(), 'worker-1')
  installCniPlugins(machine.fs)
  machine.fs.mkdir('/etc/cni/net.d', { parents: true })
  machine.fs.write(CONF, JSON.stringify({ cniVersion: '1.0.0', name: 'pods', plugins: [conf, { type: 'portmap', capabilities: { portMappings: true } }] }))
  return { machine, cni: new CniRuntime(machine) }
}

const BRIDGE = {
  type: 'bridge', isDefaultGateway: true, hairpinMode: true,
  ipam: { type: 'host-local', ranges: [[{ subnet: '10.244.1.0/29' }]], routes: [{ dst: '10.244.0.0/16' }] },
}

function pod(machine: Machine, name: string, more: Partial<PodNetwork> = {}): { ns: NetNamespace; network: PodNetwork } {
  const ns = machine.world.net.createNamespace(`cni-${name}`, machine.name, `default/${name}`)
  return {
    ns,
    network: { containerId: name.repeat(4), netnsPath: `/var/run/netns/cni-${name}`, namespace: 'default', pod: name, uid: name, ip: '', portMappings: [], ...more },
  }
}

/** Runs ADD or DEL to its end. */
function call(machine: Machine, cni: CniRuntime, verb: 'add' | 'del', network: PodNetwork): unknown {
  let answer: unknown
  const task = new Task(machine.world.clock, (function* () {
    answer = yield* cni[verb](network)
  })())
  while (!task.done && machine.world.clock.step());
  return answer
}

function links(ns: NetNamespace): string[] {
  return ns.links().map((l) => `${l.name} ${l.kind} ${formatMac(l.mac)} mtu ${l.mtu}${l.master ? ` in ${l.master.name}` : ''}${l.hairpin ? ' hairpin' : ''} ${l.addresses.map((a) => `${formatIp(a.ip)}/${a.prefixLength}`).join(',')}`.trim())
}

function routes(ns: NetNamespace): string[] {
  return ns.fib.list(254).map((r) => `${formatPrefix(r.prefix)} via ${r.via === null ? '-' : formatIp(r.via)} dev ${r.dev?.name}`)
}

test('bridge with host-local: links, addresses, routes and the files that remember them', () => {
  const { machine, cni } = node(BRIDGE)
  const one = pod(machine, 'a')
  expect(call(machine, cni, 'add', one.network)).toMatchObject({
    ips: [{ interface: 2, address: '10.244.1.2/29', gateway: '10.244.1.1' }],
    routes: [{ dst: '10.244.0.0/16' }, { dst: '0.0.0.0/0', gw: '10.244.1.1' }],
  })
  expect(links(one.ns)).toEqual(['lo loopback 00:00:00:00:00:00 mtu 65536 127.0.0.1/8', 'eth0 veth 0a:58:0a:f4:01:02 mtu 1500 10.244.1.2/29'])
  expect(routes(one.ns)).toEqual(['0.0.0.0/0 via 10.244.1.1 dev eth0', '10.244.0.0/16 via 10.244.1.1 dev eth0', '10.244.1.0/29 via - dev eth0'])
  const host = links(machine.netns)
  expect(host.slice(0, 2)).toEqual(['lo loopback 00:00:00:00:00:00 mtu 65536 127.0.0.1/8', 'cni0 bridge 0a:58:0a:f4:01:01 mtu 1500 10.244.1.1/29'])
  expect(host[2]).toMatch(/^veth[0-9a-f]{8} veth [0-9a-f:]{17} mtu 1500 in cni0 hairpin$/)
  expect(run(machine, ['sh', '-c', 'ls /var/lib/cni/networks/pods; cat /var/lib/cni/networks/pods/10.244.1.2']).stdout).toBe('10.244.1.2\nlast_reserved_ip.0\naaaa\neth0')
})

test('addresses go round, may be asked for, and run out', () => {
  const { machine, cni } = node(BRIDGE)
  const take = (name: string, ip = ''): unknown => {
    const answer = call(machine, cni, 'add', pod(machine, name, { ip }).network) as { ips?: { address: string }[]; msg?: string }
    return answer.ips?.[0].address ?? answer.msg
  }
  const b = pod(machine, 'b')
  call(machine, cni, 'add', b.network)
  expect([take('c', '10.244.1.5'), take('d'), take('e', '10.244.1.5'), take('f', '10.244.1.1'), take('g', '10.244.9.9')]).toEqual([
    '10.244.1.5/29', '10.244.1.6/29',
    'plugin type="bridge" failed (add): failed to allocate for range 0: requested IP address 10.244.1.5 is not available in range set 10.244.1.1-10.244.1.6',
    'plugin type="bridge" failed (add): failed to allocate for range 0: requested ip 10.244.1.1 is subnet\'s gateway',
    'plugin type="bridge" failed (add): failed to allocate all requested IPs: 10.244.9.9',
  ])
  expect(call(machine, cni, 'del', b.network)).toBe(null)
  // A freed address is taken last: the search goes on behind the one before.
  expect([take('h'), take('i'), take('j'), take('k')]).toEqual([
    '10.244.1.2/29', '10.244.1.3/29', '10.244.1.4/29',
    'plugin type="bridge" failed (add): failed to allocate for range 0: no IP addresses available in range set: 10.244.1.1-10.244.1.6',
  ])
})

test('DEL takes everything down, twice if need be, and knows the configuration of its ADD', () => {
  const { machine, cni } = node(BRIDGE)
  const one = pod(machine, 'a', { portMappings: [{ hostPort: 8080, containerPort: 80, protocol: 'tcp' }] })
  call(machine, cni, 'add', one.network)
  const saved = machine.netns.netfilter.iptables('ipv4').save({ table: 'nat' })
  expect(saved.split('\n').filter((l) => l.includes('DNAT --to') || l.includes('--dports'))).toEqual([
    expect.stringMatching(/^-A CNI-DN-[0-9a-f]{21} -p tcp -m tcp --dport 8080 -j DNAT --to-destination 10\.244\.1\.2:80$/),
    expect.stringMatching(/^-A CNI-HOSTPORT-DNAT -p tcp -m comment --comment "dnat name: \\"pods\\" id: \\"aaaa\\"" -m multiport --dports 8080 -j CNI-DN-/),
  ])
  machine.fs.remove(CONF)
  expect([call(machine, cni, 'del', one.network), call(machine, cni, 'del', one.network)]).toEqual([null, null])
  expect(links(machine.netns).length).toBe(2)
  expect(machine.netns.netfilter.iptables('ipv4').save({ table: 'nat' })).not.toContain('CNI-DN-')
  expect(run(machine, ['sh', '-c', 'ls /var/lib/cni/networks/pods /var/lib/cni/results']).stdout).toBe('/var/lib/cni/networks/pods:\nlast_reserved_ip.0\n\n/var/lib/cni/results:\n')
})

test('ptp routes each pod by itself', () => {
  const { machine, cni } = node({ type: 'ptp', ipam: { type: 'host-local', subnet: '10.244.1.0/24', routes: [{ dst: '0.0.0.0/0' }] } })
  const one = pod(machine, 'a')
  expect(call(machine, cni, 'add', one.network)).toMatchObject({ ips: [{ interface: 1, address: '10.244.1.2/24' }] })
  expect(routes(one.ns)).toEqual(['0.0.0.0/0 via 10.244.1.1 dev eth0', '10.244.1.0/24 via 10.244.1.1 dev eth0', '10.244.1.1/32 via - dev eth0'])
  expect(routes(machine.netns)).toEqual([expect.stringMatching(/^10\.244\.1\.2\/32 via - dev veth/)])
})

test('what a learner breaks is named in the words of containerd', () => {
  const { machine, cni } = node({ type: 'flannel', delegate: { isDefaultGateway: true } })
  const say = (): unknown => (call(machine, cni, 'add', pod(machine, 'a').network) as { msg: string }).msg
  expect(say()).toBe('plugin type="flannel" failed (add): failed to find plugin "flannel" in path [/opt/cni/bin]')
  machine.fs.install('/opt/cni/bin/flannel', FLANNEL_PLUGIN)
  machine.world.net.namespaces.forEach((ns) => { if (ns.pod !== '') machine.world.net.destroyNamespace(ns) })
  expect(say()).toBe('plugin type="flannel" failed (add): loadFlannelSubnetEnv failed: open /run/flannel/subnet.env: no such file or directory')
  machine.fs.mkdir('/run/flannel', { parents: true })
  machine.fs.write('/run/flannel/subnet.env', 'FLANNEL_NETWORK=10.244.0.0/16\nFLANNEL_SUBNET=10.244.1.1/24\nFLANNEL_MTU=1450\nFLANNEL_IPMASQ=true\n')
  machine.world.net.namespaces.forEach((ns) => { if (ns.pod !== '') machine.world.net.destroyNamespace(ns) })
  const last = pod(machine, 'b')
  call(machine, cni, 'add', last.network)
  expect(links(last.ns)[1]).toBe('eth0 veth 0a:58:0a:f4:01:02 mtu 1450 10.244.1.2/24')
  machine.fs.write(CONF, 'not json')
  expect(say()).toBe('cni plugin not initialized')
})
