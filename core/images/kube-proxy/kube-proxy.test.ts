import { expect, test } from 'vitest'
import { linuxMachine } from '../../../test/support/linux.ts'
import { ControlWorld } from '../../../test/support/control-world.ts'
import { ApiClient } from '../../api/client/api-client.ts'
import { createLinuxWorld, type Machine } from '../../linux/index.ts'
import { NetWorld } from '../../net/net-world.ts'
import { CLUSTER_HANDLE, type ClusterHandle } from '../cluster-handle.ts'
import { portChains } from './chain-names.ts'
import { kubeProxy } from './kube-proxy.ts'

/** A real API server and one real machine on which kube-proxy runs. */
class Proxied {
  readonly control = new ControlWorld({ bare: true, nodes: 1 })
  readonly machine: Machine

  constructor() {
    const { clock, random, trace } = this.control
    const world = createLinuxWorld({ clock, random, trace, net: new NetWorld({ clock, random, trace }) })
    this.machine = linuxMachine(world, 'worker-1')
    const handle: ClusterHandle = {
      client: (actor) => new ApiClient(this.control.server, actor),
      nodeName: 'worker-1',
      namespace: 'kube-system',
      pod: 'kube-proxy-x',
    }
    this.machine.root.handles.set(CLUSTER_HANDLE, handle)
    this.machine.fs.mkdir('/var/lib/kube-proxy', { parents: true })
    this.machine.fs.write('/var/lib/kube-proxy/config.conf', 'clusterCIDR: 10.244.0.0/16\niptables:\n  minSyncPeriod: 1s\n')
  }

  start(): ReturnType<Machine['spawn']> {
    return this.machine.spawn({ argv: ['kube-proxy', '--config=/var/lib/kube-proxy/config.conf'], program: kubeProxy })
  }

  service(name: string, clusterIP: string): void {
    this.control.client.create('services', 'default', {
      metadata: { name },
      spec: { clusterIP, ports: [{ name: 'http', port: 80 }] },
    })
  }

  slice(name: string, addresses: string[]): void {
    this.control.client.create('endpointslices.discovery.k8s.io', 'default', {
      metadata: { name: `${name}-1`, labels: { 'kubernetes.io/service-name': name } },
      addressType: 'IPv4',
      ports: [{ name: 'http', port: 8080, protocol: 'TCP' }],
      endpoints: addresses.map((address) => ({ addresses: [address] })),
    })
  }

  /** Rules of a service's chain, or undefined when there is no such chain. */
  rules(name: string): string[] | undefined {
    const chain = this.machine.netns.netfilter
      .iptables('ipv4')
      .rules.table('nat')
      ?.chains.get(portChains(`default/${name}:http`, 'tcp').cluster)
    return chain?.rules.map(({ line }) => line.replace(/^.*-j /, ''))
  }
}

test('rules follow services at once after a quiet time, and once a second when there is much to do', () => {
  const world = new Proxied()
  world.service('web', '10.96.0.20')
  world.start()
  world.control.pass(1)
  expect(world.rules('web')).toBe(undefined)
  world.slice('web', ['10.244.1.2'])
  world.control.pass(0.1)
  expect(world.rules('web')?.length).toBe(2)
  world.control.pass(2)
  world.service('second', '10.96.0.21')
  world.control.pass(0.1)
  world.slice('second', ['10.244.1.3'])
  world.control.pass(0.1)
  expect(world.rules('second')?.length).toBe(2)
  world.service('third', '10.96.0.22')
  world.slice('third', [])
  world.control.pass(0.1)
  world.control.client.patch('endpointslices.discovery.k8s.io', 'default', 'third-1', {
    type: 'merge',
    body: { endpoints: [{ addresses: ['10.244.1.4'] }] },
  })
  world.control.pass(0.5)
  expect(world.rules('third')).toBe(undefined)
  world.control.pass(0.4)
  expect(world.rules('third')?.length).toBe(2)
  world.control.client.delete('services', 'default', 'web')
  world.control.pass(2)
  expect(world.rules('web')).toBe(undefined)
})

test('rules outlive their program, and come back when somebody flushes them', () => {
  const world = new Proxied()
  world.service('web', '10.96.0.20')
  world.slice('web', ['10.244.1.2'])
  const proxy = world.start()
  world.control.pass(2)
  const tool = world.machine.netns.netfilter.iptables('ipv4')
  for (const table of ['mangle', 'nat', 'filter']) for (const option of ['-F', '-X']) tool.command(['-t', table, option])
  expect(world.rules('web')).toBe(undefined)
  world.control.pass(31)
  expect(world.rules('web')?.length).toBe(2)
  proxy.signal('SIGTERM')
  world.control.pass(1)
  expect(proxy.alive).toBe(false)
  world.control.client.delete('services', 'default', 'web')
  world.control.pass(60)
  expect(world.rules('web')?.length).toBe(2)
})
