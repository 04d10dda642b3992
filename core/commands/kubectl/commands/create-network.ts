/** kubectl create service …, ingress. Truth: k8s.io/kubectl/pkg/cmd/create/{create_service,create_ingress}.go; outputs recorded from kubectl 1.33. */
import type { KubeObject } from '../../../api/types/index.ts'
import { type CommandSpec, flag } from '../command-line.ts'
import { generatorCommand, metadataOf } from '../generator.ts'
import type { Invocation } from '../invocation.ts'
import { KubectlError } from '../kubectl-error.ts'

const TCP_FLAG = flag('strings', 'tcp', '', 'Port, or port:targetPort.')

export const networkGenerators: readonly CommandSpec[] = [
  {
    name: 'service',
    aliases: ['svc'],
    short: 'Create a service using a specified subcommand',
    usage: 'create service [flags] [options]',
    commands: [
      serviceGenerator(
        'clusterip',
        'ClusterIP',
        'Create a ClusterIP service',
        [TCP_FLAG, flag('string', 'clusterip', '', 'Address of the service, or None.')],
        (kube) => {
          const clusterIP = kube.flags.text('clusterip')
          const ports = portsOf(kube)
          if (clusterIP === 'None' && ports.length > 0) throw new KubectlError('can not map ports with clusterip=None')
          if (clusterIP !== 'None' && ports.length === 0) throw new KubectlError('at least one tcp port specifier must be provided')
          return { ports, more: clusterIP === '' ? {} : { clusterIP } }
        },
      ),
      serviceGenerator(
        'nodeport',
        'NodePort',
        'Create a NodePort service',
        [TCP_FLAG, flag('int', 'node-port', '0', 'Port on every node.')],
        (kube) => {
          const nodePort = kube.flags.number('node-port')
          return { ports: needPorts(kube).map((port) => (nodePort > 0 ? { ...port, nodePort } : port)), more: {} }
        },
      ),
      serviceGenerator('loadbalancer', 'LoadBalancer', 'Create a LoadBalancer service', [TCP_FLAG], (kube) => ({
        ports: needPorts(kube),
        more: {},
      })),
      serviceGenerator(
        'externalname',
        'ExternalName',
        'Create an ExternalName service',
        [TCP_FLAG, flag('string', 'external-name', '', 'Name that the service stands for.')],
        (kube) => {
          if (kube.flags.text('external-name') === '') throw new KubectlError('required flag(s) "external-name" not set')
          return { ports: portsOf(kube), more: { externalName: kube.flags.text('external-name') } }
        },
      ),
    ],
  },
  generatorCommand({
    name: 'ingress',
    aliases: ['ing'],
    short: 'Create an ingress with the specified name',
    noun: 'ingress',
    usage: 'create ingress NAME --rule=host/path=service:port[,tls[=secret]]  [options]',
    examples: ['kubectl create ingress web --class=nginx --rule="foo.com/*=web:80"'],
    flags: [
      flag('string', 'class', '', 'Ingress class.'),
      flag('array', 'rule', '', 'host/path=service:port[,tls=secret]; a path that ends in * is a prefix.'),
      flag('string', 'default-backend', '', 'service:port of everything else.'),
      flag('array', 'annotation', '', 'Annotation, key=value.'),
    ],
    make: makeIngress,
  }),
]

interface Port {
  name: string
  protocol: string
  port: number
  targetPort: number | string
  nodePort?: number
}

function serviceGenerator(
  name: string,
  type: string,
  short: string,
  flags: Parameters<typeof generatorCommand>[0]['flags'],
  facts: (kube: Invocation) => { ports: Port[]; more: object },
): CommandSpec {
  return generatorCommand({
    name,
    short,
    noun: `${type} service`,
    usage: `create service ${name} NAME [--tcp=port:targetPort] [--dry-run=server|client|none] [options]`,
    flags,
    make(kube, serviceName) {
      const { ports, more } = facts(kube)
      return {
        kind: 'Service',
        apiVersion: 'v1',
        metadata: metadataOf(serviceName, { labels: { app: serviceName } }),
        spec: {
          ...(ports.length > 0 ? { ports } : {}),
          selector: { app: serviceName },
          ...('clusterIP' in more ? more : {}),
          type,
          ...('externalName' in more ? more : {}),
        },
        status: { loadBalancer: {} },
      }
    },
  })
}

function needPorts(kube: Invocation): Port[] {
  const ports = portsOf(kube)
  if (ports.length === 0) throw new KubectlError('at least one tcp port specifier must be provided')
  return ports
}

function portsOf(kube: Invocation): Port[] {
  return kube.flags.list('tcp').map((text) => {
    const [first, second] = text.split(':')
    if (!/^\d+$/.test(first) || Number(first) > 65535 || Number(first) < (second === undefined ? 1 : 0))
      throw new KubectlError(`strconv.Atoi: parsing "${first}": invalid syntax`)
    const targetPort = second === undefined ? Number(first) : /^\d+$/.test(second) ? Number(second) : second
    return { name: text.replace(':', '-'), protocol: 'TCP', port: Number(first), targetPort }
  })
}

function backendOf(text: string): object {
  const [name, port] = text.split(':')
  if (!name || !port) throw new KubectlError('default backend should be in format servicename:serviceport')
  return { service: { name, port: /^\d+$/.test(port) ? { number: Number(port) } : { name: port } } }
}

const RULE = /^(?<host>[\w*\-.]*)(?<path>\/[\w\-/*.]*)?=(?<svc>[\w-]+):(?<port>[\w-]+)(?<tls>,tls(=(?<secret>[\w-]+))?)?$/

function makeIngress(kube: Invocation, name: string): KubeObject {
  const annotations: Record<string, string> = {}
  for (const text of kube.flags.list('annotation')) {
    const equals = text.indexOf('=')
    if (equals <= 0) throw new KubectlError(`annotation ${text} is invalid and should be in format key=[value]`)
    annotations[text.slice(0, equals)] = text.slice(equals + 1)
  }
  const rules = kube.flags.list('rule')
  const byHost = new Map<string, object[]>()
  const tls = new Map<string, string[]>()
  for (const text of rules) {
    const parts = RULE.exec(text)?.groups
    if (!parts) throw new KubectlError(`rule ${text} is invalid and should be in format host/path=svcname:svcport[,tls[=secret]]`)
    const given = parts.path ?? '/'
    const prefix = given.endsWith('*')
    const path = {
      path: given.replace(/\*$/, '') || '/',
      pathType: prefix ? 'Prefix' : 'Exact',
      backend: backendOf(`${parts.svc}:${parts.port}`),
    }
    byHost.set(parts.host, [...(byHost.get(parts.host) ?? []), path])
    if (parts.tls && (parts.host !== '' || parts.secret))
      tls.set(parts.secret ?? '', [...(tls.get(parts.secret ?? '') ?? []), ...(parts.host === '' ? [] : [parts.host])])
  }
  const backend = kube.flags.text('default-backend')
  if (rules.length === 0 && backend === '')
    throw new KubectlError(
      'not enough information provided: every ingress has to either specify a default-backend (which catches all traffic) or a list of rules (which catch specific paths)',
    )
  return {
    kind: 'Ingress',
    apiVersion: 'networking.k8s.io/v1',
    metadata: metadataOf(name, Object.keys(annotations).length > 0 ? { annotations } : {}),
    spec: {
      ...(kube.flags.text('class') === '' ? {} : { ingressClassName: kube.flags.text('class') }),
      ...(backend === '' ? {} : { defaultBackend: backendOf(backend) }),
      ...(tls.size > 0
        ? {
            tls: [...tls].map(([secretName, hosts]) => ({
              ...(hosts.length > 0 ? { hosts: [...new Set(hosts)] } : {}),
              ...(secretName === '' ? {} : { secretName }),
            })),
          }
        : {}),
      ...(byHost.size > 0 ? { rules: [...byHost].map(([host, paths]) => ({ ...(host === '' ? {} : { host }), http: { paths } })) } : {}),
    },
    status: { loadBalancer: {} },
  }
}
