/** Finds the labs on disk and reads them. A lab that does not read is left out and named. */
import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs'
import { join, relative, sep } from 'node:path'
import type { LabDefinition, LabText } from '../../core/lab/lab-definition.ts'
import { type LabProblem, readLab } from '../../core/lab/lab-file.ts'
import type { LabSummary, Text } from '../../preload/contract.ts'
import { projectRoot } from './version.ts'

export interface LabFolder {
  id: string
  folder: string
}

export interface ReadLab extends LabFolder {
  definition: LabDefinition | null
  problems: LabProblem[]
}

export function labsRoot(): string {
  return join(projectRoot(), 'labs')
}

/** Labs in their order: `NN-track/NN-lab`. */
export function findLabs(root = labsRoot()): LabFolder[] {
  const labs: LabFolder[] = []
  for (const track of folders(root)) {
    for (const lab of folders(join(root, track))) {
      if (existsSync(join(root, track, lab, 'lab.yaml'))) labs.push({ id: `${track}/${lab}`, folder: join(root, track, lab) })
    }
  }
  return labs
}

export function readLabFolder({ id, folder }: LabFolder): ReadLab {
  const files = new Map<string, string>()
  for (const path of walk(folder)) files.set(relative(folder, path).split(sep).join('/'), readFileSync(path, 'utf8'))
  const result = readLab(id, files)
  return Array.isArray(result) ? { id, folder, definition: null, problems: result } : { id, folder, definition: result, problems: [] }
}

export function summarize(lab: LabDefinition): LabSummary {
  return {
    id: lab.id,
    track: text(lab.track),
    title: text(lab.title),
    summary: text(lab.summary),
    minutes: lab.minutes,
    steps: lab.steps.map((step) => ({
      id: step.id,
      title: text(step.title),
      text: text(step.text),
      hints: step.hints.map(text),
      checks: step.checks.map(({ id, title, check }) => ({
        id,
        title: text(title),
        kind: check.kind === 'packet' ? ('flow' as const) : check.kind,
        ...(check.kind === 'question' && {
          choices: check.choices.map((choice) => ({ id: choice.id, text: text(choice.text) })),
          because: check.because.map((reason) => ({ id: reason.id, text: text(reason.text) })),
        }),
      })),
    })),
  }
}

function text(value: LabText): Text {
  return { en: value.en, ...(value.zh !== undefined && { zh: value.zh }), ...(value.ru !== undefined && { ru: value.ru }) }
}

function folders(path: string): string[] {
  return readdirSync(path).filter((name) => /^\d\d-/.test(name) && statSync(join(path, name)).isDirectory()).sort()
}

function walk(folder: string): string[] {
  return readdirSync(folder, { withFileTypes: true }).flatMap((entry) => {
    const path = join(folder, entry.name)
    return entry.isDirectory() ? walk(path) : [path]
  })
}
