#!/usr/bin/env node
// The command line's first step, in JavaScript that any Node reads: find a Node that can run the rest (22.18 or newer runs
// TypeScript and has Node-API 10), then hand over.
import { spawnSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

const here = dirname(fileURLToPath(import.meta.url))
const [major, minor] = process.versions.node.split('.').map(Number)

if (major > 22 || (major === 22 && minor >= 18)) await import('./cli.ts')
else {
  const bundled = join(here, '..', 'node_modules', '.bin', process.platform === 'win32' ? 'node.cmd' : 'node')
  if (!existsSync(bundled) || process.env.VETHLAB_NODE === bundled) {
    console.error(`vethlab: needs Node 22.18 or newer, this is ${process.versions.node}; run "npm ci" (it brings one on Linux) or update Node`)
    process.exitCode = 2
  } else {
    const result = spawnSync(bundled, [fileURLToPath(import.meta.url), ...process.argv.slice(2)], {
      stdio: 'inherit',
      env: { ...process.env, VETHLAB_NODE: bundled },
    })
    process.exitCode = result.status ?? 1
  }
}
