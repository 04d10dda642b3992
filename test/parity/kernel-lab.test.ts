/**
 * The simulator against the Linux kernel: recordings of the same small clusters built of real network namespaces, flow by flow.
 * Each recording names its kernel and tools. Ephemeral ports are `*`; chain ends and policies are not compared.
 */
import { readdirSync, readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { KernelLab, type LabDescription, type LabResult } from '../support/kernel-lab.ts'

interface Recording {
  recorded: { kernel: string; mode: string; brNetfilter: boolean }
  description: LabDescription
  flows: LabResult[]
}

const folder = new URL('./kernel/', import.meta.url)

for (const file of readdirSync(folder)
  .filter((name) => name.endsWith('.json'))
  .sort()) {
  const recording = JSON.parse(readFileSync(new URL(file, folder), 'utf8')) as Recording
  describe(file, () => {
    const lab = new KernelLab(recording.description)
    for (const flow of recording.description.flows) {
      test(flow.id, () => {
        const kernel = recording.flows.find(({ id }) => id === flow.id) as LabResult
        const ours = lab.run(flow)
        expect(text(ours)).toBe(text(kernel))
      })
    }
  })
}

function text(result: LabResult): string {
  const lines = [`${result.verdict} ${result.error ?? ''}`.trimEnd(), `server ${result.servers_reached?.join(' ') ?? result.server}`]
  if (result.server_saw) lines.push(`saw ${result.server_saw.client} at ${result.server_saw.local}`)
  for (const line of result.forward ?? []) lines.push(`> ${line}`)
  for (const line of result.reply ?? []) lines.push(`< ${line}`)
  // The recorder knows a packet by its crossings: without one it cannot say which rules it met.
  if (result.forward?.length) for (const line of result.trace ?? []) if (!/:(end|policy) /.test(line)) lines.push(line)
  return lines.join('\n')
}
