/**
 * Is Electron's own binary here? Answered from files alone: importing `electron` without it would try to download. The package
 * has had no install script since version 42, so a fresh `npm ci` never has the binary.
 */
import { spawnSync } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'

/** Path of the binary, or null. */
export function findElectron(): string | null {
  const folder = electronFolder()
  if (!folder) return null
  const pathFile = join(folder, 'path.txt')
  const override = process.env['ELECTRON_OVERRIDE_DIST_PATH']
  if (!existsSync(pathFile) && !override) return null
  const name = existsSync(pathFile) ? readFileSync(pathFile, 'utf8').trim() : 'electron'
  const path = join(override ?? join(folder, 'dist'), name)
  return existsSync(path) ? path : null
}

/** Lets Electron's own installer fetch the binary, once and for at most `timeoutMs`. True when it is here afterwards. */
export function installElectron(timeoutMs: number): boolean {
  const folder = electronFolder()
  if (!folder) return false
  spawnSync(process.execPath, [join(folder, 'install.js')], { timeout: timeoutMs, stdio: 'ignore', killSignal: 'SIGKILL' })
  return findElectron() !== null
}

function electronFolder(): string | null {
  try {
    return dirname(createRequire(import.meta.url).resolve('electron/package.json'))
  } catch {
    return null
  }
}
