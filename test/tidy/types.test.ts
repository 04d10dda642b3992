/** Types, formatting and lint: one test each, with the tool's own words when it fails. */
import { spawnSync } from 'node:child_process'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { ROOT } from '../support/sources.ts'

function complaints(script: string, ...args: string[]): string {
  const { status, stdout, stderr } = spawnSync(process.execPath, [join(ROOT, 'node_modules', script), ...args], { cwd: ROOT, encoding: 'utf8', timeout: 180_000 })
  return status === 0 ? '' : `${stdout}${stderr}`.slice(0, 6000)
}

test('core has types without DOM and Node', { timeout: 180_000 }, () => {
  expect(complaints('@typescript/native/bin/tsc', '-p', 'core/tsconfig.json')).toBe('')
})

test('main, preload and tests have types', { timeout: 180_000 }, () => {
  expect(complaints('@typescript/native/bin/tsc', '-p', 'tsconfig.json')).toBe('')
})

test('the page has types', { timeout: 180_000 }, () => {
  expect(complaints('svelte-check/bin/svelte-check', '--tsconfig', './renderer/tsconfig.json', '--tsgo', '--threshold', 'error')).toBe('')
})

test('lint finds nothing', { timeout: 180_000 }, () => {
  expect(complaints('@biomejs/biome/bin/biome', 'lint', '--diagnostic-level=error', '.')).toBe('')
})
