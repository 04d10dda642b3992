/** What a power cut does: links drop before anybody can say good-bye, processes end, and all that lived in the kernel's memory is gone. */
import { isErrno } from '../base/errno.ts'
import type { Machine } from './machine.ts'

const EMPTY_TABLES = ['raw', 'mangle', 'nat', 'filter'].map((name) => `*${name}\nCOMMIT\n`).join('')

export function powerOff(machine: Machine): void {
  const { netns, world } = machine
  for (const link of netns.links()) netns.setLink(link, { up: false })
  for (const other of [...world.net.namespaces.values()]) {
    if (other.machine !== machine.name || other === netns) continue
    for (const link of other.links()) other.setLink(link, { up: false })
  }
  for (const proc of [...machine.processes.values()]) proc.terminate(137, 'SIGKILL')
  for (const other of [...world.net.namespaces.values()]) {
    if (other.machine === machine.name && other !== netns) world.net.destroyNamespace(other)
  }
  for (const link of netns.links()) {
    if (link.kind !== 'nic' && link.name !== 'lo') netns.delLink(link)
    else for (const address of [...link.addresses]) netns.delAddress(link, address.ip, address.prefixLength)
  }
  netns.netfilter.iptables('ipv4').restore(EMPTY_TABLES)
  netns.netfilter.iptables('ipv6').restore(EMPTY_TABLES)
  netns.netfilter.conntrack.flush()
  for (const name of ['/tmp', '/run']) clear(machine, name)
}

/** File systems in memory. */
function clear(machine: Machine, path: string): void {
  const names = machine.fs.list(path)
  if (isErrno(names)) return
  for (const name of names) machine.fs.remove(`${path}/${name}`, { recursive: true })
}
