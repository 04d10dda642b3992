/** The sockets of a process's namespace with what ss and netstat add: family, owner as the caller sees it. */
import { isV6 } from '../../net/addr/ip.ts'
import type { SocketInfo } from '../../net/socket/socket-table.ts'
import type { Process } from '../../linux/process.ts'

export interface SocketRow extends SocketInfo {
  v6: boolean
  /** Accepts both families. */
  dual: boolean
  /** Pid in the caller's eyes, or 0 when it cannot see the owner. */
  pid: number
  name: string
  fd: number
  ino: number
}

/** First inode and descriptor shown: sockets have no real ones. */
const INO_FIRST = 20000
const FD_FIRST = 3

export function socketRows(proc: Process): SocketRow[] {
  const used = new Map<number, number>()
  const rows = proc.netns.sockets.list().map((info, i): SocketRow => {
    const { pid } = info.owner
    const owner = pid === 0 ? undefined : proc.machine.processes.get(pid)
    const visible = owner !== undefined && (proc.context.fs === proc.machine.root.fs || owner.context === proc.context)
    const fd = (used.get(pid) ?? FD_FIRST - 1) + 1
    used.set(pid, fd)
    const v6 = (info.local !== null && isV6(info.local)) || (info.remote !== null && isV6(info.remote))
    return {
      ...info, v6, dual: info.local === null && (info.state === 'LISTEN' || info.state === 'UNCONN'), ino: INO_FIRST + i, fd,
      pid: !visible || !owner ? 0 : proc.context.fs === proc.machine.root.fs ? owner.pid : owner.localPid,
      name: info.owner.process,
    }
  })
  // Listeners first, as the kernel dumps them.
  return [...rows.filter((row) => row.state === 'LISTEN'), ...rows.filter((row) => row.state !== 'LISTEN')]
}

/** `users:(("nginx",pid=7,fd=3))`, or '' when the owner is not to be seen. */
export function processNames(row: SocketRow): string {
  return row.pid === 0 ? '' : `users:(("${row.name.slice(0, 15)}",pid=${row.pid},fd=${row.fd}))`
}
