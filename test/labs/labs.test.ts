/** Every lab is red at each step's start and green after its own solution, twice with one digest. */
import { expect, test } from 'vitest'
import { proveLab } from '../../core/session/lab-proof.ts'
import { findLabs, readLabFolder } from '../../main/host/labs.ts'
import { labScenario } from '../../main/host/service.ts'
import { readLab } from '../../core/lab/lab-file.ts'

for (const folder of findLabs()) {
  test(`lab ${folder.id} proves itself`, { timeout: 240_000 }, () => {
    const { definition, problems } = readLabFolder(folder)
    expect(problems).toEqual([])
    if (!definition) return
    const first = proveLab(definition, labScenario(definition))
    expect(first.steps.filter(({ problem }) => problem !== '')).toEqual([])
    expect(first.steps).toHaveLength(definition.steps.length)
    expect(proveLab(definition, labScenario(definition)).digest).toBe(first.digest)
  })

  test(`lab ${folder.id} speaks English and Chinese everywhere`, () => {
    const { definition } = readLabFolder(folder)
    const lacking: string[] = []
    const look = (value: unknown, path: string): void => {
      if (typeof value !== 'object' || value === null) return
      if ('en' in value && !('zh' in value)) lacking.push(path)
      for (const [key, inner] of Object.entries(value)) look(inner, `${path}.${key}`)
    }
    look(definition, folder.id)
    expect(lacking).toEqual([])
  })
}

test('a lab whose checks pass without doing anything, or not after its solution, is found out', { timeout: 120_000 }, () => {
  const yaml = (equals: string): string => `
apiVersion: vethlab.dev/v1
kind: Lab
metadata: { title: T, track: T, summary: S }
steps:
  - id: one
    title: One
    checks:
      - id: c
        title: C
        expect: { object: namespaces//default, path: "{.metadata.name}", equals: ${equals} }
`
  const prove = (equals: string): string => {
    const lab = readLab('x', new Map([['lab.yaml', yaml(equals)], ['01-one.md', 'Text'], ['solution/01.sh', 'true']]))
    if (Array.isArray(lab)) throw new Error(JSON.stringify(lab))
    return proveLab(lab, labScenario(lab)).steps[0].problem
  }
  expect(prove('default')).toBe('its checks pass before anything was done')
  expect(prove('other')).toMatch(/^not passed after the solution: c \(value default other\)/)
})

test('what an author gets wrong is named with its place', () => {
  const source = `
apiVersion: vethlab.dev/v1
kind: Lab
metadata: { title: T, track: T, summary: S, minuts: 3 }
steps:
  - id: one
    title: One
    checks:
      - id: c
        title: C
        run: { line: "true", stdout: "(" }
      - id: d
        title: D
`
  const problems = readLab('x', new Map([['lab.yaml', source], ['01-one.md', 'Text']]))
  expect(Array.isArray(problems) ? problems.map(({ path, message }) => `${path}: ${message.split(';')[0].split(': Invalid')[0]}`) : problems).toEqual([
    'metadata.minuts: unknown key',
    'steps[0] (its solution): the file solution/01.sh is missing',
    'steps[0].checks[0].run.stdout: is not a regular expression',
    'steps[0].checks[1]: a check has exactly one of expect, run, flow, packet and question',
  ])
})
