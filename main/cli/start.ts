/** `vethlab start`: builds the app when its sources are newer than what is built, then launches it. */
import { spawnSync } from 'node:child_process'
import { existsSync, readdirSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { projectRoot } from '../host/version.ts'

const HELP = `Usage: vethlab start [--desktop | --browser] [--port N] [--no-open] [--data DIR]

Opens the app: the desktop window where Electron's binary is there, else the browser.

  --desktop    insist on the desktop window
  --browser    serve the app to a browser on this machine (loopback only)
  --port N     port of the browser mode (default: any free one)
  --no-open    do not open a browser; the address is printed
  --data DIR   where sessions are kept
`

const SOURCES = ['core', 'main', 'preload', 'renderer', 'electron.vite.config.ts', 'package-lock.json']

export async function run(args: string[]): Promise<number> {
  if (args.includes('--help') || args.includes('-h')) {
    process.stdout.write(HELP)
    return 0
  }
  const root = projectRoot()
  const stamp = join(root, 'out', '.built')
  const canBuild = existsSync(join(root, 'electron.vite.config.ts'))
  if (canBuild && (!existsSync(stamp) || newest(root) > statSync(stamp).mtimeMs)) {
    const cli = join(root, 'node_modules', 'electron-vite', 'bin', 'electron-vite.js')
    if (process.stderr.isTTY) console.error('Building Vethlab (a few seconds, only after a change) …')
    const built = spawnSync(process.execPath, [cli, 'build', '--logLevel', 'error'], { cwd: root, stdio: ['ignore', 'ignore', 'inherit'] })
    if (built.status !== 0) {
      console.error('vethlab: the build failed; `npm ci` puts the dependencies right')
      return 1
    }
    writeFileSync(stamp, '')
  }
  process.argv = [process.argv[0], process.argv[1], ...args]
  await import(join(root, 'out', 'main', 'launch.js'))
  return Number(process.exitCode ?? 0)
}

/** Time of the newest source file, in milliseconds. */
function newest(root: string): number {
  let latest = 0
  const look = (path: string): void => {
    const stat = statSync(path)
    if (stat.isDirectory()) for (const name of readdirSync(path)) look(join(path, name))
    else if (!path.endsWith('.test.ts')) latest = Math.max(latest, stat.mtimeMs)
  }
  for (const source of SOURCES) if (existsSync(join(root, source))) look(join(root, source))
  return latest
}
