import { expect, test } from 'vitest'
import type { Container, Pod, Service } from '../../api/types/index.ts'
import { EnvError, containerEnv, expandVariables } from './pod-env.ts'
import { hostsFile, resolvConf } from './pod-files.ts'
import { base64Text } from './pod-objects.ts'

const service = (name: string, clusterIP: string, ports: NonNullable<Service['spec']['ports']>): Service =>
  ({ apiVersion: 'v1', kind: 'Service', metadata: { name, namespace: 'default' }, spec: { clusterIP, ports }, status: {} })

const pod = (spec: Partial<Pod['spec']> = {}): Pod => ({
  apiVersion: 'v1', kind: 'Pod', metadata: { name: 'web-0', namespace: 'shop', uid: 'u1', labels: { app: 'web', tier: 'front' }, annotations: { note: 'hi' } },
  spec: { containers: [], nodeName: 'worker-1', serviceAccountName: 'default', ...spec }, status: { podIP: '10.244.1.7', hostIP: '172.18.0.3' },
})

const objects = {
  configMap: (_: string, name: string) => (name === 'cfg' ? new Map([['COLOR', 'blue'], ['with space', 'x']]) : undefined),
  secret: (_: string, name: string) => (name === 'sec' ? new Map([['PASS', 's3cret']]) : undefined),
}

function env(container: Partial<Container>, services: Service[] = []): string {
  const made = containerEnv(pod({ containers: [{ name: 'c', ...container }] }), { name: 'c', ...container }, { services, objects, allocatable: new Map([['memory', '8Gi']]) })
  return made instanceof EnvError ? `error: ${made.message}` : [...made].map(([k, v]) => `${k}=${v}`).join('\n')
}

test('variables of services, as docker links had them', () => {
  expect(env({}, [service('my-db', '10.96.1.2', [{ name: 'sql', port: 3306 }, { name: 'x-protocol', port: 33060, protocol: 'UDP' }]), service('none', 'None', [{ port: 1 }])])).toBe(
    `MY_DB_SERVICE_HOST=10.96.1.2
MY_DB_SERVICE_PORT=3306
MY_DB_SERVICE_PORT_SQL=3306
MY_DB_SERVICE_PORT_X_PROTOCOL=33060
MY_DB_PORT=tcp://10.96.1.2:3306
MY_DB_PORT_3306_TCP=tcp://10.96.1.2:3306
MY_DB_PORT_3306_TCP_PROTO=tcp
MY_DB_PORT_3306_TCP_PORT=3306
MY_DB_PORT_3306_TCP_ADDR=10.96.1.2
MY_DB_PORT_33060_UDP=udp://10.96.1.2:33060
MY_DB_PORT_33060_UDP_PROTO=udp
MY_DB_PORT_33060_UDP_PORT=33060
MY_DB_PORT_33060_UDP_ADDR=10.96.1.2`)
})

test('envFrom, keys, fields, resources, expansion', () => {
  expect(env({
    envFrom: [{ prefix: 'P_', configMapRef: { name: 'cfg' } }, { configMapRef: { name: 'gone', optional: true } }],
    resources: { limits: { cpu: '250m' } },
    env: [
      { name: 'PASS', valueFrom: { secretKeyRef: { name: 'sec', key: 'PASS' } } },
      { name: 'POD', valueFrom: { fieldRef: { fieldPath: 'metadata.name' } } },
      { name: 'TIER', valueFrom: { fieldRef: { fieldPath: "metadata.labels['tier']" } } },
      { name: 'CPU', valueFrom: { resourceFieldRef: { resource: 'limits.cpu', divisor: '1m' } } },
      { name: 'MEM', valueFrom: { resourceFieldRef: { resource: 'limits.memory', divisor: '1Mi' } } },
      { name: 'URL', value: 'http://$(POD)/$$(POD)/$(UNKNOWN)' },
    ],
  })).toBe('P_COLOR=blue\nPASS=s3cret\nPOD=web-0\nTIER=front\nCPU=250\nMEM=8192\nURL=http://web-0/$(POD)/$(UNKNOWN)')
})

test('what is missing is named', () => {
  expect([
    env({ envFrom: [{ configMapRef: { name: 'gone' } }] }),
    env({ env: [{ name: 'A', valueFrom: { secretKeyRef: { name: 'gone', key: 'k' } } }] }),
    env({ env: [{ name: 'A', valueFrom: { configMapKeyRef: { name: 'cfg', key: 'SHAPE' } } }] }),
    env({ env: [{ name: 'A', valueFrom: { configMapKeyRef: { name: 'cfg', key: 'SHAPE', optional: true } } }] }),
  ]).toEqual(['error: configmap "gone" not found', 'error: secret "gone" not found', "error: couldn't find key SHAPE in ConfigMap shop/cfg", ''])
  expect(expandVariables('$(A)$(B', (n) => (n === 'A' ? '1' : undefined))).toBe('1$(B')
})

const DNS = { clusterDns: ['10.96.0.10'], clusterDomain: 'cluster.local', hostResolvConf: 'search lan\nnameserver 172.18.0.1\n' }

test('resolv.conf by policy', () => {
  expect([
    resolvConf(pod(), DNS),
    resolvConf(pod({ hostNetwork: true }), DNS),
    resolvConf(pod({ hostNetwork: true, dnsPolicy: 'ClusterFirstWithHostNet' }), DNS),
    resolvConf(pod({ dnsPolicy: 'None', dnsConfig: { nameservers: ['1.1.1.1'], searches: ['a.b'], options: [{ name: 'ndots', value: '2' }, { name: 'edns0' }] } }), DNS),
    resolvConf(pod({ dnsConfig: { options: [{ name: 'ndots', value: '1' }] } }), DNS),
  ]).toEqual([
    'search shop.svc.cluster.local svc.cluster.local cluster.local lan\nnameserver 10.96.0.10\noptions ndots:5\n',
    'search lan\nnameserver 172.18.0.1\n',
    'search shop.svc.cluster.local svc.cluster.local cluster.local lan\nnameserver 10.96.0.10\noptions ndots:5\n',
    'search a.b\nnameserver 1.1.1.1\noptions ndots:2 edns0\n',
    'search shop.svc.cluster.local svc.cluster.local cluster.local lan\nnameserver 10.96.0.10\noptions ndots:1\n',
  ])
})

test('the hosts file of a pod of a headless service', () => {
  expect(hostsFile(pod({ hostname: 'web-0', subdomain: 'web', hostAliases: [{ ip: '1.2.3.4', hostnames: ['a', 'b'] }] }), ['10.244.1.7'], 'cluster.local', '')).toBe(
    `# Kubernetes-managed hosts file.
127.0.0.1	localhost
::1	localhost ip6-localhost ip6-loopback
fe00::0	ip6-localnet
fe00::0	ip6-mcastprefix
fe00::1	ip6-allnodes
fe00::2	ip6-allrouters
10.244.1.7	web-0.web.shop.svc.cluster.local	web-0

# Entries added by HostAliases.
1.2.3.4	a	b
`)
})

test('base64 of a secret', () => {
  expect(['aGk=', 'w6k=', 'YQ', ''].map(base64Text)).toEqual(['hi', 'é', 'a', ''])
})
