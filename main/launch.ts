/** `vethlab start` once everything is built: the desktop window where Electron's binary is, else the browser. */
import { spawn } from 'node:child_process'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { type BrowserHost, serveBrowser } from './browser.ts'
import { findElectron, installElectron } from './electron-binary.ts'
import { dataFolder } from './host/data-folder.ts'
import { Service } from './host/service.ts'
import { projectRoot } from './host/version.ts'
import { keepBackup, openDatabase, StorageError } from './storage/database.ts'
import { SessionStore } from './storage/sessions.ts'

/** How long Electron's installer may try on the first start; without a network it fails at once. */
const INSTALL_MS_MAX = 120_000

const { values } = parseArgs({
  options: {
    desktop: { type: 'boolean' }, browser: { type: 'boolean' }, port: { type: 'string' },
    'no-open': { type: 'boolean' }, data: { type: 'string' },
  },
})
const data = values.data ?? process.env['VETHLAB_DATA'] ?? dataFolder()
const root = projectRoot()

try {
  process.exitCode = await launch()
} catch (error) {
  if (!(error instanceof Error)) throw error
  console.error(`vethlab: ${error.message}`)
  process.exitCode = error instanceof StorageError ? 1 : 2
}

async function launch(): Promise<number> {
  let electron = values.browser ? null : findElectron()
  if (!electron && !values.browser && !process.env['CI'] && installElectron(INSTALL_MS_MAX)) electron = findElectron()
  if (electron) return openWindow(electron)
  if (values.desktop) {
    console.error("vethlab: Electron's binary is not here and could not be fetched; start without --desktop to use the browser")
    return 1
  }
  if (!values.browser) console.log("Electron's binary is not here, so Vethlab opens in your browser.")
  return serve()
}

function openWindow(electron: string): Promise<number> {
  const env: NodeJS.ProcessEnv = { ...process.env, VETHLAB_DATA: data }
  delete env['ELECTRON_RUN_AS_NODE']
  const child = spawn(electron, [root], { stdio: 'inherit', env })
  return new Promise((resolve) => {
    child.on('exit', (code) => resolve(code ?? 1))
    child.on('error', (error) => {
      console.error(`vethlab: Electron does not start: ${error.message}; try --browser`)
      resolve(1)
    })
  })
}

async function serve(): Promise<number> {
  const port = values.port === undefined ? 0 : Number(values.port)
  if (!Number.isInteger(port) || port < 0 || port > 65535) throw new Error(`--port takes a number from 0 to 65535, not "${values.port}"`)
  const { db, setAside } = openDatabase(join(data, 'vethlab.db'))
  if (setAside !== '') console.error(`vethlab: the database was damaged; it was set aside as ${setAside}, and a new one begins`)
  await keepBackup(db, data)
  const service = new Service(new SessionStore(db), 'browser')
  const host: BrowserHost = await serveBrowser({ service, page: join(root, 'out', 'renderer'), port })
  console.log(`listening ${host.url}`)
  if (!values['no-open']) openBrowser(host.url)
  await new Promise<void>((resolve) => {
    for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => resolve())
  })
  await host.close()
  await service.end()
  db.close()
  return 0
}

/** Opens the person's browser where there is a screen; the printed address serves where there is none. */
function openBrowser(url: string): void {
  const command = process.platform === 'darwin' ? 'open' : process.platform === 'win32' ? 'explorer' : 'xdg-open'
  if (process.platform === 'linux' && !process.env['DISPLAY'] && !process.env['WAYLAND_DISPLAY']) return
  const child = spawn(command, [url], { stdio: 'ignore', detached: true })
  child.on('error', () => {})
  child.unref()
}
