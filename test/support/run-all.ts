/**
 * `npm test`: the whole proof on a fresh machine. Builds the app, then runs every project of tests; what the machine lacks is
 * skipped and named. The last line is `N passed, N failed, N skipped`.
 */
import { spawnSync } from 'node:child_process'
import { join } from 'node:path'
import { findBrowser } from './browser.ts'
import { findElectron } from '../../main/electron-binary.ts'
import { ROOT } from './sources.ts'

const bin = (name: string): string => join(ROOT, 'node_modules', name)
const leftOut: string[] = []

const build = spawnSync(process.execPath, [bin('electron-vite/bin/electron-vite.js'), 'build', '--logLevel', 'error'], { cwd: ROOT, stdio: 'inherit' })
if (build.status !== 0) {
  console.log('The app does not build.\n0 passed, 1 failed, 0 skipped')
  process.exit(1)
}
const browser = await findBrowser()
if (!browser) leftOut.push('end-to-end in a browser (no Chromium: install the package chromium, or set CHROME_PATH)')
if (!findElectron()) leftOut.push("end-to-end in Electron (its binary is not here; the shell is tested with a stand-in)")
if (spawnSync('kubectl', ['version', '--client'], { stdio: 'ignore' }).status !== 0) leftOut.push('comparisons with the real kubectl (it is not on the PATH)')
if (process.getuid?.() !== 0) leftOut.push('comparisons with the kernel (they need root)')
if (spawnSync('tshark', ['--version'], { stdio: 'ignore' }).status !== 0) leftOut.push('captures read by tshark (it is not on the PATH)')

const args = [bin('vitest/vitest.mjs'), 'run', '--reporter=default', `--reporter=${join(ROOT, 'test', 'support', 'reporter.ts')}`, ...process.argv.slice(2)]
for (const what of leftOut) console.log(`left out: ${what}`)
const run = spawnSync(process.execPath, args, { cwd: ROOT, stdio: 'inherit', env: { ...process.env, CHROME_PATH: browser ?? '' } })
process.exit(run.status ?? 1)
