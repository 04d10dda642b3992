/**
 * A node's own object: registration, capacity, conditions, addresses; and its lease.
 * Truth: pkg/kubelet/kubelet_node_status.go, nodestatus/setters.go, component-helpers/apimachinery/lease.
 *
 * Omits: pressure conditions other than False, images, volumes in use, cloud providers.
 */
import type { ApiClient } from '../../api/client/api-client.ts'
import { hasReason } from '../../api/meta/status.ts'
import { formatMicroTime, formatTime } from '../../api/meta/timestamp.ts'
import type { Lease, Node, NodeCondition, NodeStatus, Taint } from '../../api/types/index.ts'
import { KERNEL_RELEASE } from '../../linux/proc-files.ts'
import type { Machine } from '../../linux/machine.ts'

export const KUBERNETES_VERSION = 'v1.36.0'
const CONTAINERD_VERSION = 'containerd://2.2.1'
export const LEASE_SECONDS = 40
export const LEASE_NAMESPACE = 'kube-node-lease'

export interface NodeFacts {
  machine: Machine
  name: string
  addresses: readonly string[]
  podCIDRs: readonly string[]
  labels: ReadonlyMap<string, string>
  taints: readonly Taint[]
  capacity: ReadonlyMap<string, string>
}

export interface ReadyState {
  ready: boolean
  /** Why not, in the kubelet's words. */
  message: string
}

export class NodeStatusWriter {
  readonly #client: ApiClient
  readonly #facts: NodeFacts
  #conditions: NodeCondition[] = []

  constructor(client: ApiClient, facts: NodeFacts) {
    this.#client = client
    this.#facts = facts
  }

  get #nowMs(): number {
    const { world } = this.#facts.machine
    return world.epochMs + Math.floor(world.clock.nowUs / 1000)
  }

  /** Creates the Node, or takes over the one that is there. */
  register(state: ReadyState): Node {
    const { name } = this.#facts
    const old = this.#client.find<Node>('nodes', '', name)
    if (old) {
      this.#conditions = old.status?.conditions ?? []
      this.update(state)
      return this.#client.get<Node>('nodes', '', name)
    }
    const node: Node = {
      apiVersion: 'v1',
      kind: 'Node',
      metadata: { name, labels: this.#labels(), annotations: { 'volumes.kubernetes.io/controller-managed-attach-detach': 'true' } },
      spec: {
        ...(this.#facts.podCIDRs.length > 0 ? { podCIDR: this.#facts.podCIDRs[0], podCIDRs: [...this.#facts.podCIDRs] } : {}),
        ...(this.#facts.taints.length > 0 ? { taints: [...this.#facts.taints] } : {}),
      },
      status: this.#status(state),
    }
    const made = this.#client.create<Node>('nodes', '', node)
    // Creation may drop the status, as it does for most resources.
    if (!made.status?.conditions?.length) this.update(state)
    return made
  }

  update(state: ReadyState): void {
    const status = this.#status(state)
    this.#conditions = status.conditions ?? []
    this.#client.patch('nodes', '', this.#facts.name, { type: 'merge', subresource: 'status', body: { status } })
  }

  /** The node controller has given the node up meanwhile. */
  contradicted(ready: boolean): boolean {
    const node = this.#client.find<Node>('nodes', '', this.#facts.name)
    return node?.status?.conditions?.find((c) => c.type === 'Ready')?.status !== (ready ? 'True' : 'False')
  }

  /** The heartbeat that the node controller looks for. */
  renewLease(): void {
    const { name, machine } = this.#facts
    const renewTime = formatMicroTime(machine.world.epochMs, machine.world.clock.nowUs)
    try {
      this.#client.patch('leases.coordination.k8s.io', LEASE_NAMESPACE, name, { type: 'merge', body: { spec: { renewTime } } })
    } catch (error) {
      if (!hasReason(error, 'NotFound')) throw error
      const owner = this.#client.find<Node>('nodes', '', name)
      const lease: Lease = {
        apiVersion: 'coordination.k8s.io/v1',
        kind: 'Lease',
        metadata: {
          name, namespace: LEASE_NAMESPACE,
          ...(owner ? { ownerReferences: [{ apiVersion: 'v1', kind: 'Node', name, uid: owner.metadata.uid ?? '' }] } : {}),
        },
        spec: { holderIdentity: name, leaseDurationSeconds: LEASE_SECONDS, renewTime },
      }
      this.#client.create('leases.coordination.k8s.io', LEASE_NAMESPACE, lease)
    }
  }

  #labels(): Record<string, string> {
    const { name, labels } = this.#facts
    const all = new Map([
      ['beta.kubernetes.io/arch', 'amd64'], ['beta.kubernetes.io/os', 'linux'], ['kubernetes.io/arch', 'amd64'],
      ['kubernetes.io/hostname', name], ['kubernetes.io/os', 'linux'], ...labels,
    ])
    return Object.fromEntries(all)
  }

  #status(state: ReadyState): NodeStatus {
    const { addresses, capacity, machine, name } = this.#facts
    const resources = Object.fromEntries(capacity)
    return {
      capacity: resources,
      allocatable: resources,
      conditions: this.#newConditions(state),
      addresses: [...addresses.map((address) => ({ type: 'InternalIP' as const, address })), { type: 'Hostname' as const, address: name }],
      daemonEndpoints: { kubeletEndpoint: { Port: 10250 } },
      nodeInfo: {
        machineID: idOf(machine, 'machine'), systemUUID: idOf(machine, 'system'), bootID: idOf(machine, `boot/${machine.bootedUs}`),
        kernelVersion: KERNEL_RELEASE, osImage: 'Debian GNU/Linux 12 (bookworm)', containerRuntimeVersion: CONTAINERD_VERSION,
        kubeletVersion: KUBERNETES_VERSION, kubeProxyVersion: '', operatingSystem: 'linux', architecture: 'amd64',
      },
    }
  }

  #newConditions(state: ReadyState): NodeCondition[] {
    const now = formatTime(this.#nowMs)
    const wanted: NodeCondition[] = [
      { type: 'MemoryPressure', status: 'False', reason: 'KubeletHasSufficientMemory', message: 'kubelet has sufficient memory available' },
      { type: 'DiskPressure', status: 'False', reason: 'KubeletHasNoDiskPressure', message: 'kubelet has no disk pressure' },
      { type: 'PIDPressure', status: 'False', reason: 'KubeletHasSufficientPID', message: 'kubelet has sufficient PID available' },
      state.ready
        ? { type: 'Ready', status: 'True', reason: 'KubeletReady', message: 'kubelet is posting ready status' }
        : { type: 'Ready', status: 'False', reason: 'KubeletNotReady', message: state.message },
    ]
    // Conditions of others (NetworkUnavailable of a network provider) stay.
    const own = new Set(wanted.map((c) => c.type))
    const current = this.#client.find<Node>('nodes', '', this.#facts.name)?.status?.conditions ?? this.#conditions
    return [...current.filter((c) => !own.has(c.type)), ...wanted.map((c) => {
      const before = current.find((o) => o.type === c.type)
      const lastTransitionTime = before?.status === c.status ? (before.lastTransitionTime ?? now) : now
      return { ...c, lastHeartbeatTime: now, lastTransitionTime }
    })]
  }
}

function idOf(machine: Machine, what: string): string {
  return machine.world.random.stream(`node-id/${machine.name}/${what}`).uuid()
}
