/** The version of this Vethlab, and where its files lie. */
import { existsSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

/** The folder that holds package.json, from the sources as from the built files. */
export function projectRoot(): string {
  let folder = dirname(fileURLToPath(import.meta.url))
  for (let up = 0; up < 8; up += 1, folder = dirname(folder)) if (existsSync(join(folder, 'package.json')) && existsSync(join(folder, 'labs'))) return folder
  throw new Error('package.json and labs/ are missing from this installation')
}

export function packageVersion(): string {
  return (JSON.parse(readFileSync(join(projectRoot(), 'package.json'), 'utf8')) as { version: string }).version
}
