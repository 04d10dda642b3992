// Records what the real bash prints for each script of cases.txt: node test/parity/bash/record.mjs
import { spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

const here = import.meta.dirname
const cases = readFileSync(join(here, 'cases.txt'), 'utf8').split(/^### /m).slice(1).map((text) => {
  const newline = text.indexOf('\n')
  return { name: text.slice(0, newline), script: text.slice(newline + 1).replace(/\n$/, '') }
})
const version = spawnSync('bash', ['--version'], { encoding: 'utf8' }).stdout.split('\n')[0]
const steady = (text, cwd) => text.replaceAll(cwd, '/root').replace(/line (\d+): +\d+ (Killed|Terminated)/g, 'line $1: PID $2')
const results = cases.map(({ name, script }) => {
  const cwd = mkdtempSync(join(tmpdir(), 'case-'))
  const env = { PATH: '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin', HOME: '/root', LC_ALL: 'C.UTF-8', LANG: 'C.UTF-8' }
  const run = spawnSync('bash', ['-c', script], { cwd, env, encoding: 'utf8', input: '', timeout: 20000 })
  rmSync(cwd, { recursive: true, force: true })
  return { name, script, stdout: steady(run.stdout, cwd), stderr: steady(run.stderr, cwd), code: run.status }
})
writeFileSync(join(here, 'recorded.json'), `${JSON.stringify({ version, results }, null, 1)}\n`)
