/** Names of network namespaces: the files of /run/netns of a machine, and /proc/PID/ns/net. */
import type { NetNamespace } from '../../net/net-namespace.ts'
import type { Process } from '../../linux/process.ts'

/** The named namespaces of this machine: what `ip netns` lists. Containers do not see them. */
export function namedNamespaces(proc: Process): NetNamespace[] {
  const { machine, context } = proc
  if (context.fs !== machine.root.fs) return []
  return [...proc.netns.world.namespaces.values()].filter((ns) => ns.machine === machine.name && ns !== machine.netns)
}

/** By name, by pid, or by a path such as /run/netns/NAME and /proc/PID/ns/net. */
export function namespaceNamed(proc: Process, name: string): NetNamespace | null {
  const pid = /^(?:\/proc\/)?(\d+)(?:\/ns\/net)?$/.exec(name)
  if (pid) {
    if (pid[1] === '1' && proc.context.fs === proc.machine.root.fs) return proc.machine.netns
    return proc.machine.findProcess(proc.context, Number(pid[1]))?.netns ?? null
  }
  const short = name.replace(/^\/(?:var\/)?run\/netns\//, '')
  return namedNamespaces(proc).find((ns) => ns.name === short) ?? null
}
