/** The whole of a text file, or null when it cannot be read: for state files whose absence is an ordinary answer. */
import type { FileSystem } from '../../linux/file-system.ts'

export function readText(fs: FileSystem, path: string): string | null {
  // A file may hold the name of an error, so that `read` alone does not tell.
  if (!fs.exists(path) || fs.isDirectory(path)) return null
  return fs.read(path)
}
