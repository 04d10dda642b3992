import { nodeReady } from '../../core/view/object-table.ts'
import { listAt, textAt } from '../../core/view/objects.ts'
import { editor, type Problem } from './editor.svelte.ts'
import { world } from './world.svelte.ts'

export type ProblemRow =
  | { kind: 'manifest'; problem: Problem }
  | { kind: 'pod'; reference: string; key: string; status: string; message: string }
  | { kind: 'node'; reference: string; name: string }

/** What is wrong now: in open manifests, with pods, with nodes. */
class ProblemsState {
  readonly rows = $derived.by<ProblemRow[]>(() => {
    const rows: ProblemRow[] = editor.problems.map((problem) => ({ kind: 'manifest', problem }))
    for (const pod of world.pods) {
      if (pod.tone !== 'failed') continue
      const body = world.objects.get('pods', pod.key)?.body
      const message =
        listAt(body, 'status', 'containerStatuses')
          .map((one) => textAt(one, 'state', 'waiting', 'message'))
          .find((text) => text !== '') ?? ''
      rows.push({ kind: 'pod', reference: `Pod/${pod.key}`, key: pod.key, status: pod.status, message })
    }
    for (const node of world.objects.list('nodes')) {
      if (!nodeReady(node.body) && world.control.booted) rows.push({ kind: 'node', reference: node.reference, name: node.event.name })
    }
    return rows
  })
  readonly count = $derived(this.rows.length)
}

export const problems = new ProblemsState()
