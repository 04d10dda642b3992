import { selection } from './selection.svelte.ts'
import { world } from './world.svelte.ts'

/** Whether this is the selected device or the other end of it: a cable lights up at both ends. */
export function isLinked(netns: number, ifindex: number): boolean {
  const chosen = selection.current
  if (chosen?.kind !== 'link') return false
  if (chosen.netns === netns && chosen.ifindex === ifindex) return true
  const link = world.topology.link(chosen.netns, chosen.ifindex)
  return link !== undefined && link.peerNetns === netns && link.peerIfindex === ifindex
}
