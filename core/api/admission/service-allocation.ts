/**
 * What a service gets when it is written, and gives back when it goes: families, cluster addresses, node ports, health check
 * port. pkg/registry/core/service/storage/alloc.go.
 */
import { invalid } from '../meta/field-error.ts'
import type { FieldError } from '../meta/field-error.ts'
import { equalJson } from '../meta/json.ts'
import type { Service } from '../types/index.ts'
import type { ClusterIpAllocator, NodePortAllocator } from './cluster-ip-allocator.ts'

/** What was taken in a write that may still fail or be a dry run. */
export interface Allocation {
  errors: FieldError[]
  commit(): void
  rollback(): void
}

export class ServiceAllocation {
  readonly #ips: ClusterIpAllocator
  readonly #ports: NodePortAllocator

  constructor(ips: ClusterIpAllocator, ports: NodePortAllocator) {
    this.#ips = ips
    this.#ports = ports
  }

  allocate(service: Service, old?: Service): Allocation {
    const errors: FieldError[] = []
    const taken: (() => void)[] = []
    const released: (() => void)[] = []
    const { spec } = service
    if (!spec) return { errors, commit() {}, rollback() {} }
    if (old) inherit(service, old)
    if (spec.type === 'ExternalName') {
      delete spec.clusterIP
      delete spec.clusterIPs
      delete spec.ipFamilies
      delete spec.ipFamilyPolicy
    } else this.#addresses(service, old, errors, taken)
    if (spec.type === 'NodePort' || spec.type === 'LoadBalancer') this.#nodePorts(service, old, errors, taken)
    else if (old && old.spec.type !== spec.type)
      // Ports that the old type had are dropped when the client just repeats them.
      for (const [i, port] of (spec.ports ?? []).entries())
        if (port.nodePort && old.spec.ports?.[i]?.nodePort === port.nodePort) delete port.nodePort
    this.#releaseLeft(service, old, released)
    return {
      errors,
      commit: () => {
        for (const release of released) release()
      },
      rollback: () => {
        for (const undo of taken) undo()
      },
    }
  }

  release(service: Service): void {
    for (const ip of service.spec.clusterIPs ?? []) if (ip !== 'None') this.#ips.release(ip)
    for (const port of service.spec.ports ?? []) if (port.nodePort) this.#ports.release(port.protocol ?? 'TCP', port.nodePort)
    if (service.spec.healthCheckNodePort) this.#ports.release('TCP', service.spec.healthCheckNodePort)
  }

  #addresses(service: Service, old: Service | undefined, errors: FieldError[], taken: (() => void)[]): void {
    const { spec } = service
    if (spec.clusterIP && !spec.clusterIPs?.length) spec.clusterIPs = [spec.clusterIP]
    if (!spec.clusterIP && spec.clusterIPs?.length) spec.clusterIP = spec.clusterIPs[0]
    this.#families(service, errors)
    if (errors.length > 0) return
    if (spec.clusterIP === 'None') {
      spec.clusterIPs = ['None']
      return
    }
    const had = new Set(old?.spec.clusterIPs ?? [])
    const ips: string[] = []
    for (const [i, family] of spec.ipFamilies!.entries()) {
      const wanted = spec.clusterIPs?.[i]
      if (wanted && had.has(wanted)) ips.push(wanted)
      else if (wanted) {
        const why = this.#ips.claim(wanted)
        if (why) errors.push(invalid('spec.clusterIPs', spec.clusterIPs, why))
        else taken.push(() => this.#ips.release(wanted))
        ips.push(wanted)
      } else {
        const ip = this.#ips.next(family)
        if (!ip) errors.push(invalid('spec.clusterIPs', spec.clusterIPs ?? [], 'failed to allocate a serviceIP: range is full'))
        else {
          taken.push(() => this.#ips.release(ip))
          ips.push(ip)
        }
      }
    }
    spec.clusterIPs = ips
    spec.clusterIP = ips[0]
  }

  #families(service: Service, errors: FieldError[]): void {
    const { spec } = service
    const available = this.#ips.families
    spec.ipFamilyPolicy ??= 'SingleStack'
    const asked = spec.ipFamilies ?? (spec.clusterIPs ?? []).filter((ip) => ip !== 'None').map((ip) => this.#ips.familyOf(ip))
    const families = asked.length > 0 ? [...asked] : [available[0]!]
    for (const [i, family] of families.entries())
      if (!available.includes(family)) errors.push(invalid(`spec.ipFamilies[${i}]`, family, 'not configured on this cluster'))
    if (spec.ipFamilyPolicy === 'RequireDualStack' && available.length < 2)
      errors.push(invalid('spec.ipFamilyPolicy', spec.ipFamilyPolicy, 'this cluster is not configured for dual-stack services'))
    if (spec.ipFamilyPolicy !== 'SingleStack') for (const family of available) if (!families.includes(family)) families.push(family)
    spec.ipFamilies = families
  }

  #nodePorts(service: Service, old: Service | undefined, errors: FieldError[], taken: (() => void)[]): void {
    const { spec } = service
    if (spec.type === 'LoadBalancer' && spec.allocateLoadBalancerNodePorts === false && !(spec.ports ?? []).some((p) => p.nodePort)) return
    const had = new Set((old?.spec.ports ?? []).map((p) => `${p.protocol}/${p.nodePort}`))
    const mine = new Map<number, string>()
    for (const [i, port] of (spec.ports ?? []).entries()) {
      const protocol = port.protocol ?? 'TCP'
      if (port.nodePort && had.has(`${protocol}/${port.nodePort}`)) continue
      if (port.nodePort) {
        const why = this.#ports.claim(protocol, port.nodePort)
        if (why) errors.push(invalid(`spec.ports[${i}].nodePort`, port.nodePort, why))
        else taken.push(this.#undoPort(protocol, port.nodePort))
        mine.set(port.nodePort, protocol)
        continue
      }
      // The same number serves a port that differs only in protocol (DNS over TCP and UDP).
      const twin = spec.ports!.find((p) => p !== port && p.port === port.port && p.nodePort && p.protocol !== port.protocol)
      if (twin?.nodePort && this.#ports.claim(protocol, twin.nodePort) === undefined) port.nodePort = twin.nodePort
      else port.nodePort = this.#ports.next(protocol)
      if (port.nodePort === undefined) errors.push(invalid(`spec.ports[${i}].nodePort`, 0, 'failed to allocate a nodePort: range is full'))
      else taken.push(this.#undoPort(protocol, port.nodePort))
    }
    if (spec.type === 'LoadBalancer' && spec.externalTrafficPolicy === 'Local' && !spec.healthCheckNodePort) {
      const port = this.#ports.next('TCP')
      if (port !== undefined) {
        spec.healthCheckNodePort = port
        taken.push(this.#undoPort('TCP', port))
      }
    }
  }

  #undoPort(protocol: string, port: number): () => void {
    return () => this.#ports.release(protocol, port)
  }

  #releaseLeft(service: Service, old: Service | undefined, released: (() => void)[]): void {
    if (!old) return
    const ips = new Set(service.spec.clusterIPs ?? [])
    for (const ip of old.spec.clusterIPs ?? []) if (ip !== 'None' && !ips.has(ip)) released.push(() => this.#ips.release(ip))
    const ports = new Set((service.spec.ports ?? []).map((p) => `${p.protocol}/${p.nodePort}`))
    for (const p of old.spec.ports ?? [])
      if (p.nodePort && !ports.has(`${p.protocol}/${p.nodePort}`))
        released.push(() => this.#ports.release(p.protocol ?? 'TCP', p.nodePort!))
    const health = old.spec.healthCheckNodePort
    if (health && health !== service.spec.healthCheckNodePort) released.push(() => this.#ports.release('TCP', health))
  }
}

/** A client that does not repeat what the server gave means no change (patchAllocatedValues). */
function inherit(service: Service, old: Service): void {
  const { spec } = service
  if (spec.type !== 'ExternalName' && old.spec.type !== 'ExternalName') {
    if (!spec.clusterIP && !spec.clusterIPs?.length) {
      spec.clusterIP = old.spec.clusterIP
      spec.clusterIPs = old.spec.clusterIPs && [...old.spec.clusterIPs]
    } else if (spec.clusterIP !== old.spec.clusterIP && equalJson(spec.clusterIPs, old.spec.clusterIPs) && spec.clusterIP)
      spec.clusterIPs = [spec.clusterIP]
    spec.ipFamilies ??= old.spec.ipFamilies && [...old.spec.ipFamilies]
    spec.ipFamilyPolicy ??= old.spec.ipFamilyPolicy
  }
  const external = (type: string | undefined) => type === 'NodePort' || type === 'LoadBalancer'
  if (!external(spec.type) || !external(old.spec.type)) return
  const before = new Map((old.spec.ports ?? []).map((p) => [`${p.protocol}/${p.port}`, p.nodePort]))
  const used = new Set((spec.ports ?? []).map((p) => p.nodePort).filter((p) => p !== undefined))
  for (const port of spec.ports ?? []) {
    const kept = before.get(`${port.protocol}/${port.port}`)
    if (!port.nodePort && kept && !used.has(kept)) port.nodePort = kept
  }
  if (spec.externalTrafficPolicy === 'Local') spec.healthCheckNodePort ??= old.spec.healthCheckNodePort
}
