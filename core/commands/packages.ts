/**
 * Which package puts which program where, by the names of Debian's packages; `busybox` stands for its applets, and `sh` images
 * get them in place of the separate tools.
 */
import type { FileSystem } from '../linux/file-system.ts'
import type { Executable } from '../linux/program.ts'

export const PACKAGES: Readonly<Record<string, readonly (readonly [path: string, executable: Executable])[]>> = {}

/** Puts the programs of the named packages in place; later packages replace files of earlier ones. Unknown names are ignored. */
export function installPackages(fs: FileSystem, names: readonly string[]): void {
  for (const name of names) {
    if (!Object.hasOwn(PACKAGES, name)) continue
    for (const [path, executable] of PACKAGES[name]) fs.install(path, executable)
  }
}
