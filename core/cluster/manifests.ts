/**
 * The objects that a fresh cluster has: what the API server makes by itself, and the add-ons as kubeadm and flannel publish them.
 * Truth: kubeadm's manifests (cmd/kubeadm/app/phases/addons), flannel's kube-flannel.yml.
 *
 * Omits: RBAC objects, TLS material, resource limits that nothing here enforces.
 */
import type { WorldSpec } from './world-defaults.ts'

export interface Manifest {
  resource: string
  namespace: string
  object: { apiVersion: string; kind: string; metadata: { name: string; namespace?: string; [field: string]: unknown }; [field: string]: unknown }
}

export const COREDNS_IMAGE = 'registry.k8s.io/coredns/coredns:v1.14.0'
export const KUBE_PROXY_IMAGE = 'registry.k8s.io/kube-proxy:v1.36.0'
export const FLANNEL_IMAGE = 'ghcr.io/flannel-io/flannel:v0.28.0'
export const FLANNEL_CNI_IMAGE = 'ghcr.io/flannel-io/flannel-cni-plugin:v1.8.0-flannel1'
export const L2_BRIDGE_IMAGE = 'vethlab.dev/l2-bridge:v1'
export const PAUSE_IMAGE = 'registry.k8s.io/pause:3.10.1'

const tolerateAll = [{ operator: 'Exists' }]

export function namespaceManifests(): Manifest[] {
  return ['default', 'kube-system', 'kube-public', 'kube-node-lease'].map((name) => ({
    resource: 'namespaces', namespace: '', object: { apiVersion: 'v1', kind: 'Namespace', metadata: { name } },
  }))
}

/** `default/kubernetes`: the way to the API server from inside. */
export function kubernetesService(clusterIp: string, serverIp: string): Manifest[] {
  const labels = { component: 'apiserver', provider: 'kubernetes' }
  return [
    {
      resource: 'services', namespace: 'default',
      object: {
        apiVersion: 'v1', kind: 'Service', metadata: { name: 'kubernetes', namespace: 'default', labels },
        spec: {
          type: 'ClusterIP', clusterIP: clusterIp, clusterIPs: [clusterIp], ipFamilies: ['IPv4'], ipFamilyPolicy: 'SingleStack', sessionAffinity: 'None',
          ports: [{ name: 'https', port: 443, protocol: 'TCP', targetPort: 6443 }],
        },
      },
    },
    {
      resource: 'endpoints', namespace: 'default',
      object: {
        apiVersion: 'v1', kind: 'Endpoints',
        metadata: { name: 'kubernetes', namespace: 'default', labels: { 'endpointslice.kubernetes.io/skip-mirror': 'true' } },
        subsets: [{ addresses: [{ ip: serverIp }], ports: [{ name: 'https', port: 6443, protocol: 'TCP' }] }],
      },
    },
    {
      resource: 'endpointslices.discovery.k8s.io', namespace: 'default',
      object: {
        apiVersion: 'discovery.k8s.io/v1', kind: 'EndpointSlice',
        metadata: { name: 'kubernetes', namespace: 'default', labels: { 'kubernetes.io/service-name': 'kubernetes' } },
        addressType: 'IPv4', endpoints: [{ addresses: [serverIp], conditions: { ready: true } }], ports: [{ name: 'https', port: 6443, protocol: 'TCP' }],
      },
    },
  ]
}

function serviceAccount(name: string, namespace: string): Manifest {
  return { resource: 'serviceaccounts', namespace, object: { apiVersion: 'v1', kind: 'ServiceAccount', metadata: { name, namespace } } }
}

export function corednsManifests(spec: WorldSpec, dnsIp: string): Manifest[] {
  const labels = { 'k8s-app': 'kube-dns' }
  const domain = spec.networks.domain
  const corefile = `.:53 {
    errors
    health {
       lameduck 5s
    }
    ready
    kubernetes ${domain} in-addr.arpa ip6.arpa {
       pods insecure
       fallthrough in-addr.arpa ip6.arpa
       ttl 30
    }
    prometheus :9153
    forward . /etc/resolv.conf {
       max_concurrent 1000
    }
    cache 30 {
       disable success ${domain}
       disable denial ${domain}
    }
    loop
    reload
    loadbalance
}
`
  return [
    serviceAccount('coredns', 'kube-system'),
    {
      resource: 'configmaps', namespace: 'kube-system',
      object: { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'coredns', namespace: 'kube-system' }, data: { Corefile: corefile } },
    },
    {
      resource: 'services', namespace: 'kube-system',
      object: {
        apiVersion: 'v1', kind: 'Service',
        metadata: {
          name: 'kube-dns', namespace: 'kube-system', annotations: { 'prometheus.io/port': '9153', 'prometheus.io/scrape': 'true' },
          labels: { ...labels, 'kubernetes.io/cluster-service': 'true', 'kubernetes.io/name': 'CoreDNS' },
        },
        spec: {
          selector: labels, clusterIP: dnsIp, clusterIPs: [dnsIp],
          ports: [
            { name: 'dns', port: 53, protocol: 'UDP', targetPort: 53 }, { name: 'dns-tcp', port: 53, protocol: 'TCP', targetPort: 53 },
            { name: 'metrics', port: 9153, protocol: 'TCP', targetPort: 9153 },
          ],
        },
      },
    },
    {
      resource: 'deployments.apps', namespace: 'kube-system',
      object: {
        apiVersion: 'apps/v1', kind: 'Deployment', metadata: { name: 'coredns', namespace: 'kube-system', labels },
        spec: {
          replicas: 2, strategy: { type: 'RollingUpdate', rollingUpdate: { maxUnavailable: 1 } }, selector: { matchLabels: labels },
          template: {
            metadata: { labels },
            spec: {
              priorityClassName: 'system-cluster-critical', serviceAccountName: 'coredns', dnsPolicy: 'Default',
              nodeSelector: { 'kubernetes.io/os': 'linux' },
              tolerations: [{ key: 'CriticalAddonsOnly', operator: 'Exists' }, { key: 'node-role.kubernetes.io/control-plane', effect: 'NoSchedule' }],
              affinity: { podAntiAffinity: { preferredDuringSchedulingIgnoredDuringExecution: [
                { weight: 100, podAffinityTerm: { topologyKey: 'kubernetes.io/hostname', labelSelector: { matchExpressions: [{ key: 'k8s-app', operator: 'In', values: ['kube-dns'] }] } } },
              ] } },
              containers: [{
                name: 'coredns', image: COREDNS_IMAGE, imagePullPolicy: 'IfNotPresent', args: ['-conf', '/etc/coredns/Corefile'],
                resources: { limits: { memory: '170Mi' }, requests: { cpu: '100m', memory: '70Mi' } },
                volumeMounts: [{ name: 'config-volume', mountPath: '/etc/coredns', readOnly: true }],
                ports: [
                  { containerPort: 53, name: 'dns', protocol: 'UDP' }, { containerPort: 53, name: 'dns-tcp', protocol: 'TCP' },
                  { containerPort: 9153, name: 'metrics', protocol: 'TCP' }, { containerPort: 8080, name: 'liveness-probe', protocol: 'TCP' },
                  { containerPort: 8181, name: 'readiness-probe', protocol: 'TCP' },
                ],
                livenessProbe: { httpGet: { path: '/health', port: 'liveness-probe', scheme: 'HTTP' }, initialDelaySeconds: 60, timeoutSeconds: 5, successThreshold: 1, failureThreshold: 5 },
                readinessProbe: { httpGet: { path: '/ready', port: 'readiness-probe', scheme: 'HTTP' } },
              }],
              volumes: [{ name: 'config-volume', configMap: { name: 'coredns', items: [{ key: 'Corefile', path: 'Corefile' }] } }],
            },
          },
        },
      },
    },
  ]
}

export function kubeProxyManifests(spec: WorldSpec): Manifest[] {
  const labels = { 'k8s-app': 'kube-proxy' }
  const { proxy, networks } = spec
  // The default of a second suits clusters whose pods take longer than that to start. Here they are ready after half a second, and
  // whoever waits for a rollout would find its rules missing.
  const config = `apiVersion: kubeproxy.config.k8s.io/v1alpha1
kind: KubeProxyConfiguration
bindAddress: 0.0.0.0
clusterCIDR: ${networks.pods.join(',')}
mode: ${proxy.mode}
nodePortAddresses: ${JSON.stringify(proxy.nodePortAddresses)}
iptables:
  localhostNodePorts: ${proxy.localhostNodePorts}
  masqueradeAll: ${proxy.masqueradeAll}
  masqueradeBit: 14
  minSyncPeriod: 100ms
  syncPeriod: 30s
ipvs:
  scheduler: ${proxy.ipvsScheduler}
`
  return [
    serviceAccount('kube-proxy', 'kube-system'),
    {
      resource: 'configmaps', namespace: 'kube-system',
      object: { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'kube-proxy', namespace: 'kube-system', labels: { app: 'kube-proxy' } }, data: { 'config.conf': config } },
    },
    {
      resource: 'daemonsets.apps', namespace: 'kube-system',
      object: {
        apiVersion: 'apps/v1', kind: 'DaemonSet', metadata: { name: 'kube-proxy', namespace: 'kube-system', labels },
        spec: {
          selector: { matchLabels: labels }, updateStrategy: { type: 'RollingUpdate' },
          template: {
            metadata: { labels },
            spec: {
              priorityClassName: 'system-node-critical', serviceAccountName: 'kube-proxy', hostNetwork: true, tolerations: tolerateAll,
              nodeSelector: { 'kubernetes.io/os': 'linux' },
              containers: [{
                name: 'kube-proxy', image: KUBE_PROXY_IMAGE, imagePullPolicy: 'IfNotPresent', securityContext: { privileged: true },
                command: ['/usr/local/bin/kube-proxy', '--config=/var/lib/kube-proxy/config.conf', '--hostname-override=$(NODE_NAME)'],
                env: [{ name: 'NODE_NAME', valueFrom: { fieldRef: { fieldPath: 'spec.nodeName' } } }],
                volumeMounts: [{ name: 'kube-proxy', mountPath: '/var/lib/kube-proxy' }],
              }],
              volumes: [{ name: 'kube-proxy', configMap: { name: 'kube-proxy' } }],
            },
          },
        },
      },
    },
  ]
}

export function networkManifests(spec: WorldSpec): Manifest[] {
  return spec.cni === 'bridge' ? l2BridgeManifests(spec) : flannelManifests(spec)
}

function flannelManifests(spec: WorldSpec): Manifest[] {
  const namespace = 'kube-flannel'
  const labels = { tier: 'node', app: 'flannel', 'k8s-app': 'flannel' }
  const netConf = `{
  "Network": "${spec.networks.pods[0]}",
  "EnableNFTables": false,
  "Backend": {
    "Type": "${spec.cni}"
  }
}
`
  const cniConf = `{
  "name": "cbr0",
  "cniVersion": "0.3.1",
  "plugins": [
    {
      "type": "flannel",
      "delegate": {
        "hairpinMode": true,
        "isDefaultGateway": true
      }
    },
    {
      "type": "portmap",
      "capabilities": {
        "portMappings": true
      }
    }
  ]
}
`
  return [
    { resource: 'namespaces', namespace: '', object: { apiVersion: 'v1', kind: 'Namespace', metadata: { name: namespace, labels: { 'k8s-app': 'flannel', 'pod-security.kubernetes.io/enforce': 'privileged' } } } },
    serviceAccount('flannel', namespace),
    {
      resource: 'configmaps', namespace,
      object: { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'kube-flannel-cfg', namespace, labels }, data: { 'cni-conf.json': cniConf, 'net-conf.json': netConf } },
    },
    {
      resource: 'daemonsets.apps', namespace,
      object: {
        apiVersion: 'apps/v1', kind: 'DaemonSet', metadata: { name: 'kube-flannel-ds', namespace, labels },
        spec: {
          selector: { matchLabels: { app: 'flannel', 'k8s-app': 'flannel' } },
          template: {
            metadata: { labels },
            spec: {
              priorityClassName: 'system-node-critical', serviceAccountName: 'flannel', hostNetwork: true, tolerations: [{ operator: 'Exists', effect: 'NoSchedule' }, { operator: 'Exists', effect: 'NoExecute' }],
              initContainers: [
                {
                  name: 'install-cni-plugin', image: FLANNEL_CNI_IMAGE, command: ['cp'], args: ['-f', '/flannel', '/opt/cni/bin/flannel'],
                  volumeMounts: [{ name: 'cni-plugin', mountPath: '/opt/cni/bin' }],
                },
                {
                  name: 'install-cni', image: FLANNEL_IMAGE, command: ['cp'], args: ['-f', '/etc/kube-flannel/cni-conf.json', '/etc/cni/net.d/10-flannel.conflist'],
                  volumeMounts: [{ name: 'cni', mountPath: '/etc/cni/net.d' }, { name: 'flannel-cfg', mountPath: '/etc/kube-flannel/' }],
                },
              ],
              containers: [{
                name: 'kube-flannel', image: FLANNEL_IMAGE, command: ['/opt/bin/flanneld'], args: ['--ip-masq', '--kube-subnet-mgr'],
                resources: { requests: { cpu: '100m', memory: '50Mi' } }, securityContext: { privileged: false, capabilities: { add: ['NET_ADMIN', 'NET_RAW'] } },
                env: [
                  { name: 'POD_NAME', valueFrom: { fieldRef: { fieldPath: 'metadata.name' } } },
                  { name: 'POD_NAMESPACE', valueFrom: { fieldRef: { fieldPath: 'metadata.namespace' } } },
                ],
                volumeMounts: [{ name: 'run', mountPath: '/run/flannel' }, { name: 'flannel-cfg', mountPath: '/etc/kube-flannel/' }],
              }],
              volumes: [
                { name: 'run', hostPath: { path: '/run/flannel' } }, { name: 'cni-plugin', hostPath: { path: '/opt/cni/bin' } },
                { name: 'cni', hostPath: { path: '/etc/cni/net.d' } }, { name: 'flannel-cfg', configMap: { name: 'kube-flannel-cfg' } },
              ],
            },
          },
        },
      },
    },
  ]
}

function l2BridgeManifests(spec: WorldSpec): Manifest[] {
  const namespace = 'kube-system'
  const labels = { 'k8s-app': 'l2-bridge' }
  return [
    serviceAccount('l2-bridge', namespace),
    {
      resource: 'daemonsets.apps', namespace,
      object: {
        apiVersion: 'apps/v1', kind: 'DaemonSet', metadata: { name: 'l2-bridge', namespace, labels },
        spec: {
          selector: { matchLabels: labels },
          template: {
            metadata: { labels },
            spec: {
              priorityClassName: 'system-node-critical', serviceAccountName: 'l2-bridge', hostNetwork: true, tolerations: tolerateAll,
              containers: [{
                name: 'l2-bridge', image: L2_BRIDGE_IMAGE, args: [spec.networks.pods[0]], securityContext: { privileged: true },
                volumeMounts: [{ name: 'cni', mountPath: '/etc/cni/net.d' }],
              }],
              volumes: [{ name: 'cni', hostPath: { path: '/etc/cni/net.d' } }],
            },
          },
        },
      },
    },
  ]
}

/** /etc/kubernetes/manifests of the control-plane node. */
export function staticPodManifests(spec: WorldSpec, serverIp: string): [file: string, text: string][] {
  const pod = (name: string, image: string, command: readonly string[], cpu: string): [string, string] => [
    `${name}.yaml`,
    `apiVersion: v1
kind: Pod
metadata:
  labels:
    component: ${name}
    tier: control-plane
  name: ${name}
  namespace: kube-system
spec:
  containers:
  - command:
${[name, ...command].map((word) => `    - ${word}\n`).join('')}    image: ${image}
    imagePullPolicy: IfNotPresent
    name: ${name}
    resources:
      requests:
        cpu: ${cpu}
  hostNetwork: true
  priority: 2000001000
  priorityClassName: system-node-critical
status: {}
`,
  ]
  const { networks } = spec
  return [
    pod('etcd', 'registry.k8s.io/etcd:3.6.5-0', [`--advertise-client-urls=https://${serverIp}:2379`, '--data-dir=/var/lib/etcd'], '100m'),
    pod('kube-apiserver', 'registry.k8s.io/kube-apiserver:v1.36.0', [
      `--advertise-address=${serverIp}`, '--etcd-servers=https://127.0.0.1:2379', '--secure-port=6443', `--service-cluster-ip-range=${networks.services.join(',')}`,
    ], '250m'),
    pod('kube-controller-manager', 'registry.k8s.io/kube-controller-manager:v1.36.0', [
      '--allocate-node-cidrs=true', `--cluster-cidr=${networks.pods.join(',')}`, '--kubeconfig=/etc/kubernetes/controller-manager.conf',
      `--service-cluster-ip-range=${networks.services.join(',')}`,
    ], '200m'),
    pod('kube-scheduler', 'registry.k8s.io/kube-scheduler:v1.36.0', ['--kubeconfig=/etc/kubernetes/scheduler.conf'], '100m'),
  ]
}
