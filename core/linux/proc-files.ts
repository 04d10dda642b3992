/**
 * What the kernel shows as files: /dev, /proc/<pid>, /proc/net, /proc/sys (sysctls of the context's network namespace),
 * /sys/class/net. Truth: proc(5), Documentation/filesystems/proc.rst, net/core/net-procfs.c, net/ipv4/fib_trie.c.
 *
 * Omits: everything of /proc and /sys that a network learner does not read.
 */
import { type Errno, isErrno } from '../base/errno.ts'
import { byText } from '../base/text-order.ts'
import type { NetDevice } from '../net/device/net-device.ts'
import { formatMac } from '../net/addr/mac.ts'
import type { FileSystem } from './file-system.ts'
import type { VirtualDirectory, VirtualFile } from './inode.ts'
import type { Machine } from './machine.ts'
import { arpFile, devFile, routeFile, socketFile } from './proc-net.ts'
import type { Process } from './process.ts'
import type { ProcessContext } from './process-context.ts'

export const KERNEL_RELEASE = '6.18.0-vethlab'

/** Puts /dev, /proc and /sys of `context` into `fs`, its root file system. */
export function mountKernelFiles(fs: FileSystem, context: ProcessContext, machine: Machine): void {
  for (const name of ['null', 'zero', 'full', 'random', 'urandom', 'tty'] as const) fs.device(`/dev/${name}`, name)
  for (const name of ['stdin', 'stdout', 'stderr'] as const) fs.device(`/dev/${name}`, name)
  fs.mkdir('/dev/pts', { parents: true })
  fs.mkdir('/proc', { parents: true })
  const clock = machine.world.clock
  const text = (path: string, read: () => string): void => fs.virtual(path, { read })
  text('/proc/version', () => `Linux version ${KERNEL_RELEASE} (vethlab) #1 SMP\n`)
  text('/proc/uptime', () => `${((clock.nowUs - machine.bootedUs) / 1e6).toFixed(2)} 0.00\n`)
  text('/proc/loadavg', () => `0.00 0.00 0.00 1/${machine.processes.size} 0\n`)
  text('/proc/cpuinfo', () => 'processor\t: 0\nmodel name\t: Vethlab virtual processor\n\n')
  text('/proc/meminfo', () => 'MemTotal:        8388608 kB\nMemFree:         6291456 kB\nMemAvailable:    7340032 kB\n')
  text('/proc/mounts', () => 'overlay / overlay rw,relatime 0 0\nproc /proc proc rw,nosuid,nodev,noexec,relatime 0 0\n')
  text('/proc/filesystems', () => 'nodev\tproc\nnodev\ttmpfs\n\text4\n')
  text('/proc/net/dev', () => devFile(context.netns))
  text('/proc/net/route', () => routeFile(context.netns))
  text('/proc/net/arp', () => arpFile(context.netns))
  text('/proc/net/tcp', () => socketFile(context.netns, 'tcp', false))
  text('/proc/net/tcp6', () => socketFile(context.netns, 'tcp', true))
  text('/proc/net/udp', () => socketFile(context.netns, 'udp', false))
  text('/proc/net/udp6', () => socketFile(context.netns, 'udp', true))
  fs.virtualDirectory('/proc/sys', sysctlDirectory(context, ''))
  mountProcesses(fs, context, machine)
  fs.virtualDirectory('/sys/class/net', {
    names: () => context.netns.links().map((link) => link.name),
    lookup: (name) => {
      const link = context.netns.link(name)
      return link && linkDirectory(link)
    },
  })
}

/** /proc/<pid>: the walk asks /proc itself, so its other entries are asked first. */
function mountProcesses(fs: FileSystem, context: ProcessContext, machine: Machine): void {
  fs.overlayDirectory('/proc', {
    names: () => machine.processesOf(context).map((proc) => String(numberIn(context, machine, proc))),
    lookup: (name) => {
      const proc = /^\d+$/.test(name) ? machine.findProcess(context, Number(name)) : undefined
      return proc && processDirectory(context, machine, proc)
    },
  })
}

/** The number by which `context` knows a process. */
export function numberIn(context: ProcessContext, machine: Machine, proc: Process): number {
  return context === machine.root ? proc.pid : proc.localPid
}

function processDirectory(context: ProcessContext, machine: Machine, proc: Process): VirtualDirectory {
  const number = numberIn(context, machine, proc)
  return table({
    cmdline: () => proc.argv.map((word) => `${word}\0`).join(''),
    comm: () => `${proc.name.slice(0, 15)}\n`,
    status: () => `Name:\t${proc.name.slice(0, 15)}\nState:\t${proc.stopped ? 'T (stopped)' : 'S (sleeping)'}\nPid:\t${number}\nPPid:\t${proc.ppid}\n`,
    environ: () => [...proc.env].map(([name, value]) => `${name}=${value}\0`).join(''),
    cgroup: () => `0::/${proc.context.label}\n`,
  })
}

function linkDirectory(link: NetDevice): VirtualDirectory {
  return table({
    address: () => `${formatMac(link.mac)}\n`,
    mtu: () => `${link.mtu}\n`,
    ifindex: () => `${link.ifindex}\n`,
    operstate: () => `${link.operstate()}\n`,
    carrier: () => `${link.carrier ? 1 : 0}\n`,
    iflink: () => `${link.peer?.ifindex ?? link.ifindex}\n`,
  })
}

function table(files: Record<string, () => string>): VirtualDirectory {
  const entries = new Map<string, VirtualFile>(Object.entries(files).map(([name, read]) => [name, { read }]))
  return { names: () => [...entries.keys()].sort(byText), lookup: (name) => entries.get(name) }
}

/** A directory of /proc/sys: `prefix` is '' or ends with a slash. */
function sysctlDirectory(context: ProcessContext, prefix: string): VirtualDirectory {
  const children = (): Set<string> => {
    const names = new Set<string>()
    for (const name of sysctlPaths(context)) if (name.startsWith(prefix)) names.add(name.slice(prefix.length).split('/')[0])
    return names
  }
  return {
    names: () => [...children()],
    lookup: (name) => {
      const path = prefix + name
      if (sysctlPaths(context).includes(path)) return sysctlFile(context, path)
      return children().has(name) ? sysctlDirectory(context, `${path}/`) : undefined
    },
  }
}

/** Names with slashes: an interface's name may hold a dot, which sysctl(8) then writes as a slash. */
function sysctlPaths(context: ProcessContext): string[] {
  const own = ['kernel/hostname', 'kernel/osrelease', 'kernel/pid_max']
  return [...own, ...context.netns.sysctl.names().map((name) => (name.includes('/') ? name : name.replaceAll('.', '/')))]
}

function sysctlFile(context: ProcessContext, path: string): VirtualFile {
  if (path === 'kernel/osrelease') return { read: () => `${KERNEL_RELEASE}\n` }
  if (path === 'kernel/pid_max') return { read: () => '4194304\n' }
  if (path === 'kernel/hostname') {
    const write = (text: string): Errno | null => {
      context.hostname = text.trim()
      return null
    }
    return { read: () => `${context.hostname}\n`, write }
  }
  return {
    read: () => {
      const value = context.netns.sysctl.get(path)
      return value === null || isErrno(value) ? '' : `${value}\n`
    },
    write: (text) => context.netns.sysctl.set(path, text.trim()),
  }
}
