/**
 * A whole cluster out of its description: machines and cables, the API server with controllers and scheduler, kubelets, add-ons.
 * `boot` switches everything on and runs the world until only background work is left.
 */
import { ApiClient } from '../api/client/api-client.ts'
import { isStatusError } from '../api/meta/status.ts'
import { kubernetesSchema } from '../api/schema/kubernetes-schema.ts'
import { ApiServer } from '../api/server/api-server.ts'
import { assert } from '../base/assert.ts'
import { kubectl } from '../commands/kubectl/index.ts'
import { startSshd } from '../commands/ssh/sshd.ts'
import { controllerManager, scheduler } from '../control/index.ts'
import { CONTROL_PLANE_HANDLE } from '../images/control-plane/control-plane.ts'
import { resolveImage } from '../images/index.ts'
import { type LinuxWorld, type Machine, createLinuxWorld } from '../linux/machine.ts'
import type { Process } from '../linux/process.ts'
import { type IpAddr, formatIp, parseIp, parsePrefix } from '../net/addr/ip.ts'
import { NetWorld } from '../net/net-world.ts'
import { installCniPlugins } from '../node/cni/index.ts'
import type { Container } from '../node/cri/container.ts'
import { Kubelet } from '../node/kubelet/kubelet.ts'
import { MANIFEST_DIR } from '../node/kubelet/static-pods.ts'
import type { Clock } from '../sim/clock.ts'
import type { RandomStreams } from '../sim/random.ts'
import type { Trace } from '../sim/trace.ts'
import { ControlPlane } from './control-plane-switch.ts'
import { ApiGate, GatedClient } from './gated-client.ts'
import { gatedEndpoint } from './gated-endpoint.ts'
import { labCommand } from './lab-command.ts'
import { writeKubeconfig, writeMachineFiles } from './machine-files.ts'
import * as manifests from './manifests.ts'
import { dnsmasq } from './router-dns.ts'
import { type LineOptions, type Terminal, type TerminalOptions, openTerminal, runLine } from './terminals.ts'
import { type Topology, buildTopology } from './topology.ts'
import { ROUTER_NAME, type WorldSpec, addressAt } from './world-defaults.ts'

export type { LineOptions, Terminal, TerminalOptions } from './terminals.ts'

export interface ClusterDeps {
  clock: Clock
  random: RandomStreams
  trace: Trace
}

const BOOT_EVENTS_MAX = 20_000_000
const API_PORT = 6443
const KUBELET_PORT = 10250
/** Kubernetes' customs: the first service address is the API server's, the tenth is the name server's. */
const API_SERVICE_NUMBER = 1
const DNS_SERVICE_NUMBER = 10

export class Cluster {
  readonly spec: WorldSpec
  readonly clock: Clock
  readonly random: RandomStreams
  readonly trace: Trace
  readonly net: NetWorld
  readonly linux: LinuxWorld
  readonly server: ApiServer
  readonly machines: ReadonlyMap<string, Machine>
  readonly topology: Topology
  readonly kubelets = new Map<string, Kubelet>()
  readonly controlPlane: ControlPlane
  readonly #controlNode: string
  readonly #gates = new Map<string, ApiGate>()

  constructor(spec: WorldSpec, deps: ClusterDeps) {
    this.spec = spec
    this.clock = deps.clock
    this.random = deps.random
    this.trace = deps.trace
    this.net = new NetWorld(deps)
    this.linux = createLinuxWorld({ ...deps, net: this.net, lastWords })
    this.topology = buildTopology(spec, this.linux)
    this.machines = this.topology.machines
    const control = spec.nodes.find((node) => node.roles.includes('control-plane'))
    assert(control, 'a world has a control-plane node')
    this.#controlNode = control.name
    this.server = new ApiServer({
      ...deps, epochMs: this.linux.epochMs, schema: kubernetesSchema, serviceCidrs: spec.networks.services, clusterDomain: spec.networks.domain,
    })
    const all = { ...deps, server: this.server }
    this.controlPlane = new ControlPlane(this.server, new Map([
      ['kube-controller-manager' as const, () => controllerManager(all)],
      ['kube-scheduler' as const, () => scheduler(all)],
    ]))
    for (const machine of this.machines.values()) this.#furnish(machine)
    for (const node of spec.nodes) this.#addKubelet(node.name)
    this.#furnishControlNode()
    this.#createObjects()
  }

  /** A client of the API that no cut cable disturbs: for assembly, checks and views. */
  client(actor: string): ApiClient {
    return new ApiClient(this.server, actor)
  }

  /** Switches all machines on and runs until nothing but background work is left. False when `eventsMax` did not suffice. */
  boot(eventsMax = BOOT_EVENTS_MAX): boolean {
    for (const machine of this.machines.values()) machine.start()
    for (let events = 0; this.clock.foregroundPending > 0; events += 1) {
      if (events >= eventsMax) return false
      this.clock.step()
    }
    return true
  }

  openTerminal(options: TerminalOptions): Terminal | string {
    return openTerminal(this, options)
  }

  runLine(options: LineOptions): (() => void) | string {
    return runLine(this, options)
  }

  /** A container by `namespace/pod` and name ('' for the pod's default one); undefined when it does not run on any node. */
  container(namespace: string, pod: string, name: string): Container | undefined {
    for (const kubelet of this.kubelets.values()) {
      const worker = kubelet.worker(namespace, pod)
      const record = name === '' ? worker?.main[0] : worker?.records.find((r) => r.spec.name === name)
      if (record?.current?.state === 'running') return record.current
    }
    return undefined
  }

  /** The network namespace's machine and containers of a pod, for whoever describes the world. */
  containersOf(namespace: string, pod: string): Container[] | undefined {
    for (const kubelet of this.kubelets.values()) {
      const worker = kubelet.worker(namespace, pod)
      if (worker) return worker.records.flatMap((r) => (r.current?.state === 'running' ? [r.current] : []))
    }
    return undefined
  }

  // --- Assembly ----------------------------------------------------------------------------------------------------------

  #furnish(machine: Machine): void {
    const gateway = this.topology.addresses.get(ROUTER_NAME) as IpAddr
    writeMachineFiles(machine, this.topology.addresses, gateway)
    machine.onStart.push(() => {
      startSshd(machine)
    })
    if (machine.name === ROUTER_NAME) {
      machine.onStart.push(() => {
        machine.spawn({ argv: ['/usr/sbin/dnsmasq', '-k'], program: dnsmasq, tty: null, env: new Map(), cwd: '/', pgid: 'own' })
      })
    }
    if (machine.name === 'workstation') {
      writeKubeconfig(machine, `https://${formatIp(this.#apiAddress())}:${API_PORT}`)
      machine.fs.install('/usr/local/bin/kubectl', kubectl((proc) => this.#connect(proc)))
      machine.fs.install('/usr/local/bin/lab', labCommand({
        machines: this.machines, wires: this.topology.wires, containers: (namespace, pod) => this.containersOf(namespace, pod),
      }))
    }
  }

  #furnishControlNode(): void {
    const machine = this.#machine(this.#controlNode)
    writeKubeconfig(machine, `https://${formatIp(this.#apiAddress())}:${API_PORT}`)
    machine.fs.install('/usr/local/bin/kubectl', kubectl((proc) => this.#connect(proc)))
    machine.fs.mkdir(MANIFEST_DIR, { parents: true })
    for (const [file, text] of manifests.staticPodManifests(this.spec, formatIp(this.#apiAddress()))) machine.fs.write(`${MANIFEST_DIR}/${file}`, text)
  }

  #addKubelet(name: string): void {
    const { spec } = this
    const node = spec.nodes.find((n) => n.name === name)
    assert(node, `a node ${name}`)
    const machine = this.#machine(name)
    installCniPlugins(machine.fs)
    const control = name === this.#controlNode
    const kubelet = new Kubelet({
      machine, server: this.server, images: resolveImage, preloaded: PRELOADED,
      client: this.#gatedClient(name, `kubelet/${name}`),
      clientFor: (actor) => this.#gatedClient(name, actor),
      clusterDns: [this.#serviceAddress(DNS_SERVICE_NUMBER)], clusterDomain: spec.networks.domain,
      addresses: node.addresses, podCIDRs: node.podCIDRs, labels: node.labels, capacity: node.capacity,
      taints: node.taints.map(({ key, value, effect }) => (value === '' ? { key, effect } : { key, value, effect })),
      handles: control ? new Map<string, unknown>([[CONTROL_PLANE_HANDLE, this.controlPlane]]) : undefined,
    })
    this.kubelets.set(name, kubelet)
    this.server.registerKubelet(name, gatedEndpoint(kubelet.endpoint, `${node.addresses[0]}:${KUBELET_PORT}`, () => this.#reaches(name)))
    machine.onStart.push(() => kubelet.start())
  }

  #createObjects(): void {
    const { spec } = this
    const apiserver = this.client('kube-apiserver')
    const create = (client: ApiClient, list: readonly manifests.Manifest[]): void => {
      for (const { resource, namespace, object } of list) {
        if (!client.find(resource, namespace, object.metadata.name)) client.create(resource, namespace, object)
      }
    }
    create(apiserver, manifests.namespaceManifests())
    create(apiserver, manifests.kubernetesService(this.#serviceAddress(API_SERVICE_NUMBER), formatIp(this.#apiAddress())))
    const kubeadm = this.client('kubeadm')
    if (spec.addons.includes('kube-proxy')) create(kubeadm, manifests.kubeProxyManifests(spec))
    if (spec.addons.includes('coredns')) create(kubeadm, manifests.corednsManifests(spec, this.#serviceAddress(DNS_SERVICE_NUMBER)))
    create(kubeadm, manifests.networkManifests(spec))
  }

  // --- Ways to the API ---------------------------------------------------------------------------------------------------

  #gatedClient(machine: string, actor: string): ApiClient {
    return new GatedClient(this.server, actor, this.#gate(machine))
  }

  #gate(machine: string): ApiGate {
    let gate = this.#gates.get(machine)
    if (!gate) {
      gate = new ApiGate(() => this.server.available && this.#reaches(machine))
      this.#gates.set(machine, gate)
    }
    return gate
  }

  /** Whether frames could get from a machine to the API server's. */
  #reaches(name: string): boolean {
    const { router, wires } = this.topology
    const plugged = (machine: string): boolean => {
      const eth0 = this.machines.get(machine)?.netns.link('eth0')
      return this.machines.get(machine)?.running === true && wires.get(machine)?.up === true && eth0?.up === true && eth0.carrier
    }
    if (name === this.#controlNode) return this.#machine(name).running
    return router.running && plugged(name) && plugged(this.#controlNode)
  }

  /** What kubectl's process gets: a client, or what it says when the server does not answer. */
  #connect(proc: Process): ApiClient | string {
    const host = `${formatIp(this.#apiAddress())}:${API_PORT}`
    if (!this.#reaches(proc.machine.name)) return `Unable to connect to the server: dial tcp ${host}: connect: no route to host`
    if (!this.server.available) return `The connection to the server ${host} was refused - did you specify the right host or port?`
    return this.client('kubectl')
  }

  // --- Names and numbers -------------------------------------------------------------------------------------------------

  #machine(name: string): Machine {
    const machine = this.machines.get(name)
    assert(machine, `a machine ${name}`)
    return machine
  }

  #apiAddress(): IpAddr {
    const text = this.spec.nodes.find((n) => n.name === this.#controlNode)?.addresses[0] ?? ''
    const ip = parseIp(text)
    assert(ip !== null, `an address of the control plane: ${text}`)
    return ip
  }

  #serviceAddress(number: number): string {
    const prefix = parsePrefix(this.spec.networks.services[0])
    assert(prefix, 'a service network')
    return formatIp(addressAt(prefix, number))
  }
}

/** A program that lets the API's refusal fall through ends like a Go program whose main returns it. */
function lastWords(error: unknown): string | null {
  return isStatusError(error) ? `Error: ${error.message}\n` : null
}

/** Add-ons do not wait for a download: as in kind, their images are on the nodes. */
const PRELOADED = [
  manifests.COREDNS_IMAGE, manifests.KUBE_PROXY_IMAGE, manifests.FLANNEL_IMAGE, manifests.FLANNEL_CNI_IMAGE, manifests.L2_BRIDGE_IMAGE,
  manifests.PAUSE_IMAGE, 'registry.k8s.io/etcd:3.6.5-0', 'registry.k8s.io/kube-apiserver:v1.36.0',
  'registry.k8s.io/kube-controller-manager:v1.36.0', 'registry.k8s.io/kube-scheduler:v1.36.0',
]

export function buildCluster(spec: WorldSpec, deps: ClusterDeps): Cluster {
  return new Cluster(spec, deps)
}

