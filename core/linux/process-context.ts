/**
 * What a group of processes sees as its world: network namespace, root directory, host name, process numbers. A machine has
 * one of its own, each container another (namespaces(7)).
 */
import type { NetNamespace } from '../net/net-namespace.ts'
import type { FileSystem } from './file-system.ts'

export interface ProcessContext {
  netns: NetNamespace
  fs: FileSystem
  hostname: string
  /** '' for a machine's own, `namespace/pod/container` for a container's. */
  readonly label: string
  /** Machine-wide pid of its first process, or 0: killing that one ends the others (pid_namespaces(7)). */
  init: number
  /** Services of the assembly, by name; the kernel does not look inside. */
  readonly handles: Map<string, unknown>
  /** Process numbers inside, when they differ from the machine's: the last one given. */
  lastPid: number
}

export function createContext(options: {
  netns: NetNamespace
  fs: FileSystem
  hostname: string
  label?: string
  handles?: Map<string, unknown>
}): ProcessContext {
  const { netns, fs, hostname } = options
  return { netns, fs, hostname, label: options.label ?? '', init: 0, handles: options.handles ?? new Map(), lastPid: 0 }
}
