/** A cluster with services of one endpoint each, so that no random choice matters, and the flows that tests send through it. */
import { assert } from '../../core/base/assert.ts'
import type { CniName } from '../../core/cluster/world-spec.ts'
import type { FlowRequest } from '../../core/lab/flow.ts'
import { parseFlows } from '../../core/session/flow-file.ts'
import { plainScenario } from '../../core/session/scenario.ts'
import { Simulation } from '../../core/session/simulation.ts'

const pod = (name: string, node: string, ip: string, container: string): string => `
apiVersion: v1
kind: Pod
metadata: { name: ${name}, labels: { app: ${name} }, annotations: { vethlab.dev/ip: ${ip} } }
spec: { nodeName: ${node}, containers: [{ name: main, ${container} }] }
---`

const service = (name: string, ip: string, more: string): string => `
apiVersion: v1
kind: Service
metadata: { name: ${name} }
spec: { clusterIP: ${ip}, ${more} }
---`

const TOOLS = 'image: nicolaka/netshoot, command: [sleep, infinity]'

/** `web` and `names` on worker-1 beside `near`, `far` on worker-2; the endpoint of `ghost` is an address that nobody has. */
const MANIFEST = [
  pod('web', 'worker-1', '10.244.1.77', 'image: traefik/whoami'),
  pod('near', 'worker-1', '10.244.1.88', TOOLS),
  pod('far', 'worker-2', '10.244.2.88', TOOLS),
  pod('names', 'worker-1', '10.244.1.53', 'image: lab/names, ports: [{ containerPort: 53, protocol: UDP }]'),
  service('web', '10.96.77.7', 'type: NodePort, selector: { app: web }, ports: [{ port: 80, nodePort: 31000 }]'),
  service(
    'web-local',
    '10.96.77.8',
    'type: NodePort, externalTrafficPolicy: Local, selector: { app: web }, ports: [{ port: 80, nodePort: 31001 }]',
  ),
  service('names', '10.96.77.53', 'selector: { app: names }, ports: [{ port: 53, protocol: UDP }]'),
  service('empty', '10.96.77.9', 'selector: { app: nobody }, ports: [{ port: 80 }]'),
  service('ghost', '10.96.77.10', 'ports: [{ port: 80 }]'),
  `
apiVersion: discovery.k8s.io/v1
kind: EndpointSlice
metadata: { name: ghost-1, labels: { kubernetes.io/service-name: ghost } }
addressType: IPv4
endpoints: [{ addresses: [10.244.2.250], conditions: { ready: true } }]
ports: [{ port: 80, protocol: TCP, name: "" }]
`,
].join('')

export function flowWorld(cni: CniName): Simulation {
  const scenario = {
    ...plainScenario({ cni }),
    files: [{ machine: 'workstation', path: '/root/world.yaml', content: MANIFEST }],
    setup: 'kubectl apply -f /root/world.yaml && kubectl wait --for=condition=Ready pod --all --timeout=60s',
  }
  return Simulation.open(scenario, { keepEvents: false })
}

export function flowsOf(list: readonly object[]): FlowRequest[] {
  const flows = parseFlows(JSON.stringify({ flows: list }))
  assert(typeof flows !== 'string', String(flows))
  return flows
}

/** `FROM > TO PORT`, TCP unless said otherwise: `pod/default/near > service/default/names 53/UDP`. */
export function flowLine(line: string, more: object = {}): object {
  const [from, to, port = ''] = line.split(/ > | /)
  const [number, protocol = 'TCP'] = port.split('/')
  return { id: line, from, to, protocol: port === 'ICMP' ? 'ICMP' : protocol, ...(port !== 'ICMP' && { port: Number(number) }), ...more }
}

/** Ports of bridges carry chance in their names; here they are called after the pod behind them. */
export function readable(simulation: Simulation, text: string): string {
  let result = text
  for (const space of simulation.cluster.net.namespaces.values()) {
    for (const { peer, name } of space.links()) {
      if (space.pod === '' && peer?.netns.pod && name.startsWith('veth'))
        result = result.replaceAll(name, `veth-${peer.netns.pod.split('/')[1]}`)
    }
  }
  return result
}
