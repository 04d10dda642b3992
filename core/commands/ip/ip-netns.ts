/** `ip netns` (ipnetns.c): named network namespaces. Omits: `attach`, `set`, `monitor`. */
import type { Wait } from '../../linux/wait.ts'
import { type IpCall, keyword } from './ip-call.ts'
import { namespaceId } from './link-text.ts'
import { namedNamespaces, namespaceNamed } from './namespace-name.ts'

const COMMANDS = ['list', 'lst', 'show', 'list-id', 'help', 'add', 'delete', 'identify', 'pids', 'exec']

export function* ipNetns(call: IpCall): Generator<Wait, number, unknown> {
  const { proc } = call
  const word = call.next() ?? 'list'
  const name = (): string => call.next() ?? ''
  switch (keyword(word, COMMANDS)) {
    case 'list':
    case 'lst':
    case 'show': {
      const all = namedNamespaces(proc)
      const ids = new Map(all.map((ns) => [ns, call.ns.links().some((device) => device.peer?.netns === ns) ? namespaceId(call.ns, ns) : null]))
      if (call.json) {
        if (all.length > 0) call.printJson(all.map((ns) => ({ name: ns.name, id: ids.get(ns) ?? undefined })))
      } else for (const ns of all) proc.print(`${ns.name}${ids.get(ns) == null ? '' : ` (id: ${ids.get(ns)})`}\n`)
      return 0
    }
    case 'add': {
      const wanted = name()
      if (wanted === '') {
        proc.error('No netns name specified\n')
        return 1
      }
      if (namespaceNamed(proc, wanted)) {
        proc.error(`Cannot create namespace file "/run/netns/${wanted}": File exists\n`)
        return 1
      }
      // A new namespace's loopback is down and has no address; the world's own namespaces are born with it up.
      const ns = proc.netns.world.createNamespace(wanted, proc.machine.name)
      ns.setLink(ns.lo, { up: false })
      for (const address of [...ns.lo.addresses]) ns.delAddress(ns.lo, address.ip, address.prefixLength)
      return 0
    }
    case 'delete': {
      const wanted = name()
      if (wanted === '') {
        proc.error('No netns name specified\n')
        return 1
      }
      const ns = namespaceNamed(proc, wanted)
      if (!ns || ns === proc.machine.netns) {
        proc.error(`Cannot remove namespace file "/run/netns/${wanted}": No such file or directory\n`)
        return 1
      }
      proc.netns.world.destroyNamespace(ns)
      return 0
    }
    case 'identify': {
      const ns = namespaceNamed(proc, name() || String(proc.localPid))
      proc.print(ns && ns !== proc.machine.netns ? `${ns.name}\n` : '\n')
      return 0
    }
    case 'pids': {
      const wanted = name()
      const ns = namespaceNamed(proc, wanted)
      if (!ns) {
        proc.error(`Cannot open network namespace "${wanted}": No such file or directory\n`)
        return 1
      }
      for (const other of proc.machine.processes.values()) if (other.netns === ns) proc.print(`${other.pid}\n`)
      return 0
    }
    case 'exec': {
      const wanted = name()
      if (wanted === '' || call.words.length === 0) {
        proc.error(wanted === '' ? 'No netns name specified\n' : 'No command specified\n')
        return wanted === '' ? 1 : 255
      }
      const ns = namespaceNamed(proc, wanted)
      if (!ns) {
        proc.error(`Cannot open network namespace "${wanted}": No such file or directory\n`)
        return 255
      }
      const directories = (proc.env.get('PATH') ?? '').split(':')
      const found = call.words[0].includes('/') ? [call.words[0]] : directories.map((directory) => `${directory}/${call.words[0]}`)
      if (!found.some((path) => proc.fs.exists(proc.path(path)))) {
        proc.error(`exec of "${call.words[0]}" failed: No such file or directory\n`)
        return 255
      }
      return yield* proc.run({ argv: call.words, context: { ...proc.context, netns: ns, init: -1 }, env: proc.env, cwd: proc.cwd })
    }
    case 'help':
      proc.error('Usage:\tip netns list\n\tip netns add NAME\n\tip [-all] netns delete [NAME]\n\tip netns identify [PID]\n\tip netns pids NAME\n\tip [-all] netns exec [NAME] cmd ...\n')
      return 255
  }
  proc.error(`Command "${word}" is unknown, try "ip netns help".\n`)
  return 255
}
