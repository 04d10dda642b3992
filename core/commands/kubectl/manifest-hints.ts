/** What to write today, in one line under the error of a manifest that is old or misspelt. */
import { checkManifest } from '../../api/schema/manifest-check.ts'
import { kubernetesSchema } from '../../api/schema/kubernetes-schema.ts'
import { lineColumn } from '../../base/yaml-gate.ts'

const hintsMax = 3

/** At most a few hints: the first faults are what the others follow from. */
export function manifestHints(text: string, source: string): string[] {
  const problems = checkManifest(text, kubernetesSchema).filter((problem) => problem.severity === 'error' && problem.fix !== null)
  return problems.slice(0, hintsMax).map((problem) => {
    const { line, column } = lineColumn(text, problem.start)
    return `hint: ${source === 'STDIN' ? 'line ' : `${source}:`}${line}${source === 'STDIN' ? '' : `:${column}`}: ${problem.message}`
  })
}
