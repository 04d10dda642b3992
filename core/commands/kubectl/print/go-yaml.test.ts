import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { goYaml } from './go-yaml.ts'

const file = (name: string): string => readFileSync(new URL(`../testdata/${name}`, import.meta.url), 'utf8')

test('scalars, keys and nesting as kubectl 1.33 writes them', () => {
  const object = JSON.parse(file('yaml-scalars.json'))
  object.metadata.labels = { z: 'z' }
  expect(goYaml(object)).toBe(file('yaml-scalars.kubectl-1.33.yaml'))
})
