/** Files that a next reader can find their way in: an opening comment, a size that fits a head, names that mean something. */
import { execFileSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { isTest, ROOT, sourcesOf } from '../support/sources.ts'

const LINES_MAX = 600
const files = sourcesOf('core', 'main', 'preload', 'renderer', 'test')

test('every file of core and main opens with what it models', () => {
  const bare = files.filter(({ path, text }) => /^(core|main|preload)\//.test(path) && !isTest(path) && !/^(#!.*\n)?\/\*\*/.test(text)).map(({ path }) => path)
  expect(bare).toEqual([])
})

test(`no file has more than ${LINES_MAX} lines`, () => {
  const long = files.filter(({ text }) => text.split('\n').length > LINES_MAX + 1).map(({ path, text }) => `${path}: ${text.split('\n').length}`)
  expect(long).toEqual([])
})

test('no file or folder is named after nothing', () => {
  expect(files.map(({ path }) => path).filter((path) => /(^|\/)(utils?|helpers?|common|manager|impl|misc)(\/|\.|-|$)/.test(path))).toEqual([])
})

test('file names are in kebab case', () => {
  const odd = files.map(({ path }) => path).filter((path) => !path.startsWith('renderer/') && !/(^|\/)[a-z0-9-]+(\.(test|bench|svelte|worker))?\.ts$/.test(path))
  expect(odd).toEqual([])
})

test('nothing tracked names the machine that it was written on', () => {
  if (!existsSync(join(ROOT, '.git'))) return
  const tracked = execFileSync('git', ['ls-files', '-z'], { cwd: ROOT, encoding: 'utf8' }).split('\0').filter((path) => path !== '' && path !== 'package-lock.json')
  const homes = new RegExp(`(?:${['/wo' + 'rk/', '/fa' + 'rm/'].join('|')})`)
  const found = sourcesOf('core', 'main', 'preload', 'renderer', 'test').filter(({ path, text }) => tracked.includes(path) && homes.test(text)).map(({ path }) => path)
  expect(found).toEqual([])
})
