/** Where sessions are kept: the user's data folder, as the platform has it. */
import { homedir } from 'node:os'
import { join } from 'node:path'

export function dataFolder(): string {
  if (process.platform === 'darwin') return join(homedir(), 'Library', 'Application Support', 'Vethlab')
  if (process.platform === 'win32') return join(process.env['APPDATA'] ?? join(homedir(), 'AppData', 'Roaming'), 'Vethlab')
  return join(process.env['XDG_DATA_HOME'] || join(homedir(), '.local', 'share'), 'vethlab')
}
