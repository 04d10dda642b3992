/** Electron's entry: the only file of `main` that imports `electron`. */
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import * as electron from 'electron'
import { openDesktop, registerScheme } from './desktop.ts'
import { Service } from './host/service.ts'
import { dataFolder } from './host/data-folder.ts'
import { keepBackup, openDatabase } from './storage/database.ts'
import { SessionStore } from './storage/sessions.ts'

const here = dirname(fileURLToPath(import.meta.url))

registerScheme(electron)
if (!electron.app.requestSingleInstanceLock()) electron.app.quit()
else {
  const data = process.env['VETHLAB_DATA'] ?? dataFolder()
  const { db } = openDatabase(join(data, 'vethlab.db'))
  await keepBackup(db, data)
  const service = new Service(new SessionStore(db), 'desktop')
  let window: electron.BrowserWindow | null = null
  electron.app.on('second-instance', () => window?.focus())
  electron.app.on('window-all-closed', () => electron.app.quit())
  let ended = false
  electron.app.on('before-quit', (event) => {
    if (ended) return
    event.preventDefault()
    void service.end().finally(() => {
      ended = true
      db.close()
      electron.app.quit()
    })
  })
  await electron.app.whenReady()
  window = await openDesktop({ electron, service, page: join(here, '../renderer'), preload: join(here, '../preload/index.cjs') })
}
