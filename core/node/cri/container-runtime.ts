/**
 * The Container Runtime Interface as the kubelet uses it: sandboxes with their network, containers, images. It stands for
 * containerd. Long calls are generators that wait on the Clock.
 * Truth: k8s.io/cri-api (api.proto), containerd's CRI plugin (error texts, ids of 64 hexadecimal digits).
 *
 * Omits: runtime classes, checkpoints, stats of real usage.
 */
import type { Machine } from '../../linux/machine.ts'
import { type Wait, WaitQueue, workWait } from '../../linux/wait.ts'
import { CniRuntime, type PodNetwork } from '../cni/cni-runtime.ts'
import { isCniError } from '../cni/cni-types.ts'
import { Container, type ContainerConfig } from './container.ts'
import { type ImageSource, ImageStore } from './image-store.ts'
import { Sandbox, type SandboxConfig } from './sandbox.ts'

/** What it takes containerd and runc, about: a sandbox's task, a container's task. */
const SANDBOX_US = 30_000
const CONTAINER_US = 20_000

export class ContainerRuntime {
  readonly machine: Machine
  readonly images: ImageStore
  readonly cni: CniRuntime
  readonly sandboxes = new Set<Sandbox>()

  constructor(machine: Machine, source: ImageSource) {
    this.machine = machine
    this.images = new ImageStore(source)
    this.cni = new CniRuntime(machine)
  }

  /** NetworkReady of the runtime's status. */
  get networkReady(): boolean {
    return this.cni.configuration() !== null
  }

  /** RunPodSandbox. A text is the error that the kubelet reports. */
  *runSandbox(config: SandboxConfig, onExit: () => void): Generator<Wait, Sandbox | string, unknown> {
    const random = this.machine.world.random.stream(`cri/${this.machine.name}`)
    const sandbox = new Sandbox(this.machine, random.hex(64), `cni-${random.uuid()}`, config)
    this.sandboxes.add(sandbox)
    yield workWait(this.machine.world.clock, SANDBOX_US)
    sandbox.startPause(onExit)
    if (config.hostNetwork) return sandbox
    const network = podNetwork(sandbox)
    const result = yield* this.cni.add(network)
    if (isCniError(result)) {
      yield* this.cni.del(network)
      sandbox.remove()
      this.sandboxes.delete(sandbox)
      return `rpc error: code = Unknown desc = failed to setup network for sandbox "${sandbox.id}": ${result.msg}`
    }
    sandbox.ips = (result.ips ?? []).map((ip) => ip.address.split('/')[0])
    return sandbox
  }

  /** StopPodSandbox and RemovePodSandbox: network down, namespace gone. A text is the error of a plugin. */
  *stopSandbox(sandbox: Sandbox): Generator<Wait, string | null, unknown> {
    if (sandbox.stopped) return null
    sandbox.stopPause()
    const failed = sandbox.pod.hostNetwork ? null : yield* this.cni.del(podNetwork(sandbox))
    sandbox.remove()
    this.sandboxes.delete(sandbox)
    return failed ? `rpc error: code = Unknown desc = failed to destroy network for sandbox "${sandbox.id}": ${failed.msg}` : null
  }

  /** CreateContainer and StartContainer. */
  createContainer(sandbox: Sandbox, config: ContainerConfig): Container {
    const random = this.machine.world.random.stream(`cri/${this.machine.name}`)
    return new Container(this.machine, sandbox, random.hex(64), config)
  }

  *startContainer(container: Container, onExit: () => void): Generator<Wait, void, unknown> {
    yield workWait(this.machine.world.clock, CONTAINER_US)
    container.start(onExit)
  }

  /** StopContainer: asks, waits, kills. */
  *stopContainer(container: Container, graceUs: number): Generator<Wait, void, unknown> {
    const proc = container.process
    if (container.state !== 'running' || !proc) return
    const clock = this.machine.world.clock
    if (graceUs > 0) {
      container.stop()
      const over = new WaitQueue()
      // A grace period is real work to wait for: without it the world would count as settled in the midst of a deletion.
      const timer = clock.after(graceUs, () => over.wake())
      const unlisten = proc.changed.listen(() => over.wake())
      while (isRunning(container) && timer.run !== null) yield over.wait
      clock.cancel(timer)
      unlisten()
    }
    if (!isRunning(container)) return
    container.kill()
    while (isRunning(container)) yield proc.changed.wait
  }

  /** Removes the records of sandboxes that a power cut left behind: their addresses are free again. */
  forgetLeftovers(): void {
    const fs = this.machine.fs
    for (const dir of ['/var/lib/cni/results', '/var/lib/cni/flannel']) fs.remove(dir, { recursive: true })
    const networks = fs.list('/var/lib/cni/networks')
    if (typeof networks !== 'string') for (const name of networks) fs.remove(`/var/lib/cni/networks/${name}`, { recursive: true })
    this.sandboxes.clear()
  }
}

function isRunning(container: Container): boolean {
  return container.state === 'running'
}

function podNetwork(sandbox: Sandbox): PodNetwork {
  const { pod } = sandbox
  return {
    containerId: sandbox.id, netnsPath: sandbox.netnsPath, namespace: pod.namespace, pod: pod.name, uid: pod.uid, ip: pod.ip,
    portMappings: pod.portMappings,
  }
}
